//! The matrix: one scenario, one backend, and a kill at each of its points.
//!
//! A run without a kill says which points there are and what the end is. Then, for each point: kill
//! there, look whether what must always hold does, run the same plain command again, compare. Half
//! of the runs go on while the server may still hold the session of the killed one; a third are
//! killed once more while they mend.

use crate::{
    place::Place,
    support::{Run, Sandbox, finish, servers::is_full},
};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// Points of a scenario that are tried unless all are asked for.
const SAMPLE: usize = 40;
const THREADS: usize = 3;

/// What is run, from which state, and what must hold.
pub struct Scenario {
    pub name: &'static str,
    /// The state from which `args` starts, and the plugins.
    pub start: fn(Place) -> Sandbox,
    pub args: &'static [&'static str],
    /// The exit code of the run, killed before or not.
    pub code: i32,
    /// What holds for the plugins' own tables at any moment; an error says what does not.
    pub holds: fn(Place, &Sandbox) -> Result<(), String>,
    /// Says, where only a person can, how the statement ended that was under way; then the command
    /// is run once more.
    pub resolve: Option<fn(&Sandbox) -> Vec<&'static str>>,
    /// Lets the time pass after which somebody else may go on.
    pub let_pass: fn(Place, &Sandbox),
    /// At least as many points there must be, or crash points have got lost.
    pub points_min: usize,
}

/// Runs the scenario; panics with every point that was not mended.
pub fn run(scenario: &Scenario, place: Place) {
    if place.is_left_out() {
        return;
    }
    let began = Instant::now();
    let _noise = place.noise();
    let start = (scenario.start)(place);
    place.wait_until_alone(&start);
    let args = arguments(scenario, start.path());
    let whole = place.copy(&start);
    let (done, points) = trace(&whole, &args);
    assert_eq!(done.code, Some(scenario.code), "{done:#?}");
    (scenario.holds)(place, &whole).expect("it holds at the end");
    let expected = end_state(&whole);
    let count = points.len();
    assert!(count >= scenario.points_min, "only {count} points: {points:#?}");
    let chosen = chosen(count);
    let (next, twice, resolved) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(&point) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let case = Case { scenario, place, args: &args, count, point };
                    let copy = place.copy(&start);
                    unlike_others(place, &copy, point);
                    let tried = case.run(&copy, &expected);
                    match tried {
                        Ok(mended) => {
                            twice.fetch_add(usize::from(mended.twice), Ordering::Relaxed);
                            resolved.fetch_add(usize::from(mended.resolved), Ordering::Relaxed);
                        }
                        Err(why) => {
                            let mut failures =
                                failures.lock().unwrap_or_else(PoisonError::into_inner);
                            failures.push(format!("at point {}: {why}", points[point - 1]));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{} on {place:?}: {count} points, {} runs killed, {} of them twice, {} resolved, {} mended, {} s",
        scenario.name,
        chosen.len(),
        twice.into_inner(),
        resolved.into_inner(),
        chosen.len() - failures.len(),
        began.elapsed().as_secs(),
    );
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n\n"));
}

/// One point of a scenario.
struct Case<'a> {
    scenario: &'a Scenario,
    place: Place,
    args: &'a [String],
    count: usize,
    point: usize,
}

#[derive(Debug, Default)]
struct Mended {
    twice: bool,
    resolved: bool,
}

impl Case<'_> {
    fn run(&self, sandbox: &Sandbox, expected: &str) -> Result<Mended, String> {
        let mut mended = Mended::default();
        if !self.killed_at(sandbox, self.point) {
            return Err("it was not killed".to_owned());
        }
        // The same each time, so that a failure can be seen again.
        let dice = self.point.wrapping_mul(2_654_435_761) >> 8;
        if dice.is_multiple_of(2) {
            self.check(sandbox)?;
        }
        if (dice / 2).is_multiple_of(3) {
            mended.twice = self.killed_at(sandbox, dice / 6 % self.count + 1);
        }
        let mut again = finish(&mut command(sandbox, self.args));
        if let Some(resolve) = self.scenario.resolve
            && again.stderr.contains("it is not known whether this statement took effect")
        {
            mended.resolved = true;
            let decided = sandbox.runner(&resolve(sandbox));
            if decided.code != Some(0) {
                return Err(format!("resolving failed: {decided:#?}"));
            }
            // It says what it was told about.
            let statement = decided.stdout.lines().nth(1).unwrap_or_default().trim();
            if statement.is_empty() || !again.stderr.contains(statement) {
                return Err(format!("resolved something else: {decided:#?}, not {again:#?}"));
            }
            again = finish(&mut command(sandbox, self.args));
        }
        if again.code != Some(self.scenario.code) {
            // The runner's own tables may not be there yet.
            return Err(format!("run again: {again:#?}\n{}", sandbox.dump()));
        }
        self.check(sandbox)?;
        let end = end_state(sandbox);
        if end != expected {
            return Err(format!("it should end as\n{expected}\nbut ended as\n{end}"));
        }
        Ok(mended)
    }

    fn killed_at(&self, sandbox: &Sandbox, point: usize) -> bool {
        let mut command = command(sandbox, self.args);
        let output = command.env("RUNNER_CRASH_AT", point.to_string()).output().expect("starts");
        (self.scenario.let_pass)(self.place, sandbox);
        output.status.signal() == Some(9)
    }

    fn check(&self, sandbox: &Sandbox) -> Result<(), String> {
        self.place.wait_until_alone(sandbox);
        if self.place == Place::Sqlite {
            let check = sandbox.rows("PRAGMA integrity_check");
            if check != ["ok"] {
                return Err(format!("the file is damaged: {check:?}"));
            }
        }
        own_tables_fit(self.place, sandbox)?;
        (self.scenario.holds)(self.place, sandbox)
    }
}

/// Gives what was begun before the copy was made another marker: with the same one in all copies, each would end the
/// sessions of the others on the same server: here it has its own.
fn unlike_others(place: Place, copy: &Sandbox, point: usize) {
    if place != Place::Sqlite && place.has_table(copy, "alteration_run") {
        copy.sql(&format!("UPDATE alteration_run SET marker = '{point:032x}';"));
    }
}

/// Evenly spread over all points, first and last among them; all of them with `RUNNER_FULL=1`.
pub fn chosen(count: usize) -> Vec<usize> {
    if is_full() || count <= SAMPLE {
        return (1..=count).collect();
    }
    (0..SAMPLE).map(|at| 1 + at * (count - 1) / (SAMPLE - 1)).collect()
}

/// Plugins stay where they were packed.
fn arguments(scenario: &Scenario, folder: &Path) -> Vec<String> {
    let plugins = folder.join("plugins").display().to_string();
    let place = |arg: &&str| if *arg == "plugins" { plugins.clone() } else { (*arg).to_owned() };
    scenario.args.iter().map(place).collect()
}

fn command(sandbox: &Sandbox, args: &[String]) -> std::process::Command {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    sandbox.command(&args)
}

pub fn trace(sandbox: &Sandbox, args: &[String]) -> (Run, Vec<String>) {
    let file = sandbox.path().join("trace");
    let run = finish(command(sandbox, args).env("RUNNER_CRASH_TRACE", &file));
    let points = fs::read_to_string(file).expect("a trace");
    (run, points.lines().map(str::to_owned).collect())
}

/// Returns the state that must be equal: everything but when, by whom and how often it was tried.
fn end_state(sandbox: &Sandbox) -> String {
    let own = sandbox.rows(
        "SELECT line FROM (
             SELECT 1 AS part, revision AS place, concat_ws(' ', plugin, id, status, checksum,
                 component_checksum, statements, rows_affected, permissions, requires,
                 irreversible, draft, error) AS line FROM alteration_state
             UNION ALL SELECT 2, 0, concat_ws(' ', 'run', plugin, id, direction, phase,
                 previous_status, steps, done, total, statements, rows_affected)
                 FROM alteration_run
             UNION ALL SELECT 3, call_number, concat_ws(' ', 'journal', plugin, id, call_number,
                 status, statement) FROM alteration_journal
             UNION ALL SELECT 4, chunk, concat_ws(' ', 'archive', component_checksum)
                 FROM alteration_archive
             UNION ALL SELECT 5, 0, concat_ws(' ', 'ledger', schema_version)
                 FROM alteration_ledger
         ) AS lines_of_all ORDER BY part, place, line",
    );
    format!("{}\n{}", sandbox.dump(), own.join("\n"))
}

/// The runner's own tables fit together at any moment: what runs has a run, and nothing else has
/// a journal, of which at most the last statement is open.
fn own_tables_fit(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    // The one that is made last.
    if !place.has_table(sandbox, "alteration_journal") {
        return Ok(());
    }
    let found = sandbox.rows(
        "SELECT concat_ws(' ',
             (SELECT count(*) FROM alteration_run r WHERE NOT EXISTS (SELECT 1
                 FROM alteration_state s WHERE s.plugin = r.plugin AND s.id = r.id
                 AND s.status IN ('running', 'failed'))),
             (SELECT count(*) FROM alteration_state s WHERE s.status = 'running' AND NOT EXISTS
                 (SELECT 1 FROM alteration_run r WHERE s.plugin = r.plugin AND s.id = r.id)),
             (SELECT count(*) FROM alteration_journal j WHERE NOT EXISTS
                 (SELECT 1 FROM alteration_run r WHERE j.plugin = r.plugin AND j.id = r.id)),
             (SELECT count(*) FROM alteration_journal j WHERE j.status = 'started' AND EXISTS
                 (SELECT 1 FROM alteration_journal k WHERE k.plugin = j.plugin AND k.id = j.id
                     AND k.call_number > j.call_number)))",
    );
    match found == ["0 0 0 0"] {
        true => Ok(()),
        false => Err(format!("the runner's own tables do not fit together: {found:?}")),
    }
}
