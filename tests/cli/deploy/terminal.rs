//! At a terminal the runner asks; anywhere else it needs a yes beforehand, and writes no colours.

use crate::{
    polite,
    samples::shop,
    support::{
        Sandbox,
        servers::{Postgres, Role},
    },
    terminal::at_terminal,
};

#[test]
fn the_answer_no_alters_nothing() {
    for answer in ["n\n", "\n", "no\n", "what?\n"] {
        let sandbox = shop();
        let run = at_terminal(&sandbox, "", false, answer);
        assert_eq!(run.code, Some(1), "{answer:?}: {run:#?}");
        assert!(run.stdout.contains("3 alterations to apply"), "{run:#?}");
        assert!(run.stdout.contains("nothing was altered"), "{run:#?}");
        assert!(!sandbox.database().exists(), "{answer:?} created a database");
    }
}

#[test]
fn the_answer_yes_applies() {
    for answer in ["y\n", "YES\n"] {
        let sandbox = shop();
        let run = at_terminal(&sandbox, "", false, answer);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.contains("Applied 3 alterations"), "{run:#?}");
        assert_eq!(sandbox.state().len(), 3);
    }
}

#[test]
fn nothing_is_asked_with_yes_or_in_a_dry_run() {
    for more in ["--yes", "--dry-run"] {
        let run = at_terminal(&shop(), more, false, "");
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(!run.stdout.contains("Go on?"), "{run:#?}");
    }
}

/// A yes is not enough for a plugin that would run as a superuser.
#[test]
fn the_answer_trust_trusts_for_this_run() {
    let server = Postgres::own();
    let admin = |sql: &str| server.client().sql(Role::Administrator, "postgres", sql);
    let password = polite::PASSWORD;
    admin(&format!("CREATE ROLE boss SUPERUSER LOGIN PASSWORD '{password}';"));
    admin("CREATE DATABASE app;");
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "CREATE TABLE a (x INT);", "DROP TABLE a;")]);
    // A confined plugin has none of the user's rights.
    sandbox.write("runner.toml", "[plugins.'acme/shop']\nguarded = true\n");
    let more = format!("--database postgres://boss:{password}@127.0.0.1:{}/app", server.port());
    let careful =
        "Careful: the user `boss` is a superuser: acme/shop could run programs on the server.";
    for (answer, words) in [
        ("y\n", &["if you trust the code", "--trust acme/shop"][..]),
        ("n\n", &["the answer was no"]),
        ("\n", &["the answer was no"]),
    ] {
        let run = at_terminal(&sandbox, &more, false, answer);
        assert_eq!(run.code, Some(1), "{answer:?}: {run:#?}");
        for word in [careful, "nothing was altered"].iter().chain(words) {
            assert!(run.stdout.contains(word), "{answer:?}, {word:?}: {run:#?}");
        }
    }
    let run = at_terminal(&sandbox, &more, false, "Trust\n");
    assert_eq!(run.code, Some(0), "{run:#?}");
    // Nothing of it stays.
    let args = ["rollback", "--steps", "1"];
    let again = sandbox.runner(&[&args[..], &more.split(' ').collect::<Vec<_>>()].concat());
    assert_eq!(again.code, Some(1), "{again:#?}");
    // Where everybody is trusted, the word is no answer.
    let run = at_terminal(&shop(), "", false, "trust\n");
    assert_eq!(run.code, Some(1), "{run:#?}");
}

#[test]
fn an_interrupt_is_an_answer() {
    let sandbox = shop();
    let run = at_terminal(&sandbox, "", false, "\u{3}");
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert!(run.stdout.contains("nothing was altered"), "{run:#?}");
    assert!(!sandbox.database().exists());
}

#[test]
fn colours_are_for_terminals() {
    let coloured = at_terminal(&shop(), "", false, "n\n");
    assert!(coloured.stdout.contains("\u{1b}[1m\u{1b}[31merror:"), "{coloured:#?}");
    let plain = at_terminal(&shop(), "", true, "n\n");
    assert!(!plain.stdout.contains("\u{1b}[31m"), "{plain:#?}");
    let sandbox = shop();
    for args in
        [&["deploy", "plugins"][..], &["deploy", "none"], &["status", "plugins"], &["--help"]]
    {
        // Holds no escape, whatever the terminal's name.
        let run = crate::support::finish(sandbox.command(args).env("TERM", "xterm-256color"));
        polite::check(&run);
    }
}
