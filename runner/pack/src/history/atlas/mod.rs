//! Atlas: `<version>_<name>.sql`, ordered by the names as text, with `atlas.sum` over all of them.
//!
//! As Atlas reads it: a version is what stands before the first `_`, the directives of a file stand in comments at
//! its top with an empty line behind them, and a file that is not as `atlas.sum` says stops all. A file runs in a
//! transaction unless it says `-- atlas:txmode none`; then each statement stands alone. From the last checkpoint
//! on, files run on a new database; those before it are passed over. What Atlas keeps for its paid plans is taken where
//! it is SQL, the way back in an archive too, and refused where it asks for more than that.

mod archive;
mod delimiter;
mod directive;
mod sum;

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File, Listing},
    hook, textual,
};
use crate::alteration::LedgerKey;
use directive::Directives;
use std::path::Path;

const SUM: &str = "atlas.sum";

pub(super) fn read(folder: &Path, _context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let listing = files::list(folder)?;
    let files: Vec<&File> = listing.files.iter().filter(|file| file.stem().is_some()).collect();
    if let Some(file) = files.iter().find(|file| is_directed(file)) {
        return Err(file.problem(FileProblem::Other(
            "Atlas itself has no file for each direction, and would run both; if it reads this folder as golang-migrate's, say `--from golang-migrate`",
        )));
    }
    match listing.find(SUM) {
        Some(file) => sum::verify(file, &files)?,
        None if files.is_empty() => {}
        None => {
            let sum = files[0].beside(SUM.to_owned());
            return Err(sum.problem(FileProblem::Sum("there is no such file")));
        }
    }
    let mut read: Vec<(&File, Directives, String)> = Vec::with_capacity(files.len());
    for file in files {
        let text = file.sql()?;
        let directives = directive::of(&text).map_err(|(line, problem)| HistoryError::Line {
            path: file.path.clone(),
            line,
            problem,
        })?;
        if directives.is_checkpoint {
            read.clear();
        }
        read.push((file, directives, text));
    }
    one_version_each(&read)?;
    let mut migrations = Vec::with_capacity(read.len());
    for (file, directives, text) in read {
        let migration =
            textual::migration(stem(file), &file.path, sections(file, directives, text)?)?;
        migrations.push((file.path.clone(), migration));
    }
    textual::in_order(migrations, Layout::Atlas)
}

fn sections(
    file: &File,
    directives: Directives,
    text: String,
) -> Result<Vec<Section>, HistoryError> {
    let section = |text: String, first_line: usize, is_way_back: bool| Section {
        hook: hook(is_way_back, directives.in_transaction),
        text,
        path: file.path.clone(),
        first_line,
    };
    if directives.is_archive {
        let at = |(line, problem)| HistoryError::Line { path: file.path.clone(), line, problem };
        let parts = archive::parts(&text).map_err(at)?;
        return Ok(parts.into_iter().map(|p| section(p.text, p.line, p.is_way_back)).collect());
    }
    let text = match &directives.delimiter {
        Some(delimiter) => delimiter::replaced(&text, delimiter),
        None => text,
    };
    Ok(vec![section(text, 1, false)])
}

fn one_version_each(read: &[(&File, Directives, String)]) -> Result<(), HistoryError> {
    let version = |file: &File| stem(file).split('_').next().unwrap_or_default().to_owned();
    for (at, (second, ..)) in read.iter().enumerate() {
        let mut before = read[..at].iter().map(|(file, ..)| *file);
        if let Some(first) = before.find(|first| version(first) == version(second)) {
            let (first, second) = (first.path.clone(), second.path.clone());
            return Err(HistoryError::OneVersion { first, second, layout: Layout::Atlas });
        }
    }
    Ok(())
}

fn stem(file: &File) -> &str {
    file.stem().unwrap_or(&file.name)
}

fn is_directed(file: &File) -> bool {
    file.name.ends_with(".up.sql") || file.name.ends_with(".down.sql")
}

/// Returns whether there is a sure sign of Atlas. There is none where it reads the files of another tool.
pub(super) fn is(listing: &Listing) -> bool {
    listing.find(SUM).is_some() && !listing.files.iter().any(is_directed)
}

/// Returns the alteration that its ledger means by `version`: what stands before the first `_` of the names.
pub(super) fn ledger_key(version: &str) -> Option<LedgerKey> {
    textual::ledger_key(version)
}
