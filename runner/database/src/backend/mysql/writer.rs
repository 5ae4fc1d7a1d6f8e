//! Bulk-writers on MySQL and MariaDB: rows gathered into INSERT statements of many rows.

use crate::{
    backend::{identifier::in_backticks as quote, size},
    session::{ErrorKind, Row, SqlError, Value},
};
use std::collections::VecDeque;

/// The protocol's limit on parameters of one statement.
const PARAMETERS_MAX: usize = 65_535;
const ROWS_MAX: usize = 500;
/// The most bytes of rows that wait for a whole batch, and of one batch unless a single row is larger: the server limits the
/// size of a message.
const BATCH_BYTES_MAX: usize = 256 << 10;

/// Rows that are waiting to be inserted.
#[derive(Debug)]
pub(super) struct Writer {
    insert: String,
    width: usize,
    waiting: VecDeque<Row>,
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
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            finishing: false,
        })
    }

    /// Returns a statement that inserts one row, to have table and columns checked.
    pub(super) fn probe(&self) -> String {
        self.statement(1)
    }

    /// Adds rows. Error: `Conversion`, if a row does not have as many values as the writer has columns.
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
        let enough = self.waiting.len() >= whole || self.waiting_bytes > BATCH_BYTES_MAX;
        if self.waiting.is_empty() || !(enough || self.finishing) {
            return None;
        }
        let (mut rows, mut bytes) = (0, 0);
        for row in self.waiting.iter().take(whole) {
            let size = size::of_row(row);
            if rows > 0 && bytes + size > BATCH_BYTES_MAX {
                break;
            }
            rows += 1;
            bytes += size;
        }
        self.waiting_bytes -= bytes;
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
        Writer::new("t", &["a".to_owned(), "b`c".to_owned()]).expect("two columns")
    }

    fn rows(count: i64) -> Vec<Row> {
        (0..count).map(|n| vec![Value::Int64(n), Value::Null]).collect()
    }

    fn sizes(writer: &mut Writer) -> Vec<usize> {
        std::iter::from_fn(|| writer.next_batch()).map(|(_, params)| params.len() / 2).collect()
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(writer().probe(), "INSERT INTO `t` (`a`, `b``c`) VALUES (?, ?)");
        let qualified = Writer::new("d.t", &["a".to_owned()]).expect("one column");
        assert_eq!(qualified.probe(), "INSERT INTO `d`.`t` (`a`) VALUES (?)");
    }

    #[test]
    fn batches_are_whole_until_the_end() {
        let mut writer = writer();
        writer.push(rows(1_001)).expect("fits");
        assert_eq!(sizes(&mut writer), [500, 500]);
        writer.finish();
        assert_eq!(sizes(&mut writer), [1]);
        assert_eq!(writer.waiting_bytes, 0);
    }

    #[test]
    fn large_rows_neither_wait_nor_travel_together() {
        let mut writer = writer();
        let large = vec![Value::Bytes(vec![0; BATCH_BYTES_MAX]), Value::Null];
        writer.push(vec![large.clone(), large]).expect("fits");
        assert_eq!(sizes(&mut writer), [1, 1]);
        assert_eq!(writer.waiting_bytes, 0);
    }

    #[test]
    fn a_row_of_another_width_is_refused() {
        assert!(writer().push(vec![vec![Value::Null]]).is_err());
    }
}
