//! Links in a history's folder: followed inside of it, refused where they lead out.

use super::{add, options};
use crate::{Layout, pack};
use std::{fs, os::unix::fs::symlink, path::Path};

/// The source in a folder of its own, with `files` in it and a secret beside it.
fn source(files: &[(&str, &str)]) -> (tempfile::TempDir, std::path::PathBuf) {
    let around = tempfile::tempdir().unwrap();
    fs::write(around.path().join("secret"), "SELECT 'secret'").unwrap();
    fs::create_dir(around.path().join("elsewhere")).unwrap();
    fs::write(around.path().join("elsewhere/up.sql"), "SELECT 'secret'").unwrap();
    let source = around.path().join("source");
    fs::create_dir(&source).unwrap();
    add(&source, files);
    (around, source)
}

#[test]
fn that_lead_out_are_refused() {
    use Layout::{Diesel, Flyway, Refinery, Runner, Sqlx};
    let flyway = [("V1__a.sql", "A"), ("U1__a.sql", "B")];
    let table = [
        (Sqlx, &[("1_a.sql", "A")][..], "2_b.sql", "../secret", "2_b.sql"),
        (Sqlx, &[("1_a.sql", "A")], "alteration.toml", "../secret", "alteration.toml"),
        (Runner, &[("1-a.up.sql", "A")], "1-a.down.sql", "../secret", "1-a.down.sql"),
        (Runner, &[("1-a.up.sql", "A")], "alteration.toml", "../secret", "alteration.toml"),
        (
            Refinery,
            &[("below/V1__a.sql", "A")],
            "below/V2__b.sql",
            "../../secret",
            "below/V2__b.sql",
        ),
        (Diesel, &[("1_a/up.sql", "A")], "2_b", "../elsewhere", "2_b/up.sql"),
        (Diesel, &[("1_a/up.sql", "A")], "1_a/metadata.toml", "../../secret", "1_a/metadata.toml"),
        (Flyway, &flyway, "flyway.conf", "../secret", "flyway.conf"),
        (Flyway, &flyway, "V1__a.sql.conf", "../secret", "V1__a.sql.conf"),
    ];
    for (layout, files, link, to, named) in table {
        let (around, source) = source(files);
        symlink(to, source.join(link)).unwrap();
        // The folder to pack may itself be a link.
        let linked = around.path().join("linked");
        symlink("source", &linked).unwrap();
        for source in [&source, &linked] {
            let Err(error) = pack(source, &options(Some(layout))) else {
                panic!("{layout}: {link} was packed")
            };
            let error = error.to_string();
            let leads = format!("{} leads to ", source.join(named).display());
            assert!(error.starts_with(&leads), "{layout}: {error}");
            assert!(error.contains("outside of the folder that is packed"), "{error}");
        }
    }
}

#[test]
fn that_stay_inside_are_followed() {
    let files = [("texts/a.txt", "SELECT 1"), ("1_a.sql", "A")];
    let (around, source) = source(&files);
    symlink("texts/a.txt", source.join("2_b.sql")).unwrap();
    symlink("source", around.path().join("linked")).unwrap();
    for source in [source.as_path(), Path::new(&around.path().join("linked"))] {
        let packed = pack(source, &options(Some(Layout::Sqlx))).unwrap();
        assert_eq!(packed.len(), 2);
        // What is not packed may lead anywhere.
        let _ = symlink("../secret", source.join("notes.md"));
    }
}
