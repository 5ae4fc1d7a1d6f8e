//! Histories of MySQL and MariaDB as their own tools run them: idioms that a resumed hook could not repeat, and dumps.

use crate::{
    polite::run,
    support::{
        Run, Sandbox,
        servers::{Client, Mariadb, Mysql},
    },
};

const ID: &str = "1.0.0-1-a";

/// Makes a sandbox on each server; MySQL unless the run goes without.
fn places() -> Vec<fn() -> Sandbox> {
    let mariadb: fn() -> Sandbox = || Sandbox::on(Mariadb::shared().database());
    let mysql: fn() -> Sandbox = || Sandbox::on(Mysql::shared().expect("it is there").database());
    if Mysql::is_left_out() { vec![mariadb] } else { vec![mariadb, mysql] }
}

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
            let sandbox = make();
            sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
            let planned = run(&sandbox, &["plan", "plugins", "--format", "json"]);
            assert_eq!(planned.code, Some(0), "{up}: {planned:#?}");
            assert_eq!(noted(&planned), from, "{up}: {planned:#?}");
            let deployed = run(&sandbox, &["deploy", "plugins"]);
            assert_eq!(deployed.code, Some(0), "{up}: {deployed:#?}");
            assert_eq!(sandbox.rows(query), expected, "{up}");
            assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_journal"), ["0"]);
            let told = format!("{ID} could not be resumed from here on");
            assert_eq!(deployed.stderr.contains(&told), from.is_some(), "{deployed:#?}");
        }
    }
}

/// The line from which on a plan says that its step cannot be resumed.
fn noted(planned: &Run) -> Option<usize> {
    let plan: serde_json::Value = serde_json::from_str(&planned.stdout).expect("JSON");
    let findings = plan["findings"].as_array().expect("a list");
    let note = findings.iter().find(|finding| finding["kind"] == "not-resumable")?;
    note["line"].as_u64()?.try_into().ok()
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
        let sandbox = make();
        sandbox.sql_plugin("acme/app", &[(ID, &format!("{table}\n{up}"), "")]);
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
    let sandbox = places()[0]();
    let up = "CREATE TABLE t (a int);\nBEGIN NOT ATOMIC\n  DECLARE i int DEFAULT 0;\n  WHILE i < 3 DO INSERT INTO t VALUES (i); SET i = i + 1; END WHILE;\nEND;\nEXECUTE IMMEDIATE 'INSERT INTO t VALUES (9)';\nINSERT INTO t SELECT ROW_COUNT();\n";
    sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT a FROM t ORDER BY a"), ["0", "1", "1", "2", "9"]);
}

/// What fails in a stretch is told with what took effect, and a person says how it stands.
#[test]
fn a_failure_in_a_stretch_leaves_a_question() {
    for make in places() {
        let sandbox = make();
        let up = "CREATE TABLE t (a int PRIMARY KEY);\nSET @n = (SELECT count(*) FROM t);\nINSERT INTO t VALUES (@n);\nSTART TRANSACTION;\nINSERT INTO t VALUES (5);\nINSERT INTO t VALUES (@n);\nCOMMIT;\n";
        sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
        let failed = run(&sandbox, &["deploy", "plugins"]);
        assert_eq!(failed.code, Some(1), "{failed:#?}");
        let effects: Vec<_> =
            failed.stderr.lines().filter(|l| l.contains("took effect: ")).collect();
        // What was undone with its transaction is not among them.
        assert_eq!(effects.len(), 2, "{failed:#?}");
        assert!(effects[1].contains("INSERT INTO t VALUES (@n)"), "{failed:#?}");
        assert!(failed.stderr.contains("statement 6 failed"), "{failed:#?}");
        assert!(failed.stderr.contains("--as applied") && failed.stderr.contains("--as reverted"));
        assert_eq!(sandbox.rows("SELECT a FROM t"), ["0"]);
        let again = run(&sandbox, &["deploy", "plugins"]);
        assert_eq!(again.code, Some(4), "{again:#?}");
        // Whether its transaction was undone, the server says to nobody any more.
        let doubt = "it is not known whether this statement took effect";
        assert!(again.stderr.contains(doubt), "{again:#?}");
        assert!(again.stderr.contains("is gone: INSERT INTO t VALUES (5)"), "{again:#?}");
        agrees(&sandbox, "plugins", doubt);
        sandbox.sql_plugin("acme/app", &[(ID, &up.replace("VALUES (5)", "VALUES (6)"), "")]);
        agrees(&sandbox, "plugins", doubt);
        sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
        let id = ["resolve", "acme/app", ID];
        for statement in ["done", "not-done"] {
            let args = [&id[..], &["--statement", statement]].concat();
            let refused = run(&sandbox, &args);
            assert_eq!(refused.code, Some(4), "{refused:#?}");
            assert!(refused.stderr.contains("cannot be resumed"), "{refused:#?}");
        }
        sandbox.sql("INSERT INTO t VALUES (5);");
        sandbox.ok(&[&id[..], &["--as", "applied"]].concat());
        sandbox.ok(&["deploy", "plugins"]);
    }
}

/// Of what leaves nothing behind nothing is asked.
#[test]
fn a_stretch_that_left_nothing_is_begun_anew() {
    let sandbox = places()[0]();
    let up = "CREATE TABLE t (a int);\nCREATE TEMPORARY TABLE tmp (a int);\nSET @a = (SELECT 1);\nINSERT INTO nothing VALUES (1);\n";
    sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
    let failed = run(&sandbox, &["deploy", "plugins"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    sandbox.sql("CREATE TABLE nothing (a int);");
    sandbox.ok(&["deploy", "plugins"]);
}

#[test]
fn a_transaction_that_is_left_open_is_an_error() {
    for make in places() {
        let sandbox = make();
        let up = "CREATE TABLE t (a int);\nSET autocommit = 0;\nINSERT INTO t VALUES (1);\n";
        sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
        let failed = run(&sandbox, &["deploy", "plugins"]);
        assert_eq!(failed.code, Some(1), "{failed:#?}");
        assert!(failed.stderr.contains("left a transaction open"), "{failed:#?}");
        assert!(sandbox.rows("SELECT a FROM t").is_empty());
    }
}

#[test]
fn a_statement_of_a_stretch_is_ended_in_time() {
    for make in places() {
        let sandbox = make();
        let up = "CREATE TABLE t (a int);\nSET @a = (SELECT 1);\nINSERT INTO t SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c;\n";
        sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
        let ended = run(&sandbox, &["deploy", "plugins", "--statement-timeout", "500ms"]);
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        assert!(ended.stderr.contains("took longer than 500 ms"), "{ended:#?}");
        let sessions = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
        while sandbox.rows(sessions) != ["0"] {}
    }
}

const SOURCE: &str = r"CREATE TABLE cust (id int NOT NULL AUTO_INCREMENT, email varchar(80), at timestamp NULL DEFAULT CURRENT_TIMESTAMP, b blob, PRIMARY KEY (id), UNIQUE KEY email (email)) DEFAULT CHARSET=utf8mb4 COMMENT='it''s /*! 50000 odd */; x';
CREATE TABLE ord (id int PRIMARY KEY, c int, d decimal(10,2) GENERATED ALWAYS AS (id * 1.5) STORED, KEY c (c), CONSTRAINT fk FOREIGN KEY (c) REFERENCES cust (id));
CREATE TABLE nothing (a int);
INSERT INTO cust (email, b) VALUES ('a@b', x'00ff27'), ('c;d\'e\\', NULL), ('/*!50003 DROP TABLE x */', '-- x'), ('*/ \Z\r\n\t', NULL);
INSERT INTO ord (id, c) VALUES (1, 1), (2, 2);
CREATE VIEW v AS SELECT c.email, o.id FROM cust c JOIN ord o ON o.c = c.id;
CREATE VIEW w AS SELECT * FROM v;
DELIMITER //
CREATE PROCEDURE p(IN a int, OUT b int) COMMENT 'x;y' BEGIN DECLARE done INT DEFAULT 0; SELECT count(*) INTO b FROM cust WHERE id > a; SET @x = b; END//
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM nothing; END//
DELIMITER ;
";
const GENERATED: &str = ", d decimal(10,2) GENERATED ALWAYS AS (id * 1.5) STORED";
const TRIGGER: &str = "DELIMITER //\nCREATE TRIGGER tr BEFORE INSERT ON ord FOR EACH ROW BEGIN /* a; b */ IF NEW.c IS NULL THEN SET NEW.c = 1; END IF; END//\nDELIMITER ;\n";

const CODE: &str = "SELECT concat(routine_name, sql_mode, routine_definition) FROM information_schema.routines WHERE routine_schema = DATABASE()
    UNION ALL SELECT concat(trigger_name, action_statement) FROM information_schema.triggers WHERE trigger_schema = DATABASE()
    UNION ALL SELECT concat(event_name, event_definition) FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY 1";

/// How dumps of other tools begin, what they hold, and how they end; and the line from which on each cannot be resumed.
const DUMPS: [(&str, Option<usize>); 4] = [
    (
        r#"-- phpMyAdmin SQL Dump
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
SET AUTOCOMMIT = 0;
START TRANSACTION;
SET time_zone = "+00:00";
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
DELIMITER $$
CREATE PROCEDURE `calc` (IN `p` INT)   BEGIN
  SELECT p; SELECT 'a; $b';
END$$
DELIMITER ;
CREATE TABLE `zero` (`id` int NOT NULL, `t` timestamp NULL, `s` varchar(40)) ENGINE=InnoDB;
INSERT INTO `zero` (`id`, `t`, `s`) VALUES
(0, '2020-01-02 03:04:05', 'it''s; \'q\' -- x'),
(5, '2021-01-02 03:04:05', NULL);
ALTER TABLE `zero`
  ADD PRIMARY KEY (`id`);
ALTER TABLE `zero`
  MODIFY `id` int NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=6;
INSERT INTO `zero` (`s`) VALUES ('last');
COMMIT;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
"#,
        Some(3),
    ),
    (
        r#"-- HeidiSQL Version: 12
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8 */;
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
CREATE TABLE IF NOT EXISTS `child` (`id` int NOT NULL AUTO_INCREMENT, `p` int, PRIMARY KEY (`id`), CONSTRAINT `cp` FOREIGN KEY (`p`) REFERENCES `parent` (`id`)) ENGINE=InnoDB;
/*!40000 ALTER TABLE `child` DISABLE KEYS */;
INSERT INTO `child` (`id`, `p`) VALUES
	(0, 1),
	(2, 1);
/*!40000 ALTER TABLE `child` ENABLE KEYS */;
CREATE TABLE IF NOT EXISTS `parent` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB;
INSERT INTO `parent` (`id`) VALUES (1);
SET @OLDTMP_SQL_MODE=@@SQL_MODE, SQL_MODE='STRICT_TRANS_TABLES,ANSI_QUOTES';
DELIMITER //
CREATE PROCEDURE "p"() BEGIN SELECT 1; END//
DELIMITER ;
SET SQL_MODE=@OLDTMP_SQL_MODE;
/*!40103 SET TIME_ZONE=IFNULL(@OLD_TIME_ZONE, 'system') */;
/*!40101 SET SQL_MODE=IFNULL(@OLD_SQL_MODE, '') */;
/*!40014 SET FOREIGN_KEY_CHECKS=IFNULL(@OLD_FOREIGN_KEY_CHECKS, 1) */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40111 SET SQL_NOTES=IFNULL(@OLD_SQL_NOTES, 1) */;
CREATE TABLE strict (a int DEFAULT NULL);
"#,
        None,
    ),
    (
        "SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0;
SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0;
SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES';
CREATE TABLE IF NOT EXISTS `w` (`id` INT NOT NULL AUTO_INCREMENT, `n` VARCHAR(45) NULL, PRIMARY KEY (`id`)) ENGINE = InnoDB;
SHOW WARNINGS;
START TRANSACTION;
INSERT INTO `w` (`id`, `n`) VALUES (DEFAULT, 'a');
COMMIT;
SET SQL_MODE=@OLD_SQL_MODE;
SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS;
SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS;
",
        None,
    ),
    (
        "SET NAMES utf8mb4;
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE IF EXISTS `n`;
CREATE TABLE `n` (`id` int unsigned NOT NULL AUTO_INCREMENT, `d` datetime(3) NULL, PRIMARY KEY (`id`)) ENGINE = InnoDB;
BEGIN;
INSERT INTO `n` VALUES (1, '2020-01-01 00:00:00.123');
COMMIT;
DELIMITER ;;
CREATE EVENT `e` ON SCHEDULE EVERY 1 HOUR STARTS '2030-01-01 00:00:00' DISABLE DO BEGIN DELETE FROM n; END
;;
DELIMITER ;
SET FOREIGN_KEY_CHECKS = 1;
",
        None,
    ),
];

#[test]
fn dumps_of_other_tools_do_what_they_do_in_the_client() {
    for make in places() {
        for (text, from) in DUMPS {
            let (client, target) = (make(), make());
            client.sql(text);
            target.sql_plugin("acme/app", &[(ID, text, "")]);
            let planned = run(&target, &["plan", "plugins", "--format", "json"]);
            assert_eq!(noted(&planned), from, "{text}: {planned:#?}");
            let deployed = run(&target, &["deploy", "plugins"]);
            assert_eq!(deployed.code, Some(0), "{text}: {deployed:#?}");
            assert_eq!(target.dump(), client.dump(), "{text}");
            assert_eq!(target.rows(CODE), client.rows(CODE), "{text}");
        }
    }
}

/// What mariadb-dump writes of a database goes in as it is, and can be resumed.
#[test]
fn a_dump_is_a_first_alteration() {
    for make in places() {
        let source = make();
        // MySQL with its log wants more rights for a trigger, and this client dumps rows of its generated columns that it
        // does not take back.
        match source.url().starts_with("mysql") {
            true => source.sql(&SOURCE.replace(GENERATED, "")),
            false => source.sql(&format!("{SOURCE}{TRIGGER}")),
        }
        for options in [
            &[][..],
            &["--no-autocommit"],
            &["--single-transaction", "--skip-extended-insert", "--skip-add-locks"],
        ] {
            let text = dump(&source, options);
            let target = make();
            target.write("in/V1__base.sql", &text);
            target.write("in/V2__more.sql", "ALTER TABLE cust ADD n int;\n");
            target.ok(&[
                "pack", "in", "--from", "flyway", "--plugin", "acme/app", "--out", "plugins",
            ]);
            let planned = run(&target, &["plan", "plugins", "--format", "json"]);
            assert_eq!(planned.code, Some(0), "{planned:#?}");
            assert_eq!(noted(&planned), None, "{options:?}: {text}");
            target.ok(&["deploy", "plugins"]);
            target.sql("ALTER TABLE cust DROP n;");
            assert_eq!(target.dump(), source.dump(), "{options:?}");
            assert_eq!(target.rows(CODE), source.rows(CODE), "{options:?}");
        }
    }
}

fn dump(of: &Sandbox, options: &[&str]) -> String {
    let client = match of.url().starts_with("mysql") {
        true => Mysql::shared().expect("it is there").client(),
        false => Mariadb::shared().client(),
    };
    let Client::Mysql { socket } = client else { panic!("another server") };
    let mut command = std::process::Command::new("mariadb-dump");
    command.arg("--no-defaults").arg(format!("--socket={}", socket.display()));
    command.args(["--user=runner", "--password=s3cret", "--hex-blob", "--routines", "--events"]);
    command.args(["--no-tablespaces", "--default-character-set=utf8mb4"]).args(options);
    let output = command.arg(of.server().name()).output().expect("mariadb-dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// As mysqldump 8 and 9 begin and end, with what replicates.
#[test]
fn what_replicates_in_a_dump_is_the_operators() {
    let Some(server) = Mysql::shared() else { return };
    let sandbox = Sandbox::on(server.database());
    let replicates = "/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '76b4fcc9-ec92-11f1-917f-02fc00000001:1-21';
";
    sandbox.sql_plugin("acme/app", &[(ID, replicates, "")]);
    let refused = run(&sandbox, &["deploy", "plugins"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("--set-gtid-purged=OFF"), "{refused:#?}");
    assert!(refused.stderr.contains("in line 3"), "{refused:#?}");
}

/// A table without rollback keeps what its transaction did: nothing runs a second time without a question.
#[test]
fn what_may_have_taken_effect_does_not_run_twice() {
    for make in places() {
        let sandbox = make();
        let up = "CREATE TABLE t (a int) ENGINE=MyISAM;\nSET autocommit = 0;\nINSERT INTO t VALUES (1);\nINSERT INTO missing VALUES (1);\nCOMMIT;\n";
        sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
        assert_eq!(run(&sandbox, &["deploy", "plugins"]).code, Some(1));
        sandbox.sql("CREATE TABLE missing (a int);");
        let again = run(&sandbox, &["deploy", "plugins"]);
        assert_eq!(again.code, Some(4), "{again:#?}");
        assert!(again.stderr.contains("INSERT INTO t VALUES (1)"), "{again:#?}");
        assert_eq!(sandbox.rows("SELECT a FROM t"), ["1"]);
    }
}

/// Every verb says that what was cut off cannot be resumed, in this file or another, and names both ways out.
fn agrees(sandbox: &Sandbox, plugins: &str, why: &str) {
    let verbs: [(&[&str], i32); 6] = [
        (&["plan", plugins], 4),
        (&["check", plugins], 4),
        (&["deploy", plugins], 4),
        (&["deploy", plugins, "--changed", "allow"], 4),
        (&["status", plugins], 0),
        (&["resolve"], 0),
    ];
    for (args, code) in verbs {
        let told = run(sandbox, args);
        assert_eq!(told.code, Some(code), "{args:?}: {told:#?}");
        let text = format!("{}{}", told.stdout, told.stderr);
        for right in [why, "--as applied", "--as reverted"] {
            assert!(text.contains(right), "{args:?}: {text}");
        }
        let commands =
            text.lines().filter(|line| line.trim_start().starts_with("runner resolve")).count();
        assert_eq!(commands, 2, "{args:?}: {text}");
        assert!(!text.contains("resumes"), "{args:?}: {text}");
    }
}

/// A `down` in a stretch that stopped half-way.
#[test]
fn a_way_back_that_is_cut_off_leaves_a_question() {
    let sandbox = places()[0]();
    let down = "SET @n = (SELECT count(*) FROM t);\nDROP TABLE t;\nDROP TABLE nope;\n";
    sandbox.sql_plugin("acme/app", &[(ID, "CREATE TABLE t (a int);", down)]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(run(&sandbox, &["rollback", "--steps", "1"]).code, Some(1));
    for (args, code) in [
        (&["rollback", "--steps", "1"][..], 4),
        (&["plan", "plugins"], 4),
        (&["check", "plugins"], 4),
        (&["status"], 0),
        (&["resolve"], 0),
    ] {
        let told = run(&sandbox, args);
        assert_eq!(told.code, Some(code), "{args:?}: {told:#?}");
        let text = format!("{}{}", told.stdout, told.stderr);
        assert!(text.contains("undo what took effect of the rollback"), "{args:?}: {text}");
        assert!(!text.contains("resumes") && !text.contains("deploy again"), "{args:?}: {text}");
    }
    sandbox.ok(&["resolve", "acme/app", ID, "--as", "reverted"]);
    sandbox.ok(&["deploy", "plugins"]);
}
