//! Attempts: each part of one is opened, run by the caller, and completed or undone.
//!
//! Most attempts have one part, whose transaction also holds the record. What is journaled or done
//! step by step has several: `alteration_run` says where it stands, and each part moves it on in
//! the transaction that also holds what the part did.

use super::{
    Attempt, Backend, BackendError, Checkpoint, Claim, Counts, Ending, HookLimits, Phase, Revision,
    Run, Snapshot, Status,
    connection::HookMode,
    granted::Granted,
    journal::{Journal, SharedJournal, Stop},
    recorded::{conclude, or_roll_back},
    tables::{
        self, archive, history,
        journal::{self, JournalRow},
        ledger, run, state,
    },
    transaction::{Durability, End, Own, Start},
};
use crate::{
    alteration::{Direction, Level},
    crash,
    session::SharedSession,
};
use std::sync::Arc;

/// One part of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    pub claim: &'a Claim<'a>,
    pub part: Part<'a>,
    pub limits: HookLimits,
    /// The attempt that comes after this one, in one transaction: its start is recorded with the end of this
    /// one, where the part is the last.
    pub following: Option<Following<'a>>,
    /// It may be committed together with what follows, see [`Backend::groups`].
    pub is_grouped: bool,
}

/// An attempt in one transaction that comes after another one.
#[derive(Debug, Clone, Copy)]
pub struct Following<'a> {
    pub attempt: &'a Attempt,
    /// Its component's bytes.
    pub component: &'a [u8],
}

#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// The whole attempt, in one transaction with its record.
    Whole,
    /// A part of a run that has several, in one transaction with where the run stands then.
    Transaction(&'a Run),
    /// A journaled part of a run.
    Journaled(&'a Run),
}

/// What comes after a part.
#[derive(Debug, Clone)]
pub enum Next {
    /// Nothing: the attempt is done.
    Done,
    Phase(Phase),
    /// Another step of the backfill.
    Step(Checkpoint),
}

/// What is left of a part that was undone.
#[derive(Debug, Default)]
pub struct Undone {
    /// Statements of the whole hook that took effect and stay; empty if nothing did.
    pub effects: Vec<String>,
    /// An earlier attempt began a statement about which nobody has looked yet.
    pub is_open: bool,
    /// Why running it again will not help before a person decided.
    pub stop: Option<Stop>,
    /// Why it cannot be resumed either: it was cut off in a session of its own.
    pub cut: Option<Stop>,
    /// Where the ledger is after a journaled part, if nobody else has moved it.
    pub revision: Option<Revision>,
    /// What went wrong on the runner's side, where the guest was only told that something did.
    pub own_error: Option<BackendError>,
    /// Attempts before it that were to be committed with it are rolled back, too.
    pub is_group_lost: bool,
}

impl Backend {
    /// Whether `up` and `down` have to be journaled on this database.
    pub async fn is_journaled(&self) -> Result<bool, BackendError> {
        Ok(self.shared()?.lock().await.journals().commits_by_itself)
    }

    /// Records, in a transaction of its own, that an attempt starts, where that is not recorded with the end
    /// of the one before ([`Work::following`]). Advances the revision.
    pub async fn record_start(
        &mut self,
        attempt: &Attempt,
        revision: Revision,
    ) -> Result<Revision, BackendError> {
        let started = vec![self.advance(revision)?, history::append(attempt, None)];
        // If the server crashes before the attempt has committed anything, the start may be lost with it.
        self.apply(started, Durability::Unflushed).await?;
        Ok(revision.next())
    }

    /// Claims an alteration for an attempt of several parts: from here on its status is `running`
    /// until the last part is done, whatever happens to this process.
    pub async fn begin_run(
        &mut self,
        claim: &Claim<'_>,
        run: &Run,
    ) -> Result<Revision, BackendError> {
        let revision = claim.revision.next();
        let mut begun = vec![
            self.advance(claim.revision)?,
            state::claim(claim.attempt, revision, Status::Running),
        ];
        begun.extend(self.archive_up(claim).await?);
        begun.push(run::insert(run));
        begun.push(history::append(claim.attempt, None));
        self.apply(begun, Durability::Flushed).await?;
        self.is_archived(claim);
        Ok(revision)
    }

    /// After [`Backend::begin_run`] whose answer never came: connects again and looks. Where the
    /// ledger is, if the run was begun.
    pub async fn look_after_begin(&mut self, run: &Run) -> Result<Option<Revision>, BackendError> {
        let (is_fenced, snapshot) = self.settled().await?;
        if is_fenced {
            return Err(BackendError::LeaseLost);
        }
        let begun = snapshot.runs.get(&run.key).is_some_and(|found| found.marker == run.marker);
        if begun {
            self.disk.is_as_committed();
        }
        Ok(snapshot.revision.filter(|_| begun))
    }

    /// Reads the state on a new connection, once nothing that was sent on the old one can still
    /// change it, and tells whether another runner has the lease by now.
    pub(super) async fn settled(&mut self) -> Result<(bool, Snapshot), BackendError> {
        self.reconnect().await?;
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        // The server may still be about to commit: its transaction holds the ledger's row, which
        // has to be had before anything that is read is final.
        let held = connection.start(Start::own(vec![ledger::advance_any(self.fence)])).await;
        let (is_fenced, read) = match held.map_err(BackendError::from) {
            Ok(_) => (false, tables::snapshot::read(connection).await),
            // Whoever took the lease over had the ledger's row after that transaction.
            Err(BackendError::Moved) if self.lease.is_some() => {
                connection.rollback().await?;
                connection.look().await?;
                (true, tables::snapshot::read(connection).await)
            }
            Err(error) => (false, Err(error)),
        };
        connection.rollback().await?;
        let (snapshot, _) = read?;
        let revision = match is_fenced {
            true => snapshot.revision,
            // Without the one that is rolled back.
            false => snapshot.revision.map(|revision| Revision(revision.0 - 1)),
        };
        Ok((is_fenced, Snapshot { revision, ..snapshot }))
    }

    /// Records that an unfinished attempt is taken up again.
    pub async fn resume_run(
        &mut self,
        claim: &Claim<'_>,
        run: &Run,
    ) -> Result<Revision, BackendError> {
        {
            let shared = self.shared()?;
            let connection = &mut *shared.lock().await;
            // What outlived the runner that began it must be over before anything is looked at. It
            // may hold the ledger's row, so that it is ended before that is swapped.
            self.still_in_charge(connection, Some(claim.revision)).await?;
            connection.end_orphans(&run.marker).await?;
        }
        if claim.attempt.limits.level == Level::Confined && !self.confines_in_place() {
            self.shut_former().await?;
        }
        let resumed = vec![
            self.advance(claim.revision)?,
            state::mark(&run.key, Status::Running, None),
            history::append(claim.attempt, None),
        ];
        self.apply(resumed, Durability::Flushed).await?;
        Ok(claim.revision.next())
    }

    /// Opens a part: begins its transaction or its journal, and hands out the plugin's session.
    pub async fn open(&mut self, work: &Work<'_>) -> Result<SharedSession, BackendError> {
        let shared = self.shared()?;
        if let Some(maps) = shared.lock().await.maps() {
            let key = &work.claim.attempt.key;
            maps.set_maker(key);
            let permissions = &work.claim.attempt.permissions;
            maps.bound(work.is_confined().then(|| Granted::of(key.plugin.clone(), permissions)));
        }
        if let Part::Journaled(run) = work.part {
            let settings = self.hook_settings(HookMode::Journaled, work.limits);
            let place = (work.claim.revision, self.fence);
            let sessions = match self.is_apart(work.limits.level) {
                true => (shared, Some(self.open_journaled(work.claim.attempt).await?)),
                false => (self.enter(work).await?, None),
            };
            let journal = Journal::open(sessions, run, place, settings, self.rehearsing).await?;
            let journal = Arc::new(tokio::sync::Mutex::new(journal));
            self.journal = Some(Arc::clone(&journal));
            return Ok(journal);
        }
        if work.is_grouped {
            self.gather().await?;
        }
        let mut own = vec![self.advance(work.claim.revision)?];
        if matches!(work.part, Part::Whole) {
            own.extend(self.archive_up(work.claim).await?);
        }
        let settings = self.hook_settings(HookMode::Transaction, work.limits);
        if self.is_apart(work.limits.level) && self.rehearsing {
            return self.open_rehearsed(work, settings, own).await;
        }
        if self.is_apart(work.limits.level) {
            let begins = own.remove(0);
            let session = self.open_confined(work, settings, begins, own).await?;
            crash::point("after the claim");
            return Ok(session);
        }
        let shared = self.enter(work).await?;
        {
            let connection = &mut *shared.lock().await;
            if let Some(sessions) = connection.sessions() {
                sessions.set_marker(match work.part {
                    Part::Whole => None,
                    Part::Transaction(run) | Part::Journaled(run) => Some(&run.marker),
                });
            }
            let started = connection.start(Start::entering(own, settings)).await;
            or_roll_back(connection, started.map_err(BackendError::from)).await?;
        }
        crash::point("after the claim");
        Ok(shared)
    }

    /// What the transaction of the attempt after `work` begins with, once the ledger is at `revision`; `None` where it is not
    /// this connection's, or something has to be asked first.
    async fn start_of_following(
        &mut self,
        work: &Work<'_>,
        revision: Revision,
    ) -> Result<Option<Start>, BackendError> {
        let (Part::Whole, Some(Following { attempt, component })) = (work.part, work.following)
        else {
            return Ok(None);
        };
        let is_elsewhere = |level| level == Level::Confined && !self.confines_in_place();
        if self.rehearsing || is_elsewhere(work.limits.level) || is_elsewhere(attempt.limits.level)
        {
            return Ok(None);
        }
        let mut own = vec![self.advance(revision)?];
        // What `work` archives is there by then.
        if attempt.component_checksum != work.claim.attempt.component_checksum {
            // A large one is asked for before it is sent.
            if component.len() > archive::CHUNK_BYTES {
                return Ok(None);
            }
            own.extend(self.archiving(attempt, component).await?);
        }
        let settings = self.hook_settings(HookMode::Transaction, attempt.limits);
        Ok(Some(Start::entering(own, settings)))
    }

    /// Ends a part: checks what the database left unchecked, records what was done and what comes
    /// next, commits, and verifies that the commit took place.
    pub async fn complete(
        &mut self,
        work: &Work<'_>,
        counts: &Counts,
        next: &Next,
    ) -> Result<Revision, BackendError> {
        let mut revision = work.claim.revision.next();
        if let Part::Journaled(_) = work.part
            && let Some(journal) = self.journal.clone()
        {
            let mut journal = journal.lock().await;
            revision = journal.ready_to_end().await?;
            self.end_journaled(journal.take_ticket());
        }
        let mut record = record_part(work, revision, counts, next)?;
        if let Some(journal) = self.journal.clone().filter(|_| !work.is_confined()) {
            record.extend(journal.lock().await.mapped().await?);
        }
        if let Some(maps) = self.shared()?.lock().await.maps() {
            record.extend(maps.statements(&work.claim.attempt.key, work.is_confined()));
        }
        record.extend(self.made(work).await?);
        // What follows is on the disk only together with this, and the last one waits for it.
        let durability = match (work.part, work.following) {
            (Part::Whole, Some(_)) if work.is_grouped && self.may_gather() => Durability::Grouped,
            (Part::Whole, Some(_)) => Durability::Unflushed,
            _ => Durability::Flushed,
        };
        let committed = match self.is_apart(work.limits.level) {
            true => self.complete_confined(record, durability).await?,
            false => {
                let then = self.start_of_following(work, revision).await?;
                let end = End { then, ..End::hook(record, durability) };
                self.entered(work)?.lock().await.finish(end).await?
            }
        };
        self.disk.committed(committed);
        if matches!(work.part, Part::Whole) {
            self.is_archived(work.claim);
        }
        self.journal = None;
        Ok(revision)
    }

    /// After a commit whose answer never came: connects again and looks. `Some` if it took effect.
    pub async fn look_after_commit(
        &mut self,
        work: &Work<'_>,
        next: &Next,
    ) -> Result<Option<Revision>, BackendError> {
        let (is_fenced, snapshot) = self.settled().await?;
        let own = work.claim.revision.next();
        if is_fenced {
            // What is there now may be the other's work; only a row of this attempt's own revision
            // is not.
            let row = snapshot.rows.get(&work.claim.attempt.key);
            let is_own = matches!(next, Next::Done) && row.is_some_and(|row| row.revision == own);
            return if is_own { Ok(Some(own)) } else { Err(BackendError::LeaseLost) };
        }
        let Some(revision) = snapshot.revision else { return Ok(None) };
        let key = &work.claim.attempt.key;
        let run = snapshot.runs.get(key);
        let wanted = Status::after(work.claim.attempt.direction);
        let took_effect = match (next, work.part) {
            (Next::Done, _) => {
                run.is_none() && snapshot.rows.get(key).is_some_and(|row| row.status == wanted)
            }
            (Next::Phase(phase), _) => run.is_some_and(|run| run.phase == *phase),
            (Next::Step(checkpoint), _) => {
                run.is_some_and(|run| run.checkpoint.steps == checkpoint.steps)
            }
        };
        if took_effect {
            self.disk.is_as_committed();
            self.disk.committed(Durability::Unflushed);
        }
        // Where somebody was faster since, the next step is to hear of it.
        let revision = if matches!(work.part, Part::Journaled(_)) { revision } else { own };
        Ok(took_effect.then_some(revision))
    }

    /// The statement from which on the hook at hand goes on in a session of its own, and why, if it does.
    pub async fn went_apart(&self) -> Option<(String, String)> {
        self.journal.as_ref()?.lock().await.went_apart.clone()
    }

    /// Takes a part back as far as that is possible, ending a statement that still runs.
    pub async fn undo(&mut self, work: &Work<'_>) -> Result<Undone, BackendError> {
        let undone = self.undo_part(work).await?;
        Ok(Undone { is_group_lost: self.take_lost_group().await?, ..undone })
    }

    async fn undo_part(&mut self, work: &Work<'_>) -> Result<Undone, BackendError> {
        self.undo_confined().await?;
        let journal = match work.part {
            Part::Journaled(_) => self.journal.take(),
            Part::Whole | Part::Transaction(_) => None,
        };
        let undone = self.undo_once(work, journal.as_ref()).await;
        if let Err(BackendError::Disconnected(_)) = undone {
            self.reconnect().await?;
            return self.undo_once(work, journal.as_ref()).await;
        }
        undone
    }

    async fn undo_once(
        &self,
        work: &Work<'_>,
        journal: Option<&SharedJournal>,
    ) -> Result<Undone, BackendError> {
        if let Some(journal) = journal {
            return journal.lock().await.undo().await;
        }
        self.entered(work)?.lock().await.rollback().await?;
        Ok(Undone::default())
    }

    /// Records, after [`Backend::undo`], how an attempt of one part ended that was not done. The
    /// state row says `failed` only for [`Ending::Failed`].
    pub async fn record_failure(
        &mut self,
        attempt: &Attempt,
        ending: Ending,
        counts: &Counts,
        error: &str,
    ) -> Result<(), BackendError> {
        let mut recorded = vec![ledger::advance_any(self.fence)];
        if ending == Ending::Failed {
            recorded.extend(state::fail(attempt, error));
        }
        recorded.push(history::append(attempt, Some((ending, counts, Some(error)))));
        self.apply(recorded, Durability::Flushed).await
    }

    /// Records that an attempt was interrupted of which nothing is there but its start. No plan rests on
    /// that, so that the ledger stays where it is.
    pub async fn record_not_begun(
        &mut self,
        attempt: &Attempt,
        reason: &str,
    ) -> Result<(), BackendError> {
        let end = (Ending::Interrupted, &Counts::default(), Some(reason));
        let recorded = vec![ledger::hold(self.fence), history::append(attempt, Some(end))];
        self.apply(recorded, Durability::Flushed).await
    }

    /// As [`Backend::record_failure`], for an attempt of several parts. With `keep`, and wherever the
    /// journal says that something took effect, the run stays, to be taken up again; else nothing of
    /// it is left, and the row says so. The statements of the hook at hand that took effect, if the
    /// run stays.
    pub async fn record_run_failure(
        &mut self,
        attempt: &Attempt,
        run: &Run,
        end: (Ending, &Counts, &str),
        keep: bool,
    ) -> Result<Option<Vec<String>>, BackendError> {
        let (ending, counts, error) = end;
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let decided = async {
            let held = vec![ledger::advance_any(self.fence), run::check(run)];
            connection.start(Start::own(held)).await?;
            // Only what is committed counts, whatever the caller came to know of it.
            let rows = journal::read(connection, &run.key).await?;
            let keep = keep || rows.iter().any(JournalRow::may_have_changed);
            let mut recorded = if keep {
                let status = match ending {
                    Ending::Failed => Status::Failed,
                    Ending::Done
                    | Ending::Interrupted
                    | Ending::Resolved
                    | Ending::Baseline
                    | Ending::TakenOver
                    | Ending::Released
                    | Ending::Mended
                    | Ending::Confined
                    | Ending::Guarded => Status::Running,
                };
                vec![state::mark(&run.key, status, Some(error))]
            } else {
                put_back(run, ending, error)
            };
            recorded.push(history::append(attempt, Some((ending, counts, Some(error)))));
            // Of one that is not done nobody knows whether it took effect.
            let effects = keep.then(|| super::journal::effects(&rows));
            Ok((effects, End::own(recorded)))
        };
        let decided = decided.await;
        let (effects, durability) = conclude(connection, decided).await?;
        self.disk.committed(durability);
        Ok(effects)
    }
}

/// The record of a part.
fn record_part(
    work: &Work<'_>,
    revision: Revision,
    counts: &Counts,
    next: &Next,
) -> Result<Vec<Own>, BackendError> {
    let attempt = work.claim.attempt;
    let (run, mut record) = match work.part {
        Part::Whole => (None, Vec::new()),
        Part::Transaction(run) => (Some(run), Vec::new()),
        Part::Journaled(run) => (Some(run), vec![journal::clear(&run.key)]),
    };
    let total = run.map_or(*counts, |run| run.counts.and(counts));
    match (next, run) {
        (Next::Done, run) => {
            match run {
                None => record.push(state::record(attempt, revision, &total)),
                Some(run) => {
                    record.push(run::delete(run));
                    record.push(state::finalise(attempt, revision, &total));
                }
            }
            record.push(history::append(attempt, Some((Ending::Done, &total, None))));
            let following = work.following.map(|following| following.attempt);
            record.extend(following.map(|attempt| history::append(attempt, None)));
        }
        (Next::Phase(phase), Some(run)) => {
            record.push(run::advance(run, *phase, &run.checkpoint, &total));
        }
        (Next::Step(checkpoint), Some(run)) => {
            record.push(run::advance(run, Phase::Backfill, checkpoint, &total));
        }
        (Next::Phase(_) | Next::Step(_), None) => return Err(BackendError::Moved),
    }
    Ok(record)
}

/// What ends a run of which nothing took effect.
fn put_back(run: &Run, ending: Ending, error: &str) -> Vec<Own> {
    let row = match (run.direction, ending, run.previous) {
        (Direction::Down, ..) => state::mark(&run.key, Status::Applied, Some(error)),
        (Direction::Up, Ending::Failed, _) => state::mark(&run.key, Status::Failed, Some(error)),
        (Direction::Up, _, Some(previous)) => state::mark(&run.key, previous, None),
        (Direction::Up, _, None) => state::forget(&run.key),
    };
    vec![journal::clear(&run.key), run::delete(run), row]
}
