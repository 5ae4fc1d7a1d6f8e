//! PostgreSQL: a plugin that logs in as a role of its own.

use crate::{
    attack::{self, Attack},
    support::{
        Sandbox,
        servers::{Client, Database, Postgres, is_full},
    },
};
use std::{
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

const ATTACKS: &str = include_str!("postgresql.txt");
/// What no plugin may get hold of.
const NEEDLE: &str = "s3cr3t-needle";
const PASSWORD: &str = "s3cret";
const THREADS: usize = 2;

/// What the application and another plugin have.
const THEIRS: &str = "
    CREATE SCHEMA store; GRANT USAGE ON SCHEMA store TO app;
    CREATE TABLE store.secrets (id serial PRIMARY KEY, value text);
    INSERT INTO store.secrets (value) VALUES ('s3cr3t-needle');
    GRANT ALL ON store.secrets TO app;
    CREATE TABLE store.events (k integer) PARTITION BY LIST (k);
    CREATE TABLE public.crm_people (id integer PRIMARY KEY, name text);
    INSERT INTO public.crm_people VALUES (1, 's3cr3t-needle');
    CREATE FUNCTION public.crm_score() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION public.app_greeting() RETURNS text LANGUAGE sql AS 'SELECT ''hello''';
    CREATE FUNCTION public.app_forget() RETURNS integer LANGUAGE sql AS 'UPDATE store.secrets SET value = ''gone''; SELECT 1';
    GRANT SELECT ON public.crm_people TO app;
    CREATE SEQUENCE public.crm_numbers; GRANT ALL ON public.crm_numbers TO app;
    ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app;
    ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO app;";

/// Everything in the database and the cluster that is not the plugin's.
const REST: &str = "
    SELECT concat_ws('|', 'role', rolname, rolsuper, rolcanlogin, rolcreaterole) FROM pg_roles WHERE rolname !~ '^runner_';
    SELECT concat_ws('|', 'member', roleid::regrole, member::regrole) FROM pg_auth_members
        WHERE member::regrole::text !~ '^(runner|postgres)$' OR roleid::regrole::text !~ '^runner_' ORDER BY 1;
    SELECT concat_ws('|', 'relation', c.oid::regclass, relowner::regrole, (SELECT string_agg(x::text, ',' ORDER BY x::text)
            FROM unnest(relacl) x WHERE x::text !~ '^runner_'), relkind, relrowsecurity, relnatts)
        FROM pg_class c WHERE relowner::regrole::text !~ '^runner_' AND relkind <> 't' AND oid >= 16384 ORDER BY 1;
    SELECT concat_ws('|', 'trigger', tgrelid::regclass, tgname) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE relowner::regrole::text !~ '^runner_' ORDER BY 1;
    SELECT concat_ws('|', 'rule', ev_class::regclass, rulename) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
        WHERE relowner::regrole::text !~ '^runner_' AND c.oid >= 16384 ORDER BY 1;
    SELECT concat_ws('|', 'constraint', conrelid::regclass, conname) FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid
        WHERE relowner::regrole::text !~ '^runner_' AND c.oid >= 16384 ORDER BY 1;
    SELECT concat_ws('|', 'function', oid::regprocedure, proowner::regrole, md5(prosrc), (SELECT string_agg(x::text, ','
            ORDER BY x::text) FROM unnest(proacl) x WHERE x::text !~ '^runner_'))
        FROM pg_proc WHERE proowner::regrole::text !~ '^runner_' AND oid >= 16384 ORDER BY 1;
    SELECT concat_ws('|', 'schema', nspname, nspowner::regrole, (SELECT string_agg(x::text, ',' ORDER BY x::text)
            FROM unnest(nspacl) x WHERE x::text !~ '^runner_')) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp' ORDER BY 1;
    SELECT concat_ws('|', 'setting', setdatabase, setrole::regrole, setconfig) FROM pg_db_role_setting
        WHERE setrole::regrole::text !~ '^runner_' ORDER BY 1;
    SELECT concat_ws('|', 'default', defaclrole::regrole, defaclacl) FROM pg_default_acl
        WHERE defaclrole::regrole::text !~ '^runner_' ORDER BY 1;
    SELECT concat_ws('|', 'comment', classoid::regclass, objoid, description) FROM pg_description WHERE objoid >= 16384 ORDER BY 1;
    SELECT concat_ws('|', 'extension', extname) FROM pg_extension ORDER BY 1;
    SELECT concat_ws('|', 'event trigger', evtname) FROM pg_event_trigger;
    SELECT concat_ws('|', 'server', srvname) FROM pg_foreign_server;
    SELECT concat_ws('|', 'publication', pubname) FROM pg_publication;
    SELECT concat_ws('|', 'tablespace', spcname) FROM pg_tablespace ORDER BY 1;
    SELECT concat_ws('|', 'prepared', gid) FROM pg_prepared_xacts;
    SELECT concat_ws('|', 'conversion', conname) FROM pg_conversion WHERE oid >= 16384;
    SELECT concat_ws('|', 'secret', id, value) FROM store.secrets ORDER BY 1;
    SELECT concat_ws('|', 'people', id, name) FROM public.crm_people ORDER BY 1;
    SELECT concat_ws('|', 'sequence', last_value) FROM store.secrets_id_seq;
    SELECT concat_ws('|', 'sequence', last_value, is_called) FROM public.crm_numbers;
    SELECT concat_ws('|', 'state', plugin, id, status) FROM public.alteration_state WHERE plugin <> 'evil/x' ORDER BY 1;
    SELECT concat_ws('|', 'history', count(*)) FROM public.alteration_history WHERE plugin <> 'evil/x';
    SELECT concat_ws('|', 'ledger', count(*), min(schema_version)) FROM public.alteration_ledger;";

/// What the plugin's roles are after every run, however it ended: shut out.
const SHUT_OUT: &str = "SELECT rolname FROM pg_authid a WHERE rolname IN (SELECT role FROM public.alteration_role) AND (rolcanlogin OR rolpassword IS NOT NULL
        OR rolsuper OR rolcreaterole OR EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = a.oid)
        OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = a.oid)
        OR EXISTS (SELECT FROM pg_stat_activity s WHERE s.usename = a.rolname))";

const OURS: &str = "SELECT c.oid::regclass FROM pg_class c
    WHERE relowner::regrole::text ~ '^runner_evil' AND relkind IN ('r', 'v', 'm')";

/// Who the URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum User {
    /// The owner of the database, with CREATEROLE.
    Owner,
    Superuser,
    /// The owner of the database, without CREATEROLE: what `runner setup --print` prints was run.
    Kept,
}

/// Lets the users log in as they would elsewhere.
fn prepare(server: &Postgres, user: User) {
    let admin = server.database();
    let may = if user == User::Kept { "NOCREATEROLE" } else { "CREATEROLE" };
    admin.admin_sql(&format!(
        "ALTER ROLE runner {may}; ALTER ROLE postgres PASSWORD '{PASSWORD}'; \
         CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE reader LOGIN;"
    ));
}

fn rest(database: &Database) -> Vec<String> {
    REST.split_inclusive(';')
        .filter(|sql| !sql.trim().is_empty())
        .flat_map(|sql| database.rows(sql))
        .collect()
}

/// As a user who logs in; whether it succeeds is the attack's business.
fn run_as(server: &Postgres, database: &str, user: &str, sql: &str) {
    let Client::Postgres { programs, .. } = server.client() else { panic!("a PostgreSQL server") };
    let mut psql = Command::new(programs.join("psql"));
    psql.args([
        "-X",
        "-q",
        "-h",
        "127.0.0.1",
        "-p",
        &server.port().to_string(),
        "-U",
        user,
        "-d",
        database,
        "-c",
        sql,
    ]);
    psql.env("PGPASSWORD", PASSWORD).output().expect("psql starts");
}

/// Tries one attack; what it reached.
fn reached(server: &Postgres, user: User, attack: &Attack) -> Result<(), String> {
    let sandbox = Sandbox::on(server.database());
    let database = sandbox.server();
    database.admin_sql(&format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; SET ROLE runner; {THEIRS}"));
    sandbox.sql_plugin(
        "acme/base",
        &[(
            "1.0.0-1-a",
            "CREATE TABLE base (x integer); CREATE FUNCTION base_key() RETURNS text LANGUAGE sql AS 'SELECT ''s3cr3t-needle''::text';",
            "DROP TABLE base;",
        )],
    );
    let url = match user {
        User::Owner | User::Kept => sandbox.url(),
        User::Superuser => sandbox.url().replace("//runner:", "//postgres:"),
    };
    if user == User::Kept {
        let missing = sandbox.runner(&["setup", "--print", "--database", &url]);
        assert_eq!(missing.code, Some(4), "{missing:?}");
        database.admin_sql(&missing.stdout);
    }
    let deploy = |plugins: &str| {
        let args =
            ["deploy", plugins, "--yes", "--confine", "*", "--timeout", "30s", "--database", &url];
        sandbox.runner(&args)
    };
    let before = deploy("plugins");
    if before.code != Some(0) {
        return Err(format!("an honest plugin failed: {before:#?}"));
    }
    let was = rest(database);
    sandbox.write("sources/evil/1.0.0-2-b.up.sql", &attack.up);
    let pack = ["pack", "sources/evil", "--plugin", "evil/x", "--out", "plugins/evil"];
    if sandbox.runner(&pack).code != Some(0) {
        // No component comes of it.
        return Ok(());
    }
    let run = deploy("plugins");
    if run.code == Some(0) {
        for (user, sql) in &attack.then {
            run_as(server, database.name(), user, sql);
        }
    } else if !run.stderr.contains("evil/x") {
        return Err(format!("it failed for another reason: {run:#?}"));
    }
    let is = rest(database);
    if was != is {
        let changed: Vec<_> = was
            .iter()
            .filter(|row| !is.contains(row))
            .chain(is.iter().filter(|row| !was.contains(row)))
            .collect();
        return Err(format!("changed: {changed:#?}\n{run:#?}"));
    }
    for table in database.rows(OURS) {
        let kept = database.rows(&format!("SELECT t::text FROM {table} t LIMIT 100"));
        if kept.iter().any(|row| row.contains(NEEDLE) || row.contains("SCRAM-SHA-256")) {
            return Err(format!("{table} holds what is not the plugin's"));
        }
    }
    match database.rows(SHUT_OUT) {
        open if open.is_empty() => Ok(()),
        open => Err(format!("left open: {open:?}")),
    }
}

fn try_all(major: u32, user: User, offset: usize) {
    let server = Postgres::of(major, &[("fsync", "off")]);
    prepare(&server, user);
    let attacks = attack::chosen(attack::read(ATTACKS), offset);
    assert!(attacks.len() >= 25, "only {} attacks", attacks.len());
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = reached(&server, user, attack) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("{}: {why}", attack.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(
        failures.is_empty(),
        "{} of {} reached something:\n{}",
        failures.len(),
        attacks.len(),
        failures.join("\n\n")
    );
}

#[test]
fn an_owners_url() {
    try_all(15, User::Owner, 0);
}

#[test]
fn a_superusers_url() {
    try_all(15, User::Superuser, 1);
}

#[test]
fn the_url_of_a_role_that_makes_no_roles() {
    try_all(15, User::Kept, 2);
}

/// A guarded plugin has the rights of the URL's user, and the records are out of its reach all the same. With a superuser's
/// URL nothing of it runs.
#[test]
fn a_guarded_plugin() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    // A user that makes roles may run no guarded plugin before PostgreSQL 16.
    prepare(&server, User::Kept);
    let part = if is_full() { 1 } else { 3 };
    for attack in attack::chosen(attack::read(ATTACKS), 3).into_iter().step_by(part) {
        let sandbox = Sandbox::on(server.database());
        let database = sandbox.server();
        database.admin_sql(&format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; SET ROLE runner; {THEIRS}"));
        sandbox.sql_plugin(
            "acme/base",
            &[("1.0.0-1-a", "CREATE TABLE base (x integer);", "DROP TABLE base;")],
        );
        let deploy = |url: &str| {
            let args = ["deploy", "plugins", "--yes", "--guard", "*", "--timeout", "30s"];
            let place = ["--state-schema", "public", "--database", url];
            sandbox.runner(&[&args[..], &place].concat())
        };
        let url = sandbox.url();
        assert_eq!(deploy(&url).code, Some(0));
        let was = recorded(database);
        sandbox.write("sources/evil/1.0.0-2-b.up.sql", &attack.up);
        let pack = ["pack", "sources/evil", "--plugin", "evil/x", "--out", "plugins/evil"];
        if sandbox.runner(&pack).code != Some(0) {
            continue;
        }
        let refused = deploy(&url.replace("//runner:", "//postgres:"));
        assert_eq!(refused.code, Some(1), "{}: {refused:#?}", attack.name);
        let run = deploy(&url);
        assert_eq!(was, recorded(database), "{}: {run:#?}", attack.name);
    }
}

/// What is recorded of others.
fn recorded(database: &Database) -> Vec<String> {
    let is_of_runner =
        |row: &String| ["state|", "history|", "ledger|"].iter().any(|what| row.starts_with(what));
    rest(database).into_iter().filter(is_of_runner).collect()
}

#[test]
fn other_versions() {
    if !is_full() {
        return;
    }
    try_all(14, User::Kept, 2);
    try_all(16, User::Kept, 3);
    for major in [14, 16, 18] {
        try_all(major, User::Owner, 0);
        try_all(major, User::Superuser, 0);
    }
}
