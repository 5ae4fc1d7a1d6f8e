//! postgrator: `<number>.do.<name>.sql` and `<number>.undo.<name>.sql`, ordered by number.
//!
//! As postgrator 8 reads it: the name may be left out; another word between the points, or another case, is none
//! of its own. It opens no transaction: a file is sent as one message, which PostgreSQL runs as one unless a
//! statement of it refuses that.

use super::{
    Context, Layout, Migration, Section,
    alone::stand_alone,
    error::{FileProblem, HistoryError},
    files::{self, File},
    hook,
    numbered::{Numbered, by_version},
    run_order::Named,
};
use std::path::Path;

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Postgrator)?;
    let is_code = |file: &&File| {
        let code = [".js", ".mjs", ".cjs"];
        code.iter().any(|ending| file.name.strip_suffix(ending).and_then(parse).is_some())
    };
    if let Some(code) = files.iter().find(is_code) {
        return Err(code.problem(FileProblem::Code(Layout::Postgrator)));
    }
    let of = |wanted: bool| {
        let names = files.iter().filter_map(move |file| {
            let (number, is_way_back, rest) = parse(file.stem()?)?;
            (is_way_back == wanted).then_some(Numbered { file, number, rest })
        });
        by_version(names, Layout::Postgrator)
    };
    let (ups, mut downs) = (of(false)?, of(true)?);
    let section = |file: &File, is_way_back| {
        let hook = hook(is_way_back, true);
        let (text, path) = (file.sql()?, file.path.clone());
        let mut section = Section { hook, text, path, first_line: 1 };
        stand_alone(&mut section, Layout::Postgrator, context)?;
        Ok::<_, HistoryError>(section)
    };
    let mut migrations = Vec::with_capacity(ups.len());
    for (stamp, Numbered { file, number, rest: name }) in ups {
        let mut sections = vec![section(file, false)?];
        if let Some(down) = downs.remove(&stamp) {
            sections.push(section(down.file, true)?);
        }
        migrations.push(Named { file, number, name }.migration(sections)?);
    }
    match downs.into_values().next() {
        Some(down) => Err(down.file.problem(FileProblem::DownWithoutUp)),
        None => Ok(migrations),
    }
}

/// Returns whether it is a file of this tool.
pub(super) fn is(file: &File) -> bool {
    file.stem().and_then(parse).is_some()
}

/// The number, whether it is a way back, and the name.
fn parse(stem: &str) -> Option<(&str, bool, &str)> {
    let (number, rest) = stem.split_once('.')?;
    let (action, name) = rest.split_once('.').unwrap_or((rest, ""));
    let is_way_back = match action {
        "do" => false,
        "undo" => true,
        _ => return None,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((number, is_way_back, name))
}
