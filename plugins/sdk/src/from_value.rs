//! From database values to Rust: `FromValue`.
//!
//! Refuses what would lose something; it never rounds, truncates or guesses.

use crate::{
    error::{Error, Result},
    raw::types::Value,
};

/// A Rust type that a database value can become.
///
/// - Integers come from `int64` and `big-integer`, checked for their range; `bool` also from 0 and
///   1,
///   because SQLite and MySQL have no other booleans.
/// - `f64` comes from `float64`, and from integers that a double holds exactly.
/// - `String` comes from every case that travels as text: `text`, `decimal`, `date`, `time`,
///   `timestamp`,
///   `timestamptz`, `uuid`, `json`, `big-integer` and `other`.
/// - `Vec<u8>` comes from `bytes`.
/// - [`Option`] takes null; anything else refuses it.
pub trait FromValue: Sized {
    /// Converts, or says what was found instead.
    fn from_value(value: Value) -> Result<Self>;
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Boolean(value) => Ok(value),
            Value::Int64(0) => Ok(false),
            Value::Int64(1) => Ok(true),
            value => Err(unexpected("boolean", &value)),
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self> {
        const EXACT_MAX: u64 = 1 << 53;
        match value {
            Value::Float64(value) => Ok(value),
            Value::Int64(value) if value.unsigned_abs() <= EXACT_MAX => Ok(value as f64),
            value => Err(unexpected("float64", &value)),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Text(text)
            | Value::Decimal(text)
            | Value::BigInteger(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Timestamp(text)
            | Value::Timestamptz(text)
            | Value::Uuid(text)
            | Value::Json(text) => Ok(text),
            Value::Other(other) => Ok(other.text),
            value => Err(unexpected("text", &value)),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            value => Err(unexpected("bytes", &value)),
        }
    }
}

macro_rules! integers {
    ($($type:ident)*) => {
        $(impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self> {
                let out_of_range = |digits: &dyn std::fmt::Display| {
                    Error::conversion(format_args!(
                        concat!("{} is out of range for ", stringify!($type)),
                        digits,
                    ))
                };
                match value {
                    Value::Int64(value) => value.try_into().map_err(|_| out_of_range(&value)),
                    Value::BigInteger(digits) => digits.parse().map_err(|_| out_of_range(&digits)),
                    value => Err(unexpected("an integer", &value)),
                }
            }
        })*
    };
}

integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

fn unexpected(expected: &str, found: &Value) -> Error {
    Error::conversion(format_args!("expected {expected}, found {}", case(found)))
}

/// The case's name in WIT, which is what the documentation calls it.
fn case(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Boolean(_) => "boolean",
        Value::Int64(_) => "int64",
        Value::BigInteger(_) => "big-integer",
        Value::Float64(_) => "float64",
        Value::Decimal(_) => "decimal",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        Value::Timestamp(_) => "timestamp",
        Value::Timestamptz(_) => "timestamptz",
        Value::Uuid(_) => "uuid",
        Value::Json(_) => "json",
        Value::Other(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, ToValue, raw::types::OtherValue};

    fn refused<T: FromValue + std::fmt::Debug>(value: Value) -> String {
        let error = T::from_value(value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conversion);
        error.message().to_owned()
    }

    #[test]
    fn there_and_back() {
        fn same<T: ToValue + FromValue + PartialEq + std::fmt::Debug>(value: T) {
            assert_eq!(T::from_value(value.to_value()).unwrap(), value);
        }
        same(true);
        same(i64::MIN);
        same(u64::MAX);
        same(i128::MIN);
        same(-0.25);
        same("ü".to_owned());
        same(vec![0u8, 255]);
        same(None::<String>);
        same(Some(7u8));
    }

    #[test]
    fn text_like_cases() {
        let t = || "t".to_owned();
        for value in [
            Value::Text(t()),
            Value::Decimal(t()),
            Value::BigInteger(t()),
            Value::Date(t()),
            Value::Time(t()),
            Value::Timestamp(t()),
            Value::Timestamptz(t()),
            Value::Uuid(t()),
            Value::Json(t()),
            Value::Other(OtherValue { type_name: "inet".into(), text: t() }),
        ] {
            assert_eq!(String::from_value(value).unwrap(), "t");
        }
    }

    #[test]
    fn ranges() {
        assert_eq!(i64::from_value(Value::BigInteger("9007199254740993".into())), Ok(1 << 53 | 1));
        assert_eq!(refused::<u8>(Value::Int64(256)), "256 is out of range for u8");
        assert_eq!(refused::<u64>(Value::Int64(-1)), "-1 is out of range for u64");
        let digits = "9223372036854775808";
        assert!(refused::<i64>(Value::BigInteger(digits.into())).starts_with(digits));
        assert!(!refused::<f64>(Value::Int64((1 << 53) + 1)).is_empty());
        assert_eq!(f64::from_value(Value::Int64(3)), Ok(3.0));
    }

    #[test]
    fn refusals() {
        assert_eq!(refused::<String>(Value::Null), "expected text, found null");
        assert_eq!(refused::<i64>(Value::Text("1".into())), "expected an integer, found text");
        assert_eq!(refused::<bool>(Value::Int64(2)), "expected boolean, found int64");
        assert_eq!(refused::<Vec<u8>>(Value::Text("1".into())), "expected bytes, found text");
        assert_eq!(
            refused::<Option<f64>>(Value::Decimal("1".into())),
            "expected float64, found decimal"
        );
    }
}
