//! PgBouncer in transaction mode before a throw-away PostgreSQL: a session lasts one transaction.

use super::{
    Postgres,
    client::{Client, PASSWORD, Role, USER},
    free_port,
    keeper::Keeper,
    program,
};
use std::{fs, path::Path, thread};

/// A running PgBouncer on 127.0.0.1. Ended when dropped.
pub struct PgBouncer {
    client: Client,
    port: u16,
    keeper: Keeper,
}

impl PgBouncer {
    /// With Debian's defaults, in transaction mode, for every database of the server.
    pub fn before(server: &Postgres) -> Self {
        Self::with_settings(server, &[])
    }

    /// As [`PgBouncer::before`] with more settings, as
    /// `("ignore_startup_parameters", "extra_float_digits")`.
    pub fn with_settings(server: &Postgres, settings: &[(&str, &str)]) -> Self {
        let program = program("pgbouncer", "pgbouncer");
        let keeper = Keeper::new("pgbouncer", "postgres", "TERM");
        let folder = keeper.folder().display().to_string();
        write(&keeper, "users", &format!("\"{USER}\" \"{PASSWORD}\"\n"));
        // Somebody else may take a free port before PgBouncer does.
        for _ in 0..5 {
            let port = free_port();
            let mut configuration = format!(
                "[databases]
                 * = host=127.0.0.1 port={}
                 [pgbouncer]
                 listen_addr = 127.0.0.1
                 listen_port = {port}
                 unix_socket_dir =
                 auth_type = scram-sha-256
                 auth_file = {folder}/users
                 pool_mode = transaction
                 max_client_conn = 200
                 min_pool_size = 4
                 default_pool_size = 8
                 ; The next transaction gets another session, so that nobody can rely on one.
                 server_round_robin = 1
                ",
                server.port()
            )
            .replace("\n                 ", "\n");
            for (name, value) in settings {
                configuration.push_str(&format!("\n{name} = {value}\n"));
            }
            write(&keeper, "pgbouncer.ini", &configuration);
            let client = match server.client().clone() {
                Client::Postgres { programs, major, .. } => {
                    Client::Postgres { programs, folder: "127.0.0.1".into(), port, major }
                }
                Client::Mysql { .. } => unreachable!("PostgreSQL has a client of its own"),
            };
            let is_ready = || client.try_sql(Role::Runner, "postgres", "SELECT 1;").is_ok();
            if keeper.start(&[&program, &format!("{folder}/pgbouncer.ini")], is_ready) {
                return Self { client, port, keeper };
            }
        }
        panic!("PgBouncer does not start: {}", keeper.log());
    }

    /// A database's URL that leads through this PgBouncer.
    pub fn url(&self, database: &super::Database) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{}", self.port, database.name())
    }

    /// Makes it open this many server sessions for a database, by as many transactions at once.
    pub fn open_sessions(&self, database: &super::Database, count: usize) {
        thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(|| {
                    self.client.sql(Role::Runner, database.name(), "SELECT pg_sleep(0.5)")
                });
            }
        });
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> Option<u32> {
        self.keeper.pid()
    }

    pub fn folder(&self) -> &Path {
        self.keeper.folder()
    }
}

/// Writes a file for the server's user, who is not us if we are root.
fn write(keeper: &Keeper, name: &str, text: &str) {
    fs::write(keeper.folder().join(name), text).expect("the folder is there");
}
