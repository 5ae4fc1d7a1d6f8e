//! An alteration of which parts are done, and whose file was changed then: the messages lead out of it.

use crate::{
    polite::run,
    support::{
        Run, Sandbox, finish,
        servers::{Mariadb, Postgres},
    },
    transcript::Transcript,
};
use insta::assert_snapshot;
use std::process::Command;

/// Packs `1-a` with these files, each given as `(hook, text)`.
fn pack(sandbox: &Sandbox, files: &[(&str, &str)]) {
    let _ = std::fs::remove_dir_all(sandbox.path().join("sources"));
    for (hook, sql) in files {
        sandbox.write(&format!("sources/1-a.{hook}.sql"), sql);
    }
    sandbox.ok(&["pack", "sources", "--plugin", "acme/shop", "--out", "plugins", "--replace"]);
}

/// Types the one command that a message shows, in a shell.
fn paste(sandbox: &Sandbox, run: &Run) {
    let text = format!("{}{}", run.stdout, run.stderr);
    let mut commands = text.lines().filter_map(|line| line.strip_prefix("      runner "));
    let command = commands.next().unwrap_or_else(|| panic!("no command: {run:#?}"));
    let runner = sandbox.command(&[]);
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("'{}' {command}", runner.get_program().display())]);
    shell.current_dir(sandbox.path()).env_clear();
    shell.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let pasted = finish(&mut shell);
    assert_eq!(pasted.code, Some(0), "{command}: {pasted:#?}");
}

/// Every verb names what is there and the way out, whatever is allowed.
fn leads_out(sandbox: &Sandbox, took_effect: &str) -> Run {
    // Where only the environment has the password, the command leaves the database to it.
    let resolve = "      runner resolve acme/shop 1-a --as reverted";
    let allowed = ["deploy", "plugins", "--changed", "allow"];
    let verbs: [(&[&str], i32); 5] = [
        (&["deploy", "plugins"], 4),
        (&allowed, 4),
        (&["plan", "plugins"], 4),
        (&["check", "plugins"], 4),
        (&["status", "plugins"], 0),
    ];
    let mut last = None;
    for (args, code) in verbs {
        let run = run(sandbox, args);
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains(&format!("took effect: {took_effect}")), "{args:?}: {run:#?}");
        assert!(text.contains(resolve), "{args:?}: {run:#?}");
        assert!(!text.contains("was changed after it was applied"), "{args:?}: {run:#?}");
        if code == 4 {
            assert!(text.contains("was begun with other contents and has not ended"), "{run:#?}");
        }
        last = Some(run);
    }
    last.expect("a run")
}

#[test]
fn on_sqlite() {
    let sandbox = Sandbox::new();
    let before = ("before-up", "CREATE TABLE a (x)");
    pack(&sandbox, &[before, ("up", "INSERT INTO a (wrong) VALUES (1)")]);
    let mut seen = Transcript::of(&sandbox);
    assert_eq!(seen.run(&["deploy", "plugins"]).code, Some(1));
    assert_eq!(seen.run(&["plan", "plugins"]).code, Some(0));
    // What comes before it is done as a whole, and is another one here.
    let other = ("before-up", "CREATE TABLE a (x INTEGER)");
    pack(&sandbox, &[other, ("up", "INSERT INTO a (x) VALUES (1)")]);
    for args in [
        &["deploy", "plugins"][..],
        &["deploy", "plugins", "--changed", "allow"],
        &["plan", "plugins"],
        &["check", "plugins"],
        &["status", "plugins"],
    ] {
        seen.run(args);
    }
    assert_snapshot!(seen);
    let status = leads_out(&sandbox, "what comes before it, all of that");
    sandbox.sql("DROP TABLE a");
    paste(&sandbox, &status);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT x FROM a"), ["1"]);
}

#[test]
fn on_postgresql() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.sql("CREATE TABLE a (x int)");
    let first = "CREATE INDEX CONCURRENTLY i ON a (x);\n";
    pack(&sandbox, &[("before-up", &format!("{first}CREATE INDEX CONCURRENTLY j ON a (y);\n"))]);
    let failed = run(&sandbox, &["deploy", "plugins"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    let told = "      runner resolve acme/shop 1-a --as reverted\n";
    assert!(failed.stderr.contains(told), "{failed:#?}");
    let second = "CREATE INDEX CONCURRENTLY j ON a ((x + 1));\n";
    pack(&sandbox, &[("before-up", &format!("{second}{first}"))]);
    let status = leads_out(&sandbox, "CREATE INDEX CONCURRENTLY i ON a (x)");
    sandbox.sql("DROP INDEX i");
    paste(&sandbox, &status);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(
        sandbox.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'a' ORDER BY 1"),
        ["i", "j"]
    );
}

#[test]
fn on_mariadb() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    pack(&sandbox, &[("up", "CREATE TABLE a (x INT);\nALTER TABLE a DROP COLUMN nope;\n")]);
    assert_eq!(run(&sandbox, &["deploy", "plugins"]).code, Some(1));
    pack(&sandbox, &[("up", "CREATE TABLE a (x INT, y INT);\n")]);
    let status = leads_out(&sandbox, "CREATE TABLE a (x INT)");
    sandbox.sql("DROP TABLE a");
    paste(&sandbox, &status);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM information_schema.columns WHERE table_name = 'a' AND table_schema = database()"), ["2"]);
}
