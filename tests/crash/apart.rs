//! A stretch that cannot be resumed, killed at each point: either a plain run mends it, or a question is left that is right.
//!
//! Each statement of the hook leaves a row in a table of its own, so that it is seen what took effect, and whether anything
//! did twice.

use crate::{
    matrix,
    place::Place,
    support::{Run, Sandbox, finish},
};
use std::{
    os::unix::process::ExitStatusExt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// By how many points a slow run may differ from another one.
const POINTS_OF_SILENCE_MAX: usize = 8;
const ID: &str = "1.0.0-1700000000-apart";
/// Numbers that the statements leave, in order.
const UP: &str = "\
CREATE TABLE log (n INTEGER, of_insert INTEGER) ENGINE=InnoDB;
CREATE TABLE made (id INTEGER AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;
INSERT INTO log VALUES (1, NULL);
INSERT INTO made VALUES ();
INSERT INTO log VALUES (2, LAST_INSERT_ID());
CREATE TEMPORARY TABLE seen (n INTEGER);
INSERT INTO seen VALUES (3);
INSERT INTO log SELECT n, NULL FROM seen;
CREATE PROCEDURE add_next() BEGIN INSERT INTO log SELECT MAX(n) + 1, NULL FROM log; COMMIT; END;
CALL add_next();
SET @sql = CONCAT('INSERT INTO log VALUES (', 5, ', NULL)');
PREPARE s FROM @sql;
EXECUTE s;
START TRANSACTION;
INSERT INTO log VALUES (6, NULL);
INSERT INTO log VALUES (7, ROW_COUNT());
COMMIT;
DROP PROCEDURE add_next;
INSERT INTO log VALUES (8, NULL);
";
/// What each of them says, by what it leaves. Those of the transaction are kept by its end.
const LEAVES: [(&str, u64); 8] = [
    ("INSERT INTO log VALUES (2", 2),
    ("INSERT INTO log SELECT", 3),
    ("CALL add_next", 4),
    ("EXECUTE s", 5),
    // Undone with its session, which nobody sees any more.
    ("INSERT INTO log VALUES (6", 5),
    ("COMMIT", 7),
    ("DROP PROCEDURE", 7),
    ("INSERT INTO log VALUES (8", 8),
];

fn log(place: Place, sandbox: &Sandbox) -> Vec<u64> {
    if !place.has_table(sandbox, "log") {
        return Vec::new();
    }
    let rows = sandbox.rows("SELECT n FROM log ORDER BY n");
    rows.iter().map(|row| row.parse().expect("a number")).collect()
}

/// Checks that what is there is the beginning of what the hook does, and nothing of it twice.
fn is_beginning(log: &[u64]) -> Result<u64, String> {
    match log.iter().copied().eq(1..=log.len() as u64) {
        true => Ok(log.len() as u64),
        false => Err(format!("not the beginning of it: {log:?}")),
    }
}

/// Checks that the question that `run` leaves is about what is there.
fn question(place: Place, sandbox: &Sandbox, run: &Run) -> Result<(), String> {
    let there = is_beginning(&log(place, sandbox))?;
    if run.code != Some(4) {
        return Err(format!("no question: {run:#?}"));
    }
    let said = run.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    let (is_known, statement) = if let Some((_, statement)) = said.split_once("is gone: ") {
        (said.contains("was cut off behind this statement"), statement)
    } else {
        return Err(format!("another question: {run:#?}"));
    };
    let at = LEAVES.iter().position(|(words, _)| statement.starts_with(words));
    let earlier = |at: usize| if at == 0 { 1 } else { LEAVES[at - 1].1 };
    let expected = match at {
        Some(at) if is_known => [LEAVES[at].1, LEAVES[at].1],
        Some(at) => [earlier(at), LEAVES[at].1],
        // It leaves nothing in the table itself.
        None if statement.starts_with("INSERT INTO seen") => [2, 2],
        None if statement.starts_with("CREATE PROCEDURE") => [3, 3],
        None => return Err(format!("about a statement that is none of them: {run:#?}")),
    };
    if !expected.contains(&there) {
        return Err(format!("{there} are there, {expected:?} expected: {run:#?}"));
    }
    for row in 1..=expected[0] {
        let told =
            run.stderr.lines().filter(|line| line.trim().starts_with("took effect: ")).count();
        if told == 0 && row > 1 {
            return Err(format!("what took effect is not told: {run:#?}"));
        }
    }
    let commands = run.stderr.matches("runner resolve acme/apart").count();
    if commands < 2 {
        return Err(format!("it does not say how to go on: {run:#?}"));
    }
    let refused = sandbox.runner(&["resolve", "acme/apart", ID, "--statement", "done"]);
    if refused.code != Some(4) {
        return Err(format!("it cannot go on: {refused:#?}"));
    }
    // A person undoes it, says so, and it runs from its beginning.
    sandbox.sql(
        "DROP TABLE IF EXISTS log; DROP TABLE IF EXISTS made; DROP PROCEDURE IF EXISTS add_next;",
    );
    sandbox.ok(&["resolve", "acme/apart", ID, "--as", "reverted"]);
    sandbox.ok(&["deploy", "plugins"]);
    Ok(())
}

fn whole(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    let there = is_beginning(&log(place, sandbox))?;
    let of_insert = sandbox.rows("SELECT of_insert FROM log WHERE n IN (2, 7) ORDER BY n");
    let made = sandbox.rows("SELECT max(id) FROM made");
    let open = sandbox.rows("SELECT count(*) FROM alteration_journal");
    match (there, of_insert == [made.concat(), "1".to_owned()], open == ["0"]) {
        (8, true, true) => Ok(()),
        found => Err(format!("{found:?}: {of_insert:?}, {made:?}")),
    }
}

fn killed_everywhere(place: Place) {
    if place.is_left_out() {
        return;
    }
    let start = place.sandbox();
    start.sql_plugin("acme/apart", &[(ID, UP, "")]);
    let plugins = start.path().join("plugins").display().to_string();
    let args = ["deploy".to_owned(), plugins.clone()];
    let first = place.copy(&start);
    let (done, points) = matrix::trace(&first, &args);
    assert_eq!(done.code, Some(0), "{done:#?}");
    whole(place, &first).expect("it ran to its end");
    assert!(points.len() > 60, "{points:#?}");
    let chosen = matrix::chosen(points.len());
    let (next, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    let tried = |point: usize| -> Result<(), String> {
        let sandbox = place.copy(&start);
        std::os::unix::fs::symlink(&plugins, sandbox.path().join("plugins")).expect("a link");
        let mut killed = sandbox.command(&["deploy", "plugins"]);
        let killed = killed.env("RUNNER_CRASH_AT", point.to_string()).output().expect("starts");
        // A session that was silent for long is spoken to, so that the run that was traced may have had more points.
        if killed.status.success() && point > points.len() - POINTS_OF_SILENCE_MAX {
            return whole(place, &sandbox);
        }
        if killed.status.signal() != Some(9) {
            return Err("it was not killed".to_owned());
        }
        let again = finish(&mut sandbox.command(&["deploy", "plugins"]));
        if again.code != Some(0) {
            asked.fetch_add(1, Ordering::Relaxed);
            question(place, &sandbox, &again)?;
        }
        whole(place, &sandbox)
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(&point) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = tried(point) {
                        let mut failures = failures.lock().expect("nobody panics");
                        failures.push(format!("at point {point}, {}: {why}", points[point - 1]));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics");
    let asked = asked.into_inner();
    println!("{place:?}: {} points, {} killed, {asked} asked", points.len(), chosen.len());
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n\n"));
    assert!(asked > 0, "nothing was ever asked");
}

#[test]
fn on_mariadb() {
    killed_everywhere(Place::Mariadb);
}

#[test]
fn on_mysql() {
    killed_everywhere(Place::Mysql);
}
