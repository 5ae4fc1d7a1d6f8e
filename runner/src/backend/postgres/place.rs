//! Where the runner's own tables are: in which schema, and whose.
//!
//! `current_schema()` moves: with a schema that is called as the role is, with a setting of the database or of the
//! role. So where the operator names no place, the catalogue is asked for every ledger of this database. One that
//! belongs to somebody else is never read: whoever may create a schema could put one in front.

use super::{
    PostgresConnection, columns, error, settings,
    text::{literal, quote},
};
use crate::{
    alteration::PluginName,
    backend::{BackendError, StrangeLedger, connection::Places},
};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// More of them change nothing about what is decided.
const FOUND_MAX: usize = 3;
/// A schema for each tenant makes many; the first that holds what is asked for is enough.
const ELSEWHERE_MAX: usize = 1_000;

/// The roles that this user is a member of, itself among them. A superuser is a member of all to the server's own
/// functions, and would take anybody's word. A membership that only gives the right to administer a role is none.
const MEMBERSHIPS: &str = "WITH RECURSIVE mine (oid) AS ( \
        SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname IN (session_user, current_user) \
        UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN mine ON m.member = mine.oid \
        WHERE coalesce((pg_catalog.to_jsonb(m)->>'inherit_option')::pg_catalog.bool, true) \
            OR coalesce((pg_catalog.to_jsonb(m)->>'set_option')::pg_catalog.bool, true))";

/// A ledger that the catalogue shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    schema: String,
    owner: String,
    /// Its owner is a role that this user is a member of.
    is_own: bool,
    /// Its owner can do anything in this database: it is the database's owner, or a superuser.
    is_sovereign: bool,
}

/// The place that was chosen, and those of others that were passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) schema: String,
    pub(super) strange: Vec<StrangeLedger>,
}

impl Chosen {
    /// A place that the operator named is used as it is.
    pub(super) fn named(schema: &str) -> Self {
        Self { schema: schema.to_owned(), strange: Vec::new() }
    }
}

/// Asks for ledgers, those that count first.
pub(super) fn question() -> String {
    format!(
        "{MEMBERSHIPS} SELECT n.nspname, pg_catalog.pg_get_userbyid(c.relowner), \
            c.relowner IN (SELECT oid FROM mine), \
            c.relowner = d.datdba OR coalesce(o.rolsuper, false) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database() \
         LEFT JOIN pg_catalog.pg_roles o ON o.oid = c.relowner \
         WHERE c.relname = 'alteration_ledger' AND c.relkind IN ('r', 'p') \
            AND c.relpersistence <> 't' \
         ORDER BY 3 DESC, n.nspname = pg_catalog.current_setting('runner.schema') DESC, 4 DESC, 1 LIMIT {FOUND_MAX}"
    )
}

impl Found {
    /// From a row of the answer.
    pub(super) fn of(row: &[Option<String>]) -> Option<Self> {
        let [Some(schema), Some(owner), own, sovereign] = row else { return None };
        let is = |cell: &Option<String>| cell.as_deref() == Some("t");
        Some(Self {
            schema: schema.clone(),
            owner: owner.clone(),
            is_own: is(own),
            is_sovereign: is(sovereign),
        })
    }

    fn strange(&self) -> StrangeLedger {
        StrangeLedger { schema: self.schema.clone(), owner: self.owner.clone() }
    }
}

/// Chooses where the operator named no place. `current` is the schema in which the session makes what it names
/// without one.
pub(super) fn choose(
    url: &str,
    found: &[Found],
    current: Option<&str>,
    only_reads: bool,
) -> Result<Chosen, BackendError> {
    let is_current = |ledger: &&Found| Some(ledger.schema.as_str()) == current;
    let own: Vec<&Found> = found.iter().filter(|ledger| ledger.is_own).collect();
    let chosen = |schema: &str| Chosen {
        schema: schema.to_owned(),
        strange: found
            .iter()
            .filter(|ledger| !ledger.is_own && ledger.schema != schema)
            .map(Found::strange)
            .collect(),
    };
    match own[..] {
        [ledger] if is_current(&ledger) => Ok(chosen(&ledger.schema)),
        [] => match (found.iter().find(is_current), current) {
            // Who only looks may be another role of the application.
            (Some(ledger), _) if only_reads && ledger.is_sovereign => Ok(chosen(&ledger.schema)),
            (Some(ledger), _) => {
                Err(BackendError::StrangePlace { url: url.to_owned(), ledger: ledger.strange() })
            }
            (None, Some(current)) => Ok(chosen(current)),
            (None, None) => Err(BackendError::NoPlace { url: url.to_owned() }),
        },
        _ => Err(BackendError::Elsewhere {
            url: url.to_owned(),
            schemas: own.iter().map(|ledger| ledger.schema.clone()).collect(),
            current: current.map(str::to_owned),
        }),
    }
}

fn is_none(error: &sqlx::Error) -> bool {
    let code = error::code(error);
    matches!(code.as_deref(), Some("42501" | "42P01" | "42703" | "42883" | "3F000"))
}

#[async_trait]
impl Places for PostgresConnection {
    fn place(&self) -> &str {
        &self.schema
    }

    fn strange_ledgers(&self) -> &[StrangeLedger] {
        &self.strange
    }

    /// Other schemas whose records, which this user may read, have one of `plugins` applied: the first of them, with
    /// the plugin.
    async fn applied_elsewhere(
        &mut self,
        plugins: &BTreeSet<PluginName>,
    ) -> Result<Option<(String, PluginName)>, BackendError> {
        self.link.settle().await?;
        let sql = format!(
            "{MEMBERSHIPS} SELECT n.nspname, pg_catalog.quote_ident(n.nspname) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = 'alteration_state' AND c.relkind IN ('r', 'p') \
                AND c.relpersistence <> 't' AND n.nspname <> {} \
                AND c.relowner IN (SELECT oid FROM mine) \
                AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
                AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY 1 LIMIT {ELSEWHERE_MAX}",
            literal(&self.schema)
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
        self.own_facts = None;
        // IF NOT EXISTS would ask for the right to create one even where it exists.
        let schema = literal(&quote(&self.schema));
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
            true => (format!("SCHEMA {}", quote(&self.schema)), is(&may_use)),
            false => (format!("DATABASE {}", database.unwrap_or_default()), is(&may_make)),
        };
        if !may {
            let (schema, user) = (self.schema.clone(), user.unwrap_or_default());
            let grant = format!("GRANT CREATE ON {what} TO {user}");
            return Err(BackendError::MayNotMakeTables { schema, grant });
        }
        if is(&there) {
            return Ok(());
        }
        let current = settings::current_schema(&self.search_path);
        let [before] = columns(self.own_texts(&current).await?)?;
        self.own_run(&format!("CREATE SCHEMA IF NOT EXISTS {}", quote(&self.schema))).await?;
        let [after] = columns(self.own_texts(&current).await?)?;
        // PostgreSQL looks into a schema that is called as the user is before any other.
        if before.is_some() && before != after {
            return Err(BackendError::SchemaComesFirst(self.schema.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(schema: &str, kind: char) -> Found {
        Found {
            schema: schema.to_owned(),
            owner: "somebody".to_owned(),
            is_own: kind == 'o',
            is_sovereign: kind == 's',
        }
    }

    #[test]
    fn places_are_chosen() {
        let (own, strange, sovereign) = ('o', 'f', 's');
        // Ledgers, the current schema, whether it is only read: the schema and how many are passed over, or
        // the error's first word.
        type Case<'a> =
            (&'a [(&'a str, char)], Option<&'a str>, bool, Result<(&'a str, usize), &'a str>);
        let table: &[Case<'_>] = &[
            (&[], Some("public"), false, Ok(("public", 0))),
            (&[], None, false, Err("NoPlace")),
            (&[("public", own)], Some("public"), false, Ok(("public", 0))),
            (&[("public", own)], Some("plain"), false, Err("Elsewhere")),
            (&[("public", own)], Some("plain"), true, Err("Elsewhere")),
            (&[("public", own)], None, false, Err("Elsewhere")),
            (&[("public", own), ("app", own)], Some("public"), false, Err("Elsewhere")),
            (&[("trap", strange)], Some("public"), false, Ok(("public", 1))),
            (&[("public", own), ("trap", strange)], Some("public"), false, Ok(("public", 1))),
            (&[("public", own), ("trap", strange)], Some("trap"), false, Err("Elsewhere")),
            (&[("public", strange)], Some("public"), false, Err("StrangePlace")),
            (&[("public", strange)], Some("public"), true, Err("StrangePlace")),
            (&[("public", sovereign)], Some("public"), true, Ok(("public", 0))),
            (&[("public", sovereign)], Some("public"), false, Err("StrangePlace")),
            (&[("public", sovereign)], Some("tenant"), false, Ok(("tenant", 1))),
        ];
        for (ledgers, current, only_reads, expected) in table {
            let ledgers: Vec<_> = ledgers.iter().map(|(name, kind)| found(name, *kind)).collect();
            let chosen = choose("u", &ledgers, *current, *only_reads);
            match (&chosen, expected) {
                (Ok(chosen), Ok((schema, strange))) => {
                    assert_eq!((&*chosen.schema, chosen.strange.len()), (*schema, *strange));
                }
                (Err(error), Err(name)) => {
                    assert!(format!("{error:?}").starts_with(name), "{error:?}")
                }
                _ => panic!("{ledgers:?} {current:?}: {chosen:?}"),
            }
        }
    }
}
