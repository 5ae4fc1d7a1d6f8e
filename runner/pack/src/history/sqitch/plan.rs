//! `sqitch.plan`: pragmas, then changes and tags in the order in which they are deployed. Pure.
//!
//! As Sqitch reads it, and as strict: what it refuses is refused here. A change may be there twice if a tag is
//! between (it was reworked). A dependency is a change, a change at a tag, or a tag; it has to stand before.

use crate::{
    escape::Escaped,
    history::{error::Problem, mark},
};

/// One change of the plan.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: String,
    /// Fourteen digits, UTC.
    pub(super) planned: String,
    pub(super) note: String,
    pub(super) line: usize,
    /// The changes it requires, by their place in the plan.
    pub(super) requires: Vec<usize>,
    /// The tags under one of which its files are kept, where it was reworked; the first is the one that counts if none
    /// has files.
    pub(super) rework_tags: Vec<String>,
    pub(super) is_reworked: bool,
}

type Bad = (usize, Problem);

fn bad(line: usize, message: String) -> Bad {
    (line, Problem::Plan(message))
}

/// A dependency, as it is written.
#[derive(Debug, PartialEq, Eq)]
struct Dependency<'a> {
    conflicts: bool,
    project: Option<&'a str>,
    change: Option<&'a str>,
    tag: Option<&'a str>,
}

/// A line that is no blank and no pragma.
struct Entry<'a> {
    is_tag: bool,
    name: &'a str,
    dependencies: Vec<&'a str>,
    planned: String,
    note: &'a str,
}

#[derive(Default)]
struct Plan {
    project: String,
    changes: Vec<Change>,
    /// Each tag, and how many changes stand before it.
    tags: Vec<(String, usize)>,
    /// The names that changes conflict with, and the line of each.
    conflicts: Vec<(usize, String)>,
}

pub(super) fn parse(text: &str) -> Result<Vec<Change>, Bad> {
    let mut plan = Plan::default();
    let mut in_header = true;
    for line in mark::lines(text) {
        let number = line.number;
        let trimmed = line.text.trim();
        if trimmed.is_empty() {
            in_header &= plan.project.is_empty();
            continue;
        }
        if trimmed.starts_with('#') {
            continue;
        }
        if let Some(pragma) = trimmed.strip_prefix('%').filter(|_| in_header) {
            let (name, value) = pragma.split_once('=').unwrap_or((pragma, ""));
            if name.trim() == "project" {
                plan.project = value.split('#').next().unwrap_or_default().trim().to_owned();
            }
            continue;
        }
        if plan.project.is_empty() {
            return Err(bad(
                number,
                "the plan has no `%project=` before its first change; add it".to_owned(),
            ));
        }
        let entry = entry(trimmed, number)?;
        match entry.is_tag {
            true => plan.tag(&entry, number)?,
            false => plan.change(&entry, number)?,
        }
    }
    let is_there = |name: &str| plan.changes.iter().any(|change| change.name == name);
    match plan.conflicts.iter().find(|(_, name)| !is_there(name)) {
        Some((line, name)) => {
            let message = format!(
                "it conflicts with `{}`, which is not in the plan; take that out",
                Escaped(name)
            );
            Err(bad(*line, message))
        }
        None => Ok(plan.changes),
    }
}

fn entry(text: &str, number: usize) -> Result<Entry<'_>, Bad> {
    let (text, note) = match text.find('#') {
        Some(at) => (text[..at].trim_end(), text[at + 1..].trim()),
        None => (text, ""),
    };
    let is_tag = text.starts_with('@');
    if text.starts_with('-') {
        let message = "a line that begins with `-` takes a change back, which no deploy does; delete it, and the change";
        return Err(bad(number, message.to_owned()));
    }
    let text = text.strip_prefix(['@', '+']).unwrap_or(text).trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !is_name(name) {
        return Err(bad(number, format!("`{}` is no name of a change or tag", Escaped(name))));
    }
    let rest = rest.trim_start();
    let (dependencies, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((dependencies, rest)) => {
            (dependencies.split_whitespace().collect(), rest.trim_start())
        }
        None => (Vec::new(), rest),
    };
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (time, planner) = rest.split_at(end);
    let planned = planned(time).ok_or_else(|| {
        let message = format!(
            "expected `name [dependencies] 2024-01-31T12:00:00Z Planner <email>`, found `{}` where the time is",
            Escaped(time)
        );
        bad(number, message)
    })?;
    let is_planner = |text: &str| text.contains('<') && text.trim_end().ends_with('>');
    if !is_planner(planner) {
        return Err(bad(
            number,
            "there is no planner with an address in `<>` behind the time".to_owned(),
        ));
    }
    Ok(Entry { is_tag, name, dependencies, planned, note })
}

/// `2024-01-31T12:00:00Z` as fourteen digits.
fn planned(time: &str) -> Option<String> {
    let shape = "dddd-dd-ddTdd:dd:ddZ";
    let fits = time.len() == shape.len()
        && time.bytes().zip(shape.bytes()).all(|(byte, expected)| match expected {
            b'd' => byte.is_ascii_digit(),
            expected => byte == expected,
        });
    fits.then(|| time.chars().filter(char::is_ascii_digit).collect())
}

fn is_name(name: &str) -> bool {
    let is_punctuation = |c: char| c.is_ascii_punctuation() && c != '_';
    !name.is_empty()
        && !name.starts_with(is_punctuation)
        && !name.ends_with(is_punctuation)
        && !name.contains(['@', ':', '#', '\\'])
        && !name.split('/').any(|part| part.is_empty() || part == "." || part == "..")
}

fn dependency(text: &str) -> Dependency<'_> {
    let (conflicts, text) = match text.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (project, text) = match text.split_once(':') {
        Some((project, text)) => (Some(project), text),
        None => (None, text),
    };
    let (change, tag) = match text.split_once('@') {
        Some((change, tag)) => (Some(change).filter(|change| !change.is_empty()), Some(tag)),
        None => (Some(text), None),
    };
    Dependency { conflicts, project, change, tag }
}

impl Plan {
    fn tag(&mut self, entry: &Entry<'_>, line: usize) -> Result<(), Bad> {
        if self.changes.is_empty() {
            return Err(bad(
                line,
                "a tag stands behind the change that it names; there is none before it".to_owned(),
            ));
        }
        if self.tags.iter().any(|(name, _)| name == entry.name) {
            return Err(bad(line, format!("the tag @{} is there twice", Escaped(entry.name))));
        }
        self.tags.push((entry.name.to_owned(), self.changes.len()));
        Ok(())
    }

    fn change(&mut self, entry: &Entry<'_>, line: usize) -> Result<(), Bad> {
        let name = entry.name;
        if let Some(before) = self.changes.iter().rposition(|change| change.name == name) {
            // The newest first, those of the change itself last.
            let between = self.tags.iter().rev().filter(|(_, count)| *count > before);
            let tags: Vec<String> = between.map(|(tag, _)| tag.clone()).collect();
            if tags.is_empty() {
                let first = self.changes[before].line;
                let message = format!(
                    "the change {} is there already, in line {first}; a reworked one needs a tag between the two",
                    Escaped(name)
                );
                return Err(bad(line, message));
            }
            self.changes[before].rework_tags = tags;
            self.changes[before].is_reworked = true;
        }
        let mut requires = Vec::new();
        for text in &entry.dependencies {
            let dependency = dependency(text);
            let found = self.find(&dependency, text, line)?;
            match (dependency.conflicts, found) {
                (false, Some(at)) => requires.push(at),
                (false, None) => {
                    let message = format!(
                        "{} requires `{}`, which does not stand before it; put that line first",
                        Escaped(name),
                        Escaped(text)
                    );
                    return Err(bad(line, message));
                }
                (true, Some(at)) => {
                    let message = format!(
                        "{} conflicts with {} of line {}, which is deployed before it: one of the two lines has to go",
                        Escaped(name),
                        Escaped(&self.changes[at].name),
                        self.changes[at].line
                    );
                    return Err(bad(line, message));
                }
                (true, None) => {
                    self.conflicts.extend(dependency.change.map(|name| (line, name.to_owned())));
                }
            }
        }
        self.changes.push(Change {
            name: name.to_owned(),
            planned: entry.planned.clone(),
            note: entry.note.to_owned(),
            line,
            requires,
            rework_tags: Vec::new(),
            is_reworked: false,
        });
        Ok(())
    }

    /// Returns the place of what a dependency names; `None` where it does not stand before.
    fn find(
        &self,
        dependency: &Dependency<'_>,
        text: &str,
        line: usize,
    ) -> Result<Option<usize>, Bad> {
        if let Some(project) = dependency.project.filter(|project| *project != self.project) {
            let message = format!(
                "`{}` is of another project, {}, which is another plugin here: take it out of this line, and name that plugin under `requires` in alteration.toml",
                Escaped(text),
                Escaped(project)
            );
            return Err(bad(line, message));
        }
        let is_digest =
            |name: &str| name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit());
        if dependency.change.is_some_and(is_digest) {
            let message =
                format!("`{}` names a change by its digest; write its name", Escaped(text));
            return Err(bad(line, message));
        }
        let end = match dependency.tag {
            None => self.changes.len(),
            Some(tag) => match self.tags.iter().find(|(name, _)| name == tag) {
                Some((_, count)) => *count,
                None => return Ok(None),
            },
        };
        let before = &self.changes[..end];
        Ok(match dependency.change {
            Some(name) => before.iter().rposition(|change| change.name == name),
            None => end.checked_sub(1),
        })
    }
}
