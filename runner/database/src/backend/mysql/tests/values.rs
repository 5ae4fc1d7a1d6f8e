//! Every type there and back, with what is extreme about it.

use super::*;
use crate::backend::mysql::value::{Decoder, Format};

fn other(type_name: &str, text: &str) -> Value {
    Value::Other { type_name: type_name.to_owned(), text: text.to_owned() }
}

fn big(digits: &str) -> Value {
    Value::BigInteger(digits.to_owned())
}

fn decimal(digits: &str) -> Value {
    Value::Decimal(digits.to_owned())
}

/// Columns, and values that come back from one as they went in.
fn faithful() -> Vec<(&'static str, Vec<Value>)> {
    let date = |text: &str| Value::Date(text.to_owned());
    let time = |text: &str| Value::Time(text.to_owned());
    let stamp = |text: &str| Value::Timestamp(text.to_owned());
    let stamptz = |text: &str| Value::Timestamptz(text.to_owned());
    let nines = "9".repeat(35) + "." + &"9".repeat(30);
    vec![
        ("tinyint(1)", vec![Value::Boolean(true), Value::Boolean(false), Value::Int64(-128)]),
        ("tinyint", vec![Value::Int64(-128), Value::Int64(127), Value::Int64(1)]),
        ("tinyint unsigned", vec![Value::Int64(255), Value::Int64(0)]),
        ("tinyint(1) unsigned", vec![Value::Int64(255), Value::Boolean(true)]),
        ("smallint", vec![Value::Int64(-32_768), Value::Int64(32_767)]),
        ("mediumint", vec![Value::Int64(-8_388_608), Value::Int64(8_388_607)]),
        ("mediumint unsigned", vec![Value::Int64(16_777_215)]),
        ("int", vec![Value::Int64(i64::from(i32::MIN)), Value::Int64(i64::from(i32::MAX))]),
        ("int unsigned", vec![Value::Int64(i64::from(u32::MAX))]),
        (
            "bigint",
            vec![
                big("-9223372036854775808"),
                big("9223372036854775807"),
                Value::Int64((1 << 53) - 1),
                big("9007199254740992"),
            ],
        ),
        ("bigint unsigned", vec![big("18446744073709551615"), Value::Int64(0)]),
        ("bit(1)", vec![Value::Int64(0), Value::Int64(1)]),
        ("bit(64)", vec![big("18446744073709551615"), Value::Int64(5)]),
        ("year", vec![Value::Int64(1901), Value::Int64(2155), Value::Int64(0)]),
        ("float", vec![Value::Float64(0.1), Value::Float64(-3.4e38), Value::Float64(1e-38)]),
        (
            "double",
            vec![
                Value::Float64(f64::MAX),
                Value::Float64(f64::MIN_POSITIVE),
                Value::Float64(0.1 + 0.2),
                Value::Float64(-0.0),
            ],
        ),
        ("decimal(65,30)", vec![decimal(&nines), decimal(&format!("-{nines}"))]),
        ("decimal(65,0)", vec![decimal(&"9".repeat(65)), decimal("-1"), decimal("0")]),
        ("decimal(10,2)", vec![decimal("12.50"), decimal("-0.01")]),
        (
            "date",
            vec![date("0001-01-01"), date("9999-12-31"), date("0000-00-00"), date("2024-00-00")],
        ),
        (
            "time(6)",
            vec![
                time("-838:59:59"),
                time("838:59:59"),
                time("00:00:00"),
                time("01:02:03.000001"),
                time("-00:00:00.5"),
                time("24:00:00"),
            ],
        ),
        (
            "datetime(6)",
            vec![
                stamp("0001-01-01T00:00:00"),
                stamp("9999-12-31T23:59:59.999999"),
                stamp("0000-00-00 00:00:00"),
                stamp("2024-02-29T12:00:00.5"),
            ],
        ),
        (
            "timestamp(6) NULL",
            vec![
                stamptz("1970-01-01T00:00:01Z"),
                stamptz("2038-01-19T03:14:07.999999Z"),
                stamptz("0000-00-00 00:00:00Z"),
            ],
        ),
        ("varchar(9)", vec![text(""), text("é\u{0}\u{1f600}"), text("'\\\"`%")]),
        ("varchar(9) COLLATE utf8mb4_bin", vec![text("é")]),
        ("varchar(9) CHARACTER SET latin1", vec![text("é")]),
        ("char(3)", vec![text("a"), text("")]),
        ("char(3) COLLATE utf8mb4_bin", vec![text("a")]),
        ("text", vec![text(""), text("\u{1f600}"), text(&"x".repeat(60_000))]),
        ("longtext", vec![text(&"é".repeat(200_000))]),
        ("binary(3)", vec![Value::Bytes(vec![0, 255, 1])]),
        ("varbinary(9)", vec![Value::Bytes(vec![]), Value::Bytes(vec![0, 255])]),
        ("blob", vec![Value::Bytes(vec![]), Value::Bytes((0..=255).collect())]),
        ("longblob", vec![Value::Bytes(vec![0x80; 1 << 20])]),
        ("uuid", vec![Value::Uuid("6f1c3f3e-0d5a-4a8e-9a0b-1f2e3d4c5b6a".to_owned())]),
        ("inet6", vec![other("inet6", "::1"), other("inet6", "2001:db8::ff00:42:8329")]),
        ("inet4", vec![other("inet4", "127.0.0.1")]),
        (
            "json",
            vec![Value::Json("{\"a\": [1, null, \"é\"]}".to_owned()), Value::Json("1".to_owned())],
        ),
        ("enum('a','b,c','é')", vec![other("enum", "b,c"), other("enum", "é")]),
        ("set('a','b','é')", vec![other("set", "a,é"), other("set", "")]),
        ("point", vec![other("geometry", "000000000101000000000000000000f03f0000000000000040")]),
    ]
}

/// What a statement gives that cannot be prepared. MariaDB can prepare all that a guest may run, so
/// that the way through the session is not open here.
async fn as_text(connection: &mut MysqlConnection, sql: &str) -> Vec<Row> {
    let wire = connection.wire().expect("open");
    let columns = wire.prepare(sql).await.expect("prepares").expect("can be prepared");
    let hints = connection.hints_of(&columns).await.expect("reads");
    let mut decoder = Decoder::new(&columns.columns, &hints);
    let mut rows = Vec::new();
    let wire = connection.wire().expect("open");
    let run = wire.run(sql, None, |row, format| {
        assert_eq!(format, Format::Text);
        rows.push(decoder.row(&row, format)?);
        Ok(())
    });
    run.await.expect(sql);
    let zone = connection.learn(&std::mem::take(&mut decoder.periods)).await.expect("asks");
    let stamps = decoder.stamps(zone);
    rows.iter_mut().for_each(|row| stamps.convert(row).expect("one instant"));
    rows
}

#[tokio::test]
async fn what_goes_in_comes_out() {
    come_back(Mariadb::shared().database(), faithful()).await;
}

/// What MySQL has of these types; of an unsigned `tinyint(1)` it forgets that it is a boolean.
#[tokio::test]
async fn what_goes_into_mysql_comes_out() {
    if Mysql::is_left_out() {
        return;
    }
    // Without the modes that refuse zero dates.
    let server = Mysql::with_options(&["--sql-mode=STRICT_TRANS_TABLES"]);
    let others = ["uuid", "inet4", "inet6", "tinyint(1) unsigned"];
    let columns = faithful().into_iter().filter(|(column, _)| !others.contains(column));
    come_back(server.database(), columns.collect()).await;
}

async fn come_back(database: Database, columns: Vec<(&str, Vec<Value>)>) {
    let mut connection = open(&database).await;
    for (at, (column, values)) in columns.into_iter().enumerate() {
        database.sql(&format!("CREATE TABLE v{at} (n int PRIMARY KEY, v {column})"));
        connection.enter(settings(HookMode::Transaction)).await.expect("enters");
        let values: Vec<Value> = values.into_iter().chain([Value::Null]).collect();
        for (n, value) in (0_i64..).zip(&values) {
            let insert = format!("INSERT INTO v{at} VALUES (?, ?)");
            let params = vec![Value::Int64(n), value.clone()];
            connection.execute(&insert, params).await.unwrap_or_else(|error| {
                panic!("{column} {value:?}: {error}");
            });
        }
        let select = format!("SELECT v FROM v{at} ORDER BY n");
        let expected: Vec<Row> = values.iter().map(|value| vec![value.clone()]).collect();
        assert_eq!(rows(&mut connection, &select).await, expected, "{column}");
        let (cursor, columns) = connection.open_cursor(&select, vec![]).await.expect("opens");
        let fetched = connection.fetch(cursor, PLENTY).await.expect("reads");
        assert_eq!(fetched, expected, "{column} by a cursor");
        assert!(!columns[0].type_name.is_empty(), "{column}");
        assert_eq!(as_text(&mut connection, &select).await, expected, "{column} as text");
        // The same values through a bulk-writer.
        let names = ["v".to_owned(), "n".to_owned()];
        let writer = connection.open_writer(&format!("v{at}"), &names).await.expect("opens");
        let again = values.iter().zip(1_000..).map(|(v, n)| vec![v.clone(), Value::Int64(n)]);
        connection.write(writer, again.collect()).await.expect("writes");
        connection.finish_writer(writer).await.expect("finishes");
        let written = format!("SELECT v FROM v{at} WHERE n >= 1000 ORDER BY n");
        assert_eq!(rows(&mut connection, &written).await, expected, "{column} by a writer");
        connection.commit().await.expect("commits");
        database.sql(&format!("DROP TABLE v{at}"));
    }
}

/// A value is stored as it is or refused with the column's name; never changed on the way.
#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let table = [
        ("tinyint", Value::Int64(128)),
        ("int unsigned", Value::Int64(-1)),
        ("bigint", big("9223372036854775808")),
        ("bigint unsigned", big("18446744073709551616")),
        ("decimal(10,2)", decimal("123456789.5")),
        ("decimal(65,0)", decimal(&"9".repeat(1_000))),
        ("float", Value::Float64(1e39)),
        ("double", Value::Float64(f64::NAN)),
        ("double", Value::Float64(f64::INFINITY)),
        ("int", text("12x")),
        ("date", Value::Date("2023-02-29".to_owned())),
        ("datetime", Value::Timestamp("2016-12-31 23:59:60".to_owned())),
        ("time", Value::Time("839:00:00".to_owned())),
        ("timestamp", Value::Timestamptz("2500-01-01 00:00:00Z".to_owned())),
        ("timestamp", Value::Timestamptz("2024-01-01 00:00:00".to_owned())),
        ("varchar(2)", text("abc")),
        ("varchar(9) CHARACTER SET latin1", text("\u{1f600}")),
        ("varchar(9)", Value::Bytes(vec![0xff])),
        ("enum('a')", other("enum", "b")),
        ("set('a')", other("set", "b")),
        ("uuid", Value::Uuid("none".to_owned())),
        ("bit(2)", Value::Int64(4)),
        ("year", Value::Int64(3000)),
    ];
    let database = Mariadb::shared().database();
    let mut connection = open(&database).await;
    for (at, (column, value)) in table.into_iter().enumerate() {
        database.sql(&format!("CREATE TABLE r{at} (v {column})"));
        connection.enter(settings(HookMode::Transaction)).await.expect("enters");
        let sql = format!("INSERT INTO r{at} VALUES (?)");
        let error = connection.execute(&sql, vec![value.clone()]).await;
        let error = error.expect_err(&format!("{column} {value:?}"));
        assert_eq!(error.kind, ErrorKind::Conversion, "{column} {value:?}: {error}");
        let named = error.message.contains('v') || error.message.starts_with("parameter 1");
        assert!(named, "{column}: {error}");
        connection.rollback().await.expect("rolls back");
    }
}

#[tokio::test]
async fn too_large_a_message_is_refused_before_it_is_sent() {
    let database = Mariadb::shared().database();
    database.sql("CREATE TABLE t (b longblob)");
    let mut connection = open(&database).await;
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    let large = vec![Value::Bytes(vec![7; 64 << 20])];
    let error = fails(&mut connection, "INSERT INTO t VALUES (?)", large).await;
    assert_eq!(error.kind, ErrorKind::Limit);
    for part in ["max_allowed_packet", "67108864", "16777216"] {
        assert!(error.message.contains(part), "{error}");
    }
    // And the connection is as good as before, up to the server's bound.
    let fits = vec![Value::Bytes(vec![7; (16 << 20) - 1_000])];
    connection.execute("INSERT INTO t VALUES (?)", fits).await.expect("fits");
    let found = rows(&mut connection, "SELECT length(b) FROM t").await;
    assert_eq!(found, [[Value::Int64((16 << 20) - 1_000)]]);
    let writer = connection.open_writer("t", &["b".to_owned()]).await.expect("opens");
    let row = vec![Value::Bytes(vec![7; 17 << 20])];
    let error = connection.write(writer, vec![row]).await.expect_err("too large");
    assert_eq!(error.kind, ErrorKind::Limit);
}

#[tokio::test]
async fn types_are_named_and_expressions_have_values() {
    let database = Mariadb::shared().database();
    database.sql(
        "CREATE TABLE t (a int unsigned, b longtext, j json, s set('x'), u uuid, d decimal(5,2), k varchar(3) COLLATE utf8mb4_bin);
         INSERT INTO t VALUES (1, 'b', '{}', 'x', '6f1c3f3e-0d5a-4a8e-9a0b-1f2e3d4c5b6a', 1.5, 'k');
         CREATE VIEW w AS SELECT * FROM t",
    );
    let mut connection = open(&database).await;
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    for from in ["t", "w", "t AS renamed", "(SELECT * FROM t) AS derived"] {
        let set = connection.query(&format!("SELECT * FROM {from}"), vec![], PLENTY).await;
        let set = set.expect(from);
        let names: Vec<&str> = set.columns.iter().map(|column| column.type_name.as_str()).collect();
        // A view hides MariaDB's check that makes text JSON; a derived table, what the catalogue knows.
        let expected = match from {
            "w" => ["int unsigned", "text", "text", "set", "uuid", "decimal", "varchar"],
            from if from.starts_with('(') => names.clone().try_into().expect("seven columns"),
            _ => ["int unsigned", "text", "json", "set", "uuid", "decimal", "varchar"],
        };
        assert_eq!(names, expected, "{from}");
        assert_eq!(set.rows[0][1], text("b"), "{from}");
    }
    let set = connection
        .query(
            "SELECT ?, ? + 1, NULL, 1 = 1, count(*), sum(a), 0.1, now() > 0, 'x', x'00ff' FROM t",
            vec![text("p"), Value::Int64(1)],
            PLENTY,
        )
        .await
        .expect("reads");
    assert_eq!(
        set.rows,
        [[
            text("p"),
            Value::Int64(2),
            Value::Null,
            Value::Int64(1),
            Value::Int64(1),
            decimal("1"),
            decimal("0.1"),
            Value::Int64(1),
            text("x"),
            Value::Bytes(vec![0, 255]),
        ]]
    );
}

/// Bound as text, these would be compared as doubles and found equal.
#[tokio::test]
async fn decimals_are_compared_as_decimals() {
    let (_database, mut connection) = hook(HookMode::Transaction).await;
    let sql = "SELECT CAST('12345678901234567890.1' AS DECIMAL(30,1)) = ?";
    for (digits, equal) in [("12345678901234567890.1", 1), ("12345678901234567890.2", 0)] {
        let set = connection.query(sql, vec![decimal(digits)], PLENTY).await.expect("reads");
        assert_eq!(set.rows, [[Value::Int64(equal)]], "{digits}");
    }
}

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn digits(&mut self, count: u64) -> String {
        (0..count).map(|_| char::from(b'0' + (self.below(10) as u8))).collect()
    }

    fn row(&mut self) -> Row {
        let integer = |digits: String| match digits.parse::<i64>() {
            Ok(value) if value.unsigned_abs() < 1 << 53 => Value::Int64(value),
            _ => Value::BigInteger(digits),
        };
        let size = self.below(40);
        let letters: Vec<char> = "a\u{e9}\u{1f600}\0'\\\"%`\n\u{feff}\u{10ffff}".chars().collect();
        let words: String =
            (0..size).map(|_| letters[self.below(letters.len() as u64) as usize]).collect();
        let float = loop {
            let float = f64::from_bits(self.next());
            if float.is_finite() {
                break float;
            }
        };
        let (shift, ushift) = (self.below(64), self.below(64));
        let sign = if self.below(2) == 0 { "" } else { "-" };
        let (whole, fraction) = (self.below(35), self.digits(30));
        let whole = format!("1{}", self.digits(whole));
        let (year, month, day) = (1 + self.below(9999), 1 + self.below(12), 1 + self.below(28));
        let (hour, minute, second) = (self.below(24), self.below(60), self.below(60));
        let micros = format!(".{:06}", self.below(1_000_000));
        let micros = micros.trim_end_matches('0').trim_end_matches('.');
        let date = format!("{year:04}-{month:02}-{day:02}");
        let clock = format!("{hour:02}:{minute:02}:{second:02}{micros}");
        let hours = self.below(838);
        let long = format!("{sign}{hours:02}:{minute:02}:{second:02}{micros}");
        let zero = long.bytes().all(|byte| matches!(byte, b'-' | b'0' | b':' | b'.'));
        vec![
            integer((self.next().cast_signed() >> shift).to_string()),
            integer((self.next() >> ushift).to_string()),
            Value::Float64(float),
            decimal(&format!("{sign}{whole}.{fraction}")),
            text(&words),
            Value::Bytes((0..size).map(|_| self.below(256) as u8).collect()),
            Value::Date(date.clone()),
            Value::Time(if zero { "00:00:00".to_owned() } else { long }),
            Value::Timestamp(format!("{date}T{clock}")),
        ]
    }
}

#[tokio::test]
async fn any_value_comes_back() {
    let (database, mut connection) = hook(HookMode::Transaction).await;
    database.sql(
        "CREATE TABLE t (n int PRIMARY KEY, a bigint, b bigint unsigned, c double, d decimal(65,30),
            e varchar(40), f varbinary(40), g date, h time(6), i datetime(6))",
    );
    let mut chance = Chance(0x5eed_5eed_5eed_5eed);
    let expected: Vec<Row> = (0..2_000).map(|_| chance.row()).collect();
    let names = ["n", "a", "b", "c", "d", "e", "f", "g", "h", "i"].map(str::to_owned);
    let writer = connection.open_writer("t", &names).await.expect("opens");
    let numbered = (0..)
        .zip(&expected)
        .map(|(n, row)| std::iter::once(Value::Int64(n)).chain(row.iter().cloned()).collect());
    connection.write(writer, numbered.collect()).await.expect("writes");
    connection.finish_writer(writer).await.expect("finishes");
    let select = "SELECT a, b, c, d, e, f, g, h, i FROM t ORDER BY n";
    let found = rows(&mut connection, select).await;
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    // And as a parameter each is equal to what was stored.
    let same = "SELECT count(*) FROM t WHERE n = ? AND a = ? AND b = ? AND c = ? AND d = ?
        AND e = BINARY ? AND f = ? AND g = ? AND h = ? AND i = ?";
    for (n, row) in (0..).zip(expected.into_iter().take(200)) {
        let params = std::iter::once(Value::Int64(n)).chain(row.iter().cloned()).collect();
        let found = connection.query(same, params, PLENTY).await.expect("reads").rows;
        assert_eq!(found, [[Value::Int64(1)]], "{row:?}");
    }
}
