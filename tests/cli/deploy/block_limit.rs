//! Hooks that would keep the application waiting, and ends of hooks that do not end: the runner ends both from beside.

use crate::{
    polite::run,
    support::{Sandbox, servers::Postgres},
};
use std::{process::Stdio, time::Duration};

fn sandbox(up: &str) -> Sandbox {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.sql("CREATE TABLE orders (id int)");
    sandbox.sql_plugin("acme/app", &[("1.0.0-1700000000-a", up, "SELECT 1;")]);
    sandbox
}

#[test]
fn others_do_not_wait_for_longer() {
    let sandbox = sandbox("CREATE TABLE a (i int); LOCK TABLE orders; SELECT pg_sleep(600);");
    let child = sandbox
        .command(&["deploy", "plugins", "--block-limit", "1s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the runner starts");
    let held = "SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass AND granted";
    while sandbox.rows(held) != ["1"] {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Comes back when the lock is gone.
    sandbox.sql("INSERT INTO orders VALUES (1)");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    for words in [
        "held a lock on `orders` that another session waited 1 s for",
        "held up: session ",
        "INSERT INTO orders",
        "changed: nothing",
        "`--block-limit`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(sandbox.rows("SELECT count(*) FROM pg_class WHERE relname = 'a'"), ["0"]);
    // As long as it takes.
    sandbox.sql_plugin("acme/app", &[("1.0.0-1700000000-a", "LOCK TABLE orders;", "SELECT 1;")]);
    sandbox.ok(&["deploy", "plugins", "--block-limit", "0s"]);
}

/// A trigger can go on after the server has cancelled its statement, but not without its session.
#[test]
fn checks_that_do_not_give_way_are_ended() {
    let sandbox = sandbox(
        "CREATE TABLE a (i int);
         CREATE FUNCTION stubborn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN LOOP
             BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
         END LOOP; END $$;
         CREATE CONSTRAINT TRIGGER c AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION stubborn();
         INSERT INTO a VALUES (1);",
    );
    let run = run(&sandbox, &["deploy", "plugins", "--timeout", "4s"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    for words in ["deferred to its end did not end in 4 s", "changed: nothing", "`--timeout`"] {
        assert!(run.stderr.contains(words), "{words}: {run:#?}");
    }
    assert_eq!(sandbox.rows("SELECT count(*) FROM pg_class WHERE relname = 'a'"), ["0"]);
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
    assert_eq!(sandbox.rows(sessions), ["0"]);
}
