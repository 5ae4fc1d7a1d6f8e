//! `release`: what it tests, fixes and records, and what of a released alteration is refused from then on.

use crate::{
    polite,
    project::{Notes, names},
    support::{
        Sandbox, finish,
        servers::{Mariadb, PASSWORD, Postgres, USER},
    },
};
use std::{fs, path::Path, process::Command};

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
