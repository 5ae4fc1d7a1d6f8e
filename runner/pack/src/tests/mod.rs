//! Tests of packing as a whole: from sources on disk to components that run.

mod code;
mod dialects;
mod draft;
mod folder;
mod groups;
mod guest;
mod inspect;
mod module;
mod section;
mod shop;
mod source;
mod sql;
mod write;

use super::{PackError, PackOptions, PackedComponent, pack};
use std::{fs, path::Path};

/// A folder with these files; the names may have folders before them.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    folder
}

fn options() -> PackOptions {
    PackOptions { plugin: Some("acme/shop".parse().unwrap()), ..PackOptions::default() }
}

fn bundle() -> PackOptions {
    PackOptions { bundle: true, ..options() }
}

fn pack_files(
    files: &[(&str, &[u8])],
    options: &PackOptions,
) -> Result<Vec<PackedComponent>, PackError> {
    pack(folder(files).path(), options)
}

/// The error's text without the temporary folder's name.
fn pack_error(source: &Path, options: &PackOptions) -> String {
    let error = pack(source, options).unwrap_err().to_string();
    error.replace(&format!("{}/", source.display()), "").replace(&*source.to_string_lossy(), ".")
}

/// One small component with the manifest of `acme/shop 1-x`.
fn small_component() -> Vec<u8> {
    let mut packed = pack_files(&[("1-x.sql", b"SELECT 1")], &options()).unwrap();
    packed.pop().unwrap().bytes
}
