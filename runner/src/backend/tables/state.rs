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
    match attempt.direction {
        Direction::Up => {
            // The status it had is known, and with the ledger's revision it cannot have changed.
            let write = Write::new(attempt, to, Some(revision), None);
            let (sql, params) = if attempt.previous.is_none() { write.new } else { write.again };
            connection.own_must(sql, &params).await?;
        }
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
            connection.own_must(sql, &params).await?;
        }
    }
    crash::point("after the row was claimed");
    Ok(())
}

/// The two ways to write the row of an alteration that is not applied: over a failed or reverted one,
/// or a new one. Never a plain INSERT: failed and reverted rows exist.
struct Write {
    new: (&'static str, Vec<Cell>),
    again: (&'static str, Vec<Cell>),
}

impl Write {
    fn new(
        attempt: &Attempt,
        status: Status,
        revision: Option<Revision>,
        error: Option<&str>,
    ) -> Self {
        let version = Cell::Text(attempt.key.id.version().map(ToString::to_string));
        let revision = revision.map(|revision| revision.0);
        let params = vec![
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
        let key = [Cell::text(&attempt.key.plugin), Cell::text(&attempt.key.id)];
        // The ledger has one row.
        let new = "INSERT INTO @state (version, checksum, component_checksum, status, applied_by,
                runner_version, permissions, settings, requires, irreversible, revision, error,
                plugin, id)
             SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM @ledger
             WHERE NOT EXISTS (SELECT 1 FROM @state WHERE plugin = ? AND id = ?)";
        let again =
            "UPDATE @state SET version = ?, checksum = ?, component_checksum = ?, status = ?,
                applied_by = ?, runner_version = ?, permissions = ?, settings = ?, requires = ?,
                irreversible = ?, revision = ?, error = ?
             WHERE plugin = ? AND id = ? AND status IN ('reverted', 'failed')";
        Self { new: (new, [&params[..], &key].concat()), again: (again, params) }
    }
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
    let status = Status::after(attempt.direction);
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
    connection.own_must(sql, &params).await?;
    crash::point("after the row was finalised");
    Ok(())
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
    connection.own_must(sql, &params).await?;
    crash::point("after the row was adopted");
    Ok(())
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
            let Write { new, again } = Write::new(attempt, Status::Failed, None, Some(error));
            if connection.own_execute(again.0, &again.1).await? == 0 {
                connection.own_execute(new.0, &new.1).await?;
            }
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
    connection.own_must(sql, &params).await?;
    crash::point("after the row was marked");
    Ok(())
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
