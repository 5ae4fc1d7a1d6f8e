//! The catalogue's answer to "did it take effect?", for statements of every kind.

use super::*;
use crate::backend::connection::Verdict;

#[tokio::test]
async fn what_took_effect_is_seen() {
    let database = Mariadb::shared().database();
    database.sql(
        "CREATE TABLE Big (a int PRIMARY KEY AUTO_INCREMENT, b int);
         CREATE TABLE child (a int, CONSTRAINT up FOREIGN KEY (a) REFERENCES Big (a))",
    );
    let mut connection = open(&database).await;
    let done = [
        "CREATE TABLE t (a int)",
        "CREATE TABLE `odd``name` (a int)",
        "ALTER TABLE t ADD b int",
        "alter table BIG add c int",
        "CREATE INDEX i ON t (b)",
        "DROP INDEX i ON t",
        "ALTER TABLE child DROP FOREIGN KEY up",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (b > 0)",
        "RENAME TABLE t TO u",
        "CREATE TABLE t AS SELECT * FROM u",
        "CREATE VIEW w AS SELECT * FROM t",
        "CREATE OR REPLACE VIEW w AS SELECT a FROM t",
        "DROP VIEW w",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
        "DROP TRIGGER g",
        "CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 5",
        "CREATE OR REPLACE FUNCTION f() RETURNS int DETERMINISTIC RETURN 6",
        "DROP FUNCTION f",
        "CREATE PROCEDURE p() SELECT 1",
        "ALTER PROCEDURE p COMMENT 'x'",
        "DROP PROCEDURE p",
        "CREATE SEQUENCE s",
        "DROP SEQUENCE s",
        "DROP TABLE t, u",
    ];
    for sql in done {
        let sql = if sql.contains("BIG") { &sql.replace("BIG", "Big") } else { sql };
        let before = connection.fingerprint(sql).await.expect(sql);
        let verdict = connection.verify(sql, &before).await.expect(sql);
        assert_eq!(verdict, Verdict::NotDone, "{sql}");
        connection.wire().expect("open").text(sql).await.expect(sql);
        let verdict = connection.verify(sql, &before).await.expect(sql);
        assert_eq!(verdict, Verdict::Done, "{sql}");
    }
}

#[tokio::test]
async fn rows_do_not_change_what_is_compared() {
    let database = Mariadb::shared().database();
    database.sql("CREATE TABLE t (a int PRIMARY KEY AUTO_INCREMENT)");
    let mut connection = open(&database).await;
    let sql = "ALTER TABLE t ADD b int";
    let before = connection.fingerprint(sql).await.expect("reads");
    database.sql("INSERT INTO t VALUES (NULL), (NULL), (99)");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::NotDone);
}

/// A part of a list can be gone when the server was killed in between.
#[tokio::test]
async fn half_a_drop_is_for_a_person() {
    let database = Mariadb::shared().database();
    database.sql("CREATE TABLE a (x int); CREATE TABLE b (x int)");
    let mut connection = open(&database).await;
    let (plain, lenient) = ("DROP TABLE a, b", "DROP TABLE IF EXISTS a, b");
    let before = connection.fingerprint(plain).await.expect("reads");
    database.sql("DROP TABLE a");
    assert_eq!(connection.verify(plain, &before).await.expect("looks"), Verdict::Unknown);
    assert_eq!(connection.verify(lenient, &before).await.expect("looks"), Verdict::NotDone);
    database.sql("DROP TABLE b");
    assert_eq!(connection.verify(plain, &before).await.expect("looks"), Verdict::Done);
}
