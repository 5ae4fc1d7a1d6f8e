//! Rights that a user of PostgreSQL does not have, and the statement that gives them.

use crate::{
    polite::{self, PASSWORD},
    support::{Sandbox, servers::Postgres},
};

#[test]
fn who_may_not_make_the_runners_tables_is_told_the_grant() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "SELECT 1;", "")]);
    let server = sandbox.server();
    let poor = format!("poor_{}", server.name());
    server.admin_sql(&format!(
        "CREATE ROLE {poor} LOGIN PASSWORD '{PASSWORD}'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    ));
    let (_, host) = server.url().rsplit_once('@').expect("a user");
    let url = format!("postgres://{poor}:{PASSWORD}@{host}");
    for (more, schema, grant) in [
        (&[][..], "public", format!("GRANT CREATE ON SCHEMA \"public\" TO {poor}")),
        (
            &["--state-schema", "own", "--new-state"],
            "own",
            format!("GRANT CREATE ON DATABASE {} TO {poor}", server.name()),
        ),
    ] {
        let run = sandbox.runner(&[&["deploy", "plugins", "--database", &url], more].concat());
        polite::check(&run);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told =
            format!("error: this user may not make the runner's own tables in schema {schema}\n");
        assert!(run.stderr.contains(&told), "{run:#?}");
        assert!(run.stderr.contains(&format!("ask the owner to run `{grant}`")), "{run:#?}");
        server.admin_sql(&format!("{grant};"));
        let run = sandbox.runner(&[&["deploy", "plugins", "--database", &url], more].concat());
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
    server.admin_sql(&format!("DROP OWNED BY {poor}; DROP ROLE {poor};"));
}
