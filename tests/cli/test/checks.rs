//! Checks beside components: Sqitch's verify scripts, and an author's own.

use crate::support::Sandbox;
use std::fs;

const PLAN: &str = "%project=shop

people 2024-01-31T12:00:00Z Ada <ada@example.org>
pets [people] 2024-02-01T12:00:00Z Ada <ada@example.org>
";

fn sandbox(verify: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("project/sqitch.plan", PLAN);
    sandbox.write("project/sqitch.conf", "[core]\n\tengine = sqlite\n");
    for (name, up, down) in [
        ("people", "CREATE TABLE people (id INTEGER);", "DROP TABLE people;"),
        ("pets", "CREATE TABLE pets (id INTEGER);", "DROP TABLE pets;"),
    ] {
        sandbox.write(&format!("project/deploy/{name}.sql"), format!("BEGIN;\n{up}\nCOMMIT;\n"));
        sandbox.write(&format!("project/revert/{name}.sql"), format!("BEGIN;\n{down}\nCOMMIT;\n"));
    }
    sandbox.write("project/verify/pets.sql", verify);
    sandbox.ok(&["pack", "project", "--plugin", "acme/shop", "--out", "plugins"]);
    sandbox
}

#[test]
fn a_check_runs_and_leaves_nothing() {
    let sandbox =
        sandbox("BEGIN;\nINSERT INTO pets VALUES (1);\nSELECT id FROM pets;\nROLLBACK;\n");
    assert!(sandbox.path().join("plugins/20240201120000-pets.verify.sql").exists());
    let run = sandbox.ok(&["test", "plugins"]);
    assert_eq!(run.stdout.matches("passed, and its check").count(), 1, "{run:#?}");
    assert!(run.stdout.contains("2 passed"), "{run:#?}");
    // It is no part of what is deployed.
    sandbox.ok(&["deploy", "plugins", "--yes"]);
}

#[test]
fn a_check_that_fails_is_a_failure() {
    let sandbox = sandbox("BEGIN;\n\nSELECT owner FROM pets WHERE 0;\n\nROLLBACK;\n");
    let run = sandbox.runner(&["test", "plugins"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let words =
        ["20240201120000-pets failed (up): its check failed: ", "verify.sql: line 3: ", "owner"];
    assert!(words.iter().all(|word| run.stderr.contains(word)), "{run:#?}");
    // Packing again brings what has changed, and changes no component.
    let component = sandbox.path().join("plugins/20240201120000-pets.wasm");
    let before = fs::read(&component).expect("a component");
    sandbox.write("project/verify/pets.sql", "SELECT id FROM pets;\n");
    let pack = ["pack", "project", "--plugin", "acme/shop", "--out", "plugins"];
    let packed = sandbox.ok(&pack);
    for words in [
        "plugins/20240201120000-pets.verify.sql  21 bytes, replaced",
        "Packed 2 components, and 1 check for `runner test`.",
    ] {
        assert!(packed.stdout.contains(words), "{packed:#?}");
    }
    let packed = sandbox.ok(&[&pack[..], &["--format", "json"]].concat());
    let packed: serde_json::Value = serde_json::from_str(&packed.stdout).expect("JSON");
    assert_eq!(packed["checks"][0]["outcome"], "unchanged");
    assert_eq!(packed["checks"][0]["path"], "plugins/20240201120000-pets.verify.sql");
    assert_eq!(fs::read(&component).expect("a component"), before);
    sandbox.ok(&["test", "plugins"]);
}

#[test]
fn what_an_alteration_needs_has_to_be_there() {
    let sandbox = sandbox("SELECT 1;\n");
    let alone = "plugins/20240201120000-pets.wasm";
    let run = sandbox.runner(&["deploy", alone, "--yes"]);
    assert_ne!(run.code, Some(0), "{run:#?}");
    let words = "acme/shop 20240201120000-pets needs 20240131120000-people, which is not applied";
    assert!(run.stderr.contains(words), "{run:#?}");
    sandbox.ok(&["deploy", "plugins/20240131120000-people.wasm", "--yes"]);
    sandbox.ok(&["deploy", "plugins", "--yes"]);
}
