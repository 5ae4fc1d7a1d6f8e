//! From Rust to database values: `ToValue`, `params!` and columns to write.
//!
//! The way back is in `from_value`.

use crate::raw::types::{ColumnData, Value};
use std::borrow::Cow;

/// A Rust value that can be a parameter or be written.
///
/// For the cases without a Rust type of their own, pass the [`Value`] itself:
/// `Value::Json(text)`, `Value::Timestamp("2024-05-01T12:00:00".into())`.
pub trait ToValue {
    /// The database value.
    fn to_value(&self) -> Value;
}

macro_rules! to_value {
    ($($type:ty: $value:ident => $expression:expr;)*) => {
        $(impl ToValue for $type {
            fn to_value(&self) -> Value {
                let $value = self;
                $expression
            }
        })*
    };
}

to_value! {
    bool: value => Value::Boolean(*value);
    i8: value => Value::Int64((*value).into());
    i16: value => Value::Int64((*value).into());
    i32: value => Value::Int64((*value).into());
    i64: value => Value::Int64(*value);
    i128: value => integer(*value);
    u8: value => Value::Int64((*value).into());
    u16: value => Value::Int64((*value).into());
    u32: value => Value::Int64((*value).into());
    u64: value => integer(*value);
    u128: value => integer(*value);
    isize: value => integer(*value);
    usize: value => integer(*value);
    f32: value => Value::Float64((*value).into());
    f64: value => Value::Float64(*value);
    str: value => Value::Text(value.to_owned());
    String: value => Value::Text(value.clone());
    Cow<'_, str>: value => Value::Text(value.clone().into_owned());
    [u8]: value => Value::Bytes(value.to_owned());
    Vec<u8>: value => Value::Bytes(value.clone());
    Value: value => value.clone();
}

fn integer<T: Copy + ToString + TryInto<i64>>(value: T) -> Value {
    value.try_into().map_or_else(|_| Value::BigInteger(value.to_string()), Value::Int64)
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Value {
        self[..].to_value()
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

/// The parameters of a statement, from anything that is [`ToValue`].
///
/// ```
/// # use alteration_sdk::prelude::*;
/// let params = params![1, "x", None::<i64>];
/// assert_eq!(params, [Value::Int64(1), Value::Text("x".into()), Value::Null]);
/// ```
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::ToValue::to_value(&$value)),*] as &[$crate::Value]
    };
}

macro_rules! into_column {
    ($($type:ty => $case:ident;)*) => {
        $(impl From<Vec<Option<$type>>> for ColumnData {
            fn from(values: Vec<Option<$type>>) -> Self {
                Self::$case(values)
            }
        }

        impl From<Vec<$type>> for ColumnData {
            fn from(values: Vec<$type>) -> Self {
                Self::$case(values.into_iter().map(Some).collect())
            }
        })*
    };
}

into_column! {
    i64 => Int64;
    f64 => Float64;
    String => Text;
}

impl From<Vec<Value>> for ColumnData {
    fn from(values: Vec<Value>) -> Self {
        Self::Mixed(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let text = String::from("t");
        let values = params![
            true,
            -1i8,
            u32::MAX,
            i64::MIN,
            u64::MAX,
            i128::MIN,
            0.5f32,
            "s",
            text,
            &&text,
            Cow::Borrowed("c"),
            b"b",
            vec![0u8, 255],
            Some(Some(1)),
            None::<&str>,
            Value::Json("{}".into()),
        ];
        assert_eq!(
            values,
            [
                Value::Boolean(true),
                Value::Int64(-1),
                Value::Int64(4_294_967_295),
                Value::Int64(i64::MIN),
                Value::BigInteger("18446744073709551615".into()),
                Value::BigInteger(i128::MIN.to_string()),
                Value::Float64(0.5),
                Value::Text("s".into()),
                Value::Text("t".into()),
                Value::Text("t".into()),
                Value::Text("c".into()),
                Value::Bytes(b"b".to_vec()),
                Value::Bytes(vec![0, 255]),
                Value::Int64(1),
                Value::Null,
                Value::Json("{}".into()),
            ]
        );
        assert!(params![].is_empty());
        assert_eq!(text, "t", "parameters are not moved");
    }

    #[test]
    fn columns() {
        let column = ColumnData::from(vec![1i64, 2]);
        assert!(matches!(column, ColumnData::Int64(v) if v == [Some(1), Some(2)]));
        let column = ColumnData::from(vec![None, Some("x".to_owned())]);
        assert!(matches!(column, ColumnData::Text(v) if v == [None, Some("x".to_owned())]));
    }
}
