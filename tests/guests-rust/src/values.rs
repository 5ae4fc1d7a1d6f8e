//! Every kind of value, there by each way and back by each way.

use super::{Cases, see};
use alteration_sdk::{OtherValue, prelude::*};

pub(super) const CASES: Cases = &[
    ("values", values),
    ("value_unpaired", unpaired),
    ("value_rounded", rounded),
    ("value_nul", nul),
];

const UUID: &str = "6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11";
const TEXT: &str = "ü€😀'\"\\\n";

/// Where a value can be kept.
#[derive(PartialEq)]
enum On {
    Every,
    Only(Dialect),
}
use On::{Every, Only};

#[rustfmt::skip]
fn table() -> Vec<(&'static str, &'static str, On, Value)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let postgresql = || Only(Dialect::Postgresql);
    let sqlite = || Only(Dialect::Sqlite);
    vec![
        ("null", "whole", Every, None::<i64>.to_value()),
        ("true", "flag", Every, true.to_value()),
        ("false", "flag", Every, false.to_value()),
        ("zero", "whole", Every, 0.to_value()),
        ("2^53-1", "whole", Every, ((1i64 << 53) - 1).to_value()),
        ("2^53", "whole", Every, (1i64 << 53).to_value()),
        ("-2^53-1", "whole", Every, (-(1i64 << 53) - 1).to_value()),
        ("2^63-1", "whole", Every, i64::MAX.to_value()),
        ("-2^63", "whole", Every, i64::MIN.to_value()),
        ("10^30", "exact", postgresql(), 10i128.pow(30).to_value()),
        ("0.1", "real", Every, 0.1.to_value()),
        ("-1e300", "real", Every, (-1e300).to_value()),
        ("whole float", "real", Every, 1.0.to_value()),
        ("infinity", "real", Every, f64::INFINITY.to_value()),
        ("decimal", "exact", Every, Value::Decimal("12345.25".into())),
        ("long decimal", "exact", postgresql(), Value::Decimal("-12345678901234567890.1234567891".into())),
        ("empty text", "words", Every, "".to_value()),
        ("text", "words", Every, text(TEXT)),
        ("text with NUL", "words", sqlite(), text("a\0b")),
        ("no bytes", "raw", Every, Vec::<u8>::new().to_value()),
        ("bytes", "raw", Every, [0u8, 255, 128].to_value()),
        ("date", "day", Every, Value::Date("2024-02-29".into())),
        ("endless date", "day", postgresql(), Value::Date("infinity".into())),
        ("time", "clock", Every, Value::Time("12:34:56.789".into())),
        ("timestamp", "moment", Every, Value::Timestamp("2024-02-29T23:59:59.123456".into())),
        ("timestamptz", "instant", Every, Value::Timestamptz("2024-02-29T23:59:59.123Z".into())),
        ("uuid", "uid", Every, Value::Uuid(UUID.into())),
        ("json", "doc", Every, Value::Json(r#"{"a":[1,null,"ü"]}"#.into())),
        ("other", "address", Every, Value::Other(OtherValue { type_name: "inet".into(), text: "::1".into() })),
    ]
}

fn values(db: &Database) -> Result<()> {
    let here = db.dialect();
    for (name, column, _, sent) in
        table().into_iter().filter(|row| row.2 == Every || row.2 == Only(here))
    {
        let [first, second] = [1, 2].map(|number| db.placeholder(number));
        let sql = format!("INSERT INTO kept_parameter (name, {column}) VALUES ({first}, {second})");
        db.execute(&sql, params![name, sent])?;
        let mut rows = db.bulk_writer("kept_rows", &["name", column])?;
        rows.write(params![name, sent])?;
        rows.finish()?;
        let mut columns = db.bulk_writer("kept_columns", &["name", column])?;
        columns.write_columns(&[vec![name.to_owned()].into(), vec![sent].into()])?;
        columns.finish()?;
        let mut found = Vec::new();
        for table in ["kept_parameter", "kept_rows", "kept_columns"] {
            let sql = format!("SELECT {column} FROM {table} WHERE name = {first}");
            found.push(db.query_one::<Value>(&sql, params![name])?);
            let cursor = db.cursor(&sql, params![name])?;
            let mut batch = cursor.next_batch(10)?.ok_or("no batch")?;
            found.extend(batch.take::<Value>(0)?);
        }
        let is_one = found.iter().all(|value| *value == found[0]);
        see(db, name, if is_one { described(&found[0]) } else { format!("{found:?}") })?;
    }
    Ok(())
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => format!("boolean {value}"),
        Value::Int64(value) => format!("int64 {value}"),
        Value::BigInteger(value) => format!("big-integer {value}"),
        Value::Float64(value) => format!("float64 {value:?}"),
        Value::Decimal(value) => format!("decimal {value}"),
        Value::Text(value) => format!("text {value:?}"),
        Value::Bytes(value) => format!("bytes {value:?}"),
        Value::Date(value) => format!("date {value}"),
        Value::Time(value) => format!("time {value}"),
        Value::Timestamp(value) => format!("timestamp {value}"),
        Value::Timestamptz(value) => format!("timestamptz {value}"),
        Value::Uuid(value) => format!("uuid {value}"),
        Value::Json(value) => format!("json {value}"),
        Value::Other(value) => format!("other {} {}", value.type_name, value.text),
    }
}

/// Text of Rust's is UTF-8: half a pair of surrogates does not become one.
fn unpaired(db: &Database) -> Result<()> {
    db.execute("SELECT ?", params![String::from_utf8(vec![0xed, 0xa0, 0x80])?]).map(drop)
}

/// A floating-point number that may have been an integer. Rust's types say what it is.
fn rounded(db: &Database) -> Result<()> {
    let found: String = db.query_one("SELECT typeof(?)", params![2f64.powi(53)])?;
    see(db, "sent as", found)
}

fn nul(db: &Database) -> Result<()> {
    let sql = "INSERT INTO kept_parameter (name, words) VALUES ('nul', $1)";
    db.execute(sql, params!["a\0b"]).map(drop)
}
