//! From folders of plugins to a catalog: finds component files and reads their manifests.
//!
//! Reads every file whole, to hash it, and compiles none. Talks to the file system alone.

use crate::{
    alteration::{
        AlterationId, Catalog, CatalogError, Checksum, ComponentFile, Declaration, Manifest,
        ManifestError, ParseIdError, ParsePluginError, PluginName,
    },
    escape::Escaped,
    pack::{
        draft,
        section::{self, SectionError},
    },
};
use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

/// Folders deeper than this are not looked into; it ends circles of links.
const DEPTH_MAX: usize = 8;
/// Folders that hold what tools build or install, never what is shipped.
const SKIPPED_FOLDERS: [&str; 2] = ["target", "node_modules"];

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("{}: no such file or folder", shown(.0))]
    NotFound(PathBuf),
    #[error("{}: a database URL, where a folder of plugins is expected", shown(.0))]
    Url(PathBuf),
    #[error("{}: cannot be read: {reason}", shown(.path))]
    Unreadable { path: PathBuf, reason: String },
    #[error("{}: holds no component (*.wasm)", shown(.0))]
    Empty(PathBuf),
    #[error("no plugins are given")]
    NothingGiven,
    #[error("{}: {bytes} bytes; at most {bytes_max} are read", shown(.path))]
    TooLarge { path: PathBuf, bytes: u64, bytes_max: usize },
    #[error("{}: {error}", shown(.path))]
    Section { path: PathBuf, error: SectionError },
    #[error("{}: {error}", shown(.path))]
    Manifest { path: PathBuf, error: ManifestError },
    #[error("{}: has no manifest, and its file name does not identify it: {error}", shown(.path))]
    Id { path: PathBuf, error: ParseIdError },
    #[error("{}: has no manifest, and its folders do not name its plugin: {error}", shown(.path))]
    Plugin { path: PathBuf, error: ParsePluginError },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("{}: its bytes changed while the runner worked", shown(.0))]
    ChangedMeanwhile(PathBuf),
}

fn shown(path: &Path) -> String {
    Escaped(&crate::secret::hidden(&path.display().to_string())).to_string()
}

/// Reads the catalog of `paths`, each a component file or a folder that is searched.
pub fn read(paths: &[PathBuf], bytes_max: usize) -> Result<Catalog, SourceError> {
    if paths.is_empty() {
        return Err(SourceError::NothingGiven);
    }
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        find(path, 0, &mut files)?;
        if files.len() == before {
            return Err(SourceError::Empty(path.clone()));
        }
    }
    files.sort();
    // One file that was reached by two paths is still one file.
    files.dedup();
    let components: Vec<ComponentFile> =
        files.into_iter().map(|path| component(path, bytes_max)).collect::<Result<_, _>>()?;
    Ok(Catalog::new(components)?)
}

/// Reads a component again, to run it: it must still be what the catalog says.
pub fn read_component(path: &Path, checksum: Checksum) -> Result<Vec<u8>, SourceError> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    match Checksum::of(&bytes) == checksum {
        true => Ok(bytes),
        false => Err(SourceError::ChangedMeanwhile(path.to_owned())),
    }
}

fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), SourceError> {
    let metadata = fs::metadata(path).map_err(|error| match (error.kind(), depth) {
        (io::ErrorKind::NotFound, 0) if path.to_string_lossy().contains("://") => {
            SourceError::Url(path.to_owned())
        }
        (io::ErrorKind::NotFound, 1..) => SourceError::Unreadable {
            path: path.to_owned(),
            reason: "it is a link that leads nowhere".to_owned(),
        },
        _ => unreadable(path, &error),
    })?;
    if !metadata.is_dir() {
        let is_component = path.extension().is_some_and(|extension| extension == "wasm");
        // A file that was named itself is read whatever it is called.
        if is_component || depth == 0 {
            // Reading a pipe or a device might never end.
            if !metadata.is_file() {
                let reason = "it is neither a file nor a folder".to_owned();
                return Err(SourceError::Unreadable { path: path.to_owned(), reason });
            }
            files.push(fs::canonicalize(path).map_err(|error| unreadable(path, &error))?);
        }
        return Ok(());
    }
    if depth == DEPTH_MAX {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || SKIPPED_FOLDERS.contains(&name.as_ref()) {
            continue;
        }
        find(&entry.path(), depth + 1, files)?;
    }
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound(path.to_owned()),
        _ => SourceError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    }
}

/// The manifest that a component carries; `None` where its name identifies it. Fails with a text that
/// names no file.
pub fn manifest(bytes: &[u8]) -> Result<Option<Manifest>, String> {
    let json = section::manifest(bytes).map_err(|error| error.to_string())?;
    json.map(Manifest::parse).transpose().map_err(|error| error.to_string())
}

fn component(path: PathBuf, bytes_max: usize) -> Result<ComponentFile, SourceError> {
    let length = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len();
    if length > bytes_max as u64 {
        return Err(SourceError::TooLarge { path, bytes: length, bytes_max });
    }
    let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
    let manifest = match section::manifest(&bytes) {
        Ok(Some(json)) => Manifest::parse(json)
            .map_err(|error| SourceError::Manifest { path: path.clone(), error })?,
        Ok(None) => from_names(&path)?,
        Err(error) => return Err(SourceError::Section { path, error }),
    };
    let released = match draft::release(&bytes) {
        Ok(released) => released,
        Err(error) => return Err(SourceError::Section { path, error }),
    };
    let component_checksum = Checksum::of(&bytes);
    let released_checksum = match &released {
        Cow::Borrowed(_) => component_checksum,
        Cow::Owned(released) => Checksum::of(released),
    };
    Ok(ComponentFile { path, component_checksum, released_checksum, manifest })
}

/// Identifies a component without a manifest: `…/vendor/name/<id>.wasm`.
fn from_names(path: &Path) -> Result<Manifest, SourceError> {
    let part = |path: Option<&Path>| {
        path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned())
    };
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let id: AlterationId =
        stem.parse().map_err(|error| SourceError::Id { path: path.to_owned(), error })?;
    let folder = path.parent();
    let name = part(folder).unwrap_or_default();
    let vendor = part(folder.and_then(Path::parent)).unwrap_or_default();
    let plugin: PluginName = format!("{vendor}/{name}")
        .parse()
        .map_err(|error| SourceError::Plugin { path: path.to_owned(), error })?;
    Ok(Manifest::new(plugin, vec![Declaration::new(id)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, COMPONENT).unwrap();
        }
        folder
    }

    fn read_folder(folder: &tempfile::TempDir) -> Result<Catalog, SourceError> {
        read(&[folder.path().to_owned()], 1_000)
    }

    #[test]
    fn names_identify_a_component_without_manifest() {
        let folder = folder(&[
            "acme/shop/1.0.0-1-x.wasm",
            "acme/shop/README.md",
            "acme/target/no.wasm",
            ".git/no.wasm",
        ]);
        let catalog = read_folder(&folder).unwrap();
        let keys: Vec<String> = catalog.iter().map(|a| a.key.to_string()).collect();
        assert_eq!(keys, ["acme/shop 1.0.0-1-x"]);
    }

    #[test]
    fn what_cannot_be_read_names_the_file() {
        let table: &[(&str, &[u8], &str)] = &[
            ("acme/shop/1.0.0-1-x.wasm", b"hello, world", "not a WebAssembly file"),
            ("acme/shop/1.0.0-1-x.wasm", b"\0asm\x01\0\0\0", "core module"),
            ("acme/shop/1.0.0-1-x.wasm", b"\0asm\x0d\0", "cut short"),
            ("acme/shop/x.wasm", COMPONENT, "file name does not identify"),
            ("Acme Inc/shop/1-x.wasm", COMPONENT, "folders do not name"),
            ("acme/shop/1.0.0-1-x.wasm", &[0; 2_000], "at most 1000"),
        ];
        for (name, bytes, expected) in table {
            let folder = folder(&[name]);
            fs::write(folder.path().join(name), bytes).unwrap();
            let error = read_folder(&folder).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(".wasm"), "{name}: {error}");
        }
    }

    #[test]
    fn a_device_is_no_component() {
        let folder = folder(&["acme/shop/1-x.wasm"]);
        let link = folder.path().join("acme/shop/2-x.wasm");
        std::os::unix::fs::symlink("/dev/zero", link).unwrap();
        let error = read_folder(&folder).unwrap_err().to_string();
        assert!(error.contains("neither a file nor a folder"), "{error}");
    }

    #[test]
    fn nothing_there_is_an_error() {
        assert!(matches!(read_folder(&folder(&["a/README.md"])), Err(SourceError::Empty(_))));
        let missing = read(&[PathBuf::from("no/such/folder")], 1_000);
        assert!(matches!(missing, Err(SourceError::NotFound(_))));
        assert!(matches!(read(&[], 1_000), Err(SourceError::NothingGiven)));
    }

    #[test]
    fn the_same_alteration_twice_names_both_files() {
        let folder = folder(&["a/acme/shop/1-x.wasm", "b/acme/shop/1-x.wasm"]);
        let error = read_folder(&folder).unwrap_err().to_string();
        assert!(
            error.contains("a/acme/shop/1-x.wasm") && error.contains("b/acme/shop/1-x.wasm"),
            "{error}"
        );
    }

    #[test]
    fn a_circle_of_links_ends() {
        let folder = folder(&["acme/shop/1-x.wasm"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("acme/again")).unwrap();
        assert_eq!(read_folder(&folder).unwrap().iter().count(), 1);
    }
}
