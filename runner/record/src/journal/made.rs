//! Which tables and views a hook made, where its statements commit by themselves: what is there before and after it, and what
//! its statements say of names.
//!
//! ```text
//!   statements that are replayed ─ there now? ─ statements that run ─ there after them?
//!          └── reckoned back: what was there before the hook began
//! ```
//!
//! The catalogue does not tell a renamed table from a new one, so that renames are followed from statement to statement. A name
//! that was there before keeps its owner: a table is usually rebuilt under another name that becomes the first one.

use super::{Journal, own::HookSessions};
use crate::{
    BackendError,
    connection::Connection,
    map,
    sql::{Reading, TableChange, table_changes},
    transaction::Own,
};
use alteration_domain::record::{Changes, Found, Object, ObjectKind, Owners, SCHEMA_VERSION};
use std::collections::BTreeMap;

/// What a hook did to tables and views so far.
#[derive(Debug, Default)]
pub(super) struct Made {
    changes: Vec<TableChange>,
    /// What is there before the first change that is not replayed, and how many come before that.
    before: Option<(Vec<Object>, usize)>,
}

impl Made {
    /// Adds what a statement does that ran in an earlier attempt.
    pub(super) fn replayed(&mut self, sql: &str, reading: Reading) {
        self.changes.extend(table_changes(sql, reading));
    }

    /// Returns what the hook of `maker` changes in the map, if `after` is there now.
    fn changes(
        &self,
        owners: &Owners,
        after: Vec<Object>,
        maker: &alteration_domain::alteration::AlterationKey,
        catalogued: impl Fn(&str) -> String,
    ) -> Changes {
        let (there, replayed) = match &self.before {
            Some((there, replayed)) => (there.clone(), *replayed),
            None => (after.clone(), self.changes.len()),
        };
        let mut before: BTreeMap<String, Object> =
            there.into_iter().map(|object| (object.name.clone(), object)).collect();
        let place = after.first().map(|object| object.place.clone()).unwrap_or_default();
        for change in self.changes[..replayed].iter().rev() {
            match change {
                TableChange::Made(name) => drop(before.remove(&catalogued(name))),
                TableChange::Renamed { from, to } => {
                    if let Some(object) = before.remove(&catalogued(to)) {
                        let name = catalogued(from);
                        before.insert(name.clone(), Object { name, ..object });
                    }
                }
                TableChange::Dropped(name) => {
                    let name = catalogued(name);
                    let (kind, place) = (ObjectKind::Table, place.clone());
                    before.entry(name.clone()).or_insert(Object { kind, place, name });
                }
                TableChange::MadeOrThere(_) | TableChange::DroppedOrNotThere(_) => {}
            }
        }
        let numbered = before.keys().cloned().zip(0i64..);
        let mut numbers: BTreeMap<String, i64> = numbered.collect();
        let found = |object: Object, numbers: &BTreeMap<String, i64>| Found {
            identity: numbers.get(&object.name).copied(),
            object,
        };
        let before: Vec<Found> =
            before.into_values().map(|object| found(object, &numbers)).collect();
        for change in &self.changes {
            match change {
                TableChange::Renamed { from, to } => match numbers.remove(&catalogued(from)) {
                    Some(number) => drop(numbers.insert(catalogued(to), number)),
                    None => drop(numbers.remove(&catalogued(to))),
                },
                TableChange::Made(name)
                | TableChange::Dropped(name)
                | TableChange::DroppedOrNotThere(name) => drop(numbers.remove(&catalogued(name))),
                TableChange::MadeOrThere(_) => {}
            }
        }
        let after: Vec<Found> = after.into_iter().map(|object| found(object, &numbers)).collect();
        owners.changes(&before, &after, maker)
    }
}

impl Journal {
    /// Notes what a statement is about to do, and what was there before the first one that does something.
    pub(super) async fn making(
        &mut self,
        sessions: &mut HookSessions,
        sql: &str,
    ) -> Result<(), BackendError> {
        if !sessions.record().journals().commits_by_itself {
            return Ok(());
        }
        let changes = table_changes(sql, self.reading);
        if !changes.is_empty() && self.made.before.is_none() {
            let there = sessions.record().objects().await?;
            self.made.before = Some((there, self.made.changes.len()));
        }
        self.made.changes.extend(changes);
        Ok(())
    }

    /// Returns what keeps the map of owners, at the end of the hook. In its last transaction.
    pub(crate) async fn mapped(&self) -> Result<Vec<Own>, BackendError> {
        if self.made.changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut sessions = self.sessions().await;
        let connection: &mut dyn Connection = sessions.record();
        if !connection.journals().commits_by_itself {
            return Ok(Vec::new());
        }
        let after = connection.objects().await?;
        let owners = map::read(connection, SCHEMA_VERSION).await?;
        let changes =
            self.made.changes(&owners, after, &self.key, |name| connection.catalogued(name));
        Ok(map::write(&changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::{AlterationKey, Dialect};

    fn object(name: &str) -> Object {
        Object { kind: ObjectKind::Table, place: "app".to_owned(), name: name.to_owned() }
    }

    fn key(plugin: &str) -> AlterationKey {
        AlterationKey { plugin: plugin.parse().unwrap(), id: "1.0.0-1-a".parse().unwrap() }
    }

    fn objects(names: &str) -> Vec<Object> {
        names.split_whitespace().map(object).collect()
    }

    #[test]
    fn what_a_hook_made_also_if_it_was_resumed() {
        // What is there, by whom it was made (x/he; the rest is the application's); the statements, and what is there after
        // them, with its owners.
        let table: [(&str, &str, &[(&str, &str)], &str); 10] = [
            ("", "", &[("CREATE TABLE a (x int)", "a")], "a=x/me"),
            ("a", "", &[("CREATE TABLE IF NOT EXISTS a (x int)", "a")], ""),
            ("a", "a", &[("RENAME TABLE a TO b", "b")], "b=x/he"),
            ("a", "", &[("ALTER TABLE a RENAME b", "b")], ""),
            ("a", "a", &[("DROP TABLE a", "")], ""),
            (
                "a",
                "a",
                &[
                    ("CREATE TABLE n (x int)", "a n"),
                    ("DROP TABLE a", "n"),
                    ("RENAME TABLE n TO a", "a"),
                ],
                "a=x/he",
            ),
            (
                "a",
                "",
                &[
                    ("CREATE TABLE n (x int)", "a n"),
                    ("RENAME TABLE a TO o, n TO a", "a o"),
                    ("DROP TABLE o", "a"),
                ],
                "",
            ),
            (
                "a",
                "",
                &[
                    ("CREATE TABLE n (x int)", "a n"),
                    ("CREATE VIEW v AS SELECT 1", "a n v"),
                    ("RENAME TABLE n TO m", "a m v"),
                ],
                "m=x/me v=x/me",
            ),
            ("a b", "a", &[("RENAME TABLE a TO t, b TO a, t TO b", "a b")], "a=x/he"),
            ("a", "a", &[("DROP TABLE a", ""), ("CREATE TABLE b (x int)", "b")], "b=x/me"),
        ];
        for (there, theirs, statements, expected) in table {
            for replayed in 0..=statements.len() {
                let made_by_he = objects(theirs).into_iter().map(|object| (object, key("x/he")));
                let mut owners: Owners = made_by_he.collect();
                let mut made = Made::default();
                let reading = Reading::from(Dialect::Mariadb);
                for (sql, _) in &statements[..replayed] {
                    made.replayed(sql, reading);
                }
                if let Some((sql, _)) = statements.get(replayed) {
                    let now = match replayed {
                        0 => there,
                        more => statements[more - 1].1,
                    };
                    made.before = Some((objects(now), made.changes.len()));
                    made.replayed(sql, reading);
                    for (sql, _) in &statements[replayed + 1..] {
                        made.replayed(sql, reading);
                    }
                }
                let after = objects(statements.last().unwrap().1);
                let changes = made.changes(&owners, after, &key("x/me"), str::to_owned);
                owners.apply(&changes);
                let found: Vec<String> = owners
                    .iter()
                    .map(|(object, key)| format!("{}={}", object.name, key.plugin))
                    .collect();
                assert_eq!(found.join(" "), expected, "{statements:?}, {replayed} replayed");
            }
        }
    }
}
