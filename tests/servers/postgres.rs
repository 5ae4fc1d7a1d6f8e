//! PostgreSQL: starts, gives databases, recovers, and leaves nothing behind.

use crate::support::{
    block_on,
    servers::{Postgres, is_alive},
};
use sqlx::{Connection as _, PgConnection};

#[test]
fn databases_are_apart() {
    let (one, two) = (Postgres::shared().database(), Postgres::shared().database());
    assert_ne!(one.url(), two.url());
    one.sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('a\nb'), (NULL);");
    assert_eq!(one.rows("SELECT x, 1 FROM t ORDER BY x"), ["a\nb", "NULL"]);
    assert!(one.rows("SELECT 1 WHERE false").is_empty());
    assert_eq!(two.rows("SELECT to_regclass('t') IS NULL"), ["t"]);
    let name = one.name().to_owned();
    drop(one);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(two.rows(&left), ["0"]);
}

#[test]
fn the_url_needs_its_password() {
    let database = Postgres::shared().database();
    let connects = |url: &str| block_on(PgConnection::connect(url)).is_ok();
    assert!(connects(database.url()));
    assert!(!connects(&database.url().replace("s3cret", "wrong")));
    assert_eq!(
        database.rows("SELECT rolsuper FROM pg_roles WHERE rolname = 'runner'"),
        ["f"],
        "an operator is no superuser"
    );
}

#[test]
fn a_stopped_server_comes_back_with_its_data() {
    let server = Postgres::own();
    let database = server.database();
    database.sql("CREATE TABLE t (x integer); INSERT INTO t VALUES (1);");
    block_on(async {
        let mut connection = PgConnection::connect(database.url()).await.expect("connects");
        server.stop_immediate();
        assert!(connection.ping().await.is_err(), "the connection is cut");
        assert!(PgConnection::connect(database.url()).await.is_err(), "nobody listens");
    });
    server.restart();
    assert_eq!(database.rows("SELECT x FROM t"), ["1"]);
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let server = Postgres::with_settings(&[("fsync", "off")]);
    let pid = server.pid().expect("it runs");
    let folder = server.folder().to_owned();
    assert!(is_alive(pid) && folder.exists());
    drop(server);
    assert!(!is_alive(pid) && !folder.exists());
}

/// With pg_dump, where the one at hand reads the server, and by the catalogue where it is too old.
#[test]
fn equal_databases_have_equal_dumps() {
    for server in [Postgres::shared(), Postgres::shared_of(13), Postgres::shared_of(18)] {
        let filled = |rows: &str| {
            let database = server.database();
            database.sql(&format!(
                "CREATE TABLE t (x integer, y text); INSERT INTO t VALUES {rows};
                 CREATE TABLE alteration_state (x integer GENERATED ALWAYS AS IDENTITY);"
            ));
            database
        };
        let one = filled("(1, 'a'), (2, E'b\n\n-- c\n);'), (10, 'd')");
        let dump = one.dump();
        let other = filled("(2, E'b\n\n-- c\n);'), (10, 'd'), (1, 'a')");
        assert_eq!(dump, other.dump());
        assert_ne!(dump, filled("(2, E'b\n\n-- c\n);'), (10, 'd')").dump());
        assert!(dump.contains("public.t") || dump.contains("relation t"), "{dump}");
        assert!(dump.contains("'d'") || dump.contains(",d)"), "{dump}");
        assert!(!dump.contains("alteration_"), "{dump}");
        for change in [
            "ALTER TABLE t ALTER y SET NOT NULL",
            "ALTER TABLE t ADD z integer",
            "CREATE INDEX ON t (x)",
            "ALTER TABLE t ADD CHECK (x > 0)",
            "CREATE VIEW v AS SELECT 1",
            "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "CREATE SEQUENCE s",
            "SELECT nextval('s')",
            "CREATE TYPE e AS ENUM ('a')",
            "CREATE DOMAIN d AS integer CHECK (value > 0)",
            "CREATE SCHEMA more",
            "CREATE TABLE more.empty ()",
        ] {
            let before = other.dump();
            other.sql(&format!("{change};"));
            assert_ne!(other.dump(), before, "{change}");
        }
    }
}
