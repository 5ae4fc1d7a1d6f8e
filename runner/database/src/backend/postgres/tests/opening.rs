//! The transaction of the next hook, begun in the message that commits the one before it.

use super::*;
use crate::backend::postgres::transaction::CHAIN_MAX;

/// The next hook, where the ledger's revision is `revision`.
fn next(revision: i64) -> Opening {
    Opening {
        claim: (
            "UPDATE @ledger SET revision = revision + 1 WHERE revision = ?",
            vec![Cell::integer(revision)],
        ),
        hook: settings(HookMode::Transaction),
    }
}

/// Ends a hook, with a new row about it.
async fn end_into(
    connection: &mut PostgresConnection,
    id: i64,
    next: Opening,
) -> Result<bool, BackendError> {
    connection.leave_hook_soon().await?;
    connection.own_must("INSERT INTO @state VALUES (?, 'done')", &[Cell::integer(id)]).await?;
    connection.commit_and_open(next).await
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
        assert!(end_into(&mut connection, id, next(id)).await.expect("commits"));
        assert_eq!(database.rows(REVISION), [id.to_string()], "and no more");
        assert_eq!(recorded(&database).len(), usize::try_from(id).expect("a few"));
        assert!(!connection.take_opened(&next(id + 1)), "another one");
        assert!(connection.take_opened(&next(id)));
        assert!(!connection.take_opened(&next(id)), "twice");
    }
    run(&mut connection, "INSERT INTO made_2 SELECT x FROM made_4").await;
    connection.leave_hook().await.expect("leaves");
    connection.commit().await.expect("commits");
    assert_eq!(database.rows(REVISION), ["5"]);
}

/// Whatever comes instead of it finds the session as the hook before it left it.
#[tokio::test]
async fn what_nobody_takes_is_rolled_back() {
    let (database, mut connection) = claimed().await;
    end_into(&mut connection, 2, next(2)).await.expect("commits");
    connection.begin().await.expect("begins");
    connection.own_execute("UPDATE @state SET status = 'seen'", &[]).await.expect("updates");
    assert!(!connection.take_opened(&next(2)));
    connection.commit().await.expect("commits");
    assert_eq!(database.rows(REVISION), ["2"]);
    assert_eq!(database.rows("SELECT DISTINCT status FROM alteration_state"), ["seen"]);
    claimed_again(&mut connection).await;
    end_into(&mut connection, 3, next(3)).await.expect("commits");
    connection.unlock().await;
    assert_eq!(database.rows(REVISION), ["3"]);
    let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'";
    assert_eq!(database.rows(open), ["0"]);
}

/// It is told to whoever begins it again.
#[tokio::test]
async fn a_claim_that_fails_does_not_touch_the_commit() {
    let (database, mut connection) = claimed().await;
    for (id, revision) in [(2, 7), (3, 2)] {
        assert!(end_into(&mut connection, id, next(revision)).await.expect("commits"));
        assert_eq!(connection.take_opened(&next(revision)), revision == 2);
        if revision == 7 {
            assert_eq!(recorded(&database), ["1", "2"]);
            connection.begin().await.expect("begins");
            connection.enter_hook(settings(HookMode::Transaction)).await.expect("enters");
        }
    }
    // Somebody has the ledger's row.
    let mut other = connect(database.url()).await;
    connection.rollback().await.expect("rolls back");
    other.begin().await.expect("begins");
    other.own_execute("UPDATE @ledger SET revision = 2", &[]).await.expect("claims");
    connection.begin().await.expect("begins");
    connection.enter_hook(settings(HookMode::Transaction)).await.expect("enters");
    connection.lock_wait = Duration::from_millis(50);
    assert!(end_into(&mut connection, 4, next(2)).await.expect("commits"));
    assert!(!connection.take_opened(&next(2)));
    assert_eq!(recorded(&database), ["1", "2", "3", "4"]);
    other.rollback().await.expect("rolls back");
    claimed_again(&mut connection).await;
    end_into(&mut connection, 5, next(3)).await.expect("commits");
    assert!(connection.take_opened(&next(3)));
}

/// Nothing is begun behind a commit that does not take place.
#[tokio::test]
async fn a_hook_that_is_refused_is_followed_by_nothing() {
    let (database, mut connection) = claimed().await;
    for sql in
        ["UPDATE alteration_state SET status = 'x'", "GRANT SELECT ON alteration_state TO public"]
    {
        run(&mut connection, &hidden(sql)).await;
        let error = end_into(&mut connection, 2, next(2)).await.expect_err(sql);
        assert!(matches!(error, BackendError::Refused(_)), "{sql}: {error}");
        assert!(!connection.take_opened(&next(2)));
        connection.rollback().await.expect("rolls back");
        assert_eq!(database.rows(REVISION), ["1"]);
        assert_eq!(recorded(&database), ["1"]);
        claimed_again(&mut connection).await;
    }
    // What the first one did is not taken for the next one's, and that is seen, too.
    end_into(&mut connection, 2, next(3)).await.expect("commits");
    assert!(connection.take_opened(&next(3)));
    run(&mut connection, &hidden("DELETE FROM alteration_state")).await;
    let error = end_into(&mut connection, 3, next(4)).await.expect_err("it touched them");
    assert!(matches!(error, BackendError::Refused(_)), "{error}");
}

/// Its settings end with a hook, also where what comes next is rolled back.
#[tokio::test]
async fn what_a_hook_sets_does_not_stay() {
    let (database, mut connection) = claimed().await;
    let setting = "SELECT current_setting('application_name') || current_setting('work_mem')";
    let before = connection.own_rows(setting, &[]).await.expect("reads");
    for is_taken in [true, false] {
        let set = "DO $$ BEGIN PERFORM set_config('application_name', 'x', false); \
            PERFORM set_config('work_mem', '64kB', false); END $$";
        run(&mut connection, set).await;
        let id = if is_taken { 2 } else { 3 };
        end_into(&mut connection, id, next(id)).await.expect("commits");
        if is_taken {
            assert!(connection.take_opened(&next(id)));
            let now = rows(&mut connection, setting).await;
            let Value::Text(now) = &now[0][0] else { panic!("{now:?}") };
            assert_eq!(before, [[Cell::text(now)]]);
        } else {
            connection.rollback().await.expect("rolls back");
        }
    }
    assert_eq!(connection.own_rows(setting, &[]).await.expect("reads"), before);
    assert_eq!(recorded(&database), ["1", "2", "3"]);
}

/// Nor does what it listens to, which would come with the answer to the rollback.
#[tokio::test]
async fn what_listens_at_the_commit_hears_nothing() {
    let (database, mut connection) = claimed().await;
    for sql in [
        "CREATE TABLE seen (x integer)",
        "CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
            IF new.x < 3 THEN EXECUTE 'set const'||'raints all deferred'; \
                INSERT INTO public.seen VALUES (new.x + 1); \
            ELSE EXECUTE 'lis'||'ten news'; PERFORM pg_notify('news', 'x'); \
            END IF; RETURN NULL; END $f$",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON seen DEFERRABLE INITIALLY DEFERRED \
            FOR EACH ROW EXECUTE FUNCTION back()",
        "INSERT INTO seen VALUES (1)",
    ] {
        run(&mut connection, sql).await;
    }
    end_into(&mut connection, 2, next(2)).await.expect("commits");
    connection.rollback().await.expect("rolls back");
    let channels = "SELECT pg_listening_channels()";
    assert!(connection.own_rows(channels, &[]).await.expect("reads").is_empty());
    assert_eq!(recorded(&database), ["1", "2"]);
}

/// A server counts rows only between transactions, and to it the next one began with the message.
#[tokio::test]
async fn there_is_a_pause_now_and_then() {
    let (database, mut connection) = claimed().await;
    end_into(&mut connection, 2, next(2)).await.expect("commits");
    assert!(connection.take_opened(&next(2)));
    connection.chained = connection.chained.and_then(|since| since.checked_sub(CHAIN_MAX));
    end_into(&mut connection, 3, next(3)).await.expect("commits");
    assert!(!connection.take_opened(&next(3)), "all of them were in one chain");
    claimed_again(&mut connection).await;
    end_into(&mut connection, 4, next(3)).await.expect("commits");
    assert!(connection.take_opened(&next(3)));
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
    end_into(&mut connection, 5, next(4)).await.expect("commits");
    assert!(!connection.take_opened(&next(4)), "its clock would be late");
    assert_eq!(recorded(&database), ["1", "2", "3", "4", "5"]);
}

/// A trigger of the operator's on the runner's own tables.
#[tokio::test]
async fn a_row_that_was_not_made_is_no_record() {
    let (database, mut connection) = claimed().await;
    connection.rollback().await.expect("rolls back");
    database.rows(
        "CREATE FUNCTION public.none() RETURNS trigger LANGUAGE plpgsql AS \
            $f$ BEGIN RETURN NULL; END $f$",
    );
    database.rows(
        "CREATE TRIGGER none BEFORE INSERT ON alteration_state FOR EACH ROW EXECUTE FUNCTION public.none()",
    );
    claimed_again(&mut connection).await;
    run(&mut connection, "CREATE TABLE made (x integer)").await;
    let error = end_into(&mut connection, 2, next(3)).await.expect_err("there is no row");
    assert!(matches!(error, BackendError::Moved), "{error}");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows("SELECT to_regclass('made') IS NULL"), ["t"]);
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
    connection.begin().await.expect("begins");
    connection.own_execute("UPDATE @ledger SET revision = 2", &[]).await.expect("claims");
    connection.enter_hook(settings(HookMode::Transaction)).await.expect("enters");
    end_into(&mut connection, 2, next(2)).await.expect("commits");
    assert!(connection.take_opened(&next(2)));
    let level = "SELECT current_setting('transaction_isolation')";
    assert_eq!(rows(&mut connection, level).await, [[text("read committed")]]);
}

/// The server reads the message as the hook left its encoding.
#[tokio::test]
async fn names_beyond_ascii_are_sent_for_themselves() {
    let (database, connection) = claimed().await;
    drop(connection);
    database.rows("CREATE SCHEMA \"schön\"");
    database.rows("GRANT ALL ON SCHEMA \"schön\" TO public");
    database.rows(
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) \
            || ' SET search_path = \"schön\", public'; END $$",
    );
    let public = ConnectOptions { schema: Some("public".to_owned()), ..options(Access::Create) };
    let mut connection = connect_with(database.url(), &public).await.expect("connects");
    claimed_again(&mut connection).await;
    run(&mut connection, &hidden("SET client_encoding = 'LATIN1'")).await;
    end_into(&mut connection, 2, next(3)).await.expect("commits");
    assert!(!connection.take_opened(&next(3)));
    claimed_again(&mut connection).await;
    run(&mut connection, "CREATE TABLE there (x integer)").await;
    end_into(&mut connection, 3, next(3)).await.expect("commits");
    let place = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'there'";
    assert_eq!(database.rows(place), ["\"schön\""]);
}
