//! MyBatis Migrations: `<number>_<name>.sql` with `-- //@UNDO` before the way back, ordered by number.
//!
//! As MyBatis Migrations 3 reads it: the mark is `--` or `//`, then `//`, then `@UNDO`, with or without blanks between
//! them, then anything; the first one counts. `${name}` is a value of the environment's file. `bootstrap.sql` and
//! `onabort.sql` are none of the history.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook, mark, name,
    numbered::{Numbered, by_version},
    run_order::Named,
};
use std::path::Path;

const SPECIAL: [&str; 2] = ["bootstrap.sql", "onabort.sql"];
/// The ledger's own name, which its first file creates.
const CHANGELOG: (&str, &str) = ("changelog", "CHANGELOG");

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Mybatis)?;
    let mut names = Vec::new();
    for file in files.iter().filter(|file| !SPECIAL.contains(&file.name.as_str())) {
        let Some(stem) = file.stem() else { continue };
        match name::numbered(stem) {
            Some((number, "")) => names.push(Numbered { file, number, rest: "" }),
            Some((number, rest)) if rest.starts_with('_') => {
                names.push(Numbered { file, number, rest: &rest[1..] });
            }
            _ => {
                let why = "it is a number before the first `_`";
                return Err(file.problem(FileProblem::Version(Layout::Mybatis, why)));
            }
        }
    }
    let names = by_version(names, Layout::Mybatis)?;
    let migrations = names.into_values().map(|Numbered { file, number, rest: name }| {
        Named { file, number, name }.migration(sections(file, context)?)
    });
    migrations.collect()
}

fn sections(file: &File, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let text = file.marked_sql()?;
    if let Some(line) = mark::lines(&text).find(|line| is_delimiter(line.text)) {
        let why = "changes what ends a statement, and databases know `;` alone; put `;` in its place, and take the line out";
        let problem = Problem::MisplacedMark { mark: line.text.trim().to_owned(), why };
        return Err(HistoryError::Line { path: file.path.clone(), line: line.number, problem });
    }
    let undo = mark::lines(&text).find(|line| is_undo(line.text));
    let section = |text: &str, first_line, is_way_back| {
        let problem = |(line, problem)| {
            let path = file.path.clone();
            HistoryError::Line { path, line: first_line + line, problem }
        };
        let text = replaced(text, context).map_err(problem)?;
        let (hook, path) = (hook(is_way_back, true), file.path.clone());
        Ok::<_, HistoryError>(Section { hook, text, path, first_line })
    };
    let Some(undo) = undo else { return Ok(vec![section(&text, 1, false)?]) };
    if text[..undo.range.start].trim().is_empty() {
        let why = "stands before all else, so that nothing would go forward; put what goes forward above it";
        let problem = Problem::MisplacedMark { mark: undo.text.to_owned(), why };
        return Err(HistoryError::Line { path: file.path.clone(), line: undo.number, problem });
    }
    let down = section(&text[undo.range.start..], undo.number, true)?;
    Ok(vec![section(&text[..undo.range.start], 1, false)?, down])
}

fn is_undo(line: &str) -> bool {
    const BLANKS: [char; 2] = ['\t', ' '];
    let line = line.trim_start_matches(BLANKS);
    let comment = line.strip_prefix("--").or_else(|| line.strip_prefix("//"));
    let mark = comment.and_then(|rest| rest.trim_start_matches(BLANKS).strip_prefix("//"));
    mark.is_some_and(|rest| rest.trim_start_matches(BLANKS).starts_with("@UNDO"))
}

/// `-- @DELIMITER |`, with or without `//` before it.
fn is_delimiter(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("--") else { return false };
    let comment = comment.trim_start();
    let mark = comment.strip_prefix("//").map_or(comment, str::trim_start);
    mark.strip_prefix("@DELIMITER").is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

/// Returns the text with the values of its `${name}`, or the line with one that has none, from 0.
fn replaced(text: &str, context: &Context<'_>) -> Result<String, (usize, Problem)> {
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = text[from..].find("${").map(|at| from + at) {
        let Some(end) = text[at..].find(['}', '\n']).map(|end| at + end) else { break };
        replaced.push_str(&text[from..at]);
        from = end;
        if text[end..].starts_with('\n') {
            replaced.push_str(&text[at..end]);
            continue;
        }
        from = end + 1;
        let (whole, name) = (&text[at..from], &text[at + 2..end]);
        let own = || (name == CHANGELOG.0).then_some(CHANGELOG.1);
        let value = context.placeholders.get(name).map(String::as_str).or_else(own);
        let Some(value) = value else {
            let line = text[..at].matches('\n').count();
            let (text, name) = (whole.to_owned(), name.to_owned());
            return Err((line, Problem::NoValue { text, name, elsewhere: "" }));
        };
        replaced.push_str(value);
    }
    replaced.push_str(&text[from..]);
    Ok(replaced)
}
