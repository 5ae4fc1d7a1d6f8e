//! sqlx: `<number>_<name>.sql`, or `<number>_<name>.up.sql` with `.down.sql`, ordered by number.
//!
//! As sqlx reads it: a file without `_` or with another ending is none of its own; a text that starts
//! with `-- no-transaction` runs outside of one.

use super::{
    Layout, Migration, Section,
    error::HistoryError,
    files::{self, File},
    hook, name,
    numbered::{Numbered, by_version, pair},
};
use std::path::Path;

pub(super) const NO_TRANSACTION: &str = "-- no-transaction";

pub(super) fn read(folder: &Path) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Sqlx)?;
    let names: Vec<_> = files.iter().filter_map(parse).collect();
    let (downs, ups): (Vec<_>, Vec<_>) = names.into_iter().partition(|(_, back)| *back);
    let ups = by_version(ups.into_iter().map(|(name, _)| name), Layout::Sqlx)?;
    let downs = by_version(downs.into_iter().map(|(name, _)| name), Layout::Sqlx)?;
    pair(ups, downs, section)
}

/// The name, and whether it is a way back.
fn parse(file: &File) -> Option<(Numbered<'_>, bool)> {
    let (number, rest) = name::numbered(file.stem()?)?;
    if !rest.starts_with('_') {
        return None;
    }
    let (rest, back) = match rest.strip_suffix(".down") {
        Some(rest) => (rest, true),
        None => (rest.strip_suffix(".up").unwrap_or(rest), false),
    };
    Some((Numbered { file, number, rest }, back))
}

fn section(file: &File, is_way_back: bool) -> Result<Section, HistoryError> {
    let text = file.sql()?;
    let hook = hook(is_way_back, !text.starts_with(NO_TRANSACTION));
    Ok(Section { hook, text, path: file.path.clone(), first_line: 1 })
}
