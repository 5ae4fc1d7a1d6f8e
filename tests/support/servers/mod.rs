//! Throw-away database servers for tests, on free ports of this machine.
//!
//! Nothing outlives the process that started it: see `keep`. What is missing is a panic that names
//! the package, never a skipped test. Knows nothing of the runner.

mod client;
mod database;
mod dump;
mod galera;
mod keeper;
mod mariadb;
mod pgbouncer;
mod postgres;

pub use client::{Client, PASSWORD, Role, USER};
pub use database::Database;
pub use galera::Galera;
pub use keeper::is_alive;
pub use mariadb::Mariadb;
pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

/// Names the folder of the server that all tests of a run share; see `with-servers`.
pub const POSTGRES_VARIABLE: &str = "RUNNER_TEST_POSTGRES";
pub const MARIADB_VARIABLE: &str = "RUNNER_TEST_MARIADB";

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("it listens").port()
}

/// Where a server of the whole run is, if the variable says that there is one.
fn shared_folder(variable: &str) -> Option<(PathBuf, u16)> {
    let folder = PathBuf::from(std::env::var_os(variable)?);
    let port = fs::read_to_string(folder.join("port"));
    let port = port.unwrap_or_else(|error| panic!("{variable} names no server: {error}"));
    Some((folder, port.parse().expect("a port")))
}

/// Leaves a server's port in its folder, for the tests of other processes.
fn write_port(folder: &Path, port: u16) {
    fs::write(folder.join("port"), port.to_string()).expect("the port is written");
}

/// A program of a package, looked for where packages put it.
fn program(name: &str, package: &str) -> String {
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let paths = folders.map(|folder| Path::new(folder).join(name));
    let found = paths.iter().find(|path| path.exists());
    found
        .unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}, or tests/run"))
        .display()
        .to_string()
}
