//! What the tests ask of a server, asked through its own command-line clients.
//!
//! Blocking processes, so that tests can call it inside and outside of an async runtime alike. It
//! does not go through the runner or its libraries: it is the witness, and shares none of their mistakes.

use anyhow::ensure;
use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May do everything; the runner is never given this one.
    Administrator,
    /// The user in the URL, who owns the test's database.
    Runner,
}

/// How to reach a server on its unix socket.
#[derive(Debug, Clone)]
pub enum Client {
    /// `major` is the server's; the client programs may be older.
    Postgres { programs: PathBuf, folder: PathBuf, port: u16, major: u32 },
    /// MariaDB's clients, for MySQL too.
    Mysql { socket: PathBuf },
}

/// The user and the password of every URL. Tests look for the password in what the runner prints.
pub const USER: &str = "runner";
pub const PASSWORD: &str = "s3cret";

impl Client {
    /// Runs statements; all must succeed.
    pub fn sql(&self, role: Role, database: &str, sql: &str) {
        let result = self.try_sql(role, database, sql);
        result.unwrap_or_else(|error| panic!("{sql}\nfailed: {error:#}"));
    }

    /// As [`Client::sql`]; an error is what the client printed.
    pub fn try_sql(&self, role: Role, database: &str, sql: &str) -> anyhow::Result<()> {
        run(&mut self.query(role, database), sql).map(drop)
    }

    /// The first column of a query's rows, as text; null is `NULL`.
    pub fn rows(&self, role: Role, database: &str, sql: &str) -> Vec<String> {
        self.try_rows(role, database, sql)
            .unwrap_or_else(|error| panic!("{sql}\nfailed: {error:#}"))
    }

    /// As [`Client::rows`]; an error is what the client printed.
    pub fn try_rows(&self, role: Role, database: &str, sql: &str) -> anyhow::Result<Vec<String>> {
        let output = run(&mut self.query(role, database), sql)?;
        Ok(match self {
            // Records end with NUL, and fields with a character that no test uses.
            Self::Postgres { .. } => output
                .split_terminator('\0')
                .map(|row| row.split('\u{1}').next().unwrap_or_default().to_owned())
                .collect(),
            Self::Mysql { .. } => output
                .lines()
                .map(|row| unescaped(row.split('\t').next().unwrap_or_default()))
                .collect(),
        })
    }

    /// Returns whether the server answers.
    pub fn is_ready(&self) -> bool {
        let database = if self.is_postgres() { "postgres" } else { "" };
        self.try_sql(Role::Administrator, database, "SELECT 1;").is_ok()
    }

    /// Makes an empty database that belongs to the URL's user.
    pub fn create_database(&self, name: &str) {
        let sql = match self {
            Self::Postgres { .. } => {
                format!("CREATE DATABASE {name} OWNER {USER} TEMPLATE template0;")
            }
            Self::Mysql { .. } => {
                format!("CREATE DATABASE {name}; GRANT ALL ON {name}.* TO {USER}@'%';")
            }
        };
        self.sql(Role::Administrator, self.first_database(), &sql);
    }

    /// Makes a database that holds what another one holds; nobody may be connected to that one.
    pub fn copy_database(&self, from: &str, name: &str) {
        match self {
            Self::Postgres { .. } => {
                let sql = format!("CREATE DATABASE {name} OWNER {USER} TEMPLATE {from};");
                self.sql(Role::Administrator, self.first_database(), &sql);
            }
            Self::Mysql { .. } => {
                let mut dump = self.command("mariadb-dump", Role::Administrator);
                dump.args(["--single-transaction", "--hex-blob", "--routines", from]);
                let text = run(&mut dump, "").unwrap_or_else(|error| panic!("no dump: {error:#}"));
                self.create_database(name);
                self.sql(Role::Administrator, name, &text);
            }
        }
    }

    /// Drops a database, and whatever is connected to it. No matter if the server is gone.
    pub fn drop_database(&self, name: &str) {
        let sql = match self {
            Self::Postgres { .. } => format!("DROP DATABASE IF EXISTS {name} WITH (FORCE);"),
            Self::Mysql { .. } => {
                format!(
                    "SET lock_wait_timeout = 5; DROP DATABASE IF EXISTS {name};
                     REVOKE ALL ON {name}.* FROM {USER}@'%';"
                )
            }
        };
        let _ = self.try_sql(Role::Administrator, self.first_database(), &sql);
    }

    fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// The database that is there before any other.
    pub(super) fn first_database(&self) -> &'static str {
        if self.is_postgres() { "postgres" } else { "mysql" }
    }

    /// A client that reads SQL from standard input.
    pub(super) fn query(&self, role: Role, database: &str) -> Command {
        match self {
            Self::Postgres { .. } => {
                let mut command = self.command("psql", role);
                command.args(["-X", "-q", "-A", "-t", "-0", "-F", "\u{1}", "-P", "null=NULL"]);
                command.args(["-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"]);
                command
            }
            Self::Mysql { .. } => {
                let mut command = self.command("mariadb", role);
                command.args(["--batch", "--skip-column-names", "--binary-mode", "--comments"]);
                if !database.is_empty() {
                    command.arg(format!("--database={database}"));
                }
                command
            }
        }
    }

    /// One of the server's programs, told how to connect.
    pub(super) fn command(&self, program: &str, role: Role) -> Command {
        match self {
            Self::Postgres { programs, folder, port, .. } => {
                let user = if role == Role::Runner { USER } else { "postgres" };
                let mut command = Command::new(programs.join(program));
                command.env("PGHOST", folder).env("PGPORT", port.to_string()).env("PGUSER", user);
                command.env("PGPASSWORD", PASSWORD);
                command
            }
            Self::Mysql { socket } => {
                let user = if role == Role::Runner { USER } else { "root" };
                let mut command = Command::new(program);
                command.arg("--no-defaults").arg(format!("--socket={}", socket.display()));
                command.arg(format!("--user={user}")).arg("--default-character-set=utf8mb4");
                if role == Role::Runner {
                    command.env("MYSQL_PWD", PASSWORD);
                }
                command
            }
        }
    }
}

/// Runs a client on `input`. An error is what it printed.
pub(super) fn run(command: &mut Command, input: &str) -> anyhow::Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server's package brings the client");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A client that stops at an error reads no further; what it printed says more than the pipe.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the client ends");
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns what `mariadb --batch` escaped.
fn unescaped(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(c) = characters.next() {
        text.push(match (c, c == '\\') {
            (c, false) => c,
            (_, true) => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('0') => '\0',
                Some(other) => other,
                None => '\\',
            },
        });
    }
    text
}
