//! The end of a hook: its checks, its record and their commit, in one message.

use super::*;
use crate::session::ErrorKind;

/// What does not match its row keeps the hook's work from being committed, wherever it is sent.
#[tokio::test]
async fn what_is_not_recorded_is_not_committed() {
    let (database, mut connection) = claimed().await;
    run(&mut connection, "CREATE TABLE made (x integer)").await;
    let update = Own::one_row("UPDATE @state SET status = 'done' WHERE id = 2", []);
    let error = connection.end_hook(vec![update]).await.expect_err("no such row");
    assert!(matches!(error, BackendError::Moved), "{error}");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows("SELECT to_regclass('made') IS NULL"), ["t"]);
    assert_eq!(database.rows("SELECT revision FROM alteration_ledger"), ["1"]);
}

/// Nor what was to be a new row, and was there.
#[tokio::test]
async fn what_is_recorded_already_is_not_committed() {
    let (database, mut connection) = claimed().await;
    run(&mut connection, "CREATE TABLE made (x integer)").await;
    let new = || vec![Own::new_row("INSERT INTO @state VALUES (1, 'again')", [])];
    let error = connection.end_hook(new()).await.expect_err("there is one");
    assert!(matches!(error, BackendError::Moved), "{error}");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows("SELECT to_regclass('made') IS NULL"), ["t"]);
    let error =
        connection.apply(new(), Durability::Flushed).await.expect_err("without a hook, too");
    assert!(matches!(error, TxError::Own(0, BackendError::Moved)), "{error:?}");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows("SELECT status FROM alteration_state"), ["applied"]);
}

/// A trigger of the hook's that defers itself again and again, and does this at the commit itself.
async fn defer_to_the_commit(connection: &mut PostgresConnection, statement: &str) {
    let function = format!(
        "CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
           IF new.x < 3 THEN EXECUTE 'set const'||'raints all deferred'; \
             INSERT INTO public.seen VALUES (new.x + 1); \
           ELSE {statement}; END IF; RETURN NULL; END $f$"
    );
    let trigger = "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON seen DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION back()";
    for sql in ["CREATE TABLE seen (x integer)", &function, trigger, "INSERT INTO seen VALUES (1)"]
    {
        run(connection, sql).await;
    }
}

/// It is later than every look.
#[tokio::test]
async fn a_trigger_at_the_commit_writes_nothing() {
    let (database, mut connection) = claimed().await;
    let touch = "EXECUTE 'update public.alter'||'ation_state set status = ''forged'''";
    defer_to_the_commit(&mut connection, touch).await;
    let error = end(&mut connection).await.expect_err("it wrote at the commit");
    assert!(error.to_string().contains("deferred to the commit itself"), "{error}");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows("SELECT status FROM alteration_state"), ["applied"]);
}

/// It is later than what ends a hook's settings.
#[tokio::test]
async fn a_trigger_at_the_commit_sets_nothing_that_stays() {
    let (_database, mut connection) = claimed().await;
    let setting = "SELECT current_setting('application_name')";
    let before = connection.rows_of(setting, &[]).await.expect("reads");
    let set = "PERFORM set_config('application_name', 'left over', false)";
    defer_to_the_commit(&mut connection, set).await;
    end(&mut connection).await.expect("ends");
    assert_eq!(connection.rows_of(setting, &[]).await.expect("reads"), before);
}

/// Nor is what it is told in the commit's own answer taken for an error.
#[tokio::test]
async fn a_trigger_at_the_commit_listens_in_vain() {
    let (database, mut connection) = claimed().await;
    let listen = "EXECUTE 'lis'||'ten news'; PERFORM pg_notify('news', 'x')";
    defer_to_the_commit(&mut connection, listen).await;
    end(&mut connection).await.expect("ends");
    assert_eq!(database.rows("SELECT status FROM alteration_state"), ["done"]);
    let channels = "SELECT pg_listening_channels()";
    assert!(connection.rows_of(channels, &[]).await.expect("reads").is_empty());
}

/// What is wrong with the record is not the plugin's doing.
#[tokio::test]
async fn an_error_of_the_record_is_not_the_hooks() {
    let (database, mut connection) = claimed().await;
    for at in [0, 1] {
        run(&mut connection, "CREATE TABLE made (x integer)").await;
        let twice = "INSERT INTO @ledger SELECT revision FROM @ledger";
        let mut record = vec![Own::one_row("UPDATE @state SET status = 'done'", [])];
        record.insert(at, Own::run(twice, []));
        let end = End::hook(record, Durability::Flushed);
        let error = connection.finish(end).await.expect_err("there is one");
        let TxError::Own(found, BackendError::Database(text)) = &error else { panic!("{error:?}") };
        assert_eq!(*found, at);
        assert!(text.contains("alteration_ledger_pkey"), "{text}");
        connection.rollback().await.expect("rolls back");
        assert_eq!(database.rows("SELECT to_regclass('made') IS NULL"), ["t"]);
        claimed_again(&mut connection).await;
    }
}

/// The server ends it by itself, and the connection can go on.
#[tokio::test]
async fn what_a_hook_defers_has_an_end() {
    let options =
        ConnectOptions { check_time: Duration::from_millis(200), ..options(Access::Create) };
    let (database, mut connection) = claimed_with(&options).await;
    for sql in [
        "CREATE TABLE slow (x integer)",
        // The first time it only takes its time away.
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
            IF new.x > 1 THEN PERFORM pg_sleep(600); \
            ELSE PERFORM set_config('statement_timeout', '0', true); \
                EXECUTE 'set const'||'raints all deferred'; INSERT INTO slow VALUES (2); \
            END IF; RETURN NULL; END $f$",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED \
            FOR EACH ROW EXECUTE FUNCTION wait()",
        "INSERT INTO slow VALUES (1)",
    ] {
        run(&mut connection, sql).await;
    }
    let error = end(&mut connection).await.expect_err("it waits for ten minutes");
    let BackendError::Refused(error) = error else { panic!("{error}") };
    assert_eq!(error.kind, ErrorKind::Limit, "{error}");
    assert!(error.message.starts_with("what the hook deferred to its end: "), "{error}");
    connection.rollback().await.expect("rolls back");
    claimed_again(&mut connection).await;
    end(&mut connection).await.expect("an honest one ends");
    assert_eq!(database.rows("SELECT status FROM alteration_state"), ["done"]);
}

/// A deferred trigger that says what the runner's own statement says where something is amiss, and that
/// nothing is.
#[tokio::test]
async fn a_hook_cannot_vouch_for_itself() {
    let (database, mut connection) = claimed().await;
    let says = "RAISE invalid_text_representation USING MESSAGE = format('runner: end [%s|t|/]', \
        pg_current_xact_id())";
    let function = format!(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN {says}; END $f$"
    );
    for sql in [
        "CREATE TABLE seen (x integer)",
        &function,
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON seen DEFERRABLE INITIALLY DEFERRED \
            FOR EACH ROW EXECUTE FUNCTION f()",
        "INSERT INTO seen VALUES (1)",
    ] {
        run(&mut connection, sql).await;
    }
    let error = end(&mut connection).await.expect_err("it failed");
    assert!(matches!(error, BackendError::Refused(_)), "{error}");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows("SELECT status FROM alteration_state"), ["applied"]);
}

/// A journaled hook comes between two others: what it may not do is its own fault and not the next one's.
#[tokio::test]
async fn what_a_journaled_hook_did_is_not_the_next_ones() {
    let (_database, mut connection) = claimed().await;
    end(&mut connection).await.expect("ends");
    for (sql, is_honest) in
        [("GRANT SELECT ON alteration_state TO public", false), ("SELECT 1", true)]
    {
        connection.enter(settings(HookMode::Journaled)).await.expect("enters");
        run(&mut connection, &hidden(sql)).await;
        let left = connection.end_hook(vec![]).await;
        assert_eq!(left.is_ok(), is_honest, "{sql}: {left:?}");
        if !is_honest {
            connection.rollback().await.expect("rolls back");
        }
        claimed_again(&mut connection).await;
        end(&mut connection).await.expect(sql);
        claimed_again(&mut connection).await;
        run(&mut connection, &hidden("REVOKE SELECT ON alteration_state FROM public")).await;
        end(&mut connection).await.expect_err("it is seen all the same");
        connection.rollback().await.expect("rolls back");
        claimed_again(&mut connection).await;
        end(&mut connection).await.expect("an honest one ends");
    }
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
    let new = Own::new_row("INSERT INTO @state VALUES (2, 'done')", []);
    let error = connection.end_hook(vec![new]).await.expect_err("there is no row");
    assert!(matches!(error, BackendError::Moved), "{error}");
    connection.rollback().await.expect("rolls back");
    assert_eq!(database.rows("SELECT to_regclass('made') IS NULL"), ["t"]);
}

/// Its settings end with a hook, also where what comes next is rolled back.
#[tokio::test]
async fn what_a_hook_sets_does_not_stay() {
    let (_database, mut connection) = claimed().await;
    let setting = "SELECT current_setting('application_name') || current_setting('work_mem')";
    let before = connection.rows_of(setting, &[]).await.expect("reads");
    let set = "DO $$ BEGIN PERFORM set_config('application_name', 'x', false); \
        PERFORM set_config('work_mem', '64kB', false); END $$";
    run(&mut connection, set).await;
    end(&mut connection).await.expect("ends");
    claimed_again(&mut connection).await;
    let now = rows(&mut connection, setting).await;
    let Value::Text(now) = &now[0][0] else { panic!("{now:?}") };
    assert_eq!(before, [[Cell::text(now)]]);
    connection.rollback().await.expect("rolls back");
    assert_eq!(connection.rows_of(setting, &[]).await.expect("reads"), before);
}
