//! The alterations that these tests deploy, of every kind there is, and what they bring.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Database, Mariadb, PASSWORD, Postgres},
};
use std::{
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Nothing here depends on how long it takes; a runner that hangs fails by this.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Mariadb,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Postgres, Self::Mariadb];

    /// A database on the shared server.
    pub fn sandbox(self) -> Sandbox {
        Sandbox::on(match self {
            Self::Postgres => Postgres::shared().database(),
            Self::Mariadb => Mariadb::shared().database(),
        })
    }

    /// A statement that takes so long if nobody ends it.
    pub fn slow(self, seconds: u32) -> String {
        match self {
            Self::Postgres => format!("SELECT pg_sleep({seconds});"),
            Self::Mariadb => format!("DO SLEEP({seconds});"),
        }
    }

    /// Waits until the server works on a statement that has `text` in it.
    pub fn wait_for_statement(self, database: &Database, text: &str) {
        let running = match self {
            Self::Postgres => format!(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%{text}%' AND state = 'active'
                    AND datname = current_database() AND pid <> pg_backend_pid()"
            ),
            Self::Mariadb => format!(
                "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%{text}%'
                    AND db = database() AND id <> connection_id()"
            ),
        };
        wait_until(text, || !database.rows(&running).is_empty());
    }
}

/// One case in so many, by default; other ones with another number in `RUNNER_SEED`.
pub fn sampled<T>(cases: Vec<T>, one_in: usize) -> Vec<T> {
    if is_full() {
        return cases;
    }
    let seed = std::env::var("RUNNER_SEED").ok().and_then(|seed| seed.parse::<usize>().ok());
    cases.into_iter().skip(seed.unwrap_or_default() % one_in).step_by(one_in).collect()
}

pub fn is_full() -> bool {
    std::env::var_os("RUNNER_FULL").is_some_and(|full| full == "1")
}

pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it never came: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Plain schema and data, a change that shows if it is made twice, a preparation that builds an
/// index, and a backfill of several steps; each with its way back.
pub fn plugin(sandbox: &Sandbox, kind: Kind) {
    let (concurrently, step) = match kind {
        Kind::Postgres => (
            "CONCURRENTLY",
            "UPDATE people SET clean = clean + 1
             WHERE id IN (SELECT id FROM people WHERE clean = 0 ORDER BY id LIMIT 2)",
        ),
        Kind::Mariadb => {
            ("", "UPDATE people SET clean = clean + 1 WHERE clean = 0 ORDER BY id LIMIT 2")
        }
    };
    let index = format!("CREATE INDEX {concurrently} people_n ON people (n);");
    let files = [
        (
            "1.0.0-1700000000-people.up",
            "CREATE TABLE people (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
             INSERT INTO people VALUES (1, 10), (2, 20), (3, 30), (4, 40), (5, 50);",
        ),
        ("1.0.0-1700000000-people.down", "DROP TABLE people;"),
        (
            "1.1.0-1700000001-count.up",
            "UPDATE people SET n = n + 1; CREATE TABLE log (x INTEGER); INSERT INTO log VALUES (1);",
        ),
        ("1.1.0-1700000001-count.down", "DROP TABLE log; UPDATE people SET n = n - 1;"),
        ("1.2.0-1700000002-index.before-up", &index),
        ("1.2.0-1700000002-index.up", "INSERT INTO log VALUES (2);"),
        (
            "1.2.0-1700000002-index.down",
            match kind {
                Kind::Postgres => "DELETE FROM log WHERE x = 2; DROP INDEX people_n;",
                Kind::Mariadb => "DELETE FROM log WHERE x = 2; DROP INDEX people_n ON people;",
            },
        ),
        (
            "1.3.0-1700000003-clean.up",
            "ALTER TABLE people ADD COLUMN clean INTEGER NOT NULL DEFAULT 0;",
        ),
        ("1.3.0-1700000003-clean.step", step),
        ("1.3.0-1700000003-clean.down", "ALTER TABLE people DROP COLUMN clean;"),
    ];
    for (name, sql) in files {
        sandbox.write(&format!("sources/acme/story/{name}.sql"), sql);
    }
    let pack = ["pack", "sources/acme/story", "--plugin", "acme/story", "--out", "plugins"];
    sandbox.ok(&pack);
}

/// How many alterations [`plugin`] has.
pub const ALTERATIONS: usize = 4;

/// A plugin whose second alteration takes `seconds` in the middle of its work.
pub fn slow_plugin(sandbox: &Sandbox, kind: Kind, seconds: u32) {
    let slow =
        format!("INSERT INTO log VALUES (1); {} UPDATE hits SET n = n + 1;", kind.slow(seconds));
    sandbox.sql_plugin(
        "acme/slow",
        &[
            (
                "1.0.0-1700000000-create",
                "CREATE TABLE hits (n INTEGER NOT NULL); INSERT INTO hits VALUES (0);
                 CREATE TABLE log (x INTEGER);",
                "",
            ),
            ("1.1.0-1700000001-slow", &slow, ""),
            ("1.2.0-1700000002-ten", "UPDATE hits SET n = n + 10;", ""),
        ],
    );
}

/// Checks that all of [`slow_plugin`] is there, once.
pub fn assert_slow_once(sandbox: &Sandbox, what: &str) {
    assert_eq!(sandbox.rows("SELECT n FROM hits"), ["11"], "{what}");
    assert_eq!(sandbox.rows("SELECT x FROM log"), ["1"], "{what}");
    let applied = sandbox.state().iter().filter(|row| row.ends_with(" applied")).count();
    assert_eq!(applied, 3, "{what}");
}

/// Returns the state that must be equal after an undisturbed run and a mended one.
pub fn end_state(sandbox: &Sandbox) -> String {
    let dump = sandbox.dump().replace(sandbox.server().name(), "it");
    format!("{dump}{:#?}", sandbox.state())
}

/// Runs the binary with another URL than the sandbox's.
pub fn run_at(sandbox: &Sandbox, url: &str, args: &[&str]) -> Run {
    checked(finish(sandbox.command(args).env("DATABASE_URL", url)))
}

pub fn start_at(sandbox: &Sandbox, url: &str, args: &[&str]) -> Child {
    sandbox
        .command(args)
        .env("DATABASE_URL", url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts")
}

/// Waits until a started runner ends, as it has to, and returns what it gave.
pub fn ended(mut child: Child, what: &str) -> Run {
    let began = Instant::now();
    while child.try_wait().expect("it is ours").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("it is there");
            let output = child.wait_with_output().expect("it ends");
            panic!("{what}: it hangs: {}", String::from_utf8_lossy(&output.stderr));
        }
        thread::sleep(Duration::from_millis(10));
    }
    checked(child.wait_with_output().expect("it ended").into())
}

/// Whatever happens, nobody is shown the password.
fn checked(run: Run) -> Run {
    assert!(!run.stdout.contains(PASSWORD) && !run.stderr.contains(PASSWORD), "{run:#?}");
    run
}
