//! Transactions of several nodes at the same rows of a Galera cluster.

use super::*;
use crate::backend::{
    BackendError,
    connection::{Apart as _, Connection},
};
use servers::Galera;

const TASKS: usize = 2;
const ATTEMPTS: usize = 1_600;
/// In sessions of hooks' own, unless everything is to be tried. Without the look at the transaction, three of 1,600 lost something.
const ATTEMPTS_APART: usize = 400;
/// Before its cache is full: to forget a statement costs more than all the rest.
const ATTEMPTS_OF_A_CONNECTION: usize = 8;

/// What one task saw: transactions whose commit was answered well.
async fn count_up(url: String, task: usize, is_apart: bool) -> Vec<String> {
    let connector = MysqlConnector::new(&super::url(&url), &options(Access::Write));
    let mut committed = Vec::new();
    let is_full = std::env::var_os("RUNNER_FULL").is_some_and(|full| full == "1");
    let attempts = if is_apart && !is_full { ATTEMPTS_APART } else { ATTEMPTS };
    for start in (0..attempts).step_by(ATTEMPTS_OF_A_CONNECTION) {
        let mut main = connector.open().await.expect("connects");
        let settings = settings(HookMode::Journaled);
        let apart = main.open_apart(settings, &format!("{task}"), 0).await.expect("opens");
        let mut apart = apart.lock().await;
        for attempt in start..start + ATTEMPTS_OF_A_CONNECTION {
            let name = format!("{task}-{attempt}");
            if is_apart {
                match one_apart(&mut *apart, &name).await {
                    Ok(()) => committed.push(name),
                    // Its transaction is rolled back, and the next one begins anew.
                    Err(error) => assert_eq!(error.kind, ErrorKind::Serialization, "{error}"),
                }
            } else if one_transaction(&mut main, &name).await.is_ok() {
                committed.push(name);
            } else {
                main.rollback().await.expect("rolls back");
            }
        }
        apart.close().await;
        main.close().await;
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

/// As a hook does in a session of its own, where what has parameters is prepared.
async fn one_apart(session: &mut dyn Connection, name: &str) -> Result<(), SqlError> {
    let one = || vec![Value::Int64(1)];
    session.execute("START TRANSACTION", vec![]).await?;
    session.execute(&format!("UPDATE t SET n = n + ?, who = '{name}'"), one()).await?;
    session.query(&format!("SELECT n, '{name}' FROM t"), vec![], PLENTY).await?;
    let log = format!("INSERT INTO log (name, n) VALUES ('{name}', ?)");
    session.execute(&log, one()).await?;
    session.execute("COMMIT", vec![]).await.map(drop)
}

/// A cluster rolls back what is in the way of another node, and does not always say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_to_be_committed_is_and_nothing_else() {
    let cluster = Galera::start();
    for is_apart in [false, true] {
        on_two_nodes(&cluster, is_apart).await;
        cluster.database().sql("DROP TABLE t, log;");
    }
}

async fn on_two_nodes(cluster: &Galera, is_apart: bool) {
    let database = cluster.database();
    database.sql(
        "CREATE TABLE t (one int PRIMARY KEY, n bigint, who varchar(40));
         INSERT INTO t VALUES (1, 0, '');
         CREATE TABLE log (name varchar(40) PRIMARY KEY, n int);",
    );
    let start = |task| tokio::spawn(count_up(cluster.url(task % 2), task, is_apart));
    let tasks: Vec<_> = (0..TASKS).map(start).collect();
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
    let (apart, wrong) = (is_apart, unsaid.len() + lost.len());
    assert_eq!(wrong, 0, "apart {apart}: unsaid {unsaid:?}, lost {lost:?}");
    let counted = database.rows("SELECT n FROM t").concat();
    assert_eq!(counted, committed.len().to_string(), "apart {apart}");
    assert!(is_apart || committed.len() < TASKS * ATTEMPTS, "they were in each other's way");
    assert!(!committed.is_empty());
}
