//! Results: the server's text of a value becomes a [`Value`], for every type alike.
//!
//! Text is what PostgreSQL can give of every type without loss. Nothing here talks to a server.

use super::{
    instant,
    text::from_hex,
    types::{self, Kind},
};
use crate::session::Value;

/// Integers up to this travel as `int64`: some guest languages hold them in a double.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// What the server sent for a column of the type `oid`. The name of a type that is not built in is
/// left empty, to be filled in when it is known.
pub(super) fn decode(oid: u32, bytes: Option<&[u8]>) -> Result<Value, String> {
    let Some(bytes) = bytes else { return Ok(Value::Null) };
    let (kind, name) = types::kind(oid);
    if kind == Kind::Bytes {
        return from_hex(bytes).map(Value::Bytes).ok_or_else(|| changed("bytea_output"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| changed("client_encoding"))?.to_owned();
    Ok(match kind {
        Kind::Boolean => Value::Boolean(text == "t"),
        Kind::Integer => integer(text)?,
        Kind::Float => Value::Float64(text.parse().map_err(|_| format!("{text} is no number"))?),
        Kind::Decimal => Value::Decimal(text),
        Kind::Text | Kind::Bytes => Value::Text(text),
        Kind::Date => Value::Date(is_iso(&text)?.to_owned()),
        Kind::Time => Value::Time(text),
        Kind::Timestamp => Value::Timestamp(timestamp(&text)?),
        Kind::Timestamptz => Value::Timestamptz(timestamptz(&text)?),
        Kind::Uuid => Value::Uuid(text),
        Kind::Json => Value::Json(text),
        Kind::Other => Value::Other { type_name: name.unwrap_or_default().to_owned(), text },
    })
}

/// A guest may change how its session writes values, but then they cannot be read.
fn changed(setting: &str) -> String {
    format!("the hook changed {setting}, so that the value cannot be read")
}

fn integer(text: String) -> Result<Value, String> {
    let value: i64 = text.parse().map_err(|_| format!("{text} is no integer"))?;
    Ok(match value.unsigned_abs() > SAFE_INTEGER_MAX {
        true => Value::BigInteger(text),
        false => Value::Int64(value),
    })
}

/// `infinity` has no form in ISO 8601, years before 1 and after 9999 have none that all readers
/// know: these keep the server's text.
fn is_iso(text: &str) -> Result<&str, String> {
    let starts = |c: Option<&u8>| c.is_some_and(u8::is_ascii_digit);
    let dashed = text.find('-').is_some_and(|at| at >= 4);
    let infinite = matches!(text, "infinity" | "-infinity");
    if infinite || (dashed && starts(text.as_bytes().first())) {
        Ok(text)
    } else {
        Err(changed("DateStyle"))
    }
}

fn is_usual(text: &str) -> bool {
    text.as_bytes().get(4) == Some(&b'-') && !text.ends_with("BC")
}

fn timestamp(text: &str) -> Result<String, String> {
    let text = is_iso(text)?;
    Ok(if is_usual(text) { text.replacen(' ', "T", 1) } else { text.to_owned() })
}

/// In UTC, whatever zone the server wrote it in.
fn timestamptz(text: &str) -> Result<String, String> {
    if matches!(text, "infinity" | "-infinity") {
        return Ok(text.to_owned());
    }
    instant::in_utc(text).ok_or_else(|| changed("DateStyle"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_server() {
        let other = |text: &str| Value::Other { type_name: String::new(), text: text.into() };
        let table: &[(u32, &str, Value)] = &[
            (16, "t", Value::Boolean(true)),
            (16, "f", Value::Boolean(false)),
            (20, "9007199254740991", Value::Int64(9_007_199_254_740_991)),
            (20, "-9007199254740992", Value::BigInteger("-9007199254740992".into())),
            (700, "0.1", Value::Float64(0.1)),
            (701, "-Infinity", Value::Float64(f64::NEG_INFINITY)),
            (1700, "NaN", Value::Decimal("NaN".into())),
            (1042, "a  ", Value::Text("a  ".into())),
            (17, "\\x00ff", Value::Bytes(vec![0, 255])),
            (1082, "0001-01-01", Value::Date("0001-01-01".into())),
            (1082, "infinity", Value::Date("infinity".into())),
            (1082, "0044-03-15 BC", Value::Date("0044-03-15 BC".into())),
            (1114, "2024-02-29 23:59:59.5", Value::Timestamp("2024-02-29T23:59:59.5".into())),
            (1114, "0044-03-15 12:00:00 BC", Value::Timestamp("0044-03-15 12:00:00 BC".into())),
            (1184, "2024-02-29 23:59:59+00", Value::Timestamptz("2024-02-29T23:59:59Z".into())),
            (1184, "2024-03-01 01:59:59+02", Value::Timestamptz("2024-02-29T23:59:59Z".into())),
            (
                1184,
                "1900-01-01 00:00:00-04:56:02",
                Value::Timestamptz("1900-01-01T04:56:02Z".into()),
            ),
            (1184, "-infinity", Value::Timestamptz("-infinity".into())),
            (1186, "1 mon", other("1 mon")),
        ];
        for (oid, text, value) in table {
            assert_eq!(decode(*oid, Some(text.as_bytes())).as_ref(), Ok(value), "{text}");
        }
        assert_eq!(decode(23, None), Ok(Value::Null));
    }

    #[test]
    fn what_a_changed_session_sends_is_an_error() {
        let table: &[(u32, &[u8])] = &[
            (1082, b"29.02.2024"),
            (1114, b"Thu Feb 29 23:59:59 2024"),
            (17, b"\\000abc"),
            (25, b"\xe9"),
            (23, b"x"),
        ];
        for (oid, bytes) in table {
            assert!(decode(*oid, Some(bytes)).is_err(), "{oid}");
        }
    }
}
