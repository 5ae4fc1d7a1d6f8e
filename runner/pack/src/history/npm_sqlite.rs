//! npm's sqlite: `<number>-<name>.sql`, whatever stands between the two, with `-- Down` before the way back.
//!
//! As sqlite 5 reads it: all that is before the first line that begins with `-- Down`, in any case, goes forward;
//! what is between it and the next such line goes back, and the rest is never run. `-- Up` is a comment.

use super::{
    Context, Layout, Migration, Section,
    error::{HistoryError, Problem},
    files::{self, File},
    hook, is_blank, mark, name, notes,
    numbered::{Numbered, by_version},
    run_order::Named,
};
use std::{ops::Range, path::Path};

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::NpmSqlite)?;
    let names = files.iter().filter_map(|file| {
        let (number, rest) = name::numbered(file.stem()?)?;
        (!rest.is_empty()).then_some(Numbered { file, number, rest })
    });
    let names = by_version(names, Layout::NpmSqlite)?;
    let migrations = names.into_values().map(|Numbered { file, number, rest }| {
        let name = rest.chars().next().map_or(rest, |first| &rest[first.len_utf8()..]);
        Named { file, number, name }.migration(sections(file, context)?)
    });
    migrations.collect()
}

fn sections(file: &File, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let text = file.marked_sql()?;
    let marks: Vec<_> = mark::lines(&text).filter(|line| is_mark(line.text)).collect();
    let section = |range: Range<usize>, first_line, is_way_back| Section {
        hook: hook(is_way_back, true),
        text: text[range].to_owned(),
        path: file.path.clone(),
        first_line,
    };
    let Some(down) = marks.first() else { return Ok(vec![section(0..text.len(), 1, false)]) };
    let before = &text[..down.range.start];
    let says_up = mark::lines(before)
        .filter_map(|line| mark::comment(line.text))
        .any(|comment| comment.eq_ignore_ascii_case("up"));
    if is_blank(before) && !says_up {
        let why = "stands before all else, so that nothing would go forward; put what goes forward above it";
        let problem = Problem::MisplacedMark { mark: down.text.to_owned(), why };
        return Err(HistoryError::Line { path: file.path.clone(), line: down.number, problem });
    }
    let end = marks.get(1).map_or(text.len(), |next| next.range.start);
    notes::not_run(
        &text,
        end..text.len(),
        &file.path,
        "behind the second `-- Down`",
        Layout::NpmSqlite,
        context,
    );
    Ok(vec![
        section(0..down.range.start, 1, false),
        section(down.range.start..end, down.number, true),
    ])
}

/// `--`, a blank, `down` as a word; then anything.
fn is_mark(line: &str) -> bool {
    let Some(comment) = line.strip_prefix("--") else { return false };
    let word = comment.trim_start();
    let is_apart = word.len() < comment.len();
    let (down, rest) = word.split_at_checked("down".len()).unwrap_or_default();
    let goes_on = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    is_apart && down.eq_ignore_ascii_case("down") && !goes_on
}
