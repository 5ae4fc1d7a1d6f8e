//! Dumps of other tools and of the servers' own, which do what they do in the client.

use super::{ID, app, deploy, noted, places};
use crate::{
    polite::run,
    support::{
        Sandbox,
        servers::{Client, Mariadb, Mysql},
    },
};

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
            deploy(&target, 0);
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
    let replicates = "/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '76b4fcc9-ec92-11f1-917f-02fc00000001:1-21';
";
    let sandbox = app(Sandbox::on(server.database()), replicates);
    let refused = deploy(&sandbox, 1);
    assert!(refused.stderr.contains("--set-gtid-purged=OFF"), "{refused:#?}");
    assert!(refused.stderr.contains("in line 3"), "{refused:#?}");
}
