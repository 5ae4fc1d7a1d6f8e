//! Writing to the terminal or the pipe: results to standard output, everything else to standard
//! error. A reader that went away is no error.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::Write;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const LABEL: Style = AnsiColor::Cyan.on_default();

/// A line of the result.
pub(super) fn result(line: &str) {
    // A closed pipe means that nobody reads on; there is nobody left to tell.
    let _ = writeln!(anstream::stdout().lock(), "{line}");
}

/// A result for programs.
pub(super) fn json<T: Serialize>(value: &T) {
    let text =
        serde_json::to_string_pretty(value).expect("results hold nothing that JSON cannot say");
    result(&text);
}

/// A line about what is going on.
pub(super) fn note(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Text without an end of line, for a question.
pub(super) fn ask(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "{text}");
    let _ = stderr.flush();
}

/// Something that is worth knowing and stops nothing.
pub(super) fn warning(message: &str, advice: &str) {
    note(&format!("{WARNING}warning:{WARNING:#} {message}"));
    note(&format!("  {LABEL}next:{LABEL:#} {advice}"));
}

/// Why it did not work, with labelled lines under it.
pub(super) fn problem(message: &str, lines: &[(&str, String)]) {
    note(&format!("{ERROR}error:{ERROR:#} {message}"));
    for (label, text) in lines {
        note(&format!("  {LABEL}{label}:{LABEL:#} {text}"));
    }
}

/// `12 ms`, `3.4 s`, `2 min 5 s`.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// `1 row`, `2 rows`.
pub(super) fn count(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let table = [(0, "0 ms"), (999, "999 ms"), (1_250, "1.2 s"), (125_000, "2 min 5 s")];
        for (ms, text) in table {
            assert_eq!(duration(ms), text);
        }
    }
}
