//! Bulk-writers on SQLite: rows gathered into INSERT statements of many rows.

use crate::{
    backend::{identifier::in_quotes as quote, size},
    session::{ErrorKind, Row, SqlError, Value},
};

/// SQLite's limit on parameters of one statement.
const PARAMETERS_MAX: usize = 32_766;
const ROWS_MAX: usize = 500;
/// The bytes of rows that wait for a whole batch at most. Without it a guest could make 499 rows of the largest size wait
/// in each writer.
const WAITING_BYTES_MAX: usize = 256 << 10;

/// Rows that are waiting to be inserted.
#[derive(Debug)]
pub(super) struct Writer {
    insert: String,
    width: usize,
    waiting: std::collections::VecDeque<Row>,
    waiting_bytes: usize,
    finishing: bool,
}

impl Writer {
    pub(super) fn new(table: &str, columns: &[String]) -> Result<Self, SqlError> {
        if columns.is_empty() || columns.len() > PARAMETERS_MAX {
            return Err(SqlError::new(
                ErrorKind::Conversion,
                format!("a bulk-writer takes 1 to {PARAMETERS_MAX} columns"),
            ));
        }
        let table: Vec<String> = table.splitn(2, '.').map(quote).collect();
        let names: Vec<String> = columns.iter().map(|name| quote(name)).collect();
        Ok(Self {
            insert: format!("INSERT INTO {} ({}) VALUES ", table.join("."), names.join(", ")),
            width: columns.len(),
            waiting: std::collections::VecDeque::new(),
            waiting_bytes: 0,
            finishing: false,
        })
    }

    /// Returns a statement that inserts one row, to have table and columns checked.
    pub(super) fn probe(&self) -> String {
        self.statement(1)
    }

    pub(super) fn push(&mut self, rows: Vec<Row>) -> Result<(), SqlError> {
        if let Some(row) = rows.iter().find(|row| row.len() != self.width) {
            return Err(SqlError::new(
                ErrorKind::Conversion,
                format!("the bulk-writer has {} columns, a row has {}", self.width, row.len()),
            ));
        }
        self.waiting_bytes += rows.iter().map(size::of_row).sum::<usize>();
        self.waiting.extend(rows);
        Ok(())
    }

    /// Ends the input: from here on [`Writer::next_batch`] returns the rows that are left, however few.
    pub(super) fn finish(&mut self) {
        self.finishing = true;
    }

    /// Returns the next statement and its parameters; `None` until enough rows are waiting for a whole batch, so that few
    /// different statements are prepared.
    pub(super) fn next_batch(&mut self) -> Option<(String, Vec<Value>)> {
        let whole = ROWS_MAX.min(PARAMETERS_MAX / self.width).max(1);
        let rows = match self.waiting.len() {
            0 => return None,
            waiting if waiting >= whole => whole,
            _ if !self.finishing && self.waiting_bytes <= WAITING_BYTES_MAX => return None,
            waiting => waiting,
        };
        self.waiting_bytes -= self.waiting.iter().take(rows).map(size::of_row).sum::<usize>();
        let params = self.waiting.drain(..rows).flatten().collect();
        Some((self.statement(rows), params))
    }

    fn statement(&self, rows: usize) -> String {
        let one = format!("({})", vec!["?"; self.width].join(", "));
        format!("{}{}", self.insert, vec![one; rows].join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        Writer::new("t", &["a".to_owned(), "b\"c".to_owned()]).unwrap()
    }

    fn rows(count: i64) -> Vec<Row> {
        (0..count).map(|n| vec![Value::Int64(n), Value::Null]).collect()
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(writer().probe(), r#"INSERT INTO "t" ("a", "b""c") VALUES (?, ?)"#);
        let qualified = Writer::new("main.t", &["a".to_owned()]).unwrap();
        assert_eq!(qualified.probe(), r#"INSERT INTO "main"."t" ("a") VALUES (?)"#);
    }

    #[test]
    fn batches_are_whole_until_the_end() {
        let mut writer = writer();
        writer.push(rows(1_001)).unwrap();
        let sizes: Vec<usize> =
            std::iter::from_fn(|| writer.next_batch()).map(|(_, params)| params.len()).collect();
        assert_eq!(sizes, [1_000, 1_000]);
        writer.finish();
        assert_eq!(writer.next_batch().unwrap().1, [Value::Int64(1_000), Value::Null]);
        assert!(writer.next_batch().is_none());
    }

    #[test]
    fn large_rows_do_not_wait() {
        let mut writer = writer();
        let large = vec![Value::Bytes(vec![0; WAITING_BYTES_MAX]), Value::Null];
        writer.push(vec![large.clone()]).unwrap();
        assert_eq!(writer.next_batch().unwrap().1, large);
        assert_eq!((writer.next_batch(), writer.waiting_bytes), (None, 0));
    }

    #[test]
    fn a_row_of_another_width_is_refused() {
        assert!(writer().push(vec![vec![Value::Null]]).is_err());
    }
}
