//! Changes of the recorded state on SQLite: ledger, state rows, history.
//!
//! Every name is qualified with `main.`, so that no temporary table can stand in for one.

use super::error::host_error;
use crate::{
    alteration::Direction,
    backend::{Attempt, BackendError, Counts, Ending, Revision, SCHEMA_VERSION},
    crash, operator,
};
use sqlx::{AssertSqlSafe, SqliteConnection};

const RUNNER_VERSION: &str = env!("CARGO_PKG_VERSION");

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
    crash::point("after the revision was swapped");
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
    crash::point("after the row was claimed");
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
    crash::point("after the row was finalised");
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
    crash::point("after the failure was written");
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
    crash::point("after a history row");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{rows::snapshot, schema::upgrade},
        *,
    };
    use sqlx::Connection;

    async fn memory() -> SqliteConnection {
        SqliteConnection::connect("sqlite::memory:").await.unwrap()
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
}
