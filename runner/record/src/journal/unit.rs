//! Ends segments that no statement commits: behind each unit of a script, and on PostgreSQL also behind each statement
//! outside of a unit, because the database's own client would commit there.
//!
//! A script opens a unit with BEGIN and closes it with COMMIT. Neither reaches the server: the runner's own transaction
//! holds the statements between them. A crash undoes a unit, and its statements run again.

use super::{
    Journal,
    call::{self, Stop},
    own::HookSessions,
};
use crate::{
    BackendError,
    connection::{Connection, Segments},
    session::{ErrorKind, FailedInScript, OnStatement, Script, ScriptRun, SqlError},
    sql::{Statement, UNCLOSED, UnitWord, Units, statement_length, unrepeatable},
    transaction::Durability,
};

/// SQLSTATE for the use of an enum label in the transaction that added it.
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
                // In the hook's own session the server reads these words.
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

    /// Returns the word about transactions that `rest` begins with, and the length of its statement.
    fn word(&self, rest: &str, units: &mut Units) -> Result<Option<(UnitWord, usize)>, SqlError> {
        // What cannot be read here fails with the server's error when it runs.
        let Ok(Some(length)) = statement_length(rest, self.reading) else { return Ok(None) };
        let Ok(statement) = Statement::one(&rest[..length], self.reading) else { return Ok(None) };
        let word = units.take(&statement);
        let word = word.map_err(|reason| SqlError::new(ErrorKind::Denied, reason))?;
        Ok(word.map(|word| (word, length)))
    }

    /// Begins or ends a unit.
    async fn turn(&mut self, word: UnitWord) -> Result<(), SqlError> {
        let sessions = &mut self.sessions().await;
        match word {
            UnitWord::Opens(isolation) => {
                self.end_segment(sessions).await?;
                self.in_unit = true;
                self.isolation = isolation.or(self.isolation);
            }
            UnitWord::Closes => {
                self.in_unit = false;
                self.end_segment(sessions).await?;
                self.isolation = None;
            }
            // Outside of a unit MySQL keeps it for the next one; PostgreSQL passes over it.
            UnitWord::Isolates(level)
                if self.in_unit || sessions.hook().journals().segments == Segments::Units =>
            {
                self.isolation = Some(level);
            }
            UnitWord::Isolates(_) => {}
        }
        Ok(())
    }

    /// Ends the segment behind a statement, if the database commits each statement outside of a unit.
    pub(super) async fn end_statement(
        &mut self,
        sessions: &mut HookSessions,
    ) -> Result<(), SqlError> {
        match sessions.hook().journals().segments {
            Segments::Statements if !self.in_unit => self.end_segment(sessions).await,
            Segments::Statements | Segments::Units | Segments::Whole => Ok(()),
        }
    }

    /// Commits the segment with its results. The segment stays open instead if more was read than a journal holds, while
    /// handles are open, and in a rehearsal.
    async fn end_segment(&mut self, sessions: &mut HookSessions) -> Result<(), SqlError> {
        let goes_on = self.rehearsing || self.open_handles > 0 || self.is_full();
        if !self.in_segment || goes_on || sessions.hook().journals().segments == Segments::Whole {
            return Ok(());
        }
        let own = self.write_kept();
        // What comes after it is on the disk only together with this, and the hook's end waits for that.
        match self.commit_segment(sessions, own, Durability::Unflushed).await {
            Ok(()) => {
                self.segment_committed();
                Ok(())
            }
            // A check that was deferred to the commit.
            Err(BackendError::Refused(error)) => Err(error),
            Err(error) => Err(self.own(error)),
        }
    }

    /// Explains the error of a statement that would need a commit before it, or no transaction around it.
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
