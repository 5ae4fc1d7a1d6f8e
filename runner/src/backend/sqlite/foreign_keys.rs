//! Foreign keys on SQLite: off while a hook runs, checked before its transaction is committed.
//!
//! With them on, the usual rebuild of a parent table would silently delete its children, and
//! SQLite cannot switch them inside a transaction.

use super::identifier::quote;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// How SQLite's message about a key begins that it cannot check. Stands for the parent's name.
const MISMATCH: &str = "foreign key mismatch";

/// How many rows of which child table lack their parent.
pub(super) type Violations = BTreeMap<(String, String), i64>;

/// Counts violations in the tables that `touched` may concern: themselves, and those that refer
/// to them. `None` looks at every table.
pub(super) async fn violations(
    connection: &mut SqliteConnection,
    touched: Option<&BTreeSet<String>>,
) -> Result<Violations, sqlx::Error> {
    let references: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT child.name, parent.\"table\"
         FROM main.sqlite_schema AS child, pragma_foreign_key_list(child.name) AS parent
         WHERE child.type = 'table' AND child.sql LIKE '%REFERENCES%'",
    )
    .persistent(false)
    .fetch_all(&mut *connection)
    .await?;
    let concerned =
        |name: &str| touched.is_none_or(|touched| touched.contains(&name.to_ascii_lowercase()));
    let children: BTreeSet<String> = references
        .into_iter()
        .filter(|(child, parent)| concerned(child) || concerned(parent))
        .map(|(child, _)| child)
        .collect();
    let mut found = Violations::new();
    for child in children {
        let sql = format!("PRAGMA main.foreign_key_check({})", quote(&child));
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
            // The key refers to columns that are not there or not unique. That is the database's
            // own affair, or a hook could make every later one fail; SQLite cannot count here.
            Err(sqlx::Error::Database(error)) if error.message().starts_with(MISMATCH) => {
                found.insert((child, MISMATCH.to_owned()), 1);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Describes the violations that `after` has and `before` had not.
pub(super) fn added(before: &Violations, after: &Violations) -> Option<String> {
    let news: Vec<String> = after
        .iter()
        .filter_map(|((child, parent), count)| {
            let before = before.get(&(child.clone(), parent.clone())).copied().unwrap_or_default();
            (*count > before).then(|| {
                if parent == MISMATCH {
                    return format!("a key of {child} refers to columns that are not unique");
                }
                format!(
                    "{} rows of {child} refer to rows of {parent} that do not exist",
                    count - before
                )
            })
        })
        .collect();
    (!news.is_empty()).then(|| news.join("; "))
}

/// What there is now: what was counted anew, and of what was there before only what no touched
/// table has part in.
pub(super) fn merged(
    before: Violations,
    after: Violations,
    touched: &BTreeSet<String>,
) -> Violations {
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
