//! Values of the WIT package to and from SQLite's five storage classes.
//!
//! SQLite stores dates, decimals and the like as text or numbers; a column's declared type determines the case that they
//! come back as. A value that SQLite cannot hold is a conversion error, never a loss.

use crate::session::{Column, ErrorKind, Row, SqlError, Value};
use sqlx::{
    Decode, Row as _, Sqlite, TypeInfo, ValueRef,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

/// The largest integer that travels as `int64`: some guest languages hold integers in a double.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Binds one parameter.
pub(super) fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: Value,
) -> Result<Query<'q, Sqlite, SqliteArguments>, SqlError> {
    Ok(match value {
        Value::Null => query.bind(None::<String>),
        Value::Boolean(value) => query.bind(i64::from(value)),
        Value::Int64(value) => query.bind(value),
        Value::BigInteger(digits) => query.bind(big_integer(&digits)?),
        Value::Float64(value) if value.is_nan() => {
            return Err(conversion("SQLite has no NaN: it would store NULL"));
        }
        Value::Float64(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        Value::Decimal(text)
        | Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::Timestamptz(text)
        | Value::Uuid(text)
        | Value::Json(text)
        | Value::Other { text, .. } => query.bind(text),
    })
}

fn big_integer(digits: &str) -> Result<i64, SqlError> {
    let body = digits.strip_prefix('-').unwrap_or(digits);
    if body.is_empty() || !body.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(conversion("a big-integer is decimal digits with an optional minus sign"));
    }
    digits.parse().map_err(|_| {
        conversion(format!(
            "SQLite holds integers of 64 bits; {digits} does not fit: store it as text"
        ))
    })
}

fn conversion(message: impl Into<String>) -> SqlError {
    SqlError::new(ErrorKind::Conversion, message)
}

/// The reading of a column's text and numbers, from its declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    None,
    Boolean,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Decimal,
    Uuid,
    Json,
}

impl Hint {
    pub(super) fn of(column: &Column) -> Self {
        let declared = column.type_name.to_ascii_lowercase();
        let base = declared.split('(').next().unwrap_or_default().trim();
        match base {
            "bool" | "boolean" => Self::Boolean,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" | "timestamp" | "timestamp without time zone" => Self::Timestamp,
            "timestamptz" | "timestamp with time zone" => Self::Timestamptz,
            "decimal" | "numeric" => Self::Decimal,
            "uuid" => Self::Uuid,
            "json" | "jsonb" => Self::Json,
            _ => Self::None,
        }
    }
}

/// Decodes a row of as many columns as `hints`, starting at column `skip`.
pub(super) fn decode_row(
    row: &SqliteRow,
    skip: usize,
    columns: &[Column],
    hints: &[Hint],
) -> Result<Row, SqlError> {
    hints
        .iter()
        .enumerate()
        .map(|(at, hint)| {
            decode(row, at + skip, *hint).map_err(|reason| {
                let name = columns.get(at).map_or("?", |column| column.name.as_str());
                conversion(format!("column {name}: {reason}"))
            })
        })
        .collect()
}

fn decode(row: &SqliteRow, at: usize, hint: Hint) -> Result<Value, String> {
    let raw = row.try_get_raw(at).map_err(|error| error.to_string())?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let class = raw.type_info().name().to_owned();
    let failed = |error: sqlx::error::BoxDynError| error.to_string();
    match class.as_str() {
        "INTEGER" => {
            let value = <i64 as Decode<Sqlite>>::decode(raw).map_err(failed)?;
            Ok(match (hint, value) {
                (Hint::Boolean, 0 | 1) => Value::Boolean(value == 1),
                (Hint::Decimal, _) => Value::Decimal(value.to_string()),
                _ if value.unsigned_abs() > SAFE_INTEGER_MAX => {
                    Value::BigInteger(value.to_string())
                }
                _ => Value::Int64(value),
            })
        }
        "REAL" => {
            let value = <f64 as Decode<Sqlite>>::decode(raw).map_err(failed)?;
            Ok(match hint {
                Hint::Decimal if value.is_finite() => Value::Decimal(value.to_string()),
                _ => Value::Float64(value),
            })
        }
        "BLOB" => <Vec<u8> as Decode<Sqlite>>::decode(raw).map(Value::Bytes).map_err(failed),
        _ => {
            let text = <String as Decode<Sqlite>>::decode(raw)
                .map_err(|_| "text that is not UTF-8; read it as CAST(… AS BLOB)".to_owned())?;
            Ok(match hint {
                Hint::None | Hint::Boolean => Value::Text(text),
                Hint::Date => Value::Date(text),
                Hint::Time => Value::Time(text),
                Hint::Timestamp => Value::Timestamp(text),
                Hint::Timestamptz => Value::Timestamptz(text),
                Hint::Decimal => Value::Decimal(text),
                Hint::Uuid => Value::Uuid(text),
                Hint::Json => Value::Json(text),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types() {
        let table = [
            ("BOOLEAN", Hint::Boolean),
            ("decimal(10, 2)", Hint::Decimal),
            ("TIMESTAMP", Hint::Timestamp),
            ("timestamp with time zone", Hint::Timestamptz),
            ("VARCHAR(20)", Hint::None),
            ("", Hint::None),
        ];
        for (type_name, hint) in table {
            let column = Column { name: String::new(), type_name: type_name.into() };
            assert_eq!(Hint::of(&column), hint, "{type_name}");
        }
    }

    #[test]
    fn big_integers() {
        assert_eq!(big_integer("-9223372036854775808"), Ok(i64::MIN));
        for digits in ["9223372036854775808", "", "-", "1e3", "+1", " 1"] {
            assert!(big_integer(digits).is_err(), "{digits}");
        }
    }
}
