//! Gives what a plugin has to its role, and back: in one transaction with the record of it.
//!
//! ```text
//!   ledger moves · the role is made · for each object: ALTER … OWNER TO role, GRANT ALL TO the former owner
//!   · SELECT for what its views read · everything of the role is looked at as `finish` does · the record · COMMIT
//! ```
//!
//! The privileges of others stay as they are: PostgreSQL rewrites only the owner's. What becomes of the plugin's functions
//! is what `finish` makes of new ones; how they were before is kept in `alteration_function`, for the way back.

use super::{
    super::{
        PostgresConnection, columns, error,
        message::Message,
        objects,
        own::spell,
        text::{literal, quote},
    },
    holdings::{READ_BY_VIEWS, Recorded, moved},
    scans,
};
use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        connection::{Cell, Transactions as _},
        recorded,
        transaction::{End, Own, Start},
    },
    crash,
};
use alteration_domain::record::Object;

/// Made with the tables of tickets.
pub(super) const TABLE: &str = "-- One row for each function that `runner confine` gave to a plugin's role (PostgreSQL): how it was before, for
    -- `--undo`.
    CREATE TABLE IF NOT EXISTS @function (
        -- The plugin's name.
        plugin {key} NOT NULL,
        -- The schema that it is in.
        place {key} NOT NULL,
        -- Its name, with the types of its parameters.
        name {key} NOT NULL,
        -- 1 if it ran with its owner's rights, else 0.
        is_definer {integer} NOT NULL,
        -- 1 if it had a search path of its own, else 0.
        is_pinned {integer} NOT NULL,
        -- The roles that could call it (an array of PostgreSQL; an empty name is PUBLIC).
        callers {text} NOT NULL,
        PRIMARY KEY (place, name)
    )";

/// From PostgreSQL 14 on a range has a multirange, whose owner may have to be changed by itself.
const MULTIRANGES: u32 = 140_000;

impl PostgresConnection {
    /// Gives `objects` to the plugin's role, which is made if there is none. `begins` comes first, `record` last. Returns
    /// the role.
    pub(super) async fn give_to_role(
        &mut self,
        plugin: &PluginName,
        objects: &[Object],
        begins: Own,
        record: Vec<Own>,
    ) -> Result<String, BackendError> {
        let (schema, path) = self.names().await?;
        self.make_tables(&schema, &path).await?;
        let (home, (_, path)) = (self.home_of(plugin).await?, self.names_of(plugin).await?);
        let (role, mut statements) = match self.recorded_role(plugin).await? {
            Some(Recorded { role, is_there: true, is_shared: false }) => (role, Vec::new()),
            found => {
                let (role, mut made) = self.making(plugin).await?;
                if found.is_some() {
                    let forget = "DELETE FROM @role WHERE plugin = ?";
                    let known = [Cell::text(plugin.as_str())];
                    made.insert(0, spell(forget, &self.config.prefix, &known));
                }
                (role, made)
            }
        };
        statements.extend(self.base_rights(&role, &schema));
        if let Some(home) = home {
            statements.extend(self.home_rights(&role, &home, &schema));
        }
        statements.push(self.transfer(plugin, &role, objects, &path));
        let given = self.in_transaction(plugin, begins, &statements, record, objects).await;
        given.map(|()| role)
    }

    /// Gives everything of the plugin's role to this connection's user, takes the role's rights, and forgets it. Returns the
    /// role, if it could not be dropped.
    pub(super) async fn take_from_plugin(
        &mut self,
        plugin: &PluginName,
        begins: Own,
        record: Vec<Own>,
    ) -> Result<Option<String>, BackendError> {
        let Some(Recorded { role, is_there, is_shared }) = self.recorded_role(plugin).await? else {
            return Err(BackendError::Corrupt(format!("no role is recorded for {plugin}")));
        };
        let (schema, path) = self.names().await?;
        self.make_tables(&schema, &path).await?;
        let (named, quoted) = (literal(&role), quote(&role));
        let known = [Cell::text(plugin.as_str())];
        let mut statements = Vec::new();
        if is_there {
            self.shut_out(&role).await?;
            statements.push(self.restored(plugin, &role));
            statements.push(format!("REASSIGN OWNED BY {quoted} TO CURRENT_USER"));
            statements.push(format!("DROP OWNED BY {quoted}"));
        }
        for table in ["role", "function", "home"] {
            let sql = format!("DELETE FROM @{table} WHERE plugin = ?");
            statements.push(spell(&sql, &self.config.prefix, &known));
        }
        // A role that the keeper made, or that another database has too, stays: it may do nothing here.
        if is_there && !is_shared && !self.has_keeper().await? {
            statements.push(format!(
                "DO $runner$ BEGIN EXECUTE format('DROP ROLE %I', {named}); \
                 EXCEPTION WHEN insufficient_privilege OR dependent_objects_still_exist THEN NULL; END $runner$"
            ));
        }
        self.in_transaction(plugin, begins, &statements, record, &[]).await?;
        let left = format!("SELECT count(*)::text FROM pg_roles WHERE rolname = {named}");
        let [left] = columns(self.own_texts(&left).await?)?;
        Ok((left.as_deref() == Some("1")).then_some(role))
    }

    /// Runs `statements` between `begins` and `record`, all of it or nothing. `objects` are what a lock may be on.
    async fn in_transaction(
        &mut self,
        plugin: &PluginName,
        begins: Own,
        statements: &[String],
        record: Vec<Own>,
        objects: &[Object],
    ) -> Result<(), BackendError> {
        let work = async {
            self.start(Start::own(vec![begins])).await?;
            crash::point("after a transfer began");
            let mut message = Message::default();
            message.extend(statements.iter().map(String::as_str));
            let done = self.link.own_run(&message.text()).await;
            done.map_err(|refused| match error::code(&refused).as_deref() {
                Some("42501") => {
                    let reason = error::refused(refused, self.link.url()).to_string();
                    BackendError::Unfit { plugin: plugin.clone(), reason }
                }
                _ => error::host_error(refused, self.link.url()),
            })?;
            crash::point("before a transfer is committed");
            Ok(((), End::own(record)))
        };
        let work = work.await;
        match recorded::conclude(self, work).await {
            Ok(_) => Ok(()),
            Err(BackendError::Busy(reason)) => {
                let holders = self.holders(objects).await.unwrap_or_default();
                Err(BackendError::Busy([vec![reason], holders].concat().join("; ")))
            }
            Err(error) => Err(error),
        }
    }

    /// Says which other sessions have locks on `objects` now.
    async fn holders(&mut self, objects: &[Object]) -> Result<Vec<String>, BackendError> {
        let sql = format!(
            "SELECT format('process %s (user %s%s) has a lock on %s%s%s', a.pid, a.usename,
                CASE WHEN a.application_name <> '' THEN ', ' || a.application_name ELSE '' END,
                string_agg(DISTINCT l.oid::regclass::text, ', '),
                coalesce(to_char(a.xact_start AT TIME ZONE 'UTC', '\" since\" HH24:MI:SS \"UTC\"'), ''),
                CASE WHEN a.query NOT IN ('', '<insufficient privilege>')
                    THEN ', last statement: ' || left(a.query, 120) ELSE '' END)
             FROM pg_locks k JOIN pg_stat_activity a ON a.pid = k.pid
             JOIN ({}) l ON l.oid = k.relation
             WHERE k.granted AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND k.pid <> pg_backend_pid() AND l.kind IN ('table', 'view', 'sequence')
             GROUP BY a.pid, a.usename, a.application_name, a.xact_start, a.query",
            moved(&self.config.schema, objects)
        );
        Ok(self.own_texts(&sql).await?.into_iter().flatten().flatten().collect())
    }

    /// What gives `objects` to `role`, and looks at what it has then.
    fn transfer(&self, plugin: &PluginName, role: &str, objects: &[Object], path: &str) -> String {
        let prefix = &self.config.prefix;
        let (role, plugin) = (literal(role), literal(plugin.as_str()));
        let moved = moved(&self.config.schema, objects);
        let multiranges = match self.config.version >= MULTIRANGES {
            true => {
                "    FOR found_one IN SELECT m.oid::regtype AS name FROM pg_range r
            JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_type m ON m.oid = r.rngmultitypid
        WHERE t.typowner = me AND m.typowner <> me
    LOOP
        EXECUTE format('ALTER TYPE %s OWNER TO %I', found_one.name, role);
    END LOOP;
"
            }
            false => "",
        };
        format!(
            "DO $runner$ DECLARE
    role text := {role};
    me oid := (SELECT oid FROM pg_roles WHERE rolname = {role});
    since integer := {ever};
    found_one record;
    given record;
    calls text;
    callers text;
    own_path text := {own_path};
BEGIN
    FOR given IN SELECT DISTINCT m.place FROM ({moved}) m WHERE m.kind <> 'schema' LOOP
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', given.place, role);
    END LOOP;
    INSERT INTO {prefix}alteration_function (plugin, place, name, is_definer, is_pinned, callers)
        SELECT {plugin}, m.place, m.name, p.prosecdef::integer,
            EXISTS (SELECT FROM unnest(p.proconfig) c WHERE starts_with(c, 'search_path='))::integer,
            (SELECT coalesce(array_agg(DISTINCT CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END), '{{}}')
                FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                WHERE a.grantee <> p.proowner)::text
        FROM ({moved}) m JOIN pg_proc p ON p.oid = m.oid
        WHERE m.kind = 'function' AND m.owner <> me AND p.prokind IN ('f', 'p')
    ON CONFLICT (place, name) DO UPDATE SET plugin = excluded.plugin, is_definer = excluded.is_definer,
        is_pinned = excluded.is_pinned, callers = excluded.callers;
    FOR found_one IN SELECT m.kind, m.place, m.oid, CASE m.kind
            WHEN 'function' THEN format('ROUTINE %s', m.oid::regprocedure) WHEN 'type' THEN format('TYPE %s', m.oid::regtype)
            WHEN 'schema' THEN format('SCHEMA %I', m.place) ELSE format('TABLE %s', m.oid::regclass) END AS name
        FROM ({moved}) m WHERE m.owner <> me AND NOT m.follows ORDER BY m.kind = 'schema', m.kind = 'view', m.oid
    LOOP
        IF found_one.kind = 'schema' THEN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = found_one.place) THEN
                RAISE insufficient_privilege USING MESSAGE = format(
                    'the schema %I is named like a role, whose unqualified names are looked for there first', found_one.place);
            END IF;
            -- Whoever owns a schema may drop what is in it.
            IF EXISTS (SELECT FROM ({everything}) e WHERE e.place = found_one.place AND e.kind <> 'schema' AND e.owner <> me) THEN
                EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', found_one.place, role);
                CONTINUE;
            END IF;
        END IF;
        EXECUTE format('ALTER %s OWNER TO %I', found_one.name, role);
        EXECUTE format('GRANT ALL ON %s TO %I', found_one.name, current_user);
    END LOOP;
{multiranges}    FOR found_one IN SELECT s.oid::regclass AS name FROM pg_class s WHERE s.relkind = 'S' AND s.relowner = me LOOP
        EXECUTE format('GRANT ALL ON SEQUENCE %s TO %I', found_one.name, current_user);
    END LOOP;
    FOR found_one IN SELECT format('%I.%I', n.nspname, x.stxname) AS name FROM pg_statistic_ext x
        JOIN pg_namespace n ON n.oid = x.stxnamespace JOIN pg_class c ON c.oid = x.stxrelid
        WHERE c.relowner = me AND x.stxowner <> me
    LOOP
        EXECUTE format('ALTER STATISTICS %s OWNER TO %I', found_one.name, role);
    END LOOP;
    FOR given IN SELECT DISTINCT c.oid::regclass AS name, n.nspname FROM {READ_BY_VIEWS}
        AND v.relowner = me AND c.relowner <> me AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    LOOP
        IF NOT has_schema_privilege(role, given.nspname, 'USAGE') THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', given.nspname, role);
        END IF;
        IF NOT has_table_privilege(role, given.name, 'SELECT') THEN
            EXECUTE format('GRANT SELECT ON %s TO %I', given.name, role);
        END IF;
    END LOOP;
    SELECT format('the rule %I on %s works on %s', w.rulename, t.oid::regclass, c.oid::regclass) INTO calls
        FROM pg_rewrite w JOIN pg_class t ON t.oid = w.ev_class AND t.relowner = me
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class c ON c.oid = d.refobjid AND c.relowner <> me
        WHERE w.rulename <> '_RETURN' LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ', which is not the plugin''s';
    END IF;
{scans}
    FOR given IN SELECT n.nspname FROM pg_namespace n WHERE n.nspowner <> me
        AND EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.grantee = me AND a.privilege_type = 'CREATE')
    LOOP
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', given.nspname, role);
    END LOOP;
END $runner$",
            everything = objects::listing(&self.config.schema),
            ever = scans::EVER,
            own_path = literal(&format!("{path}, pg_temp")),
            scans = scans::of_objects(prefix),
        )
    }

    /// Makes the functions of `role` what they were before the plugin was confined. Those that it made since run with their
    /// caller's rights: with those of the next owner they would do more than the plugin could.
    fn restored(&self, plugin: &PluginName, role: &str) -> String {
        let (role, plugin) = (literal(role), literal(plugin.as_str()));
        format!(
            "DO $runner$ DECLARE
    found_one record;
    caller text;
    me oid := (SELECT oid FROM pg_roles WHERE rolname = {role});
BEGIN
    SELECT format('%s reads %s, which the plugin may not: with your rights it would show it', v.oid::regclass, c.oid::regclass)
        INTO caller FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class AND v.relowner = me
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class c ON c.oid = d.refobjid AND c.relowner <> me AND c.oid >= 16384
        WHERE NOT has_table_privilege(me, c.oid, 'SELECT') AND NOT has_any_column_privilege(me, c.oid, 'SELECT') LIMIT 1;
    IF caller IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = caller;
    END IF;
    FOR found_one IN SELECT l.oid::regprocedure AS name, f.is_definer, f.is_pinned, f.callers
        FROM ({listing}) l JOIN pg_proc p ON p.oid = l.oid AND p.prokind IN ('f', 'p')
        LEFT JOIN {prefix}alteration_function f ON f.plugin = {plugin} AND f.place = l.place AND f.name = l.name
        WHERE l.kind = 'function' AND pg_get_userbyid(l.owner) = {role}
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', found_one.name, {role});
        IF found_one.is_definer IS DISTINCT FROM 1 THEN
            EXECUTE format('ALTER ROUTINE %s SECURITY INVOKER', found_one.name);
        END IF;
        IF found_one.is_pinned = 0 THEN
            EXECUTE format('ALTER ROUTINE %s RESET search_path', found_one.name);
        END IF;
        FOREACH caller IN ARRAY coalesce(found_one.callers, '{{}}')::text[] LOOP
            IF caller = '' THEN
                EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO PUBLIC', found_one.name);
            ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = caller) THEN
                EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', found_one.name, caller);
            END IF;
        END LOOP;
    END LOOP;
END $runner$",
            prefix = self.config.prefix,
            listing = objects::listing(&self.config.schema),
        )
    }
}
