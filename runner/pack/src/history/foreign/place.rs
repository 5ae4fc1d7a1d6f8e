//! Where in SQL a line stands: between two statements, where a mark turns round what follows, or inside of a
//! string, a body or a comment, where it is only text.
//!
//! In each dialect that the text may be for; where it reads as SQL in none, only lines are looked at.

use crate::{
    alteration::Dialect,
    history::{
        mark,
        statements::{DIALECTS, each_statement},
    },
    sql::{Token, TokenKind, undelimited},
};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// What is known of a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// It is a comment of the SQL's own, and no part of a string or of another comment.
    pub(super) is_comment: bool,
    /// It is one between statements, or before one that lacks the `;` before it.
    pub(super) is_between: bool,
    pub(super) has_sql_behind: bool,
    /// It stands before any statement.
    pub(super) is_first: bool,
    /// It is the head of a comment about SQL.
    pub(super) is_about_sql: bool,
    /// The next statement takes away what is there.
    pub(super) is_before_loss: bool,
}

impl Place {
    /// Returns whether the line is the head of a comment about SQL, before any statement.
    pub(super) fn is_heading(self) -> bool {
        self.is_first && self.is_about_sql
    }
}

const BETWEEN: Place = Place {
    is_comment: true,
    is_between: true,
    has_sql_behind: true,
    is_first: false,
    is_about_sql: false,
    is_before_loss: false,
};

pub(super) struct Readings<'a> {
    text: &'a str,
    dialects: Vec<Dialect>,
    /// Filled when it is first asked for.
    read: Option<Vec<Vec<Span>>>,
}

/// One statement.
struct Span {
    tokens: Vec<Range<usize>>,
    /// It holds a program of its own, in which comments are its own.
    is_program: bool,
    /// No server of this dialect takes it.
    is_strange: bool,
    has_body: bool,
    effect: Effect,
    dialect: Dialect,
}

/// What a statement does to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It only says how those behind it run.
    None,
    Takes,
    Other,
}

impl Span {
    fn range(&self) -> Range<usize> {
        let first = self.tokens.first().map_or(0, |token| token.start);
        first..self.tokens.last().map_or(0, |token| token.end)
    }
}

/// What a statement begins with that stands behind a mark without a `;` before it.
const VERBS: [&str; 11] = [
    "alter", "create", "delete", "drop", "grant", "insert", "rename", "revoke", "truncate",
    "update", "with",
];

impl<'a> Readings<'a> {
    pub(super) fn new(text: &'a str, dialects: &BTreeSet<Dialect>) -> Self {
        let dialects = match dialects.is_empty() {
            true => DIALECTS.to_vec(),
            false => dialects.iter().copied().collect(),
        };
        Self { text, dialects, read: None }
    }

    /// Returns the place of a line. It is what it is in one reading at least.
    pub(super) fn of(&mut self, line: Range<usize>) -> Place {
        let (text, dialects) = (self.text, &self.dialects);
        let readings = self.read.get_or_insert_with(|| readings(text, dialects));
        if readings.is_empty() {
            let mut behind = mark::lines(&text[line.end..]).map(|line| line.text);
            let next = behind.find(|line| !mark::is_blank(line));
            let words: Vec<_> = words(next.unwrap_or_default()).collect();
            let is_before_loss = effect(&words) == Effect::Takes;
            return Place { has_sql_behind: next.is_some(), is_before_loss, ..BETWEEN };
        }
        let places = readings.iter().map(|spans| place(text, &line, spans));
        let found = places.filter(|place| place.is_comment).reduce(|one, other| Place {
            is_comment: true,
            is_between: one.is_between || other.is_between,
            has_sql_behind: one.has_sql_behind || other.has_sql_behind,
            is_first: one.is_first && other.is_first,
            is_about_sql: one.is_about_sql && other.is_about_sql,
            is_before_loss: one.is_before_loss || other.is_before_loss,
        });
        found.unwrap_or_default()
    }
}

fn place(text: &str, line: &Range<usize>, spans: &[Span]) -> Place {
    let whole = &text[line.clone()];
    let at = line.start + (whole.len() - whole.trim_start().len());
    let before = spans.iter().take_while(|span| span.range().end <= at).count();
    let (end, span) = match (before.checked_sub(1), spans.get(before)) {
        (_, Some(span)) if span.range().start < at => return inside(text, at, line.end, span),
        // What is a comment to some is a part of the statement to others.
        (_, Some(span)) if span.range().start == at => {
            return BETWEEN;
        }
        (last, span) => (last.map_or(0, |last| spans[last].range().end), span),
    };
    let dialect = spans.first().map(|span| span.dialect);
    if is_in_comment(&text[end..], at - end, dialect) {
        return Place::default();
    }
    let next = spans[before..].iter().find(|span| span.effect != Effect::None);
    Place {
        has_sql_behind: span.is_some(),
        is_first: before == 0,
        is_about_sql: is_about_sql(&text[line.end..]),
        is_before_loss: next.is_some_and(|span| span.effect == Effect::Takes),
        ..BETWEEN
    }
}

/// By the words of a statement, in capitals.
fn effect(words: &[String]) -> Effect {
    let has = |word: &str| words.iter().any(|other| other == word);
    match words.first().map_or("", |verb| verb) {
        "BEGIN" if words.len() > 2 => Effect::Other,
        "BEGIN" | "START" | "SET" | "PRAGMA" | "USE" | "LOCK" => Effect::None,
        "DROP" | "DELETE" | "TRUNCATE" => Effect::Takes,
        "ALTER" if has("DROP") => Effect::Takes,
        "WITH" if has("DELETE") => Effect::Takes,
        _ => Effect::Other,
    }
}

/// In capitals.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty()).map(str::to_ascii_uppercase)
}

/// Of a line in a statement: it is a mark if it stands between tokens, and another statement begins behind it.
fn inside(text: &str, at: usize, end: usize, span: &Span) -> Place {
    let in_token = span.tokens.iter().any(|token| token.start < at && at < token.end);
    let next = span.tokens.iter().find(|token| token.start >= end);
    let begins = next.is_some_and(|next| {
        let line = text[..next.start].rfind('\n').map_or(0, |at| at + 1);
        let word = text[next.clone()].to_ascii_lowercase();
        text[line..next.start].trim().is_empty() && VERBS.contains(&word.as_str())
    });
    let is_between = !in_token && !span.is_program && begins;
    let behind = next.map_or("", |next| text[next.start..].split(';').next().unwrap_or_default());
    Place {
        is_comment: !in_token,
        is_between,
        has_sql_behind: is_between,
        is_about_sql: is_about_sql(&text[end..]),
        is_before_loss: effect(&words(behind).collect::<Vec<_>>()) == Effect::Takes,
        ..Place::default()
    }
}

/// Returns whether byte `at` of what stands between two statements is inside of a block comment.
fn is_in_comment(between: &str, at: usize, dialect: Option<Dialect>) -> bool {
    let mut from = 0;
    while from < at {
        let rest = &between[from..];
        if rest.starts_with("--") || rest.starts_with('#') {
            from += rest.find('\n').map_or(rest.len(), |end| end + 1);
        } else if rest.starts_with("/*") {
            from += block_comment(rest, dialect == Some(Dialect::Postgresql));
            if from > at {
                return true;
            }
        } else {
            from += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    false
}

/// Returns the length of the block comment that `text` begins with.
fn block_comment(text: &str, nests: bool) -> usize {
    let (mut depth, mut from) = (1, 2);
    while let Some(at) = text[from..].find(['/', '*']) {
        from += at;
        let rest = &text[from..];
        if rest.starts_with("*/") {
            depth -= 1;
            from += 2;
            if depth == 0 {
                return from;
            }
        } else if nests && rest.starts_with("/*") {
            depth += 1;
            from += 2;
        } else {
            from += 1;
        }
    }
    text.len()
}

/// Returns whether the comment lines that `text` begins with hold SQL.
fn is_about_sql(text: &str) -> bool {
    let comments = mark::lines(text).map_while(|line| mark::comment(line.text));
    let words = comments.map(|comment| comment.split_whitespace().next().unwrap_or_default());
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    words.iter().any(|word| VERBS.contains(&word.as_str()))
}

/// Returns the statements of a text as each of `dialects` reads them, without those that it can hardly be for.
fn readings(text: &str, dialects: &[Dialect]) -> Vec<Vec<Span>> {
    // Only the clients of MySQL and MariaDB know the command.
    let is_mysql = |dialect: &Dialect| matches!(dialect, Dialect::Mysql | Dialect::Mariadb);
    let mysql = dialects.iter().find(|dialect| is_mysql(dialect));
    let dialects = match mysql {
        Some(mysql) if matches!(undelimited(text, *mysql), Ok(Cow::Owned(_))) => &[*mysql],
        _ => dialects,
    };
    let mut readings: Vec<_> = dialects.iter().filter_map(|d| spans(text, *d)).collect();
    let likely = |spans: &Vec<Span>| !spans.iter().any(|span| span.is_strange);
    if readings.iter().any(likely) {
        readings.retain(likely);
    }
    // Dollar quotes are strings to PostgreSQL, and nothing to others.
    if readings.iter().flatten().any(|span| span.has_body) {
        readings.retain(|spans| spans.iter().any(|span| span.has_body));
    }
    readings
}

/// Returns the statements of a text; `None` if it does not read as SQL of this dialect.
fn spans(text: &str, dialect: Dialect) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    each_statement(text, dialect, |start, statement| {
        let range = |token: &Token| start + token.range().start..start + token.range().end;
        let has = |kinds: &[TokenKind]| statement.tokens().iter().any(|t| kinds.contains(&t.kind));
        let words: Vec<String> = statement.words().map(Into::into).collect();
        let has_word = |word: &str| words.iter().any(|other| other == word);
        let verb = words.first().map_or("", |word| word);
        let is_routine = matches!(verb, "CREATE" | "ALTER")
            && ["FUNCTION", "PROCEDURE"].iter().any(|w| has_word(w));
        let is_trigger = verb == "CREATE" && ["TRIGGER", "EVENT"].iter().any(|w| has_word(w));
        let in_string = has(&[TokenKind::Body, TokenKind::Literal, TokenKind::EscapedLiteral]);
        spans.push(Span {
            tokens: statement.tokens().iter().map(range).collect(),
            is_program: is_routine || is_trigger || matches!(verb, "DO" | "BEGIN" | "DECLARE"),
            is_strange: has_word("BEGIN")
                && match dialect {
                    Dialect::Sqlite => is_routine,
                    Dialect::Postgresql => {
                        is_trigger || is_routine && !in_string && !has_word("ATOMIC")
                    }
                    Dialect::Mysql | Dialect::Mariadb => false,
                },
            has_body: has(&[TokenKind::Body]),
            effect: effect(&words),
            dialect,
        });
        Ok(())
    })
    .ok()?;
    Some(spans)
}
