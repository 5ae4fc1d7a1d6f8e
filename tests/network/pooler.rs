//! PgBouncer in transaction mode: every transaction may get another server session.

use crate::{
    story::{ALTERATIONS, Kind, end_state, plugin, run_at},
    support::{
        Sandbox,
        servers::{PgBouncer, Postgres},
    },
};
use std::thread;

fn through_a_pooler(settings: &[(&str, &str)]) -> (Sandbox, PgBouncer, String) {
    let sandbox = Kind::Postgres.sandbox();
    plugin(&sandbox, Kind::Postgres);
    let pooler = PgBouncer::with_settings(Postgres::shared(), settings);
    let url = pooler.url(sandbox.server());
    (sandbox, pooler, url)
}

fn expected() -> String {
    let sandbox = Kind::Postgres.sandbox();
    plugin(&sandbox, Kind::Postgres);
    sandbox.ok(&["deploy", "plugins"]);
    end_state(&sandbox)
}

#[test]
fn the_whole_story_by_lease_that_is_chosen_by_itself() {
    let expected = expected();
    // With one session for all, with two that take turns (a third transaction is back on the first
    // one), and with many.
    for (sessions, size) in [(1, "2"), (2, "2"), (1, "8"), (4, "8")] {
        let settings = [("default_pool_size", size), ("min_pool_size", "0")];
        let (sandbox, pooler, url) = through_a_pooler(&settings);
        pooler.open_sessions(sandbox.server(), sessions);
        let all = ALTERATIONS.to_string();
        for lock in ["auto", "lease"] {
            let run = run_at(&sandbox, &url, &["deploy", "plugins", "--lock", lock]);
            assert_eq!(run.code, Some(0), "{run:#?}");
            assert_eq!(end_state(&sandbox), expected);
            let fence = sandbox.rows("SELECT fence FROM alteration_lease");
            assert_ne!(fence, ["0"], "a lease was taken");
            let check = run_at(&sandbox, &url, &["check", "plugins"]);
            assert_eq!(check.code, Some(0), "{check:#?}");
            let args = ["rollback", "--steps", &all, "--lock", lock];
            let run = run_at(&sandbox, &url, &args);
            assert_eq!(run.code, Some(0), "{run:#?}");
            assert!(!sandbox.dump().contains("people"), "{}", sandbox.dump());
        }
    }
}

#[test]
fn a_lock_of_the_session_is_refused() {
    let (sandbox, _pooler, url) = through_a_pooler(&[]);
    let run = run_at(&sandbox, &url, &["deploy", "plugins", "--lock", "session"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("pooler") && run.stderr.contains("--lock lease"), "{}", run.stderr);
    assert_eq!(sandbox.dump(), Kind::Postgres.sandbox().dump(), "nothing was altered");
}

#[test]
fn eight_at_once_apply_once() {
    let expected = expected();
    let (sandbox, _pooler, url) = through_a_pooler(&[]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let run = run_at(&sandbox, &url, &["deploy", "plugins"]);
                assert_eq!(run.code, Some(0), "{run:#?}");
            });
        }
    });
    assert_eq!(end_state(&sandbox), expected);
    // Settings of one client must not be found by the next one.
    let left = "SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in%'
        AND datname = current_database()";
    assert!(sandbox.rows(left).is_empty());
}
