//! Sends every case of `value` into a table and reads it back, as rows and as columns. It succeeds;
//! an error names the differences.

use alteration_sdk::prelude::*;

use alteration_sdk::OtherValue;

const UUID: &str = "6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11";

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute(
        "CREATE TABLE every_value (
             id INTEGER PRIMARY KEY, any BLOB,
             flag BOOLEAN, day DATE, at TIMESTAMP, amount DECIMAL, label TEXT
         )",
        params![],
    )?;
    let text = |text: &str| Value::Text(text.to_owned());
    let table = [
        (Value::Null, Value::Null),
        (Value::Int64(0), Value::Int64(0)),
        (Value::Int64((1 << 53) - 1), Value::Int64((1 << 53) - 1)),
        (Value::Int64(1 - (1 << 53)), Value::Int64(1 - (1 << 53))),
        (Value::Int64(1 << 53), Value::BigInteger("9007199254740992".into())),
        (Value::Int64(i64::MIN), Value::BigInteger(i64::MIN.to_string())),
        (Value::BigInteger(i64::MAX.to_string()), Value::BigInteger(i64::MAX.to_string())),
        (Value::BigInteger("-7".into()), Value::Int64(-7)),
        (Value::Float64(0.1), Value::Float64(0.1)),
        (Value::Float64(f64::INFINITY), Value::Float64(f64::INFINITY)),
        (Value::Float64(-1e300), Value::Float64(-1e300)),
        (text(""), text("")),
        (text("ü€😀\u{0}'\"\\"), text("ü€😀\u{0}'\"\\")),
        (Value::Bytes(vec![]), Value::Bytes(vec![])),
        (Value::Bytes(vec![0, 255, 128]), Value::Bytes(vec![0, 255, 128])),
        (Value::Uuid(UUID.into()), text(UUID)),
        (Value::Json(r#"{"a":[1,null]}"#.into()), text(r#"{"a":[1,null]}"#)),
        (Value::Time("12:34:56.789".into()), text("12:34:56.789")),
        (Value::Timestamptz("2024-05-01T12:00:00Z".into()), text("2024-05-01T12:00:00Z")),
        (Value::Other(OtherValue { type_name: "inet".into(), text: "::1".into() }), text("::1")),
    ];
    let mut differences = Vec::new();
    for (id, (sent, _)) in table.iter().enumerate() {
        db.execute("INSERT INTO every_value (id, any) VALUES (?, ?)", params![id, sent])?;
    }
    let rows: Vec<Value> = db.query("SELECT any FROM every_value ORDER BY id", params![])?;
    let cursor = db.cursor("SELECT any FROM every_value ORDER BY id", params![])?;
    let columns: Vec<Value> = match cursor.next_batch(100)? {
        Some(mut batch) => batch.take(0)?,
        None => vec![],
    };
    for (index, (sent, expected)) in table.iter().enumerate() {
        for found in [&rows, &columns].map(|read| read.get(index)) {
            // A column without a type has no booleans, dates or JSON: what counts is that the
            // content is the same.
            if found != Some(expected) {
                differences.push(format!("{sent:?} became {found:?}, expected {expected:?}"));
            }
        }
    }

    let typed = [
        ("flag", Value::Boolean(true)),
        ("flag", Value::Boolean(false)),
        ("day", Value::Date("2024-02-29".into())),
        ("at", Value::Timestamp("2024-02-29T23:59:59.123456".into())),
        ("amount", Value::Decimal("12345678.25".into())),
        ("label", text("12")),
    ];
    for (column, sent) in typed {
        db.execute("DELETE FROM every_value", params![])?;
        db.execute(&format!("INSERT INTO every_value ({column}) VALUES (?)"), params![sent])?;
        let found: Value = db.query_one(&format!("SELECT {column} FROM every_value"), params![])?;
        log::debug!("{column}: sent {sent:?}, found {found:?}");
        let same = match (&sent, &found) {
            (Value::Boolean(true), Value::Int64(1)) | (Value::Boolean(false), Value::Int64(0)) => {
                true
            }
            // SQLite stores a DECIMAL as the number it is.
            (Value::Decimal(_), Value::Float64(12_345_678.25)) => true,
            (Value::Date(a) | Value::Timestamp(a) | Value::Decimal(a), Value::Text(b)) => a == b,
            _ => sent == found,
        };
        if !same {
            differences.push(format!("{column}: {sent:?} became {found:?}"));
        }
    }
    crate::expect("differences", differences, vec![])
}
