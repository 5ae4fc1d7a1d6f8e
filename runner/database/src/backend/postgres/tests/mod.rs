//! The connection against real servers: a throw-away PostgreSQL, and PgBouncer before it.

use crate::alteration::ForeignKeys;
use crate::backend::servers;
use crate::sql::Level;

mod ahead;
mod confined;
mod connecting;
mod cursors;
mod cut;
mod ending;
mod meaning;
mod messages;
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
        connection::{
            Cell, Connection, HookMode, HookSettings, Journaling as _, LockTry, Locking as _,
            Places as _, Rehearses as _, RunsOutside as _, Transactions as _,
        },
        recorded::Verbs,
        transaction::{Durability, End, Guest, Own, Start, TxError},
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
    HookSettings {
        mode,
        level: Level::Guarded,
        lock_wait: Duration::from_secs(5),
        statement_time: None,
        foreign_keys: ForeignKeys::Checked,
    }
}

/// A database and a connection to it in the transaction of a hook.
async fn hook() -> (Database, PostgresConnection) {
    let database = Postgres::shared().database();
    let mut connection = connect(database.url()).await;
    enter(&mut connection).await;
    (database, connection)
}

async fn enter(connection: &mut PostgresConnection) {
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
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

/// A hook, under the lock, with a ledger and the row of a claim.
async fn claimed() -> (Database, PostgresConnection) {
    claimed_with(&options(Access::Create)).await
}

async fn claimed_with(options: &ConnectOptions) -> (Database, PostgresConnection) {
    let database = Postgres::shared().database();
    let mut connection = connect_with(database.url(), options).await.expect("connects");
    assert!(matches!(connection.try_lock().await.expect("asks"), LockTry::Held));
    connection.begin().await.expect("begins");
    for sql in [
        "CREATE TABLE @ledger (revision bigint PRIMARY KEY)",
        "CREATE TABLE @state (id bigint PRIMARY KEY, status text NOT NULL)",
        "INSERT INTO @ledger VALUES (1)",
        "INSERT INTO @state VALUES (1, 'applied')",
    ] {
        connection.run_sql(sql, &[]).await.expect(sql);
    }
    connection.commit().await.expect("commits");
    claim(&mut connection, 2).await;
    (database, connection)
}

async fn end(connection: &mut PostgresConnection) -> Result<(), BackendError> {
    connection.end_hook(vec![Own::one_row("UPDATE @state SET status = 'done'", [])]).await
}

/// Another hook on a connection that had one before.
async fn claimed_again(connection: &mut PostgresConnection) {
    claim(connection, 3).await;
}

async fn claim(connection: &mut PostgresConnection, revision: i64) {
    let claim = Own::one_row("UPDATE @ledger SET revision = ?", [Cell::integer(revision)]);
    let start = Start::entering(vec![claim], settings(HookMode::Transaction));
    connection.start(start).await.expect("enters");
}
