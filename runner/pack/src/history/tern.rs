//! tern: `<number>_<name>.sql` with `---- create above / drop below ----`, numbered from 1 without a gap.
//!
//! As tern 2 reads it: the first such text divides the file; a direction with the line `---- tern: disable-tx ----`
//! runs outside of a transaction, statement by statement. Its files are templates: one that is more than
//! SQL is refused. Folders below hold what templates take in.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook, mark, name,
    numbered::{Numbered, by_version},
    run_order::Named,
};
use std::path::Path;

const DIVIDES: &str = "---- create above / drop below ----";
const NO_TRANSACTION: &str = "---- tern: disable-tx ----";
const TEMPLATE: &str = "{{";

pub(super) fn read(folder: &Path, _: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::list(folder)?.files;
    let names = files.iter().filter_map(|file| {
        let (number, rest) = name::numbered(file.stem()?)?;
        let name = rest.strip_prefix('_').filter(|name| !name.is_empty())?;
        Some(Numbered { file, number, rest: name })
    });
    let names = by_version(names, Layout::Tern)?;
    let mut migrations = Vec::with_capacity(names.len());
    for (Numbered { file, number, rest: name }, place) in names.into_values().zip(1_u64..) {
        if number.parse() != Ok(place) {
            let why = "they are numbered from 1, and each follows the one before it";
            return Err(file.problem(FileProblem::Version(Layout::Tern, why)));
        }
        migrations.push(Named { file, number, name }.migration(sections(file)?)?);
    }
    Ok(migrations)
}

fn sections(file: &File) -> Result<Vec<Section>, HistoryError> {
    let text = file.marked_sql()?;
    let line = |at: usize, problem| HistoryError::Line {
        path: file.path.clone(),
        line: line_of(&text, at),
        problem,
    };
    if let Some(start) = text.find(TEMPLATE) {
        return Err(line(start, Problem::Template));
    }
    let (up, down) = match text.find(DIVIDES) {
        Some(start) => (0..start, Some(start + DIVIDES.len()..text.len())),
        None => (0..text.len(), None),
    };
    if mark::lines(&text[up.clone()]).all(|line| mark::is_blank(line.text)) {
        return Err(line(up.end, Problem::NoSql));
    }
    let section = |range: std::ops::Range<usize>, is_way_back| {
        let part = &text[range.clone()];
        let in_transaction = !mark::lines(part).any(|line| line.text == NO_TRANSACTION);
        let (hook, path) = (hook(is_way_back, in_transaction), file.path.clone());
        Section { hook, text: part.to_owned(), path, first_line: line_of(&text, range.start) }
    };
    let down = down.filter(|range| !text[range.clone()].trim().is_empty());
    let down = down.map(|range| section(range, true));
    Ok([Some(section(up, false)), down].into_iter().flatten().collect())
}

/// Returns the line of a byte.
fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].bytes().filter(|byte| *byte == b'\n').count()
}
