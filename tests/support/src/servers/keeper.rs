//! A server's process and folder, held by the script `keep`: neither outlives this process.
//!
//! Knows nothing of databases.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A folder, and at most one server that runs in it. Dropping it ends and removes both.
pub struct Keeper {
    folder: PathBuf,
    script: Mutex<Script>,
}

struct Script {
    child: Child,
    /// `None` only while it is dropped.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// The server's process id, while it is meant to run.
    server: Option<u32>,
}

impl Keeper {
    /// Makes the folder. `user` runs the server if we are root; `signal` ends it in the end.
    pub fn new(name: &str, user: &str, signal: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/servers/keep");
        let mut child = Command::new(script)
            .args([name, user, signal])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A pipe that is inherited would make the test runner wait for the server.
            .stderr(Stdio::null())
            // Ctrl-C on a terminal must not kill what cleans up after it.
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut script = Script { child, orders, answers, server: None };
        let folder = PathBuf::from(script.answer());
        Self { folder, script: Mutex::new(script) }
    }

    /// The server's own folder; its user may write there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a command in the folder, as the server's user, to its end. It must succeed.
    pub fn run(&self, command: &[&str]) {
        let code = self.script().order(&format!("run {}", quoted(command)));
        assert_eq!(code, "0", "{command:?} failed: {}", self.log());
    }

    /// Starts the server and waits until `is_ready`, which is asked again and again. False if the
    /// server ended first.
    pub fn start(&self, command: &[&str], is_ready: impl Fn() -> bool) -> bool {
        let pid = self.script().order(&format!("start {}", quoted(command)));
        let pid = pid.parse().expect("a process id");
        self.script().server = Some(pid);
        let started = Instant::now();
        while !is_ready() {
            if !is_alive(pid) {
                return false;
            }
            assert!(started.elapsed() < Duration::from_secs(180), "not ready: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Sends a signal to the server and waits until it has ended.
    pub fn stop(&self, signal: &str) {
        let mut script = self.script();
        script.order(&format!("stop {signal}"));
        script.server = None;
    }

    /// The server's process id, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.script().server
    }

    /// Returns what the server wrote, for messages.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        // A test thread that panicked must not hide its message behind a poisoned lock.
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let mut script = self.script();
        script.orders = None;
        let _ = script.child.wait();
    }
}

impl Script {
    fn order(&mut self, order: &str) -> String {
        let orders = self.orders.as_mut().expect("it is open until dropped");
        writeln!(orders, "{order}").expect("the script reads");
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the script answers");
        assert!(line.ends_with('\n'), "the script ended: `{line}`");
        line.trim_end().to_owned()
    }
}

/// A command as the shell reads it back.
fn quoted(command: &[&str]) -> String {
    let quote = |word: &&str| {
        assert!(!word.contains('\n'), "an order is one line: {word:?}");
        format!("'{}'", word.replace('\'', "'\\''"))
    };
    command.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// Returns whether a process is there and not merely waiting to be reaped.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state follows the name, which is in parentheses and may hold anything.
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
    !state.is_empty() && !state.starts_with('Z')
}
