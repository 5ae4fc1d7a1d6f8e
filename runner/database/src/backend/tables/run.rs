//! `alteration_run`: one row for each attempt that is committed in several parts and has not ended.
//!
//! Needs the caller's transaction, in which the ledger's revision was swapped first.

use super::to_json;
use crate::{
    backend::{
        BackendError, Checkpoint, Counts, Phase, Run, SCHEMA_VERSION,
        connection::{Cell, Connection},
    },
    crash,
};
use alteration_domain::record::tables::{RUN, RUN_SINCE};

pub(crate) async fn insert(connection: &mut dyn Connection, run: &Run) -> Result<(), BackendError> {
    let sql = format!(
        "INSERT INTO @run ({})
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        RUN.names(SCHEMA_VERSION)
    );
    let Run { checkpoint, counts, .. } = run;
    let params = [
        Cell::text(&run.key.plugin),
        Cell::text(&run.key.id),
        Cell::text(run.direction.as_str()),
        Cell::text(run.phase.as_str()),
        Cell::Text(run.previous.map(|status| status.to_string())),
        Cell::text(run.component_checksum),
        Cell::text(run.entropy.seed_text()),
        Cell::integer(run.entropy.now_ms()),
        Cell::text(&run.wit_version),
        Cell::text(run.dialect),
        Cell::text(&run.marker),
        Cell::text(&run.started_at),
        Cell::Bytes(checkpoint.state.clone()),
        Cell::integer(checkpoint.steps),
        Cell::integer(checkpoint.done),
        Cell::Integer(checkpoint.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX))),
        Cell::integer(counts.duration_ms),
        Cell::integer(counts.statements),
        Cell::integer(counts.rows_affected),
        Cell::text(to_json(&run.settings)),
    ];
    connection.own_execute(&sql, &params).await?;
    crash::point("after the run was recorded");
    Ok(())
}

/// Moves a run that is in `phase` on to `next`, with what it counted so far.
pub(crate) async fn advance(
    connection: &mut dyn Connection,
    run: &Run,
    next: Phase,
    checkpoint: &Checkpoint,
    counts: &Counts,
) -> Result<(), BackendError> {
    let sql = "UPDATE @run SET phase = ?, checkpoint = ?, steps = ?, done = ?, total = ?,
            duration_ms = ?, statements = ?, rows_affected = ?
         WHERE plugin = ? AND id = ? AND marker = ? AND phase = ? AND steps = ?";
    let params = [
        Cell::text(next.as_str()),
        Cell::Bytes(checkpoint.state.clone()),
        Cell::integer(checkpoint.steps),
        Cell::integer(checkpoint.done),
        Cell::Integer(checkpoint.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX))),
        Cell::integer(counts.duration_ms),
        Cell::integer(counts.statements),
        Cell::integer(counts.rows_affected),
        Cell::text(&run.key.plugin),
        Cell::text(&run.key.id),
        Cell::text(&run.marker),
        Cell::text(run.phase.as_str()),
        Cell::integer(run.checkpoint.steps),
    ];
    connection.own_must(sql, &params).await?;
    crash::point("after the run was advanced");
    Ok(())
}

/// Records that a run goes on in another component, with what that is handed. It must be as `before` was read.
pub(crate) async fn mend(
    connection: &mut dyn Connection,
    before: &Run,
    after: &Run,
) -> Result<(), BackendError> {
    let sql = "UPDATE @run SET component_checksum = ?, settings = ?
         WHERE plugin = ? AND id = ? AND marker = ? AND component_checksum = ?
            AND phase = ? AND steps = ?";
    let params = [
        Cell::text(after.component_checksum),
        Cell::text(to_json(&after.settings)),
        Cell::text(&before.key.plugin),
        Cell::text(&before.key.id),
        Cell::text(&before.marker),
        Cell::text(before.component_checksum),
        Cell::text(before.phase.as_str()),
        Cell::integer(before.checkpoint.steps),
    ];
    connection.own_must(sql, &params).await?;
    crash::point("after the run was mended");
    Ok(())
}

/// Makes sure that a run is where this runner left it: a commit whose answer never came may have
/// moved it on.
pub(crate) async fn check(connection: &mut dyn Connection, run: &Run) -> Result<(), BackendError> {
    let sql = "SELECT 1 FROM @run
         WHERE plugin = ? AND id = ? AND marker = ? AND phase = ? AND steps = ?";
    let params = [
        Cell::text(&run.key.plugin),
        Cell::text(&run.key.id),
        Cell::text(&run.marker),
        Cell::text(run.phase.as_str()),
        Cell::integer(run.checkpoint.steps),
    ];
    let found = connection.own_rows(sql, &params).await?;
    if found.is_empty() { Err(BackendError::Moved) } else { Ok(()) }
}

/// Ends a run; it must be where this runner left it.
pub(crate) async fn delete(connection: &mut dyn Connection, run: &Run) -> Result<(), BackendError> {
    let sql = "DELETE FROM @run WHERE plugin = ? AND id = ? AND marker = ?";
    let params = [Cell::text(&run.key.plugin), Cell::text(&run.key.id), Cell::text(&run.marker)];
    connection.own_must(sql, &params).await?;
    crash::point("after the run was ended");
    Ok(())
}

/// Reads as version `version` of the schema has them: the first had none.
pub(crate) async fn read_all(
    connection: &mut dyn Connection,
    version: i64,
) -> Result<Vec<Run>, BackendError> {
    if version < RUN_SINCE {
        return Ok(Vec::new());
    }
    let sql = RUN.sql(version);
    let rows = connection.own_rows(&sql, &[]).await?;
    Ok(rows.into_iter().map(Run::read).collect::<Result<_, _>>()?)
}
