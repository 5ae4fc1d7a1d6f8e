//! Input that nobody writes by hand: random, huge, deeply nested.

use super::*;

/// A small generator of numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

const PIECES: [&str; 77] = [
    " ",
    "\n",
    "\r",
    "\t",
    ";",
    ";",
    ";",
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "\\",
    "\\'",
    "$",
    "$$",
    "$a$",
    "$1",
    "?",
    "(",
    ")",
    ",",
    ".",
    "..",
    ":",
    ":=",
    "@",
    "@@",
    "=",
    "*",
    "/",
    "*/",
    "/*",
    "/*!",
    "/*!50003",
    "/*M!",
    "/*+",
    "--",
    "-- ",
    "#",
    "é",
    "日",
    "\u{0}",
    "\u{a0}",
    "E'",
    "U&'",
    "U&\"",
    "x'",
    "N'",
    "UESCAPE",
    "0x1",
    "1_0",
    "1e",
    "alteration_state",
    "CREATE ",
    "FUNCTION ",
    "PROCEDURE p() ",
    "TRIGGER ",
    "FOR EACH ROW ",
    "RULE ",
    "BEGIN ",
    "ATOMIC ",
    "END ",
    "CASE ",
    "IF ",
    "THEN ",
    "ELSE ",
    "LOOP ",
    "REPEAT ",
    "UNTIL ",
    "DECLARE HANDLER FOR ",
    "SET ",
    "set_config(",
    "DELIMITER //\n",
    "\ndelimiter é",
    "//",
];

/// Everything that can be asked of a statement, for the sake of not panicking.
fn ask(sql: &str, dialect: Dialect) {
    let Ok(statement) = Statement::one(sql, dialect) else {
        return;
    };
    let text = statement.written();
    assert_eq!(statement.text().len(), text.len());
    assert_eq!(text, &sql[statement.offset()..statement.offset() + text.len()]);
    let mut end = 0;
    for token in statement.tokens() {
        assert!(token.range().start >= end && !token.text(text).is_empty());
        end = token.range().end;
    }
    assert!(end <= text.len());
    for (range, _) in statement.parameters() {
        assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
    }
    statement.words().for_each(drop);
    statement.names();
    statement.verb();
    statement.is_plain();
    for place in [Place::Transaction, Place::Journaled] {
        refusal(&statement, place, Level::Guarded);
    }
}

/// Splits as far as that goes. What is cut off is one statement, and cutting it again changes
/// nothing; so slices and rest are the text.
fn cut(sql: &str, dialect: Dialect) {
    let mut start = 0;
    while let Ok(Some(length)) = statement_length(&sql[start..], dialect) {
        let part = &sql[start..start + length];
        assert_eq!(statement_length(part, dialect), Ok(Some(length)), "{dialect}: {part}");
        assert!(Statement::one(part, dialect).is_ok(), "{dialect}: {part}");
        ask(part, dialect);
        start += length;
    }
    assert!(start <= sql.len());
}

/// Blanks take the place of what is taken out, so that nothing moves.
fn delimit(sql: &str, dialect: Dialect) {
    if let Ok(text) = undelimited(sql, dialect) {
        assert_eq!(text.len(), sql.len(), "{sql:?}");
        assert_eq!(text.matches('\n').count(), sql.matches('\n').count(), "{sql:?}");
        cut(&text, dialect);
    }
}

#[test]
fn random_pieces() {
    let mut numbers = Numbers(3);
    for _ in 0..20_000 {
        let length = numbers.below(24);
        let sql: String = (0..length).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        for dialect in DIALECTS {
            cut(&sql, dialect);
            ask(&sql, dialect);
            delimit(&sql, dialect);
        }
    }
}

#[test]
fn every_beginning_of_a_statement() {
    let scripts = [
        "CREATE FUNCTION f() RETURNS int SET a = 'é' BEGIN ATOMIC SELECT E'\\'é', $é$ é $é$, U&\"\\00e9\" UESCAPE 'é'; END;",
        "SET @é = 'é\\é', `é` := x'00', SESSION a = (1, 2); /*!50003 SELECT \"é\\\" */ # é",
        "CREATE DEFINER=`é`@'é' PROCEDURE p(a int) COMMENT 'é' b: BEGIN IF a THEN LEAVE b; END IF; END b;",
        "DO $a$ BEGIN EXECUTE $b$ SELECT set_config(E'r\\x6f', 'é', true) $b$; SET é = 1; END $a$",
    ];
    for script in scripts {
        for (at, _) in script.char_indices() {
            for dialect in DIALECTS {
                cut(&script[..at], dialect);
                ask(&script[..at], dialect);
                ask(&script[at..], dialect);
            }
        }
    }
}

/// No time is measured: with quadratic work this would not end.
#[test]
fn a_lot_of_anything() {
    let repeated = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
    let read = |sql: &str| {
        for dialect in [Postgresql, Mariadb] {
            assert_ne!(statement_length(sql, dialect), Ok(Some(0)));
            ask(sql, dialect);
        }
    };
    let pieces = [
        ";",
        ")",
        "''",
        "\"",
        "$",
        "$$",
        "$a",
        "/**/",
        "/*!",
        "*/",
        "-- \n",
        "\\",
        "a.",
        "@a ",
        "@a:=",
        "?",
        "$1 ",
        "1_",
        "e' '\n",
        "'a'\n",
        "CASE ",
        "BEGIN ",
        "END ",
        "IF ",
        "LOOP ",
        "THEN ",
        "SET ",
        "SET STATEMENT a=1 FOR ",
        "EXPLAIN ",
        "SELECT 1;",
        "set_config(",
        "U&\"a\" UESCAPE ",
        "alteration_",
        "INTO ",
        "é",
        "CREATE ",
    ];
    for piece in pieces {
        let many = repeated(piece, 1 << 16);
        read(&many);
        read(&format!("DO $q${many}$q$"));
        read(&format!("CREATE PROCEDURE p() {many}"));
    }
    for piece in ["'", "(", "/*", "$a$", "a "] {
        read(&repeated(piece, 1 << 20));
    }
}

/// Bodies in bodies, each read again by the next level, as deep as a megabyte allows.
#[test]
fn nested_bodies() {
    let depth = 40_000;
    let mut sql = String::from("DO ");
    (0..depth).for_each(|level| sql.push_str(&format!("$a{level}$ ")));
    sql.push_str("alteration_state ");
    (0..depth).rev().for_each(|level| sql.push_str(&format!("$a{level}$ ")));
    let statement = one(&sql, Postgresql);
    assert!(refusal(&statement, Place::Transaction, Level::Guarded).is_some());

    let opened = "BEGIN IF 1 THEN CASE 1 WHEN 1 THEN LOOP ".repeat(20_000);
    assert!(one(&format!("CREATE PROCEDURE p() {opened}"), Mysql).verb() == "CREATE");
}
