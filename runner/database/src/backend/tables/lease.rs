//! `alteration_lease`: a lock that needs no session. One row with a holder and a heartbeat.
//!
//! Time is the server's alone. Whoever takes the lease over gets the next fence, which the ledger
//! then asks for: a holder that was paused cannot commit any more.

use super::{Record, schema::spelled};
use crate::{
    backend::{
        BackendError, LockHolder,
        connection::{Cell, Connection, OwnTypes},
    },
    operator,
};
use serde::{Deserialize, Serialize};

/// What the column `holder` says.
#[derive(Debug, Serialize, Deserialize)]
struct Signature {
    #[serde(flatten)]
    holder: LockHolder,
    /// The holder's session on the server, as [`Connection::session_name`] has it. Absent from
    /// runners that did not record it, and where the server ends idle transactions by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

impl Signature {
    fn of(connection: &dyn Connection) -> Cell {
        let session = connection.session_name();
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

/// Whether there is something to take.
pub(crate) async fn has_row(connection: &mut dyn Connection) -> Result<bool, BackendError> {
    connection.begin_reading().await?;
    let rows = connection.own_rows("SELECT one FROM @lease", &[]).await;
    connection.rollback().await?;
    Ok(!rows?.is_empty())
}

/// Takes the lease for `time_ms` if it is free or its holder's heart has stopped. The fence that
/// goes with it; `None` where somebody holds it. Needs the caller's transaction.
pub(crate) async fn take(
    connection: &mut dyn Connection,
    time_ms: u64,
) -> Result<Option<i64>, BackendError> {
    let clock = connection.clock_ms();
    let sql = format!(
        "UPDATE @lease SET fence = fence + 1, holder = ?, heartbeat_ms = {clock}, time_ms = ?
         WHERE holder IS NULL OR heartbeat_ms + time_ms < {clock}"
    );
    let params = [Signature::of(connection), Cell::integer(time_ms)];
    if connection.own_execute(&sql, &params).await? == 0 {
        return Ok(None);
    }
    let rows = connection.own_rows("SELECT fence FROM @lease", &[]).await?;
    let row = rows.into_iter().next().unwrap_or_default();
    Ok(Some(Record::new(row, "alteration_lease").integer("fence")?))
}

/// Makes the ledger ask for `fence` from now on. `false` where it asks for that of a later holder:
/// fences only grow. Needs the transaction of [`take`].
pub(crate) async fn fence_ledger(
    connection: &mut dyn Connection,
    fence: i64,
) -> Result<bool, BackendError> {
    let sql = "UPDATE @ledger SET fence = ?, revision = revision + 1 WHERE fence < ?";
    let params = [Cell::integer(fence), Cell::integer(fence)];
    Ok(connection.own_execute(sql, &params).await? == 1)
}

/// Says that the holder lives. `false`: the lease is somebody else's by now.
pub(crate) async fn beat(
    connection: &mut dyn Connection,
    fence: i64,
) -> Result<bool, BackendError> {
    let clock = connection.clock_ms();
    let sql =
        format!("UPDATE @lease SET heartbeat_ms = {clock} WHERE fence = ? AND holder IS NOT NULL");
    Ok(connection.own_execute(&sql, &[Cell::integer(fence)]).await? == 1)
}

pub(crate) async fn give_back(
    connection: &mut dyn Connection,
    fence: i64,
) -> Result<(), BackendError> {
    let sql = "UPDATE @lease SET holder = NULL WHERE fence = ?";
    connection.own_execute(sql, &[Cell::integer(fence)]).await?;
    Ok(())
}

/// Says that the holder works on another session from now on. Nothing where the lease is somebody
/// else's by now, which the ledger tells.
pub(crate) async fn sign(connection: &mut dyn Connection, fence: i64) -> Result<(), BackendError> {
    let sql = "UPDATE @lease SET holder = ? WHERE fence = ? AND holder IS NOT NULL";
    let params = [Signature::of(connection), Cell::integer(fence)];
    connection.own_execute(sql, &params).await.map(drop)
}

/// The session of a holder whose lease has run out, as it named it.
pub(crate) async fn expired_session(
    connection: &mut dyn Connection,
) -> Result<Option<String>, BackendError> {
    let clock = connection.clock_ms();
    let sql = format!(
        "SELECT holder FROM @lease WHERE holder IS NOT NULL AND heartbeat_ms + time_ms < {clock}"
    );
    let rows = connection.own_rows(&sql, &[]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let text = Record::new(row, "alteration_lease").text("holder")?;
    Ok(serde_json::from_str(&text).ok().and_then(|found: Signature| found.session))
}

/// Who took the lease last, whether or not it has run out.
pub(crate) async fn last_holder(
    connection: &mut dyn Connection,
) -> Result<Option<LockHolder>, BackendError> {
    named(connection, "SELECT holder FROM @lease WHERE holder IS NOT NULL").await
}

/// Who holds a lease that has not run out.
pub(crate) async fn holder(
    connection: &mut dyn Connection,
) -> Result<Option<LockHolder>, BackendError> {
    let clock = connection.clock_ms();
    let sql = format!(
        "SELECT holder FROM @lease WHERE holder IS NOT NULL AND heartbeat_ms + time_ms >= {clock}"
    );
    named(connection, &sql).await
}

async fn named(
    connection: &mut dyn Connection,
    sql: &str,
) -> Result<Option<LockHolder>, BackendError> {
    let rows = connection.own_rows(sql, &[]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let text = Record::new(row, "alteration_lease").text("holder")?;
    Ok(Some(serde_json::from_str(&text).unwrap_or_else(|_| LockHolder::unknown())))
}
