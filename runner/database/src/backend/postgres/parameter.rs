//! Parameters: a [`Value`] becomes what a parameter of a known type takes.
//!
//! Where a value's case fits the type whatever it holds, it travels in binary. Everything else
//! travels as a literal: the server's own reading of that type decides, as it would for SQL typed by
//! hand, and its error tells the place, which an error about a binary value does not.

use super::{
    text::{hex, literal},
    types::{Type, oid},
};
use crate::session::{ErrorKind, SqlError, Value};
use sqlx::{
    Encode, Postgres,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, types::Oid},
};
use std::borrow::Cow;

/// One parameter on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Encoded {
    /// `None` is NULL.
    Binary(Option<Vec<u8>>),
    /// What the type's input function reads; `None` is NULL.
    Text(Option<String>),
}

/// Encodes `value` for a parameter or column of `ty`, called `what` in errors.
pub(super) fn encode(value: &Value, ty: &Type, what: &str) -> Result<Encoded, SqlError> {
    if let Some(bytes) = binary(value, ty.oid) {
        return Ok(Encoded::Binary(bytes));
    }
    Ok(Encoded::Text(text(value, ty, what)?.map(Cow::into_owned)))
}

/// The binary form, where case and type fit. Only of built-in types: about others sqlx would ask
/// the catalogue, and forget over that what it was about to run.
fn binary(value: &Value, oid: u32) -> Option<Option<Vec<u8>>> {
    Type::built_in(oid)?;
    let bytes = match (value, oid) {
        (Value::Null, _) => return Some(None),
        (Value::Boolean(value), oid::BOOL) => vec![u8::from(*value)],
        (Value::Int64(value), oid::INT8) => value.to_be_bytes().to_vec(),
        (Value::Int64(value), oid::INT4) => i32::try_from(*value).ok()?.to_be_bytes().to_vec(),
        (Value::Int64(value), oid::INT2) => i16::try_from(*value).ok()?.to_be_bytes().to_vec(),
        (Value::Float64(value), oid::FLOAT8) => value.to_be_bytes().to_vec(),
        (Value::Bytes(bytes), oid::BYTEA) => bytes.clone(),
        (Value::Text(text), oid::TEXT | oid::VARCHAR | oid::BPCHAR) if !text.contains('\0') => {
            text.as_bytes().to_vec()
        }
        _ => return None,
    };
    Some(Some(bytes))
}

/// The text that the type's input function is to read; `None` for NULL.
pub(super) fn text<'a>(
    value: &'a Value,
    ty: &Type,
    what: &str,
) -> Result<Option<Cow<'a, str>>, SqlError> {
    let text: Cow<'a, str> = match value {
        Value::Null => return Ok(None),
        Value::Boolean(value) => if *value { "true" } else { "false" }.into(),
        Value::Int64(value) => value.to_string().into(),
        Value::Float64(value) => float(*value).into(),
        Value::Bytes(bytes) if ty.base == oid::BYTEA => hex(bytes).into(),
        Value::Bytes(_) => {
            return Err(conversion(format!("{what} ({}) is not for bytes", ty.name)));
        }
        // Typed values are moments whatever the session's zone is.
        Value::Timestamptz(text) if !has_offset(text) => {
            return Err(conversion(format!("{what} ({}): a timestamptz needs an offset", ty.name)));
        }
        Value::Timestamp(text) if ty.base == oid::TIMESTAMPTZ && is_finite(text) => {
            format!("{text}Z").into()
        }
        Value::BigInteger(text)
        | Value::Decimal(text)
        | Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::Timestamptz(text)
        | Value::Uuid(text)
        | Value::Json(text)
        | Value::Other { text, .. } => text.as_str().into(),
    };
    if text.contains('\0') {
        let name = &ty.name;
        return Err(conversion(format!(
            "{what} ({name}) holds a NUL character, which PostgreSQL cannot store in text"
        )));
    }
    Ok(Some(text))
}

fn is_finite(text: &str) -> bool {
    !matches!(text.trim(), "infinity" | "-infinity" | "epoch")
}

/// Whether a moment says what it is ahead of UTC: `Z`, or a sign behind its time.
fn has_offset(text: &str) -> bool {
    let text = text.trim().trim_end_matches(" BC");
    let time = text.split_once(['T', ' ']).map_or("", |(_, time)| time);
    !is_finite(text) || time.ends_with(['Z', 'z']) || time.contains(['+', '-'])
}

/// Shortest text that reads back as the same number, with an exponent where digits would abound.
fn float(value: f64) -> String {
    if value == 0.0 || (1e-5..1e15).contains(&value.abs()) || !value.is_finite() {
        match value {
            f64::INFINITY => "Infinity".to_owned(),
            f64::NEG_INFINITY => "-Infinity".to_owned(),
            _ => value.to_string(),
        }
    } else {
        format!("{value:e}")
    }
}

/// The value as an expression of its type.
pub(super) fn expression(encoded: Option<&str>, ty: &Type) -> String {
    match encoded {
        Some(text) => format!("({}::{})", literal(text), ty.cast),
        None => format!("(NULL::{})", ty.cast),
    }
}

pub(super) fn conversion(message: impl Into<String>) -> SqlError {
    SqlError::new(ErrorKind::Conversion, message)
}

/// Bytes that are already in a type's binary form.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) oid: u32,
    pub(super) bytes: Option<Vec<u8>>,
}

impl sqlx::Type<Postgres> for Raw {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(oid::BYTEA))
    }
}

impl Encode<'_, Postgres> for Raw {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        buffer.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.oid)))
    }

    fn size_hint(&self) -> usize {
        self.bytes.as_ref().map_or(0, Vec::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: Value, oid: u32) -> Result<Encoded, SqlError> {
        encode(&value, &Type::built_in(oid).unwrap(), "parameter 1")
    }

    #[test]
    fn what_fits_is_binary() {
        let table = [
            (Value::Null, 1700, None),
            (Value::Boolean(true), oid::BOOL, Some(vec![1])),
            (Value::Int64(-2), oid::INT2, Some(vec![255, 254])),
            (Value::Int64(1), oid::INT8, Some(vec![0, 0, 0, 0, 0, 0, 0, 1])),
            (Value::Text("é".into()), oid::VARCHAR, Some("é".as_bytes().to_vec())),
            (Value::Bytes(vec![]), oid::BYTEA, Some(vec![])),
        ];
        for (value, oid, bytes) in table {
            assert_eq!(encoded(value, oid), Ok(Encoded::Binary(bytes)), "{oid}");
        }
    }

    #[test]
    fn everything_else_is_the_servers_to_read() {
        let table = [
            (Value::Int64(40_000), oid::INT2, "40000"),
            (Value::Text("12".into()), oid::INT4, "12"),
            (Value::Boolean(true), oid::TEXT, "true"),
            (Value::Float64(-0.0), 1700, "-0"),
            (Value::Float64(f64::NAN), 700, "NaN"),
            (Value::Float64(1e300), 700, "1e300"),
            (Value::Float64(2.0), oid::INT4, "2"),
            (Value::Timestamp("infinity".into()), 1114, "infinity"),
        ];
        for (value, oid, text) in table {
            assert_eq!(encoded(value, oid), Ok(Encoded::Text(Some(text.to_owned()))), "{text}");
        }
    }

    #[test]
    fn moments_depend_on_no_zone() {
        let zoned = oid::TIMESTAMPTZ;
        let table = [
            (Value::Timestamp("2024-03-01T00:00:00".into()), zoned, Some("2024-03-01T00:00:00Z")),
            (Value::Timestamp("infinity".into()), zoned, Some("infinity")),
            (Value::Timestamp("2024-03-01 00:00".into()), 1114, Some("2024-03-01 00:00")),
            (
                Value::Timestamptz("2024-03-01T00:00:00Z".into()),
                zoned,
                Some("2024-03-01T00:00:00Z"),
            ),
            (
                Value::Timestamptz("0044-03-15 12:00:00+00 BC".into()),
                zoned,
                Some("0044-03-15 12:00:00+00 BC"),
            ),
            (Value::Timestamptz("-infinity".into()), zoned, Some("-infinity")),
            (Value::Timestamptz("2024-03-01T00:00:00".into()), zoned, None),
            (Value::Timestamptz("2024-03-01".into()), zoned, None),
        ];
        for (value, oid, expected) in table {
            let encoded = encoded(value.clone(), oid).ok();
            let expected = expected.map(|text| Encoded::Text(Some(text.to_owned())));
            assert_eq!(encoded, expected, "{value:?}");
        }
    }

    #[test]
    fn what_cannot_be_held_is_named() {
        let error = encoded(Value::Text("a\0".into()), oid::TEXT).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Conversion);
        assert!(error.message.starts_with("parameter 1 (text) holds a NUL"), "{error}");
        assert!(encoded(Value::Bytes(vec![1]), oid::INT4).is_err());
    }
}
