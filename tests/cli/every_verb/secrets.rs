//! Passwords: never in any output, wherever an operator typed the URL.

use crate::{polite::PASSWORD, samples::shop, support::finish, transcript::Transcript};
use insta::assert_snapshot;

/// `polite::check` panics as soon as a password is seen.
#[test]
fn in_urls() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    let urls = [
        format!("postgres://app:{PASSWORD}@db.example/app"),
        format!("postgres:app:{PASSWORD}@db.example/app"),
        format!("postgres://app:{PASSWORD}@db.example/app?sslpassword={PASSWORD}"),
        format!("sqlite://app:{PASSWORD}@db.example/app.db"),
        format!("sqlite:app.db?password={PASSWORD}"),
        format!("sqlite:app.db?mode={PASSWORD}"),
        format!("://app:{PASSWORD}@db.example"),
    ];
    for url in &urls {
        for verb in [
            &["deploy", "plugins", "--yes"][..],
            &["check", "plugins"],
            &["status"],
            &["rollback", "--steps", "1"],
        ] {
            for format in ["text", "json"] {
                let args = [verb, &["--format", format, "--database", url]].concat();
                let run = seen.run(&args);
                // SQLite would make a file of that name; there is no such folder.
                if verb[0] == "deploy" {
                    assert_ne!(run.code, Some(0), "{run:#?}");
                }
            }
        }
    }
}

#[test]
fn in_the_environment() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    for args in
        [&["deploy", "plugins"][..], &["deploy", "--help"], &["deploy"], &["deploy", "--bogus"]]
    {
        let mut command = sandbox.command(args);
        command.env("DATABASE_URL", format!("postgres://app:{PASSWORD}@db.example/app"));
        seen.command(args, &mut command);
    }
}

/// The URL stands where something else belongs.
#[test]
fn in_the_wrong_place() {
    let sandbox = shop();
    let url = format!("postgres://app:{PASSWORD}@db.example/app");
    let mut seen = Transcript::of(&sandbox);
    for args in [
        &["deploy", &url][..],
        &["check", "plugins", &url],
        &["rollback", &url],
        &["rollback", "--steps", &url],
        &["rollback", "--steps", "1", "--plugin", &url],
        &["deploy", "plugins", "--target", &url],
        &["deploy", "plugins", "--grant", &url],
        &["deploy", "plugins", "--format", &url],
        &["inspect", &url],
        &["pack", &url, "--out", "out"],
        &[&url],
    ] {
        let run = finish(&mut sandbox.command(args));
        assert!(matches!(run.code, Some(1 | 2)), "{run:#?}");
        seen.add(&format!("runner {}", args.join(" ")), &run);
    }
    assert_snapshot!(seen);
}

/// A user whose password is the same word: each command to paste has the user, and none the password.
#[test]
fn in_commands_to_paste() {
    let sandbox = shop();
    // No server is there.
    let (url, shown) =
        ("postgres://same:same@127.0.0.1:1/app", "--database postgres://same@127.0.0.1:1/app");
    for args in [&["deploy", "plugins"][..], &["check", "plugins"], &["status"]] {
        for format in ["text", "json"] {
            let run = sandbox.runner(&[args, &["--format", format, "--database", url]].concat());
            assert_eq!(run.code, Some(1), "{run:#?}");
            let output = format!("{}{}", run.stdout, run.stderr);
            let verb = args.join(" ").replacen(' ', " --wait 30s ", 1);
            let verb = if args.len() == 1 { format!("{verb} --wait 30s") } else { verb };
            let command = format!("`runner {verb} --format {format} {shown}` waits for it");
            assert!(output.contains(&command), "{command} is not in {output}");
            assert!(!output.contains("same:same"), "{output}");
        }
    }
}
