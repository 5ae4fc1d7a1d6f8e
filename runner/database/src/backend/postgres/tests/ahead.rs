//! The transaction of the next hook, begun in the message that commits the one before it.

use super::{super::ahead::CHAIN_MAX, *};

/// The beginning of the next hook, where the ledger's revision is `revision`.
fn next(revision: i64) -> Start {
    let claim = Own::one_row(
        "UPDATE @ledger SET revision = revision + 1 WHERE revision = ?",
        [Cell::integer(revision)],
    );
    Start::entering(vec![claim], settings(HookMode::Transaction))
}

/// Ends a hook, with a new row about it.
async fn end_with(
    connection: &mut PostgresConnection,
    id: i64,
    then: Start,
) -> Result<(), TxError> {
    let row = Own::new_row("INSERT INTO @state VALUES (?, 'done')", [Cell::integer(id)]);
    let end = End { then: Some(then), ..End::hook(vec![row], Durability::Unflushed) };
    connection.finish(end).await.map(drop)
}

fn recorded(database: &Database) -> Vec<String> {
    database.rows("SELECT id FROM alteration_state ORDER BY id")
}

const REVISION: &str = "SELECT revision FROM alteration_ledger";

#[tokio::test]
async fn one_hook_follows_another() {
    let (database, mut connection) = claimed().await;
    for id in 2..5 {
        run(&mut connection, &format!("CREATE TABLE made_{id} (x integer)")).await;
        end_with(&mut connection, id, next(id)).await.expect("commits");
        assert!(connection.state.is_ahead());
        assert_eq!(database.rows(REVISION), [id.to_string()], "and no more");
        assert_eq!(recorded(&database).len(), usize::try_from(id).expect("a few"));
        connection.start(next(id)).await.expect("it is begun");
        assert!(!connection.state.is_ahead());
    }
    run(&mut connection, "INSERT INTO made_2 SELECT x FROM made_4").await;
    end(&mut connection).await.expect_err("it has four rows to be one");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows(REVISION), ["4"]);
}

/// Its rows are those that the server gave when it was begun.
#[tokio::test]
async fn what_is_asked_at_the_beginning_is_answered() {
    let (_database, mut connection) = claimed().await;
    let asks =
        || Start { own: vec![Own::rows("SELECT id FROM @state ORDER BY id", [])], ..next(2) };
    end_with(&mut connection, 2, asks()).await.expect("commits");
    assert!(connection.state.is_ahead());
    let rows = connection.start(asks()).await.expect("it is begun");
    assert_eq!(rows, [[[Cell::integer(1)], [Cell::integer(2)]]]);
}

/// Whatever comes instead of it finds the session as the hook before it left it.
#[tokio::test]
async fn what_is_not_asked_for_is_rolled_back() {
    let (database, mut connection) = claimed().await;
    end_with(&mut connection, 2, next(2)).await.expect("commits");
    let seen = vec![Own::run("UPDATE @state SET status = 'seen'", [])];
    connection.apply(seen, Durability::Flushed).await.expect("applies");
    assert_eq!(database.rows(REVISION), ["2"]);
    assert_eq!(database.rows("SELECT DISTINCT status FROM alteration_state"), ["seen"]);
    claimed_again(&mut connection).await;
    end_with(&mut connection, 3, next(3)).await.expect("commits");
    assert!(connection.state.is_ahead());
    connection.start(next(4)).await.expect_err("another one, and the ledger is elsewhere");
    connection.rollback().await.expect("rolls back");
    claimed_again(&mut connection).await;
    end_with(&mut connection, 4, next(3)).await.expect("commits");
    assert!(connection.state.is_ahead());
    // A hook's search path is not the runner's.
    let tables = connection.own_tables().await.expect("lists");
    assert!(tables.contains("alteration_state"), "{tables:?}");
    claimed_again(&mut connection).await;
    end_with(&mut connection, 5, next(3)).await.expect("commits");
    connection.unlock().await;
    assert_eq!(database.rows(REVISION), ["3"]);
    let open = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND state LIKE 'idle in%'";
    assert_eq!(database.rows(open), ["0"]);
}

/// It is said to whoever begins it again.
#[tokio::test]
async fn a_claim_that_fails_does_not_touch_the_commit() {
    let (database, mut connection) = claimed().await;
    end_with(&mut connection, 2, next(7)).await.expect("commits");
    assert!(!connection.state.is_ahead());
    assert_eq!(recorded(&database), ["1", "2"]);
    let error = connection.start(next(7)).await.expect_err("another revision");
    assert!(matches!(error, TxError::Own(0, BackendError::Moved)), "{error:?}");
    connection.rollback().await.expect("rolls back");
    // Another runner has the ledger's row.
    enter(&mut connection).await;
    let mut other = connect(database.url()).await;
    other.begin().await.expect("begins");
    other.run_sql("UPDATE @ledger SET revision = 2", &[]).await.expect("claims");
    connection.config.lock_wait = Duration::from_millis(50);
    end_with(&mut connection, 3, next(2)).await.expect("commits");
    assert!(!connection.state.is_ahead());
    assert_eq!(recorded(&database), ["1", "2", "3"]);
    other.rollback().await.expect("rolls back");
    claimed_again(&mut connection).await;
    end_with(&mut connection, 4, next(3)).await.expect("commits");
    assert!(connection.state.is_ahead());
}

/// Nothing is begun behind a commit that does not take place.
#[tokio::test]
async fn a_hook_that_is_refused_is_followed_by_nothing() {
    let (database, mut connection) = claimed().await;
    for sql in
        ["UPDATE alteration_state SET status = 'x'", "GRANT SELECT ON alteration_state TO public"]
    {
        run(&mut connection, &hidden(sql)).await;
        let error = end_with(&mut connection, 2, next(2)).await.expect_err(sql);
        assert!(matches!(error, TxError::Checks(BackendError::Refused(_))), "{sql}: {error:?}");
        assert!(!connection.state.is_ahead());
        connection.rollback().await.expect("rolls back");
        assert_eq!(database.rows(REVISION), ["1"]);
        assert_eq!(recorded(&database), ["1"]);
        claimed_again(&mut connection).await;
    }
    // What the first one did is not taken for the next one's, and that is seen, too.
    end_with(&mut connection, 2, next(3)).await.expect("commits");
    connection.start(next(3)).await.expect("it is begun");
    run(&mut connection, &hidden("DELETE FROM alteration_state")).await;
    let error = end_with(&mut connection, 3, next(4)).await.expect_err("it touched them");
    assert!(matches!(error, TxError::Checks(BackendError::Refused(_))), "{error:?}");
}

/// A hook's settings end with it, also where the next one is rolled back.
#[tokio::test]
async fn what_a_hook_sets_does_not_stay() {
    let (database, mut connection) = claimed().await;
    let setting = "SELECT current_setting('application_name') || current_setting('work_mem')";
    let before = connection.rows_of(setting, &[]).await.expect("reads");
    for is_asked_for in [true, false] {
        let set = "DO $$ BEGIN PERFORM set_config('application_name', 'x', false); \
            PERFORM set_config('work_mem', '64kB', false); END $$";
        run(&mut connection, set).await;
        let id = if is_asked_for { 2 } else { 3 };
        end_with(&mut connection, id, next(id)).await.expect("commits");
        assert!(connection.state.is_ahead());
        if is_asked_for {
            connection.start(next(id)).await.expect("it is begun");
            let now = rows(&mut connection, setting).await;
            let Value::Text(now) = &now[0][0] else { panic!("{now:?}") };
            assert_eq!(before, [[Cell::text(now)]]);
        }
    }
    assert_eq!(connection.rows_of(setting, &[]).await.expect("reads"), before);
    assert_eq!(recorded(&database), ["1", "2", "3"]);
}

/// A server counts what was written between transactions only, and to it the next one began with the message.
#[tokio::test]
async fn there_is_a_pause_now_and_then() {
    let (database, mut connection) = claimed().await;
    end_with(&mut connection, 2, next(2)).await.expect("commits");
    connection.start(next(2)).await.expect("it is begun");
    connection.chained = connection.chained.and_then(|since| since.checked_sub(CHAIN_MAX));
    end_with(&mut connection, 3, next(3)).await.expect("commits");
    assert!(!connection.state.is_ahead(), "all of them were in one chain");
    connection.start(next(3)).await.expect("begins");
    for sql in [
        "CREATE TABLE slow (x integer)",
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
            $f$ BEGIN PERFORM pg_sleep(1.1); RETURN NULL; END $f$",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED \
            FOR EACH ROW EXECUTE FUNCTION wait()",
        "INSERT INTO slow VALUES (1)",
    ] {
        run(&mut connection, sql).await;
    }
    end_with(&mut connection, 4, next(4)).await.expect("commits");
    assert!(!connection.state.is_ahead(), "its time of day would be late");
    assert_eq!(recorded(&database), ["1", "2", "3", "4"]);
}

/// A transaction of another level has to be so from its first statement on.
#[tokio::test]
async fn servers_that_serialize_are_no_hindrance() {
    let (database, connection) = claimed().await;
    drop(connection);
    database.rows(
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) \
            || ' SET default_transaction_isolation = serializable'; END $$",
    );
    let mut connection = connect(database.url()).await;
    claim(&mut connection, 2).await;
    end_with(&mut connection, 2, next(2)).await.expect("commits");
    assert!(connection.state.is_ahead());
    connection.start(next(2)).await.expect("it is begun");
    let level = "SELECT current_setting('transaction_isolation')";
    assert_eq!(rows(&mut connection, level).await, [[text("read committed")]]);
}
