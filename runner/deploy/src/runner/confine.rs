//! A plugin with records becomes confined, is released again, or gets back what a restore or an administrator took from it.
//!
//! ```text
//!   record ── which objects? ── map of owners, and where it says too little a replay on a scratch database (`replay.rs`)
//!          ── whose are they now, and what would change? ── the operator agrees ── lock ── one transaction
//! ```

use super::Runner;
use crate::{
    alteration::{AlterationKey, Dialect, PluginName},
    backend::{
        Access, Backend, BackendError, Foreign, Holdings, Made, Obstacle, Revision, Snapshot,
        Status, Strayed, ViewRead,
    },
    deploy::{self, Control, How, Levels, Settings},
    error::Error,
    escape::Escaped,
    record::Object,
};
use std::{collections::BTreeMap, path::PathBuf};

/// What to do about a plugin with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Confine it.
    Confine,
    /// Have it work with the rights of the URL's user again.
    Undo,
    /// Give it back what it should have as a confined plugin.
    Repair,
}

/// Whether to replay the plugin's alterations on a scratch database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// If something was applied before the map of owners was kept.
    IfNeeded,
    Always,
    Never,
}

/// How to find out what the plugin made, and how to work.
#[derive(Debug, Clone)]
pub struct ConfineOptions {
    pub wish: Wish,
    pub replay: Replay,
    /// SQL that runs on the scratch database first.
    pub prepare: Option<PathBuf>,
    pub settings: Settings,
    /// At which level plugins are replayed.
    pub levels: Levels,
    pub how: How,
}

/// What is about to be done, for whoever agrees to it.
#[derive(Debug, Clone)]
pub struct Confinement {
    pub wish: Wish,
    pub made: Made,
    pub holdings: Holdings,
    /// How many alterations were replayed to find that out.
    pub replayed: usize,
}

/// What was done.
#[derive(Debug, Clone)]
pub enum Confined {
    /// Nothing: it is as it was wished for.
    UpToDate,
    Done {
        what: Box<Confinement>,
        /// The plugin's user; of one that was released, its former user if that could not be dropped.
        role: Option<String>,
    },
}

/// Why a plugin stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    #[error("nothing is recorded of {0} in this database")]
    NoRecords(PluginName),
    #[error("{0} was begun and has not ended")]
    Unfinished(AlterationKey),
    #[error("{plugin} cannot be confined: on {dialect} no plugin with records can be yet")]
    NotYet { plugin: PluginName, dialect: Dialect },
    #[error("{}", strayed(plugin, found))]
    Strayed { plugin: PluginName, found: Strayed },
    #[error("the objects of {plugin} are not as they are recorded: {}", objects(missing, foreign))]
    Objects { plugin: PluginName, user: String, missing: Vec<Object>, foreign: Vec<Foreign> },
    #[error(
        "views of {plugin} read what this user may give no rights on: {}",
        reads.iter().map(|read| Escaped(&read.relation).to_string()).collect::<Vec<_>>().join(", ")
    )]
    Reads { plugin: PluginName, reads: Vec<ViewRead> },
    #[error("what {plugin} made cannot be found out: {key} failed on a scratch database: {cause}")]
    Replay { plugin: PluginName, key: AlterationKey, cause: Box<Error> },
    #[error("{object}, which {plugin} made, is recorded as made by {other}")]
    MadeByAnother { plugin: PluginName, object: String, other: PluginName },
}

fn strayed(plugin: &PluginName, found: &Strayed) -> String {
    deploy::strays::finding(plugin, found).to_string()
}

/// Names an object for a message.
pub fn shown(object: &Object) -> String {
    let Object { kind, place, name } = object;
    match place.is_empty() || kind.as_str() == "schema" {
        true => format!("{kind} {}", Escaped(name)),
        false => format!("{kind} {}.{}", Escaped(place), Escaped(name)),
    }
}

fn objects(missing: &[Object], foreign: &[Foreign]) -> String {
    let missing = missing.iter().map(|object| format!("{} is missing", shown(object)));
    let foreign = foreign.iter().map(|Foreign { object, owner }| {
        format!("{} belongs to {}", shown(object), Escaped(owner))
    });
    missing.chain(foreign).collect::<Vec<_>>().join("; ")
}

impl Runner {
    /// Changes how a plugin with records works in this database, after `confirm` agreed.
    pub async fn confine(
        &self,
        plugin: &PluginName,
        options: &ConfineOptions,
        control: &Control,
        confirm: &(dyn Fn(&Confinement) -> bool + Send + Sync),
    ) -> Result<Confined, Error> {
        let mut backend = self.connect(Access::Write).await?;
        let done = self.confine_on(&mut backend, plugin, (options, control), confirm).await;
        backend.unlock().await;
        backend.close().await;
        done
    }

    async fn confine_on(
        &self,
        backend: &mut Backend,
        plugin: &PluginName,
        (options, control): (&ConfineOptions, &Control),
        confirm: &(dyn Fn(&Confinement) -> bool + Send + Sync),
    ) -> Result<Confined, Error> {
        let (wish, dialect) = (options.wish, backend.dialect());
        let snapshot = backend.snapshot().await?;
        let of_plugin = recorded(plugin, &snapshot);
        if of_plugin.is_empty() {
            return Err(ConfineError::NoRecords(plugin.clone()).into());
        }
        if matches!(dialect, Dialect::Mysql | Dialect::Mariadb) {
            return Err(ConfineError::NotYet { plugin: plugin.clone(), dialect }.into());
        }
        if let Some(key) = snapshot.runs.keys().find(|key| key.plugin == *plugin) {
            return Err(ConfineError::Unfinished(key.clone()).into());
        }
        let is_confined = snapshot.confined.contains(plugin);
        match (wish, is_confined, backend.strays(plugin).await?) {
            (Wish::Confine, true, Some(found)) => {
                return Err(ConfineError::Strayed { plugin: plugin.clone(), found }.into());
            }
            (Wish::Confine, true, None) | (Wish::Undo | Wish::Repair, false, _) => {
                return Ok(Confined::UpToDate);
            }
            (Wish::Repair, true, None) => return Ok(Confined::UpToDate),
            (Wish::Confine, false, _) | (Wish::Undo, true, _) | (Wish::Repair, true, Some(_)) => {}
        }
        if wish != Wish::Undo
            && let Some(Obstacle { missing, setup }) = backend.obstacle().await?
        {
            let plugin = plugin.clone();
            return Err(BackendError::CannotConfine { plugin, missing, setup }.into());
        }
        let (mut made, unknown) = backend.mapped(plugin, &snapshot).await?;
        let mut replayed = 0;
        let replays = match options.replay {
            Replay::IfNeeded => !unknown.is_empty(),
            Replay::Always => true,
            Replay::Never => false,
        };
        if wish == Wish::Confine && replays {
            let found = self.replay(plugin, &snapshot, backend, (options, control)).await?;
            replayed = found.alterations;
            for (object, key) in found.made {
                made.entry(object).or_insert(key);
            }
        }
        let owners = backend.owners().await?;
        for object in made.keys() {
            if let Some(other) = owners.owner(object).filter(|owner| *owner != plugin) {
                return Err(ConfineError::MadeByAnother {
                    plugin: plugin.clone(),
                    object: shown(object),
                    other: other.clone(),
                }
                .into());
            }
        }
        let holdings = backend.holdings(plugin, &made).await?;
        if wish != Wish::Undo {
            check(plugin, &holdings)?;
        }
        let what = Confinement { wish, made, holdings, replayed };
        if !confirm(&what) {
            return Err(Error::Declined);
        }
        deploy::lock(backend, &options.how, control).await?;
        // Tables of an older runner cannot be written to before.
        backend.prepare().await?;
        let now = backend.snapshot().await?;
        if recorded(plugin, &now) != of_plugin || now.confined.contains(plugin) != is_confined {
            return Err(BackendError::Moved.into());
        }
        let done = match wish {
            Wish::Confine | Wish::Repair => backend.confine(plugin, &what.made, &now).await,
            Wish::Undo => backend.release_confined(plugin, &now).await,
        };
        let role = match done {
            Err(BackendError::Disconnected(reason)) => {
                match backend.look_after_confining(plugin, wish != Wish::Undo).await? {
                    true => None,
                    false => return Err(BackendError::Disconnected(reason).into()),
                }
            }
            done => done?,
        };
        Ok(Confined::Done { what: Box::new(what), role })
    }
}

/// The plugin's alterations that have ever run or are there, with what tells whether another runner changed one since.
fn recorded(
    plugin: &PluginName,
    snapshot: &Snapshot,
) -> BTreeMap<AlterationKey, (Status, Revision)> {
    let rows = snapshot.rows.iter();
    rows.filter(|(key, row)| key.plugin == *plugin && row.status != Status::Failed)
        .map(|(key, row)| (key.clone(), (row.status, row.revision)))
        .collect()
}

/// Refuses what is not as the record has it, and what could not be given.
fn check(plugin: &PluginName, holdings: &Holdings) -> Result<(), ConfineError> {
    let Holdings { user, missing, foreign, reads, .. } = holdings;
    if !missing.is_empty() || !foreign.is_empty() {
        return Err(ConfineError::Objects {
            plugin: plugin.clone(),
            user: user.clone(),
            missing: missing.clone(),
            foreign: foreign.clone(),
        });
    }
    let reads: Vec<ViewRead> = reads.iter().filter(|read| !read.may_give).cloned().collect();
    match reads.is_empty() {
        true => Ok(()),
        false => Err(ConfineError::Reads { plugin: plugin.clone(), reads }),
    }
}
