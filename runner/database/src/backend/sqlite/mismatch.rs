//! Checks foreign keys of a table if SQLite cannot check one of them: `PRAGMA foreign_key_check` then checks none.
//!
//! Counts the rows that lack their parent, key by key, as far as a key can be checked: its parent's columns are a primary key
//! or have a unique index. The others are left out. Only reads.

use crate::backend::identifier::in_quotes as quote;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// One key: its parent, and pairs of a child's and a parent's column. The latter is absent if the parent lacks it.
type Key = (String, Vec<(String, Option<String>)>);

/// Counts the rows of `child` that lack their parent, by parent.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    child: &str,
) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let mut found = BTreeMap::new();
    for (parent, columns) in keys(connection, child).await? {
        let (is_there, unique) = unique(connection, &parent).await?;
        let named: Option<BTreeSet<String>> = columns
            .iter()
            .map(|(_, column)| column.as_ref().map(|column| column.to_ascii_lowercase()))
            .collect();
        let is_given = columns.iter().map(|(from, _)| format!("c.{} IS NOT NULL", quote(from)));
        let mut conditions: Vec<String> = is_given.collect();
        match named {
            // If the parent's table does not exist, every row lacks its parent.
            _ if !is_there => {}
            Some(named) if unique.contains(&named) => {
                let pairs = columns.iter().filter_map(|(from, to)| Some((from, to.as_ref()?)));
                let equal: Vec<String> = pairs
                    .map(|(from, to)| format!("p.{} = c.{}", quote(to), quote(from)))
                    .collect();
                conditions.push(format!(
                    "NOT EXISTS (SELECT 1 FROM main.{} AS p WHERE {})",
                    quote(&parent),
                    equal.join(" AND ")
                ));
            }
            _ => continue,
        }
        let sql = format!(
            "SELECT count(*) FROM main.{} AS c WHERE {}",
            quote(child),
            conditions.join(" AND ")
        );
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        if rows > 0 {
            *found.entry(parent).or_default() += rows;
        }
    }
    Ok(found)
}

async fn keys(connection: &mut SqliteConnection, child: &str) -> Result<Vec<Key>, sqlx::Error> {
    // A key that names no column of its parent means the primary key.
    let rows: Vec<(i64, String, String, Option<String>)> = sqlx::query_as(
        "SELECT key.id, key.\"table\", key.\"from\", coalesce(key.\"to\",
             (SELECT name FROM pragma_table_info(key.\"table\", 'main') WHERE pk = key.seq + 1))
         FROM pragma_foreign_key_list(?, 'main') AS key ORDER BY key.id, key.seq",
    )
    .bind(child)
    .persistent(false)
    .fetch_all(connection)
    .await?;
    let mut keys: BTreeMap<i64, Key> = BTreeMap::new();
    for (id, parent, from, to) in rows {
        keys.entry(id).or_insert((parent, Vec::new())).1.push((from, to));
    }
    Ok(keys.into_values().collect())
}

/// Returns whether the table is there, and which of its columns together are unique, in lower case.
async fn unique(
    connection: &mut SqliteConnection,
    table: &str,
) -> Result<(bool, Vec<BTreeSet<String>>), sqlx::Error> {
    let columns: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, pk FROM pragma_table_info(?, 'main')")
            .bind(table)
            .persistent(false)
            .fetch_all(&mut *connection)
            .await?;
    let indexed: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT i.name, c.name FROM pragma_index_list(?, 'main') AS i, pragma_index_info(i.name, 'main') AS c
         WHERE i.\"unique\" AND NOT i.partial",
    )
    .bind(table)
    .persistent(false)
    .fetch_all(connection)
    .await?;
    let lower = |name: &str| name.to_ascii_lowercase();
    let primary = columns.iter().filter(|(_, pk)| *pk > 0).map(|(name, _)| lower(name)).collect();
    let mut sets: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    for (index, column) in indexed {
        let set = sets.entry(index).or_insert_with(|| Some(BTreeSet::new()));
        match (set.as_mut(), column) {
            (Some(known), Some(column)) => drop(known.insert(lower(&column))),
            // An expression is no column.
            (_, None) => *set = None,
            (None, _) => {}
        }
    }
    let all = sets.into_values().flatten().chain([primary]);
    Ok((!columns.is_empty(), all.filter(|set: &BTreeSet<String>| !set.is_empty()).collect()))
}
