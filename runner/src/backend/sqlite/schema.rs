//! The schema of the runner's own tables on SQLite, and the way from each version to the next.
//!
//! Every name is qualified with `main.`, so that no temporary table can stand in for one.

use super::error::{corrupt, host_error};
use crate::{
    backend::{BackendError, SCHEMA_VERSION},
    crash,
};
use sqlx::SqliteConnection;

/// The steps from no tables to the current schema; step N leads to schema version N.
const STEPS: [&str; SCHEMA_VERSION as usize] = [r"
    CREATE TABLE main.alteration_ledger (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        schema_version INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        fence INTEGER NOT NULL
    );
    CREATE TABLE main.alteration_state (
        plugin TEXT NOT NULL,
        id TEXT NOT NULL,
        version TEXT,
        checksum TEXT NOT NULL,
        component_checksum TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('applied', 'reverted', 'failed', 'running')),
        applied_at TEXT,
        duration_ms INTEGER,
        statements INTEGER,
        rows_affected INTEGER,
        applied_by TEXT,
        runner_version TEXT,
        permissions TEXT NOT NULL,
        requires TEXT NOT NULL,
        irreversible INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        error TEXT,
        PRIMARY KEY (plugin, id)
    );
    CREATE TABLE main.alteration_history (
        sequence INTEGER PRIMARY KEY,
        plugin TEXT NOT NULL,
        id TEXT NOT NULL,
        direction TEXT NOT NULL,
        event TEXT NOT NULL,
        at TEXT NOT NULL,
        by TEXT NOT NULL,
        runner_version TEXT NOT NULL,
        checksum TEXT NOT NULL,
        component_checksum TEXT NOT NULL,
        permissions TEXT NOT NULL,
        duration_ms INTEGER,
        statements INTEGER,
        rows_affected INTEGER,
        error TEXT
    );
    CREATE TABLE main.alteration_archive (
        component_checksum TEXT NOT NULL,
        chunk INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (component_checksum, chunk)
    );
    INSERT INTO main.alteration_ledger (one, schema_version, revision, fence) VALUES (1, 0, 0, 0);
"];

const TABLES: [&str; 4] =
    ["alteration_ledger", "alteration_state", "alteration_history", "alteration_archive"];

/// The schema version found; `None` without the runner's tables.
pub(super) async fn schema_version(
    connection: &mut SqliteConnection,
) -> Result<Option<i64>, BackendError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name LIKE 'alteration!_%' ESCAPE '!'",
    )
    .persistent(false)
    .fetch_all(&mut *connection)
    .await
    .map_err(host_error)?;
    let missing: Vec<&str> =
        TABLES.into_iter().filter(|table| !found.iter().any(|name| name == table)).collect();
    if missing.len() == TABLES.len() {
        return Ok(None);
    }
    if missing.contains(&"alteration_ledger") {
        return Err(BackendError::Corrupt("the table alteration_ledger is missing".to_owned()));
    }
    let rows: Vec<i64> = sqlx::query_scalar("SELECT schema_version FROM main.alteration_ledger")
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(corrupt)?;
    match rows[..] {
        // All are made in one transaction: some without the others mean that somebody dropped them.
        [found] if found == SCHEMA_VERSION && !missing.is_empty() => {
            Err(BackendError::Corrupt(format!("the table {} is missing", missing.join(", "))))
        }
        [found] if found > SCHEMA_VERSION => {
            Err(BackendError::NewerSchema { found, known: SCHEMA_VERSION })
        }
        [found] if found < 1 => {
            Err(BackendError::Corrupt(format!("alteration_ledger has schema version {found}")))
        }
        [found] => Ok(Some(found)),
        _ => Err(BackendError::Corrupt(format!(
            "alteration_ledger has {} rows; exactly one is expected",
            rows.len()
        ))),
    }
}

/// Brings the runner's tables to the current version. Runs in the caller's transaction.
pub(super) async fn upgrade(connection: &mut SqliteConnection) -> Result<(), BackendError> {
    upgrade_by(connection, &STEPS).await
}

async fn upgrade_by(
    connection: &mut SqliteConnection,
    steps: &[&'static str],
) -> Result<(), BackendError> {
    let found = schema_version(connection).await?.unwrap_or_default();
    let done = usize::try_from(found).unwrap_or_default();
    for step in &steps[done.min(steps.len())..] {
        sqlx::raw_sql(*step).execute(&mut *connection).await.map_err(host_error)?;
        crash::point("after a step of the schema");
    }
    if done < steps.len() {
        sqlx::query(
            "UPDATE main.alteration_ledger SET schema_version = ?1, revision = revision + 1",
        )
        .persistent(false)
        .bind(i64::try_from(steps.len()).unwrap_or(i64::MAX))
        .execute(&mut *connection)
        .await
        .map_err(host_error)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Connection;

    async fn memory() -> SqliteConnection {
        SqliteConnection::connect("sqlite::memory:").await.unwrap()
    }

    #[tokio::test]
    async fn an_older_schema_is_upgraded_step_by_step() {
        let mut connection = memory().await;
        upgrade(&mut connection).await.unwrap();
        let later = [STEPS[0], "ALTER TABLE main.alteration_state ADD COLUMN later TEXT"];
        upgrade_by(&mut connection, &later).await.unwrap();
        let columns: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pragma_table_info('alteration_state') WHERE name = 'later'",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(columns, 1);
        // And this runner, which knows one version less, refuses what it finds.
        let error = schema_version(&mut connection).await.unwrap_err();
        assert!(matches!(error, BackendError::NewerSchema { found: 2, known: 1 }));
    }
}
