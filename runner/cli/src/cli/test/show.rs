//! A test's results as text: each alteration with its locks and differences, and the summary.

use crate::cli::{
    explain::Exit,
    options::Format,
    output::{self, count, duration},
};
use alteration_deploy::{
    Trial,
    trial::{
        After, Declare, Difference, Failure, LineChange, NotTested, Outcome, RowChange, RowCounts,
        Tested, Verdict,
    },
};
use alteration_domain::{alteration::Direction, escape::Escaped};
use alteration_record::{Blocked, Locks, TableLock};

/// Characters of one value, and of one line of a definition, that are shown.
const VALUE_CHARS_MAX: usize = 60;
const LINE_CHARS_MAX: usize = 200;

/// Alterations that were not tested and are named.
const NOT_TESTED_MAX: usize = 10;

/// Lines of one thing that are shown.
const LINES_MAX: usize = 60;

/// Shows what one alteration came to, under the lines of its passes.
pub(super) fn text(tested: &Tested) {
    for (at, pass) in tested.passes.iter().enumerate() {
        // The second way up usually locks what the first did.
        let is_known = tested.passes[..at]
            .iter()
            .any(|before| before.direction == pass.direction && before.locks == pass.locks);
        if !is_known && let Locks::Tables { tables, outside } = &pass.locks {
            locks(pass.direction, tables, *outside);
        }
    }
    for difference in &tested.differences {
        show(difference);
    }
    if let Some(Declare { creates, in_toml }) = &tested.declare {
        let names: Vec<String> =
            creates.iter().map(|name| serde_json::Value::from(name.as_str()).to_string()).collect();
        let place = if *in_toml { "alteration.toml" } else { "its manifest" };
        output::result(&format!(
            "     say in {place} what it makes, so that it can be confined: {}",
            Escaped(&format!("creates = [{}]", names.join(", ")))
        ));
    }
    output::result(&match tested.outcome {
        Verdict::Passed if tested.checked => "     passed, and its check".to_owned(),
        Verdict::Passed => "     passed".to_owned(),
        Verdict::Differs => "     DIFFERS".to_owned(),
        Verdict::Irreversible if tested.checked => {
            "     irreversible: only its way up was tested, and its check".to_owned()
        }
        Verdict::Irreversible => "     irreversible: only its way up was tested".to_owned(),
        // It may have no line of its own yet.
        Verdict::Failed => format!("     FAILED: {}", tested.key),
    });
}

fn locks(direction: Direction, tables: &[TableLock], outside: usize) {
    for lock in tables {
        let who = match lock.blocks {
            None => "",
            Some(Blocked::Writes) => ": writes wait",
            Some(Blocked::ReadsAndWrites) => ": reads and writes wait",
        };
        let table = Escaped(&lock.table);
        output::result(&format!("     {direction} locks {table} ({}){who}", lock.mode));
    }
    if outside > 0 {
        let statements = count(outside as u64, "statement");
        output::result(&format!(
            "     {direction} runs {statements} outside of a transaction, whose locks cannot be observed"
        ));
    }
}

fn when(after: After) -> &'static str {
    match after {
        After::Down => "after down",
        After::SecondUp => "after the second up",
        After::Up => "up",
    }
}

/// Shows a difference, with the lines or rows that changed.
pub(crate) fn show(difference: &Difference) {
    match difference {
        Difference::Schema { after, what, name, lines } => {
            output::result(&format!("     {}: {what} {}", when(*after), Escaped(name)));
            for line in lines.iter().take(LINES_MAX) {
                let (sign, text) = match line {
                    LineChange::Same(text) => (' ', text),
                    LineChange::Missing(text) => ('-', text),
                    LineChange::Added(text) => ('+', text),
                };
                output::result(&format!("       {sign} {}", cut(text, LINE_CHARS_MAX)));
            }
            if let more @ 1.. = lines.len().saturating_sub(LINES_MAX) {
                output::result(&format!("       … {}", count(more as u64, "more line")));
            }
        }
        Difference::ColumnOrder { after, name, avoidable } => {
            let verdict = match avoidable {
                true => "put them where they were",
                false => "this server can add a column at the end only, so that is no failure",
            };
            output::result(&format!(
                "     {}: table {} has the same columns in another order; {verdict}",
                when(*after),
                Escaped(name)
            ));
        }
        Difference::Data { after, table, columns, rows_before, rows_now, changed, rows } => {
            output::result(&format!(
                "     {}: rows of {}: {} before, {rows_now} now",
                when(*after),
                Escaped(table),
                count(*rows_before, "row")
            ));
            let Some(RowCounts { missing, added }) = changed else {
                output::result("       too many to tell which");
                return;
            };
            output::result(&format!("         ({})", Escaped(&columns.join(", "))));
            let (mut unshown_missing, mut unshown_added) = (*missing, *added);
            for row in rows {
                let (sign, values, unshown) = match row {
                    RowChange::Missing(values) => ('-', values, &mut unshown_missing),
                    RowChange::Added(values) => ('+', values, &mut unshown_added),
                };
                *unshown = unshown.saturating_sub(1);
                let values: Vec<String> =
                    values.iter().map(|value| cut(value, VALUE_CHARS_MAX)).collect();
                output::result(&format!("       {sign} ({})", values.join(", ")));
            }
            for (sign, number) in [('-', unshown_missing), ('+', unshown_added)] {
                if number > 0 {
                    output::result(&format!("       {sign} {} not shown", count(number, "row")));
                }
            }
        }
    }
}

/// Escapes a text, and cuts it with a remark if it is too long to show.
fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => Escaped(text).to_string(),
        Some((at, _)) => format!("{}… ({} bytes)", Escaped(&text[..at]), text.len()),
    }
}

/// Shows the summary, and explains a failure; returns the exit code.
pub(super) fn summary(trial: &Trial, format: Format, is_project: bool) -> Exit {
    let of = |verdict| trial.alterations.iter().filter(|one| one.outcome == verdict).count() as u64;
    let differing = of(Verdict::Differs);
    if format == Format::Text && trial.outcome != Outcome::NothingTested {
        let mut parts = vec![format!("{} passed", of(Verdict::Passed))];
        for (number, what) in [
            (differing, "differing"),
            (of(Verdict::Failed), "failed"),
            (of(Verdict::Irreversible), "irreversible"),
            (trial.left as u64, "not tested"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        output::result(&format!(
            "Tested {} in {}: {}.",
            count(trial.alterations.len() as u64, "alteration"),
            duration(trial.duration_ms),
            parts.join(", ")
        ));
    }
    if trial.skipped > 0 {
        let skipped = count(trial.skipped as u64, "alteration");
        output::note(&format!("Not tested: {skipped} beyond the target; see --target"));
    }
    if trial.elsewhere > 0 {
        let elsewhere = count(trial.elsewhere as u64, "alteration");
        output::note(&format!("Not tested: {elsewhere} only for other databases"));
    }
    let changed = match &trial.scratch {
        Some(url) => {
            output::note(&format!("The scratch database is still there: {url}"));
            "the scratch database, which is still there".to_owned()
        }
        // What a plugin did beside it, with the rights of the URL's user, nobody has looked at.
        None => "the scratch database, which is removed".to_owned(),
    };
    let problem = |message: &str, mut lines: Vec<(&str, String)>, next: &str| {
        lines.insert(0, ("changed", changed.clone()));
        lines.push(("next", next.to_owned()));
        output::problem(message, &lines);
        Exit::Failed
    };
    let again = match is_project {
        true => "correct it, and run this again: what has changed is built first",
        false => "correct it, pack it again, and run the test again",
    };
    match (&trial.failure, trial.outcome) {
        (Some(failure), _) => {
            let others = trial.failures.iter().skip(1);
            let mut lines: Vec<_> = others.map(|failure| ("also", failed(failure))).collect();
            if trial.left > 0 {
                lines.push(("not tested", not_tested(&trial.not_tested)));
            }
            problem(&failed(failure), lines, again)
        }
        (None, Outcome::NothingTested) => {
            problem("there is nothing to test", Vec::new(), "see --target in `runner test --help`")
        }
        (None, Outcome::Differs) => problem(
            &format!(
                "{differing} of {} did not come back",
                count(trial.alterations.len() as u64, "alteration")
            ),
            Vec::new(),
            &format!("{again}; `--ignore TABLE.COLUMN` is for values that each run draws anew"),
        ),
        (None, Outcome::Passed | Outcome::Failed) => Exit::Done,
    }
}

/// Names how many were not tested, and what each of the first would need.
fn not_tested(left: &[NotTested]) -> String {
    let mut text = count(left.len() as u64, "alteration");
    for NotTested { key, without } in left.iter().take(NOT_TESTED_MAX) {
        text.push_str(&format!("\n    {key} needs {without}"));
    }
    if let more @ 1.. = left.len().saturating_sub(NOT_TESTED_MAX) {
        text.push_str(&format!("\n    … and {more} more"));
    }
    text
}

fn failed(failure: &Failure) -> String {
    let pass = match (failure.direction, failure.again) {
        (Direction::Up, true) => "second up".to_owned(),
        (direction, _) => direction.to_string(),
    };
    format!("{} failed ({pass}): {}", failure.key, failure.message)
}
