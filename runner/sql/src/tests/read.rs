//! What a statement says of itself.

use super::*;
use std::collections::BTreeSet;

fn names(sql: &str, dialect: Dialect) -> BTreeSet<String> {
    one(sql, dialect).names()
}

#[test]
fn text_is_the_statement_alone() {
    let table = [
        ("SELECT 1 ; ", "SELECT 1", 0),
        ("-- a\nSELECT 1 -- b\n;", "-- a\nSELECT 1", 0),
        (" ;; SELECT 1 /* c */", " SELECT 1", 3),
    ];
    for dialect in DIALECTS {
        for (sql, text, offset) in table {
            let statement = one(sql, dialect);
            assert_eq!((statement.text(), statement.offset()), (text, offset));
            let first = statement.tokens()[0].text(statement.text());
            assert_eq!(first, "SELECT");
        }
    }
    let statement = one(";SELECT 1 /*! + 1 */ ;", Mysql);
    assert_eq!(statement.text(), "SELECT 1     + 1");
    assert_eq!(statement.written(), "SELECT 1 /*! + 1");
}

#[test]
fn words() {
    let statement = one("(select 'a', b /* c */ FROM \"D\") -- e", Postgresql);
    assert_eq!(statement.words().collect::<Vec<_>>(), ["SELECT", "B", "FROM"]);
    assert_eq!(statement.verb(), "SELECT");
    assert!(!statement.starts_with(&["SELECT"]));
    assert!(one("create /**/ unique\nindex x", Mysql).starts_with(&["CREATE", "UNIQUE", "INDEX"]));
    assert!(!one("create", Mysql).starts_with(&["CREATE", "INDEX"]));
    assert_eq!(one("'a'", Mysql).verb(), "");
    assert_eq!(one("((", Mysql).verb(), "");
}

#[test]
fn parameters() {
    let table: [(Dialect, &str, &[(std::ops::Range<usize>, usize)]); 5] = [
        (Postgresql, "; a $2 ? '$3' $$ $4 $$ $1", &[(3..5, 2), (22..24, 1)]),
        (Postgresql, "a$1 $99999999999999999999", &[(4..25, usize::MAX)]),
        (Mysql, "a ? '?' `?` ? -- ?", &[(2..3, 1), (12..13, 2)]),
        (Mariadb, "a $1", &[]),
        (Sqlite, "a ? ?7", &[(2..3, 1), (4..6, 7)]),
    ];
    for (dialect, sql, expected) in table {
        let statement = one(sql, dialect);
        let parameters = statement.parameters();
        assert_eq!(parameters, expected, "{sql}");
        for (range, _) in parameters {
            assert!(["$", "?"].contains(&&statement.text()[range][..1]));
        }
    }
}

#[test]
fn names_as_they_are_meant() {
    let table = [
        (
            Postgresql,
            r#"SELECT A."B""c" FROM U&"d\0061ta" , U&"!0061\" UESCAPE '!'"#,
            r#"a B"c data a\"#,
        ),
        (Postgresql, "DO $x$ BEGIN EXECUTE 'drop table Foo'; END $x$", "foo"),
        (
            Postgresql,
            "CREATE FUNCTION f() RETURNS int AS 'select 1 from \"Bar\"' LANGUAGE sql",
            "Bar f",
        ),
        (Postgresql, "DO $a$ $b$ $c$ $d$ $e$ $f$ deep $f$ $e$ $d$ $c$ $b$ $a$", "deep"),
        (Postgresql, "DO $a$ it's unread $a$", "it s unread"),
        (Mysql, "SELECT `A``b`, c.D FROM t1", "A`b c d t1"),
        (
            Mysql,
            "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW BEGIN DELETE FROM `U`; END",
            "U x t",
        ),
        (Sqlite, "SELECT [A b], `c` FROM \"D\"", "c D"),
    ];
    for (dialect, sql, expected) in table {
        let names = names(sql, dialect);
        for name in expected.split(' ') {
            assert!(names.contains(name), "{sql}: {name} is not in {names:?}");
        }
    }
    for (dialect, sql) in [
        (Postgresql, "SELECT 'secret' -- secret"),
        (Mysql, "SELECT \"secret\" # secret"),
        (Mariadb, "SELECT 'secret' /* secret */"),
    ] {
        assert!(!names(sql, dialect).contains("secret"), "{sql}");
    }
}

#[test]
fn plain_statements_cannot_commit() {
    let plain: [(&[Dialect], &str); 14] = [
        (&DIALECTS, "SELECT 1"),
        (&DIALECTS, "(SELECT 1)"),
        (&DIALECTS, "insert into t values (1)"),
        (&DIALECTS, "WITH a AS (SELECT 1) UPDATE t SET x = 1"),
        (&DIALECTS, "DELETE FROM t"),
        (&DIALECTS, "EXPLAIN SELECT 1"),
        (&[Postgresql], "EXPLAIN (ANALYZE, BUFFERS) (SELECT 1)"),
        (&[Postgresql], "MERGE INTO t USING u ON true WHEN MATCHED THEN DO NOTHING"),
        (&[Mysql, Mariadb], "REPLACE INTO t VALUES (1)"),
        (&[Mysql, Mariadb], "SELECT /*+ NO_MERGE(t) */ 1"),
        (&[Mysql, Mariadb], "SELECT 1 LOCK IN SHARE MODE"),
        (&[Mysql, Mariadb], "DO SLEEP(0)"),
        (&[Mariadb], "ANALYZE FORMAT = JSON UPDATE t SET a = 1"),
        (&[Mysql, Mariadb], "SHOW CREATE TABLE t"),
    ];
    for (dialects, sql) in plain {
        for dialect in dialects {
            assert!(one(sql, *dialect).is_plain(), "{dialect}: {sql}");
        }
    }
    let others: [(&[Dialect], &str); 17] = [
        (&DIALECTS, "CREATE TABLE t (a int)"),
        (&DIALECTS, "DROP TABLE t"),
        (&DIALECTS, "ALTER TABLE t ADD a int"),
        (&DIALECTS, "COMMIT"),
        (&DIALECTS, "'a'"),
        (&[Postgresql], "DO $$ BEGIN END $$"),
        (&[Postgresql], "CALL p()"),
        (&[Postgresql], "VACUUM"),
        (&[Postgresql], "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1"),
        (&[Mysql, Mariadb], "SELECT 1 INTO OUTFILE 'x'"),
        (&[Mysql, Mariadb], "SELECT 1 INTO\nDUMPFILE 'x'"),
        (&[Mysql, Mariadb], "SELECT 1 /*!50003 INTO OUTFILE 'x' */"),
        (&[Mysql, Mariadb], "SELECT /*+ BKA(`*/ ' `) */ 1 INTO OUTFILE 'x' -- '"),
        (&[Mysql, Mariadb], "LOCK TABLES t WRITE"),
        (&[Mysql, Mariadb], "ANALYZE TABLE t"),
        (&[Mysql, Mariadb], "TRUNCATE t"),
        (&[Sqlite], "INSERT OR ROLLBACK INTO t VALUES (1)"),
    ];
    for (dialects, sql) in others {
        for dialect in dialects {
            assert!(!one(sql, *dialect).is_plain(), "{dialect}: {sql}");
        }
    }
}
