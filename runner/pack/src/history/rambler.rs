//! rambler: `<name>.sql` with `-- rambler up` and `-- rambler down`, ordered by the name's text.
//!
//! As rambler 5 reads it: a mark begins its line, in lower case; what stands before the first one is not run; a
//! file may have several sections of each direction, which run one after the other, and back in reverse. It
//! opens no transaction: a section is sent as one message.

use super::{
    Context, Layout, Migration, Section,
    alone::stand_alone,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook, mark, notes,
    run_order::{self, Dated, dated},
};
use std::{ops::Range, path::Path};

const PREFIX: &str = "-- rambler";
const UP: &str = "-- rambler up";
const DOWN: &str = "-- rambler down";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Rambler)?;
    let mut found = Vec::new();
    for file in &files {
        let Some(stem) = file.stem() else { continue };
        let Some((number, name)) = dated(stem) else {
            let why = "it has to begin with a number, by which the runner orders it";
            return Err(file.problem(FileProblem::Version(Layout::Rambler, why)));
        };
        let sections = sections(file, context)?;
        found.push(Dated { file, number, name, sections });
    }
    run_order::by_text(found, Layout::Rambler)
}

fn sections(file: &File, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let text = file.marked_sql()?;
    let marks: Vec<_> = mark::lines(&text).filter(|line| line.text.starts_with(PREFIX)).collect();
    if marks.is_empty() {
        return Err(file.problem(FileProblem::NoMarks(UP, DOWN)));
    }
    notes::not_run(
        &text,
        0..marks[0].range.start,
        &file.path,
        notes::BEFORE_MARKS,
        Layout::Rambler,
        context,
    );
    let (mut ups, mut downs): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for (at, line) in marks.iter().enumerate() {
        let end = marks.get(at + 1).map_or(text.len(), |next| next.range.start);
        let part = (line.number, line.range.end..end);
        match line.text[PREFIX.len()..].trim() {
            "up" => ups.push(part),
            "down" => downs.insert(0, part),
            _ => {
                let (mark, known) = (line.text.to_owned(), "`-- rambler up` and `-- rambler down`");
                let problem = Problem::UnknownMark { mark, layout: Layout::Rambler, known };
                let (path, line) = (file.path.clone(), line.number);
                return Err(HistoryError::Line { path, line, problem });
            }
        }
    }
    let section = |parts: &[(usize, Range<usize>)], is_way_back| {
        let parts: Vec<_> =
            parts.iter().filter(|(_, r)| !text[r.clone()].trim().is_empty()).collect();
        let Some((line, _)) = parts.first() else { return Ok(None) };
        // Whatever a part ends with, the next one is not read as more of its last statement.
        let bodies: Vec<_> = parts.iter().map(|(_, range)| &text[range.clone()]).collect();
        let (hook, path) = (hook(is_way_back, true), file.path.clone());
        let text = bodies.join("\n;\n");
        let mut section = Section { hook, text, path, first_line: line + 1 };
        stand_alone(&mut section, Layout::Rambler, context)?;
        Ok::<_, HistoryError>(Some(section))
    };
    let Some((line, range)) = ups.first() else {
        let why = "has no `-- rambler up` beside it, so that nothing would go forward; add that line above what goes forward";
        let problem = Problem::MisplacedMark { mark: marks[0].text.to_owned(), why };
        return Err(HistoryError::Line { path: file.path.clone(), line: marks[0].number, problem });
    };
    // One without SQL does nothing, and its mark is a comment.
    let mark = &text[..range.start].trim_end();
    let nothing = || Section {
        hook: hook(false, true),
        text: format!("{}\n", &mark[mark.rfind('\n').map_or(0, |at| at + 1)..]),
        path: file.path.clone(),
        first_line: *line,
    };
    let up = section(&ups, false)?.unwrap_or_else(nothing);
    Ok([Some(up), section(&downs, true)?].into_iter().flatten().collect())
}
