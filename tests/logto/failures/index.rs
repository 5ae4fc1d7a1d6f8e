//! CREATE INDEX CONCURRENTLY, which no transaction undoes: killed while it waits for somebody else's transaction.

use super::{NEWEST, Twins, arguments, assert_said, hold::Held, ok, script, wait_until};
use crate::support::Sandbox;
use std::{
    fs,
    process::{Command, Stdio},
};

/// Logto's own: it makes two indexes of this table before its transaction.
const INDEXES: &str = NEWEST[1];
const FIRST: &str = "service_logs__email__tenant_id__created_at__id";
const BUILDING: &str =
    "SELECT pid FROM pg_stat_activity WHERE query ILIKE '%create index concurrently%'
     AND wait_event_type = 'Lock' AND datname = current_database()";
/// An index that is not valid takes time at each write and serves no query.
const VALID: &str = "SELECT indisvalid FROM pg_index WHERE indexrelid::regclass::text LIKE 'service\\_logs\\_\\_email%'";

/// On databases from before that script.
fn twins() -> Twins {
    Twins::seeded(|original, sandbox| {
        original.ok(sandbox, &["db", "alteration", "rollback-to-timestamp", "1786414711"]);
    })
}

/// Runs a deploy and kills it while it waits to build the index. As with any process that dies, the server learns
/// of it late, and works on for nobody until an administrator ends that.
fn kill(sandbox: &Sandbox, deploy: &mut Command) {
    let held = Held::new(sandbox, "LOCK TABLE service_logs IN ROW EXCLUSIVE MODE");
    let mut process =
        deploy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process");
    wait_until("it builds the index", || !sandbox.rows(BUILDING).is_empty());
    process.kill().expect("it runs");
    process.wait().expect("it ends");
    sandbox.rows(&BUILDING.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"));
    wait_until("nobody builds it", || sandbox.rows(BUILDING).is_empty());
    drop(held);
    assert_eq!(sandbox.rows(VALID), ["f"], "the server leaves an index that is of no use");
}

fn kill_both(twins: &Twins) {
    let deploy = ["db", "alteration", "deploy", "latest"];
    kill(&twins.theirs, &mut twins.original.command(&twins.theirs, &deploy));
    kill(&twins.ours, &mut twins.ours.command(&arguments(&["deploy", "plugins"])));
}

#[test]
fn a_killed_one_fails_for_ever() {
    let twins = twins();
    twins.ship(&[]);
    twins.baseline(NEWEST[0]);
    kill_both(&twins);

    for _ in 0..2 {
        let exists = format!("relation \"{FIRST}\" already exists");
        assert_said(
            &twins.deploy_theirs(),
            1,
            &[&exists, "may have been applied before the failure"],
        );
    }
    assert_eq!(twins.theirs.rows(VALID), ["f"]);

    assert_said(&ok(&twins.ours, &["deploy", "plugins"]), 0, &[INDEXES]);
    assert_eq!(twins.ours.rows(VALID), ["t", "t"]);
    ok(&twins.ours, &["check", "plugins"]);
}

#[test]
fn a_killed_one_is_taken_for_a_good_one() {
    let twins = twins();
    // As such scripts are mended: it does not fail any more.
    let script = fs::read_to_string(twins.original.scripts().join(format!("{INDEXES}.js")));
    let script =
        script.expect("Logto's script").replace(" concurrently ", " concurrently if not exists ");
    twins.ship(&[(INDEXES, &script)]);
    twins.baseline(NEWEST[0]);
    kill_both(&twins);

    assert_said(&twins.deploy_theirs(), 0, &["Found 2 alterations to deploy"]);
    assert_eq!(
        twins.theirs.rows(VALID).concat().matches('f').count(),
        1,
        "and it says that all is well"
    );

    ok(&twins.ours, &["deploy", "plugins"]);
    assert_eq!(twins.ours.rows(VALID), ["t", "t"]);
}

#[test]
fn one_that_failed_goes_on_where_it_stopped() {
    const ID: &str = "1.44.0-1790000000-unique-phrases";
    let script = script("select 1", "select 1").replace(
        "  up:",
        "  beforeUp: async (pool) => {
    await pool.query(sql`create index concurrently phrases_tag on custom_phrases (language_tag)`);
    await pool.query(sql`create unique index concurrently phrases_unique on custom_phrases (translation)`);
  },
  up:",
    );
    let twins = Twins::with(&[(ID, &script)]);
    twins.sql("INSERT INTO custom_phrases VALUES ('default', 'a', 'fr', '{}'), ('default', 'b', 'de', '{}')");
    let mend = "UPDATE custom_phrases SET translation = '{\"a\": 1}' WHERE id = 'a'";
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid::regclass::text LIKE 'phrases%'";

    assert_said(&twins.deploy_theirs(), 1, &["could not create unique index"]);
    twins.theirs.sql(mend);
    assert_said(&twins.deploy_theirs(), 1, &["relation \"phrases_tag\" already exists"]);

    let failed = super::runner(&twins.ours, &["deploy", "plugins"]);
    assert_said(
        &failed,
        1,
        &[
            ID,
            "statement 2",
            "took effect: create index concurrently phrases_tag",
            "could not create unique index",
        ],
    );
    assert!(!failed.stderr.contains("nothing was altered"), "{failed:#?}");
    twins.ours.sql(mend);
    ok(&twins.ours, &["deploy", "plugins"]);
    assert_eq!(twins.ours.rows(valid), ["t", "t"]);
    ok(&twins.ours, &["check", "plugins"]);
}
