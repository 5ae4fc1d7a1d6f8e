//! `alteration_journal`: what the calls of an unfinished hook did, so that it can be run again.
//!
//! Two kinds of rows: results of consecutive calls, written together once a statement comes that
//! commits; and such a statement, before it runs and after. Needs the caller's transaction.

use super::Record;
use crate::{
    alteration::AlterationKey,
    backend::{
        BackendError,
        connection::{Cell, Connection},
    },
    crash, operator,
};

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct JournalRow {
    /// Number of its (first) call within the hook, counted from 0.
    pub(crate) call: u64,
    /// Whether it took effect; `false` for a statement whose end nobody has recorded.
    pub(crate) is_done: bool,
    /// The statement, for a row about one that commits.
    pub(crate) statement: Option<String>,
    /// What the catalogue said before the statement ran.
    pub(crate) fingerprint: Option<String>,
    /// The calls and their results, encoded.
    pub(crate) results: Option<Vec<u8>>,
}

pub(crate) async fn insert(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    row: &JournalRow,
) -> Result<(), BackendError> {
    connection.own_execute(INSERT, &row.params(key)).await?;
    crash::point("after a row of the journal");
    Ok(())
}

/// As [`insert`], with the commit that follows it.
pub(crate) async fn insert_last(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    row: &JournalRow,
) -> Result<(), BackendError> {
    connection.own_execute_last(INSERT, &row.params(key)).await
}

const INSERT: &str =
    "INSERT INTO @journal (plugin, id, call_number, status, statement, fingerprint, results, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

impl JournalRow {
    fn params(&self, key: &AlterationKey) -> [Cell; 8] {
        [
            Cell::text(&key.plugin),
            Cell::text(&key.id),
            Cell::integer(self.call),
            Cell::text(if self.is_done { "done" } else { "started" }),
            Cell::Text(self.statement.clone()),
            Cell::Text(self.fingerprint.clone()),
            Cell::Bytes(self.results.clone()),
            Cell::text(operator::now()),
        ]
    }
}

/// Records that a started statement took effect.
pub(crate) async fn finish(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    call: u64,
    results: Option<Vec<u8>>,
) -> Result<(), BackendError> {
    let sql = "UPDATE @journal SET status = 'done', results = ?
         WHERE plugin = ? AND id = ? AND call_number = ? AND status = 'started'";
    let params =
        [Cell::Bytes(results), Cell::text(&key.plugin), Cell::text(&key.id), Cell::integer(call)];
    let done = connection.own_execute(sql, &params).await?;
    crash::point("after a row of the journal was finished");
    if done == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

/// Writes over the calls and results of a row.
pub(crate) async fn rewrite(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    row: JournalRow,
) -> Result<(), BackendError> {
    let sql = "UPDATE @journal SET results = ? WHERE plugin = ? AND id = ? AND call_number = ?";
    let params = [
        Cell::Bytes(row.results),
        Cell::text(&key.plugin),
        Cell::text(&key.id),
        Cell::integer(row.call),
    ];
    connection.own_must(sql, &params).await?;
    crash::point("after a row of the journal was rewritten");
    Ok(())
}

/// Forgets a started statement that took no effect.
pub(crate) async fn forget(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    call: u64,
) -> Result<(), BackendError> {
    let sql = "DELETE FROM @journal WHERE plugin = ? AND id = ? AND call_number = ? AND status = 'started'";
    let params = [Cell::text(&key.plugin), Cell::text(&key.id), Cell::integer(call)];
    connection.own_execute(sql, &params).await?;
    crash::point("after a row of the journal was forgotten");
    Ok(())
}

/// Forgets a row, done or not, of which nothing is left.
pub(crate) async fn remove(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    call: u64,
) -> Result<(), BackendError> {
    let sql = "DELETE FROM @journal WHERE plugin = ? AND id = ? AND call_number = ?";
    let params = [Cell::text(&key.plugin), Cell::text(&key.id), Cell::integer(call)];
    connection.own_execute(sql, &params).await?;
    crash::point("after a row of the journal was removed");
    Ok(())
}

/// Forgets everything about an alteration: its hook has ended.
pub(crate) async fn clear(
    connection: &mut dyn Connection,
    key: &AlterationKey,
) -> Result<(), BackendError> {
    let sql = "DELETE FROM @journal WHERE plugin = ? AND id = ?";
    connection.own_execute(sql, &[Cell::text(&key.plugin), Cell::text(&key.id)]).await?;
    crash::point("after the journal was cleared");
    Ok(())
}

/// Reads the rows of an alteration in the order of their calls.
pub(crate) async fn read(
    connection: &mut dyn Connection,
    key: &AlterationKey,
) -> Result<Vec<JournalRow>, BackendError> {
    let sql = "SELECT call_number, status, statement, fingerprint, results FROM @journal
         WHERE plugin = ? AND id = ? ORDER BY call_number";
    let rows = connection.own_rows(sql, &[Cell::text(&key.plugin), Cell::text(&key.id)]).await?;
    rows.into_iter()
        .map(|cells| {
            let mut row = Record::new(cells, &format!("alteration_journal, {key}"));
            Ok(JournalRow {
                call: row.count("call_number")?,
                is_done: row.text("status")? == "done",
                statement: row.maybe_text("statement")?,
                fingerprint: row.maybe_text("fingerprint")?,
                results: row.maybe_bytes("results")?,
            })
        })
        .collect()
}
