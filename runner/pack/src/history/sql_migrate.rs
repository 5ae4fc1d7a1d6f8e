//! sql-migrate: any `<name>.sql` with `-- +migrate Up` and `-- +migrate Down`, ordered by the number a name begins
//! with, those without one last, and by the name's text where numbers are equal or missing.
//!
//! As sql-migrate reads it: a mark begins its line, in this spelling; what stands before the first one is passed
//! over; several Ups of a file are one, and so are several Downs; `notransaction` counts for its own direction; a
//! statement ends with the line that ends in `;`, but for those between StatementBegin and StatementEnd, and the last
//! one too has to end. A line that begins with `-- ` is no part of a statement, whatever it is in.
//!
//! An id keeps the whole name of its file: `20240131-add.sql` is `20240131-add`, `20240131_add.sql` is
//! `20240131-_add`, and a name without a number has the stamp of its text (`text_order`).

use super::{
    Context, HistoryError, Layout, Migration, Section,
    error::{FileProblem, Problem},
    files::{self, File},
    hook, mark, name, notes, text_order,
};
use crate::{
    alteration::{AlterationId, ParseIdError},
    history::mark::Line,
};
use std::{cmp::Ordering, path::Path};

const UP: &str = "-- +migrate Up";
const DOWN: &str = "-- +migrate Down";
const MARK: &str = "-- +migrate ";
const KNOWN: &str =
    "Up, Down (each may be followed by notransaction), StatementBegin, StatementEnd";

/// Returns whether the file has a mark of it.
pub(super) fn is(file: &File) -> bool {
    // Whatever is wrong with its text is told by who reads it.
    let Ok(text) = file.marked_sql() else { return false };
    mark::lines(&text)
        .filter_map(|line| line.text.strip_prefix(MARK))
        .any(|words| matches!(words.split_whitespace().next(), Some("Up" | "Down")))
}

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::SqlMigrate)?;
    let mut names = files
        .iter()
        .filter(|file| file.stem().is_some())
        .map(named)
        .collect::<Result<Vec<_>, _>>()?;
    names.sort_by(in_order);
    let mut read = Vec::with_capacity(names.len());
    for (file, _) in &names {
        let id =
            id(&file.name).map_err(|error| HistoryError::Id { path: file.path.clone(), error })?;
        let stem = file.stem().unwrap_or_default();
        let shown = name::numbered(stem).map_or(stem, |(_, rest)| rest.trim_start_matches('-'));
        let description = name::description(id.name(), shown);
        let sections = sections(file, &file.marked_sql()?, context)?;
        read.push(Migration::new(id, description, sections));
    }
    text_order::checked(
        read.iter().map(|migration| &migration.id).zip(names.iter().map(|(file, _)| *file)),
        Layout::SqlMigrate,
    )?;
    Ok(read)
}

/// Returns the id of the alteration that the ledger calls by its file's name.
pub(super) fn id(file_name: &str) -> Result<AlterationId, ParseIdError> {
    let stem = file_name.strip_suffix(".sql").unwrap_or(file_name);
    let Some((number, rest)) = name::numbered(stem) else {
        let (whole, fraction) = text_order::stamp(stem);
        let point = if fraction.is_empty() { "" } else { "." };
        let stamp = format!("{whole}{point}{fraction}");
        return name::id(Some(text_order::VERSION), &stamp, &format!("_{stem}"));
    };
    // A dash is what the tool itself puts behind the number.
    let rest = match rest.strip_prefix('-') {
        Some(name) if !name.is_empty() && !name.starts_with('_') => format!("_{name}"),
        _ if rest.starts_with('_') => format!("_{rest}"),
        _ => rest.to_owned(),
    };
    name::id(None, number, &rest)
}

/// A file, and the number that its name begins with.
type Name<'a> = (&'a File, Option<i64>);

fn named(file: &File) -> Result<Name<'_>, HistoryError> {
    let number = name::numbered(&file.name).map(|(number, _)| number.parse()).transpose();
    match number {
        Ok(number) => Ok((file, number)),
        Err(_) => {
            let why = "the number before it is one of 64 bits";
            Err(file.problem(FileProblem::Version(Layout::SqlMigrate, why)))
        }
    }
}

/// Returns the order in which the tool runs two files.
fn in_order(one: &Name<'_>, two: &Name<'_>) -> Ordering {
    match (one.1, two.1) {
        (Some(one), Some(two)) if one != two => one.cmp(&two),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        _ => one.0.name.cmp(&two.0.name),
    }
}

/// The SQL of one direction, line by line, where each stands in the file.
#[derive(Debug, Default)]
struct Part {
    /// The line of the mark before it; 0 where there is none.
    mark_line: usize,
    text: String,
    /// How many lines of the file the text stands for.
    lines: usize,
    no_transaction: bool,
    /// The line of a statement that has not ended.
    open: Option<usize>,
}

impl Part {
    /// Between statements, lines that are left out become blank ones; inside of one they are gone, as in the tool.
    fn push(&mut self, line: &Line<'_>, whole: &str) {
        if self.open.is_none() {
            for _ in self.mark_line + self.lines + 1..line.number {
                self.text.push('\n');
                self.lines += 1;
            }
        }
        self.text.push_str(whole);
        self.lines += 1;
    }
}

fn sections(file: &File, text: &str, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let at = |line, problem| HistoryError::Line { path: file.path.clone(), line, problem };
    let (up, down) = parts(text).map_err(|(line, problem)| at(line, problem))?;
    if up.mark_line == 0 && down.mark_line == 0 {
        return Err(file.problem(FileProblem::NoMarks(UP, DOWN)));
    }
    let start = mark::lines(text).take_while(|line| !line.text.starts_with(MARK)).last();
    let start = start.map_or(0, |line| line.range.end);
    notes::not_run(text, 0..start, &file.path, notes::BEFORE_MARKS, Layout::SqlMigrate, context);
    let section = |part: Part, is_way_back| Section {
        hook: hook(is_way_back, !part.no_transaction),
        // What does nothing is an alteration all the same.
        text: if part.text.is_empty() { "-- nothing\n".to_owned() } else { part.text },
        path: file.path.clone(),
        first_line: part.mark_line + 1,
    };
    let has_way_back = down.mark_line > 0;
    let down = has_way_back.then(|| section(down, true));
    Ok([section(up, false)].into_iter().chain(down).collect())
}

/// Returns what goes forward, and what takes it back.
fn parts(text: &str) -> Result<(Part, Part), (usize, Problem)> {
    let (mut up, mut down) = (Part::default(), Part::default());
    let mut is_back: Option<bool> = None;
    let mut block: Option<usize> = None;
    for line in mark::lines(text) {
        let mut ended = false;
        if let Some(words) = line.text.strip_prefix(MARK) {
            let words: Vec<_> = words.split_whitespace().collect();
            let unknown = || {
                let mark = line.text.to_owned();
                let layout = Layout::SqlMigrate;
                (line.number, Problem::UnknownMark { mark, layout, known: KNOWN })
            };
            match words[..] {
                ["Up" | "Down", ref options @ ..] => {
                    let back = words[0] == "Down";
                    unended(&up, &down)?;
                    if block.is_some() {
                        let mark = line.text.to_owned();
                        let why = "stands before the `-- +migrate StatementEnd` of a statement";
                        return Err((line.number, Problem::MisplacedMark { mark, why }));
                    }
                    is_back = Some(back);
                    let part = if back { &mut down } else { &mut up };
                    if part.mark_line == 0 {
                        part.mark_line = line.number;
                    }
                    match options {
                        [] => {}
                        ["notransaction"] => part.no_transaction = true,
                        _ => return Err(unknown()),
                    }
                }
                ["StatementBegin"] if is_back.is_some() => block = Some(line.number),
                ["StatementEnd"] if is_back.is_some() => ended = block.take().is_some(),
                // They would be passed over; a slip of the pen would run one direction as the other.
                _ => return Err(unknown()),
            }
        }
        let Some(back) = is_back else { continue };
        let part = if back { &mut down } else { &mut up };
        let is_comment = line.text.starts_with("-- ");
        let is_left_out = line.text.starts_with("-- +") || is_comment && part.open.is_some();
        if !is_left_out {
            let whole = &text[line.range.clone()];
            part.push(&line, whole);
            if !line.text.trim().is_empty() && !is_comment {
                part.open.get_or_insert(line.number);
            }
        }
        if ended || block.is_none() && !is_comment && ends(line.text) {
            part.open = None;
        }
    }
    if let Some(line) = block {
        let (mark, why) = (format!("{MARK}StatementBegin"), "has no StatementEnd");
        return Err((line, Problem::MisplacedMark { mark, why }));
    }
    unended(&up, &down)?;
    Ok((up, down))
}

fn unended(up: &Part, down: &Part) -> Result<(), (usize, Problem)> {
    match up.open.or(down.open) {
        Some(line) => Err((line, Problem::NoTerminator(Layout::SqlMigrate))),
        None => Ok(()),
    }
}

/// Returns whether the last word before a comment ends with `;`.
fn ends(line: &str) -> bool {
    let words = line.split_whitespace().take_while(|word| !word.starts_with("--"));
    words.last().is_some_and(|word| word.ends_with(';'))
}
