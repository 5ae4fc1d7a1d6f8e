//! The ledger: one row, and the compare-and-swap that every change of state starts with.

pub(crate) use alteration_domain::record::tables::Ledger;

use crate::{
    BackendError, Revision, SCHEMA_VERSION,
    connection::{Cell, Connection},
    recorded::query,
    transaction::Own,
};
use alteration_domain::record::tables::LEDGER;

/// Swaps the revision. First statement of every transaction that changes state: it claims, orders
/// runners, keeps other versions of the runner out, and fences off a holder that lost its lease.
pub(crate) fn advance(revision: Revision, fence: i64) -> Own {
    let sql = "UPDATE @ledger SET revision = revision + 1
    WHERE schema_version = ? AND revision = ? AND fence = ?";
    let params = [Cell::integer(SCHEMA_VERSION), Cell::integer(revision.0), Cell::integer(fence)];
    Own::one_row(sql, params)
}

/// Advances whatever the revision is: for records that are true no matter what others did.
pub(crate) fn advance_any(fence: i64) -> Own {
    let sql = "UPDATE @ledger SET revision = revision + 1 WHERE schema_version = ? AND fence = ?";
    Own::one_row(sql, [Cell::integer(SCHEMA_VERSION), Cell::integer(fence)])
}

/// Holds the ledger's row until the transaction ends, and leaves the revision as it is: for a record that no plan
/// rests on. [`BackendError::Moved`] where another runner has charge of the tables by now.
pub(crate) fn hold(fence: i64) -> Own {
    let sql = "UPDATE @ledger SET revision = revision WHERE schema_version = ? AND fence = ?";
    Own::one_row(sql, [Cell::integer(SCHEMA_VERSION), Cell::integer(fence)])
}

/// Reads the ledger; the runner's tables must exist.
pub(crate) async fn read(connection: &mut dyn Connection) -> Result<Ledger, BackendError> {
    let rows = query(connection, LEDGER.sql(SCHEMA_VERSION), []).await?;
    Ok(Ledger::read(rows)?)
}
