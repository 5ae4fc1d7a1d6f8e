//! Files that are offered for what was begun and are not what began it: whether it can go on in them.
//!
//! Decided before anything runs, and recorded before any step does. The SQL of a component is known, so that it can be said
//! whether its first statements are those that took effect; what a component of code does is not, and then it is the operator's
//! decision: run again, it stops where it does otherwise, before anything is altered.

use super::{Job, Work};
use crate::{
    alteration::{Alteration, AlterationKey, Direction},
    backend::{Asked, Attempt, Backend, BackendError, Fit, Phase, Revision, Run, Snapshot},
    crash,
    error::Error,
    pack::{SqlHook, SqlSource},
    plan::Plan,
    source,
};

/// Looks at what is unfinished in `snapshot`, which comes back as it will be.
pub(crate) async fn look(
    job: &Job<'_>,
    snapshot: Snapshot,
    backend: &mut Backend,
) -> Result<Snapshot, Error> {
    let mut after = snapshot;
    let runs: Vec<Run> = after.runs.values().cloned().collect();
    for run in runs {
        let Some(file) = job.replacement(&run, &after) else { continue };
        let (fit, asked) = match backend.is_untouched(&run).await? {
            true => (Fit::Anew, Vec::new()),
            false => fit(job, &run, file, backend).await?,
        };
        let mut attempt =
            Attempt { irreversible: file.is_irreversible(run.dialect), ..Attempt::up(file) };
        if let Some(settings) = job.settings() {
            settings.fill(&run.key.plugin, &mut attempt.settings);
        }
        after.mend(&attempt, fit, asked);
    }
    Ok(after)
}

/// Returns how `file` stands to what took effect, and what the recorded calls ask for in it.
async fn fit(
    job: &Job<'_>,
    run: &Run,
    file: &Alteration,
    backend: &mut Backend,
) -> Result<(Fit, Vec<Asked>), Error> {
    let (done, _) = backend.effects(run).await?;
    let goes_on = Fit::GoesOn { statements: done.len() };
    let bytes = source::read_component(&file.path, file.component_checksum)?;
    let Some(offered) = SqlSource::of(&bytes) else {
        return Ok((if job.tries(run) { goes_on } else { Fit::Unknown }, Vec::new()));
    };
    let text = |source: &SqlSource, hook| source.text(&run.key.id, hook, run.dialect).to_owned();
    let (before, main) = match run.direction {
        Direction::Up => (SqlHook::BeforeUp, SqlHook::Up),
        Direction::Down => (SqlHook::BeforeDown, SqlHook::Down),
    };
    // What is done as a whole is no longer in the journal: it has to be the same text.
    let whole: &[SqlHook] = match run.phase {
        Phase::Preparation => &[],
        Phase::Main => &[before],
        Phase::Backfill => &[before, main],
    };
    let begun = archived(run, backend).await?;
    let begun = begun.as_deref().and_then(SqlSource::of);
    let differs = |hook: &SqlHook| {
        begun.as_ref().is_none_or(|begun| text(begun, *hook) != text(&offered, *hook))
    };
    if whole.iter().any(differs) {
        return Ok((Fit::Differs, Vec::new()));
    }
    let at_hand = match run.phase {
        Phase::Preparation => before,
        Phase::Main => main,
        // Each step stands alone.
        Phase::Backfill => return Ok((goes_on, Vec::new())),
    };
    let sql = text(&offered, at_hand);
    // Without that hook there is nothing that could go on.
    if run.phase == Phase::Preparation && sql.is_empty() {
        return Ok((Fit::Differs, Vec::new()));
    }
    let begun = begun.as_ref().map(|begun| text(begun, at_hand));
    Ok(match backend.begins_with(run, begun.as_deref(), &sql).await? {
        Some(asked) => (goes_on, asked),
        None => (Fit::Differs, Vec::new()),
    })
}

/// The bytes that began `run`; `None` where the archive cannot serve.
async fn archived(run: &Run, backend: &mut Backend) -> Result<Option<Vec<u8>>, Error> {
    match backend.archived(run.component_checksum).await {
        Err(BackendError::ArchiveDamaged(_) | BackendError::Corrupt(_)) => Ok(None),
        archived => Ok(archived?),
    }
}

impl Job<'_> {
    /// Returns what is offered for `run` and is not what began it.
    fn replacement(&self, run: &Run, snapshot: &Snapshot) -> Option<&Alteration> {
        match self {
            Self::Deploy { catalog, .. }
            | Self::DeployOne { catalog, .. }
            | Self::TakeDown { catalog, .. } => {
                let recorded = snapshot.rows.get(&run.key)?.checksum;
                let file = catalog.get(&run.key).filter(|_| run.direction == Direction::Up)?;
                (file.checksum != recorded).then_some(file)
            }
            Self::Rollback { with, .. } => {
                let file = with.get(&run.key).filter(|_| run.direction == Direction::Down)?;
                (file.component_checksum != run.component_checksum).then_some(file)
            }
            Self::Baseline { .. } => None,
        }
    }

    /// Returns whether the operator said that what was begun is to go on in a component of code that is another one.
    fn tries(&self, run: &Run) -> bool {
        match self {
            Self::Deploy { options, .. }
            | Self::DeployOne { options, .. }
            | Self::TakeDown { options, .. } => options.policy.changed,
            // It was named for this very alteration.
            Self::Rollback { with, .. } => with.get(&run.key).is_some(),
            Self::Baseline { .. } => false,
        }
    }
}

impl Work<'_> {
    /// Records what of `plan` goes on in another component; `after` is the state as it will be then. Whether there was
    /// anything: the plan has to be made anew then.
    pub(super) async fn mend(
        &self,
        backend: &mut Backend,
        plan: &Plan,
        after: &Snapshot,
    ) -> Result<bool, Error> {
        let taken = after.mended.iter().filter(|(_, mended)| mended.fit.is_taken());
        let keys: Vec<&AlterationKey> = taken.map(|(key, _)| key).collect();
        let steps = plan.steps.iter().map(|step| &step.key).filter(|key| keys.contains(key));
        let mut now: Option<(Snapshot, Revision)> = None;
        for key in steps {
            let (now, revision) = match &mut now {
                Some(known) => known,
                None => {
                    let read = backend.snapshot().await?;
                    let revision = read.revision.ok_or(BackendError::Moved)?;
                    now.insert((read, revision))
                }
            };
            let Some((_, ready)) = self.components.get(key) else {
                return Err(Error::PlanChanged(key.clone()));
            };
            crash::point("before an alteration is mended");
            *revision = backend.mend(key, (now, after), &ready.bytes, *revision).await?;
            crash::point("after an alteration was mended");
        }
        Ok(now.is_some())
    }
}
