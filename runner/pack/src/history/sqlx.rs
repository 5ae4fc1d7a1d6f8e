//! sqlx: `<number>_<name>.sql`, or `<number>_<name>.up.sql` with `.down.sql`, ordered by number.
//!
//! As sqlx reads it: a file without `_` or with another ending is none of its own, nor is a way back of which
//! there is no way forward; a text that starts with `-- no-transaction` runs outside of one, and behind a byte
//! order mark none starts with it.

use super::{
    Context, Layout, Migration, Section,
    error::HistoryError,
    files::{self, File},
    hook, name,
    numbered::{Numbered, pair, versions},
};
use std::path::Path;

pub(super) const NO_TRANSACTION: &str = "-- no-transaction";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Sqlx)?;
    let names: Vec<_> = files.iter().filter_map(parse).collect();
    let (downs, ups): (Vec<_>, Vec<_>) = names.into_iter().partition(|(_, back)| *back);
    let ups = versions(ups.into_iter().map(|(name, _)| name), Layout::Sqlx, context);
    let downs = versions(downs.into_iter().map(|(name, _)| name), Layout::Sqlx, context);
    Ok(pair(ups, downs, context, section).0)
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

/// Returns whether sqlx runs the file outside of a transaction.
pub(super) fn is_outside(file: &File) -> Result<bool, HistoryError> {
    Ok(!file.has_byte_order_mark()? && file.sql()?.starts_with(NO_TRANSACTION))
}

fn section(file: &File, is_way_back: bool) -> Result<Section, HistoryError> {
    let text = file.sql()?;
    let hook = hook(is_way_back, !is_outside(file)?);
    Ok(Section { hook, text, path: file.path.clone(), first_line: 1 })
}
