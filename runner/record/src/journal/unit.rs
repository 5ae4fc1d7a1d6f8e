//! Where a segment ends that no statement commits: behind a unit of a script, and where the database's own client
//! would commit, behind a statement.
//!
//! A script opens a unit with BEGIN and closes it with COMMIT, which never reach the server: the host's own
//! transaction holds what stands between. A crash undoes a unit, and its statements run again.

use super::{
    Journal,
    call::{self, Stop},
};
use crate::{
    BackendError,
    connection::{Connection, Segments},
    session::{ErrorKind, FailedInScript, OnStatement, Script, ScriptRun, SqlError},
    sql::{Statement, UNCLOSED, UnitWord, Units, statement_length, unrepeatable},
    transaction::{Checks, Durability, End},
};
use std::sync::Arc;

/// SQLSTATE of a label of a type that is not committed yet.
const UNSAFE_LABEL: &str = "55P04";

impl Journal {
    /// Runs the statements of a script one by one, each unit as one transaction.
    pub(super) async fn script(
        &mut self,
        script: &Script,
        done: &mut OnStatement<'_>,
    ) -> Result<(), FailedInScript> {
        let mut run = ScriptRun::default();
        let (mut units, mut opened) = (Units::default(), run);
        let found = unrepeatable(script.text(0), self.reading);
        self.apart_from = found.map(|found| (found.start, found.reason));
        loop {
            let rest = script.text(run.start);
            let word = match self.is_apart_at(run.start) {
                // There the words are the server's.
                true => None,
                false => self.word(rest, &mut units).map_err(|error| run.failed(script, error))?,
            };
            match word {
                Some((word, length)) => {
                    if let UnitWord::Opens(_) = word {
                        opened = run;
                    }
                    let turned = self.turn(word).await;
                    turned.map_err(|error| run.failed(script, error))?;
                    run.pass(length);
                }
                None if !run.next(self, script, done).await? => break,
                None => {}
            }
        }
        match units.is_open() {
            false => Ok(()),
            true => Err(opened.failed(script, SqlError::new(ErrorKind::Denied, UNCLOSED))),
        }
    }

    /// The word about transactions that `rest` begins with, and how long its statement is.
    fn word(&self, rest: &str, units: &mut Units) -> Result<Option<(UnitWord, usize)>, SqlError> {
        // Whatever cannot be read is told by whoever runs it.
        let Ok(Some(length)) = statement_length(rest, self.reading) else { return Ok(None) };
        let Ok(statement) = Statement::one(&rest[..length], self.reading) else { return Ok(None) };
        let word = units.take(&statement);
        let word = word.map_err(|reason| SqlError::new(ErrorKind::Denied, reason))?;
        Ok(word.map(|word| (word, length)))
    }

    /// Begins or ends a unit.
    async fn turn(&mut self, word: UnitWord) -> Result<(), SqlError> {
        let shared = Arc::clone(&self.connection);
        let connection = &mut *shared.lock().await;
        match word {
            UnitWord::Opens(isolation) => {
                self.end_segment(connection).await?;
                self.in_unit = true;
                self.isolation = isolation.or(self.isolation);
            }
            UnitWord::Closes => {
                self.in_unit = false;
                self.end_segment(connection).await?;
                self.isolation = None;
            }
            // Outside of a unit MySQL keeps it for the next one; PostgreSQL passes over it.
            UnitWord::Isolates(level)
                if self.in_unit || connection.journals().segments == Segments::Units =>
            {
                self.isolation = Some(level);
            }
            UnitWord::Isolates(_) => {}
        }
        Ok(())
    }

    /// A statement is done that no unit holds together with others.
    pub(super) async fn end_statement(
        &mut self,
        connection: &mut dyn Connection,
    ) -> Result<(), SqlError> {
        match connection.journals().segments {
            Segments::Statements if !self.in_unit => self.end_segment(connection).await,
            Segments::Statements | Segments::Units | Segments::Whole => Ok(()),
        }
    }

    /// Commits the segment with its results. Where more was read than a journal holds, it goes on instead, as it
    /// does while handles are open, and in a rehearsal.
    async fn end_segment(&mut self, connection: &mut dyn Connection) -> Result<(), SqlError> {
        let goes_on = self.rehearsing || self.open_handles > 0 || self.is_full();
        if !self.in_segment || goes_on || connection.journals().segments == Segments::Whole {
            return Ok(());
        }
        let own = self.write_kept();
        // What comes after it is on the disk only together with this, and the hook's end waits for that.
        let durability = Durability::Unflushed;
        let ended = connection.finish(End { checks: Checks::Segment, own, durability }).await;
        match ended.map_err(BackendError::from) {
            Ok(_) => {
                self.segment_committed();
                Ok(())
            }
            // What the statements deferred to their commit.
            Err(BackendError::Refused(error)) => Err(error),
            Err(error) => Err(self.own(error)),
        }
    }

    /// The error of a statement, where what it misses is a commit.
    pub(super) fn in_transaction(
        &mut self,
        connection: &mut dyn Connection,
        sql: &str,
        error: SqlError,
    ) -> SqlError {
        if self.rehearsing && error.sqlstate.as_deref() == Some(UNSAFE_LABEL) {
            return self.stop(Stop::NotRehearsable { statement: call::shown(sql) });
        }
        let needs_outside =
            connection.runs_outside().is_some_and(|outside| outside.needs_outside(&error));
        if self.in_unit && needs_outside {
            let message = format!(
                "{}; it stands between BEGIN and COMMIT: move it before that, or behind it",
                error.message
            );
            return SqlError { message, ..error };
        }
        error
    }
}
