//! Flyway's settings: `flyway.conf` for all scripts, `<script>.conf` for one. Only what decides how
//! scripts are found and read; connections and their like are passed over.

use crate::history::{
    error::{HistoryError, Problem},
    files::{self, File},
    mark,
};
use std::{collections::BTreeMap, path::Path};

const CONF: &str = "flyway.conf";

/// Returns whether a file of this name holds settings of Flyway.
pub(crate) fn is_configuration(name: &str) -> bool {
    matches!(name, CONF | "flyway.toml")
}

/// What `flyway.conf` says.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) versioned: String,
    pub(super) undo: String,
    pub(super) repeatable: String,
    pub(super) baseline: String,
    pub(super) separator: String,
    pub(super) suffixes: Vec<String>,
    pub(super) placeholder_replacement: bool,
    pub(super) placeholder_prefix: String,
    pub(super) placeholder_suffix: String,
    pub(super) placeholders: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            versioned: "V".to_owned(),
            undo: "U".to_owned(),
            repeatable: "R".to_owned(),
            baseline: "B".to_owned(),
            separator: "__".to_owned(),
            suffixes: vec![".sql".to_owned()],
            placeholder_replacement: true,
            placeholder_prefix: "${".to_owned(),
            placeholder_suffix: "}".to_owned(),
            placeholders: BTreeMap::new(),
        }
    }
}

/// Reads `flyway.conf` in the folder of the scripts, if there is one.
pub(super) fn read(folder: &Path) -> Result<Settings, HistoryError> {
    let mut settings = Settings::default();
    let listing = files::list(folder)?;
    if let Some(toml) = listing.files.iter().find(|file| file.name == "flyway.toml") {
        let message = "only flyway.conf is read: give placeholders with `--placeholder NAME=VALUE`, and move this file out of the folder";
        let path = toml.path.clone();
        return Err(HistoryError::Settings { path, message: message.to_owned() });
    }
    let Some(file) = listing.files.into_iter().find(|file| file.name == CONF) else {
        return Ok(settings);
    };
    each(&file, |key, value| {
        let Some(key) = key.strip_prefix("flyway.") else { return Ok(()) };
        let text = || filled(value).map(ToOwned::to_owned);
        match key {
            "sqlMigrationPrefix" => settings.versioned = text()?,
            "undoSqlMigrationPrefix" => settings.undo = text()?,
            "repeatableSqlMigrationPrefix" => settings.repeatable = text()?,
            "baselineMigrationPrefix" => settings.baseline = text()?,
            "sqlMigrationSeparator" => settings.separator = text()?,
            "sqlMigrationSuffixes" => {
                settings.suffixes =
                    text()?.split(',').map(|suffix| suffix.trim().to_owned()).collect();
                if settings.suffixes.iter().any(String::is_empty) {
                    return Err("it names an empty ending");
                }
            }
            "placeholderReplacement" => settings.placeholder_replacement = boolean(value)?,
            "placeholderPrefix" => settings.placeholder_prefix = text()?,
            "placeholderSuffix" => settings.placeholder_suffix = text()?,
            "encoding" => utf8(value)?,
            _ => {
                if let Some(name) = key.strip_prefix("placeholders.") {
                    settings.placeholders.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Ok(())
    })?;
    Ok(settings)
}

/// What a script's own `.conf` says.
#[derive(Debug)]
pub(super) struct Script {
    /// `None` where Flyway finds out by itself.
    pub(super) execute_in_transaction: Option<bool>,
    pub(super) placeholder_replacement: bool,
}

impl Script {
    pub(super) fn of(file: &File) -> Result<Self, HistoryError> {
        let mut script = Self { execute_in_transaction: None, placeholder_replacement: true };
        let conf = file.beside(format!("{}.conf", file.name));
        if !conf.path.exists() {
            return Ok(script);
        }
        each(&conf, |key, value| {
            match key {
                "executeInTransaction" => script.execute_in_transaction = Some(boolean(value)?),
                "placeholderReplacement" => script.placeholder_replacement = boolean(value)?,
                "encoding" => utf8(value)?,
                "shouldExecute" => {
                    return Err("whether a script runs cannot be decided when it is packed");
                }
                _ => {
                    return Err(
                        "there are executeInTransaction, placeholderReplacement and encoding",
                    );
                }
            }
            Ok(())
        })?;
        Ok(script)
    }
}

/// Each `key=value` line; `#` and `!` begin comments.
fn each(
    file: &File,
    mut visit: impl FnMut(&str, &str) -> Result<(), &'static str>,
) -> Result<(), HistoryError> {
    let text = file.settings()?;
    for line in mark::lines(&text) {
        let setting = line.text.trim();
        if setting.is_empty() || setting.starts_with(['#', '!']) {
            continue;
        }
        let at = |key: &str, why| HistoryError::Line {
            path: file.path.clone(),
            line: line.number,
            problem: Problem::Setting { key: key.to_owned(), why },
        };
        let (key, value) =
            setting.split_once('=').ok_or_else(|| at("this line", "expected key=value"))?;
        let key = key.trim();
        visit(key, value.trim()).map_err(|why| at(key, why))?;
    }
    Ok(())
}

fn filled(value: &str) -> Result<&str, &'static str> {
    if value.is_empty() { Err("it has no value") } else { Ok(value) }
}

fn boolean(value: &str) -> Result<bool, &'static str> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("it is true or false"),
    }
}

fn utf8(value: &str) -> Result<(), &'static str> {
    match value.to_ascii_lowercase().replace('-', "").as_str() {
        "utf8" => Ok(()),
        _ => Err("only UTF-8 is read; save the scripts as UTF-8"),
    }
}
