//! A journal while its hook runs: replays what is recorded, keeps what is new, and reports in the end which changes
//! stay. How each kind of call goes through it is in `calls.rs` and `statement.rs`.

use super::{
    apart::{self, Stretch},
    call::{self, Call, CallResult, Stop, decode, encode},
    made::Made,
    own::{HookSessions, OwnSession},
};
use crate::{
    BackendError, Revision, Run, Undone,
    alteration::AlterationKey,
    connection::{Connection, HookSettings, SharedConnection, Verdict},
    crash,
    session::{ErrorKind, Outcome, SqlError, Value},
    sql::{Isolation, Reading},
    tables::{
        journal::{self, JournalRow},
        ledger::{self, Ledger},
    },
    transaction::{Durability, Guest, Own, Start},
};
use std::{collections::VecDeque, sync::Arc};

/// The most that the journal of one hook holds, in bytes.
const JOURNAL_BYTES_MAX: usize = 8 << 20;

/// A session whose calls are recorded, and returned from the record when the hook is run again.
pub(crate) struct Journal {
    pub(super) connection: SharedConnection,
    /// The plugin's, where it is confined to a user of its own.
    pub(super) own_session: Option<OwnSession>,
    pub(super) key: AlterationKey,
    pub(super) marker: String,
    pub(super) reading: Reading,
    /// The committed revision of the ledger.
    pub(super) revision: Revision,
    /// The committed revision at the time when the hook was undone.
    own_revision: Option<Revision>,
    pub(super) fence: i64,
    pub(super) settings: HookSettings,
    pub(super) rehearsing: bool,
    replay: VecDeque<Call>,
    /// The last statement of an earlier attempt, if its outcome was never recorded.
    pub(super) started: Option<JournalRow>,
    /// Number of the next call.
    pub(super) next: u64,
    /// Calls of the open segment.
    pub(super) kept: Vec<Call>,
    kept_bytes: usize,
    stored_bytes: usize,
    pub(super) in_segment: bool,
    entered: bool,
    pub(super) open_handles: usize,
    /// Set while statements belong to one unit of a script.
    pub(super) in_unit: bool,
    /// The isolation level of the next transaction.
    pub(super) isolation: Option<Isolation>,
    /// A statement that was sent and whose outcome is not recorded yet.
    pub(super) in_flight: Option<JournalRow>,
    /// Statements that are committed, for messages.
    pub(super) effects: Vec<String>,
    pub(super) stop: Option<Stop>,
    /// The settings that the hook made, in order. Each of its sessions gets them.
    pub(super) settings_made: Vec<(String, Vec<Value>)>,
    /// The generated key of the last recorded INSERT.
    pub(super) last_inserted: u64,
    /// The byte of the current script from which on its hook cannot be resumed, and the reason.
    pub(super) apart_from: Option<(usize, String)>,
    /// The reason why the next statement runs in a session of the hook's own, whatever it is.
    pub(super) apart_because: Option<String>,
    /// The session in which the hook continues, from the first statement on that could not be repeated.
    pub(super) stretch: Option<Stretch>,
    /// The first statement of the stretch, and the reason why the stretch begins there.
    pub(crate) went_apart: Option<(String, String)>,
    /// Set if an earlier attempt was cut off in a stretch.
    pub(super) cut: Option<Stop>,
    /// What the hook did to tables and views.
    pub(super) made: Made,
    /// An error of one of the runner's own statements, kept for the operator.
    own_error: Option<BackendError>,
}

impl Journal {
    /// Opens the journal of `run` and reads its rows. The orphans of the run have ended by now.
    pub(crate) async fn open(
        (connection, own_session): (SharedConnection, Option<OwnSession>),
        run: &Run,
        (revision, fence): (Revision, i64),
        settings: HookSettings,
        rehearsing: bool,
    ) -> Result<Self, BackendError> {
        let mut open = connection.lock().await;
        if let Some(sessions) = open.sessions() {
            sessions.set_marker(Some(&run.marker));
        }
        let reading = open.reading();
        let rows = journal::look(&mut *open, &run.key).await?;
        drop(open);
        let mut journal = Self {
            connection,
            own_session,
            key: run.key.clone(),
            marker: run.marker.clone(),
            reading,
            revision,
            own_revision: None,
            fence,
            settings,
            rehearsing,
            replay: VecDeque::new(),
            started: None,
            next: 0,
            kept: Vec::new(),
            kept_bytes: 0,
            stored_bytes: 0,
            in_segment: false,
            entered: false,
            open_handles: 0,
            in_unit: false,
            isolation: None,
            in_flight: None,
            effects: Vec::new(),
            stop: None,
            settings_made: Vec::new(),
            last_inserted: 0,
            apart_from: None,
            apart_because: None,
            stretch: None,
            went_apart: None,
            cut: None,
            made: Made::default(),
            own_error: None,
        };
        let shared = Arc::clone(&journal.connection);
        let rows = journal.find_cut(&mut *shared.lock().await, rows).await?;
        journal.effects = apart::effects(&rows);
        for row in rows {
            let bytes = row.results.as_deref().unwrap_or_default();
            let corrupt =
                || BackendError::Corrupt(format!("alteration_journal, {}: its results", run.key));
            let calls = decode(bytes).ok_or_else(corrupt)?;
            journal.stored_bytes += bytes.len();
            if row.is_done {
                journal.replay.extend(calls);
            } else {
                journal.started = Some(row);
            }
        }
        Ok(journal)
    }

    /// Returns the recorded result of the next call, if there is one. A call that asks for something else than in the
    /// earlier attempt stops the hook.
    pub(super) fn replayed(
        &mut self,
        asked: [u8; 16],
        sql: &str,
    ) -> Result<Option<CallResult>, SqlError> {
        if let Some(stop) = &self.stop {
            return Err(call::stopped(stop));
        }
        if let Some(cut) = self.cut.clone() {
            return Err(self.stop(cut));
        }
        let expected = match self.replay.pop_front() {
            Some(call) if call.asked == asked => {
                self.next += 1;
                if let CallResult::Outcome(Outcome { last_insert_id: Some(id), .. }) = call.result {
                    self.last_inserted = id;
                }
                return Ok(Some(call.result));
            }
            Some(_) => true,
            None => self.started.as_ref().is_some_and(|row| !row.asks(asked)),
        };
        if expected {
            return Err(self
                .stop(Stop::Diverged { call: self.next, now: call::shown_of(sql, self.reading) }));
        }
        Ok(None)
    }

    pub(super) fn stop(&mut self, stop: Stop) -> SqlError {
        let error = call::stopped(&stop);
        self.stop = Some(stop);
        error
    }

    /// Keeps an error of the runner's own for the operator, and returns the error that the guest gets.
    pub(super) fn own(&mut self, error: BackendError) -> SqlError {
        let told = SqlError::new(
            match error {
                BackendError::Disconnected(_) => ErrorKind::Disconnected,
                _ => ErrorKind::Other,
            },
            error.to_string(),
        );
        self.own_error = Some(error);
        told
    }

    /// Begins a segment, unless one is open. It starts with the ledger, as every transaction does.
    pub(super) async fn segment(
        &mut self,
        sessions: &mut HookSessions,
    ) -> Result<(), BackendError> {
        if self.in_segment {
            return Ok(());
        }
        let guest = if self.entered { Guest::GoesOn } else { Guest::Enters(self.settings) };
        let advance = ledger::advance(self.revision, self.fence);
        let own = match &mut self.own_session {
            Some(own) => vec![own.claim(sessions, advance).await?],
            None => vec![advance],
        };
        sessions.hook().start(Start { own, guest, isolation: self.isolation.take() }).await?;
        (self.in_segment, self.entered) = (true, true);
        Ok(())
    }

    /// Keeps a call of the open segment.
    pub(super) fn keep(&mut self, asked: [u8; 16], changes: Option<String>, result: CallResult) {
        let call = Call { asked, changes, result };
        self.next += 1;
        // Nothing of it is replayed.
        if self.stretch.is_some() {
            return;
        }
        // Beyond the limit results are of no use: a statement that commits will be refused.
        if self.kept_bytes <= JOURNAL_BYTES_MAX {
            self.kept_bytes += encode(std::slice::from_ref(&call)).len();
            self.kept.push(call);
        }
    }

    /// Returns an error if a statement that commits may not follow now: what came before it could not be recorded whole.
    pub(super) fn may_commit_now(&self) -> Result<(), SqlError> {
        if self.open_handles > 0 {
            return Err(SqlError::new(
                ErrorKind::Denied,
                "this statement commits: close cursors and finish bulk-writers before it",
            ));
        }
        if self.is_full() {
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!(
                    "before this statement, which commits, the hook read and wrote more than the {} MiB that a journal holds: split the alteration, or use `step`",
                    JOURNAL_BYTES_MAX >> 20
                ),
            ));
        }
        Ok(())
    }

    /// Returns the statements that write the results of the segment and the write-ahead row of the statement that will
    /// commit it, and that row.
    pub(super) async fn write_ahead(
        &mut self,
        sessions: &mut HookSessions,
        asked: [u8; 16],
        sql: &str,
        result: CallResult,
    ) -> Result<(Vec<Own>, JournalRow), BackendError> {
        let fingerprint = self.fingerprint(sessions, sql).await?;
        let call = Call { asked, changes: Some(call::shown_of(sql, self.reading)), result };
        let row = JournalRow {
            call: self.next,
            is_done: false,
            statement: Some(sql.to_owned()),
            fingerprint: Some(fingerprint),
            results: Some(encode(&[call])),
        };
        let mut rows = self.write_kept();
        rows.push(journal::insert(&self.key, &row));
        Ok((rows, row))
    }

    /// Returns the row with the results of the segment, if it has any.
    fn kept_row(&mut self) -> Option<JournalRow> {
        if self.kept.is_empty() {
            return None;
        }
        let results = encode(&self.kept);
        self.stored_bytes += results.len();
        Some(JournalRow {
            call: self.next - self.kept.len() as u64,
            is_done: true,
            statement: None,
            fingerprint: None,
            results: Some(results),
        })
    }

    /// Returns the statement that writes the results of the segment, if it has any.
    pub(super) fn write_kept(&mut self) -> Vec<Own> {
        let row = self.kept_row();
        row.iter().map(|row| journal::insert(&self.key, row)).collect()
    }

    /// Returns whether more was read and written than the journal holds.
    pub(super) fn is_full(&self) -> bool {
        self.kept_bytes + self.stored_bytes > JOURNAL_BYTES_MAX
    }

    /// Notes that the segment is committed, by the runner or by a statement.
    pub(super) fn segment_committed(&mut self) {
        self.in_segment = false;
        self.revision.0 += 1;
        self.effects.extend(self.kept.drain(..).filter_map(|call| call.changes));
        self.kept_bytes = 0;
    }

    /// Records the outcome of the statement in `row`, in a transaction of its own: done with these results, or without effect.
    pub(super) async fn record(
        &mut self,
        connection: &mut dyn Connection,
        row: &JournalRow,
        took_effect: Option<Vec<u8>>,
    ) -> Result<(), BackendError> {
        let change = match took_effect.clone() {
            Some(results) => journal::finish(&self.key, row.call, Some(results)),
            None => journal::forget(&self.key, row.call),
        };
        self.change(connection, vec![change]).await?;
        if took_effect.is_some() {
            let reading = self.reading;
            self.effects.extend(row.statement.as_deref().map(|sql| call::shown_of(sql, reading)));
        }
        Ok(())
    }

    /// Changes rows of the journal in a transaction of their own, beside the hook's.
    pub(super) async fn change(
        &mut self,
        connection: &mut dyn Connection,
        changes: Vec<Own>,
    ) -> Result<(), BackendError> {
        let mut statements = vec![ledger::advance(self.revision, self.fence)];
        statements.extend(changes);
        connection.apply(statements, Durability::Flushed).await?;
        self.revision = self.revision.next();
        Ok(())
    }

    /// Opens the transaction in which the hook's end is recorded. Returns the revision that it leads to.
    pub(crate) async fn ready_to_end(&mut self) -> Result<Revision, BackendError> {
        if let Some(cut) = self.cut.clone() {
            self.stop = Some(cut);
            return Err(BackendError::Diverged);
        }
        if !self.replay.is_empty() || self.started.is_some() {
            let now = "the hook has ended".to_owned();
            self.stop = Some(Stop::Diverged { call: self.next, now });
            return Err(BackendError::Diverged);
        }
        let mut sessions = self.sessions().await;
        if self.close_apart(sessions.record(), true).await? {
            return Err(BackendError::LeftOpen);
        }
        self.segment(&mut sessions).await?;
        Ok(self.revision.next())
    }

    /// Rolls the segment back, ends a statement that still runs, and returns what stays.
    ///
    /// What stays is read from the journal's table, because only that shows a commit whose answer was lost.
    pub(crate) async fn undo(&mut self) -> Result<Undone, BackendError> {
        let shared = Arc::clone(&self.connection);
        let connection = &mut *shared.lock().await;
        connection.rollback().await?;
        // Before its rows are read, so that nothing of it can still take effect.
        self.close_apart(connection, false).await?;
        self.in_segment = false;
        self.kept.clear();
        connection.look().await?;
        let read = match journal::read(connection, &self.key).await {
            Ok(rows) => ledger::read(connection).await.map(|ledger| (rows, ledger)),
            Err(error) => Err(error),
        };
        connection.rollback().await?;
        let (rows, Ledger { revision, fence: ledger_fence, .. }) = read?;
        // Asked for again where the connection is lost, it is still compared with this runner's own.
        let own = *self.own_revision.get_or_insert(self.revision);
        self.revision = revision;
        // A runner that lost its lease leaves everything to the next holder, which may be working on it already.
        let is_fenced = ledger_fence != self.fence;
        let is_cut = apart::cut(&rows);
        self.effects = apart::effects(&rows);
        // One of an earlier attempt is left to the next, which comes by it again.
        let is_earlier = self.started.is_some();
        let open = rows.into_iter().find(|row| !row.is_done && !is_earlier);
        if let Some(row) = open.filter(|row| !is_fenced && !row.is_apart()) {
            // It may still run in a server session whose connection is lost.
            connection.end_orphans(&self.marker).await?;
            self.settle(connection, &row).await?;
        }
        self.in_flight = None;
        if let Some(sessions) = connection.sessions() {
            sessions.set_marker(None);
        }
        Ok(Undone {
            effects: self.effects.clone(),
            is_open: is_earlier || is_cut.is_some(),
            stop: self.stop.clone(),
            cut: is_cut,
            revision: (revision == own).then_some(self.revision),
            own_error: self.own_error.take(),
            is_group_lost: false,
        })
    }

    /// Finds out the outcome of a statement that was cut short.
    pub(super) async fn settle(
        &mut self,
        connection: &mut dyn Connection,
        row: &JournalRow,
    ) -> Result<(), BackendError> {
        let statement = row.statement.as_deref().unwrap_or_default();
        let before = row.fingerprint.as_deref().unwrap_or_default();
        // What is refused of it is gone now.
        self.end_outside(connection, row).await?;
        match connection.verify(statement, before).await? {
            Verdict::Done => self.record(connection, row, row.results.clone()).await,
            Verdict::NotDone => self.record(connection, row, None).await,
            Verdict::Unknown => {
                self.stop = Some(Stop::Ambiguous { statement: statement.to_owned() });
                Ok(())
            }
        }
    }

    /// As [`Self::before_call`], for a cursor over `sql`.
    pub(super) async fn before_cursor(
        &mut self,
        asked: [u8; 16],
        sql: &str,
    ) -> Result<Option<CallResult>, SqlError> {
        if let Some(result) = self.replayed(asked, sql)? {
            return Ok(Some(result));
        }
        let mut sessions = self.sessions().await;
        if let Some(reason) = self.reason_apart(sql) {
            self.go_apart(sessions.record(), sql, reason).await?;
            return Ok(None);
        }
        match self.segment(&mut sessions).await {
            Ok(()) => Ok(None),
            Err(error) => Err(self.own(error)),
        }
    }

    /// Prepares a call that neither commits nor runs outside of a transaction. Returns its recorded result, or opens the
    /// segment in which to make it and returns `None`.
    pub(super) async fn before_call(
        &mut self,
        asked: [u8; 16],
        sql: &str,
    ) -> Result<Option<CallResult>, SqlError> {
        if let Some(result) = self.replayed(asked, sql)? {
            return Ok(Some(result));
        }
        if self.stretch.is_some() {
            return Ok(None);
        }
        let mut sessions = self.sessions().await;
        match self.segment(&mut sessions).await {
            Ok(()) => Ok(None),
            Err(error) => Err(self.own(error)),
        }
    }
}

impl JournalRow {
    /// Returns whether one of its calls may have taken effect.
    pub(crate) fn may_have_changed(&self) -> bool {
        let calls = self.results.as_deref().map_or(Some(Vec::new()), decode);
        // What cannot be read may say anything.
        !self.is_done || calls.is_none_or(|calls| calls.iter().any(|call| call.changes.is_some()))
    }

    /// Returns the statements that may have changed something, as messages show them.
    pub(crate) fn changes(&self) -> Vec<String> {
        let calls = self.results.as_deref().and_then(decode).unwrap_or_default();
        calls.into_iter().filter_map(|call| call.changes).collect()
    }

    fn asks(&self, asked: [u8; 16]) -> bool {
        let calls = self.results.as_deref().and_then(decode).unwrap_or_default();
        calls.first().is_some_and(|call| call.asked == asked)
    }
}

/// Marks a point beside a statement that commits by itself where a test may kill the process.
pub(super) fn point(name: &str) {
    crash::point(name);
}
