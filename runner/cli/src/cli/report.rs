//! Shows what happens while it happens: lines, log output, and on a terminal a progress bar.

use super::{
    command,
    options::{Format, Style},
    output::{self, count, duration},
    recorder::Recorder,
};
use alteration_deploy::event::{Event, Observer, ScratchEvent, TakenOver};
use alteration_domain::{
    alteration::{AlterationKey, Direction, SettingName},
    escape::{Escaped, EscapedLines},
    session::Counts,
};
use alteration_host::{HookEvent, Level};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::{
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often a line reports a backfill where there is no progress bar.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// How often a line says that it is still compiling where there is no progress bar.
const COMPILING_LINE_EVERY: Duration = Duration::from_secs(10);
/// Databases of other tests that are named.
const NAMES_SHOWN_MAX: usize = 5;
const BAR_REFRESH: Duration = Duration::from_millis(100);

/// A statement that was run, for the JSON of a dry run.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Statement {
    /// The plugin and the id.
    pub(super) alteration: String,
    /// The statement.
    pub(super) sql: String,
    /// How many rows it returned or affected.
    pub(super) rows: u64,
}

/// Receives events and renders them.
pub(super) struct Reporter {
    style: Style,
    bar: ProgressBar,
    statements: Mutex<Vec<Statement>>,
    /// Where it is to be saved what runs.
    recorder: Option<Recorder>,
    last_line: Mutex<Option<Instant>>,
    /// What a backfill had done when this run first heard of it.
    first_done: Mutex<Option<(AlterationKey, u64)>>,
}

impl Reporter {
    pub(super) fn new(style: Style) -> Arc<Self> {
        let on_terminal = std::io::stderr().is_terminal() && style.format == Format::Text;
        let bar = match on_terminal {
            true => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
            false => ProgressBar::hidden(),
        };
        bar.set_style(
            ProgressStyle::with_template("{spinner} {prefix} {msg} {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        Arc::new(Self {
            style,
            bar,
            statements: Mutex::default(),
            recorder: style.save.then(Recorder::default),
            last_line: Mutex::default(),
            first_done: Mutex::default(),
        })
    }

    pub(super) fn observer(self: &Arc<Self>) -> Observer {
        let reporter = Arc::clone(self);
        Arc::new(move |event| reporter.event(event))
    }

    /// Returns the recorder of what runs, if that is to be saved.
    pub(super) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// Statements seen, where they are wanted.
    pub(super) fn statements(&self) -> Vec<Statement> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn event(&self, event: Event<'_>) {
        if let Some(recorder) = &self.recorder {
            recorder.event(event);
        }
        match event {
            Event::Loading { components } => {
                if self.style.verbose {
                    self.note(&format!("Compiling {}", count(components as u64, "component")));
                }
            }
            Event::Compiling { done, total, elapsed } => self.compiling(done, total, elapsed),
            Event::Waiting { holder } => {
                // Asked many times a second; said once.
                if self.bar.message().is_empty() {
                    self.bar.set_message("waiting");
                    self.note(&format!("Waiting for another runner: {holder}"));
                }
            }
            Event::Started { key, position, total, .. } => self.started(key, position, total),
            Event::SettingsKept { key, names } => self.settings_kept(key, names),
            Event::Hook { key, event, .. } => self.hook(key, event),
            Event::NotResumable { key, statement, reason, .. } => self.note(&format!(
                "  {} could not be resumed from here on ({reason}): {}",
                key.id,
                Escaped(statement)
            )),
            Event::Stepped { key, steps, done, total, rows, elapsed } => {
                self.stepped(key, steps, (done, total), rows, elapsed);
            }
            Event::Retrying { key, reason, pause, .. } => {
                let reason = Escaped(reason.lines().next().unwrap_or_default());
                let pause = duration(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
                self.note(&format!("  {} tries again in {pause}: {reason}", key.id));
            }
            Event::Lost { keys } => {
                self.note(&format!("{}; done again", super::explain::lost_text(keys)));
            }
            Event::Finished { key, direction, counts } => {
                if self.style.format == Format::Text {
                    self.bar.suspend(|| output::result(&line(key, direction, counts)));
                }
            }
            Event::Recorded { key } => {
                self.note(&format!("recorded {key}"));
            }
            Event::TakenOver { taken } => {
                let TakenOver { from, to, applied } = taken;
                let count = count(*applied as u64, "applied alteration");
                self.note(&format!("{to} took over {count} of {from}"));
            }
            Event::Released { key } => {
                if self.style.format == Format::Text {
                    self.bar.suspend(|| output::result(&format!("{key} is released now")));
                }
            }
            Event::Scratch(event) => self.scratch(event),
            Event::Failed { .. } => self.clear(),
        }
    }

    /// Writes a line now and then if there is no terminal; never beside a result for programs.
    fn compiling(&self, done: usize, total: usize, elapsed: Duration) {
        let last = &mut *self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last.map_or(elapsed, |last| last.elapsed());
        if self.bar.is_hidden()
            && self.style.format == Format::Text
            && since >= COMPILING_LINE_EVERY
        {
            *last = Some(Instant::now());
            output::note(&format!("Compiling: {done} of {}", count(total as u64, "component")));
        }
    }

    fn scratch(&self, event: ScratchEvent<'_>) {
        match event {
            ScratchEvent::Others { names } => {
                let first = names.iter().take(NAMES_SHOWN_MAX).cloned().collect::<Vec<_>>();
                let more = if first.len() < names.len() { ", …" } else { "" };
                self.note(&format!(
                    "{} of other tests: {}{more}; drop those that no test works on any more",
                    count(names.len() as u64, "scratch database"),
                    Escaped(&first.join(", "))
                ));
            }
            ScratchEvent::Made { url } => self.note(&format!("Testing on {url}")),
            ScratchEvent::NotRemoved { url, reason } => self.bar.suspend(|| {
                output::warning(
                    &format!("{url} could not be removed: {}", Escaped(reason)),
                    "drop that database",
                );
            }),
        }
    }

    fn settings_kept(&self, key: &AlterationKey, names: &[SettingName]) {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "{key} resumes with the settings that it was begun with, not with the new values of {}",
            names.join(", ")
        );
        let advice =
            "if it needs the new values, undo what took effect, run this, and deploy again:";
        self.bar.suspend(|| {
            output::warning(&message, advice);
            output::commands(&[command::resolve_as_reverted(key)], output::note);
        });
    }

    fn started(&self, key: &AlterationKey, position: usize, total: usize) {
        // Where there is no terminal the bar is hidden, and all of this does nothing.
        self.bar.reset();
        self.bar.set_prefix(format!("[{position}/{total}]"));
        self.bar.set_message(key.to_string());
        self.bar.enable_steady_tick(BAR_REFRESH);
    }

    fn hook(&self, key: &AlterationKey, event: HookEvent<'_>) {
        match event {
            HookEvent::Log { level: Level::Debug, .. } if !self.style.verbose => {}
            HookEvent::Log { level, message } => {
                let level = match level {
                    Level::Debug => "debug",
                    Level::Info => "info",
                    Level::Warn => "warn",
                    Level::Error => "error",
                };
                for text in EscapedLines(message).to_string().lines() {
                    self.note(&format!("  {} {level}: {text}", key.id));
                }
            }
            HookEvent::Progress { done, total: Some(total) } => {
                let percent = done.saturating_mul(100) / total.max(1);
                self.bar.set_message(format!("{key}: {done} of {total} ({percent} %)"));
            }
            HookEvent::Progress { done, total: None } => {
                self.bar.set_message(format!("{key}: {done}"));
            }
            HookEvent::Statement { sql, rows } => self.statement(key, sql, rows),
        }
    }

    /// Writes a line now and then if there is no terminal.
    fn stepped(
        &self,
        key: &AlterationKey,
        steps: u64,
        (done, total): (u64, Option<u64>),
        rows: u64,
        elapsed: Duration,
    ) {
        let first = {
            let mut first = self.first_done.lock().unwrap_or_else(PoisonError::into_inner);
            match &*first {
                Some((known, first)) if known == key => *first,
                _ => {
                    // The first step that it hears of is done already, and is the only one.
                    *first = Some((key.clone(), done));
                    done
                }
            }
        };
        let text = steps_text(steps, (done, total), first, rows, elapsed);
        self.bar.set_message(format!("{key}: {text}"));
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if self.bar.is_hidden() && self.style.format == Format::Text && is_due {
            *last = Some(Instant::now());
            output::note(&format!("  {} {text}", key.id));
        }
    }

    fn statement(&self, key: &AlterationKey, sql: &str, rows: u64) {
        match (self.style.statements, self.style.format) {
            (true, Format::Json) => {
                let statement =
                    Statement { alteration: key.to_string(), sql: sql.to_owned(), rows };
                self.statements.lock().unwrap_or_else(PoisonError::into_inner).push(statement);
            }
            (true, Format::Text) => self.bar.suspend(|| {
                for line in EscapedLines(sql).to_string().lines() {
                    output::result(&format!("    {line}"));
                }
                output::result(&format!("    -- {}", count(rows, "row")));
            }),
            (false, _) if self.style.verbose => {
                let first = sql.lines().next().unwrap_or_default();
                self.note(&format!(
                    "  {} ran: {} ({})",
                    key.id,
                    Escaped(first),
                    count(rows, "row")
                ));
            }
            (false, _) => {}
        }
    }

    fn note(&self, line: &str) {
        self.bar.suspend(|| output::note(line));
    }

    /// Takes the bar away, before something else is written.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// One finished alteration.
fn line(key: &AlterationKey, direction: Direction, counts: Counts) -> String {
    let arrow = match direction {
        Direction::Up => "up  ",
        Direction::Down => "down",
    };
    let Counts { duration_ms, statements, rows_affected } = counts;
    format!(
        "{arrow} {key}  {}, {}, {}",
        duration(duration_ms),
        count(statements, "statement"),
        count(rows_affected, "row")
    )
}

/// Returns how far a backfill is, how fast, and how long it will take if it goes on like this. `first` is
/// what was done when its figures were first heard.
fn steps_text(
    steps: u64,
    (done, total): (u64, Option<u64>),
    first: u64,
    rows: u64,
    elapsed: Duration,
) -> String {
    let seconds = elapsed.as_secs_f64();
    let mut text = match total {
        Some(total) => {
            let percent = done.saturating_mul(100) / total.max(1);
            format!("{done} of {total} ({percent} %)")
        }
        None => count(done, "row"),
    };
    text.push_str(&format!(" in {}", count(steps, "step")));
    if seconds > 0.0 && rows > 0 {
        // Rows are far below 2^53.
        text.push_str(&format!(", {:.0} rows/s", rows as f64 / seconds));
    }
    let newly = done.saturating_sub(first);
    if let Some(total) = total
        && newly > 0
    {
        let left = total.saturating_sub(done) as f64 * seconds / newly as f64;
        text.push_str(&format!(", {} left", duration((left * 1_000.0) as u64)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backfills_tell_how_long_it_will_take() {
        let ten = Duration::from_secs(10);
        assert_eq!(
            steps_text(12, (600, Some(1_000)), 100, 500, ten),
            "600 of 1000 (60 %) in 12 steps, 50 rows/s, 8.0 s left"
        );
        assert_eq!(steps_text(1, (5, None), 5, 0, Duration::ZERO), "5 rows in 1 step");
    }
}
