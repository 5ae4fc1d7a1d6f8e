//! Histories as wholes: from the files of each tool to alterations.

mod both_ways;
mod by_dialect;
mod deb;
mod each_tool;
#[cfg(unix)]
mod links;
mod npm;
mod refused;
mod shipped;
mod taken;
mod units;

use super::{
    super::{PackOptions, folder as sql_folder, pack, sql_name::SqlHook},
    Layout,
};
use crate::alteration::{Dialect, FormerTool};
use std::{collections::BTreeMap, fs, path::Path};

type Files<'a> = &'a [(&'a str, &'a str)];

/// The tool whose layout this is.
fn tool(layout: Layout) -> FormerTool {
    FormerTool::ALL.into_iter().find(|tool| tool.as_str() == layout.as_str()).unwrap()
}

fn folder(files: Files<'_>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), files);
    folder
}

fn add(folder: &Path, files: Files<'_>) {
    for (name, contents) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
}

fn options(layout: Option<Layout>) -> PackOptions {
    let placeholders = BTreeMap::from([("owner".to_owned(), "ada".to_owned())]);
    let plugin = Some("acme/shop".parse().unwrap());
    PackOptions { plugin, layout, placeholders, ..PackOptions::default() }
}

/// What is read of a folder: each id with its hooks and their SQL.
fn read(files: Files<'_>, layout: Option<Layout>) -> Vec<(String, Vec<(SqlHook, String)>)> {
    let folder = folder(files);
    let read = sql_folder::read(folder.path(), &options(layout));
    let read = read.unwrap_or_else(|error| panic!("{files:?}: {error}"));
    let alterations = read.alterations.into_iter();
    let text = |a: &sql_folder::SqlAlteration, hook| a.sql.text(hook, Dialect::Sqlite).to_owned();
    let texts = |a: &sql_folder::SqlAlteration| a.sql.hooks().map(|h| (h, text(a, h))).collect();
    alterations.map(|a| (a.id.to_string(), texts(&a))).collect()
}

fn error(files: Files<'_>, layout: Option<Layout>) -> String {
    let folder = folder(files);
    let error = match pack(folder.path(), &options(layout)) {
        Ok(_) => panic!("{files:?} was packed"),
        Err(error) => error.to_string(),
    };
    let path = folder.path().display().to_string();
    error.replace(&format!("{path}/"), "").replace(&path, ".")
}

#[test]
fn ledgers_name_the_stamps_of_packed_files() {
    let table: [(Layout, Files<'_>, &str); 5] = [
        (Layout::Sqlx, &[("20240131120000_a.sql", "A")], "20240131120000"),
        (Layout::Sqlx, &[("0007_a.sql", "A")], "7"),
        (Layout::Diesel, &[("2024-01-31-120000_a/up.sql", "A")], "20240131120000"),
        (Layout::Flyway, &[("V1_2_3__a.sql", "A")], "1.2.3"),
        (Layout::Refinery, &[("V3__a.sql", "A")], "3"),
    ];
    for (layout, files, version) in table {
        let folder = folder(files);
        let read = sql_folder::read(folder.path(), &options(Some(layout))).unwrap();
        let key = super::ledger_key(tool(layout), version);
        assert!(key.is_some_and(|key| key.is(&read.alterations[0].id)), "{files:?}");
    }
}

#[test]
fn names_are_told_where_ids_hide_them() {
    let folder = folder(&[("1_añadir.sql", "A"), ("2_b.sql", "B")]);
    let read = sql_folder::read(folder.path(), &options(None)).unwrap();
    let told: Vec<_> = read.alterations.iter().map(|a| a.description.as_deref()).collect();
    assert_eq!(told, [Some("añadir"), None]);
}
