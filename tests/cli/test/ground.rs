//! The scratch database: who may make it, and that it is gone whatever happens, unless it is kept.

use super::{CREATE, assert_removed, command, document, packed, places, postgres, sandbox, test};
use crate::{
    polite::{self, told},
    support::{
        Run, Sandbox, finish,
        servers::{Mariadb, PASSWORD, Postgres, USER},
    },
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Stdio},
};

#[test]
fn a_server_with_a_hostile_name() {
    let sandbox = sandbox(&[CREATE]);
    let shared = postgres();
    let (server, _) = shared.url().rsplit_once('/').expect("a URL");
    for name in ["a%1b%5b2Jb", "%22%3b%20DROP%20DATABASE%20postgres", "%e2%80%ae"] {
        let url = format!("{server}/{name}");
        let run = test(&sandbox, &["--database", &url]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(!format!("{run:?}").contains(PASSWORD), "{run:#?}");
    }
}

#[test]
fn a_user_who_may_not_make_databases() {
    for (database, grant) in [
        (postgres(), "ALTER ROLE … CREATEDB"),
        (Mariadb::shared().database(), "GRANT ALL ON `runner\\_test\\_%`"),
    ] {
        let poor = format!("poor_{}", database.name());
        let is_postgres = database.url().starts_with("postgres");
        database.admin_sql(&match is_postgres {
            true => format!("CREATE ROLE {poor} LOGIN PASSWORD '{PASSWORD}';"),
            false => format!(
                "CREATE USER {poor}@'%' IDENTIFIED BY '{PASSWORD}';
                 GRANT ALL ON {}.* TO {poor}@'%';",
                database.name()
            ),
        });
        let url = database.url().replace(&format!("{USER}:"), &format!("{poor}:"));
        let sandbox = packed(Sandbox::on(database), &[CREATE]);
        let run = test(&sandbox, &["--database", &url]);
        sandbox.server().admin_sql(&match is_postgres {
            true => format!("DROP ROLE {poor};"),
            false => format!("DROP USER {poor}@'%';"),
        });
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(grant), "{run:#?}");
        crate::transcript::assert_explained(&run);
    }
}

#[test]
fn what_is_kept_can_be_looked_at() {
    for (place, _) in places() {
        let sandbox = packed(place, &[CREATE]);
        let run = finish(&mut command(&sandbox, &["--keep", "--format", "json"]));
        assert_eq!(run.code, Some(0), "{run:#?}");
        polite::check(&run);
        assert!(!format!("{run:?}").contains(PASSWORD), "{run:#?}");
        let shown = document(&run)["scratch"].as_str().expect("where it is").to_owned();
        let url = match sandbox.url().rsplit_once('/') {
            Some((server, _)) if !shown.starts_with("sqlite") => {
                format!("{server}/{}", shown.rsplit('/').next().expect("a name"))
            }
            _ => shown.clone(),
        };
        let status = sandbox.ok(&["status", "--database", &url]);
        assert!(status.stdout.contains("applied"), "{status:#?}");
        match shown.strip_prefix("sqlite:") {
            Some(file) => assert!(Path::new(file).exists(), "{shown}"),
            None => {
                let name = shown.rsplit('/').next().expect("a name");
                sandbox.server().admin_sql(&format!("DROP DATABASE {name};"));
            }
        }
    }
}

/// A test whose hook is at work. If its own test fails, it does not go on for years.
struct Busy(Option<Child>);

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// For each place a statement that takes years.
const ENDLESS: [&str; 3] = [
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;",
    "SELECT pg_sleep(100000);",
    "SELECT SLEEP(100000);",
];

/// Sends `signal` to a test once it says `words`; nothing of it is left.
fn interrupt(sandbox: &Sandbox, args: &[&str], words: &str, signal: Signal) {
    let mut child = command(sandbox, args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the runner starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut busy = Busy(Some(child));
    let mut seen = String::new();
    while !seen.contains(words) {
        let read = stderr.read_line(&mut seen).expect("a line");
        assert!(read > 0, "it ended before: {seen}");
    }
    let child = busy.0.as_ref().expect("it runs");
    kill_process(Pid::from_child(child), signal).expect("it is there");
    stderr.read_to_string(&mut seen).expect("UTF-8");
    let output = busy.0.take().expect("it runs").wait_with_output().expect("it ends");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let run = Run { code: output.status.code(), stdout, stderr: seen };
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert_removed(sandbox, &run);
    crate::transcript::assert_explained(&run);
}

#[test]
fn interrupted_it_removes_its_database() {
    for ((place, _), sql) in places().into_iter().zip(ENDLESS) {
        let up = format!("CREATE TABLE half (id INTEGER);\n{sql}");
        let sandbox =
            packed(place, &[CREATE, ("1.0.0-1700000600-endless", &up, "DROP TABLE half;")]);
        for signal in [Signal::TERM, Signal::INT] {
            interrupt(&sandbox, &["--verbose"], "endless ran: CREATE TABLE half", signal);
        }
    }
}

#[test]
fn interrupted_in_the_operator_s_script_too() {
    for ((place, _), sql) in places().into_iter().zip(ENDLESS) {
        let sandbox = packed(place, &[CREATE]);
        sandbox.write("endless.sql", sql);
        interrupt(&sandbox, &["--prepare", "endless.sql"], "Testing on ", Signal::TERM);
    }
}

/// A scratch database has the schemas that the session finds names in, and the settings of the one beside it.
#[test]
fn a_trial_finds_the_schemas_that_the_session_has() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let server = sandbox.server();
    server.sql("CREATE SCHEMA tenant");
    server.admin_sql(&format!(
        "ALTER ROLE {USER} IN DATABASE {} SET search_path = tenant",
        server.name()
    ));
    server.sql(&format!("ALTER DATABASE {} SET DateStyle = 'SQL, DMY'", server.name()));
    let up = "CREATE TABLE t (d date); INSERT INTO t VALUES ('31/12/2024');";
    sandbox.sql_plugin("acme/app", &[("1.0.0-1-a", up, "DROP TABLE t;")]);
    let url = format!("{}?search_path=tenant", sandbox.url());
    told(&sandbox, &["test", "plugins", "--database", &url], 0, &["passed"]);
}
