//! The plugin's side: statements, cursors, bulk-writers, values, errors.

use super::{Opened, Place, begin, ready};
use alteration_domain::alteration::Dialect;
use alteration_record::session::{
    ErrorKind, ResultLimit, Row, Script, SharedSession, SqlError, Value,
};

const PLENTY: ResultLimit = ResultLimit { rows_max: 100_000, bytes_max: 64 << 20 };

/// A session in a transaction. The backend must outlive it.
async fn session<P: Place>(place: &P) -> (Opened, SharedSession) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, "one", revision).await.expect("begins");
    (backend, session)
}

async fn execute(session: &SharedSession, sql: &str) {
    session.lock().await.execute(sql, vec![]).await.expect(sql);
}

async fn fails(session: &SharedSession, sql: &str, params: Vec<Value>) -> SqlError {
    session.lock().await.execute(sql, params).await.expect_err(sql)
}

async fn rows(session: &SharedSession, sql: &str) -> Vec<Row> {
    session.lock().await.query(sql, vec![], PLENTY).await.expect(sql).rows
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// What goes in comes out, in a column of a fitting type.
pub async fn every_value_is_bound<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    let (bytes, timestamp, uuid) = (P::SQL.bytes(), P::SQL.timestamp(), P::SQL.uuid());
    execute(
        &session,
        &format!(
            "CREATE TABLE v (a BOOLEAN, b BIGINT, c BIGINT, d DOUBLE PRECISION, e DECIMAL(10, 2),
                f TEXT, g {bytes}, h DATE, i TIME, j {timestamp}, k {uuid}, l JSON, m TEXT)"
        ),
    )
    .await;
    let holds_nul = P::DIALECT != Dialect::Postgresql;
    let row = vec![
        Value::Boolean(true),
        Value::Int64(-(1 << 53) + 1),
        Value::BigInteger("9223372036854775807".into()),
        Value::Float64(-0.1),
        Value::Decimal("12.25".into()),
        text(if holds_nul { "é\u{0}x" } else { "éx" }),
        Value::Bytes(vec![0, 255]),
        Value::Date("2024-02-29".into()),
        Value::Time("23:59:59".into()),
        Value::Timestamp("2024-02-29T23:59:59".into()),
        Value::Uuid("6f1c3f3e-0d5a-4a8e-9a0b-1f2e3d4c5b6a".into()),
        Value::Json("{\"a\":1}".into()),
        Value::Null,
    ];
    let marks = vec!["?"; row.len()].join(", ");
    let insert = P::SQL.spelled(&format!("INSERT INTO v VALUES ({marks})"));
    session.lock().await.execute(&insert, row.clone()).await.expect("inserts");
    let read: Row = row.into_iter().map(|value| P::SQL.read_back(value)).collect();
    assert_eq!(rows(&session, "SELECT * FROM v").await, [read]);
    let too_large = vec![Value::BigInteger("9223372036854775808".into())];
    let insert = P::SQL.spelled("INSERT INTO v (c) VALUES (?)");
    assert_eq!(fails(&session, &insert, too_large).await.kind, ErrorKind::Conversion);
}

/// Text that the database would cut short or refuse is refused before.
pub async fn nul_in_text_is_kept_or_refused<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    execute(&session, "CREATE TABLE t (x TEXT)").await;
    let insert = P::SQL.spelled("INSERT INTO t VALUES (?)");
    let value = text("a\u{0}b");
    if P::DIALECT == Dialect::Postgresql {
        assert_eq!(fails(&session, &insert, vec![value]).await.kind, ErrorKind::Conversion);
    } else {
        session.lock().await.execute(&insert, vec![value.clone()]).await.expect("inserts");
        assert_eq!(rows(&session, "SELECT x FROM t").await, [[value]]);
    }
}

/// The ends of what each type holds, and whatever a seeded generator makes up between them: all of it
/// comes back as it went in, empty apart from null.
pub async fn extremes_come_back<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    let bytes = P::SQL.bytes();
    let sql =
        format!("CREATE TABLE v (id INTEGER, i BIGINT, f DOUBLE PRECISION, t TEXT, b {bytes})");
    execute(&session, &sql).await;
    let whole = |value: i64| match value.unsigned_abs() < 1 << 53 {
        true => Value::Int64(value),
        false => Value::BigInteger(value.to_string()),
    };
    let all_bytes: Vec<u8> = (0..=255).collect();
    let mut rows = vec![
        [Value::Null, Value::Null, Value::Null, Value::Null],
        [whole(0), Value::Float64(0.0), text(""), Value::Bytes(vec![])],
        [
            whole(i64::MIN),
            Value::Float64(f64::MIN),
            text("'\"\\`$1?%;--/*"),
            Value::Bytes(all_bytes),
        ],
        [
            whole(i64::MAX),
            Value::Float64(f64::MAX),
            text("\u{1f980}é\r\n\t"),
            Value::Bytes(vec![0; 40_000]),
        ],
        [
            whole((1 << 53) - 1),
            Value::Float64(f64::MIN_POSITIVE),
            text(&"ü".repeat(20_000)),
            Value::Bytes(vec![0]),
        ],
        [whole(-(1 << 53)), Value::Float64(0.1 + 0.2), text(" "), Value::Bytes(b"NULL".to_vec())],
    ];
    // Multiplied and mixed: enough to meet every length and every bit, the same ones each time.
    let mut state = 3_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) ^ state
    };
    for _ in 0..200 {
        let float = f64::from_bits(draw());
        let float = if float.is_normal() { float } else { 1.5 };
        let letters: String = (0..draw() % 40)
            .filter_map(|_| char::from_u32(1 + (draw() % 0x2_ffff) as u32))
            .collect();
        let blob = (0..draw() % 300).map(|_| draw() as u8).collect();
        rows.push([
            whole(draw() as i64),
            Value::Float64(float),
            text(&letters),
            Value::Bytes(blob),
        ]);
    }
    let insert = P::SQL.spelled("INSERT INTO v VALUES (?, ?, ?, ?, ?)");
    for (id, row) in rows.iter().enumerate() {
        let mut params = vec![Value::Int64(id as i64)];
        params.extend(row.iter().cloned());
        session.lock().await.execute(&insert, params).await.expect("inserts");
    }
    let found = self::rows(&session, "SELECT i, f, t, b FROM v ORDER BY id").await;
    assert_eq!(found.len(), rows.len());
    for (at, (found, row)) in found.iter().zip(&rows).enumerate() {
        assert_eq!(found, row, "row {at}");
    }
}

pub async fn rows_and_columns<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    execute(&session, "CREATE TABLE t (a INTEGER, b TEXT)").await;
    let set = session.lock().await.query("SELECT b, a FROM t", vec![], PLENTY).await;
    let set = set.expect("reads");
    let names: Vec<&str> = set.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, set.rows.len()), (vec!["b", "a"], 0));
}

pub async fn outcomes<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    let mut session = session.lock().await;
    let create = format!("CREATE TABLE t (id {}, x INTEGER)", P::SQL.numbered());
    let made = session.execute(&create, vec![]).await;
    assert_eq!(made.expect("runs").rows_affected, 0);
    let inserted =
        session.execute("INSERT INTO t (x) VALUES (1), (2)", vec![]).await.expect("runs");
    assert_eq!((inserted.rows_affected, inserted.last_insert_id), (2, P::SQL.last_id_of_two()));
    let updated = session.execute("UPDATE t SET x = 0", vec![]).await.expect("runs");
    assert_eq!((updated.rows_affected, updated.last_insert_id), (2, None));
    let indexed = session.execute("CREATE INDEX t_x ON t (x)", vec![]).await.expect("runs");
    assert_eq!(indexed.rows_affected, 0, "the count of the statement before is not repeated");
    let none = session.execute("DELETE FROM t WHERE x = 9", vec![]).await.expect("runs");
    assert_eq!(none.rows_affected, 0);
}

pub async fn one_statement_is_one<P: Place>(place: &P) {
    for sql in ["SELECT 1; SELECT 2", "", "  -- nothing", ";"] {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        assert_eq!(fails(&session, sql, vec![]).await.kind, ErrorKind::Syntax, "{sql}");
    }
    let (_backend, session) = session(place).await;
    execute(&session, "SELECT 1; -- and nothing more").await;
}

pub async fn parameters_are_counted<P: Place>(_: &P) {
    for (sql, params) in [("SELECT ?", vec![]), ("SELECT 1", vec![Value::Null])] {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        let sql = P::SQL.spelled(sql);
        assert_eq!(fails(&session, &sql, params).await.kind, ErrorKind::Conversion, "{sql}");
    }
}

pub async fn scripts_are_walked<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    let (sql, end) = P::SQL.script();
    let script = Script::new(sql).expect("no NUL");
    let (mut start, mut statements) = (0, Vec::new());
    let mut session = session.lock().await;
    while let Some(length) = session.statement_length(&script, start).await.expect("walks") {
        let statement = &sql[start..start + length];
        session.execute(statement, vec![]).await.expect(statement);
        statements.push(statement.trim());
        start += length;
    }
    assert_eq!(statements.len(), 3, "{statements:#?}");
    assert!(statements[2].ends_with(end), "{statements:#?}");
    assert!(Script::new("SELECT 1\0").is_err());
}

pub async fn a_cursor_is_a_snapshot<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    execute(&session, "CREATE TABLE t (x INTEGER)").await;
    execute(&session, "INSERT INTO t VALUES (1), (2), (3)").await;
    let mut session = session.lock().await;
    let (cursor, columns) = session
        .open_cursor(
            &P::SQL.spelled("SELECT x, x AS x FROM t WHERE x > ? ORDER BY x DESC"),
            vec![Value::Int64(1)],
        )
        .await
        .expect("opens");
    assert_eq!(columns.len(), 2);
    session.execute("UPDATE t SET x = x + 100", vec![]).await.expect("writes while it reads");
    // Where it would commit, and end the snapshot with the transaction, it is refused instead.
    let kept = if P::SQL.is_journaled() { "DELETE FROM t" } else { "DROP TABLE t" };
    session.execute(kept, vec![]).await.expect("even this");
    if P::SQL.is_journaled() {
        let refused = session.execute("DROP TABLE t", vec![]).await.expect_err("a cursor is open");
        assert_eq!(refused.kind, ErrorKind::Denied, "{refused}");
    }
    let one = ResultLimit { rows_max: 1, ..PLENTY };
    assert_eq!(
        session.fetch(cursor, one).await.expect("reads"),
        [[Value::Int64(3), Value::Int64(3)]]
    );
    assert_eq!(
        session.fetch(cursor, one).await.expect("reads"),
        [[Value::Int64(2), Value::Int64(2)]]
    );
    assert!(session.fetch(cursor, one).await.expect("reads").is_empty());
    session.close_cursor(cursor).await.expect("closes");
    assert!(session.fetch(cursor, one).await.is_err());
}

pub async fn a_cursor_only_reads<P: Place>(_: &P) {
    for sql in ["CREATE TABLE u (x INTEGER)", "DELETE FROM nowhere"] {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        assert!(session.lock().await.open_cursor(sql, vec![]).await.is_err(), "{sql}");
    }
}

pub async fn a_cursor_respects_its_limits<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    execute(&session, "CREATE TABLE t (x TEXT)").await;
    let insert = P::SQL.spelled("INSERT INTO t VALUES (?)");
    for _ in 0..4 {
        let long = vec![text(&"x".repeat(1_000))];
        session.lock().await.execute(&insert, long).await.expect("inserts");
    }
    let mut session = session.lock().await;
    let (cursor, _) = session.open_cursor("SELECT x FROM t", vec![]).await.expect("opens");
    // Room for two rows: fewer than asked for come, and none is lost.
    let limit = ResultLimit { rows_max: 10, bytes_max: 2_500 };
    let mut read = 0;
    loop {
        let rows = session.fetch(cursor, limit).await.expect("reads").len();
        assert!(rows <= 2);
        if rows == 0 {
            break;
        }
        read += rows;
    }
    assert_eq!(read, 4);
    let (cursor, _) = session.open_cursor("SELECT x FROM t", vec![]).await.expect("opens");
    let tiny = ResultLimit { rows_max: 10, bytes_max: 100 };
    let error = session.fetch(cursor, tiny).await.expect_err("one row is too large");
    assert_eq!(error.kind, ErrorKind::Limit);
}

pub async fn a_query_respects_its_limits<P: Place>(_: &P) {
    let three = "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3";
    for (rows_max, bytes_max, fits) in
        [(2, PLENTY.bytes_max, false), (3, PLENTY.bytes_max, true), (3, 10, false)]
    {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        let limit = ResultLimit { rows_max, bytes_max };
        match session.lock().await.query(three, vec![], limit).await {
            Ok(set) => assert!(fits && set.rows.len() == 3, "{limit:?}"),
            Err(error) => assert!(!fits && error.kind == ErrorKind::Limit, "{limit:?}: {error}"),
        }
    }
}

pub async fn bulk_writer_inserts<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    let (table, column) = (P::SQL.quoted("od\"`d"), P::SQL.quoted("b c"));
    execute(&session, &format!("CREATE TABLE {table} (a INTEGER, {column} TEXT)")).await;
    let columns = ["b c".to_owned(), "a".to_owned()];
    let written = {
        let mut session = session.lock().await;
        let writer = session.open_writer("od\"`d", &columns).await.expect("opens");
        for start in [0, 700, 1_400] {
            let batch = (start..start + 700).map(|n| vec![text("x"), Value::Int64(n)]).collect();
            session.write(writer, batch).await.expect("writes");
        }
        session.write(writer, vec![vec![Value::Null, Value::Null]]).await.expect("writes");
        session.finish_writer(writer).await.expect("finishes");
        assert!(session.write(writer, vec![]).await.is_err(), "it is finished");
        2_101
    };
    let sum = P::SQL.integer("sum(a)");
    let found = rows(&session, &format!("SELECT count(*), count(a), {sum} FROM {table}")).await;
    let sum = (0..2_100).sum();
    assert_eq!(found, [[Value::Int64(written), Value::Int64(2_100), Value::Int64(sum)]]);
}

pub async fn bulk_writer_checks_rows<P: Place>(place: &P) {
    let unknown = [("nowhere", vec!["a".to_owned()]), ("t", vec!["b".to_owned()]), ("t", vec![])];
    for (table, columns) in unknown {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        execute(&session, "CREATE TABLE t (a INTEGER)").await;
        let opened = session.lock().await.open_writer(table, &columns).await;
        assert!(opened.is_err(), "{table} {columns:?}");
    }
    let (_backend, session) = session(place).await;
    execute(&session, "CREATE TABLE t (a INTEGER)").await;
    let mut session = session.lock().await;
    let writer = session.open_writer("t", &["a".to_owned()]).await.expect("opens");
    assert!(session.write(writer, vec![vec![]]).await.is_err());
}

pub async fn constraints_are_named<P: Place>(_: &P) {
    // Each calls a nameless constraint after its column, in a way of its own.
    let unique = if P::DIALECT == Dialect::Sqlite { "t.a" } else { "a" };
    for (sql, name) in
        [("INSERT INTO t VALUES (1, 1)", unique), ("INSERT INTO t VALUES (2, 0)", "positive")]
    {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        let create =
            "CREATE TABLE t (a INTEGER UNIQUE, b INTEGER, CONSTRAINT positive CHECK (b > 0))";
        execute(&session, create).await;
        execute(&session, "INSERT INTO t VALUES (1, 1)").await;
        let error = fails(&session, sql, vec![]).await;
        assert_eq!(error.kind, ErrorKind::Constraint, "{sql}");
        assert!(error.constraint.is_some_and(|constraint| constraint.contains(name)), "{sql}");
    }
}

pub async fn syntax_errors_have_positions<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    let sql = "SELECT 1\n FORM t";
    let error = fails(&session, sql, vec![]).await;
    assert_eq!((error.kind, error.offset), (ErrorKind::Syntax, sql.find('t')));
}

pub async fn identifiers_are_quoted<P: Place>(place: &P) {
    let (_backend, session) = session(place).await;
    let quoted = session.lock().await.quote_identifier("a\"`; DROP TABLE x; --");
    execute(&session, &format!("CREATE TABLE {quoted} (x INTEGER)")).await;
    execute(&session, &format!("INSERT INTO {quoted} VALUES (1)")).await;
    assert_eq!(rows(&session, &format!("SELECT * FROM {quoted}")).await.len(), 1);
}

pub async fn the_transaction_is_the_hosts<P: Place>(_: &P) {
    for sql in P::SQL.transaction_control() {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        assert_eq!(fails(&session, sql, vec![]).await.kind, ErrorKind::Denied, "{sql}");
    }
}

pub async fn own_tables_are_out_of_reach<P: Place>(_: &P) {
    let own = ["alteration_ledger", "ALTERATION_STATE", "alteration_history", "alteration_archive"];
    for sql in own.iter().flat_map(|table| P::SQL.uses_of(table)) {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        assert_eq!(fails(&session, &sql, vec![]).await.kind, ErrorKind::Denied, "{sql}");
    }
    for table in own {
        let place = P::new();
        let (_backend, session) = session(&place).await;
        let opened =
            session.lock().await.open_cursor(&format!("SELECT * FROM {table}"), vec![]).await;
        assert!(opened.is_err(), "{table}");
    }
}
