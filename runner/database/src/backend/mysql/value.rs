//! Values out of a row, from the raw bytes of the protocol, without loss.
//!
//! sqlx's own types would refuse zero dates and long times, and would treat text with a binary collation as bytes. So only
//! its framing of rows is used. `parameter.rs` encodes parameters.

use super::{
    column::{Kind, TableHints, describe, origin},
    time,
    zone::{self, NoInstant, Zone},
};
use crate::session::{Column, ErrorKind, Row, SqlError, Value};
use sqlx::{Decode, MySql, Row as _, mysql::MySqlRow};
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
    sync::Arc,
};

/// The largest integer that travels as `int64`: some guest languages hold integers in a double.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// The two formats that the server has for the values of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Of a prepared statement.
    Binary,
    /// Of a statement that was sent as text.
    Text,
}

/// Decodes the rows of one result.
#[derive(Debug)]
pub(super) struct Decoder {
    pub(super) columns: Vec<Column>,
    kinds: Vec<Kind>,
    /// The periods of the TIMESTAMPs of the rows.
    pub(super) periods: BTreeSet<i64>,
}

/// Converts the TIMESTAMPs in decoded rows, which the server sends as local times, to instants.
#[derive(Debug)]
pub(super) struct Stamps {
    /// Positions, with their names.
    columns: Vec<(usize, String)>,
    zone: Zone,
}

impl Stamps {
    /// Makes the stamps for rows without any.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { columns: Vec::new(), zone: Zone::utc() }
    }

    /// Error: `Conversion`, naming the column.
    pub(super) fn convert(&self, row: &mut Row) -> Result<(), SqlError> {
        for (at, name) in &self.columns {
            let Some(Value::Timestamptz(text)) = row.get_mut(*at) else { continue };
            *text = self.zone.instant_of(text).map_err(|reason| {
                let why = match reason {
                    NoInstant::Twice => "occurs twice",
                    NoInstant::Never => "does not occur",
                    NoInstant::Unknown => "is not known to the server",
                };
                SqlError::new(
                    ErrorKind::Conversion,
                    format!(
                        "column {name}: the local time {text} {why} in {}, the session's time zone; \
                         read UNIX_TIMESTAMP({name})",
                        self.zone.name()
                    ),
                )
            })?;
        }
        Ok(())
    }
}

impl Decoder {
    /// `hints` by table, as [`origin`] names it.
    pub(super) fn new(
        columns: &[sqlx::mysql::MySqlColumn],
        hints: &HashMap<String, Arc<TableHints>>,
    ) -> Self {
        let (columns, kinds) = columns
            .iter()
            .map(|column| {
                let hint =
                    origin(column).and_then(|(table, name)| hints.get(&table)?.get(&name).copied());
                describe(column, hint)
            })
            .unzip();
        Self { columns, kinds, periods: BTreeSet::new() }
    }

    /// For the rows that were decoded, once `zone` knows their periods.
    pub(super) fn stamps(&self, zone: &Zone) -> Stamps {
        let names = self.columns.iter().map(|column| column.name.clone()).enumerate();
        let columns = names.zip(&self.kinds).filter(|(_, kind)| **kind == Kind::Timestamp);
        Stamps { columns: columns.map(|(column, _)| column).collect(), zone: zone.clone() }
    }

    /// Error: `Conversion`, naming the column.
    pub(super) fn row(&mut self, row: &MySqlRow, format: Format) -> Result<Row, SqlError> {
        let Self { columns, kinds, periods } = self;
        kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| {
                let value = raw(row, at).and_then(|bytes| value(*kind, bytes, format));
                if let (Kind::Timestamp, Ok(Value::Timestamptz(local))) = (kind, &value) {
                    periods.extend(zone::period_of(local));
                }
                value.map_err(|reason| {
                    let name = columns.get(at).map_or("?", |column| column.name.as_str());
                    SqlError::new(ErrorKind::Conversion, format!("column {name}: {reason}"))
                })
            })
            .collect()
    }
}

/// Returns the bytes of a column; `None` is NULL.
pub(super) fn raw(row: &MySqlRow, at: usize) -> Result<Option<&[u8]>, String> {
    let value = row.try_get_raw(at).map_err(|error| error.to_string())?;
    // Not `is_null`, which says it of zero dates too. Decoding bytes fails for NULL alone.
    Ok(<&[u8] as Decode<MySql>>::decode(value).ok())
}

/// Returns a text of the runner's own, whatever character set the server says it has: some of MySQL's
/// lists call their text bytes. `None` is NULL.
pub(super) fn own_text(row: &MySqlRow, at: usize) -> Result<Option<String>, sqlx::Error> {
    let bytes = raw(row, at).map_err(sqlx::Error::Protocol)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

/// Decodes one value. The bytes of a time keep their length byte in the binary format.
pub(super) fn value(kind: Kind, bytes: Option<&[u8]>, format: Format) -> Result<Value, String> {
    let Some(bytes) = bytes else { return Ok(Value::Null) };
    let binary = format == Format::Binary;
    Ok(match kind {
        Kind::Null => Value::Null,
        Kind::Boolean { signed } => match integer(bytes, signed, binary)? {
            Value::Int64(0) => Value::Boolean(false),
            Value::Int64(1) => Value::Boolean(true),
            other => other,
        },
        Kind::Integer { signed } => integer(bytes, signed, binary)?,
        Kind::Year => integer(bytes, false, binary)?,
        Kind::Float if binary => {
            let bytes = bytes.try_into().map_err(|_| wrong_length())?;
            // The shortest text of the 32 bits: 0.1 stays 0.1 and is the same 32 bits on the way back.
            Value::Float64(parse(&f32::from_le_bytes(bytes).to_string())?)
        }
        Kind::Double if binary => {
            let bytes = bytes.try_into().map_err(|_| wrong_length())?;
            Value::Float64(f64::from_le_bytes(bytes))
        }
        Kind::Float | Kind::Double => Value::Float64(parse(&text(bytes)?)?),
        Kind::Bit => unsigned(bytes.iter().try_fold(0_u64, |bits, byte| {
            bits.checked_mul(256).map(|bits| bits | u64::from(*byte)).ok_or_else(wrong_length)
        })?),
        Kind::Decimal => Value::Decimal(text(bytes)?),
        Kind::Date if binary => Value::Date(time::date(bytes, false)?),
        Kind::Time if binary => Value::Time(time::time(bytes)?),
        Kind::Datetime if binary => Value::Timestamp(time::date(bytes, true)?),
        // Still local: see [`Stamps`].
        Kind::Timestamp if binary => Value::Timestamptz(time::date(bytes, true)?),
        Kind::Date => Value::Date(text(bytes)?),
        Kind::Time => Value::Time(time::shortened(&text(bytes)?)),
        Kind::Datetime => Value::Timestamp(time::moment(&text(bytes)?)),
        Kind::Timestamp => Value::Timestamptz(time::moment(&text(bytes)?)),
        Kind::Text => Value::Text(text(bytes)?),
        Kind::Bytes => Value::Bytes(bytes.to_vec()),
        Kind::Json => Value::Json(text(bytes)?),
        Kind::Uuid => Value::Uuid(text(bytes)?),
        Kind::Geometry => {
            Value::Other { type_name: super::parameter::GEOMETRY.to_owned(), text: hex(bytes) }
        }
        Kind::Named(name) => Value::Other { type_name: name.to_owned(), text: text(bytes)? },
    })
}

fn integer(bytes: &[u8], signed: bool, binary: bool) -> Result<Value, String> {
    if !binary {
        let digits = text(bytes)?;
        return if digits.starts_with('-') {
            parse(&digits).map(integer_of_i64)
        } else {
            parse(&digits).map(unsigned)
        };
    }
    if bytes.is_empty() || bytes.len() > 8 {
        return Err(wrong_length());
    }
    let negative = signed && bytes.last().is_some_and(|byte| *byte >= 0x80);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Ok(if signed {
        integer_of_i64(i64::from_le_bytes(wide))
    } else {
        unsigned(u64::from_le_bytes(wide))
    })
}

fn integer_of_i64(value: i64) -> Value {
    if value.unsigned_abs() > SAFE_INTEGER_MAX {
        Value::BigInteger(value.to_string())
    } else {
        Value::Int64(value)
    }
}

fn unsigned(value: u64) -> Value {
    match i64::try_from(value) {
        Ok(value) => integer_of_i64(value),
        Err(_) => Value::BigInteger(value.to_string()),
    }
}

fn text(bytes: &[u8]) -> Result<String, String> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| "text that is not UTF-8; read it as CAST(… AS BINARY)".to_owned())
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "the server sent a number that is none".to_owned())
}

fn wrong_length() -> String {
    "the server sent a number of a wrong length".to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_binary_format() {
        let int = |signed| Kind::Integer { signed };
        let big = |digits: &str| Value::BigInteger(digits.to_owned());
        let table: [(Kind, &[u8], Value); 11] = [
            (int(true), &[0xff], Value::Int64(-1)),
            (int(false), &[0xff], Value::Int64(255)),
            (int(true), &[0, 0x80], Value::Int64(-32_768)),
            (int(true), &i64::MIN.to_le_bytes(), big("-9223372036854775808")),
            (int(false), &u64::MAX.to_le_bytes(), big("18446744073709551615")),
            (int(true), &((1_i64 << 53) - 1).to_le_bytes(), Value::Int64((1 << 53) - 1)),
            (int(true), &(1_i64 << 53).to_le_bytes(), big("9007199254740992")),
            (Kind::Boolean { signed: true }, &[1], Value::Boolean(true)),
            (Kind::Boolean { signed: true }, &[2], Value::Int64(2)),
            (Kind::Float, &0.1_f32.to_le_bytes(), Value::Float64(0.1)),
            (Kind::Bit, &[1, 0], Value::Int64(256)),
        ];
        for (kind, bytes, expected) in table {
            assert_eq!(value(kind, Some(bytes), Format::Binary), Ok(expected), "{kind:?}");
        }
        for (kind, bytes) in [(int(true), &[][..]), (Kind::Double, &[1]), (Kind::Bit, &[9; 9])] {
            assert!(value(kind, Some(bytes), Format::Binary).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn values_of_the_text_format() {
        let table: [(Kind, &str, Value); 5] = [
            (Kind::Integer { signed: true }, "-5", Value::Int64(-5)),
            (Kind::Double, "1e300", Value::Float64(1e300)),
            (Kind::Timestamp, "2024-02-29 01:02:03.500000", {
                Value::Timestamptz("2024-02-29T01:02:03.5".to_owned())
            }),
            (Kind::Date, "0000-00-00", Value::Date("0000-00-00".to_owned())),
            (Kind::Geometry, "\u{1}", {
                Value::Other { type_name: "geometry".to_owned(), text: "01".to_owned() }
            }),
        ];
        for (kind, bytes, expected) in table {
            let found = value(kind, Some(bytes.as_bytes()), Format::Text);
            assert_eq!(found, Ok(expected), "{bytes}");
        }
        assert!(value(Kind::Text, Some(&[0xff]), Format::Text).is_err());
        assert_eq!(value(Kind::Text, None, Format::Text), Ok(Value::Null));
    }
}
