//! `with-servers COMMAND...`: runs a command whose tests share one PostgreSQL and one MariaDB.
//!
//! Each test of nextest is a process of its own; without this, each that needs a server would start
//! one. The servers end with this process, however it ends.

#[path = "../support/servers/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use the rest")]
mod servers;

use servers::{Mariadb, Postgres};
use std::{
    process::{Command, ExitCode},
    thread,
};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().expect("usage: with-servers COMMAND [ARGUMENTS]");
    let (postgres, mariadb) = thread::scope(|scope| {
        let mariadb = scope.spawn(Mariadb::own);
        (Postgres::own(), mariadb.join().expect("MariaDB starts"))
    });
    let status = Command::new(program)
        .args(arguments)
        .env(servers::POSTGRES_VARIABLE, postgres.folder())
        .env(servers::MARIADB_VARIABLE, mariadb.folder())
        .status()
        .expect("the command starts");
    // None if a signal ended it.
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
