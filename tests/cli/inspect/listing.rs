//! `inspect --sql`: what the hooks of a component run, and what the last rehearsal of code ran.

use crate::{
    samples::{FIRST, shop},
    support::{Run, Sandbox, finish, guest},
    transcript::Transcript,
    wasm,
};
use alteration_pack::section;
use insta::assert_snapshot;
use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

const GUEST: &str = "1.0.0-1700000000-many_statements";

/// A sandbox with rehearsals of its own, and a component in it that is code.
fn code() -> Sandbox {
    let sandbox = Sandbox::new();
    let component = wasm::running("CREATE TABLE t (x); INSERT INTO t VALUES ('a\u{1b}[2Jb')");
    let manifest =
        format!(r#"{{"manifest":1,"plugin":"acme/code","alterations":[{{"id":"{GUEST}"}}]}}"#);
    sandbox.write("code.wasm", wasm::with_manifest(&component, manifest.as_bytes()));
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    finish(sandbox.command(args).env("RUNNER_CACHE_DIR", "cache"))
}

#[test]
fn of_sql() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["inspect", FIRST, "--sql"]);
    seen.run(&["inspect", FIRST, "--sql", "--format", "json"]);
    let id = "1.0.0-1700000000-x";
    sandbox.write("sql/alteration.toml", "plugin = \"acme/hostile\"");
    sandbox.write(&format!("sql/{id}.up.sql"), "SELECT '\u{1b}[2J \u{202e}x' -- \u{9b}31m no end");
    sandbox.write(&format!("sql/{id}.before-up.sql"), "CREATE INDEX i ON t (x)\r\n\r\n");
    sandbox.write(&format!("sql/{id}.step.sql"), "DELETE FROM t WHERE x IN (1,\n2);\n");
    sandbox.write(&format!("sql/{id}.down.sql"), "DROP TABLE t; -- \nDROP TABLE u -- no end");
    sandbox.ok(&["pack", "sql", "--out", "out"]);
    let file = format!("out/{id}.wasm");
    let run = seen.run(&["inspect", &file, "--sql"]);
    assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('\u{202e}'), "{run:#?}");
    let run = seen.run(&["inspect", &file, "--sql", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(json["texts"][1]["sql"], "SELECT '\u{1b}[2J \u{202e}x' -- \u{9b}31m no end");
    assert_snapshot!(seen);
}

/// What is printed elsewhere than on a terminal is a script.
#[test]
fn it_can_be_run() {
    let sandbox = shop();
    let listed = sandbox.ok(&["inspect", FIRST, "--sql"]).stdout;
    sandbox.sql(&listed);
    assert_eq!(sandbox.dump(), "", "up, and down again");
}

/// A line of a million characters is neither cut nor waited for.
#[test]
fn long_lines() {
    let sandbox = Sandbox::new();
    let long = format!("SELECT {}1;", "1, ".repeat(1 << 20));
    sandbox.sql_plugin("acme/long", &[("1.0.0-1700000000-long", &long, "")]);
    let listed = sandbox.ok(&["inspect", "plugins/acme/long/1.0.0-1700000000-long.wasm", "--sql"]);
    assert!(listed.stdout.contains(&long));
}

#[test]
fn in_colours_on_a_terminal_alone() {
    let sandbox = shop();
    let at_terminal = |no_color: bool| {
        let runner = sandbox.command(&[]);
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--return", "--command"])
            .arg(format!("'{}' inspect {FIRST} --sql", runner.get_program().display()))
            .arg("/dev/null")
            .current_dir(sandbox.path())
            .env_clear()
            .env("TERM", "xterm");
        command.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if no_color {
            command.env("NO_COLOR", "1");
        }
        finish(&mut command).stdout
    };
    let coloured = at_terminal(false);
    assert!(coloured.contains("\u{1b}[1m\u{1b}[34mCREATE\u{1b}[0m"), "{coloured:?}");
    assert!(coloured.contains("-- The customers table.\u{1b}[0m"), "{coloured:?}");
    assert!(!at_terminal(true).contains('\u{1b}'));
    let stripped = sandbox.ok(&["inspect", FIRST, "--sql"]).stdout;
    assert_eq!(at_terminal(true).replace('\r', ""), stripped);
}

#[test]
fn of_code_that_nobody_rehearsed() {
    let sandbox = code();
    let mut seen = Transcript::of(&sandbox);
    sandbox.write("module.wasm", b"\0asm\x01\0\0\0");
    for file in ["code.wasm", "module.wasm"] {
        for args in
            [&["inspect", file, "--sql"][..], &["inspect", file, "--sql", "--format", "json"]]
        {
            seen.refused(1, args);
        }
    }
    seen.run(&["deploy", "code.wasm", "--save"]);
    seen.run(&["deploy", "code.wasm", "--dry-run", "--save", "--no-cache"]);
    assert_snapshot!(seen);
}

#[test]
fn of_code_as_it_was_rehearsed() {
    let sandbox = code();
    let next = run(&sandbox, &["inspect", "code.wasm", "--sql"]).stderr;
    let next = next.lines().last().expect("a command").trim();
    assert_eq!(next, "runner deploy code.wasm --dry-run --save");
    let saved = run(&sandbox, &["deploy", "code.wasm", "--dry-run", "--save"]);
    assert_eq!(saved.code, Some(0), "{saved:#?}");
    assert!(saved.stderr.contains("Saved the statements of 1 component"), "{saved:#?}");
    let listed = run(&sandbox, &["inspect", "code.wasm", "--sql"]);
    assert_eq!(listed.code, Some(0), "{listed:#?}");
    let lines: Vec<_> = listed.stdout.lines().collect();
    assert!(
        lines[0].starts_with(&format!("-- acme/code {GUEST}: up, as rehearsed at 20")),
        "{lines:#?}"
    );
    assert!(lines[0].ends_with(" on sqlite:app.db"), "{lines:#?}");
    assert_eq!(lines[1..].join("\n").matches("CREATE TABLE t (x)").count(), 1, "{lines:#?}");
    assert!(
        !listed.stdout.contains('\u{1b}') && listed.stdout.contains("\\u{1b}[2J"),
        "{lines:#?}"
    );
    let json = run(&sandbox, &["inspect", "code.wasm", "--sql", "--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["source"], "rehearsal");
    assert_eq!(json["rehearsals"][0]["statements"][0]["hook"], "up");
    // The way back is rehearsed where it is applied, and listed with the way there.
    assert_eq!(run(&sandbox, &["deploy", "code.wasm"]).code, Some(0));
    let back = run(&sandbox, &["rollback", "--steps", "1", "--dry-run", "--save"]);
    assert_eq!(back.code, Some(0), "{back:#?}");
    let both = run(&sandbox, &["inspect", "code.wasm", "--sql"]).stdout;
    assert!(both.contains(&format!("-- acme/code {GUEST}: up, ")), "{both}");
    assert!(both.contains(&format!("-- acme/code {GUEST}: down, ")), "{both}");
    assert!(both.ends_with("-- no statement\n"), "{both}");
    // Another component has none.
    let bytes = fs::read(sandbox.path().join("code.wasm")).expect("a file");
    sandbox.write("other.wasm", wasm::with_section(&bytes, "x", b"y"));
    assert_eq!(run(&sandbox, &["inspect", "other.wasm", "--sql"]).code, Some(1));
}

/// What lies there is a stranger's text, and nobody else's file is read.
#[test]
fn kept_for_its_user_alone() {
    let sandbox = code();
    assert_eq!(run(&sandbox, &["deploy", "code.wasm", "--dry-run", "--save"]).code, Some(0));
    let folder = sandbox.path().join("cache/rehearsals");
    let files: Vec<_> = fs::read_dir(&folder).expect("a folder").flatten().collect();
    assert_eq!(files.len(), 1);
    let file = files[0].path();
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode();
    assert_eq!((mode(&folder) & 0o777, mode(&file) & 0o777), (0o700, 0o600));
    let text = fs::read_to_string(&file).expect("text");
    let hostile = text
        .replace("acme/code", "\\u001b[31macme\\ncode")
        .replace("sqlite:app.db", "x\\nDROP TABLE y;")
        .replace("CREATE TABLE", "\\u202eCREATE\\u001b[2J TABLE");
    fs::write(&file, &hostile).expect("written");
    let listed = run(&sandbox, &["inspect", "code.wasm", "--sql"]).stdout;
    assert!(!listed.contains('\u{1b}') && !listed.contains('\u{202e}'), "{listed:?}");
    assert!(!listed.lines().any(|line| line.starts_with("DROP")), "{listed}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("set");
    let refused = run(&sandbox, &["inspect", "code.wasm", "--sql"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("set");
    let refused = run(&sandbox, &["deploy", "code.wasm", "--dry-run", "--save"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    crate::polite::check(&refused);
}

/// Parameters are values of the database, and stay there.
#[test]
fn without_values_of_parameters() {
    let sandbox = Sandbox::new();
    let file = guest("hostile").display().to_string();
    sandbox.ok(&["pack", &file, "--out", "packed"]);
    let packed = fs::read_dir(sandbox.path().join("packed")).expect("a folder").flatten().next();
    let bytes = fs::read(packed.expect("a component").path()).expect("a file");
    let manifest = br#"{"manifest":1,"plugin":"acme/guests","alterations":[{"id":"1.0.0-1700000000-every-value"}]}"#;
    sandbox.write("out/guest.wasm", section::append(&bytes, manifest).expect("a component"));
    let saved = run(&sandbox, &["deploy", "out", "--dry-run", "--save"]);
    assert_eq!(saved.code, Some(0), "{saved:#?}");
    let folder = fs::read_dir(sandbox.path().join("cache/rehearsals")).expect("a folder");
    let kept = fs::read_to_string(folder.flatten().next().expect("a file").path()).expect("text");
    assert!(kept.contains("INSERT INTO every_value (id, any) VALUES (?, ?)"), "{kept}");
    assert!(kept.contains("\"times\": 20"), "{kept}");
    assert!(!kept.contains("6f1a2e9c"), "{kept}");
}
