//! Plugins that log in as users of their own: which session a part of an attempt works on, and its ticket.
//!
//! What a plugin did is recorded by the plugin's own transaction, although its user may not touch the runner's tables:
//! the operator's session commits a *ticket* with the statements beforehand, and two functions of the operator's run them.
//! How a database does that is behind [`Confining`]. Decides nothing about levels.

use super::{
    Attempt, Backend, BackendError, Obstacle, Work,
    confining::{Needs, Place, Right, Ticket},
    connection::{Confining, SharedConnection},
    journal::OwnSession,
    transaction::{Checks, Durability, End, HookSettings, Own, Start, TxError},
};
use crate::{
    alteration::{
        AlterationKey, Dialect, Direction, Level, Permission, Permissions, PluginName, TableName,
        TableOwner,
    },
    session::SharedSession,
};
use alteration_database::backend::beside::Beside;
use alteration_domain::record::{ObjectKind, Owners};
use std::{collections::BTreeSet, time::Duration};

/// The session that a confined plugin works on.
pub(super) struct Confined {
    plugin: PluginName,
    connection: SharedConnection,
    /// Of the part that is open.
    ticket: Option<Ticket>,
    /// Set while the part at hand is a journaled one, whose segments have tickets of their own.
    is_journaled: bool,
    /// The attempt that its user has what it needs for, where the session records by itself.
    allowed: Option<(AlterationKey, Direction)>,
}

impl Confined {
    /// Gives its user what an attempt needs, and nothing else.
    async fn allow(&self, needs: &Needs<'_>) -> Result<(), BackendError> {
        match self.connection.lock().await.confining() {
            Some(session) => session.allow(needs).await,
            None => Ok(()),
        }
    }

    /// Returns the way to look at the session while it is busy; `None` where the part at hand is not its own.
    pub(super) async fn beside(&self) -> Option<Box<dyn Beside>> {
        if self.ticket.is_none() && !self.is_journaled {
            return None;
        }
        self.connection.lock().await.beside()
    }

    /// Has all that is done on the session be part of one transaction, which ends with the session.
    pub(super) async fn begin_rehearsal(&self) -> Result<(), BackendError> {
        match self.connection.lock().await.rehearses() {
            Some(rehearses) => rehearses.begin_rehearsal().await,
            None => Ok(()),
        }
    }
}

impl Backend {
    /// What stands in the way of confining plugins in this database; `None` if nothing does. Asked outside of a
    /// transaction.
    pub async fn obstacle(&mut self) -> Result<Option<Obstacle>, BackendError> {
        let none = || Obstacle {
            missing: vec![format!(
                "on {} the runner cannot give a plugin a user of its own yet",
                self.dialect()
            )],
            setup: Vec::new(),
        };
        if self.confines_in_place() {
            return Ok(None);
        }
        let Some(shared) = self.connection.clone() else { return Ok(Some(none())) };
        let connection = &mut *shared.lock().await;
        match connection.confining() {
            Some(confining) => confining.obstacle().await,
            None => Ok(Some(none())),
        }
    }

    /// Says which plugins have their objects in schemas of their own, if they are confined from now on.
    pub fn set_own_schemas(&mut self, plugins: BTreeSet<PluginName>) {
        self.in_own_schemas = plugins;
    }

    /// Returns the schema of its own that a confined plugin has, or will have; `None` if it has none. An error where it has to
    /// have one and cannot. Changes nothing.
    pub async fn home(&mut self, plugin: &PluginName) -> Result<Option<String>, BackendError> {
        let place = self.place_of(plugin);
        let shared = match (&self.connection, place) {
            (Some(shared), _) => shared.clone(),
            (None, Place::Shared) => return Ok(None),
            (None, Place::Own) => return Err(no_schemas(plugin)),
        };
        let connection = &mut *shared.lock().await;
        match (connection.confining(), place) {
            (Some(confining), _) => confining.home(plugin, place).await,
            (None, Place::Shared) => Ok(None),
            (None, Place::Own) => Err(no_schemas(plugin)),
        }
    }

    fn place_of(&self, plugin: &PluginName) -> Place {
        match self.in_own_schemas.contains(plugin) {
            true => Place::Own,
            false => Place::Shared,
        }
    }

    /// Refuses a permission that nothing in the database stands for now. Changes nothing.
    pub async fn check_permission(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<(), BackendError> {
        if !self.confines_in_place() {
            self.confining(async |confining| confining.right(plugin, permission).await).await?;
            return Ok(());
        }
        let reason = match (permission, permission.table()) {
            (Permission::Extension(_), _) => {
                Some(format!("{} has no extensions that a deploy could make", self.dialect()))
            }
            (Permission::LeavesCode(_) | Permission::Drops(_), _) => Some(format!(
                "on {} a confined plugin only adds columns and indexes to tables of others, and changes rows there",
                self.dialect()
            )),
            (_, Some(table)) => not_of_its_owner(table, &self.owners().await?),
            (_, None) => None,
        };
        match reason {
            None => Ok(()),
            Some(reason) => Err(BackendError::NotGrantable {
                plugin: plugin.clone(),
                permission: permission.clone(),
                reason,
                setup: Vec::new(),
            }),
        }
    }

    /// Finds what the permissions of an attempt are about, and makes the extensions that are not there.
    async fn rights(&mut self, attempt: &Attempt) -> Result<Vec<Right>, BackendError> {
        let plugin = &attempt.key.plugin;
        let mut rights = Vec::new();
        for permission in &attempt.permissions {
            let found =
                self.confining(async |confining| confining.right(plugin, permission).await).await;
            match (found, attempt.direction) {
                // The table may be gone by now, and is not needed to go down.
                (Err(BackendError::NotGrantable { .. }), Direction::Down) => continue,
                (found, _) => rights.extend(found?),
            }
            if let Permission::Extension(name) = permission {
                self.confining(async |confining| confining.install(name).await).await?;
            }
        }
        Ok(rights)
    }

    /// Returns whether confined plugins work on the runner's own connection, bounded by its driver, so that they need no user of
    /// their own, and are rehearsed like others.
    pub fn confines_in_place(&self) -> bool {
        self.dialect() == Dialect::Sqlite
    }

    /// Returns whether the session of a confined plugin records its work by itself, so that it does everything that the
    /// runner's own connection does for others: where hooks are journaled.
    pub fn confines_journaled(&self) -> bool {
        matches!(self.dialect(), Dialect::Mysql | Dialect::Mariadb)
    }

    /// Whether a part at this level works on a session of its plugin's own, with a ticket of the operator's.
    pub(super) fn is_apart(&self, level: Level) -> bool {
        level == Level::Confined && !self.confines_in_place() && !self.confines_journaled()
    }

    /// Has the session ready that a part works on and records in.
    pub(super) async fn enter(
        &mut self,
        work: &Work<'_>,
    ) -> Result<SharedConnection, BackendError> {
        if !work.is_confined() || !self.confines_journaled() {
            return self.shared();
        }
        let attempt = work.claim.attempt;
        let (plugin, direction) = (&attempt.key.plugin, attempt.direction);
        self.enter_as(plugin).await?;
        let Some(confined) = &mut self.confined else { return Err(BackendError::Moved) };
        let asked = (attempt.key.clone(), direction);
        if confined.allowed.as_ref() != Some(&asked) {
            let none = BTreeSet::new();
            let creates = attempt.creates.as_ref().unwrap_or(&none);
            let permissions = &attempt.permissions;
            confined.allow(&Needs { plugin, direction, creates, permissions }).await?;
            confined.allowed = Some(asked);
        }
        Ok(confined.connection.clone())
    }

    /// The session that a part works on and records in, which was made ready before.
    pub(super) fn entered(&self, work: &Work<'_>) -> Result<SharedConnection, BackendError> {
        match &self.confined {
            Some(confined) if work.is_confined() && self.confines_journaled() => {
                Ok(confined.connection.clone())
            }
            _ => self.shared(),
        }
    }

    /// Connects the session of a confined plugin anew that records by itself.
    pub(super) async fn reconnect_confined(&mut self) -> Result<(), BackendError> {
        match &self.confined {
            Some(confined) if self.confines_journaled() => {
                confined.connection.lock().await.reconnect().await
            }
            _ => Ok(()),
        }
    }

    /// What records the objects that a part has made, where its session tells.
    pub(super) async fn made(&self, work: &Work<'_>) -> Result<Vec<Own>, BackendError> {
        match &self.confined {
            Some(confined) if work.is_confined() && self.confines_journaled() => {
                match confined.connection.lock().await.confining() {
                    Some(session) => session.made(&work.claim.attempt.key).await,
                    None => Ok(Vec::new()),
                }
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Begins the transaction of a part on the plugin's own session.
    pub(super) async fn open_confined(
        &mut self,
        work: &Work<'_>,
        settings: HookSettings,
        begins: Own,
        archive: Vec<Own>,
    ) -> Result<SharedSession, BackendError> {
        let plugin = &work.claim.attempt.key.plugin;
        if !archive.is_empty() {
            // Bytes under their own checksum: harmless where the attempt fails.
            self.apply(archive, Durability::Unflushed).await?;
            self.is_archived(work.claim);
        }
        self.enter_as(plugin).await?;
        self.claim_confined(work, settings, begins).await
    }

    /// Claims a ticket that begins with `begins` on the plugin's session, in whose transaction a hook can then work.
    pub(super) async fn claim_confined(
        &mut self,
        work: &Work<'_>,
        settings: HookSettings,
        begins: Own,
    ) -> Result<SharedSession, BackendError> {
        let plugin = &work.claim.attempt.key.plugin;
        let ticket = Ticket::draw()?;
        let rights = self.rights(work.claim.attempt).await?;
        let claim = self
            .confining(async |confining| confining.issue(plugin, &ticket, begins, &rights).await)
            .await?;
        let Some(confined) = &mut self.confined else { return Err(BackendError::Moved) };
        let connection = confined.connection.clone();
        if let Some(session) = connection.lock().await.confining() {
            session.set_opening(&ticket, rights);
        }
        confined.ticket = Some(ticket);
        let start = Start::entering(vec![claim], settings);
        let started = connection.lock().await.start(start).await;
        if let Err(error) = started {
            let _ = connection.lock().await.rollback().await;
            return Err(error.into());
        }
        Ok(connection)
    }

    /// Has the plugin's own session ready for a journaled part, whose segments begin and end by tickets. Nothing runs there by
    /// then that a former run left.
    pub(super) async fn open_journaled(
        &mut self,
        attempt: &Attempt,
    ) -> Result<OwnSession, BackendError> {
        let plugin = &attempt.key.plugin;
        self.enter_as(plugin).await?;
        // Ownership cannot be lent to what runs outside of a transaction.
        let asks = attempt.permissions.iter();
        let asks = asks.filter(|asked| !matches!(asked, Permission::Alters(_))).cloned().collect();
        let rights = self.rights(&Attempt { permissions: asks, ..attempt.clone() }).await?;
        let Some(confined) = &mut self.confined else { return Err(BackendError::Moved) };
        confined.is_journaled = true;
        let connection = confined.connection.clone();
        {
            // Whoever looks from beside has to know which server session it is.
            let connection = &mut *connection.lock().await;
            connection.look().await?;
            connection.rollback().await?;
        }
        Ok(OwnSession::new(plugin.clone(), connection, rights))
    }

    /// Has the end of a journaled hook recorded with the ticket of its last segment.
    pub(super) fn end_journaled(&mut self, ticket: Option<Ticket>) {
        if let Some(confined) = &mut self.confined {
            confined.ticket = ticket;
            confined.is_journaled = false;
        }
    }

    /// Ends what outlived the runner that began a run, on sessions of confined plugins.
    pub(super) async fn shut_former(&mut self) -> Result<(), BackendError> {
        self.shut_confined().await?;
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        match connection.confining() {
            Some(confining) => confining.shut_left_open().await,
            None => Ok(()),
        }
    }

    /// Ends the part that [`Backend::open_confined`] began: records `record` and commits.
    pub(super) async fn complete_confined(
        &mut self,
        record: Vec<Own>,
        durability: Durability,
    ) -> Result<Durability, BackendError> {
        let Some((connection, Some(ticket))) =
            self.confined.as_mut().map(|open| (open.connection.clone(), open.ticket.take()))
        else {
            return Err(BackendError::Moved);
        };
        if self.rehearsing {
            return self.complete_rehearsed((connection, ticket), record).await;
        }
        let concluded =
            self.confining(async |confining| confining.conclude(&ticket, record).await).await;
        let finish = match concluded {
            Ok(finish) => finish,
            Err(error) => {
                // Without the record nothing is committed. The plugin's transaction must not hold the ledger's row while
                // that is looked for.
                let _ = connection.lock().await.rollback().await;
                return Err(error);
            }
        };
        let end = End::hook(vec![finish], durability);
        let committed = self.finish_confined(&connection, &ticket, end).await?;
        let redeemed = self.confining(async |confining| confining.redeem(&ticket).await).await;
        match redeemed {
            Ok(()) => Ok(committed),
            Err(error @ (BackendError::TransactionEnded(_) | BackendError::Disconnected(_))) => {
                Err(error)
            }
            // It is committed, as far as the plugin's session was told: whoever asks looks at the records.
            Err(error) => Err(BackendError::Disconnected(error.to_string())),
        }
    }

    /// Finishes a ticket at the end of a hook. If the hook dropped something, the operator's session lists what it must have left.
    pub(super) async fn finish_confined(
        &mut self,
        connection: &SharedConnection,
        ticket: &Ticket,
        end: End,
    ) -> Result<Durability, BackendError> {
        let finished = connection.lock().await.finish(end.clone()).await;
        if !matches!(finished, Err(TxError::Own(_, BackendError::Unlisted))) {
            return Ok(finished?);
        }
        let listed =
            self.confining(async |confining| confining.list_dependents(ticket).await).await;
        let connection = &mut *connection.lock().await;
        if let Err(error) = listed {
            let _ = connection.rollback().await;
            return Err(error);
        }
        // The hook is left, and all that it deferred has run.
        Ok(connection.finish(End { checks: Checks::Segment, then: None, ..end }).await?)
    }

    /// Takes back the part that [`Backend::open_confined`] began, if one is open. A session that was lost is shut out, so
    /// that nothing of it can still be at work.
    pub(super) async fn undo_confined(&mut self) -> Result<(), BackendError> {
        // A session that records by itself is rolled back as any other.
        if self.confines_journaled() {
            return Ok(());
        }
        let Some(confined) = &mut self.confined else { return Ok(()) };
        confined.ticket = None;
        confined.is_journaled = false;
        let connection = confined.connection.clone();
        let undone = connection.lock().await.rollback().await;
        match undone {
            Ok(()) => Ok(()),
            Err(_) => self.shut_confined().await,
        }
    }

    /// Takes what a plugin still has of `permissions` from its user, where it has one.
    pub async fn take_rights(
        &mut self,
        plugin: &PluginName,
        permissions: &[Permission],
    ) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        if !connection.own_tables().await?.contains("alteration_role") {
            return Ok(());
        }
        let Some(confining) = connection.confining() else { return Ok(()) };
        for permission in permissions {
            match confining.take_right(plugin, permission).await {
                // What is not there is not had.
                Ok(()) | Err(BackendError::NotGrantable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Shuts out the plugins that a run left open that was killed, unless another runner is at work now.
    pub async fn shut_left_open(&mut self) -> Result<(), BackendError> {
        if self.confines_in_place() {
            return Ok(());
        }
        if !self.confining(async |confining| confining.is_left_open().await).await? {
            return Ok(());
        }
        match self.lock(Duration::ZERO, &mut |_| {}).await {
            Ok(()) => {}
            Err(BackendError::Locked(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
        let shut = self.confining(async |confining| confining.shut_left_open().await).await;
        self.unlock().await;
        shut
    }

    /// Shuts out the plugin that was let in, if one was.
    pub(super) async fn shut_confined(&mut self) -> Result<(), BackendError> {
        let Some(confined) = self.confined.take() else { return Ok(()) };
        if confined.allowed.is_some() {
            let (creates, permissions) = (&BTreeSet::new(), &Permissions::new());
            let (plugin, direction) = (&confined.plugin, Direction::Down);
            // If it fails, the next attempt takes what is left.
            let _ = confined.allow(&Needs { plugin, direction, creates, permissions }).await;
        }
        let Confined { plugin, connection, .. } = confined;
        connection.lock().await.close().await;
        let shut = self.confining(async |confining| confining.shut_confined(&plugin).await).await;
        if !matches!(shut, Err(BackendError::Disconnected(_))) {
            return shut;
        }
        // Both connections are gone. What the server still does for the plugin holds the ledger's row.
        self.reconnect().await?;
        self.confining(async |confining| confining.shut_confined(&plugin).await).await
    }

    /// Has the plugin's session ready, in place of another plugin's. Returns whether it is a new one.
    pub(super) async fn enter_as(&mut self, plugin: &PluginName) -> Result<bool, BackendError> {
        if self.confined.as_ref().is_some_and(|confined| confined.plugin == *plugin) {
            return Ok(false);
        }
        self.shut_confined().await?;
        let place = self.place_of(plugin);
        let connection =
            self.confining(async |confining| confining.open_confined(plugin, place).await).await?;
        let plugin = plugin.clone();
        let (ticket, is_journaled, allowed) = (None, false, None);
        self.confined = Some(Confined { plugin, connection, ticket, is_journaled, allowed });
        Ok(true)
    }

    pub(super) async fn confining<T>(
        &self,
        ask: impl AsyncFnOnce(&mut dyn Confining) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let shared = match &self.helper {
            Some(helper) => helper.connection.clone(),
            None => self.shared()?,
        };
        let connection = &mut *shared.lock().await;
        match connection.confining() {
            Some(confining) => ask(confining).await,
            None => Err(BackendError::Database("this database confines no plugin".to_owned())),
        }
    }
}

impl Work<'_> {
    /// Whether its plugin is confined.
    pub(super) fn is_confined(&self) -> bool {
        self.limits.level == Level::Confined
    }
}

fn no_schemas(plugin: &PluginName) -> BackendError {
    BackendError::NoOwnSchema {
        plugin: plugin.clone(),
        reason: "this database gives none to plugins".to_owned(),
        setup: Vec::new(),
    }
}

/// Returns why `table` is not what its name says by the map of owners, in a database without schemas; `None` if it is.
fn not_of_its_owner(table: &TableName, owners: &Owners) -> Option<String> {
    let TableName { owner, schema, table: name } = table;
    if schema.is_some() {
        return Some("this database has no schemas".to_owned());
    }
    let mut tables = owners.iter().filter(|(object, _)| {
        matches!(object.kind, ObjectKind::Table | ObjectKind::View)
            && object.name.eq_ignore_ascii_case(name)
    });
    let maker = tables.next().map(|(_, key)| &key.plugin);
    match (owner, maker) {
        (TableOwner::Application, None) => None,
        (TableOwner::Plugin(owner), Some(maker)) if owner == maker => None,
        (_, Some(maker)) => Some(format!("{maker} made the table {name}")),
        (TableOwner::Plugin(_), None) => {
            Some(format!("no plugin that is recorded here made the table {name}"))
        }
    }
}
