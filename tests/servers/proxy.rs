//! The proxy: counts the same each time, and breaks a connection where it was told to.

use crate::support::{
    block_on,
    proxy::{Action, Direction, Fault, Protocol, Proxy},
    servers::{Database, Mariadb, Postgres},
};
use sqlx::{Connection as _, MySqlConnection, PgConnection};
use std::{net::SocketAddr, thread, time::Duration};

/// One kind of server, and what a client of it does.
struct Kind {
    protocol: Protocol,
    address: SocketAddr,
    database: Database,
    /// How many clients are connected to the database.
    sessions: &'static str,
}

fn kinds() -> [Kind; 2] {
    let (postgres, mariadb) = (Postgres::shared(), Mariadb::shared());
    [
        Kind {
            protocol: Protocol::Postgres,
            address: postgres.address(),
            database: postgres.database(),
            sessions: "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'runner'",
        },
        Kind {
            protocol: Protocol::Mysql,
            address: mariadb.address(),
            database: mariadb.database(),
            sessions: "SELECT count(*) FROM information_schema.processlist
                WHERE db = database() AND user = 'runner'",
        },
    ]
}

impl Kind {
    fn proxy(&self, fault: Option<Fault>) -> Proxy {
        Proxy::start(self.address, self.protocol, fault)
    }

    /// Connects, asks twice, and disconnects. An error comes of a broken connection.
    fn work(&self, proxy: &Proxy) -> Result<(), sqlx::Error> {
        let url = proxy.url(self.database.url());
        let sql = "SELECT 1";
        block_on(async {
            if self.protocol == Protocol::Postgres {
                let mut connection = PgConnection::connect(&url).await?;
                sqlx::query(sql).execute(&mut connection).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
                let _ = connection.close().await;
            } else {
                let url = url.replacen("mariadb", "mysql", 1);
                let mut connection = MySqlConnection::connect(&url).await?;
                sqlx::query(sql).execute(&mut connection).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
                let _ = connection.close().await;
            }
            Ok(())
        })
    }

    fn wait_for_sessions(&self, expected: &str) {
        while self.database.rows(self.sessions) != [expected] {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn wait_for_strike(proxy: &Proxy) {
    while !proxy.has_struck() {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns how many messages an unbroken run has in a direction.
fn count(kind: &Kind, direction: Direction) -> usize {
    let proxy = kind.proxy(None);
    kind.work(&proxy).expect("nothing is in the way");
    assert!(!proxy.has_struck());
    kind.wait_for_sessions("0");
    proxy.messages(direction)
}

#[test]
fn every_boundary_can_be_cut() {
    for kind in kinds() {
        let total = count(&kind, Direction::ToClient);
        assert!(total > 5, "{:?}: {total}", kind.protocol);
        assert_eq!(count(&kind, Direction::ToClient), total, "the same each time");
        for after_messages in 0..total {
            let fault =
                Fault { direction: Direction::ToClient, after_messages, action: Action::Cut };
            let proxy = kind.proxy(Some(fault));
            assert!(kind.work(&proxy).is_err(), "{:?} {after_messages}", kind.protocol);
            wait_for_strike(&proxy);
            assert_eq!(proxy.messages(Direction::ToClient), after_messages);
            // It strikes once.
            kind.work(&proxy).expect("the next connection is left alone");
        }
        let fault = Fault {
            direction: Direction::ToClient,
            after_messages: total + 1,
            action: Action::Cut,
        };
        let proxy = kind.proxy(Some(fault));
        kind.work(&proxy).expect("there are no more messages");
        assert!(!proxy.has_struck());
    }
}

#[test]
fn a_half_closed_connection_ends_at_the_server() {
    for kind in kinds() {
        let direction = Direction::ToServer;
        // The last message says good-bye.
        for after_messages in 0..count(&kind, direction) - 1 {
            let fault = Fault { direction, after_messages, action: Action::HalfClose };
            let proxy = kind.proxy(Some(fault));
            let worked = kind.work(&proxy);
            // It breaks what follows a message, and the client may be faster.
            wait_for_strike(&proxy);
            // The answer to the last question may still come.
            assert!(
                worked.is_err() || after_messages + 2 == count(&kind, direction),
                "{:?} {after_messages}",
                kind.protocol
            );
            kind.wait_for_sessions("0");
        }
    }
}

#[test]
fn a_stalled_connection_is_open_and_silent() {
    for kind in kinds() {
        // The answer to the last question.
        let after_messages = count(&kind, Direction::ToClient) - 1;
        let fault = Fault { direction: Direction::ToClient, after_messages, action: Action::Stall };
        let proxy = kind.proxy(Some(fault));
        thread::scope(|scope| {
            let client = scope.spawn(|| kind.work(&proxy));
            wait_for_strike(&proxy);
            // A broken connection would have ended both by the time that another one has come and gone.
            kind.work(&proxy).expect("the next connection is left alone");
            kind.wait_for_sessions("1");
            assert!(!client.is_finished());
            proxy.cut();
            assert!(client.join().expect("joins").is_err());
        });
        kind.wait_for_sessions("0");
    }
}
