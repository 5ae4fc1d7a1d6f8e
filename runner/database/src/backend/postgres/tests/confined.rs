//! What a hook leaves behind, and what it does to the runner's tables behind the tokenizer's back.

use super::*;
use crate::{
    backend::{
        connection::{Cell, LockTry},
        postgres::lock,
    },
    session::ErrorKind,
};

#[tokio::test]
async fn honest_work_is_kept() {
    let (database, mut connection) = claimed().await;
    run(&mut connection, "CREATE TABLE alteration_requests (x integer)").await;
    run(&mut connection, "INSERT INTO alteration_requests VALUES (1)").await;
    end(&mut connection).await.expect("ends");
    assert_eq!(database.rows("SELECT x FROM alteration_requests"), ["1"]);
    assert_eq!(database.rows("SELECT status FROM alteration_state"), ["done"]);
}

/// Neither leaves a trace in the row of its table.
#[tokio::test]
async fn one_index_does_not_stand_for_another() {
    let (_database, mut connection) = claimed().await;
    let sql = "ALTER TABLE alteration_state DROP CONSTRAINT alteration_state_pkey; \
        CREATE INDEX i ON alteration_ledger (revision)";
    run(&mut connection, &hidden(sql)).await;
    let error = end(&mut connection).await.expect_err(sql);
    assert!(matches!(error, BackendError::Refused(_)), "{error}");
}

#[tokio::test]
async fn the_runners_tables_are_out_of_reach() {
    for sql in [
        "UPDATE alteration_state SET status = 'mine'",
        "INSERT INTO alteration_state VALUES (2, 'applied')",
        "DELETE FROM alteration_ledger",
        "TRUNCATE alteration_state",
        "DROP TABLE alteration_state",
        "ALTER TABLE alteration_state ADD COLUMN x integer",
        "ALTER TABLE alteration_state ALTER COLUMN status DROP NOT NULL",
        "ALTER TABLE alteration_state ALTER COLUMN status SET DEFAULT 'mine'",
        "ALTER TABLE alteration_state RENAME TO mine",
        "ALTER TABLE alteration_state SET SCHEMA elsewhere",
        "ALTER TABLE alteration_state ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE alteration_state ADD CHECK (status <> 'done')",
        "CREATE INDEX i ON alteration_state (status)",
        "CREATE RULE r AS ON UPDATE TO alteration_state DO INSTEAD NOTHING",
        "CREATE TABLE f (id bigint REFERENCES alteration_state)",
        "CREATE TRIGGER g BEFORE UPDATE ON alteration_state FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE TABLE alteration_archive (x integer)",
        "CREATE TYPE alteration_archive AS ENUM ('x')",
        "CREATE TABLE heir () INHERITS (alteration_state)",
    ] {
        let (database, mut connection) = claimed().await;
        run(&mut connection, "CREATE SCHEMA elsewhere").await;
        let error = fails(&mut connection, sql).await;
        assert_eq!(error.kind, ErrorKind::Denied, "{sql}");
        // The same, hidden.
        run(&mut connection, &hidden(sql)).await;
        let error = end(&mut connection).await.expect_err(sql);
        let BackendError::Refused(error) = error else { panic!("{sql}: {error}") };
        assert_eq!(error.kind, ErrorKind::Denied, "{sql}");
        assert!(error.message.contains("one of the runner's tables"), "{sql}: {error}");
        connection.rollback().await.expect("rolls back");
        let state = "SELECT id || status FROM alteration_state";
        assert_eq!(database.rows(state), ["1applied"], "{sql}");
    }
}

/// What is known of the tables from the hook before is compared, too.
#[tokio::test]
async fn the_runners_tables_are_out_of_reach_of_a_later_hook() {
    for sql in [
        "UPDATE alteration_state SET status = 'mine'",
        "DELETE FROM alteration_ledger",
        "ALTER TABLE alteration_state ALTER COLUMN status DROP NOT NULL",
        "GRANT UPDATE (status) ON alteration_state TO public",
        "CREATE INDEX i ON alteration_state (status)",
        "DROP TABLE alteration_state",
        "CREATE TABLE alteration_archive (x integer)",
    ] {
        let (database, mut connection) = claimed().await;
        run(&mut connection, "CREATE TABLE first (x integer)").await;
        end(&mut connection).await.expect("ends");
        // What could have been somebody else's is looked at anew once, and then is the hook's.
        let tries = match sql.starts_with(['U', 'D']) && !sql.starts_with("DROP") {
            true => &[false][..],
            false => &[true, false],
        };
        for may_be_anybodys in tries {
            claimed_again(&mut connection).await;
            run(&mut connection, &hidden(sql)).await;
            let error = end(&mut connection).await.expect_err(sql);
            match may_be_anybodys {
                true => assert!(matches!(error, BackendError::Doubtful(_)), "{sql}: {error}"),
                false => assert!(matches!(error, BackendError::Refused(_)), "{sql}: {error}"),
            }
            connection.rollback().await.expect("rolls back");
            assert_eq!(database.rows("SELECT status FROM alteration_state"), ["done"], "{sql}");
        }
        // And an honest one after it goes through.
        claimed_again(&mut connection).await;
        run(&mut connection, "CREATE TABLE last (x integer)").await;
        end(&mut connection).await.expect("ends");
    }
}

/// The operator works on the runner's tables between two hooks, or while the second runs.
#[tokio::test]
async fn what_somebody_else_changed_is_not_the_hooks() {
    let (database, mut connection) = claimed().await;
    end(&mut connection).await.expect("ends");
    let mut operator = connect(database.url()).await;
    for while_it_runs in [false, true] {
        for sql in [
            "GRANT SELECT ON @state TO public",
            "CREATE INDEX i ON @state (status)",
            "DROP INDEX public.i",
        ] {
            if while_it_runs {
                claimed_again(&mut connection).await;
            }
            operator.begin().await.expect("begins");
            operator.run_sql(sql, &[]).await.expect(sql);
            operator.commit().await.expect("commits");
            if !while_it_runs {
                claimed_again(&mut connection).await;
            }
            let error = end(&mut connection).await.expect_err(sql);
            assert!(matches!(error, BackendError::Doubtful(_)), "{sql}: {error}");
            connection.rollback().await.expect("rolls back");
            claimed_again(&mut connection).await;
            end(&mut connection).await.expect(sql);
        }
    }
}

/// Another schema under the name of theirs, with tables of the same names: none of theirs was touched.
#[tokio::test]
async fn the_runners_schema_cannot_be_exchanged() {
    for again in [false, true] {
        let (database, mut connection) = claimed().await;
        if again {
            end(&mut connection).await.expect("ends");
            claimed_again(&mut connection).await;
        }
        run(&mut connection, "ALTER SCHEMA public RENAME TO hidden").await;
        run(&mut connection, "CREATE SCHEMA public").await;
        for (table, columns) in [("state", "id, status"), ("ledger", "revision")] {
            let sql = format!(
                "CREATE TABLE public.alteration_{table} (LIKE hidden.alteration_{table} INCLUDING ALL); \
                 INSERT INTO public.alteration_{table} SELECT {columns} FROM hidden.alteration_{table}"
            );
            run(&mut connection, &hidden(&sql)).await;
        }
        let error = end(&mut connection).await.expect_err("the tables are others");
        match again {
            true => assert!(matches!(error, BackendError::Doubtful(_)), "{error}"),
            false => assert!(matches!(error, BackendError::Refused(_)), "{error}"),
        }
        connection.rollback().await.expect("rolls back");
        assert_eq!(database.rows("SELECT count(*) FROM alteration_state"), ["1"]);
    }
}

/// Where a table had such a thing before, another leaves no trace in the table's own row.
#[tokio::test]
async fn what_hangs_on_the_runners_tables_is_looked_at() {
    let function = "EXECUTE FUNCTION suppress_redundant_updates_trigger()";
    let trigger = |name: &str| {
        format!("CREATE TRIGGER {name} BEFORE UPDATE ON alteration_state FOR EACH ROW {function}")
    };
    let made = |sql: &str| sql.to_owned();
    for (before, sql) in [
        (trigger("one"), trigger("two")),
        (trigger("one"), made("ALTER TABLE alteration_state DISABLE TRIGGER one")),
        (
            made("CREATE RULE one AS ON DELETE TO alteration_state DO ALSO NOTIFY x"),
            made("CREATE RULE two AS ON DELETE TO alteration_state DO INSTEAD NOTHING"),
        ),
        (
            made("CREATE TABLE one () INHERITS (alteration_state)"),
            made("CREATE TABLE two () INHERITS (alteration_state)"),
        ),
        (
            made("CREATE TABLE one (id bigint REFERENCES alteration_state)"),
            made("CREATE TABLE two (id bigint REFERENCES alteration_state)"),
        ),
    ] {
        let (database, mut connection) = claimed().await;
        connection.rollback().await.expect("rolls back");
        let mut operator = connect(database.url()).await;
        operator.begin().await.expect("begins");
        operator.run_sql("SET LOCAL search_path = public", &[]).await.expect("sets");
        operator.run_sql(&before, &[]).await.expect(&before);
        operator.commit().await.expect("commits");
        claimed_again(&mut connection).await;
        run(&mut connection, &hidden(&sql)).await;
        let error = end(&mut connection).await.expect_err(&sql);
        assert!(error.to_string().contains("one of the runner's tables"), "{sql}: {error}");
        connection.rollback().await.expect("rolls back");
        claimed_again(&mut connection).await;
        end(&mut connection).await.expect("an honest one ends");
    }
}

/// What an honest hook leaves for the commit itself.
#[tokio::test]
async fn what_ends_with_the_transaction_ends() {
    let (database, mut connection) = claimed().await;
    for sql in [
        "CREATE TEMPORARY TABLE brief ON COMMIT DROP AS SELECT 1 AS x",
        "CREATE TABLE kept (x integer PRIMARY KEY, y integer REFERENCES kept DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO kept VALUES (1, 2), (2, 1)",
        "NOTIFY somebody",
        "SELECT lo_from_bytea(0, 'x')",
    ] {
        run(&mut connection, sql).await;
    }
    end(&mut connection).await.expect("ends");
    assert_eq!(database.rows("SELECT count(*) FROM kept"), ["2"]);
    claimed_again(&mut connection).await;
    run(&mut connection, "CREATE TABLE after (x integer)").await;
    end(&mut connection).await.expect("the next one can write");
}

/// A hook finds no setting of an earlier one, and none that it did not find before.
#[tokio::test]
async fn settings_end_with_their_hook() {
    let (_database, mut connection) = claimed().await;
    let shown = "SELECT current_setting('standard_conforming_strings') || ' ' \
        || current_setting('work_mem') || ' ' || current_setting('search_path') || ' ' || current_user";
    let before = rows(&mut connection, shown).await;
    for sql in [
        "SET work_mem = '1MB'".to_owned(),
        "SET search_path = nowhere".to_owned(),
        hidden("SET standard_conforming_strings = off"),
    ] {
        run(&mut connection, &sql).await;
    }
    assert_ne!(rows(&mut connection, shown).await, before);
    end(&mut connection).await.expect("ends");
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    assert_eq!(rows(&mut connection, shown).await, before);
}

/// Names, operators and casts of a hook's own do not get into the runner's statements.
#[tokio::test]
async fn shadows_are_not_seen() {
    let (database, mut connection) = claimed().await;
    for sql in [
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine.pg_current_xact_id_if_assigned() RETURNS text LANGUAGE sql AS 'SELECT ''x'''",
        "CREATE FUNCTION mine.lie(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
        "CREATE OPERATOR mine.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = mine.lie)",
        "CREATE TEMP TABLE pg_class (relname text)",
        "SET search_path = mine, pg_catalog",
        "CREATE TABLE seen (x bigint)",
        "CREATE FUNCTION mine.back() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
            SET search_path = mine, pg_catalog; RETURN NULL; END $f$",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON mine.seen DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION mine.back()",
        "INSERT INTO seen VALUES (1)",
    ] {
        run(&mut connection, sql).await;
    }
    let update = "UPDATE @state SET status = 'done' WHERE id = ?";
    let record = vec![Own::one_row(update, [Cell::Integer(Some(1))])];
    connection.end_hook(record).await.expect("updates");
    assert_eq!(database.rows("SELECT status FROM alteration_state"), ["done"]);
}

#[tokio::test]
async fn the_next_hook_finds_nothing() {
    let (_database, mut connection) = claimed().await;
    for sql in [
        "CREATE SEQUENCE s",
        "SELECT nextval('s')",
        "CREATE TEMP TABLE left_over (x integer)",
        "SET search_path = nowhere",
        "SET statement_timeout = 1",
        "SET my.own = 'x'",
    ] {
        run(&mut connection, sql).await;
    }
    end(&mut connection).await.expect("ends");
    enter(&mut connection).await;
    let found = rows(
        &mut connection,
        "SELECT current_setting('search_path'), current_setting('statement_timeout'),
            current_setting('tcp_keepalives_idle'),
            coalesce(current_setting('my.own', true), ''), to_regclass('pg_temp.left_over') IS NULL",
    )
    .await;
    assert_eq!(
        found,
        [vec![text("\"$user\", public"), text("0"), text("30"), text(""), Value::Boolean(true)]]
    );
    assert!(fails(&mut connection, "SELECT lastval()").await.message.contains("lastval"));
}

/// A notification could come in the middle of the answer to a commit.
#[tokio::test]
async fn nobody_listens_beyond_the_hook() {
    let (database, mut connection) = claimed().await;
    run(&mut connection, &hidden("LISTEN news")).await;
    run(&mut connection, "NOTIFY news").await;
    end(&mut connection).await.expect("ends");
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    run(&mut connection, &hidden("LISTEN news")).await;
    run(&mut connection, "NOTIFY news").await;
    connection.commit().await.expect("commits");
    database.sql("NOTIFY news");
    connection.begin().await.expect("begins");
    connection.commit().await.expect("commits");
}

#[tokio::test]
async fn the_lock_cannot_be_given_away() {
    let key = format!("({}, {})", lock::CLASS, lock::key("public"));
    for sql in [
        "SELECT pg_advisory_unlock_all()".to_owned(),
        format!("SELECT pg_advisory_unlock{key}"),
        format!("SELECT pg_advisory_unlock{key}, pg_advisory_xact_lock{key}"),
    ] {
        let (_database, mut connection) = claimed().await;
        run(&mut connection, &hidden(&sql)).await;
        let error = end(&mut connection).await.expect_err("the lock is gone");
        assert!(error.to_string().contains("lock"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn the_lock_is_held_through_hooks_and_then_given_back() {
    let (database, mut connection) = claimed().await;
    end(&mut connection).await.expect("ends");
    let mut other = connect(database.url()).await;
    assert!(matches!(other.try_lock().await.expect("asks"), LockTry::HeldBy(_)));
    connection.unlock().await;
    assert!(matches!(other.try_lock().await.expect("asks"), LockTry::Held));
}

#[tokio::test]
async fn another_role_does_not_stay() {
    let (database, mut connection) = claimed().await;
    let role = format!("r_{}", database.name());
    database.admin_sql(&format!("CREATE ROLE {role}; GRANT {role} TO {};", servers::USER));
    run(&mut connection, &hidden(&format!("SET ROLE {role}"))).await;
    let user = "SELECT current_user::text";
    assert_eq!(rows(&mut connection, user).await, [[text(&role)]]);
    end(&mut connection).await.expect("as itself");
    database.admin_sql(&format!("DROP ROLE {role};"));
}

#[tokio::test]
async fn transaction_control_is_refused() {
    for sql in [
        "COMMIT",
        "END",
        "ROLLBACK",
        "ABORT",
        "BEGIN",
        "START TRANSACTION",
        "SAVEPOINT x",
        "RELEASE x",
        "ROLLBACK TO x",
        "/**/ commit",
        "COMMIT AND CHAIN",
        "PREPARE TRANSACTION 'x'",
        "SET TRANSACTION READ ONLY",
        "PREPARE p AS SELECT 1",
        "DEALLOCATE ALL",
        "DISCARD ALL",
        "COPY pg_class TO STDOUT",
        "DECLARE c CURSOR FOR SELECT 1",
    ] {
        let (_database, mut connection) = hook().await;
        assert_eq!(fails(&mut connection, sql).await.kind, ErrorKind::Denied, "{sql}");
        assert_eq!(
            connection.query(sql, vec![], PLENTY).await.unwrap_err().kind,
            ErrorKind::Denied
        );
        // The server refuses what no tokenizer can see, where it would end the transaction.
        let harmless = ["PREPARE p", "DEALLOCATE", "DECLARE", "SET TRANSACTION"];
        let run = connection.execute(&hidden(sql), vec![]).await;
        assert!(run.is_err() || harmless.iter().any(|verb| sql.starts_with(verb)), "{sql}");
        assert!(connection.is_in_transaction().await.expect("asks"), "{sql}");
    }
}
