//! The hook's own settings that decide how the server parses texts: its mode and its character sets.
//!
//! The runner's own statements use the same session and run without these settings: they are reset before the first of these
//! statements and made again before the hook's next one. Only then, because most hooks set none.

use super::{MysqlConnection, call::guest_side, error, settings::literal, variables::Variables};
use crate::{
    backend::BackendError,
    session::{ErrorKind, SqlError},
    sql,
};

/// The variables, in the order in which they are set: a character set also sets its collation.
pub(super) const WORN: [&str; 5] = [
    "sql_mode",
    "character_set_client",
    "character_set_results",
    "character_set_connection",
    "collation_connection",
];

/// Those of [`WORN`] that decide how texts and results are encoded.
const READ_BY: [&str; 2] = ["character_set_client", "character_set_results"];

/// The hook's settings, and those that the server gave.
#[derive(Debug, Clone)]
pub(super) struct Worn {
    sql_mode: String,
    on: String,
    off: String,
    is_on: bool,
}

impl Worn {
    /// Reads what the hook has just set; `None` if that is what the server gave. Error: `Denied`, for a mode with another
    /// SQL language and for a character set other than UTF-8, because a variable can hold the name of any.
    pub(super) fn of(untouched: &Variables, now: &Variables) -> Result<Option<Self>, SqlError> {
        let value = |of: &Variables, name| of.get(name).unwrap_or_default().to_owned();
        if WORN.iter().all(|name| untouched.get(name) == now.get(name)) {
            return Ok(None);
        }
        let sql_mode = value(now, "sql_mode");
        if sql::is_foreign(&sql_mode) {
            return Err(SqlError::new(
                ErrorKind::Denied,
                "setting sql_mode is refused: in that mode the server reads another language",
            ));
        }
        if let Some(name) = READ_BY.into_iter().find(|name| !sql::is_utf8(&value(now, name))) {
            return Err(other_charset(name));
        }
        let setting = |of: &Variables| {
            let set = WORN.map(|name| match of.get(name) {
                Some(value) if !value.is_empty() || name == "sql_mode" => {
                    format!("{name} = {}", literal(value))
                }
                _ => format!("{name} = NULL"),
            });
            format!("SET {}", set.join(", "))
        };
        Ok(Some(Self { sql_mode, on: setting(now), off: setting(untouched), is_on: true }))
    }
}

pub(super) fn other_charset(name: &str) -> SqlError {
    SqlError::new(
        ErrorKind::Denied,
        format!(
            "setting {name} to another character set than utf8, utf8mb3 and utf8mb4 is refused: the host relies on it to read statements"
        ),
    )
}

impl MysqlConnection {
    /// Returns the mode in which the hook's statements run.
    pub(super) fn hook_mode(&self) -> &str {
        self.worn.as_ref().map_or(&self.native.sql_mode, |worn| &worn.sql_mode)
    }

    /// Sets the hook's mode, before a statement of the hook's.
    pub(super) async fn put_on(&mut self) -> Result<(), SqlError> {
        if let Some(worn) = self.worn.as_mut().filter(|worn| !worn.is_on) {
            worn.is_on = true;
            let sql = worn.on.clone();
            let wire = self.wire().map_err(guest_side)?;
            wire.text(&sql).await.map_err(|failure| error::guest_error(&failure, ""))?;
        }
        Ok(())
    }

    /// Sets the runner's mode, before a statement of the runner's.
    pub(super) async fn take_off(&mut self) -> Result<(), BackendError> {
        if let Some(worn) = self.worn.as_mut().filter(|worn| worn.is_on) {
            worn.is_on = false;
            let sql = worn.off.clone();
            self.ready().await?;
            self.own_text(&sql).await?;
        }
        Ok(())
    }
}
