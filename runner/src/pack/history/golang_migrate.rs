//! golang-migrate: `<number>_<name>.up.sql` and `<number>_<name>.down.sql`, ordered by number.
//!
//! It opens no transaction of its own: a file is sent as one message, which PostgreSQL runs as one unless
//! a statement of it refuses that. Such a file runs outside of a transaction here too.

use super::{
    Context, Layout, Migration, Section,
    error::HistoryError,
    files::{self, File},
    hook, name,
    numbered::{Numbered, by_version, pair},
};
use std::path::Path;

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::GolangMigrate)?;
    let ups =
        by_version(files.iter().filter_map(|file| parse(file, ".up")), Layout::GolangMigrate)?;
    let downs =
        by_version(files.iter().filter_map(|file| parse(file, ".down")), Layout::GolangMigrate)?;
    pair(ups, downs, |file, is_way_back| {
        let hook = hook(is_way_back, true);
        let mut section =
            Section { hook, text: file.sql()?, path: file.path.clone(), first_line: 1 };
        section.leave_transaction(context)?;
        Ok(section)
    })
}

fn parse<'a>(file: &'a File, ending: &str) -> Option<Numbered<'a>> {
    let (number, rest) = name::numbered(file.stem()?)?;
    let rest = rest.strip_suffix(ending)?;
    rest.starts_with('_').then_some(Numbered { file, number, rest })
}
