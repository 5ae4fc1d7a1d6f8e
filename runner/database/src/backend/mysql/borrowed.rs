//! Another mode or zone for one statement of the session, and back.
//!
//! For what the runner itself asks or writes on a guest's behalf: typed rows, which are the same on every
//! server, and values as they were written. A guest's own text never runs so, but for reads, where the
//! server would pad characters.

use super::{
    MysqlConnection,
    call::{Call, Ran, guest_side},
    error,
    native::Native,
    settings::{WRITING_MODE, literal},
};
use crate::session::{Row, SqlError, Value};
use sqlx::mysql::MySqlQueryResult;

/// What the session has beside what the server gave it.
#[derive(Debug)]
pub(super) struct Borrowed {
    /// A statement that puts it back.
    back: String,
}

impl MysqlConnection {
    /// Runs a statement whose rows a guest reads.
    pub(super) async fn run_reading(
        &mut self,
        call: &Call,
        params: Vec<Value>,
        each: impl FnMut(Row) -> Result<(), SqlError> + Send,
    ) -> Result<Ran, SqlError> {
        if let Some(mode) = Native::reading_mode(self.hook_mode())
            && call.reading
        {
            self.borrow_settings(&mode, None).await?;
        }
        let ran = self.run(call, params, each).await;
        self.return_settings().await?;
        ran
    }

    /// Runs a bulk-writer's INSERT: strict, and in UTC, whatever the server says. In a zone with summer time an
    /// instant may not be told from another one, and one batch may not mean something else than the next.
    pub(super) async fn run_typed(
        &mut self,
        call: &Call,
        params: Vec<Value>,
    ) -> Result<MySqlQueryResult, SqlError> {
        self.borrow_settings(WRITING_MODE, Some("+00:00")).await?;
        let ran = self.run(call, params, |_| Ok(())).await;
        self.return_settings().await?;
        Ok(ran?.result)
    }

    /// Gives the session this mode and, where one is named, this zone.
    pub(super) async fn borrow_settings(
        &mut self,
        mode: &str,
        zone: Option<&str>,
    ) -> Result<(), SqlError> {
        self.put_on().await?;
        let mut back = format!("SET sql_mode = {}", literal(self.hook_mode()));
        let mut there = format!("SET sql_mode = {}", literal(mode));
        if let Some(zone) = zone {
            let now = self.zone_now().await?;
            back.push_str(&format!(", time_zone = {}", literal(&now)));
            there.push_str(&format!(", time_zone = {}", literal(zone)));
        }
        // Before it is sent: whether it arrived is not known where the call is cut off.
        self.borrowed = Some(Borrowed { back });
        let wire = self.wire().map_err(guest_side)?;
        wire.text(&there).await.map_err(|failure| error::guest_error(&failure, ""))
    }

    /// Gives back what was borrowed, if anything was. What was cut off is for the rollback to end, which
    /// then calls this.
    pub(super) async fn return_settings(&mut self) -> Result<(), SqlError> {
        if self.borrowed.is_none() || self.wire().map_err(guest_side)?.is_cut_off() {
            return Ok(());
        }
        if let Some(Borrowed { back }) = self.borrowed.take() {
            let wire = self.wire().map_err(guest_side)?;
            wire.text(&back).await.map_err(|failure| error::guest_error(&failure, ""))?;
        }
        Ok(())
    }
}
