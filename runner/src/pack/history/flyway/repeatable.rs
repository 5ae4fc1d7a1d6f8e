//! Repeatable scripts as alterations that never change.
//!
//! Flyway runs an `R__` script again whenever its text is another, after all versions. A component that was
//! shipped never changes, so each text becomes an alteration of its own,
//! `<version>-<stamp>-R__<name>-<checksum>`, placed behind the newest version of the time it was packed
//! at. While the newest component of that script in `--out` has the same text, none is added. On a new
//! database all of its texts run, each where it ran first. Packed into an empty folder, a script has the
//! place of now: so pack into the folder that was shipped. There is no way back.

use super::super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File},
    name,
};
use crate::alteration::{AlterationId, Checksum};
use std::path::Path;

/// Digits of the count, behind a `0`: no part of a version has no digits, so the stamps of versions
/// that come after the newest are larger.
const COUNT_DIGITS: usize = 6;

/// How the names of all of them begin.
const PREFIX: &str = "R__";

pub(super) fn place(
    mut scripts: Vec<(&str, &File, Section)>,
    newest: Option<&AlterationId>,
    context: &Context<'_>,
) -> Result<Vec<Migration>, HistoryError> {
    let Some((_, first, _)) = scripts.first() else { return Ok(Vec::new()) };
    if context.bundle {
        let problem = "a repeatable script adds an alteration whenever it changes, and a bundle that was shipped cannot grow; pack without `--bundle`";
        return Err(first.problem(FileProblem::Other(problem)));
    }
    let Some(newest) = newest else {
        let problem = "there is no version for this repeatable script to come after; add one";
        return Err(first.problem(FileProblem::Other(problem)));
    };
    // Flyway runs them in the order of their names.
    scripts.sort_by_key(|(name, ..)| *name);
    if let Some(pair) = scripts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let (first, second) = (pair[0].1.path.clone(), pair[1].1.path.clone());
        return Err(HistoryError::OneVersion { first, second, layout: Layout::Flyway });
    }
    let shipped = context.shipped.map(shipped).transpose()?.unwrap_or_default();
    let place = Place::behind(newest);
    let mut count = shipped.iter().filter_map(|id| place.count(id)).max().unwrap_or(0);
    let mut added = Vec::new();
    for (name, file, section) in scripts {
        let mut script = PREFIX.to_owned();
        name::escape(name, &mut script);
        let parts = [section.hook.ending().as_bytes(), section.text.as_bytes()];
        let checksum = Checksum::of_parts(parts).short();
        let before = shipped
            .iter()
            .filter(|id| id.name().rsplit_once('-').is_some_and(|(name, _)| name == script));
        let unchanged = before.max().is_some_and(|id| id.name().ends_with(&format!("-{checksum}")));
        if unchanged {
            continue;
        }
        count += 1;
        let id = format!("{}{count:0COUNT_DIGITS$}-{script}-{checksum}", place.0)
            .parse()
            .map_err(|error| HistoryError::Id { path: file.path.clone(), error })?;
        let description = Some(format!("repeatable: {name}"));
        added.push(Migration::new(id, description, vec![section]));
    }
    Ok(added)
}

/// Whether it is one text of a repeatable script; those before it stay when another comes.
pub(in crate::pack) fn is_repeatable(id: &AlterationId) -> bool {
    id.name().starts_with(PREFIX)
}

/// Where the repeatable scripts behind one version are: how their ids begin, up to the count.
struct Place(String);

impl Place {
    fn behind(newest: &AlterationId) -> Self {
        let head = newest.as_str().strip_suffix(newest.name()).unwrap_or_default();
        let head = head.trim_end_matches('-');
        let point =
            if head.rsplit('-').next().is_some_and(|stamp| stamp.contains('.')) { "" } else { "." };
        // A date has no version, and a stamp with a fraction needs one.
        let version = if newest.version().is_some() { "" } else { ".0.0-" };
        let version = if version.is_empty() { String::new() } else { format!("{head}{version}") };
        Self(format!("{version}{head}{point}0"))
    }

    fn count(&self, id: &AlterationId) -> Option<u64> {
        let (count, name) = id.as_str().strip_prefix(&self.0)?.split_once('-')?;
        (count.len() == COUNT_DIGITS && name.starts_with(PREFIX)).then(|| count.parse().ok())?
    }
}

/// The ids of the components in the folder; none where there is no folder yet.
fn shipped(folder: &Path) -> Result<Vec<AlterationId>, HistoryError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let names = files::list(folder)?.files.into_iter();
    Ok(names.filter_map(|file| file.name.strip_suffix(".wasm")?.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_behind_their_version_and_before_the_next() {
        let table = [
            ("5.0.0-5-x", "5.0.0-5.0", "5.0.1-5.101011-y"),
            ("1.10.0-1.210-x", "1.10.0-1.2100", "1.10.0+0-1.21010111-y"),
            ("20240131120000-x-1", "20240131120000.0.0-20240131120000.0", "20240131120001-y"),
        ];
        for (newest, expected, next) in table {
            let id = |text: &str| text.parse::<AlterationId>().unwrap();
            let place = Place::behind(&id(newest));
            assert_eq!(place.0, expected);
            let ids = [1, 2, 9, 10, 11].map(|n| id(&format!("{expected}{n:06}-R__v-abc")));
            assert!(ids.is_sorted());
            assert!(id(newest) < ids[0] && ids[4] < id(next), "{newest}");
            assert_eq!(place.count(&ids[3]), Some(10));
            assert_eq!(place.count(&id(newest)), None);
        }
    }
}
