//! Statements that a server runs outside of a transaction only.

use super::{
    bodies::{self, Part},
    statement::Statement,
    view::View,
};
use crate::alteration::Dialect;

/// Returns how PostgreSQL calls a statement that it never runs in a transaction; `None` for any other, and where only
/// the server can tell. As its manual says of each command.
pub fn refuses_transaction(statement: &Statement<'_>) -> Option<String> {
    if statement.dialect() != Dialect::Postgresql {
        return None;
    }
    let words: Vec<_> = statement.words().collect();
    let words: Vec<_> = words.iter().map(|word| &**word).collect();
    let concurrently = words.contains(&"CONCURRENTLY");
    let name = match words[..] {
        ["CREATE", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..] => "CREATE INDEX CONCURRENTLY",
        ["DROP", "INDEX", "CONCURRENTLY", ..] => "DROP INDEX CONCURRENTLY",
        ["CREATE", "DATABASE", ..] => "CREATE DATABASE",
        ["DROP", "DATABASE", ..] => "DROP DATABASE",
        ["CREATE", "TABLESPACE", ..] => "CREATE TABLESPACE",
        ["DROP", "TABLESPACE", ..] => "DROP TABLESPACE",
        ["ALTER", "SYSTEM", ..] => "ALTER SYSTEM",
        ["ALTER", "DATABASE", ref rest @ ..] if rest.contains(&"TABLESPACE") => {
            "ALTER DATABASE … SET TABLESPACE"
        }
        ["VACUUM", ..] => "VACUUM",
        ["CLUSTER"] | ["CLUSTER", "VERBOSE"] if statement.tokens().len() == words.len() => {
            "CLUSTER without a table"
        }
        ["REINDEX", ..] if concurrently => "REINDEX CONCURRENTLY",
        ["REINDEX", ref rest @ ..] => {
            let kind = rest.iter().find(|word| {
                matches!(**word, "INDEX" | "TABLE" | "SCHEMA" | "DATABASE" | "SYSTEM")
            });
            match kind.copied() {
                Some("SCHEMA") => "REINDEX SCHEMA",
                Some("DATABASE") => "REINDEX DATABASE",
                Some("SYSTEM") => "REINDEX SYSTEM",
                _ => return None,
            }
        }
        ["ALTER", "TABLE", .., "CONCURRENTLY"] if words.contains(&"DETACH") => {
            "DETACH PARTITION CONCURRENTLY"
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// Returns whether a statement of PostgreSQL surely ends transactions by itself: a `DO` whose body says COMMIT or
/// ROLLBACK.
pub fn ends_transactions(statement: &Statement<'_>) -> bool {
    let view = statement.view();
    if statement.dialect() != Dialect::Postgresql || !view.is(0, "DO") {
        return false;
    }
    let language = (1..view.tokens.len()).find(|at| view.is(*at, "LANGUAGE"));
    if language.and_then(|at| view.name(at + 1)).is_some_and(|name| name != "plpgsql") {
        // As plpy.commit() and its like.
        let text = statement.text().to_ascii_uppercase();
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        return words.any(|word| matches!(word, "COMMIT" | "ROLLBACK"));
    }
    // A string in the body is none of its code.
    let own: Vec<_> = (0..view.tokens.len()).filter_map(|at| view.string(at)).collect();
    let mut found = false;
    bodies::visit(view, &mut |part| {
        if let Part::Body(body) = part
            && own.iter().any(|own| own == body.text)
        {
            found |= (0..body.tokens.len()).any(|at| is_end(body, at));
        }
    });
    found
}

/// Returns whether the statement of plpgsql at `at` ends a transaction.
fn is_end(body: View<'_>, at: usize) -> bool {
    let is_first = match at.checked_sub(1) {
        None => true,
        Some(before) => {
            body.is_symbol(before, b';')
                || body.is_symbol(before, b'>')
                || body.is_any(before, &["BEGIN", "THEN", "ELSE", "LOOP"])
        }
    };
    let is_whole = body.is_symbol(at + 1, b';') || body.is(at + 1, "AND");
    is_first && is_whole && body.is_any(at, &["COMMIT", "ROLLBACK"])
}

/// Returns whether a statement of PostgreSQL may end transactions by itself: of a procedure only the server knows.
pub fn may_end_transactions(statement: &Statement<'_>) -> bool {
    let calls = statement.dialect() == Dialect::Postgresql && statement.view().is(0, "CALL");
    calls || ends_transactions(statement)
}

/// A label of an enum of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The name of its type, without that of its schema.
    pub of: String,
    pub label: String,
}

/// Returns the label that a statement adds to a type of PostgreSQL. It can be used only once it is committed.
pub fn added_label(statement: &Statement<'_>) -> Option<Label> {
    let view = statement.view();
    let (of, behind) = type_name(statement, "ALTER")?;
    let at = behind + 2 + if view.is(behind + 2, "IF") { 3 } else { 0 };
    let adds = view.is(behind, "ADD") && view.is(behind + 1, "VALUE");
    Some(Label { of, label: view.string(at).filter(|_| adds)? })
}

/// Returns the enum of PostgreSQL that a statement makes, by its name without that of its schema.
pub fn made_enum(statement: &Statement<'_>) -> Option<String> {
    let (name, behind) = type_name(statement, "CREATE")?;
    statement.view().from(behind).starts_with(&["AS", "ENUM"]).then_some(name)
}

/// Returns the type that `verb` is about, and where its name ends.
fn type_name(statement: &Statement<'_>, verb: &str) -> Option<(String, usize)> {
    let view = statement.view();
    if statement.dialect() != Dialect::Postgresql || !view.starts_with(&[verb, "TYPE"]) {
        return None;
    }
    let at = if view.is_symbol(3, b'.') { 4 } else { 2 };
    Some((view.name(at)?, at + 1))
}

/// Returns which of `labels` a statement names as a value, in the body of a `DO` too.
pub fn used_labels(statement: &Statement<'_>, labels: &[Label]) -> Vec<Label> {
    let view = statement.view();
    // They name labels, and use none.
    let names = view.starts_with(&["ALTER", "TYPE"])
        || view.starts_with(&["CREATE", "TYPE"])
        || view.is(0, "COMMENT");
    if labels.is_empty() || names {
        return Vec::new();
    }
    let mut used = Vec::new();
    let runs = view.is(0, "DO");
    bodies::visit(view, &mut |part| {
        let (Part::Statement(view) | Part::Body(view)) = part else { return };
        if matches!(part, Part::Statement(_)) || runs {
            let strings = (0..view.tokens.len()).filter_map(|at| view.string(at));
            let named = strings.flat_map(|text| labels.iter().filter(move |l| l.label == text));
            used.extend(named.cloned());
        }
    });
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgresql_refuses_in_a_transaction() {
        let refused = |sql, dialect| {
            refuses_transaction(&Statement::one(sql, dialect).unwrap()).unwrap_or_default()
        };
        let table = [
            ("create unique index /* -- */ concurrently i on t (x)", "CREATE INDEX CONCURRENTLY"),
            ("CREATE INDEX concurrently_i ON t (x)", ""),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", "DROP INDEX CONCURRENTLY"),
            ("VACUUM", "VACUUM"),
            ("VACUUM (FULL, ANALYZE) t", "VACUUM"),
            ("CLUSTER", "CLUSTER without a table"),
            ("CLUSTER t USING i", ""),
            ("CLUSTER \"t\"", ""),
            ("REINDEX (VERBOSE) INDEX CONCURRENTLY i", "REINDEX CONCURRENTLY"),
            ("REINDEX (VERBOSE) SCHEMA s", "REINDEX SCHEMA"),
            ("REINDEX TABLE t", ""),
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "DETACH PARTITION CONCURRENTLY"),
            ("ALTER TABLE t DETACH PARTITION p", ""),
            ("ALTER SYSTEM RESET ALL", "ALTER SYSTEM"),
            ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", ""),
            ("ALTER DATABASE d SET work_mem = 1", ""),
        ];
        for (sql, expected) in table {
            assert_eq!(refused(sql, Dialect::Postgresql), expected, "{sql}");
        }
        assert_eq!(refused("VACUUM", Dialect::Sqlite), "");
    }

    fn one(sql: &str) -> Statement<'_> {
        Statement::one(sql, Dialect::Postgresql).unwrap()
    }

    #[test]
    fn what_ends_transactions() {
        let table = [
            ("DO $$ BEGIN UPDATE a SET b = 1; COMMIT; END $$", true),
            ("do $x$ begin for i in 1..2 loop rollback; end loop; end $x$", true),
            ("DO $$ BEGIN IF x THEN COMMIT AND CHAIN; END IF; END $$", true),
            ("DO LANGUAGE plpython3u $$ plpy.commit() $$", true),
            ("DO $$ BEGIN UPDATE a SET committed = 1; END $$", false),
            (
                "DO $$ BEGIN -- COMMIT;\n RAISE NOTICE 'COMMIT;'; PERFORM commit FROM t; END $$",
                false,
            ),
            ("CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$", false),
            ("CALL p()", false),
        ];
        for (sql, expected) in table {
            assert_eq!(ends_transactions(&one(sql)), expected, "{sql}");
        }
        assert!(may_end_transactions(&one("CALL p()")));
        assert!(!may_end_transactions(&one("SELECT 'CALL p()'")));
    }

    #[test]
    fn labels() {
        let table = [
            ("ALTER TYPE t ADD VALUE 'x'", Some(("t", "x"))),
            ("alter type s.\"T\" add value if not exists 'it''s' after 'y'", Some(("T", "it's"))),
            ("ALTER TYPE t RENAME VALUE 'x' TO 'y'", None),
            ("ALTER TYPE t ADD ATTRIBUTE x text", None),
        ];
        for (sql, expected) in table {
            let expected =
                expected.map(|(of, label)| Label { of: of.to_owned(), label: label.to_owned() });
            assert_eq!(added_label(&one(sql)), expected, "{sql}");
        }
        assert_eq!(made_enum(&one("CREATE TYPE s.t AS ENUM ('x')")).as_deref(), Some("t"));
        assert_eq!(made_enum(&one("CREATE TYPE t AS (x int)")), None);
        let labels = [Label { of: "t".to_owned(), label: "x".to_owned() }];
        let table = [
            ("INSERT INTO a VALUES ('x')", true),
            ("UPDATE a SET b = 'x'::t", true),
            ("DO $$ BEGIN UPDATE a SET b = 'x'; END $$", true),
            ("INSERT INTO a VALUES ('xx', x)", false),
            (
                "CREATE FUNCTION f() RETURNS t LANGUAGE plpgsql AS $$ BEGIN RETURN 'x'; END $$",
                false,
            ),
            ("ALTER TYPE t ADD VALUE 'y' AFTER 'x'", false),
            ("COMMENT ON TABLE a IS 'x'", false),
        ];
        for (sql, expected) in table {
            assert_eq!(!used_labels(&one(sql), &labels).is_empty(), expected, "{sql}");
        }
    }
}
