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
/// that changes.
pub(super) fn matters<'a>(texts: impl IntoIterator<Item = &'a str>, context: &Context<'_>) -> bool {
    let mut signs = Signs::default();
    texts.into_iter().for_each(|text| signs.read(text));
    let is_for_sqlite = match context.dialects.is_empty() {
        true => signs.of_sqlite && !signs.of_others,
        false => context.may_be_for(Dialect::Sqlite),
    };
    is_for_sqlite && signs.acting_key
}

/// What words say about a history.
#[derive(Debug, Default, PartialEq, Eq)]
struct Signs {
    acting_key: bool,
    /// Words that SQLite alone knows, or that it alone gives a meaning.
    of_sqlite: bool,
    of_others: bool,
}

impl Signs {
    fn read(&mut self, text: &str) {
        // What cannot be read is told elsewhere.
        let _ = each_statement(text, Dialect::Sqlite, |_, statement| {
            let words: Vec<_> = statement.words().collect();
            let words: Vec<&str> = words.iter().map(|word| &**word).collect();
            self.of_sqlite |= matches!(words[..], ["PRAGMA", ..] | ["INSERT", "OR", ..]);
            for at in 0..words.len() {
                match words[at..] {
                    ["ON", "DELETE" | "UPDATE", "CASCADE" | "SET", ..] => self.acting_key = true,
                    ["INTEGER", "PRIMARY", "KEY", ..] | ["WITHOUT", "ROWID", ..] => {
                        self.of_sqlite = true;
                    }
                    ["AUTOINCREMENT", ..] => self.of_sqlite = true,
                    [word, ..] => self.of_others |= OTHERS.contains(&word),
                    [] => {}
                }
            }
            Ok(())
        });
    }
}

/// Words of types and options that are no SQLite's.
const OTHERS: [&str; 12] = [
    "SERIAL",
    "BIGSERIAL",
    "SMALLSERIAL",
    "UUID",
    "TIMESTAMPTZ",
    "JSONB",
    "BYTEA",
    "IDENTITY",
    "AUTO_INCREMENT",
    "ENGINE",
    "EXTENSION",
    "PLPGSQL",
];

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
        for (sql, acting_key, of_sqlite, of_others) in [
            ("CREATE TABLE c (p int REFERENCES p(id) ON DELETE CASCADE)", true, false, false),
            ("create table c (p int references p(id) on update set null);", true, false, false),
            ("CREATE TABLE c (p int REFERENCES p(id) ON DELETE RESTRICT)", false, false, false),
            ("CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT)", false, true, false),
            ("CREATE TABLE p (id TEXT) WITHOUT ROWID", false, true, false),
            ("PRAGMA user_version = 1", false, true, false),
            ("INSERT OR IGNORE INTO p VALUES (1)", false, true, false),
            ("CREATE TABLE p (id serial PRIMARY KEY)", false, false, true),
            ("SELECT 'ON DELETE CASCADE', 'AUTOINCREMENT', 'SERIAL'", false, false, false),
        ] {
            let mut signs = Signs::default();
            signs.read(sql);
            assert_eq!(signs, Signs { acting_key, of_sqlite, of_others }, "{sql}");
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
