//! Servers with other settings than a fresh one: what a hook's SQL means there, what its values are,
//! and that the runner's own work is the same.

use super::*;

/// Modes that change how a text is read or what it does, all at once.
const MODES: &str = "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,\
     HIGH_NOT_PRECEDENCE,IGNORE_SPACE,REAL_AS_FLOAT,NO_UNSIGNED_SUBTRACTION,ONLY_FULL_GROUP_BY";

/// A zone whose clocks go back by an hour at 01:00 UTC on 27 October 2024, and forth on 31 March.
const ZONE: &str = "
    INSERT INTO mysql.time_zone (use_leap_seconds) VALUES ('N');
    SET @zone = LAST_INSERT_ID();
    INSERT INTO mysql.time_zone_name VALUES ('Test/Berlin', @zone);
    INSERT INTO mysql.time_zone_transition_type VALUES
        (@zone, 0, 3600, 0, 'CET'), (@zone, 1, 7200, 1, 'CEST');
    INSERT INTO mysql.time_zone_transition VALUES
        (@zone, 0, 0), (@zone, 1711846800, 1), (@zone, 1729990800, 0);";

fn instant(text: &str) -> Value {
    Value::Timestamptz(text.to_owned())
}

/// A hook on `database`, whose session has what the server gives it now.
pub(super) async fn hook_on(database: &Database) -> MysqlConnection {
    let mut connection = open(database).await;
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    connection
}

/// What the server's own client gets from the same text.
fn by_the_client(database: &Database, sql: &str, read: &str) -> Vec<String> {
    database.sql(sql);
    let rows = database.rows(read);
    database.sql("DELETE FROM t");
    rows
}

#[tokio::test]
async fn a_text_means_what_it_means_to_the_client() {
    for server in servers_with(&["--default-time-zone=+05:00", &format!("--sql-mode={MODES}")]) {
        let database = server.database();
        database.sql("CREATE TABLE t (a timestamp NULL, b datetime, c varchar(99), d int)");
        let sql = r#"INSERT INTO t VALUES ('2024-01-01 00:00:00', CAST(NOW() AS DATE),
            'it''s a \' || "t"."c" || ';', NOT 1 BETWEEN -5 AND 5)"#;
        let sql = &sql.replace(r#""t"."c""#, "CHAR (65)");
        let read = "SELECT CONCAT_WS(' ', UNIX_TIMESTAMP(a), b, c, d) FROM t";
        let expected = by_the_client(&database, sql, read);
        assert!(expected[0].starts_with("1704049200 "), "{expected:?}");
        let mut connection = hook_on(&database).await;
        execute(&mut connection, sql).await;
        connection.commit().await.expect("commits");
        assert_eq!(database.rows(read), expected);
    }
}

/// Names of functions are names of tables, as for the client, unless the server itself says otherwise.
#[tokio::test]
async fn the_mode_is_the_one_that_the_client_has() {
    for mode in ["STRICT_TRANS_TABLES", "", "IGNORE_SPACE,ANSI_QUOTES", "ANSI"] {
        for server in servers_with(&[&format!("--sql-mode={mode}")]) {
            let database = server.database();
            let expected = database.rows("SELECT @@sql_mode");
            let mut connection = hook_on(&database).await;
            let found = rows(&mut connection, "SELECT @@sql_mode").await;
            assert_eq!(found, [[text(&expected.concat())]], "{mode}");
            if expected.concat().contains("IGNORE_SPACE") {
                continue;
            }
            for name in ["position", "count", "trim", "now", "min", "max"] {
                execute(&mut connection, &format!("CREATE TABLE {name} (a int)")).await;
            }
        }
    }
}

/// What a hook creates keeps the modes under which it was made.
#[tokio::test]
async fn routines_and_triggers_keep_the_servers_modes() {
    for server in
        servers_with(&[&format!("--sql-mode={MODES}"), "--log-bin-trust-function-creators=1"])
    {
        let database = server.database();
        let mut connection = hook_on(&database).await;
        execute(&mut connection, "CREATE TABLE t (a int, b varchar(9))").await;
        let trigger =
            r#"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW."b" = 'x\' || NEW.a"#;
        execute(&mut connection, trigger).await;
        execute(&mut connection, "CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1").await;
        let modes = |list: &str, schema: &str| {
            format!(
                "SELECT sql_mode FROM information_schema.{list} WHERE {schema}_schema = DATABASE()"
            )
        };
        let given = database.rows("SELECT @@sql_mode");
        assert!(given[0].contains("ANSI_QUOTES"), "{given:?}");
        assert_eq!(database.rows(&modes("triggers", "trigger")), given);
        assert_eq!(database.rows(&modes("routines", "routine")), given);
        execute(&mut connection, "INSERT INTO t (a) VALUES (7)").await;
        assert_eq!(database.rows("SELECT b FROM t"), [r"x\7"]);
    }
}

/// The tokenizer reads quotes as the server does: nothing hides in them, and nothing harmless is refused.
#[tokio::test]
async fn quotes_are_read_as_the_server_reads_them() {
    for server in servers_with(&["--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]) {
        let database = server.database();
        let mut connection = hook_on(&database).await;
        let refused =
            [r#"DELETE FROM "alteration_state""#, r"SELECT 'a\'; DROP DATABASE app; -- '"];
        for sql in refused {
            let error = fails(&mut connection, sql, vec![]).await;
            assert!(matches!(error.kind, ErrorKind::Denied | ErrorKind::Syntax), "{sql}: {error}");
        }
        let found = rows(&mut connection, r#"SELECT 'a\' AS "b;c""#).await;
        assert_eq!(found, [[text("a\\")]]);
        let script = crate::session::Script::new(r"SELECT 'a\'; SELECT ';'").expect("a script");
        let length = connection.statement_length(&script, 0).await.expect("reads");
        assert_eq!(length, Some(12));
    }
}

#[tokio::test]
async fn characters_are_read_as_they_were_written() {
    for server in servers_with(&["--sql-mode=PAD_CHAR_TO_FULL_LENGTH"]) {
        let database = server.database();
        database.sql("CREATE TABLE t (a char(5)); INSERT INTO t VALUES ('ab')");
        let mut connection = hook_on(&database).await;
        assert_eq!(rows(&mut connection, "SELECT a FROM t").await, [[text("ab")]]);
        // But what the text itself does with them is the server's business.
        execute(&mut connection, "CREATE TABLE c (a varchar(9))").await;
        execute(&mut connection, "INSERT INTO c SELECT CONCAT(a, '|') FROM t").await;
        assert_eq!(rows(&mut connection, "SELECT a FROM c").await, [[text("ab   |")]]);
    }
}

#[tokio::test]
async fn modes_of_another_language_are_refused_before_anything_runs() {
    for mode in ["ORACLE", "MSSQL"] {
        let server = Mariadb::with_options(&[&format!("--sql-mode={mode}")]);
        let database = server.database();
        let refused = connector(&database).open().await.expect_err(mode);
        assert!(
            matches!(&refused, BackendError::Mode { mode: found, .. } if found == mode),
            "{refused}"
        );
    }
}

/// Instants are the same in every zone, both ways; local times that occur twice are told.
#[tokio::test]
async fn instants_are_exact_in_every_zone() {
    let instants = [
        "1970-01-01T00:00:01Z",
        "1999-12-31T23:59:59.5Z",
        "2024-03-31T00:59:59.999999Z",
        "2024-03-31T01:00:00Z",
        "2024-10-26T23:59:59.999999Z",
        "2024-10-27T02:00:00Z",
        "2038-01-19T03:14:07.999999Z",
    ];
    for server in servers_with(&[]) {
        server.database().admin_sql(ZONE);
        for zone in ["+00:00", "+05:30", "-11:00", "SYSTEM", "Test/Berlin"] {
            server.database().admin_sql(&format!("SET GLOBAL time_zone = '{zone}'"));
            let database = server.database();
            database.sql("CREATE TABLE t (n int PRIMARY KEY, a timestamp(6) NULL)");
            let mut connection = hook_on(&database).await;
            let names = ["n".to_owned(), "a".to_owned()];
            for (n, value) in (0_i64..).zip(instants) {
                let params = vec![Value::Int64(n), instant(value)];
                let done = connection.execute("INSERT INTO t VALUES (?, ?)", params).await;
                done.unwrap_or_else(|error| panic!("{zone} {value}: {error}"));
                let writer = connection.open_writer("t", &names).await.expect("opens");
                let row = vec![Value::Int64(n + 100), instant(value)];
                connection.write(writer, vec![row]).await.expect("writes");
                connection.finish_writer(writer).await.expect("finishes");
            }
            let select = "SELECT a FROM t WHERE n < 100 ORDER BY n";
            let expected: Vec<Row> = instants.iter().map(|text| vec![instant(text)]).collect();
            assert_eq!(rows(&mut connection, select).await, expected, "{zone}");
            let (cursor, _) = connection.open_cursor(select, vec![]).await.expect("opens");
            assert_eq!(connection.fetch(cursor, PLENTY).await.expect("reads"), expected, "{zone}");
            connection.commit().await.expect("commits");
            for (n, value) in (0..).zip(instants) {
                let seconds = format!(
                    "SET time_zone = '+00:00'; SELECT CONCAT(COUNT(*), ' ', MIN(a) = MAX(a), ' ',
                        MIN(a) = '{}') FROM t WHERE n % 100 = {n}",
                    value.trim_end_matches('Z').replace('T', " ")
                );
                assert_eq!(database.rows(&seconds), ["2 1 1"], "{zone} {value}");
            }
        }
    }
}

/// Written by a typed writer they are exact, because it says which of the two it means.
#[tokio::test]
async fn a_local_time_that_occurs_twice_is_an_error() {
    let twice = ["2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"];
    for server in servers_with(&["--default-time-zone=+00:00"]) {
        server.database().admin_sql(ZONE);
        server.database().admin_sql("SET GLOBAL time_zone = 'Test/Berlin'");
        let database = server.database();
        database.sql("CREATE TABLE t (a timestamp NULL, b datetime DEFAULT CURRENT_TIMESTAMP)");
        let mut connection = hook_on(&database).await;
        let writer = connection.open_writer("t", &["a".to_owned()]).await.expect("opens");
        let values = twice.map(|text| vec![instant(text)]).to_vec();
        connection.write(writer, values).await.expect("writes");
        connection.finish_writer(writer).await.expect("finishes");
        let seconds = "SELECT CAST(UNIX_TIMESTAMP(a) AS CHAR) FROM t";
        let found = rows(&mut connection, seconds).await;
        assert_eq!(found, [[text("1729989000")], [text("1729992600")]]);
        let error = connection.query("SELECT a FROM t", vec![], PLENTY).await.expect_err("twice");
        assert_eq!(error.kind, ErrorKind::Conversion);
        for part in ["column a", "2024-10-27T02:30:00", "Test/Berlin", "UNIX_TIMESTAMP(a)"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        let params = vec![instant(twice[1])];
        let done = connection.execute("UPDATE t SET a = ?", params).await;
        let error = done.expect_err("twice");
        assert_eq!(error.kind, ErrorKind::Conversion);
        assert!(error.message.starts_with("parameter 1: "), "{error}");
        // A hook that names its zone is not in doubt.
        connection.rollback().await.expect("rolls back");
        let mut connection = hook_on(&database).await;
        execute(&mut connection, "SET time_zone = '+00:00'").await;
        let insert = "INSERT INTO t (a) VALUES (?), (?)";
        let params = twice.map(instant).to_vec();
        connection.execute(insert, params).await.expect("exact");
        let found = rows(&mut connection, "SELECT a FROM t ORDER BY a").await;
        assert_eq!(found, twice.map(|text| vec![instant(text)]));
        connection.rollback().await.expect("rolls back");
    }
}

/// A typed writer is as strict on a server that is not.
#[tokio::test]
async fn typed_writers_are_strict_everywhere() {
    for server in servers_with(&["--sql-mode="]) {
        let database = server.database();
        database.sql("CREATE TABLE t (a varchar(2), b int) ENGINE=MyISAM");
        let mut connection = hook_on(&database).await;
        // As the server's own client: cut, with a warning.
        execute(&mut connection, "INSERT INTO t VALUES ('abc', 'x')").await;
        let names = ["a".to_owned(), "b".to_owned()];
        for row in [vec![text("abc"), Value::Int64(1)], vec![text("a"), text("x")]] {
            let mut connection = hook_on(&database).await;
            let writer = connection.open_writer("t", &names).await.expect("opens");
            connection.write(writer, vec![row]).await.expect("waits");
            let error = connection.finish_writer(writer).await.expect_err("does not fit");
            assert_eq!(error.kind, ErrorKind::Conversion, "{error}");
            connection.rollback().await.expect("rolls back");
        }
    }
}

/// Every setting that a hook may change, and the next one does not see.
#[tokio::test]
async fn what_a_hook_sets_is_put_back() {
    let sets = [
        "SET foreign_key_checks = 0, unique_checks = 0",
        "SET SESSION group_concat_max_len = 123456, div_precision_increment = 9",
        "SET time_zone = '+03:00'",
        "SET sql_safe_updates = 1",
        "SET default_storage_engine = MyISAM",
        "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_520_ci",
        "SET optimizer_switch = 'index_merge=off'",
        "SET innodb_lock_wait_timeout = 7, lock_wait_timeout = 7",
        "SET sort_buffer_size = 300000, tmp_table_size = 2000000, max_heap_table_size = 2000000",
        "SET sql_notes = 0, sql_warnings = 1",
    ];
    let log = ["--log-bin", "--server-id=1"];
    for server in servers_with(&log) {
        let database = server.database();
        let shown = "SHOW SESSION VARIABLES WHERE Variable_name NOT IN ('timestamp', 'gtid_binlog_pos',
            'gtid_binlog_state', 'gtid_current_pos', 'max_connections', 'last_insert_id', 'identity',
            'gtid_executed', 'rand_seed1', 'rand_seed2', 'in_transaction', 'statement_id', 'pseudo_thread_id', 'insert_id')";
        database.sql("CREATE TABLE t (a int)");
        for set in sets {
            let mut connection = open(&database).await;
            let read = |rows: Vec<sqlx::mysql::MySqlRow>| -> Vec<(String, String)> {
                let text = |row, at| {
                    crate::backend::mysql::value::own_text(row, at)
                        .expect("text")
                        .unwrap_or_default()
                };
                rows.iter().map(|row| (text(row, 0), text(row, 1))).collect()
            };
            let wire = connection.wire().expect("open");
            let before = read(wire.text_rows(shown).await.expect("shows"));
            connection.enter(settings(HookMode::Journaled)).await.expect("enters");
            connection.execute(set, vec![]).await.unwrap_or_else(|error| panic!("{set}: {error}"));
            // Meanwhile, what everybody may do: the log moves, and a variable of all is changed.
            database.admin_sql("INSERT INTO t VALUES (1); SET GLOBAL max_connections = 203");
            connection.commit().await.expect("commits");
            connection.enter(settings(HookMode::Journaled)).await.expect(set);
            let wire = connection.wire().expect("open");
            let after = read(wire.text_rows(shown).await.expect("shows"));
            let moved: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).collect();
            assert!(moved.is_empty(), "{set}: {moved:?}");
            database.admin_sql("SET GLOBAL max_connections = 204");
        }
    }
}

/// Own statements work while a hook has made its session safe.
#[tokio::test]
async fn a_hook_may_make_its_updates_safe() {
    for server in servers_with(&[]) {
        let database = server.database();
        database.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
        let mut connection = hook_on(&database).await;
        let create = "CREATE TABLE @state (id {key} PRIMARY KEY, n {integer})"
            .replace("{key}", connection.own_types().key)
            .replace("{integer}", connection.own_types().integer);
        connection.run_sql(&create, &[]).await.expect("made");
        connection.run_sql("INSERT INTO @state VALUES ('x', 1)", &[]).await.expect("inserted");
        execute(&mut connection, "SET SQL_SAFE_UPDATES = 1").await;
        let error = fails(&mut connection, "UPDATE t SET a = 2", vec![]).await;
        assert!(error.message.contains("safe update"), "{error}");
        let done = connection.execute_own("UPDATE @state SET n = 2 WHERE n = 1", &[]).await;
        assert_eq!(done.expect("updated"), 1);
        let done = connection.execute_own("DELETE FROM @state WHERE n = 2", &[]).await;
        assert_eq!(done.expect("deleted"), 1);
    }
}

/// Where the log takes statements, changes under READ COMMITTED are refused by the server.
#[tokio::test]
async fn a_log_of_statements_is_no_obstacle() {
    for server in servers_with(&["--log-bin", "--server-id=1", "--binlog-format=STATEMENT"]) {
        let database = server.database();
        database.sql("CREATE TABLE t (a int)");
        let mut connection = hook_on(&database).await;
        execute(&mut connection, "INSERT INTO t VALUES (1)").await;
        connection.commit().await.expect("commits");
        assert_eq!(database.rows("SELECT a FROM t"), ["1"]);
    }
}

/// MySQL's VECTOR is no type of sqlx's; that is said, and the session is another one after the rollback.
#[tokio::test]
async fn a_type_that_cannot_be_read_is_named() {
    for server in servers_with(&[]).into_iter().filter(TestServer::is_mysql) {
        let database = server.database();
        database.sql(
            "CREATE TABLE t (a int, embedding vector(3));
             INSERT INTO t VALUES (1, TO_VECTOR('[1,2,3]'))",
        );
        let mut connection = hook_on(&database).await;
        let found = connection.query("SELECT * FROM t", vec![], PLENTY).await;
        let error = found.expect_err("a vector");
        assert_eq!(error.kind, ErrorKind::Conversion, "{error}");
        for part in ["t.embedding", "VECTOR", "HEX"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        connection.rollback().await.expect("rolls back");
        connection.enter(settings(HookMode::Journaled)).await.expect("enters");
        let bytes = rows(&mut connection, "SELECT HEX(embedding) FROM t").await;
        assert_eq!(bytes, [[text("0000803F0000004000004040")]]);
    }
}
