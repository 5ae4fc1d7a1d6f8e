//! Servers that cannot be worked with: each is a clear error, an exit code, and no password shown.

use crate::{
    story::{Kind, ended, plugin, run_at, start_at},
    support::{
        Sandbox,
        servers::{Mariadb, PASSWORD, Postgres, USER},
    },
};

/// Each verb with this URL ends with `code` and says `words`; in text and in JSON.
fn refused(sandbox: &Sandbox, url: &str, verbs: &[&[&str]], words: &[&str]) {
    for verb in verbs {
        for format in ["text", "json"] {
            let args = [verb, &["--format", format][..]].concat();
            let run = run_at(sandbox, url, &args);
            assert_eq!(run.code, Some(1), "{args:?}: {run:#?}");
            for word in words {
                assert!(run.stderr.contains(word), "{args:?} does not say {word}: {run:#?}");
            }
            if format == "json" {
                let json: serde_json::Value =
                    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {run:#?}"));
                assert_eq!(json["error"]["exit_code"], 1, "{run:#?}");
            }
        }
    }
}

const DEPLOY: &[&str] = &["deploy", "plugins"];
const CHECK: &[&str] = &["check", "plugins"];
const STATUS: &[&str] = &["status"];
const ROLLBACK: &[&str] = &["rollback", "--steps", "1"];

#[test]
fn who_is_not_let_in_is_told_why() {
    for kind in Kind::ALL {
        let sandbox = kind.sandbox();
        plugin(&sandbox, kind);
        let (url, name) = (sandbox.url(), sandbox.server().name().to_owned());
        let all = &[DEPLOY, CHECK, STATUS, ROLLBACK];
        let wrong = url.replace(PASSWORD, "wr0ng");
        refused(&sandbox, &wrong, all, &["did not let this user in", "check user, password"]);
        let run = run_at(&sandbox, &wrong, DEPLOY);
        assert!(!run.stderr.contains("wr0ng"), "{run:#?}");
        refused(
            &sandbox,
            &url.replace(&name, &format!("no_{name}")),
            all,
            &[match kind {
                Kind::Postgres => "no such database",
                // Who has no right to look is not told what is there.
                Kind::Mariadb => "did not let this user in",
            }],
        );
        let tls = match kind {
            Kind::Postgres => format!("{url}?sslmode=require"),
            Kind::Mariadb => format!("{url}?ssl-mode=REQUIRED"),
        };
        refused(&sandbox, &tls, all, &["no secure connection"]);
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = nobody.local_addr().expect("it listens").port();
        drop(nobody);
        let server = match kind {
            Kind::Postgres => Postgres::shared().port(),
            Kind::Mariadb => Mariadb::shared().port(),
        };
        let closed = url.replace(&format!(":{server}/"), &format!(":{port}/"));
        refused(&sandbox, &closed, all, &["cannot be reached", "--wait 30s"]);
    }
}

/// What is not seen is not absent: the gate says that it cannot tell, and how to let it.
#[test]
fn who_may_not_read_the_records_is_told_which_grant_is_missing() {
    let (postgres, mariadb) = (Postgres::own(), Mariadb::own());
    for (kind, sandbox) in [
        (Kind::Postgres, Sandbox::on(postgres.database())),
        (Kind::Mariadb, Sandbox::on(mariadb.database())),
    ] {
        plugin(&sandbox, kind);
        sandbox.ok(DEPLOY);
        let name = sandbox.server().name().to_owned();
        let (make, let_in) = match kind {
            Kind::Postgres => (
                format!("CREATE ROLE \"app-1\" LOGIN PASSWORD '{PASSWORD}'"),
                format!("GRANT CONNECT ON DATABASE {name} TO \"app-1\""),
            ),
            Kind::Mariadb => (
                format!("CREATE USER `app-1`@`127.0.0.1` IDENTIFIED BY '{PASSWORD}'"),
                format!(
                    "CREATE TABLE {name}.other (a int); GRANT SELECT ON {name}.other TO `app-1`@`127.0.0.1`"
                ),
            ),
        };
        sandbox.server().admin_sql(&make);
        sandbox.server().admin_sql(&let_in);
        let url = sandbox.url().replace(&format!("{USER}:"), "app-1:");
        refused(
            &sandbox,
            &url,
            &[CHECK, STATUS],
            &["may not read the runner's tables", "GRANT SELECT ON"],
        );
        // The statements that are printed are enough.
        let run = run_at(&sandbox, &url, CHECK);
        let grants = run.stderr.split_once("GRANT").expect("a statement").1;
        let grants =
            format!("GRANT{}", grants.split_once(";\n").map_or(grants, |(grants, _)| grants));
        sandbox.server().admin_sql(&grants);
        let run = run_at(&sandbox, &url, CHECK);
        assert_eq!(run.code, Some(0), "{kind:?}: {grants}: {run:#?}");
    }
}

#[test]
fn a_database_that_only_reads_is_no_place_to_deploy() {
    let sandbox = Kind::Postgres.sandbox();
    plugin(&sandbox, Kind::Postgres);
    sandbox.ok(DEPLOY);
    let name = sandbox.server().name();
    let only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on;");
    sandbox.server().admin_sql(&only);
    refused(&sandbox, &sandbox.url(), &[DEPLOY, ROLLBACK], &["read-only", "takes writes"]);
    assert_eq!(sandbox.runner(CHECK).code, Some(0), "reading is all that it needs");

    let server = Mariadb::own();
    let sandbox = Sandbox::on(server.database());
    plugin(&sandbox, Kind::Mariadb);
    sandbox.ok(DEPLOY);
    sandbox.server().admin_sql("SET GLOBAL read_only = 1;");
    refused(&sandbox, &sandbox.url(), &[DEPLOY, ROLLBACK], &["read-only", "takes writes"]);
    assert_eq!(sandbox.runner(CHECK).code, Some(0), "reading is all that it needs");
}

#[test]
fn a_server_that_starts_is_waited_for() {
    let (postgres, mariadb) = (Postgres::own(), Mariadb::own());
    let servers: [(Kind, Sandbox, &dyn Fn(), &dyn Fn()); 2] = [
        (Kind::Postgres, Sandbox::on(postgres.database()), &|| postgres.stop_immediate(), &|| {
            postgres.restart()
        }),
        (Kind::Mariadb, Sandbox::on(mariadb.database()), &|| mariadb.stop_immediate(), &|| {
            mariadb.restart()
        }),
    ];
    for (kind, sandbox, stop, restart) in &servers {
        plugin(sandbox, *kind);
        stop();
        let url = sandbox.url();
        let at_once = run_at(sandbox, &url, DEPLOY);
        assert_eq!(at_once.code, Some(1), "{at_once:#?}");
        let patient = start_at(sandbox, &url, &["deploy", "plugins", "--wait", "120s"]);
        restart();
        let patient = ended(patient, "a runner that waits");
        assert_eq!(patient.code, Some(0), "{kind:?}: {patient:#?}");
    }
}

#[test]
fn what_is_recorded_holds_no_password() {
    for kind in Kind::ALL {
        let sandbox = kind.sandbox();
        plugin(&sandbox, kind);
        sandbox.ok(DEPLOY);
        sandbox.ok(ROLLBACK);
        sandbox.sql_plugin("acme/fails", &[("1.0.0-1700000000-x", "SELECT nothing;", "")]);
        assert_eq!(sandbox.runner(DEPLOY).code, Some(1));
        let everything = match kind {
            Kind::Postgres => {
                "SELECT h::text FROM alteration_history h UNION ALL SELECT s::text FROM alteration_state s"
            }
            Kind::Mariadb => {
                "SELECT concat_ws(' ', event, error, done_by) FROM alteration_history
                 UNION ALL SELECT concat_ws(' ', error, applied_by) FROM alteration_state"
            }
        };
        let rows = sandbox.rows(everything);
        assert!(rows.len() > 5, "{rows:?}");
        assert!(rows.iter().all(|row| !row.contains(PASSWORD)), "{rows:#?}");
    }
}
