//! MySQL: starts, gives databases, recovers, and leaves nothing behind.

use crate::support::{
    block_on,
    servers::{Mysql, is_alive},
};
use sqlx::{Connection as _, MySqlConnection};

#[test]
fn databases_are_apart() {
    let Some(server) = Mysql::shared() else { return };
    let (one, two) = (server.database(), server.database());
    assert_ne!(one.url(), two.url());
    one.sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('a\\nb\\\\ü🦀'), (NULL);");
    assert_eq!(one.rows("SELECT x, 1 FROM t ORDER BY x IS NULL"), ["a\nb\\ü🦀", "NULL"]);
    let name = one.name().to_owned();
    drop(one);
    assert!(two.rows(&format!("SHOW DATABASES LIKE '{name}'")).is_empty());
}

/// What differs from MariaDB, and what is on because it is on as installed.
#[test]
fn it_is_mysql_with_tls_and_a_binary_log() {
    let Some(server) = Mysql::shared() else { return };
    let database = server.database();
    assert_eq!(database.rows("SELECT @@version LIKE '%MariaDB%', @@log_bin"), ["0"]);
    assert_eq!(database.rows("SELECT @@log_bin"), ["1"]);
    block_on(async {
        let mut connection = MySqlConnection::connect(database.url()).await.expect("connects");
        let cipher = "SELECT variable_value FROM performance_schema.session_status
            WHERE variable_name = 'Ssl_cipher'";
        let cipher = sqlx::query_scalar::<_, String>(cipher).fetch_one(&mut connection).await;
        assert_ne!(cipher.expect("reads"), "");
        let wrong = database.url().replace("s3cret", "wrong");
        assert!(MySqlConnection::connect(&wrong).await.is_err());
    });
}

#[test]
fn a_killed_server_comes_back_with_its_data_and_a_dropped_one_leaves_nothing() {
    if Mysql::is_left_out() {
        return;
    }
    let server = Mysql::own();
    let database = server.database();
    database.sql("CREATE TABLE t (x integer); INSERT INTO t VALUES (1);");
    server.stop_immediate();
    server.restart();
    assert_eq!(database.rows("SELECT x FROM t"), ["1"]);
    let pid = server.pid().expect("it runs");
    let folder = server.folder().to_owned();
    assert!(is_alive(pid) && folder.exists());
    drop(server);
    assert!(!is_alive(pid) && !folder.exists());
}

#[test]
fn equal_databases_have_equal_dumps() {
    let Some(server) = Mysql::shared() else { return };
    let filled = |rows: &str| {
        let database = server.database();
        database.sql(&format!(
            "CREATE TABLE t (x integer, y text); INSERT INTO t VALUES {rows};
             CREATE TABLE alteration_state (x integer AUTO_INCREMENT PRIMARY KEY);"
        ));
        database
    };
    let one = filled("(1, 'a'), (2, 'b\\n\\n-- c\\n);'), (10, 'd')");
    let dump = one.dump();
    assert_eq!(dump, filled("(2, 'b\\n\\n-- c\\n);'), (10, 'd'), (1, 'a')").dump());
    assert_ne!(dump, filled("(2, 'b\\n\\n-- c\\n);'), (10, 'd')").dump());
    assert!(dump.contains("CREATE TABLE `t`") && dump.contains("'d'"), "{dump}");
    assert!(!dump.contains("alteration_"), "{dump}");
    assert_eq!(one.copy().dump(), dump);
}
