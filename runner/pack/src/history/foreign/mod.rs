//! What other tools put into files and names to say which way SQL goes, and the guard that rests on it: what
//! a tool would run to take something back is never run to do it.
//!
//! `marks` is the table of lines, `names` that of file names, each with the tool that has them. A layout takes
//! its own marks out of a text before this looks at what is left; so a mark that is left belongs to another
//! tool, or is one that the layout's own tool would pass over. `place` says whether a line is SQL text's
//! own comment between two statements, or only looks like one in a string. Pure.

mod marks;
mod names;
mod place;
#[cfg(test)]
mod tests;

pub(super) use names::down_name;

use super::{Layout, is_blank};
use crate::alteration::Dialect;
use marks::Sure;
use std::{collections::BTreeSet, fmt};

/// Whose a mark or a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// One whose layout is taken.
    Layout(Layout),
    /// One that is known, and whose layout is not taken.
    Named(&'static str),
    /// Several write it, or none that is known.
    Some,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(layout) => layout.fmt(f),
            Self::Named(name) => f.write_str(name),
            Self::Some => f.write_str("another tool"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// A line that turns round what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) tool: Tool,
    /// The byte of the text that its line begins at.
    pub(super) at: usize,
    pub(super) mark: String,
}

const LIQUIBASE: Tool = Tool::Layout(Layout::Liquibase);

/// Returns the first line of `text` that says that what follows goes the other way than the text is run.
pub(super) fn turn(
    text: &str,
    is_way_back: bool,
    layout: Layout,
    dialects: &BTreeSet<Dialect>,
) -> Option<Turn> {
    let other = if is_way_back { Way::Up } else { Way::Down };
    let marks: Vec<_> = marks::all(text).filter(|mark| mark.tool != LIQUIBASE).collect();
    let both = marks.iter().any(|mark| mark.way != other);
    let mut readings = place::Readings::new(text, dialects);
    let mut others = marks.into_iter().filter(|mark| mark.way == other);
    let turn = others.find(|mark| {
        let place = readings.of(mark.range.clone());
        let is_between = place.is_between && place.has_sql_behind;
        match mark.sure {
            Sure::Always => place.is_comment,
            Sure::InContext => {
                let takes_back = !place.is_first && place.is_before_loss && !place.is_about_sql;
                is_between && (both || !is_way_back && takes_back)
            }
            Sure::BySql => is_between && (both || !place.is_heading()),
        }
    });
    // Liquibase has it in comments: it would be lost, not run.
    let is_lost = layout != Layout::Liquibase && !is_way_back;
    let turn = turn.or_else(|| is_lost.then(|| marks::liquibase_rollback(text)).flatten());
    turn.map(|mark| Turn {
        tool: mark.tool,
        at: mark.range.start,
        mark: text[mark.range.clone()].trim().to_owned(),
    })
}

/// Returns the tool whose file this is, by a mark that only a tool writes.
pub(super) fn tool_by_mark(text: &str) -> Option<Layout> {
    marks::whose(text)
}

/// Returns the tool whose file this is, by words that turn round what follows and that an author may write too.
pub(super) fn tool_by_word(text: &str, dialects: &BTreeSet<Dialect>) -> Option<Layout> {
    // It says nothing of a way back, but hardly an author writes it.
    const UP_MIGRATION: (Tool, Way) = (Tool::Layout(Layout::NodePgMigrate), Way::Up);
    let is_up =
        |mark: marks::Mark| (mark.tool, mark.way) == UP_MIGRATION && mark.sure == Sure::BySql;
    if marks::all(text).any(is_up) {
        return Some(Layout::NodePgMigrate);
    }
    let Turn { tool, at, mark } = turn(text, false, Layout::Liquibase, dialects)?;
    match tool {
        // Its mark is a word that any comment may begin with: what would go forward has to be there too.
        Tool::Layout(Layout::NpmSqlite) => {
            let is_up = |mark: marks::Mark| (mark.tool, mark.way) == (tool, Way::Up);
            let is_whole = symbols(&mark).is_some_and(|symbols| symbols.found.len() == 1);
            let has_both = marks::all(text).any(is_up) || is_whole && !is_blank(&text[..at]);
            has_both.then_some(Layout::NpmSqlite)
        }
        Tool::Layout(layout) => Some(layout),
        Tool::Named(_) | Tool::Some => None,
    }
}

/// The comment that a line is: its words, and each other character.
struct Symbols<'a> {
    found: Vec<&'a str>,
    /// There are more than a mark has.
    goes_on: bool,
}

/// `None` for a line that is no comment.
fn symbols(line: &str) -> Option<Symbols<'_>> {
    const SYMBOLS_MAX: usize = 16;
    let line = line.trim_start_matches('\u{feff}').trim();
    let body = (line.strip_prefix("--").or_else(|| line.strip_prefix("//")))
        .or_else(|| line.strip_prefix("/*").and_then(|body| body.strip_suffix("*/")))
        .or_else(|| line.strip_prefix('#'))?;
    let mut found = Vec::new();
    let mut rest = body.trim_start();
    while let Some(first) = rest.chars().next() {
        if found.len() == SYMBOLS_MAX {
            return Some(Symbols { found, goes_on: true });
        }
        let end = match first.is_alphanumeric() {
            true => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
            // A line that is drawn is one, however long.
            false if is_drawn(first) => rest.find(|c| c != first).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let symbol = if is_drawn(first) { first.len_utf8() } else { end };
        found.push(&rest[..symbol]);
        rest = rest[end..].trim_start();
    }
    Some(Symbols { found, goes_on: false })
}

/// Returns whether lines are drawn with this character.
fn is_drawn(c: char) -> bool {
    matches!(c, '-' | '=' | '*' | '#' | '~' | '_')
}
