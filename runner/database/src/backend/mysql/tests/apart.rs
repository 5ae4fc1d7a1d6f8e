//! What a hook makes of its session, and the session that is its own.

use super::{native::hook_on, *};
use crate::backend::connection::{Apart, Cell, Connection, SharedConnection};

async fn apart(main: &mut MysqlConnection, last_insert_id: u64) -> SharedConnection {
    let settings = settings(HookMode::Journaled);
    main.open_apart(settings, "tests", last_insert_id).await.expect("opens")
}

fn apart_of(session: &mut dyn Connection) -> &mut dyn Apart {
    session.apart().expect("these databases have it")
}

/// A hook's mode and character sets are its own: what the runner writes and compares is as without them.
#[tokio::test]
async fn the_runners_statements_run_without_what_a_hook_set() {
    for server in servers_with(&[]) {
        let database = server.database();
        database.sql("CREATE TABLE kept (a int, b varchar(20) CHARACTER SET utf8mb4)");
        let mut connection = open(&database).await;
        connection.enter(settings(HookMode::Journaled)).await.expect("enters");
        let about = "ALTER TABLE kept ADD c int";
        let before = connection.fingerprint(about).await.expect("asks");
        execute(
            &mut connection,
            "SET @old = @@sql_mode, sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
        )
        .await;
        execute(&mut connection, "SET NAMES utf8").await;
        assert!(connection.reading().ansi_quotes && !connection.reading().backslash_escapes);
        execute(&mut connection, r#"INSERT INTO "kept" (a, b) VALUES (1, 'x\')"#).await;
        assert_eq!(connection.fingerprint(about).await.expect("asks"), before);
        let own = [Cell::text("\u{1f389}")];
        connection.run_sql("UPDATE kept SET b = ? WHERE 1 = 0", &own).await.expect("writes");
        // Put on again.
        execute(&mut connection, r#"INSERT INTO "kept" (a, b) VALUES (2, 'y\')"#).await;
        execute(&mut connection, "SET sql_mode = @old").await;
        assert!(!connection.reading().ansi_quotes);
        connection.commit().await.expect("commits");
        assert_eq!(database.rows("SELECT b FROM kept ORDER BY a"), ["x\\", "y\\"]);
        connection.rollback().await.expect("ends the hook");
        assert_eq!(
            rows(&mut connection, "SELECT @@character_set_client").await,
            [[text("utf8mb4")]]
        );
    }
}

#[tokio::test]
async fn a_mode_of_another_language_is_refused_however_it_comes() {
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    execute(&mut connection, "SET @mode = 'ORACLE'").await;
    assert_eq!(
        fails(&mut connection, "SET sql_mode = @mode", vec![]).await.kind,
        ErrorKind::Denied
    );
}

/// A character set whose second bytes can be a backslash would end literals elsewhere than the tokenizer sees them end.
/// Of two calls none says it whole.
#[tokio::test]
async fn a_character_set_out_of_a_variable_is_refused_when_it_is_set() {
    for server in servers_with(&[]) {
        let database = server.database();
        let mut main = open(&database).await;
        let shared = apart(&mut main, 0).await;
        let own = &mut *shared.lock().await;
        let mut journaled = open(&database).await;
        journaled.enter(settings(HookMode::Journaled)).await.expect("enters");
        let sessions: [(&mut dyn Connection, &str); 2] =
            [(own, "apart"), (&mut journaled, "journaled")];
        for (session, place) in sessions {
            for sql in ["SET @cs = 'utf8mb4'", "SET character_set_client = @cs"] {
                session
                    .execute(sql, vec![])
                    .await
                    .unwrap_or_else(|e| panic!("{place}, {sql}: {e}"));
            }
            for name in ["character_set_client", "character_set_results"] {
                session.execute("SET @cs = 'gbk'", vec![]).await.expect("a constant");
                let set = format!("SET {name} = @cs");
                let error = session.execute(&set, vec![]).await.expect_err(&set);
                assert_eq!(error.kind, ErrorKind::Denied, "{place}: {error}");
                assert!(error.message.contains(name), "{place}: {error}");
                session.execute(&format!("SET {name} = utf8mb4"), vec![]).await.expect("back");
            }
        }
        let prepared = ["SET @q = CONCAT('SET NAMES ', 'gbk')", "PREPARE s FROM @q", "EXECUTE s"];
        for sql in prepared {
            own.execute(sql, vec![]).await.expect(sql);
        }
        let error = own.execute("SELECT 1", vec![]).await.expect_err("it is read otherwise");
        assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    }
}

#[tokio::test]
async fn executable_comments_are_what_the_server_runs() {
    for server in servers_with(&[]) {
        let database = server.database();
        let mut connection = hook_on(&database).await;
        for sql in [
            "SELECT 'a' /*!50000 'b' */",
            "SELECT 'a' /*!50700 'b' */",
            "SELECT 'a' /*!99999 'b' */",
            "SELECT 'a' /*!100100 'b' */",
            "SELECT 'a' /*M!100100 'b' */",
            "SELECT 'a' /*! 'b' /* x */ 'c' */",
            "SELECT 'a' /*!99999 'b' /* x */ 'c' */",
        ] {
            let expected = database.rows(sql);
            let Value::Text(found) = rows(&mut connection, sql).await[0][0].clone() else {
                panic!("{sql}")
            };
            assert_eq!([found], expected[..], "{sql}");
        }
    }
}

/// As the client would have it: nothing of the runner's in it, and what is in it ends with it.
#[tokio::test]
async fn a_session_of_the_hooks_own() {
    for server in servers_with(&["--log-bin-trust-function-creators=1"]) {
        let database = server.database();
        let mut main = open(&database).await;
        main.begin().await.expect("begins");
        let shared = apart(&mut main, 77).await;
        let session = &mut *shared.lock().await;
        let run = async |session: &mut dyn Connection, sql: &str| {
            session.execute(sql, vec![]).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
        };
        for sql in [
            "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, x bigint) ENGINE=InnoDB",
            "INSERT INTO t (x) VALUES (LAST_INSERT_ID())",
            "INSERT INTO t (x) VALUES (LAST_INSERT_ID())",
            "INSERT INTO t (x) SELECT 0 FROM t",
            "INSERT INTO t (x) VALUES (ROW_COUNT())",
            "CREATE PROCEDURE p() BEGIN SELECT 1, 2; SELECT 'x'; INSERT INTO t (x) VALUES (5); COMMIT; END",
            "CALL p()",
            "LOCK TABLES t WRITE",
            "INSERT INTO t (x) VALUES (6)",
            "UNLOCK TABLES",
            "SET @q = CONCAT('INSERT INTO t (x) VALUES (', 7, ')')",
            "PREPARE s FROM @q",
            "EXECUTE s",
            "DEALLOCATE PREPARE s",
            "CREATE TEMPORARY TABLE tmp (a int)",
            "INSERT INTO tmp VALUES (8)",
            "INSERT INTO t (x) SELECT a FROM tmp",
        ] {
            run(session, sql).await;
        }
        let seen = database.rows("SELECT x FROM t ORDER BY id");
        assert_eq!(seen, ["77", "1", "0", "0", "2", "5", "6", "7", "8"]);
        assert!(!apart_of(session).is_left_open().await.expect("asks"));
        run(session, "START TRANSACTION").await;
        run(session, "DELETE FROM t").await;
        assert!(apart_of(session).is_left_open().await.expect("asks"));
        run(session, "SET autocommit = 0").await;
        run(session, "DELETE FROM t").await;
        assert!(apart_of(session).is_left_open().await.expect("asks"));
        let name = session.sessions().expect("it has a name").session_name();
        session.close().await;
        main.end_session_named(&name).await.expect("it is gone");
        assert_eq!(database.rows("SELECT count(*) FROM t"), ["9"]);
        assert!(main.is_in_transaction().await.expect("asks"), "the operator's is another");
    }
}
