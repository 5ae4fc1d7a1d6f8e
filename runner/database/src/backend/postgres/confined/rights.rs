//! What a confined plugin was granted on tables that are not its own, for one part of an attempt.
//!
//! ```text
//!   operator:  looks up whose table a name is ── ticket with its rights (oid, privilege)
//!   plugin:         claim: GRANT SELECT ── hook: refer · CREATE TABLE … REFERENCES … · refer ── finish: REVOKE
//! ```
//!
//! Rights are given and taken back in the plugin's own transaction, so that nothing is left of them where it does not commit.
//! Only what a view of the plugin needs to be read stays.
//!
//! A foreign key is checked as the owner of the table that it refers to, and an implicit cast of the plugin's would run with
//! that owner's rights. So REFERENCES is there only while one CREATE TABLE or ALTER TABLE of the hook runs, if the plugin
//! has neither such casts nor functions that could make one meanwhile. The secret that opens it goes beside the text.

use super::{
    super::{PostgresConnection, columns, own::spell, text::literal},
    callers,
    lending::{ALTERS, DROPS, LEAVES_CODE, Lends, rows},
};
use crate::{
    alteration::{ExtensionName, Permission, PluginName, TableName, TableOwner},
    backend::{
        BackendError,
        confining::{Right, Ticket},
        connection::{Cell, Connection as _, Transactions as _},
        transaction::Own,
    },
    session::SqlError,
    sql::Statement,
};
use sha2::{Digest as _, Sha256};

/// Made with the tables of tickets.
pub(super) const TABLE: &str = "-- What a ticket lets its plugin do with tables that are not its own, while it holds.
    CREATE TABLE IF NOT EXISTS @right (
        -- The ticket's number.
        number {key} NOT NULL,
        -- The table, by its number in PostgreSQL's catalogue.
        relation {integer} NOT NULL,
        -- `SELECT` or `REFERENCES`; `ALTER`, `CODE` or `DROP` where the table is lent to the plugin's role.
        privilege {key} NOT NULL,
        -- SHA-256 of a secret that opens it for one statement. Null where it is open from the claim on.
        secret {bytes},
        PRIMARY KEY (number, relation, privilege)
    )";

/// The signature of the function that opens and closes what refers.
pub(super) const REFER: &str = "refer(pg_catalog.text, pg_catalog.bytea, pg_catalog.int8)";

/// In `claim`: gives the rights that are open from the beginning, and the way to their tables.
pub(super) fn opened(prefix: &str) -> String {
    format!(
        "    FOR given IN SELECT r.relation::oid AS relation, r.privilege, r.secret IS NULL AS is_open, n.nspname
        FROM {prefix}alteration_right r LEFT JOIN pg_class c ON c.oid = r.relation::oid
        LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.number = claimed
    LOOP
        IF given.nspname IS NULL THEN
            RAISE insufficient_privilege USING MESSAGE = 'a table that was granted to the plugin is gone';
        END IF;
        IF NOT has_schema_privilege(ticket.role, given.nspname, 'USAGE') THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', given.nspname, ticket.role);
        END IF;
        IF given.is_open THEN
            EXECUTE format('GRANT %s ON %s TO %I', given.privilege, given.relation::regclass, ticket.role);
        ELSIF given.privilege = '{ALTERS}' THEN
        {rows}
        END IF;
{used}    END LOOP;
",
        rows = rows(prefix, true),
        used = callers::of_relation(prefix, true)
    )
}

/// In `finish`: takes back what nothing of the plugin needs. `schema` is where unqualified names go, the variable `home` where
/// the plugin's do.
pub(super) fn closed(prefix: &str, schema: &str) -> String {
    let (state, schema) = (literal(prefix.trim_end_matches('.')), literal(schema));
    format!(
        "    FOR given IN SELECT r.relation::oid AS relation, r.privilege, n.nspname
        FROM {prefix}alteration_right r JOIN pg_class c ON c.oid = r.relation::oid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.number = finished
    LOOP
{used}        IF given.privilege = '{ALTERS}' THEN
        {rows}
            given.privilege := 'SELECT';
        END IF;
        IF given.privilege NOT IN ('{LEAVES_CODE}', '{DROPS}') AND NOT ({needed}) THEN
            EXECUTE format('REVOKE %s ON %s FROM %I', given.privilege, given.relation::regclass, ticket.role);
        END IF;
        IF given.nspname NOT IN ({schema}, home) AND quote_ident(given.nspname) <> {state} THEN
            EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM %I', given.nspname, ticket.role);
        END IF;
    END LOOP;
    -- What an earlier hook kept for a view that is gone.
    FOR given IN SELECT s.objid AS relation, 'SELECT'::text AS privilege FROM pg_shdepend s JOIN pg_class c ON c.oid = s.objid
        WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = me AND s.deptype = 'a' AND s.classid = 'pg_class'::regclass
        AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND c.relowner <> me
        AND EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = me AND a.privilege_type = 'SELECT'
            AND a.grantor IN (SELECT oid FROM pg_roles WHERE pg_has_role(oid, 'USAGE')))
    LOOP
        IF NOT ({needed}) THEN
            EXECUTE format('REVOKE SELECT ON %s FROM %I', given.relation::regclass, ticket.role);
        END IF;
    END LOOP;
",
        needed = NEEDED,
        rows = rows(prefix, false),
        used = callers::of_relation(prefix, false)
    )
}

/// Whether a view of the role `me` needs `given.privilege` on `given.relation` to be read. No foreign key needs any.
const NEEDED: &str = "given.privilege = 'SELECT' AND EXISTS (SELECT FROM pg_depend d
            JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class c ON c.oid = w.ev_class
            WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = given.relation AND c.relowner = me AND c.relkind IN ('v', 'm') AND c.relpersistence <> 't')";

/// What makes the function that opens REFERENCES for one statement, and takes it back.
pub(super) fn function(prefix: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_refer(asked text, nonce bytea, opens bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $runner$
DECLARE
    me oid := (SELECT oid FROM pg_roles WHERE rolname = session_user);
    ticket {prefix}alteration_ticket%ROWTYPE;
    given record;
    found_one text;
BEGIN
    SELECT * INTO ticket FROM {prefix}alteration_ticket WHERE number = asked;
    IF NOT FOUND OR ticket.role <> session_user OR ticket.is_finished <> 0
        OR ticket.transaction IS DISTINCT FROM pg_current_xact_id()::text
        OR EXISTS (SELECT FROM {prefix}alteration_right WHERE number = asked AND secret IS NOT NULL
            AND secret IS DISTINCT FROM sha256(nonce)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this session has no such ticket of the runner';
    END IF;
    IF opens = 1 THEN
        SELECT format('the implicit cast from %s to %s', k.castsource::regtype, k.casttarget::regtype) INTO found_one
            FROM pg_cast k LEFT JOIN pg_proc p ON p.oid = k.castfunc JOIN pg_type a ON a.oid = k.castsource
            JOIN pg_type b ON b.oid = k.casttarget
            WHERE k.castcontext = 'i' AND me IN (p.proowner, a.typowner, b.typowner) LIMIT 1;
        IF found_one IS NULL THEN
            SELECT format('the function %s, which makes objects or executes text,', p.oid::regprocedure) INTO found_one
                FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
                WHERE p.proowner = me AND {powers} AND (has_function_privilege(me, p.oid, 'EXECUTE')
                    OR EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid)) LIMIT 1;
        END IF;
        IF found_one IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE = found_one
                || ' could run with the rights of the owner of the table that is referred to';
        END IF;
    END IF;
    FOR given IN SELECT r.relation::oid AS relation, r.privilege FROM {prefix}alteration_right r
        WHERE r.number = asked AND r.privilege = 'REFERENCES'
    LOOP
        IF opens = 1 THEN
            EXECUTE format('GRANT %s ON %s TO %I', given.privilege, given.relation::regclass, ticket.role);
        ELSE
            EXECUTE format('REVOKE %s ON %s FROM %I', given.privilege, given.relation::regclass, ticket.role);
        END IF;
    END LOOP;
    RETURN 1;
END $runner$",
        powers = super::powers::question()
    )
}

impl PostgresConnection {
    /// Returns the right that `permission` gives `plugin` now; `None` for one that is about no table. An error where its table
    /// is not there, is not the one that is meant, or is not this user's to give.
    pub(super) async fn right_of(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<Option<Right>, BackendError> {
        let refused = |reason: String, setup: Vec<String>| BackendError::NotGrantable {
            plugin: plugin.clone(),
            permission: permission.clone(),
            reason,
            setup,
        };
        let (table, privilege) = match permission {
            Permission::Reads(table) => (table, "SELECT"),
            Permission::References(table) => (table, "REFERENCES"),
            Permission::Extension(name) => {
                return match self.lacks_extension(name).await? {
                    Some(reason) => Err(refused(
                        reason,
                        vec![format!("CREATE EXTENSION \"{}\";", name.as_str())],
                    )),
                    None => Ok(None),
                };
            }
            Permission::Alters(table) => (table, ALTERS),
            Permission::LeavesCode(table) => (table, LEAVES_CODE),
            Permission::Drops(table) => (table, DROPS),
            _ => return Ok(None),
        };
        let lends = [ALTERS, LEAVES_CODE, DROPS].contains(&privilege);
        let found = self.find(table, if lends { "SELECT" } else { privilege }).await?;
        let Some(Found { relation, kind, owner, may_give, name }) = found else {
            return Err(refused("there is no such table".to_owned(), Vec::new()));
        };
        match owner {
            Owner::Is(owner) if owner == table.owner => {}
            Owner::Is(TableOwner::Plugin(owner)) => {
                return Err(refused(format!("{owner} made the table {name}"), Vec::new()));
            }
            Owner::Is(TableOwner::Application) => {
                let reason = format!("no plugin that is recorded here made the table {name}");
                return Err(refused(reason, Vec::new()));
            }
            Owner::Was(owner) => {
                let reason =
                    format!("{owner} made the table {name}, which belongs to another user now");
                return Err(refused(reason, Vec::new()));
            }
        }
        if table.owner == TableOwner::Plugin(plugin.clone()) {
            return Ok(None);
        }
        if privilege == "REFERENCES" && !["r", "p"].contains(&kind.as_str()) {
            return Err(refused(format!("{name} is no table that can be referred to"), Vec::new()));
        }
        if lends {
            if let Some((reason, setup)) = self.not_lendable(relation, privilege == ALTERS).await? {
                return Err(refused(reason, setup));
            }
        } else if !may_give {
            let give = format!("GRANT {privilege} ON {name} TO CURRENT_USER WITH GRANT OPTION;");
            return Err(refused(format!("this user may not give rights on {name}"), vec![give]));
        }
        Ok(Some(Right { relation, privilege, named: table.to_string() }))
    }

    /// Takes from the plugin's role what `permission` gave to it and a view of its kept.
    pub(super) async fn take_from_role(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<(), BackendError> {
        let right = self.right_of(plugin, permission).await?;
        let (Some(Right { relation, privilege, .. }), Some(role)) =
            (right, self.role_of(plugin).await?)
        else {
            return Ok(());
        };
        let privilege = match privilege {
            LEAVES_CODE | DROPS => return Ok(()),
            ALTERS => "ALL",
            privilege => privilege,
        };
        let role = literal(&role);
        let taken = format!(
            "DO $runner$ BEGIN EXECUTE pg_catalog.format('REVOKE {privilege} ON %s FROM %I', \
                {relation}::pg_catalog.regclass, {role}); END $runner$"
        );
        self.in_one(&[taken]).await
    }

    /// The relation that is called so, in the schema where unqualified names go if none is named.
    async fn find(
        &mut self,
        table: &TableName,
        privilege: &str,
    ) -> Result<Option<Found>, BackendError> {
        let schema = match (&table.schema, &table.owner) {
            (Some(schema), _) => schema.clone(),
            (None, TableOwner::Plugin(owner)) => self.names_of(owner).await?.0,
            (None, TableOwner::Application) => self.names().await?.0,
        };
        let own = self.own_tables().await?;
        let asked = |table: &str, sql: &str| match own.contains(table) {
            true => spell(sql, &self.config.prefix, &[]),
            false => "NULL".to_owned(),
        };
        let of_role = asked(
            "alteration_role",
            "(SELECT plugin FROM @role WHERE role OPERATOR(pg_catalog.=) pg_catalog.pg_get_userbyid(c.relowner))",
        );
        let by_map = asked(
            "alteration_object",
            "(SELECT plugin FROM @object WHERE kind IN ('table', 'view') \
                AND place OPERATOR(pg_catalog.=) n.nspname AND name OPERATOR(pg_catalog.=) c.relname)",
        );
        let state = literal(&self.config.schema);
        let sql = format!(
            "SELECT c.oid::pg_catalog.text, c.relkind::pg_catalog.text, {of_role}, {by_map}, \
                pg_catalog.has_table_privilege(c.oid, '{privilege} WITH GRANT OPTION')::pg_catalog.text, \
                 c.oid::pg_catalog.regclass::pg_catalog.text, \
                (n.nspname OPERATOR(pg_catalog.=) {state} AND pg_catalog.starts_with(c.relname, 'alteration_')) \
                    ::pg_catalog.text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             WHERE n.nspname OPERATOR(pg_catalog.=) {} AND c.relname OPERATOR(pg_catalog.=) {} \
                AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            literal(&schema),
            literal(&table.table)
        );
        let rows = self.own_texts(&sql).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let [relation, kind, by_role, by_map, may_give, name, is_own] = columns(rows)?;
        // The runner's own tables are nobody's.
        if is_own.as_deref() == Some("true") {
            return Ok(None);
        }
        let parse = |plugin: String| {
            plugin
                .parse::<PluginName>()
                .map_err(|_| BackendError::Corrupt("the map of owners: no valid plugin".to_owned()))
        };
        let by_role = by_role.map(parse).transpose()?;
        let owner = match (by_role, by_map.map(parse).transpose()?) {
            (Some(plugin), _) => Owner::Is(TableOwner::Plugin(plugin)),
            // What a confined plugin makes belongs to its role.
            (None, Some(plugin)) => match self.has_role(&plugin).await? {
                true => Owner::Was(plugin),
                false => Owner::Is(TableOwner::Plugin(plugin)),
            },
            (None, None) => Owner::Is(TableOwner::Application),
        };
        let relation = relation.and_then(|oid| oid.parse().ok()).unwrap_or_default();
        Ok(Some(Found {
            relation,
            kind: kind.unwrap_or_default(),
            owner,
            may_give: may_give.as_deref() == Some("true"),
            name: name.unwrap_or_default(),
        }))
    }

    async fn has_role(&mut self, plugin: &PluginName) -> Result<bool, BackendError> {
        if !self.own_tables().await?.contains("alteration_role") {
            return Ok(false);
        }
        let sql = spell(
            "SELECT pg_catalog.count(*) FROM @role WHERE plugin OPERATOR(pg_catalog.=) ?",
            &self.config.prefix,
            &[Cell::text(plugin)],
        );
        let [found] = columns(self.own_texts(&sql).await?)?;
        Ok(found.as_deref() == Some("1"))
    }

    /// Why an extension can neither be used nor be made by this user; `None` if it can.
    async fn lacks_extension(
        &mut self,
        name: &ExtensionName,
    ) -> Result<Option<String>, BackendError> {
        let named = literal(name.as_str());
        // Version 13 has no such column.
        let sql = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = {named})::pg_catalog.text, \
                EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = {named})::pg_catalog.text, \
                EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions v WHERE v.name = {named} \
                    AND (v.trusted AND pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') \
                        OR NOT v.superuser))::pg_catalog.text, \
                (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)::pg_catalog.text"
        );
        let [is_there, is_available, may_make, is_superuser] =
            columns(self.own_texts(&sql).await?)?;
        let is = |answer: Option<String>| answer.as_deref() == Some("true");
        Ok(match (is(is_there), is(is_available), is(may_make) || is(is_superuser)) {
            (true, ..) | (_, true, true) => None,
            (false, false, _) => Some("the server does not have the extension".to_owned()),
            (false, true, false) => Some("this user may not make the extension".to_owned()),
        })
    }

    /// Makes the extension, if it is not there, where unqualified names go.
    pub(super) async fn make_extension(
        &mut self,
        name: &ExtensionName,
    ) -> Result<(), BackendError> {
        let (schema, _) = self.names().await?;
        let schema = super::super::text::quote(&schema);
        let sql = format!("CREATE EXTENSION IF NOT EXISTS \"{}\" SCHEMA {schema}", name.as_str());
        self.in_one(&[sql]).await
    }

    /// What records the rights of a ticket.
    pub(super) fn record_rights(ticket: &Ticket, rights: &[Right]) -> Vec<Own> {
        let secret = Sha256::digest(ticket.opener).to_vec();
        let record = |Right { relation, privilege, .. }: &Right| {
            let secret = (*privilege != "SELECT").then(|| secret.clone());
            let params = [
                Cell::text(ticket.number.clone()),
                Cell::integer(*relation),
                Cell::text(*privilege),
                Cell::Bytes(secret),
            ];
            let sql =
                "INSERT INTO @right (number, relation, privilege, secret) VALUES (?, ?, ?, ?)";
            Own::new_row(sql, params)
        };
        rights.iter().map(record).collect()
    }

    /// What has to be opened for a statement; `None` for most.
    pub(in crate::backend::postgres) fn opens(&self, statement: &Statement<'_>) -> Option<Opening> {
        self.referring.as_ref()?;
        let refers = self.lent.iter().any(|right| right.privilege == "REFERENCES")
            && ["CREATE", "ALTER"].contains(&statement.verb().as_str())
            && statement.words().any(|word| word == "REFERENCES");
        let lends = self.lends(statement);
        let names: Vec<String> = statement.names().into_iter().collect();
        (refers || lends.is_some()).then(|| Opening {
            refers,
            lends,
            names: serde_json::Value::from(names).to_string(),
        })
    }

    /// Opens for the next statement of the hook what it needs.
    pub(in crate::backend::postgres) async fn open(
        &mut self,
        opening: &Opening,
    ) -> Result<(), SqlError> {
        let Some(ticket) = self.referring.clone() else { return Ok(()) };
        if opening.refers {
            self.refer(&ticket, true).await?;
        }
        match &opening.lends {
            Some(lends) => self.lend(&ticket, true, lends, &opening.names).await,
            None => Ok(()),
        }
    }

    /// Takes back what [`Self::open`] opened, and judges what came of it.
    pub(in crate::backend::postgres) async fn close_opened(
        &mut self,
        opening: &Opening,
    ) -> Result<(), SqlError> {
        let Some(ticket) = self.referring.clone() else { return Ok(()) };
        // What an owner has is no right that was given.
        if let Some(lends) = &opening.lends {
            self.lend(&ticket, false, lends, &opening.names).await?;
        }
        match opening.refers {
            true => self.refer(&ticket, false).await,
            false => Ok(()),
        }
    }

    async fn refer(&mut self, ticket: &Ticket, opens: bool) -> Result<(), SqlError> {
        let params = [
            Cell::text(ticket.number.clone()),
            Cell::Bytes(Some(ticket.opener.to_vec())),
            Cell::integer(i64::from(opens)),
        ];
        let refer = Own::one_row("SELECT @refer(?, ?, ?)", params).sealed();
        let referred = self.own(vec![refer]).await;
        referred.map(|_| ()).map_err(|error| self.refusal(error.into()))
    }
}

/// What a statement of a hook needs opened while it runs.
pub(in crate::backend::postgres) struct Opening {
    /// REFERENCES.
    refers: bool,
    /// How tables are lent for it.
    lends: Option<Lends>,
    /// The names that it mentions (JSON).
    names: String,
}

/// Whose a relation is.
enum Owner {
    Is(TableOwner),
    /// A confined plugin made it, and its role does not own it any more.
    Was(PluginName),
}

/// A relation that has the name that was asked for.
struct Found {
    relation: i64,
    kind: String,
    owner: Owner,
    may_give: bool,
    /// As a statement writes it.
    name: String,
}
