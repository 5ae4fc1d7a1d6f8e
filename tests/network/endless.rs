//! Work that a guest leaves for the end of its transaction, where its own time is over.

use crate::{
    story::{Kind, ended, start_at, wait_until},
    support::Sandbox,
};

fn deferring(sandbox: &Sandbox) {
    sandbox.sql_plugin(
        "acme/endless",
        &[(
            "1.0.0-1700000000-endless",
            "CREATE TABLE d (n integer);
             CREATE FUNCTION sleeps() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_sleep(3600); RETURN NULL; END';
             CREATE CONSTRAINT TRIGGER sleeps AFTER INSERT ON d DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION sleeps();
             INSERT INTO d VALUES (1);",
            "",
        )],
    );
}

#[test]
fn a_deferred_trigger_ends_with_its_hook_s_time() {
    let sandbox = Kind::Postgres.sandbox();
    deferring(&sandbox);
    let args = ["deploy", "plugins", "--timeout", "2s"];
    let run = ended(start_at(&sandbox, &sandbox.url(), &args), "a deferred trigger");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("deferred to its end"), "{}", run.stderr);
    assert!(run.stderr.contains("nothing was altered"), "{}", run.stderr);
    // The server's session is gone too, and with it what it held.
    let left = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%CONSTRAINTS%'
        AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()";
    wait_until("the end of the server's session", || sandbox.rows(left).is_empty());
    assert!(!sandbox.dump().contains("sleeps"), "{}", sandbox.dump());
}
