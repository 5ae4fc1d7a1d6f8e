//! The schema of the runner's own tables, and the upgrade from older versions.
//!
//! Each statement can run again, because on databases where schema changes commit by themselves a killed run leaves only
//! some of them done.

use super::{Record, ledger};
use crate::{
    BackendError, SCHEMA_VERSION,
    connection::{Cell, Connection, spelled},
    crash,
    recorded::query,
    transaction::Own,
};
use alteration_domain::record::tables::{
    self, LEVEL_SINCE, OBJECT_SINCE, OBJECT_TABLE, missing, without_ledger,
};
use std::collections::BTreeSet;

/// The statements that create the current version in an empty database.
///
/// Their comments explain tables and columns. The guide's page about the tables is generated from these comments;
/// [`spelled`] removes them from the statements that run.
const FRESH: &[&str] = &[
    "-- One row. Every transaction that changes state advances its `revision` first, which orders runners and stops a
    -- second one.
    CREATE TABLE IF NOT EXISTS @ledger (
        -- Always 1: the table has one row.
        one {integer} NOT NULL PRIMARY KEY CHECK (one = 1),
        -- The version of these tables. 0 while they are being created.
        schema_version {integer} NOT NULL,
        -- Advanced by each transaction that changes state.
        revision {integer} NOT NULL,
        -- The fence of the lease that may commit. 0 if no lease was ever taken.
        fence {integer} NOT NULL
    )",
    "-- One row for each alteration that was ever attempted, applied, reverted or recorded.
    CREATE TABLE IF NOT EXISTS @state (
        -- The plugin's name, `vendor/name`.
        plugin {key} NOT NULL,
        -- The alteration's id.
        id {key} NOT NULL,
        -- The alteration's version. Null if its id has none.
        version {text},
        -- SHA-256 (hexadecimal) that identifies the alteration's source.
        checksum {text} NOT NULL,
        -- SHA-256 of the component file: the key into `alteration_archive`.
        component_checksum {text} NOT NULL,
        -- `applied`, `reverted`, `failed` or `running`. Pending, changed, missing and out of order are computed, not
        -- stored.
        status {key} NOT NULL CHECK (status IN ('applied', 'reverted', 'failed', 'running')),
        -- When it was last applied, reverted or recorded (RFC 3339, UTC).
        applied_at {text},
        -- How long that took, in milliseconds. Null for a baseline.
        duration_ms {integer},
        -- How many statements that ran. Null for a baseline.
        statements {integer},
        -- How many rows these affected. Null for a baseline.
        rows_affected {integer},
        -- Who did it, as `user@host`.
        applied_by {text},
        -- The version of the runner that did it.
        runner_version {text},
        -- The permissions that it was granted (JSON array). `down` runs with the same ones.
        permissions {text} NOT NULL,
        -- The names of the settings that it declares (JSON array). Values are not stored.
        settings {text},
        -- The plugins that it requires, with their versions (JSON object).
        requires {text} NOT NULL,
        -- 1 if it has no way back, else 0.
        irreversible {integer} NOT NULL,
        -- 1 if what was applied is a draft, else 0 or null.
        draft {integer},
        -- The level at which it was last applied or reverted, or which `runner confine` gave its plugin since: `confined`,
        -- `guarded` or `trusted`. Null if it never ran, or ran under a runner that did not record it.
        level {text},
        -- The ledger's revision that applied it: the order in which alterations were applied.
        revision {integer} NOT NULL,
        -- The error of the last attempt. Null if it did not fail.
        error {text},
        PRIMARY KEY (plugin, id)
    )",
    "-- Append-only. One row when an attempt starts, and one when it ends.
    CREATE TABLE IF NOT EXISTS @history (
        -- The row's number, in the order of writing.
        sequence {integer} PRIMARY KEY,
        -- The plugin's name.
        plugin {key} NOT NULL,
        -- The alteration's id.
        id {key} NOT NULL,
        -- `up` or `down`.
        direction {key} NOT NULL,
        -- `started`; or how the attempt ended: `done`, `failed`, `interrupted`, `resolved` (by a person), `baseline`,
        -- `taken-over`, `released`, `mended` (goes on in another file); `confined` or `guarded`, of the last alteration of a
        -- plugin that `runner confine` made so.
        event {key} NOT NULL,
        -- When it happened (RFC 3339, UTC).
        at {text} NOT NULL,
        -- Who did it, as `user@host`.
        done_by {text} NOT NULL,
        -- The version of the runner that did it.
        runner_version {text} NOT NULL,
        -- SHA-256 that identifies the alteration's source.
        checksum {text} NOT NULL,
        -- SHA-256 of the component file.
        component_checksum {text} NOT NULL,
        -- The permissions that it was granted (JSON array).
        permissions {text} NOT NULL,
        -- How long the attempt took, in milliseconds. Null in a start row.
        duration_ms {integer},
        -- How many statements it ran. Null in a start row.
        statements {integer},
        -- How many rows these affected. Null in a start row.
        rows_affected {integer},
        -- The error of a failed attempt; the reason of a decision; for `taken-over`, the plugin's former name; for `confined`
        -- and `guarded`, how many objects that was about.
        error {text}
    )",
    "-- The components that were applied, so that `runner rollback` needs no files.
    CREATE TABLE IF NOT EXISTS @archive (
        -- SHA-256 of the component file.
        component_checksum {key} NOT NULL,
        -- The number of the chunk, from 0.
        chunk {integer} NOT NULL,
        -- A part of the compressed component (zstd), at most 1 MiB.
        bytes {bytes} NOT NULL,
        PRIMARY KEY (component_checksum, chunk)
    )",
    RUN,
    JOURNAL,
    OBJECT,
    // Last: a database without it is one that no runner has come to the end of preparing.
    "INSERT INTO @ledger (one, schema_version, revision, fence)
     SELECT 1, 0, 0, 0 FROM (SELECT 1 AS one) AS new_row
     WHERE NOT EXISTS (SELECT 1 FROM @ledger)",
];

const RUN: &str = "-- One row for each attempt that is committed in several parts and has not ended. It is deleted when the attempt
    -- ends.
    CREATE TABLE IF NOT EXISTS @run (
        -- The plugin's name.
        plugin {key} NOT NULL,
        -- The alteration's id.
        id {key} NOT NULL,
        -- `up` or `down`.
        direction {key} NOT NULL,
        -- `preparation` (`before-up`, `before-down`), `main` (`up`, `down`) or `backfill` (`step`).
        phase {key} NOT NULL,
        -- The status before the attempt. Null if nothing was recorded.
        previous_status {text},
        -- SHA-256 of the component that began it.
        component_checksum {text} NOT NULL,
        -- The seed of the randomness that its hooks get, so that a resumed hook gets the same.
        entropy_seed {text} NOT NULL,
        -- The time that its hooks are told, in milliseconds since 1970.
        entropy_now_ms {integer} NOT NULL,
        -- The settings that its hooks get, with their values (JSON object).
        settings {text},
        -- The version of the interface that its component uses.
        wit_version {text} NOT NULL,
        -- The database's dialect.
        dialect {text} NOT NULL,
        -- Identifies the attempt.
        marker {text} NOT NULL,
        -- When it started (RFC 3339, UTC).
        started_at {text} NOT NULL,
        -- The state that the last `step` returned.
        checkpoint {bytes},
        -- How many steps are committed.
        steps {integer} NOT NULL,
        -- How far the backfill is, in its own units.
        done {integer} NOT NULL,
        -- How far it will go. Null if it did not say.
        total {integer},
        -- How long the attempt has worked, in milliseconds.
        duration_ms {integer} NOT NULL,
        -- How many statements it has run.
        statements {integer} NOT NULL,
        -- How many rows these affected.
        rows_affected {integer} NOT NULL,
        PRIMARY KEY (plugin, id)
    )";

const JOURNAL: &str = "-- What the calls of an unfinished hook did, so that it can be resumed. Empty if nothing is unfinished.
    CREATE TABLE IF NOT EXISTS @journal (
        -- The plugin's name.
        plugin {key} NOT NULL,
        -- The alteration's id.
        id {key} NOT NULL,
        -- The number of the call within the hook, from 0.
        call_number {integer} NOT NULL,
        -- `started` or `done`. `started` means that the outcome may be unknown.
        status {key} NOT NULL CHECK (status IN ('started', 'done')),
        -- The statement, for one that commits by itself. Null for results.
        statement {text},
        -- What the catalogue said before the statement ran, to find out whether it took effect.
        fingerprint {text},
        -- Calls and their results, encoded, to replay them.
        results {bytes},
        -- When the row was written (RFC 3339, UTC).
        at {text} NOT NULL,
        PRIMARY KEY (plugin, id, call_number)
    )";

const OBJECT: &str = "-- One row for each object that an alteration made and that is still there. What has none, no plugin made: it
    -- belongs to the application.
    CREATE TABLE IF NOT EXISTS @object (
        -- The name of the plugin that made it.
        plugin {key} NOT NULL,
        -- The id of the alteration that made it.
        id {key} NOT NULL,
        -- `table`, `index`, `view`, `trigger`, `sequence`, `function`, `type` or `schema`; on SQLite also `column`, of a
        -- table that the plugin did not make.
        kind {key} NOT NULL,
        -- The schema that it is in on PostgreSQL, the database on MySQL and MariaDB. On SQLite a column's table, else empty.
        place {key} NOT NULL,
        -- Its name, as in the database's catalogue.
        name {key} NOT NULL,
        PRIMARY KEY (kind, place, name)
    )";

/// The statements that upgrade version 1, which existed only on SQLite.
const FROM_1: &[&str] = &["ALTER TABLE @history RENAME COLUMN by TO done_by", RUN, JOURNAL];
/// A column that a later version added to a table.
struct Added {
    since: i64,
    table: &'static str,
    column: &'static str,
    of_type: &'static str,
}

/// Tables that a later version than the second brought.
const TABLES_ADDED: [(i64, &str); 1] = [(OBJECT_SINCE, OBJECT)];

const ADDED: [Added; 4] = [
    Added { since: 3, table: "state", column: "settings", of_type: "{text}" },
    Added { since: 3, table: "run", column: "settings", of_type: "{text}" },
    Added { since: 5, table: "state", column: "draft", of_type: "{integer}" },
    Added { since: LEVEL_SINCE, table: "state", column: "level", of_type: "{text}" },
];
/// The version that numbers the history's rows by the runner instead of by a sequence.
const NUMBERED: i64 = 4;
/// The first number that no history reaches by itself. In older versions a hook could set the sequence that the numbers
/// came from.
const NUMBER_MAX: i64 = 1 << 53;

/// Returns the schema version of the runner's tables; `None` if there are none.
pub(crate) async fn version(connection: &mut dyn Connection) -> Result<Option<i64>, BackendError> {
    let tables = connection.own_tables().await?;
    version_of(connection, &tables).await
}

/// Returns the schema version as [`version`] does, if `tables` are there.
pub(crate) async fn version_of(
    connection: &mut dyn Connection,
    tables: &BTreeSet<String>,
) -> Result<Option<i64>, BackendError> {
    if !tables.contains("alteration_ledger") {
        without_ledger(tables, connection.journals().commits_by_itself)?;
        return Ok(None);
    }
    let sql = "SELECT one FROM @ledger";
    if connection.journals().commits_by_itself && query(connection, sql, []).await?.is_empty() {
        return Ok(None);
    }
    let found = ledger::read(connection).await?.schema_version;
    let mut missing = missing(found, tables);
    if !missing.is_empty() {
        // Another runner may have been about to make them; the ledger's row comes after all of them.
        let tables = connection.own_tables().await?;
        missing.retain(|table| !tables.contains(*table));
    }
    Ok(tables::version(found, &missing, connection.journals().commits_by_itself)?)
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
        Some(SCHEMA_VERSION) => return has_map(connection).await,
        Some(1) => (FROM_1, 1),
        Some(found) => (&[][..], found),
        // A runner that made an older version may have been killed while it did.
        None if connection.journals().commits_by_itself => (FRESH, 0),
        None => (FRESH, SCHEMA_VERSION),
    };
    let later = TABLES_ADDED.iter().filter(|(since, _)| older < *since);
    for statement in statements.iter().copied().chain(later.map(|(_, table)| *table)) {
        let statement = spelled(statement, connection.own_types());
        connection.own(vec![Own::run(statement, [])]).await?;
        crash::point("after a step of the schema");
    }
    for Added { since, table, column, of_type } in &ADDED {
        // The first version had no runs, so that their table was just made.
        let is_there = older >= *since || (older == 1 && *table == "run");
        if is_there
            || (connection.journals().commits_by_itself && has(connection, table, column).await?)
        {
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

/// Makes sure that the map of owners is there, which nobody who only reads is asked for.
async fn has_map(connection: &mut dyn Connection) -> Result<(), BackendError> {
    match connection.own_tables().await?.contains(OBJECT_TABLE) {
        true => Ok(()),
        false => Err(BackendError::Corrupt(format!("the table {OBJECT_TABLE} is missing"))),
    }
}

/// Creates the schema for the runner's own tables, if the database has several schemas.
pub(crate) async fn prepare_place(connection: &mut dyn Connection) -> Result<(), BackendError> {
    match connection.places() {
        Some(places) => places.prepare_place().await,
        None => Ok(()),
    }
}

/// Makes the runner number the history's rows, one after the other under the lock of the ledger's row, instead of a
/// sequence. A sequence is not transactional: a hook could set it to its end, its rollback would not undo that, and every
/// later deploy would fail. Rows with numbers that leave no room get the next free ones.
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

/// Returns whether `table` already has the column. For MySQL and MariaDB, where schema changes commit by themselves and a
/// killed run leaves only some of them done.
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

/// Counts the tables that are not the runner's own.
pub(crate) async fn tables(connection: &mut dyn Connection) -> Result<u64, BackendError> {
    let sql = connection.tables_sql();
    let rows = query(connection, sql, []).await?;
    Ok(rows
        .into_iter()
        .next()
        .map_or(Ok(0), |row| Record::new(row, "the tables").count("count"))?)
}
