//! The whole story of a database, told by every verb, in text and in JSON.

use crate::{
    samples::{emptied, shop, shop_and_crm},
    transcript::Transcript,
};
use insta::assert_snapshot;

#[test]
fn text() {
    let sandbox = shop_and_crm();
    let mut story = Transcript::of(&sandbox);
    story.run(&["status"]);
    story.run(&["plan", "plugins"]);
    story.run(&["check", "plugins"]);
    story.run(&["deploy", "plugins", "--dry-run"]);
    assert!(!sandbox.database().exists(), "a dry run created the database");
    story.run(&["deploy", "plugins"]);
    let deployed = sandbox.dump();
    story.run(&["deploy", "plugins"]);
    story.run(&["status", "plugins"]);
    story.run(&["check", "plugins"]);
    story.run(&["rollback", "--steps", "1", "--dry-run"]);
    assert_eq!(sandbox.dump(), deployed, "a dry run took something back");
    story.run(&["rollback", "--steps", "1"]);
    story.run(&["status", "plugins"]);
    story.run(&["check", "plugins"]);
    story.run(&["deploy", "plugins", "--verbose"]);
    assert_eq!(sandbox.dump(), deployed);
    story.note("The plugins' files are deleted.");
    emptied(&sandbox, "plugins");
    story.run(&["rollback", "--plugin", "acme/shop", "--to", "1.0.0"]);
    story.run(&["rollback", "--plugin", "globex/crm", "--to", "none"]);
    story.run(&["rollback", "--plugin", "acme/shop", "--to", "1.0.0"]);
    story.run(&["rollback", "--steps", "9", "--verbose"]);
    assert_eq!(sandbox.dump(), "", "everything was taken back");
    story.run(&["rollback", "--steps", "1"]);
    story.run(&["status"]);
    assert_snapshot!(story);
}

#[test]
fn json() {
    let sandbox = shop_and_crm();
    let mut story = Transcript::of(&sandbox);
    let json = ["--format", "json"];
    let with = |args: &[&'static str]| [args, &json].concat();
    for args in [
        with(&["status"]),
        with(&["plan", "plugins"]),
        with(&["check", "plugins"]),
        with(&["deploy", "plugins", "--dry-run"]),
        with(&["deploy", "plugins"]),
        with(&["deploy", "plugins"]),
        with(&["check", "plugins"]),
        with(&["status", "plugins"]),
        with(&["rollback", "--steps", "1"]),
        with(&["rollback", "--plugin", "acme/shop", "--to", "none"]),
        with(&["rollback", "--steps", "1"]),
        with(&["status"]),
    ] {
        let run = story.run(&args);
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&run.stdout);
        assert!(parsed.is_ok(), "{args:?} gave no JSON document: {run:#?}");
    }
    assert_snapshot!(story);
}

#[test]
fn a_failure_in_the_middle() {
    let sandbox = shop();
    sandbox.sql_plugin(
        "globex/crm",
        &[
            ("1.0.0-1700000300-fine", "CREATE TABLE fine (id INTEGER);", "DROP TABLE fine;"),
            (
                "1.0.0-1700000400-broken",
                "CREATE TABLE half (id INTEGER);\n\nINSERT INTO half VALUES (1);\nINSERT INTO no_such_table\nVALUES (1);\nDROP TABLE half;\n",
                "SELECT 1;",
            ),
            ("1.0.0-1700000500-after", "CREATE TABLE after (id INTEGER);", "DROP TABLE after;"),
        ],
    );
    let mut story = Transcript::of(&sandbox);
    let run = story.run(&["deploy", "plugins"]);
    assert_eq!(run.code, Some(1));
    let dump = sandbox.dump();
    assert!(dump.contains("CREATE TABLE fine") && !dump.contains("half"), "{dump}");
    story.run(&["status", "plugins"]);
    story.run(&["check", "plugins"]);
    story.run(&["plan", "plugins"]);
    story.run(&["deploy", "plugins", "--format", "json"]);
    assert_eq!(sandbox.dump(), dump);
    story.note("The plugin's vendor mends it.");
    sandbox.sql_plugin(
        "globex/crm",
        &[
            ("1.0.0-1700000300-fine", "CREATE TABLE fine (id INTEGER);", "DROP TABLE fine;"),
            ("1.0.0-1700000400-broken", "CREATE TABLE half (id INTEGER);", "SELECT 1;"),
            ("1.0.0-1700000500-after", "CREATE TABLE after (id INTEGER);", "DROP TABLE nope;"),
        ],
    );
    story.run(&["deploy", "plugins"]);
    let dump = sandbox.dump();
    story.run(&["rollback", "--steps", "2"]);
    assert_eq!(sandbox.dump(), dump);
    assert_snapshot!(story);
}
