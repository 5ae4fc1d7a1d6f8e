//! Foreign keys on SQLite: some tools have them enforced while a history runs.
//!
//! The runner has them off in a hook's transaction, and checks them at its end: a rebuilt table keeps its children. So a
//! DELETE whose children are to go with it would only break the check. Where such a tool changes rows, and the history has
//! keys that act on their children, the text runs outside of the runner's transaction, in one of its own with the keys
//! enforced. No line moves. Pure.

use super::{Layout, statements::each_statement, units::tokens};
use crate::{alteration::Dialect, sql::Statement};
use std::ops::Range;

/// Switches them on, where that has an effect: outside of a transaction.
const ON: &str = "PRAGMA foreign_keys = ON; ";

/// Whether the tool of `layout` has them enforced.
pub(super) fn is_by(layout: Layout) -> bool {
    match layout {
        // sqlx-sqlite/src/options/mod.rs, `SqliteConnectOptions::new`: `foreign_keys` is ON.
        Layout::Sqlx => true,
        // D1's documentation: always, as if by `PRAGMA foreign_keys = on`.
        Layout::Wrangler => true,
        // better-sqlite3 and libsql are built with SQLITE_DEFAULT_FOREIGN_KEYS=1.
        Layout::Drizzle | Layout::Prisma => true,
        _ => false,
    }
}

/// Whether a table of `text` has a key that changes or deletes children when their parent changes.
pub(super) fn has_acting_key(text: &str) -> bool {
    any(text, |words| {
        words
            .windows(3)
            .any(|words| matches!(words, ["ON", "DELETE" | "UPDATE", "CASCADE" | "SET"]))
    })
}

/// Whether `text` changes or deletes rows, and leaves the keys as they are.
pub(super) fn changes_parents(text: &str) -> bool {
    let changes = any(text, |words| match words {
        ["DELETE" | "UPDATE" | "REPLACE", ..] | ["INSERT", "OR", "REPLACE", ..] => true,
        ["WITH", rest @ ..] => {
            rest.iter().any(|word| matches!(*word, "DELETE" | "UPDATE" | "REPLACE"))
        }
        _ => false,
    });
    changes
        && !any(
            text,
            |words| matches!(words, ["PRAGMA", rest @ ..] if rest.contains(&"FOREIGN_KEYS")),
        )
}

/// The text with the keys enforced; with `in_transaction`, in one transaction as before.
pub(super) fn enforced(text: &str, in_transaction: bool) -> String {
    let mut all: Option<Range<usize>> = None;
    // What cannot be read was told before.
    let _ = each_statement(text, Dialect::Sqlite, |start, statement| {
        let found = tokens(start, statement);
        all = Some(all.take().map_or(found.clone(), |all| all.start..found.end));
        Ok(())
    });
    let Some(all) = all else { return text.to_owned() };
    let (before, rest) = text.split_at(all.start);
    let (sql, after) = rest.split_at(all.end - all.start);
    if !in_transaction {
        return format!("{before}{ON}{sql}{after}");
    }
    // A comment may stand before the last `;`, if there is one.
    let after = match after.trim_start().strip_prefix(';') {
        Some(rest) => format!("; COMMIT;{rest}"),
        None => format!("; COMMIT{after}"),
    };
    format!("{before}{ON}BEGIN; {sql}{after}")
}

fn any(text: &str, mut is: impl FnMut(&[&str]) -> bool) -> bool {
    let mut found = false;
    let _ = each_statement(text, Dialect::Sqlite, |_, statement: &Statement<'_>| {
        let words: Vec<_> = statement.words().collect();
        let words: Vec<&str> = words.iter().map(|word| &**word).collect();
        found |= is(&words);
        Ok(())
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_act() {
        for (sql, expected) in [
            ("CREATE TABLE c (p int REFERENCES p(id) ON DELETE CASCADE)", true),
            ("create table c (p int references p(id) on update set null);", true),
            ("CREATE TABLE c (p int REFERENCES p(id) ON DELETE RESTRICT)", false),
            ("CREATE TABLE c (p int REFERENCES p(id))", false),
            ("SELECT 'ON DELETE CASCADE'", false),
        ] {
            assert_eq!(has_acting_key(sql), expected, "{sql}");
        }
    }

    #[test]
    fn rows_that_change() {
        for (sql, expected) in [
            ("CREATE TABLE t (a); DELETE FROM t;", true),
            ("UPDATE t SET a = 1", true),
            ("INSERT OR REPLACE INTO t VALUES (1)", true),
            ("WITH x AS (SELECT 1) DELETE FROM t", true),
            ("INSERT INTO t VALUES (1); SELECT 'DELETE'", false),
            ("CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END;", false),
            // The rebuild of a table, as SQLite's manual has it.
            ("PRAGMA foreign_keys=OFF; UPDATE t SET a = 1;", false),
        ] {
            assert_eq!(changes_parents(sql), expected, "{sql}");
        }
    }

    #[test]
    fn the_text_with_them() {
        for (sql, in_transaction, expected) in [
            (
                "-- x\nDELETE FROM t;\nDELETE FROM u;\n",
                true,
                "-- x\nPRAGMA foreign_keys = ON; BEGIN; DELETE FROM t;\nDELETE FROM u; COMMIT;\n",
            ),
            ("DELETE FROM t", true, "PRAGMA foreign_keys = ON; BEGIN; DELETE FROM t; COMMIT"),
            (
                "DELETE FROM t -- x",
                true,
                "PRAGMA foreign_keys = ON; BEGIN; DELETE FROM t; COMMIT -- x",
            ),
            ("DELETE FROM t;", false, "PRAGMA foreign_keys = ON; DELETE FROM t;"),
            ("-- nothing\n", true, "-- nothing\n"),
        ] {
            assert_eq!(enforced(sql, in_transaction), expected, "{sql}");
        }
    }
}
