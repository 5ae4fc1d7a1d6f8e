//! Idioms of histories: what each leaves, and the line from which on it cannot be resumed.

use super::{ID, app, deploy, noted, places};
use crate::{polite::run, support::Sandbox};

/// What each idiom leaves, by a query; and the line from which on it cannot be resumed.
const IDIOMS: [(&str, &str, &[&str], Option<usize>); 20] = [
    (
        // A column that may be there already.
        "CREATE TABLE orders (id int PRIMARY KEY);
SET @missing = (SELECT count(*) = 0 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'orders' AND column_name = 'note');
SET @ddl = IF(@missing, 'ALTER TABLE orders ADD COLUMN note int', 'DO 0');
PREPARE ddl FROM @ddl;
EXECUTE ddl;
DEALLOCATE PREPARE ddl;",
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'orders' ORDER BY 1",
        &["id", "note"],
        Some(2),
    ),
    (
        "CREATE TABLE orders (id int PRIMARY KEY);
DROP PROCEDURE IF EXISTS add_note;
DELIMITER //
CREATE PROCEDURE add_note() BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'orders' AND column_name = 'note') THEN
    ALTER TABLE orders ADD COLUMN note int;
  END IF;
END//
DELIMITER ;
CALL add_note();
CALL add_note();
DROP PROCEDURE add_note;",
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'orders'",
        &["2"],
        Some(10),
    ),
    (
        // In batches that commit.
        "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, done int);
INSERT INTO t (done) VALUES (0), (0), (0), (0), (0);
CREATE PROCEDURE batches() BEGIN
  DECLARE left_over int DEFAULT 1;
  WHILE left_over > 0 DO
    UPDATE t SET done = 1 WHERE done = 0 LIMIT 2;
    SET left_over = ROW_COUNT();
    COMMIT;
  END WHILE;
END;
CALL batches();",
        "SELECT sum(done) FROM t",
        &["5"],
        Some(11),
    ),
    (
        "CREATE TABLE x (id int, r int);
INSERT INTO x (id) VALUES (30), (10), (20);
SET @r := 0;
UPDATE x SET r = (@r := @r + 1) ORDER BY id;",
        "SELECT r FROM x ORDER BY id",
        &["1", "2", "3"],
        Some(4),
    ),
    (
        "CREATE TABLE org (id int AUTO_INCREMENT PRIMARY KEY, n varchar(20));
CREATE TABLE usr (id int AUTO_INCREMENT PRIMARY KEY, org_id int NOT NULL);
INSERT INTO org (id, n) VALUES (41, 'first');
INSERT INTO org (n) VALUES ('default');
INSERT INTO usr (org_id) VALUES (LAST_INSERT_ID());
SET @org = LAST_INSERT_ID();
INSERT INTO usr (org_id) VALUES (@org + 10);",
        "SELECT org_id FROM usr ORDER BY id",
        &["42", "11"],
        Some(5),
    ),
    (
        "CREATE TABLE src (id int);
INSERT INTO src VALUES (1), (1), (2);
CREATE TEMPORARY TABLE tmp AS SELECT DISTINCT id FROM src;
DELETE FROM src;
INSERT INTO src SELECT id FROM tmp;
DROP TEMPORARY TABLE tmp;",
        "SELECT id FROM src ORDER BY id",
        &["1", "2"],
        Some(3),
    ),
    (
        "CREATE TABLE t (id int);
LOCK TABLES t WRITE;
INSERT INTO t VALUES (1);
UPDATE t SET id = id + ROW_COUNT();
UNLOCK TABLES;",
        "SELECT id FROM t",
        &["2"],
        Some(2),
    ),
    (
        "CREATE TABLE t (id int);
LOCK TABLES t WRITE;
/*!40000 ALTER TABLE `t` DISABLE KEYS */;
INSERT INTO t VALUES (1);
/*!40000 ALTER TABLE `t` ENABLE KEYS */;
UNLOCK TABLES;",
        "SELECT id FROM t",
        &["1"],
        None,
    ),
    (
        "SET autocommit = 0;
CREATE TABLE x (id int);
INSERT INTO x VALUES (1);
COMMIT;
INSERT INTO x VALUES (2);
ROLLBACK;",
        "SELECT id FROM x",
        &["1"],
        Some(1),
    ),
    (
        "CREATE TABLE x (id int);
SET @n = (SELECT count(*) FROM x);
START TRANSACTION;
INSERT INTO x VALUES (@n);
SAVEPOINT a;
INSERT INTO x VALUES (9);
ROLLBACK TO SAVEPOINT a;
COMMIT;",
        "SELECT id FROM x",
        &["0"],
        Some(2),
    ),
    (
        // The first SET of a stretch, and what a SET leaves behind.
        "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, x int);
INSERT INTO t (x) VALUES (1), (2), (3);
SET @n = ROW_COUNT();
INSERT INTO t (x) VALUES (@n * 10);
SET @z = (SELECT 1);
INSERT INTO t (x) VALUES (ROW_COUNT());
SET sql_mode = '';
INSERT INTO t (x) VALUES (ROW_COUNT());
INSERT INTO t (x) VALUES ('7 of them');
SET @w = @@warning_count;
INSERT INTO t (x) VALUES (@w);",
        "SELECT x FROM t ORDER BY id",
        &["1", "2", "3", "30", "0", "0", "7", "1"],
        Some(2),
    ),
    (
        // Each lock commits what is open, and so does the end of each.
        "CREATE TABLE a (x int);
CREATE TABLE b (x int);
SET autocommit = 0;
LOCK TABLES a WRITE;
INSERT INTO a VALUES (1);
UNLOCK TABLES;
INSERT INTO a VALUES (2);
LOCK TABLES b WRITE, a AS other READ;
INSERT INTO b VALUES (3);
UNLOCK TABLES;
INSERT INTO a VALUES (9);
ROLLBACK;",
        "SELECT x FROM a UNION ALL SELECT x FROM b ORDER BY x",
        &["1", "2", "3"],
        Some(3),
    ),
    (
        // One autocommit = 0 for several tables.
        "CREATE TABLE a (x int);
CREATE TABLE b (x int);
SET autocommit = 0;
LOCK TABLES a WRITE;
INSERT INTO a VALUES (1);
UNLOCK TABLES;
COMMIT;
LOCK TABLES b WRITE;
INSERT INTO b VALUES (2);
UNLOCK TABLES;
COMMIT;
SET autocommit = 1;
INSERT INTO b VALUES (3);",
        "SELECT x FROM a UNION ALL SELECT x FROM b ORDER BY x",
        &["1", "2", "3"],
        None,
    ),
    (
        "SET sql_mode = '';
CREATE TABLE legacy (id int, since datetime NOT NULL DEFAULT '0000-00-00 00:00:00');
INSERT INTO legacy (id) VALUES ('12x');",
        "SELECT concat(id, ' ', since) FROM legacy",
        &["12 0000-00-00 00:00:00"],
        None,
    ),
    (
        "SET @old_mode = @@sql_mode, sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES';
CREATE TABLE \"t\" (\"a\" varchar(9));
INSERT INTO t VALUES ('\\');
SET sql_mode = @old_mode;
INSERT INTO t VALUES ('\\\\');",
        "SELECT hex(a) FROM t",
        &["5C", "5C"],
        None,
    ),
    ("SET NAMES utf8;\nCREATE TABLE t (a varchar(9) CHARACTER SET utf8mb4);\nINSERT INTO t VALUES ('\u{e9}');", "SELECT hex(a) FROM t", &["C3A9"], None),
    ("SET time_zone = '+02:00';\nCREATE TABLE t (a timestamp NULL);\nINSERT INTO t VALUES ('2020-01-01 02:00:00');", "SELECT unix_timestamp(a) FROM t", &["1577836800"], None),
    (
        "CREATE TABLE tok (id int);\nCREATE EVENT purge_tok ON SCHEDULE EVERY 1 HOUR DO DELETE FROM tok;",
        "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()",
        &["purge_tok"],
        None,
    ),
    (
        "/*!40101 SET @saved = @@character_set_client */;
/*!50003 CREATE*/ /*!50017 */ /*!50003 TABLE t (a int) */;
/*!99999 DROP TABLE nothing */;
/*!50003 INSERT INTO t VALUES (1) */ ;
/*!40101 SET character_set_client = @saved */;",
        "SELECT a FROM t",
        &["1"],
        None,
    ),
    ("SELECT /*+ QB_NAME(`x`) */ 1;\nCREATE TABLE t (`$a` int);\nINSERT INTO t ($a) VALUES (3);", "SELECT `$a` FROM t", &["3"], None),
];

#[test]
fn idioms_run_and_say_where_they_cannot_be_resumed() {
    for make in places() {
        for (up, query, expected, from) in IDIOMS {
            let sandbox = app(make(), up);
            let planned = run(&sandbox, &["plan", "plugins", "--format", "json"]);
            assert_eq!(planned.code, Some(0), "{up}: {planned:#?}");
            assert_eq!(noted(&planned), from, "{up}: {planned:#?}");
            let deployed = deploy(&sandbox, 0);
            assert_eq!(sandbox.rows(query), expected, "{up}");
            assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_journal"), ["0"]);
            let told = format!("{ID} could not be resumed from here on");
            assert_eq!(deployed.stderr.contains(&told), from.is_some(), "{deployed:#?}");
        }
    }
}

/// Runner's driver asks for the rows that a statement matched; the client for those that it changed. ROW_COUNT() and
/// `rows-affected` say that, and nothing else differs.
#[test]
fn row_count_is_of_the_rows_that_matched() {
    for make in places() {
        let table = "CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t VALUES (1, 1), (2, 2); CREATE TABLE counts (id int AUTO_INCREMENT PRIMARY KEY, n int);";
        let up = "UPDATE t SET x = 1;
INSERT INTO counts (n) VALUES (ROW_COUNT());
UPDATE t SET x = 1 WHERE x <> 1;
INSERT INTO counts (n) VALUES (ROW_COUNT());
INSERT INTO t VALUES (1, 5) ON DUPLICATE KEY UPDATE x = 1;
INSERT INTO counts (n) VALUES (ROW_COUNT());
INSERT INTO t VALUES (1, 5) ON DUPLICATE KEY UPDATE x = 5;
INSERT INTO counts (n) VALUES (ROW_COUNT());
";
        let counts = |sandbox: &Sandbox| sandbox.rows("SELECT n FROM counts ORDER BY id");
        let sandbox = app(make(), &format!("{table}\n{up}"));
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!(counts(&sandbox), ["2", "0", "1", "2"]);
        let client = make();
        client.sql(&format!("{table}{up}"));
        assert_eq!(counts(&client), ["1", "0", "0", "2"]);
        let same = "SELECT concat(id, x) FROM t ORDER BY id";
        assert_eq!(sandbox.rows(same), client.rows(same));
    }
}

#[test]
fn blocks_of_mariadb() {
    let up = "CREATE TABLE t (a int);\nBEGIN NOT ATOMIC\n  DECLARE i int DEFAULT 0;\n  WHILE i < 3 DO INSERT INTO t VALUES (i); SET i = i + 1; END WHILE;\nEND;\nEXECUTE IMMEDIATE 'INSERT INTO t VALUES (9)';\nINSERT INTO t SELECT ROW_COUNT();\n";
    let sandbox = app(places()[0](), up);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT a FROM t ORDER BY a"), ["0", "1", "1", "2", "9"]);
}
