//! The connection on real servers of MariaDB and MySQL, started by the tests.

mod apart;
mod cluster;
mod connecting;
mod cuts;
mod native;
mod session;
mod transactions;
mod values;
mod verdicts;

use super::{MysqlConnection, MysqlConnector};
use crate::alteration::ForeignKeys;
use crate::sql::Level;
use crate::{
    backend::{
        Access, BackendError, ConnectOptions, DatabaseUrl,
        connection::{
            Connection as _, HookMode, HookSettings, Journaling as _, Locking as _, Sessions as _,
            Transactions as _,
        },
        proxy,
        recorded::Verbs as _,
        servers,
        transaction::{Durability, End, Own, Start, TxError},
    },
    session::{ErrorKind, Outcome, ResultLimit, Row, Session as _, SqlError, SqlLimits, Value},
};
use servers::{Database, Mariadb, Mysql};
use std::time::Duration;

const PLENTY: ResultLimit = ResultLimit { rows_max: 100_000, bytes_max: 64 << 20 };

fn options(access: Access) -> ConnectOptions {
    let limits = SqlLimits { sql_bytes_max: 4 << 20, value_bytes_max: 256 << 20, cursors_max: 4 };
    ConnectOptions::new(access, limits)
}

fn url(text: &str) -> DatabaseUrl {
    text.parse().expect("a URL")
}

fn connector(database: &Database) -> MysqlConnector {
    MysqlConnector::new(&url(database.url()), &options(Access::Write))
}

async fn open(database: &Database) -> MysqlConnection {
    connector(database).open().await.expect("connects")
}

fn settings(mode: HookMode) -> HookSettings {
    HookSettings {
        mode,
        level: Level::Guarded,
        lock_wait: Duration::from_secs(5),
        statement_time: None,
        foreign_keys: ForeignKeys::Checked,
    }
}

/// A fresh database, and a connection to it in a hook's transaction.
async fn hook(mode: HookMode) -> (Database, MysqlConnection) {
    let database = Mariadb::shared().database();
    let mut connection = open(&database).await;
    connection.enter(settings(mode)).await.expect("enters");
    (database, connection)
}

/// A server of the test's own, of either make.
enum TestServer {
    Mariadb(Mariadb),
    Mysql(Mysql),
}

impl TestServer {
    fn database(&self) -> Database {
        match self {
            Self::Mariadb(server) => server.database(),
            Self::Mysql(server) => server.database(),
        }
    }

    fn is_mysql(&self) -> bool {
        matches!(self, Self::Mysql(_))
    }
}

/// Both servers, with these options.
fn servers_with(options: &[&str]) -> Vec<TestServer> {
    let mysql = || TestServer::Mysql(Mysql::with_options(options));
    let mariadb = TestServer::Mariadb(Mariadb::with_options(options));
    std::iter::once(mariadb).chain((!Mysql::is_left_out()).then(mysql)).collect()
}

async fn execute(connection: &mut MysqlConnection, sql: &str) -> Outcome {
    connection.execute(sql, vec![]).await.expect(sql)
}

async fn fails(connection: &mut MysqlConnection, sql: &str, params: Vec<Value>) -> SqlError {
    connection.execute(sql, params).await.expect_err(sql)
}

async fn rows(connection: &mut MysqlConnection, sql: &str) -> Vec<Row> {
    connection.query(sql, vec![], PLENTY).await.expect(sql).rows
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
