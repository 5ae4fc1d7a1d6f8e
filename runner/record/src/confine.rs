//! A plugin with records becomes confined, or is none any more: what is recorded of that, with what the driver does for it.
//!
//! One transaction each, which the ledger's compare-and-swap orders like any other change. Where confined plugins have users of
//! their own, the driver gives them their objects in it; on SQLite the record is all there is to it. Whether anybody agreed is
//! decided in `deploy`.

use super::{
    Attempt, Backend, BackendError, Counts, Ending, Snapshot, StateRow,
    connection::Cell,
    map,
    recorded::query,
    tables::{Record, history, schema, state},
    transaction::{Durability, Own},
};
use crate::alteration::{AlterationKey, Direction, Level, PluginName};
use alteration_database::backend::confining::{Holdings, Strayed};
use alteration_domain::record::{Changes, Found, Object, tables::LEVEL_SINCE};
use std::collections::{BTreeMap, BTreeSet};

/// What a plugin made, as far as it is there: each object with the alteration that made it.
pub type Made = BTreeMap<Object, AlterationKey>;

impl Backend {
    /// Everything that a plugin could own, as the catalogue has it now; `None` where the map of owners tells renamed objects
    /// from new ones by itself.
    pub async fn found(&mut self) -> Result<Option<Vec<Found>>, BackendError> {
        match self.confines_in_place() {
            true => Ok(None),
            false => self.confining(async |confining| confining.found().await).await.map(Some),
        }
    }

    /// Looks whose the objects `made` are now, and what confining `plugin` would change. Changes nothing.
    pub async fn holdings(
        &mut self,
        plugin: &PluginName,
        made: &Made,
    ) -> Result<Holdings, BackendError> {
        let objects: Vec<Object> = made.keys().cloned().collect();
        if !self.confines_in_place() {
            return self
                .confining(async |confining| confining.holdings(plugin, &objects).await)
                .await;
        }
        self.begin_looking().await?;
        let things = self.things().await;
        self.abandon().await?;
        let things = things?;
        let is_there = |object: &Object| {
            things.iter().any(|thing| {
                thing.kind == object.kind.as_str() && thing.name.eq_ignore_ascii_case(&object.name)
            })
        };
        let (moving, missing) = objects.into_iter().partition(is_there);
        Ok(Holdings { moving, missing, ..Holdings::default() })
    }

    /// What of a confined plugin does not belong to its user any more; `None` if all of it does, and where confined plugins
    /// have no users.
    pub async fn strays(&mut self, plugin: &PluginName) -> Result<Option<Strayed>, BackendError> {
        let Some(shared) = self.connection.clone() else { return Ok(None) };
        match shared.lock().await.confining() {
            Some(confining) => confining.strays(plugin).await,
            None => Ok(None),
        }
    }

    /// Makes `plugin` confined, and its user the owner of `made`, which become the map's rows of it. Returns the user, where
    /// it has one. Needs the lock.
    pub async fn confine(
        &mut self,
        plugin: &PluginName,
        made: &Made,
        snapshot: &Snapshot,
    ) -> Result<Option<String>, BackendError> {
        let known = self.owners().await?;
        let begins = self.advance(snapshot.revision.ok_or(BackendError::Moved)?)?;
        let unknown = made.iter().filter(|(object, _)| known.owner(object).is_none());
        let changes = Changes {
            made: unknown.map(|(object, key)| (object.clone(), key.clone())).collect(),
            ..Changes::default()
        };
        let mut record = map::write(&changes);
        record.push(state::set_level(plugin, Level::Confined));
        record.extend(of_last(plugin, snapshot, Ending::Confined, made.len()));
        if self.confines_in_place() {
            record.insert(0, begins);
            self.apply(record, Durability::Flushed).await?;
            return Ok(None);
        }
        let objects: Vec<Object> = made.keys().cloned().collect();
        let given = self
            .confining(async |confining| confining.give(plugin, &objects, begins, record).await)
            .await?;
        Ok(Some(given))
    }

    /// Makes `plugin` guarded again. Returns its former user, if that could not be dropped. Needs the lock.
    pub async fn release_confined(
        &mut self,
        plugin: &PluginName,
        snapshot: &Snapshot,
    ) -> Result<Option<String>, BackendError> {
        let begins = self.advance(snapshot.revision.ok_or(BackendError::Moved)?)?;
        let count = self.owners().await?.iter().filter(|(_, key)| key.plugin == *plugin).count();
        let mut record = vec![state::set_level(plugin, Level::Guarded)];
        record.extend(of_last(plugin, snapshot, Ending::Guarded, count));
        if self.confines_in_place() {
            record.insert(0, begins);
            self.apply(record, Durability::Flushed).await?;
            return Ok(None);
        }
        self.confining(async |confining| confining.take_back(plugin, begins, record).await).await
    }

    /// After [`Backend::confine`] or [`Backend::release_confined`] whose answer never came: connects again and looks whether it
    /// took effect.
    pub async fn look_after_confining(
        &mut self,
        plugin: &PluginName,
        is_confined: bool,
    ) -> Result<bool, BackendError> {
        let (is_fenced, snapshot) = self.settled().await?;
        if is_fenced {
            return Err(BackendError::LeaseLost);
        }
        if snapshot.confined.contains(plugin) != is_confined {
            return Ok(false);
        }
        Ok(self.strays(plugin).await?.is_none())
    }

    /// What the map of owners knows of `plugin`, and the applied alterations of which it may know too little: those that were
    /// applied before the map was kept.
    pub async fn mapped(
        &mut self,
        plugin: &PluginName,
        snapshot: &Snapshot,
    ) -> Result<(Made, Vec<AlterationKey>), BackendError> {
        let owners = self.owners().await?;
        let made: Made = owners
            .iter()
            .filter(|(_, key)| key.plugin == *plugin)
            .map(|(object, key)| (object.clone(), key.clone()))
            .collect();
        let leveled = self.leveled(plugin).await?;
        let is_known = |key: &AlterationKey| {
            made.values().any(|maker| maker == key) || !made.is_empty() && leveled.contains(key)
        };
        let unknown = snapshot
            .applied()
            .filter(|row| row.key.plugin == *plugin && !is_known(&row.key))
            .map(|row| row.key.clone())
            .collect();
        Ok((made, unknown))
    }

    /// The alterations of `plugin` whose level is recorded: since then the map is kept.
    async fn leveled(
        &mut self,
        plugin: &PluginName,
    ) -> Result<BTreeSet<AlterationKey>, BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        connection.look().await?;
        let read = async {
            match schema::version(connection).await? {
                Some(version) if version >= LEVEL_SINCE => {
                    let sql =
                        "SELECT plugin, id FROM @state WHERE plugin = ? AND level IS NOT NULL";
                    query(connection, sql, [Cell::text(plugin)]).await
                }
                _ => Ok(Vec::new()),
            }
        };
        let read = read.await;
        connection.rollback().await?;
        let key =
            |cells| Ok(Record::new(cells, "alteration_state, a row").key("alteration_state")?);
        read?.into_iter().map(key).collect()
    }
}

/// Appends to the history, with the plugin's last alteration, that its level was changed.
fn of_last(
    plugin: &PluginName,
    snapshot: &Snapshot,
    ending: Ending,
    objects: usize,
) -> Option<Own> {
    let of_plugin = snapshot.rows.values().filter(|row| row.key.plugin == *plugin);
    let last: &StateRow = of_plugin.max_by_key(|row| row.revision)?;
    let attempt = Attempt { direction: Direction::Up, ..Attempt::down(last) };
    let text = format!("{plugin} is {} from here on, with {objects} objects", ending.as_str());
    Some(history::append(&attempt, Some((ending, &Counts::default(), Some(&text)))))
}
