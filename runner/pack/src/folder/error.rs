//! Why a folder cannot be packed, and what its author can do about it.

use crate::{
    alteration::{AlterationId, Dialect, PluginName},
    escape::EscapedLines,
    findings::Problems,
    history::{HistoryError, Layout},
    read::ReadError,
    settings::SETTINGS_FILE,
    shown,
    sql_name::SqlNameError,
    sql_text::SqlTextError,
};
use std::{collections::BTreeSet, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(transparent)]
    Several(Problems),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("{}: {error}", shown(.path))]
    Name { path: PathBuf, error: SqlNameError },
    #[error("{}: {error}", shown(.path))]
    Text { path: PathBuf, error: SqlTextError },
    #[error("{}: {}", shown(.path), EscapedLines(.message))]
    Settings { path: PathBuf, message: String },
    #[error("{}: names {id}, of which there is no SQL file; correct the id or remove the table", shown(.path))]
    SettingsWithoutFile { path: PathBuf, id: AlterationId },
    #[error("{} and {} are the same alteration, direction and dialect; remove one", shown(.first), shown(.second))]
    Duplicate { first: PathBuf, second: PathBuf },
    #[error("{}: there is no `.up.sql` beside it; add one, or remove this file", shown(.path))]
    DownWithoutUp { path: PathBuf },
    #[error(
        "{}: {dialect} has no `.up.sql` that this takes back; add {id}.{dialect}.up.sql, or remove this file",
        shown(.path)
    )]
    DownWithoutUpOnDialect { path: PathBuf, id: AlterationId, dialect: Dialect },
    #[error(
        "{}: it is for {dialect}, and this folder is for {}; add {dialect} to `dialects` in {SETTINGS_FILE}, or remove this file",
        shown(.path), names(.dialects)
    )]
    UnusedDialect { path: PathBuf, dialect: Dialect, dialects: BTreeSet<Dialect> },
    #[error(
        "{}: {id} has no SQL for {dialect}, which is one of its dialects ({}); write {id}.{dialect}.up.sql (a comment in it is enough where nothing is to be done), or correct `dialects` in {SETTINGS_FILE}",
        shown(.path), names(.dialects)
    )]
    NoSqlForDialect {
        path: PathBuf,
        id: AlterationId,
        dialect: Dialect,
        dialects: BTreeSet<Dialect>,
    },
    #[error(
        "{}: the dialects are to be {}, and the folders are for {}; make them agree, or leave `dialects` out",
        shown(.path), names(.found), names(.folders)
    )]
    DialectsContradict { path: PathBuf, found: BTreeSet<Dialect>, folders: BTreeSet<Dialect> },
    #[error(
        "{}: says dialects {}, and `--dialect` {}; make them agree, or leave one of them out",
        shown(.path), names(.found), names(.asked)
    )]
    DialectsAsked { path: PathBuf, found: BTreeSet<Dialect>, asked: BTreeSet<Dialect> },
    #[error("{} and {} are both for {dialect}; put their files into one", shown(.first), shown(.second))]
    TwoFolders { first: PathBuf, second: PathBuf, dialect: Dialect },
    #[error(
        "{} is a history of {first_layout}, and {} of {second_layout}; the folders of a plugin's dialects have to be of one tool. If they are, say which with `--from`",
        shown(.first), shown(.second)
    )]
    ToolsDiffer { first: PathBuf, first_layout: Layout, second: PathBuf, second_layout: Layout },
    #[error(
        "{} has {first_id}, and {} has {second_id}: one number, and two names, of which only one could be applied. Give them one name if they are one alteration, else give one of them another number",
        shown(.first), shown(.second)
    )]
    OneNumber { first: PathBuf, first_id: AlterationId, second: PathBuf, second_id: AlterationId },
    #[error(
        "{}: the repeatable script {id} is another one for other dialects, and each change of one would be an alteration of all; make them versions",
        shown(.path)
    )]
    RepeatableDiffers { path: PathBuf, id: AlterationId },
    #[error("{}: an {SETTINGS_FILE} belongs into the folder above, because it holds for all dialects; move it there", shown(.path))]
    NestedSettings { path: PathBuf },
    #[error("{}: no SQL file in it; expected files named <id>.up.sql and <id>.down.sql", shown(.path))]
    NoSql { path: PathBuf },
    #[error(
        "{}: SQL in a folder below the one to pack; move the file up, or pack its folder by itself",
        shown(.path)
    )]
    Nested { path: PathBuf },
    #[error("{} says plugin {found}, but {asked} was asked for; make them agree", shown(.path))]
    PluginContradicts { path: PathBuf, found: PluginName, asked: PluginName },
    #[error(
        "{}: whose alterations are these? Name the plugin as vendor/name: with `--plugin`, in an {SETTINGS_FILE} (plugin = \"acme/shop\"), or by the last two folder names",
        shown(.path)
    )]
    PluginUnknown { path: PathBuf },
}

/// Lists dialects for a message.
fn names(dialects: &BTreeSet<Dialect>) -> String {
    dialects.iter().map(|dialect| dialect.as_str()).collect::<Vec<_>>().join(", ")
}
