//! Statements, their outcomes and their errors.

use super::*;
use crate::session::{ErrorKind, Outcome, Script};

#[tokio::test]
async fn outcomes() {
    let (_database, mut connection) = hook().await;
    let table = [
        ("CREATE TABLE t (id serial PRIMARY KEY, x integer)", 0),
        ("INSERT INTO t (x) VALUES (1), (2)", 2),
        ("UPDATE t SET x = 0", 2),
        ("SELECT * FROM t", 0),
        ("CREATE TABLE u AS SELECT * FROM t", 0),
        ("WITH w AS (SELECT 1 AS y) INSERT INTO u SELECT y, y FROM w", 1),
        ("WITH w AS (DELETE FROM u RETURNING x) SELECT * FROM w", 0),
        ("DELETE FROM t WHERE x = 9", 0),
        (
            "INSERT INTO t (x) VALUES (3) RETURNING x, ARRAY[x], t, int4multirange(), pg_typeof(x)",
            1,
        ),
        ("SHOW search_path", 0),
        ("EXPLAIN SELECT 1", 0),
        ("DO $$ BEGIN DELETE FROM t; END $$", 0),
        (";; DROP TABLE t -- and nothing more", 0),
    ];
    for (sql, rows_affected) in table {
        let done = connection.execute(sql, vec![]).await.expect(sql);
        assert_eq!(done, Outcome { rows_affected, last_insert_id: None }, "{sql}");
    }
}

#[tokio::test]
async fn one_statement_is_one() {
    for sql in ["SELECT 1; SELECT 2", "", "  -- nothing", ";", "SELECT 1\0", "SELEC 1"] {
        let (_database, mut connection) = hook().await;
        assert_eq!(fails(&mut connection, sql).await.kind, ErrorKind::Syntax, "{sql}");
        let queried = connection.query(sql, vec![], PLENTY).await;
        assert_eq!(queried.expect_err(sql).kind, ErrorKind::Syntax, "{sql}");
    }
}

#[tokio::test]
async fn parameters_are_counted() {
    let two = || vec![Value::Int64(1), Value::Int64(2)];
    for (sql, params) in [
        ("SELECT $1", vec![]),
        ("SELECT 1", vec![Value::Null]),
        ("SELECT $1", two()),
        ("SELECT $3::int", two()),
        ("SELECT '$1', \"a$1\", $$ $1 $$ -- $1\n FROM (SELECT 1 AS \"a$1\") t", two()),
    ] {
        let (_database, mut connection) = hook().await;
        let error = connection.execute(sql, params.clone()).await.expect_err(sql);
        assert_eq!(error.kind, ErrorKind::Conversion, "{sql}: {error}");
        let error = connection.query(sql, params, PLENTY).await.expect_err(sql);
        assert!(matches!(error.kind, ErrorKind::Conversion | ErrorKind::Other), "{sql}: {error}");
    }
}

#[tokio::test]
async fn parameters_stand_where_they_are_meant() {
    let (_database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE t (a integer[], b date, c bytea, d text)").await;
    let params = vec![
        text("it's \\' $2"),
        Value::Bytes(vec![0, 39, 92]),
        Value::Date("2024-02-29".into()),
        text("{1,2}"),
    ];
    let insert = "INSERT INTO t (d, c, b, a) VALUES ($1 || $1, $2, $3, $4)";
    connection.execute(insert, params.clone()).await.expect("inserts");
    let sql = "SELECT d, c, b, ($4::int[])[2], '$1', a[$5], $1::text FROM t WHERE b=$3 AND c=$2";
    let params = [params, vec![Value::Int64(1)]].concat();
    let found = connection.query(sql, params, PLENTY).await.expect("reads").rows;
    let expected = vec![
        text("it's \\' $2it's \\' $2"),
        Value::Bytes(vec![0, 39, 92]),
        Value::Date("2024-02-29".into()),
        Value::Int64(2),
        text("$1"),
        Value::Int64(1),
        text("it's \\' $2"),
    ];
    assert_eq!(found, [expected]);
}

/// A value is never more than a value, whatever it holds and however strings are read.
#[tokio::test]
async fn values_stay_values() {
    let (_database, mut connection) = hook().await;
    let hostile = ["'; COMMIT; --", "\\'; COMMIT; --", "\\", "$1", "');", "\u{2019}'", "E'\\''"];
    for strings in ["on", "off"] {
        let set = format!("SET standard_conforming_strings = {strings}");
        run(&mut connection, &hidden(&set)).await;
        for value in hostile {
            let sql = "SELECT $1::text, $1::varchar";
            let found = connection.query(sql, vec![text(value)], PLENTY).await.expect(value).rows;
            assert_eq!(found, [[text(value), text(value)]], "{value}");
        }
    }
    // What is one statement to the tokenizer and several to this session is refused by the server.
    let sql = "SELECT '\\' || '; COMMIT; --'";
    assert_eq!(fails(&mut connection, sql).await.kind, ErrorKind::Syntax);
    connection.rollback().await.expect("rolls back");
    assert!(!connection.is_in_transaction().await.expect("asks"));
}

#[tokio::test]
async fn errors_are_sorted() {
    let table = [
        ("SELECT 1\n FORM t", ErrorKind::Syntax, Some("42601"), None),
        ("INSERT INTO t VALUES (1, 1)", ErrorKind::Constraint, Some("23505"), Some("t_a_key")),
        ("INSERT INTO t VALUES (2, 0)", ErrorKind::Constraint, Some("23514"), Some("positive")),
        ("SELECT * FROM nowhere", ErrorKind::Other, Some("42P01"), None),
        ("SELECT 1/0", ErrorKind::Conversion, Some("22012"), None),
        ("SELECT 'x'::integer", ErrorKind::Conversion, Some("22P02"), None),
        ("DROP ROLE postgres", ErrorKind::Denied, Some("42501"), None),
        ("COMMIT", ErrorKind::Denied, None, None),
        ("DO $$ BEGIN COMMIT; END $$", ErrorKind::Other, Some("2D000"), None),
        ("VACUUM", ErrorKind::Other, Some("25001"), None),
    ];
    let (_database, mut connection) = hook().await;
    for (sql, kind, sqlstate, constraint) in table {
        run(
            &mut connection,
            "CREATE TABLE t (a integer UNIQUE, b integer CONSTRAINT positive CHECK (b > 0))",
        )
        .await;
        run(&mut connection, "INSERT INTO t VALUES (1, 1)").await;
        let error = fails(&mut connection, sql).await;
        let found = (error.kind, error.sqlstate.as_deref(), error.constraint.as_deref());
        assert_eq!(found, (kind, sqlstate, constraint), "{sql}: {error}");
        let is_outside = matches!(sqlstate, Some("25001" | "2D000"));
        assert_eq!(connection.needs_outside(&error), is_outside, "{sql}");
        connection.rollback().await.expect("rolls back");
        enter(&mut connection).await;
    }
}

#[tokio::test]
async fn errors_have_positions() {
    let (_database, mut connection) = hook().await;
    let sql = ";; SELECT 'é',\n nothing FROM t";
    let error = fails(&mut connection, sql).await;
    assert_eq!(error.offset, sql.find("t").map(|_| sql.find(" FROM t").unwrap() + 6), "{error}");
    connection.rollback().await.expect("rolls back");
    enter(&mut connection).await;
    let sql = "SELECT $1::int, $2::int, nothing FROM pg_class";
    let params = vec![Value::Int64(1), Value::Int64(2)];
    let error = connection.query(sql, params, PLENTY).await.unwrap_err();
    assert_eq!(error.offset, sql.find("nothing"), "{error}");
}

#[tokio::test]
async fn scripts_are_walked() {
    let (_database, mut connection) = hook().await;
    let sql = "CREATE TABLE t (x text);
        -- a ; in a comment
        INSERT INTO t VALUES ('a;b');
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN DELETE FROM t; RETURN NULL; END $f$;
        ";
    let script = Script::new(sql).expect("no NUL");
    let (mut start, mut statements) = (0, 0);
    while let Some(length) = connection.statement_length(&script, start).await.expect("walks") {
        run(&mut connection, &sql[start..start + length]).await;
        (start, statements) = (start + length, statements + 1);
    }
    assert_eq!(statements, 3);
}

#[tokio::test]
async fn a_query_respects_its_limits() {
    let (_database, mut connection) = hook().await;
    let three = "SELECT generate_series(1, 3)";
    let limit = |rows_max, bytes_max| ResultLimit { rows_max, bytes_max };
    assert_eq!(connection.query(three, vec![], limit(3, 1_000)).await.expect("fits").rows.len(), 3);
    for (rows_max, bytes_max) in [(2, 1_000), (3, 10)] {
        let error = connection.query(three, vec![], limit(rows_max, bytes_max)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Limit);
    }
    // What was not read is not waited for: this one would take days.
    let endless = "SELECT generate_series(1, 1000000000000)";
    let error = connection.query(endless, vec![], limit(2, 1_000)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    connection.rollback().await.expect("rolls back");
    enter(&mut connection).await;
    assert_eq!(rows(&mut connection, "SELECT 1").await.len(), 1);
}

#[tokio::test]
async fn rows_and_columns() {
    let (_database, mut connection) = hook().await;
    run(
        &mut connection,
        "CREATE TABLE t (a integer, b varchar(3), c \"char\", \"d,\"\"(\" numeric(9, 2))",
    )
    .await;
    for sql in ["SELECT * FROM t", "INSERT INTO t VALUES (1) RETURNING *"] {
        let set = connection.query(sql, vec![], PLENTY).await.expect(sql);
        let columns: Vec<(&str, &str)> = set
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.type_name.as_str()))
            .collect();
        let expected =
            [("a", "integer"), ("b", "character varying"), ("c", "\"char\""), ("d,\"(", "numeric")];
        assert_eq!(columns, expected, "{sql}");
    }
}

#[tokio::test]
async fn too_long_a_text_is_refused() {
    let (_database, mut connection) = hook().await;
    let sql = format!("SELECT 1 -- {}", "x".repeat(8 << 20));
    assert_eq!(fails(&mut connection, &sql).await.kind, ErrorKind::Limit);
}

/// Names are an attacker's too; sqlx reads them on its own account.
#[tokio::test]
async fn hostile_names() {
    let names = [
        "a\",\"b",
        ")(",
        "{}",
        "}",
        "\\",
        "\"\"",
        ",",
        "NULL",
        "é,漢",
        "a'b",
        "(1,",
        " ",
        "$1",
        "%s",
        "\u{202e}x",
        "E'\\",
        "\u{1}",
    ];
    let (_database, mut connection) = hook().await;
    let columns: Vec<String> =
        names.iter().map(|name| format!("{} integer", connection.quote_identifier(name))).collect();
    let labels: Vec<String> = names.iter().map(|name| super::super::text::literal(name)).collect();
    for (number, name) in names.iter().enumerate() {
        let ty = connection.quote_identifier(&format!("{name}{number}"));
        let columns = columns.join(", ");
        for sql in [
            format!("CREATE TABLE {ty} ({columns})"),
            format!("INSERT INTO {ty} DEFAULT VALUES"),
            format!("CREATE TYPE m{number} AS ENUM ({})", labels.join(", ")),
            format!("CREATE TABLE t{number} (a {ty}, b {ty}[], c m{number}, d m{number}[])"),
            format!("INSERT INTO t{number} VALUES ('({})')", ",".repeat(names.len() - 1)),
        ] {
            run(&mut connection, &sql).await;
        }
        let select = format!("SELECT * FROM {ty}, t{number}");
        let set = connection.query(&select, vec![], PLENTY).await.expect(&select);
        let found: Vec<&str> = set.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(found, [&names[..], &["a", "b", "c", "d"]].concat());
        let none = connection.query(&format!("{select} WHERE false"), vec![], PLENTY).await;
        assert_eq!(none.expect(&select).columns, set.columns);
        let insert = format!("INSERT INTO t{number} (c, d) VALUES ($1, NULL) RETURNING *");
        let params = vec![text(names[number])];
        connection.execute(&insert, params.clone()).await.expect(&insert);
        let set = connection.query(&insert, params, PLENTY).await.expect(&insert);
        let label = Value::Other { type_name: format!("m{number}"), text: names[number].into() };
        assert_eq!(set.rows[0][2], label);
        let writer = connection.open_writer(&format!("t{number}"), &["c".into()]).await;
        let writer = writer.expect("opens");
        connection.write(writer, vec![vec![label]]).await.expect("writes");
        connection.finish_writer(writer).await.expect("finishes");
    }
}
