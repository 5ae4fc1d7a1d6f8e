//! A whole text of several statements, before any of it runs: what the database's own client makes of it, and from which
//! statement on a hook could not be resumed.
//!
//! The reading follows the modes that the text itself sets. Pure.

use super::{
    Reading, blank,
    delimiter::undelimited,
    resumable::{self, is_about_the_one_before, resumability},
    split::statement_length,
    standing::{Standing, Unclear, assignments},
    statement::Statement,
};
use crate::session::SqlError;
use std::{borrow::Cow, ops::ControlFlow};

/// One statement of a text, and how it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    /// The byte where it begins, with what comes before its first word.
    pub(super) start: usize,
    pub(super) text: &'a str,
    pub(super) reading: Reading,
    /// Why the mode that it sets is not known.
    pub(super) unclear: Option<Unclear>,
}

/// Shows `each` the statements of `text`. Error: where it cannot be taken apart, and the number of that statement.
pub(super) fn walk(
    text: &str,
    reading: Reading,
    mut each: impl FnMut(Written<'_>) -> ControlFlow<()>,
) -> Result<(), (usize, SqlError)> {
    let mut standing = Standing::new(reading);
    let (mut start, mut number) = (0, 1);
    loop {
        let rest = &text[start..];
        let length = statement_length(rest, standing.reading).map_err(|error| {
            let offset = Some(start + error.offset.unwrap_or(0));
            (number, SqlError { offset, ..error })
        })?;
        let Some(length) = length else { return Ok(()) };
        let written = &rest[..length];
        let reading = standing.reading;
        let mut unclear = None;
        if resumable::is_of(reading.dialect)
            && let Ok(statement) = Statement::one(written, reading)
        {
            unclear = standing.after(&statement).err();
        }
        let shown = Written { number, start, text: written, reading, unclear };
        if each(shown).is_break() {
            return Ok(());
        }
        (start, number) = (start + length, number + 1);
    }
}

/// Returns a text as the database's own client sends it. For MySQL and MariaDB: DELIMITER is obeyed, and the locks
/// around the rows of a dump are left out, as are the keys that it switches off and on: they only made it faster, and a
/// hook with them could not be resumed. Where a transaction is open, or autocommit is off for longer, they stay: there
/// each of them commits. Every byte stays where it is.
pub fn as_client(sql: &str, reading: impl Into<Reading>) -> Result<Cow<'_, str>, SqlError> {
    let reading = reading.into();
    let text = undelimited(sql, reading)?;
    if !resumable::is_of(reading.dialect) || !mentions_lock(&text) {
        return Ok(text);
    }
    let locks = dump_locks(&text, reading);
    if locks.is_empty() {
        return Ok(text);
    }
    let mut bytes = text.into_owned().into_bytes();
    for range in locks {
        let blanked = bytes[range].iter_mut().filter(|byte| !matches!(byte, b'\r' | b'\n'));
        blanked.for_each(|byte| *byte = b' ');
    }
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| super::lexer::syntax_error(0, "a statement cuts a character in two"))
}

fn mentions_lock(text: &str) -> bool {
    text.as_bytes().windows(6).any(|word| word.eq_ignore_ascii_case(b"UNLOCK"))
}

/// What a statement is to a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lock,
    Unlock,
    Keys,
    Rows,
    AutocommitOff,
    AutocommitBack,
    AutocommitAmongOthers,
    Begin,
    Commit,
    Rollback,
    Other,
}

fn kind(statement: &Statement<'_>) -> Kind {
    let view = statement.view();
    let words = |words: &[&str]| view.starts_with(words);
    let last = view.tokens.len().saturating_sub(2);
    let is_name =
        |at: usize| view.name(at).is_some() && (at == last - 1 || view.is_symbol(at + 1, b'.'));
    if words(&["LOCK", "TABLES"]) || words(&["LOCK", "TABLE"]) {
        Kind::Lock
    } else if words(&["UNLOCK", "TABLES"]) || words(&["UNLOCK", "TABLE"]) {
        Kind::Unlock
    } else if words(&["ALTER", "TABLE"])
        && view.is_any(last, &["DISABLE", "ENABLE"])
        && view.is(last + 1, "KEYS")
        && (last == 3 && is_name(2) || last == 5 && is_name(2) && view.is_symbol(3, b'.'))
    {
        Kind::Keys
    } else if view.is_any(0, &["INSERT", "REPLACE"])
        && !statement.words().any(|word| word == "SELECT" || word == "TABLE")
        && resumability(statement).is_none()
    {
        Kind::Rows
    } else if let Some(kind) = autocommit(statement) {
        kind
    } else if view.is(0, "SET") && statement.words().any(|word| word == "AUTOCOMMIT") {
        Kind::AutocommitAmongOthers
    } else if words(&["COMMIT"]) && view.tokens.len() == 1 {
        Kind::Commit
    } else if words(&["START", "TRANSACTION"]) || words(&["BEGIN"]) {
        Kind::Begin
    } else if words(&["ROLLBACK"]) && view.find(1, "TO").is_none() {
        Kind::Rollback
    } else {
        Kind::Other
    }
}

/// Recognises a SET of autocommit only, which may save the former value first.
fn autocommit(statement: &Statement<'_>) -> Option<Kind> {
    let view = statement.view();
    if !view.is(0, "SET") {
        return None;
    }
    let mut kind = None;
    for assignment in assignments(view.from(1)) {
        let value = assignment.value;
        let last = value.tokens.len().saturating_sub(1);
        if assignment.user_variable().is_some() {
            if !value.is(last, "AUTOCOMMIT") {
                return None;
            }
        } else if assignment.setting().as_deref() == Some("autocommit") {
            let is_off = value.text_at(0) == "0" || value.is(0, "OFF");
            kind = Some(if is_off { Kind::AutocommitOff } else { Kind::AutocommitBack });
        } else {
            return None;
        }
    }
    kind
}

/// What holds in the client's session, as far as the text says.
#[derive(Debug, Default)]
struct Autocommit {
    is_open: bool,
    is_off: bool,
    /// It is off there, and was left out with the rows of a dump.
    is_left_out: bool,
}

/// LOCK TABLES … UNLOCK TABLES with nothing but rows between, and what belongs to it: the bytes of each statement.
fn dump_locks(text: &str, reading: Reading) -> Vec<std::ops::Range<usize>> {
    let mut statements = Vec::new();
    let walked = walk(text, reading, |written| {
        if let Ok(statement) = Statement::one(written.text, written.reading) {
            // The comments before it stay, and its `;`.
            let start = written.start + blank(written.text);
            let end = written.start + written.text.trim_end_matches(';').len();
            statements.push((kind(&statement), start..end));
        } else {
            statements.push((Kind::Other, written.start..written.start));
        }
        ControlFlow::Continue(())
    });
    if walked.is_err() {
        return Vec::new();
    }
    let kind = |at: usize| statements.get(at).map(|(kind, _)| *kind);
    let mut left_out = Vec::new();
    let mut session = Autocommit::default();
    let mut at = 0;
    while at < statements.len() {
        let mut end = at + 1;
        match kind(at) {
            Some(Kind::Begin) => session.is_open = true,
            // It would have nothing to end any more.
            Some(Kind::Commit | Kind::Rollback) if !session.is_open && session.is_left_out => {
                return Vec::new();
            }
            Some(Kind::Commit | Kind::Rollback) => session.is_open = false,
            Some(Kind::AutocommitBack) => (session.is_off, session.is_left_out) = (false, false),
            Some(Kind::AutocommitAmongOthers) => session.is_off = true,
            // What belongs to the rows of one dump stands right before their locks.
            Some(Kind::AutocommitOff) => session.is_off = kind(end) != Some(Kind::Lock),
            _ => {}
        }
        let is_of_dump = kind(at) == Some(Kind::Lock) && !session.is_open && !session.is_off;
        while is_of_dump && matches!(kind(end), Some(Kind::Rows | Kind::Keys | Kind::AutocommitOff))
        {
            end += 1;
        }
        if !is_of_dump || kind(end) != Some(Kind::Unlock) {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).filter(|at| kind(*at) == Some(Kind::AutocommitOff));
        let is_off = session.is_left_out
            || before.is_some()
            || (at..end).any(|at| kind(at) == Some(Kind::AutocommitOff));
        if is_off && kind(end + 1) != Some(Kind::Commit) {
            session.is_off = true;
            at += 1;
            continue;
        }
        if is_off {
            end += 1;
            session.is_left_out = kind(end + 1) != Some(Kind::AutocommitBack);
            end += usize::from(!session.is_left_out);
        }
        left_out.extend(before);
        left_out.extend((at..=end).filter(|at| kind(*at) != Some(Kind::Rows)));
        at = end + 1;
    }
    left_out.into_iter().map(|at| statements[at].1.clone()).collect()
}

/// From where on a hook cannot be resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrepeatable {
    /// Counted from 1.
    pub statement: usize,
    /// The byte of the text where the statement begins.
    pub start: usize,
    /// The byte of its first word.
    pub offset: usize,
    /// Which statement a resumed hook could not repeat, and why: a sentence without its full stop.
    pub reason: String,
}

/// Returns the statement of a script from which on a hook cannot be resumed, if there is one. `text` is as [`as_client`] gives it.
///
/// What such a statement is about comes with it: the one before, for ROW_COUNT(), and the transaction that it stands in.
pub fn unrepeatable(text: &str, reading: impl Into<Reading>) -> Option<Unrepeatable> {
    let reading = reading.into();
    if !resumable::is_of(reading.dialect) {
        return None;
    }
    let mut before: Option<Unrepeatable> = None;
    let mut opened: Option<Unrepeatable> = None;
    let mut found = None;
    let walked = walk(text, reading, |written| {
        let Ok(statement) = Statement::one(written.text, written.reading) else {
            return ControlFlow::Break(());
        };
        let first = statement.tokens().first().map_or(0, |token| token.range().start);
        let here = |reason| Unrepeatable {
            statement: written.number,
            start: written.start,
            offset: written.start + statement.offset() + first,
            reason,
        };
        if let Some(reason) = resumability(&statement) {
            let is_about_before = is_about_the_one_before(&statement);
            let of = opened.take().or_else(|| before.take().filter(|_| is_about_before));
            found =
                Some(Unrepeatable { reason: reason.clone(), ..of.unwrap_or_else(|| here(reason)) });
            return ControlFlow::Break(());
        }
        let view = statement.view();
        if view.starts_with(&["START", "TRANSACTION"]) || view.is(0, "BEGIN") {
            opened = Some(here(String::new()));
        } else if view.is(0, "COMMIT") || view.is(0, "ROLLBACK") && view.find(1, "TO").is_none() {
            opened = None;
        }
        before = Some(here(String::new()));
        ControlFlow::Continue(())
    });
    walked.ok()?;
    found
}
