//! Looks through SQL before it is packed: are its quotes closed, is there a statement, does one refuse
//! to run in a transaction.
//!
//! Reads with the tokenizer of `sql`, in each dialect that the alterations are written for; where they
//! do not say, what reads well in one of them will do. Pure; the text itself is not altered.

use super::{super::sql_name::SqlHook, error::Problem};
use crate::{
    alteration::Dialect,
    session::SqlError,
    sql::{
        Judge, Level, Statement, Token, TokenKind, as_client, refuses_transaction,
        statement_length, undelimited,
    },
};
use std::collections::BTreeSet;

pub(super) const DIALECTS: [Dialect; 3] = [Dialect::Postgresql, Dialect::Sqlite, Dialect::Mysql];

/// What a text holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) statements: usize,
    /// One of them is known to refuse to run in a transaction.
    pub(super) refuses_transaction: bool,
}

/// A problem, and the byte it is at.
pub(super) type Bad = (usize, Problem);

pub(super) fn look(text: &str, dialects: &BTreeSet<Dialect>) -> Result<Found, Bad> {
    if !dialects.is_empty() {
        let found: Vec<_> =
            dialects.iter().map(|dialect| walk(text, *dialect)).collect::<Result<_, _>>()?;
        return Ok(found.into_iter().next().unwrap_or_default());
    }
    // Only the clients of MySQL and MariaDB know the command.
    if matches!(undelimited(text, Dialect::Mysql), Ok(std::borrow::Cow::Owned(_))) {
        return walk(text, Dialect::Mysql);
    }
    let mut problem = None;
    for dialect in DIALECTS {
        match walk(text, dialect) {
            Ok(found) => return Ok(found),
            Err(bad) if is_certain(text, &bad) => return Err(bad),
            Err(bad) => problem = problem.or(Some(bad)),
        }
    }
    problem.map_or_else(|| Ok(Found::default()), Err)
}

/// Returns whether it is a problem whatever the dialect: dollar quotes and psql's commands mean nothing else
/// to the others. Behind a quote that a backslash escapes they may stand in a string of MySQL.
fn is_certain(text: &str, (at, problem): &Bad) -> bool {
    let (before, from) = text.split_at_checked(*at).unwrap_or((text, ""));
    matches!(problem, Problem::CopyFromStdin | Problem::Template)
        || from.starts_with(['$', '\\']) && !before.contains("\\'") && !before.contains("\\\"")
}

fn walk(text: &str, dialect: Dialect) -> Result<Found, Bad> {
    let mut found = Found::default();
    each_statement(text, dialect, |start, statement| {
        if let Some(at) = template(statement) {
            return Err((start + at, Problem::Template));
        }
        if dialect == Dialect::Postgresql {
            let words: Vec<_> = statement.words().collect();
            let words: Vec<_> = words.iter().map(|word| &**word).collect();
            if reads_from_client(&words) {
                let word = statement.tokens().first().map_or(0, |token| token.range().start);
                return Err((start + word, Problem::CopyFromStdin));
            }
            let is_subscription = matches!(words[..], ["CREATE" | "DROP", "SUBSCRIPTION", ..]);
            found.refuses_transaction |=
                is_subscription || refuses_transaction(statement).is_some();
        }
        found.statements += 1;
        Ok(())
    })?;
    Ok(found)
}

/// Refuses what a deploy on one of `dialects` would refuse, as far as the text shows it.
pub(super) fn refused(text: &str, dialects: &BTreeSet<Dialect>, hook: SqlHook) -> Result<(), Bad> {
    for dialect in dialects {
        // Whom the operator trusts is not known here.
        let judged = Judge::new(*dialect).at(Level::Trusted).judge(text, hook.role());
        judged.map_err(|refused| (refused.offset, Problem::Refused(refused.reason)))?;
    }
    Ok(())
}

/// Returns the first statement of `text` that PostgreSQL refuses in a transaction.
pub(super) fn needs_outside(text: &str) -> Option<(usize, String)> {
    let mut found = None;
    // What cannot be read is told elsewhere.
    let _ = each_statement(text, Dialect::Postgresql, |start, statement| {
        let first = statement.tokens().first().map_or(0, |token| token.range().start);
        found = found.take().or_else(|| Some((start + first, refuses_transaction(statement)?)));
        Ok(())
    });
    found
}

/// Calls `seen` with each statement and the byte from which its tokens count.
pub(super) fn each_statement(
    text: &str,
    dialect: Dialect,
    mut seen: impl FnMut(usize, &Statement<'_>) -> Result<(), Bad>,
) -> Result<(), Bad> {
    let at = |start: usize| {
        move |error: SqlError| (start + error.offset.unwrap_or(0), Problem::Syntax(error.message))
    };
    let text = as_client(text, dialect).map_err(at(0))?;
    let mut start = 0;
    while let Some(length) = statement_length(&text[start..], dialect).map_err(at(start))? {
        let statement = Statement::one(&text[start..start + length], dialect).map_err(at(start))?;
        seen(start + statement.offset(), &statement)?;
        start += length;
    }
    Ok(())
}

/// Returns where a statement has `{{`, which no database reads outside of quotes.
fn template(statement: &Statement<'_>) -> Option<usize> {
    let opens = |token: &Token| token.kind == TokenKind::Symbol(b'{');
    let pair = statement.tokens().windows(2).find(|pair| {
        opens(&pair[0]) && opens(&pair[1]) && pair[0].range().end == pair[1].range().start
    })?;
    Some(pair[0].range().start)
}

fn reads_from_client(words: &[&str]) -> bool {
    words.first() == Some(&"COPY") && words.windows(2).any(|pair| pair == ["FROM", "STDIN"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(text: &str) -> Result<Found, Bad> {
        look(text, &BTreeSet::new())
    }

    #[test]
    fn good() {
        let table = [
            ("", 0, false),
            ("-- nothing\n/* at all */;", 0, false),
            ("SELECT 1; SELECT 2", 2, false),
            (
                "CREATE FUNCTION f() RETURNS int AS $$ BEGIN; RETURN 1; END $$ LANGUAGE plpgsql;",
                1,
                false,
            ),
            ("CREATE INDEX CONCURRENTLY i ON t (x);", 1, true),
            ("create unique index /* -- */ concurrently i on t (x)", 1, true),
            ("SELECT 'CREATE INDEX CONCURRENTLY'", 1, false),
            ("VACUUM", 1, true),
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", 1, true),
            ("REINDEX (VERBOSE) INDEX CONCURRENTLY i", 1, true),
            // Each reads well in one dialect only.
            ("SELECT 'it\\'s'", 1, false),
            ("SELECT 'it\\'s $$', 'x'", 1, false),
            ("SELECT [it's]", 1, false),
            ("SELECT $$it's$$", 1, false),
            ("SELECT `it's`", 1, false),
            ("COPY t TO STDOUT; COPY t FROM '/tmp/x'", 2, false),
            (
                "DELIMITER $$\nCREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END$$\nDELIMITER ;\nSELECT 1;",
                2,
                false,
            ),
        ];
        for (text, statements, refuses_transaction) in table {
            assert_eq!(any(text), Ok(Found { statements, refuses_transaction }), "{text}");
        }
    }

    #[test]
    fn refused_as_by_a_deploy() {
        use Dialect::{Mariadb, Postgresql, Sqlite};
        let table = [
            ("SELECT 1;\nSET client_connection_check_interval = 0;", Postgresql, Some(10)),
            ("SET statement_timeout = 0; SELECT 1", Postgresql, None),
            ("PREPARE x AS SELECT 1", Postgresql, Some(0)),
            ("-- x\nKILL 1", Mariadb, Some(5)),
            ("-- x\nCALL p()", Mariadb, None),
            ("SET GLOBAL x = 1", Mariadb, None),
            ("CALL p()", Postgresql, None),
            ("SELECT 1; PRAGMA writable_schema = ON", Sqlite, Some(10)),
            ("SELECT 1; PRAGMA journal_mode = WAL", Sqlite, None),
        ];
        for (text, dialect, at) in table {
            let refused = refused(text, &BTreeSet::from([dialect]), SqlHook::Up);
            assert_eq!(refused.err().map(|(at, _)| at), at, "{text}");
        }
        assert_eq!(refused("CALL p()", &BTreeSet::new(), SqlHook::Up), Ok(()));
    }

    #[test]
    fn bad() {
        let table = [
            ("SELECT 1; SELECT 'x", 17, "never closed"),
            ("SELECT /* x", 7, "never closed"),
            ("SELECT $$ x; SELECT 2;", 7, "dollar quote"),
            ("SELECT 1;\nCOPY t (a) FROM stdin;\n1\tit's\n\\.\n", 10, "COPY"),
            ("SELECT 1;\n\\connect x\n", 10, "psql"),
        ];
        for (text, at, message) in table {
            let (found, problem) = any(text).unwrap_err();
            assert_eq!(found, at, "{text}");
            assert!(problem.to_string().contains(message), "{text}: {problem}");
        }
        let sqlite = BTreeSet::from([Dialect::Sqlite]);
        assert!(look("SELECT 'it\\'s'", &sqlite).is_err(), "said to be for SQLite");
        assert!(look("DELIMITER //\nSELECT 1//", &BTreeSet::from([Dialect::Mariadb])).is_ok());
    }
}
