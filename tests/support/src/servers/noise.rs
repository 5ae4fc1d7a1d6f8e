//! Noise: what other clients of a server do while a test works there.
//!
//! Four sessions of the administrator, in a database of their own. A test sees nothing of them but what
//! servers show of other sessions:
//!
//! - one whose statement holds an emoji, and bytes that are text in no encoding
//! - one that writes, and commits, all the time
//! - one that is idle in a transaction, in which it has written
//! - one that changes settings of the whole server, all the time

use super::client::{Client, Role};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

/// Four running sessions. Dropping it ends them.
pub struct Noise {
    client: Client,
    sessions: Vec<Session>,
}

struct Session {
    process: Child,
    /// How the server calls it.
    id: String,
    /// Open as long as the session has to be, unless a thread writes to it.
    _input: Option<ChildStdin>,
}

/// What a session sends again and again, by the number of the round. It has one result, of one row.
type Round = Box<dyn Fn(u32) -> String + Send>;

const DATABASE: &str = "noise";

impl Noise {
    /// Starts the sessions on a client's server. When it returns, all four are at work.
    pub fn beside(client: &Client) -> Self {
        // PostgreSQL checks texts where the encoding says how. It fails where there is one already.
        let _ = client.try_sql(
            Role::Administrator,
            client.first_database(),
            match client {
                Client::Postgres { .. } => {
                    "CREATE DATABASE noise ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0;"
                }
                Client::Mysql { .. } => "CREATE DATABASE noise;",
            },
        );
        let sleep = match client {
            Client::Postgres { .. } => "pg_sleep",
            Client::Mysql { .. } => "SLEEP",
        };
        let (written, held) = (table("written"), table("held"));
        let make = |table: &str| {
            format!("CREATE TABLE {table} (n integer); INSERT INTO {table} VALUES (0);")
        };
        let change = |table: &str| format!("UPDATE {table} SET n = n + 1;");
        let write = format!("{} SELECT {sleep}(0.01);\n", change(&written));
        let hold = format!("{} BEGIN; {}", make(&held), change(&held));
        let mut shown = format!("SELECT {sleep}(86400) /* \u{1f389} ").into_bytes();
        shown.extend(b"\xff\xfe\x00\xc0 */;\n".iter().filter(|&&byte| byte != 0));
        let sessions = vec![
            Session::start(client, "", &shown, None),
            Session::start(client, &make(&written), b"", Some(Box::new(move |_| write.clone()))),
            Session::start(client, &hold, b"", None),
            Session::start(client, "", b"", Some(settings(client))),
        ];
        Self { client: client.clone(), sessions }
    }

    /// As [`Noise::beside`]; who already makes noise there in this process makes it for all.
    pub fn shared_beside(client: &Client) -> Arc<Self> {
        static SHARED: Mutex<BTreeMap<String, Weak<Noise>>> = Mutex::new(BTreeMap::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shared.entry(format!("{client:?}")).or_default();
        known.upgrade().unwrap_or_else(|| {
            let noise = Arc::new(Self::beside(client));
            *known = Arc::downgrade(&noise);
            noise
        })
    }

    /// The ids of the sessions, as the server calls them.
    pub fn sessions(&self) -> impl Iterator<Item = &str> {
        self.sessions.iter().map(|session| session.id.as_str())
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        let end = |session: &Session| match self.client {
            Client::Postgres { .. } => format!("SELECT pg_terminate_backend({});", session.id),
            Client::Mysql { .. } => format!("KILL {};", session.id),
        };
        // A server that a test has stopped has no sessions.
        let sql: String = self.sessions.iter().map(end).collect();
        let _ = self.client.try_sql(Role::Administrator, self.client.first_database(), &sql);
        for session in &mut self.sessions {
            let _ = session.process.kill();
            let _ = session.process.wait();
        }
    }
}

impl Session {
    /// Runs `first`, then sends `last` without waiting for an answer, or `rounds` one after another.
    fn start(client: &Client, first: &str, last: &[u8], rounds: Option<Round>) -> Self {
        let mut command = client.query(Role::Administrator, DATABASE);
        if let Client::Mysql { .. } = client {
            command.arg("--unbuffered");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the server's package brings the client");
        let mut input = process.stdin.take().expect("it is piped");
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let own_id = match client {
            Client::Postgres { .. } => "SELECT pg_backend_pid();",
            Client::Mysql { .. } => "SELECT CONNECTION_ID();",
        };
        writeln!(input, "{first} {own_id}").expect("the client reads");
        let id = next_row(client, &mut output).expect("the client answers");
        input.write_all(last).expect("the client reads");
        let Some(rounds) = rounds else { return Self { process, id, _input: Some(input) } };
        let client = client.clone();
        thread::spawn(move || {
            for number in 0.. {
                let sent = input.write_all(rounds(number).as_bytes());
                if sent.is_err() || next_row(&client, &mut output).is_none() {
                    return;
                }
            }
        });
        Self { process, id, _input: None }
    }
}

/// The next row of one column. None if the session has ended.
fn next_row(client: &Client, output: &mut BufReader<ChildStdout>) -> Option<String> {
    let end = match client {
        Client::Postgres { .. } => b'\0',
        Client::Mysql { .. } => b'\n',
    };
    let mut row = Vec::new();
    output.read_until(end, &mut row).ok()?;
    (row.pop()? == end).then(|| String::from_utf8_lossy(&row).into_owned())
}

/// Settings that no test depends on: one that is the whole server's, and one that sessions have too.
fn settings(client: &Client) -> Round {
    match client {
        Client::Postgres { .. } => Box::new(|number| {
            format!(
                "ALTER SYSTEM SET log_checkpoints = {};
                 ALTER SYSTEM SET vacuum_cost_limit = {};
                 SELECT pg_reload_conf(), pg_sleep(0.1);\n",
                if number % 2 == 0 { "on" } else { "off" },
                100 + number % 100
            )
        }),
        Client::Mysql { .. } => Box::new(|number| {
            format!(
                "SET GLOBAL max_connect_errors = {}; SET GLOBAL long_query_time = {};
                 SELECT SLEEP(0.1);\n",
                1_000 + number % 1_000,
                10 + number % 10
            )
        }),
    }
}

/// A name that no table has: servers outlive the processes that make noise on them.
fn table(what: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
    format!("{what}_{}_{now:x}_{number}", std::process::id())
}
