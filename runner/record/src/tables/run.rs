//! `alteration_run`: one row for each attempt that is committed in several parts and has not ended.
//!
//! Needs the caller's transaction, in which the ledger's revision was swapped first.

use super::to_json;
use crate::{
    BackendError, Checkpoint, Counts, Phase, Run, SCHEMA_VERSION,
    connection::{Cell, Connection},
    recorded::query,
    transaction::Own,
};
use alteration_domain::record::tables::{RUN, RUN_SINCE};

pub(crate) fn insert(run: &Run) -> Own {
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
    Own::run(sql, params)
}

/// Moves a run that is in `phase` on to `next`, with what it counted so far.
pub(crate) fn advance(run: &Run, next: Phase, checkpoint: &Checkpoint, counts: &Counts) -> Own {
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
    Own::one_row(sql, params)
}

/// Records that a run goes on in another component, with what that is handed. It must be as `before` was read.
pub(crate) fn mend(before: &Run, after: &Run) -> Own {
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
    Own::one_row(sql, params)
}

/// Makes sure that a run is where this runner left it: a commit whose answer never came may have
/// moved it on.
pub(crate) fn check(run: &Run) -> Own {
    let sql = "SELECT 1 FROM @run
         WHERE plugin = ? AND id = ? AND marker = ? AND phase = ? AND steps = ?";
    let params = [
        Cell::text(&run.key.plugin),
        Cell::text(&run.key.id),
        Cell::text(&run.marker),
        Cell::text(run.phase.as_str()),
        Cell::integer(run.checkpoint.steps),
    ];
    Own::one_row(sql, params)
}

/// Ends a run; it must be where this runner left it.
pub(crate) fn delete(run: &Run) -> Own {
    let sql = "DELETE FROM @run WHERE plugin = ? AND id = ? AND marker = ?";
    let params = [Cell::text(&run.key.plugin), Cell::text(&run.key.id), Cell::text(&run.marker)];
    Own::one_row(sql, params)
}

/// Reads as version `version` of the schema has them: the first had none.
pub(crate) async fn read_all(
    connection: &mut dyn Connection,
    version: i64,
) -> Result<Vec<Run>, BackendError> {
    if version < RUN_SINCE {
        return Ok(Vec::new());
    }
    let rows = query(connection, RUN.sql(version), []).await?;
    Ok(rows.into_iter().map(Run::read).collect::<Result<_, _>>()?)
}
