//! Writing: all or nothing, and never over a component that was shipped.

use super::{
    super::{Existing, Outcome, PackedComponent, WriteError, write},
    PackError, folder, options, pack_files,
};
use std::{fs, path::Path};

fn two() -> Vec<PackedComponent> {
    pack_files(&[("1-x.sql", b"SELECT 1"), ("2-y.sql", b"SELECT 2")], &options()).unwrap()
}

/// Names and contents, also of hidden files.
fn listing(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap_or_default())
        })
        .collect();
    files.sort();
    files
}

fn outcomes(components: &[PackedComponent], out: &Path, existing: Existing) -> Vec<Outcome> {
    write(components, out, existing)
        .unwrap()
        .components
        .iter()
        .map(|written| written.outcome)
        .collect()
}

#[test]
fn created_then_unchanged() {
    let folder = folder(&[]);
    let out = folder.path().join("new/folder");
    let components = two();
    assert_eq!(outcomes(&components, &out, Existing::Keep), [Outcome::Created; 2]);
    let expected: Vec<_> =
        components.iter().map(|c| (c.file_name.clone(), c.bytes.clone())).collect();
    assert_eq!(listing(&out), expected);
    for existing in [Existing::Keep, Existing::Replace] {
        assert_eq!(outcomes(&components, &out, existing), [Outcome::Unchanged; 2]);
    }
    let written = write(&components, &out, Existing::Keep).unwrap().components;
    assert_eq!(written[0].path, out.join("1-x.wasm"));
    assert_eq!(written[0].size_bytes, components[0].bytes.len());
}

#[test]
fn a_shipped_component_never_changes() {
    let folder = folder(&[("2-y.wasm", b"shipped"), ("other", b"mine")]);
    let before = listing(folder.path());
    let error = write(&two(), folder.path(), Existing::Keep).unwrap_err();
    let PackError::Write(WriteError::Exists { path }) = error else { panic!("{error}") };
    assert_eq!(path, folder.path().join("2-y.wasm"));
    assert_eq!(listing(folder.path()), before, "nothing is written, the first file neither");

    let replaced = outcomes(&two(), folder.path(), Existing::Replace);
    assert_eq!(replaced, [Outcome::Created, Outcome::Replaced]);
    let names: Vec<_> = listing(folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["1-x.wasm", "2-y.wasm", "other"]);
}

#[test]
fn a_file_where_the_folder_should_be() {
    let folder = folder(&[("out", b"")]);
    let error = write(&two(), &folder.path().join("out"), Existing::Keep).unwrap_err();
    assert!(error.to_string().contains("no component was written"), "{error}");
}
