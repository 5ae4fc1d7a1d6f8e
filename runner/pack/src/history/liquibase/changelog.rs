//! One file of formatted SQL: its changesets, their SQL and their way back. Pure; what an attribute means is
//! decided by who asks.
//!
//! Lines are read as Liquibase reads them, in any case. A text keeps its lines where they stand in the file: what is left
//! out is blank.

use super::attributes::Attributes;
use crate::{
    escape::Escaped,
    history::{
        Layout,
        error::Problem,
        mark::{self, Line},
    },
};
use std::collections::BTreeMap;

/// Author and id of a file that is not formatted.
pub(super) const RAW: (&str, &str) = ("includeAll", "raw");
const CHANGESET: &str = "--changeset author:id";

/// Text, and the line it begins at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) first_line: usize,
    pub(super) text: String,
    lines: usize,
}

impl Text {
    /// Takes off blank lines at its end.
    fn trim_end(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn push(&mut self, line: usize, text: &str) {
        if self.text.is_empty() {
            self.first_line = line;
        }
        for _ in self.first_line + self.lines..line {
            self.text.push('\n');
            self.lines += 1;
        }
        self.text.push_str(text);
        self.text.push('\n');
        self.lines += 1;
    }
}

/// How a changeset is taken back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rollback {
    None,
    /// It says that nothing is to be done.
    Empty,
    Sql(Text),
    /// By the SQL of another changeset.
    Of {
        line: usize,
        id: String,
        author: String,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changeset {
    pub(super) author: String,
    pub(super) id: String,
    pub(super) attributes: Attributes,
    /// The line of its mark.
    pub(super) line: usize,
    pub(super) sql: Text,
    pub(super) rollback: Rollback,
    pub(super) comment: String,
}

impl Changeset {
    /// Returns a file that is not formatted.
    pub(super) fn raw(text: &str) -> Self {
        Self {
            author: RAW.0.to_owned(),
            id: RAW.1.to_owned(),
            attributes: Attributes::default(),
            line: 1,
            sql: Text { first_line: 1, text: text.to_owned(), lines: text.lines().count() },
            rollback: Rollback::None,
            comment: String::new(),
        }
    }
}

type Bad = (usize, Problem);

/// Returns whether it is formatted SQL: its first line that is not blank says so.
pub(super) fn is_formatted(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    keyword(first, "liquibase")
        .is_some_and(|rest| rest.trim_start().to_lowercase().starts_with("formatted"))
}

/// Returns what follows `--` and a word, in any case.
fn keyword<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let comment = line.trim_start().strip_prefix("--")?.trim_start();
    let (found, rest) = comment.split_at_checked(word.len())?;
    found.eq_ignore_ascii_case(word).then_some(rest)
}

/// Returns the changesets of a file; `properties` are those of all files before it, to which it adds its own. The first
/// value of a name counts. `value` gives those that are known otherwise.
pub(super) fn parse(
    text: &str,
    properties: &mut BTreeMap<String, String>,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Changeset>, Bad> {
    let mut changesets: Vec<Changeset> = Vec::new();
    let mut ignored = 0;
    let mut ignoring = false;
    let mut block = false;
    for line in mark::lines(text) {
        if let Some(count) = keyword(line.text, "ignorelines") {
            match count.trim_start_matches([':', ' ']).trim().to_lowercase().as_str() {
                "start" => ignoring = true,
                "end" => ignoring = false,
                count => {
                    ignored = count.parse::<usize>().map_err(|_| {
                        let known = "a number, start and end";
                        (line.number, unknown(&line, known))
                    })?;
                }
            }
            continue;
        }
        if ignoring || ignored > 0 {
            ignored = ignored.saturating_sub(1);
            continue;
        }
        let expanded =
            expand(line.text, properties, value).map_err(|problem| (line.number, problem))?;
        if block {
            let Some(Changeset { rollback: Rollback::Sql(text), .. }) = changesets.last_mut()
            else {
                continue;
            };
            match expanded.trim_end().strip_suffix("*/") {
                Some(last) => {
                    block = false;
                    text.push(line.number, last);
                }
                None => text.push(line.number, &expanded),
            }
            continue;
        }
        if let Some(rest) =
            keyword(line.text, "property").filter(|rest| rest.starts_with([' ', '\t']))
        {
            property(&line, rest, properties)?;
            continue;
        }
        let is_mark = |rest: &&str| rest.starts_with([' ', '\t', ':']) || rest.is_empty();
        if let Some(rest) = keyword(&expanded, "changeset").filter(is_mark) {
            changesets.push(changeset(&line, rest)?);
            continue;
        }
        let Some(changeset) = changesets.last_mut() else {
            if !mark::is_blank(line.text) {
                return Err((line.number, Problem::BeforeMarks(Layout::Liquibase, CHANGESET)));
            }
            continue;
        };
        if begins_block(line.text) {
            block = true;
            changeset.rollback = Rollback::Sql(Text::default());
        } else if let Some(rest) = keyword(&expanded, "rollback").filter(is_mark) {
            rollback(changeset, line.number, rest.trim_start_matches(':').trim());
        } else if let Some(rest) = keyword(&expanded, "preconditions") {
            preconditions(&line, rest)?;
        } else if keyword(&expanded, "precondition-").is_some() {
            return Err((line.number, Problem::Precondition(line.text.trim().to_owned())));
        } else if let Some(rest) = keyword(&expanded, "comment").filter(is_mark) {
            changeset.comment = rest.trim_start_matches(':').trim().to_owned();
        } else if keyword(&expanded, "validchecksum").is_none() {
            changeset.sql.push(line.number, &expanded);
        }
    }
    for changeset in &mut changesets {
        changeset.sql.trim_end();
        if let Rollback::Sql(sql) = &mut changeset.rollback {
            sql.trim_end();
        }
    }
    match block {
        true => {
            let line = changesets.last().map_or(1, |changeset| changeset.line);
            let (mark, why) =
                ("/* liquibase rollback".to_owned(), "is opened behind this and never closed");
            Err((line, Problem::MisplacedMark { mark, why }))
        }
        false => Ok(changesets),
    }
}

fn unknown(line: &Line<'_>, known: &'static str) -> Problem {
    Problem::UnknownMark { mark: line.text.to_owned(), layout: Layout::Liquibase, known }
}

fn begins_block(line: &str) -> bool {
    let Some(comment) = line.trim().strip_prefix("/*") else { return false };
    let words: Vec<String> = comment.split_whitespace().map(str::to_lowercase).collect();
    words == ["liquibase", "rollback"]
}

/// `author:id`, each in quotes or not, and what stands behind.
fn changeset(line: &Line<'_>, rest: &str) -> Result<Changeset, Bad> {
    let known = "`--changeset author:id`, with attributes behind it";
    let bad = || (line.number, unknown(line, known));
    let rest = rest.trim_start();
    let (author, rest) = match rest.strip_prefix('"') {
        Some(quoted) => {
            let (author, rest) = quoted.split_once('"').ok_or_else(bad)?;
            (author, rest.trim_start().strip_prefix(':').ok_or_else(bad)?)
        }
        None => rest.split_once(':').ok_or_else(bad)?,
    };
    let rest = rest.trim_start();
    let (id, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(bad)?,
        None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
    };
    if author.trim().is_empty() || id.is_empty() {
        return Err(bad());
    }
    Ok(Changeset {
        author: author.trim().to_owned(),
        id: id.to_owned(),
        attributes: Attributes::parse(rest),
        line: line.number,
        sql: Text::default(),
        rollback: Rollback::None,
        comment: String::new(),
    })
}

fn rollback(changeset: &mut Changeset, line: usize, text: &str) {
    let attributes = Attributes::parse(text);
    let said = text.trim_end_matches(';').trim().to_lowercase();
    if let (Some(id), Rollback::None) = (attributes.get("changesetid"), &changeset.rollback) {
        let author = attributes.get("changesetauthor").unwrap_or(&changeset.author);
        changeset.rollback = Rollback::Of { line, id: id.to_owned(), author: author.to_owned() };
    } else if matches!(said.as_str(), "empty" | "not required") {
        changeset.rollback = Rollback::Empty;
    } else if let Rollback::Sql(sql) = &mut changeset.rollback {
        sql.push(line, text);
    } else if !text.is_empty() {
        let mut sql = Text::default();
        sql.push(line, text);
        changeset.rollback = Rollback::Sql(sql);
    }
}

/// What they say is for conditions that follow; where it runs whatever these say, they need not be known.
fn preconditions(line: &Line<'_>, rest: &str) -> Result<(), Bad> {
    let attributes = Attributes::parse(rest);
    let decides = |key: &str| {
        let value = attributes.get(key).unwrap_or("HALT");
        matches!(value.to_uppercase().as_str(), "MARK_RAN" | "CONTINUE")
    };
    match decides("onfail") || decides("onerror") {
        true => Err((line.number, Problem::Precondition(line.text.trim().to_owned()))),
        false => Ok(()),
    }
}

fn property(
    line: &Line<'_>,
    rest: &str,
    properties: &mut BTreeMap<String, String>,
) -> Result<(), Bad> {
    let attributes = Attributes::of_property(rest);
    let known = "`--property name:NAME value:VALUE`";
    let name = attributes.get("name").ok_or_else(|| (line.number, unknown(line, known)))?;
    let value = attributes.get("value").ok_or_else(|| (line.number, unknown(line, known)))?;
    for key in ["dbms", "context", "contextfilter", "labels"] {
        if attributes.get(key).is_some() {
            let message = format!(
                "the value of `{}` depends on `{key}`, which is known when it runs and not now; give the value with `--placeholder {}=VALUE`, and take this line out",
                Escaped(name),
                Escaped(name)
            );
            return Err((line.number, Problem::Plan(message)));
        }
    }
    properties.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    Ok(())
}

/// `${name}` by its value.
fn expand(
    line: &str,
    properties: &BTreeMap<String, String>,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Problem> {
    let mut expanded = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        expanded.push_str(before);
        // What is not closed is no placeholder to Liquibase.
        let Some(end) = from.find('}') else {
            rest = from;
            break;
        };
        let (whole, name) = (&from[..=end], &from[2..end]);
        let found = value(name).or_else(|| properties.get(name).cloned());
        expanded.push_str(&found.ok_or_else(|| Problem::NoValue {
            text: whole.to_owned(),
            name: name.to_owned(),
            elsewhere: ", or with `--property name:NAME value:VALUE` before it; what is to stay as it is, with itself as its value",
        })?);
        rest = &from[end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}
