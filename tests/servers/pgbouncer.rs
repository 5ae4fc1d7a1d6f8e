//! PgBouncer: a session does not outlast its transaction.

use crate::support::{
    block_on,
    servers::{PgBouncer, Postgres},
};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, Row as _, postgres::PgConnectOptions,
};
use std::collections::BTreeSet;

#[test]
fn transactions_change_sessions() {
    let database = Postgres::shared().database();
    let bouncer = PgBouncer::before(Postgres::shared());
    let url = bouncer.url(&database);
    block_on(async {
        let options: PgConnectOptions = url.parse().expect("a URL");
        // Debian's default is to refuse this start-up parameter.
        let options = options.extra_float_digits(None);
        let mut one = options.connect().await.expect("connects");
        let mut two = options.connect().await.expect("connects");
        // A transaction keeps its session, so that another one needs another.
        let mut transaction = one.begin().await.expect("begins");
        let sessions = BTreeSet::from([pid(&mut transaction).await, pid(&mut two).await]);
        assert_eq!(sessions.len(), 2);
        transaction.commit().await.expect("commits");
        let mut seen = BTreeSet::new();
        for _ in 0..4 {
            seen.insert(pid(&mut one).await);
        }
        assert_eq!(seen, sessions, "one connection, several sessions");
    });
}

async fn pid(connection: &mut PgConnection) -> i32 {
    // The simple protocol: a statement that is parsed in one session is unknown to the next.
    let query = sqlx::raw_sql("SELECT pg_backend_pid()");
    query.fetch_one(connection).await.expect("a row").get(0)
}
