//! Sqitch's ledger of a SQLite database, which is a file beside it. Finds the file as Sqitch does; opening it is the
//! backend's.

use super::{FormerTool, name::Name};
use crate::{DatabaseUrl, Scheme};
use std::path::Path;

/// What Sqitch calls the file, unless sqitch.conf says otherwise, and the table in it.
const REGISTRY: &str = "sqitch";
const TABLE: &str = "changes";

/// The file of a ledger.
#[derive(Debug)]
pub(super) struct Registry {
    /// For messages.
    pub(super) file: String,
    pub(super) url: DatabaseUrl,
}

impl Registry {
    /// The file that has the ledger of `tool`: the one that `ledger` names, or the usual one beside the database. `None` if
    /// the ledger is a table of the database itself.
    pub(super) fn of(tool: FormerTool, url: &DatabaseUrl, ledger: Option<&str>) -> Option<Self> {
        if tool != FormerTool::Sqitch || url.scheme() != Scheme::Sqlite {
            return None;
        }
        let file = match ledger {
            Some(ledger) if is_table(ledger) => return None,
            Some(ledger) => ledger.to_owned(),
            None => beside(url.file()?)?,
        };
        Some(Self { url: url.with_file(&file)?, file })
    }

    pub(super) fn table(&self) -> Name {
        Name::in_file(TABLE, &self.file)
    }
}

/// Whether it names a table, and no file: a file has a folder before its name, or an ending behind it.
fn is_table(ledger: &str) -> bool {
    !ledger.strip_prefix("main.").unwrap_or(ledger).contains(['.', '/', std::path::MAIN_SEPARATOR])
}

/// The usual file beside `database`: with all that follows the first point of its name.
/// Source: Sqitch 1.3.1, `registry_uri` in lib/App/Sqitch/Engine/sqlite.pm.
fn beside(database: &Path) -> Option<String> {
    let name = database.file_name()?.to_str()?;
    let registry = match name.split_once('.') {
        Some((_, ending)) => format!("{REGISTRY}.{ending}"),
        None => REGISTRY.to_owned(),
    };
    Some(database.with_file_name(registry).to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tool: FormerTool, url: &str, ledger: Option<&str>) -> Option<String> {
        Registry::of(tool, &url.parse().unwrap(), ledger).map(|registry| registry.file)
    }

    #[test]
    fn where_sqitch_has_it() {
        let sqitch = |url, ledger| file(FormerTool::Sqitch, url, ledger);
        let table = [
            ("sqlite:app.db", None, Some("sqitch.db")),
            ("sqlite:///srv/town/app.db?mode=ro", None, Some("/srv/town/sqitch.db")),
            ("sqlite:a b/app.test.sqlite3", None, Some("a b/sqitch.test.sqlite3")),
            ("sqlite:app", None, Some("sqitch")),
            ("sqlite:.app", None, Some("sqitch.app")),
            ("sqlite::memory:", None, None),
            ("sqlite:data/app.db", Some("other.db"), Some("other.db")),
            ("sqlite:data/app.db", Some("./other"), Some("./other")),
            ("sqlite:data/app.db", Some("/srv/a%20b.db"), Some("/srv/a%20b.db")),
            ("sqlite:app.db", Some("changes"), None),
            ("sqlite:app.db", Some("main.changes"), None),
            ("postgres://localhost/app", None, None),
            ("mysql://localhost/app", Some("town.changes"), None),
        ];
        for (url, ledger, expected) in table {
            assert_eq!(sqitch(url, ledger).as_deref(), expected, "{url} {ledger:?}");
        }
        assert_eq!(file(FormerTool::SqlMigrate, "sqlite:app.db", None), None);
    }
}
