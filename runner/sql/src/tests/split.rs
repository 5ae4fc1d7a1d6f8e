//! Where statements end, dialect by dialect.

use super::*;
use crate::session::ErrorKind;

/// Scripts with `¦` where they have to be cut, which is taken out before.
fn check(dialects: &[Dialect], scripts: &[&str]) {
    for dialect in dialects {
        for script in scripts {
            let expected: Vec<&str> = script.split('¦').collect();
            let script = expected.concat();
            assert_eq!(split(&script, *dialect), expected, "{dialect}: {script}");
            for part in expected {
                one(part, *dialect);
            }
        }
    }
}

#[test]
fn everywhere() {
    check(
        &DIALECTS,
        &[
            "SELECT 1",
            "SELECT 1;",
            "SELECT 1;¦SELECT 2",
            ";; SELECT 1;¦;;SELECT 2;",
            "SELECT 'a;b''c;' ;¦SELECT 2;",
            "SELECT \"a;b\"\"c;\";¦SELECT 2",
            "SELECT 1 -- a ; 'b\n, 2;¦SELECT 3",
            "SELECT 1 /* ; ' \" */, 2;¦SELECT 3",
            "/*/ ; */ SELECT 1;¦SELECT 2",
            "SELECT 1--\n;¦SELECT 2",
            "SELECT 4 - 2 / 3 * 5, -1;¦SELECT 2",
            "SELECT 'é;' AS \"日本;\";¦SELECT ü",
            "CREATE TABLE t (begin int, loop_ int);¦SELECT 1",
            "SELECT CASE WHEN 1=1 THEN 2 ELSE 3 END;¦SELECT 2",
            "CREATE VIEW v AS SELECT CASE WHEN 1=1 THEN 2 END AS x;¦SELECT 2",
        ],
    );
}

#[test]
fn postgresql() {
    check(
        &[Postgresql],
        &[
            r"SELECT 'a\';¦SELECT 2",
            r"SELECT E'a\';b', e'\\';¦SELECT 2",
            r"SELECT abcE'a\';¦SELECT 2",
            r"SELECT éE'a\';¦SELECT 2",
            r"SELECT 1E'a\';b';¦SELECT 2",
            r"SELECT 1e5'a\';¦SELECT 2",
            // Escapes hold on in the next line, and behind a comment, but only behind a new line.
            "SELECT E'a'\n'b\\';c';¦SELECT 2",
            "SELECT E'a' -- x;\r\n  'b\\';c';¦SELECT 2",
            "SELECT E'a' 'b\\';¦SELECT 2",
            "SELECT E'a' /* x\n */ 'b\\';¦SELECT 2",
            "SELECT E'a', \n 'b\\';¦SELECT 2",
            r"SELECT U&'a\;''' UESCAPE '!', B'01', X'FF', N'a\';¦SELECT 2",
            r#"SELECT U&"a;""\" ;¦SELECT 2"#,
            "SELECT $$a;'$$, $a$ ; $$ ; $b$ ; $a$;¦SELECT 2",
            "SELECT $a$ ; $A$ ; $a$;¦SELECT 2",
            "SELECT $é1$ ; $é1$;¦SELECT 2",
            "SELECT $$ ; $a$$;¦SELECT 2",
            "SELECT a$b$ ;¦SELECT c$b$",
            "SELECT $1;¦SELECT $2, $1$$;$$",
            "SELECT $1a$;¦SELECT $1a$",
            "SELECT \"a\"$$;$$;¦SELECT 2",
            "SELECT 1 /* a /* b */ ; */;¦SELECT 2",
            "SELECT 1 /* /*/ ; */ ; */;¦SELECT 2",
            "SELECT 1 +/* ; */ 2 @-- ;\n 1;¦SELECT 2",
            "-- a\rSELECT 1;¦SELECT 2",
            "SELECT '{1,2}'::int[] [1:2], a ->> 'x', b ? 'y', c #> '{a}';¦SELECT 2",
            "SELECT \u{a0}'; ;' ;¦SELECT 2",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM u;);¦SELECT 2",
            "CREATE OR REPLACE RULE r AS ON INSERT TO t DO NOTHING;¦SELECT 2",
            "CREATE TABLE t (a;¦SELECT 2",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; RETURN 1; END;¦SELECT 2",
            "CREATE OR REPLACE PROCEDURE p(begin int) LANGUAGE sql begin atomic end;¦SELECT 2",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS case; SELECT 1 AS end; SELECT 2 end; END;¦SELECT 2",
            "CREATE FUNCTION f(begin atomic) RETURNS int AS 'x;' LANGUAGE sql;¦SELECT 2",
            "CREATE FUNCTION s.begin() RETURNS atomic RETURN 1;¦SELECT 2",
            "CREATE FUNCTION f() RETURNS int AS $f$ BEGIN; RETURN 1; END; $f$ LANGUAGE plpgsql;¦SELECT 2",
            "BEGIN;¦CREATE TABLE t (a int);¦END;¦SELECT 2",
            "SELECT 0x1F, 1_000, 1.5e-3, .5, 1..2;¦SELECT 2",
        ],
    );
}

#[test]
fn mysql() {
    check(
        &[Mysql, Mariadb],
        &[
            r#"SELECT 'a\';b', "a\";b""c;", 'a''b;';¦SELECT 2"#,
            r"SELECT `a;``b\`;¦SELECT 2",
            r"SELECT N'a\';', _utf8mb4'a\';', x'ff', b'01', 0xff;¦SELECT 2",
            "SELECT 1 # a ; ' \n, 2;¦SELECT 3",
            "SELECT 1 -- a ; ' \r x \n, 2;¦SELECT 3",
            "SELECT 1--1;¦SELECT 2",
            "SELECT 1--';';¦SELECT 2--\u{7f} ; '\n",
            "SELECT 1 /* a /* b */;¦SELECT 2",
            "SELECT /*+ MAX_EXECUTION_TIME(1); */ 1;¦SELECT 2",
            "SELECT 1 /*!50003 + 1 */;¦SELECT 2",
            "SELECT 1 /*!99999 ; it's */;¦SELECT 2",
            "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END */;¦SELECT 2",
            "SELECT /*! 'a*/;' */ 1;¦SELECT 2",
            "SELECT /*!1 /* ; */ + 2 */;¦SELECT 2",
            "BEGIN;¦INSERT INTO t VALUES (1);¦COMMIT;",
            "BEGIN WORK;¦SELECT 1;",
            "SELECT IF(a, b, c), REPEAT('x', 2), REPLACE(a, b, c) FROM t FOR UPDATE;¦SELECT 2",
            "DROP TABLE IF EXISTS t;¦CREATE TABLE IF NOT EXISTS t (a int);¦SELECT 2",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY COMMENT 'x;' DO BEGIN DELETE FROM t; END;¦SELECT 2",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t;¦SELECT 2",
            "ALTER EVENT e DO BEGIN DELETE FROM t; END;¦SELECT 2",
            "ALTER TABLE t ADD COLUMN begin int;¦SELECT 2",
        ],
    );
}

#[test]
fn mysql_bodies() {
    let bodies = [
        "BEGIN END",
        "BEGIN SELECT 1; END",
        "b: BEGIN SELECT 1; LEAVE b; END b",
        "`b`: BEGIN BEGIN END; BEGIN NOT ATOMIC SELECT 1; END; END",
        "SELECT 1",
        "SET @a = CASE WHEN 1 THEN 2 ELSE IF(1, 2, 3) END",
        "IF 1 THEN SELECT 1; ELSEIF 2 THEN SELECT 2; ELSE SELECT 3; END IF",
        "IF 1 THEN SELECT 1; ELSE IF 2 THEN SELECT 2; END IF; END IF",
        "IF EXISTS (SELECT 1) THEN SELECT 1; END IF",
        "BEGIN IF NOT EXISTS (SELECT 1) THEN DROP TABLE IF EXISTS t; END IF; END",
        "CASE a WHEN 1 THEN SELECT 1; WHEN 2 THEN BEGIN END; ELSE SELECT 2; END CASE",
        "CASE WHEN CASE 1 WHEN 2 THEN 3 END = 3 THEN SELECT 1; END CASE",
        "BEGIN SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END ELSE 4 END; END",
        "BEGIN SET a = CASE WHEN b THEN IF(c, 1, 2) ELSE REPEAT('x', 2) END; END",
        "l: LOOP ITERATE l; END LOOP l",
        "WHILE a < 3 DO SET a = a + 1; END WHILE",
        "BEGIN WHILE CASE a WHEN 1 THEN 0 END DO DO SLEEP(1); END WHILE; END",
        "REPEAT SET a = 1; UNTIL a > 3 END REPEAT",
        "BEGIN REPEAT SET a = 1; UNTIL CASE a WHEN 1 THEN 2 END END REPEAT; SELECT 1; END",
        "FOR i IN 1..3 DO SELECT i; END FOR",
        "BEGIN FOR r IN (SELECT 1 FOR UPDATE) DO SELECT r.a; END FOR; END",
        "BEGIN DECLARE c CURSOR FOR SELECT 1; OPEN c; FETCH c INTO a; CLOSE c; END",
        "BEGIN DECLARE EXIT HANDLER FOR NOT FOUND, SQLSTATE VALUE '23000', 1062, x BEGIN SELECT 1; END; END",
        "BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET a = CASE 1 WHEN 1 THEN 2 END; END",
        "BEGIN DECLARE CONTINUE HANDLER FOR SQLWARNING IF 1 THEN SELECT 1; END IF; END",
        "BEGIN DECLARE a INT DEFAULT CASE 1 WHEN 1 THEN 2 END; SELECT 1; END",
        "BEGIN SELECT t.end, t.begin, @end, begin.x FROM t; END",
        "BEGIN SELECT 1 AS end; END",
        "BEGIN INSERT INTO t SELECT 1 ON DUPLICATE KEY UPDATE a = IF(b, 1, 2); END",
        "BEGIN SELECT 'END;' /* END; */; # END;\n END",
    ];
    let headers = [
        "CREATE PROCEDURE p()",
        "CREATE DEFINER=CURRENT_USER() PROCEDURE IF NOT EXISTS p(IN a INT, OUT b DECIMAL(3,2))",
        "CREATE OR REPLACE DEFINER = `a`@'%' PROCEDURE d.p() COMMENT 'x;' SQL SECURITY INVOKER",
        "CREATE DEFINER=function@trigger.event FUNCTION f(a ENUM('x','y')) RETURNS VARCHAR(20) CHARACTER SET utf8mb4 NOT DETERMINISTIC READS SQL DATA",
        "CREATE FUNCTION f() RETURNS SET('a','b')",
        "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW",
        "CREATE TRIGGER IF NOT EXISTS begin AFTER UPDATE ON u FOR EACH ROW FOLLOWS `x`",
        "CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL 1 DAY ON COMPLETION PRESERVE DO",
    ];
    for header in headers {
        for body in bodies {
            check(&[Mysql, Mariadb], &[&format!("{header} {body};¦SELECT 2")]);
        }
    }
    check(
        &[Mariadb],
        &[
            "BEGIN NOT ATOMIC SELECT 1; BEGIN END; END;¦SELECT 2",
            "IF 1 THEN SELECT 1; END IF;¦SELECT 2",
            "FOR i IN 1..3 DO SELECT i; END FOR;¦SELECT 2",
            "CREATE PACKAGE p PROCEDURE a(); FUNCTION b() RETURNS INT; END;¦SELECT 2",
            "CREATE PACKAGE BODY p PROCEDURE a() BEGIN SELECT 1; END; FUNCTION b() RETURNS INT BEGIN RETURN 1; END; END;¦SELECT 2",
        ],
    );
    check(&[Mysql], &["CREATE FUNCTION f RETURNS STRING SONAME 'x.so';¦SELECT 2"]);
}

#[test]
fn sqlite() {
    check(
        &[Sqlite],
        &[
            r"SELECT 'a\';¦SELECT 2",
            "SELECT [a;], `b;`, X'00', ?1, :a, @b, $c;¦SELECT 2",
            "SELECT $$a;¦SELECT $$",
            "BEGIN;¦SELECT 1;¦END;",
            "CREATE TEMP TRIGGER t AFTER INSERT ON u WHEN CASE WHEN 1 THEN 1 END BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 1; END;¦SELECT 2",
            "EXPLAIN QUERY PLAN CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; END;¦SELECT 2",
        ],
    );
}

#[test]
fn nothing_is_left() {
    for dialect in DIALECTS {
        for sql in ["", " \n\t", ";", " ; ;; ", "-- a", "/* a ; */ ; -- b\n"] {
            assert_eq!(statement_length(sql, dialect).unwrap(), None, "{dialect}: {sql}");
            let error = Statement::one(sql, dialect).unwrap_err();
            assert_eq!(error.message, "there is no statement to run");
        }
    }
}

#[test]
fn errors_say_where() {
    let table: [(&[Dialect], &str, usize); 21] = [
        (&DIALECTS, "SELECT 1, 'a", 10),
        (&DIALECTS, "SELECT 'a''", 7),
        (&DIALECTS, "SELECT \"a", 7),
        (&DIALECTS, "SELECT /* a", 7),
        (&DIALECTS, "SELECT 1 /*", 9),
        (&DIALECTS, "SELECT 1 /*/", 9),
        (&[Sqlite, Mysql, Mariadb], "SELECT `a", 7),
        (&[Sqlite], "SELECT [a", 7),
        (&[Postgresql], "SELECT /* /* */", 7),
        (&[Postgresql], "SELECT é, $a$ $A$", 11),
        (&[Postgresql], r"SELECT E'\'", 7),
        (&[Postgresql], r"SELECT E'\", 7),
        (&[Postgresql], "SELECT U&\"a", 7),
        (&[Postgresql], "SELECT 0x1$$;$$", 7),
        (&[Postgresql], "SELECT 1_0e'\\';'", 7),
        (&[Postgresql], "\\connect x", 0),
        (&[Mysql, Mariadb], r"SELECT 'a\'", 7),
        (&[Mysql, Mariadb], "SELECT /*! 1", 7),
        (&[Mysql, Mariadb], "SELECT /*!50003 1; */", 17),
        (&[Mysql, Mariadb], "SELECT /*!50003 1 /* */", 7),
        (&[Mysql, Mariadb], "-- x\nDelimiter //\n", 5),
    ];
    for (dialects, sql, offset) in table {
        for dialect in dialects {
            let error = statement_length(sql, *dialect).unwrap_err();
            assert_eq!((error.kind, error.offset), (ErrorKind::Syntax, Some(offset)), "{sql}");
            assert_eq!(Statement::one(sql, *dialect).unwrap_err(), error);
        }
    }
}

#[test]
fn several_are_not_one() {
    for dialect in DIALECTS {
        let error = Statement::one("SELECT 1; ; SELECT 2", dialect).unwrap_err();
        assert_eq!((error.kind, error.offset), (ErrorKind::Syntax, Some(12)));
        assert!(error.message.contains("found several"));
        one("SELECT 1; ; -- end", dialect);
    }
}
