//! Which statements surely cannot commit by themselves.

use super::view::View;
use crate::alteration::Dialect;

/// Saying no is always safe: it costs a row in a journal, never a wrong result.
pub(super) fn is_plain(view: View<'_>) -> bool {
    let verb = view.from(view.verb_index());
    let explained = explained(verb);
    let common = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "TABLE"];
    match view.dialect() {
        Dialect::Postgresql => {
            explained.is_any(0, &common) || explained.is_any(0, &["MERGE", "SHOW"])
        }
        Dialect::Sqlite => {
            let reads_or_writes = explained.is_any(0, &common) || explained.is(0, "REPLACE");
            // OR ROLLBACK and RAISE(ROLLBACK) end the transaction.
            reads_or_writes && !(0..view.tokens.len()).any(|index| view.is(index, "ROLLBACK"))
        }
        Dialect::Mysql | Dialect::Mariadb => {
            let reads_or_writes = explained.is_any(0, &common)
                || explained.is_any(0, &["REPLACE", "DO", "SHOW"])
                // These describe a table when no statement follows.
                || verb.is_any(0, &["EXPLAIN", "DESCRIBE", "DESC"]);
            reads_or_writes && !view.has(&["INTO", "OUTFILE"]) && !view.has(&["INTO", "DUMPFILE"])
        }
    }
}

/// Returns the statement behind EXPLAIN and its options, or the statement itself.
pub(super) fn explained(view: View<'_>) -> View<'_> {
    let mut index = 0;
    match view.dialect() {
        Dialect::Postgresql => {
            if !view.is(0, "EXPLAIN") {
                return view;
            }
            index += 1;
            if view.is_symbol(index, b'(') {
                index = past_parentheses(view, index);
            }
            while view.is_any(index, &["ANALYZE", "ANALYSE", "VERBOSE"]) {
                index += 1;
            }
            // A query may stand in parentheses, too.
            index += view.from(index).verb_index();
        }
        Dialect::Sqlite => {
            if view.is(0, "EXPLAIN") {
                index += if view.starts_with(&["EXPLAIN", "QUERY", "PLAN"]) { 3 } else { 1 };
            }
        }
        Dialect::Mysql | Dialect::Mariadb => {
            if !view.is_any(0, &["EXPLAIN", "DESCRIBE", "DESC", "ANALYZE"]) {
                return view;
            }
            index += 1;
            while view.is_any(index, &["ANALYZE", "EXTENDED", "PARTITIONS"]) {
                index += 1;
            }
            if view.is(index, "FORMAT") {
                index += 3;
            }
            // ANALYZE TABLE commits; as the table of a query, TABLE comes first.
            if view.is(0, "ANALYZE") && view.is(index, "TABLE") {
                return view;
            }
        }
    }
    view.from(index)
}

fn past_parentheses(view: View<'_>, open: usize) -> usize {
    let mut depth = 0_usize;
    for index in open..view.tokens.len() {
        if view.is_symbol(index, b'(') {
            depth += 1;
        } else if view.is_symbol(index, b')') {
            depth -= 1;
            if depth == 0 {
                return index + 1;
            }
        }
    }
    view.tokens.len()
}
