//! A transaction of somebody else's that is open as long as a test wants.

use crate::support::Sandbox;
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::{Builder, Runtime};

/// Rolled back when dropped.
pub struct Held {
    runtime: Runtime,
    connection: Option<PgConnection>,
}

impl Held {
    /// Runs a statement and leaves its transaction open.
    pub fn new(sandbox: &Sandbox, sql: &'static str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connection = runtime.block_on(async {
            let mut connection = PgConnection::connect(&sandbox.url()).await.expect("a server");
            for sql in ["BEGIN", sql] {
                sqlx::raw_sql(sql).execute(&mut connection).await.expect("runs");
            }
            connection
        });
        Self { runtime, connection: Some(connection) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.runtime.block_on(connection.close()).expect("closes");
        }
    }
}
