//! A plugin that was renamed: who agrees to it, what is recorded afterwards, and what a hostile manifest gets.

use crate::{
    polite,
    samples::{CRM, NEWEST, SHOP, emptied, renamed, replacing},
    support::{Run, Sandbox, each_database, servers::Postgres},
    terminal::at_terminal,
};
use std::fs;

const ACCEPT: [&str; 2] = ["--accept-rename", "acme/shop=acme/store"];

fn run(sandbox: &Sandbox, args: &[&str], code: i32) -> Run {
    let run = sandbox.runner(args);
    polite::check(&run);
    assert_eq!(run.code, Some(code), "runner {args:?}: {run:#?}");
    run
}

/// Everything that the runner recorded of alterations and attempts.
fn records(sandbox: &Sandbox) -> Vec<String> {
    let mut rows = sandbox.state();
    rows.extend(sandbox.rows(
        "SELECT concat_ws(' ', sequence, plugin, id, event, error) FROM alteration_history ORDER BY sequence",
    ));
    rows
}

#[test]
fn what_was_applied_stays_applied_under_the_new_name() {
    each_database(|sandbox| {
        renamed(sandbox);
        let deployed = run(sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 0);
        assert!(
            deployed.stdout.contains("acme/store took over 3 applied alterations of acme/shop")
        );
        assert!(deployed.stdout.contains("Applied 1 alteration in"), "{deployed:#?}");
        let state = sandbox.state();
        assert_eq!(state.len(), 4);
        assert!(
            state.iter().all(|row| row.starts_with("acme/store ") && row.ends_with(" applied"))
        );
        let taken = records(sandbox);
        let taken =
            taken.iter().filter(|row| row.contains(" taken-over taken over from acme/shop"));
        assert_eq!(taken.filter(|row| row.contains(" acme/store 1.")).count(), 3);
        // Nothing is to be said any more, and all of it goes down from the archive, without files.
        assert_eq!(run(sandbox, &["check", "plugins"], 0).stderr, "");
        emptied(sandbox, "plugins");
        run(sandbox, &["rollback", "--plugin", "acme/store", "--to", "none"], 0);
        assert!(sandbox.state().iter().all(|row| row.ends_with(" reverted")));
        let left = "SELECT count(*) FROM alteration_state WHERE plugin = 'acme/shop'";
        assert_eq!(sandbox.rows(left), ["0"]);
    });
}

#[test]
fn nothing_is_taken_over_without_consent() {
    each_database(|sandbox| {
        renamed(sandbox);
        let before = (records(sandbox), sandbox.dump());
        // RUNNER_YES is set, and says nothing about whose records they are.
        let refused = run(sandbox, &["deploy", "plugins", "--yes"], 4);
        let told =
            "error: acme/store says that it replaces acme/shop, and would take over 3 applied";
        assert!(refused.stderr.contains(told), "{refused:#?}");
        assert!(refused.stderr.contains("changed: nothing was altered"), "{refused:#?}");
        assert!(
            refused
                .stderr
                .contains("runner deploy --accept-rename acme/shop=acme/store plugins --yes"),
            "{refused:#?}"
        );
        for verb in ["check", "plan"] {
            let looked = run(sandbox, &[verb, "plugins"], 4);
            let all = format!("{}{}", looked.stdout, looked.stderr);
            assert!(all.contains("runner deploy --accept-rename acme/shop=acme/store plugins"));
            // Only what is new would run.
            assert!(!all.contains("create-customers  (") && all.contains("create-bills"), "{all}");
        }
        for wrong in ["acme/store=acme/shop", "acme/other=acme/store", "acme/shop=evil/store"] {
            run(sandbox, &["deploy", "plugins", "--accept-rename", wrong], 4);
        }
        for bad in ["acme/shop", "acme/shop=", "=", "acme/shop=store"] {
            run(sandbox, &["deploy", "plugins", "--accept-rename", bad], 2);
        }
        assert_eq!(before, (records(sandbox), sandbox.dump()));
    });
}

/// Consent to the rename is no yes to the deploy.
#[test]
fn the_flag_is_no_yes() {
    let sandbox = Sandbox::new();
    renamed(&sandbox);
    let before = records(&sandbox);
    let mut command = sandbox.command(&[&["deploy", "plugins"], &ACCEPT[..]].concat());
    let refused = crate::support::finish(command.env_remove("RUNNER_YES"));
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    replacing(&sandbox, "acme/store", "acme/shop", &SHOP);
    fs::remove_file(sandbox.path().join(format!("plugins/acme/store/{}.wasm", NEWEST.0)))
        .expect("a file");
    let mut command = sandbox.command(&[&["deploy", "plugins"], &ACCEPT[..]].concat());
    let refused = crate::support::finish(command.env_remove("RUNNER_YES"));
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    let told =
        "error: recorded alterations would be taken over, and there is no terminal to ask at";
    assert!(refused.stderr.contains(told), "{refused:#?}");
    assert_eq!(before, records(&sandbox));
    let json = [&["deploy", "plugins", "--yes", "--format", "json"], &ACCEPT[..]].concat();
    let document: serde_json::Value =
        serde_json::from_str(&run(&sandbox, &json, 0).stdout).expect("JSON");
    assert_eq!(document["outcome"], "taken-over");
    let taken = serde_json::json!([{ "from": "acme/shop", "to": "acme/store", "applied": 3 }]);
    assert_eq!(document["taken_over"], taken);
}

#[test]
fn a_terminal_is_asked_for_the_word_itself() {
    for (answer, code) in
        [("y\n", 1), ("trust\n", 1), ("\n", 1), ("rename\ny\n", 0), ("rename\nn\n", 1)]
    {
        let sandbox = Sandbox::new();
        renamed(&sandbox);
        let before = records(&sandbox);
        let asked = at_terminal(&sandbox, "", true, answer);
        assert_eq!(asked.code, Some(code), "{answer:?}: {asked:#?}");
        assert!(
            asked.stdout.contains("acme/store says that it is what acme/shop was called before")
        );
        assert!(asked.stdout.contains("Go on? [rename/N]"), "{asked:#?}");
        assert_eq!(records(&sandbox) == before, code == 1, "{answer:?}: {asked:#?}");
    }
}

#[test]
fn a_dry_run_takes_nothing_over() {
    for sandbox in [Sandbox::new(), Sandbox::on(Postgres::shared().database())] {
        renamed(&sandbox);
        let before = (records(&sandbox), sandbox.dump());
        let tried = run(&sandbox, &[&["deploy", "plugins", "--dry-run"], &ACCEPT[..]].concat(), 0);
        assert!(
            tried.stdout.contains("acme/store would take over 3 applied alterations"),
            "{tried:#?}"
        );
        assert_eq!(before, (records(&sandbox), sandbox.dump()));
    }
}

/// `evil/x` claims the operator's own plugin.
#[test]
fn a_stranger_gets_nothing() {
    each_database(|sandbox| {
        sandbox.sql_plugin("acme/shop", &SHOP);
        sandbox.ok(&["deploy", "plugins"]);
        let before = (records(sandbox), sandbox.dump());
        let steal = "DELETE FROM customers;\n";
        replacing(
            sandbox,
            "evil/x",
            "acme/shop",
            &[(SHOP[0].0, steal, steal), ("9.0.0-1900000000-x", steal, steal)],
        );
        for args in
            [&["deploy", "plugins", "--yes"][..], &["check", "plugins"], &["plan", "plugins"]]
        {
            let both = run(sandbox, args, 1);
            assert!(both.stderr.contains("error: evil/x ("), "{both:#?}");
            assert!(
                both.stderr
                    .contains("says that it replaces acme/shop, and the files of acme/shop (")
            );
            assert!(both.stderr.contains("remove the files of one"), "{both:#?}");
        }
        run(sandbox, &["deploy", "plugins/evil", "--yes"], 4);
        run(
            sandbox,
            &["deploy", "plugins/evil", "--yes", "--accept-rename", "acme/shop=acme/store"],
            4,
        );
        // Whoever agrees has other code under a known id, which is told as ever.
        let changed =
            run(sandbox, &["deploy", "plugins/evil", "--accept-rename", "acme/shop=evil/x"], 4);
        assert!(changed.stderr.contains("was changed after it was applied"), "{changed:#?}");
        assert_eq!(before, (records(sandbox), sandbox.dump()));
    });
}

#[test]
fn two_that_claim_the_same_plugin_and_one_that_claims_two() {
    let sandbox = Sandbox::new();
    replacing(&sandbox, "acme/store", "acme/shop", &SHOP);
    replacing(&sandbox, "evil/x", "acme/shop", &[NEWEST]);
    let twice = run(&sandbox, &["deploy", "plugins"], 1);
    assert!(twice.stderr.contains("both say that they replace acme/shop"), "{twice:#?}");
    emptied(&sandbox, "plugins");
    replacing(&sandbox, "acme/store", "acme/shop", &SHOP);
    sandbox.ok(&["pack", "sources/acme/store", "--out", "plugins/one"]);
    emptied(&sandbox, "plugins");
    replacing(&sandbox, "acme/store", "acme/shop", &SHOP[..1]);
    fs::rename(sandbox.path().join("plugins/acme/store"), sandbox.path().join("plugins/one"))
        .expect("moves");
    replacing(&sandbox, "acme/store", "globex/crm", &SHOP[1..]);
    let several = run(&sandbox, &["deploy", "plugins"], 1);
    assert!(
        several.stderr.contains("the files of acme/store say that it replaces acme/shop"),
        "{several:#?}"
    );
}

#[test]
fn who_requires_the_old_name_finds_the_new_one() {
    each_database(|sandbox| {
        sandbox.sql_plugin("acme/shop", &SHOP);
        sandbox.sql_plugin_requiring("globex/crm", "\"acme/shop\" = \">=1.1.0\"", &CRM);
        sandbox.ok(&["deploy", "plugins"]);
        fs::remove_dir_all(sandbox.path().join("plugins/acme")).expect("a folder");
        replacing(sandbox, "acme/store", "acme/shop", &[SHOP[0], SHOP[1], SHOP[2], NEWEST]);
        run(sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 0);
        // It cannot be rolled back from under what requires it, by the name that this knows.
        let refused = run(sandbox, &["rollback", "--plugin", "acme/store", "--to", "none"], 4);
        assert!(refused.stderr.contains("globex/crm"), "{refused:#?}");
        // One that comes later, deployed with and without the files of the renamed one.
        let later =
            [("1.0.0-1700000500-more", "CREATE TABLE more (id INTEGER);\n", "DROP TABLE more;\n")];
        sandbox.sql_plugin_requiring("globex/more", "\"acme/shop\" = \">=1.1.0\"", &later);
        run(sandbox, &["deploy", "plugins/globex/more"], 0);
        run(sandbox, &["check", "plugins"], 0);
        run(sandbox, &["rollback", "--plugin", "globex/crm", "--to", "none"], 0);
        let refused = run(sandbox, &["rollback", "--plugin", "acme/store", "--to", "none"], 4);
        assert!(refused.stderr.contains("globex/more"), "{refused:#?}");
    });
    // Where nothing is recorded yet, there is nothing to agree to.
    let fresh = Sandbox::new();
    replacing(&fresh, "acme/store", "acme/shop", &SHOP);
    fresh.sql_plugin_requiring("globex/crm", "\"acme/shop\" = \">=1.1.0\"", &CRM);
    run(&fresh, &["deploy", "plugins"], 0);
    let refused = run(&fresh, &["rollback", "--plugin", "acme/store", "--to", "none"], 4);
    assert!(refused.stderr.contains("globex/crm"), "{refused:#?}");
}

#[test]
fn the_old_files_do_not_run_again() {
    each_database(|sandbox| {
        renamed(sandbox);
        run(sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 0);
        emptied(sandbox, "plugins");
        sandbox.sql_plugin("acme/shop", &SHOP);
        let before = (records(sandbox), sandbox.dump());
        let refused = run(sandbox, &["deploy", "plugins"], 4);
        let told =
            "error: acme/shop was renamed: its records in this database belong to acme/store";
        assert!(refused.stderr.contains(told), "{refused:#?}");
        assert_eq!(before, (records(sandbox), sandbox.dump()));
        // The vendor may change its mind.
        emptied(sandbox, "plugins");
        replacing(sandbox, "acme/shop", "acme/store", &[SHOP[0], SHOP[1], SHOP[2], NEWEST]);
        run(sandbox, &["deploy", "plugins", "--accept-rename", "acme/store=acme/shop"], 0);
        run(sandbox, &["check", "plugins"], 0);
        assert!(sandbox.state().iter().all(|row| row.starts_with("acme/shop ")));
    });
}

#[test]
fn what_the_new_plugin_does_not_have_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &SHOP);
    sandbox.ok(&["deploy", "plugins"]);
    emptied(&sandbox, "plugins");
    replacing(&sandbox, "acme/store", "acme/shop", &[SHOP[0], SHOP[2]]);
    let refused = run(&sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 4);
    let told =
        "error: acme/store 1.0.0-1700000100-first-customers is applied, but its file is missing";
    assert!(refused.stderr.contains(told), "{refused:#?}");
    assert!(sandbox.state().iter().all(|row| row.starts_with("acme/shop ")));
    run(&sandbox, &[&["deploy", "plugins", "--missing", "allow"], &ACCEPT[..]].concat(), 0);
    assert!(
        sandbox
            .state()
            .iter()
            .all(|row| row.starts_with("acme/store ") && row.ends_with("applied"))
    );
}

#[test]
fn an_unfinished_run_comes_first() {
    each_database(|sandbox| {
        renamed(sandbox);
        // As a runner leaves it that was killed in a hook of several parts.
        sandbox.sql("UPDATE alteration_state SET status = 'running' WHERE id LIKE '1.1.0-%'");
        let before = (records(sandbox), sandbox.dump());
        let refused = run(sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 4);
        let told = "acme/store cannot take over from acme/shop yet: acme/shop 1.1.0-1700000200-create-orders was begun";
        assert!(refused.stderr.contains(told), "{refused:#?}");
        assert_eq!(before, (records(sandbox), sandbox.dump()));
    });
}

#[test]
fn what_is_applied_twice_is_for_a_person() {
    let sandbox = Sandbox::new();
    renamed(&sandbox);
    sandbox.sql(
        "CREATE TEMP TABLE t AS SELECT * FROM alteration_state WHERE id LIKE '1.1.0-%';
         UPDATE t SET plugin = 'acme/store'; INSERT INTO alteration_state SELECT * FROM t;",
    );
    let refused = run(&sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 4);
    let told = "acme/store cannot take over from acme/shop: 1.1.0-1700000200-create-orders is applied under both names";
    assert!(refused.stderr.contains(told), "{refused:#?}");
    // What failed under the new name gives way to what is applied under the old one.
    sandbox.sql(
        "UPDATE alteration_state SET status = 'failed', error = 'x' WHERE plugin = 'acme/store'",
    );
    run(&sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 0);
    run(&sandbox, &["check", "plugins"], 0);
    assert_eq!(sandbox.state().len(), 4);
}

#[test]
fn a_failure_after_it_says_what_stays() {
    let sandbox = Sandbox::new();
    renamed(&sandbox);
    let broken = (NEWEST.0, "CREATE TABLE customers (id INTEGER);\n", "DROP TABLE customers;\n");
    replacing(&sandbox, "acme/store", "acme/shop", &[SHOP[0], SHOP[1], SHOP[2], broken]);
    let failed = run(&sandbox, &[&["deploy", "plugins"], &ACCEPT[..]].concat(), 1);
    let told = "changed: acme/shop is recorded as acme/store; nothing else\n";
    assert!(failed.stderr.contains(told), "{failed:#?}");
}
