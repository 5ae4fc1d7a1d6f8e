//! A sandbox asks its database the same questions, wherever the database is.

use crate::support::Place;

#[test]
fn rows_state_and_dump() {
    for sandbox in Place::ALL.map(Place::sandbox) {
        sandbox.sql(
            "CREATE TABLE alteration_state (plugin varchar(9), id varchar(9), status varchar(9));
             INSERT INTO alteration_state VALUES ('b', '2', 'failed'), ('a', '1', 'applied');
             CREATE TABLE t (x integer);",
        );
        assert_eq!(sandbox.state(), ["a 1 applied", "b 2 failed"]);
        let empty = sandbox.dump();
        assert!(!empty.contains("alteration_state"), "{empty}");
        sandbox.sql("INSERT INTO t VALUES (2), (1);");
        assert_eq!(sandbox.rows("SELECT x, 'more' FROM t ORDER BY x"), ["1", "2"]);
        assert_ne!(sandbox.dump(), empty);
        sandbox.sql("DELETE FROM t;");
        assert_eq!(sandbox.dump(), empty);
    }
}

#[test]
fn the_runner_is_told_where() {
    for sandbox in Place::ALL.map(Place::sandbox).into_iter().skip(1) {
        let command = sandbox.command(&[]);
        let told = command.get_envs().find(|(name, _)| *name == "DATABASE_URL");
        assert_eq!(told.and_then(|(_, url)| url?.to_str()), Some(sandbox.server().url()));
    }
}
