//! Noise: four sessions that show, and that end.

use crate::support::servers::{Client, Database, Mariadb, Mysql, Noise, Postgres};
use std::{thread, time::Duration};

/// What the cases ask, as each server wants it.
struct Questions {
    /// The ids of all sessions.
    sessions: &'static str,
    /// Numbers that noise changes.
    moving: [&'static str; 2],
    /// How many sessions are idle in a transaction in which they have written.
    idle: &'static str,
}

const POSTGRES: Questions = Questions {
    sessions: "SELECT pid FROM pg_stat_activity",
    moving: [
        "SELECT xact_commit FROM pg_stat_database WHERE datname = 'noise'",
        "SELECT setting FROM pg_settings WHERE name = 'vacuum_cost_limit'",
    ],
    idle: "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND backend_xid IS NOT NULL",
};

const MARIADB: Questions = Questions {
    sessions: "SELECT id FROM information_schema.processlist",
    moving: [
        "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'handler_update'",
        "SELECT @@GLOBAL.max_connect_errors",
    ],
    idle: "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx
        WHERE trx_rows_modified > 0 AND trx_query IS NULL",
};

const MYSQL: Questions = Questions {
    sessions: "SELECT id FROM performance_schema.processlist",
    moving: [
        "SELECT variable_value FROM performance_schema.global_status WHERE variable_name = 'handler_update'",
        "SELECT @@GLOBAL.max_connect_errors",
    ],
    idle: MARIADB.idle,
};

fn is_made_and_ends(client: &Client, database: &Database, ask: &Questions) {
    let noise = Noise::beside(client);
    let ids: Vec<String> = noise.sessions().map(str::to_owned).collect();
    let all = database.rows(ask.sessions);
    assert!(ids.len() == 4 && ids.iter().all(|id| all.contains(id)), "{ids:?} of {all:?}");
    for number in ask.moving {
        let before = database.rows(number);
        while database.rows(number) == before {
            thread::sleep(Duration::from_millis(10));
        }
    }
    let idle = database.rows(ask.idle);
    assert!(ids.iter().any(|id| idle.contains(id)), "{ids:?}, {idle:?}");
    drop(noise);
    while database.rows(ask.sessions).iter().any(|id| ids.contains(id)) {
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn on_postgres() {
    for server in [Postgres::shared(), Postgres::shared_of(13), Postgres::shared_of(18)] {
        is_made_and_ends(server.client(), &server.database(), &POSTGRES);
    }
}

#[test]
fn on_mariadb() {
    let server = Mariadb::shared();
    is_made_and_ends(server.client(), &server.database(), &MARIADB);
}

#[test]
fn on_mysql() {
    let Some(server) = Mysql::shared() else { return };
    is_made_and_ends(server.client(), &server.database(), &MYSQL);
}

/// What the noise is made for on MySQL: a catalogue that cannot be read meanwhile.
#[test]
fn a_text_that_mysql_cannot_show() {
    let Some(server) = Mysql::shared() else { return };
    let database = server.database();
    let _noise = Noise::beside(server.client());
    let shown = server.client().try_rows(
        crate::support::servers::Role::Administrator,
        database.name(),
        "SELECT info FROM information_schema.processlist",
    );
    let error = shown.expect_err("one statement is text in no encoding");
    assert!(error.to_string().contains("3854"), "{error:#}");
}
