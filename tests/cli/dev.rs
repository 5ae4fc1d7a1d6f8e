//! `dev`: builds and applies at each save.

use crate::project::Notes;
use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

#[test]
fn dev_follows_each_save() {
    let notes = Notes::new();
    let mut command = notes.command(&["dev"]);
    let mut dev = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(dev.stdout.take().expect("a pipe")).lines();
    let mut until = |end: &str| {
        let mut seen = String::new();
        for line in lines.by_ref() {
            let line = line.expect("text");
            seen += &format!("{line}\n");
            if line.contains(end) {
                return seen;
            }
        }
        panic!("it ended without `{end}`: {seen}");
    };
    let first = until("Applied 1 alteration.");
    assert!(first.contains("+ CREATE TABLE notes_tags"), "{first}");
    assert!(first.contains("+ (2, 'in-progress', 'In progress')"), "{first}");
    notes.edit("sql", ".up.sql", "In progress", "Doing");
    let second = until("Applied 1 alteration.");
    assert!(second.contains("down acme/notes") && second.contains("'Doing')"), "{second}");
    // A way back that fails costs the scratch database alone.
    notes.edit("sql", ".down.sql", "DROP TABLE", "DROP VIEW");
    until("Applied 1 alteration.");
    notes.edit("sql", ".up.sql", "Doing", "Busy");
    let fourth = until("Applied 1 alteration.");
    assert!(!fourth.contains("down acme/notes") && fourth.contains("'Busy')"), "{fourth}");
    let pid = i32::try_from(dev.id()).ok().and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::INT)
        .expect("it is there");
    assert_eq!(dev.wait().expect("an end").code(), Some(0));
}
