//! `rollback`: what it refuses, and that it needs nothing but the archive.

mod mended;
mod uninstall;

use crate::{
    polite::run,
    samples::{A, FIRST, LAST, shop, shop_and_crm},
    support::{Sandbox, servers::Mariadb},
    terminal::{answered, next_command, paste},
    transcript::Transcript,
};
use insta::assert_snapshot;
use std::fs;

#[test]
fn rollbacks_that_are_refused() {
    let sandbox = shop_and_crm();
    sandbox.sql_plugin("initech/audit", &[("1.0.0-1800000000-log", "CREATE TABLE log (id);", "")]);
    sandbox.ok(&["deploy", "plugins"]);
    let mut seen = Transcript::of(&sandbox);
    seen.refused(4, &["rollback", "--plugin", "acme/shop", "--to", "none"]);
    seen.refused(4, &["rollback", "--plugin", "initech/audit", "--to", "none"]);
    seen.refused(4, &["rollback", "--steps", "1"]);
    seen.run(&["rollback", "--plugin", "acme/none", "--to", "none"]);
    seen.run(&["rollback", "--plugin", "acme/shop", "--to", "9.0.0"]);
    seen.run(&["rollback", "--steps", "0"]);
    assert_snapshot!(seen);
}

#[test]
fn a_rollback_is_refused_and_drops_nothing() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let before = sandbox.dump();
    let args = ["rollback", "--plugin", "acme/shop", "--to", "none", "--database", "sqlite:app.db"];
    let refused = answered(&sandbox, &args, None);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("error: 3 alterations would be rolled back"), "{refused:#?}");
    assert_eq!(sandbox.dump(), before);
    assert_eq!(answered(&sandbox, &["rollback", "--steps", "1", "--dry-run"], None).code, Some(0));
    let pasted = paste(&sandbox, next_command(&refused));
    assert_eq!(pasted.code, Some(0), "{pasted:#?}");
    assert_eq!(
        answered(&sandbox, &["rollback", "--steps", "1"], None).code,
        Some(0),
        "nothing to do"
    );
}

#[test]
fn a_rollback_is_judged_from_the_archive() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    let down = "DROP TABLE b;\nKILL 1;\n";
    sandbox.sql_plugin("acme/shop", &[A, ("1.0.0-2-b", "CREATE TABLE b (x INT);", down)]);
    sandbox.ok(&["deploy", "plugins"]);
    std::fs::remove_dir_all(sandbox.path().join("plugins")).expect("a folder");
    let before = sandbox.dump();
    let run = run(&sandbox, &["rollback", "--steps", "2"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let told = "1.0.0-2-b cannot run here: statement 2 of its down, in line 2: KILL is refused";
    assert!(run.stderr.contains(told), "{run:#?}");
    assert_eq!(sandbox.dump(), before);
}

#[test]
fn an_archive_that_cannot_serve() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let other = fs::read(sandbox.path().join(FIRST)).expect("a component");
    let other: String = other.iter().map(|byte| format!("{byte:02x}")).collect();
    let whole = fs::read(sandbox.database()).expect("a database");
    let mut seen = Transcript::of(&sandbox);
    for (what, edit) in [
        ("emptied", "DELETE FROM alteration_archive".to_owned()),
        ("no compressed bytes", "UPDATE alteration_archive SET bytes = x'00'".to_owned()),
        ("no bytes", "UPDATE alteration_archive SET bytes = 7".to_owned()),
        (
            "cut short",
            "UPDATE alteration_archive SET bytes = substr(bytes, 1, length(bytes) - 9)".to_owned(),
        ),
        ("a component as it is", format!("UPDATE alteration_archive SET bytes = x'{other}'")),
        (
            "another component",
            "UPDATE alteration_archive SET bytes = (SELECT a.bytes FROM alteration_archive a LIMIT 1)".to_owned(),
        ),
        (
            "another checksum",
            format!("UPDATE alteration_state SET component_checksum = printf('%064d', 0) WHERE {LAST}"),
        ),
    ] {
        seen.note(what);
        sandbox.sql(&edit);
        seen.refused_saying(4, &["rollback", "--steps", "1"], &["acme/shop 1.1.0-1700000200"]);
        fs::write(sandbox.database(), &whole).expect("it is put back");
    }
    assert_snapshot!(seen);
}
