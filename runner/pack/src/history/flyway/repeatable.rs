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
    refuse_bundle(first, context)?;
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
    let mut texts = Texts::behind(newest, context)?;
    let mut added = Vec::new();
    for (name, file, section) in scripts {
        added.extend(texts.behind_all(name, file, section)?);
    }
    Ok(added)
}

/// Places scripts that run in their turn first, and behind all others whenever they change: those that are new have
/// the stamps of their own ids, those that have changed come behind the newest.
pub(in crate::history) fn place_each<'a>(
    scripts: Vec<(String, &'a File, Migration)>,
    newest: Option<&AlterationId>,
    context: &Context<'_>,
) -> Result<(Vec<(&'a File, Migration)>, Vec<Migration>), HistoryError> {
    let (mut placed, mut added) = (Vec::new(), Vec::new());
    let Some((_, first, _)) = scripts.first() else { return Ok((placed, added)) };
    refuse_bundle(first, context)?;
    let newest =
        newest.into_iter().chain(scripts.iter().map(|(.., migration)| &migration.id)).max();
    let newest = newest.expect("there is a script").clone();
    let mut texts = Texts::behind(&newest, context)?;
    for (name, file, mutable) in scripts {
        // The way back of one text would not bring back the one before it.
        let section = mutable.sections.into_iter().next().expect("a script has SQL");
        if texts.of(&name).next().is_some() {
            added.extend(texts.behind_all(&name, file, section)?);
            continue;
        }
        let head = mutable.id.as_str().strip_suffix(mutable.id.name()).unwrap_or_default();
        let migration = texts.migration(head, &name, file, section)?;
        placed.push((file, Migration { needed_on: mutable.needed_on, ..migration }));
    }
    Ok((placed, added))
}

fn refuse_bundle(first: &File, context: &Context<'_>) -> Result<(), HistoryError> {
    match context.bundle {
        true => Err(first.problem(FileProblem::Other(
            "a repeatable script adds an alteration whenever it changes, and a bundle that was shipped cannot grow; pack without `--bundle`",
        ))),
        false => Ok(()),
    }
}

/// What was shipped of repeatable scripts, and where their next texts come.
struct Texts {
    shipped: Vec<AlterationId>,
    place: Place,
    count: u64,
}

impl Texts {
    fn behind(newest: &AlterationId, context: &Context<'_>) -> Result<Self, HistoryError> {
        let shipped = context.shipped.map(shipped).transpose()?.unwrap_or_default();
        let place = Place::behind(newest);
        let count = shipped.iter().filter_map(|id| place.count(id)).max().unwrap_or(0);
        Ok(Self { shipped, place, count })
    }

    /// Returns the texts of a script that were shipped.
    fn of(&self, name: &str) -> impl Iterator<Item = &AlterationId> {
        let script = script(name);
        let is_of = move |id: &&AlterationId| {
            id.name().rsplit_once('-').is_some_and(|(name, _)| name == script)
        };
        self.shipped.iter().filter(is_of)
    }

    /// Returns a text that differs from the newest one that was shipped, as the last of all.
    fn behind_all(
        &mut self,
        name: &str,
        file: &File,
        section: Section,
    ) -> Result<Option<Migration>, HistoryError> {
        let ending = format!("-{}", checksum(&section));
        if self.of(name).max().is_some_and(|id| id.name().ends_with(&ending)) {
            return Ok(None);
        }
        self.count += 1;
        let head = format!("{}{:0COUNT_DIGITS$}-", self.place.0, self.count);
        self.migration(&head, name, file, section).map(Some)
    }

    fn migration(
        &self,
        head: &str,
        name: &str,
        file: &File,
        section: Section,
    ) -> Result<Migration, HistoryError> {
        let id = format!("{head}{}-{}", script(name), checksum(&section))
            .parse()
            .map_err(|error| HistoryError::Id { path: file.path.clone(), error })?;
        Ok(Migration::new(id, Some(format!("repeatable: {name}")), vec![section]))
    }
}

fn checksum(section: &Section) -> String {
    let parts = [section.hook.ending().as_bytes(), section.text.as_bytes()];
    Checksum::of_parts(parts).short().to_string()
}

/// The name of a script in ids.
pub(in crate::history) fn script(name: &str) -> String {
    let mut script = PREFIX.to_owned();
    name::escape(name, &mut script);
    script
}

/// Returns whether it is one text of a repeatable script; those before it stay when another comes.
pub(crate) fn is_repeatable(id: &AlterationId) -> bool {
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
        let version = match newest.version() {
            Some(_) => String::new(),
            // No version begins with a zero.
            None if head.starts_with('0') => "0.0.0-".to_owned(),
            None => format!("{head}.0.0-"),
        };
        Self(format!("{version}{head}{point}0"))
    }

    fn count(&self, id: &AlterationId) -> Option<u64> {
        let (count, name) = id.as_str().strip_prefix(&self.0)?.split_once('-')?;
        (count.len() == COUNT_DIGITS && name.starts_with(PREFIX)).then(|| count.parse().ok())?
    }
}

/// Returns the ids of the components in the folder; none where there is no folder yet.
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
