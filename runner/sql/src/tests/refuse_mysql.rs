//! What is refused on MySQL and MariaDB.

use super::*;

fn check(sql: &str, place: Place, expected: &str) {
    for dialect in [Mysql, Mariadb] {
        let reason = refusal(&one(sql, dialect), place, Level::Guarded).unwrap_or_default();
        if expected.is_empty() {
            assert_eq!(reason, "", "{dialect}: {place:?}: {sql}");
        } else {
            assert!(reason.contains(expected), "{dialect}: {place:?}: {sql}: {reason:?}");
        }
    }
}

#[test]
fn everywhere() {
    let table = [
        ("XA START 'a'", "XA"),
        ("LOCK INSTANCE FOR BACKUP", "LOCK INSTANCE"),
        ("FLUSH TABLES WITH READ LOCK", "FLUSH TABLES WITH READ LOCK"),
        ("FLUSH TABLES t WITH READ LOCK", "FLUSH TABLES WITH READ LOCK"),
        ("FLUSH TABLES t FOR EXPORT", "FLUSH TABLES FOR EXPORT"),
        ("LOAD DATA INFILE 'x' INTO TABLE t", "use the bulk-writer"),
        ("LOAD XML INFILE 'x' INTO TABLE t", "use the bulk-writer"),
        ("SELECT 1 INTO OUTFILE 'x'", "OUTFILE"),
        ("SELECT 1 into /**/ dumpfile 'x'", "DUMPFILE"),
        ("SELECT LOAD_FILE('x')", "LOAD_FILE"),
        ("SELECT GET_LOCK('a', 1)", "GET_LOCK"),
        ("SELECT `release_all_locks`()", "RELEASE_ALL_LOCKS"),
        ("UPDATE t SET a = Release_Lock('a')", "RELEASE_LOCK"),
        ("SET @x = GET_LOCK('a', 1)", "GET_LOCK"),
        ("KILL 1", "KILL"),
        ("SHUTDOWN", "SHUTDOWN"),
        ("CHANGE MASTER TO MASTER_HOST = 'x'", "CHANGE"),
        ("START SLAVE", "START"),
        ("INSTALL SONAME 'x'", "INSTALL"),
        ("UNINSTALL PLUGIN x", "UNINSTALL"),
        ("USE other", "USE"),
        ("DROP DATABASE d", "DROP DATABASE"),
        ("CREATE FUNCTION f RETURNS STRING SONAME 'x.so'", "SONAME"),
        ("CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')", "CREATE SERVER"),
        ("CREATE TABLE t (a int) ENGINE=CONNECT", "ENGINE connect"),
        ("ALTER TABLE t ENGINE 'federated'", "ENGINE federated"),
        ("CREATE TABLE t (a int) DATA DIRECTORY = '/x'", "DIRECTORY"),
        ("SET GLOBAL x = 1", "SET GLOBAL"),
        ("SET @@global.x = 1", "SET GLOBAL"),
        ("SET sql_notes = 0, PERSIST x = 1", "SET PERSIST"),
        ("SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-2'", "--set-gtid-purged=OFF"),
        ("SET @@SESSION.SQL_LOG_BIN= 0", "--set-gtid-purged=OFF"),
        ("SET wsrep_on = 0", "setting wsrep_on"),
        ("SET completion_type = 1", "setting completion_type"),
        ("SET NAMES gbk", "character set"),
        ("SET NAMES latin1", "character set"),
        ("SET CHARACTER SET latin1", "character set"),
        ("SET character_set_client = gbk", "character set"),
        ("SET character_set_client = CONCAT('g', 'bk')", "character set"),
        ("SET character_set_client = 'utf8mb4' * 0 + 8", "character set"),
        ("SET character_set_client = @@character_set_server", "character set"),
        ("SET CHAR SET latin1", "character set"),
        ("SET ROLE a", "SET ROLE"),
        ("SET PASSWORD = 'x'", "SET PASSWORD"),
        ("SET STATEMENT sql_notes = 0 FOR SET STATEMENT sql_notes = 0 FOR COMMIT", "SET STATEMENT"),
        ("SELECT /*+ BKA(`*/ ' `) */ 1 INTO OUTFILE 'x' -- '", "quotes in hints"),
        ("/*!50003 SELECT LOAD_FILE('x') */", "LOAD_FILE"),
        ("UPDATE alteration_state SET status = 'applied'", "alteration_state"),
        ("PREPARE a FROM 'DELETE FROM alteration_state'", "alteration_state"),
        ("/*!50003 DELETE FROM */ /*!40000 alteration_state */", "alteration_state"),
    ];
    for (sql, expected) in table {
        for place in [Place::Transaction, Place::Journaled, Place::Apart] {
            check(sql, place, expected);
        }
    }
}

/// What a trusted plugin may say besides.
#[test]
fn where_the_operator_trusts_the_plugin() {
    for sql in [
        "SET GLOBAL event_scheduler = ON",
        "SET PERSIST max_connections = 10",
        "SET @@GLOBAL.GTID_PURGED = 'a:1-2'",
        "SET @@SESSION.SQL_LOG_BIN = 0",
        "SET ROLE a",
    ] {
        let reason = refusal(&one(sql, Mysql), Place::Journaled, Level::Trusted);
        assert_eq!(reason, None, "{sql}");
        assert!(refusal(&one(sql, Mysql), Place::Journaled, Level::Guarded).is_some(), "{sql}");
    }
    for sql in ["FLUSH TABLES WITH READ LOCK", "SELECT GET_LOCK('a', 1)", "SET NAMES gbk"] {
        assert!(refusal(&one(sql, Mysql), Place::Apart, Level::Trusted).is_some(), "{sql}");
    }
}

#[test]
fn a_mode_has_to_be_told_from_the_text() {
    for (sql, expected) in [
        ("SET sql_mode = ''", ""),
        ("SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", ""),
        ("SET @@sql_mode := TRADITIONAL", ""),
        ("SET sql_mode = DEFAULT", ""),
        ("SET sql_mode = @OLD_SQL_MODE", ""),
        ("SET @OLD = @@sql_mode, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'", ""),
        ("SET sql_mode = (SELECT REPLACE(@@sql_mode, 'ONLY_FULL_GROUP_BY', ''))", "computed"),
        ("SET sql_mode = CONCAT(@@sql_mode, ',ANSI')", "computed"),
        ("SET sql_mode = 4", "computed"),
        ("SET sql_mode = 'ORACLE'", "another language"),
        ("SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT 1", "how texts are read"),
    ] {
        check(sql, Place::Journaled, expected);
        check(sql, Place::Apart, expected);
    }
}

/// What runs, and whether a resumed hook could repeat it.
#[test]
fn what_cannot_be_resumed() {
    let table = [
        ("CALL p()", "CALL may commit"),
        ("SET @a = (SELECT 1)", "a user variable"),
        ("SET @a = NOW()", "a user variable"),
        ("SET @a = @b + 2", "a user variable"),
        ("SET sql_safe_updates = @a + 1", "a user variable"),
        ("INSERT INTO t VALUES (1, @a)", "a user variable"),
        ("UPDATE t SET a = @'b'", "a user variable"),
        ("SELECT 1 LIMIT@a", "a user variable"),
        ("SET @a = @a + LAST_INSERT_ID()", "LAST_INSERT_ID()"),
        ("SET @a = @@last_insert_id", "LAST_INSERT_ID()"),
        ("SET @a = @@identity", "LAST_INSERT_ID()"),
        ("SET @a = @@timestamp", "a user variable"),
        ("SET sql_notes = (@a := 0)", "a user variable"),
        ("SELECT @a := 1", "a user variable"),
        ("SELECT @'a' := 1", "a user variable"),
        ("SELECT @a.b:=1", "a user variable"),
        ("SELECT 1 INTO @a", "a user variable"),
        ("UPDATE t SET r = (@r := @r + 1) ORDER BY id", "a user variable"),
        ("CREATE TEMPORARY TABLE t (a int)", "a temporary table"),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a int)", "a temporary table"),
        ("DROP TEMPORARY TABLE t", "a temporary table"),
        ("PREPARE a FROM @q", "a prepared statement"),
        ("EXECUTE a", "EXECUTE could be any statement"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE could be any statement"),
        ("DEALLOCATE PREPARE a", "a prepared statement"),
        ("DROP PREPARE a", "a prepared statement"),
        ("INSERT INTO t VALUES (LAST_INSERT_ID())", "LAST_INSERT_ID()"),
        ("INSERT INTO t SELECT ROW_COUNT()", "ROW_COUNT()"),
        ("DO FOUND_ROWS()", "FOUND_ROWS()"),
        ("CREATE TABLE t AS SELECT LAST_INSERT_ID()", "LAST_INSERT_ID()"),
        ("LOCK TABLES t WRITE", "locks of tables"),
        ("UNLOCK TABLES", "locks of tables"),
        ("FLUSH PRIVILEGES", "FLUSH"),
        ("FLUSH TABLES", "FLUSH"),
        ("SET autocommit = 0", "autocommit is of its session"),
        ("SET @@session.autocommit = 0", "autocommit is of its session"),
        ("SET sql_select_limit = 0", "sql_select_limit is of its session"),
        ("SET SESSION TRANSACTION READ ONLY", "SET TRANSACTION"),
        ("HANDLER t OPEN", "a HANDLER"),
        ("/*!50003 CALL p() */", "CALL may commit"),
        ("SET STATEMENT max_statement_time = 1 FOR CALL p()", "CALL may commit"),
        // What can be repeated, or is set again.
        ("SET @a = 5", ""),
        ("SET @a := 'x', @b = -1.5, @c = NULL", ""),
        ("SET @a = 2 * (3 - @@auto_increment_increment)", ""),
        ("GRANT SELECT ON t TO 'a'@'b', c@localhost", ""),
        ("SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO'", ""),
        ("SET SQL_MODE=@OLD_SQL_MODE", ""),
        ("SET character_set_client = @saved_cs_client", ""),
        ("SET NAMES utf8", ""),
        ("SET TIME_ZONE='+00:00'", ""),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO CALL p()", ""),
        ("ALTER DEFINER=a@b EVENT e ENABLE", ""),
        ("CREATE PROCEDURE p() BEGIN SET @a = ROW_COUNT(); CALL q(); END", ""),
        (
            "CREATE DEFINER=`a`@`b` TRIGGER x AFTER INSERT ON t FOR EACH ROW SET @x = LAST_INSERT_ID()",
            "",
        ),
        ("CREATE TABLE t (last_insert_id int, row_count int)", ""),
        ("USE db", ""),
    ];
    for (sql, expected) in table {
        for dialect in [Mysql, Mariadb] {
            let reason = resumability(&one(sql, dialect)).unwrap_or_default();
            assert_eq!(reason.is_empty(), expected.is_empty(), "{dialect}: {sql}: {reason}");
            assert!(reason.starts_with(expected), "{dialect}: {sql}: {reason}");
        }
        if expected.is_empty() || sql == "USE db" {
            continue;
        }
        check(sql, Place::Journaled, "");
        check(sql, Place::Apart, "");
    }
    assert_eq!(
        resumability(&one("BEGIN NOT ATOMIC SELECT 1; END", Mariadb)).as_deref(),
        Some("a block may commit")
    );
    assert!(resumability(&one("SET @a = (SELECT 1)", Sqlite)).is_none());
}

/// In a session of the hook's own transactions are its own.
#[test]
fn transactions() {
    for sql in [
        "BEGIN",
        "BEGIN WORK",
        "# a\nStart Transaction",
        "/*+ a */ COMMIT",
        "-- a\rx\nCOMMIT",
        "ROLLBACK TO SAVEPOINT a",
        "SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "SET STATEMENT sql_notes = 0 FOR COMMIT",
        "/*!50003 COMMIT */",
    ] {
        check(sql, Place::Transaction, "transactions are the host's");
        check(sql, Place::Journaled, "transactions are the host's");
        check(sql, Place::Apart, "");
    }
}

#[test]
fn a_step_is_one_transaction() {
    for sql in ["CREATE TABLE t (a int)", "TRUNCATE t", "SET sql_notes = 0", "ANALYZE TABLE t"] {
        check(sql, Place::Transaction, "it would commit by itself; a step is one transaction");
        check(sql, Place::Journaled, "");
    }
    for (sql, expected) in [
        ("CALL p()", "a procedure may commit"),
        ("LOCK TABLES t WRITE", "LOCK"),
        ("PREPARE a FROM 'COMMIT'", "PREPARE"),
        ("EXECUTE IMMEDIATE 'COMMIT'", "EXECUTE"),
        ("HANDLER t OPEN", "use open-cursor"),
        ("SET autocommit = 0", "setting autocommit"),
        ("SET sql_mode = ''", "setting sql_mode"),
        ("SET sql_select_limit = 0", "setting sql_select_limit"),
        ("SET TRANSACTION READ ONLY", "SET TRANSACTION"),
    ] {
        check(sql, Place::Transaction, expected);
    }
    for sql in ["SELECT 1 FOR UPDATE", "UPDATE t SET a = ?", "SELECT @a := 1"] {
        check(sql, Place::Transaction, "");
    }
}

/// MariaDB has them outside of routines too, MySQL has not.
#[test]
fn blocks() {
    for sql in [
        "BEGIN NOT ATOMIC COMMIT; END",
        "IF 1 THEN COMMIT; END IF",
        "FOR i IN 1..2 DO COMMIT; END FOR",
    ] {
        assert_eq!(refusal(&one(sql, Mariadb), Place::Journaled, Level::Guarded), None, "{sql}");
        let reason = refusal(&one(sql, Mysql), Place::Journaled, Level::Guarded);
        assert!(reason.is_some_and(|reason| reason.contains("outside of routines")), "{sql}");
    }
}

#[test]
fn ordinary_statements_may_run() {
    for sql in [
        "CREATE TABLE t (a int, `commit` int) ENGINE=InnoDB",
        "CREATE TABLE t (engine varchar(20), data int, INDEX directory (engine))",
        "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW BEGIN SET NEW.a = 1; SET @x = 1; END",
        "CREATE PROCEDURE p() BEGIN COMMIT; END",
        "CREATE DATABASE d",
        "ALTER DATABASE d CHARACTER SET utf8mb4",
        "DROP EVENT e",
        "RENAME TABLE a TO b",
        "ANALYZE TABLE t",
        "OPTIMIZE TABLE t",
        "SELECT @a, @@autocommit",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET NAMES utf8",
        "SET CHARACTER SET utf8mb3",
        "SET character_set_results = utf8mb3, collation_connection = utf8mb3_general_ci",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        "CREATE OR REPLACE DEFINER = 'a'@'b' EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        "SELECT /*! 1 + */ 1",
        "SELECT /*+ QB_NAME(`a`) MAX_EXECUTION_TIME(1) */ $a FROM t",
        "SET FOREIGN_KEY_CHECKS=0, @@session.unique_checks = 0, SESSION sql_notes := 0",
        "SET STATEMENT max_statement_time = 0 FOR ALTER TABLE t ADD b int",
        "INSERT INTO t VALUES ('COMMIT', \"GET_LOCK\", '/*! */')",
        "GRANT SELECT ON t TO a",
    ] {
        check(sql, Place::Journaled, "");
    }
}
