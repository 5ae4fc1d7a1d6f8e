//! Bulk-writers: rows are gathered and sent in batches by COPY, in its text format.
//!
//! Types come from the table, so that a row's values are refused or read as a parameter's would be.

use super::{
    PostgresConnection,
    error::guest_error,
    forms::Wants,
    parameter::{conversion, text},
    text::{Sent, quote},
    types::Type,
};
use crate::{
    backend::size,
    session::{ErrorKind, Handle, Row, SqlError},
};
use sqlx::postgres::PgDatabaseError;

/// PostgreSQL's tables have no more.
const COLUMNS_MAX: usize = 1_600;
const WAITING_BYTES_MAX: usize = 1 << 20;

/// Rows that wait to be sent, as COPY reads them.
#[derive(Debug)]
pub(super) struct Writer {
    copy: String,
    columns: Vec<(String, Type)>,
    waiting: Vec<u8>,
    waiting_rows: u64,
    sent_rows: u64,
}

fn target(table: &str, columns: &[String]) -> String {
    let table: Vec<String> = table.splitn(2, '.').map(quote).collect();
    let names: Vec<String> = columns.iter().map(|name| quote(name)).collect();
    format!("{} ({})", table.join("."), names.join(", "))
}

impl Writer {
    fn push(&mut self, row: &Row, value_bytes_max: usize) -> Result<(), SqlError> {
        let (width, given) = (self.columns.len(), row.len());
        if width != given {
            return Err(conversion(format!(
                "the bulk-writer has {width} columns, a row has {given}"
            )));
        }
        let number = self.sent_rows + self.waiting_rows + 1;
        for (at, (value, (name, ty))) in row.iter().zip(&self.columns).enumerate() {
            let what = format!("row {number}, column {name}");
            if size::payload(value) > value_bytes_max {
                let message = format!("{what} has more than {value_bytes_max} bytes");
                return Err(SqlError::new(ErrorKind::Limit, message));
            }
            if at > 0 {
                self.waiting.push(b'\t');
            }
            match text(value, ty, &what)? {
                Some(text) => escape(&text, &mut self.waiting),
                None => self.waiting.extend_from_slice(b"\\N"),
            }
        }
        self.waiting.push(b'\n');
        self.waiting_rows += 1;
        Ok(())
    }

    /// What went wrong, in terms of the rows that the guest wrote.
    fn explain(&self, error: sqlx::Error) -> SqlError {
        let place = error
            .as_database_error()
            .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
            .and_then(PgDatabaseError::r#where)
            .and_then(place)
            .map(|(line, column)| (line, column.map(str::to_owned)));
        let error = guest_error(error, &Sent::plain(""));
        let message = match place {
            Some((line, column)) => {
                let row = self.sent_rows + line;
                let column = column.map(|name| format!(", column {name}")).unwrap_or_default();
                format!("row {row}{column}: {}", error.message)
            }
            None => error.message,
        };
        SqlError { message, offset: None, ..error }
    }
}

/// Line and column out of PostgreSQL's "COPY t, line 3, column a: …".
fn place(context: &str) -> Option<(u64, Option<&str>)> {
    let (_, rest) = context.lines().find(|l| l.starts_with("COPY "))?.split_once(", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let column = rest[digits..].strip_prefix(", column ").and_then(|rest| rest.split(':').next());
    Some((rest[..digits].parse().ok()?, column))
}

/// As COPY's text format wants it: line and column ends and the backslash are written out.
fn escape(text: &str, into: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => into.extend_from_slice(b"\\\\"),
            b'\n' => into.extend_from_slice(b"\\n"),
            b'\r' => into.extend_from_slice(b"\\r"),
            b'\t' => into.extend_from_slice(b"\\t"),
            byte => into.push(byte),
        }
    }
}

impl PostgresConnection {
    pub(super) async fn writer_into(
        &mut self,
        table: &str,
        columns: &[String],
    ) -> Result<Handle, SqlError> {
        // A writer whose handle was dropped unfinished still holds its rows.
        if self.handles.writers.len() >= self.config.limits.cursors_max {
            let max = self.config.limits.cursors_max;
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!("more than {max} unfinished bulk-writers"),
            ));
        }
        if columns.is_empty() || columns.len() > COLUMNS_MAX {
            return Err(conversion(format!("a bulk-writer takes 1 to {COLUMNS_MAX} columns")));
        }
        let target = target(table, columns);
        let marks: Vec<String> = (1..=columns.len()).map(|number| format!("${number}")).collect();
        // An unknown table or column is told now, and so is what is not for guests.
        let probe = format!("INSERT INTO {target} VALUES ({})", marks.join(", "));
        self.checked(&probe)?;
        self.ready_for_guest(Wants::Own).await?;
        let types = self
            .parameter_types(&Sent::plain(&probe))
            .await
            .map_err(|error| SqlError { offset: None, ..error })?;
        let handle = self.handles.next();
        let writer = Writer {
            copy: format!("COPY {target} FROM STDIN"),
            columns: columns.iter().cloned().zip(types).collect(),
            waiting: Vec::new(),
            waiting_rows: 0,
            sent_rows: 0,
        };
        self.handles.writers.insert(handle, writer);
        Ok(handle)
    }

    pub(super) async fn write_rows(
        &mut self,
        writer: Handle,
        rows: Vec<Row>,
    ) -> Result<u64, SqlError> {
        let value_bytes_max = self.config.limits.value_bytes_max;
        let mut inserted = 0;
        for row in &rows {
            let open = self.writer(writer)?;
            open.push(row, value_bytes_max)?;
            if open.waiting.len() >= WAITING_BYTES_MAX {
                inserted += self.flush(writer).await?;
            }
        }
        self.writer(writer)?;
        Ok(inserted)
    }

    pub(super) async fn finish_rows(&mut self, writer: Handle) -> Result<u64, SqlError> {
        let inserted = self.flush(writer).await?;
        self.handles.writers.remove(&writer);
        Ok(inserted)
    }

    async fn flush(&mut self, writer: Handle) -> Result<u64, SqlError> {
        let open = self.writer(writer)?;
        if open.waiting_rows == 0 {
            return Ok(0);
        }
        let (copy, data) = (open.copy.clone(), std::mem::take(&mut open.waiting));
        self.ready_for_guest(Wants::Own).await?;
        let copied = self.link.copy(copy, data).await;
        let open = self.writer(writer)?;
        let inserted = copied.map_err(|error| open.explain(error))?;
        open.sent_rows += std::mem::take(&mut open.waiting_rows);
        Ok(inserted)
    }

    fn writer(&mut self, writer: Handle) -> Result<&mut Writer, SqlError> {
        self.handles
            .writers
            .get_mut(&writer)
            .ok_or_else(|| SqlError::new(ErrorKind::Other, "the bulk-writer is finished"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Value;

    #[test]
    fn names_are_quoted() {
        let columns = ["a".to_owned(), "b\"c".to_owned()];
        assert_eq!(target("t", &columns), r#""t" ("a", "b""c")"#);
        assert_eq!(target("s.t", &columns[..1]), r#""s"."t" ("a")"#);
    }

    #[test]
    fn rows_become_lines() {
        let columns =
            [25, 23].map(|oid| ("c".to_owned(), Type::built_in(oid).expect("built in"))).to_vec();
        let mut writer = Writer {
            copy: String::new(),
            columns,
            waiting: Vec::new(),
            waiting_rows: 0,
            sent_rows: 0,
        };
        writer.push(&vec![Value::Text("a\tb\\\n".into()), Value::Int64(-1)], 100).unwrap();
        writer.push(&vec![Value::Null, Value::Text("\\.".into())], 100).unwrap();
        assert_eq!(String::from_utf8_lossy(&writer.waiting), "a\\tb\\\\\\n\t-1\n\\N\t\\\\.\n");
        assert!(writer.push(&vec![Value::Null], 100).is_err(), "too narrow");
        let long = vec![Value::Text("x".repeat(101)), Value::Null];
        assert_eq!(writer.push(&long, 100).unwrap_err().kind, ErrorKind::Limit);
    }

    #[test]
    fn places_are_found() {
        let table = [
            ("COPY t, line 3, column a: \"x\"", Some((3, Some("a")))),
            ("PL/pgSQL function f()\nCOPY t, line 12: \"x\"", Some((12, None))),
            ("something else", None),
        ];
        for (context, expected) in table {
            assert_eq!(place(context), expected, "{context}");
        }
    }
}
