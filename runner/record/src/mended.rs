//! Begun attempts that go on in another component than the one that began them: its file was mended.
//!
//! Whether that can be, is found out before anything runs: `deploy::mended` looks, here is what it asks, and the one
//! transaction that records it. What took effect stays in the journal, and is replayed by the component that goes on.

use super::{
    Asked, Attempt, Backend, BackendError, Counts, Ending, Revision, Run, Snapshot, Status,
    journal,
    recorded::conclude,
    tables::{
        archive, history,
        journal::{self as rows, JournalRow},
        run, state,
    },
    transaction::{End, Start},
};
use crate::alteration::{AlterationKey, Direction};

impl Backend {
    /// Whether a hook that hands over `text` first does what took effect of the hook at hand of `run`, which handed over
    /// `begun` if that is known. What its calls ask for.
    pub async fn begins_with(
        &mut self,
        run: &Run,
        begun: Option<&str>,
        text: &str,
    ) -> Result<Option<Vec<Asked>>, BackendError> {
        let rows = self.journal(run).await?;
        // What was done in a session of the hook's own cannot be gone on with, in whatever text.
        if rows.iter().any(JournalRow::is_apart) {
            return Ok(None);
        }
        let shared = self.shared()?;
        let reading = shared.lock().await.reading();
        journal::begins_with(reading, &rows, begun, text)
    }

    /// Whether nothing of `run` can have taken effect.
    pub async fn is_untouched(&mut self, run: &Run) -> Result<bool, BackendError> {
        let is_first = run.counts.statements == 0 && run.phase != super::Phase::Backfill;
        Ok(is_first && !self.journal(run).await?.iter().any(JournalRow::may_have_changed))
    }

    /// Records in one transaction that what was begun of `key` goes on, or begins anew, in another component, whose
    /// bytes are `component`. `now` is the state as it is, `after` as it will be.
    pub async fn mend(
        &mut self,
        key: &AlterationKey,
        (now, after): (&Snapshot, &Snapshot),
        component: &[u8],
        revision: Revision,
    ) -> Result<Revision, BackendError> {
        let (Some(row), Some(run)) = (now.rows.get(key), now.runs.get(key)) else {
            return Err(BackendError::Moved);
        };
        let attempt = Attempt { direction: run.direction, ..Attempt::down(row) };
        let attempt = attempt.resumed(row, run);
        self.still_in_charge_of(revision).await?;
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        // What outlived the runner that began it must be over; it may hold the ledger's row.
        connection.end_orphans(&run.marker).await?;
        let mut recorded = Vec::new();
        let mended = async {
            connection.start(Start::own(vec![self.advance(revision)?])).await?;
            match (after.rows.get(key), after.runs.get(key)) {
                (Some(row_after), Some(run_after)) => {
                    let component_checksum = run_after.component_checksum;
                    recorded.extend(archive::store(component_checksum, component, None).await?);
                    let asked = after.mended.get(key).map(|mended| mended.asked.as_slice());
                    let calls = rows::read(connection, key).await?;
                    let calls = journal::asked_anew(calls, asked.unwrap_or_default())?;
                    recorded.extend(calls.into_iter().map(|row| rows::rewrite(key, row)));
                    recorded.push(run::mend(run, run_after));
                    if run.direction == Direction::Up {
                        recorded.push(state::mend(row, row_after));
                    }
                    let checksum = row_after.checksum;
                    let attempt = Attempt { checksum, component_checksum, ..attempt.clone() };
                    let text = format!("begun in another component, {}", run.component_checksum);
                    let end = (Ending::Mended, &Counts::default(), Some(text.as_str()));
                    recorded.push(history::append(&attempt, Some(end)));
                }
                (row_after, _) => {
                    recorded.extend([rows::clear(key), run::delete(run)]);
                    recorded.push(match row_after {
                        Some(row_after) => {
                            let is_failed = row_after.status == Status::Failed;
                            let error = row.error.as_deref().filter(|_| is_failed);
                            state::mark(key, row_after.status, error)
                        }
                        None => state::forget(key),
                    });
                    let text = "nothing of it took effect; it begins anew in another component";
                    let end = (Ending::Mended, &Counts::default(), Some(text));
                    recorded.push(history::append(&attempt, Some(end)));
                }
            }
            Ok(((), End::own(recorded)))
        };
        let mended = mended.await;
        let ((), durability) = conclude(connection, mended).await?;
        self.disk.committed(durability);
        Ok(revision.next())
    }

    /// Whether this runner may still end what carries a run's marker.
    async fn still_in_charge_of(&self, revision: Revision) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        self.still_in_charge(connection, Some(revision)).await
    }
}
