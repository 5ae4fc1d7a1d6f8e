//! The connection against real servers: a throw-away PostgreSQL, and PgBouncer before it.

use crate::backend::servers;

mod confined;
mod connecting;
mod cursors;
mod cut;
mod outside;
mod pooled;
mod random;
mod scripts;
mod statements;
mod transactions;
mod unflushed;
mod values;
mod writers;

use super::{PostgresConnection, PostgresConnector};
use crate::{
    backend::{
        Access, BackendError, ConnectOptions,
        connection::{Connection, HookMode, HookSettings},
    },
    session::{ResultLimit, Row, Session, SqlError, SqlLimits, Value},
};
use servers::{Database, Postgres};
use std::time::Duration;

const PLENTY: ResultLimit = ResultLimit { rows_max: 100_000, bytes_max: 256 << 20 };

fn options(access: Access) -> ConnectOptions {
    let limits = SqlLimits { sql_bytes_max: 8 << 20, value_bytes_max: 128 << 20, cursors_max: 8 };
    ConnectOptions::new(access, limits)
}

async fn connect_with(
    url: &str,
    options: &ConnectOptions,
) -> Result<PostgresConnection, BackendError> {
    PostgresConnector::new(&url.parse().expect("a URL"), options)?.open().await
}

async fn connect(url: &str) -> PostgresConnection {
    connect_with(url, &options(Access::Create)).await.expect("connects")
}

fn settings(mode: HookMode) -> HookSettings {
    HookSettings { mode, lock_wait: Duration::from_secs(5), statement_time: None }
}

/// A database and a connection to it in the transaction of a hook.
async fn hook() -> (Database, PostgresConnection) {
    let database = Postgres::shared().database();
    let mut connection = connect(database.url()).await;
    enter(&mut connection).await;
    (database, connection)
}

async fn enter(connection: &mut PostgresConnection) {
    connection.begin().await.expect("begins");
    connection.enter_hook(settings(HookMode::Transaction)).await.expect("enters");
}

async fn run(connection: &mut PostgresConnection, sql: &str) {
    connection.execute(sql, vec![]).await.expect(sql);
}

async fn fails(connection: &mut PostgresConnection, sql: &str) -> SqlError {
    connection.execute(sql, vec![]).await.expect_err(sql)
}

async fn rows(connection: &mut PostgresConnection, sql: &str) -> Vec<Row> {
    connection.query(sql, vec![], PLENTY).await.expect(sql).rows
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A statement that runs another one whose text no tokenizer can see.
fn hidden(sql: &str) -> String {
    format!(
        "DO $$ BEGIN EXECUTE convert_from('{}', 'UTF8'); END $$",
        super::text::hex(sql.as_bytes())
    )
}
