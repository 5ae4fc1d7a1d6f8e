//! What runs in a rehearsal, component by component, and its way into the user's folder.

use super::{
    explain::Exit,
    options::RunArgs,
    output::{self, count},
    report::Reporter,
};
use alteration_deploy::{
    Report,
    event::Event,
    rehearsals::{Rehearsal, Statements},
};
use alteration_domain::alteration::{AlterationKey, Checksum, Direction};
use alteration_host::HookEvent;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Listens to a rehearsal.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<Recorded>>);

/// One alteration that was begun.
#[derive(Debug, Clone)]
struct Recorded {
    key: AlterationKey,
    direction: Direction,
    component: Checksum,
    /// The one that ran last.
    hook: &'static str,
    statements: Statements,
}

impl Recorder {
    pub(super) fn event(&self, event: Event<'_>) {
        let all = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (event, all.last_mut()) {
            // A plan that is made anew begins with what is not done.
            (Event::Started { key, direction, component, .. }, _) => {
                all.retain(|recorded| recorded.key != *key);
                let (key, statements) = (key.clone(), Statements::default());
                all.push(Recorded { key, direction, component, hook: "", statements });
            }
            (Event::Hook { key, hook, event: HookEvent::Statement { sql, rows } }, Some(last))
                if last.key == *key =>
            {
                if last.hook != hook {
                    last.hook = hook;
                    last.statements.mark();
                }
                last.statements.push(hook, sql, rows);
            }
            (Event::Stepped { key, .. }, Some(last)) if last.key == *key => last.statements.mark(),
            // What it ran before is undone, or is run once more.
            (Event::Retrying { key, hook, .. }, Some(last))
                if last.key == *key && last.hook == hook =>
            {
                last.statements.rewind();
            }
            _ => {}
        }
    }

    /// By component, with where it had to end.
    fn rehearsals(&self, database: &str, report: &Report) -> BTreeMap<Checksum, Vec<Rehearsal>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut rehearsals = BTreeMap::<_, Vec<_>>::new();
        for Recorded { key, direction, component, statements, .. } in all {
            let ended = report.not_rehearsed.as_ref().filter(|ended| ended.key == key);
            let ended = ended.and_then(|ended| ended.statement.clone());
            let rehearsal = Rehearsal::of(&key, direction, database, statements, ended);
            rehearsals.entry(component).or_default().push(rehearsal);
        }
        rehearsals
    }
}

/// Saves what ran, if it is wanted, and says so.
pub(super) fn save(reporter: &Reporter, run: &RunArgs, database: &str, report: &Report) -> Exit {
    let Some(recorder) = reporter.recorder() else { return Exit::Done };
    let kept = recorder.rehearsals(database, report);
    if kept.is_empty() {
        output::note("Nothing ran, so there is nothing to save.");
        return Exit::Done;
    }
    let components = count(kept.len() as u64, "component");
    let saved = match run.rehearsals() {
        None => Err("this user has no cache folder".to_owned()),
        Some(rehearsals) => kept
            .into_iter()
            .try_for_each(|(component, list)| rehearsals.keep(component, list))
            .map_err(|error| error.to_string()),
    };
    match saved {
        Ok(()) => {
            output::note(&format!(
                "Saved the statements of {components}; `runner inspect FILE --sql` shows them."
            ));
            Exit::Done
        }
        Err(reason) => {
            let lines = [
                ("changed", "nothing: this was a rehearsal".to_owned()),
                ("next", "name a folder of this user's own with `--cache-dir`".to_owned()),
            ];
            output::problem(&format!("the statements cannot be saved: {reason}"), &lines);
            Exit::Failed
        }
    }
}
