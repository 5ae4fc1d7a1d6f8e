//! A stretch that cannot be resumed: from the first statement that a resumed hook could not repeat, the hook continues in
//! a session of its own.
//!
//! ```text
//!   operator's session    row n begins, commit           row n ended, commit
//!   hook's session                        statement n, as the client would send it
//! ```
//!
//! The operator's session writes the journal: a row written in the hook's own session would conflict with its locks, or
//! be committed and counted by its statements. A hook that has rows of a stretch is never resumed, because the state of its
//! session (tables, variables, locks) is gone. The rows show what took effect; if the outcome of one is missing, the operator
//! decides. A statement that changes only its session has no row, so that a stretch of nothing else starts again.

use super::{
    Journal,
    call::{self, Call, CallResult, Stop, encode},
    session::point,
    statement::{is_list, run},
};
use crate::{
    BackendError,
    connection::{Connection, SharedConnection},
    session::{ErrorKind, Outcome, ResultLimit, SqlError, Value},
    sql::{self, Reading, Statement},
    tables::journal::{self, JournalRow},
    transaction::End,
};
use alteration_domain::record::{Effect, Mark, Trace, cut_off};
use std::{pin::pin, sync::Arc, time::Duration};

const STATEMENT_BYTES_MAX: usize = 64 << 10;
/// How often the operator's session sends something. Far below the time after which a server ends an idle session.
const AWAKE_EVERY: Duration = Duration::from_secs(60);

/// The session of a stretch.
pub(super) struct Stretch {
    pub(super) connection: SharedConnection,
    /// The name of the session on the server, by which this runner or a later one ends it.
    name: String,
    transaction: Transaction,
}

/// The transaction of the hook, as far as its statements show it.
#[derive(Debug, Clone, Copy, Default)]
struct Transaction {
    is_open: bool,
    is_autocommit_off: bool,
    /// Set if a statement that ran others may have ended it.
    is_unsure: bool,
}

impl JournalRow {
    fn mark(&self) -> Option<Mark> {
        Mark::of_fingerprint(self.fingerprint.as_deref()?)
    }

    /// Returns whether the row belongs to a stretch that cannot be resumed.
    pub(crate) fn is_apart(&self) -> bool {
        self.fingerprint.as_deref().is_some_and(Mark::is_on)
    }

    fn trace(&self) -> Trace {
        let Self { is_done, statement, fingerprint, .. } = self.clone();
        Trace { is_done, statement, fingerprint }
    }
}

/// Splits `rows` into those that surely took effect and those at the end whose transaction was never ended. These were
/// rolled back with their session, unless one of their tables has no rollback or a statement ended the transaction unseen.
pub(crate) fn parted(rows: &[JournalRow]) -> (&[JournalRow], &[JournalRow]) {
    let is_held = |row: &&JournalRow| row.mark().is_some_and(|mark| mark.effect == Effect::Held);
    let held = rows.iter().rev().take_while(is_held).count();
    rows.split_at(rows.len() - held)
}

/// Returns the statements of `rows` that surely took effect, as messages show them.
pub(crate) fn effects(rows: &[JournalRow]) -> Vec<String> {
    let (sure, _) = parted(rows);
    sure.iter().filter(|row| row.is_done).flat_map(JournalRow::changes).collect()
}

impl Transaction {
    /// Returns the effect of `statement`, whether it ends a transaction, and the transaction behind it.
    fn after(self, statement: &Statement<'_>) -> (Effect, bool, Self) {
        let verb = statement.verb();
        let has = |word: &str| statement.words().any(|found| found == word);
        let closed = Self { is_open: false, is_unsure: false, ..self };
        let chained = Self { is_open: has("CHAIN") && !has("NO"), ..closed };
        let stays = if self.is_held() { Effect::Held } else { Effect::Kept };
        match verb.as_str() {
            "COMMIT" => (Effect::Kept, true, chained),
            "ROLLBACK" if !has("TO") => (Effect::Dropped, true, chained),
            "START" => (Effect::Kept, true, Self { is_open: true, ..closed }),
            // They commit, or run a statement that may.
            "SET"
                if statement.starts_with(&["SET", "PASSWORD"])
                    || statement.starts_with(&["SET", "STATEMENT"]) =>
            {
                (Effect::Kept, true, closed)
            }
            "SET" if has("AUTOCOMMIT") => {
                let is_off = statement.tokens().last().is_some_and(|last| {
                    let value = last.text(statement.written());
                    value == "0"
                        || ["off", "false"].iter().any(|off| value.eq_ignore_ascii_case(off))
                });
                (Effect::Kept, true, Self { is_autocommit_off: is_off, ..closed })
            }
            "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "SET" | "PREPARE" | "DEALLOCATE" | "USE"
            | "HANDLER" => (stays, false, self),
            "CREATE" | "DROP" if is_of_session(statement) => (stays, false, self),
            // They may have ended the transaction, and what comes after them may be held or not.
            _ if may_commit_a_part(statement) => {
                let is_unsure = self.is_open || self.is_autocommit_off;
                (Effect::Kept, true, Self { is_unsure, ..self })
            }
            "BEGIN" => (Effect::Kept, true, Self { is_open: true, ..closed }),
            _ if !statement.is_plain() => (Effect::Kept, true, closed),
            _ => (stays, false, self),
        }
    }

    /// Returns whether a change made now is undone unless a later statement commits it.
    fn is_held(self) -> bool {
        (self.is_open || self.is_autocommit_off) && !self.is_unsure
    }
}

/// Returns whether a CREATE or DROP concerns an object of its session only. Such a statement commits nothing.
fn is_of_session(statement: &Statement<'_>) -> bool {
    let beginnings: [&[&str]; 4] = [
        &["CREATE", "TEMPORARY"],
        &["CREATE", "OR", "REPLACE", "TEMPORARY"],
        &["DROP", "TEMPORARY"],
        &["DROP", "PREPARE"],
    ];
    beginnings.iter().any(|words| statement.starts_with(words))
}

/// Runs `work` in the hook's session, and meanwhile keeps the server from ending the operator's session as idle.
async fn awake<T>(connection: &mut dyn Connection, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(AWAKE_EVERY) => {
                // If the session is lost, its next statement reports it.
                if let Some(connection) = connection.apart() {
                    let _ = connection.stay_awake().await;
                }
            }
        }
    }
}

/// Returns as much of a statement as its row holds. The operator reads it; the whole text could make the message that
/// writes the row too large.
fn beginning(sql: &str) -> &str {
    let end = (0..=STATEMENT_BYTES_MAX.min(sql.len())).rev().find(|at| sql.is_char_boundary(*at));
    &sql[..end.unwrap_or_default()]
}

/// Returns whether a statement runs other statements, which may have committed before it failed.
fn may_commit_a_part(statement: &Statement<'_>) -> bool {
    let runs = ["CALL", "EXECUTE", "IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"];
    let verb = statement.verb();
    runs.contains(&verb.as_str()) || statement.starts_with(&["BEGIN", "NOT", "ATOMIC"])
}

impl Journal {
    /// Returns the session in which the hook currently makes its calls.
    pub(super) fn working(&self) -> SharedConnection {
        let own = self.stretch.as_ref().map(|stretch| &stretch.connection);
        let own = own.or(self.own_session.as_ref().map(|own| &own.connection));
        Arc::clone(own.unwrap_or(&self.connection))
    }

    /// Returns whether the statement at byte `start` of the current script runs in a session of the hook's own.
    pub(super) fn is_apart_at(&self, start: usize) -> bool {
        self.stretch.is_some() || self.apart_from.as_ref().is_some_and(|(from, _)| start >= *from)
    }

    /// Returns the reason why a statement has to run in a session of the hook's own, if there is one.
    pub(super) fn reason_apart(&self, sql: &str) -> Option<String> {
        if self.stretch.is_some() {
            return Some(String::new());
        }
        let statement = Statement::one(sql, self.reading).ok()?;
        let reason = sql::resumability(&statement);
        match (&self.apart_because, reason) {
            (Some(because), _) => Some(because.clone()),
            (None, reason) => reason,
        }
    }

    /// Ends the segment, and opens the session in which the hook continues.
    pub(super) async fn go_apart(
        &mut self,
        connection: &mut dyn Connection,
        sql: &str,
        reason: String,
    ) -> Result<(), SqlError> {
        if self.stretch.is_some() {
            return Ok(());
        }
        if self.apart_because.is_none()
            && let Ok(statement) = Statement::one(sql, self.reading)
            && sql::is_about_the_one_before(&statement)
        {
            return Err(SqlError::new(
                ErrorKind::Denied,
                "what the statement before did is not known here any more; use what execute returned",
            ));
        }
        self.may_commit_now()?;
        match self.open_apart(connection).await {
            Ok(Some(stretch)) => self.stretch = Some(stretch),
            Ok(None) => return Ok(()),
            Err(error) => return Err(self.own(error)),
        }
        self.went_apart = Some((call::shown_of(sql, self.reading), reason));
        let session = self.working();
        let session = &mut *session.lock().await;
        for (setting, params) in self.settings_made.clone() {
            session.execute(&setting, params).await?;
        }
        self.reading = session.reading();
        Ok(())
    }

    async fn open_apart(
        &mut self,
        connection: &mut dyn Connection,
    ) -> Result<Option<Stretch>, BackendError> {
        let Some(sessions) = connection.apart() else { return Ok(None) };
        // A session that did not make the key itself says 0.
        let last = match sessions.last_insert_id().await? {
            0 => self.last_inserted,
            last => last,
        };
        let kept = self.write_kept();
        if self.in_segment {
            connection.finish(End::own(kept)).await?;
            self.segment_committed();
        }
        let Some(sessions) = connection.apart() else { return Ok(None) };
        let shared = sessions.open_apart(self.settings, &self.marker, last).await?;
        let name = shared.lock().await.sessions().map(|session| session.session_name());
        let (name, transaction) = (name.unwrap_or_default(), Transaction::default());
        Ok(Some(Stretch { connection: shared, name, transaction }))
    }

    /// Runs a statement in the hook's own session.
    pub(super) async fn apart(
        &mut self,
        connection: &mut dyn Connection,
        asked: [u8; 16],
        sql: &str,
        params: Vec<Value>,
        rows: Option<ResultLimit>,
    ) -> Result<CallResult, SqlError> {
        let session = self.working();
        let session = &mut *session.lock().await;
        let facts = Facts::of(sql, session.reading(), self.transaction());
        if !facts.has_row {
            let result = run(session, sql, params, rows).await?;
            self.ended_apart(session.reading(), facts.transaction);
            if facts.effect == Effect::Dropped
                && let Err(error) = self.forget_held(connection).await
            {
                return Err(self.own(error));
            }
            return Ok(result);
        }
        let row = self.begin_apart(connection, asked, sql, facts.effect).await?;
        point("before a statement that cannot be repeated");
        let result = awake(connection, run(session, sql, params, rows)).await;
        point("after a statement that cannot be repeated");
        let outcome = match &result {
            Ok(CallResult::Outcome(outcome)) => Ok(*outcome),
            Ok(_) => Ok(Outcome::default()),
            Err(error) => Err(error),
        };
        self.end_apart(connection, asked, &row, outcome, facts.may_commit_a_part).await?;
        self.ended_apart(session.reading(), facts.transaction);
        result
    }

    /// Makes a call that writes rows in the hook's own session.
    pub(super) async fn write_apart<T, F>(
        &mut self,
        asked: [u8; 16],
        what: &str,
        write: impl FnOnce(SharedConnection) -> F,
    ) -> Result<T, SqlError>
    where
        F: Future<Output = Result<T, SqlError>> + Send,
    {
        let shared = Arc::clone(&self.connection);
        let connection = &mut *shared.lock().await;
        let effect = if self.transaction().is_held() { Effect::Held } else { Effect::Kept };
        let row = self.begin_apart(connection, asked, what, effect).await?;
        let result = awake(connection, write(self.working())).await;
        let outcome = result.as_ref().map(|_| Outcome::default());
        self.end_apart(connection, asked, &row, outcome, false).await?;
        self.next += 1;
        result
    }

    fn transaction(&self) -> Transaction {
        self.stretch.as_ref().map(|stretch| stretch.transaction).unwrap_or_default()
    }

    fn ended_apart(&mut self, reading: Reading, transaction: Transaction) {
        self.reading = reading;
        self.next += 1;
        if let Some(stretch) = &mut self.stretch {
            stretch.transaction = transaction;
        }
    }

    async fn begin_apart(
        &mut self,
        connection: &mut dyn Connection,
        asked: [u8; 16],
        sql: &str,
        effect: Effect,
    ) -> Result<JournalRow, SqlError> {
        let session = self.stretch.as_ref().map(|stretch| stretch.name.clone()).unwrap_or_default();
        let mark = Mark { session, effect };
        let call = Call {
            asked,
            changes: Some(call::shown_of(sql, self.reading)),
            result: CallResult::Outcome(Outcome::default()),
        };
        let row = JournalRow {
            call: self.next,
            is_done: false,
            statement: Some(beginning(sql).to_owned()),
            fingerprint: Some(mark.to_fingerprint()),
            results: Some(encode(&[call])),
        };
        if let Err(error) = self.change(connection, vec![journal::insert(&self.key, &row)]).await {
            return Err(self.own(error));
        }
        self.in_flight = Some(row.clone());
        Ok(row)
    }

    /// Records the outcome of the call in `row`.
    async fn end_apart(
        &mut self,
        connection: &mut dyn Connection,
        asked: [u8; 16],
        row: &JournalRow,
        outcome: Result<Outcome, &SqlError>,
        may_commit_a_part: bool,
    ) -> Result<(), SqlError> {
        let sql = row.statement.as_deref().unwrap_or_default();
        match outcome {
            Ok(outcome) => {
                let changes = Some(call::shown_of(sql, self.reading));
                let call = Call { asked, changes, result: CallResult::Outcome(outcome) };
                if let Err(error) = self.record(connection, row, Some(encode(&[call]))).await {
                    return Err(self.own(error));
                }
                self.in_flight = None;
            }
            // The outcome is unknown.
            Err(error) if error.kind == ErrorKind::Disconnected => {}
            Err(error) => {
                // The server reported a failure. That is final, unless the statement may have committed a part before, or was
                // ended.
                let is_refused = error.kind == ErrorKind::Denied && error.sqlstate.is_none();
                let is_doubtful = may_commit_a_part
                    || error.kind == ErrorKind::Limit
                    || is_list(sql, self.reading);
                if (is_refused || !is_doubtful) && self.record(connection, row, None).await.is_ok()
                {
                    self.in_flight = None;
                }
            }
        }
        Ok(())
    }

    /// Ends the hook's own session, if it has one, and waits until the server has ended it too. Returns whether a transaction
    /// was left open in it, which is rolled back. Always false unless `ask` is set.
    pub(super) async fn close_apart(
        &mut self,
        connection: &mut dyn Connection,
        ask: bool,
    ) -> Result<bool, BackendError> {
        let Some(stretch) = self.stretch.take() else { return Ok(false) };
        let session = &mut *stretch.connection.lock().await;
        let is_open = match session.apart() {
            Some(session) if ask => session.is_left_open().await,
            _ => Ok(false),
        };
        session.close().await;
        // A statement that was cut off may still run there. Found by the session's name only: another runner that took
        // the lease over uses the same marker.
        if let Some(sessions) = connection.sessions() {
            sessions.end_session_named(&stretch.name).await?;
        }
        is_open
    }

    /// Removes the rows of the hook's transaction, which was rolled back.
    async fn forget_held(&mut self, connection: &mut dyn Connection) -> Result<(), BackendError> {
        let rows = journal::look(connection, &self.key).await?;
        let (_, gone) = parted(&rows);
        if !gone.is_empty() {
            let gone = gone.iter().map(|row| journal::remove(&self.key, row.call)).collect();
            self.change(connection, gone).await?;
        }
        Ok(())
    }

    /// Ends the session that an earlier runner left of a stretch, and notes that the hook cannot be resumed.
    pub(super) async fn find_cut(
        &mut self,
        connection: &mut dyn Connection,
        rows: Vec<JournalRow>,
    ) -> Result<Vec<JournalRow>, BackendError> {
        let Some(mark) = rows.iter().rev().find_map(JournalRow::mark) else { return Ok(rows) };
        if let Some(sessions) = connection.sessions() {
            sessions.end_session_named(&mark.session).await?;
        }
        self.cut = cut(&rows);
        Ok(rows)
    }
}

/// Returns the reason why a hook with these rows cannot be resumed, if there is one.
pub(crate) fn cut(rows: &[JournalRow]) -> Option<Stop> {
    cut_off(&rows.iter().map(JournalRow::trace).collect::<Vec<_>>())
}

/// The facts that decide how a statement of a stretch is journaled.
struct Facts {
    has_row: bool,
    effect: Effect,
    transaction: Transaction,
    may_commit_a_part: bool,
}

impl Facts {
    fn of(sql: &str, reading: Reading, transaction: Transaction) -> Self {
        let Ok(statement) = Statement::one(sql, reading) else {
            // The session refuses it.
            return Self {
                has_row: false,
                effect: Effect::Kept,
                transaction,
                may_commit_a_part: false,
            };
        };
        let was_held = transaction.is_held();
        let (effect, ends, after) = transaction.after(&statement);
        let verb = statement.verb();
        let is_of_session = sql::leaves_nothing(&statement)
            || matches!(
                verb.as_str(),
                "LOCK" | "UNLOCK" | "START" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE"
            )
            || verb == "BEGIN" && !may_commit_a_part(&statement);
        // A statement that commits an open transaction is recorded, whatever else it does.
        let has_row = effect != Effect::Dropped
            && (!is_of_session || ends && (was_held || transaction.is_unsure));
        let may_commit_a_part = may_commit_a_part(&statement);
        Self { has_row, effect, transaction: after, may_commit_a_part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::Dialect;

    /// Returns the statements that survive a crash behind the last of them: those that have a row and are not undone.
    fn kept<'a>(statements: &[&'a str]) -> Vec<&'a str> {
        let mut transaction = Transaction::default();
        let mut rows: Vec<(&str, Effect)> = Vec::new();
        for sql in statements {
            let facts = Facts::of(sql, Dialect::Mariadb.into(), transaction);
            transaction = facts.transaction;
            let held = rows.iter().rev().take_while(|(_, effect)| *effect == Effect::Held).count();
            if facts.effect == Effect::Dropped {
                rows.truncate(rows.len() - held);
            }
            if facts.has_row {
                rows.push((sql, facts.effect));
            }
        }
        let held = rows.iter().rev().take_while(|(_, effect)| *effect == Effect::Held).count();
        rows.truncate(rows.len() - held);
        rows.into_iter().map(|(sql, _)| sql).collect()
    }

    #[test]
    fn what_a_crash_leaves() {
        let table: [(&[&str], &[&str]); 17] = [
            (&["INSERT INTO a VALUES (1)"], &["INSERT INTO a VALUES (1)"]),
            (&["START TRANSACTION", "DELETE FROM a"], &[]),
            (&["BEGIN", "DELETE FROM a", "SET @x = 1"], &[]),
            (&["BEGIN", "DELETE FROM a", "COMMIT"], &["DELETE FROM a", "COMMIT"]),
            (&["BEGIN", "COMMIT"], &["COMMIT"]),
            (
                &["SET autocommit = 0", "DELETE FROM a", "CREATE TABLE b (temporary int)"],
                &["DELETE FROM a", "CREATE TABLE b (temporary int)"],
            ),
            (
                &["BEGIN", "DELETE FROM a", "SET STATEMENT max_statement_time=1 FOR DROP TABLE b"],
                &["DELETE FROM a", "SET STATEMENT max_statement_time=1 FOR DROP TABLE b"],
            ),
            (&["SET autocommit=FALSE", "DELETE FROM a"], &[]),
            (&["BEGIN", "DELETE FROM a", "ROLLBACK", "DELETE FROM b"], &["DELETE FROM b"]),
            (&["BEGIN", "DELETE FROM a", "ROLLBACK TO x", "DELETE FROM b"], &[]),
            (&["BEGIN", "DELETE FROM a", "DROP TABLE b"], &["DELETE FROM a", "DROP TABLE b"]),
            (&["BEGIN", "DELETE FROM a", "DROP TEMPORARY TABLE b"], &[]),
            (&["SET autocommit = 0", "DELETE FROM a", "SELECT 1"], &[]),
            (
                &["SET autocommit = 0", "DELETE FROM a", "SET autocommit = 1"],
                &["DELETE FROM a", "SET autocommit = 1"],
            ),
            (&["BEGIN", "DELETE FROM a", "BEGIN", "DELETE FROM b"], &["DELETE FROM a", "BEGIN"]),
            (
                &["BEGIN", "DELETE FROM a", "CALL p()", "DELETE FROM b"],
                &["DELETE FROM a", "CALL p()", "DELETE FROM b"],
            ),
            (
                &["CREATE TEMPORARY TABLE a (n int)", "PREPARE s FROM @x", "SET @a = IF(1, 2, 3)"],
                &[],
            ),
        ];
        for (statements, expected) in table {
            assert_eq!(kept(statements), expected, "{statements:?}");
        }
    }
}
