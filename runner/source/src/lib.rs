//! From folders of plugins to a catalog: finds component files and reads their manifests.
//!
//! Reads every file whole, to hash it, and compiles none. Talks to the file system and nothing else. Internal to the runner: the API is
//! not stable.

use alteration_domain::{
    alteration::{
        Catalog, CatalogError, Checksum, ComponentFile, ManifestError, ParseIdError,
        ParsePluginError,
    },
    component::{self, ComponentError},
    escape::Escaped,
    section::SectionError,
};
use std::{
    fs,
    io::{self, Read},
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

/// Folders deeper than this are not looked into; it ends circles of links.
const DEPTH_MAX: usize = 8;
/// Folders that hold what tools build or install, never what is shipped.
const SKIPPED_FOLDERS: [&str; 2] = ["target", "node_modules"];
/// Fewer files are not worth another thread.
const SHARE_MIN: usize = 32;

/// Why no catalog can be made of what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    Escaped(&alteration_domain::secret::hidden(&path.display().to_string())).to_string()
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
    Ok(Catalog::new(read_all(&files, bytes_max)?)?)
}

/// Reads files, a share of them on each core; the first error is that of the first file that has one.
fn read_all(files: &[PathBuf], bytes_max: usize) -> Result<Vec<ComponentFile>, SourceError> {
    let read = |files: &[PathBuf]| -> Result<Vec<ComponentFile>, SourceError> {
        files.iter().map(|path| read_file(path.clone(), bytes_max)).collect()
    };
    let width = thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(width).max(SHARE_MIN);
    let Some((own, others)) = files.split_at_checked(share) else { return read(files) };
    thread::scope(|scope| {
        let others: Vec<_> =
            others.chunks(share).map(|files| scope.spawn(move || read(files))).collect();
        let mut all = read(own)?;
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(all)
    })
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
    let is_component = path.extension().is_some_and(|extension| extension == "wasm");
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // What is no component need not be there, such as a link into a folder that was left behind.
        Err(_) if depth > 0 && !is_component && is_link(path) => return Ok(()),
        Err(error) => {
            return Err(match (error.kind(), depth) {
                (io::ErrorKind::NotFound, 0) if path.to_string_lossy().contains("://") => {
                    SourceError::Url(path.to_owned())
                }
                (io::ErrorKind::NotFound, 1..) => SourceError::Unreadable {
                    path: path.to_owned(),
                    reason: "it is a link that leads nowhere".to_owned(),
                },
                _ => unreadable(path, &error),
            });
        }
    };
    if !metadata.is_dir() {
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
    let folder = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if shown.starts_with('.') || SKIPPED_FOLDERS.contains(&shown.as_ref()) {
            continue;
        }
        // A plain file needs no further look: there may be thousands.
        match entry.file_type() {
            Ok(kind) if kind.is_file() => {
                if Path::new(&name).extension().is_some_and(|extension| extension == "wasm") {
                    files.push(folder.join(&name));
                }
            }
            _ => find(&entry.path(), depth + 1, files)?,
        }
    }
    Ok(())
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

fn unreadable(path: &Path, error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound(path.to_owned()),
        _ => SourceError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    }
}

fn read_file(path: PathBuf, bytes_max: usize) -> Result<ComponentFile, SourceError> {
    let read = || {
        let mut file = fs::File::open(&path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        if length <= bytes_max as u64 {
            bytes.reserve_exact(usize::try_from(length).unwrap_or(0));
            file.read_to_end(&mut bytes)?;
        }
        Ok((length, bytes))
    };
    let (length, bytes) = read().map_err(|error| unreadable(&path, &error))?;
    if length > bytes_max as u64 {
        return Err(SourceError::TooLarge { path, bytes: length, bytes_max });
    }
    component::read(&path, &bytes).map_err(|error| match error {
        ComponentError::Section(error) => SourceError::Section { path, error },
        ComponentError::Manifest(error) => SourceError::Manifest { path, error },
        ComponentError::Id(error) => SourceError::Id { path, error },
        ComponentError::Plugin(error) => SourceError::Plugin { path, error },
    })
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
    fn links_that_lead_nowhere_matter_only_where_a_component_should_be() {
        let folder = folder(&["acme/shop/1.0.0-1-x.wasm", "acme/sdk/a"]);
        let link = |name: &str, to: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
        };
        link("acme/sdk/wit", "../nowhere");
        link("acme/sdk/loop", "loop");
        assert_eq!(read_folder(&folder).unwrap().iter().count(), 1);
        link("acme/shop/1.0.0-2-y.wasm", "../nowhere.wasm");
        let error = read_folder(&folder).unwrap_err().to_string();
        assert!(error.contains("1.0.0-2-y.wasm") && error.contains("leads nowhere"), "{error}");
    }

    #[test]
    fn of_many_files_all_are_read_and_the_first_error_is_told() {
        let names: Vec<String> =
            (1..=5 * SHARE_MIN).map(|at| format!("acme/shop/1.0.0-{at}-x.wasm")).collect();
        let folder = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let catalog = read_folder(&folder).unwrap();
        assert_eq!(catalog.iter().count(), names.len());
        for at in [150, 90, 40] {
            fs::write(folder.path().join(&names[at]), b"hello, world").unwrap();
            let mut broken: Vec<&String> = [150, 90, 40].iter().map(|at| &names[*at]).collect();
            broken.retain(|name| fs::read(folder.path().join(name)).unwrap() != COMPONENT);
            broken.sort();
            let error = read_folder(&folder).unwrap_err().to_string();
            assert!(error.contains(broken[0].as_str()), "{broken:?}: {error}");
        }
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
