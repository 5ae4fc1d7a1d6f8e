//! A rehearsal: a connection whose transactions are savepoints of one that is rolled back in the end.
//!
//! ```text
//!   begin ─┬─ savepoint ─ … ─ kept or taken back ─┬─ roll back
//!          └──────────────<───────────────────────┘
//! ```
//!
//! The transaction that holds the others says that it is one of a rehearsal; whatever begins and ends while it is open
//! comes here.

use super::{
    PostgresConnection, error,
    own::{Follows, Outgoing},
    settings,
    state::{Purpose, Side},
};
use crate::backend::{
    BackendError,
    connection::{Rehearses, Transactions},
    transaction::{Durability, End, Own, Rows, Start, TxError},
};
use async_trait::async_trait;

const SAVEPOINT: &str = "runner_rehearsal";

/// A connection that keeps nothing.
pub(super) struct Rehearsal<'a>(&'a mut PostgresConnection);

impl PostgresConnection {
    /// The rehearsal that is at work, if one is.
    pub(super) fn rehearsal(&mut self) -> Option<Rehearsal<'_>> {
        match self.state.transaction()?.purpose {
            Purpose::Rehearsal { .. } => Some(Rehearsal(self)),
            Purpose::Whole => None,
        }
    }
}

#[async_trait]
impl Transactions for Rehearsal<'_> {
    async fn start(&mut self, start: Start) -> Result<Vec<Rows>, TxError> {
        let Self(connection) = self;
        connection.link.settle().await.map_err(TxError::Start)?;
        let mut out = Outgoing::of(&start.own);
        connection.add_savepoint(&mut out);
        connection.send_start(out, start).await
    }

    async fn look(&mut self) -> Result<(), BackendError> {
        self.start(Start::default()).await?;
        Ok(())
    }

    async fn read(&mut self, queries: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        let rows = self.start(Start::own(queries)).await?;
        self.rollback().await.map_err(TxError::Start)?;
        Ok(rows)
    }

    async fn own(&mut self, statements: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        self.0.own(statements).await
    }

    /// Keeps what was done since the savepoint, if a commit would.
    async fn finish(&mut self, end: End) -> Result<Durability, TxError> {
        let Self(connection) = self;
        connection.link.settle().await.map_err(TxError::Checks)?;
        if !connection.state.is_saved() {
            let none = BackendError::TransactionEnded("there was none to commit".to_owned());
            return Err(TxError::Commit(none));
        }
        let mut out = Outgoing { is_end: true, ..Outgoing::of(&end.own) };
        connection.add_checks(&mut out, end.checks).await.map_err(TxError::Checks)?;
        connection.add_own(&mut out, &end.own, Follows::Nothing).await?;
        connection.post(&mut out).await?;
        connection.release_savepoint().await.map_err(TxError::of_commit)?;
        Ok(Durability::Flushed)
    }

    async fn apply(
        &mut self,
        statements: Vec<Own>,
        durability: Durability,
    ) -> Result<Durability, TxError> {
        self.start(Start::own(statements)).await?;
        self.finish(End { durability, ..End::default() }).await
    }

    /// Takes back what was done since the savepoint, if one is set.
    async fn rollback(&mut self) -> Result<(), BackendError> {
        let Self(connection) = self;
        connection.link.settle().await?;
        connection.forget_hook();
        let is_saved = connection.state.is_saved();
        // What was marked since, and what a hook set, goes with it.
        connection.state.taken_back();
        if is_saved {
            let back = format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}; RELEASE SAVEPOINT {SAVEPOINT}");
            connection.own_run(&back).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Rehearses for PostgresConnection {
    async fn begin_rehearsal(&mut self) -> Result<(), BackendError> {
        self.start(Start::default()).await?;
        self.state.set_purpose(Purpose::Rehearsal { is_saved: false });
        Ok(())
    }

    async fn end_rehearsal(&mut self) -> Result<(), BackendError> {
        self.state.set_purpose(Purpose::Whole);
        // Tables that it made are gone with it.
        self.state.forget_tables();
        self.rollback().await
    }
}

impl PostgresConnection {
    /// Adds the savepoint that stands for a transaction, in the journaled hook at work or outside of any.
    fn add_savepoint(&mut self, out: &mut Outgoing) {
        let message = &mut out.message;
        self.state.turn(Side::Own);
        if self.state.hook().is_none() {
            message.extend(settings::own());
        } else {
            if self.state.acts() {
                message.extend(settings::OPERATOR);
            }
            message.extend(settings::own_within_hook());
        }
        message.extend(settings::bounds(self.config.lock_wait, self.idle));
        out.marks.savepoint = Some(message.push(format!("SAVEPOINT {SAVEPOINT}")));
    }

    /// What a commit would check is checked now. Afterwards constraints are deferred again as they
    /// were declared: the next transaction of a real run would find them so.
    async fn release_savepoint(&mut self) -> Result<(), BackendError> {
        self.state.set_purpose(Purpose::Rehearsal { is_saved: false });
        // A mark that was set since goes with it.
        if let Some(transaction) = self.state.transaction_mut() {
            transaction.marked = None;
        }
        let sql = format!("SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT {SAVEPOINT}");
        let released = self.link.own_run(&sql).await;
        released.map_err(|error| error::refused(error, self.link.url()))?;
        let names = self
            .own_texts(
                "SELECT DISTINCT pg_catalog.quote_ident(n.nspname) || '.' \
                    || pg_catalog.quote_ident(c.conname) \
                 FROM pg_catalog.pg_constraint c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace WHERE c.condeferred",
            )
            .await?;
        let names: Vec<String> = names.into_iter().flatten().flatten().collect();
        if !names.is_empty() {
            self.own_run(&format!("SET CONSTRAINTS {} DEFERRED", names.join(", "))).await?;
        }
        Ok(())
    }
}
