//! `alteration_history`: append-only, one row where an attempt starts and one where it ends.

use super::{RUNNER_VERSION, Record, to_json};
use crate::{
    Attempt, BackendError, Counts, Decided, Ending, SCHEMA_VERSION,
    alteration::{AlterationKey, PluginName},
    connection::{Cell, Connection},
    operator,
    recorded::query,
    transaction::Own,
};
use alteration_domain::record::tables::{self, SUCCESSORS, TAKEN_OVER_FROM};
use std::collections::BTreeMap;

/// What an end row says beyond a start row.
pub(crate) type End<'a> = (Ending, &'a Counts, Option<&'a str>);

/// Appends one row: a start without counts, or an end with them.
///
/// Its number is the next one of those that are there. The transaction has the ledger's row by then, so that no
/// other one numbers rows at the same time.
pub(crate) fn append(attempt: &Attempt, end: Option<End<'_>>) -> Own {
    Own::run(APPEND, row(attempt, end))
}

/// Appends the row that an alteration, which `attempt` describes under its new name, was recorded as one of `from`.
pub(crate) fn append_taken_over(attempt: &Attempt, from: &PluginName) -> Own {
    let text = format!("{TAKEN_OVER_FROM}{from}");
    append(attempt, Some((Ending::TakenOver, &Counts::default(), Some(&text))))
}

/// Returns which plugin took over which, by the one whose records they were.
pub(crate) async fn successors(
    connection: &mut dyn Connection,
) -> Result<BTreeMap<PluginName, PluginName>, BackendError> {
    let rows = query(connection, SUCCESSORS.sql(SCHEMA_VERSION), []).await?;
    Ok(tables::successors(rows)?)
}

/// Returns the operators' decisions, for each alteration whose last row is one.
pub(crate) async fn decisions(
    connection: &mut dyn Connection,
) -> Result<BTreeMap<AlterationKey, Decided>, BackendError> {
    let sql = "SELECT h.plugin, h.id, h.at, h.done_by, h.error FROM @history h
         WHERE h.event = ? AND NOT EXISTS (SELECT 1 FROM @history l
            WHERE l.plugin = h.plugin AND l.id = h.id AND l.sequence > h.sequence)";
    let event = Cell::text(Ending::Resolved.as_str());
    let rows = query(connection, sql, [event]).await?;
    let decisions = rows.into_iter().map(|cells| {
        let mut row = Record::new(cells, "alteration_history, a row");
        let key = row.key("alteration_history")?;
        let (at, by) = (row.text("at")?, row.text("done_by")?);
        let text = row.maybe_text("error")?.unwrap_or_default();
        Ok((key, Decided::new(at, by, &text)))
    });
    decisions.collect()
}

const APPEND: &str = "INSERT INTO @history (sequence, plugin, id, direction, event, at, done_by,
        runner_version, checksum, component_checksum, permissions, duration_ms, statements,
        rows_affected, error)
     SELECT coalesce(max(sequence), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM @history";

fn row(attempt: &Attempt, end: Option<End<'_>>) -> [Cell; 14] {
    let event = end.map_or("started", |(ending, _, _)| ending.as_str());
    let count = |pick: fn(&Counts) -> u64| match end {
        Some((_, counts, _)) => Cell::integer(pick(counts)),
        None => Cell::Integer(None),
    };
    [
        Cell::text(&attempt.key.plugin),
        Cell::text(&attempt.key.id),
        Cell::text(attempt.direction.as_str()),
        Cell::text(event),
        Cell::text(operator::now()),
        Cell::text(operator::identity()),
        Cell::text(RUNNER_VERSION),
        Cell::text(attempt.checksum),
        Cell::text(attempt.component_checksum),
        Cell::text(to_json(&attempt.permissions)),
        count(|counts| counts.duration_ms),
        count(|counts| counts.statements),
        count(|counts| counts.rows_affected),
        Cell::Text(end.and_then(|(_, _, error)| error.map(str::to_owned))),
    ]
}
