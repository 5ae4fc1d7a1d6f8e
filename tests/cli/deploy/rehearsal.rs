//! `--dry-run` on PostgreSQL.

use crate::support::{Sandbox, servers::Postgres};

/// All of it is one transaction there, in which the runner's tables are made too.
#[test]
fn a_dry_run_of_several_where_the_runner_has_no_tables_yet() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let table =
        |name: &str| (format!("CREATE TABLE {name} (x integer)"), format!("DROP TABLE {name}"));
    let made = ["one", "two", "three"].map(table);
    let alterations: Vec<_> = ["1.0.0-1-one", "1.0.0-2-two", "1.0.0-3-three"]
        .into_iter()
        .zip(&made)
        .map(|(id, (up, down))| (id, up.as_str(), down.as_str()))
        .collect();
    sandbox.sql_plugin("acme/shop", &alterations);
    let rehearsed = sandbox.ok(&["deploy", "plugins", "--dry-run"]);
    assert!(rehearsed.stdout.contains("3 alterations ran"), "{rehearsed:#?}");
    assert!(sandbox.server().rows("SELECT 1 FROM pg_class WHERE relname = 'one'").is_empty());
    sandbox.ok(&["deploy", "plugins"]);
}
