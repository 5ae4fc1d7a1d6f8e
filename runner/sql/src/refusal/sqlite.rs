//! What the text of a statement shows of what SQLite's authorizer will refuse.
//!
//! Only what is certain: a text that is refused here would be refused when it runs. The authorizer sees
//! more, such as what triggers and views do, and stays the wall.

use super::Place;
use crate::{
    own::OWN_TABLES,
    sqlite::{self, ATTACH, Pragma, SAVEPOINT, TRANSACTION},
    view::View,
};

const VACUUM: &str = "VACUUM is refused: it cannot run in a transaction; put it where the text runs outside of one: a `.before-up.sql`, or with the mark of its tool for no transaction";
const VACUUM_INTO: &str = "VACUUM INTO is refused: it writes another file";

pub(super) fn refusal(view: View<'_>, place: Place) -> Option<String> {
    let certain = |reason: &str| Some(reason.to_owned());
    match view.word(0).unwrap_or_default().as_str() {
        "BEGIN" | "COMMIT" | "END" => certain(TRANSACTION),
        "ROLLBACK" if (1..4).any(|index| view.is(index, "TO")) => certain(SAVEPOINT),
        "ROLLBACK" => certain(TRANSACTION),
        "SAVEPOINT" | "RELEASE" => certain(SAVEPOINT),
        "ATTACH" | "DETACH" => certain(ATTACH),
        "VACUUM" if (1..3).any(|index| view.is(index, "INTO")) => certain(VACUUM_INTO),
        "VACUUM" if place == Place::Transaction => certain(VACUUM),
        "PRAGMA" => pragma(view),
        "CREATE" => created(view).or_else(|| own_table(view)),
        _ => function(view).or_else(|| own_table(view)),
    }
}

fn pragma(view: View<'_>) -> Option<String> {
    let (name, value) = sqlite::read_pragma(view)?;
    match sqlite::pragma(&name, &value) {
        Pragma::Refused(reason) => Some(reason),
        _ => None,
    }
}

fn created(view: View<'_>) -> Option<String> {
    if !view.starts_with(&["CREATE", "VIRTUAL", "TABLE"]) {
        return None;
    }
    let using = view.find(3, "USING")?;
    sqlite::module(&view.name(using + 1)?)
}

fn function(view: View<'_>) -> Option<String> {
    (0..view.tokens.len())
        .filter(|index| view.is_symbol(index + 1, b'('))
        .find_map(|index| sqlite::function(&view.name(index)?))
}

/// Returns the runner's table that stands where only a table can. With WITH, the name may be the statement's own.
fn own_table(view: View<'_>) -> Option<String> {
    const BEFORE: [&str; 6] = ["INTO", "FROM", "JOIN", "UPDATE", "TABLE", "EXISTS"];
    if (0..view.tokens.len()).any(|index| view.is(index, "WITH")) {
        return None;
    }
    (0..view.tokens.len()).find_map(|index| {
        let is_compared = index > 0 && view.is(index - 1, "DISTINCT");
        if !view.is_any(index, &BEFORE) || is_compared {
            return None;
        }
        let at = if view.is_symbol(index + 2, b'.') { index + 3 } else { index + 1 };
        let name = view.name(at).filter(|_| !view.is_symbol(at + 1, b'.'))?;
        // Each pragma is a table of this name, too.
        if let Some(pragma) = name.to_ascii_lowercase().strip_prefix("pragma_")
            && let Pragma::Refused(reason) = sqlite::pragma(pragma, "")
        {
            return Some(reason);
        }
        let is_own = OWN_TABLES.iter().any(|own| own.eq_ignore_ascii_case(&name));
        is_own.then(|| sqlite::own_table(&name))
    })
}
