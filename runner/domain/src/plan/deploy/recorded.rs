//! What a plan says about alterations that are recorded: changed, missing, ahead of the files, begun and not ended.

use super::Planner;
use crate::{
    alteration::{AlterationId, AlterationKey, Direction, PluginName},
    plan::{Finding, begun, drafts},
    record::{Fit, StateRow, Status},
};
use std::collections::BTreeMap;

impl Planner<'_> {
    /// Reports plugins that are recorded under another name by now. Their alterations look as if they had never run.
    pub(super) fn renamed(&mut self) {
        for plugin in self.catalog.plugins() {
            let now = self.snapshot.name_now(plugin);
            if now != plugin && self.snapshot.applied().any(|row| row.key.plugin == *now) {
                let (from, to) = (plugin.clone(), now.clone());
                self.plan.findings.push(Finding::Renamed { from, to });
            }
        }
    }

    /// Reports what is wrong with recorded alterations.
    pub(super) fn rows(&mut self) {
        let mut absent: BTreeMap<&PluginName, usize> = BTreeMap::new();
        for row in self.snapshot.rows.values() {
            let key = row.key.clone();
            match row.status {
                // What is to be said about it depends on the target.
                _ if self.takes_down() && drafts::is_going_down(self.snapshot, row) => {}
                Status::Running | Status::Failed if self.snapshot.runs.contains_key(&key) => {
                    self.unfinished(row);
                }
                Status::Running => self.find(Finding::Running { key }),
                Status::Failed if self.catalog.get(&row.key).is_some() => {
                    let error = row.error.clone().unwrap_or_default();
                    self.failed(key, error, false);
                }
                Status::Failed | Status::Reverted => {}
                Status::Applied => match self.catalog.get(&row.key) {
                    Some(file) if drafts::has_changed(row, file) => {
                        let (recorded, found) = (row.checksum, file.checksum);
                        let allowed = self.policy.changed;
                        if !self.takes_down() {
                            self.find(Finding::DraftChanged { key, recorded, found, allowed });
                        }
                    }
                    // An applied draft with the same checksum is what is offered, and stays.
                    Some(file) if file.checksum != row.checksum => self.find(Finding::Changed {
                        key,
                        recorded: row.checksum,
                        found: file.checksum,
                        allowed: self.policy.changed,
                    }),
                    Some(_) => {}
                    None => match self.catalog.of(&row.key.plugin).next_back() {
                        None => *absent.entry(&row.key.plugin).or_default() += 1,
                        Some(newest) if row.key.id > newest.key.id => {
                            let newest_file = newest.key.id.clone();
                            self.ahead(&row.key.plugin, &row.key.id, newest_file);
                        }
                        Some(_) => {
                            let allowed = self.policy.missing;
                            self.find(Finding::Missing { key, allowed });
                        }
                    },
                },
            }
        }
        for (plugin, applied) in absent {
            self.find(Finding::PluginAbsent { plugin: plugin.clone(), applied });
        }
    }

    /// Reports an attempt that was begun and has not ended.
    fn unfinished(&mut self, row: &StateRow) {
        let key = row.key.clone();
        let file = self.catalog.get(&key);
        let goes_on = !self.snapshot.is_going_down(&key)
            && file.is_some_and(|file| file.checksum == row.checksum);
        if let Some(finding) = begun::cut_off(self.snapshot, &key, !goes_on) {
            self.find(finding);
        } else if self.snapshot.is_going_down(&key) {
            self.find(Finding::UnfinishedRollback { key });
        } else if let Some(file) = file.filter(|file| file.checksum != row.checksum) {
            // What took effect is not how this file begins, or nobody knows whether it is.
            let (recorded, found) = (row.checksum, file.checksum);
            let is_code = self.snapshot.mended.get(&key).is_some_and(|m| m.fit == Fit::Unknown);
            let took_effect = Vec::new();
            let direction = Direction::Up;
            self.find(Finding::BegunOtherwise {
                key,
                direction,
                recorded,
                found,
                is_code,
                took_effect,
            });
        } else if file.is_none() {
            self.find(Finding::Unfinished { key });
        } else if row.status == Status::Failed {
            let error = row.error.clone().unwrap_or_default();
            self.failed(key, error, true);
        }
    }

    fn failed(&mut self, key: AlterationKey, error: String, unfinished: bool) {
        let mended = self.snapshot.mended.contains_key(&key);
        let took_effect = Vec::new();
        self.find(Finding::Failed { key, error, blocks: false, unfinished, mended, took_effect });
    }

    /// Reports once for each plugin, with the newest applied alteration, that the files are older.
    fn ahead(&mut self, plugin: &PluginName, id: &AlterationId, newest_file: AlterationId) {
        let known = self.plan.findings.iter_mut().find_map(|finding| match finding {
            Finding::Ahead { plugin: known, applied, newer, .. } if known == plugin => {
                Some((applied, newer))
            }
            _ => None,
        });
        match known {
            Some((applied, newer)) => {
                *applied = id.clone().max(applied.clone());
                *newer += 1;
            }
            None => {
                let (plugin, applied) = (plugin.clone(), id.clone());
                self.find(Finding::Ahead { plugin, applied, newest_file, newer: 1 });
            }
        }
    }
}
