//! A hook has the rights of the URL's user. Where those reach the server itself, only plugins run that the operator
//! said to trust, and whoever did not is told both ways on.

use crate::{
    polite,
    support::{
        Run, Sandbox, block_on, finish,
        servers::{Client, Mariadb, Mysql, Postgres, Role},
    },
    transcript::Transcript,
};
use insta::assert_snapshot;
use runner::{Control, DeployOptions, Error, Trust};
use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

const REFUSED: &str = "on the server\n";
const BOTH: &str = "acme/shop, globex/crm could ";
const PASSWORD: &str = polite::PASSWORD;

/// Two plugins, and a database `app` on a server of one's own.
struct Place<'a> {
    client: &'a Client,
    /// Up to the user.
    scheme: &'static str,
    port: u16,
    sandbox: Sandbox,
}

impl<'a> Place<'a> {
    fn on_postgres(server: &'a Postgres) -> Self {
        let place = Self::new(server.client(), "postgres", server.port());
        place.admin("postgres", "CREATE DATABASE app;");
        place
    }

    fn on_mysql(client: &'a Client, scheme: &'static str, port: u16) -> Self {
        let place = Self::new(client, scheme, port);
        place.admin("mysql", "CREATE DATABASE app;");
        place
    }

    fn new(client: &'a Client, scheme: &'static str, port: u16) -> Self {
        let sandbox = Sandbox::new();
        let first = ("1.0.0-1-a", "CREATE TABLE shop (x INT);", "DROP TABLE shop;");
        sandbox.sql_plugin("acme/shop", &[first]);
        let first = ("1.0.0-1-a", "CREATE TABLE crm (x INT);", "DROP TABLE crm;");
        sandbox.sql_plugin("globex/crm", &[first]);
        Self { client, scheme, port, sandbox }
    }

    fn admin(&self, database: &str, sql: &str) {
        self.client.sql(Role::Administrator, database, sql);
    }

    fn url(&self, user: &str) -> String {
        format!("{}://{user}:{PASSWORD}@127.0.0.1:{}/app", self.scheme, self.port)
    }

    /// A command with the URL in the variable, where a command to paste may leave it.
    fn command(&self, user: &str, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args);
        command.env("DATABASE_URL", self.url(user));
        // A confined plugin has none of the user's rights.
        command.env("RUNNER_GUARD", "*");
        command
    }

    fn run(&self, user: &str, args: &[&str]) -> Run {
        let run = finish(&mut self.command(user, args));
        polite::check(&run);
        run
    }

    /// Tables of plugins and of the runner.
    fn tables(&self) -> Vec<String> {
        let schema = if self.scheme == "postgres" { "public" } else { "app" };
        let sql = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}' ORDER BY 1;"
        );
        self.client.rows(Role::Administrator, "app", &sql)
    }

    /// A refusal says why, and leaves no table of a plugin behind.
    fn refused(&self, run: &Run, words: &[&str]) {
        assert_eq!(run.code, Some(1), "{run:#?}");
        crate::transcript::assert_explained(run);
        for word in [REFUSED].iter().chain(words) {
            assert!(run.stderr.contains(word), "{word:?} is not in {run:#?}");
        }
        let of_plugins = |name: &String| !name.starts_with("alteration_");
        assert!(!self.tables().iter().any(of_plugins), "{run:#?}");
    }

    /// The statements that a refusal shows, with a password in them.
    fn shown_sql(run: &Run) -> String {
        let behind = run.stderr.split("  safer: ").nth(1).expect("a way on");
        let lines = behind.lines().skip(1).map_while(|line| line.strip_prefix("      "));
        lines.map(|line| line.replace('…', PASSWORD) + "\n").collect()
    }

    /// Deploys as the user that such statements make, after the administrator ran them.
    fn deploys_as_shown(&self, refused: &Run) {
        let first = if self.scheme == "postgres" { "postgres" } else { "mysql" };
        self.admin(first, &Self::shown_sql(refused));
        let deployed = self.run("app_owner", &["deploy", "plugins"]);
        assert_eq!(deployed.code, Some(0), "{deployed:#?}");
        assert!(self.tables().contains(&"crm".to_owned()));
    }

    fn text(&self, seen: &Transcript<'_>) -> String {
        seen.to_string().replace(&format!(":{}/", self.port), ":PORT/")
    }
}

#[test]
fn a_superuser_of_postgresql() {
    let server = Postgres::own();
    let place = Place::on_postgres(&server);
    place.admin("postgres", &format!("CREATE ROLE boss SUPERUSER LOGIN PASSWORD '{PASSWORD}';"));
    let mut seen = Transcript::of(&place.sandbox);
    let mut run = |args: &[&str]| seen.command(args, &mut place.command("boss", args));
    let refused = run(&["deploy", "plugins"]);
    place.refused(
        &refused,
        &["the user `boss` is a superuser: acme/shop, globex/crm could run programs"],
    );
    place.refused(&run(&["deploy", "plugins", "--format", "json"]), &[]);
    place.refused(&run(&["deploy", "plugins", "--dry-run"]), &[BOTH]);
    place.refused(&run(&["deploy", "plugins", "--trust", "acme/shop"]), &["superuser: globex/crm"]);
    // What runs no hook needs nothing.
    for (args, code) in [
        (&["plan", "plugins"][..], 0),
        (&["check", "plugins"], 3),
        (&["status", "plugins"], 0),
        (&["resolve"], 0),
        (&["baseline", "plugins", "--to", "acme/shop@latest", "--dry-run"], 0),
    ] {
        let run = place.run("boss", args);
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
    }
    place.refused(&run(&["test", "plugins"]), &[BOTH]);
    assert_eq!(place.run("boss", &["test", "plugins", "--trust", "*"]).code, Some(0));
    // No terminal is no reason to ask for a yes first.
    let unasked = finish(place.command("boss", &["deploy", "plugins"]).env_remove("RUNNER_YES"));
    place.refused(&unasked, &[BOTH]);
    assert!(place.tables().is_empty(), "not even the runner's");
    // A rehearsal on a copy is by the copy's user.
    place.admin(
        "app",
        &format!("CREATE DATABASE copy; CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}';"),
    );
    let copy = place.url("boss").replace("/app", "/copy");
    let rehearse = ["deploy", "plugins", "--rehearse-on", &copy];
    place.refused(&place.run("plain", &rehearse), &[BOTH]);
    let trusting = [&rehearse[..], &["--trust", "*"]].concat();
    assert_eq!(place.run("plain", &trusting).code, Some(0));
    assert!(place.tables().is_empty(), "that is another database");
    let dry =
        place.run("boss", &["deploy", "plugins", "--dry-run", "--trust", "acme/*,globex/crm"]);
    assert_eq!(dry.code, Some(0), "{dry:#?}");
    assert_eq!(place.run("boss", &["deploy", "plugins", "--trust", "*"]).code, Some(0));
    let mut run = |args: &[&str]| seen.command(args, &mut place.command("boss", args));
    assert_eq!(run(&["deploy", "plugins"]).code, Some(0), "nothing is pending");
    let refused = run(&["rollback", "--steps", "1"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("is a superuser: globex/crm could"), "{refused:#?}");
    assert!(refused.stderr.contains("\n  changed: nothing was altered\n"), "{refused:#?}");
    assert!(place.tables().contains(&"crm".to_owned()), "{refused:#?}");
    // The tables are the superuser's until the statements that are shown hand them over.
    place.admin("postgres", &Place::shown_sql(&refused));
    assert_eq!(place.run("app_owner", &["rollback", "--steps", "1"]).code, Some(0));
    assert!(!place.tables().contains(&"crm".to_owned()));
    assert_snapshot!(place.text(&seen));
}

#[test]
fn ways_to_trust() {
    let server = Postgres::own();
    let place = Place::on_postgres(&server);
    place.admin("postgres", &format!("CREATE ROLE boss SUPERUSER LOGIN PASSWORD '{PASSWORD}';"));
    let file =
        "[plugins.\"acme/shop\"]\ntrusted = true\n[plugins.\"globex/crm\"]\ntrusted = true\n";
    let (all, crm, shop) = (Some("*"), Some("globex/*, acme/shop,"), Some("acme/shop"));
    let table: [(&[&str], Option<&str>, &str, bool); 13] = [
        (&["--trust", "acme/shop", "--trust", "globex/crm"], None, "", true),
        (&["--trust", "acme/*", "--trust=globex/*"], None, "", true),
        (&["--trust", "*"], None, "", true),
        (&["--trust", "acme/shop,globex/*"], None, "", true),
        (&[], all, "", true),
        (&[], crm, "", true),
        (&[], shop, "", false),
        (&[], Some(""), "", false),
        (&["--trust", "globex/crm"], shop, "", true),
        (&[], None, file, true),
        (&[], None, "[plugins.\"acme/shop\"]\ntrusted = true\n", false),
        (&["--trust", "globex/crm"], None, "[plugins.\"acme/shop\"]\ntrusted = true\n", true),
        (&["--trust", "acme/crm", "--trust", "globex/shop"], None, "", false),
    ];
    let config = place.sandbox.path().join("runner.toml");
    for (flags, variable, file, is_trusted) in table {
        fs::write(&config, file).expect("a file");
        fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).expect("its mode");
        for args in [&["deploy", "plugins"][..], &["rollback", "--steps", "2"]] {
            let args = [args, flags].concat();
            let mut command = place.command("boss", &args);
            if let Some(variable) = variable {
                command.env("RUNNER_TRUST", variable);
            }
            let run = finish(&mut command);
            polite::check(&run);
            if !is_trusted {
                place.refused(&run, &["could run programs"]);
                break;
            }
            assert_eq!(run.code, Some(0), "{flags:?} {variable:?} {file:?}: {run:#?}");
        }
    }
    fs::remove_file(&config).expect("removed");
    // Whoever embeds the runner is held to the same.
    let runner = runner::Runner::new(&place.url("boss")).expect("a URL");
    let runner = runner.plugins([place.sandbox.path().join("plugins")]);
    let deploy = |options: &DeployOptions| block_on(runner.deploy(options, &Control::default()));
    let mut options = DeployOptions::default();
    options.levels.guarded.insert(Trust::All);
    let Err(Error::Powerful(powerful)) = deploy(&options) else { panic!("it deployed") };
    assert_eq!(powerful.powers.user, "boss");
    assert_eq!(powerful.plugins.len(), 2);
    options.levels.trusted.insert(Trust::Vendor("acme".to_owned()));
    assert!(matches!(deploy(&options), Err(Error::Powerful(one)) if one.plugins.len() == 1));
    options.levels.trusted.insert(Trust::All);
    assert_eq!(deploy(&options).expect("deploys").steps.len(), 2);
    for wrong in ["acme", "*/*", "acme/", "acme/shop;globex/crm"] {
        let by_flag = place.run("boss", &["deploy", "plugins", "--trust", wrong]);
        let mut command = place.command("boss", &["deploy", "plugins"]);
        for run in [by_flag, finish(command.env("RUNNER_TRUST", wrong))] {
            assert_eq!(run.code, Some(2), "{run:#?}");
            assert!(run.stderr.contains("expected VENDOR/NAME, `VENDOR/*` or `*`"), "{run:#?}");
        }
    }
}

/// Users of PostgreSQL by what they are, and what is said of them.
#[test]
fn what_reaches_beyond_a_database_of_postgresql() {
    let server = Postgres::own();
    let place = Place::on_postgres(&server);
    let table = [
        ("", None),
        ("GRANT pg_monitor, pg_signal_backend TO u;", None),
        ("ALTER ROLE u CREATEDB REPLICATION BYPASSRLS;", None),
        ("CREATE ROLE team; GRANT team TO u;", None),
        (
            "ALTER ROLE u SUPERUSER;",
            Some("`u` is a superuser: acme/shop, globex/crm could run programs"),
        ),
        (
            "CREATE ROLE team SUPERUSER; ALTER ROLE u NOINHERIT; GRANT team TO u;",
            Some("may become the superuser team: acme/shop"),
        ),
        (
            "GRANT pg_execute_server_program TO u;",
            Some(
                "`u` is a member of pg_execute_server_program: acme/shop, globex/crm could run programs",
            ),
        ),
        (
            "CREATE ROLE team NOINHERIT; GRANT pg_execute_server_program TO team; GRANT team TO u;",
            Some("is a member of pg_execute_server_program"),
        ),
        (
            "GRANT pg_write_server_files, pg_read_server_files TO u;",
            Some(
                "is a member of pg_write_server_files, is a member of pg_read_server_files: \
                 acme/shop, globex/crm could write files and run programs on the server",
            ),
        ),
        (
            "GRANT pg_read_server_files TO u;",
            Some("pg_read_server_files: acme/shop, globex/crm could read files on the server"),
        ),
        (
            "ALTER ROLE u CREATEROLE;",
            Some("has CREATEROLE, which before PostgreSQL 16 gives pg_execute_server_program too"),
        ),
        ("GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO u;", Some("may call lo_export: ")),
    ];
    for (change, expected) in table {
        place.admin("app", &format!("CREATE ROLE u LOGIN PASSWORD '{PASSWORD}'; {change}"));
        place.admin("app", "ALTER DATABASE app OWNER TO u;");
        let run = place.run("u", &["deploy", "plugins"]);
        match expected {
            None => {
                assert_eq!(run.code, Some(0), "{change}: {run:#?}");
                let back = place.run("u", &["rollback", "--steps", "2"]);
                assert_eq!(back.code, Some(0), "{change}: {back:#?}");
                place.admin("app", "DROP OWNED BY u;");
            }
            Some(expected) => place.refused(&run, &[expected]),
        }
        place.admin(
            "app",
            "ALTER DATABASE app OWNER TO postgres; DROP OWNED BY u; DROP ROLE u; DROP ROLE IF EXISTS team;",
        );
    }
    // Who acts as another role can go back.
    place.admin(
        "app",
        &format!("CREATE ROLE u SUPERUSER LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE app_team;"),
    );
    place.admin("app", "ALTER DATABASE app OWNER TO app_team;");
    let url = format!("{}?options=-crole%3Dapp_team", place.url("u"));
    let run = place.run("u", &["deploy", "plugins", "--database", &url]);
    place.refused(&run, &["the user `u` is a superuser"]);
    place.admin("app", "ALTER DATABASE app OWNER TO postgres; DROP ROLE app_team;");
    place.deploys_as_shown(&place.run("u", &["deploy", "plugins"]));
}

/// From PostgreSQL 16 on CREATEROLE gives only what the role has ADMIN on.
#[test]
fn who_makes_roles_on_a_newer_postgresql() {
    let server = Postgres::of(18, &[]);
    let place = Place::on_postgres(&server);
    place.admin(
        "app",
        &format!(
            "CREATE ROLE u CREATEROLE LOGIN PASSWORD '{PASSWORD}'; ALTER DATABASE app OWNER TO u;"
        ),
    );
    assert_eq!(place.run("u", &["deploy", "plugins", "--dry-run"]).code, Some(0));
    place.admin(
        "app",
        "GRANT pg_execute_server_program TO u WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;",
    );
    place.refused(
        &place.run("u", &["deploy", "plugins"]),
        &["is a member of pg_execute_server_program"],
    );
}

/// Users of MySQL and MariaDB by what they were granted, and what is said of them.
const GRANTS: [(&str, Option<&str>); 16] = [
    ("", None),
    ("GRANT SELECT, PROCESS ON *.* TO u@'%'; GRANT SELECT ON mysql.* TO u@'%';", None),
    ("GRANT ALL ON `my_ap%`.* TO u@'%' WITH GRANT OPTION;", None),
    ("CREATE ROLE team; GRANT SELECT ON *.* TO team; GRANT team TO u@'%';", None),
    (
        "GRANT FILE ON *.* TO u@'%';",
        Some("`u@%` has FILE on *.*: acme/shop, globex/crm could write files"),
    ),
    ("GRANT SUPER ON *.* TO u@'%';", Some("has SUPER on *.*")),
    (
        "GRANT CREATE USER ON *.* TO u@'%';",
        Some("has CREATE USER on *.*: acme/shop, globex/crm could take over the server's accounts"),
    ),
    ("GRANT SELECT ON *.* TO u@'%' WITH GRANT OPTION;", Some("has GRANT OPTION on *.*")),
    ("GRANT INSERT ON *.* TO u@'%';", Some("has INSERT in the database mysql")),
    ("GRANT UPDATE, DROP ON mysql.* TO u@'%';", Some("has UPDATE, DROP in the database mysql")),
    ("GRANT DELETE ON `my%`.* TO u@'%';", Some("has DELETE in the database mysql")),
    ("GRANT INSERT ON mysql.db TO u@'%';", Some("has INSERT in the database mysql")),
    ("CREATE ROLE team; GRANT FILE ON *.* TO team; GRANT team TO u@'%';", Some("has FILE on *.*")),
    (
        "CREATE ROLE team; CREATE ROLE other; GRANT FILE ON *.* TO other; GRANT other TO team; GRANT team TO u@'%';",
        Some("has FILE on *.*"),
    ),
    (
        "CREATE ROLE team; GRANT CREATE, ALTER ON mysql.* TO team; GRANT team TO u@'%' WITH ADMIN OPTION;",
        Some("has CREATE, ALTER in the database mysql"),
    ),
    (
        "GRANT ALL ON *.* TO u@'%' WITH GRANT OPTION;",
        Some("globex/crm could write files and run programs on the server"),
    ),
];

fn what_reaches_beyond_a_database(place: &Place<'_>, more: &[(&str, Option<&str>)]) {
    let admin = |sql: &str| place.admin("mysql", sql);
    for (change, expected) in GRANTS.iter().chain(more) {
        admin(&format!(
            "CREATE USER u@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON app.* TO u@'%';"
        ));
        admin(change);
        let run = place.run("u", &["deploy", "plugins"]);
        match expected {
            None => {
                assert_eq!(run.code, Some(0), "{change}: {run:#?}");
                let back = place.run("u", &["rollback", "--steps", "2"]);
                assert_eq!(back.code, Some(0), "{change}: {back:#?}");
                admin("DROP DATABASE app; CREATE DATABASE app;");
            }
            Some(expected) => place.refused(&run, &[expected]),
        }
        admin("DROP USER u@'%'; DROP ROLE IF EXISTS team; DROP ROLE IF EXISTS other;");
    }
    admin(&format!("CREATE USER u@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';"));
    admin("GRANT ALL ON *.* TO u@'127.0.0.1' WITH GRANT OPTION;");
    let mut seen = Transcript::of(&place.sandbox);
    let args = ["deploy", "plugins"];
    let refused = seen.command(&args, &mut place.command("u", &args));
    place.refused(&refused, &[]);
    assert_snapshot!(place.scheme, place.text(&seen));
    place.deploys_as_shown(&refused);
    let back = ["rollback", "--steps", "1"];
    assert_eq!(place.run("u", &back).code, Some(1));
    let trusting = [&back[..], &["--trust", "globex/*"]].concat();
    assert_eq!(place.run("u", &trusting).code, Some(0));
}

#[test]
fn what_reaches_beyond_a_database_of_mariadb() {
    let server = Mariadb::own();
    let place = Place::on_mysql(server.client(), "mariadb", server.port());
    let more = [
        ("GRANT SET USER ON *.* TO u@'%';", Some("has SET USER on *.*")),
        ("GRANT INSERT ON mysql.* TO PUBLIC;", Some("has INSERT in the database mysql")),
        // Nobody takes it from the last one by dropping the user.
        ("REVOKE INSERT ON mysql.* FROM PUBLIC;", None),
        (
            "CREATE ROLE team; GRANT FILE ON *.* TO team; GRANT team TO u@'%'; SET DEFAULT ROLE team FOR u@'%';",
            Some("has FILE on *.*"),
        ),
        // The inner one cannot be taken by itself; the outer one shows what it gives.
        (
            "CREATE ROLE team; CREATE ROLE other; GRANT SELECT ON *.* TO other; GRANT other TO team;
             GRANT team TO u@'%'; SET DEFAULT ROLE team FOR u@'%';",
            None,
        ),
        (
            "CREATE ROLE team; CREATE ROLE other; GRANT FILE ON *.* TO other; GRANT other TO team;
             GRANT team TO u@'%'; SET DEFAULT ROLE team FOR u@'%';",
            Some("has FILE on *.*"),
        ),
    ];
    what_reaches_beyond_a_database(&place, &more);
}

#[test]
fn what_reaches_beyond_a_database_of_mysql() {
    if Mysql::is_left_out() {
        return;
    }
    let server = Mysql::own();
    let place = Place::on_mysql(server.client(), "mysql", server.port());
    let more = [
        ("GRANT SYSTEM_USER ON *.* TO u@'%';", Some("has SYSTEM_USER on *.*")),
        ("GRANT ROLE_ADMIN ON *.* TO u@'%';", Some("has ROLE_ADMIN on *.*")),
        ("GRANT SET_ANY_DEFINER ON *.* TO u@'%';", Some("has SET_ANY_DEFINER on *.*")),
        (
            "GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO u@'%';",
            Some("has SYSTEM_VARIABLES_ADMIN on *.*"),
        ),
        (
            "SET GLOBAL partial_revokes = ON; GRANT INSERT ON *.* TO u@'%'; REVOKE INSERT ON mysql.* FROM u@'%';",
            None,
        ),
        (
            "CREATE ROLE duty; GRANT FILE ON *.* TO duty; SET GLOBAL mandatory_roles = 'duty';",
            Some("has FILE on *.*"),
        ),
        ("SET GLOBAL mandatory_roles = ''; SET GLOBAL partial_revokes = OFF;", None),
    ];
    what_reaches_beyond_a_database(&place, &more);
}
