//! Transactions of several nodes at the same rows of a Galera cluster.

use super::*;
use crate::backend::BackendError;
use servers::Galera;

const TASKS: usize = 2;
const ATTEMPTS: usize = 1_600;
/// Before its cache is full: to forget a statement costs more than all the rest.
const ATTEMPTS_OF_A_CONNECTION: usize = 8;

/// What one task saw: transactions whose commit was answered well.
async fn count_up(url: String, task: usize) -> Vec<String> {
    let connector = MysqlConnector::new(&super::url(&url), &options(Access::Write));
    let mut committed = Vec::new();
    for start in (0..ATTEMPTS).step_by(ATTEMPTS_OF_A_CONNECTION) {
        let mut connection = connector.open().await.expect("connects");
        for attempt in start..start + ATTEMPTS_OF_A_CONNECTION {
            let name = format!("{task}-{attempt}");
            if one_transaction(&mut connection, &name).await.is_ok() {
                committed.push(name);
            } else {
                connection.rollback().await.expect("rolls back");
            }
        }
        connection.close().await;
    }
    committed
}

/// Each text is a new one, so that the server is asked to prepare it; both sides of the connection
/// take part.
async fn one_transaction(connection: &mut MysqlConnection, name: &str) -> Result<(), String> {
    let failed = |error: BackendError| error.to_string();
    let count = Own::run(format!("UPDATE t SET n = n + 1, who = '{name}'"), []);
    let read = Own::rows(format!("SELECT n, '{name}' FROM t"), []);
    let start = Start::entering(vec![count, read], settings(HookMode::Transaction));
    connection.start(start).await.map_err(BackendError::from).map_err(failed)?;
    let log = format!("INSERT INTO log (name) VALUES ('{name}')");
    connection.execute(&log, vec![]).await.map_err(|error| error.to_string())?;
    connection.end_hook(vec![]).await.map_err(failed)
}

/// A cluster rolls back what is in the way of another node, and does not always say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_to_be_committed_is_and_nothing_else() {
    let cluster = Galera::start();
    let database = cluster.database();
    database.sql(
        "CREATE TABLE t (one int PRIMARY KEY, n bigint, who varchar(40));
         INSERT INTO t VALUES (1, 0, '');
         CREATE TABLE log (name varchar(40) PRIMARY KEY);",
    );
    let tasks: Vec<_> =
        (0..TASKS).map(|task| tokio::spawn(count_up(cluster.url(task % 2), task))).collect();
    let mut committed = Vec::new();
    for task in tasks {
        committed.extend(task.await.expect("no panic"));
    }
    committed.sort();
    let mut logged = database.rows("SELECT name FROM log");
    logged.sort();
    let said = |name: &&String| !committed.contains(name);
    let unsaid: Vec<_> = logged.iter().filter(said).collect();
    let lost: Vec<_> = committed.iter().filter(|name| !logged.contains(name)).collect();
    assert!(unsaid.is_empty() && lost.is_empty(), "unsaid {unsaid:?}, lost {lost:?}");
    assert_eq!(database.rows("SELECT n FROM t"), [committed.len().to_string()]);
    assert!(committed.len() < TASKS * ATTEMPTS, "they were in each other's way");
    assert!(!committed.is_empty());
}
