//! What stands in the way of confining a plugin, and what a database administrator runs once.
//!
//! The recommended set-up needs no CREATEROLE in the URL: three functions of a role that cannot log in make, open and
//! close roles whose names begin with [`PREFIX`], and nothing else.

use super::{
    super::{
        PostgresConnection, columns,
        text::{literal, quote},
    },
    callable,
    role::likeness,
};
use crate::backend::{BackendError, Obstacle, connection::Connection as _};

/// What the names of plugins' roles begin with.
pub(super) const PREFIX: &str = "runner_";
/// The schema of the administrator's functions, and their owner.
pub(super) const KEEPER: &str = "runner_keeper";

impl PostgresConnection {
    /// Whether an administrator has set up the functions that make roles. Their owner must be a role that nobody logs in
    /// as, and the schema its own: a plugin could have made one of that name.
    pub(super) async fn has_keeper(&mut self) -> Result<bool, BackendError> {
        let sql = format!(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_proc p \
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
             JOIN pg_catalog.pg_roles r ON r.oid = p.proowner AND r.oid = n.nspowner \
             WHERE n.nspname = '{KEEPER}' AND p.proname IN ('make_role', 'open_role', 'close_role') \
                AND r.rolcreaterole AND NOT r.rolcanlogin AND p.prosecdef \
                AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
                AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
        );
        let [found] = columns(self.own_texts(&sql).await?)?;
        Ok(found.as_deref() == Some("3"))
    }

    pub(super) async fn find_obstacle(&mut self) -> Result<Option<Obstacle>, BackendError> {
        let (schema, _) = self.names().await?;
        let (mut missing, mut setup) = (Vec::new(), Vec::new());
        if schema.is_empty() {
            missing.push(
                "the search_path names no schema that a plugin could make anything in".to_owned(),
            );
            return Ok(Some(Obstacle { missing, setup }));
        }
        let (named, state) = (literal(&quote(&schema)), literal(&quote(&self.config.schema)));
        let sql = format!(
            "SELECT quote_ident(current_user), quote_ident(current_database()::text), \
                (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)::text, \
                has_schema_privilege(to_regnamespace({named}), 'CREATE WITH GRANT OPTION')::text, \
                coalesce(has_schema_privilege(to_regnamespace({state}), 'USAGE WITH GRANT OPTION'), true)::text, \
                EXISTS (SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a \
                    WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'CREATE')::text, \
                (SELECT string_agg(quote_ident(n.nspname), ', ') FROM pg_namespace n, \
                    aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a \
                    WHERE a.grantee = 0 AND a.privilege_type = 'CREATE'), \
                (SELECT string_agg(c.relname, ', ') FROM pg_class c, aclexplode(c.relacl) a \
                    WHERE c.relnamespace = to_regnamespace({state}) AND c.relname LIKE 'alteration\\_%' \
                    AND a.grantee = 0 AND a.privilege_type <> 'SELECT')"
        );
        let [
            user,
            database,
            makes_roles,
            gives_schema,
            gives_state,
            open_database,
            open_schemas,
            open_tables,
        ] = columns(self.own_texts(&sql).await?)?;
        let (user, database) = (user.unwrap_or_default(), database.unwrap_or_default());
        let is = |answer: &Option<String>| answer.as_deref() == Some("true");
        let quoted = quote(&schema);
        if !is(&makes_roles) && !self.has_keeper().await? {
            missing.push(format!("the role {user} may not make roles"));
            setup.extend(keeper(&user));
        }
        if !is(&gives_schema) {
            missing.push(format!("the role {user} may not give rights on the schema {quoted}"));
            setup.push(format!(
                "GRANT CREATE, USAGE ON SCHEMA {quoted} TO {user} WITH GRANT OPTION;"
            ));
        }
        if !is(&gives_state) && schema != self.config.schema {
            let state = quote(&self.config.schema);
            missing.push(format!("the role {user} may not give rights on the schema {state}"));
            setup.push(format!("GRANT USAGE ON SCHEMA {state} TO {user} WITH GRANT OPTION;"));
        }
        if let Some(schemas) = open_schemas {
            missing.push(format!("every role may make objects in the schemas {schemas}"));
            setup.push(format!("REVOKE CREATE ON SCHEMA {schemas} FROM PUBLIC;"));
        }
        if is(&open_database) {
            missing.push(format!("every role may make schemas in the database {database}"));
            setup.push(format!("REVOKE CREATE ON DATABASE {database} FROM PUBLIC;"));
        }
        if let Some(tables) = open_tables {
            missing.push(format!("every role may write to the runner's tables ({tables})"));
            let state = quote(&self.config.schema);
            setup.push(format!("REVOKE ALL ON ALL TABLES IN SCHEMA {state} FROM PUBLIC;"));
        }
        let own = self.own_tables().await?;
        let has_both =
            ["alteration_role", "alteration_object"].iter().all(|table| own.contains(*table));
        let prefix = has_both.then(|| self.config.prefix.clone());
        let mut named = Vec::new();
        for row in self.own_texts(&callable::question(prefix.as_deref())).await? {
            let mut row = row.into_iter().flatten();
            named.extend(row.next());
            setup.extend(row.next());
        }
        if !named.is_empty() {
            let what = match named.len() {
                1 => {
                    "runs with its owner's rights for every role, and could be made to use what a plugin makes"
                }
                _ => {
                    "run with their owners' rights for every role, and could be made to use what a plugin makes"
                }
            };
            missing.push(format!("{} {what}", named.join(", ")));
            setup.push(
                "-- Then: GRANT EXECUTE ON ROUTINE … TO the roles of the application that call it."
                    .to_owned(),
            );
        }
        Ok((!missing.is_empty()).then_some(Obstacle { missing, setup }))
    }
}

/// The functions that let a role without CREATEROLE confine plugins. `user` is quoted where its name needs it.
fn keeper(user: &str) -> Vec<String> {
    let guard = format!(
        "IF role !~ '^{PREFIX}[a-z0-9_]+_[0-9a-f]{{16}}$' OR EXISTS (SELECT FROM pg_roles WHERE rolname = role \
            AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)) THEN \
         RAISE 'no role of a plugin: %', role; END IF;"
    );
    let function = |name: &str, parameters: &str, body: &str| {
        format!(
            "CREATE FUNCTION {KEEPER}.{name}({parameters}) RETURNS void LANGUAGE plpgsql SECURITY DEFINER \
             SET search_path = pg_catalog, pg_temp AS $$ DECLARE setting record; BEGIN {guard} {body} END $$;"
        )
    };
    let plain = user.strip_prefix('"').and_then(|user| user.strip_suffix('"'));
    let plain = plain.map_or_else(|| user.to_owned(), |user| user.replace("\"\"", "\""));
    // Before version 16 whoever makes a role is no member of it, and may make itself one.
    let join = format!("EXECUTE format('GRANT %I TO %I', role, {});", literal(&plain));
    // The role of a plugin in another database is another operator's.
    let own = "IF NOT pg_has_role(session_user, role, 'MEMBER') THEN \
        RAISE 'the role of a plugin of another operator: %', role; END IF;";
    let quiet = "EXECUTE format('ALTER ROLE %I RESET ALL', role); \
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', role, current_database());";
    let likeness = likeness("role");
    vec![
        // Another database of the cluster may have it already.
        format!(
            "DO $$ BEGIN IF to_regrole('{KEEPER}') IS NULL THEN CREATE ROLE {KEEPER} NOLOGIN CREATEROLE; END IF; END $$;"
        ),
        format!("CREATE SCHEMA {KEEPER} AUTHORIZATION {KEEPER};"),
        format!("SET ROLE {KEEPER};"),
        function(
            "make_role",
            "role text",
            &format!("EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role); {join}"),
        ),
        function(
            "open_role",
            "role text, verifier text",
            &format!(
                "IF verifier !~ '^SCRAM-SHA-256[$][0-9]+:[A-Za-z0-9+/=]+[$][A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' THEN \
                 RAISE 'no verifier'; END IF; {own} {quiet} {likeness} \
                 EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', role, verifier);"
            ),
        ),
        function(
            "close_role",
            "role text",
            &format!("{own} {quiet} EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', role);"),
        ),
        format!("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {KEEPER} FROM PUBLIC;"),
        format!("GRANT USAGE ON SCHEMA {KEEPER} TO {user};"),
        format!("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {KEEPER} TO {user};"),
        "RESET ROLE;".to_owned(),
    ]
}
