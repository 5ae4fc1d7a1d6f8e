//! The role of a confined plugin: made once, let in for a run, shut out after it.
//!
//! Between runs it cannot log in and has no password. Its name is stored: roles are the cluster's, and a name that was
//! derived anew could be another database's. A role that a database administrator's keeper makes (`obstacle.rs`) is
//! handled by that one's functions; any other by the operator's own CREATEROLE.

use super::{
    super::{
        PostgresConnection, PostgresConnector, columns,
        message::Message,
        own::spell,
        settings,
        text::{literal, quote},
    },
    callers, cascades, dependents, exposed, functions, home, lending,
    obstacle::{KEEPER, PREFIX},
    outside, rights,
    scram::Password,
    transfer,
};
use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        confining::Place,
        connection::{Cell, Connection as _, Locking as _, SharedConnection, spelled},
        recorded,
        transaction::Own,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

/// The longest name that PostgreSQL keeps whole.
const NAME_BYTES_MAX: usize = 63;
/// Random bytes in a name.
const DRAWN_BYTES: usize = 8;
/// How long the sessions of a former run may take to end.
const ENDING_TIME: Duration = Duration::from_secs(20);
const ENDING_POLL: Duration = Duration::from_millis(20);

/// A readable name for the role of `plugin`. What was `drawn` keeps it apart from the roles of other databases, and of a
/// database that was dropped.
fn name_of(plugin: &str, drawn: [u8; DRAWN_BYTES]) -> String {
    let drawn: String = drawn.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
    let room = NAME_BYTES_MAX - PREFIX.len() - 1 - drawn.len();
    let slug: String = plugin.chars().map(plain).take(room).collect();
    format!("{PREFIX}{slug}_{drawn}")
}

/// The tables that are made when the first plugin is confined, without the beginning of their names.
pub(super) const OWN_TABLES: [&str; 9] =
    ["role", "home", "ticket", "ending", "right", "loan", "added", "dependent", "function"];

/// The functions that are made then, with their parameters.
pub(super) fn own_functions() -> impl Iterator<Item = &'static str> {
    let open = [
        functions::CLAIM,
        functions::FINISH,
        rights::REFER,
        exposed::EXPOSED,
        callers::USED,
        cascades::CASCADES,
    ];
    open.into_iter().chain(lending::FUNCTIONS)
}

impl PostgresConnection {
    /// Logs in as the plugin's role, which is made if there is none.
    pub(super) async fn log_in_as(
        &mut self,
        plugin: &PluginName,
        place: Place,
    ) -> Result<SharedConnection, BackendError> {
        let (schema, path) = self.names().await?;
        self.make_tables(&schema, &path).await?;
        self.check_home(plugin, place).await?;
        let role = match self.role_of(plugin).await? {
            Some(role) => role,
            None => self.make_role(plugin, place).await?,
        };
        let home = self.home_of(plugin).await?;
        let (_, path) = self.names_of(plugin).await?;
        self.end_sessions_of(&role).await?;
        self.delete_tickets().await?;
        self.shut_forgotten().await?;
        let password = Password::draw()?;
        self.let_in(&role, (&schema, home.as_deref()), &password.verifier).await?;
        let opener = Arc::new(self.link.opener().as_role(&role, &password.text));
        let names = (self.config.schema.as_str(), path.as_str());
        let connector = PostgresConnector::beside(opener, &self.config.options, names);
        let idle = self.idle;
        let opened = async {
            let mut connection = connector.open().await?;
            // It has to know whether it is shared.
            connection.needs_lease().await?;
            connection.set_idle_limit(idle).await?;
            Ok(connection)
        };
        let connection = match opened.await {
            Ok(connection) => connection,
            Err(error) => {
                self.shut_out(&role).await?;
                // The server is full, or on its way down.
                if matches!(error, BackendError::Unreachable { .. }) {
                    return Err(error);
                }
                return Err(BackendError::CannotConfine {
                    plugin: plugin.clone(),
                    missing: vec![format!(
                        "the server did not let the role {role} log in: {error}"
                    )],
                    setup: Vec::new(),
                });
            }
        };
        Ok(Arc::new(Mutex::new(connection)))
    }

    /// The schema where a hook makes what it names without one, and the schemas where it finds names, as the operator's
    /// own session has them.
    pub(super) async fn names(&mut self) -> Result<(String, String), BackendError> {
        let sql = format!(
            "{}; SELECT coalesce(pg_catalog.current_schema()::pg_catalog.text, ''), \
                coalesce((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(name), ', ') \
                 FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) AS name), '')",
            settings::path(&self.config.search_path)
        );
        let [schema, path] = columns(self.own_texts(&sql).await?)?;
        Ok((schema.unwrap_or_default(), path.unwrap_or_default()))
    }

    /// The tables and functions of tickets, as this runner has them. Nobody else has rights on them, whatever default
    /// privileges gave.
    pub(super) async fn make_tables(
        &mut self,
        schema: &str,
        path: &str,
    ) -> Result<(), BackendError> {
        let (types, prefix) = (self.own_types(), self.config.prefix.clone());
        let mut made: Vec<String> = functions::TABLES
            .iter()
            .chain([&home::TABLE, &rights::TABLE, &dependents::TABLE, &transfer::TABLE])
            .chain(&lending::TABLES)
            .map(|sql| spell(&spelled(sql, types), &prefix, &[]))
            .collect();
        made.extend(functions::functions(&prefix, schema, &format!("{path}, pg_temp")));
        let tables = OWN_TABLES.map(|name| (RELATION, name));
        let closed = tables.into_iter().chain(own_functions().map(|name| (ROUTINE, name)));
        made.extend(
            closed.map(|(kind, name)| kind.closed(&format!("{prefix}alteration_{name}"), &prefix)),
        );
        self.in_one(&made).await
    }

    /// Runs statements in one transaction of their own.
    pub(super) async fn in_one(&mut self, statements: &[String]) -> Result<(), BackendError> {
        let mut message = Message::default();
        message.push("BEGIN");
        message.extend([settings::OWN_PATH]);
        message.extend(statements.iter().map(String::as_str));
        message.push("COMMIT");
        let done = self.own_run(&message.text()).await;
        if done.is_err() {
            self.own_run("ROLLBACK").await?;
        }
        done
    }

    pub(super) async fn role_of(
        &mut self,
        plugin: &PluginName,
    ) -> Result<Option<String>, BackendError> {
        let known =
            Own::rows("SELECT role FROM @role WHERE plugin = ?", [Cell::text(plugin.as_str())]);
        let rows = recorded::read_one(self, known).await?;
        let Some([Cell::Text(Some(role))]) = rows.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        let there = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {})",
            literal(role)
        );
        let [there] = columns(self.own_texts(&there).await?)?;
        match there.as_deref() {
            Some("t") => Ok(Some(role.clone())),
            _ => Err(BackendError::CannotConfine {
                plugin: plugin.clone(),
                missing: vec![format!(
                    "its role {role} is not on this server, as after a restore elsewhere"
                )],
                setup: Vec::new(),
            }),
        }
    }

    async fn make_role(
        &mut self,
        plugin: &PluginName,
        place: Place,
    ) -> Result<String, BackendError> {
        let (role, mut made) = self.making(plugin).await?;
        if place == Place::Own {
            made.extend(self.making_home(plugin).await?);
        }
        match self.in_one(&made).await {
            Ok(()) => Ok(role),
            Err(BackendError::Database(reason)) => Err(BackendError::CannotConfine {
                plugin: plugin.clone(),
                missing: vec![format!("the role {role} cannot be made: {reason}")],
                setup: Vec::new(),
            }),
            Err(error) => Err(error),
        }
    }

    /// Returns a name for the plugin's role, and what makes and records it.
    pub(super) async fn making(
        &mut self,
        plugin: &PluginName,
    ) -> Result<(String, Vec<String>), BackendError> {
        let mut drawn = [0; DRAWN_BYTES];
        getrandom::fill(&mut drawn)
            .map_err(|error| BackendError::Database(format!("no randomness: {error}")))?;
        let role = name_of(plugin.as_str(), drawn);
        let (named, quoted) = (literal(&role), quote(&role));
        let make = match self.has_keeper().await? {
            true => format!("SELECT {KEEPER}.make_role({named})"),
            false => format!(
                "CREATE ROLE {quoted} NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            ),
        };
        let mut made = vec![make];
        made.extend(self.joining(&quoted).await?);
        let params = [Cell::text(plugin.as_str()), Cell::text(role.clone())];
        made.push(spell(
            "INSERT INTO @role (plugin, role) VALUES (?, ?)",
            &self.config.prefix,
            &params,
        ));
        Ok((role, made))
    }

    /// What makes the operator's role a member of the plugin's, unless it has its rights anyway.
    async fn joining(&mut self, quoted: &str) -> Result<Option<String>, BackendError> {
        let asked = "SELECT rolsuper::pg_catalog.text FROM pg_catalog.pg_roles WHERE rolname = current_user";
        let [is_superuser] = columns(self.own_texts(asked).await?)?;
        let with = if self.config.version >= 160_000 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
        let is_needed = is_superuser.as_deref() != Some("true") && !self.has_keeper().await?;
        Ok(is_needed.then(|| format!("GRANT {quoted} TO CURRENT_USER{with}")))
    }

    /// Lets the role in with a password of this run, and gives it what every confined plugin has.
    async fn let_in(
        &mut self,
        role: &str,
        (schema, home): (&str, Option<&str>),
        verifier: &str,
    ) -> Result<(), BackendError> {
        let (named, quoted) = (literal(role), quote(role));
        let open = match self.has_keeper().await? {
            // It gives the role the settings too.
            true => vec![format!("SELECT {KEEPER}.open_role({named}, {})", literal(verifier))],
            false => vec![
                forget_settings(&named),
                format!(
                    "DO $runner$ DECLARE setting record; BEGIN {} END $runner$",
                    likeness(&named)
                ),
                format!("ALTER ROLE {quoted} LOGIN PASSWORD {}", literal(verifier)),
            ],
        };
        let mut statements = self.base_rights(role, schema);
        if let Some(home) = home {
            statements.extend(self.home_rights(role, home, schema));
        }
        statements.push(callers::left_to_public(&self.config.prefix));
        statements.extend(open);
        self.in_one(&statements).await
    }

    /// What gives the role what every confined plugin has.
    pub(super) fn base_rights(&self, role: &str, schema: &str) -> Vec<String> {
        let (named, quoted, prefix) = (literal(role), quote(role), &self.config.prefix);
        let state = quote(&self.config.schema);
        vec![
            format!("GRANT USAGE ON SCHEMA {state}, {} TO {quoted}", quote(schema)),
            format!(
                "GRANT EXECUTE ON FUNCTION {prefix}alteration_claim(pg_catalog.text), \
                    {prefix}alteration_finish(pg_catalog.text, pg_catalog.bytea), {prefix}alteration_{}, {prefix}alteration_{} TO {quoted}",
                rights::REFER,
                lending::FUNCTIONS[0]
            ),
            format!(
                "DO $runner$ BEGIN IF NOT pg_catalog.has_database_privilege({named}, pg_catalog.current_database(), 'CONNECT') THEN \
                 EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO %I', pg_catalog.current_database(), {named}); \
                 END IF; END $runner$"
            ),
            default_privileges(&named),
        ]
    }

    /// Shuts the role out: no password, no sessions, none of the memberships and settings that it may have made, and no right
    /// to make anything that a statement outside of a transaction was given.
    pub(super) async fn shut_out(&mut self, role: &str) -> Result<(), BackendError> {
        let (named, quoted) = (literal(role), quote(role));
        let mut shut = vec![outside::no_create(&named)];
        shut.extend(match self.has_keeper().await? {
            true => vec![format!("SELECT {KEEPER}.close_role({named})")],
            false => {
                vec![forget_settings(&named), format!("ALTER ROLE {quoted} NOLOGIN PASSWORD NULL")]
            }
        });
        self.in_one(&shut).await?;
        self.end_sessions_of(role).await
    }

    /// The roles of plugins that can log in now.
    pub(super) async fn open_roles(&mut self) -> Result<Vec<String>, BackendError> {
        // A run is recorded before its plugin is let in for the first time.
        if !self.own_tables().await?.contains("alteration_role") {
            return Ok(Vec::new());
        }
        let sql = spell(
            "SELECT r.role FROM @role r JOIN pg_catalog.pg_roles p ON p.rolname OPERATOR(pg_catalog.=) r.role \
             WHERE p.rolcanlogin",
            &self.config.prefix,
            &[],
        );
        Ok(self.own_texts(&sql).await?.into_iter().flatten().flatten().collect())
    }

    /// Shuts out the plugins that a runner that was killed left open.
    pub(super) async fn shut_forgotten(&mut self) -> Result<(), BackendError> {
        for role in self.open_roles().await? {
            self.shut_out(&role).await?;
        }
        Ok(())
    }

    /// Ends the sessions of a role that a run before left, and waits until they are gone.
    async fn end_sessions_of(&mut self, role: &str) -> Result<(), BackendError> {
        let sql = format!(
            "SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid)) \
             FROM pg_catalog.pg_stat_activity WHERE usename = {} AND pid <> pg_catalog.pg_backend_pid()",
            literal(role)
        );
        let deadline = Instant::now() + ENDING_TIME;
        loop {
            let [left] = columns(self.own_texts(&sql).await?)?;
            if left.as_deref() == Some("0") {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(BackendError::Busy(format!(
                    "a session of the role {role} does not end"
                )));
            }
            sleep(ENDING_POLL).await;
        }
    }

    /// The role of a plugin that is confined here.
    pub(super) async fn shut_plugin(&mut self, plugin: &PluginName) -> Result<(), BackendError> {
        match self.role_of(plugin).await? {
            Some(role) => self.shut_out(&role).await,
            None => Ok(()),
        }
    }
}

/// A kind of thing that rights are given on.
struct Kind {
    word: &'static str,
    catalogue: &'static str,
    /// The beginning of the names of its owner's and its rights' columns.
    column: &'static str,
    /// The type that finds it by its name.
    by_name: &'static str,
    /// As `acldefault` calls it.
    letter: char,
}

const RELATION: Kind =
    Kind { word: "TABLE", catalogue: "pg_class", column: "rel", by_name: "regclass", letter: 'r' };
const ROUTINE: Kind = Kind {
    word: "FUNCTION",
    catalogue: "pg_proc",
    column: "pro",
    by_name: "regprocedure",
    letter: 'f',
};

impl Kind {
    /// Takes all rights on it from everybody but its owner and, for a function, the plugins' roles.
    fn closed(&self, name: &str, prefix: &str) -> String {
        let Self { word, catalogue, column, by_name, letter } = self;
        let revoke = literal(&format!("REVOKE ALL ON {word} {name} FROM "));
        let found = literal(name);
        format!(
            "DO $runner$ DECLARE others text; BEGIN \
             SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' \
                ELSE quote_ident(pg_get_userbyid(a.grantee)) END, ', ') INTO others \
             FROM {catalogue} c CROSS JOIN LATERAL \
                aclexplode(coalesce(c.{column}acl, acldefault('{letter}', c.{column}owner))) a \
             WHERE c.oid = {found}::{by_name} AND a.grantee <> c.{column}owner \
                AND NOT ('{letter}' = 'f' AND EXISTS (SELECT FROM {prefix}alteration_role r \
                    WHERE r.role = pg_get_userbyid(a.grantee))); \
             IF others IS NOT NULL THEN EXECUTE {revoke} || others; END IF; \
             END $runner$"
        )
    }
}

/// What the plugin's session may have set for its own role's next one.
fn forget_settings(named: &str) -> String {
    format!(
        "DO $runner$ DECLARE other record; BEGIN \
         EXECUTE pg_catalog.format('ALTER ROLE %I RESET ALL', {named}); \
         EXECUTE pg_catalog.format('ALTER ROLE %I IN DATABASE %I RESET ALL', {named}, pg_catalog.current_database()); \
         FOR other IN SELECT m.member::pg_catalog.regrole AS member, m.roleid::pg_catalog.regrole AS of \
            FROM pg_catalog.pg_auth_members m \
            WHERE m.member = {named}::pg_catalog.regrole \
                OR (m.roleid = {named}::pg_catalog.regrole AND m.grantor = {named}::pg_catalog.regrole) \
         LOOP EXECUTE pg_catalog.format('REVOKE %s FROM %s', other.of, other.member); END LOOP; \
         END $runner$"
    )
}

/// Statements of PL/pgSQL with a variable `setting`: give a role the settings that the operator's role has in this
/// database, so that what a hook's literals mean does not change with who logs in. A setting that the role may not have is
/// left out.
pub(super) fn likeness(named: &str) -> String {
    format!(
        "FOR setting IN SELECT pg_catalog.split_part(c, '=', 1) AS name, \
                pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value \
            FROM pg_catalog.pg_db_role_setting d CROSS JOIN pg_catalog.unnest(d.setconfig) c \
            WHERE d.setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user) \
                AND d.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) \
            ORDER BY d.setdatabase \
         LOOP \
            CONTINUE WHEN setting.name IN ('role', 'session_authorization', 'search_path'); \
            BEGIN EXECUTE pg_catalog.format('ALTER ROLE %I IN DATABASE %I SET %I TO %L', {named}, \
                pg_catalog.current_database(), setting.name, setting.value); \
            EXCEPTION WHEN insufficient_privilege OR undefined_object THEN NULL; END; \
         END LOOP;"
    )
}

/// Has the plugin give what it makes to those to whom the operator's role gives what it makes.
fn default_privileges(named: &str) -> String {
    format!(
        "DO $runner$ DECLARE given record; BEGIN \
         FOR given IN SELECT n.nspname, a.privilege_type, a.is_grantable, a.grantee, \
                CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' \
                    WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END AS kind \
            FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace \
            CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a \
            WHERE d.defaclrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) \
                AND a.grantee <> d.defaclrole \
         LOOP \
            EXECUTE pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s GRANT %s ON %s TO %s', {named}, \
                CASE WHEN given.nspname IS NULL THEN '' ELSE pg_catalog.format('IN SCHEMA %I', given.nspname) END, \
                given.privilege_type, given.kind, \
                CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(given.grantee)) END); \
         END LOOP; END $runner$"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_never_too_long() {
        let name = |plugin: &str| name_of(plugin, [0xab; DRAWN_BYTES]);
        assert_eq!(name("acme/shop"), "runner_acme_shop_abababababababab");
        assert_eq!(name(&format!("acme/{}", "x".repeat(80))).len(), NAME_BYTES_MAX);
    }
}
