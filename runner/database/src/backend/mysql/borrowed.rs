//! Sets another mode or time zone of the session for one statement, and resets it.
//!
//! For the runner's own reads and writes on a guest's behalf: typed rows are the same on every server, and values come back
//! as they were written. A guest's own text never runs this way, except reads for which the server would pad characters.

use super::{
    MysqlConnection,
    call::{Call, Ran, guest_side},
    error,
    native::Native,
    settings::{WRITING_MODE, literal},
};
use crate::session::{Row, SqlError, Value};
use sqlx::mysql::MySqlQueryResult;

/// The settings of the session that differ from the server's.
#[derive(Debug)]
pub(super) struct Borrowed {
    /// The statement that resets them.
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

    /// Runs a bulk-writer's INSERT in strict mode and in UTC, whatever the server's settings are. In a zone with summer time
    /// two instants can have the same local time, and each batch has to mean the same.
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

    /// Sets the session's mode and, if one is named, its zone.
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
        // Noted before it is sent: if the call is cut off, whether it arrived is unknown.
        self.borrowed = Some(Borrowed { back });
        let wire = self.wire().map_err(guest_side)?;
        wire.text(&there).await.map_err(|failure| error::guest_error(&failure, ""))
    }

    /// Resets the borrowed settings, if there are any. If a call was cut off, the rollback ends it first and then calls this.
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
