//! On MariaDB a confined plugin says which tables it makes: SQL by itself, code in its manifest.

use crate::{
    support::{
        Sandbox,
        servers::{Mariadb, PASSWORD},
    },
    wasm,
};

/// Lets the sandbox's own user make scratch databases.
const SCRATCH: &str = "GRANT ALL ON `runner\\_test\\_%`.* TO runner@'%'";

#[test]
fn code_declares_what_it_makes() {
    let server = Mariadb::own();
    let sandbox = Sandbox::on(server.database());
    let database = sandbox.server();
    let name = database.name();
    database.admin_sql(&format!(
        "CREATE USER operator@'%' IDENTIFIED BY '{PASSWORD}'; GRANT CREATE USER ON *.* TO operator@'%';
         GRANT ALL ON {name}.* TO operator@'%' WITH GRANT OPTION; {SCRATCH}"
    ));
    let url = sandbox.url().replace("//runner:", "//operator:");
    let deploy = |creates: &str| {
        let manifest = format!(
            r#"{{"manifest":1,"plugin":"acme/code","alterations":[{{"id":"1.0.0-1-notes"{creates}}}]}}"#
        );
        let code = wasm::running("CREATE TABLE notes (x int)");
        sandbox.write("code/notes.wasm", wasm::with_manifest(&code, manifest.as_bytes()));
        sandbox.runner(&["deploy", "code", "--yes", "--confine", "*", "--database", &url])
    };
    let made = || database.rows("SHOW TABLES LIKE 'notes'");

    let undeclared = deploy("");
    assert_eq!(undeclared.code, Some(2), "{undeclared:#?}");
    assert!(undeclared.stderr.contains("does not say which tables it makes"), "{undeclared:#?}");

    let other = deploy(r#","creates":["other"]"#);
    assert_eq!(other.code, Some(1), "{other:#?}");
    assert!(other.stderr.contains("denied"), "{other:#?}");
    assert!(made().is_empty());

    // A test tells what to declare, and does not confine.
    sandbox.write("bare/notes.wasm", {
        let manifest =
            r#"{"manifest":1,"plugin":"acme/code","alterations":[{"id":"1.0.0-1-notes","irreversible":true}]}"#;
        wasm::with_manifest(&wasm::running("CREATE TABLE notes (x int)"), manifest.as_bytes())
    });
    let test = sandbox.ok(&["test", "bare"]);
    let told =
        r#"say in its manifest what it makes, so that it can be confined: creates = ["notes"]"#;
    assert!(test.stdout.contains(told), "{test:#?}");
    let test = sandbox.ok(&["test", "bare", "--format", "json"]);
    assert!(test.stdout.contains("\"in_toml\": false"), "{test:#?}");

    let declared = deploy(r#","creates":["notes"]"#);
    assert_eq!(declared.code, Some(0), "{declared:#?}");
    assert_eq!(made(), ["notes"]);
    let says = r#"{"manifest":1,"plugin":"acme/code","alterations":[{"id":"1.0.0-1-notes","irreversible":true,"creates":["notes"]}]}"#;
    let code = wasm::running("CREATE TABLE notes (x int)");
    sandbox.write("bare/notes.wasm", wasm::with_manifest(&code, says.as_bytes()));
    let test = sandbox.ok(&["test", "bare"]);
    assert!(!test.stdout.contains("creates"), "{test:#?}");
}

#[test]
fn sql_says_by_itself_what_it_makes() {
    let server = Mariadb::own();
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(SCRATCH);
    sandbox.write(
        "sources/acme/shop/1.0.0-1-a.up.sql",
        "CREATE TABLE `shop a` (x int); CREATE VIEW v AS SELECT 1;",
    );
    sandbox.write("sources/acme/shop/1.0.0-1-a.down.sql", "DROP VIEW v; DROP TABLE `shop a`;");
    let pack = ["pack", "sources/acme/shop", "--out", "plugins", "--replace"];
    sandbox.ok(&pack);
    let plan = sandbox.ok(&["plan", "plugins", "--confine", "acme/shop"]);
    assert!(plan.stdout.contains("      makes shop a, v\n"), "{plan:#?}");
    let guarded = sandbox.ok(&["plan", "plugins"]);
    assert!(!guarded.stdout.contains("makes"), "{guarded:#?}");
    let test = sandbox.ok(&["test", "plugins"]);
    assert!(!test.stdout.contains("creates"), "{test:#?}");

    // What its SQL does not show, the author says.
    sandbox.write(
        "sources/acme/shop/alteration.toml",
        "[alterations.'1.0.0-1-a']\ncreates = ['hidden']",
    );
    sandbox.ok(&pack);
    let inspected = sandbox.ok(&["inspect", "plugins/1.0.0-1-a.wasm"]);
    assert!(
        inspected.stdout.contains("  makes hidden, shop a, v (MySQL, MariaDB)"),
        "{inspected:#?}"
    );
    let json = sandbox.ok(&["plan", "plugins", "--confine", "acme/shop", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["steps"][0]["creates"], serde_json::json!(["hidden", "shop a", "v"]));

    sandbox.ok(&["lock", "plugins", "--yes"]);
    let lock = std::fs::read_to_string(sandbox.path().join("runner.lock")).expect("a lock file");
    assert!(lock.contains("\ncreates = [\"hidden\", \"shop a\", \"v\"]\n"), "{lock}");
    sandbox.ok(&["plan", "plugins"]);
    sandbox.write("runner.lock", lock.replace("\"shop a\", ", ""));
    let unlisted = sandbox.runner(&["plan", "plugins"]);
    assert_eq!(unlisted.code, Some(4), "{unlisted:#?}");
    assert!(
        unlisted.stdout.contains("makes `shop a`, which runner.lock does not have"),
        "{unlisted:#?}"
    );
    let update = sandbox.ok(&["lock", "--update", "acme/shop", "plugins", "--yes"]);
    assert!(update.stderr.contains("+ makes shop a (MySQL, MariaDB)"), "{update:#?}");
    sandbox.ok(&["plan", "plugins"]);
}
