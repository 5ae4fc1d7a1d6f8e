//! The schema of the runner's own tables, and the way to it from older versions.
//!
//! Statements can be run again: where schema changes commit by themselves, a killed run leaves some
//! of them done.

use super::{Record, ledger};
use crate::{
    backend::{
        BackendError, SCHEMA_VERSION,
        connection::{Cell, Connection, OwnTypes},
        recorded::query,
        transaction::Own,
    },
    crash,
};
use std::collections::BTreeSet;

/// Every own table but the lease, which is made by whoever wants one.
pub(crate) const TABLES: [&str; 6] = [
    "alteration_archive",
    "alteration_history",
    "alteration_journal",
    "alteration_ledger",
    "alteration_run",
    "alteration_state",
];
/// The tables of the first version.
const TABLES_1: [&str; 4] =
    ["alteration_archive", "alteration_history", "alteration_ledger", "alteration_state"];

/// What makes the current version out of nothing.
const FRESH: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS @ledger (
        one {integer} NOT NULL PRIMARY KEY CHECK (one = 1),
        schema_version {integer} NOT NULL,
        revision {integer} NOT NULL,
        fence {integer} NOT NULL
    )",
    "CREATE TABLE IF NOT EXISTS @state (
        plugin {key} NOT NULL,
        id {key} NOT NULL,
        version {text},
        checksum {text} NOT NULL,
        component_checksum {text} NOT NULL,
        status {key} NOT NULL CHECK (status IN ('applied', 'reverted', 'failed', 'running')),
        applied_at {text},
        duration_ms {integer},
        statements {integer},
        rows_affected {integer},
        applied_by {text},
        runner_version {text},
        permissions {text} NOT NULL,
        settings {text},
        requires {text} NOT NULL,
        irreversible {integer} NOT NULL,
        draft {integer},
        revision {integer} NOT NULL,
        error {text},
        PRIMARY KEY (plugin, id)
    )",
    "CREATE TABLE IF NOT EXISTS @history (
        sequence {integer} PRIMARY KEY,
        plugin {key} NOT NULL,
        id {key} NOT NULL,
        direction {key} NOT NULL,
        event {key} NOT NULL,
        at {text} NOT NULL,
        done_by {text} NOT NULL,
        runner_version {text} NOT NULL,
        checksum {text} NOT NULL,
        component_checksum {text} NOT NULL,
        permissions {text} NOT NULL,
        duration_ms {integer},
        statements {integer},
        rows_affected {integer},
        error {text}
    )",
    "CREATE TABLE IF NOT EXISTS @archive (
        component_checksum {key} NOT NULL,
        chunk {integer} NOT NULL,
        bytes {bytes} NOT NULL,
        PRIMARY KEY (component_checksum, chunk)
    )",
    RUN,
    JOURNAL,
    // Last: a database without it is one that no runner has come to the end of preparing.
    "INSERT INTO @ledger (one, schema_version, revision, fence)
     SELECT 1, 0, 0, 0 FROM (SELECT 1 AS one) AS new_row
     WHERE NOT EXISTS (SELECT 1 FROM @ledger)",
];

const RUN: &str = "CREATE TABLE IF NOT EXISTS @run (
        plugin {key} NOT NULL,
        id {key} NOT NULL,
        direction {key} NOT NULL,
        phase {key} NOT NULL,
        previous_status {text},
        component_checksum {text} NOT NULL,
        entropy_seed {text} NOT NULL,
        entropy_now_ms {integer} NOT NULL,
        settings {text},
        wit_version {text} NOT NULL,
        dialect {text} NOT NULL,
        marker {text} NOT NULL,
        started_at {text} NOT NULL,
        checkpoint {bytes},
        steps {integer} NOT NULL,
        done {integer} NOT NULL,
        total {integer},
        duration_ms {integer} NOT NULL,
        statements {integer} NOT NULL,
        rows_affected {integer} NOT NULL,
        PRIMARY KEY (plugin, id)
    )";

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS @journal (
        plugin {key} NOT NULL,
        id {key} NOT NULL,
        call_number {integer} NOT NULL,
        status {key} NOT NULL CHECK (status IN ('started', 'done')),
        statement {text},
        fingerprint {text},
        results {bytes},
        at {text} NOT NULL,
        PRIMARY KEY (plugin, id, call_number)
    )";

/// From version 1, which only SQLite had.
const FROM_1: &[&str] = &["ALTER TABLE @history RENAME COLUMN by TO done_by", RUN, JOURNAL];
/// A column that a later version added to a table.
struct Added {
    since: i64,
    table: &'static str,
    column: &'static str,
    of_type: &'static str,
}

const ADDED: [Added; 3] = [
    Added { since: 3, table: "state", column: "settings", of_type: "{text}" },
    Added { since: 3, table: "run", column: "settings", of_type: "{text}" },
    Added { since: 5, table: "state", column: "draft", of_type: "{integer}" },
];
/// Version 4 numbers the history's rows otherwise.
const NUMBERED: i64 = 4;
/// From here on the numbers of an older history's rows are somebody's doing: a hook could set the sequence that
/// they came from.
const NUMBER_MAX: i64 = 1 << 53;

fn spelled(statement: &str, types: OwnTypes) -> String {
    let OwnTypes { key, text, bytes, integer, .. } = types;
    statement
        .replace("{key}", key)
        .replace("{text}", text)
        .replace("{bytes}", bytes)
        .replace("{integer}", integer)
}

/// The schema version found; `None` without the runner's tables.
pub(crate) async fn version(connection: &mut dyn Connection) -> Result<Option<i64>, BackendError> {
    let tables = connection.own_tables().await?;
    if !tables.contains("alteration_ledger") {
        // Where schema changes commit one by one, the first table may be all there is.
        let is_begun = connection.is_journaled() || tables.is_empty();
        let only_lease = tables.iter().all(|table| table == "alteration_lease");
        if is_begun || only_lease {
            return Ok(None);
        }
        return Err(BackendError::Corrupt("the table alteration_ledger is missing".to_owned()));
    }
    let sql = "SELECT one FROM @ledger";
    if connection.is_journaled() && query(connection, sql, []).await?.is_empty() {
        return Ok(None);
    }
    let found = ledger::read(connection).await?.schema_version;
    let mut missing = missing(found, &tables);
    if !missing.is_empty() {
        // Another runner may have been about to make them; the ledger's row comes after all of them.
        let tables = connection.own_tables().await?;
        missing.retain(|table| !tables.contains(*table));
    }
    match found {
        found if found > SCHEMA_VERSION => {
            Err(BackendError::NewerSchema { found, known: SCHEMA_VERSION })
        }
        0 if connection.is_journaled() => Ok(None),
        found if found < 1 => {
            Err(BackendError::Corrupt(format!("alteration_ledger has schema version {found}")))
        }
        // All are made together: some without the others mean that somebody dropped them.
        _ if !missing.is_empty() => {
            Err(BackendError::Corrupt(format!("the table {} is missing", missing.join(", "))))
        }
        found => Ok(Some(found)),
    }
}

/// Those of the tables of a version that are not among `found`.
fn missing(version: i64, found: &BTreeSet<String>) -> Vec<&'static str> {
    let expected = if version == 1 { &TABLES_1[..] } else { &TABLES[..] };
    expected.iter().copied().filter(|table| !found.contains(*table)).collect()
}

/// Brings the runner's tables to the current version. Runs in the caller's transaction, under the
/// lock.
pub(crate) async fn upgrade(connection: &mut dyn Connection) -> Result<(), BackendError> {
    let found = version(connection).await?;
    if found.is_none() {
        prepare_place(connection).await?;
    }
    // With the oldest version that one of the tables may have.
    let (statements, older) = match found {
        Some(SCHEMA_VERSION) => return Ok(()),
        Some(1) => (FROM_1, 1),
        Some(found) => (&[][..], found),
        // A runner that made an older version may have been killed while it did.
        None if connection.is_journaled() => (FRESH, 0),
        None => (FRESH, SCHEMA_VERSION),
    };
    for statement in statements {
        let statement = spelled(statement, connection.own_types());
        connection.own(vec![Own::run(statement, [])]).await?;
        crash::point("after a step of the schema");
    }
    for Added { since, table, column, of_type } in &ADDED {
        // The first version had no runs, so that their table was just made.
        let is_there = older >= *since || (older == 1 && *table == "run");
        if is_there || (connection.is_journaled() && has(connection, table, column).await?) {
            continue;
        }
        let statement = format!("ALTER TABLE @{table} ADD COLUMN {column} {of_type}");
        let statement = spelled(&statement, connection.own_types());
        connection.own(vec![Own::run(statement, [])]).await?;
        crash::point("after a step of the schema");
    }
    if older < NUMBERED {
        unnumber(connection).await?;
    }
    let sql =
        format!("UPDATE @ledger SET schema_version = {SCHEMA_VERSION}, revision = revision + 1");
    connection.own(vec![Own::run(sql, [])]).await?;
    Ok(())
}

/// Makes the place where the runner's own tables are to be, where a database has several.
pub(crate) async fn prepare_place(connection: &mut dyn Connection) -> Result<(), BackendError> {
    match connection.places() {
        Some(places) => places.prepare_place().await,
        None => Ok(()),
    }
}

/// Has the history's rows numbered by whoever writes them, one after the other under the ledger's row, and not by a
/// sequence: that is not transactional, so that what a hook sets outlives its rollback, and stops every later
/// deploy. Rows whose numbers leave no room for others are given the next ones.
async fn unnumber(connection: &mut dyn Connection) -> Result<(), BackendError> {
    let unnumber = connection.own_types().unnumber;
    if !unnumber.is_empty() {
        connection.own(vec![Own::run(format!("ALTER TABLE @history {unnumber}"), [])]).await?;
        crash::point("after a step of the schema");
    }
    let sql = "SELECT sequence FROM @history WHERE sequence >= ? ORDER BY sequence";
    for row in query(connection, sql, [Cell::integer(NUMBER_MAX)]).await? {
        let number = Record::new(row, "alteration_history").integer("sequence")?;
        let sql = "SELECT coalesce(max(sequence), 0) + 1 FROM @history WHERE sequence < ?";
        let last = query(connection, sql, [Cell::integer(NUMBER_MAX)]).await?;
        let last = last.into_iter().next().unwrap_or_default();
        let next = Record::new(last, "alteration_history").integer("sequence")?;
        let sql = "UPDATE @history SET sequence = ? WHERE sequence = ?";
        connection.own(vec![Own::run(sql, [Cell::integer(next), Cell::integer(number)])]).await?;
    }
    Ok(())
}

/// Whether `table` has the column by now, for MySQL and MariaDB: a schema change commits by itself there, so
/// that a killed run leaves some of them done.
async fn has(
    connection: &mut dyn Connection,
    table: &str,
    column: &str,
) -> Result<bool, BackendError> {
    let sql = "SELECT count(*) FROM information_schema.columns
         WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?";
    let known = [Cell::text(format!("alteration_{table}")), Cell::text(column)];
    let rows = query(connection, sql, known).await?;
    Ok(rows.first().and_then(|row| row.first()) == Some(&Cell::integer(1)))
}

/// How many tables of others there are.
pub(crate) async fn tables(connection: &mut dyn Connection) -> Result<u64, BackendError> {
    let sql = connection.tables_sql();
    let rows = query(connection, sql, []).await?;
    rows.into_iter().next().map_or(Ok(0), |row| Record::new(row, "the tables").count("count"))
}

/// Names, for a connection that lists what it finds.
pub(crate) fn is_own(found: &str) -> bool {
    TABLES.contains(&found) || found == "alteration_lease"
}

/// Keeps of `names` what is the runner's.
pub(crate) fn own(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().map(|name| name.to_lowercase()).filter(|name| is_own(name)).collect()
}
