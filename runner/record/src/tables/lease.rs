//! `alteration_lease`: a lock that needs no session. One row with a holder and a heartbeat.
//!
//! Time is the server's alone. Whoever takes the lease over gets the next fence, which the ledger
//! then asks for: a holder that was paused cannot commit any more.

use super::Record;
use crate::{
    BackendError, LockHolder,
    connection::{Cell, Connection, OwnTypes, spelled},
    operator,
    recorded::{query, read_one},
    transaction::{Own, Rows},
};
use serde::{Deserialize, Serialize};

/// What the column `holder` says.
#[derive(Debug, Serialize, Deserialize)]
struct Signature {
    #[serde(flatten)]
    holder: LockHolder,
    /// The holder's session on the server, as `Sessions::session_name` has it. Absent from
    /// runners that did not record it, and where the server ends idle transactions by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

impl Signature {
    fn of(connection: &mut dyn Connection) -> Cell {
        Self::with(connection.sessions().map(|sessions| sessions.session_name()))
    }

    fn with(session: Option<String>) -> Cell {
        Cell::text(super::to_json(&Self { holder: operator::lock_holder(), session }))
    }
}

const LEASE: &str = "-- One row: the lease that replaces the session's lock behind PgBouncer in transaction mode and on Galera. The
    -- table is created by the first runner that needs it.
    CREATE TABLE IF NOT EXISTS @lease (
        -- Always 1: the table has one row.
        one {integer} NOT NULL PRIMARY KEY CHECK (one = 1),
        -- Raised whenever the lease is taken; `alteration_ledger` holds the fence that may commit.
        fence {integer} NOT NULL,
        -- Who holds it: process, host, user, since when, and the session on the server (JSON). Null if it is free.
        holder {text},
        -- When the holder last confirmed it, in milliseconds since 1970 by the server's clock.
        heartbeat_ms {integer} NOT NULL,
        -- How long it is valid without a heartbeat, in milliseconds.
        time_ms {integer} NOT NULL
    )";

/// Makes the table and its row, where they are not there yet. May race with others: each statement
/// runs on its own, and can run again.
pub(crate) fn statements(types: OwnTypes) -> [String; 2] {
    [
        spelled(LEASE, types),
        "INSERT INTO @lease (one, fence, holder, heartbeat_ms, time_ms)
         SELECT 1, 0, NULL, 0, 0 FROM (SELECT 1 AS one) AS new_row
         WHERE NOT EXISTS (SELECT 1 FROM @lease)"
            .to_owned(),
    ]
}

/// Returns whether there is something to take. Asks outside of any transaction.
pub(crate) async fn has_row(connection: &mut dyn Connection) -> Result<bool, BackendError> {
    Ok(!read_one(connection, Own::rows("SELECT one FROM @lease", [])).await?.is_empty())
}

/// Takes the lease for `time_ms` if it is free or its holder's heart has stopped, which moves its fence on.
pub(crate) fn take(connection: &mut dyn Connection, time_ms: u64) -> Own {
    let clock = connection.clock_ms();
    let sql = format!(
        "UPDATE @lease SET fence = fence + 1, holder = ?, heartbeat_ms = {clock}, time_ms = ?
         WHERE holder IS NULL OR heartbeat_ms + time_ms < {clock}"
    );
    Own::one_row(sql, [Signature::of(connection), Cell::integer(time_ms)])
}

/// Returns the fence of the lease that this transaction has taken.
pub(crate) async fn fence(connection: &mut dyn Connection) -> Result<i64, BackendError> {
    let rows = query(connection, "SELECT fence FROM @lease", []).await?;
    let row = rows.into_iter().next().unwrap_or_default();
    Ok(Record::new(row, "alteration_lease").integer("fence")?)
}

/// Makes the ledger ask for `fence` from now on. Does not match where it asks for that of a later holder: fences only
/// grow. Needs the transaction of [`take`].
pub(crate) fn fence_ledger(fence: i64) -> Own {
    let sql = "UPDATE @ledger SET fence = ?, revision = revision + 1 WHERE fence < ?";
    Own::one_row(sql, [Cell::integer(fence), Cell::integer(fence)])
}

/// Says that the holder lives. Does not match where the lease is somebody else's by now.
pub(crate) fn beat(connection: &mut dyn Connection, fence: i64) -> Own {
    let clock = connection.clock_ms();
    let sql =
        format!("UPDATE @lease SET heartbeat_ms = {clock} WHERE fence = ? AND holder IS NOT NULL");
    Own::one_row(sql, [Cell::integer(fence)])
}

pub(crate) fn give_back(fence: i64) -> Own {
    Own::run("UPDATE @lease SET holder = NULL WHERE fence = ?", [Cell::integer(fence)])
}

/// Says that the holder works on another session from now on. Nothing where the lease is somebody
/// else's by now, which the ledger tells.
pub(crate) fn sign(session: String, fence: i64) -> Own {
    let sql = "UPDATE @lease SET holder = ? WHERE fence = ? AND holder IS NOT NULL";
    Own::run(sql, [Signature::with(Some(session)), Cell::integer(fence)])
}

/// Returns the session of a holder whose lease has run out, as it named it.
pub(crate) async fn expired_session(
    connection: &mut dyn Connection,
) -> Result<Option<String>, BackendError> {
    let clock = connection.clock_ms();
    let sql = format!(
        "SELECT holder FROM @lease WHERE holder IS NOT NULL AND heartbeat_ms + time_ms < {clock}"
    );
    let rows = query(connection, sql, []).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let text = Record::new(row, "alteration_lease").text("holder")?;
    Ok(serde_json::from_str(&text).ok().and_then(|found: Signature| found.session))
}

/// Returns who took the lease last, whether or not it has run out. Asks outside of any transaction.
pub(crate) async fn last_holder(
    connection: &mut dyn Connection,
) -> Result<Option<LockHolder>, BackendError> {
    let sql = "SELECT holder FROM @lease WHERE holder IS NOT NULL";
    named(read_one(connection, Own::rows(sql, [])).await?)
}

/// Returns who holds a lease that has not run out, in the transaction at hand.
pub(crate) async fn holder(
    connection: &mut dyn Connection,
) -> Result<Option<LockHolder>, BackendError> {
    let clock = connection.clock_ms();
    let sql = format!(
        "SELECT holder FROM @lease WHERE holder IS NOT NULL AND heartbeat_ms + time_ms >= {clock}"
    );
    named(query(connection, sql, []).await?)
}

fn named(rows: Rows) -> Result<Option<LockHolder>, BackendError> {
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let text = Record::new(row, "alteration_lease").text("holder")?;
    Ok(Some(serde_json::from_str(&text).unwrap_or_else(|_| LockHolder::unknown())))
}
