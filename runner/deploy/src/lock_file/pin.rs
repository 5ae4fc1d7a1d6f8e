//! From files to what a lock file says of them.

use super::{
    LockFile, LockFileError, folder,
    format::{name_doubt, source_doubt},
    with_creates,
};
use crate::{
    alteration::{Catalog, PluginName},
    error::Error,
    source,
};
use std::path::{Component, Path, PathBuf};

/// Pins what `plugins` hold, for a lock file at `path`.
pub fn pin(
    plugins: &[PathBuf],
    path: &Path,
    bytes_max: usize,
) -> Result<(Catalog, LockFile), Error> {
    let catalog = with_creates(source::read(plugins, bytes_max)?)?;
    let given: Vec<Given> = plugins.iter().map(|path| Given::of(path)).collect();
    let from = plain(folder(path));
    let file = LockFile::of(&catalog, |plugin| source_of(&catalog, plugin, &given, &from));
    for (plugin, locked) in &file.plugins {
        for alteration in catalog.of(plugin) {
            let name = alteration.path.file_name().unwrap_or_default();
            let doubt = name.to_str().map_or(Some("is not UTF-8"), name_doubt);
            if let Some(reason) = doubt {
                return Err(LockFileError::Name { path: alteration.path.clone(), reason }.into());
            }
        }
        let is_lossy = locked.source.contains(char::REPLACEMENT_CHARACTER);
        let doubt = if is_lossy { Some("is not UTF-8") } else { source_doubt(&locked.source) };
        if let Some(reason) = doubt {
            let path = PathBuf::from(&locked.source);
            return Err(LockFileError::Name { path, reason }.into());
        }
    }
    Ok((catalog, file))
}

/// A folder as the operator named it, or that of a file that was named.
struct Given {
    /// Absolute, with links as they were named.
    named: PathBuf,
    /// Where that leads.
    resolved: PathBuf,
}

impl Given {
    fn of(path: &Path) -> Self {
        let folder = if path.is_dir() { path } else { folder(path) };
        let resolved = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Self { named: plain(folder), resolved }
    }
}

/// The folder that all files of a plugin were found in, relative to `from`.
fn source_of(catalog: &Catalog, plugin: &PluginName, given: &[Given], from: &Path) -> String {
    let folders = catalog.of(plugin).map(|alteration| {
        let within = given.iter().find(|given| alteration.path.starts_with(&given.resolved));
        // A link may have led out of all of them.
        within.map_or_else(|| folder(&alteration.path), |given| &*given.named)
    });
    let common = folders.map(Path::to_owned).reduce(|one, other| shared(&one, &other));
    relative(from, &common.unwrap_or_default())
}

/// An absolute path without `.` and `..`. Links are not looked at: this is how it was named.
fn plain(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// The deepest folder above both.
fn shared(one: &Path, other: &Path) -> PathBuf {
    let both = one.components().zip(other.components());
    both.take_while(|(one, other)| one == other).map(|(part, _)| part).collect()
}

/// Leads from one absolute path to another.
fn relative(from: &Path, to: &Path) -> String {
    let above = shared(from, to);
    let up = from.components().count() - above.components().count();
    let mut path: PathBuf = std::iter::repeat_n("..", up).collect();
    path.extend(to.components().skip(above.components().count()));
    match path.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => path.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_a_lock_file_to_a_folder() {
        let table = [
            ("/ops", "/ops", "."),
            ("/ops", "/ops/plugins", "plugins"),
            ("/ops/ci", "/ops/plugins/acme", "../plugins/acme"),
            ("/", "/srv/plugins", "srv/plugins"),
            ("/a/b", "/c", "../../c"),
        ];
        for (from, to, expected) in table {
            assert_eq!(relative(Path::new(from), Path::new(to)), expected);
        }
        assert_eq!(plain(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(shared(Path::new("/p/a"), Path::new("/p/b")), Path::new("/p"));
    }
}
