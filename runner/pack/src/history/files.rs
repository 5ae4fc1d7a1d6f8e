//! The files of a history: which there are, and what is in them. Does not know what a name means.

use super::{
    Layout,
    error::{FileProblem, HistoryError},
    line_ends::refuse_lone_cr,
};
use crate::{
    read::{ReadError, read_within},
    sql_text::{self, SQL_BYTES_MAX, SqlTextError},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Upper bound for a file of settings.
const SETTINGS_BYTES_MAX: usize = 1 << 20;

/// A file that is not hidden.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) name: String,
    /// The folder of the whole history.
    root: Arc<Path>,
}

impl File {
    /// Returns the file at a path below `folder`, whether it is there or not.
    pub(super) fn at(folder: &Path, relative: &Path) -> Self {
        let path = folder.join(relative);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Self { path, name: name.unwrap_or_default(), root: Arc::from(folder) }
    }

    /// Returns the name without `.sql`, if it is SQL.
    pub(super) fn stem(&self) -> Option<&str> {
        self.name.strip_suffix(".sql")
    }

    /// Another one beside it.
    pub(super) fn beside(&self, name: String) -> Self {
        Self { path: self.path.with_file_name(&name), name, root: Arc::clone(&self.root) }
    }

    /// Returns what is in it, if it is a folder.
    pub(super) fn inside(&self) -> Result<Listing, HistoryError> {
        list_of(&self.root, &self.path)
    }

    pub(super) fn problem(&self, problem: FileProblem) -> HistoryError {
        HistoryError::File { path: self.path.clone(), problem }
    }

    /// Reads its SQL, where the file holds one direction. Unchanged, but for a byte order mark: Flyway strips it, SQLite reads
    /// it as a blank, and the others' servers refuse it, so that without it the SQL is what it was meant to be.
    pub(super) fn sql(&self) -> Result<String, HistoryError> {
        self.text(|bytes| sql_text::decode(sql_text::without_byte_order_mark(bytes))).map(some)
    }

    /// Reads its SQL, unchanged, where marks divide the file: its tool does not see the mark behind a byte order mark.
    pub(super) fn marked_sql(&self) -> Result<String, HistoryError> {
        self.text(sql_text::decode)
    }

    /// Reads its text, to look for marks in it.
    pub(super) fn any_sql(&self) -> Result<String, HistoryError> {
        self.text(|bytes| sql_text::decode(sql_text::without_byte_order_mark(bytes)))
    }

    pub(super) fn has_byte_order_mark(&self) -> Result<bool, HistoryError> {
        let start = read_within(&self.root, &self.path, SQL_BYTES_MAX)?;
        Ok(start.starts_with(sql_text::BYTE_ORDER_MARK))
    }

    fn text(
        &self,
        check: impl Fn(Vec<u8>) -> Result<String, SqlTextError>,
    ) -> Result<String, HistoryError> {
        check(read_within(&self.root, &self.path, SQL_BYTES_MAX)?)
            .and_then(refuse_lone_cr)
            .map_err(|error| HistoryError::Text { path: self.path.clone(), error })
    }

    /// Returns all that is in it.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, HistoryError> {
        Ok(read_within(&self.root, &self.path, SQL_BYTES_MAX)?)
    }

    /// Reads its text, where it is no SQL.
    pub(super) fn settings(&self) -> Result<String, HistoryError> {
        let invalid = |message: &str| HistoryError::Settings {
            path: self.path.clone(),
            message: message.to_owned(),
        };
        let bytes = read_within(&self.root, &self.path, SETTINGS_BYTES_MAX)?;
        if bytes.len() > SETTINGS_BYTES_MAX {
            return Err(invalid("larger than 1 MiB"));
        }
        String::from_utf8(bytes).map_err(|_| invalid("not UTF-8; save the file as UTF-8"))
    }
}

/// Files and folders directly in `folder`, each sorted by name.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<File>,
    pub(super) folders: Vec<File>,
}

impl Listing {
    /// Returns the file of this name.
    pub(super) fn find(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Returns the folder of this name.
    pub(super) fn folder(&self, name: &str) -> Option<&File> {
        self.folders.iter().find(|folder| folder.name == name)
    }
}

/// Lists the folder of a whole history.
pub(super) fn list(folder: &Path) -> Result<Listing, HistoryError> {
    list_of(&Arc::from(folder), folder)
}

fn list_of(root: &Arc<Path>, folder: &Path) -> Result<Listing, HistoryError> {
    let unreadable = |error| ReadError::Unreadable { path: folder.to_owned(), error };
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .map_err(unreadable)?;
    paths.sort();
    let mut listing = Listing::default();
    for path in paths {
        let Some(name) = path.file_name() else { continue };
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let name = match name.to_str() {
            Some(name) => name.to_owned(),
            // Whatever it is called, it is no part of a history unless it is SQL.
            None if name.to_string_lossy().to_ascii_lowercase().ends_with(".sql") => {
                return Err(HistoryError::File { path, problem: FileProblem::NotUnicode });
            }
            None => continue,
        };
        let is_folder = path.is_dir();
        let file = File { path, name, root: Arc::clone(root) };
        match is_folder {
            true => listing.folders.push(file),
            false => listing.files.push(file),
        }
    }
    Ok(listing)
}

/// SQL that is there: that of an empty file or section does nothing, and a text without a byte would be none.
pub(crate) fn some(text: String) -> String {
    if text.is_empty() { "\n".to_owned() } else { text }
}

/// Returns the files of a tool that looks into one folder alone. SQL in those below is passed over, as is SQL whose
/// ending is in upper case by most.
pub(super) fn flat(folder: &Path, _layout: Layout) -> Result<Vec<File>, HistoryError> {
    Ok(list(folder)?.files)
}

/// Returns the files of a tool that looks into the folders below too.
pub(super) fn deep(folder: &Path, _layout: Layout) -> Result<Vec<File>, HistoryError> {
    everywhere(folder)
}

/// Returns the files of a folder and of those below; links to folders are not followed, for they can lead back.
pub(super) fn everywhere(folder: &Path) -> Result<Vec<File>, HistoryError> {
    let root = Arc::from(folder);
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let listing = list_of(&root, &folder)?;
        files.extend(listing.files);
        let below = listing.folders.into_iter().map(|below| below.path);
        folders.extend(below.filter(|path| !path.is_symlink()));
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

pub(super) fn is_sql(file: &File) -> bool {
    file.name.to_ascii_lowercase().ends_with(".sql")
}
