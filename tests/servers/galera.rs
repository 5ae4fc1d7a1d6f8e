//! Galera: three nodes, each of which takes writes that the others see.

use crate::support::{block_on, servers::Galera};
use sqlx::{Connection as _, MySqlConnection};

#[test]
fn what_one_node_writes_another_reads() {
    let cluster = Galera::start();
    cluster.database().sql("CREATE TABLE t (x integer PRIMARY KEY);");
    block_on(async {
        for node in 0..3 {
            let url = cluster.url(node).replacen("mariadb", "mysql", 1);
            let mut connection = MySqlConnection::connect(&url).await.expect("connects");
            let sql = format!("SET wsrep_sync_wait = 7; INSERT INTO t VALUES ({node});");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("runs");
            let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM t");
            let count = count.fetch_one(&mut connection).await.expect("reads");
            assert_eq!(count, node as i64 + 1);
        }
    });
    // A node that was killed comes back, and with it what was written meanwhile.
    cluster.node(2).stop_immediate();
    cluster.database().sql("INSERT INTO t VALUES (9);");
    cluster.node(2).restart();
    let name = cluster.database().name();
    let role = crate::support::servers::Role::Administrator;
    let rows = cluster.node(2).client().rows(role, name, "SELECT count(*) FROM t");
    assert_eq!(rows, ["4"]);
}
