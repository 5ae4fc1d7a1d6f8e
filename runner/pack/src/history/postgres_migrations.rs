//! postgres-migrations: `<number>_<name>.sql` or `<number>-<name>.sql`, numbered from 1 without a gap.
//!
//! As postgres-migrations 5 reads it: a text that has its comment anywhere runs outside of a transaction, as
//! one message. There is no way back. A SQL file that does not begin with a number is an error to it.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File},
    hook, name,
    numbered::{Numbered, by_version},
    run_order::Named,
};
use std::path::Path;

const NO_TRANSACTION: &str = "-- postgres-migrations disable-transaction";

pub(super) fn read(folder: &Path, _: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::PostgresMigrations)?;
    let mut names = Vec::new();
    for file in &files {
        if file.name.ends_with(".js") {
            return Err(file.problem(FileProblem::Code(Layout::PostgresMigrations)));
        }
        let Some(stem) = file.stem() else { continue };
        let Some((number, rest)) = name::numbered(stem) else {
            let problem = FileProblem::Version(Layout::PostgresMigrations, "it is a number");
            return Err(file.problem(problem));
        };
        names.push(Numbered { file, number, rest });
    }
    let names = by_version(names, Layout::PostgresMigrations)?;
    let mut migrations = Vec::with_capacity(names.len());
    for (Numbered { file, number, rest }, place) in names.into_values().zip(1_u64..) {
        if number.parse() != Ok(place) {
            let problem = FileProblem::Version(
                Layout::PostgresMigrations,
                "they are numbered from 1, and each follows the one before it",
            );
            return Err(file.problem(problem));
        }
        let text = file.sql()?;
        let hook = hook(false, !text.contains(NO_TRANSACTION));
        let section = Section { hook, text, path: file.path.clone(), first_line: 1 };
        let name = rest.strip_prefix(['-', '_']).unwrap_or(rest);
        migrations.push(Named { file, number, name }.migration(vec![section])?);
    }
    Ok(migrations)
}

/// Returns whether it is a file of this tool for certain.
pub(super) fn is(file: &File) -> bool {
    file.stem().and_then(name::numbered).is_some()
        && file.sql().is_ok_and(|text| text.contains(NO_TRANSACTION))
}
