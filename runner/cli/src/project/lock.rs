//! `alterations.lock`: what was released, a line for each alteration.
//!
//! ```text
//! <id> <checksum> <checksum of its component> <checksum of its source> [untested:mysql,mariadb]
//! ```
//!
//! Sorted, so that two authors' releases merge as a union of lines; version control is told to merge it so. Pure
//! but for `read` and `write`.

use alteration_domain::{
    alteration::{AlterationId, Checksum, Dialect, Version},
    escape::Escaped,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

/// The file's name, beside the manifest's folder.
pub const LOCK_FILE: &str = "alterations.lock";
const HEADER: &str = "# Released alterations, written by `runner release`. Commit this file; never edit it.\n\
    # id, checksum, checksum of the component, checksum of the source, dialects it was not tested on\n";
const UNTESTED: &str = "untested:";

/// What was released, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pub released: BTreeMap<AlterationId, Released>,
}

/// One released alteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    pub checksum: Checksum,
    pub component_checksum: Checksum,
    /// Of the files that it was made of.
    pub source: Checksum,
    /// Dialects that it is meant for and was not tested on.
    pub untested: BTreeSet<Dialect>,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{}: cannot be read: {error}", Escaped(&.path.display().to_string()))]
    Read { path: PathBuf, error: io::Error },
    #[error("{}: cannot be written: {error}", Escaped(&.path.display().to_string()))]
    Write { path: PathBuf, error: io::Error },
    #[error("{}, line {line}: {reason}", Escaped(&.path.display().to_string()))]
    Invalid { path: PathBuf, line: usize, reason: String },
}

impl Lock {
    /// Reads the lock of the project in `root`; empty where nothing was released.
    pub fn read(root: &Path) -> Result<Self, LockError> {
        let path = root.join(LOCK_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|(line, reason)| LockError::Invalid {
                path,
                line,
                reason,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(LockError::Read { path, error }),
        }
    }

    /// Writes it whole, or not at all.
    pub fn write(&self, root: &Path) -> Result<(), LockError> {
        let path = root.join(LOCK_FILE);
        super::stamp::write_whole(&path, self.to_text().as_bytes())
            .map_err(|error| LockError::Write { path, error })
    }

    /// Versions of which something was released.
    pub fn versions(&self) -> BTreeSet<&Version> {
        self.released.keys().filter_map(AlterationId::version).collect()
    }

    fn to_text(&self) -> String {
        let lines = self.released.iter().map(|(id, released)| {
            let Released { checksum, component_checksum, source, untested } = released;
            let untested: Vec<&str> = untested.iter().map(|dialect| dialect.as_str()).collect();
            let untested = match untested.is_empty() {
                true => String::new(),
                false => format!(" {UNTESTED}{}", untested.join(",")),
            };
            format!("{id} {checksum} {component_checksum} {source}{untested}\n")
        });
        HEADER.to_owned() + &lines.collect::<String>()
    }

    /// The error says the line. A line may stand there twice, as a merge leaves it, but not with other contents.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut lock = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, released) = parse_line(line).map_err(|reason| (at + 1, reason))?;
            let before = lock.released.insert(id.clone(), released);
            if before.is_some_and(|before| lock.released.get(&id) != Some(&before)) {
                let reason = format!("{id} was released twice, as two different components");
                return Err((at + 1, reason));
            }
        }
        Ok(lock)
    }
}

fn parse_line(line: &str) -> Result<(AlterationId, Released), String> {
    if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)) {
        return Err("left by a merge: keep the lines of both sides, and remove this one".to_owned());
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let (Some([id, checksum, component, source]), rest) = (words.first_chunk(), words.get(4..))
    else {
        return Err("expected an id and three checksums".to_owned());
    };
    let untested = match rest {
        Some([]) | None => BTreeSet::new(),
        Some([word]) => {
            let names = word.strip_prefix(UNTESTED).ok_or("expected `untested:`")?;
            let dialects = names.split(',').map(str::parse::<Dialect>);
            dialects.collect::<Result<_, _>>().map_err(|error| error.to_string())?
        }
        Some(_) => return Err("more words than a line has".to_owned()),
    };
    let id = id.parse::<AlterationId>().map_err(|error| error.to_string())?;
    let sum = |text: &str| text.parse::<Checksum>().map_err(|error| error.to_string());
    let (checksum, component_checksum, source) = (sum(checksum)?, sum(component)?, sum(source)?);
    Ok((id, Released { checksum, component_checksum, source, untested }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, byte: u8, more: &str) -> String {
        let sum = Checksum::of(&[byte]);
        format!("{id} {sum} {sum} {sum}{more}\n")
    }

    #[test]
    fn round_trip() {
        let text = HEADER.to_owned()
            + &line("0.1.0-17-a", 1, "")
            + &line("0.2.0-18-b", 2, " untested:postgresql,mysql");
        let lock = Lock::parse(&text).unwrap();
        assert_eq!(lock.to_text(), text);
        let versions: Vec<String> = lock.versions().iter().map(ToString::to_string).collect();
        assert_eq!(versions, ["0.1.0", "0.2.0"]);
        let untested = &lock.released[&"0.2.0-18-b".parse().unwrap()].untested;
        assert_eq!(untested.len(), 2);
    }

    #[test]
    fn a_merge_is_a_union_of_lines() {
        let (ours, theirs) = (line("0.1.0-17-a", 1, ""), line("0.2.0-18-b", 2, ""));
        let merged = format!("{HEADER}{theirs}{ours}{HEADER}{ours}");
        assert_eq!(Lock::parse(&merged).unwrap().to_text(), format!("{HEADER}{ours}{theirs}"));
    }

    #[test]
    fn refused() {
        let table = [
            (
                line("0.1.0-17-a", 1, "") + &line("0.1.0-17-a", 2, ""),
                "line 2: 0.1.0-17-a was released twice",
            ),
            ("0.1.0-17-a abc".to_owned(), "line 1: expected an id and three"),
            ("a b c d".to_owned(), "line 1: `a` is not an alteration id"),
            ("\n\n<<<<<<< HEAD\n".to_owned(), "line 3: left by a merge"),
            (line("0.1.0-17-a", 1, " untested:oracle"), "line 1: a dialect is one of"),
            (line("0.1.0-17-a", 1, " more"), "line 1: expected `untested:`"),
            (line("0.1.0-17-a", 1, " untested:mysql more"), "line 1: more words"),
        ];
        for (text, expected) in table {
            let (at, reason) = Lock::parse(&text).unwrap_err();
            let error = format!("line {at}: {reason}");
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
