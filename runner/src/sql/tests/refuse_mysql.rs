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
fn in_both_places() {
    let table = [
        ("BEGIN", "BEGIN is refused: transactions are the host's"),
        ("BEGIN WORK", "BEGIN"),
        ("BEGIN NOT ATOMIC COMMIT; END", "BEGIN NOT ATOMIC"),
        ("IF 1 THEN COMMIT; END IF", "IF"),
        ("FOR i IN 1..2 DO COMMIT; END FOR", "FOR"),
        ("# a\nStart Transaction", "START TRANSACTION"),
        ("/*+ a */ COMMIT", "COMMIT"),
        ("-- a\rx\nCOMMIT", "COMMIT"),
        ("ROLLBACK TO SAVEPOINT a", "ROLLBACK"),
        ("SAVEPOINT a", "SAVEPOINT"),
        ("RELEASE SAVEPOINT a", "RELEASE"),
        ("XA START 'a'", "XA"),
        ("LOCK TABLES t WRITE", "LOCK"),
        ("UNLOCK TABLES", "UNLOCK"),
        ("FLUSH TABLES", "FLUSH"),
        ("PREPARE a FROM 'COMMIT'", "PREPARE"),
        ("EXECUTE a", "EXECUTE"),
        ("EXECUTE IMMEDIATE 'COMMIT'", "EXECUTE"),
        ("DEALLOCATE PREPARE a", "DEALLOCATE"),
        ("CALL p()", "a procedure may commit"),
        ("HANDLER t OPEN", "use open-cursor"),
        ("LOAD DATA INFILE 'x' INTO TABLE t", "use the bulk-writer"),
        ("LOAD XML INFILE 'x' INTO TABLE t", "use the bulk-writer"),
        ("SELECT 1 INTO OUTFILE 'x'", "OUTFILE"),
        ("SELECT 1 into /**/ dumpfile 'x'", "DUMPFILE"),
        ("SELECT LOAD_FILE('x')", "LOAD_FILE"),
        ("SELECT GET_LOCK('a', 1)", "GET_LOCK"),
        ("SELECT `release_all_locks`()", "RELEASE_ALL_LOCKS"),
        ("UPDATE t SET a = Release_Lock('a')", "RELEASE_LOCK"),
        ("KILL 1", "KILL"),
        ("SHUTDOWN", "SHUTDOWN"),
        ("CHANGE MASTER TO MASTER_HOST = 'x'", "CHANGE"),
        ("START SLAVE", "START"),
        ("INSTALL SONAME 'x'", "INSTALL"),
        ("UNINSTALL PLUGIN x", "UNINSTALL"),
        ("USE other", "USE"),
        ("DROP DATABASE d", "DROP DATABASE"),
        ("CREATE FUNCTION f RETURNS STRING SONAME 'x.so'", "SONAME"),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", "CREATE EVENT"),
        (
            "CREATE OR REPLACE DEFINER = 'a'@'b' EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
            "CREATE EVENT",
        ),
        ("ALTER DEFINER=a@b EVENT e ENABLE", "ALTER EVENT"),
        ("CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')", "CREATE SERVER"),
        ("CREATE TABLE t (a int) ENGINE=CONNECT", "ENGINE connect"),
        ("ALTER TABLE t ENGINE 'federated'", "ENGINE federated"),
        ("CREATE TABLE t (a int) DATA DIRECTORY = '/x'", "DIRECTORY"),
        ("SET TRANSACTION READ ONLY", "SET TRANSACTION"),
        ("SET SESSION TRANSACTION READ ONLY", "SET SESSION TRANSACTION"),
        ("SET autocommit = 0", "setting autocommit"),
        ("SET AutoCommit=0", "setting autocommit"),
        ("SET `autocommit` = 0", "setting autocommit"),
        ("SET sql_notes = 0, @@autocommit = 0", "setting autocommit"),
        ("SET sql_notes = (SELECT 1, 2), @@session.autocommit = 0", "setting autocommit"),
        ("SET SESSION autocommit = 0", "setting autocommit"),
        ("SET @@local.`autocommit` := 0", "setting autocommit"),
        ("SET GLOBAL x = 1", "SET GLOBAL"),
        ("SET @@global.x = 1", "SET GLOBAL"),
        ("SET sql_notes = 0, PERSIST x = 1", "SET PERSIST"),
        ("SET sql_mode = ''", "setting sql_mode"),
        ("SET sql_log_bin = 0", "setting sql_log_bin"),
        ("SET wsrep_on = 0", "setting wsrep_on"),
        ("SET sql_select_limit = 0", "setting sql_select_limit"),
        ("SET NAMES gbk", "character set"),
        ("SET CHARACTER SET latin1", "character set"),
        ("SET character_set_client = gbk", "setting character_set_client"),
        ("SET ROLE a", "SET ROLE"),
        ("SET PASSWORD = 'x'", "SET PASSWORD"),
        ("SET STATEMENT sql_mode = '' FOR SELECT 1", "setting sql_mode"),
        ("SET STATEMENT sql_notes = 0 FOR COMMIT", "COMMIT"),
        ("SET STATEMENT sql_notes = 0 FOR SET STATEMENT sql_notes = 0 FOR COMMIT", "SET STATEMENT"),
        ("SELECT /*! 1 */", "executable comments"),
        ("/*!50003 COMMIT */", "executable comments"),
        ("/*M!100000 COMMIT */", "executable comments"),
        ("SELECT /*+ BKA(`*/ ' `) */ 1 INTO OUTFILE 'x' -- '", "executable comments"),
    ];
    for (sql, expected) in table {
        check(sql, Place::Transaction, expected);
        check(sql, Place::Journaled, expected);
    }
}

#[test]
fn a_step_is_one_transaction() {
    for sql in ["CREATE TABLE t (a int)", "TRUNCATE t", "SET sql_notes = 0", "ANALYZE TABLE t"] {
        check(sql, Place::Transaction, "it would commit by itself; a step is one transaction");
        check(sql, Place::Journaled, "");
    }
    for sql in ["SELECT 1 FOR UPDATE", "UPDATE t SET a = ?", "SELECT @a := 1"] {
        check(sql, Place::Transaction, "");
    }
}

#[test]
fn journaled_hooks_can_be_resumed() {
    for (sql, expected) in [
        ("SET @a = 1", "user variable"),
        ("SET sql_notes = 0, @`a b` := 1", "user variable"),
        ("SET sql_notes = (@a := 0)", "user variable"),
        ("SELECT @a := 1", "user variable"),
        ("SELECT @'a' := 1", "user variable"),
        ("SELECT @a.b:=1", "user variable"),
        ("SELECT 1 INTO @a", "user variable"),
        ("CREATE TEMPORARY TABLE t (a int)", "temporary table"),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a int)", "temporary table"),
    ] {
        check(sql, Place::Journaled, expected);
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
        "SET FOREIGN_KEY_CHECKS=0, @@session.unique_checks = 0, SESSION sql_notes := 0",
        "SET STATEMENT max_statement_time = 0 FOR ALTER TABLE t ADD b int",
        "INSERT INTO t VALUES ('COMMIT', \"GET_LOCK\", '/*! */')",
        "GRANT SELECT ON t TO a",
    ] {
        check(sql, Place::Journaled, "");
    }
}
