//! Rows of `alteration_state`: claimed, finalised, failed.
//!
//! Needs the caller's transaction, in which the ledger's revision was swapped first: nobody else
//! changes these rows until it ends.

use super::{RUNNER_VERSION, to_json};
use crate::{
    alteration::{AlterationKey, Direction},
    backend::{
        Attempt, BackendError, Counts, Revision, Status,
        connection::{Cell, Connection},
    },
    crash, operator,
};

/// Says that an attempt takes the row from one of the statuses `from` to `to`. Anything else means
/// that somebody else was here.
pub(crate) async fn claim(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    revision: Revision,
    to: Status,
) -> Result<(), BackendError> {
    let claimed = match attempt.direction {
        Direction::Up => write(connection, attempt, to, Some(revision), None).await?,
        Direction::Down => {
            let sql =
                "UPDATE @state SET status = ?, applied_by = ?, runner_version = ?, error = NULL
                 WHERE plugin = ? AND id = ? AND status = 'applied'
                    AND checksum = ? AND component_checksum = ?
                    AND permissions = ? AND requires = ? AND irreversible = ?";
            let params = [
                Cell::text(to),
                Cell::text(&attempt.by),
                Cell::text(RUNNER_VERSION),
                Cell::text(&attempt.key.plugin),
                Cell::text(&attempt.key.id),
                Cell::text(attempt.checksum),
                Cell::text(attempt.component_checksum),
                Cell::text(to_json(&attempt.permissions)),
                Cell::text(to_json(&attempt.requires)),
                Cell::integer(i64::from(attempt.irreversible)),
            ];
            connection.own_execute(sql, &params).await? == 1
        }
    };
    crash::point("after the row was claimed");
    if claimed { Ok(()) } else { Err(BackendError::Moved) }
}

/// Writes the row of an alteration that is not applied: over a failed or reverted one, or a new
/// one. Tells whether it could. Never a plain INSERT: failed and reverted rows exist.
async fn write(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    status: Status,
    revision: Option<Revision>,
    error: Option<&str>,
) -> Result<bool, BackendError> {
    let version = Cell::Text(attempt.key.id.version().map(ToString::to_string));
    let revision = revision.map(|revision| revision.0);
    let params = [
        version,
        Cell::text(attempt.checksum),
        Cell::text(attempt.component_checksum),
        Cell::text(status),
        Cell::text(&attempt.by),
        Cell::text(RUNNER_VERSION),
        Cell::text(to_json(&attempt.permissions)),
        Cell::text(to_json(&attempt.settings.keys().collect::<Vec<_>>())),
        Cell::text(to_json(&attempt.requires)),
        Cell::integer(i64::from(attempt.irreversible)),
        Cell::Integer(Some(revision.unwrap_or_default())),
        Cell::Text(error.map(str::to_owned)),
        Cell::text(&attempt.key.plugin),
        Cell::text(&attempt.key.id),
    ];
    let update = "UPDATE @state SET version = ?, checksum = ?, component_checksum = ?, status = ?,
            applied_by = ?, runner_version = ?, permissions = ?, settings = ?, requires = ?,
            irreversible = ?, revision = ?, error = ?
         WHERE plugin = ? AND id = ? AND status IN ('reverted', 'failed')";
    // The ledger has one row.
    let insert = "INSERT INTO @state (version, checksum, component_checksum, status, applied_by,
            runner_version, permissions, settings, requires, irreversible, revision, error, plugin, id)
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM @ledger
         WHERE NOT EXISTS (SELECT 1 FROM @state WHERE plugin = ? AND id = ?)";
    let key = [Cell::text(&attempt.key.plugin), Cell::text(&attempt.key.id)];
    let absent = [&params[..], &key].concat();
    // Most are new, and one question less is asked of them.
    let (first, second) = match attempt.previous {
        None => ((insert, &absent[..]), (update, &params[..])),
        Some(_) => ((update, &params[..]), (insert, &absent[..])),
    };
    if connection.own_execute(first.0, first.1).await? == 1 {
        return Ok(true);
    }
    Ok(connection.own_execute(second.0, second.1).await? == 1)
}

/// Writes what an attempt did into its row, and with it the status that stays.
pub(crate) async fn finalise(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    revision: Revision,
    counts: &Counts,
) -> Result<(), BackendError> {
    let sql = "UPDATE @state SET status = ?, applied_at = ?, duration_ms = ?, statements = ?,
            rows_affected = ?, revision = ?, error = NULL
         WHERE plugin = ? AND id = ?";
    let status = match attempt.direction {
        Direction::Up => Status::Applied,
        Direction::Down => Status::Reverted,
    };
    let params = [
        Cell::text(status),
        Cell::text(operator::now()),
        Cell::integer(counts.duration_ms),
        Cell::integer(counts.statements),
        Cell::integer(counts.rows_affected),
        Cell::integer(revision.0),
        Cell::text(&attempt.key.plugin),
        Cell::text(&attempt.key.id),
    ];
    let done = connection.own_execute(sql, &params).await?;
    crash::point("after the row was finalised");
    if done == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

/// As [`finalise`] of an `up`, for what was there before the runner came: nothing is known of what it
/// did, by which it is told from what ran.
pub(crate) async fn adopt(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    revision: Revision,
) -> Result<(), BackendError> {
    let sql = "UPDATE @state SET status = 'applied', applied_at = ?, duration_ms = NULL,
            statements = NULL, rows_affected = NULL, revision = ?, error = NULL
         WHERE plugin = ? AND id = ?";
    let params = [
        Cell::text(operator::now()),
        Cell::integer(revision.0),
        Cell::text(&attempt.key.plugin),
        Cell::text(&attempt.key.id),
    ];
    let done = connection.own_execute(sql, &params).await?;
    crash::point("after the row was adopted");
    if done == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

/// Records that an attempt failed and left nothing behind, but never over what stands as applied
/// or running.
pub(crate) async fn fail(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    error: &str,
) -> Result<(), BackendError> {
    match attempt.direction {
        Direction::Up => {
            write(connection, attempt, Status::Failed, None, Some(error)).await?;
        }
        // A failed `down` leaves the alteration applied; only its error is noted.
        Direction::Down => {
            let sql = "UPDATE @state SET error = ?
                 WHERE plugin = ? AND id = ? AND status = 'applied' AND component_checksum = ?";
            let params = [
                Cell::text(error),
                Cell::text(&attempt.key.plugin),
                Cell::text(&attempt.key.id),
                Cell::text(attempt.component_checksum),
            ];
            connection.own_execute(sql, &params).await?;
        }
    }
    crash::point("after the failure was written");
    Ok(())
}

/// Sets the status of an unfinished attempt's row: its run row says that it is this runner's.
pub(crate) async fn mark(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    status: Status,
    error: Option<&str>,
) -> Result<(), BackendError> {
    let sql = "UPDATE @state SET status = ?, error = ? WHERE plugin = ? AND id = ?";
    let params = [
        Cell::text(status),
        Cell::Text(error.map(str::to_owned)),
        Cell::text(&key.plugin),
        Cell::text(&key.id),
    ];
    let done = connection.own_execute(sql, &params).await?;
    crash::point("after the row was marked");
    if done == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

/// Removes the row of an alteration of which nothing is left.
pub(crate) async fn forget(
    connection: &mut dyn Connection,
    key: &AlterationKey,
) -> Result<(), BackendError> {
    let sql = "DELETE FROM @state WHERE plugin = ? AND id = ?";
    connection.own_execute(sql, &[Cell::text(&key.plugin), Cell::text(&key.id)]).await?;
    Ok(())
}
