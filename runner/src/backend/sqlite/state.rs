//! The runner's own tables on SQLite: their schema, and the statements that change them.
//!
//! Every name is qualified with `main.`, so that no temporary table can stand in for one.

use super::error::host_error;
use crate::{
    alteration::{AlterationKey, Checksum, Direction},
    backend::{
        Attempt, BackendError, Counts, Ending, Revision, SCHEMA_VERSION, Snapshot, StateRow, Status,
    },
    crash, operator,
};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, sqlite::SqliteRow};
use std::{io::Read, str::FromStr};

/// Archived components are cut into pieces of this size, as on backends that bound a row.
const CHUNK_BYTES: usize = 1 << 20;
const COMPRESSION_LEVEL: i32 = 3;
/// A damaged archive must not unpack without end.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;
const RUNNER_VERSION: &str = env!("CARGO_PKG_VERSION");

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
        [found] if found <= SCHEMA_VERSION && !missing.is_empty() => {
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

/// Reads ledger and state rows. Runs in the caller's transaction, so that both fit together.
pub(super) async fn snapshot(connection: &mut SqliteConnection) -> Result<Snapshot, BackendError> {
    if schema_version(connection).await?.is_none() {
        return Ok(Snapshot::empty());
    }
    let revision: i64 = sqlx::query_scalar("SELECT revision FROM main.alteration_ledger")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(corrupt)?;
    let rows = sqlx::query("SELECT * FROM main.alteration_state")
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(corrupt)?;
    let rows = rows.iter().map(state_row).collect::<Result<Vec<_>, _>>()?;
    Ok(Snapshot {
        revision: Some(Revision(revision)),
        rows: rows.into_iter().map(|row| (row.key.clone(), row)).collect(),
    })
}

fn corrupt(error: sqlx::Error) -> BackendError {
    if let sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) = error {
        return BackendError::Corrupt("a column holds a value of the wrong type".to_owned());
    }
    match host_error(error) {
        BackendError::Database(message) => BackendError::Corrupt(message),
        other => other,
    }
}

fn state_row(row: &SqliteRow) -> Result<StateRow, BackendError> {
    let plugin: String = text(row, "plugin", "a row")?;
    let id: String = text(row, "id", &plugin)?;
    let name = format!("{plugin} {id}");
    let key =
        AlterationKey { plugin: parse(&plugin, "plugin", &name)?, id: parse(&id, "id", &name)? };
    let number = |column: &str| -> Result<Option<u64>, BackendError> {
        let value: Option<i64> = get(row, column, &name)?;
        Ok(value.and_then(|value| u64::try_from(value).ok()))
    };
    Ok(StateRow {
        checksum: parse(&text(row, "checksum", &name)?, "checksum", &name)?,
        component_checksum: parse(
            &text(row, "component_checksum", &name)?,
            "component_checksum",
            &name,
        )?,
        status: Status::from_str(&text(row, "status", &name)?)
            .map_err(|()| invalid("status", &name))?,
        applied_at: get(row, "applied_at", &name)?,
        duration_ms: number("duration_ms")?,
        statements: number("statements")?,
        rows_affected: number("rows_affected")?,
        applied_by: get(row, "applied_by", &name)?,
        runner_version: get(row, "runner_version", &name)?,
        permissions: json(&text(row, "permissions", &name)?, "permissions", &name)?,
        requires: json(&text(row, "requires", &name)?, "requires", &name)?,
        irreversible: get::<bool>(row, "irreversible", &name)?,
        revision: Revision(get(row, "revision", &name)?),
        error: get(row, "error", &name)?,
        key,
    })
}

fn get<'r, T>(row: &'r SqliteRow, column: &str, name: &str) -> Result<T, BackendError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|_| invalid(column, name))
}

fn text(row: &SqliteRow, column: &str, name: &str) -> Result<String, BackendError> {
    get(row, column, name)
}

fn parse<T: FromStr>(text: &str, column: &str, name: &str) -> Result<T, BackendError> {
    text.parse().map_err(|_| invalid(column, name))
}

fn json<T: serde::de::DeserializeOwned>(
    text: &str,
    column: &str,
    name: &str,
) -> Result<T, BackendError> {
    serde_json::from_str(text).map_err(|_| invalid(column, name))
}

fn invalid(column: &str, name: &str) -> BackendError {
    let name = crate::escape::Escaped(name);
    BackendError::Corrupt(format!(
        "alteration_state, {name}: the column {column} holds no valid value"
    ))
}

/// The compare-and-swap that every change of state starts with.
pub(super) async fn advance(
    connection: &mut SqliteConnection,
    revision: Revision,
) -> Result<Revision, BackendError> {
    let done = sqlx::query(
        "UPDATE main.alteration_ledger SET revision = revision + 1
         WHERE schema_version = ?1 AND revision = ?2 AND fence = 0",
    )
    .persistent(false)
    .bind(SCHEMA_VERSION)
    .bind(revision.0)
    .execute(connection)
    .await
    .map_err(host_error)?;
    match done.rows_affected() {
        1 => Ok(Revision(revision.0 + 1)),
        _ => Err(BackendError::Moved),
    }
}

/// Advances whatever the revision is: for records that are true no matter what others did.
pub(super) async fn advance_any(connection: &mut SqliteConnection) -> Result<(), BackendError> {
    sqlx::query(
        "UPDATE main.alteration_ledger SET revision = revision + 1 WHERE schema_version = ?1",
    )
    .persistent(false)
    .bind(SCHEMA_VERSION)
    .execute(connection)
    .await
    .map_err(host_error)?;
    Ok(())
}

/// Claims the state row for an attempt: refuses where another runner left it otherwise.
pub(super) async fn claim(
    connection: &mut SqliteConnection,
    attempt: &Attempt,
    revision: Revision,
) -> Result<(), BackendError> {
    let sql = match attempt.direction {
        // A row may exist from a failed or reverted attempt, so this is never a plain INSERT.
        Direction::Up => {
            "INSERT INTO main.alteration_state
                (plugin, id, version, checksum, component_checksum, status, applied_by,
                 runner_version, permissions, requires, irreversible, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, 'applied', ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (plugin, id) DO UPDATE SET
                version = excluded.version, checksum = excluded.checksum,
                component_checksum = excluded.component_checksum, status = excluded.status,
                applied_by = excluded.applied_by, runner_version = excluded.runner_version,
                permissions = excluded.permissions, requires = excluded.requires,
                irreversible = excluded.irreversible, revision = excluded.revision, error = NULL
             WHERE alteration_state.status IN ('reverted', 'failed')"
        }
        Direction::Down => {
            "UPDATE main.alteration_state SET status = 'reverted', applied_by = ?6,
                runner_version = ?7, revision = ?11, error = NULL
             WHERE plugin = ?1 AND id = ?2 AND status = 'applied'
                AND ?3 IS version AND checksum = ?4 AND component_checksum = ?5
                AND permissions = ?8 AND requires = ?9 AND irreversible = ?10"
        }
    };
    let done = bind_attempt(sqlx::query(sql).persistent(false), attempt)
        .bind(revision.0)
        .execute(connection)
        .await
        .map_err(host_error)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// Binds the ten parameters that every statement about an attempt begins with.
fn bind_attempt<'q>(query: Query<'q>, attempt: &Attempt) -> Query<'q> {
    query
        .bind(attempt.key.plugin.to_string())
        .bind(attempt.key.id.to_string())
        .bind(attempt.key.id.version().map(ToString::to_string))
        .bind(attempt.checksum.to_string())
        .bind(attempt.component_checksum.to_string())
        .bind(attempt.by.clone())
        .bind(RUNNER_VERSION)
        .bind(to_json(&attempt.permissions))
        .bind(to_json(&attempt.requires))
        .bind(attempt.irreversible)
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("names and versions are always valid JSON")
}

/// Writes what the hook did into the claimed row.
pub(super) async fn finalise(
    connection: &mut SqliteConnection,
    attempt: &Attempt,
    counts: &Counts,
) -> Result<(), BackendError> {
    let done = sqlx::query(
        "UPDATE main.alteration_state
         SET applied_at = ?3, duration_ms = ?4, statements = ?5, rows_affected = ?6
         WHERE plugin = ?1 AND id = ?2",
    )
    .persistent(false)
    .bind(attempt.key.plugin.to_string())
    .bind(attempt.key.id.to_string())
    .bind(operator::now())
    .bind(signed(counts.duration_ms))
    .bind(signed(counts.statements))
    .bind(signed(counts.rows_affected))
    .execute(connection)
    .await
    .map_err(host_error)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes `failed`, but never over what stands as applied or running.
pub(super) async fn fail(
    connection: &mut SqliteConnection,
    attempt: &Attempt,
    error: &str,
) -> Result<(), BackendError> {
    // A failed `down` leaves the alteration applied; only its error is noted.
    let sql = match attempt.direction {
        Direction::Up => {
            "INSERT INTO main.alteration_state
                (plugin, id, version, checksum, component_checksum, status, applied_by,
                 runner_version, permissions, requires, irreversible, revision, error)
             VALUES (?1, ?2, ?3, ?4, ?5, 'failed', ?6, ?7, ?8, ?9, ?10,
                     (SELECT revision FROM main.alteration_ledger), ?11)
             ON CONFLICT (plugin, id) DO UPDATE SET
                version = excluded.version, checksum = excluded.checksum,
                component_checksum = excluded.component_checksum, status = excluded.status,
                applied_by = excluded.applied_by, runner_version = excluded.runner_version,
                permissions = excluded.permissions, requires = excluded.requires,
                irreversible = excluded.irreversible, revision = excluded.revision,
                error = excluded.error
             WHERE alteration_state.status IN ('reverted', 'failed')"
        }
        Direction::Down => {
            "UPDATE main.alteration_state SET error = ?11
             WHERE plugin = ?1 AND id = ?2 AND status = 'applied' AND component_checksum = ?5"
        }
    };
    bind_attempt(sqlx::query(AssertSqlSafe(sql)).persistent(false), attempt)
        .bind(error)
        .execute(connection)
        .await
        .map_err(host_error)?;
    Ok(())
}

/// Appends one row to the history: a start without counts, or an end with them.
pub(super) async fn history(
    connection: &mut SqliteConnection,
    attempt: &Attempt,
    end: Option<(Ending, &Counts, Option<&str>)>,
) -> Result<(), BackendError> {
    let event = end.map_or("started", |(ending, _, _)| ending.as_str());
    let counts = end.map(|(_, counts, _)| *counts);
    sqlx::query(
        "INSERT INTO main.alteration_history
            (plugin, id, direction, event, at, by, runner_version, checksum, component_checksum,
             permissions, duration_ms, statements, rows_affected, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )
    .persistent(false)
    .bind(attempt.key.plugin.to_string())
    .bind(attempt.key.id.to_string())
    .bind(attempt.direction.as_str())
    .bind(event)
    .bind(operator::now())
    .bind(attempt.by.clone())
    .bind(RUNNER_VERSION)
    .bind(attempt.checksum.to_string())
    .bind(attempt.component_checksum.to_string())
    .bind(to_json(&attempt.permissions))
    .bind(counts.map(|counts| signed(counts.duration_ms)))
    .bind(counts.map(|counts| signed(counts.statements)))
    .bind(counts.map(|counts| signed(counts.rows_affected)))
    .bind(end.and_then(|(_, _, error)| error.map(str::to_owned)))
    .execute(connection)
    .await
    .map_err(host_error)?;
    Ok(())
}

/// Stores a component, unless it is stored already.
pub(super) async fn archive(
    connection: &mut SqliteConnection,
    checksum: Checksum,
    component: &[u8],
) -> Result<(), BackendError> {
    let stored: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM main.alteration_archive WHERE component_checksum = ?1",
    )
    .persistent(false)
    .bind(checksum.to_string())
    .fetch_one(&mut *connection)
    .await
    .map_err(host_error)?;
    if stored > 0 {
        return Ok(());
    }
    let packed = zstd::encode_all(component, COMPRESSION_LEVEL)
        .map_err(|error| BackendError::Database(error.to_string()))?;
    for (number, chunk) in packed.chunks(CHUNK_BYTES).enumerate() {
        sqlx::query(
            "INSERT INTO main.alteration_archive (component_checksum, chunk, bytes) VALUES (?1, ?2, ?3)",
        )
        .persistent(false)
        .bind(checksum.to_string())
        .bind(i64::try_from(number).unwrap_or(i64::MAX))
        .bind(chunk.to_vec())
        .execute(&mut *connection)
        .await
        .map_err(host_error)?;
    }
    Ok(())
}

/// Reads a component back and verifies its checksum.
pub(super) async fn archived(
    connection: &mut SqliteConnection,
    checksum: Checksum,
) -> Result<Option<Vec<u8>>, BackendError> {
    let chunks: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT bytes FROM main.alteration_archive WHERE component_checksum = ?1 ORDER BY chunk",
    )
    .persistent(false)
    .bind(checksum.to_string())
    .fetch_all(connection)
    .await
    .map_err(corrupt)?;
    if chunks.is_empty() {
        return Ok(None);
    }
    let packed = chunks.concat();
    let damaged = || BackendError::ArchiveDamaged(checksum.to_string());
    let mut component = Vec::new();
    zstd::Decoder::new(&packed[..])
        .map_err(|_| damaged())?
        .take(UNPACKED_BYTES_MAX)
        .read_to_end(&mut component)
        .map_err(|_| damaged())?;
    if Checksum::of(&component) == checksum { Ok(Some(component)) } else { Err(damaged()) }
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

    #[tokio::test]
    async fn a_revision_is_swapped_once() {
        let mut connection = memory().await;
        upgrade(&mut connection).await.unwrap();
        let revision = snapshot(&mut connection).await.unwrap().revision.unwrap();
        assert_eq!(advance(&mut connection, revision).await.unwrap(), Revision(revision.0 + 1));
        let again = advance(&mut connection, revision).await;
        assert!(matches!(again, Err(BackendError::Moved)));
    }

    #[tokio::test]
    async fn the_archive_notices_damage() {
        let mut connection = memory().await;
        upgrade(&mut connection).await.unwrap();
        let component: Vec<u8> =
            (0..3_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let checksum = Checksum::of(&component);
        archive(&mut connection, checksum, &component).await.unwrap();
        assert_eq!(archived(&mut connection, checksum).await.unwrap(), Some(component));
        sqlx::query("UPDATE alteration_archive SET bytes = zeroblob(10) WHERE chunk = 1")
            .execute(&mut connection)
            .await
            .unwrap();
        let damaged = archived(&mut connection, checksum).await;
        assert!(matches!(damaged, Err(BackendError::ArchiveDamaged(_))));
    }
}
