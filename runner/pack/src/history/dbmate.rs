//! dbmate: `<number>_<name>.sql` with `-- migrate:up` and `-- migrate:down`, ordered by the name's text.
//!
//! As dbmate reads it: a mark begins its line and may be followed by options, of which
//! `transaction:false` counts; several pairs in one file run one after the other, and back in reverse; before
//! the first mark there may be comments. A file whose name does not begin with a digit, as `schema.sql`, is
//! none of its own.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook, mark, name,
    numbered::{Numbered, in_order_of_text, versions},
    stamp::Text,
};
use std::{ops::Range, path::Path};

const UP: &str = "-- migrate:up";
const DOWN: &str = "-- migrate:down";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Dbmate)?;
    let names = files.iter().filter_map(|file| {
        let (number, rest) = name::numbered(file.stem()?)?;
        Some(Numbered { file, number, rest })
    });
    let names: Vec<_> = versions(names, Layout::Dbmate, context).into_values().collect();
    let numbers = in_order_of_text(&names, Text::Name, Layout::Dbmate);
    let Some(numbers) = context.findings.keep(numbers) else { return Ok(Vec::new()) };
    Ok(context.findings.each(names.iter().zip(&numbers), |(name, number)| {
        name.migration_at(number, sections(name.file, &name.file.marked_sql()?)?)
    }))
}

/// A line that says what follows it.
#[derive(Debug)]
struct Mark {
    is_way_back: bool,
    in_transaction: bool,
    line: usize,
    range: Range<usize>,
}

fn sections(file: &File, text: &str) -> Result<Vec<Section>, HistoryError> {
    let marks = marks(text).map_err(|(line, problem)| HistoryError::Line {
        path: file.path.clone(),
        line,
        problem,
    })?;
    if marks.is_empty() {
        return Err(file.problem(FileProblem::NoMarks(UP, DOWN)));
    }
    let ends = marks.iter().skip(1).map(|mark| mark.range.start).chain([text.len()]);
    let bodies: Vec<_> =
        marks.iter().zip(ends).map(|(mark, end)| (mark, &text[mark.range.end..end])).collect();
    let mut sections = Vec::new();
    for is_way_back in [false, true] {
        let mut parts: Vec<_> =
            bodies.iter().filter(|(mark, _)| mark.is_way_back == is_way_back).collect();
        if is_way_back {
            parts.reverse();
        }
        let Some((mark, _)) = parts.first() else { continue };
        if parts.iter().any(|(other, _)| other.in_transaction != mark.in_transaction) {
            let problem = "some parts of one direction run in a transaction and others do not; split the file";
            return Err(file.problem(FileProblem::Other(problem)));
        }
        // Whatever a part ends with, the next one is not read as more of its last statement.
        let body = parts.iter().map(|(_, body)| *body).collect::<Vec<_>>().join("\n;\n");
        let hook = hook(is_way_back, mark.in_transaction);
        let (text, path) = (files::some(body), file.path.clone());
        sections.push(Section { hook, text, path, first_line: mark.line + 1 });
    }
    Ok(sections)
}

fn marks(text: &str) -> Result<Vec<Mark>, (usize, Problem)> {
    let mut marks: Vec<Mark> = Vec::new();
    for line in mark::lines(text) {
        let found = line.text.strip_prefix("--").map(str::trim_start);
        let Some(words) = found.and_then(|comment| comment.strip_prefix("migrate:")) else {
            if marks.is_empty() && !mark::is_blank(line.text) {
                return Err((line.number, Problem::BeforeMarks(Layout::Dbmate, UP)));
            }
            continue;
        };
        let mut words = words.split_whitespace();
        let misplaced = |why| Problem::MisplacedMark { mark: line.text.to_owned(), why };
        let is_way_back = match words.next() {
            Some("up") => false,
            Some("down") => true,
            _ => {
                let known = "`-- migrate:up` and `-- migrate:down`";
                let mark = line.text.to_owned();
                return Err((
                    line.number,
                    Problem::UnknownMark { mark, layout: Layout::Dbmate, known },
                ));
            }
        };
        match marks.last() {
            None if is_way_back => {
                return Err((line.number, misplaced("stands before `-- migrate:up`")));
            }
            Some(before) if is_way_back && before.is_way_back => {
                return Err((line.number, misplaced("follows another one without an up between")));
            }
            _ => {}
        }
        let mut in_transaction = true;
        for option in words {
            match option {
                "transaction:false" => in_transaction = false,
                "transaction:true" => in_transaction = true,
                _ => {
                    let known = "the options `transaction:false` and `transaction:true`";
                    let mark = option.to_owned();
                    return Err((
                        line.number,
                        Problem::UnknownMark { mark, layout: Layout::Dbmate, known },
                    ));
                }
            }
        }
        marks.push(Mark { is_way_back, in_transaction, line: line.number, range: line.range });
    }
    Ok(marks)
}
