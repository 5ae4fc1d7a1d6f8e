//! What an author should know of SQL that is taken: where a deploy leaves out a statement, and why. Only where the
//! dialects are named that the SQL is for.

use super::{Context, statements::each_statement};
use crate::{
    alteration::Dialect,
    host::Limits,
    pack::{findings::Note, sql_name::SqlHook},
    sql::{Place, sqlite},
};
use std::path::Path;

pub(super) fn note(
    text: &str,
    path: &Path,
    first_line: usize,
    hook: SqlHook,
    context: &Context<'_>,
) {
    let at = |offset: usize, what: String| {
        let lines = text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
        let (path, line) = (path.to_owned(), Some(first_line + lines));
        context.findings.note(Note { path, line, text: what });
    };
    let Some(dialect) = context.dialects.first() else { return };
    let is_sqlite = context.dialects.contains(&Dialect::Sqlite);
    let read_as = if is_sqlite { Dialect::Sqlite } else { *dialect };
    let in_transaction = hook.role().place(Dialect::Sqlite) == Place::Transaction;
    let max = Limits::default().sql_bytes_max;
    // Whatever cannot be read is no statement to say something of.
    let _ = each_statement(text, read_as, |start, statement| {
        let first = statement.tokens().first().map_or(0, |token| token.range().start);
        let length = statement.text().len();
        if length > max {
            at(
                start + first,
                format!("this statement has {length} bytes: a deploy takes it with `--max-sql`"),
            );
        }
        if is_sqlite && let Some(what) = sqlite::note(statement, in_transaction) {
            at(start + first, what);
        }
        Ok(())
    });
}
