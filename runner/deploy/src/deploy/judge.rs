//! The SQL texts of a plan, judged as a whole before anything is altered.
//!
//! The texts are those that `pack` is sure will run; what a component of another language will say is not
//! known. Runs nothing, and asks the database for no more than its archive.

use super::{
    Job,
    again::Halves,
    components::{creates, fetch},
};
use crate::{
    alteration::{AlterationKey, Checksum, Direction, Level},
    backend::{Backend, Phase, Run, Snapshot},
    error::Error,
    pack::{SqlHook, SqlSource},
    plan::{Finding, Plan, Severity, Step},
    source,
    sql::Judge,
};
use alteration_domain::component;
use std::collections::{BTreeMap, BTreeSet};

/// One step's hooks that are still to run.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    key: AlterationKey,
    direction: Direction,
    phase: Phase,
    level: Level,
}

impl Pending {
    pub(super) fn new(step: &Step, run: Option<&Run>, level: Level) -> Self {
        let phase = run.map_or(Phase::Preparation, |run| run.phase);
        Self { key: step.key.clone(), direction: step.direction, phase, level }
    }

    fn hooks(&self) -> impl Iterator<Item = SqlHook> {
        let (before, main) = match self.direction {
            Direction::Up => (SqlHook::BeforeUp, SqlHook::Up),
            Direction::Down => (SqlHook::BeforeDown, SqlHook::Down),
        };
        let step = (self.direction == Direction::Up).then_some(SqlHook::Step);
        let (before, main) = match self.phase {
            Phase::Preparation => (Some(before), Some(main)),
            Phase::Main => (None, Some(main)),
            Phase::Backfill => (None, None),
        };
        before.into_iter().chain(main).chain(step)
    }
}

/// Returns what of a component's SQL would be refused when `pending` run, or could not be resumed; nothing where its
/// SQL is not known.
pub(super) fn component(
    judge: &Judge,
    source: Option<&SqlSource>,
    pending: &[Pending],
) -> Vec<Finding> {
    let Some(source) = source else { return Vec::new() };
    let of_one = |pending: &Pending| {
        let mut note = None;
        let refused = pending.hooks().find_map(|hook| {
            let text = source.text(&pending.key.id, hook, judge.dialect());
            if note.is_none() {
                note = judge.unrepeatable(text, hook.role()).map(|found| Finding::NotResumable {
                    key: pending.key.clone(),
                    direction: pending.direction,
                    hook: hook.name(),
                    statement: found.statement,
                    line: 1 + text[..found.offset].matches('\n').count(),
                    reason: found.reason,
                });
            }
            let refused = judge.at(pending.level).judge(text, hook.role()).err()?;
            Some(Finding::Refused {
                key: pending.key.clone(),
                hook: hook.name(),
                statement: refused.statement,
                line: refused.line(text),
                excerpt: refused.excerpt(text),
                direction: pending.direction,
                is_too_long: refused.is_too_long,
                reason: refused.reason,
            })
        });
        refused.or(note)
    };
    pending.iter().filter_map(of_one).collect()
}

/// The steps of `plan`, by the component that each runs.
pub(super) fn by_component<'a>(
    plan: &'a Plan,
    snapshot: &Snapshot,
    checksum: impl Fn(&'a Step) -> Option<Checksum>,
) -> BTreeMap<Checksum, Vec<Pending>> {
    let mut pending: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for step in &plan.steps {
        if let Some(checksum) = checksum(step) {
            let run = snapshot.runs.get(&step.key);
            pending.entry(checksum).or_default().push(Pending::new(step, run, step.level));
        }
    }
    pending
}

/// Adds to `plan` what its SQL texts would be refused for, and from where on they could not be resumed, for a verb that
/// only shows it.
pub(crate) async fn plan(
    job: &Job<'_>,
    plan: &mut Plan,
    snapshot: &Snapshot,
    backend: &mut Backend,
) -> Result<(), Error> {
    if job.only_records() {
        return Ok(());
    }
    let Looked { findings, mut creates } = match job.halves(plan, snapshot) {
        None => look(job, plan, snapshot, backend).await?,
        Some(Halves { down: (taking_down, down), up, between }) => {
            let mut looked = look(&taking_down, &down, snapshot, backend).await?;
            let other = look(job, &up, &between, backend).await?;
            looked.findings.extend(other.findings);
            Looked { creates: other.creates, ..looked }
        }
    };
    add(plan, findings);
    for step in plan.steps.iter_mut().filter(|step| step.direction == Direction::Up) {
        step.creates.append(&mut creates.remove(&step.key).unwrap_or_default());
    }
    Ok(())
}

/// What components of a plan say before they run.
#[derive(Default)]
struct Looked {
    findings: Vec<Finding>,
    /// What confined plugins make, where the database has to know that beforehand.
    creates: BTreeMap<AlterationKey, BTreeSet<String>>,
}

async fn look(
    job: &Job<'_>,
    plan: &Plan,
    snapshot: &Snapshot,
    backend: &mut Backend,
) -> Result<Looked, Error> {
    let judge = backend.judge().await.unbounded();
    let checksum = |step: &Step| match (job.file(&step.key, snapshot), snapshot.runs.get(&step.key))
    {
        (_, Some(run)) => Some(run.component_checksum),
        (Some(file), None) => Some(file.component_checksum),
        (None, None) => Some(snapshot.rows.get(&step.key)?.component_checksum),
    };
    let mut looked = Looked::default();
    for (checksum, pending) in by_component(plan, snapshot, checksum) {
        let Some(first) = pending.first() else { continue };
        let file = job.file(&first.key, snapshot);
        let bytes = fetch(file, &first.key, checksum, backend).await?;
        let source = SqlSource::of(&bytes);
        looked.findings.extend(component(&judge, source.as_ref(), &pending));
        if backend.confines_journaled() {
            looked.creates.extend(made(&judge, &bytes, source.as_ref(), &pending));
        }
    }
    Ok(looked)
}

/// Returns what those of `pending` make that are confined, as far as their component says it.
fn made(
    judge: &Judge,
    bytes: &[u8],
    source: Option<&SqlSource>,
    pending: &[Pending],
) -> Vec<(AlterationKey, BTreeSet<String>)> {
    let manifest = component::manifest(bytes).ok().flatten();
    let declarations = manifest.iter().flat_map(|manifest| &manifest.alterations);
    let of_one = |pending: &Pending| {
        let id = &pending.key.id;
        let declaration = declarations.clone().find(|declaration| declaration.id == *id);
        Some((pending.key.clone(), creates(declaration, source, id, judge)?))
    };
    pending.iter().filter(|pending| pending.level == Level::Confined).filter_map(of_one).collect()
}

/// Refuses `plan` where a text of its files would be refused, in either direction. For a database that has
/// nothing yet.
pub(super) fn files(job: &Job<'_>, plan: &Plan, judge: &Judge) -> Result<(), Error> {
    let mut findings = Vec::new();
    let Some((catalog, _)) = job.offer() else { return Ok(()) };
    let empty = Snapshot::empty();
    let checksum = |step: &Step| Some(catalog.get(&step.key)?.component_checksum);
    for (checksum, mut pending) in by_component(plan, &empty, checksum) {
        let file = pending.first().and_then(|first| catalog.get(&first.key));
        let Some(file) = file else { continue };
        let bytes = source::read_component(&file.path, checksum)?;
        let down = pending.clone().into_iter();
        pending.extend(down.map(|up| Pending { direction: Direction::Down, ..up }));
        findings.extend(component(judge, SqlSource::of(&bytes).as_ref(), &pending));
    }
    findings.retain(|finding| finding.severity() != Severity::Note);
    if findings.is_empty() {
        return Ok(());
    }
    let mut plan = plan.clone();
    add(&mut plan, findings);
    Err(Error::Objections(Box::new(plan)))
}

/// Adds `findings` in the order of the plan's steps.
pub(super) fn add(plan: &mut Plan, findings: Vec<Finding>) {
    let mut by_step: BTreeMap<AlterationKey, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        if let Finding::Refused { key, .. } | Finding::NotResumable { key, .. } = &finding {
            by_step.entry(key.clone()).or_default().push(finding);
        }
    }
    let in_order = plan.steps.iter().filter_map(|step| by_step.remove(&step.key)).flatten();
    plan.findings.extend(in_order);
}
