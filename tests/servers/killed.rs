//! No server outlives a test that was killed.

use crate::support::servers::{Mariadb, PgBouncer, Postgres, is_alive};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

#[test]
fn a_killed_process_leaves_no_server() {
    let mut holder = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "killed::holder", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let output = BufReader::new(holder.stdout.take().expect("it is piped"));
    let mut started = Vec::new();
    for line in output.lines().map_while(Result::ok) {
        if let Some((pid, folder)) = line.strip_prefix("started ").and_then(|s| s.split_once(' ')) {
            started.push((pid.parse::<u32>().expect("a process id"), folder.to_owned()));
        }
        if started.len() == 3 {
            break;
        }
    }
    assert_eq!(started.len(), 3, "{started:?}");
    assert!(started.iter().all(|(pid, folder)| is_alive(*pid) && Path::new(folder).exists()));
    holder.kill().expect("it is killed");
    holder.wait().expect("it ends");
    let since = Instant::now();
    while started.iter().any(|(pid, folder)| is_alive(*pid) || Path::new(folder).exists()) {
        assert!(since.elapsed() < Duration::from_secs(60), "something is left of {started:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "started, and killed, by the test above"]
fn holder() {
    let postgres = Postgres::own();
    let mariadb = Mariadb::own();
    let bouncer = PgBouncer::before(&postgres);
    for (pid, folder) in [
        (postgres.pid(), postgres.folder()),
        (mariadb.pid(), mariadb.folder()),
        (bouncer.pid(), bouncer.folder()),
    ] {
        println!("started {} {}", pid.expect("it runs"), folder.display());
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("nothing is ever written");
}
