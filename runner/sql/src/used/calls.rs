//! The functions that a PostgreSQL statement calls, or could.

use super::is_index;
use crate::{
    bodies::{self, Part},
    names::runs,
    token::TokenKind,
    view::View,
};
use std::collections::BTreeSet;

/// Returns the names, in lower case, of the functions that the statement and the code in it call, or could.
pub(crate) fn called(view: View<'_>) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    let (kinds, routines) = (
        [
            "OPERATOR",
            "AGGREGATE",
            "EXTENSION",
            "CAST",
            "FOREIGN",
            "SERVER",
            "CONVERSION",
            "LANGUAGE",
            "ACCESS",
            "TEXT",
        ],
        ["FUNCTION", "ROUTINE", "PROCEDURE", "EXTENSION"],
    );
    let says_names = view.is(0, "CREATE") && (1..4).any(|index| view.is_any(index, &kinds))
        || view.is(0, "ALTER") && view.is_any(1, &routines);
    bodies::visit(view, &mut |part| match part {
        Part::Statement(view) if view.is_any(0, &["GRANT", "REVOKE", "COMMENT"]) => {}
        Part::Statement(view) | Part::Body(view) => {
            let indexed = indexed(view);
            // `CREATE TYPE … (INPUT = f)`
            let is_set = |index: usize| {
                view.starts_with(&["CREATE", "TYPE"])
                    && index > 0
                    && view.is_symbol(index - 1, b'=')
            };
            let is_called =
                |index: &usize| says_names || is_called(view, *index, indexed) || is_set(*index);
            let names = (0..view.tokens.len()).filter(is_called);
            called.extend(names.filter_map(|index| view.name(index)));
        }
        Part::Unread(text) => called.extend(runs(text).map(str::to_owned)),
    });
    called.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// Returns the arguments behind the name at `index`: where their parenthesis opens.
pub(crate) fn arguments(view: View<'_>, index: usize) -> Option<usize> {
    let is_escaped = view.tokens.get(index)?.kind == TokenKind::QuotedName
        && view.is(index + 1, "UESCAPE")
        && view.tokens.get(index + 2).is_some_and(|token| token.is_string());
    let at = if is_escaped { index + 3 } else { index + 1 };
    view.is_symbol(at, b'(').then_some(at)
}

fn is_called(view: View<'_>, index: usize, indexed: Option<usize>) -> bool {
    if arguments(view, index).is_none() {
        return false;
    }
    let mut first = index;
    while first >= 2 && view.is_symbol(first - 1, b'.') {
        first -= 2;
    }
    let Some(before) = first.checked_sub(1) else { return true };
    let named = ["INTO", "TABLE", "EXISTS", "REFERENCES", "VIEW", "WITH", "RECURSIVE"];
    !(view.is_any(before, &named) || indexed == Some(before))
}

/// Returns the word of CREATE INDEX behind which the table stands, whose columns follow it.
fn indexed(view: View<'_>) -> Option<usize> {
    let on = is_index(view).then(|| view.find(1, "ON")).flatten()?;
    Some(if view.is(on + 1, "ONLY") { on + 1 } else { on })
}
