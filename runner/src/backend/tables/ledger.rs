//! The ledger: one row, and the compare-and-swap that every change of state starts with.

use crate::{
    backend::{
        BackendError, Revision, SCHEMA_VERSION,
        connection::{Cell, Connection},
    },
    crash,
};

/// Swaps the revision. First statement of every transaction that changes state: it claims, orders
/// runners, keeps other versions of the runner out, and fences off a holder that lost its lease.
/// [`BackendError::Moved`] may come with the transaction's next statement, or its commit.
pub(crate) async fn advance(
    connection: &mut dyn Connection,
    revision: Revision,
    fence: i64,
) -> Result<Revision, BackendError> {
    connection.own_must(ADVANCE, &expected(revision, fence)).await?;
    crash::point("after the revision was swapped");
    Ok(Revision(revision.0 + 1))
}

/// As [`advance`], where a guest's statement may come next: it must not be the one to hear of it.
pub(crate) async fn advance_at_once(
    connection: &mut dyn Connection,
    revision: Revision,
    fence: i64,
) -> Result<Revision, BackendError> {
    let done = connection.own_execute(ADVANCE, &expected(revision, fence)).await?;
    crash::point("after the revision was swapped");
    if done == 1 { Ok(Revision(revision.0 + 1)) } else { Err(BackendError::Moved) }
}

const ADVANCE: &str = "UPDATE @ledger SET revision = revision + 1
    WHERE schema_version = ? AND revision = ? AND fence = ?";

fn expected(revision: Revision, fence: i64) -> [Cell; 3] {
    [Cell::integer(SCHEMA_VERSION), Cell::integer(revision.0), Cell::integer(fence)]
}

/// Advances whatever the revision is: for records that are true no matter what others did.
pub(crate) async fn advance_any(
    connection: &mut dyn Connection,
    fence: i64,
) -> Result<(), BackendError> {
    let sql = "UPDATE @ledger SET revision = revision + 1 WHERE schema_version = ? AND fence = ?";
    let params = [Cell::integer(SCHEMA_VERSION), Cell::integer(fence)];
    let done = connection.own_execute(sql, &params).await?;
    if done == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

/// Holds the ledger's row until the transaction ends, and leaves the revision as it is: for a record that no plan
/// rests on. [`BackendError::Moved`] where another runner has charge of the tables by now.
pub(crate) async fn hold(connection: &mut dyn Connection, fence: i64) -> Result<(), BackendError> {
    let sql = "UPDATE @ledger SET revision = revision WHERE schema_version = ? AND fence = ?";
    let params = [Cell::integer(SCHEMA_VERSION), Cell::integer(fence)];
    let held = connection.own_execute(sql, &params).await?;
    if held == 1 { Ok(()) } else { Err(BackendError::Moved) }
}

/// What the ledger's one row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) schema_version: i64,
    pub(crate) revision: Revision,
    pub(crate) fence: i64,
}

/// Reads the ledger; the runner's tables must exist.
pub(crate) async fn read(connection: &mut dyn Connection) -> Result<Ledger, BackendError> {
    let sql = "SELECT schema_version, revision, fence FROM @ledger";
    let rows = connection.own_rows(sql, &[]).await?;
    let [row] = <[_; 1]>::try_from(rows).map_err(|rows| {
        let rows = rows.len();
        BackendError::Corrupt(format!("alteration_ledger has {rows} rows; exactly one is expected"))
    })?;
    let mut row = super::Record::new(row, "alteration_ledger");
    Ok(Ledger {
        schema_version: row.integer("schema_version")?,
        revision: Revision(row.integer("revision")?),
        fence: row.integer("fence")?,
    })
}
