//! What one kind of database has to offer: one working connection with two sides.
//!
//! The *plugin's* side is [`Session`]. The *operator's* side is split by what it is for: [`Transactions`], [`Locking`],
//! [`Journaling`], [`Scratch`], and what only some kinds have, each a trait of its own that a [`Connection`] gives out
//! where it can: [`Places`], [`Rights`], [`Rehearses`], [`RunsOutside`], [`RepeatsSettings`], [`Apart`],
//! [`Sessions`], [`Maps`], [`Groups`], [`Confining`]. The rules of
//! claims, records and journals are written once, above it, for every database.

pub use super::{
    confines::Confining,
    transaction::{HookMode, HookSettings},
};
pub use alteration_domain::record::Cell;

use super::{
    BackendError, Company, LockHolder, Powers, StrangeLedger,
    beside::Beside,
    granted::Granted,
    scratch::Scratch,
    transaction::{Durability, End, Own, Rows, Start, TxError},
};
use crate::{
    alteration::{AlterationKey, PluginName},
    session::{Outcome, Session, SqlError},
};
use alteration_domain::record::Object;
use async_trait::async_trait;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// A connection that the operator's side and a hook's session hold together.
pub type SharedConnection = Arc<tokio::sync::Mutex<dyn Connection>>;

/// The column types of the runner's own tables, as this database writes them.
#[derive(Debug, Clone, Copy)]
pub struct OwnTypes {
    /// Text that may be part of a primary key, compared byte for byte: 255 characters.
    pub key: &'static str,
    pub text: &'static str,
    /// Up to 16 MiB.
    pub bytes: &'static str,
    /// 64 bits.
    pub integer: &'static str,
    /// Takes the numbering of rows from the column `sequence` of a table that an older version made; empty
    /// where the database never had one.
    pub unnumber: &'static str,
}

/// Where the transactions of a journaled hook end, between statements that commit by themselves or run outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segments {
    /// With the hook: what the database checks only then is checked once.
    Whole,
    /// With each unit of a script, too.
    Units,
    /// With each statement that is in no unit, too: so do the database's own clients.
    Statements,
}

/// How hooks are journaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journals {
    pub segments: Segments,
    /// Statements can commit by themselves, so that `up` and `down` are journaled too. One that is not plain may.
    pub commits_by_itself: bool,
}

/// What one try at the lock gave.
#[derive(Debug)]
pub enum LockTry {
    Held,
    HeldBy(LockHolder),
}

/// What the catalogue says about a statement whose end nobody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Done,
    /// Nothing of it is left; it can run again.
    NotDone,
    /// Only a person can tell.
    Unknown,
}

/// Transactions of the runner's, with a hook in them or without.
#[async_trait]
pub trait Transactions: Send {
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

    /// Rolls back whatever is open, if anything is. First ends a statement that still runs.
    async fn rollback(&mut self) -> Result<(), BackendError>;
}

/// The runner's lock.
#[async_trait]
pub trait Locking: Send {
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
pub trait Journaling: Send {
    fn journals(&self) -> Journals;

    /// Whether the transaction that [`Transactions::start`] began is still open.
    async fn is_in_transaction(&mut self) -> Result<bool, BackendError>;

    /// Returns the tables and views that are there, where statements commit by themselves. Outside of a transaction, or in one.
    async fn objects(&mut self) -> Result<Vec<Object>, BackendError> {
        Ok(Vec::new())
    }

    /// Returns the name of a table as the catalogue has it.
    fn catalogued(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Ends statements that carry `marker` and still run, and waits until they are gone.
    async fn end_orphans(&mut self, _marker: &str) -> Result<(), BackendError> {
        Ok(())
    }

    /// What the catalogue says of everything that `sql` names, to be compared later. The text may
    /// be large; callers store it as it is.
    async fn fingerprint(&mut self, sql: &str) -> Result<String, BackendError>;

    /// Whether `sql`, which was begun when the catalogue was as in `before`, took effect. Mends
    /// what a half-done one left behind, such as an invalid index. Outside of any transaction.
    async fn verify(&mut self, sql: &str, before: &str) -> Result<Verdict, BackendError>;
}

/// One connection to one database.
///
/// Own statements ([`Own`]) are spelled by the implementation (see [`own_sql`]).
#[async_trait]
pub trait Connection: Session + Transactions + Locking + Journaling + Scratch {
    /// Where the runner's own tables are, if a database has several schemas.
    fn places(&mut self) -> Option<&mut dyn Places> {
        None
    }

    /// What the user of the connection may do, if the database knows users.
    fn rights(&mut self) -> Option<&mut dyn Rights> {
        None
    }

    /// Rehearsals, if the database can take back all that is altered.
    fn rehearses(&mut self) -> Option<&mut dyn Rehearses> {
        None
    }

    /// Statements that cannot run in a transaction, if there are some.
    fn runs_outside(&mut self) -> Option<&mut dyn RunsOutside> {
        None
    }

    /// Settings of a resumed hook, if its calls that are replayed may have made some.
    fn repeats_settings(&mut self) -> Option<&mut dyn RepeatsSettings> {
        None
    }

    /// Sessions of hooks' own, if the database needs them.
    fn apart(&mut self) -> Option<&mut dyn Apart> {
        None
    }

    /// A way to look at this connection's session while it is busy, if the server shows who waits for it.
    fn beside(&self) -> Option<Box<dyn Beside>> {
        None
    }

    /// Users of plugins' own, where the database can confine a plugin to one.
    fn confining(&mut self) -> Option<&mut dyn Confining> {
        None
    }

    /// Names of sessions and statements, if the server does not end what is left of them.
    fn sessions(&mut self) -> Option<&mut dyn Sessions> {
        None
    }

    /// The map of owners, where the catalogue tells what a hook made.
    fn maps(&mut self) -> Option<&mut dyn Maps> {
        None
    }

    /// Transactions that are committed together, where a commit costs much and what is in it little.
    fn groups(&mut self) -> Option<&mut dyn Groups> {
        None
    }

    fn own_types(&self) -> OwnTypes;

    /// Which of the runner's own tables are there, in lower case.
    async fn own_tables(&mut self) -> Result<BTreeSet<String>, BackendError>;

    /// A query for how many tables there are, the runner's own and the database's left out.
    fn tables_sql(&self) -> &'static str;

    /// The server's clock as an SQL expression: Unix time in milliseconds.
    fn clock_ms(&self) -> &'static str;

    /// A statement that writes where no other session's lock is in the way, so that its commit has all before it on the
    /// disk; `None` where every commit has.
    fn flush_sql(&self) -> Option<&'static str>;

    /// The database whose name a hook's statements may spell out, where a server has others beside it.
    fn database_name(&self) -> Option<&str>;

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
pub trait Places: Send {
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

/// Where a database knows users: what the one of this connection may do. Asked outside of a transaction.
#[async_trait]
pub trait Rights: Send {
    /// What this user may do beyond the database.
    async fn powers(&mut self) -> Result<Powers, BackendError>;

    /// Returns who else works in this database as this user now, runners and people's own clients left out; `None` where
    /// nobody does, or where the database does not tell.
    async fn company(&mut self) -> Result<Option<Company>, BackendError> {
        Ok(None)
    }

    /// Statements that would let this user read the runner's tables: none where it may, or where there are no tables.
    async fn grants_to_read(&mut self) -> Result<Vec<String>, BackendError>;
}

/// Where some statements cannot run in a transaction, and others can be tried.
#[async_trait]
pub trait RunsOutside: Send {
    /// Whether `sql` may turn out to need to run outside of the transaction; true is always safe.
    fn may_need_outside(&self, sql: &str) -> bool;

    /// Marks a point in the transaction to come back to when the next statement turns out to need to run outside of it.
    async fn mark(&mut self) -> Result<(), BackendError>;

    /// Comes back to the mark.
    async fn back_to_mark(&mut self) -> Result<(), BackendError>;

    /// Whether `error` says that the statement cannot run inside a transaction.
    fn needs_outside(&self, error: &SqlError) -> bool;

    /// Runs one statement of a guest outside of any transaction. `marker` goes with it to the
    /// server, so that [`Journaling::end_orphans`] finds it.
    async fn execute_outside(&mut self, sql: &str, marker: &str) -> Result<Outcome, SqlError>;

    /// Runs, in the transaction of a rehearsal, what has the same effect there as outside of one. False if `sql` has not.
    async fn rehearse_outside(&mut self, sql: &str) -> Result<bool, BackendError>;
}

/// Where all that is altered can be taken back.
#[async_trait]
pub trait Rehearses: Send {
    /// From here on transactions are savepoints of one transaction that
    /// [`Self::end_rehearsal`] rolls back.
    async fn begin_rehearsal(&mut self) -> Result<(), BackendError>;

    async fn end_rehearsal(&mut self) -> Result<(), BackendError>;
}

/// Where settings that a hook makes are no part of its transaction.
pub trait RepeatsSettings: Send {
    /// A statement of a hook that is run again returned what it returned then, and was not run. What it set in
    /// that session is to be set in this one.
    fn replayed(&mut self, sql: &str);
}

/// Where a hook can go on in a session of its own, from a statement on that a resumed hook could not repeat.
#[async_trait]
pub trait Apart: Send {
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

/// Where the catalogue tells what a hook made: `alteration_object` is kept by the driver, in every transaction of a hook that
/// commits, so that what is committed and what the map says of it never differ.
pub trait Maps: Send {
    /// Tells whose the objects are that the next hook makes.
    fn set_maker(&mut self, maker: &AlterationKey);

    /// What the server runs with the record of a hook to keep the map by itself; nothing where the driver compares. A
    /// confined plugin's objects are those of its own user.
    fn statements(&self, _maker: &AlterationKey, _is_confined: bool) -> Vec<Own> {
        Vec::new()
    }

    /// Bounds the next hook to what its plugin made, and to what it was granted of others'; `None` leaves it unbounded. Only
    /// where the driver itself stands for it, as on SQLite.
    fn bound(&mut self, _granted: Option<Granted>) {}
}

/// Where transactions can be committed together: those that finished as [`Durability::Grouped`]. Whatever else is begun than
/// another transaction with a hook commits them first.
#[async_trait]
pub trait Groups: Send {
    /// Whether some are finished and not committed.
    fn is_group_open(&self) -> bool;

    /// Commits them, if there are any. After an error none is kept.
    async fn commit_group(&mut self) -> Result<(), BackendError>;

    /// Returns, once, whether the database rolled them back.
    fn take_lost_group(&mut self) -> bool;
}

/// Where the server ends neither idle transactions nor statements of a runner that is gone: sessions and statements that
/// another runner can end.
#[async_trait]
pub trait Sessions: Send {
    /// Names this connection's session on the server, for whoever takes its lease over.
    fn session_name(&self) -> String;

    /// Ends the session that another connection named so, and waits until its transaction is over.
    /// Nothing where the name is of another server, or of no session any more.
    async fn end_session_named(&mut self, name: &str) -> Result<(), BackendError>;

    /// Sets the lease that this connection works under. If it has to take another session, it signs the lease with
    /// the name of that session.
    fn set_lease(&mut self, lease: Option<SignedLease>);

    /// Tells the session which `marker` goes to the server with each statement of a hook.
    fn set_marker(&mut self, marker: Option<&str>);
}

/// A lease, and how its holder signs it.
#[derive(Debug, Clone, Copy)]
pub struct SignedLease {
    pub fence: i64,
    /// Returns the statement that signs the lease of this fence with the name of a session.
    pub sign: fn(session: String, fence: i64) -> Own,
}

/// Makes connections to one database, the first as well as later ones.
#[async_trait]
pub trait Connector: Send + Sync {
    /// `None` where there is no database; with `create`, one is made.
    async fn connect(&self, create: bool) -> Result<Option<SharedConnection>, BackendError>;
}

/// Puts a database's spelling into one of the runner's own statements: `prefix` before each own
/// table (`@state` becomes `main.alteration_state`).
pub fn own_sql(sql: &str, prefix: &str) -> String {
    sql.replace('@', &format!("{prefix}alteration_"))
}

/// Returns a statement that makes one of the runner's own tables without its comments, with the types of one database.
pub fn spelled(statement: &str, types: OwnTypes) -> String {
    let OwnTypes { key, text, bytes, integer, .. } = types;
    let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
    let statement = lines.collect::<Vec<_>>().join("\n");
    statement
        .trim_start()
        .replace("{key}", key)
        .replace("{text}", text)
        .replace("{bytes}", bytes)
        .replace("{integer}", integer)
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
