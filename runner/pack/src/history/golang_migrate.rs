//! golang-migrate: `<number>_<name>.up.sql` and `<number>_<name>.down.sql`, ordered by number.
//!
//! It opens no transaction of its own: a file is sent as one message, which PostgreSQL runs as one unless
//! a statement of it refuses that. Such a file runs outside of a transaction here too. A way back of which
//! there is no way forward is a version that does nothing and has that way back. The ending may have any case.

use super::{
    Context, Layout, Migration, Section,
    alone::stand_alone,
    error::HistoryError,
    files::{self, File},
    hook, name,
    numbered::{Numbered, pair, versions},
};
use std::path::Path;

/// What stands for a file that is not there.
const NOTHING: &str = "-- Nothing to do.\n";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::GolangMigrate)?;
    let of = |direction| {
        let names = files.iter().filter_map(|file| parse(file, direction));
        versions(names, Layout::GolangMigrate, context)
    };
    let section = |file: &File, is_way_back| {
        let (hook, text) = (hook(is_way_back, true), file.sql()?);
        let mut section = Section { hook, text, path: file.path.clone(), first_line: 1 };
        stand_alone(&mut section, Layout::GolangMigrate, context)?;
        Ok(section)
    };
    let (mut migrations, alone) = pair(of(".up"), of(".down"), context, section);
    migrations.extend(context.findings.each(alone, |down| {
        let (path, text) = (down.file.path.clone(), NOTHING.to_owned());
        let up = Section { hook: hook(false, true), text, path, first_line: 1 };
        down.migration(vec![up, section(down.file, true)?])
    }));
    migrations.sort_by(|left, right| left.id.stamp().cmp(right.id.stamp()));
    Ok(migrations)
}

fn parse<'a>(file: &'a File, direction: &str) -> Option<Numbered<'a>> {
    if !files::is_sql(file) {
        return None;
    }
    let stem = &file.name[..file.name.len() - ".sql".len()];
    let (number, rest) = name::numbered(stem)?;
    let rest = rest.strip_suffix(direction)?;
    rest.starts_with('_').then_some(Numbered { file, number, rest })
}
