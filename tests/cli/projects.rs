//! An author's project, in SQL because it needs no toolchain: what is added, built, tested, released, and refused.
//! The other languages go the same way in `tests/authoring`.

use crate::{
    polite,
    support::{
        Run, Sandbox, finish,
        servers::{Mariadb, PASSWORD, Postgres, USER},
    },
};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A new project of `acme/notes`.
struct Notes {
    sandbox: Sandbox,
}

impl Notes {
    fn new() -> Self {
        Self::of("sql")
    }

    fn of(language: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.ok(&["new", "acme/notes", "--lang", language]);
        Self { sandbox }
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path().join("notes")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args);
        command.current_dir(self.folder()).env_remove("DATABASE_URL");
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        let run = finish(&mut self.command(args));
        polite::check(&run);
        run
    }

    fn ok(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {run:#?}");
        run
    }

    fn json(&self, code: i32, args: &[&str]) -> Value {
        let run = self.run(&[args, &["--format", "json"]].concat());
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
        serde_json::from_str(&run.stdout).expect("one document")
    }

    /// Fails with `code`; standard error says each of `expected`.
    fn refused(&self, code: i32, args: &[&str], expected: &[&str]) {
        let run = self.run(args);
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
        for text in expected {
            assert!(run.stderr.contains(text), "lacks `{text}`: {run:#?}");
        }
    }

    /// The id of the first alteration.
    fn id(&self) -> String {
        let name = self.file("tests", "-create-tags.sql");
        name.file_stem().expect("a name").to_str().expect("Unicode").to_owned()
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder().join(file)).expect("a file")
    }

    /// The one file of `folder` whose name ends so.
    fn file(&self, folder: &str, end: &str) -> PathBuf {
        let mut found = names(&self.folder().join(folder)).into_iter().filter(|n| n.ends_with(end));
        let name = found.next().expect("a file");
        assert_eq!(found.next(), None);
        self.folder().join(folder).join(name)
    }

    fn edit(&self, folder: &str, end: &str, from: &str, to: &str) {
        let path = self.file(folder, end);
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).expect("written");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().expect("Unicode")).collect();
    names.sort();
    names
}

#[test]
fn a_project_is_needed() {
    let sandbox = Sandbox::new();
    for args in [&["build"][..], &["test"], &["add", "x"], &["release"], &["dev", "--once"]] {
        let run = sandbox.runner(args);
        polite::check(&run);
        assert_eq!(run.code, Some(2), "{args:?}: {run:#?}");
        assert!(run.stderr.contains("holds no project of a plugin"), "{run:#?}");
        assert!(run.stderr.contains("runner new"), "{run:#?}");
    }
    let elsewhere = sandbox.runner(&["build", "--project", "\u{1b}[2Jnowhere"]);
    assert_eq!(elsewhere.code, Some(2), "{elsewhere:#?}");
    polite::check(&elsewhere);
}

#[test]
fn releases_are_opened_by_asking_or_one_after_the_other() {
    let notes = Notes::new();
    assert_eq!(notes.json(0, &["add", "second"])["release"], "0.1.0");
    let opened = notes.json(0, &["add", "--release", "0.4.0"]);
    assert_eq!((&opened["alteration"], &opened["release"]), (&Value::Null, &"0.4.0".into()));
    assert!(notes.read("sql/alteration.toml").contains("release = \"0.4.0\""));
    let third = notes.json(0, &["add", "third", "--description", "It says \"why\"."]);
    assert!(third["alteration"].as_str().expect("an id").starts_with("0.4.0-"), "{third}");
    assert_eq!(third["files"].as_array().expect("files").len(), 3, "{third}");
    // Two versions become two releases.
    notes.ok(&["release"]);
    assert_eq!(names(&notes.folder().join("released")).len(), 3);
    let sandbox = &notes.sandbox;
    let plan: Value =
        serde_json::from_str(&sandbox.ok(&["plan", "notes/released", "--format", "json"]).stdout)
            .expect("JSON");
    let said: Vec<&str> = plan["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|step| step["description"].as_str())
        .collect();
    assert_eq!(said, ["A table of tags.", "Second.", "It says \"why\"."]);
    assert_eq!(notes.json(0, &["add", "fourth"])["release"], "0.5.0");
    notes.refused(1, &["add", "x", "--release", "0.4.0"], &["0.4.0 is not newer than 0.4.0"]);
    notes.refused(2, &["add", "third"], &["another alteration of the project has it"]);
    notes.refused(2, &["add", "Third"], &["lower-case letters"]);
    notes.refused(2, &["add"], &["NAME"]);
    // A version that is no number would be newer than every release.
    notes.refused(1, &["add", "x", "--release", "next"], &["`next` is no release"]);
    fs::write(notes.folder().join("sql/next-4000000000-x.up.sql"), "SELECT 1;\n").expect("written");
    notes.ok(&["build"]);
    notes.refused(1, &["release"], &["`next-4000000000-x` is no release"]);
}

#[test]
fn what_is_released_is_what_was_tested_without_its_mark() {
    let notes = Notes::new();
    notes.ok(&["build"]);
    let draft = fs::read(notes.file("dist", ".wasm")).expect("a draft");
    let first = notes.json(0, &["inspect", notes.file("dist", ".wasm").to_str().unwrap()]);
    assert_eq!(first["draft"], true);
    let document = notes.json(0, &["release"]);
    assert_eq!(document["tests"][0]["outcome"], "passed", "{document}");
    assert_eq!(document["untested"], serde_json::json!(["postgresql", "mysql", "mariadb"]));
    let released = fs::read(notes.file("released", ".wasm")).expect("a release");
    assert!(draft.starts_with(&released) && draft.len() > released.len());
    assert!(names(&notes.folder().join("dist")).is_empty());
    let lock = notes.read("alterations.lock");
    let line = lock.lines().last().expect("a line");
    assert!(line.ends_with(" untested:postgresql,mysql,mariadb"), "{line}");
    let inspected = notes.json(0, &["inspect", notes.file("released", ".wasm").to_str().unwrap()]);
    assert_eq!(inspected["draft"], false);
    // The alteration's checksum, and its component's, which is the same where there is one.
    let checksum = inspected["component_checksum"].as_str().expect("a checksum");
    assert_eq!(line.matches(checksum).count(), 2, "{line}");
    // A second time there is nothing to do, and nothing changes.
    notes.refused(1, &["release"], &["nothing to release", "runner add"]);
    assert_eq!(notes.read("alterations.lock"), lock);
    // The database that had the draft needs nothing.
    let sandbox = &notes.sandbox;
    sandbox.write("drafts/draft.wasm", &draft);
    sandbox.ok(&["deploy", "drafts", "--allow-drafts"]);
    sandbox.ok(&["check", "notes/released"]);
}

#[test]
fn a_released_source_is_not_edited() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    let lock = notes.read("alterations.lock");
    notes.edit("sql", ".up.sql", "To do", "Open");
    for args in [&["build"][..], &["test"], &["release"], &["dev", "--once"]] {
        notes.refused(
            4,
            args,
            &["was released, and its source has changed", ".up.sql", "runner add NAME"],
        );
    }
    notes.edit("sql", ".up.sql", "Open", "To do");
    notes.ok(&["build"]);
    // Other ends of lines are the same source.
    notes.edit("sql", ".up.sql", "\n", "\r\n");
    notes.ok(&["build"]);
    // A version that was released is closed.
    let id = "0.1.0-1900000000-late";
    fs::write(notes.folder().join(format!("sql/{id}.up.sql")), "SELECT 1;\n").expect("written");
    notes.refused(4, &["build"], &[id, "0.1.0, of which other alterations were released"]);
    assert_eq!(notes.read("alterations.lock"), lock);
}

#[test]
fn what_the_manifest_says_of_a_released_one_stays() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    notes.edit("sql", ".toml", "A table of tags.", "Another table.");
    notes.refused(4, &["build"], &["was released, and its source has changed", "alteration.toml"]);
}

#[test]
fn what_was_released_is_there_as_it_was() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    notes.ok(&["add", "second"]);
    let released = notes.file("released", ".wasm");
    let bytes = fs::read(&released).expect("a component");
    let missing = || {
        for args in [&["build"][..], &["test"], &["release"]] {
            notes.refused(4, args, &["-create-tags was released, and", "git checkout released"]);
        }
    };
    fs::write(&released, [&bytes[..], b"\0\x02\x01x"].concat()).expect("written");
    missing();
    fs::remove_file(&released).expect("removed");
    missing();
    fs::write(&released, &bytes).expect("written");
    // What somebody else put there is none of the project's.
    fs::write(notes.folder().join("released/other.wasm"), "junk").expect("written");
    fs::create_dir_all(notes.folder().join("dist")).expect("a folder");
    fs::write(notes.folder().join("dist/other.wasm"), "junk").expect("written");
    notes.ok(&["test"]);
}

#[test]
fn a_release_is_after_the_one_before() {
    let notes = Notes::new();
    notes.ok(&["add", "--release", "0.3.0"]);
    notes.ok(&["add", "second"]);
    notes.ok(&["release"]);
    // As a branch that was merged late.
    let late = "0.2.0-4000000000-late";
    fs::write(notes.folder().join(format!("sql/{late}.up.sql")), "SELECT 1;\n").expect("written");
    notes.refused(4, &["release"], &[late, "comes before 0.3.0-", "out of order"]);
}

#[test]
fn a_renamed_plugin_takes_its_releases_along() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    let sandbox = &notes.sandbox;
    sandbox.ok(&["deploy", "notes/released"]);
    notes.edit("sql", ".toml", "plugin = \"acme/notes\"", "plugin = \"acme/memos\"");
    notes.refused(4, &["build"], &["`released` holds components of acme/notes", "`replaces`"]);
    notes.edit("sql", ".toml", "release =", "replaces = \"acme/notes\"\nrelease =");
    notes.ok(&["add", "more"]);
    notes.ok(&["test"]);
    let report = notes.json(0, &["release"]);
    assert_eq!(report["alterations"].as_array().expect("ids").len(), 1, "{report}");
    assert_eq!(names(&notes.folder().join("released")).len(), 2);
    notes.ok(&["build"]);
    let rename = ["--accept-rename", "acme/notes=acme/memos"];
    sandbox.ok(&[&["deploy", "notes/released"][..], &rename].concat());
    sandbox.ok(&["check", "notes/released"]);
    let plugins = "SELECT plugin FROM alteration_state ORDER BY id";
    assert_eq!(sandbox.rows(plugins), ["acme/memos", "acme/memos"]);
    sandbox.ok(&["rollback", "--plugin", "acme/memos", "--to", "none"]);
}

#[test]
fn manifests_of_any_layout_are_edited() {
    let notes = Notes::of("js");
    let path = notes.folder().join("alteration.json");
    let manifest: Value = serde_json::from_slice(&fs::read(&path).expect("it")).expect("JSON");
    fs::write(&path, manifest.to_string()).expect("written");
    notes.ok(&["add", "--release", "1.3.0"]);
    notes.ok(&["add", "second"]);
    let found: Value = serde_json::from_slice(&fs::read(&path).expect("it")).expect("JSON");
    assert_eq!((&found["release"], &found["$schema"]), (&"1.3.0".into(), &manifest["$schema"]));
    assert_eq!(found["alterations"].as_array().expect("them").len(), 2);
    let notes = Notes::new();
    notes.edit("sql", ".toml", "release = ", "release=");
    notes.edit("sql", ".toml", "\n", "\r\n");
    notes.ok(&["add", "--release", "1.3.0"]);
    notes.ok(&["add", "second"]);
    notes.ok(&["build"]);
    let text = notes.read("sql/alteration.toml");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
}

#[test]
fn drafts_for_different_databases_are_tested_each_on_its_own() {
    let notes = Notes::new();
    let up = notes.file("sql", ".up.sql");
    fs::rename(&up, up.with_file_name(format!("{}.postgresql.up.sql", notes.id()))).expect("moved");
    let down = notes.file("sql", ".down.sql");
    fs::rename(&down, down.with_file_name(format!("{}.postgresql.down.sql", notes.id())))
        .expect("moved");
    notes.ok(&["add", "broken"]);
    fs::write(notes.file("sql", "-broken.up.sql"), "NOT SQL;\n").expect("written");
    // The one is for PostgreSQL alone; the other is tested on SQLite all the same.
    notes.refused(1, &["release"], &["for postgresql, and there is no server"]);
    let run = notes.run(&["release", "--untested", "postgresql"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("Not tested here: ") && run.stderr.contains("NOT SQL"), "{run:#?}");
    fs::write(notes.file("sql", "-broken.up.sql"), "SELECT 1;\n").expect("written");
    fs::write(notes.file("sql", "-broken.down.sql"), "SELECT 1;\n").expect("written");
    notes.ok(&["release", "--untested", "postgresql"]);
    let lock = notes.read("alterations.lock");
    assert!(lock.contains(" untested:postgresql\n"), "{lock}");
    assert!(lock.contains(" untested:postgresql,mysql,mariadb\n"), "{lock}");
}

#[test]
fn a_failed_test_releases_nothing() {
    let notes = Notes::new();
    notes.edit("sql", ".down.sql", "DROP TABLE", "-- DROP TABLE");
    notes.edit("sql", ".down.sql", ";", ";\nSELECT 1;");
    let document = notes.json(1, &["release"]);
    assert_eq!(document["tests"][0]["outcome"], "failed", "{document}");
    assert!(!notes.folder().join("released").exists());
    assert!(!notes.folder().join("alterations.lock").exists());
}

#[test]
fn rows_that_a_database_may_hold_are_there_in_a_test() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    notes.ok(&["add", "upper"]);
    fs::write(
        notes.file("sql", "-upper.up.sql"),
        "UPDATE notes_tags SET title = upper(title) WHERE id >= 100;\n",
    )
    .expect("written");
    fs::write(notes.file("sql", "-upper.down.sql"), "SELECT 1;\n").expect("written");
    // Without rows, nobody would notice that the way back does nothing.
    notes.ok(&["test"]);
    fs::write(
        notes.file("tests", "-upper.sql"),
        "INSERT INTO notes_tags (id, title, slug) VALUES (100, 'Done', 'done');\n",
    )
    .expect("written");
    let run = notes.run(&["test"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("- (100, 'done', 'Done')"), "{run:#?}");
    assert!(run.stdout.contains("+ (100, 'done', 'DONE')"), "{run:#?}");
    // Another database may need other rows.
    let path = notes.file("tests", "-upper.sql");
    fs::write(path.with_extension("sqlite.sql"), "-- none\n").expect("written");
    notes.ok(&["test"]);
}

#[test]
fn a_dialect_that_is_named_is_tested_or_left_out_by_name() {
    let notes = Notes::new();
    notes.edit(
        "sql",
        ".toml",
        "release =",
        "dialects = [\"sqlite\", \"postgresql\", \"mariadb\"]\nrelease =",
    );
    notes.refused(
        1,
        &["release"],
        &[
            "for postgresql and mariadb, and there is no server",
            "RUNNER_TEST_POSTGRESQL",
            "--untested",
        ],
    );
    notes.refused(1, &["release", "--untested", "mariadb"], &["for postgresql, and there"]);
    assert!(!notes.folder().join("released").exists());

    let postgres = Sandbox::on(Postgres::shared().database());
    let mut command = notes.command(&["release", "--untested", "mariadb"]);
    command.env("RUNNER_TEST_POSTGRESQL", postgres.url());
    let run = finish(&mut command);
    polite::check(&run);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("Testing on sqlite") && run.stderr.contains("Testing on postgresql")
    );
    assert!(notes.read("alterations.lock").trim_end().ends_with(" untested:mariadb"));
}

#[test]
fn servers_to_test_on_are_named_in_the_project() {
    let notes = Notes::new();
    let mariadb = Sandbox::on(Mariadb::shared().database());
    mariadb.server().admin_sql(&format!("GRANT ALL ON `runner\\_test\\_%`.* TO '{USER}'@'%'"));
    let config = format!("[test]\nmariadb = {:?}\n", mariadb.url());
    fs::write(notes.folder().join("runner.toml"), config).expect("written");
    let run = notes.ok(&["release"]);
    assert!(run.stderr.contains("Testing on mariadb"), "{run:#?}");
    assert!(!run.stderr.contains(PASSWORD), "{run:#?}");
    let untested = notes.read("alterations.lock");
    assert!(untested.trim_end().ends_with(" untested:postgresql,mysql"), "{untested}");

    let other = Notes::new();
    fs::write(other.folder().join("runner.toml"), "[test]\npostgresql = \"sqlite:x.db\"\n")
        .expect("written");
    other.refused(2, &["release"], &["the server for postgresql is of another kind"]);
    // Which of the two it is says the server.
    let config = format!("[test]\nmysql = {:?}\n", mariadb.url().replace("mariadb:", "mysql:"));
    fs::write(other.folder().join("runner.toml"), config).expect("written");
    other.refused(2, &["release"], &["the server for mysql is one of mariadb"]);
    assert_eq!(other.json(2, &["release"])["error"]["exit_code"], 2);
}

#[test]
fn releases_of_two_authors_merge_as_lines() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    let base = notes.read("alterations.lock");
    let branch = |name: &str| {
        let copy = notes.sandbox.path().join(name);
        let copied = Command::new("cp").arg("-r").arg(notes.folder()).arg(&copy).status();
        assert!(copied.expect("cp").success());
        let run = |args: &[&str]| {
            let run = finish(notes.command(args).current_dir(&copy));
            assert_eq!(run.code, Some(0), "{run:#?}");
        };
        run(&["add", name]);
        run(&["release"]);
        copy
    };
    let (one, other) = (branch("one"), branch("other"));
    // As version control does it, told by .gitattributes.
    let files = format!("cp -rn '{}/.' '{}'", other.display(), one.display());
    assert!(Command::new("sh").args(["-c", &files]).status().expect("cp").success());
    let lock = |folder: &Path| fs::read_to_string(folder.join("alterations.lock")).expect("a lock");
    let theirs = lock(&other);
    let more = theirs.lines().filter(|line| !base.contains(line)).collect::<Vec<_>>().join("\n");
    fs::write(one.join("alterations.lock"), format!("{}{more}\n", lock(&one))).expect("written");
    let toml = |folder: &Path| fs::read_to_string(folder.join("sql/alteration.toml")).expect("it");
    let table = toml(&other);
    let table = &table[table.rfind("[alterations.").expect("a table")..];
    fs::write(one.join("sql/alteration.toml"), toml(&one) + table).expect("written");
    let built = finish(notes.command(&["build"]).current_dir(&one));
    assert_eq!(built.stdout, "Nothing to build: every alteration was released.\n", "{built:#?}");
    notes.sandbox.ok(&["deploy", "one/released"]);
    assert_eq!(notes.sandbox.rows("SELECT count(*) FROM alteration_state"), ["3"]);
    fs::write(one.join("alterations.lock"), "<<<<<<< ours\n").expect("written");
    let left = finish(notes.command(&["build"]).current_dir(&one));
    assert_eq!(left.code, Some(1), "{left:#?}");
    assert!(left.stderr.contains("alterations.lock, line 1: left by a merge"), "{left:#?}");
}

#[test]
fn a_release_that_was_interrupted_is_finished() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    let released = notes.file("released", ".wasm");
    let bytes = fs::read(&released).expect("a component");
    // As if it had ended before the lock was written.
    fs::remove_file(notes.folder().join("alterations.lock")).expect("removed");
    notes.ok(&["release"]);
    assert_eq!(fs::read(&released).expect("a component"), bytes);
    // With other contents it is not known what was shipped.
    fs::remove_file(notes.folder().join("alterations.lock")).expect("removed");
    notes.edit("sql", ".up.sql", "To do", "Open");
    notes.refused(1, &["release"], &["exists with other contents", "alterations.lock"]);
    assert_eq!(fs::read(&released).expect("a component"), bytes);
}

#[test]
fn drafts_that_are_gone_leave_dist() {
    let notes = Notes::new();
    notes.ok(&["add", "second"]);
    notes.ok(&["build"]);
    assert_eq!(names(&notes.folder().join("dist")).len(), 2);
    for end in ["-second.up.sql", "-second.down.sql"] {
        fs::remove_file(notes.file("sql", end)).expect("removed");
    }
    notes.refused(1, &["build"], &["of which there is no SQL file"]);
    let toml = notes.read("sql/alteration.toml");
    let kept = &toml[..toml.rfind("[alterations.").expect("a table")];
    fs::write(notes.folder().join("sql/alteration.toml"), kept).expect("written");
    let run = notes.ok(&["build"]);
    assert!(run.stderr.contains("-second.wasm  removed"), "{run:#?}");
    assert_eq!(names(&notes.folder().join("dist")).len(), 1);
}

#[test]
fn missing_tools_are_named_before_anything_is_compiled() {
    // No tool but what is in this folder.
    let tools = tempfile::tempdir().expect("a folder");
    let path = tools.path().to_owned();
    let tool = |name: &str, answer: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let file = path.join(name);
        fs::write(&file, format!("#!/bin/sh\n{answer}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
    };
    let refused = |language: &str, what: &str, next: &str| {
        let notes = Notes::of(language);
        let run = finish(notes.command(&["build"]).env("PATH", &path));
        polite::check(&run);
        assert_eq!(run.code, Some(1), "{language}: {run:#?}");
        assert!(run.stderr.contains(what), "{language} lacks `{what}`: {run:#?}");
        assert!(run.stderr.contains(next), "{language} lacks `{next}`: {run:#?}");
    };
    refused("rust", "cargo was not found", "install Rust with rustup");
    refused("js", "node was not found", "apt-get install nodejs npm");
    refused("python", "python3 was not found", "apt-get install python3-venv");
    tool("cargo", "echo cargo 1.95.0");
    tool("rustc", "echo /nowhere");
    tool("rustup", "echo rustup 1");
    refused("rust", "no target wasm32-unknown-unknown", "rustup target add wasm32-unknown-unknown");
    tool("node", "echo v16.20.0");
    refused("js", "this is Node.js v16.20.0, which is too old", "Node.js 18 or later");
    tool("node", "echo v20.1.0");
    refused("ts", "npm was not found", "then `npm ci`");
    tool("npm", "echo 10");
    refused("ts", "the project's packages are not installed", "npm ci");
    tool("python3", "echo 3 9");
    refused("python", "this is Python 3.9, which is too old", "Python 3.11 or later");
}

#[test]
fn dev_follows_each_save() {
    let notes = Notes::new();
    let mut command = notes.command(&["dev"]);
    let mut dev = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(dev.stdout.take().expect("a pipe")).lines();
    let mut until = |end: &str| {
        let mut seen = String::new();
        for line in lines.by_ref() {
            let line = line.expect("text");
            seen += &format!("{line}\n");
            if line.contains(end) {
                return seen;
            }
        }
        panic!("it ended without `{end}`: {seen}");
    };
    let first = until("Applied 1 alteration.");
    assert!(first.contains("+ CREATE TABLE notes_tags"), "{first}");
    assert!(first.contains("+ (2, 'in-progress', 'In progress')"), "{first}");
    notes.edit("sql", ".up.sql", "In progress", "Doing");
    let second = until("Applied 1 alteration.");
    assert!(second.contains("down acme/notes") && second.contains("'Doing')"), "{second}");
    // A way back that fails costs the scratch database alone.
    notes.edit("sql", ".down.sql", "DROP TABLE", "DROP VIEW");
    until("Applied 1 alteration.");
    notes.edit("sql", ".up.sql", "Doing", "Busy");
    let fourth = until("Applied 1 alteration.");
    assert!(!fourth.contains("down acme/notes") && fourth.contains("'Busy')"), "{fourth}");
    let pid = i32::try_from(dev.id()).ok().and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::INT)
        .expect("it is there");
    assert_eq!(dev.wait().expect("an end").code(), Some(0));
}
