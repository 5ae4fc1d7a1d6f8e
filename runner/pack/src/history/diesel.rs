//! diesel: a folder `<number>_<name>` for each, with `up.sql`, `down.sql` and `metadata.toml`.
//!
//! As diesel reads it: the version is what stands before the first `_`, without its dashes, and versions order
//! as text; a `metadata.toml` that does not say `run_in_transaction` says false. A folder with nothing in it
//! is passed over, and so is SQL of other names, and a folder of SQL without a version, as `seed/`.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File},
    hook,
    numbered::{Numbered, in_order_of_text, versions},
    stamp::Text,
};
use serde::Deserialize;
use std::path::Path;

const METADATA: &str = "metadata.toml";

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    run_in_transaction: bool,
}

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let listing = files::list(folder)?;
    let mut folders = Vec::new();
    for below in &listing.folders {
        let inside = below.inside()?;
        if !(inside.files.is_empty() && inside.folders.is_empty()) {
            let version = below.name.split('_').next().unwrap_or_default();
            folders.push((below, version.replace('-', ""), &below.name[version.len()..], inside));
        }
    }
    let mut names = Vec::new();
    for (file, number, rest, inside) in &folders {
        let is_version = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        match is_version {
            true => names.push(Numbered { file, number, rest }),
            false if inside.files.iter().any(is_own) => {
                context.findings.problem(file.problem(FileProblem::Version(
                    Layout::Diesel,
                    "expected digits before the first `_`, as in 2024-01-31-120000_add_users",
                )));
            }
            false => {}
        }
    }
    let names: Vec<_> = versions(names, Layout::Diesel, context).into_values().collect();
    let numbers = in_order_of_text(&names, Text::Version, Layout::Diesel);
    let Some(numbers) = context.findings.keep(numbers) else { return Ok(Vec::new()) };
    Ok(context.findings.each(names.iter().zip(&numbers), |(name, number)| {
        name.migration_at(number, sections(name.file, &name.file.inside()?.files)?)
    }))
}

fn is_own(file: &File) -> bool {
    matches!(file.name.as_str(), "up.sql" | "down.sql")
}

fn sections(folder: &File, files: &[File]) -> Result<Vec<Section>, HistoryError> {
    let find = |name: &str| files.iter().find(|file| file.name == name);
    let Some(up) = find("up.sql") else {
        let problem = match find("down.sql") {
            Some(_) => FileProblem::Other(
                "there is a `down.sql` and no `up.sql`; add it, or remove the folder",
            ),
            None => FileProblem::Other(
                "there is neither `up.sql` nor `down.sql`; add them, or remove the folder",
            ),
        };
        return Err(folder.problem(problem));
    };
    let in_transaction = find(METADATA).map_or(Ok(true), in_transaction)?;
    let section = |file: &File, is_way_back| -> Result<Section, HistoryError> {
        let hook = hook(is_way_back, in_transaction);
        Ok(Section { hook, text: file.sql()?, path: file.path.clone(), first_line: 1 })
    };
    let up = section(up, false)?;
    let down = find("down.sql").map(|file| section(file, true)).transpose()?;
    Ok([up].into_iter().chain(down).collect())
}

fn in_transaction(file: &File) -> Result<bool, HistoryError> {
    let metadata: Metadata = toml::from_str(&file.settings()?).map_err(|error| {
        let message = error.to_string().trim_end().to_owned();
        HistoryError::Settings { path: file.path.clone(), message }
    })?;
    Ok(metadata.run_in_transaction)
}
