//! `alteration_run`: one row for each attempt that is committed in several parts and has not ended.
//!
//! Needs the caller's transaction, in which the ledger's revision was swapped first.

use super::{Record, to_json};
use crate::{
    alteration::{AlterationKey, Direction},
    backend::{
        BackendError, Checkpoint, Counts, Phase, Run, Status,
        connection::{Cell, Connection},
        recorded::query,
        transaction::Own,
    },
    entropy::Entropy,
};

/// Without `settings`, which version 2 of the schema did not have.
const COLUMNS: &str = "plugin, id, direction, phase, previous_status, component_checksum,
    entropy_seed, entropy_now_ms, wit_version, dialect, marker, started_at, checkpoint, steps,
    done, total, duration_ms, statements, rows_affected";

pub(crate) fn insert(run: &Run) -> Own {
    let sql = format!(
        "INSERT INTO @run ({COLUMNS}, settings)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
    let settings = match version {
        ..2 => return Ok(Vec::new()),
        2 => "",
        _ => ", settings",
    };
    let sql = format!("SELECT {COLUMNS}{settings} FROM @run");
    let rows = query(connection, sql, []).await?;
    rows.into_iter().map(read).collect()
}

fn read(cells: Vec<Cell>) -> Result<Run, BackendError> {
    let mut row = Record::new(cells, "alteration_run, a row");
    let key: AlterationKey = row.key("alteration_run")?;
    Ok(Run {
        key,
        direction: match row.text("direction")?.as_str() {
            "up" => Direction::Up,
            "down" => Direction::Down,
            _ => return Err(row.invalid("direction")),
        },
        phase: {
            let phase = row.text("phase")?;
            Phase::parse(&phase).ok_or_else(|| row.invalid("phase"))?
        },
        previous: match row.maybe_text("previous_status")? {
            None => None,
            Some(text) => {
                Some(text.parse::<Status>().map_err(|()| row.invalid("previous_status"))?)
            }
        },
        component_checksum: row.parse("component_checksum")?,
        entropy: {
            let seed = row.text("entropy_seed")?;
            let now_ms = row.count("entropy_now_ms")?;
            Entropy::restore(&seed, now_ms).ok_or_else(|| row.invalid("entropy_seed"))?
        },
        wit_version: row.text("wit_version")?,
        dialect: row.parse("dialect")?,
        marker: row.text("marker")?,
        started_at: row.text("started_at")?,
        checkpoint: Checkpoint {
            state: row.maybe_bytes("checkpoint")?,
            steps: row.count("steps")?,
            done: row.count("done")?,
            total: row.maybe_count("total")?,
        },
        counts: Counts {
            duration_ms: row.count("duration_ms")?,
            statements: row.count("statements")?,
            rows_affected: row.count("rows_affected")?,
        },
        settings: row.added_json("settings")?,
    })
}
