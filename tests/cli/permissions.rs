//! Permissions as an operator meets them: shown in the plan, granted by a yes at a terminal, listed, and taken back.

use crate::{support::Sandbox, terminal::at_terminal};

const UP: &str = "CREATE TABLE tags (x integer);";

/// A sandbox whose database has the table that acme/tags asks for.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let orders = ("1.0.0-1-orders", "CREATE TABLE orders (x integer);", "DROP TABLE orders;");
    sandbox.sql_plugin("acme/shop", &[orders]);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox
}

/// Packs acme/tags with alterations that ask for randomness.
fn pack(sandbox: &Sandbox, alterations: &[(&str, &str)]) {
    sandbox.write(
        "sources/tags/alteration.toml",
        "plugin = 'acme/tags'\n[permissions]\nentropy = true\nreads = ['acme/shop:orders']\n",
    );
    for (id, up) in alterations {
        sandbox.write(&format!("sources/tags/{id}.up.sql"), up);
    }
    sandbox.ok(&["pack", "sources/tags", "--out", "plugins/acme/tags", "--replace"]);
}

#[test]
fn a_yes_grants_what_the_plan_shows() {
    let sandbox = sandbox();
    pack(&sandbox, &[("1.0.0-1-tags", UP)]);
    let no = at_terminal(&sandbox, "", true, "n\n");
    assert_ne!(no.code, Some(0), "{no:#?}");
    for said in [
        "entropy                  NOT granted: may draw random bytes and see the time",
        "reads acme/shop:orders   NOT granted: may read every row there",
        "A yes grants what is NOT granted above",
    ] {
        assert!(no.stdout.contains(said), "{said}: {no:#?}");
    }
    let none = sandbox.runner(&["permissions"]);
    assert!(!none.stdout.contains("entropy"), "{none:#?}");

    let yes = at_terminal(&sandbox, "", true, "y\n");
    assert_eq!(yes.code, Some(0), "{yes:#?}");
    let listed = sandbox.ok(&["permissions", "acme/tags"]);
    assert!(listed.stdout.contains("granted for 1.0.0-1-tags at "), "{listed:#?}");
    assert!(listed.stdout.contains(" by tester@"), "{listed:#?}");
    assert_eq!(listed.stdout.matches("granted for").count(), 2, "{listed:#?}");

    // The same permissions for the next alteration, where nobody is asked.
    pack(&sandbox, &[("1.0.0-1-tags", UP), ("1.1.0-2-more", "CREATE TABLE more (x integer);")]);
    let plan = sandbox.ok(&["plan", "plugins"]);
    assert!(plan.stdout.contains("entropy                  granted before"), "{plan:#?}");
    let json = sandbox.ok(&["plan", "plugins", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["steps"][0]["permissions"][0]["by"], "before", "{json:#}");
    sandbox.ok(&["deploy", "plugins", "--yes"]);
}

#[test]
fn what_is_taken_back_is_asked_for_again() {
    let sandbox = sandbox();
    pack(&sandbox, &[("1.0.0-1-tags", UP)]);
    assert_eq!(at_terminal(&sandbox, "", true, "y\n").code, Some(0));
    let one = sandbox.ok(&["permissions", "acme/tags", "--revoke", "reads acme/shop:orders"]);
    assert_eq!(one.stdout, "acme/tags may no longer: reads acme/shop:orders.\n", "{one:#?}");
    let again = sandbox.ok(&["permissions", "acme/tags", "--revoke", "reads acme/shop:orders"]);
    assert!(again.stdout.contains("nothing like that was granted"), "{again:#?}");
    pack(&sandbox, &[("1.0.0-1-tags", UP), ("1.1.0-2-more", "CREATE TABLE more (x integer);")]);
    let refused = sandbox.runner(&["deploy", "plugins", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let next = "--grant 'acme/tags:reads acme/shop:orders'";
    assert!(refused.stderr.contains(next), "{refused:#?}");
    let all = sandbox.ok(&["permissions", "acme/tags", "--revoke", "all", "--format", "json"]);
    assert!(all.stdout.contains("\"entropy\""), "{all:#?}");
    let given = ["--grant", "entropy", "--grant", "reads acme/shop:orders"];
    sandbox.ok(&[&["deploy", "plugins", "--yes"][..], &given].concat());
    // A flag is for its run.
    assert!(!sandbox.ok(&["permissions"]).stdout.contains("entropy"));
}

#[test]
fn a_file_grants_for_every_run() {
    let sandbox = sandbox();
    pack(&sandbox, &[("1.0.0-1-tags", UP)]);
    sandbox.write(
        "runner.toml",
        "[plugins.'acme/tags']\ngrant = ['entropy', 'reads acme/shop:orders']\n",
    );
    sandbox.ok(&["deploy", "plugins", "--yes"]);
    let listed = sandbox.ok(&["permissions"]);
    assert!(listed.stdout.contains("granted by runner.toml"), "{listed:#?}");
    let revoked = sandbox.ok(&["permissions", "acme/tags", "--revoke", "entropy"]);
    assert!(revoked.stderr.contains("still grants entropy"), "{revoked:#?}");
}
