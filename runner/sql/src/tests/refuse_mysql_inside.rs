//! What is refused inside of blocks, bodies and prepared texts of MySQL and MariaDB, and what these may have.

use super::*;

fn reason(sql: &str, dialect: Dialect, level: Level) -> Option<String> {
    refusal(&one(sql, dialect), Place::Apart, level)
}

/// As blocks, bodies and prepared texts hold a statement; `{}` is where it stands.
const AROUND: [&str; 17] = [
    "CREATE PROCEDURE p() {}",
    "CREATE PROCEDURE p(IN a varchar(9) CHARACTER SET utf8) COMMENT 'x' SQL SECURITY INVOKER {}",
    "CREATE PROCEDURE p() BEGIN SELECT 1; {}; END",
    "CREATE PROCEDURE p() l: BEGIN {}; END l",
    "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR NOT FOUND, SQLEXCEPTION {}; SELECT 1; END",
    "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; ELSEIF b THEN {}; END IF; END",
    "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; ELSE {}; END IF; END",
    "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN BEGIN END; ELSE {}; END CASE; END",
    "CREATE PROCEDURE p() BEGIN WHILE CASE WHEN a THEN 1 ELSE 2 END DO {}; END WHILE; END",
    "CREATE PROCEDURE p() BEGIN l: LOOP {}; LEAVE l; END LOOP; END",
    "CREATE PROCEDURE p() BEGIN REPEAT {}; UNTIL 1 END REPEAT; END",
    "CREATE DEFINER=`a`@`b` FUNCTION f(a int) RETURNS int DETERMINISTIC BEGIN {}; RETURN 1; END",
    "CREATE OR REPLACE TRIGGER x AFTER INSERT ON t FOR EACH ROW FOLLOWS y {}",
    "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW BEGIN SET NEW.a = 1; {}; END",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO {}",
    "ALTER EVENT e DO BEGIN {}; END",
    "/*!50003 CREATE PROCEDURE p() BEGIN {}; END */",
];

/// MariaDB has these outside of routines too.
const BLOCKS: [&str; 6] = [
    "BEGIN NOT ATOMIC {}; END",
    "BEGIN NOT ATOMIC BEGIN DECLARE a int; END; {}; END",
    "IF 1 THEN {}; END IF",
    "CASE 1 WHEN 1 THEN {}; END CASE",
    "WHILE 1 DO {}; END WHILE",
    "FOR i IN 1..2 DO {}; END FOR",
];

const REFUSED: [(&str, &str); 27] = [
    ("DROP DATABASE x", "DROP DATABASE"),
    ("drop /* a */ schema if exists x", "DROP SCHEMA"),
    ("CREATE OR REPLACE DATABASE x", "CREATE OR REPLACE DATABASE"),
    ("FLUSH TABLES WITH READ LOCK", "READ LOCK"),
    ("FLUSH TABLES t FOR EXPORT", "FOR EXPORT"),
    ("KILL 1", "KILL"),
    ("SHUTDOWN", "SHUTDOWN"),
    ("UNINSTALL PLUGIN x", "UNINSTALL"),
    ("XA START 'x'", "XA"),
    ("LOAD DATA INFILE 'x' INTO TABLE t", "LOAD"),
    ("LOCK INSTANCE FOR BACKUP", "LOCK INSTANCE"),
    ("START SLAVE", "START"),
    ("CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')", "CREATE SERVER"),
    ("CREATE TABLE c (a int) ENGINE=CONNECT", "ENGINE connect"),
    ("SELECT 1 INTO OUTFILE 'x'", "OUTFILE"),
    ("SELECT LOAD_FILE('x')", "LOAD_FILE"),
    ("DO GET_LOCK('a', 1)", "GET_LOCK"),
    ("SELECT `release_lock`('a')", "RELEASE_LOCK"),
    ("SET GLOBAL max_connections = 1", "SET GLOBAL"),
    ("SET @x = 1, @@PERSIST.x = 1", "SET PERSIST"),
    ("SET PASSWORD = 'x'", "SET PASSWORD"),
    ("SET sql_log_bin = 0", "sql_log_bin"),
    ("SET completion_type = 1", "completion_type"),
    ("SET NAMES latin1", "character set"),
    ("SET character_set_client = latin1", "character set"),
    ("SET character_set_client = @a", "character set"),
    ("DELETE FROM alteration_state", "alteration_state"),
];

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''")
}

#[test]
fn inside_of_bodies_and_blocks() {
    for (refused, what) in REFUSED {
        for dialect in [Mysql, Mariadb] {
            for around in AROUND {
                let sql = around.replace("{}", refused);
                let reason = reason(&sql, dialect, Level::Guarded).unwrap_or_default();
                assert!(reason.contains(what), "{dialect}: {sql}: {reason:?}");
            }
        }
        for around in BLOCKS {
            let sql = around.replace("{}", refused);
            let reason = reason(&sql, Mariadb, Level::Guarded).unwrap_or_default();
            assert!(reason.contains(what), "{sql}: {reason:?}");
        }
    }
}

#[test]
fn in_the_text_of_a_prepared_statement() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (refused, what) in REFUSED {
        let literal = quoted(refused);
        let (first, rest) = refused.split_at(5);
        let ways = [
            format!("PREPARE s FROM '{literal}'"),
            format!("EXECUTE IMMEDIATE '{literal}' USING @a"),
            format!("EXECUTE IMMEDIATE \"{}\"", refused.replace('\'', "\\'")),
            format!("EXECUTE IMMEDIATE '{}' '{}'", quoted(first), quoted(rest)),
            format!("EXECUTE IMMEDIATE (CONCAT('{}', '{}', @a))", quoted(first), quoted(rest)),
            format!("EXECUTE IMMEDIATE _utf8mb4 '{literal}'"),
            format!("EXECUTE IMMEDIATE x'{}'", hex(refused)),
            format!("EXECUTE IMMEDIATE 0x{}", hex(refused)),
            format!("EXECUTE IMMEDIATE '/*!50000 {literal} */'"),
            format!("SET STATEMENT max_statement_time = 1 FOR EXECUTE IMMEDIATE '{literal}'"),
            format!("CREATE PROCEDURE p() BEGIN PREPARE s FROM '{literal}'; EXECUTE s; END"),
            format!("EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''{}'''", quoted(&literal)),
            format!("EXECUTE IMMEDIATE 'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO {literal}'"),
        ];
        for sql in ways {
            for dialect in [Mysql, Mariadb] {
                let reason = reason(&sql, dialect, Level::Guarded).unwrap_or_default();
                assert!(reason.contains(what), "{dialect}: {sql}: {reason:?}");
            }
        }
    }
    let sql = r#"EXECUTE IMMEDIATE 'DROP\n\tDATABASE x'"#;
    assert!(reason(sql, Mariadb, Level::Guarded).is_some());
}

#[test]
fn what_a_trusted_plugin_may_say_inside() {
    for inner in ["SET GLOBAL max_connections = 1", "SET sql_log_bin = 0", "SET ROLE a"] {
        for sql in [
            format!("CREATE PROCEDURE p() BEGIN {inner}; END"),
            format!("EXECUTE IMMEDIATE '{inner}'"),
        ] {
            assert_eq!(reason(&sql, Mariadb, Level::Trusted), None, "{sql}");
            assert!(reason(&sql, Mariadb, Level::Guarded).is_some(), "{sql}");
        }
    }
}

/// What bodies of old histories have.
#[test]
fn ordinary_bodies_may_be_made() {
    for sql in [
        "CREATE PROCEDURE p() BEGIN START TRANSACTION; SAVEPOINT a; ROLLBACK TO a; RELEASE SAVEPOINT a; COMMIT; END",
        "CREATE PROCEDURE p(IN server_id int, OUT `sql_log_bin` int, time_zone varchar(9)) BEGIN SET server_id = 1, sql_log_bin = 2, time_zone = 'x'; END",
        "CREATE PROCEDURE p() BEGIN DECLARE x, server_id, charset, statement, resource INT DEFAULT 0; SET x = 1; SET server_id = x; SET charset = 'latin1'; SET statement := 5; SET resource = 1; END",
        "CREATE PROCEDURE p() BEGIN DECLARE done int DEFAULT 0; DECLARE c CURSOR FOR SELECT start, stop FROM t; DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1; OPEN c; start: LOOP FETCH c INTO @a; IF done THEN LEAVE start; END IF; END LOOP start; CLOSE c; END",
        "CREATE PROCEDURE p() stop: BEGIN reset: WHILE 1 DO SET @a = IF(1, 2, 3); LEAVE stop; END WHILE; END",
        "CREATE PROCEDURE p() BEGIN SELECT CASE WHEN a THEN start ELSE stop END, CASE a WHEN 1 THEN cache ELSE reset END FROM t; END",
        "CREATE FUNCTION f(a int) RETURNS varchar(9) CHARSET utf8 DETERMINISTIC RETURN IF(a, 'KILL 1', CASE WHEN a THEN 'XA' ELSE 'SHUTDOWN' END)",
        "CREATE FUNCTION f() RETURNS set('a', 'b') CHARACTER SET latin1 COMMENT 'DROP DATABASE x' RETURN 'a'",
        "CREATE PROCEDURE p() UPDATE t SET `start` = 1, stop = 2",
        "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.server_id = 1, NEW.sql_mode = 'x'",
        "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.a IS NULL THEN SET NEW.a = 1; END IF; END",
        "CREATE PROCEDURE p() BEGIN SET SESSION sql_mode = (SELECT REPLACE(@@sql_mode, 'ONLY_FULL_GROUP_BY', '')); SET NAMES utf8; SET autocommit = 0; END",
        "CREATE PROCEDURE p() BEGIN SET @cs = @@character_set_client; SET NAMES utf8; SET character_set_client = @cs; END",
        "CREATE PROCEDURE p() BEGIN IF EXISTS (SELECT 1) THEN DROP TABLE t; ALTER TABLE u DROP a; CREATE TABLE v (a int) ENGINE=InnoDB; FLUSH TABLES; END IF; END",
        "CREATE PROCEDURE p() BEGIN PREPARE s FROM 'SELECT ?'; EXECUTE s USING @a; DEALLOCATE PREPARE s; END",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01' COMMENT 'KILL' DO DELETE FROM t WHERE start < NOW()",
        "PREPARE s FROM 'ALTER TABLE t ADD start int'",
        "PREPARE s FROM @sql",
        "SELECT GREATEST(start, stop) FROM t",
    ] {
        for dialect in [Mysql, Mariadb] {
            assert_eq!(reason(sql, dialect, Level::Guarded), None, "{dialect}: {sql}");
        }
    }
    for sql in [
        "BEGIN NOT ATOMIC DECLARE a int DEFAULT 1; SET a = 2; START TRANSACTION; INSERT INTO t VALUES (a); COMMIT; END",
        "IF (SELECT count(*) FROM t) > 0 THEN DROP TABLE t; END IF",
        "FOR r IN (SELECT start FROM t) DO SELECT r.start; END FOR",
        "EXECUTE IMMEDIATE CONCAT('ALTER TABLE ', @t, ' DROP DATABASE')",
        "EXECUTE IMMEDIATE 'SELECT 1' USING 'KILL 1'",
    ] {
        assert_eq!(reason(sql, Mariadb, Level::Guarded), None, "{sql}");
    }
}

/// A variable that one block declares is none in another.
#[test]
fn declared_variables_end_with_their_block() {
    let sql = "BEGIN NOT ATOMIC BEGIN DECLARE sql_log_bin int; SET sql_log_bin = 0; END; SET sql_log_bin = 0; END";
    assert!(reason(sql, Mariadb, Level::Guarded).is_some());
    let sql = "BEGIN NOT ATOMIC DECLARE sql_log_bin int; SET @@sql_log_bin = 0; END";
    assert!(reason(sql, Mariadb, Level::Guarded).is_some());
}
