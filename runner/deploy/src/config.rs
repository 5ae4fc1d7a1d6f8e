//! `runner.toml`: the grants, the trust and the settings that an operator keeps in a file.
//!
//! Read from where the operator says or works, never from a plugin's folder: a plugin must not grant itself
//! anything. For the same reason the file may not be writable for others. Errors never hold a setting's value.

use crate::{
    alteration::{Dialect, Permissions, PluginName, SettingName, SettingValue},
    escape::Escaped,
    given::{Grant, Grants, Levels, PluginSettings, Trust},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs::{File, Metadata},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// The file that is looked for in the working directory.
pub const CONFIG_FILE: &str = "runner.toml";
const BYTES_MAX: usize = 4 << 20;
const WRITABLE_BY_GROUP: u32 = 0o020;
const WRITABLE_BY_ALL: u32 = 0o002;

/// What the file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// PostgreSQL: the schema of the runner's own tables.
    state_schema: Option<String>,
    #[serde(default)]
    plugins: BTreeMap<PluginName, PluginConfig>,
    /// In an author's project: the URLs of servers to test on.
    #[serde(default)]
    test: BTreeMap<Dialect, String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginConfig {
    #[serde(default)]
    grant: Permissions,
    #[serde(default)]
    settings: BTreeMap<SettingName, SettingValue>,
    /// Whether it may run as a user who reaches beyond the database.
    #[serde(default)]
    trusted: bool,
    /// Whether it runs confined to what it made.
    #[serde(default)]
    confined: bool,
    /// Whether it runs with the rights of the URL's user, behind what is refused by its text.
    #[serde(default)]
    guarded: bool,
    /// Where it makes its objects when it is confined, if not where unqualified names go.
    schema: Option<SchemaOf>,
}

/// Where a confined plugin makes its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SchemaOf {
    /// In a schema of its own.
    Own,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: cannot be read: {error}", shown(.path))]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: not a regular file", shown(.path))]
    NotAFile { path: PathBuf },
    #[error("{}: more than {BYTES_MAX} bytes", shown(.path))]
    TooLarge { path: PathBuf },
    #[error("{}: {who} may write to it, and could grant a plugin what you would not", shown(.path))]
    Writable { path: PathBuf, who: &'static str },
    #[error("{}: lies among the plugins, and was not named with `--config`", shown(.path))]
    AmongPlugins { path: PathBuf },
    #[error("{}: belongs to the user with id {owner}, and was not named with `--config`", shown(.path))]
    Foreign { path: PathBuf, owner: u32 },
    #[error("{}{}: {}", shown(.path), at(*.line), Escaped(.reason))]
    Invalid { path: PathBuf, line: Option<usize>, reason: String },
}

/// Why one may not rely on a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    WritableBy(&'static str),
    Foreign { owner: u32 },
}

/// Shows a path in a message.
pub(crate) fn shown(path: &Path) -> String {
    Escaped(&path.display().to_string()).to_string()
}

/// Shows a line in a message, behind the path of its file.
pub(crate) fn at(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

impl Config {
    /// Reads a file that somebody named. It may also be a pipe.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let (file, metadata) = open(path)?;
        if metadata.is_file() {
            trust(path, doubt(metadata.mode(), None))?;
        }
        load(path, file)
    }

    /// Reads [`CONFIG_FILE`] in the working directory, if there is one. It may not have come with `plugins`.
    pub fn find(plugins: &[PathBuf]) -> Result<Option<Self>, ConfigError> {
        let path = Path::new(CONFIG_FILE);
        match path.metadata() {
            // Opening a named pipe would wait for ever.
            Ok(metadata) if !metadata.is_file() => {
                return Err(ConfigError::NotAFile { path: path.to_owned() });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ConfigError::Unreadable { path: path.to_owned(), error }),
        }
        if is_within(Path::new("."), plugins) {
            return Err(ConfigError::AmongPlugins { path: path.to_owned() });
        }
        let (file, metadata) = open(path)?;
        let users = (metadata.uid(), rustix::process::geteuid().as_raw());
        trust(path, doubt(metadata.mode(), Some(users)))?;
        load(path, file).map(Some)
    }

    /// Reads [`CONFIG_FILE`] of the author's project in `root`, if there is one.
    pub fn of_project(root: &Path) -> Result<Self, ConfigError> {
        let path = root.join(CONFIG_FILE);
        match path.try_exists() {
            Ok(false) => Ok(Self::default()),
            _ => Self::read(&path),
        }
    }

    /// The error says the line, if there is one, and what was expected there.
    fn parse(text: &str) -> Result<Self, (Option<usize>, String)> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            (before.map(|before| before.matches('\n').count() + 1), without_value(error.message()))
        })
    }

    pub fn state_schema(&self) -> Option<&str> {
        self.state_schema.as_deref()
    }

    /// Servers to test on, by their dialect.
    pub fn tests(&self) -> BTreeMap<Dialect, String> {
        self.test.clone()
    }

    pub fn grants(&self) -> Grants {
        let of = |(plugin, config): (&PluginName, &PluginConfig)| {
            let plugin = plugin.clone();
            let grant = move |permission| Grant { plugin: Some(plugin.clone()), permission };
            config.grant.iter().cloned().map(grant).collect::<Vec<_>>()
        };
        self.plugins.iter().flat_map(of).collect()
    }

    pub fn levels(&self) -> Levels {
        let named = |is: fn(&PluginConfig) -> bool| {
            let named = self.plugins.iter().filter(|(_, config)| is(config));
            named.map(|(plugin, _)| Trust::Plugin(plugin.clone())).collect()
        };
        let own_schemas = self.plugins.iter().filter(|(_, config)| config.schema.is_some());
        let own_schemas = own_schemas.map(|(plugin, _)| plugin);
        Levels {
            trusted: named(|config| config.trusted),
            confined: named(|config| config.confined),
            guarded: named(|config| config.guarded),
            own_schemas: own_schemas.cloned().collect(),
            is_scratch: false,
        }
    }

    pub fn settings(&self) -> PluginSettings {
        let given = self.plugins.iter().filter(|(_, config)| !config.settings.is_empty());
        given.map(|(plugin, config)| (plugin.clone(), config.settings.clone())).collect()
    }
}

/// Returns whether `folder` is, or is inside of, a folder of `plugins`, or holds a file of them.
pub(crate) fn is_within(folder: &Path, plugins: &[PathBuf]) -> bool {
    let Ok(here) = folder.canonicalize() else { return false };
    // What is not there is told by whoever reads it.
    plugins.iter().filter_map(|path| path.canonicalize().ok()).any(|path| match path.is_dir() {
        true => here.starts_with(path),
        false => path.parent() == Some(&here),
    })
}

fn open(path: &Path) -> Result<(File, Metadata), ConfigError> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    opened.map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })
}

/// `users` are the file's owner and who runs this, for a file that nobody named: whoever owns the folder one works
/// in might have put it there.
pub(crate) fn doubt(mode: u32, users: Option<(u32, u32)>) -> Option<Doubt> {
    match users {
        _ if mode & WRITABLE_BY_ALL != 0 => Some(Doubt::WritableBy("everybody")),
        _ if mode & WRITABLE_BY_GROUP != 0 => Some(Doubt::WritableBy("its group")),
        Some((owner, user)) if owner != user && owner != 0 => Some(Doubt::Foreign { owner }),
        _ => None,
    }
}

fn trust(path: &Path, doubt: Option<Doubt>) -> Result<(), ConfigError> {
    let path = path.to_owned();
    match doubt {
        None => Ok(()),
        Some(Doubt::WritableBy(who)) => Err(ConfigError::Writable { path, who }),
        Some(Doubt::Foreign { owner }) => Err(ConfigError::Foreign { path, owner }),
    }
}

fn load(path: &Path, file: File) -> Result<Config, ConfigError> {
    let path = || path.to_owned();
    let mut bytes = Vec::new();
    file.take(BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| ConfigError::Unreadable { path: path(), error })?;
    if bytes.len() > BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path() });
    }
    let invalid = |(line, reason)| ConfigError::Invalid { path: path(), line, reason };
    let text = String::from_utf8(bytes).map_err(|_| invalid((None, "not UTF-8".to_owned())))?;
    Config::parse(&text).map_err(invalid)
}

/// Returns what the parser says of a value of a wrong type without the value itself, with which it begins.
pub(crate) fn without_value(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => format!("expected {expected}"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete() {
        let config = Config::parse(
            r#"
            [plugins."logto/core"]
            grant = ["entropy"]
            [plugins."logto/core".settings]
            CI = "true"
            text = """
            two
            lines"""
            [plugins."acme/shop"]
            trusted = true
            [plugins."acme/old"]
            guarded = true
            [plugins."acme/crm"]
            trusted = false
            confined = true
            schema = "own"
            "#,
        )
        .unwrap();
        let plugin: PluginName = "logto/core".parse().unwrap();
        assert_eq!(config.grants(), ["logto/core:entropy".parse().unwrap()].into());
        let settings = config.settings();
        assert_eq!(settings.keys().collect::<Vec<_>>(), [&plugin]);
        assert_eq!(settings[&plugin]["CI"].as_str(), "true");
        assert_eq!(config.levels().trusted, ["acme/shop".parse().unwrap()].into());
        assert_eq!(config.levels().confined, ["acme/crm".parse().unwrap()].into());
        assert_eq!(config.levels().guarded, ["acme/old".parse().unwrap()].into());
        assert_eq!(config.levels().own_schemas, ["acme/crm".parse().unwrap()].into());
        assert!(Config::parse("").unwrap().settings().is_empty());
    }

    #[test]
    fn refused_with_its_line_and_without_the_value() {
        let long = format!("[plugins.'a/b'.settings]\nC = '{}'", "hunter2".repeat(10_000));
        let table = [
            (
                "grants = 1",
                Some(1),
                "unknown field `grants`, expected one of `state_schema`, `plugins`, `test`",
            ),
            ("[test]\noracle = 'x://u:hunter2@h'", Some(2), "unknown variant `oracle`"),
            ("[test]\nsqlite = ['hunter2']", Some(2), "expected a string"),
            (
                "\n[plugins.'a/b']\nC = 'hunter2'",
                Some(3),
                "unknown field `C`, expected one of `grant`, `settings`, `trusted`, `confined`, `guarded`, `schema`",
            ),
            ("[plugins.shop]", Some(1), "vendor/name"),
            (
                "[plugins.'a/b']\ngrant = ['root']",
                Some(2),
                "unknown variant `root`, expected one of `entropy`",
            ),
            ("[plugins.'a/b']\ngrant = 'hunter2'", Some(2), "expected a sequence"),
            ("[plugins.'a/b']\nsettings = 'hunter2'", Some(2), "expected a map"),
            ("[plugins.'a/b']\ntrusted = 'hunter2'", Some(2), "expected a boolean"),
            ("[plugins.'a/b']\nschema = 'shop'", Some(2), "unknown variant `shop`, expected `own`"),
            ("[plugins.'a/*']\ntrusted = true", Some(1), "vendor/name"),
            ("[plugins.'a/b'.settings]\nC = 42_424_242", Some(2), "expected a string"),
            ("[plugins.'a/b'.settings]\nC = ['hunter2']", Some(2), "expected a string"),
            ("[plugins.'a/b'.settings]\nC = 2024-02-29", Some(2), "expected a string"),
            ("[plugins.'a/b'.settings]\n1C = 'hunter2'", Some(2), "not a setting's name"),
            ("[plugins.'a/b'.settings]\nC = 'x'\nC = 'hunter2'", Some(3), "duplicate key"),
            ("[plugins.'a/b'.settings]\nC = hunter2", Some(2), ""),
            ("[plugins.'a/b'.settings]\nC = 'hunter2\nD = 1", Some(2), ""),
            (&long, Some(2), "a value of 70000 bytes is too long"),
        ];
        for (text, line, expected) in table {
            let (found, reason) = Config::parse(text).unwrap_err();
            assert_eq!(found, line, "{text}: {reason}");
            assert!(reason.contains(expected), "{text}: {reason}");
            for value in ["hunter2", "42_424_242", "42424242", "2024"] {
                assert!(!reason.contains(value), "{text}: {reason}");
            }
        }
    }

    #[test]
    fn doubts() {
        let (me, another, root) = (1000, 1001, 0);
        let table = [
            (0o100_644, Some((me, me)), None),
            (0o100_400, Some((root, me)), None),
            (0o100_644, Some((another, me)), Some(Doubt::Foreign { owner: another })),
            (0o100_644, Some((me, root)), Some(Doubt::Foreign { owner: me })),
            (0o100_644, None, None),
            (0o100_664, Some((me, me)), Some(Doubt::WritableBy("its group"))),
            (0o100_666, None, Some(Doubt::WritableBy("everybody"))),
            (0o100_646, None, Some(Doubt::WritableBy("everybody"))),
        ];
        for (mode, users, expected) in table {
            assert_eq!(doubt(mode, users), expected, "{mode:o} {users:?}");
        }
    }
}
