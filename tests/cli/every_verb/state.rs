//! The runner's own tables, edited by somebody: every verb stops with exit code 4 and names the
//! table, and no verb makes it worse.

use crate::{
    samples::{LAST, shop},
    transcript::Transcript,
};
use insta::assert_snapshot;
use std::fs;

/// Collects what every verb says of a database that was edited so.
fn refused_by_all(seen: &mut Transcript<'_>, edits: &[&str]) {
    let whole = fs::read(seen.sandbox.database()).expect("a database");
    for edit in edits {
        let edit = edit.replace("LAST", LAST);
        seen.note(&edit);
        seen.sandbox.sql(&edit);
        let first = seen.refused(4, &["deploy", "plugins"]);
        // One snapshot of the message is enough; the others are compared with it.
        let mut others = Transcript::of(seen.sandbox);
        for args in [
            &["check", "plugins"][..],
            &["plan", "plugins"],
            &["status"],
            &["rollback", "--steps", "1"],
        ] {
            let run = others.refused(4, args);
            assert_eq!(run.stderr, first.stderr, "{args:?} says something else than deploy");
        }
        fs::write(seen.sandbox.database(), &whole).expect("it is put back");
    }
}

#[test]
fn what_cannot_be_read() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let mut seen = Transcript::of(&sandbox);
    refused_by_all(
        &mut seen,
        &[
            "PRAGMA ignore_check_constraints = ON; UPDATE alteration_state SET status = 'nonsense' WHERE LAST",
            "UPDATE alteration_state SET checksum = 'nonsense' WHERE LAST",
            "UPDATE alteration_state SET component_checksum = 7 WHERE LAST",
            "UPDATE alteration_state SET permissions = 'root' WHERE LAST",
            "UPDATE alteration_state SET requires = '{' WHERE LAST",
            "UPDATE alteration_state SET irreversible = 'perhaps' WHERE LAST",
            "UPDATE alteration_state SET revision = 'x' WHERE LAST",
            "UPDATE alteration_state SET plugin = char(27) || '[2J' WHERE LAST",
            "UPDATE alteration_state SET id = 'nonsense' WHERE LAST",
            "UPDATE alteration_state SET id = x'ff00' WHERE LAST",
            "ALTER TABLE alteration_state DROP COLUMN irreversible",
            "DELETE FROM alteration_ledger",
            "PRAGMA ignore_check_constraints = ON; INSERT INTO alteration_ledger VALUES (2, 1, 1, 1)",
            "UPDATE alteration_ledger SET schema_version = 0",
            "UPDATE alteration_ledger SET schema_version = -7",
            "UPDATE alteration_ledger SET schema_version = 'x'",
            "UPDATE alteration_ledger SET revision = 'x'",
            "ALTER TABLE alteration_ledger DROP COLUMN schema_version",
            "DROP TABLE alteration_ledger",
            "DROP TABLE alteration_state",
            "DROP TABLE alteration_history",
            "DROP TABLE alteration_archive",
            "DROP TABLE alteration_state; CREATE VIEW alteration_state AS SELECT 1",
        ],
    );
    assert_snapshot!(seen);
}

#[test]
fn of_a_newer_runner() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let mut seen = Transcript::of(&sandbox);
    refused_by_all(&mut seen, &["UPDATE alteration_ledger SET schema_version = 7"]);
    seen.sandbox.sql("UPDATE alteration_ledger SET schema_version = 7");
    seen.refused(4, &["deploy", "plugins", "--format", "json"]);
    assert_snapshot!(seen);
}

/// Rows that can be read and do not fit what is there.
#[test]
fn what_does_not_fit() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let whole = fs::read(sandbox.database()).expect("a database");
    let mut seen = Transcript::of(&sandbox);
    for (edit, code) in [
        (format!("UPDATE alteration_state SET checksum = printf('%064d', 0) WHERE {LAST}"), 4),
        (format!("UPDATE alteration_state SET status = 'running' WHERE {LAST}"), 4),
        ("DELETE FROM alteration_state WHERE id LIKE '%first-customers'".to_owned(), 4),
    ] {
        seen.note(&edit);
        sandbox.sql(&edit);
        seen.refused(code, &["deploy", "plugins"]);
        assert_eq!(seen.run(&["check", "plugins"]).code, Some(code));
        fs::write(sandbox.database(), &whole).expect("it is put back");
    }
    let edit = "DELETE FROM alteration_state";
    seen.note(edit);
    sandbox.sql(edit);
    let before = sandbox.dump();
    // It looks as if nothing were applied: the first statement says that it is.
    let run = seen.run(&["deploy", "plugins"]);
    assert_eq!(run.code, Some(1));
    crate::transcript::assert_explained(&run);
    assert_eq!(sandbox.dump(), before);
    assert_snapshot!(seen);
}
