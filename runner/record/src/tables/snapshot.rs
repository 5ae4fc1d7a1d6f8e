//! Reads ledger, state rows and unfinished runs. Somebody may have edited them: every value is
//! checked.

use super::{grant, history, journal, ledger, run, schema};
use crate::{
    BackendError, Snapshot, StateRow, connection::Connection, journal::cut_off, recorded::query,
};
use alteration_domain::record::tables::{self, CONFINED, LEVEL_SINCE, ROLE, STATE, roles};
use std::collections::{BTreeMap, BTreeSet};

/// Runs in the caller's transaction, so that all of it fits together. Also gives the fence.
pub(crate) async fn read(
    connection: &mut dyn Connection,
) -> Result<(Snapshot, Option<i64>), BackendError> {
    let own = connection.own_tables().await?;
    let Some(version) = schema::version_of(connection, &own).await? else {
        let tables = schema::tables(connection).await?;
        let place = place(connection);
        let strange = connection.places().map(|places| places.strange_ledgers().to_vec());
        let strange = strange.unwrap_or_default();
        return Ok((Snapshot { tables, place, strange, ..Snapshot::empty() }, None));
    };
    let ledger = ledger::read(connection).await?;
    // Older ones are read as they are; reading must not upgrade them.
    let rows = query(connection, STATE.sql(version), []).await?;
    let rows = rows.into_iter().map(StateRow::read).collect::<Result<Vec<_>, _>>()?;
    let runs = run::read_all(connection, version).await?;
    let successors = history::successors(connection).await?;
    let mut cut = BTreeMap::new();
    for run in &runs {
        if let Some(stop) = cut_off(&journal::read(connection, &run.key).await?) {
            cut.insert(run.key.clone(), stop.to_string());
        }
    }
    let mut confined: BTreeSet<_> = match own.contains("alteration_role") {
        true => roles(query(connection, ROLE.sql(version), []).await?)?.into_keys().collect(),
        false => BTreeSet::new(),
    };
    let grants = match own.contains("alteration_grant") {
        true => grant::read(connection).await?,
        false => Vec::new(),
    };
    if version >= LEVEL_SINCE {
        confined.extend(tables::confined(query(connection, CONFINED.sql(version), []).await?)?);
    }
    let snapshot = Snapshot {
        successors,
        confined,
        grants,
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
