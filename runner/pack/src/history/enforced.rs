//! Foreign keys on SQLite while a history runs: enforced, where its tool has them so. Pure.
//!
//! ```text
//!                       the tool's transaction       `PRAGMA foreign_keys` in a file
//!   sqlx, refinery      around a file                has no effect in it
//!   wrangler            around a file                has no effect in it
//!   Prisma              none                         has an effect
//!   drizzle             around all files             none by better-sqlite3; libsql has them off anyway
//! ```
//!
//! The declaration is one for an alteration. Where Prisma's file has them off for all that they could concern, they
//! are off for the alteration, which stays one transaction; where only for a part, the file runs outside of one.

use super::{Context, Layout, Section, hook, statements::each_statement, units::tokens};
use crate::{
    alteration::{Dialect, ForeignKeys},
    sql::sqlite::{Outside, outside},
};

/// Returns whether the tool of `layout` has them enforced.
pub(super) fn is_by(layout: Layout) -> bool {
    match layout {
        // sqlx-sqlite/src/options/mod.rs, `SqliteConnectOptions::new`: `foreign_keys` is ON.
        Layout::Sqlx => true,
        // D1's documentation: always, as if by `PRAGMA foreign_keys = on`.
        Layout::Wrangler => true,
        // better-sqlite3 and libsql are built with SQLITE_DEFAULT_FOREIGN_KEYS=1.
        Layout::Drizzle | Layout::Prisma => true,
        // So is the SQLite of rusqlite's `bundled`, which is refinery_cli's default (Cargo.toml, `sqlite-bundled`).
        Layout::Refinery => true,
        _ => false,
    }
}

/// Returns how the foreign keys are for an alteration of `sections`, whose tool has them enforced. Moves sections out
/// of the transaction that switch them within.
pub(super) fn settle(layout: Layout, sections: &mut [Section]) -> ForeignKeys {
    let switches: Vec<Switch> = sections.iter().map(|section| switch(&section.text)).collect();
    let is_off = |switch: &Switch| *switch == Switch::Off;
    match layout {
        // Its drivers do not agree. Who wrote that they be off meant the children to stay.
        Layout::Drizzle if switches.iter().any(|switch| *switch != Switch::None) => {
            ForeignKeys::Checked
        }
        Layout::Prisma if !switches.is_empty() && switches.iter().all(is_off) => {
            ForeignKeys::Checked
        }
        Layout::Prisma => {
            for (section, switch) in sections.iter_mut().zip(switches) {
                if switch != Switch::None {
                    section.hook = hook(section.hook.is_way_back(), false);
                }
            }
            ForeignKeys::Enforced
        }
        _ => ForeignKeys::Enforced,
    }
}

/// Returns whether SQLite may get one of `texts`, and the keys of their tables change or delete children of a parent
/// that changes. Without a dialect named, SQLite may get what it could run: a history that uses nothing but common SQL
/// shows no database, and a wrong guess loses rows or ends a deploy.
pub(super) fn matters<'a>(texts: impl IntoIterator<Item = &'a str>, context: &Context<'_>) -> bool {
    let mut signs = Signs::default();
    texts.into_iter().for_each(|text| signs.read(text));
    let is_for_sqlite = match context.dialects.is_empty() {
        true => !signs.of_others,
        false => context.may_be_for(Dialect::Sqlite),
    };
    is_for_sqlite && signs.acting_key
}

/// What words say about a history.
#[derive(Debug, Default, PartialEq, Eq)]
struct Signs {
    acting_key: bool,
    /// There is a statement that SQLite does not have, or a word that nobody writes for it.
    of_others: bool,
}

impl Signs {
    fn read(&mut self, text: &str) {
        let read = each_statement(text, Dialect::Sqlite, |_, statement| {
            let words: Vec<_> = statement.words().collect();
            let words: Vec<&str> = words.iter().map(|word| &**word).collect();
            self.of_others |= is_of_others(&words);
            for at in 0..words.len() {
                match words[at..] {
                    ["ON", "DELETE" | "UPDATE", "CASCADE" | "SET", ..] => self.acting_key = true,
                    ["ALWAYS" | "DEFAULT", "AS", "IDENTITY", ..]
                    | ["DEFAULT", "CHARSET" | "CHARACTER", ..]
                    | ["SERIAL", "PRIMARY", ..] => {
                        self.of_others = true;
                    }
                    ["ENGINE", "INNODB" | "MYISAM" | "ARIA", ..] => {
                        self.of_others = true;
                    }
                    [word, ..] => self.of_others |= TYPES.contains(&word),
                    [] => {}
                }
            }
            Ok(())
        });
        // What SQLite cannot take apart is told elsewhere, where it is an error.
        self.of_others |= read.is_err();
    }
}

/// Returns whether SQLite has no statement that begins so.
fn is_of_others(words: &[&str]) -> bool {
    !matches!(
        words,
        [] | [
            "CREATE",
            "TABLE" | "INDEX" | "UNIQUE" | "TEMP" | "TEMPORARY" | "VIEW" | "TRIGGER" | "VIRTUAL",
            ..
        ] | ["DROP", "TABLE" | "INDEX" | "VIEW" | "TRIGGER", ..]
            | ["ALTER", "TABLE", ..]
            | ["ANALYZE" | "ATTACH" | "BEGIN" | "COMMIT" | "DELETE" | "DETACH" | "END", ..]
            | ["EXPLAIN" | "INSERT" | "PRAGMA" | "REINDEX" | "RELEASE" | "REPLACE", ..]
            | ["ROLLBACK" | "SAVEPOINT" | "SELECT" | "UPDATE" | "VACUUM" | "VALUES" | "WITH", ..]
    ) || matches!(words, ["CREATE", "INDEX", "CONCURRENTLY", ..])
        || matches!(words, ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..])
        || matches!(words, ["ALTER", "TABLE", rest @ ..] if is_alteration_of_others(rest))
}

/// Returns whether an `ALTER TABLE` goes on with what SQLite does not alter. The table's name may stand before it.
fn is_alteration_of_others(words: &[&str]) -> bool {
    let action = words.iter().position(|word| matches!(*word, "ADD" | "ALTER" | "DROP" | "RENAME"));
    let Some(action) = action else { return true };
    matches!(
        words[action..],
        ["ALTER", ..]
            | ["ADD", "INDEX" | "FOREIGN" | "PRIMARY", ..]
            // The constraint's name is no word if it is quoted.
            | ["ADD", "CONSTRAINT", "FOREIGN" | "PRIMARY", ..]
            | ["ADD", "CONSTRAINT", _, "FOREIGN" | "PRIMARY", ..]
    )
}

/// Types that would have no effect on SQLite. Those that it could take for a column's name or a function are not here.
const TYPES: [&str; 5] = ["BIGSERIAL", "SMALLSERIAL", "TIMESTAMPTZ", "BYTEA", "AUTO_INCREMENT"];

/// Where a text switches the keys off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    None,
    /// Before all that they could concern.
    Off,
    Partly,
}

fn switch(text: &str) -> Switch {
    let (mut is_on, mut was_off, mut concerns) = (true, false, false);
    let _ = each_statement(text, Dialect::Sqlite, |start, statement| {
        if let Some(Outside::ForeignKeys(on)) = outside(&text[tokens(start, statement)]) {
            is_on = on;
            was_off |= !on;
            return Ok(());
        }
        let words: Vec<_> = statement.words().take(2).collect();
        let words: Vec<&str> = words.iter().map(|word| &**word).collect();
        concerns |= is_on && !is_without_rows(&words);
        Ok(())
    });
    match (was_off, concerns) {
        (false, _) => Switch::None,
        (true, false) => Switch::Off,
        (true, true) => Switch::Partly,
    }
}

/// Returns whether a statement that begins so changes no row that has a parent or children.
fn is_without_rows(words: &[&str]) -> bool {
    matches!(
        words,
        ["PRAGMA" | "ALTER" | "ANALYZE" | "REINDEX", ..]
            | ["CREATE", "TABLE" | "INDEX" | "UNIQUE" | "VIEW" | "TRIGGER"]
            | ["DROP", "INDEX" | "VIEW" | "TRIGGER"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs() {
        for (sql, acting_key, of_others) in [
            ("CREATE TABLE c (p int REFERENCES p(id) ON DELETE CASCADE)", true, false),
            ("create table c (p int references p(id) on update set null);", true, false),
            ("CREATE TABLE c (p int REFERENCES p(id) ON DELETE RESTRICT)", false, false),
            ("CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT)", false, false),
            ("CREATE TABLE p (id bigint, uuid TEXT, engine TEXT, \"identity\" TEXT)", false, false),
            ("CREATE TABLE p (id UUID, data JSONB)", false, false),
            ("CREATE TABLE p (\"serial\" TEXT, [bytea] int)", false, false),
            ("CREATE TABLE p (id int, serial TEXT)", false, false),
            ("ALTER TABLE p ADD key TEXT", false, false),
            ("INSERT INTO p (engine, memory) SELECT a AS identity, b FROM q", false, false),
            ("ALTER TABLE p ADD COLUMN q int; ALTER TABLE p RENAME q TO r", false, false),
            ("WITH a AS (SELECT 1) INSERT INTO p SELECT * FROM a;;", false, false),
            ("SELECT 'ON DELETE CASCADE', 'AUTO_INCREMENT', 'SERIAL'", false, false),
            ("CREATE TABLE p (id serial PRIMARY KEY)", false, true),
            ("CREATE TABLE p (at timestamptz)", false, true),
            ("CREATE TABLE p (id int) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4", false, true),
            ("CREATE TABLE p (id bigint GENERATED ALWAYS AS IDENTITY)", false, true),
            ("CREATE EXTENSION citext", false, true),
            ("CREATE TYPE mood AS ENUM ('ok')", false, true),
            ("COMMENT ON TABLE p IS 'x'", false, true),
            ("CREATE UNIQUE INDEX CONCURRENTLY i ON p (q)", false, true),
            ("ALTER TABLE p ALTER COLUMN q SET NOT NULL", false, true),
            ("ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (q) REFERENCES r (id)", false, true),
            ("ALTER TABLE p ADD PRIMARY KEY (q)", false, true),
            (
                "ALTER TABLE p RENAME COLUMN change TO modify; ALTER TABLE p ADD modify int",
                false,
                false,
            ),
            ("ALTER TABLE p MODIFY q int", false, true),
            ("TRUNCATE p", false, true),
        ] {
            let mut signs = Signs::default();
            signs.read(sql);
            assert_eq!(signs, Signs { acting_key, of_others }, "{sql}");
        }
    }

    #[test]
    fn switches() {
        for (sql, expected) in [
            ("DELETE FROM t", Switch::None),
            ("PRAGMA foreign_keys = ON; DELETE FROM t", Switch::None),
            ("SELECT 'PRAGMA foreign_keys = OFF'", Switch::None),
            (
                "-- x\nCREATE TABLE a (b); PRAGMA foreign_keys=OFF; DROP TABLE t; PRAGMA foreign_keys=ON; CREATE UNIQUE INDEX i ON a (b);",
                Switch::Off,
            ),
            ("PRAGMA foreign_keys(0); DROP TABLE t", Switch::Off),
            (
                "PRAGMA foreign_keys=OFF; DROP TABLE t; PRAGMA foreign_keys=ON; DROP TABLE u",
                Switch::Partly,
            ),
            ("DELETE FROM t; PRAGMA foreign_keys=OFF; DROP TABLE u;", Switch::Partly),
        ] {
            assert_eq!(switch(sql), expected, "{sql}");
        }
    }
}
