//! Writing to the terminal or the pipe: results to standard output, everything else to standard
//! error. A reader that went away is no error.

use super::wrap::{COLUMNS_MAX, wrapped};
use alteration_domain::{
    escape::{Escaped, EscapedLines},
    secret::{hidden, hidden_but},
};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    io::{ErrorKind, IsTerminal, Write},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const LABEL: Style = AnsiColor::Cyan.on_default();

/// The labels of SQL, which is never broken.
const SQL: [&str; 2] = ["statement", "took effect"];

/// Set when a result could not be written: then even a success is none.
static UNWRITTEN: AtomicBool = AtomicBool::new(false);

/// Database URLs of this process without their passwords, as commands to paste hold them.
static PASTED: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// Lets lines under a message show `url` whole, with its user. It holds no password.
pub(super) fn show_url(url: &str) {
    PASTED.write().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned());
}

/// A line of the result.
pub(super) fn result(line: &str) {
    wrote(writeln!(anstream::stdout().lock(), "{line}"));
}

/// Returns whether the result is shown in colours: on a terminal, unless that was switched off.
pub(super) fn is_coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// A document that is written as it is.
pub(super) fn raw(text: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    wrote(stdout.write_all(text).and_then(|()| stdout.flush()));
}

fn wrote(written: std::io::Result<()>) {
    // A closed pipe means that nobody reads on; there is nobody left to tell.
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !UNWRITTEN.swap(true, Ordering::Relaxed)
    {
        problem(&format!("the result cannot be written: {error}"), &[]);
    }
}

/// Returns whether every result reached its reader, or a reader that had enough.
pub(super) fn all_written() -> bool {
    !UNWRITTEN.load(Ordering::Relaxed)
}

/// A result for programs.
pub(super) fn json<T: Serialize>(value: &T) {
    let text =
        serde_json::to_string_pretty(value).expect("results hold nothing that JSON cannot say");
    result(&ascii_where_it_matters(&text));
}

/// A result for programs, with its fields in alphabetical order.
pub(super) fn sorted_json<T: Serialize>(value: &T) {
    json(&serde_json::to_value(value).expect("results hold nothing that JSON cannot say"));
}

/// JSON leaves characters as they are that a terminal acts on; here they are escaped as well. They
/// can stand in strings only, so that the document stays the same document.
fn ascii_where_it_matters(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || !alteration_domain::escape::is_deceptive(c) {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

/// A line about what is going on.
pub(super) fn note(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// A sentence or more about what is going on, broken at the terminal's width. The first line begins `taken` columns from
/// the left, behind `label`, which may hold colours.
fn message(label: &str, taken: usize, indent: usize, text: &str) {
    let text = match columns() {
        Some(columns) => wrapped(text, columns, indent, taken),
        None => text.to_owned(),
    };
    note(&format!("{label}{text}"));
}

/// As [`note`], for sentences, which are broken at the terminal's width.
pub(super) fn remark(text: &str) {
    message("", 0, 0, text);
}

/// Returns how wide lines for people may be; `None` where no terminal says so.
fn columns() -> Option<usize> {
    let stderr = std::io::stderr();
    let size =
        stderr.is_terminal().then(|| rustix::termios::tcgetwinsize(&stderr).ok()).flatten()?;
    Some(usize::from(size.ws_col).min(COLUMNS_MAX)).filter(|columns| *columns > 0)
}

/// Text without an end of line, for a question: to whoever sits at the terminal, even when standard
/// error goes elsewhere.
pub(super) fn ask(text: &str) {
    if !std::io::stderr().is_terminal()
        && let Ok(mut terminal) = std::fs::OpenOptions::new().write(true).open("/dev/tty")
    {
        let _ = write!(terminal, "{text}");
        return;
    }
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "{text}");
    let _ = stderr.flush();
}

/// Something that is worth knowing and stops nothing.
pub(super) fn warning(message: &str, advice: &str) {
    self::message(&format!("{WARNING}warning:{WARNING:#} "), "warning: ".len(), 0, message);
    labelled("next", advice);
}

/// Writes why it did not work, with labelled lines under it. No URL shows more than the commands in these lines do.
pub(super) fn problem(message: &str, lines: &[(&str, String)]) {
    let message = EscapedLines(&hidden(message)).to_string();
    self::message(&format!("{ERROR}error:{ERROR:#} "), "error: ".len(), 0, &message);
    let pasted = PASTED.read().unwrap_or_else(PoisonError::into_inner);
    for (label, text) in lines {
        labelled(label, &EscapedLines(&hidden_but(text, |url| pasted.contains(url))).to_string());
    }
}

/// A line under a message.
fn labelled(label: &str, text: &str) {
    let shown = format!("  {LABEL}{label}:{LABEL:#} ");
    match SQL.contains(&label) {
        true => note(&format!("{shown}{text}")),
        false => message(&shown, label.len() + 4, 2, text),
    }
}

/// Commands under the line that they belong to, each on a line of its own. They hold no password.
pub(super) fn commands(commands: &[String], line: impl Fn(&str)) {
    for command in commands {
        line(&format!("      {command}"));
    }
}

/// `text` as one word of a shell's command line, escaped for the terminal.
pub(super) fn word(text: &str) -> String {
    let text = Escaped(text).to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "._-/:@%+=,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\\''")),
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
    fn json_without_what_terminals_act_on() {
        let value = "\u{9b}31m \u{202e} \u{e0001} é \u{7f}";
        let text = ascii_where_it_matters(&serde_json::json!([value]).to_string());
        assert_eq!(text, r#"["\u009b31m \u202e \udb40\udc01 é \u007f"]"#);
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap()[0], value);
    }

    #[test]
    fn words() {
        let table = [("./a/b", "./a/b"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''")];
        for (text, expected) in table {
            assert_eq!(word(text), expected);
        }
    }

    #[test]
    fn durations() {
        let table = [(0, "0 ms"), (999, "999 ms"), (1_250, "1.2 s"), (125_000, "2 min 5 s")];
        for (ms, text) in table {
            assert_eq!(duration(ms), text);
        }
    }
}
