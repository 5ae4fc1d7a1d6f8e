//! The statements of the last rehearsal of each component, kept for `runner inspect --sql`:
//!
//! ```text
//! <the user's cache>/rehearsals/<component checksum>.json
//! ```
//!
//! Statements alone, never the values of their parameters. What a hook writes into a statement's text is kept, so
//! that folder and files are the user's, and nobody else reads them. What somebody else could have written counts as
//! absent; what is read is a stranger's text all the same: escape it before printing. Knows no database.

use crate::alteration::{AlterationKey, Checksum, Direction};
use rustix::fs::{FileType, Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// What is kept of one alteration in one direction. Cut where it is longer.
const SQL_BYTES_MAX: usize = 8 << 20;
const STATEMENTS_MAX: usize = 10_000;
/// A file that is longer was not written here.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The oldest files go beyond so many.
const FILES_MAX: usize = 1_000;
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// How one alteration ran in one direction, and was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The plugin and the id.
    pub alteration: String,
    /// Whether it was applied or taken back.
    pub direction: Direction,
    /// The URL of the database, without its password.
    pub database: String,
    /// When (RFC 3339, UTC).
    pub at: String,
    /// What ran, in its order.
    pub statements: Vec<RehearsedStatement>,
    /// How many more statements ran, which were too many or too long to keep.
    pub left_out: u64,
    /// The statement that could not be run, with which it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_rehearsed: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsedStatement {
    /// As the WIT package calls it: `up`, `before-up`, `step` and so on.
    pub hook: String,
    /// The statement, without the values of its parameters.
    pub sql: String,
    /// How often it ran in a row.
    pub times: u64,
    /// How many rows were returned or affected, all times together.
    pub rows: u64,
}

/// Statements as they come, up to what is kept.
#[derive(Debug, Clone, Default)]
pub struct Statements {
    kept: Vec<RehearsedStatement>,
    left_out: u64,
    bytes: usize,
    mark: Mark,
}

/// How far statements are that stay, whatever is run again.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    kept: usize,
    /// Of the last one that is kept.
    times: u64,
    rows: u64,
    left_out: u64,
    bytes: usize,
}

impl Statements {
    /// Keeps what came so far.
    pub fn mark(&mut self) {
        let (times, rows) = self.kept.last().map_or((0, 0), |last| (last.times, last.rows));
        let Self { left_out, bytes, .. } = *self;
        self.mark = Mark { kept: self.kept.len(), times, rows, left_out, bytes };
    }

    /// Drops what came behind the mark: it was undone, and is run again.
    pub fn rewind(&mut self) {
        let Mark { kept, times, rows, left_out, bytes } = self.mark;
        self.kept.truncate(kept);
        if let Some(last) = self.kept.last_mut() {
            (last.times, last.rows) = (times, rows);
        }
        (self.left_out, self.bytes) = (left_out, bytes);
    }

    /// Adds one that was run. The same again is counted.
    pub fn push(&mut self, hook: &str, sql: &str, rows: u64) {
        if let Some(last) = self.kept.last_mut()
            && self.left_out == 0
            && last.hook == hook
            && last.sql == sql
        {
            last.times += 1;
            last.rows = last.rows.saturating_add(rows);
        } else if self.left_out == 0
            && self.kept.len() < STATEMENTS_MAX
            && self.bytes + sql.len() <= SQL_BYTES_MAX
        {
            self.bytes += sql.len();
            let (hook, sql) = (hook.to_owned(), sql.to_owned());
            self.kept.push(RehearsedStatement { hook, sql, times: 1, rows });
        } else {
            self.left_out += 1;
        }
    }

    /// Those, and how many came behind them.
    pub fn into_parts(self) -> (Vec<RehearsedStatement>, u64) {
        (self.kept, self.left_out)
    }
}

/// The file of one component.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    rehearsals: Vec<Rehearsal>,
}

/// The folder of them.
#[derive(Debug)]
pub struct Rehearsals {
    folder: PathBuf,
}

impl Rehearsals {
    /// Those in a user's cache folder.
    pub fn of_cache(cache: &Path) -> Self {
        Self { folder: cache.join("rehearsals") }
    }

    /// Returns what is kept of a component; empty without any, and where anybody else could have written it.
    pub fn of(&self, component: Checksum) -> Vec<Rehearsal> {
        self.read(component).unwrap_or_default().rehearsals
    }

    /// Keeps these for a component, in place of those of the same alterations in the same direction.
    pub fn keep(&self, component: Checksum, rehearsals: Vec<Rehearsal>) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if !self.is_safe() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the folder belongs to another user, or others may write to it",
            ));
        }
        let mut all = self.of(component);
        all.retain(|old| {
            let is_same = |new: &Rehearsal| {
                new.alteration == old.alteration && new.direction == old.direction
            };
            !rehearsals.iter().any(is_same)
        });
        all.extend(rehearsals);
        all.sort_by(|one, other| {
            (one.direction, &one.alteration).cmp(&(other.direction, &other.alteration))
        });
        let text = serde_json::to_vec_pretty(&Document { rehearsals: all })?;
        // Made with mode 0600, and renamed when whole.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&text)?;
        file.persist(self.path(component))?;
        self.prune();
        Ok(())
    }

    fn path(&self, component: Checksum) -> PathBuf {
        self.folder.join(format!("{component}.json"))
    }

    fn read(&self, component: Checksum) -> Option<Document> {
        if !self.is_safe() {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::open(self.path(component), flags, Mode::empty()).ok()?;
        let file = File::from(file);
        let stat = rustix::fs::fstat(&file).ok()?;
        if !is_ours(&stat, FileType::RegularFile) {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn is_safe(&self) -> bool {
        rustix::fs::lstat(&self.folder).is_ok_and(|stat| is_ours(&stat, FileType::Directory))
    }

    /// Removes what is too old; passes over what cannot be read or removed, because another process may be at it.
    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(".json")))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        if let Some(beyond) = files.len().checked_sub(FILES_MAX) {
            files.sort();
            files.iter().take(beyond).for_each(|(_, path)| {
                let _ = fs::remove_file(path);
            });
        }
    }
}

impl Rehearsal {
    /// Returns what ran of an alteration just now.
    pub fn of(
        key: &AlterationKey,
        direction: Direction,
        database: &str,
        statements: Statements,
        not_rehearsed: Option<String>,
    ) -> Self {
        let (statements, left_out) = statements.into_parts();
        Self {
            alteration: key.to_string(),
            direction,
            database: database.to_owned(),
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            statements,
            left_out,
            not_rehearsed,
        }
    }
}

fn is_ours(stat: &rustix::fs::Stat, kind: FileType) -> bool {
    FileType::from_raw_mode(stat.st_mode) == kind
        && stat.st_uid == rustix::process::geteuid().as_raw()
        && stat.st_mode & WRITABLE_BY_OTHERS == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn rehearsal(alteration: &str, direction: Direction, sql: &str) -> Rehearsal {
        let mut statements = Statements::default();
        statements.push("up", sql, 1);
        let (statements, left_out) = statements.into_parts();
        Rehearsal {
            alteration: alteration.to_owned(),
            direction,
            database: "sqlite:x".to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
            statements,
            left_out,
            not_rehearsed: None,
        }
    }

    #[test]
    fn the_last_of_each_alteration_and_direction_is_kept() {
        let cache = tempfile::tempdir().unwrap();
        let rehearsals = Rehearsals::of_cache(cache.path());
        let component = Checksum::of(b"component");
        assert_eq!(rehearsals.of(component), []);
        let [one, two] = ["a/b 1-x", "a/b 2-y"];
        let first = vec![rehearsal(one, Direction::Up, "1"), rehearsal(two, Direction::Up, "2")];
        rehearsals.keep(component, first).unwrap();
        rehearsals.keep(component, vec![rehearsal(one, Direction::Down, "3")]).unwrap();
        rehearsals.keep(component, vec![rehearsal(one, Direction::Up, "4")]).unwrap();
        let all = rehearsals.of(component);
        let all: Vec<_> = all.iter().map(|r| r.statements[0].sql.as_str()).collect();
        assert_eq!(all, ["4", "2", "3"]);
        assert_eq!(rehearsals.of(Checksum::of(b"another")), []);
        let mode = fs::metadata(rehearsals.path(component)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_others_could_have_written_is_absent() {
        let cache = tempfile::tempdir().unwrap();
        let rehearsals = Rehearsals::of_cache(cache.path());
        let component = Checksum::of(b"component");
        rehearsals.keep(component, vec![rehearsal("a/b 1-x", Direction::Up, "1")]).unwrap();
        let (file, folder) = (rehearsals.path(component), rehearsals.folder.clone());
        for (path, own) in [(&file, 0o600), (&folder, 0o700)] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
            assert_eq!(rehearsals.of(component), []);
            fs::set_permissions(path, fs::Permissions::from_mode(own)).unwrap();
            assert_eq!(rehearsals.of(component).len(), 1);
        }
        let moved = cache.path().join("moved");
        fs::rename(&file, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &file).unwrap();
        assert_eq!(rehearsals.of(component), []);
        fs::remove_file(&file).unwrap();
        fs::write(&file, "{").unwrap();
        assert_eq!(rehearsals.of(component), []);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(rehearsals.keep(component, Vec::new()).is_err());
    }

    #[test]
    fn a_flood_is_counted() {
        let mut statements = Statements::default();
        for _ in 0..3 {
            statements.push("up", "INSERT", 2);
        }
        statements.push("up", &"x".repeat(SQL_BYTES_MAX), 0);
        for number in 0..STATEMENTS_MAX + 5 {
            statements.push("up", &number.to_string(), 0);
        }
        let (kept, left_out) = statements.clone().into_parts();
        assert_eq!((kept[0].times, kept[0].rows), (3, 6));
        assert_eq!((kept.len(), left_out), (1, STATEMENTS_MAX as u64 + 6));
        statements.rewind();
        assert_eq!(statements.into_parts(), (Vec::new(), 0));
    }

    #[test]
    fn what_is_run_again_is_listed_once() {
        let mut statements = Statements::default();
        statements.push("up", "a", 1);
        statements.mark();
        statements.push("up", "a", 1);
        statements.push("up", "b", 1);
        statements.rewind();
        statements.push("up", "b", 5);
        let (kept, _) = statements.into_parts();
        let kept: Vec<_> = kept.iter().map(|s| (s.sql.as_str(), s.times, s.rows)).collect();
        assert_eq!(kept, [("a", 1, 1), ("b", 1, 5)]);
    }
}
