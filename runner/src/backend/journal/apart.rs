//! A stretch that cannot be resumed: from the first statement on that a resumed hook could not repeat, a hook goes on in
//! a session of its own.
//!
//! ```text
//!   operator's session    row n begins, commit           row n ended, commit
//!   hook's session                        statement n, as the client would send it
//! ```
//!
//! The journal is the operator's: a row in the hook's own session would be in the way of its locks, or be committed and
//! counted by its statements. Who resumes a hook that has rows of a stretch does not run it: what the session had (tables,
//! variables, locks) is gone. What took effect is in the rows; a row without its end is a question for a person. What leaves nothing
//! behind but in the session has no row, so that a stretch of nothing else is begun anew.
//!
//! Whether a statement is committed is never guessed from its text: the server is asked whether a transaction is open,
//! behind each statement that has a row. A row is forgotten only if its transaction was rolled back while the
//! session could still be asked, and the server had no warning about it (it has one where a table without rollback was changed).
//! Everything else that is not surely committed *may have taken effect*, which a person decides.

use super::{
    Journal,
    call::{self, Call, CallResult, Stop, encode},
    session::point,
    statement::{is_list, run},
};
use crate::{
    backend::{
        BackendError,
        connection::{Connection, SharedConnection},
        tables::{
            journal::{self, JournalRow},
            ledger,
        },
    },
    session::{ErrorKind, Outcome, ResultLimit, SqlError, Value},
    sql::{self, Reading, Statement, Turn},
};
use serde::{Deserialize, Serialize};
use std::{pin::pin, sync::Arc, time::Duration};

/// How the mark of a stretch's row begins, which stands where other rows have what the catalogue said.
const MARK: &str = "not resumable: ";
const STATEMENT_BYTES_MAX: usize = 64 << 10;
/// Far below the time after which a server ends an idle session.
const AWAKE_EVERY: Duration = Duration::from_secs(60);

/// The session of a stretch.
pub(super) struct Stretch {
    pub(super) connection: SharedConnection,
    /// The session on the server, for whoever has to end it.
    name: String,
    transaction: Transaction,
    /// The rows that are rolled back unless something commits them.
    held: Vec<u64>,
}

/// What the server said of the session's transaction.
#[derive(Debug, Clone, Copy, Default)]
struct Transaction {
    is_open: bool,
    /// What was done since the server was asked: the statement that came next was about the one before, and asking
    /// would have come between.
    unasked: Option<Turn>,
}

/// What is known of the effect of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Effect {
    /// It is committed, with everything that was held before it.
    Kept,
    /// It is rolled back unless something commits it later.
    Held,
    /// It may be committed.
    Doubtful,
}

/// What a row of a stretch is marked with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    session: String,
    effect: Effect,
}

impl Mark {
    fn text(&self) -> String {
        format!("{MARK}{}", serde_json::to_string(self).unwrap_or_default())
    }
}

impl JournalRow {
    fn mark(&self) -> Option<Mark> {
        serde_json::from_str(self.fingerprint.as_deref()?.strip_prefix(MARK)?).ok()
    }

    /// Whether it is of a stretch that cannot be resumed.
    pub(crate) fn is_apart(&self) -> bool {
        self.fingerprint.as_deref().is_some_and(|text| text.starts_with(MARK))
    }
}

/// What is known of each row of a hook that has ended, or whose session is over: whether it surely took effect. What was still held
/// then may have been committed by a statement whose end nobody recorded, or have changed a table without rollback.
fn surely(rows: &[JournalRow]) -> Vec<bool> {
    let mut is_committed = false;
    let mut known: Vec<bool> = rows
        .iter()
        .rev()
        .map(|row| {
            let Some(mark) = row.mark() else { return row.is_done && !row.is_apart() };
            is_committed = match mark.effect {
                Effect::Kept => row.is_done,
                Effect::Held => is_committed && row.is_done,
                Effect::Doubtful => false,
            };
            is_committed
        })
        .collect();
    known.reverse();
    known
}

/// The statements that surely took effect, as messages show them, and those that may have.
pub(in crate::backend) fn effects(rows: &[JournalRow]) -> (Vec<String>, Vec<String>) {
    let (mut sure, mut doubtful) = (Vec::new(), Vec::new());
    for (row, is_sure) in rows.iter().zip(surely(rows)) {
        (if is_sure { &mut sure } else { &mut doubtful }).extend(row.changes());
    }
    (sure, doubtful)
}

/// What became of a statement that succeeded and can do `turn`, where a transaction was open before it and
/// is open behind it, or not.
fn effect(was_open: bool, is_open: bool, turn: Turn) -> Effect {
    match (turn, was_open, is_open) {
        (Turn::Commits, ..) | (_, false, false) => Effect::Kept,
        // It opened one itself where autocommit is off.
        (Turn::Within, _, true) => Effect::Held,
        (Turn::MayCommit, true, false) => Effect::Kept,
        _ => Effect::Doubtful,
    }
}

/// Runs `work` in the hook's session, and lets the operator's not be idle for as long as the server ends it for.
async fn awake<T>(connection: &mut dyn Connection, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(AWAKE_EVERY) => {
                // Where it is lost, what comes next on it tells.
                let _ = connection.stay_awake().await;
            }
        }
    }
}

/// As much of a statement as a row has, which is for a person to read. All of it could be too large a message beside the
/// rest of the row.
fn beginning(sql: &str) -> &str {
    let end = (0..=STATEMENT_BYTES_MAX.min(sql.len())).rev().find(|at| sql.is_char_boundary(*at));
    &sql[..end.unwrap_or_default()]
}

impl Journal {
    /// The session in which the hook's calls are made now.
    pub(super) fn working(&self) -> SharedConnection {
        let own = self.stretch.as_ref().map(|stretch| &stretch.connection);
        Arc::clone(own.unwrap_or(&self.connection))
    }

    /// Whether the statement at byte `start` of the script at hand runs in a session of the hook's own.
    pub(super) fn is_apart_at(&self, start: usize) -> bool {
        self.stretch.is_some() || self.apart_from.as_ref().is_some_and(|(from, _)| start >= *from)
    }

    /// Why a statement is to run in a session of the hook's own, if it is.
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

    /// Ends the segment, and opens the session in which the hook goes on.
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
        // Of a session that is not the one in which it was made, it is 0.
        let last = match connection.last_insert_id().await? {
            0 => self.last_inserted,
            last => last,
        };
        if !self.kept.is_empty() {
            self.write_kept(connection).await?;
        }
        if self.in_segment {
            connection.commit().await?;
            self.segment_committed();
        }
        let opened = connection.open_apart(self.settings, &self.marker, last).await?;
        Ok(match opened {
            None => None,
            Some(shared) => {
                let name = shared.lock().await.session_name().unwrap_or_default();
                let transaction = Transaction::default();
                Some(Stretch { connection: shared, name, transaction, held: Vec::new() })
            }
        })
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
        let facts = Facts::of(sql, session.reading());
        // Only of a script is it known what comes next.
        let may_ask = self.is_next_about_it.take() == Some(false);
        if !facts.is_about_before
            && let Err(error) = self.catch_up(connection, session).await
        {
            return Err(self.own(error));
        }
        let has_held = self.stretch.as_ref().is_some_and(|stretch| !stretch.held.is_empty());
        let may_end = !matches!(facts.turn, Turn::Within | Turn::RollsBack | Turn::RollsBackTo);
        let has_row = facts.leaves_something || may_end && has_held;
        let row = match has_row {
            true => Some(self.begin_apart(connection, asked, sql, facts.turn).await?),
            false => None,
        };
        if has_row {
            point("before a statement that cannot be repeated");
        }
        let result = awake(connection, run(session, sql, params, rows)).await;
        if has_row {
            point("after a statement that cannot be repeated");
        }
        let outcome = match &result {
            Ok(CallResult::Outcome(outcome)) => Ok(*outcome),
            Ok(_) => Ok(Outcome::default()),
            Err(error) => Err(error),
        };
        let may_ask = may_ask || facts.turn == Turn::RollsBack;
        let ended = self.end_apart(connection, session, asked, row, facts.turn, outcome, may_ask);
        if let Err(error) = ended.await
            && result.is_ok()
        {
            return Err(self.own(error));
        }
        self.reading = session.reading();
        if result.is_ok() || has_row {
            self.next += 1;
        }
        result
    }

    /// Makes a call in the hook's own session that writes rows.
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
        let working = self.working();
        if let Err(error) = self.catch_up(connection, &mut *working.lock().await).await {
            return Err(self.own(error));
        }
        let row = self.begin_apart(connection, asked, what, Turn::Within).await?;
        let result = awake(connection, write(Arc::clone(&working))).await;
        let outcome = result.as_ref().map(|_| Outcome::default());
        let session = &mut *working.lock().await;
        let ended =
            self.end_apart(connection, session, asked, Some(row), Turn::Within, outcome, true);
        if let Err(error) = ended.await
            && result.is_ok()
        {
            return Err(self.own(error));
        }
        self.next += 1;
        result
    }

    async fn begin_apart(
        &mut self,
        connection: &mut dyn Connection,
        asked: [u8; 16],
        sql: &str,
        turn: Turn,
    ) -> Result<JournalRow, SqlError> {
        let effect = if turn == Turn::Within { Effect::Held } else { Effect::Doubtful };
        let call = Call {
            asked,
            changes: Some(call::shown_of(sql, self.reading)),
            result: CallResult::Outcome(Outcome::default()),
        };
        let row = JournalRow {
            call: self.next,
            is_done: false,
            statement: Some(beginning(sql).to_owned()),
            fingerprint: Some(self.marked(effect)),
            results: Some(encode(&[call])),
        };
        let begun = async {
            connection.begin().await?;
            let revision = ledger::advance_at_once(connection, self.revision, self.fence).await?;
            journal::insert(connection, &self.key, &row).await?;
            connection.commit().await?;
            Ok(revision)
        };
        match begun.await {
            Ok(revision) => self.revision = revision,
            Err(error) => return Err(self.own(error)),
        }
        if effect == Effect::Held
            && let Some(stretch) = &mut self.stretch
        {
            stretch.held.push(row.call);
        }
        self.in_flight = Some(row.clone());
        Ok(row)
    }

    fn marked(&self, effect: Effect) -> String {
        let session = self.stretch.as_ref().map(|stretch| stretch.name.clone()).unwrap_or_default();
        Mark { session, effect }.text()
    }

    /// Finds out what came of a statement, and records it.
    #[expect(clippy::too_many_arguments, reason = "they are one statement")]
    async fn end_apart(
        &mut self,
        connection: &mut dyn Connection,
        session: &mut dyn Connection,
        asked: [u8; 16],
        row: Option<JournalRow>,
        turn: Turn,
        outcome: Result<Outcome, &SqlError>,
        may_ask: bool,
    ) -> Result<(), BackendError> {
        match outcome {
            Ok(outcome) => {
                let effect = self.effect_of(session, turn, row.is_some(), may_ask).await?;
                let done = row.as_ref().map(|row| {
                    let sql = row.statement.as_deref().unwrap_or_default();
                    let changes = Some(call::shown_of(sql, self.reading));
                    let call = Call { asked, changes, result: CallResult::Outcome(outcome) };
                    (row, Some(encode(&[call])))
                });
                self.turned(connection, effect, done).await?;
                self.in_flight = None;
                Ok(())
            }
            // Nobody knows what came of it.
            Err(error) if error.kind == ErrorKind::Disconnected => Ok(()),
            Err(error) => self.failed_apart(connection, session, row, turn, error).await,
        }
    }

    /// What a statement that succeeded did to what was held before it, and to itself. `None`: nothing.
    async fn effect_of(
        &mut self,
        session: &mut dyn Connection,
        turn: Turn,
        has_row: bool,
        may_ask: bool,
    ) -> Result<Option<Effect>, BackendError> {
        let Some(stretch) = &mut self.stretch else { return Ok(None) };
        let Transaction { is_open: was_open, unasked } = stretch.transaction;
        match turn {
            Turn::Commits => {
                stretch.transaction = Transaction::default();
                return Ok(Some(Effect::Kept));
            }
            Turn::RollsBack => {
                stretch.transaction = Transaction::default();
                if !stretch.held.is_empty() && session.is_wholly_undone().await? {
                    self.undone.append(&mut stretch.held);
                }
                return Ok(Some(Effect::Doubtful));
            }
            Turn::RollsBackTo => return Ok(Some(Effect::Doubtful)),
            // It neither wrote anything nor ended what is open.
            Turn::Within if !has_row => return Ok(None),
            // Nothing was held that it could have ended.
            Turn::MayCommit | Turn::RunsCode if !has_row => {
                stretch.transaction = Transaction::default();
                return Ok(None);
            }
            Turn::Within | Turn::MayCommit | Turn::RunsCode => {}
        }
        let turn = unasked.map_or(turn, |before| before.max(turn));
        if !may_ask {
            stretch.transaction.unasked = Some(turn);
            let effect = if turn == Turn::Within { Effect::Held } else { Effect::Doubtful };
            return Ok(Some(effect));
        }
        let is_open = session.is_left_open().await?;
        stretch.transaction = Transaction { is_open, unasked: None };
        Ok(Some(effect(was_open, is_open, turn)))
    }

    /// Asks the server about what was not asked about yet.
    async fn catch_up(
        &mut self,
        connection: &mut dyn Connection,
        session: &mut dyn Connection,
    ) -> Result<(), BackendError> {
        let Some(stretch) = &mut self.stretch else { return Ok(()) };
        let Transaction { is_open: was_open, unasked: Some(turn) } = stretch.transaction else {
            return Ok(());
        };
        let is_open = session.is_left_open().await?;
        stretch.transaction = Transaction { is_open, unasked: None };
        self.turned(connection, Some(effect(was_open, is_open, turn)), None).await
    }

    /// Records what a statement did: to its own row, if it has one, and to those that were held.
    async fn turned(
        &mut self,
        connection: &mut dyn Connection,
        effect: Option<Effect>,
        done: Option<(&JournalRow, Option<Vec<u8>>)>,
    ) -> Result<(), BackendError> {
        let (kept, doubtful) = (self.marked(Effect::Kept), self.marked(Effect::Doubtful));
        let Some(stretch) = &mut self.stretch else { return Ok(()) };
        let own = done.as_ref().map(|(row, _)| row.call);
        let mut marks: Vec<(u64, String)> = Vec::new();
        match effect {
            // The last of them says so for all.
            Some(Effect::Kept) => {
                marks.extend(own.or(stretch.held.last().copied()).map(|call| (call, kept)));
                stretch.held.clear();
            }
            Some(Effect::Doubtful) => {
                marks
                    .extend(stretch.held.drain(..).chain(own).map(|call| (call, doubtful.clone())));
            }
            Some(Effect::Held) | None => {}
        }
        let gone = std::mem::take(&mut self.undone);
        if marks.is_empty() && gone.is_empty() && done.is_none() {
            return Ok(());
        }
        connection.begin().await?;
        self.revision = ledger::advance_at_once(connection, self.revision, self.fence).await?;
        for call in gone {
            journal::remove(connection, &self.key, call).await?;
        }
        for (call, mark) in marks {
            journal::mark(connection, &self.key, call, mark).await?;
        }
        if let Some((row, results)) = done {
            journal::finish(connection, &self.key, row.call, results).await?;
        }
        connection.commit().await
    }

    /// Records what came of a statement that failed.
    async fn failed_apart(
        &mut self,
        connection: &mut dyn Connection,
        session: &mut dyn Connection,
        row: Option<JournalRow>,
        turn: Turn,
        error: &SqlError,
    ) -> Result<(), BackendError> {
        let is_refused = error.kind == ErrorKind::Denied && error.sqlstate.is_none();
        if !is_refused {
            let was_open = self.stretch.as_ref().is_some_and(|stretch| stretch.transaction.is_open);
            // Before anything else is asked.
            let is_undone = matches!(session.is_wholly_undone().await, Ok(true));
            let is_open = session.is_left_open().await;
            let is_over = !matches!(is_open, Ok(true));
            if let Some(stretch) = &mut self.stretch {
                let is_open = matches!(is_open, Ok(true));
                stretch.transaction = Transaction { is_open, unasked: None };
                // As it does after a deadlock.
                if turn == Turn::Within && was_open && is_over && is_undone {
                    let own = row.as_ref().map(|row| row.call);
                    self.undone.extend(stretch.held.drain(..).filter(|call| Some(*call) != own));
                }
            }
            let is_in_doubt = is_over || turn != Turn::Within;
            let own = row.as_ref().map(|row| row.call);
            if let Some(stretch) = &mut self.stretch {
                stretch.held.retain(|call| Some(*call) != own);
            }
            let doubt = is_in_doubt.then_some(Effect::Doubtful);
            self.turned(connection, doubt, None).await?;
            // The server says that it failed, and that is final, but for what may have committed a part before, what was
            // ended, and rows that went into a table without rollback before one that did not.
            let sqlstate = error.sqlstate.as_deref().unwrap_or_default();
            let is_before_rows = sqlstate.starts_with("42") || sqlstate.starts_with("40");
            let is_partial = turn == Turn::Within && !is_before_rows;
            let Some(row) = row else { return Ok(()) };
            let sql = row.statement.as_deref().unwrap_or_default();
            if turn == Turn::RunsCode
                || is_partial
                || error.kind == ErrorKind::Limit
                || is_list(sql, self.reading)
            {
                if !is_over
                    && turn == Turn::Within
                    && let Some(stretch) = &mut self.stretch
                {
                    stretch.held.push(row.call);
                }
                return Ok(());
            }
            return self.never_ran(connection, &row).await;
        }
        match row {
            Some(row) => {
                if let Some(stretch) = &mut self.stretch {
                    stretch.held.retain(|call| *call != row.call);
                }
                self.never_ran(connection, &row).await
            }
            None => Ok(()),
        }
    }

    async fn never_ran(
        &mut self,
        connection: &mut dyn Connection,
        row: &JournalRow,
    ) -> Result<(), BackendError> {
        self.record(connection, row, None).await?;
        self.in_flight = None;
        Ok(())
    }

    /// Ends the hook's own session, if it has one, and waits until the server is done with it. Whether a transaction was open
    /// in it, which is rolled back.
    pub(super) async fn close_apart(
        &mut self,
        connection: &mut dyn Connection,
        ask: bool,
    ) -> Result<bool, BackendError> {
        let Some(stretch) = &self.stretch else { return Ok(false) };
        let shared = Arc::clone(&stretch.connection);
        let session = &mut *shared.lock().await;
        let is_open = match self.catch_up(connection, session).await {
            Ok(()) => session.is_left_open().await,
            Err(error) => Err(error),
        };
        let is_undone = matches!(is_open, Ok(true))
            && session.roll_back_apart().await.is_ok()
            && matches!(session.is_wholly_undone().await, Ok(true));
        session.close().await;
        let Some(stretch) = self.stretch.take() else { return Ok(false) };
        if is_undone {
            self.undone = stretch.held;
        }
        // What is cut off may run on there.
        connection.end_orphans(&self.marker).await?;
        connection.end_session_named(&stretch.name).await?;
        if ask { is_open } else { Ok(false) }
    }

    /// Takes away the rows of a stretch that the server rolled back. The rows that stay.
    pub(super) async fn forget_undone(
        &mut self,
        connection: &mut dyn Connection,
        mut rows: Vec<JournalRow>,
    ) -> Result<Vec<JournalRow>, BackendError> {
        let gone = std::mem::take(&mut self.undone);
        if !gone.is_empty() {
            connection.begin().await?;
            self.revision = ledger::advance_at_once(connection, self.revision, self.fence).await?;
            for call in &gone {
                journal::remove(connection, &self.key, *call).await?;
            }
            connection.commit().await?;
            rows.retain(|row| !gone.contains(&row.call));
        }
        Ok(rows)
    }

    /// Ends what an earlier runner left of a stretch, and notes that nobody can go on in it.
    pub(super) async fn find_cut(
        &mut self,
        connection: &mut dyn Connection,
        rows: Vec<JournalRow>,
    ) -> Result<Vec<JournalRow>, BackendError> {
        let Some(mark) = rows.iter().rev().find_map(JournalRow::mark) else { return Ok(rows) };
        connection.end_session_named(&mark.session).await?;
        self.cut = cut(&rows);
        Ok(rows)
    }
}

/// Why a hook with these rows cannot go on, if it cannot.
pub(in crate::backend) fn cut(rows: &[JournalRow]) -> Option<Stop> {
    let (last, before) = rows.split_last().filter(|(last, _)| last.is_apart())?;
    let statement = last.statement.as_deref().unwrap_or_default().trim().to_owned();
    let known = surely(rows);
    let doubtful = before.iter().zip(&known).filter(|(_, is_sure)| !**is_sure);
    Some(Stop::Apart {
        statement,
        is_known: known.last().copied().unwrap_or_default(),
        doubtful: doubtful.flat_map(|(row, _)| row.changes()).collect(),
    })
}

/// What decides how a statement of a stretch is journaled.
struct Facts {
    turn: Turn,
    /// Whether it may leave something behind that is not of the session.
    leaves_something: bool,
    is_about_before: bool,
}

impl Facts {
    fn of(sql: &str, reading: Reading) -> Self {
        let Ok(statement) = Statement::one(sql, reading) else {
            // The session refuses it.
            return Self { turn: Turn::Within, leaves_something: false, is_about_before: false };
        };
        let turn = sql::turn(&statement);
        let verb = statement.verb();
        let is_of_transaction = turn != Turn::RunsCode
            && matches!(
                verb.as_str(),
                "LOCK"
                    | "UNLOCK"
                    | "START"
                    | "BEGIN"
                    | "COMMIT"
                    | "ROLLBACK"
                    | "SAVEPOINT"
                    | "RELEASE"
            );
        Self {
            turn,
            leaves_something: !is_of_transaction && !sql::leaves_nothing(&statement),
            is_about_before: sql::is_about_the_one_before(&statement),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Effect::{Doubtful, Held, Kept},
        *,
    };

    /// The rows of a hook: the call, whether it is done, and its mark.
    fn rows(effects: &[(Effect, bool)]) -> Vec<JournalRow> {
        let row = |(call, (effect, is_done)): (usize, &(Effect, bool))| JournalRow {
            call: call as u64,
            is_done: *is_done,
            statement: None,
            fingerprint: Some(Mark { session: String::new(), effect: *effect }.text()),
            results: None,
        };
        effects.iter().enumerate().map(row).collect()
    }

    #[test]
    fn only_what_is_committed_surely_took_effect() {
        let table: [(&[(Effect, bool)], &[bool]); 7] = [
            (&[(Kept, true)], &[true]),
            (&[(Held, true)], &[false]),
            (&[(Held, true), (Held, true), (Kept, true)], &[true, true, true]),
            (&[(Held, true), (Kept, false)], &[false, false]),
            (&[(Held, true), (Doubtful, false)], &[false, false]),
            (&[(Kept, true), (Doubtful, true), (Kept, true)], &[true, false, true]),
            (&[(Held, false), (Held, true), (Kept, true)], &[false, true, true]),
        ];
        for (effects, expected) in table {
            assert_eq!(surely(&rows(effects)), expected, "{effects:?}");
        }
    }

    #[test]
    fn the_server_says_what_is_held() {
        let table = [
            (Turn::Within, false, false, Kept),
            (Turn::Within, false, true, Held),
            (Turn::Within, true, true, Held),
            (Turn::Within, true, false, Doubtful),
            (Turn::Commits, true, true, Kept),
            (Turn::MayCommit, true, false, Kept),
            (Turn::MayCommit, true, true, Doubtful),
            (Turn::MayCommit, false, true, Doubtful),
            (Turn::RunsCode, false, false, Kept),
            (Turn::RunsCode, true, false, Doubtful),
            (Turn::RunsCode, false, true, Doubtful),
            (Turn::RunsCode, true, true, Doubtful),
        ];
        for (turn, was_open, is_open, expected) in table {
            assert_eq!(effect(was_open, is_open, turn), expected, "{turn:?} {was_open} {is_open}");
        }
    }
}
