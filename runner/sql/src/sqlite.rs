//! What SQLite would do and a guest may not: names of pragmas, modules and functions, and the reasons.
//!
//! The authorizer asks with SQLite's own description of an action (`backend/sqlite/guard.rs`), and
//! `refusal/sqlite.rs` with the text, before anything runs. Both give the same reason. Each list is a table of
//! its own: [`pragma`] of all pragmas, [`module`] of the modules of virtual tables, [`outside`] of what runs
//! outside of a transaction.

mod module;
mod outside;
mod pragma;

pub use module::{is_page_access, module};
pub use outside::{Outside, outside};
pub use pragma::{JournalMode, Pragma, Setting, is_on, is_pragma, pragma, setting};

use super::{Statement, view::View};
use crate::alteration::Dialect;

pub const TRANSACTION: &str =
    "BEGIN, COMMIT and ROLLBACK are the host's: a hook runs in one transaction";
pub const SAVEPOINT: &str = "SAVEPOINT, RELEASE and ROLLBACK TO are the host's";
pub const ATTACH: &str = "ATTACH and DETACH are refused: a hook sees one database";

/// Returns why a guest may not call the SQL function `name`; `None` if it may.
pub fn function(name: &str) -> Option<String> {
    matches!(name.to_ascii_lowercase().as_str(), "load_extension" | "fts3_tokenizer")
        .then(|| format!("the SQL function {name} is refused: it loads code from the machine"))
}

/// Returns why a guest may not touch the runner's table `name`, which it is.
pub fn own_table(name: &str) -> String {
    format!("the runner's table {} is not for alterations", name.to_ascii_lowercase())
}

/// Does as [`pragma_of`], for a statement that was taken apart.
pub(super) fn read_pragma(view: View<'_>) -> Option<(String, String)> {
    pragma::read(view)
}

/// Returns what the one statement of `sql` does as a pragma: its name in lower case, and its value without quotes,
/// empty where it has none. `None` where it is none, or cannot be read.
pub fn pragma_of(sql: &str) -> Option<(String, String)> {
    let statement = Statement::one(sql, Dialect::Sqlite).ok()?;
    pragma::read(statement.view())
}

/// Returns a note about a statement that is accepted but not run as it stands: that it has no effect, and why.
pub fn note(statement: &Statement<'_>, in_transaction: bool) -> Option<String> {
    let (name, value) = pragma::read(statement.view())?;
    pragma::note(&name, &value, in_transaction)
}
