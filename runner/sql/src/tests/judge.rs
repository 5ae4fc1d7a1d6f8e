//! Whole texts, judged before any of them runs.

use super::*;
use crate::Role::{self, Before, Main, Step};

fn judged(sql: &str, dialect: Dialect, role: Role) -> Result<(), (usize, usize, String)> {
    let judged = Judge::new(dialect).within("d").judge(sql, role);
    judged.map_err(|refused| (refused.statement, refused.line(sql), refused.reason))
}

#[test]
fn the_first_statement_that_will_not_run() {
    let table = [
        ("A;\nB;\n\nKILL 1;\nKILL 2;", Mariadb, Main, 3, 4, "KILL is refused"),
        ("DELIMITER //\nA; B//\nKILL 1//\nDELIMITER ;\n", Mysql, Main, 3, 3, "KILL is refused"),
        ("A;\n/*!50003 KILL 1 */;", Mariadb, Main, 2, 2, "KILL is refused"),
        ("A;\n/*!50003 B; KILL 1 */;", Mariadb, Main, 2, 2, "inside of an executable comment"),
        ("A;\nCOMMIT;\nCALL p()", Mysql, Main, 2, 2, "nothing opens the transaction"),
        ("CALL p();\nUSE d;\nUSE `e`", Mysql, Main, 3, 3, "USE is refused"),
        (
            "SET @x = CONCAT('O', 'RACLE');\nSET sql_mode = @x",
            Mariadb,
            Main,
            2,
            2,
            "a computed mode",
        ),
        (
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nSELECT '\\'; KILL 1; -- '",
            Mysql,
            Main,
            3,
            2,
            "KILL",
        ),
        (
            "SET @o = @@sql_mode, sql_mode = 'NO_BACKSLASH_ESCAPES';\nSET sql_mode = @o;\nSELECT '\\'; KILL 1; -- ';\nKILL 2;",
            Mysql,
            Main,
            4,
            4,
            "KILL",
        ),
        ("A;\nCREATE OR REPLACE DATABASE x;", Mariadb, Main, 2, 2, "CREATE OR REPLACE DATABASE"),
        ("CREATE TABLE t (x INT)", Mysql, Step, 1, 1, "it would commit by itself"),
        ("A;\n  COMMIT;\n", Postgresql, Main, 2, 2, "COMMIT is refused"),
        ("A;\nCREATE TEMP TABLE t (x int);", Postgresql, Before, 2, 2, "a temporary table"),
        ("A; SELECT 'open", Postgresql, Main, 2, 1, "never closed"),
        ("A;\n\\connect x\n", Postgresql, Main, 2, 2, "psql"),
        ("A; B", Postgresql, Step, 1, 1, "found several"),
        ("A;\nB\0", Postgresql, Main, 1, 2, "NUL"),
        ("A;\nBEGIN;", Sqlite, Main, 2, 2, "BEGIN, COMMIT and ROLLBACK"),
        ("A;\nEND", Sqlite, Main, 2, 2, "BEGIN, COMMIT and ROLLBACK"),
        ("A; ROLLBACK TO x", Sqlite, Main, 2, 1, "SAVEPOINT"),
        ("A; VACUUM", Sqlite, Main, 2, 1, "VACUUM is refused: it cannot run in a transaction"),
        ("A; VACUUM INTO 'x'", Sqlite, Before, 2, 1, "VACUUM INTO is refused"),
        ("A; release x", Sqlite, Before, 2, 1, "RELEASE is refused"),
        ("BEGIN; A;\nBEGIN; COMMIT", Postgresql, Before, 3, 2, "COMMIT that first"),
        ("A;\nCOMMIT; B", Mysql, Main, 2, 2, "nothing opens the transaction"),
        ("A;\n BEGIN; B; C", Sqlite, Before, 2, 2, "never closed"),
        ("SET @a = 'latin1';\nSET character_set_client = @a", Mysql, Main, 2, 2, "a character set"),
        ("SET @@character_set_results = @a", Mariadb, Main, 1, 1, "a character set"),
        (
            "SET @a = @@character_set_client, @a = 'gbk'; SET SESSION character_set_client = @A",
            Mariadb,
            Main,
            2,
            1,
            "a character set",
        ),
        (
            "SET @a = @@character_set_client; SELECT 'gbk' INTO @a; SET character_set_client = @a",
            Mariadb,
            Main,
            3,
            1,
            "a character set",
        ),
        (
            "SET @a = @@character_set_server; SET character_set_connection = @a",
            Mysql,
            Main,
            2,
            1,
            "a character set",
        ),
        (
            "SET @a = 'gbk'; PREPARE s FROM 'SET character_set_client = @a'",
            Mysql,
            Main,
            2,
            1,
            "set",
        ),
        ("BEGIN NOT ATOMIC SET NAMES latin1; END;", Mariadb, Main, 1, 1, "character set"),
        (
            "A;\nCREATE PROCEDURE q() BEGIN DROP DATABASE x; END;\nCALL q();",
            Mysql,
            Main,
            2,
            2,
            "DROP",
        ),
        ("BEGIN; A; ROLLBACK", Mariadb, Main, 3, 1, "ROLLBACK is refused"),
        ("BEGIN; SAVEPOINT a; COMMIT", Postgresql, Before, 2, 1, "SAVEPOINT is refused"),
        ("BEGIN; A; COMMIT AND CHAIN", Postgresql, Before, 3, 1, "AND CHAIN"),
        ("BEGIN; A;\nVACUUM t; COMMIT", Postgresql, Before, 3, 2, "VACUUM cannot run in a"),
        ("A;\nDROP INDEX CONCURRENTLY i", Postgresql, Main, 2, 2, "belongs into before-up"),
        ("CREATE DATABASE d", Postgresql, Step, 1, 1, "CREATE DATABASE cannot run"),
        ("A; ATTACH 'x' AS y", Sqlite, Main, 2, 1, "ATTACH"),
        ("A; PRAGMA main.writable_schema = on", Sqlite, Main, 2, 1, "PRAGMA writable_schema"),
        ("PRAGMA query_only(1)", Sqlite, Main, 1, 1, "could not record"),
        ("SELECT * FROM Pragma_Database_List", Sqlite, Main, 1, 1, "PRAGMA database_list"),
        ("CREATE VIRTUAL TABLE IF NOT EXISTS t USING csv(x)", Sqlite, Main, 1, 1, "module csv"),
        ("SELECT load_extension('x')", Sqlite, Main, 1, 1, "load_extension"),
        ("UPDATE \"Alteration_State\" SET x = 1", Sqlite, Main, 1, 1, "alteration_state"),
        ("DELETE FROM main.alteration_ledger", Sqlite, Main, 1, 1, "alteration_ledger"),
    ];
    for (sql, dialect, role, statement, line, reason) in table {
        let (at, in_line, why) = judged(sql, dialect, role).expect_err(sql);
        assert_eq!((at, in_line), (statement, line), "{dialect}: {sql}: {why}");
        assert!(why.contains(reason), "{dialect}: {sql}: {why}");
    }
}

#[test]
fn what_would_run_is_not_refused() {
    let table = [
        ("", Postgresql, Step),
        ("-- nothing\n;;", Mysql, Main),
        ("A; CREATE PROCEDURE p() BEGIN CALL q(); COMMIT; END; B;", Mariadb, Main),
        ("CALL p(); START TRANSACTION; A; COMMIT; SET autocommit = 0; A; ROLLBACK", Mysql, Main),
        ("START TRANSACTION; CALL p(); COMMIT", Mysql, Main),
        ("/*!99999 KILL 1 */; A; /*M!999999\\- it's */ B", Mariadb, Main),
        ("USE d; A; use `d`", Mysql, Main),
        (
            "SET @a = @@CHARACTER_SET_CLIENT, @b = @@session.character_set_results; SET NAMES utf8mb4; CALL p(); SET @c = @a; SET character_set_client = @c, character_set_results = @b",
            Mysql,
            Main,
        ),
        ("SET @a = 'utf8mb4'; SET character_set_client = @a", Mariadb, Main),
        ("SET character_set_client = @@character_set_connection", Mariadb, Main),
        ("CALL p()", Postgresql, Main),
        ("CREATE INDEX CONCURRENTLY i ON t (x)", Postgresql, Before),
        (
            "A; BEGIN; B; COMMIT; VACUUM; BEGIN ISOLATION LEVEL SERIALIZABLE; C; END",
            Postgresql,
            Before,
        ),
        ("BEGIN; A; COMMIT; START TRANSACTION; B; COMMIT WORK", Mysql, Main),
        ("BEGIN IMMEDIATE; A; END TRANSACTION", Sqlite, Before),
        ("CREATE TEMP TABLE t (x int); DROP TABLE t", Postgresql, Main),
        (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; END; SELECT 1",
            Sqlite,
            Main,
        ),
        ("PRAGMA foreign_keys = OFF; PRAGMA table_info(t); PRAGMA user_version", Sqlite, Main),
        ("INSERT INTO notes VALUES ('alteration_state', load_extension)", Sqlite, Main),
        (
            "SELECT alteration_state FROM t WHERE x IS NOT DISTINCT FROM alteration_state",
            Sqlite,
            Main,
        ),
        ("WITH alteration_run AS (SELECT 1) SELECT * FROM alteration_run", Sqlite, Main),
        ("CREATE VIRTUAL TABLE t USING fts5(x)", Sqlite, Main),
        ("CREATE TEMP TABLE t (x)", Sqlite, Main),
        ("CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END", Sqlite, Main),
        // SQLite tells itself where its statements end.
        ("SELECT 'open; COMMIT", Sqlite, Main),
    ];
    for (sql, dialect, role) in table {
        assert_eq!(judged(sql, dialect, role), Ok(()), "{dialect}: {sql}");
    }
}

#[test]
fn a_statement_may_be_as_long_as_its_session_takes() {
    let script = "SELECT 1;\nSELECT 22;\n";
    for (dialect, max, statement) in
        [(Sqlite, 10, Some(2)), (Postgresql, 8, Some(1)), (Mysql, 10, Some(2)), (Mariadb, 11, None)]
    {
        let refused = Judge::new(dialect).bounded(max).judge(script, Main).err();
        assert!(refused.as_ref().is_none_or(|refused| refused.is_too_long));
        assert_eq!(refused.map(|refused| refused.statement), statement, "{dialect}");
    }
}

/// Where a string ends is the session's to say.
#[test]
fn texts_are_judged_as_the_session_reads_them() {
    let ansi = Reading { ansi_quotes: true, ..Dialect::Mysql.into() };
    let literal = Reading { backslash_escapes: false, ..Dialect::Mysql.into() };
    let table = [
        (Reading::from(Dialect::Mysql), r#"INSERT INTO t VALUES ('\'; COMMIT; -- ')"#, true),
        (literal, r#"INSERT INTO t VALUES ('\'); COMMIT; -- '"#, false),
        (ansi, r#"INSERT INTO "t""; COMMIT" VALUES (1)"#, true),
    ];
    for (reading, sql, fits) in table {
        assert_eq!(Judge::new(reading).judge(sql, Main).is_ok(), fits, "{sql}");
    }
}

/// From where on a hook cannot be resumed, with what belongs to it.
/// Each lock, and the end of each, commits what is open.
#[test]
fn locks_of_a_dump_stay_in_a_transaction() {
    let locked = "LOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\nUNLOCK TABLES;\n";
    for before in [
        "SET autocommit = 0;\nA;\n",
        "SET autocommit = 0, foreign_key_checks = 0;\n",
        "START TRANSACTION;\n",
        "BEGIN;\nA;\n",
        &format!("SET autocommit = 0;\n{locked}"),
        "SET autocommit = 0;\nCOMMIT;\n",
        &format!("SET autocommit = 0;\n{locked}COMMIT;\nA;\nCOMMIT;\n"),
    ] {
        let text = format!("{before}{locked}COMMIT;");
        assert_eq!(as_client(&text, Mysql).as_deref(), Ok(&*text), "{text}");
    }
    for before in [
        "",
        "SET autocommit = 0;\nA;\nCOMMIT;\nSET autocommit = 1;\n",
        "START TRANSACTION;\nROLLBACK;\n",
        "SET autocommit = 0;\n",
        &format!("SET autocommit = 0;\n{locked}COMMIT;\n"),
    ] {
        let text = format!("{before}{locked}COMMIT;");
        let left = as_client(&text, Mysql).expect("it is taken apart");
        assert!(!left.contains("LOCK TABLES"), "{text}: {left}");
    }
}

#[test]
fn what_cannot_be_resumed_begins_with_what_it_is_about() {
    let table = [
        ("A; B", None),
        ("A;\n\n-- x\nCALL p(); B; CALL q()", Some((2, 4, "CALL may commit"))),
        ("SET @a = 1; INSERT INTO t VALUES (@a)", Some((2, 1, "a user variable"))),
        ("A;\nINSERT INTO t VALUES (1);\nSELECT ROW_COUNT();", Some((2, 2, "ROW_COUNT()"))),
        (
            "A;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (LAST_INSERT_ID());",
            Some((3, 3, "LAST_INSERT_ID()")),
        ),
        ("A;\nSTART TRANSACTION;\nB;\nCALL p();\nCOMMIT;", Some((2, 2, "CALL"))),
        ("START TRANSACTION;\nB;\nCOMMIT;\nCALL p();", Some((4, 4, "CALL"))),
        (
            "LOCK TABLES t WRITE;\n/*!40000 ALTER TABLE `t` DISABLE KEYS */;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n/*!40000 ALTER TABLE `d`.`t` ENABLE KEYS */;\nUNLOCK TABLES;",
            None,
        ),
        (
            "SET @O=@@AUTOCOMMIT, @@AUTOCOMMIT=0;\nLOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\nUNLOCK TABLES;\nCOMMIT;\nSET AUTOCOMMIT=@O;",
            None,
        ),
        (
            "LOCK TABLES t WRITE;\nset autocommit=0;\nINSERT INTO t VALUES (1);\nUNLOCK TABLES;\ncommit;",
            None,
        ),
        ("LOCK TABLES t WRITE;\nUPDATE t SET a = 1;\nUNLOCK TABLES;", Some((1, 1, "locks"))),
        ("LOCK TABLES t WRITE;\nINSERT INTO t SELECT 1;\nUNLOCK TABLES;", Some((1, 1, "locks"))),
        (
            "set autocommit=0;\nLOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\nUNLOCK TABLES;\nROLLBACK;",
            Some((1, 1, "autocommit")),
        ),
        (
            "SET @O=@@sql_mode, sql_mode='', @T = @@time_zone;\nSET time_zone = IFNULL(@T, 'system'), sql_mode = IFNULL(@O, '');",
            None,
        ),
        ("SET @T = @@time_zone;\nSET time_zone = IFNULL(@T, @T + 1);", Some((2, 2, "a user"))),
        (
            "START TRANSACTION;\nA;\nLOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\nUNLOCK TABLES;\nROLLBACK;",
            Some((1, 1, "locks")),
        ),
    ];
    for (sql, expected) in table {
        for dialect in [Mysql, Mariadb] {
            let judge = Judge::new(dialect);
            let found = judge.unrepeatable(sql, Main);
            let line = |at: usize| 1 + sql[..at].matches('\n').count();
            let seen = found.as_ref().map(|f| (f.statement, line(f.offset)));
            assert_eq!(seen, expected.map(|(statement, line, _)| (statement, line)), "{sql}");
            if let (Some(found), Some((.., reason))) = (found, expected) {
                assert!(found.reason.contains(reason), "{sql}: {}", found.reason);
            }
            assert_eq!(judge.judge(sql, Main), Ok(()), "{sql}");
            assert_eq!(judge.unrepeatable(sql, Step), None, "{sql}");
        }
        assert_eq!(Judge::new(Sqlite).unrepeatable(sql, Main), None);
    }
}
