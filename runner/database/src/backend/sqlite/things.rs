//! The contents of a SQLite database: its schema as text and its rows as literals.
//!
//! Definitions are compared by their tokens, because SQLite keeps the text as it was written. A table that was rebuilt
//! under another name and renamed has new quotes around its name, which are no difference. Everything else in the text is.

use super::{error::host_error, guard::Rights, session::SqliteSession};
use crate::{
    alteration::Dialect,
    backend::{
        BackendError,
        connection::Cell,
        export::{Export, ExportColumn, ExportFormat, FILE, Lines},
        identifier::in_quotes as quote,
        one_by_one::Steps,
        scratch::{Locks, RowSource, Scratch, Thing, Written},
    },
    session::{ErrorKind, SqlError},
    sql::{OWN_TABLES, Statement, Token, TokenKind},
};
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::BTreeSet;

#[async_trait]
impl Scratch for SqliteSession {
    async fn make_scratch(&mut self, _name: &str) -> Result<(), BackendError> {
        // No server has to create a file.
        Ok(())
    }

    async fn remove_scratch(&mut self, _name: &str) -> Result<(), BackendError> {
        Ok(())
    }

    async fn scratches(&mut self) -> Result<Vec<String>, BackendError> {
        Ok(Vec::new())
    }

    async fn run_unguarded(&mut self, sql: &str) -> Result<(), SqlError> {
        self.guard.set(Rights::Host);
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await;
        done.map_err(|error| SqlError::new(ErrorKind::Other, super::error::raw(error).message))?;
        Ok(())
    }

    async fn things(&mut self) -> Result<Vec<Thing>, BackendError> {
        // Shadow tables of virtual tables are no part of the schema.
        let shadows =
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
        let shadows: BTreeSet<String> =
            self.read_own(shadows, &[]).await?.into_iter().flatten().filter_map(text).collect();
        let schema = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema \
            WHERE sql IS NOT NULL ORDER BY type, name";
        let mut things = Vec::new();
        for row in self.read_own(schema, &[]).await? {
            let row: Vec<String> = row.into_iter().filter_map(text).collect();
            let Ok([kind, name, table, sql]) = <[String; 4]>::try_from(row) else { continue };
            if is_not_compared(&table) || is_not_compared(&name) || shadows.contains(&table) {
                continue;
            }
            let rows = match kind == "table" {
                true => Some(self.row_source(&name).await?),
                false => None,
            };
            things.push(Thing { lines: lines(&kind, &sql), kind, name, rows });
        }
        Ok(things)
    }

    async fn each_row(
        &mut self,
        rows: &RowSource,
        each: &mut (dyn FnMut(Vec<String>) + Send),
    ) -> Result<(), BackendError> {
        self.guard.set(Rights::Host);
        let query = sqlx::query(AssertSqlSafe(rows.sql.as_str())).persistent(false);
        let mut found = query.fetch(&mut self.connection);
        while let Some(row) = found.try_next().await.map_err(host_error)? {
            let values: Result<Vec<String>, _> =
                (0..row.len()).map(|at| row.try_get_unchecked(at)).collect();
            each(values.map_err(host_error)?);
        }
        Ok(())
    }

    async fn export_of(&mut self, table: &str) -> Result<Export, BackendError> {
        let sql = "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid";
        let column = |cells: Vec<Cell>| {
            let mut texts = cells.into_iter().filter_map(text);
            Some(ExportColumn { name: texts.next()?, data_type: texts.next()? })
        };
        let columns = self.read_own(sql, &[Cell::text(table)]).await?.into_iter();
        let columns: Vec<ExportColumn> = columns.filter_map(column).collect();
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let literals: Vec<String> = names.iter().map(|name| literal(name)).collect();
        let table = quote(table);
        Ok(Export {
            format: ExportFormat::Sql,
            columns,
            head: String::new(),
            restore: format!(".read {FILE}"),
            select: format!("SELECT {} FROM main.{table}", literals.join(", ")),
            into: format!("INSERT INTO {table} ({})", names.join(", ")),
        })
    }

    async fn export(&mut self, export: &Export, line: &mut Lines<'_>) -> Result<(), BackendError> {
        let rows = RowSource { columns: Vec::new(), sql: export.select.clone() };
        let each = &mut |row: Vec<String>| {
            line(format!("{} VALUES ({});\n", export.into, row.join(", ")).as_bytes());
        };
        self.each_row(&rows, each).await
    }

    async fn written(&mut self) -> Result<Written, BackendError> {
        Ok(Written(self.guard.written()))
    }

    fn locks_seen(&mut self) -> Locks {
        Locks::Database
    }
}

impl SqliteSession {
    async fn row_source(&mut self, table: &str) -> Result<RowSource, BackendError> {
        let sql = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1";
        let mut columns: Vec<String> = self
            .read_own(sql, &[Cell::text(table)])
            .await?
            .into_iter()
            .flatten()
            .filter_map(text)
            .collect();
        columns.sort();
        let literals: Vec<String> = columns.iter().map(|column| literal(&quote(column))).collect();
        let literals = if literals.is_empty() { "'-'".to_owned() } else { literals.join(", ") };
        let sql = format!("SELECT {literals} FROM main.{}", quote(table));
        Ok(RowSource { columns, sql })
    }
}

/// Returns the SQL for a value as SQLite's own literal, which distinguishes types. `quote` ends a text at its first NUL.
fn literal(column: &str) -> String {
    format!(
        "CASE WHEN typeof({column}) = 'text' AND instr({column}, char(0)) > 0 \
         THEN 'CAST(x''' || hex({column}) || ''' AS TEXT)' ELSE quote({column}) END"
    )
}

fn text(cell: Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => text,
        Cell::Integer(_) | Cell::Bytes(_) => None,
    }
}

/// Returns whether a table is the runner's or SQLite's own: counters of AUTOINCREMENT and statistics are not schema.
fn is_not_compared(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("sqlite_") || OWN_TABLES.contains(&name.as_str())
}

/// Formats a definition for comparing and for reading: a table's columns and constraints a line each.
fn lines(kind: &str, sql: &str) -> Vec<String> {
    let Ok(statement) = Statement::one(sql, Dialect::Sqlite) else {
        return sql.lines().map(str::to_owned).collect();
    };
    if kind == "view" || kind == "trigger" {
        return statement.text().lines().map(|line| line.trim_end().to_owned()).collect();
    }
    let splits = kind == "table";
    let (mut lines, mut line, mut depth) = (Vec::new(), String::new(), 0_usize);
    let mut before: Option<Token> = None;
    for token in statement.tokens().iter().copied() {
        let symbol = |wanted: u8| token.kind == TokenKind::Symbol(wanted);
        if symbol(b')') {
            depth = depth.saturating_sub(1);
            if splits && depth == 0 {
                lines.push(std::mem::take(&mut line));
                before = None;
            }
        }
        let is_tight = symbol(b')') || symbol(b',') || symbol(b'(');
        if let Some(before) = before
            && !is_tight
            && before.kind != TokenKind::Symbol(b'(')
            && (before.range().end < token.range().start || before.kind == TokenKind::Symbol(b','))
        {
            line.push(' ');
        }
        if splits && depth == 1 && symbol(b',') {
            lines.push(std::mem::take(&mut line));
            before = None;
            continue;
        }
        line.push_str(plain(token, statement.text()));
        before = Some(token);
        if symbol(b'(') {
            depth += 1;
            if splits && depth == 1 {
                lines.push(std::mem::take(&mut line));
                before = None;
            }
        }
    }
    lines.push(line);
    lines
}

/// Returns a name without its quotes if it needs none.
fn plain(token: Token, sql: &str) -> &str {
    let text = token.text(sql);
    if token.kind != TokenKind::QuotedName || text.len() < 3 {
        return text;
    }
    let inner = &text[1..text.len() - 1];
    let is_plain = inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !inner.starts_with(|c: char| c.is_ascii_digit());
    if is_plain { inner } else { text }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn quotes_blanks_and_comments_are_no_difference() {
        let one = "CREATE TABLE \"t\" (\n  \"id\" INTEGER PRIMARY KEY, -- the id\n  n VARCHAR (10)\n, x INT)";
        let other = "CREATE TABLE t(id INTEGER PRIMARY KEY,n VARCHAR(10),x INT)";
        assert_eq!(lines("table", one), lines("table", other));
        assert_eq!(
            lines("table", one),
            ["CREATE TABLE t(", "id INTEGER PRIMARY KEY", "n VARCHAR(10)", "x INT", ")"]
        );
    }

    #[test]
    fn everything_else_is() {
        let table = [
            ("CREATE TABLE t (a INT, b INT)", "CREATE TABLE t (b INT, a INT)"),
            ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INT NOT NULL)"),
            ("CREATE TABLE t (a DEFAULT 'x y')", "CREATE TABLE t (a DEFAULT 'x  y')"),
            ("CREATE TABLE t (\"a b\")", "CREATE TABLE t (a b)"),
            ("CREATE TABLE t (a) STRICT", "CREATE TABLE t (a)"),
        ];
        for (one, other) in table {
            assert_ne!(lines("table", one), lines("table", other), "{one}");
        }
    }
}
