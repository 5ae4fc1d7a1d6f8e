//! What goes in comes out, for every type; what cannot be held is a conversion error.

use super::*;
use crate::session::ErrorKind;

fn other(type_name: &str, text: &str) -> Value {
    Value::Other { type_name: type_name.into(), text: text.into() }
}

fn table() -> Vec<(&'static str, Vec<Value>)> {
    let ints = |values: &[i64]| values.iter().map(|value| Value::Int64(*value)).collect();
    let texts = |make: fn(String) -> Value, values: &[&str]| {
        values.iter().map(|value| make((*value).to_owned())).collect::<Vec<_>>()
    };
    let others = |name: &str, values: &[&str]| -> Vec<Value> {
        values.iter().map(|value| other(name, value)).collect()
    };
    let long = format!("-{}.{}", "7".repeat(700), "3".repeat(300));
    let big = |value: i64| Value::BigInteger(value.to_string());
    vec![
        ("boolean", vec![Value::Boolean(true), Value::Boolean(false)]),
        ("smallint", ints(&[i64::from(i16::MIN), 0, i64::from(i16::MAX)])),
        ("integer", ints(&[i64::from(i32::MIN), -1, i64::from(i32::MAX)])),
        ("bigint", vec![big(i64::MIN), big(i64::MAX), Value::Int64(-(1 << 53) + 1)]),
        ("oid", ints(&[0, 4_294_967_295])),
        ("real", [0.1, -0.0, 3e38, 1e-40, f64::INFINITY].map(Value::Float64).to_vec()),
        (
            "double precision",
            [0.1, -0.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::NEG_INFINITY]
                .map(Value::Float64)
                .to_vec(),
        ),
        ("numeric", texts(Value::Decimal, &["0", "-0.10", "NaN", "Infinity", "-Infinity", &long])),
        (
            "text",
            texts(Value::Text, &["", "é漢\u{1f600}", "it's \\ \"x\" $1 ; -- /*", "NULL", "\\N"]),
        ),
        ("varchar(9)", texts(Value::Text, &["", "a\tb\nc\rd"])),
        ("char(4)", texts(Value::Text, &["ab  "])),
        ("name", texts(Value::Text, &["a b"])),
        ("\"char\"", texts(Value::Text, &["x"])),
        ("bytea", vec![Value::Bytes(vec![]), Value::Bytes((0..=255).collect())]),
        (
            "date",
            texts(
                Value::Date,
                &[
                    "0001-01-01",
                    "9999-12-31",
                    "2024-02-29",
                    "infinity",
                    "-infinity",
                    "0044-03-15 BC",
                    "294276-12-31",
                ],
            ),
        ),
        ("time", texts(Value::Time, &["00:00:00", "23:59:59.999999", "24:00:00"])),
        ("timetz", others("time with time zone", &["23:59:59.5+02", "00:00:00-15:59"])),
        (
            "timestamp",
            texts(
                Value::Timestamp,
                &[
                    "0001-01-01T00:00:00",
                    "9999-12-31T23:59:59.999999",
                    "infinity",
                    "0044-03-15 12:00:00 BC",
                ],
            ),
        ),
        (
            "timestamptz",
            texts(
                Value::Timestamptz,
                &["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "-infinity"],
            ),
        ),
        ("interval", others("interval", &["1 year 2 mons -3 days +04:05:06.789", "00:00:00"])),
        ("uuid", texts(Value::Uuid, &["6f1c3f3e-0d5a-4a8e-9a0b-1f2e3d4c5b6a"])),
        ("json", texts(Value::Json, &["{\"a\":  1}", "null", "\"\\u0000\""])),
        ("jsonb", texts(Value::Json, &["{\"a\": 1}", "[]", "1.00000000000000000001"])),
        ("mood", others("mood", &["so so", "NULL", "it's"])),
        ("integer[]", others("integer[]", &["{}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:1]={5,6}"])),
        ("text[]", others("text[]", &["{\"a,b\",\"\\\"\",NULL,\"NULL\"}"])),
        ("mood[]", others("mood[]", &["{\"so so\",\"NULL\"}"])),
        ("int4range", others("int4range", &["[1,5)", "empty", "(,)"])),
        ("inet", others("inet", &["10.0.0.0/8", "::1"])),
        ("macaddr", others("macaddr", &["08:00:2b:01:02:03"])),
        ("xml", others("xml", &["<a>é</a>"])),
        ("bit(3)", others("bit", &["101"])),
        ("bit varying", others("bit varying", &["", "1"])),
        ("point", others("point", &["(1,2)"])),
        ("tsvector", others("tsvector", &["'a' 'b':1A"])),
        ("pair", others("pair", &["(1,\"a,b\")", "(,)"])),
        ("int4multirange", others("int4multirange", &["{[1,3),[5,7)}"])),
        ("positive", vec![Value::Int64(3)]),
        ("verypositive", vec![Value::Int64(30)]),
        ("word", texts(Value::Text, &["abc"])),
    ]
}

const TYPES: &[&str] = &[
    "CREATE TYPE mood AS ENUM ('so so', 'NULL', 'it''s')",
    "CREATE TYPE pair AS (a integer, \"b,\"\"c\" text)",
    "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
    "CREATE DOMAIN verypositive AS positive CHECK (VALUE > 9)",
    "CREATE DOMAIN word AS varchar(9)",
];

#[tokio::test]
async fn every_type_goes_both_ways() {
    let (_database, mut connection) = hook().await;
    for sql in TYPES {
        run(&mut connection, sql).await;
    }
    for (number, (ty, mut values)) in table().into_iter().enumerate() {
        values.push(Value::Null);
        run(&mut connection, &format!("CREATE TABLE v{number} (n serial, x {ty})")).await;
        for value in &values {
            let insert = format!("INSERT INTO v{number} (x) VALUES ($1)");
            let done = connection.execute(&insert, vec![value.clone()]).await;
            assert_eq!(done.map(|done| done.rows_affected), Ok(1), "{ty} {value:?}");
        }
        let expected: Vec<Row> = values.iter().map(|value| vec![value.clone()]).collect();
        let all = format!("SELECT x FROM v{number} ORDER BY n");
        assert_eq!(rows(&mut connection, &all).await, expected, "{ty}");
        // Out of a query's own parameters, a cursor and a bulk-writer too.
        for value in &values {
            let echo = format!("SELECT $1::{ty}, $1::{ty}");
            let found = connection.query(&echo, vec![value.clone()], PLENTY).await.expect(ty).rows;
            assert_eq!(found, [[value.clone(), value.clone()]], "{ty}");
        }
        run(&mut connection, &format!("CREATE TABLE w{number} (n serial, x {ty})")).await;
        let writer = connection.open_writer(&format!("w{number}"), &["x".into()]).await.expect(ty);
        connection.write(writer, expected.clone()).await.expect(ty);
        let written = connection.finish_writer(writer).await.expect(ty);
        assert_eq!(written, expected.len() as u64);
        let all = format!("SELECT x FROM w{number} ORDER BY n");
        let (cursor, columns) = connection.open_cursor(&all, vec![]).await.expect(ty);
        assert_eq!(columns[0].name, "x");
        assert_eq!(connection.fetch(cursor, PLENTY).await.expect(ty), expected, "{ty}");
        connection.close_cursor(cursor).await.expect(ty);
        // Columns are described where there is no row.
        let none = connection.query(&format!("{all} LIMIT 0"), vec![], PLENTY).await.expect(ty);
        assert_eq!(none.columns, columns, "{ty}");
    }
}

#[tokio::test]
async fn nan_is_a_number() {
    let (_database, mut connection) = hook().await;
    for ty in ["real", "double precision"] {
        let sql = format!("SELECT $1::{ty}");
        let found = connection.query(&sql, vec![Value::Float64(f64::NAN)], PLENTY).await;
        let row = &found.expect(ty).rows[0];
        assert!(matches!(row[0], Value::Float64(value) if value.is_nan()), "{row:?}");
    }
}

/// Cases that are not the column's own, as a literal would be taken.
#[tokio::test]
async fn other_cases_are_read_as_text_would_be() {
    let (_database, mut connection) = hook().await;
    let table = [
        ("integer", text("12"), Value::Int64(12)),
        (
            "bigint",
            Value::BigInteger("9223372036854775807".into()),
            Value::BigInteger("9223372036854775807".into()),
        ),
        ("numeric", Value::Int64(5), Value::Decimal("5".into())),
        ("numeric", Value::Float64(0.5), Value::Decimal("0.5".into())),
        ("text", Value::Int64(5), text("5")),
        ("text", Value::Boolean(true), text("true")),
        ("boolean", Value::Int64(1), Value::Boolean(true)),
        ("boolean", text("off"), Value::Boolean(false)),
        (
            "timestamp",
            Value::Timestamp("2024-02-29 23:59:60".into()),
            Value::Timestamp("2024-03-01T00:00:00".into()),
        ),
        (
            "timestamptz",
            Value::Timestamptz("2024-03-01T01:00:00+02:00".into()),
            Value::Timestamptz("2024-02-29T23:00:00Z".into()),
        ),
        ("date", text("2024-02-29"), Value::Date("2024-02-29".into())),
        ("jsonb", text("{}"), Value::Json("{}".into())),
        (
            "uuid",
            text("6F1C3F3E0D5A4A8E9A0B1F2E3D4C5B6A"),
            Value::Uuid("6f1c3f3e-0d5a-4a8e-9a0b-1f2e3d4c5b6a".into()),
        ),
        ("bytea", text("\\x00"), Value::Bytes(vec![0])),
    ];
    for (ty, value, expected) in table {
        let case = format!("{ty} {value:?}");
        let sql = format!("SELECT $1::{ty}");
        let found = connection.query(&sql, vec![value.clone()], PLENTY).await.expect(&case);
        assert_eq!(found.rows, [[expected.clone()]], "{case}");
        run(&mut connection, &format!("CREATE TEMP TABLE o (x {ty})")).await;
        connection.execute("INSERT INTO o VALUES ($1)", vec![value]).await.expect(&case);
        assert_eq!(rows(&mut connection, "TABLE o").await, [[expected]], "{case}");
        run(&mut connection, "DROP TABLE o").await;
    }
}

#[tokio::test]
async fn what_cannot_be_held_names_parameter_and_type() {
    let table = [
        ("integer", Value::Int64(1 << 31)),
        ("smallint", text("x")),
        ("bigint", Value::BigInteger("9223372036854775808".into())),
        ("integer", Value::Float64(0.5)),
        ("text", text("a\0b")),
        ("varchar(3)", text("four")),
        ("integer", Value::Bytes(vec![1])),
        ("date", Value::Date("2023-02-29".into())),
        ("date", Value::Date("0000-00-00".into())),
        ("time", Value::Time("25:00".into())),
        ("numeric(3,1)", Value::Decimal("100".into())),
        ("uuid", Value::Uuid("no".into())),
        ("json", Value::Json("{".into())),
        ("jsonb", Value::Json("\"\\u0000\"".into())),
        ("boolean", Value::Int64(2)),
        ("inet", text("10.0.0.300")),
    ];
    let (_database, mut connection) = hook().await;
    connection.rollback().await.expect("rolls back");
    for (ty, value) in table {
        let case = format!("{ty} {value:?}");
        enter(&mut connection).await;
        run(&mut connection, &format!("CREATE TABLE v (n integer, x {ty})")).await;
        let params = vec![Value::Int64(1), value.clone()];
        let error = connection.execute("INSERT INTO v VALUES ($1, $2)", params).await;
        let error = error.expect_err(&case);
        assert_eq!(error.kind, ErrorKind::Conversion, "{case}: {error}");
        let bounded = ty.contains('(');
        assert!(bounded || error.message.starts_with("parameter 2"), "{case}: {error}");
        connection.rollback().await.expect("rolls back");
        enter(&mut connection).await;
        run(&mut connection, &format!("CREATE TABLE v (n integer, x {ty})")).await;
        let columns = ["n".to_owned(), "x".to_owned()];
        let writer = connection.open_writer("v", &columns).await.expect("opens");
        let good = vec![Value::Int64(1), Value::Null];
        let bad = vec![Value::Int64(2), value];
        let written = async {
            connection.write(writer, vec![good.clone(), good, bad]).await?;
            connection.finish_writer(writer).await
        };
        let error = written.await.expect_err(&case);
        assert_eq!(error.kind, ErrorKind::Conversion, "{case}: {error}");
        assert!(error.message.starts_with("row 3, column x"), "{case}: {error}");
        connection.rollback().await.expect("rolls back");
    }
}

#[tokio::test]
async fn sixty_four_megabytes() {
    let (_database, mut connection) = hook().await;
    let blob: Vec<u8> = (0..64_usize << 20).map(|n| ((n * 31) >> 3) as u8).collect();
    run(&mut connection, "CREATE TABLE b (x bytea)").await;
    let insert = connection.execute("INSERT INTO b VALUES ($1)", vec![Value::Bytes(blob.clone())]);
    insert.await.expect("inserts");
    let mut found = rows(&mut connection, "SELECT x FROM b").await;
    // Not by assert_eq, which would print both.
    assert!(found.remove(0) == [Value::Bytes(blob)]);
}

/// Settings are the guest's to change; values stay right or become errors.
#[tokio::test]
async fn a_hook_that_changes_how_values_are_written() {
    let moment = "SELECT '2024-03-01 01:00+02'::timestamptz";
    let (_database, mut connection) = hook().await;
    run(&mut connection, "SET TimeZone = 'Asia/Kolkata'").await;
    let utc = Value::Timestamptz("2024-02-29T23:00:00Z".into());
    assert_eq!(rows(&mut connection, moment).await, [[utc.clone()]]);
    run(&mut connection, "SET bytea_output = 'escape'").await;
    let bytes = Value::Bytes(vec![0, 255]);
    assert_eq!(rows(&mut connection, "SELECT '\\x00ff'::bytea").await, [[bytes]]);
    run(&mut connection, &hidden("SET DateStyle = 'German'")).await;
    assert_eq!(rows(&mut connection, moment).await, [[utc]]);
}
