//! Values of a guest as parameters of a prepared statement.
//!
//! A value that MySQL cannot hold is a conversion error here or, by strict mode, on the server. It is never changed silently.

use super::{
    time::{self, Moment},
    zone::Zone,
};
use crate::session::{ErrorKind, SqlError, Value};
use sqlx::{
    Arguments, Encode, MySql, Type,
    encode::IsNull,
    mysql::{MySqlArguments, MySqlTypeInfo},
};

/// The name under which geometries travel, as hexadecimal digits of the server's own format.
pub(super) const GEOMETRY: &str = "geometry";

/// The most digits of a decimal on the server, and the most behind its point.
const DECIMAL_DIGITS_MAX: usize = 65;
const DECIMAL_FRACTION_MAX: usize = 30;

/// A decimal that is sent as one. As text it would be compared as a double.
struct Decimal<'a> {
    digits: &'a str,
    info: &'a MySqlTypeInfo,
}

impl Type<MySql> for Decimal<'_> {
    fn type_info() -> MySqlTypeInfo {
        // Never called: `produces` returns the type of each value.
        <str as Type<MySql>>::type_info()
    }
}

impl Encode<'_, MySql> for Decimal<'_> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, sqlx::error::BoxDynError> {
        <&str as Encode<MySql>>::encode_by_ref(&self.digits, buffer)
    }

    fn produces(&self) -> Option<MySqlTypeInfo> {
        Some(self.info.clone())
    }
}

/// The facts besides the values on which binding depends.
#[derive(Debug)]
pub(super) struct Binding<'a> {
    /// The type of a decimal, as the server described one.
    pub(super) decimal: &'a MySqlTypeInfo,
    /// The session's, with the periods of all instants among the values.
    pub(super) zone: &'a Zone,
}

pub(super) fn arguments(
    values: Vec<Value>,
    binding: &Binding<'_>,
) -> Result<MySqlArguments, SqlError> {
    let mut arguments = MySqlArguments::default();
    for (at, value) in values.into_iter().enumerate() {
        add(&mut arguments, value, binding).map_err(|mut error| {
            error.message = format!("parameter {}: {}", at + 1, error.message);
            error
        })?;
    }
    Ok(arguments)
}

fn add(
    arguments: &mut MySqlArguments,
    value: Value,
    binding: &Binding<'_>,
) -> Result<(), SqlError> {
    let added = match value {
        Value::Null => arguments.add(None::<String>),
        Value::Boolean(value) => arguments.add(value),
        Value::Int64(value) => arguments.add(value),
        Value::BigInteger(digits) => {
            let body = digits.strip_prefix('-').unwrap_or(&digits);
            if body.is_empty() || !body.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(conversion(
                    "a big-integer is decimal digits with an optional minus sign",
                ));
            }
            match (digits.parse::<i64>(), digits.parse::<u64>()) {
                (Ok(value), _) => arguments.add(value),
                (_, Ok(value)) => arguments.add(value),
                // The column decides: a decimal can hold the value, for an integer it is out of range.
                _ => return add_decimal(arguments, &digits, binding.decimal),
            }
        }
        Value::Float64(value) if !value.is_finite() => {
            return Err(conversion(format!("there is no {value} in this database")));
        }
        Value::Float64(value) => arguments.add(value),
        Value::Decimal(digits) => return add_decimal(arguments, &digits, binding.decimal),
        Value::Timestamptz(text) => arguments.add(local(&text, binding)?),
        Value::Bytes(bytes) => arguments.add(bytes),
        Value::Other { type_name, text } if type_name.eq_ignore_ascii_case(GEOMETRY) => {
            arguments.add(from_hex(&text)?)
        }
        Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::Uuid(text)
        | Value::Json(text)
        | Value::Other { text, .. } => arguments.add(text),
    };
    added.map_err(|error| conversion(error.to_string()))
}

/// Converts a time with an offset to the session's zone, as the server takes it.
fn local(text: &str, binding: &Binding<'_>) -> Result<String, SqlError> {
    let instant = match time::with_offset(text)? {
        Moment::Instant(instant) => instant,
        Moment::Other(text) => return Ok(text),
    };
    let zone = binding.zone.name();
    match binding.zone.local_of(instant) {
        Some((local, false)) => Ok(local),
        // Not with an offset behind it, which MySQL takes: it becomes a local time there, too.
        Some((local, true)) => Err(conversion(format!(
            "{text} is {local} in {zone}, the session's time zone, and so is another instant; \
             SET time_zone = '+00:00' before, or use the bulk-writer"
        ))),
        None => Err(conversion(format!(
            "the server does not know which local time {text} is in {zone}, the session's time \
             zone; pass a timestamp without an offset"
        ))),
    }
}

fn add_decimal(
    arguments: &mut MySqlArguments,
    digits: &str,
    info: &MySqlTypeInfo,
) -> Result<(), SqlError> {
    let body = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(conversion("a decimal is decimal digits with an optional sign and point"));
    }
    let added = if whole.len() + fraction.len() > DECIMAL_DIGITS_MAX
        || fraction.len() > DECIMAL_FRACTION_MAX
    {
        // As a decimal the server would cut it silently; as text the column checks it.
        arguments.add(digits)
    } else {
        arguments.add(Decimal { digits, info })
    };
    added.map_err(|error| conversion(error.to_string()))
}

fn from_hex(text: &str) -> Result<Vec<u8>, SqlError> {
    let wrong = || conversion("a geometry is an even number of hexadecimal digits");
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return Err(wrong());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong()))
        .collect()
}

fn conversion(message: impl Into<String>) -> SqlError {
    SqlError::new(ErrorKind::Conversion, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_bound() {
        let decimal = <str as Type<MySql>>::type_info();
        let binding = Binding { decimal: &decimal, zone: &Zone::utc() };
        let bad = [
            Value::Float64(f64::NAN),
            Value::Float64(f64::NEG_INFINITY),
            Value::BigInteger("1e3".to_owned()),
            Value::BigInteger("-".to_owned()),
            Value::Decimal(".".to_owned()),
            Value::Decimal("1e5".to_owned()),
            Value::Decimal("NaN".to_owned()),
            Value::Timestamptz("2024-01-01 00:00:00".to_owned()),
            Value::Other { type_name: GEOMETRY.to_owned(), text: "0é".to_owned() },
        ];
        for value in bad {
            let error = arguments(vec![Value::Null, value.clone()], &binding).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Conversion, "{value:?}");
            assert!(error.message.starts_with("parameter 2: "), "{}", error.message);
        }
        let good = [
            Value::BigInteger("18446744073709551616".to_owned()),
            Value::Decimal("-.5".to_owned()),
            Value::Decimal("9".repeat(1_000)),
        ];
        assert_eq!(arguments(good.to_vec(), &binding).expect("binds").len(), 3);
    }
}
