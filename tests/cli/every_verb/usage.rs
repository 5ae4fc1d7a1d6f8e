//! Arguments that cannot be right: exit code 2, and what would be.

use crate::{samples::shop, support::Sandbox, transcript::Transcript};
use insta::assert_snapshot;

#[test]
fn errors() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    for args in [
        &["frobnicate"][..],
        &["deploy"],
        &["deploi", "plugins"],
        &["deploy", "plugins", "--dryrun"],
        &["deploy", "plugins", "--format", "xml"],
        &["deploy", "plugins", "--timeout", "soon"],
        &["deploy", "plugins", "--max-memory", "much"],
        &["deploy", "plugins", "--lock-timeout", "-1s"],
        &["deploy", "plugins", "--target", "acme/shop"],
        &["deploy", "plugins", "--target", "acme/shop@new"],
        &["deploy", "plugins", "--grant", "acme/shop:root"],
        &["deploy", "plugins", "--out-of-order", "yes"],
        &["rollback"],
        &["rollback", "--to", "1.0.0"],
        &["rollback", "--plugin", "shop", "--to", "1.0.0"],
        &["rollback", "--plugin", "acme/shop", "--to", "soon"],
        &["rollback", "--plugin", "acme/shop", "--to", "1.0.0", "--steps", "1"],
        &["rollback", "--steps", "some"],
        &["rollback", "--steps", "-1"],
        &["pack", "x"],
        &["pack", "x", "--out", "y", "--plugin", "shop"],
        &["inspect"],
        &["completions", "ksh93"],
    ] {
        let run = seen.run(args);
        assert_eq!(run.code, Some(2), "{args:?}: {run:#?}");
        assert!(run.stdout.is_empty(), "{args:?}: {run:#?}");
    }
    assert!(!sandbox.database().exists());
    assert_snapshot!(seen);
}

#[test]
fn no_arguments() {
    let sandbox = Sandbox::new();
    let run = Transcript::of(&sandbox).run(&[]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("Usage: runner <COMMAND>"), "{run:#?}");
}

#[test]
fn no_database() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    for args in [&["deploy", "plugins"][..], &["status"], &["rollback", "--steps", "1"]] {
        let mut command = sandbox.command(args);
        command.env_remove("DATABASE_URL");
        assert_eq!(seen.command(args, &mut command).code, Some(2));
    }
    assert_snapshot!(seen);
}
