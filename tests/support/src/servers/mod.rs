//! Throw-away database servers for tests, on free ports of this machine.
//!
//! Nothing outlives the process that started it: see `keep`. What is missing is a panic that names
//! the package, never a skipped test. Knows nothing of the runner.

mod catalogue;
mod client;
mod database;
mod dump;
mod galera;
mod instance;
mod keeper;
mod mariadb;
mod mysql;
mod noise;
mod pgbouncer;
mod postgres;

pub use client::{Client, PASSWORD, Role, USER};
pub use database::Database;
pub use galera::Galera;
pub use instance::Instance;
pub use keeper::is_alive;
pub use mariadb::Mariadb;
pub use mysql::Mysql;
pub use noise::Noise;
pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
};

/// Names the socket where `with-servers` hands out the servers that all tests of a run share.
pub const SERVERS_VARIABLE: &str = "RUNNER_TEST_SERVERS";

/// What a run leaves out, as `mysql`; set by `tests/run --without mysql`.
const WITHOUT_VARIABLE: &str = "RUNNER_TEST_WITHOUT";

/// Returns whether the run leaves a server out because it was told to. A server that is merely missing is an error.
fn is_left_out(server: &str) -> bool {
    std::env::var(WITHOUT_VARIABLE).is_ok_and(|without| without == server)
}

/// Returns whether this run tries everything: `RUNNER_FULL=1`.
pub fn is_full() -> bool {
    std::env::var("RUNNER_FULL").is_ok_and(|full| full == "1")
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("it listens").port()
}

/// Folder and port of a server of the whole run, as `postgres 18`. `with-servers` starts it when it is first asked
/// for. None if this process was not started by `with-servers`.
fn shared_folder(server: &str) -> Option<(PathBuf, u16)> {
    let socket = std::env::var_os(SERVERS_VARIABLE)?;
    let mut stream = UnixStream::connect(socket).expect("with-servers listens");
    writeln!(stream, "{server}").expect("with-servers reads");
    let mut folder = String::new();
    BufReader::new(stream).read_line(&mut folder).expect("with-servers answers");
    assert!(folder.ends_with('\n'), "with-servers could not start {server}; its output says why");
    let folder = PathBuf::from(folder.trim_end());
    let port = fs::read_to_string(folder.join("port")).expect("a server writes its port");
    Some((folder, port.parse().expect("a port")))
}

/// Returns where a server is that Debian does not package, brought if it is not there yet.
fn brought(server: &[&str]) -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/bring-server");
    let output = Command::new(script).args(server).output().expect("a shell starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{server:?} cannot be brought: {said}");
    PathBuf::from(String::from_utf8(output.stdout).expect("UTF-8").trim_end())
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
