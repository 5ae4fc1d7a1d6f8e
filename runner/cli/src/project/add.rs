//! The next alteration of a project: its id, its files, and its place in the manifest.

use super::{Lock, Project, ProjectError, manifest::Source};
use crate::new::{self, AddedHooks};
use alteration_domain::alteration::{AlterationId, Declaration, Version};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// What to add.
#[derive(Debug, Clone)]
pub struct NextAlteration {
    /// As `add-due-dates`; without one, only the release is opened.
    pub name: Option<String>,
    /// The version that it belongs to, and those after it.
    pub release: Option<Version>,
    pub description: Option<String>,
    pub hooks: AddedHooks,
    /// Unix seconds.
    pub now: u64,
}

/// What was added.
#[derive(Debug, Clone)]
pub struct Added {
    pub id: Option<AlterationId>,
    pub release: Version,
    pub files: Vec<PathBuf>,
    pub manifest: PathBuf,
}

impl Project {
    /// Writes the files of one more alteration, and names it in the manifest.
    pub fn add(&self, next: &NextAlteration) -> Result<Added, ProjectError> {
        let lock = Lock::read(&self.root)?;
        let source = Source::read(&self.root, self.language)?;
        let ids = self.ids(&source)?;
        let release = release(&source, &lock, &ids, next.release.as_ref())?;
        let manifest = source.path().to_owned();
        let Some(name) = &next.name else {
            source.write(&source.with_release(&release)?)?;
            return Ok(Added { id: None, release, files: Vec::new(), manifest });
        };
        let id = id(name, &release, &ids, &lock, next.now)?;
        let added = new::alteration(&source.plugin, self.language, &id, next.hooks);
        let paths: Vec<PathBuf> = added.iter().map(|file| self.root.join(&file.path)).collect();
        if let Some(path) = paths.iter().find(|path| fs::symlink_metadata(path).is_ok()) {
            return Err(ProjectError::Exists(path.clone()));
        }
        let mut declaration = Declaration::new(id.clone());
        declaration.description = Some(next.description.clone().unwrap_or_else(|| sentence(name)));
        let is_new = source.release.as_ref() != Some(&release);
        let text = source.with(&declaration, is_new.then_some(&release))?;
        for (file, path) in added.iter().zip(&paths) {
            let io = |error| ProjectError::Io { path: path.clone(), error };
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(io)?;
            }
            let mut opened = fs::File::create_new(path).map_err(io)?;
            std::io::Write::write_all(&mut opened, file.text.as_bytes()).map_err(io)?;
        }
        // Last: an alteration that no manifest names is told at the next build.
        source.write(&text)?;
        Ok(Added { id: Some(id), release, files: paths, manifest })
    }

    /// Ids of all alterations that the project has.
    pub(super) fn ids(&self, source: &Source) -> Result<BTreeSet<AlterationId>, ProjectError> {
        if let Some(manifest) = &source.manifest {
            return Ok(manifest.alterations.iter().map(|one| one.id.clone()).collect());
        }
        let folder = self.root.join("sql");
        let io = |error| ProjectError::Io { path: folder.clone(), error };
        let mut ids = BTreeSet::new();
        for entry in fs::read_dir(&folder).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            let Some(name) = name.to_str() else { continue };
            // Of `<id>.up.sql` and `<id>.mysql.before-up.sql`; what cannot be read is the build's to tell.
            let Some(stem) = name.strip_suffix(".sql") else { continue };
            let Some((rest, _hook)) = stem.rsplit_once('.') else { continue };
            let id = match rest.rsplit_once('.') {
                Some((id, dialect))
                    if dialect.parse::<alteration_domain::alteration::Dialect>().is_ok() =>
                {
                    id
                }
                _ => rest,
            };
            ids.extend(id.parse::<AlterationId>().ok());
        }
        Ok(ids)
    }
}

/// The version of the next alteration: what is asked for, what is open, or the next minor one.
fn release(
    source: &Source,
    lock: &Lock,
    ids: &BTreeSet<AlterationId>,
    asked: Option<&Version>,
) -> Result<Version, ProjectError> {
    let newest = lock.versions().into_iter().max();
    let is_open = |version: &&Version| newest.is_none_or(|newest| *version > newest);
    if let Some(asked) = asked {
        if *asked == Version::Next {
            return Err(ProjectError::NoRelease(asked.to_string()));
        }
        return match (is_open(&asked), newest) {
            (false, Some(newest)) => {
                Err(ProjectError::NotNewer { version: asked.clone(), newest: newest.clone() })
            }
            _ => Ok(asked.clone()),
        };
    }
    if let Some(open) = source.release.as_ref().filter(is_open) {
        return Ok(open.clone());
    }
    let drafts = ids.iter().filter(|id| !lock.released.contains_key(id));
    if let Some(open) = drafts.filter_map(AlterationId::version).filter(is_open).max() {
        return Ok(open.clone());
    }
    Ok(Version::Released(match newest {
        // What was tried before its release is released next.
        Some(Version::Released(newest)) if !newest.pre.is_empty() => {
            semver::Version::new(newest.major, newest.minor, newest.patch)
        }
        Some(Version::Released(newest)) => semver::Version::new(newest.major, newest.minor + 1, 0),
        _ => semver::Version::new(0, 1, 0),
    }))
}

/// An id that is after all others, whatever the clock says.
fn id(
    name: &str,
    release: &Version,
    ids: &BTreeSet<AlterationId>,
    lock: &Lock,
    now: u64,
) -> Result<AlterationId, ProjectError> {
    let refused =
        |reason: &str| ProjectError::Name { name: name.to_owned(), reason: reason.to_owned() };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty()
        || !name.chars().all(is_plain)
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Err(refused(
            "it may hold lower-case letters, digits and `-`, and begins with a letter",
        ));
    }
    let all = ids.iter().chain(lock.released.keys());
    if all.clone().any(|id| id.name() == name) {
        return Err(refused("another alteration of the project has it"));
    }
    // A number that is far from seconds is another tool's, and no clock gives one after it.
    let seconds = all.filter_map(|id| id.stamp().seconds());
    let now = seconds.max().map_or(now, |newest| now.max(newest.saturating_add(1)));
    let id = format!("{}-{now}-{name}", release.to_string().replacen('-', "_", 1));
    id.parse()
        .map_err(|error: alteration_domain::alteration::ParseIdError| refused(&error.to_string()))
}

/// `add-due-dates` as `Add due dates.`
fn sentence(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        new::Language,
        project::{Released, manifest},
    };
    use alteration_domain::alteration::Checksum;

    fn lock(ids: &[&str]) -> Lock {
        let sum = Checksum::of(b"");
        let released = Released {
            checksum: sum,
            component_checksum: sum,
            source: sum,
            untested: BTreeSet::new(),
        };
        let released = ids.iter().map(|id| (id.parse().unwrap(), released.clone())).collect();
        Lock { released }
    }

    fn project(release: &str) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sql")).unwrap();
        let text = format!("plugin = \"acme/notes\"\n{release}");
        fs::write(folder.path().join(manifest::TOML), text).unwrap();
        let source = Source::read(folder.path(), Language::Sql).unwrap();
        (folder, source)
    }

    #[test]
    fn a_release_is_asked_for_open_or_the_next() {
        let table: [(&str, &[&str], &[&str], Option<&str>, &str); 11] = [
            ("", &[], &["1.0.0_beta.1-17-a"], None, "1.0.0"),
            ("", &[], &[], Some("next"), "`next` is no release"),
            ("", &[], &[], None, "0.1.0"),
            ("release = \"0.4.0\"", &[], &[], None, "0.4.0"),
            ("release = \"0.4.0\"", &[], &["0.4.0-17-a"], None, "0.5.0"),
            ("", &["0.3.0-17-a"], &[], None, "0.3.0"),
            ("", &["0.3.0-17-a"], &["0.3.0-17-a"], None, "0.4.0"),
            ("", &["0.3.0-17-a", "0.4.1-18-b"], &["0.3.0-17-a"], None, "0.4.1"),
            ("release = \"0.4.0\"", &[], &[], Some("1.0.0"), "1.0.0"),
            ("", &[], &["1.0.0-17-a"], Some("1.0.0"), "1.0.0 is not newer than 1.0.0"),
            ("", &[], &["1.0.0-17-a"], Some("0.9.0"), "0.9.0 is not newer than 1.0.0"),
        ];
        for (line, ids, released, asked, expected) in table {
            let (_folder, source) = project(line);
            let ids = ids.iter().map(|id| id.parse().unwrap()).collect();
            let asked = asked.map(|version| version.parse().unwrap());
            let found = match release(&source, &lock(released), &ids, asked.as_ref()) {
                Ok(version) => version.to_string(),
                Err(error) => error.to_string(),
            };
            assert!(found.starts_with(expected), "{line} {ids:?} {released:?}: {found}");
        }
    }

    #[test]
    fn an_id_is_after_all_others() {
        let version = "1.0.0".parse().unwrap();
        let none = Lock::default();
        let table: [(&[&str], u64, &str, &str); 7] = [
            (&[], 17, "a", "1.0.0-17-a"),
            (&["1.0.0-17-b"], 17, "a", "1.0.0-18-a"),
            (&["1.0.0-17.5-b"], 17, "a", "1.0.0-18-a"),
            (&["1.0.0-3000000000-b"], 17, "a", "1.0.0-3000000001-a"),
            (&["1.0.0-17-a"], 18, "a", "`a` is no name of an alteration: another"),
            (&[], 17, "../a", "`../a` is no name"),
            (&[], 17, "1a", "`1a` is no name"),
        ];
        for (ids, now, name, expected) in table {
            let ids = ids.iter().map(|id| id.parse().unwrap()).collect();
            let found = match id(name, &version, &ids, &none, now) {
                Ok(id) => id.to_string(),
                Err(error) => error.to_string(),
            };
            assert!(found.starts_with(expected), "{name}: {found}");
        }
    }

    #[test]
    fn a_name_becomes_a_sentence() {
        assert_eq!(sentence("add-due-dates"), "Add due dates.");
    }
}
