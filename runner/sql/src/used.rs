//! Finds the tables of the runner that a PostgreSQL statement reaches, and (`calls`) the functions that it calls.
//!
//! A name can be a table's, a column's or an alias's, a string a value or code. `place` tells them apart by the words
//! before them; what is not surely harmless counts. Statements that hold code are not for this.

mod calls;
mod place;
#[cfg(test)]
mod tests;

pub(super) use calls::{arguments, called};

use super::{names::runs, own, view::View};
use place::{Class, Place, class, walk};

/// The bytes of the shortest of the runner's names.
const SHORTEST: usize = "alteration_run".len();

/// Returns the runner's table that the statement reaches, or that a string could make it reach.
pub(super) fn own_table(view: View<'_>) -> Option<&'static str> {
    let mut found = None;
    walk(view, |index, place| {
        if found.is_some() {
            return;
        }
        if view.tokens[index].is_string() {
            // What stands side by side is looked at once.
            if index > 0 && view.tokens[index - 1].is_string() {
                return;
            }
            found = own_in_string(view, index).filter(|_| place.in_call || is_cast(view, index));
        } else if view.text_at(index).len() >= SHORTEST
            && let Some(own) = view.name(index).as_deref().and_then(own::own_table)
            && !is_harmless(view, index, place)
        {
            found = Some(own);
        }
    });
    found
}

/// Returns whether a name can only be a column's or an alias.
fn is_harmless(view: View<'_>, index: usize, place: Place) -> bool {
    let Some(before) = index.checked_sub(1) else { return false };
    if view.starts_with(&["COMMENT", "ON", "COLUMN"]) {
        return view.is_symbol(before, b'.') && !view.is_symbol(index + 1, b'.');
    }
    if view.starts_with(&["ALTER", "TABLE"]) && is_altered_column(view, index) {
        return true;
    }
    if place.defines {
        return view.is_symbol(before, b'(') || view.is_symbol(before, b',');
    }
    if view.is(before, "AS") {
        // In CAST and the like a type follows.
        return (place.is_value || place.lists_tables) && !place.is_call;
    }
    // Behind a name or `::` stands a type, before a string too.
    let is_type = class(view, before) == Class::Name
        || view.is_symbol(before, b':')
        || view.tokens.get(index + 1).is_some_and(|token| token.is_string());
    place.is_value && !is_type
}

/// Returns whether the name is a column's in ADD, DROP, ALTER or RENAME COLUMN.
fn is_altered_column(view: View<'_>, index: usize) -> bool {
    let mut before = index - 1;
    while before > 3 && view.is_any(before, &["IF", "NOT", "EXISTS"]) {
        before -= 1;
    }
    let is_renamed = view.is(index - 1, "TO")
        && index > 5
        && view.is(index - 3, "COLUMN")
        && !view.is_symbol(index - 4, b'.');
    is_renamed || before >= 3 && view.is_any(before, &["COLUMN", "ADD", "DROP", "ALTER"])
}

/// Returns the runner's table in the strings that begin at `index`; those side by side are one to the server.
fn own_in_string(view: View<'_>, index: usize) -> Option<&'static str> {
    let is_string = |at: &usize| view.tokens.get(*at).is_some_and(|token| token.is_string());
    let joined: String = (index..).take_while(is_string).filter_map(|at| view.string(at)).collect();
    runs(&joined).find_map(own::own_table)
}

/// Returns whether a string is read as the name of something in the database.
fn is_cast(view: View<'_>, index: usize) -> bool {
    let is_string = |at: &usize| view.tokens.get(*at).is_some_and(|token| token.is_string());
    let end = (index..).find(|at| !is_string(at)).unwrap_or(index);
    let is_registered = |at: usize| view.name(at).is_some_and(|name| name.starts_with("reg"));
    let mut at = end;
    let mut casts = false;
    while view.is_symbol(at, b':') && view.is_symbol(at + 1, b':') {
        let qualified = usize::from(view.is_symbol(at + 3, b'.')) * 2;
        casts |= is_registered(at + 2 + qualified);
        at += 3 + qualified;
    }
    casts || index > 0 && is_registered(index - 1)
}

fn is_index(view: View<'_>) -> bool {
    view.starts_with(&["CREATE", "INDEX"]) || view.starts_with(&["CREATE", "UNIQUE", "INDEX"])
}
