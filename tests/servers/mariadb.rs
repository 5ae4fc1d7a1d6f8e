//! MariaDB: starts, gives databases, recovers, and leaves nothing behind.

use crate::support::{
    block_on,
    servers::{Mariadb, is_alive},
};
use sqlx::{Connection as _, MySqlConnection};

#[test]
fn databases_are_apart() {
    let (one, two) = (Mariadb::shared().database(), Mariadb::shared().database());
    assert_ne!(one.url(), two.url());
    one.sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('a\\nb\\\\ü🦀'), (NULL);");
    assert_eq!(one.rows("SELECT x, 1 FROM t ORDER BY x IS NULL"), ["a\nb\\ü🦀", "NULL"]);
    assert!(one.rows("SELECT 1 FROM dual WHERE false").is_empty());
    assert!(two.rows("SHOW TABLES").is_empty());
    let name = one.name().to_owned();
    drop(one);
    assert!(two.rows(&format!("SHOW DATABASES LIKE '{name}'")).is_empty());
}

#[test]
fn the_url_needs_its_password() {
    let database = Mariadb::shared().database();
    let connects = |url: &str| {
        block_on(MySqlConnection::connect(&url.replacen("mariadb", "mysql", 1))).is_ok()
    };
    assert!(connects(database.url()));
    assert!(!connects(&database.url().replace("s3cret", "wrong")));
}

#[test]
fn a_killed_server_comes_back_with_its_data() {
    let server = Mariadb::own();
    let database = server.database();
    database.sql("CREATE TABLE t (x integer); INSERT INTO t VALUES (1);");
    let url = database.url().replacen("mariadb", "mysql", 1);
    block_on(async {
        let mut connection = MySqlConnection::connect(&url).await.expect("connects");
        server.stop_immediate();
        assert!(connection.ping().await.is_err(), "the connection is cut");
        assert!(MySqlConnection::connect(&url).await.is_err(), "nobody listens");
    });
    server.restart();
    assert_eq!(database.rows("SELECT x FROM t"), ["1"]);
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let server = Mariadb::own();
    let pid = server.pid().expect("it runs");
    let folder = server.folder().to_owned();
    assert!(is_alive(pid) && folder.exists());
    drop(server);
    assert!(!is_alive(pid) && !folder.exists());
}

#[test]
fn equal_databases_have_equal_dumps() {
    let dump = |rows: &str| {
        let database = Mariadb::shared().database();
        database.sql(&format!(
            "CREATE TABLE t (x integer, y text); INSERT INTO t VALUES {rows};
             CREATE TABLE alteration_state (x integer AUTO_INCREMENT PRIMARY KEY);"
        ));
        database.dump().replace(database.name(), "it")
    };
    let one = dump("(1, 'a'), (2, 'b\\n\\n-- c\\n);'), (10, 'd')");
    assert_eq!(one, dump("(2, 'b\\n\\n-- c\\n);'), (10, 'd'), (1, 'a')"));
    assert_ne!(one, dump("(2, 'b\\n\\n-- c\\n);'), (10, 'd')"));
    assert!(one.contains("CREATE TABLE `t`") && one.contains("'d'"), "{one}");
    assert!(!one.contains("alteration_"), "{one}");
}
