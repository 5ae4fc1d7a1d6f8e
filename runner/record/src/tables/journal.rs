//! `alteration_journal`: what the calls of an unfinished hook did, so that it can be run again.
//!
//! Two kinds of rows: results of consecutive calls, written together once a statement comes that
//! commits; and such a statement, before it runs and after. Needs the caller's transaction.

use super::Record;
use crate::{
    BackendError,
    alteration::AlterationKey,
    connection::{Cell, Connection},
    operator,
    recorded::{query, read_one},
    transaction::{Own, Rows},
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

pub(crate) fn insert(key: &AlterationKey, row: &JournalRow) -> Own {
    let sql = "INSERT INTO @journal
            (plugin, id, call_number, status, statement, fingerprint, results, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    Own::run(sql, row.params(key))
}

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
pub(crate) fn finish(key: &AlterationKey, call: u64, results: Option<Vec<u8>>) -> Own {
    let sql = "UPDATE @journal SET status = 'done', results = ?
         WHERE plugin = ? AND id = ? AND call_number = ? AND status = 'started'";
    let params =
        [Cell::Bytes(results), Cell::text(&key.plugin), Cell::text(&key.id), Cell::integer(call)];
    Own::one_row(sql, params)
}

/// Writes over the calls and results of a row.
pub(crate) fn rewrite(key: &AlterationKey, row: JournalRow) -> Own {
    let sql = "UPDATE @journal SET results = ? WHERE plugin = ? AND id = ? AND call_number = ?";
    let params = [
        Cell::Bytes(row.results),
        Cell::text(&key.plugin),
        Cell::text(&key.id),
        Cell::integer(row.call),
    ];
    Own::one_row(sql, params)
}

/// Forgets a started statement that took no effect.
pub(crate) fn forget(key: &AlterationKey, call: u64) -> Own {
    let sql = "DELETE FROM @journal WHERE plugin = ? AND id = ? AND call_number = ? AND status = 'started'";
    let params = [Cell::text(&key.plugin), Cell::text(&key.id), Cell::integer(call)];
    Own::run(sql, params)
}

/// Forgets a row, done or not, of which nothing is left.
pub(crate) fn remove(key: &AlterationKey, call: u64) -> Own {
    let sql = "DELETE FROM @journal WHERE plugin = ? AND id = ? AND call_number = ?";
    let params = [Cell::text(&key.plugin), Cell::text(&key.id), Cell::integer(call)];
    Own::run(sql, params)
}

/// Forgets everything about an alteration: its hook has ended.
pub(crate) fn clear(key: &AlterationKey) -> Own {
    let sql = "DELETE FROM @journal WHERE plugin = ? AND id = ?";
    Own::run(sql, of(key))
}

const ROWS: &str = "SELECT call_number, status, statement, fingerprint, results FROM @journal
     WHERE plugin = ? AND id = ? ORDER BY call_number";

/// Reads the rows of an alteration in the order of their calls, in the transaction at hand.
pub(crate) async fn read(
    connection: &mut dyn Connection,
    key: &AlterationKey,
) -> Result<Vec<JournalRow>, BackendError> {
    rows_of(key, query(connection, ROWS, of(key)).await?)
}

/// Does as [`read`], outside of any transaction.
pub(crate) async fn look(
    connection: &mut dyn Connection,
    key: &AlterationKey,
) -> Result<Vec<JournalRow>, BackendError> {
    rows_of(key, read_one(connection, Own::rows(ROWS, of(key))).await?)
}

fn of(key: &AlterationKey) -> [Cell; 2] {
    [Cell::text(&key.plugin), Cell::text(&key.id)]
}

fn rows_of(key: &AlterationKey, rows: Rows) -> Result<Vec<JournalRow>, BackendError> {
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
