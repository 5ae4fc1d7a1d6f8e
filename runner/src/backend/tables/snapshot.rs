//! Reads ledger, state rows and unfinished runs. Somebody may have edited them: every value is
//! checked.

use super::{Record, history, journal, ledger, run, schema};
use crate::backend::{
    BackendError, Revision, Snapshot, StateRow, Status, connection::Connection, journal::cut_off,
    recorded::query,
};
use std::{collections::BTreeMap, str::FromStr};

/// Without `settings` and `draft`, which came with versions 3 and 5 of the schema.
const COLUMNS: &str = "plugin, id, checksum, component_checksum, status, applied_at, duration_ms,
    statements, rows_affected, applied_by, runner_version, permissions, requires, irreversible,
    revision, error";

/// Runs in the caller's transaction, so that all of it fits together. Also gives the fence.
pub(crate) async fn read(
    connection: &mut dyn Connection,
) -> Result<(Snapshot, Option<i64>), BackendError> {
    let Some(version) = schema::version(connection).await? else {
        let tables = schema::tables(connection).await?;
        let place = place(connection);
        let strange = connection.places().map(|places| places.strange_ledgers().to_vec());
        let strange = strange.unwrap_or_default();
        return Ok((Snapshot { tables, place, strange, ..Snapshot::empty() }, None));
    };
    let ledger = ledger::read(connection).await?;
    // Older ones are read as they are; reading must not upgrade them.
    let added = match version {
        ..3 => "",
        3 | 4 => ", settings",
        _ => ", settings, draft",
    };
    let sql = format!("SELECT {COLUMNS}{added} FROM @state");
    let rows = query(connection, sql, []).await?;
    let rows = rows.into_iter().map(state_row).collect::<Result<Vec<_>, _>>()?;
    let runs = run::read_all(connection, version).await?;
    let successors = history::successors(connection).await?;
    let mut cut = BTreeMap::new();
    for run in &runs {
        if let Some(stop) = cut_off(&journal::read(connection, &run.key).await?) {
            cut.insert(run.key.clone(), stop.to_string());
        }
    }
    let snapshot = Snapshot {
        successors,
        revision: Some(ledger.revision),
        place: place(connection),
        rows: rows.into_iter().map(|row| (row.key.clone(), row)).collect(),
        runs: runs.into_iter().map(|run| (run.key.clone(), run)).collect(),
        cut,
        ..Snapshot::empty()
    };
    Ok((snapshot, Some(ledger.fence)))
}

fn place(connection: &mut dyn Connection) -> Option<String> {
    connection.places().map(|places| places.place().to_owned())
}

fn state_row(cells: Vec<crate::backend::connection::Cell>) -> Result<StateRow, BackendError> {
    let mut row = Record::new(cells, "alteration_state, a row");
    let key = row.key("alteration_state")?;
    Ok(StateRow {
        key,
        checksum: row.parse("checksum")?,
        component_checksum: row.parse("component_checksum")?,
        status: {
            let status = row.text("status")?;
            Status::from_str(&status).map_err(|()| row.invalid("status"))?
        },
        applied_at: row.maybe_text("applied_at")?,
        duration_ms: row.maybe_count("duration_ms")?,
        statements: row.maybe_count("statements")?,
        rows_affected: row.maybe_count("rows_affected")?,
        applied_by: row.maybe_text("applied_by")?,
        runner_version: row.maybe_text("runner_version")?,
        permissions: row.json("permissions")?,
        requires: row.json("requires")?,
        irreversible: row.integer("irreversible")? != 0,
        revision: Revision(row.integer("revision")?),
        error: row.maybe_text("error")?,
        settings: row.added_json("settings")?,
        draft: row.added_flag("draft")?,
    })
}
