//! Guests with `before-up` or `step`, and the same two written in SQL.
//!
//! What a hook outside the transaction leaves behind depends on the database, so that these tests ask
//! for what holds on each: the message and the database agree, and the next deploy goes on.

use super::{List, component, deploy, one_guest, support::Sandbox};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
    sync::OnceLock,
};

const PREPARATIONS: List = for_each_preparation!(every_guest_has_a_test);
const BACKFILLS: List = for_each_backfill!(every_guest_has_a_test);

fn preparing(name: &str) -> Sandbox {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    let component = COMPONENT.get_or_init(|| component("hostile-preparation"));
    sandbox(component, PREPARATIONS, 1_710_000_000, name)
}

fn stepping(name: &str) -> Sandbox {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    let component = COMPONENT.get_or_init(|| component("hostile-backfill"));
    sandbox(component, BACKFILLS, 1_720_000_000, name)
}

fn sandbox(component: &[u8], list: List, first_stamp: usize, name: &str) -> Sandbox {
    let at = list.iter().position(|(guest, _)| *guest == name).expect("a guest of the list");
    let id = format!("1.0.0-{}-{}", first_stamp + at, name.replace('_', "-"));
    let sandbox = Sandbox::guarded();
    let component = one_guest(component, &id, name);
    sandbox.write("plugins/guest.wasm", component);
    sandbox
}

fn applied(sandbox: &Sandbox, args: &[&str]) {
    let run = deploy(sandbox, args);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(sandbox.state()[0].ends_with(" applied"), "{:?}", sandbox.state());
}

/// Applies, takes back and applies once more; after the way back nothing is left.
fn there_and_back(sandbox: &Sandbox, args: &[&str]) {
    applied(sandbox, args);
    let there = sandbox.dump();
    sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
    assert_eq!(sandbox.dump(), "", "something stayed");
    applied(sandbox, args);
    assert_eq!(sandbox.dump(), there);
}

/// Deploys twice; both end with `words`, not at what the first had made already. What the first says
/// about the tables of the hook agrees with what is there, and the second changes nothing.
fn gives_up(name: &str, words: &str) {
    let sandbox = preparing(name);
    let first = deploy(&sandbox, &[]);
    assert_eq!(first.code, Some(1), "{first:#?}");
    assert!(first.stderr.contains(words), "{}", first.stderr);
    let stayed = sandbox.dump();
    for table in ["one", "two"].map(|number| format!("{name}_{number}")) {
        let is_named = first.stderr.contains(&format!("CREATE TABLE {table}"));
        assert_eq!(stayed.contains(&table), is_named, "{stayed}\n{}", first.stderr);
    }
    assert_eq!(stayed.is_empty(), first.stderr.contains("nothing was altered"), "{}", first.stderr);

    let second = deploy(&sandbox, &[]);
    assert_eq!(second.code, Some(1), "{second:#?}");
    assert!(second.stderr.contains(words), "{}", second.stderr);
    assert_eq!(sandbox.dump(), stayed);
}

/// Deploys, and asks the runner to end as soon as it shows `words`.
fn suspended(sandbox: &Sandbox, words: &str) {
    let mut child = sandbox
        .command(&["deploy", "plugins"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the runner starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut seen = String::new();
    while !seen.contains(words) {
        let read = stderr.read_line(&mut seen).expect("a line");
        assert!(read > 0, "{words:?} never came: {seen}");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is there");
    stderr.read_to_string(&mut seen).expect("UTF-8");
    let code = child.wait().expect("it ends").code();
    assert!(code.is_some_and(|code| code != 0), "{code:?}: {seen}");
}

macro_rules! guests {
    ($($name:ident => $body:expr;)*) => {
        $(#[test] fn $name() { let _ = $body; })*
    };
}

guests! {
    prepares => there_and_back(&preparing("prepares"), &[]);
    prepares_then_fails => gives_up("prepares_then_fails", "the preparation gave up");
    prepares_then_traps => gives_up("prepares_then_traps", "panicked at");
    rereads => {
        let sandbox = preparing("rereads");
        sandbox.sql("CREATE TABLE rereads_input (n INTEGER); INSERT INTO rereads_input VALUES (1)");
        let run = deploy(&sandbox, &[]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("the input is still 1"), "{}", run.stderr);
        let recorded = sandbox.dump().contains("rereads_first_1");
        sandbox.sql("UPDATE rereads_input SET n = 2");
        applied(&sandbox, &[]);
        let dump = sandbox.dump();
        // Where the table of the first attempt was rolled back, so was what it had read.
        assert_eq!(dump.contains("rereads_first_1"), recorded, "{dump}");
        assert_eq!(dump.contains("rereads_first_2"), !recorded, "{dump}");
        assert!(dump.contains("rereads_second_2"), "{dump}");
    };
    diverges => {
        let sandbox = preparing("diverges");
        sandbox.sql("CREATE TABLE diverges_input (n INTEGER); INSERT INTO diverges_input VALUES (1)");
        let run = deploy(&sandbox, &[]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let stayed = sandbox.dump().contains("diverges_first");
        sandbox.sql("UPDATE diverges_input SET n = 2");
        let file = sandbox.path().join("plugins/guest.wasm");
        let bytes = std::fs::read(&file).expect("bytes");
        sandbox.write("plugins/guest.wasm", replace(bytes, b"diverges_first", b"diverges_other"));
        let run = deploy(&sandbox, &[]);
        let dump = sandbox.dump();
        assert_eq!(dump.contains("diverges_first"), stayed, "{dump}");
        assert_eq!(dump.contains("diverges_other"), !stayed, "{dump}");
        assert_eq!(run.code == Some(0), !stayed, "{run:#?}");
    };
    prepares_with_entropy => {
        let sandbox = preparing("prepares_with_entropy");
        applied(&sandbox, &["--grant", "entropy"]);
        let random = |table: u8| {
            sandbox.rows(&format!("SELECT random FROM prepares_with_entropy_{table}"))
        };
        let first = random(1);
        assert_eq!(random(3), random(2));
        sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
        assert_eq!(sandbox.dump(), "", "something stayed");
        applied(&sandbox, &["--grant", "entropy"]);
        assert_ne!(random(1), first, "a second deploy is no replay of the first");
    };
    prepares_with_setting => {
        let sandbox = preparing("prepares_with_setting");
        let region = |region: &str| format!("hostile/guests:REGION={region}");
        applied(&sandbox, &["--set", &region("eu")]);
        let stored = "SELECT region FROM prepares_with_setting_3 ORDER BY id";
        assert_eq!(sandbox.rows(stored), ["eu", "eu"]);
        let unknown = sandbox.runner(&["rollback", "--steps", "1", "--set", "hostile/guests:region=us"]);
        assert_eq!(unknown.code, Some(1), "{unknown:#?}");
        assert!(unknown.stderr.contains("no setting `region`; it declares `REGION`"), "{unknown:#?}");
        // `down` fails unless both hooks of the way back are handed what the rollback was given.
        sandbox.ok(&["rollback", "--steps", "1", "--set", &region("us"), "--yes"]);
        assert_eq!(sandbox.dump(), "", "something stayed");
        applied(&sandbox, &["--set", &region("us")]);
        assert_eq!(sandbox.rows(stored), ["us", "us"]);
    };

    steps => {
        let sandbox = stepping("steps");
        applied(&sandbox, &[]);
        let wrong = "SELECT count(*) FROM steps_rows WHERE doubled <> 2 * id";
        assert_eq!(sandbox.rows(wrong), ["0"]);
        assert_eq!(sandbox.rows("SELECT count(*) FROM steps_log"), ["11"]);
        sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
        there_and_back(&sandbox, &[]);
    };
    steps_forever => {
        let sandbox = stepping("steps_forever");
        let mut before = 0;
        for _ in 0..3 {
            suspended(&sandbox, &format!("step {}\n", before + 3));
            assert!(!sandbox.state()[0].ends_with(" applied"), "{:?}", sandbox.state());
            before = sandbox.rows("SELECT n FROM steps_forever")[0].parse::<u64>().expect("a number");
        }
    };
    step_fails_at => {
        let sandbox = stepping("step_fails_at");
        for _ in 0..2 {
            let run = deploy(&sandbox, &[]);
            assert_eq!(run.code, Some(1), "{run:#?}");
            assert!(run.stderr.contains("the third step gave up"), "{}", run.stderr);
            assert_eq!(sandbox.rows("SELECT step FROM step_fails_at ORDER BY 1"), ["1", "2"]);
        }
        sandbox.sql("INSERT INTO step_fails_at_mended VALUES (1)");
        applied(&sandbox, &[]);
        assert_eq!(sandbox.rows("SELECT step FROM step_fails_at ORDER BY 1"), ["1", "2", "3", "4"]);
    };
    step_does_ddl => there_and_back(&stepping("step_does_ddl"), &[]);
    step_huge_state => {
        let sandbox = stepping("step_huge_state");
        let run = deploy(&sandbox, &[]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(!sandbox.state()[0].ends_with(" applied"), "{:?}", sandbox.state());
        assert_eq!(sandbox.rows("SELECT count(*) FROM step_huge_state"), ["0"]);
    };
}

/// Every `from` in `bytes` becomes `to`, which is as long.
fn replace(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut found = 0;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0, "the component does not hold what was to be replaced");
    bytes
}

const SQL_ID: &str = "1.0.0-1700000000-names";

/// The same hooks written in SQL.
fn in_sql(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::guarded();
    for (hook, sql) in files {
        sandbox.write(&format!("sources/acme/names/{SQL_ID}.{hook}.sql"), sql);
    }
    sandbox.ok(&["pack", "sources/acme/names", "--plugin", "acme/names", "--out", "plugins"]);
    sandbox
}

#[test]
fn sql_before_up() {
    let sandbox = in_sql(&[
        ("before-up", "CREATE TABLE names (id INTEGER PRIMARY KEY); INSERT INTO names VALUES (1)"),
        ("up", "INSERT INTO names SELECT id + 1 FROM names"),
        ("before-down", "DELETE FROM names WHERE id = 2"),
        ("down", "DROP TABLE names"),
    ]);
    there_and_back(&sandbox, &[]);
    assert_eq!(sandbox.rows("SELECT id FROM names ORDER BY id"), ["1", "2"]);
}

#[test]
fn sql_before_up_alone() {
    let sandbox = in_sql(&[("before-up", "CREATE TABLE names (id INTEGER PRIMARY KEY)")]);
    applied(&sandbox, &[]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM names"), ["0"]);
}

#[test]
fn sql_steps() {
    let sandbox = in_sql(&[
        (
            "up",
            "CREATE TABLE names (id INTEGER PRIMARY KEY, clean INTEGER NOT NULL DEFAULT 0);
             INSERT INTO names (id) WITH RECURSIVE n (i) AS
                 (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1050) SELECT i FROM n;",
        ),
        (
            "step",
            "UPDATE names SET clean = clean + 1
             WHERE id IN (SELECT id FROM names WHERE clean = 0 ORDER BY id LIMIT 100)",
        ),
        ("down", "DROP TABLE names"),
    ]);
    there_and_back(&sandbox, &[]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM names WHERE clean <> 1"), ["0"]);
}

#[test]
fn sql_step_of_two_statements() {
    let sandbox = in_sql(&[("step", "SELECT 1; SELECT 2")]);
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("expected one statement"), "{}", run.stderr);
}
