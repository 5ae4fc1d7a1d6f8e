//! On MariaDB a confined plugin says which tables it makes: SQL by itself, code in its manifest.

use crate::{
    support::{
        Sandbox,
        servers::{Mariadb, PASSWORD},
    },
    wasm,
};

#[test]
fn code_declares_what_it_makes() {
    let server = Mariadb::own();
    let sandbox = Sandbox::on(server.database());
    let database = sandbox.server();
    let name = database.name();
    database.admin_sql(&format!(
        "CREATE USER operator@'%' IDENTIFIED BY '{PASSWORD}'; GRANT CREATE USER ON *.* TO operator@'%';
         GRANT ALL ON {name}.* TO operator@'%' WITH GRANT OPTION;"
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

    let declared = deploy(r#","creates":["notes"]"#);
    assert_eq!(declared.code, Some(0), "{declared:#?}");
    assert_eq!(made(), ["notes"]);
}
