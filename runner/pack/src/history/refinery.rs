//! refinery: `V<number>__<name>.sql` in this folder and those below, ordered by number.
//!
//! As refinery reads it: `U<number>__<name>.sql` is no way back but an *unversioned* migration, one that may
//! be run after those of higher numbers; on a new database it has its place by number too. A file with another
//! name is none of its own. There is no way back.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File},
    hook,
    numbered::{Numbered, versions},
};
use std::path::Path;

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::deep(folder, Layout::Refinery)?;
    let is_code = |file: &&File| file.name.strip_suffix(".rs").and_then(parse).is_some();
    for code in files.iter().filter(is_code) {
        context.findings.problem(code.problem(FileProblem::Code(Layout::Refinery)));
    }
    let mut names = Vec::new();
    for file in &files {
        let Some(name) = file.stem().and_then(parse) else { continue };
        if name.number.contains('.') {
            let problem = FileProblem::Version(Layout::Refinery, "it is a whole number");
            context.findings.problem(file.problem(problem));
            continue;
        }
        names.push((Numbered { file, number: name.number, rest: name.rest }, name.unversioned));
    }
    let unversioned: Vec<_> =
        names.iter().filter(|(_, u)| *u).map(|(n, _)| n.file.path.clone()).collect();
    let names = versions(names.into_iter().map(|(name, _)| name), Layout::Refinery, context);
    Ok(context.findings.each(names.into_values(), |Numbered { file, number, rest }| {
        let path = file.path.clone();
        // No `_` before it: an id of its own, also where there was a V of the same name.
        let marked = format!("U{rest}");
        let rest = if unversioned.contains(&path) { &marked } else { rest };
        let text = file.sql()?;
        let section = Section { hook: hook(false, true), text, path, first_line: 1 };
        Numbered { file, number, rest }.migration(vec![section])
    }))
}

pub(super) struct Name<'a> {
    pub(super) unversioned: bool,
    pub(super) number: &'a str,
    /// With one `_` before it.
    rest: &'a str,
}

/// Reads `[UV]<number>[.<number>]__<word>`.
pub(super) fn parse(stem: &str) -> Option<Name<'_>> {
    let unversioned = stem.starts_with('U');
    let text = stem.strip_prefix(['U', 'V'])?;
    let at = text.find("__")?;
    let (number, rest) = (&text[..at], &text[at + 1..]);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let word = &rest[1..];
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
    (digits(whole) && digits(fraction) && is_word).then_some(Name { unversioned, number, rest })
}
