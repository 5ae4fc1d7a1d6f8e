//! The table of lines by which tools turn round in one file.
//!
//! A line is read as leniently as the most lenient tool does, and a little more: in any case, indented, with
//! more dashes than needed, with or without blanks. What is prose to a reader is no mark: a mark is the whole
//! line, unless it begins with a sign that no sentence begins with.

use super::{Layout, Symbols, Tool, Way, is_drawn, symbols};
use crate::history::mark::lines;
use std::ops::Range;

/// When a line counts, outside of strings and of other statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sure {
    /// Always: nobody but a tool writes it.
    Always,
    /// Where a mark for the other way is in the text too, or what stands behind it deletes something behind other
    /// SQL: a sentence can begin so.
    InContext,
    /// Where SQL follows it: a word of its own that an author may write as well.
    BySql,
}

/// A line that is a mark.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) tool: Tool,
    pub(super) way: Way,
    pub(super) sure: Sure,
    /// Its line.
    pub(super) range: Range<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// The line begins so, whatever comes then; `*` is any word.
    Starts(&'static str),
    /// The line has these words and no others.
    Words(&'static str),
}

use Shape::{Starts, Words};

const fn of(layout: Layout) -> Tool {
    Tool::Layout(layout)
}

/// Tools, with how they mark the way forward and the way back; empty where they do not mark it.
const TOOLS: [(Tool, Sure, Shape, Shape); 22] = [
    (of(Layout::Goose), Sure::Always, Starts("+ goose up"), Starts("+ goose down")),
    (of(Layout::Goose), Sure::BySql, Words("goose up"), Words("goose down")),
    (of(Layout::Goose), Sure::InContext, Starts("goose up"), Starts("goose down")),
    (of(Layout::SqlMigrate), Sure::Always, Starts("+ migrate up"), Starts("+ migrate down")),
    (of(Layout::Micrate), Sure::Always, Starts("+ micrate up"), Starts("+ micrate down")),
    (of(Layout::Micrate), Sure::BySql, Words("micrate up"), Words("micrate down")),
    (of(Layout::Micrate), Sure::InContext, Starts("micrate up"), Starts("micrate down")),
    // Of tools that are not known, and goose's and sql-migrate's names misspelt.
    (Tool::Some, Sure::Always, Starts("+ * up"), Starts("+ * down")),
    (of(Layout::Dbmate), Sure::Always, Starts("migrate : up"), Starts("migrate : down")),
    (of(Layout::Dbmate), Sure::BySql, Words("migrate up"), Words("migrate down")),
    (of(Layout::Dbmate), Sure::InContext, Starts("migrate up"), Starts("migrate down")),
    (of(Layout::Rambler), Sure::Always, Starts("rambler up"), Starts("rambler down")),
    (of(Layout::Mybatis), Sure::Always, Starts(""), Starts("/ / @ undo")),
    (of(Layout::Mybatis), Sure::Always, Starts(""), Starts("@ undo")),
    (of(Layout::Tern), Sure::Always, Starts(""), Starts("create above / drop below")),
    (of(Layout::Tern), Sure::Always, Words(""), Words("create above drop below")),
    (of(Layout::NodePgMigrate), Sure::BySql, Words("up migration"), Words("down migration")),
    (of(Layout::NodePgMigrate), Sure::InContext, Starts("up migration"), Starts("down migration")),
    (Tool::Named("Play"), Sure::Always, Starts("! ups"), Starts("! downs")),
    (Tool::Named("Migrondi"), Sure::Always, Starts("migrondi : up"), Starts("migrondi : down")),
    (Tool::Named("Migrondi"), Sure::Always, Starts("mondi : up"), Starts("mondi : down")),
    (of(Layout::Liquibase), Sure::Always, Starts("liquibase formatted sql"), Starts("")),
];

/// Words that say by themselves which way what follows goes, alone in their line or beside `BESIDE`.
const UP: [&str; 9] = [
    "up",
    "ups",
    "upgrade",
    "do",
    "forward",
    "forwards",
    "upmigration",
    "migrateup",
    "migrationup",
];
const DOWN: [&str; 17] = [
    "down",
    "downs",
    "downgrade",
    "undo",
    "rollback",
    "rollbacks",
    "revert",
    "reverse",
    "backward",
    "backwards",
    "backout",
    "teardown",
    "unapply",
    "downmigration",
    "migratedown",
    "migrationdown",
    "rollbackmigration",
];
const BESIDE: [&str; 17] = [
    "begin",
    "code",
    "db",
    "def",
    "direction",
    "fn",
    "function",
    "migrate",
    "migration",
    "migrations",
    "part",
    "query",
    "script",
    "section",
    "sql",
    "start",
    "step",
];
/// Words before the one that says the way in a line that goes on behind it.
const LEADING: [&str; 3] = ["how", "on", "to"];
/// Words for a way back that sentences about other things begin with, as `Backwards compatible`.
const PROSE: [&str; 3] = ["backward", "backwards", "reverse"];
/// shmig's lines, which it reads in this spelling alone.
const SHMIG: [&str; 2] = ["-- ====  UP  ====", "-- ==== DOWN ===="];

/// Returns the marks of a text, in order.
pub(super) fn all(text: &str) -> impl Iterator<Item = Mark> {
    lines(text).filter_map(|line| {
        let (tool, sure, way) = read(line.text)?;
        Some(Mark { tool, way, sure, range: line.range })
    })
}

/// Returns the tool whose marks a text has; `None` also for words that any author may write.
pub(super) fn whose(text: &str) -> Option<Layout> {
    lines(text).find_map(|line| match read(line.text) {
        Some((Tool::Layout(layout), Sure::Always, _)) => Some(layout),
        _ => {
            // Whatever it says: a mark of theirs that says no direction.
            let Symbols { found, .. } = symbols(line.text)?;
            let is_goose = starts(&found, "+ goose").then_some(Layout::Goose);
            is_goose.or_else(|| starts(&found, "tern : disable").then_some(Layout::Tern))
        }
    })
}

/// Returns the first line with SQL to take something back that Liquibase keeps in comments.
pub(super) fn liquibase_rollback(text: &str) -> Option<Mark> {
    let header = all(text).any(|mark| mark.tool == of(Layout::Liquibase));
    let mut found = lines(text).filter(|line| {
        symbols(line.text).is_some_and(|Symbols { found, .. }| {
            starts(&found, "rollback") || starts(&found, "liquibase rollback")
        })
    });
    let line = header.then(|| found.next()).flatten()?;
    let (tool, way, sure) = (of(Layout::Liquibase), Way::Down, Sure::Always);
    Some(Mark { tool, way, sure, range: line.range })
}

fn read(line: &str) -> Option<(Tool, Sure, Way)> {
    let Symbols { found, goes_on } = symbols(line)?;
    let words: Vec<&str> = found.iter().copied().filter(|symbol| is_word(symbol)).collect();
    if words.is_empty() {
        return None;
    }
    let fits = |shape: Shape| match shape {
        Starts("") | Words("") => false,
        Starts(pattern) => starts(&found, pattern),
        Words(pattern) => {
            let parts = pattern.split(' ');
            !goes_on
                && words.len() == parts.clone().count()
                && words.iter().zip(parts).all(|(word, part)| same(word, part))
        }
    };
    let named = TOOLS.iter().find_map(|(tool, sure, up, down)| {
        let way = (fits(*up).then_some(Way::Up)).or_else(|| fits(*down).then_some(Way::Down))?;
        Some((*tool, *sure, way))
    });
    let exact = named.or_else(|| (!goes_on).then(|| by_word(line, &found, &words)).flatten());
    exact.or_else(|| by_first_word(line, &found, &words))
}

/// Recognises a line that continues after the word for a way back, as `Down: drops it`, `Rollback of 0001_a`, `To undo
/// this`.
fn by_first_word(line: &str, symbols: &[&str], words: &[&str]) -> Option<(Tool, Sure, Way)> {
    let words = one_word(words);
    let leads = |word: &&str| is_beside(word) || LEADING.iter().any(|other| same(word, other));
    let first = words.iter().find(|word| !leads(word))?;
    let is_prose = PROSE.iter().any(|other| same(first, other));
    (way(first)? == Way::Down && !is_prose)
        .then(|| (of_npm_sqlite(line, symbols), Sure::InContext, Way::Down))
}

/// npm's sqlite finds its mark by the first word of a line, whatever comes then.
fn of_npm_sqlite(line: &str, symbols: &[&str]) -> Tool {
    let is_bare = ["up", "down"].iter().any(|bare| symbols.first().is_some_and(|s| same(s, bare)));
    match is_bare && line.trim_start().starts_with("--") {
        true => of(Layout::NpmSqlite),
        false => Tool::Some,
    }
}

/// Joins `roll back` into one word.
fn one_word<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut joined: Vec<&str> = Vec::with_capacity(words.len());
    for word in words {
        match joined.last_mut() {
            Some(roll) if same(roll, "roll") && same(word, "back") => *roll = "rollback",
            _ => joined.push(word),
        }
    }
    joined
}

/// Returns whether a word may stand beside the mark; a number of a migration may, too.
fn is_beside(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) || BESIDE.iter().any(|other| same(word, other))
}

/// Recognises a mark by one word, as `Down`, `@down`, `{{ undo }}`, `Direction: down`, `==== DOWN ====`.
fn by_word(line: &str, symbols: &[&str], words: &[&str]) -> Option<(Tool, Sure, Way)> {
    let words = one_word(words);
    let ways: Vec<Way> = words.iter().filter_map(|word| way(word)).collect();
    let &[way, ref others @ ..] = &ways[..] else { return None };
    if others.iter().any(|other| *other != way) {
        return None;
    }
    let others = words.iter().filter(|word| self::way(word).is_none());
    let is_field = || matches!(symbols, [name, ":", _] if is_word(name));
    if !others.clone().all(|word| is_beside(word)) && !is_field() {
        return None;
    }
    let tool = match (others.count(), symbols.len()) {
        (0, _) if SHMIG.contains(&line) => return Some((of(Layout::Shmig), Sure::Always, way)),
        (0, 2..) => Tool::Some,
        _ => of_npm_sqlite(line, symbols),
    };
    Some((tool, Sure::BySql, way))
}

fn way(word: &str) -> Option<Way> {
    let is_one_of = |words: &[&str]| words.iter().any(|other| same(word, other));
    let is_down = is_one_of(&DOWN).then_some(Way::Down);
    is_down.or_else(|| is_one_of(&UP).then_some(Way::Up))
}

/// In any case.
fn same(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

/// Returns whether `symbols` begin so, behind what only draws a line.
fn starts(symbols: &[&str], pattern: &str) -> bool {
    let drawn = symbols.iter().take_while(|symbol| symbol.starts_with(is_drawn));
    let mut symbols = symbols[drawn.count()..].iter();
    pattern.split(' ').all(|part| {
        symbols
            .next()
            .is_some_and(|symbol| if part == "*" { is_word(symbol) } else { same(symbol, part) })
    })
}

fn is_word(symbol: &str) -> bool {
    symbol.chars().all(char::is_alphanumeric)
}
