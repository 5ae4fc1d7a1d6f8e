//! `alteration_history`: append-only, one row where an attempt starts and one where it ends.

use super::{RUNNER_VERSION, to_json};
use crate::{
    backend::{
        Attempt, BackendError, Counts, Ending,
        connection::{Cell, Connection},
    },
    crash, operator,
};

/// What an end row says beyond a start row.
pub(crate) type End<'a> = (Ending, &'a Counts, Option<&'a str>);

/// Appends one row, which the commit that follows may bring: a start without counts, or an end with them.
pub(crate) async fn append(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    end: Option<End<'_>>,
) -> Result<(), BackendError> {
    append_all(connection, &[(attempt, end)]).await
}

/// As [`append`], several rows in one statement.
pub(crate) async fn append_all(
    connection: &mut dyn Connection,
    rows: &[(&Attempt, Option<End<'_>>)],
) -> Result<(), BackendError> {
    let places = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; rows.len()].join(", ");
    let sql = format!(
        "INSERT INTO @history (plugin, id, direction, event, at, done_by,
            runner_version, checksum, component_checksum, permissions, duration_ms, statements,
            rows_affected, error)
         VALUES {places}"
    );
    let params: Vec<Cell> = rows.iter().flat_map(|(attempt, end)| row(attempt, *end)).collect();
    connection.own_execute_last(&sql, &params).await?;
    crash::point("after a history row");
    Ok(())
}

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
        Cell::text(&attempt.by),
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
