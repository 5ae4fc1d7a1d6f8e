//! What the original does wrong, each on a pair of databases: as it really is, and the runner's answer.
//!
//! Both are given the same files. Where Logto's own scripts do not do, a test ships more of them, in Logto's form.

mod hold;
mod index;
mod literal;
mod order;
mod prompt;
mod race;
mod transaction;
mod wrong;

use crate::{
    component::build,
    original::{AFTER, Original, copy},
    place::Place,
    support::{Run, Sandbox},
};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Two databases that the original made, equal but for their names.
pub struct Twins {
    pub theirs: Sandbox,
    pub ours: Sandbox,
    pub original: Original,
    /// Dropped after the databases on it.
    _place: Place,
}

/// The scripts at the end of the chain: as many as the runner needs to see where the database is.
const NEWEST: [&str; 3] = [
    "1.43.0-1786373004-tighten-cimd-grant-organizations-pkey",
    "1.43.0-1786414712-add-service-logs-email-indexes",
    "1.43.0-1786431364-add-cimd-grant-client-snapshots-table",
];

impl Twins {
    /// Of the newest release, as the original leaves a new database; the runner has recorded that.
    pub fn with(scripts: &[(&str, &str)]) -> Self {
        let twins = Self::seeded(|_, _| ());
        twins.ship(scripts);
        twins.baseline("1.43.0");
        twins
    }

    /// Of the newest release, and what `prepare` made of it with the original; the runner knows nothing yet.
    pub fn seeded(prepare: impl FnOnce(&Original, &Sandbox)) -> Self {
        let place = Place::start();
        let theirs = place.sandbox();
        let original = Original::install(&theirs, AFTER);
        original.seed(&theirs);
        prepare(&original, &theirs);
        let ours = place.twin(&theirs);
        Self { theirs, ours, original, _place: place }
    }

    pub fn baseline(&self, at: &str) {
        ok(&self.ours, &["baseline", "plugins", "--to", &format!("logto/core@{at}")]);
    }

    /// A newer release, with these scripts beside what was shipped before: in the original's package, and as a
    /// component that takes the place of the older one.
    pub fn ship(&self, scripts: &[(&str, &str)]) {
        let chain = self.chain();
        if !chain.exists() {
            fs::create_dir(&chain).expect("a folder");
            copy(&self.original.scripts().join("utils"), &chain.join("utils"));
            for id in NEWEST {
                let name = format!("{id}.js");
                copy(&self.original.scripts().join(&name), &chain.join(&name));
            }
        }
        for (id, script) in scripts {
            for folder in [&self.original.scripts(), &chain] {
                fs::write(folder.join(format!("{id}.js")), script).expect("a file");
            }
        }
        let plugins = self.ours.path().join("plugins");
        if plugins.exists() {
            fs::remove_dir_all(plugins).expect("a folder");
        }
        build(&self.ours, &chain);
    }

    /// Returns what the runner's component is built of; within the original's package, where scripts find what they
    /// import.
    pub fn chain(&self) -> PathBuf {
        self.original.scripts().with_file_name("chain")
    }

    /// The original's deploy of all there is.
    pub fn deploy_theirs(&self) -> Run {
        self.original.run(&self.theirs, &["db", "alteration", "deploy", "latest"])
    }

    /// Returns how far the original thinks that its database is.
    pub fn cursor(&self) -> String {
        self.theirs
            .rows("SELECT value->>'timestamp' FROM systems WHERE key = 'alterationState'")
            .concat()
    }

    /// The first column of a query's rows, in the original's and in the runner's database.
    pub fn rows(&self, sql: &str) -> [Vec<String>; 2] {
        [&self.theirs, &self.ours].map(|sandbox| sandbox.rows(sql))
    }

    pub fn sql(&self, sql: &str) {
        self.theirs.sql(sql);
        self.ours.sql(sql);
    }
}

/// The runner on scripts that ask for nothing: without grants and settings.
pub fn runner(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox.runner(&arguments(args))
}

/// As [`runner`], and it must have succeeded.
#[track_caller]
pub fn ok(sandbox: &Sandbox, args: &[&str]) -> Run {
    let run = runner(sandbox, args);
    assert_eq!(run.code, Some(0), "runner {args:?} failed: {run:#?}");
    run
}

pub fn arguments<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let yes: &[&str] = match args[0] {
        "deploy" | "rollback" => &["--yes", "--trust=*"],
        "baseline" => &["--yes"],
        _ => &[],
    };
    [args, &["--state-schema=alterations"], yes].concat()
}

/// A script of one statement each way, in Logto's form.
pub fn script(up: &str, down: &str) -> String {
    format!(
        "import {{ sql }} from '@silverhand/slonik';

const alteration = {{
  up: async (pool) => {{
    await pool.query(sql`{up}`);
  }},
  down: async (pool) => {{
    await pool.query(sql`{down}`);
  }},
}};

export default alteration;
"
    )
}

/// Asserts that a run ended with this code, and that each of the texts is in what it said.
#[track_caller]
pub fn assert_said(run: &Run, code: i32, texts: &[&str]) {
    assert_eq!(run.code, Some(code), "{run:#?}");
    let said = format!("{}{}", run.stdout, run.stderr);
    for text in texts {
        assert!(said.contains(text), "`{text}` was not said: {run:#?}");
    }
}

/// Asks again until it is so, which it has to be in the end.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(120), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
