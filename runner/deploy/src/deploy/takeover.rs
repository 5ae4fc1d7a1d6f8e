//! Renamed plugins: the state as it will be once one has taken over what is recorded of another, and that step itself.
//!
//! A plan is made of the state as it will be, so that nothing that is applied under the old name looks pending under the
//! new one. Nothing is recorded before the operator agreed, and a file counts as unchanged only where its code is.

use super::{Job, Work, mended};
use crate::{
    alteration::{Catalog, Checksum, Dialect},
    backend::{Backend, BackendError, Snapshot, Status, Takeover},
    crash,
    error::Error,
    event::{Event, TakenOver},
    pack::is_same_code,
    plan::{self, Finding, Plan, Rename, Renames},
    source,
};
use std::collections::HashMap;

/// What plugins would take over, and what there is to say about it.
#[derive(Debug, Default)]
pub(crate) struct Renaming {
    pub(super) takeovers: Vec<Takeover>,
    findings: Vec<Finding>,
}

impl Renaming {
    /// Looks for it in `snapshot`, which comes back as it will be, also of what was begun and is mended. `also` was
    /// agreed to meanwhile.
    pub(crate) async fn look(
        job: &Job<'_>,
        also: &Renames,
        snapshot: Snapshot,
        backend: &mut Backend,
    ) -> Result<(Snapshot, Self), Error> {
        let Some(catalog) = job.catalog() else {
            return Ok((mended::look(job, snapshot, backend).await?, Self::default()));
        };
        let accepted: Renames = job.renames().union(also).cloned().collect();
        let (mut takeovers, findings) = plan::takeovers(catalog, &snapshot, &accepted);
        let mut after = snapshot;
        for takeover in &mut takeovers {
            compare(takeover, catalog, &after, backend).await?;
            after = after.taken_over(takeover);
        }
        Ok((mended::look(job, after, backend).await?, Self { takeovers, findings }))
    }

    /// The plan of a job that begins with it.
    pub(crate) fn plan(&self, job: &Job<'_>, after: &Snapshot, dialect: Dialect) -> Plan {
        let mut plan = job.plan(after, dialect);
        plan.findings.splice(0..0, self.findings.iter().cloned());
        plan
    }

    /// Returns what the operator is to agree to, where nothing else speaks against the plan.
    pub(super) fn to_ask(plan: &Plan) -> Vec<Rename> {
        let renames = plan.objections().map(|finding| match finding {
            Finding::TakesOver { from, to, .. } => {
                Some(Rename { from: from.clone(), to: to.clone() })
            }
            _ => None,
        });
        renames.collect::<Option<_>>().unwrap_or_default()
    }
}

/// Finds the files that are not the bytes that were applied, and differ from them in their manifest only.
async fn compare(
    takeover: &mut Takeover,
    catalog: &Catalog,
    snapshot: &Snapshot,
    backend: &mut Backend,
) -> Result<(), Error> {
    // The alterations of a release share a component.
    let mut compared: HashMap<(Checksum, Checksum), bool> = HashMap::new();
    for row in snapshot.rows.values().filter(|row| row.key.plugin == takeover.from) {
        let mut files = catalog.of(&takeover.to);
        let Some(file) = files.find(|file| file.key.id == row.key.id) else { continue };
        if file.checksum == row.checksum {
            continue;
        }
        let pair = (row.component_checksum, file.component_checksum);
        let is_same = match compared.get(&pair) {
            Some(is_same) => *is_same,
            None => {
                let applied = match backend.archived(row.component_checksum).await {
                    Ok(applied) => applied,
                    // Then it cannot be told, and the file counts as changed.
                    Err(BackendError::ArchiveDamaged(_) | BackendError::Corrupt(_)) => None,
                    Err(error) => return Err(error.into()),
                };
                let offered = source::read_component(&file.path, file.component_checksum)?;
                let is_same = applied.is_some_and(|applied| is_same_code(&applied, &offered));
                compared.insert(pair, is_same);
                is_same
            }
        };
        if is_same {
            takeover.checksums.insert(row.key.id.clone(), file.checksum);
        }
    }
    Ok(())
}

impl Work<'_> {
    /// Records each takeover in a transaction of its own. `snapshot` is the state as it is; it comes back as it is then.
    pub(super) async fn take_over(
        &mut self,
        backend: &mut Backend,
        takeovers: &[Takeover],
        snapshot: Snapshot,
    ) -> Result<Snapshot, Error> {
        let mut now = snapshot;
        for takeover in takeovers {
            let revision = now.revision.ok_or(BackendError::Moved)?;
            crash::point("before a takeover");
            let next = match backend.take_over(takeover, &now, revision).await {
                Err(BackendError::Disconnected(reason)) => {
                    let is_done = backend.look_after_taking_over(takeover).await?;
                    if !is_done {
                        return Err(BackendError::Disconnected(reason).into());
                    }
                    // Where the ledger is after that has to be read anew.
                    None
                }
                taken => Some(taken?),
            };
            let applied = now
                .rows
                .values()
                .filter(|row| row.key.plugin == takeover.from && row.status == Status::Applied);
            let taken = TakenOver {
                from: takeover.from.clone(),
                to: takeover.to.clone(),
                applied: applied.count(),
            };
            (self.control.observer)(Event::TakenOver { taken: &taken });
            self.report.taken_over.push(taken);
            crash::point("after a takeover");
            now = now.taken_over(takeover);
            now.revision = next;
        }
        Ok(now)
    }
}
