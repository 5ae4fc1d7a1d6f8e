//! `resolve`: a person puts a record right.

use crate::{
    polite::run,
    stopped::{code, json, pack},
    support::Sandbox,
    terminal::answered,
    transcript::Transcript,
};
use insta::assert_snapshot;

/// Two plugins, of which one requires the other, applied.
fn two() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/app", &[("1.0.0-1-a", "CREATE TABLE a (x);", "DROP TABLE a;")]);
    let crm = [("1.0.0-2-b", "CREATE TABLE b (x);", "DROP TABLE b;")];
    sandbox.sql_plugin_requiring("acme/crm", "\"acme/app\" = \"1\"", &crm);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox
}

#[test]
fn a_record_that_is_wrong() {
    let sandbox = two();
    sandbox.sql("DROP TABLE b; DROP TABLE a");
    let because = ["--because", "restored\u{1b}[2J from a backup"];
    let resolve = |plugin: &'static str, id: &'static str, status: &'static str| {
        [&["resolve", plugin, id, "--as", status][..], &because].concat()
    };
    let mut seen = Transcript::of(&sandbox);
    seen.refused(4, &["resolve", "acme/crm", "1.0.0-2-b", "--as", "reverted"]);
    seen.refused(4, &resolve("acme/app", "1.0.0-1-a", "reverted"));
    seen.refused(4, &resolve("acme/app", "1.0.0-1-a", "applied"));
    seen.refused(4, &resolve("acme/app", "9-never", "applied"));
    seen.refused(4, &["resolve", "acme/app", "1.0.0-1-a", "--statement", "done"]);
    let asked = answered(&sandbox, &resolve("acme/crm", "1.0.0-2-b", "reverted"), None);
    assert_eq!(asked.code, Some(2), "{asked:#?}");
    seen.add("without a yes", &asked);
    assert_eq!(seen.run(&resolve("acme/crm", "1.0.0-2-b", "reverted")).code, Some(0));
    assert_eq!(seen.run(&resolve("acme/app", "1.0.0-1-a", "reverted")).code, Some(0));
    assert_eq!(seen.run(&["status"]).code, Some(0));
    let history = "SELECT direction || ' ' || event || ' ' || error FROM alteration_history
         WHERE event = 'resolved' AND plugin = 'acme/app'";
    let told = ["down resolved resolved: it is reverted, because: restored\u{1b}[2J from a backup"];
    assert_eq!(sandbox.rows(history), told);
    sandbox.ok(&["deploy", "plugins"]);
    seen.note("deployed again: what was decided is history");
    assert_eq!(seen.run(&["status"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn what_is_there_after_all_is_recorded_as_applied() {
    let sandbox = two();
    sandbox.ok(&["rollback", "--steps", "2"]);
    sandbox.sql("CREATE TABLE a (x); CREATE TABLE b (x)");
    let resolve = |plugin: &'static str, id: &'static str| {
        ["resolve", plugin, id, "--as", "applied", "--because", "made by hand", "--format", "json"]
    };
    code(&run(&sandbox, &resolve("acme/crm", "1.0.0-2-b")), 4, &["requires acme/app"]);
    let document = json(&run(&sandbox, &resolve("acme/app", "1.0.0-1-a")));
    assert_eq!(
        (&document["recorded"], &document["status"]),
        (&"reverted".into(), &"applied".into())
    );
    code(&run(&sandbox, &resolve("acme/crm", "1.0.0-2-b")), 0, &[]);
    code(&run(&sandbox, &["check", "plugins"]), 0, &[]);
    let status = json(&run(&sandbox, &["status", "--format", "json"]));
    let decided = &status["alterations"][0]["decided"];
    assert_eq!(decided["because"], "made by hand", "{status:#}");
    assert_eq!(decided["decision"], "it is applied", "{status:#}");
    // It goes down in the order in which it was recorded.
    // Tables that were made by hand are the application's.
    let guarded =
        ["acme/app", "acme/crm"].map(|it| format!("[plugins.\"{it}\"]\nguarded = true\n"));
    sandbox.write("runner.toml", guarded.concat());
    sandbox.ok(&["rollback", "--steps", "2"]);
    assert_eq!(sandbox.state(), ["acme/app 1.0.0-1-a reverted", "acme/crm 1.0.0-2-b reverted"]);
}

#[test]
fn what_failed_at_once_is_not_in_the_archive() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "one", &[("up", "CREATE TABLE a (x); INSERT INTO a (wrong) VALUES (1);")]);
    assert_eq!(run(&sandbox, &["deploy", "one"]).code, Some(1));
    let resolve = ["resolve", "acme/app", "2-b", "--as", "applied", "--because", "by hand"];
    code(&run(&sandbox, &resolve), 4, &["runner baseline PLUGINS --to acme/app@2-b"]);
    sandbox.ok(&["baseline", "one", "--to", "acme/app@2-b"]);
}

#[test]
fn reasons_that_are_none() {
    let sandbox = two();
    let long = "x".repeat(1001);
    for because in ["", "  ", &long] {
        let args = ["resolve", "acme/crm", "1.0.0-2-b", "--as", "reverted", "--because", because];
        code(&run(&sandbox, &args), 2, &["a reason"]);
    }
    assert_eq!(sandbox.state().len(), 2);
}
