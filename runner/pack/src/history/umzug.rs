//! umzug with SQL: `<name>.sql` with `down/<name>.sql`, as its own template makes them, ordered by the name's text.
//!
//! What a resolver does with a file is code of the project; that of umzug's manual sends it as it is, without a
//! transaction. A name has to begin with a number or a date, by which the runner orders it.

use super::{
    Context, Layout, Migration, Section,
    alone::stand_alone,
    error::{FileProblem, HistoryError},
    files::{self, File, Listing},
    hook,
    run_order::{self, Dated, dated},
};
use std::path::Path;

const DOWN: &str = "down";
const CODE: [&str; 6] = [".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"];

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let listing = files::list(folder)?;
    let is_code = |file: &&File| {
        dated(&file.name).is_some() && CODE.iter().any(|ending| file.name.ends_with(ending))
    };
    if let Some(code) = listing.files.iter().find(is_code) {
        return Err(code.problem(FileProblem::Code(Layout::Umzug)));
    }
    let downs = downs(&listing)?;
    let section = |file: &File, is_way_back| {
        let (hook, text, path) = (hook(is_way_back, true), file.sql()?, file.path.clone());
        let mut section = Section { hook, text, path, first_line: 1 };
        stand_alone(&mut section, Layout::Umzug, context)?;
        Ok::<_, HistoryError>(section)
    };
    let mut found = Vec::new();
    for file in &listing.files {
        let Some(stem) = file.stem() else { continue };
        let Some((number, name)) = dated(stem) else {
            let why = "it has to begin with a number or a date, by which the runner orders it";
            return Err(file.problem(FileProblem::Version(Layout::Umzug, why)));
        };
        let down = downs.iter().find(|down| down.name == file.name);
        let down = down.map(|down| section(down, true)).transpose()?;
        let sections = [Some(section(file, false)?), down].into_iter().flatten().collect();
        found.push(Dated { file, number, name, sections });
    }
    run_order::by_text(found, Layout::Umzug)
}

/// Returns whether it is a folder of this tool: a file whose way back is in the folder below.
pub(super) fn is(listing: &Listing) -> Result<Option<&File>, HistoryError> {
    let downs = downs(listing)?;
    let has_down = |file: &&File| files::is_sql(file) && downs.iter().any(|d| d.name == file.name);
    Ok(listing.files.iter().find(has_down))
}

fn downs(listing: &Listing) -> Result<Vec<File>, HistoryError> {
    match listing.folders.iter().find(|below| below.name == DOWN) {
        Some(below) => Ok(below.inside()?.files),
        None => Ok(Vec::new()),
    }
}
