//! Conversions between the generated WIT types and the session's own.

use super::bindings::runner::alteration::types as wit;
use crate::session::{Column, ErrorKind, Outcome, Row, SqlError, Value};

pub(super) fn from_guest(value: wit::Value) -> Value {
    match value {
        wit::Value::Null => Value::Null,
        wit::Value::Boolean(v) => Value::Boolean(v),
        wit::Value::Int64(v) => Value::Int64(v),
        wit::Value::BigInteger(v) => Value::BigInteger(v),
        wit::Value::Float64(v) => Value::Float64(v),
        wit::Value::Decimal(v) => Value::Decimal(v),
        wit::Value::Text(v) => Value::Text(v),
        wit::Value::Bytes(v) => Value::Bytes(v),
        wit::Value::Date(v) => Value::Date(v),
        wit::Value::Time(v) => Value::Time(v),
        wit::Value::Timestamp(v) => Value::Timestamp(v),
        wit::Value::Timestamptz(v) => Value::Timestamptz(v),
        wit::Value::Uuid(v) => Value::Uuid(v),
        wit::Value::Json(v) => Value::Json(v),
        wit::Value::Other(wit::OtherValue { type_name, text }) => Value::Other { type_name, text },
    }
}

pub(super) fn to_guest(value: Value) -> wit::Value {
    match value {
        Value::Null => wit::Value::Null,
        Value::Boolean(v) => wit::Value::Boolean(v),
        Value::Int64(v) => wit::Value::Int64(v),
        Value::BigInteger(v) => wit::Value::BigInteger(v),
        Value::Float64(v) => wit::Value::Float64(v),
        Value::Decimal(v) => wit::Value::Decimal(v),
        Value::Text(v) => wit::Value::Text(v),
        Value::Bytes(v) => wit::Value::Bytes(v),
        Value::Date(v) => wit::Value::Date(v),
        Value::Time(v) => wit::Value::Time(v),
        Value::Timestamp(v) => wit::Value::Timestamp(v),
        Value::Timestamptz(v) => wit::Value::Timestamptz(v),
        Value::Uuid(v) => wit::Value::Uuid(v),
        Value::Json(v) => wit::Value::Json(v),
        Value::Other { type_name, text } => wit::Value::Other(wit::OtherValue { type_name, text }),
    }
}

pub(super) fn row_from_guest(row: Vec<wit::Value>) -> Row {
    row.into_iter().map(from_guest).collect()
}

pub(super) fn row_to_guest(row: Row) -> Vec<wit::Value> {
    row.into_iter().map(to_guest).collect()
}

pub(super) fn columns_to_guest(columns: &[Column]) -> Vec<wit::Column> {
    columns
        .iter()
        .map(|Column { name, type_name }| wit::Column {
            name: name.clone(),
            type_name: type_name.clone(),
        })
        .collect()
}

pub(super) fn outcome_to_guest(outcome: Outcome) -> wit::Outcome {
    let Outcome { rows_affected, last_insert_id } = outcome;
    wit::Outcome { rows_affected, last_insert_id }
}

pub(super) fn error_to_guest(error: &SqlError) -> wit::Error {
    wit::Error {
        kind: match error.kind {
            ErrorKind::Constraint => wit::ErrorKind::Constraint,
            ErrorKind::Serialization => wit::ErrorKind::Serialization,
            ErrorKind::Denied => wit::ErrorKind::Denied,
            ErrorKind::Limit => wit::ErrorKind::Limit,
            ErrorKind::Syntax => wit::ErrorKind::Syntax,
            ErrorKind::Conversion => wit::ErrorKind::Conversion,
            ErrorKind::Disconnected => wit::ErrorKind::Disconnected,
            ErrorKind::Other => wit::ErrorKind::Other,
        },
        message: error.message.clone(),
        sqlstate: error.sqlstate.clone(),
        constraint: error.constraint.clone(),
        retryable: error.retryable,
    }
}

/// Turns rows into columns, each in the narrowest case that holds all of its values.
pub(super) fn transpose(rows: Vec<Row>, width: usize) -> Vec<wit::ColumnData> {
    let mut columns: Vec<Vec<Value>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns.into_iter().map(column_data).collect()
}

fn column_data(values: Vec<Value>) -> wit::ColumnData {
    // A column of nothing but nulls fits every case; the first one takes it.
    if values.iter().all(|value| matches!(value, Value::Int64(_) | Value::Null)) {
        return wit::ColumnData::Int64(collect(values, |value| match value {
            Value::Int64(v) => Some(v),
            _ => None,
        }));
    }
    if values.iter().all(|value| matches!(value, Value::Float64(_) | Value::Null)) {
        return wit::ColumnData::Float64(collect(values, |value| match value {
            Value::Float64(v) => Some(v),
            _ => None,
        }));
    }
    if values.iter().all(|value| matches!(value, Value::Text(_) | Value::Null)) {
        return wit::ColumnData::Text(collect(values, |value| match value {
            Value::Text(v) => Some(v),
            _ => None,
        }));
    }
    wit::ColumnData::Mixed(values.into_iter().map(to_guest).collect())
}

fn collect<T>(values: Vec<Value>, pick: impl Fn(Value) -> Option<T>) -> Vec<Option<T>> {
    values.into_iter().map(pick).collect()
}

/// Turns columns into rows. All columns must be as long as the first, and as many as `width`.
pub(super) fn rows_of(columns: Vec<wit::ColumnData>, width: usize) -> Result<Vec<Row>, SqlError> {
    let wrong = |message: String| SqlError::new(ErrorKind::Conversion, message);
    if columns.len() != width {
        let found = columns.len();
        return Err(wrong(format!("the bulk-writer has {width} columns, {found} were given")));
    }
    let columns: Vec<Vec<Value>> = columns.into_iter().map(values).collect();
    let length = columns.first().map_or(0, Vec::len);
    if let Some((at, column)) = columns.iter().enumerate().find(|(_, c)| c.len() != length) {
        let found = column.len();
        return Err(wrong(format!(
            "columns differ in length: the first has {length} values, number {} has {found}",
            at + 1
        )));
    }
    let mut rows: Vec<Row> = (0..length).map(|_| Vec::with_capacity(width)).collect();
    for column in columns {
        for (row, value) in rows.iter_mut().zip(column) {
            row.push(value);
        }
    }
    Ok(rows)
}

fn values(column: wit::ColumnData) -> Vec<Value> {
    fn or_null<T>(values: Vec<Option<T>>, wrap: impl Fn(T) -> Value) -> Vec<Value> {
        values.into_iter().map(|value| value.map_or(Value::Null, &wrap)).collect()
    }
    match column {
        wit::ColumnData::Int64(values) => or_null(values, Value::Int64),
        wit::ColumnData::Float64(values) => or_null(values, Value::Float64),
        wit::ColumnData::Text(values) => or_null(values, Value::Text),
        wit::ColumnData::Mixed(values) => values.into_iter().map(from_guest).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_take_the_narrowest_case() {
        let rows = vec![
            vec![Value::Int64(1), Value::Null, Value::Text("a".into()), Value::Int64(1)],
            vec![Value::Null, Value::Null, Value::Null, Value::Text("b".into())],
        ];
        let columns = transpose(rows.clone(), 4);
        assert_eq!(columns[0], wit::ColumnData::Int64(vec![Some(1), None]));
        assert_eq!(columns[1], wit::ColumnData::Int64(vec![None, None]));
        assert_eq!(columns[2], wit::ColumnData::Text(vec![Some("a".into()), None]));
        assert!(matches!(columns[3], wit::ColumnData::Mixed(_)));
        assert_eq!(rows_of(columns, 4).unwrap(), rows);
    }

    #[test]
    fn ragged_columns_are_refused() {
        let column = |length| wit::ColumnData::Int64(vec![Some(1); length]);
        assert!(rows_of(vec![column(2), column(3)], 2).is_err());
        assert!(rows_of(vec![column(2)], 2).is_err());
        assert_eq!(rows_of(vec![column(0), column(0)], 2), Ok(vec![]));
    }
}
