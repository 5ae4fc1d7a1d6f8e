//! How much memory values take, and the bounds of a result that is gathered in it.

use crate::session::{ErrorKind, ResultLimit, Row, SqlError, Value};

/// Bytes of a value beyond the [`Value`] itself.
pub(super) fn payload(value: &Value) -> usize {
    match value {
        Value::Null | Value::Boolean(_) | Value::Int64(_) | Value::Float64(_) => 0,
        Value::Bytes(bytes) => bytes.len(),
        Value::Other { type_name, text } => type_name.len() + text.len(),
        Value::BigInteger(text)
        | Value::Decimal(text)
        | Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::Timestamptz(text)
        | Value::Uuid(text)
        | Value::Json(text) => text.len(),
    }
}

/// Bytes of a row.
pub(super) fn of_row(row: &Row) -> usize {
    row.iter().map(|value| std::mem::size_of::<Value>() + payload(value)).sum()
}

/// The rows of one result, up to a limit.
pub(super) struct Gathered {
    rows: Vec<Row>,
    bytes: usize,
    limit: ResultLimit,
}

impl Gathered {
    pub(super) fn up_to(limit: ResultLimit) -> Self {
        Self { rows: Vec::new(), bytes: 0, limit }
    }

    /// Takes one more row. Error: it is too much.
    pub(super) fn push(&mut self, row: Row) -> Result<(), SqlError> {
        let ResultLimit { rows_max, bytes_max } = self.limit;
        self.bytes += of_row(&row);
        if self.rows.len() == rows_max || self.bytes > bytes_max {
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!(
                    "the result has more than {rows_max} rows or {bytes_max} bytes; use a cursor"
                ),
            ));
        }
        self.rows.push(row);
        Ok(())
    }

    pub(super) fn rows(self) -> Vec<Row> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_bounded_by_rows_and_by_bytes() {
        let row = || vec![Value::Text("12345".to_owned()), Value::Null];
        let size = of_row(&row());
        assert_eq!(size, 2 * std::mem::size_of::<Value>() + 5);
        for (rows_max, bytes_max, fits) in
            [(2, 2 * size, 2), (1, 9 * size, 1), (9, 2 * size - 1, 1)]
        {
            let mut gathered = Gathered::up_to(ResultLimit { rows_max, bytes_max });
            let taken = (0..3).take_while(|_| gathered.push(row()).is_ok()).count();
            assert_eq!((taken, gathered.rows().len()), (fits, fits));
        }
    }
}
