//! shmig: `<number>-<name>.sql` with `-- ====  UP  ====` and `-- ==== DOWN ====`, ordered by number.
//!
//! As shmig 1 reads it: a mark is a whole line, with these blanks; a direction goes to the mark of the other one,
//! whichever comes first; what stands before both is not run. The database's own client runs it, statement by statement: one
//! that is a transaction (with settings around it at most) runs as one here, any other statement by statement.

use super::{
    Context, Layout, Migration, Section, client,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook, mark, name, notes,
    numbered::{Numbered, by_version},
    run_order::Named,
};
use std::path::Path;

const UP: &str = "-- ====  UP  ====";
const DOWN: &str = "-- ==== DOWN ====";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Shmig)?;
    let names = files.iter().filter_map(|file| {
        let (number, rest) = name::numbered(file.stem()?)?;
        Some(Numbered { file, number, rest: rest.strip_prefix('-')? })
    });
    let names = by_version(names, Layout::Shmig)?;
    let migrations = names.into_values().map(|Numbered { file, number, rest: name }| {
        Named { file, number, name }.migration(sections(file, context)?)
    });
    migrations.collect()
}

fn sections(file: &File, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let text = file.marked_sql()?;
    let marks: Vec<_> =
        mark::lines(&text).filter(|line| line.text == UP || line.text == DOWN).collect();
    let twice = |mark: &str| marks.iter().filter(|line| line.text == mark).nth(1);
    if let Some(line) = twice(UP).or_else(|| twice(DOWN)) {
        let (path, mark) = (file.path.clone(), line.text.to_owned());
        let problem = Problem::MisplacedMark { mark, why: "is there twice" };
        return Err(HistoryError::Line { path, line: line.number, problem });
    }
    let start = marks.first().map_or(0, |line| line.range.start);
    notes::not_run(&text, 0..start, &file.path, notes::BEFORE_MARKS, Layout::Shmig, context);
    let section = |mark: &str, is_way_back| {
        let Some(at) = marks.iter().position(|line| line.text == mark) else { return Ok(None) };
        let end = marks.get(at + 1).map_or(text.len(), |next| next.range.start);
        let body = &text[marks[at].range.end..end];
        if mark::lines(body).all(|line| line.text.trim().is_empty() || line.text.starts_with("--"))
        {
            return Ok(None);
        }
        let in_transaction = client::is_one_transaction(body, &context.dialects);
        let (hook, path) = (hook(is_way_back, in_transaction), file.path.clone());
        let first_line = marks[at].number + 1;
        Ok::<_, HistoryError>(Some(Section { hook, text: body.to_owned(), path, first_line }))
    };
    match section(UP, false)? {
        Some(up) => Ok([Some(up), section(DOWN, true)?].into_iter().flatten().collect()),
        None => Err(file.problem(FileProblem::NoMarks(UP, DOWN))),
    }
}
