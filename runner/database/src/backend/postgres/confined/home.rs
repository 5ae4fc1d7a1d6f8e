//! Where a confined plugin's objects go: the schema of unqualified names, or one of its own (`schema = "own"`).
//!
//! A schema of its own belongs to the operator's role, is named after the plugin, and comes first in the search path of the
//! plugin's hooks and functions. The plugin makes objects in no other one. Which of the two it is, is decided when its role is
//! made and recorded then: what was made once stays where it is.

use super::super::{
    PostgresConnection, columns,
    own::spell,
    text::{literal, quote},
};
use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        confining::Place,
        connection::{Cell, Connection as _},
    },
};

/// Made with the tables of tickets.
pub(super) const TABLE: &str =
    "-- One row for each confined plugin that has a schema of its own (PostgreSQL).
    CREATE TABLE IF NOT EXISTS @home (
        -- The plugin's name.
        plugin {key} NOT NULL PRIMARY KEY,
        -- The schema, where it makes what it names without one.
        schema {text} NOT NULL UNIQUE
    )";

/// The longest name that PostgreSQL keeps whole.
const NAME_BYTES_MAX: usize = 63;

/// The name of a plugin's own schema.
pub(super) fn name_of(plugin: &PluginName) -> String {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
    plugin.as_str().chars().map(plain).take(NAME_BYTES_MAX).collect()
}

/// An expression: where the plugin of `ticket` makes what it names without a schema, if that is `schema` for others.
pub(super) fn of_ticket(prefix: &str, schema: &str) -> String {
    format!(
        "coalesce((SELECT h.schema FROM {prefix}alteration_home h JOIN {prefix}alteration_role r ON r.plugin = h.plugin \
            WHERE r.role = ticket.role), {})",
        literal(schema)
    )
}

impl PostgresConnection {
    /// The schema of its own that is recorded for a plugin.
    pub(super) async fn home_of(
        &mut self,
        plugin: &PluginName,
    ) -> Result<Option<String>, BackendError> {
        if !self.own_tables().await?.contains("alteration_home") {
            return Ok(None);
        }
        let known = [Cell::text(plugin.as_str())];
        let sql = spell("SELECT schema FROM @home WHERE plugin = ?", &self.config.prefix, &known);
        Ok(self.own_texts(&sql).await?.into_iter().flatten().flatten().next())
    }

    /// As [`Self::names`], for the hooks of a plugin.
    pub(super) async fn names_of(
        &mut self,
        plugin: &PluginName,
    ) -> Result<(String, String), BackendError> {
        let (schema, path) = self.names().await?;
        Ok(match self.home_of(plugin).await? {
            Some(home) => {
                let path = format!("{}, {path}", quote(&home));
                (home, path)
            }
            None => (schema, path),
        })
    }

    /// Returns the schema of its own that a plugin has, or will have if its objects are to go to `place`; `None` if they go where
    /// unqualified names do. An error where `place` is not what was recorded. Changes nothing.
    pub(super) async fn check_home(
        &mut self,
        plugin: &PluginName,
        place: Place,
    ) -> Result<Option<String>, BackendError> {
        let home = self.home_of(plugin).await?;
        let has_role = self.recorded_role(plugin).await?.is_some();
        match (home, has_role, place) {
            // Nothing said moves nothing.
            (Some(home), ..) => Ok(Some(home)),
            (None, _, Place::Shared) => Ok(None),
            (None, false, Place::Own) => {
                self.making_home(plugin).await?;
                Ok(Some(name_of(plugin)))
            }
            (None, true, Place::Own) => Err(BackendError::NoOwnSchema {
                plugin: plugin.clone(),
                reason: format!(
                    "it makes its objects in the schema {}, as recorded when it was confined",
                    self.names().await?.0
                ),
                setup: Vec::new(),
            }),
        }
    }

    /// Returns what makes and records a schema of its own for a plugin that has no role yet.
    pub(super) async fn making_home(
        &mut self,
        plugin: &PluginName,
    ) -> Result<Vec<String>, BackendError> {
        let name = name_of(plugin);
        let named = literal(&name);
        let asked = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) {named})::pg_catalog.text, \
                EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) {named})::pg_catalog.text, \
                pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')::pg_catalog.text, \
                pg_catalog.quote_ident(current_user), pg_catalog.quote_ident(pg_catalog.current_database()::pg_catalog.text)"
        );
        let [is_there, is_role, may_make, user, database] = columns(self.own_texts(&asked).await?)?;
        let is = |answer: Option<String>| answer.as_deref() == Some("true");
        let (user, database) = (user.unwrap_or_default(), database.unwrap_or_default());
        let mut setup = Vec::new();
        let reason = match (is(is_there), is(is_role), is(may_make)) {
            (true, ..) => {
                format!("there is a schema {name} already, which was not made for the plugin")
            }
            (_, true, _) => format!(
                "its own schema would be named like the role {name}, whose unqualified names would then be looked for there"
            ),
            (.., false) => {
                setup.push(format!("GRANT CREATE ON DATABASE {database} TO {user};"));
                format!("the role {user} may not make the schema {name} in the database {database}")
            }
            (false, false, true) => {
                let params = [Cell::text(plugin.as_str()), Cell::text(name.clone())];
                let record = spell(
                    "INSERT INTO @home (plugin, schema) VALUES (?, ?)",
                    &self.config.prefix,
                    &params,
                );
                return Ok(vec![format!("CREATE SCHEMA {}", quote(&name)), record]);
            }
        };
        Err(BackendError::NoOwnSchema { plugin: plugin.clone(), reason, setup })
    }

    /// What lets a plugin use its own schema, and those for whom its objects are. `schema` is where the others' are.
    pub(super) fn home_rights(&self, role: &str, home: &str, schema: &str) -> Vec<String> {
        let (named, quoted) = (literal(role), quote(home));
        let (home, schema) = (literal(home), literal(schema));
        let prefix = &self.config.prefix;
        vec![
            format!("GRANT USAGE ON SCHEMA {quoted} TO {}", quote(role)),
            format!(
                "DO $runner$ DECLARE given record; BEGIN \
                 FOR given IN SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee FROM ( \
                        SELECT a.grantee FROM pg_default_acl d, aclexplode(d.defaclacl) a \
                            WHERE pg_get_userbyid(d.defaclrole) = current_user \
                        UNION SELECT a.grantee FROM pg_namespace n, aclexplode(n.nspacl) a \
                            WHERE n.nspname = {schema} AND a.privilege_type = 'USAGE' AND a.grantee <> 0 \
                    ) a WHERE pg_get_userbyid(a.grantee) <> current_user AND NOT EXISTS ( \
                        SELECT FROM {prefix}alteration_role r WHERE r.role = pg_get_userbyid(a.grantee)) \
                 LOOP EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', {home}, given.grantee); END LOOP; \
                 FOR given IN SELECT a.privilege_type, \
                        CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END AS kind, \
                        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee \
                    FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace AND n.nspname = {schema}, aclexplode(d.defaclacl) a \
                    WHERE pg_get_userbyid(d.defaclrole) = current_user AND a.grantee <> d.defaclrole \
                 LOOP EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s ON %s TO %s', \
                    {named}, {home}, given.privilege_type, given.kind, given.grantee); END LOOP; END $runner$"
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        let name = |plugin: &str| name_of(&plugin.parse().expect("a plugin"));
        assert_eq!(name("acme/shop-x"), "acme_shop_x");
        assert_eq!(name(&format!("acme/{}", "x".repeat(64))).len(), NAME_BYTES_MAX);
    }
}
