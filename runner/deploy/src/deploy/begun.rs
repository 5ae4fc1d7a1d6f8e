//! What is there of alterations that were begun and have not ended, for whoever has to undo it.

use crate::{
    backend::{Backend, BackendError, Phase, Run, Snapshot},
    plan::Plan,
};

/// Adds to the findings of `plan` what took effect of what they are about.
pub(crate) async fn tell(
    plan: &mut Plan,
    snapshot: &Snapshot,
    backend: &mut Backend,
) -> Result<(), BackendError> {
    for finding in &mut plan.findings {
        if let Some((key, took_effect)) = finding.took_effect_mut()
            && let Some(run) = snapshot.runs.get(key)
        {
            *took_effect = of(run, backend).await?;
        }
    }
    Ok(())
}

/// Returns what took effect of `run`, in order, as messages show it.
pub(crate) async fn of(run: &Run, backend: &mut Backend) -> Result<Vec<String>, BackendError> {
    let (done, open) = backend.effects(run).await?;
    let mut told = Vec::new();
    match run.phase {
        Phase::Backfill => {
            told.push("all of it but its backfill".to_owned());
            if run.checkpoint.steps > 0 {
                told.push(format!("{} steps of its backfill", run.checkpoint.steps));
            }
        }
        Phase::Main if run.counts.statements > 0 => {
            told.push("what comes before it, all of that".to_owned());
        }
        Phase::Preparation | Phase::Main => {}
    }
    told.extend(done);
    told.extend(open.map(|statement| format!("not known: {statement}")));
    Ok(told)
}
