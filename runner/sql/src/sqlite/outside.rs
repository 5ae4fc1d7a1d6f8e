//! What SQLite runs outside of a transaction only, and a hook outside of one may: each is idempotent, so that one
//! whose end nobody recorded is run again.

use super::pragma::{self, JournalMode};
use crate::{Statement, alteration::Dialect};

/// A statement that has to run outside of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    Vacuum,
    JournalMode(JournalMode),
    /// How far, as SQLite spells it; `None` where it is not said.
    Checkpoint(Option<&'static str>),
    ForeignKeys(bool),
}

impl Outside {
    /// Returns the statement in the runner's own words.
    pub fn sql(&self) -> String {
        match self {
            Self::Vacuum => "VACUUM".to_owned(),
            Self::JournalMode(mode) => mode.sql().to_owned(),
            Self::Checkpoint(None) => "PRAGMA main.wal_checkpoint".to_owned(),
            Self::Checkpoint(Some(how)) => format!("PRAGMA main.wal_checkpoint({how})"),
            Self::ForeignKeys(true) => "PRAGMA foreign_keys = ON".to_owned(),
            Self::ForeignKeys(false) => "PRAGMA foreign_keys = OFF".to_owned(),
        }
    }
}

const CHECKPOINTS: [&str; 5] = ["PASSIVE", "FULL", "RESTART", "TRUNCATE", "NOOP"];

/// Recognises the one statement of `sql`, if it is one of these. `VACUUM INTO` is not: it writes another file.
pub fn outside(sql: &str) -> Option<Outside> {
    let start = sql[crate::blank(sql)..].get(..6)?;
    // Most statements are not worth taking apart.
    if !start.eq_ignore_ascii_case("VACUUM") && !start.eq_ignore_ascii_case("PRAGMA") {
        return None;
    }
    let statement = Statement::one(sql, Dialect::Sqlite).ok()?;
    let view = statement.view();
    if view.is(0, "VACUUM") {
        let is_whole = match view.tokens.len() {
            1 => true,
            2 => view.name(1).is_some_and(|name| name.eq_ignore_ascii_case("main")),
            _ => false,
        };
        return is_whole.then_some(Outside::Vacuum);
    }
    let (name, value) = pragma::read(view)?;
    match name.as_str() {
        "journal_mode" => JournalMode::parse(&value).map(Outside::JournalMode),
        "wal_checkpoint" => {
            let how = CHECKPOINTS.iter().find(|known| known.eq_ignore_ascii_case(&value));
            Some(Outside::Checkpoint(how.copied()))
        }
        "foreign_keys" if !value.is_empty() => Some(Outside::ForeignKeys(pragma::is_on(&value))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_apart() {
        let table = [
            ("VACUUM", Some(Outside::Vacuum)),
            ("-- all\n vacuum main;", Some(Outside::Vacuum)),
            ("VACUUM temp", None),
            ("VACUUM INTO 'x.db'", None),
            ("VACUUM main INTO 'x.db'", None),
            ("PRAGMA journal_mode", None),
            ("PRAGMA journal_mode = wal", Some(Outside::JournalMode(JournalMode::Wal))),
            ("PRAGMA main.journal_mode('WAL');", Some(Outside::JournalMode(JournalMode::Wal))),
            ("pragma journal_mode=memory", Some(Outside::JournalMode(JournalMode::Rollback))),
            ("PRAGMA journal_mode = nonsense", None),
            ("PRAGMA wal_checkpoint(truncate)", Some(Outside::Checkpoint(Some("TRUNCATE")))),
            ("PRAGMA wal_checkpoint", Some(Outside::Checkpoint(None))),
            ("PRAGMA foreign_keys = 0", Some(Outside::ForeignKeys(false))),
            ("PRAGMA foreign_keys(yes)", Some(Outside::ForeignKeys(true))),
            ("PRAGMA foreign_keys", None),
            ("PRAGMA user_version = 3", None),
            ("SELECT 'VACUUM'", None),
            ("é", None),
        ];
        for (sql, expected) in table {
            assert_eq!(outside(sql), expected, "{sql}");
        }
        assert_eq!(Outside::Checkpoint(Some("FULL")).sql(), "PRAGMA main.wal_checkpoint(FULL)");
    }
}
