//! Where the runner's own tables are: in which schema, and whose.
//!
//! How one is chosen is the domain's, which a start-up check uses too.

use super::{
    PostgresConnection, columns, error, settings,
    text::{literal, quote},
};
use crate::{
    alteration::PluginName,
    backend::{BackendError, StrangeLedger, connection::Places},
};
use alteration_domain::record::place::{self, MEMBERSHIPS, PlaceError};
pub(super) use alteration_domain::record::place::{Chosen, Found, question};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// A schema for each tenant makes many; the first that holds what is asked for is enough.
const ELSEWHERE_MAX: usize = 1_000;

/// Chooses where the operator named no place. `current` is the schema in which the session makes what it names
/// without one.
pub(super) fn choose(
    url: &str,
    found: &[Found],
    current: Option<&str>,
    only_reads: bool,
) -> Result<Chosen, BackendError> {
    place::choose(found, current, only_reads).map_err(|error| {
        let url = url.to_owned();
        match error {
            PlaceError::Strange { ledger } => BackendError::StrangePlace { url, ledger },
            PlaceError::NoPlace => BackendError::NoPlace { url },
            PlaceError::Elsewhere { schemas, current } => {
                BackendError::Elsewhere { url, schemas, current }
            }
        }
    })
}

fn is_none(error: &sqlx::Error) -> bool {
    let code = error::code(error);
    matches!(code.as_deref(), Some("42501" | "42P01" | "42703" | "42883" | "3F000"))
}

#[async_trait]
impl Places for PostgresConnection {
    fn place(&self) -> &str {
        &self.config.schema
    }

    fn strange_ledgers(&self) -> &[StrangeLedger] {
        &self.config.strange
    }

    /// Other schemas whose records, which this user may read, have one of `plugins` applied: the first of them, with
    /// the plugin.
    async fn applied_elsewhere(
        &mut self,
        plugins: &BTreeSet<PluginName>,
    ) -> Result<Option<(String, PluginName)>, BackendError> {
        self.ready().await?;
        let sql = format!(
            "{MEMBERSHIPS} SELECT n.nspname, pg_catalog.quote_ident(n.nspname) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = 'alteration_state' AND c.relkind IN ('r', 'p') \
                AND c.relpersistence <> 't' AND n.nspname <> {} \
                AND c.relowner IN (SELECT oid FROM mine) \
                AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
                AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY 1 LIMIT {ELSEWHERE_MAX}",
            literal(&self.config.schema)
        );
        let names: Vec<String> = plugins.iter().map(|plugin| literal(plugin.as_str())).collect();
        for row in self.own_texts(&sql).await? {
            let [Some(schema), Some(quoted)] = &row[..] else { continue };
            let sql = format!(
                "SELECT pg_catalog.min(plugin::pg_catalog.text) FROM {quoted}.alteration_state \
                 WHERE status IN ('applied', 'running') AND plugin IN ({})",
                names.join(", ")
            );
            let rows = match self.link.own_rows(&format!("{}; {sql}", settings::OWN_PATH)).await {
                Ok(rows) => rows,
                // It is no table of a runner, or was dropped or closed to this role meanwhile.
                Err(error) if is_none(&error) => continue,
                Err(error) => return Err(error::host_error(error, self.link.url())),
            };
            let [plugin] = super::columns(rows)?;
            if let Some(plugin) = plugin.and_then(|plugin| plugin.parse().ok()) {
                return Ok(Some((schema.clone(), plugin)));
            }
        }
        Ok(None)
    }

    async fn prepare_place(&mut self) -> Result<(), BackendError> {
        self.state.forget_tables();
        // IF NOT EXISTS would ask for the right to create one even where it exists.
        let schema = literal(&quote(&self.config.schema));
        let sql = format!(
            "SELECT pg_catalog.to_regnamespace({schema}) IS NOT NULL,
             pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace({schema})::pg_catalog.oid, 'CREATE'),
             pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
             pg_catalog.quote_ident(pg_catalog.current_database()),
             pg_catalog.quote_ident(CURRENT_USER)"
        );
        let [there, may_use, may_make, database, user] = columns(self.own_texts(&sql).await?)?;
        let is = |answer: &Option<String>| answer.as_deref() == Some("t");
        let (what, may) = match is(&there) {
            true => (format!("SCHEMA {}", quote(&self.config.schema)), is(&may_use)),
            false => (format!("DATABASE {}", database.unwrap_or_default()), is(&may_make)),
        };
        if !may {
            let (schema, user) = (self.config.schema.clone(), user.unwrap_or_default());
            let grant = format!("GRANT CREATE ON {what} TO {user}");
            return Err(BackendError::MayNotMakeTables { schema, grant });
        }
        if is(&there) {
            return Ok(());
        }
        let current = settings::current_schema(&self.config.search_path);
        let [before] = columns(self.own_texts(&current).await?)?;
        self.own_run(&format!("CREATE SCHEMA IF NOT EXISTS {}", quote(&self.config.schema)))
            .await?;
        let [after] = columns(self.own_texts(&current).await?)?;
        // PostgreSQL looks into a schema that is called as the user is before any other.
        if before.is_some() && before != after {
            return Err(BackendError::SchemaComesFirst(self.config.schema.clone()));
        }
        Ok(())
    }
}
