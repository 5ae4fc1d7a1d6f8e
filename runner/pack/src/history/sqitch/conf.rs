//! Sqitch's settings: `sqitch.conf`, in which git's syntax holds. Only what decides which files there are and
//! what they are written for; connections and their like are passed over.

use crate::{
    alteration::Dialect,
    history::{
        error::{HistoryError, Problem},
        files::File,
        mark,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

pub(super) const CONF: &str = "sqitch.conf";

/// Values by section and key, both in lower case but for what stands in quotes.
#[derive(Debug, Default)]
struct Values(BTreeMap<(String, String), String>);

/// Where the files of a project are, relative to its folder.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) plan: PathBuf,
    pub(super) directories: Directories,
    /// The same for changes that were reworked later.
    pub(super) reworked: Directories,
    pub(super) extension: String,
    /// What the scripts are written for; empty where that is not said.
    pub(super) dialects: BTreeSet<Dialect>,
    /// psql's variables.
    pub(super) variables: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(super) struct Directories {
    pub(super) deploy: PathBuf,
    pub(super) revert: PathBuf,
    pub(super) verify: PathBuf,
}

/// Reads the settings of the project in `folder`, if it has some.
pub(super) fn read(folder: &Path) -> Result<Settings, HistoryError> {
    let conf = File::at(folder, Path::new(CONF));
    let values = match conf.path.exists() {
        true => values(&conf)?,
        false => Values::default(),
    };
    let engine = values.get("core", "engine").map(str::to_owned);
    let dialects = match engine.as_deref() {
        None => BTreeSet::new(),
        Some("pg") => [Dialect::Postgresql].into(),
        Some("sqlite") => [Dialect::Sqlite].into(),
        // One engine for both.
        Some("mysql") => [Dialect::Mysql, Dialect::Mariadb].into(),
        Some(other) => {
            let message = format!(
                "the engine {} is of a database that the runner does not know; it knows pg, sqlite and mysql",
                crate::escape::Escaped(other)
            );
            return Err(HistoryError::Settings { path: conf.path, message });
        }
    };
    Ok(values.settings(engine.as_deref(), dialects))
}

impl Values {
    fn get(&self, section: &str, key: &str) -> Option<&str> {
        let value = self.0.get(&(section.to_owned(), key.to_owned()))?;
        (!value.is_empty()).then_some(value)
    }

    fn settings(&self, engine: Option<&str>, dialects: BTreeSet<Dialect>) -> Settings {
        let of_engine = engine.map(|engine| format!("engine.{engine}"));
        let target = of_engine.as_deref().and_then(|section| self.get(section, "target"));
        let of_target = target.map(|target| format!("target.{target}"));
        let sections = [of_target, of_engine, Some("core".to_owned())];
        let sections: Vec<String> = sections.into_iter().flatten().collect();
        let find = |key: &str| sections.iter().find_map(|section| self.get(section, key));
        let path = |key: &str| find(key).map(PathBuf::from);
        let top = path("top_dir").unwrap_or_default();
        let reworked = path("reworked_dir").unwrap_or_else(|| top.clone());
        let directories = |prefix: &str, top: &Path| {
            let of =
                |kind: &str| path(&format!("{prefix}{kind}_dir")).unwrap_or_else(|| top.join(kind));
            Directories { deploy: of("deploy"), revert: of("revert"), verify: of("verify") }
        };
        let mut variables = BTreeMap::new();
        let mut sources: Vec<_> = sections.iter().rev().map(|s| format!("{s}.variables")).collect();
        sources.push("deploy.variables".to_owned());
        for source in sources {
            let of_source = self.0.iter().filter(|((section, _), _)| *section == source);
            variables.extend(of_source.map(|((_, key), value)| (key.clone(), value.clone())));
        }
        Settings {
            plan: path("plan_file").unwrap_or_else(|| top.join("sqitch.plan")),
            directories: directories("", &top),
            reworked: directories("reworked_", &reworked),
            extension: find("extension").unwrap_or("sql").to_owned(),
            dialects,
            variables,
        }
    }
}

fn values(file: &File) -> Result<Values, HistoryError> {
    let text = file.settings()?;
    let mut values = Values::default();
    let mut section = String::new();
    for line in mark::lines(&text) {
        let setting = line.text.trim();
        if setting.is_empty() || setting.starts_with(['#', ';']) {
            continue;
        }
        let at = |why| HistoryError::Line {
            path: file.path.clone(),
            line: line.number,
            problem: Problem::Setting { key: setting.to_owned(), why },
        };
        if let Some(name) = setting.strip_prefix('[') {
            let name = name.split(']').next().unwrap_or_default();
            section = match name.split_once('"') {
                Some((name, of)) => {
                    format!("{}.{}", name.trim().to_lowercase(), of.trim_end_matches('"'))
                }
                None => name.trim().to_lowercase(),
            };
            continue;
        }
        let (key, value) = setting.split_once('=').unwrap_or((setting, "true"));
        if section.is_empty() {
            return Err(at("it stands before any section"));
        }
        // Names of variables are as they are written.
        let key = match section.ends_with("variables") {
            true => key.trim().to_owned(),
            false => key.trim().to_lowercase(),
        };
        values.0.insert(
            (section.clone(), key),
            unquoted(value).ok_or_else(|| at("its quote is never closed"))?,
        );
    }
    Ok(values)
}

/// Returns a value without its quotes and without a comment behind it.
fn unquoted(value: &str) -> Option<String> {
    let mut text = String::new();
    let mut quoted = false;
    let mut characters = value.trim().chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => text.extend(characters.next()),
            '#' | ';' if !quoted => break,
            c => text.push(c),
        }
    }
    (!quoted).then(|| text.trim_end().to_owned())
}
