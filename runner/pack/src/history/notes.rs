//! What an author should know of SQL that is taken: where a deploy leaves out a statement, and why. Only where the
//! dialects are named that the SQL is for; and where a tool does not run a part of a file.

use super::{Context, Layout, statements::each_statement};
use crate::{
    alteration::Dialect,
    findings::Note,
    session::SqlLimits,
    sql::{Place, sqlite},
    sql_name::SqlHook,
};
use std::{ops::Range, path::Path};

/// SQL in `range` of a file's text, which `layout` passes over because it stands `where_it_is`.
pub(super) fn not_run(
    text: &str,
    range: Range<usize>,
    path: &Path,
    where_it_is: &str,
    layout: Layout,
    context: &Context<'_>,
) {
    let sql = range.start + crate::sql::blank(&text[range.clone()]);
    if sql < range.end {
        let line = Some(1 + text.as_bytes()[..sql].iter().filter(|byte| **byte == b'\n').count());
        let text = format!("this SQL stands {where_it_is}, and {layout} does not run it");
        context.findings.note(Note { path: path.to_owned(), line, text });
    }
}

pub(super) const BEFORE_MARKS: &str = "before the first mark";

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
    let max = SqlLimits::SQL_BYTES_MAX_DEFAULT;
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
