//! What the tools with numbered files have in common: up and down are found by their number.

use super::{
    Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::File,
    foreign, name, stamp,
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
        let id = name::id(None, self.number, self.rest)
            .map_err(|error| HistoryError::Id { path: self.file.path.clone(), error })?;
        let name = self.rest.strip_prefix('_').unwrap_or(self.rest);
        let description = name::description(id.name(), name);
        Ok(Migration::new(id, description, sections))
    }
}

/// Those of one direction by their version, of which no two may be the same.
pub(super) fn by_version<'a>(
    names: impl IntoIterator<Item = Numbered<'a>>,
    layout: Layout,
) -> Result<BTreeMap<Stamp, Numbered<'a>>, HistoryError> {
    let mut found = BTreeMap::new();
    for name in names {
        match found.entry(name.stamp(layout)?) {
            Entry::Vacant(entry) => {
                entry.insert(name);
            }
            Entry::Occupied(entry) => {
                let entry: &Numbered<'_> = entry.get();
                refuse_way_back([entry.file, name.file], layout)?;
                let (first, second) = (entry.file.path.clone(), name.file.path.clone());
                return Err(HistoryError::OneVersion { first, second, layout });
            }
        }
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

/// Joins each way forward with the way back of its version. `section` reads a file.
pub(super) fn pair(
    ups: BTreeMap<Stamp, Numbered<'_>>,
    mut downs: BTreeMap<Stamp, Numbered<'_>>,
    section: impl Fn(&File, bool) -> Result<Section, HistoryError>,
) -> Result<Vec<Migration>, HistoryError> {
    let mut migrations = Vec::with_capacity(ups.len());
    for (stamp, up) in ups {
        let mut sections = vec![section(up.file, false)?];
        if let Some(down) = downs.remove(&stamp) {
            sections.push(section(down.file, true)?);
        }
        migrations.push(up.migration(sections)?);
    }
    match downs.into_values().next() {
        Some(down) => Err(down.file.problem(FileProblem::DownWithoutUp)),
        None => Ok(migrations),
    }
}

/// Refuses numbers of several lengths where a tool that orders by text would run them in another order.
pub(super) fn in_order_of_text<'a>(
    names: impl IntoIterator<Item = (&'a str, &'a File, Stamp)>,
    layout: Layout,
) -> Result<(), HistoryError> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by(|left, right| left.0.cmp(right.0));
    match names.windows(2).find(|pair| pair[0].2 > pair[1].2) {
        Some(pair) => {
            let (first, second) = (pair[0].1.path.clone(), pair[1].1.path.clone());
            Err(HistoryError::Order { first, second, layout })
        }
        None => Ok(()),
    }
}
