//! Tickets: written and committed by the operator's session, claimed and finished by the plugin's.
//!
//! A ticket holds spelled statements, which only this side can write. The record of the end is in a table of its own,
//! because the claim holds the ticket's row until the plugin's transaction ends.

use super::super::{PostgresConnection, own::spell};
use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        confining::{Right, Ticket},
        connection::{Cell, Transactions as _},
        transaction::{Durability, Expects, Own},
    },
};
use sha2::{Digest as _, Sha256};

const GONE: &str = "its ticket was not finished";

impl PostgresConnection {
    /// Returns the claim of a ticket that is now committed.
    pub(super) async fn write_ticket(
        &mut self,
        plugin: &PluginName,
        ticket: &Ticket,
        begins: &Own,
        rights: &[Right],
    ) -> Result<Own, BackendError> {
        let begins = spell(&begins.sql, &self.config.prefix, &begins.params);
        let params = [
            Cell::text(ticket.number.clone()),
            Cell::Bytes(Some(Sha256::digest(ticket.nonce).to_vec())),
            Cell::text(begins),
            Cell::text(plugin.as_str()),
        ];
        let insert = Own::one_row(
            "INSERT INTO @ticket (number, secret, begins, role) \
             SELECT ?, ?, ?, role FROM @role WHERE plugin = ?",
            params,
        );
        let mut issued = vec![insert];
        issued.extend(Self::record_rights(ticket, rights));
        self.commit_soon(issued).await?;
        Ok(Own::one_row("SELECT @claim(?)", [Cell::text(ticket.number.clone())]))
    }

    /// Returns the finish of a ticket whose record is now committed.
    pub(super) async fn write_record(
        &mut self,
        ticket: &Ticket,
        record: &[Own],
    ) -> Result<Own, BackendError> {
        let endings = record.iter().zip(0_i64..).map(|(own, place)| {
            let is_one = matches!(own.expects, Expects::OneRow | Expects::NewRow);
            let params = [
                Cell::text(ticket.number.clone()),
                Cell::integer(place),
                Cell::text(spell(&own.sql, &self.config.prefix, &own.params)),
                Cell::integer(i64::from(is_one)),
            ];
            Own::new_row(
                "INSERT INTO @ending (number, place, statement, is_one) VALUES (?, ?, ?, ?)",
                params,
            )
        });
        let endings = endings.collect();
        self.commit_soon(endings).await?;
        let params = [Cell::text(ticket.number.clone()), Cell::Bytes(Some(ticket.nonce.to_vec()))];
        // It does nothing and says so where it needs a list (`dependents.rs`).
        let finish = "SELECT done FROM @finish(?, ?) AS done WHERE done OPERATOR(pg_catalog.=) 1";
        Ok(Own::one_row(finish, params).sealed())
    }

    /// Deletes the tickets that failed attempts and runners that were killed left. No plugin is let in now; a runner that
    /// has lost its lease may still hold its own.
    pub(super) async fn delete_tickets(&mut self) -> Result<(), BackendError> {
        let left = "DELETE FROM @ticket WHERE number IN (SELECT number FROM @ticket FOR UPDATE SKIP LOCKED)";
        let endings = "DELETE FROM @ending WHERE number NOT IN (SELECT number FROM @ticket)";
        let rights = "DELETE FROM @right WHERE number NOT IN (SELECT number FROM @ticket)";
        let dependents = "DELETE FROM @dependent WHERE number NOT IN (SELECT number FROM @ticket)";
        self.commit_soon([left, endings, rights, dependents].map(|sql| Own::run(sql, [])).to_vec())
            .await
    }

    /// Deletes a ticket that was finished.
    pub(super) async fn delete_ticket(&mut self, ticket: &Ticket) -> Result<(), BackendError> {
        let number = || [Cell::text(ticket.number.clone())];
        let redeemed = vec![
            Own::run("DELETE FROM @ending WHERE number = ?", number()),
            Own::run("DELETE FROM @right WHERE number = ?", number()),
            Own::run("DELETE FROM @dependent WHERE number = ?", number()),
            Own::one_row("DELETE FROM @ticket WHERE number = ? AND is_finished = 1", number()),
        ];
        match self.commit_soon(redeemed).await {
            Err(BackendError::Moved) => Err(BackendError::TransactionEnded(GONE.to_owned())),
            redeemed => redeemed,
        }
    }

    /// Commits what a crash of the server may take along: then it takes all that was committed after it too.
    pub(super) async fn commit_soon(&mut self, statements: Vec<Own>) -> Result<(), BackendError> {
        match self.apply(statements, Durability::Unflushed).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let _ = self.rollback().await;
                Err(error.into())
            }
        }
    }
}
