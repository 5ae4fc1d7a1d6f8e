//! What one kind of database has to offer: one working connection with two sides.
//!
//! The *plugin's* side is [`Session`]. The *operator's* side is split by what it is for: [`Transactions`], [`Locking`],
//! [`Journaling`], and what only some kinds have ([`Places`], [`Apart`], [`Sessions`]). The rules of claims,
//! records and journals are written once, above it, for every database.

pub(super) use super::transaction::{HookMode, HookSettings};
pub(super) use alteration_domain::record::Cell;

use super::{
    BackendError, LockHolder, Obstacle, Powers, StrangeLedger,
    confined::Ticket,
    scratch::Scratch,
    transaction::{Durability, End, Own, Rows, Start, TxError},
};
use crate::{
    alteration::PluginName,
    session::{Outcome, Session, SqlError},
    sql::Judge,
};
use async_trait::async_trait;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// A connection that the operator's side and a hook's session hold together.
pub(super) type SharedConnection = Arc<tokio::sync::Mutex<dyn Connection>>;

/// The column types of the runner's own tables, as this database writes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnTypes {
    /// Text that may be part of a primary key, compared byte for byte: 255 characters.
    pub(super) key: &'static str,
    pub(super) text: &'static str,
    /// Up to 16 MiB.
    pub(super) bytes: &'static str,
    /// 64 bits.
    pub(super) integer: &'static str,
    /// Takes the numbering of rows from the column `sequence` of a table that an older version made; empty
    /// where the database never had one.
    pub(super) unnumber: &'static str,
}

/// Where the transactions of a journaled hook end, between statements that commit by themselves or run outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segments {
    /// With the hook: what the database checks only then is checked once.
    Whole,
    /// With each unit of a script, too.
    Units,
    /// With each statement that is in no unit, too: so do the database's own clients.
    Statements,
}

/// What one try at the lock gave.
#[derive(Debug)]
pub(super) enum LockTry {
    Held,
    HeldBy(LockHolder),
}

/// What the catalogue says about a statement whose end nobody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    /// Nothing of it is left; it can run again.
    NotDone,
    /// Only a person can tell.
    Unknown,
}

/// Transactions of the runner's, with a hook in them or without.
#[async_trait]
pub(super) trait Transactions: Send {
    /// Begins a transaction: to write at once on SQLite, READ COMMITTED elsewhere. The rows of its own statements, all of
    /// which are answered by then.
    async fn start(&mut self, start: Start) -> Result<Vec<Rows>, TxError>;

    /// Begins a transaction that only reads.
    async fn look(&mut self) -> Result<(), BackendError>;

    /// Runs queries in one transaction that only reads; the rows of each. After an error it has to be rolled back.
    async fn read(&mut self, queries: Vec<Own>) -> Result<Vec<Rows>, TxError>;

    /// Runs own statements in the transaction at hand, on the runner's side; the rows of each. After an error it is only
    /// rolled back.
    async fn own(&mut self, statements: Vec<Own>) -> Result<Vec<Rows>, TxError>;

    /// Ends the transaction at hand, and makes sure that it is committed: an answer that says otherwise is an error. Tells
    /// whether it waited for the disk.
    async fn finish(&mut self, end: End) -> Result<Durability, TxError>;

    /// Runs `statements` as a transaction without a guest. After an error it has to be rolled back.
    async fn apply(
        &mut self,
        statements: Vec<Own>,
        durability: Durability,
    ) -> Result<Durability, TxError>;

    /// Waits until what was committed without waiting is on the disk. Outside of any transaction.
    async fn flush(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Rolls back whatever is open, if anything is. First ends a statement that still runs.
    async fn rollback(&mut self) -> Result<(), BackendError>;

    /// From here on transactions are savepoints of one transaction that
    /// [`Self::end_rehearsal`] rolls back.
    async fn begin_rehearsal(&mut self) -> Result<(), BackendError>;

    async fn end_rehearsal(&mut self) -> Result<(), BackendError>;
}

/// The runner's lock.
#[async_trait]
pub(super) trait Locking: Send {
    /// Tries once for the runner's lock on this session; never waits.
    async fn try_lock(&mut self) -> Result<LockTry, BackendError>;

    async fn unlock(&mut self);

    /// Whether this connection reaches a place where a lock of the session protects nothing: a
    /// pooler that shares sessions, a cluster that accepts writes on several nodes.
    async fn needs_lease(&mut self) -> Result<bool, BackendError> {
        Ok(false)
    }
}

/// What a journal needs: where transactions end, and what came of statements that no transaction holds.
#[async_trait]
pub(super) trait Journaling: Send {
    /// Where the transactions of a journaled hook end.
    fn segments(&self) -> Segments {
        Segments::Whole
    }

    /// Whether statements can commit by themselves, so that `up` and `down` have to be journaled.
    fn is_journaled(&self) -> bool {
        false
    }

    /// Whether `sql` may commit by itself; true is always safe to say.
    fn may_commit(&self, _sql: &str) -> bool {
        false
    }

    /// Whether the transaction that [`Self::start`] began is still open.
    async fn is_in_transaction(&mut self) -> Result<bool, BackendError>;

    /// Whether `sql` may turn out to need to run outside of the transaction; true is always safe.
    fn may_need_outside(&self, _sql: &str) -> bool {
        false
    }

    /// Marks a point in the transaction to come back to when a statement turns out to need to run
    /// outside of it. Only where that can happen.
    async fn mark(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Comes back to the mark.
    async fn back_to_mark(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Forgets the mark.
    async fn drop_mark(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Whether `error` says that the statement cannot run inside a transaction.
    fn needs_outside(&self, _error: &SqlError) -> bool {
        false
    }

    /// Runs one statement of a guest outside of any transaction. `marker` goes with it to the
    /// server, so that [`Self::end_orphans`] finds it.
    async fn execute_outside(&mut self, sql: &str, marker: &str) -> Result<Outcome, SqlError> {
        let _ = (sql, marker);
        Err(SqlError::new(
            crate::session::ErrorKind::Denied,
            "statements cannot run outside of a transaction on this database",
        ))
    }

    /// Runs, in the transaction of a rehearsal, what has the same effect there as outside of one. False if `sql` has not.
    async fn rehearse_outside(&mut self, sql: &str) -> Result<bool, BackendError> {
        let _ = sql;
        Ok(false)
    }

    /// A statement of a hook that is run again returned what it returned then, and was not run. What it set in
    /// that session may have to be set in this one.
    fn replayed(&mut self, _sql: &str) {}

    /// Tells the session which `marker` goes to the server with each statement of a hook.
    fn set_marker(&mut self, _marker: Option<&str>) {}

    /// Ends statements that carry `marker` and still run, and waits until they are gone.
    async fn end_orphans(&mut self, _marker: &str) -> Result<(), BackendError> {
        Ok(())
    }

    /// What the catalogue says of everything that `sql` names, to be compared later. The text may
    /// be large; callers store it as it is.
    async fn fingerprint(&mut self, sql: &str) -> Result<String, BackendError> {
        let _ = sql;
        Ok(String::new())
    }

    /// Whether `sql`, which was begun when the catalogue was as in `before`, took effect. Mends
    /// what a half-done one left behind, such as an invalid index. Outside of any transaction.
    async fn verify(&mut self, sql: &str, before: &str) -> Result<Verdict, BackendError> {
        let _ = (sql, before);
        Ok(Verdict::Unknown)
    }
}

/// One connection to one database.
///
/// Own statements ([`Own`]) are spelled by the implementation (see [`own_sql`]).
#[async_trait]
pub(super) trait Connection:
    Session + Transactions + Locking + Journaling + Scratch
{
    /// Where the runner's own tables are, if a database has several schemas.
    fn places(&mut self) -> Option<&mut dyn Places> {
        None
    }

    /// Sessions of hooks' own, if the database needs them.
    fn apart(&mut self) -> Option<&mut dyn Apart> {
        None
    }

    /// Users of plugins' own, where the database can confine a plugin to one.
    fn confining(&mut self) -> Option<&mut dyn Confining> {
        None
    }

    /// Names of sessions, if idle transactions are not ended by the server.
    fn sessions(&mut self) -> Option<&mut dyn Sessions> {
        None
    }

    fn own_types(&self) -> OwnTypes;

    /// Judges texts as the plugin's side of this connection will read them.
    fn judge(&self) -> Judge {
        Judge::new(self.reading())
    }

    /// Which of the runner's own tables are there, in lower case.
    async fn own_tables(&mut self) -> Result<BTreeSet<String>, BackendError>;

    /// Statements that would let this user read the runner's tables: none where it may, or where there are no tables.
    /// Asked outside of a transaction.
    async fn grants_to_read(&mut self) -> Result<Vec<String>, BackendError> {
        Ok(Vec::new())
    }

    /// What this user may do beyond the database. Asked outside of a transaction.
    async fn powers(&mut self) -> Result<Powers, BackendError> {
        Ok(Powers::default())
    }

    /// A query for how many tables there are, the runner's own and the database's left out.
    fn tables_sql(&self) -> &'static str;

    /// The server's clock as an SQL expression: Unix time in milliseconds.
    fn clock_ms(&self) -> &'static str;

    /// Tells this database from every other one, by whatever name it was reached.
    async fn identity(&mut self) -> Result<String, BackendError>;

    /// Makes a connection that was lost usable again: first ends what is left of it on the server,
    /// so that its locks and its transaction are gone, then connects anew and takes the lock again
    /// if it had it. [`BackendError::Locked`] where somebody else was faster.
    async fn reconnect(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    /// How long the server lets this connection be idle in a transaction before it ends it. A
    /// runner that is paused would keep its locks for as long, and whoever takes its lease over
    /// has to wait for them.
    async fn set_idle_limit(&mut self, _limit: Option<Duration>) -> Result<(), BackendError> {
        Ok(())
    }

    /// Ends the connection. `self` stays behind, dead.
    async fn close(&mut self);
}

/// Where a database has several schemas: the one of the runner's own tables.
#[async_trait]
pub(super) trait Places: Send {
    /// The schema of the runner's own tables.
    fn place(&self) -> &str;

    /// Tables of runners in other schemas that belong to others, and were passed over.
    fn strange_ledgers(&self) -> &[StrangeLedger];

    /// Another place in this database with records that have one of `plugins` applied, if there is one that is this
    /// user's too.
    async fn applied_elsewhere(
        &mut self,
        plugins: &BTreeSet<PluginName>,
    ) -> Result<Option<(String, PluginName)>, BackendError>;

    /// Makes the place where the runner's own tables are to be, if there is none yet. Called in a
    /// transaction, under the lock, before they are created.
    async fn prepare_place(&mut self) -> Result<(), BackendError>;
}

/// Where a hook can go on in a session of its own, from a statement on that a resumed hook could not repeat.
#[async_trait]
pub(super) trait Apart: Send {
    /// Opens another session for what a resumed hook could not repeat: the hook's own, in which nothing is the
    /// runner's, and in which LAST_INSERT_ID() is `last_insert_id`.
    async fn open_apart(
        &mut self,
        hook: HookSettings,
        marker: &str,
        last_insert_id: u64,
    ) -> Result<SharedConnection, BackendError>;

    /// Says something to the server, which would end a session that was silent for long.
    async fn stay_awake(&mut self) -> Result<(), BackendError>;

    /// What LAST_INSERT_ID() is in this session; 0 where it is nothing.
    async fn last_insert_id(&mut self) -> Result<u64, BackendError>;

    /// Whether a transaction is open that nobody ended, in a session of [`Self::open_apart`]. It is rolled back.
    async fn is_left_open(&mut self) -> Result<bool, BackendError>;
}

/// Where a plugin can log in as a user of its own, which has only what was granted to it.
///
/// ```text
///   operator:  issue(ticket) ─────────────── conclude(ticket) ──────────── redeem(ticket)
///   plugin:          start: claim(ticket) ─ hook ─ finish: finish(ticket, nonce) ─ COMMIT
/// ```
#[async_trait]
pub(super) trait Confining: Send {
    /// What stands in the way of confining a plugin, and the statements that a database administrator runs once; `None`
    /// if nothing does. Changes nothing.
    async fn obstacle(&mut self) -> Result<Option<Obstacle>, BackendError>;

    /// Makes the plugin's user if there is none, lets it in for this run, and logs in as it.
    async fn open_confined(
        &mut self,
        plugin: &PluginName,
    ) -> Result<SharedConnection, BackendError>;

    /// Shuts the plugin's user out again and ends its sessions.
    async fn shut_confined(&mut self, plugin: &PluginName) -> Result<(), BackendError>;

    /// Writes and commits a ticket: `begins` runs when the plugin's session claims it. Returns the claim.
    async fn issue(
        &mut self,
        plugin: &PluginName,
        ticket: &Ticket,
        begins: Own,
    ) -> Result<Own, BackendError>;

    /// Writes and commits what is recorded when the plugin's session finishes with the ticket. Returns the finish.
    async fn conclude(&mut self, ticket: &Ticket, record: Vec<Own>) -> Result<Own, BackendError>;

    /// Reads back that the ticket was finished and committed, and deletes it. [`BackendError::TransactionEnded`] if it was not.
    async fn redeem(&mut self, ticket: &Ticket) -> Result<(), BackendError>;
}

/// Where the server does not end idle transactions by itself: sessions that another runner can end.
#[async_trait]
pub(super) trait Sessions: Send {
    /// Names this connection's session on the server, for whoever takes its lease over.
    fn session_name(&self) -> String;

    /// Ends the session that another connection named so, and waits until its transaction is over.
    /// Nothing where the name is of another server, or of no session any more.
    async fn end_session_named(&mut self, name: &str) -> Result<(), BackendError>;

    /// Tells which lease this connection works under: where it has to take another session, it signs
    /// the lease with that one's name.
    fn set_lease(&mut self, fence: Option<i64>);
}

/// Makes connections to one database, the first as well as later ones.
#[async_trait]
pub(super) trait Connector: Send + Sync {
    /// `None` where there is no database; with `create`, one is made.
    async fn connect(&self, create: bool) -> Result<Option<SharedConnection>, BackendError>;
}

/// Puts a database's spelling into one of the runner's own statements: `prefix` before each own
/// table (`@state` becomes `main.alteration_state`).
pub(super) fn own_sql(sql: &str, prefix: &str) -> String {
    sql.replace('@', &format!("{prefix}alteration_"))
}

#[cfg(test)]
mod tests {
    use super::own_sql;

    #[test]
    fn own_statements_are_spelled() {
        let sql = "UPDATE @ledger SET a = ? WHERE b = ?";
        assert_eq!(own_sql(sql, "main."), "UPDATE main.alteration_ledger SET a = ? WHERE b = ?");
    }
}
