//! What a plugin's user may do with tables: all with those that the plugin makes, and what was granted with others'.
//!
//! A right on a table is given by its name, also before there is one of that name. So a name is given only while it is free
//! or the plugin's own, and taken back where nothing of that name was made. Rights on what the plugin made stay: its views
//! and triggers run with them.

use super::super::MysqlConnection;
use crate::{
    alteration::{AlterationKey, Direction, Permission, PluginName, TableName, TableOwner},
    backend::{
        BackendError,
        confining::Needs,
        connection::{Cell, Connection as _},
        identifier::in_backticks as quote,
        map,
        transaction::Own,
    },
    session::{ErrorKind, SqlError},
    sql::{self, Reading},
};
use alteration_domain::record::{Changes, Object, ObjectKind, tables};
use std::collections::{BTreeMap, BTreeSet};

/// What the plugin's user may do with what the plugin makes.
const OWN: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE VIEW, SHOW VIEW, TRIGGER";
/// The right that tells a table of the plugin's from one that was lent to it.
const MAKES: &str = "CREATE";

/// The tables and views of the database, and whose they are.
struct Standing {
    /// Whether it is a view, by name.
    there: BTreeMap<String, bool>,
    /// The plugin that is recorded as its maker.
    makers: BTreeMap<String, String>,
}

impl MysqlConnection {
    /// Refuses a permission that cannot be given. Of the operator's session.
    pub(super) async fn check_right(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<(), BackendError> {
        let standing = self.standing().await?;
        match granted(permission, &standing) {
            Ok(_) => Ok(()),
            Err(reason) => Err(not_grantable(plugin, permission, reason)),
        }
    }

    /// Gives the plugin's user what an attempt needs, and takes everything else that is not the plugin's. Of the plugin's
    /// session.
    pub(super) async fn give_rights(&mut self, needs: &Needs<'_>) -> Result<(), BackendError> {
        let plugin = needs.plugin.as_str();
        let had = self.had().await?;
        let standing = self.clerk().map_err(BackendError::from)?.standing().await?;
        let is_own = |name: &String| {
            let maker = standing.makers.get(name).map(String::as_str);
            let makes = had.get(name).is_some_and(|rights| rights.contains(MAKES));
            standing.there.contains_key(name) && (maker == Some(plugin) || maker.is_none() && makes)
        };
        let mut own: BTreeSet<String> = had.keys().filter(|name| is_own(name)).cloned().collect();
        for name in needs.creates {
            let name = self.server.folded(name);
            let taken = match standing.makers.get(&name) {
                Some(maker) if maker != plugin => Some(format!("{maker} made it")),
                _ if tables::is_own(&name.to_lowercase()) => Some("it is the runner's".to_owned()),
                _ if standing.there.contains_key(&name) && !is_own(&name) => {
                    Some("it was there before the plugin".to_owned())
                }
                _ => None,
            };
            if let Some(taken) = taken {
                return Err(BackendError::CannotConfine {
                    plugin: needs.plugin.clone(),
                    missing: vec![format!("it makes the table {name}, and {taken}")],
                    setup: Vec::new(),
                });
            }
            own.insert(name);
        }
        let mut lent: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for permission in needs.permissions {
            match (granted(permission, &standing), needs.direction) {
                (Ok(Some((name, right))), _) if !own.contains(&name) => {
                    lent.entry(name).or_default().insert(right);
                }
                (Ok(_), _) => {}
                // The table may be gone by now, and is not needed to go down.
                (Err(_), Direction::Down) => {}
                (Err(reason), Direction::Up) => {
                    return Err(not_grantable(needs.plugin, permission, reason));
                }
            }
        }
        let mut statements = Vec::new();
        let (database, login) = self.place_and_login()?;
        let on = |name: &str| format!("{}.{}", quote(&database), quote(name));
        for (name, rights) in &had {
            let wanted = lent.get(name);
            let has_just = wanted.is_some_and(|wanted| rights.iter().eq(wanted.iter()));
            if !own.contains(name) && !has_just {
                statements.push(format!("REVOKE ALL PRIVILEGES ON {} FROM {login}", on(name)));
            }
        }
        for name in &own {
            if !had.get(name).is_some_and(|rights| rights.contains(MAKES)) {
                statements.push(format!("GRANT {OWN} ON {} TO {login}", on(name)));
            }
        }
        for (name, rights) in &lent {
            let rights = rights.iter().copied().collect::<Vec<_>>().join(", ");
            statements.push(format!("GRANT {rights} ON {} TO {login}", on(name)));
        }
        let clerk = self.clerk().map_err(BackendError::from)?;
        for statement in statements {
            clerk.own_text(&statement).await?;
        }
        Ok(())
    }

    /// What records the tables and views that the plugin has now. Of the plugin's session.
    pub(super) async fn record_made(
        &mut self,
        maker: &AlterationKey,
    ) -> Result<Vec<Own>, BackendError> {
        self.check_triggers().await?;
        let had = self.had().await?;
        let standing = self.clerk().map_err(BackendError::from)?.standing().await?;
        let (place, _) = self.place_and_login()?;
        let object = |name: &String, is_view: bool| Object {
            kind: if is_view { ObjectKind::View } else { ObjectKind::Table },
            place: place.clone(),
            name: name.clone(),
        };
        let mut changes = Changes::default();
        for (name, plugin) in &standing.makers {
            if plugin == maker.plugin.as_str() && !standing.there.contains_key(name) {
                changes.gone.extend([object(name, true), object(name, false)]);
            }
        }
        for (name, rights) in had {
            let is_new = rights.contains(MAKES) && !standing.makers.contains_key(&name);
            if let Some(is_view) = standing.there.get(&name).filter(|_| is_new) {
                changes.made.insert(object(&name, *is_view), maker.clone());
            }
        }
        Ok(map::write(&changes))
    }

    /// Refuses triggers of the plugin's that reach the session of whoever writes to its tables. What committed by itself
    /// cannot be rolled back, so that they are dropped.
    async fn check_triggers(&mut self) -> Result<(), BackendError> {
        let relay = self.relay.as_mut().ok_or_else(gone)?;
        let (definer, clerk) = (relay.login.definer(), &mut relay.clerk);
        let sql =
            "SELECT CONVERT(trigger_name USING utf8mb4), CONVERT(action_statement USING utf8mb4),
                CONVERT(sql_mode USING utf8mb4)
            FROM information_schema.triggers WHERE trigger_schema = ? AND definer = ?";
        let database = clerk.server.database.clone();
        let found = clerk.read_own(sql, &[Cell::text(&database), Cell::text(definer)]).await?;
        for row in found {
            let [Cell::Text(Some(name)), Cell::Text(Some(body)), Cell::Text(Some(mode))] = &row[..]
            else {
                continue;
            };
            let reading = Reading::of_mode(clerk.server.dialect, mode)
                .of_version(clerk.server.comment_version());
            if !sql::reaches_session(body, reading) {
                continue;
            }
            clerk.own_text(&format!("DROP TRIGGER {}.{}", quote(&database), quote(name))).await?;
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Denied,
                format!(
                    "the trigger {name} reads or changes variables of the session of whoever writes to its table; it was dropped"
                ),
            )));
        }
        Ok(())
    }

    fn place_and_login(&self) -> Result<(String, String), BackendError> {
        let relay = self.relay.as_ref().ok_or_else(gone)?;
        Ok((self.server.database.clone(), relay.login.quoted()))
    }

    /// The rights of this session's user on tables, by the tables' names.
    async fn had(&mut self) -> Result<BTreeMap<String, BTreeSet<String>>, BackendError> {
        let sql = "SELECT CONVERT(table_name USING utf8mb4), CONVERT(privilege_type USING utf8mb4)
            FROM information_schema.table_privileges WHERE table_schema = ?";
        let database = Cell::text(&self.server.database);
        let mut had: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in self.read_own(sql, &[database]).await? {
            if let [Cell::Text(Some(table)), Cell::Text(Some(right))] = &row[..] {
                had.entry(table.clone()).or_default().insert(right.clone());
            }
        }
        Ok(had)
    }

    /// Returns the tables and views of the database, and which of them are views.
    pub(in super::super) async fn there(&mut self) -> Result<BTreeMap<String, bool>, BackendError> {
        let sql = "SELECT CONVERT(table_name USING utf8mb4), CONVERT(table_type USING utf8mb4)
            FROM information_schema.tables WHERE table_schema = ?";
        let database = Cell::text(&self.server.database);
        let found = self.read_own(sql, &[database]).await?;
        Ok(pairs(found).map(|(name, kind)| (name, kind.contains("VIEW"))).collect())
    }

    async fn standing(&mut self) -> Result<Standing, BackendError> {
        let there = self.there().await?;
        let database = Cell::text(&self.server.database);
        let makers = match self.own_tables().await?.contains(tables::OBJECT_TABLE) {
            true => {
                let sql = "SELECT name, plugin FROM @object
                    WHERE place = ? AND kind IN ('table', 'view')";
                pairs(self.read_own(sql, &[database]).await?).collect()
            }
            false => BTreeMap::new(),
        };
        Ok(Standing { there, makers })
    }
}

/// Rows of two texts.
fn pairs(rows: Vec<Vec<Cell>>) -> impl Iterator<Item = (String, String)> {
    rows.into_iter().filter_map(|row| match <[Cell; 2]>::try_from(row) {
        Ok([Cell::Text(Some(first)), Cell::Text(Some(second))]) => Some((first, second)),
        _ => None,
    })
}

fn gone() -> BackendError {
    BackendError::Disconnected("the operator's session is closed".to_owned())
}

/// Returns the right that `permission` is about, on which table; or why it cannot be given.
fn granted(
    permission: &Permission,
    standing: &Standing,
) -> Result<Option<(String, &'static str)>, String> {
    let (TableName { owner, schema, table }, right) = match permission {
        Permission::Reads(table) => (table, "SELECT"),
        Permission::References(table) => (table, "REFERENCES"),
        Permission::Alters(_) => {
            return Err("a confined plugin cannot alter tables of others here".to_owned());
        }
        Permission::Extension(_) => return Err("there are no extensions here".to_owned()),
        _ => return Ok(None),
    };
    if schema.is_some() {
        return Err("a plugin works in one database here".to_owned());
    }
    let is_there = standing.there.contains_key(table) && !tables::is_own(&table.to_lowercase());
    match (owner, standing.makers.get(table)) {
        _ if !is_there => Err("there is no such table".to_owned()),
        (TableOwner::Application, None) => Ok(Some((table.clone(), right))),
        (TableOwner::Plugin(owner), Some(maker)) if owner.as_str() == maker => {
            Ok(Some((table.clone(), right)))
        }
        (_, Some(maker)) => Err(format!("{maker} made the table {table}")),
        (TableOwner::Plugin(_), None) => {
            Err(format!("no confined plugin that is recorded here made the table {table}"))
        }
    }
}

fn not_grantable(plugin: &PluginName, permission: &Permission, reason: String) -> BackendError {
    BackendError::NotGrantable {
        plugin: plugin.clone(),
        permission: permission.clone(),
        reason,
        setup: Vec::new(),
    }
}
