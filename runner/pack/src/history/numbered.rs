//! What the tools with numbered files have in common: up and down are found by their number.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::File,
    foreign, name,
    stamp::{self, Text},
};
use crate::alteration::Stamp;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
};

/// The largest version that these tools can read.
const VERSION_MAX: u64 = i64::MAX as u64;

/// A file name, taken apart.
#[derive(Debug)]
pub(super) struct Numbered<'a> {
    pub(super) file: &'a File,
    /// The number as it is written.
    pub(super) number: &'a str,
    /// What follows the number, without the ending.
    pub(super) rest: &'a str,
}

impl Numbered<'_> {
    pub(super) fn stamp(&self, layout: Layout) -> Result<Stamp, HistoryError> {
        let fits = self.number.parse::<u64>().is_ok_and(|number| number <= VERSION_MAX);
        stamp::ledger_stamp(self.number).filter(|_| fits).ok_or_else(|| {
            self.file.problem(FileProblem::Version(layout, "it is a number of 64 bits"))
        })
    }

    pub(super) fn migration(&self, sections: Vec<Section>) -> Result<Migration, HistoryError> {
        self.migration_at(self.number, sections)
    }

    /// Returns the same migration with another number in its id, which has its place among the others.
    pub(super) fn migration_at(
        &self,
        number: &str,
        sections: Vec<Section>,
    ) -> Result<Migration, HistoryError> {
        let id = name::id(None, number, self.rest)
            .map_err(|error| HistoryError::Id { path: self.file.path.clone(), error })?;
        let name = self.rest.strip_prefix('_').unwrap_or(self.rest);
        let description = name::description(id.name(), name);
        Ok(Migration::new(id, description, sections))
    }
}

/// Sorts those of one direction by their version, of which no two may be the same. Problems are noted.
pub(super) fn versions<'a>(
    names: impl IntoIterator<Item = Numbered<'a>>,
    layout: Layout,
    context: &Context<'_>,
) -> BTreeMap<Stamp, Numbered<'a>> {
    let mut found = BTreeMap::new();
    for name in names {
        let Some(stamp) = context.findings.keep(name.stamp(layout)) else { continue };
        match found.entry(stamp) {
            Entry::Vacant(entry) => {
                entry.insert(name);
            }
            Entry::Occupied(entry) => {
                let entry: &Numbered<'_> = entry.get();
                let pair = refuse_way_back([entry.file, name.file], layout);
                if context.findings.keep(pair).is_none() {
                    continue;
                }
                let (first, second) = (entry.file.path.clone(), name.file.path.clone());
                context.findings.problem(HistoryError::OneVersion { first, second, layout });
            }
        }
    }
    found
}

/// Does the same, with the first problem as an error, for a layout whose files are not read one by one.
pub(super) fn by_version<'a>(
    names: impl IntoIterator<Item = Numbered<'a>>,
    layout: Layout,
) -> Result<BTreeMap<Stamp, Numbered<'a>>, HistoryError> {
    let mut found: BTreeMap<Stamp, Numbered<'a>> = BTreeMap::new();
    for name in names {
        let stamp = name.stamp(layout)?;
        if let Some(first) = found.get(&stamp) {
            refuse_way_back([first.file, name.file], layout)?;
            let (first, second) = (first.file.path.clone(), name.file.path.clone());
            return Err(HistoryError::OneVersion { first, second, layout });
        }
        found.insert(stamp, name);
    }
    Ok(found)
}

/// Two of one version may be the two ways of one alteration, as another tool names them.
fn refuse_way_back(files: [&File; 2], layout: Layout) -> Result<(), HistoryError> {
    let name = |file: &'_ File| PathBuf::from(&file.name);
    let names = files.map(name);
    for (at, file) in files.into_iter().enumerate() {
        let other = names[1 - at].as_path();
        if let Some(tool) = foreign::down_name(&names[at], [other]) {
            return Err(file.problem(FileProblem::DownName { tool, layout }));
        }
    }
    Ok(())
}

/// Joins each way forward with the way back of its version. `section` reads a file. A way back without a way
/// forward is returned.
pub(super) fn pair<'a>(
    ups: BTreeMap<Stamp, Numbered<'_>>,
    mut downs: BTreeMap<Stamp, Numbered<'a>>,
    context: &Context<'_>,
    section: impl Fn(&File, bool) -> Result<Section, HistoryError>,
) -> (Vec<Migration>, Vec<Numbered<'a>>) {
    let migrations = context.findings.each(ups, |(stamp, up)| {
        let down = downs.remove(&stamp);
        let there = down.and_then(|down| context.findings.keep(section(down.file, true)));
        up.migration([section(up.file, false)?].into_iter().chain(there).collect())
    });
    (migrations, downs.into_values().collect())
}

/// Returns the number of each file's stamp, where a tool orders by text: as they are written, where that is the same
/// order; else with short ones filled up, so that it is. `Err` is the first that no filling puts in order.
pub(super) fn in_order_of_text(
    names: &[Numbered<'_>],
    order: Text,
    layout: Layout,
) -> Result<Vec<String>, HistoryError> {
    let mut sorted: Vec<&Numbered<'_>> = names.iter().collect();
    sorted.sort_by_cached_key(|name| match order {
        Text::Version => name.number.to_owned(),
        Text::Name => name.file.name.clone(),
    });
    let disordered = |filled: &dyn Fn(&str) -> String| {
        let stamp = |name: &Numbered<'_>| stamp::ledger_stamp(&filled(name.number));
        sorted.windows(2).position(|pair| stamp(pair[0]) > stamp(pair[1]))
    };
    let plain = |number: &str| number.to_owned();
    let filled = |number: &str| stamp::filled(number, order);
    if disordered(&plain).is_none() {
        return Ok(names.iter().map(|name| plain(name.number)).collect());
    }
    match disordered(&filled) {
        None => Ok(names.iter().map(|name| filled(name.number)).collect()),
        Some(at) => {
            let [first, second] = [at, at + 1].map(|at| sorted[at].file.path.clone());
            Err(HistoryError::Order { first, second, layout })
        }
    }
}
