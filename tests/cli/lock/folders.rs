//! Without a lock file: a component that claims a plugin's name from another folder than the plugin's.

use super::{LOCK, code, write_own};
use crate::{
    samples::{SHOP, shop},
    support::{
        Sandbox, finish,
        servers::{Postgres, Role},
    },
    terminal::{answered, next_command, paste, typed},
    transcript::Transcript,
};
use insta::assert_snapshot;
use std::fs;

const EVIL: &str = "9.9.9-1900000000-more";

/// The shop is deployed, and another folder claims to have more of it.
fn claimed(permissions: &str) -> Sandbox {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.write("plugins/evil/x.wasm", code("acme/shop", EVIL, permissions));
    sandbox
}

#[test]
fn what_is_said() {
    let sandbox = claimed("");
    let mut seen = Transcript::of(&sandbox);
    let refused = seen.refused(4, &["deploy", "plugins"]);
    seen.refused(4, &["deploy", "plugins", "--format", "json"]);
    for verb in ["plan", "check"] {
        assert_eq!(seen.run(&[verb, "plugins"]).code, Some(4));
    }
    seen.note("the command that it ends with");
    let next = next_command(&refused).to_owned() + " --yes";
    let allowed = paste(&sandbox, &next);
    seen.add(&format!("runner {next}"), &allowed);
    assert_eq!(allowed.code, Some(0), "{allowed:#?}");
    seen.note("its folder is a recorded one now");
    sandbox.write("plugins/evil/y.wasm", code("acme/shop", "9.9.9-1900000001-again", ""));
    assert_eq!(seen.run(&["deploy", "plugins"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn a_yes_is_no_answer_to_it() {
    for (answer, code, words) in [
        ("y\n", 1, "the answer was no"),
        ("n\n", 1, "the answer was no"),
        ("folder\nn\n", 1, "Careful: acme/shop 9.9.9-1900000000-more lies in"),
    ] {
        let sandbox = claimed("");
        let run = typed(&sandbox, "deploy plugins", true, answer);
        assert_eq!(run.code, Some(code), "{answer:?}: {run:#?}");
        assert!(run.stdout.contains(words), "{run:#?}");
        assert_eq!(sandbox.state().len(), 3, "{answer:?}");
    }
    // After the word, the plan is asked about as ever.
    let sandbox = claimed("");
    let run = typed(&sandbox, "deploy plugins", true, "folder\ny\n");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(sandbox.state().len(), 4);
    // Where there is no terminal, not even `--yes` is.
    let sandbox = claimed("");
    assert_eq!(answered(&sandbox, &["deploy", "plugins", "--yes"], None).code, Some(4));
}

/// What is granted to the name is not granted to whoever claims it.
#[test]
fn grants_of_the_name_are_not_inherited() {
    let table: [(&str, &[&str], i32); 5] = [
        ("nothing", &[], 1),
        ("by name", &["--grant", "acme/shop:entropy"], 1),
        ("in the file", &["--config", "granted.toml"], 1),
        ("both", &["--config", "granted.toml", "--grant", "acme/shop:entropy"], 1),
        ("to all plugins of this run", &["--grant", "entropy"], 0),
    ];
    for (name, flags, expected) in table {
        let sandbox = claimed("\"entropy\"");
        write_own(&sandbox, "granted.toml", "[plugins.\"acme/shop\"]\ngrant = [\"entropy\"]\n");
        let args = [&["deploy", "plugins", "--other-folder", "allow"][..], flags].concat();
        let run = sandbox.runner(&args);
        assert_eq!(run.code, Some(expected), "{name}: {run:#?}");
        if expected == 1 {
            assert!(run.stderr.contains("has none of the grants of that name"), "{name}: {run:#?}");
        }
        let plan = sandbox.runner(&[&["plan"][..], &args[1..]].concat());
        assert_eq!(plan.stdout.contains("NOT granted"), expected == 1, "{name}: {plan:#?}");
    }
    // In the plugin's own folder it is as ever.
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.write("plugins/acme/shop/x.wasm", code("acme/shop", EVIL, "\"entropy\""));
    sandbox.ok(&["deploy", "plugins", "--grant", "acme/shop:entropy"]);
}

/// Nor is trust, which is more.
#[test]
fn trust_in_the_name_is_not_inherited() {
    let server = Postgres::own();
    let client = server.client();
    client.sql(Role::Administrator, "postgres", "CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'x';");
    client.sql(Role::Administrator, "postgres", "CREATE DATABASE app;");
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "CREATE TABLE a (x INT);", "DROP TABLE a;")]);
    let url = format!("postgres://boss:x@127.0.0.1:{}/app", server.port());
    let run = |args: &[&str]| finish(sandbox.command(args).env("DATABASE_URL", &url));
    assert_eq!(run(&["deploy", "plugins", "--trust", "acme/shop"]).code, Some(0));
    sandbox.write("plugins/evil/x.wasm", code("acme/shop", EVIL, ""));
    for (trust, expected) in [("acme/shop", 1), ("acme/*", 1), ("*", 0)] {
        let run = run(&["deploy", "plugins", "--other-folder", "allow", "--trust", trust]);
        assert_eq!(run.code, Some(expected), "{trust}: {run:#?}");
        let refused = run.stderr.contains("are not trusted by its name");
        assert_eq!(refused, expected == 1, "{trust}: {run:#?}");
    }
}

/// A checkout that was moved, a folder for each release, and a lock file that lists the file.
#[test]
fn what_is_no_other_folder() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    fs::create_dir_all(sandbox.path().join("ci")).expect("a folder");
    fs::rename(sandbox.path().join("plugins"), sandbox.path().join("ci/build")).expect("a move");
    sandbox.write("ci/build/acme/shop/x.wasm", code("acme/shop", EVIL, ""));
    sandbox.ok(&["deploy", "ci/build"]);
    sandbox.write("ci/build/acme/shop/10.0.0/x.wasm", code("acme/shop", "10.0.0-1900000001-y", ""));
    sandbox.ok(&["deploy", "ci/build/acme"]);
    sandbox.write("ci/build/y/z.wasm", code("acme/shop", "10.0.0-1900000002-z", "\"entropy\""));
    let grant = ["--grant", "acme/shop:entropy"];
    let deploy = [&["deploy", "ci/build"][..], &grant].concat();
    assert_eq!(sandbox.runner(&deploy).code, Some(4));
    let run = sandbox.ok(&["lock", "ci/build"]);
    assert!(run.stderr.contains("comes from several folders"), "it is said then: {run:#?}");
    assert!(sandbox.path().join(LOCK).exists());
    sandbox.ok(&deploy);
}

/// A scratch database knows nothing of folders.
#[test]
fn a_test_of_several_folders() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &SHOP[..1]);
    let _ = fs::remove_dir_all(sandbox.path().join("sources"));
    sandbox.write("plugins/more/x.wasm", code("acme/shop", EVIL, "\"entropy\""));
    sandbox.ok(&["test", "plugins", "--grant", "acme/shop:entropy"]);
    let run = sandbox.ok(&["deploy", "plugins", "--grant", "acme/shop:entropy"]);
    assert!(run.stderr.contains("comes from several folders"), "a note at first: {run:#?}");
}
