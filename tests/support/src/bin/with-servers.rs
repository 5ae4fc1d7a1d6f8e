//! `with-servers COMMAND...`: runs a command whose tests share one server of each kind.
//!
//! Each test of nextest is a process of its own; without this, each that needs a server would start
//! one. A server starts when the first test asks for it, and ends with this process, however it ends.
//!
//! ```text
//! test ── "postgres 18" ──> socket RUNNER_TEST_SERVERS ──> started, if it is the first to ask
//! test <── its folder ─────────────────────────────────────┘
//! ```

use alteration_test_support::servers::{self, Mariadb, Mysql, Postgres};
use anyhow::Context as _;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::{Command, ExitCode},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
};

enum Server {
    Postgres(Postgres),
    Mariadb(Mariadb),
    Mysql(Mysql),
}

/// The servers by what they are asked for as.
#[derive(Default)]
struct Servers(Mutex<BTreeMap<String, Arc<OnceLock<Server>>>>);

/// Nobody kills these servers, so that they need not wait for the disk.
const POSTGRES: &[(&str, &str)] = &[("fsync", "off"), ("full_page_writes", "off")];
const MARIADB: &[&str] = &["--innodb-flush-log-at-trx-commit=0"];
const MYSQL: &[&str] = &["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0"];

impl Server {
    fn start(name: &str) -> Self {
        match name.split_once(' ').unwrap_or((name, "")) {
            ("postgres", major) => {
                Self::Postgres(Postgres::of(major.parse().expect("a number"), POSTGRES))
            }
            ("mariadb", "") => Self::Mariadb(Mariadb::with_options(MARIADB)),
            ("mysql", "") => Self::Mysql(Mysql::with_options(MYSQL)),
            _ => panic!("no server is called {name}"),
        }
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Postgres(server) => server.folder(),
            Self::Mariadb(server) => server.folder(),
            Self::Mysql(server) => server.folder(),
        }
    }
}

impl Servers {
    /// Answers one test. If its server does not start, the end of the connection is the answer.
    fn answer(&self, mut stream: UnixStream) -> anyhow::Result<()> {
        let mut name = String::new();
        BufReader::new(&stream).read_line(&mut name)?;
        let name = name.trim_end();
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let server = Arc::clone(servers.entry(name.to_owned()).or_default());
        // Others start meanwhile.
        drop(servers);
        let server = server.get_or_init(|| Server::start(name));
        writeln!(stream, "{}", server.folder().display())?;
        Ok(())
    }

    fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("usage: with-servers COMMAND [ARGUMENTS]")?;
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let socket = folder.path().join("servers");
    let listener = UnixListener::bind(&socket)
        .with_context(|| format!("no socket can be made at {}", socket.display()))?;
    let servers = Arc::new(Servers::default());
    let answering = Arc::clone(&servers);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let servers = Arc::clone(&answering);
            // A test that has gone needs no answer.
            thread::spawn(move || servers.answer(stream));
        }
    });
    let status =
        Command::new(&program).args(arguments).env(servers::SERVERS_VARIABLE, &socket).status();
    servers.end();
    let status = status.with_context(|| format!("{} does not start", program.display()))?;
    // None if a signal ended it.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
