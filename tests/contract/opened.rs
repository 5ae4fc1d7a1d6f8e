//! A backend as the cases use it: an attempt is begun, committed or rolled back, whatever number of
//! parts it has on that database.

use alteration_record::session::{Counts, SharedSession};
use alteration_record::{
    Attempt, Backend, BackendError, Claim, Ending, HookLimits, Next, Part, Phase, Revision, Run,
    Stop, Undone, Work,
};
use std::ops::{Deref, DerefMut};

pub struct Opened {
    backend: Backend,
    /// What was begun and is neither committed nor rolled back: the attempt, where the ledger was
    /// when its part was opened, and its run where it has one.
    begun: Option<(Attempt, Revision, Option<Run>)>,
    undone: Option<(Run, Undone)>,
}

impl Opened {
    pub fn new(backend: Backend) -> Self {
        Self { backend, begun: None, undone: None }
    }

    pub async fn begin(&mut self, claim: &Claim<'_>) -> Result<SharedSession, BackendError> {
        let journaled = self.backend.is_journaled().await?;
        self.begin_by(claim, journaled).await
    }

    /// Begins a part that is journaled whatever the database, as `before-up` is.
    pub async fn begin_journaled(
        &mut self,
        claim: &Claim<'_>,
    ) -> Result<SharedSession, BackendError> {
        self.begin_by(claim, true).await
    }

    async fn begin_by(
        &mut self,
        claim: &Claim<'_>,
        journaled: bool,
    ) -> Result<SharedSession, BackendError> {
        let mut revision = claim.revision;
        let run = match journaled {
            false => None,
            true => {
                let runs = self.backend.snapshot().await?.runs;
                let known = runs.get(&claim.attempt.key).cloned();
                let run = match known {
                    Some(run) => {
                        revision = self.backend.resume_run(claim, &run).await?;
                        run
                    }
                    None => {
                        let dialect = self.backend.dialect();
                        let entropy = alteration_host::entropy::draw().expect("random bytes");
                        let now = "2026-01-01T00:00:00.000Z".to_owned();
                        let run =
                            Run::new(claim.attempt, Phase::Main, dialect, "0.1.0", entropy, now);
                        revision = self.backend.begin_run(claim, &run).await?;
                        run
                    }
                };
                Some(run)
            }
        };
        self.begun = Some((claim.attempt.clone(), revision, run));
        let (attempt, revision, run) = self.begun.as_ref().expect("it was just begun");
        let claim = Claim { attempt, revision: *revision, component: claim.component };
        self.backend.open(&work(&claim, run.as_ref())).await
    }

    pub async fn commit(
        &mut self,
        claim: &Claim<'_>,
        counts: &Counts,
    ) -> Result<Revision, BackendError> {
        let (attempt, revision, run) = self.begun.take().expect("it was begun");
        let claim = Claim { attempt: &attempt, revision, component: claim.component };
        let done = self.backend.complete(&work(&claim, run.as_ref()), counts, &Next::Done).await;
        if done.is_err() {
            // It is still there to be rolled back.
            self.begun = Some((attempt, revision, run));
        }
        done
    }

    /// Rolls back, and tells why a journaled hook cannot go on by itself.
    pub async fn stopped(&mut self) -> Result<Option<Stop>, BackendError> {
        self.rollback().await?;
        Ok(self.undone.as_ref().and_then(|(_, undone)| undone.stop.clone()))
    }

    pub async fn rollback(&mut self) -> Result<(), BackendError> {
        let (attempt, revision, run) = self.begun.take().expect("it was begun");
        let claim = Claim { attempt: &attempt, revision, component: b"" };
        let undone = self.backend.undo(&work(&claim, run.as_ref())).await?;
        self.undone = run.map(|run| (run, undone));
        Ok(())
    }

    pub async fn record_failure(
        &mut self,
        attempt: &Attempt,
        ending: Ending,
        counts: &Counts,
        error: &str,
    ) -> Result<(), BackendError> {
        match self.undone.take() {
            None => self.backend.record_failure(attempt, ending, counts, error).await,
            Some((run, undone)) => {
                let keep = !undone.effects.is_empty();
                let end = (ending, counts, error);
                self.backend.record_run_failure(attempt, &run, end, keep).await.map(drop)
            }
        }
    }

    pub async fn close(self) {
        self.backend.close().await;
    }
}

fn work<'a>(claim: &'a Claim<'a>, run: Option<&'a Run>) -> Work<'a> {
    let part = run.map_or(Part::Whole, Part::Journaled);
    Work { claim, part, limits: HookLimits::default(), following: None, is_grouped: false }
}

impl Deref for Opened {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.backend
    }
}

impl DerefMut for Opened {
    fn deref_mut(&mut self) -> &mut Backend {
        &mut self.backend
    }
}
