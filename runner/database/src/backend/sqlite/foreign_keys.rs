//! Foreign keys on SQLite: off while a hook runs, checked before its transaction is committed.
//!
//! With them on, the usual rebuild of a parent table would silently delete its children, and
//! SQLite cannot switch them inside a transaction. Only rows without their parent count. A key that SQLite cannot check,
//! because it refers to columns that are missing or not unique, is ignored: SQLite accepts such a schema too.

use super::mismatch;
use crate::backend::identifier::in_quotes as quote;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The beginning of SQLite's message about a key that it cannot check.
const MISMATCH: &str = "foreign key mismatch";

/// The number of rows without their parent, by child table.
type Violations = BTreeMap<(String, String), i64>;

/// The most tables that are asked for one by one. Beyond it, reading the whole schema costs less.
const ASKED_ONE_BY_ONE_MAX: usize = 200;

/// The foreign keys of a database, as read last. The whole schema is read again only if something other than a hook's own
/// CREATE and DROP may have changed it, because that takes longer the more tables there are.
#[derive(Debug)]
pub(super) struct Known {
    violations: Violations,
    references: References,
    /// The version of the schema that they were read from. SQLite raises it with each change by any connection. `None` if
    /// that schema was rolled back.
    version: Option<i64>,
    /// The violations if the open transaction is committed.
    pending: Option<Violations>,
}

/// The tables that refer to each other, all names in lower case.
#[derive(Debug, Default)]
struct References {
    parents: HashMap<String, BTreeSet<String>>,
    children: HashMap<String, BTreeSet<String>>,
}

impl References {
    fn add(&mut self, child: &str, parent: &str) {
        let (child, parent) = (child.to_ascii_lowercase(), parent.to_ascii_lowercase());
        self.children.entry(parent.clone()).or_default().insert(child.clone());
        self.parents.entry(child).or_default().insert(parent);
    }

    fn forget(&mut self, child: &str) {
        for parent in self.parents.remove(child).unwrap_or_default() {
            if let Some(children) = self.children.get_mut(&parent) {
                children.remove(child);
            }
        }
    }

    /// Returns the children whose keys `touched` may concern: those tables, and the ones that refer to them.
    fn concerned(&self, touched: &BTreeSet<String>) -> BTreeSet<String> {
        let own = touched.iter().filter(|table| self.parents.contains_key(*table));
        let children = touched.iter().filter_map(|table| self.children.get(table)).flatten();
        own.chain(children).cloned().collect()
    }

    async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let pairs: Vec<(String, String)> = sqlx::query_as(
            "SELECT DISTINCT child.name, parent.\"table\"
             FROM main.sqlite_schema AS child, pragma_foreign_key_list(child.name) AS parent
             WHERE child.type = 'table' AND child.sql LIKE '%REFERENCES%'",
        )
        .persistent(false)
        .fetch_all(connection)
        .await?;
        let mut references = Self::default();
        pairs.iter().for_each(|(child, parent)| references.add(child, parent));
        Ok(references)
    }

    /// Reads again to which tables those of `touched` refer.
    async fn update(
        &mut self,
        connection: &mut SqliteConnection,
        touched: &BTreeSet<String>,
    ) -> Result<(), sqlx::Error> {
        for table in touched {
            self.forget(table);
            let sql = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?, 'main')";
            let parents: Vec<String> =
                sqlx::query_scalar(sql).bind(table).fetch_all(&mut *connection).await?;
            parents.iter().for_each(|parent| self.add(table, parent));
        }
        Ok(())
    }
}

async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA main.schema_version").persistent(false).fetch_one(connection).await
}

impl Known {
    /// Reads the references of all tables.
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let version = Some(version(connection).await?);
        let references = References::read(connection).await?;
        let all = references.parents.keys().cloned().collect();
        let violations = count(connection, &all).await?;
        Ok(Self { violations, references, version, pending: None })
    }

    /// Reads the references again if the schema has changed.
    pub(super) async fn refresh(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let now = Some(version(connection).await?);
        if now != self.version {
            self.references = References::read(connection).await?;
            self.version = now;
        }
        Ok(())
    }

    /// Describes the violations that a hook adds, if it touched these tables. If it altered one (`altered`), other names may
    /// have changed too.
    pub(super) async fn added(
        &mut self,
        connection: &mut SqliteConnection,
        touched: &BTreeSet<String>,
        altered: bool,
    ) -> Result<Option<String>, sqlx::Error> {
        let now = Some(version(connection).await?);
        // Until the commit, whatever happens is rolled back.
        let before = self.version.take();
        self.pending = Some(Violations::new());
        if altered || touched.len() > ASKED_ONE_BY_ONE_MAX {
            self.references = References::read(connection).await?;
        } else if now != before {
            self.references.update(connection, touched).await?;
        }
        let after = count(connection, &self.references.concerned(touched)).await?;
        let added = added(&self.violations, &after);
        self.version = now;
        self.pending = Some(merged(self.violations.clone(), after, touched));
        Ok(added)
    }

    /// Notes that the hook's changes are committed.
    pub(super) fn committed(&mut self) {
        if let Some(violations) = self.pending.take() {
            self.violations = violations;
        }
    }

    pub(super) fn rolled_back(&mut self) {
        if self.pending.take().is_some() {
            self.version = None;
        }
    }
}

/// Counts the violations of each of `children`.
async fn count(
    connection: &mut SqliteConnection,
    children: &BTreeSet<String>,
) -> Result<Violations, sqlx::Error> {
    let mut found = Violations::new();
    for child in children {
        let sql = format!("PRAGMA main.foreign_key_check({})", quote(child));
        let rows: Result<Vec<(String, Option<i64>, String, i64)>, _> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql))
                .persistent(false)
                .fetch_all(&mut *connection)
                .await;
        match rows {
            Ok(rows) => {
                for (table, _, parent, _) in rows {
                    *found.entry((table, parent)).or_default() += 1;
                }
            }
            Err(sqlx::Error::Database(error)) if error.message().starts_with(MISMATCH) => {
                for (parent, rows) in mismatch::count(connection, child).await? {
                    *found.entry((child.clone(), parent)).or_default() += rows;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Describes the violations in `after` that are not in `before`.
fn added(before: &Violations, after: &Violations) -> Option<String> {
    let news: Vec<String> = after
        .iter()
        .filter_map(|((child, parent), count)| {
            let before = before.get(&(child.clone(), parent.clone())).copied().unwrap_or_default();
            (*count > before).then(|| {
                format!(
                    "{} rows of {child} refer to rows of {parent} that do not exist",
                    count - before
                )
            })
        })
        .collect();
    (!news.is_empty()).then(|| news.join("; "))
}

/// Returns the current violations: those that were counted again, and the earlier ones that involve no touched table.
fn merged(before: Violations, after: Violations, touched: &BTreeSet<String>) -> Violations {
    let concerned = |name: &str| touched.contains(&name.to_ascii_lowercase());
    let mut merged = after;
    for (key, count) in before {
        if !concerned(&key.0) && !concerned(&key.1) {
            merged.entry(key).or_insert(count);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_violations_count() {
        let key = |child: &str| (child.to_owned(), "p".to_owned());
        let before = Violations::from([(key("a"), 2), (key("b"), 1)]);
        assert_eq!(added(&before, &Violations::from([(key("a"), 2)])), None);
        let after = Violations::from([(key("a"), 3), (key("c"), 1)]);
        let text = added(&before, &after).unwrap();
        assert!(text.contains("1 rows of a") && text.contains("1 rows of c"), "{text}");
    }

    #[test]
    fn what_was_mended_is_forgotten() {
        let key = |child: &str, parent: &str| (child.to_owned(), parent.to_owned());
        let before =
            Violations::from([(key("Orders", "p"), 1), (key("b", "P2"), 1), (key("c", "q"), 1)]);
        let touched = BTreeSet::from(["orders".to_owned(), "p2".to_owned()]);
        let merged = merged(before, Violations::new(), &touched);
        assert_eq!(merged, Violations::from([(key("c", "q"), 1)]));
    }
}
