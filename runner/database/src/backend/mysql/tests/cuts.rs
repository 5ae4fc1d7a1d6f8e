//! The connection breaks at every message of a hook; after a rollback it is as good as before.

use super::{
    proxy::{Action, Direction, Fault, Protocol, Proxy},
    *,
};
use crate::backend::connection::LockTry;
use std::net::SocketAddr;

struct Broken {
    /// Whether it was in the middle of the commit, so that either outcome is right.
    in_commit: bool,
    error: String,
}

fn broken(error: impl ToString) -> Broken {
    Broken { in_commit: false, error: error.to_string() }
}

/// A hook that writes one row, with a bit of everything.
async fn write(connection: &mut MysqlConnection, row: i64) -> Result<(), Broken> {
    connection.enter(settings(HookMode::Transaction)).await.map_err(broken)?;
    let insert = "INSERT INTO t VALUES (?, '{}')";
    connection.execute(insert, vec![Value::Int64(row)]).await.map_err(broken)?;
    let (cursor, _) = connection.open_cursor("SELECT * FROM t", vec![]).await.map_err(broken)?;
    connection.fetch(cursor, PLENTY).await.map_err(broken)?;
    connection.rows_of("SELECT COUNT(*) FROM t", &[]).await.map_err(broken)?;
    let ended = connection.finish(End::hook(vec![], Durability::Flushed)).await;
    ended.map(drop).map_err(|error| Broken {
        in_commit: matches!(error, TxError::Commit(_) | TxError::Unknown(_)),
        error: error.to_string(),
    })
}

fn upstream() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], Mariadb::shared().port()))
}

async fn locked(database: &Database, proxy: &Proxy) -> MysqlConnection {
    let through = MysqlConnector::new(&url(&proxy.url(database.url())), &options(Access::Write));
    let mut connection = through.open().await.expect("connects");
    let tried = connection.try_lock().await;
    assert!(matches!(tried, Ok(LockTry::Held)), "{tried:?}");
    // The proxy counts a message a little after it has passed on. Where counting begins in the
    // middle of this answer, it may be broken too, and a rollback mends that as well.
    let _ = connection.rows_of("SELECT 1", &[]).await;
    connection
}

/// Without waiting for the server to see that the session has ended.
async fn end(mut connection: MysqlConnection) {
    connection.unlock().await;
    connection.close().await;
}

/// What must hold after any break: nothing half-done, the lock kept, the next hook goes through.
async fn is_mended(database: &Database, connection: &mut MysqlConnection, what: &str) {
    let mut other = open(database).await;
    assert!(matches!(other.try_lock().await, Ok(LockTry::HeldBy(_))), "{what}: the lock is lost");
    other.close().await;
    let done = write(connection, 2).await;
    assert!(done.is_ok(), "{what}: {}", done.err().map(|b| b.error).unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_at_any_message_is_mended_by_a_rollback() {
    let database = Mariadb::shared().database();
    database.sql("CREATE TABLE t (a int PRIMARY KEY, b json)");
    let whole = Proxy::start(upstream(), Protocol::Mysql, None);
    let mut connection = locked(&database, &whole).await;
    let directions = [Direction::ToServer, Direction::ToClient];
    let before = directions.map(|direction| whole.messages(direction));
    assert!(write(&mut connection, 1).await.is_ok());
    let after = directions.map(|direction| whole.messages(direction));
    end(connection).await;
    let mut struck = 0;
    for (direction, at) in directions.into_iter().zip(0..) {
        assert!(after[at] >= before[at] + 10, "there is something to break");
        // To the server: from the first message of the hook, before its answer, to the last one.
        let from = before[at] + usize::from(direction == Direction::ToServer);
        for after_messages in from..from + after[at] - before[at] {
            for action in [Action::Cut, Action::HalfClose] {
                let fault = Fault { direction, after_messages, action };
                let what = format!("{fault:?}");
                database.sql("DELETE FROM t");
                let proxy = Proxy::start(upstream(), Protocol::Mysql, Some(fault));
                let mut connection = locked(&database, &proxy).await;
                let result = write(&mut connection, 1).await;
                // Also after a commit that was answered: the break may come just behind it.
                loop {
                    connection.rollback().await.expect(&what);
                    // Looked at first: the break may come just behind the answer.
                    let has_struck = proxy.has_struck();
                    let answers = connection.rows_of("SELECT 1", &[]).await.is_ok();
                    if answers && has_struck {
                        break;
                    }
                }
                struck += 1;
                let rows = database.rows("SELECT a FROM t").len();
                match result {
                    Ok(()) => assert_eq!(rows, 1, "{what}"),
                    Err(Broken { in_commit: true, .. }) => assert!(rows <= 1, "{what}"),
                    Err(Broken { error, .. }) => assert_eq!(rows, 0, "{what}: {error}"),
                }
                is_mended(&database, &mut connection, &what).await;
                end(connection).await;
            }
        }
    }
    let places = directions.iter().zip(0..).map(|(_, at)| after[at] - before[at]).sum::<usize>();
    assert_eq!(struck, 2 * places, "cut and half-closed at every place");
}

/// Nothing comes back, and nothing says so: the hook's time-out drops the call.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_went_silent_is_replaced() {
    let database = Mariadb::shared().database();
    database.sql("CREATE TABLE t (a int PRIMARY KEY, b json)");
    let whole = Proxy::start(upstream(), Protocol::Mysql, None);
    let mut connection = locked(&database, &whole).await;
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    let after_messages = whole.messages(Direction::ToServer) + 1;
    connection.rollback().await.expect("rolls back");
    end(connection).await;
    let fault = Fault { direction: Direction::ToServer, after_messages, action: Action::Stall };
    let proxy = Proxy::start(upstream(), Protocol::Mysql, Some(fault));
    let mut connection = locked(&database, &proxy).await;
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    let silent = connection.execute("INSERT INTO t VALUES (1, '{}')", vec![]);
    let stalled = async {
        while !proxy.has_struck() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        result = silent => panic!("it ended: {result:?}"),
        () = stalled => {}
    }
    connection.rollback().await.expect("rolls back");
    assert!(database.rows("SELECT a FROM t").is_empty());
    is_mended(&database, &mut connection, "silence").await;
}
