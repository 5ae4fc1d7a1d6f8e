//! What stops in a stretch: what took effect, what is not known, and what a person decides.

use super::{ID, app, deploy, places};
use crate::{polite::run, support::Sandbox};

/// What fails in a stretch is told with what took effect, and a person says how it stands.
#[test]
fn a_failure_in_a_stretch_leaves_a_question() {
    for make in places() {
        let up = "CREATE TABLE t (a int PRIMARY KEY);\nSET @n = (SELECT count(*) FROM t);\nINSERT INTO t VALUES (@n);\nSTART TRANSACTION;\nINSERT INTO t VALUES (5);\nINSERT INTO t VALUES (@n);\nCOMMIT;\n";
        let sandbox = app(make(), up);
        let failed = deploy(&sandbox, 1);
        let effects: Vec<_> =
            failed.stderr.lines().filter(|l| l.contains("took effect: ")).collect();
        // What was undone with its transaction is not among them.
        assert_eq!(effects.len(), 2, "{failed:#?}");
        assert!(effects[1].contains("INSERT INTO t VALUES (@n)"), "{failed:#?}");
        assert!(failed.stderr.contains("statement 6 failed"), "{failed:#?}");
        assert!(failed.stderr.contains("--as applied") && failed.stderr.contains("--as reverted"));
        assert_eq!(sandbox.rows("SELECT a FROM t"), ["0"]);
        let again = deploy(&sandbox, 4);
        // Whether its transaction was undone, the server says to nobody any more.
        let doubt = "it is not known whether this statement took effect";
        assert!(again.stderr.contains(doubt), "{again:#?}");
        assert!(again.stderr.contains("is gone: INSERT INTO t VALUES (5)"), "{again:#?}");
        agrees(&sandbox, "plugins", doubt);
        sandbox.sql_plugin("acme/app", &[(ID, &up.replace("VALUES (5)", "VALUES (6)"), "")]);
        agrees(&sandbox, "plugins", doubt);
        sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
        let id = ["resolve", "acme/app", ID];
        for statement in ["done", "not-done"] {
            let args = [&id[..], &["--statement", statement]].concat();
            let refused = run(&sandbox, &args);
            assert_eq!(refused.code, Some(4), "{refused:#?}");
            assert!(refused.stderr.contains("cannot be resumed"), "{refused:#?}");
        }
        sandbox.sql("INSERT INTO t VALUES (5);");
        sandbox.ok(&[&id[..], &["--as", "applied"]].concat());
        sandbox.ok(&["deploy", "plugins"]);
    }
}

/// Of what leaves nothing behind nothing is asked.
#[test]
fn a_stretch_that_left_nothing_is_begun_anew() {
    let up = "CREATE TABLE t (a int);\nCREATE TEMPORARY TABLE tmp (a int);\nSET @a = (SELECT 1);\nINSERT INTO nothing VALUES (1);\n";
    let sandbox = app(places()[0](), up);
    deploy(&sandbox, 1);
    sandbox.sql("CREATE TABLE nothing (a int);");
    sandbox.ok(&["deploy", "plugins"]);
}

/// A table without rollback keeps what its transaction did: nothing runs a second time without a question.
#[test]
fn what_may_have_taken_effect_does_not_run_twice() {
    for make in places() {
        let up = "CREATE TABLE t (a int) ENGINE=MyISAM;\nSET autocommit = 0;\nINSERT INTO t VALUES (1);\nINSERT INTO missing VALUES (1);\nCOMMIT;\n";
        let sandbox = app(make(), up);
        deploy(&sandbox, 1);
        sandbox.sql("CREATE TABLE missing (a int);");
        let again = deploy(&sandbox, 4);
        assert!(again.stderr.contains("INSERT INTO t VALUES (1)"), "{again:#?}");
        assert_eq!(sandbox.rows("SELECT a FROM t"), ["1"]);
    }
}

/// Every verb says that what was cut off cannot be resumed, in this file or another, and names both ways out.
fn agrees(sandbox: &Sandbox, plugins: &str, why: &str) {
    let verbs: [(&[&str], i32); 6] = [
        (&["plan", plugins], 4),
        (&["check", plugins], 4),
        (&["deploy", plugins], 4),
        (&["deploy", plugins, "--changed", "allow"], 4),
        (&["status", plugins], 0),
        (&["resolve"], 0),
    ];
    for (args, code) in verbs {
        let told = run(sandbox, args);
        assert_eq!(told.code, Some(code), "{args:?}: {told:#?}");
        let text = format!("{}{}", told.stdout, told.stderr);
        for right in [why, "--as applied", "--as reverted"] {
            assert!(text.contains(right), "{args:?}: {text}");
        }
        let commands =
            text.lines().filter(|line| line.trim_start().starts_with("runner resolve")).count();
        assert_eq!(commands, 2, "{args:?}: {text}");
        assert!(!text.contains("resumes"), "{args:?}: {text}");
    }
}

/// A `down` in a stretch that stopped half-way.
#[test]
fn a_way_back_that_is_cut_off_leaves_a_question() {
    let sandbox = places()[0]();
    let down = "SET @n = (SELECT count(*) FROM t);\nDROP TABLE t;\nDROP TABLE nope;\n";
    sandbox.sql_plugin("acme/app", &[(ID, "CREATE TABLE t (a int);", down)]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(run(&sandbox, &["rollback", "--steps", "1"]).code, Some(1));
    for (args, code) in [
        (&["rollback", "--steps", "1"][..], 4),
        (&["plan", "plugins"], 4),
        (&["check", "plugins"], 4),
        (&["status"], 0),
        (&["resolve"], 0),
    ] {
        let told = run(&sandbox, args);
        assert_eq!(told.code, Some(code), "{args:?}: {told:#?}");
        let text = format!("{}{}", told.stdout, told.stderr);
        assert!(text.contains("undo what took effect of the rollback"), "{args:?}: {text}");
        assert!(!text.contains("resumes") && !text.contains("deploy again"), "{args:?}: {text}");
    }
    sandbox.ok(&["resolve", "acme/app", ID, "--as", "reverted"]);
    sandbox.ok(&["deploy", "plugins"]);
}
