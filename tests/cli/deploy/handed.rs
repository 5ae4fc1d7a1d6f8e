//! What an operator hands to plugins: grants and settings, by flags and in `runner.toml`. The values here are the
//! password that no output may show, which the transcript sees to.

use crate::{
    polite::PASSWORD,
    support::Sandbox,
    transcript::Transcript,
    wasm::{self, IDLE, WIT, with_manifest},
};
use insta::assert_snapshot;
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

/// Two plugins: one asks for a permission and settings, in the second of its two alterations; one asks for nothing.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    let first = r#"{"id":"1.0.0-1700000000-core"}"#;
    let asks = r#"{"id":"1.1.0-1700000100-keys","description":"Makes the keys.","permissions":["entropy"],"settings":["REGION","mail.from"]}"#;
    for (file, plugin, alteration) in
        [("core", "acme/core", first), ("keys", "acme/core", asks), ("crm", "globex/crm", first)]
    {
        let manifest =
            format!(r#"{{"manifest":1,"plugin":"{plugin}","alterations":[{alteration}]}}"#);
        sandbox.write(&format!("plugins/{file}.wasm"), with_manifest(&idle, manifest.as_bytes()));
    }
    sandbox
}

/// Writes a file that nobody else may write to, whatever the umask is.
fn config(sandbox: &Sandbox, name: &str, text: &str) {
    let path = sandbox.write(name, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("permissions");
}

const COMPLETE: &str = r#"# What this server permits.
[plugins."acme/core"]
grant = ["entropy"]

[plugins."acme/core".settings]
REGION = "hunter2"

[plugins."initech/insights".settings]
OF_ANOTHER = "hunter2"
"#;

#[test]
fn by_flags() {
    let sandbox = sandbox();
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["inspect", "plugins/keys.wasm"]);
    seen.run(&["plan", "plugins"]);
    seen.refused(1, &["deploy", "plugins", "--set", "acme/core:REGION=hunter2"]);
    let all = ["--grant", "entropy", "--set", "acme/core:REGION=hunter2"];
    seen.run(&[&["plan", "plugins"][..], &all].concat());
    seen.run(&[&["plan", "plugins", "--format", "json"][..], &all].concat());
    seen.run(&["check", "plugins", "--format", "json"]);
    seen.run(&[&["deploy", "plugins", "--format", "json"][..], &all].concat());
    seen.note("what is applied may be named, and the plan of the way back says what it asks for");
    seen.run(&["deploy", "plugins", "--set", "acme/core:REGION=hunter2"]);
    seen.run(&[
        "rollback",
        "--plugin",
        "acme/core",
        "--to",
        "1.0.0",
        "--set",
        "acme/core:mail.from=",
    ]);
    assert_snapshot!(seen);
}

#[test]
fn by_the_file() {
    let sandbox = sandbox();
    config(&sandbox, "runner.toml", COMPLETE);
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["plan", "plugins", "--set", "acme/core:mail.from=hunter2"]);
    let tested = sandbox.ok(&["test", "plugins", "--set", "acme/core:mail.from=hunter2"]);
    assert!(tested.stderr.contains("those of runner.toml"), "{tested:#?}");
    let run = seen.run(&["deploy", "plugins", "--format", "json"]);
    assert_eq!(run.code, Some(0));
    assert!(serde_json::from_str::<serde_json::Value>(&run.stdout).is_ok(), "{run:#?}");
    seen.note("what the recorded alterations do not know may be of a version to come");
    let later = COMPLETE.replace("REGION", "OF_A_LATER_VERSION");
    config(&sandbox, "runner.toml", &later);
    seen.run(&["rollback", "--plugin", "acme/core", "--to", "1.0.0"]);
    seen.refused(1, &["deploy", "plugins"]);
    seen.note("another file, and one that has nothing to say");
    config(&sandbox, "etc/other.toml", COMPLETE);
    seen.run(&["baseline", "plugins", "--to", "acme/core@latest", "--config", "etc/other.toml"]);
    config(&sandbox, "runner.toml", "");
    seen.run(&["deploy", "plugins"]);
    assert_snapshot!(seen);
}

#[test]
fn a_plugin_cannot_grant_itself_anything() {
    let sandbox = sandbox();
    config(&sandbox, "plugins/runner.toml", COMPLETE);
    let mut seen = Transcript::of(&sandbox);
    seen.refused_saying(1, &["deploy", "plugins"], &["not granted"]);
    assert!(!seen.to_string().contains("those of"), "it was read: {seen}");
    seen.note("from inside of their folder");
    let inside = |seen: &mut Transcript<'_>, args: &[&str]| {
        let mut command = sandbox.command(args);
        let database = format!("sqlite:{}", sandbox.database().display());
        let command = command.current_dir(sandbox.path().join("plugins"));
        seen.command(args, command.env("DATABASE_URL", database))
    };
    for args in [&["deploy", "."][..], &["deploy", "core.wasm", "keys.wasm"]] {
        let run = inside(&mut seen, args);
        assert_eq!(run.code, Some(1), "{run:#?}");
    }
    assert!(!sandbox.database().exists());
    let run = inside(&mut seen, &["deploy", ".", "--config", "runner.toml"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_snapshot!(seen);
}

#[test]
fn settings_that_cannot_be_right() {
    let sandbox = sandbox();
    let mut seen = Transcript::of(&sandbox);
    let long = format!("acme/core:REGION={}", PASSWORD.repeat(10_000));
    for (code, setting) in [
        (2, "hunter2"),
        (2, "acme/core:REGION"),
        (2, "REGION=hunter2"),
        (2, "core:REGION=hunter2"),
        (2, "acme/core:a b=hunter2"),
        (1, "acme/core:region=hunter2"),
        (1, "globex/crm:REGION=hunter2"),
    ] {
        seen.refused(code, &["deploy", "plugins", "--grant", "entropy", "--set", setting]);
    }
    seen.refused(2, &["deploy", "plugins", "--set", "acme/core:REGION=x", "--set", "hunter2"]);
    seen.refused(1, &["plan", "plugins", "--set", "acme/core:region=hunter2"]);
    seen.refused(1, &["test", "plugins", "--grant", "entropy", "--set", "acme/core:region=x"]);
    seen.refused(1, &["deploy", "plugins", "--set", "acme/core:region=x", "--format", "json"]);
    seen.run(&["deploy", "plugins", "--grant", "entropy"]);
    seen.refused(1, &["rollback", "--steps", "1", "--set", "globex/crm:REGION=hunter2"]);
    let too_long = sandbox.runner(&["rollback", "--steps", "1", "--set", &long]);
    assert_eq!(too_long.code, Some(2));
    assert!(too_long.stderr.contains("a value of 70000 bytes is too long"), "{too_long:#?}");
    assert!(!too_long.stderr.contains(PASSWORD), "{too_long:#?}");
    assert_snapshot!(seen);
}

#[test]
fn files_that_cannot_be_right() {
    let sandbox = sandbox();
    let mut seen = Transcript::of(&sandbox);
    for text in [
        "[plugins.\"acme/core\"]\ngrants = [\"entropy\"]\n",
        "[plugin.\"acme/core\"]\n",
        "[plugins.\"acme/core\"]\ngrant = [\"entropy\", \"network\"]\n",
        "[plugins.\"acme/core\"]\ngrant = \"hunter2\"\n",
        "[plugins.\"acme/core\"]\nREGION = \"hunter2\"\n",
        "[plugins.\"acme/core\".settings]\nREGION = 7\nsecret = 'hunter2'\n",
        "[plugins.\"acme/core\".settings]\nREGION = \"hunter2\n",
        "[plugins.\"acme/core\".settings]\nREGION = \"x\"\nREGION = \"hunter2\"\n",
        "[plugins.core]\n",
        "# Who is it?\n[plugins.\"acme/core\".settings]\nRegion = \"hunter2\"\n",
        "[plugins.\"\\u001b[31m/core\"]\n",
    ] {
        seen.note(&text.escape_debug().to_string());
        config(&sandbox, "runner.toml", text);
        seen.refused(1, &["deploy", "plugins", "--grant", "entropy"]);
    }
    config(&sandbox, "runner.toml", COMPLETE);
    let path = sandbox.path().join("runner.toml");
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
    for (bits, args) in [
        (0o664, &["deploy", "plugins"][..]),
        (0o646, &["rollback", "--steps", "1"]),
        (0o666, &["deploy", "plugins", "--config", "runner.toml"]),
    ] {
        seen.note(&format!("{bits:o}"));
        mode(bits);
        seen.refused(1, args);
    }
    fs::remove_file(&path).expect("removed");
    for name in ["none.toml", "plugins"] {
        seen.refused(1, &["deploy", "plugins", "--config", name]);
    }
    seen.refused(1, &["deploy", "plugins", "--config", "none.toml", "--format", "json"]);
    seen.note("a folder of that name");
    fs::create_dir(&path).expect("a folder");
    seen.refused(1, &["deploy", "plugins"]);
    fs::remove_dir(&path).expect("removed");
    symlink("/dev/zero", &path).expect("a link");
    seen.note("a device behind it, named and not named");
    seen.refused(1, &["deploy", "plugins"]);
    seen.refused(1, &["deploy", "plugins", "--config", "runner.toml"]);
    assert_snapshot!(seen);
}
