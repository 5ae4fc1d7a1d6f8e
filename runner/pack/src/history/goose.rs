//! goose: `<number>_<name>.sql` with `-- +goose Up` and `-- +goose Down`, ordered by number.
//!
//! As goose reads it: marks in any case, not indented; before the first one there may be comments;
//! `NO TRANSACTION` counts for both directions wherever it stands. What stands between
//! `StatementBegin` and `StatementEnd` is found to be one statement here without them; they stay, as
//! comments. The marks of directions do not.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook,
    mark::{self, Line},
    name,
    numbered::{Numbered, versions},
};
use std::path::Path;

const UP: &str = "-- +goose Up";
const DOWN: &str = "-- +goose Down";
const KNOWN: &str = "Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON, ENVSUB OFF";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Goose)?;
    for code in files.iter().filter(|file| is_go(file)) {
        context.findings.problem(code.problem(FileProblem::Code(Layout::Goose)));
    }
    let names = files.iter().filter_map(|file| {
        let (number, rest) = name::numbered(file.stem()?)?;
        rest.starts_with('_').then_some(Numbered { file, number, rest })
    });
    let names = versions(names, Layout::Goose, context);
    Ok(context.findings.each(names.values(), |name| {
        name.migration(sections(name.file, &name.file.marked_sql()?, context)?)
    }))
}

/// Returns whether the file is code that goose runs as a migration.
pub(super) fn is_code(file: &File) -> bool {
    is_go(file) && file.settings().is_ok_and(|text| text.contains("goose."))
}

fn is_go(file: &File) -> bool {
    let stem = file.name.strip_suffix(".go").filter(|stem| !stem.ends_with("_test"));
    stem.and_then(name::numbered).is_some_and(|(_, rest)| rest.starts_with('_'))
}

/// A mark in its own spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
    EnvsubOn,
    EnvsubOff,
}

impl Mark {
    const ALL: [(&'static str, Self); 7] = [
        ("Up", Self::Up),
        ("Down", Self::Down),
        ("StatementBegin", Self::StatementBegin),
        ("StatementEnd", Self::StatementEnd),
        ("NO TRANSACTION", Self::NoTransaction),
        ("ENVSUB ON", Self::EnvsubOn),
        ("ENVSUB OFF", Self::EnvsubOff),
    ];

    /// `None` for a line that is no mark.
    fn parse(line: &Line<'_>) -> Option<Result<Self, Problem>> {
        let comment = mark::comment(line.text)?;
        if !comment.contains("+goose") {
            return None;
        }
        let unknown = || Problem::UnknownMark {
            mark: line.text.to_owned(),
            layout: Layout::Goose,
            known: KNOWN,
        };
        let words =
            comment.strip_prefix("+goose").map(str::trim).filter(|_| line.text.starts_with('-'));
        let found = words
            .and_then(|words| Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(words)));
        Some(found.map(|(_, mark)| *mark).ok_or_else(unknown))
    }
}

/// The SQL of one direction, and the line of the mark before it.
#[derive(Debug, Default)]
struct Part {
    line: usize,
    text: String,
}

#[derive(Debug, Default)]
struct Parts {
    up: Option<Part>,
    down: Option<Part>,
    no_transaction: bool,
}

fn sections(file: &File, text: &str, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let at = |line, problem| HistoryError::Line { path: file.path.clone(), line, problem };
    let parts = parts(text, context).map_err(|(line, problem)| at(line, problem))?;
    let Some(up) = parts.up else {
        return Err(file.problem(FileProblem::NoMarks(UP, DOWN)));
    };
    let parts_of = [(Some(up), false), (parts.down, true)];
    let sections = parts_of.into_iter().filter_map(|(part, is_way_back)| {
        let Part { line, text } = part?;
        let hook = hook(is_way_back, !parts.no_transaction);
        let (text, path) = (files::some(text), file.path.clone());
        Some(Section { hook, text, path, first_line: line + 1 })
    });
    Ok(sections.collect())
}

fn parts(text: &str, context: &Context<'_>) -> Result<Parts, (usize, Problem)> {
    let mut parts = Parts::default();
    let mut open: Option<usize> = None;
    let mut envsub = false;
    for line in mark::lines(text) {
        let misplaced =
            |why| (line.number, Problem::MisplacedMark { mark: line.text.to_owned(), why });
        let mut whole = &text[line.range.clone()];
        let expanded;
        match Mark::parse(&line).transpose().map_err(|problem| (line.number, problem))? {
            Some(Mark::Up | Mark::Down) if open.is_some() => {
                return Err(misplaced("stands before the `-- +goose StatementEnd` of a statement"));
            }
            Some(Mark::Up) if parts.up.is_some() => return Err(misplaced("is there twice")),
            Some(Mark::Up) => {
                parts.up = Some(Part { line: line.number, text: String::new() });
                continue;
            }
            Some(Mark::Down) if parts.up.is_none() => {
                return Err(misplaced("stands before `-- +goose Up`"));
            }
            Some(Mark::Down) if parts.down.is_some() => return Err(misplaced("is there twice")),
            Some(Mark::Down) => {
                parts.down = Some(Part { line: line.number, text: String::new() });
                continue;
            }
            Some(Mark::StatementBegin) if open.is_some() || parts.up.is_none() => {
                return Err(misplaced("stands before an Up, or inside of another"));
            }
            Some(Mark::StatementBegin) => open = Some(line.number),
            Some(Mark::StatementEnd) if open.is_none() => {
                return Err(misplaced("has no `-- +goose StatementBegin` before it"));
            }
            Some(Mark::StatementEnd) => open = None,
            Some(Mark::NoTransaction) => parts.no_transaction = true,
            Some(Mark::EnvsubOn) => envsub = true,
            Some(Mark::EnvsubOff) => envsub = false,
            None if envsub => {
                expanded = substitute(whole, context).map_err(|problem| (line.number, problem))?;
                whole = &expanded;
            }
            None => {}
        }
        match (&mut parts.down, &mut parts.up) {
            (Some(part), _) | (None, Some(part)) => part.text.push_str(whole),
            (None, None) if mark::is_blank(line.text) => {}
            (None, None) => return Err((line.number, Problem::BeforeMarks(Layout::Goose, UP))),
        }
    }
    match open {
        Some(line) => {
            let (mark, why) = ("-- +goose StatementBegin".to_owned(), "has no StatementEnd");
            Err((line, Problem::MisplacedMark { mark, why }))
        }
        None => Ok(parts),
    }
}

/// `$NAME` and `${NAME}` by their values, `$$` and `\$` as `$`: what goose does on such lines.
fn substitute(line: &str, context: &Context<'_>) -> Result<String, Problem> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['$', '\\']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("\\$").or_else(|| rest.strip_prefix("$$")) {
            text.push('$');
            rest = after;
            continue;
        }
        let Some(after) = rest.strip_prefix('$') else {
            text.push('\\');
            rest = &rest[1..];
            continue;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, length) = if let Some(braced) = after.strip_prefix('{') {
            let Some(end) = braced.find('}') else {
                return Err(Problem::OpenPlaceholder("${".to_owned()));
            };
            (&braced[..end], end + 3)
        } else {
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            (&after[..end], end + 1)
        };
        let whole = &rest[..length];
        if name.is_empty() && length == 1 {
            text.push('$');
        } else if name.is_empty() || !name.chars().all(is_name) {
            return Err(Problem::Expression(whole.to_owned()));
        } else {
            let value = context.placeholders.get(name).ok_or_else(|| Problem::NoValue {
                text: whole.to_owned(),
                name: name.to_owned(),
                elsewhere: "",
            })?;
            text.push_str(value);
        }
        rest = &rest[length..];
    }
    text.push_str(rest);
    Ok(text)
}
