//! The settings that the server gives a session of this user, under which its own client would run a hook's SQL. They are
//! read once a session and left as they are.
//!
//! `settings.rs` has the few that the runner sets instead; `zone.rs` converts times.

use super::{value::own_text, wire::Wire};
use crate::{
    backend::{BackendError, DatabaseUrl},
    sql::FOREIGN_MODES,
};
use std::collections::BTreeMap;

const ASKED: &str = "SHOW SESSION VARIABLES WHERE Variable_name IN ('sql_mode', 'character_set_client',
    'character_set_connection', 'character_set_results', 'collation_connection', 'log_bin', 'sql_log_bin',
    'binlog_format')";
/// Removes the mode IGNORE_SPACE, unless the server gives it to every session. sqlx asks for it at login, and the server's
/// own client does not. With it `CREATE TABLE position (a int)` is a syntax error, and routines keep it.
pub(super) const AS_CLIENT: &str = "SET SESSION sql_mode = IF(FIND_IN_SET('IGNORE_SPACE', @@GLOBAL.sql_mode), \
     @@SESSION.sql_mode, TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@SESSION.sql_mode, ','), ',IGNORE_SPACE,', ',')))";
/// The collation that sqlx's first message asks for. If a session still has it afterwards, no setting of the server
/// replaced it.
const FIRST_COLLATION: &str = "utf8mb4_general_ci";

/// The settings that a session got from its server.
#[derive(Debug, Clone, Default)]
pub(super) struct Native {
    pub(super) sql_mode: String,
    /// Set if the binary log records statements. Changes under READ COMMITTED cannot be logged that way.
    pub(super) logs_statements: bool,
    /// The statement that makes the session send and receive UTF-8, if it does not yet.
    pub(super) names: Option<&'static str>,
}

impl Native {
    pub(super) async fn read(wire: &mut Wire) -> Result<Self, sqlx::Error> {
        let rows = wire.text_rows(ASKED).await?;
        let listed = rows
            .iter()
            .map(|row| {
                let text = |at| own_text(row, at).map(Option::unwrap_or_default);
                Ok((text(0)?.to_lowercase(), text(1)?))
            })
            .collect::<Result<_, sqlx::Error>>()?;
        Ok(Self::of(&listed))
    }

    fn of(listed: &BTreeMap<String, String>) -> Self {
        let value = |name: &str| listed.get(name).map_or("", String::as_str);
        let is_on = |name: &str| value(name).eq_ignore_ascii_case("ON") || value(name) == "1";
        let is_utf8 = ["character_set_client", "character_set_connection", "character_set_results"]
            .iter()
            .all(|name| value(name).eq_ignore_ascii_case("utf8mb4"));
        // Where the server's own collation of UTF-8 is another than the default one, its client gets
        // that from the handshake, and NAMES would take it away.
        let is_given = is_utf8 && value("collation_connection") != FIRST_COLLATION;
        Self {
            sql_mode: value("sql_mode").to_owned(),
            logs_statements: is_on("log_bin")
                && is_on("sql_log_bin")
                && value("binlog_format").eq_ignore_ascii_case("STATEMENT"),
            names: (!is_given).then_some("SET NAMES utf8mb4"),
        }
    }

    fn has(&self, mode: &str) -> bool {
        self.sql_mode.split(',').any(|found| found.eq_ignore_ascii_case(mode))
    }

    /// Returns the mode for statements that return rows to a guest, if it differs: `PAD_CHAR_TO_FULL_LENGTH` is left out, with
    /// which values would not come back as they were written.
    pub(super) fn reading_mode(sql_mode: &str) -> Option<String> {
        const PADS: &str = "PAD_CHAR_TO_FULL_LENGTH";
        let pads = |mode: &&str| mode.eq_ignore_ascii_case(PADS);
        sql_mode.split(',').any(|mode| pads(&mode)).then(|| {
            let rest: Vec<&str> = sql_mode.split(',').filter(|mode| !pads(mode)).collect();
            rest.join(",")
        })
    }

    /// Error: `Mode`, if the tokenizer cannot determine what the server would run.
    pub(super) fn check(&self, url: &DatabaseUrl) -> Result<(), BackendError> {
        match FOREIGN_MODES.iter().find(|mode| self.has(mode)) {
            None => Ok(()),
            Some(mode) => {
                Err(BackendError::Mode { url: url.to_string(), mode: (*mode).to_owned() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(pairs: &[(&str, &str)]) -> Native {
        let mut listed: BTreeMap<String, String> =
            ["character_set_client", "character_set_connection", "character_set_results"]
                .map(|name| (name.to_owned(), "utf8mb4".to_owned()))
                .into();
        listed.extend(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        Native::of(&listed)
    }

    #[test]
    fn names_are_set_only_where_the_server_gave_none() {
        let table = [
            (("collation_connection", "utf8mb4_unicode_ci"), false),
            (("collation_connection", "utf8mb4_0900_ai_ci"), false),
            (("collation_connection", "utf8mb4_general_ci"), true),
            (("character_set_client", "latin1"), true),
            (("character_set_results", ""), true),
        ];
        for (pair, set) in table {
            assert_eq!(native(&[pair]).names.is_some(), set, "{pair:?}");
        }
    }

    #[test]
    fn what_is_logged_as_statements() {
        let logged = |format, log, session| {
            let pairs = [("binlog_format", format), ("log_bin", log), ("sql_log_bin", session)];
            native(&pairs).logs_statements
        };
        assert!(logged("STATEMENT", "ON", "ON"));
        assert!(!logged("ROW", "ON", "ON"));
        assert!(!logged("STATEMENT", "OFF", "ON") && !logged("STATEMENT", "ON", "OFF"));
    }

    #[test]
    fn modes_of_another_language_are_refused() {
        let url: DatabaseUrl = "mysql://u@h/d".parse().expect("a URL");
        let check = |mode: &str| native(&[("sql_mode", mode)]).check(&url).is_ok();
        assert!(check("ANSI_QUOTES,NO_BACKSLASH_ESCAPES") && check(""));
        assert!(!check("PIPES_AS_CONCAT,ORACLE") && !check("MSSQL"));
    }

    #[test]
    fn characters_are_not_padded_for_reads() {
        let mode = |mode: &str| Native::reading_mode(mode);
        assert_eq!(mode("ANSI_QUOTES"), None);
        assert_eq!(mode("A,PAD_CHAR_TO_FULL_LENGTH,B").as_deref(), Some("A,B"));
    }
}
