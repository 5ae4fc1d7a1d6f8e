//! The settings that an operator gives, and what of them an alteration is handed. Pure.

use crate::{
    alteration::{
        Handed, ParsePluginError, ParseSettingNameError, PluginName, SettingName, SettingNames,
        SettingValue, SettingValueError,
    },
    backend::Run,
};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// Settings by plugin.
pub type PluginSettings = BTreeMap<PluginName, BTreeMap<SettingName, SettingValue>>;

/// What an operator gives to the plugins.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// For this run. A name that its plugin does not know is refused.
    pub given: PluginSettings,
    /// For every run, as from a file that is kept: gives way to what is given. A rollback leaves out
    /// what its plugin does not know, because it may be of a version that is yet to come.
    pub standing: PluginSettings,
}

/// One setting, as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub plugin: PluginName,
    pub name: SettingName,
    pub value: SettingValue,
}

/// Never holds the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseSettingError {
    #[error("no `=`: expected VENDOR/NAME:KEY=VALUE")]
    NoValue,
    #[error("no `:` before the `=`: expected VENDOR/NAME:KEY=VALUE")]
    NoPlugin,
    #[error(transparent)]
    Plugin(#[from] ParsePluginError),
    #[error(transparent)]
    Name(#[from] ParseSettingNameError),
    #[error("{plugin}:{name}: {error}")]
    Value { plugin: PluginName, name: SettingName, error: SettingValueError },
}

/// A plugin that is to run does not know some of what it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSettings {
    pub plugin: PluginName,
    pub unknown: SettingNames,
    pub declared: SettingNames,
}

impl FromStr for Setting {
    type Err = ParseSettingError;

    /// `vendor/name:key=value`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (what, value) = text.split_once('=').ok_or(ParseSettingError::NoValue)?;
        let (plugin, name) = what.split_once(':').ok_or(ParseSettingError::NoPlugin)?;
        let (plugin, name): (PluginName, SettingName) = (plugin.parse()?, name.parse()?);
        match value.to_owned().try_into() {
            Ok(value) => Ok(Self { plugin, name, value }),
            Err(error) => Err(ParseSettingError::Value { plugin, name, error }),
        }
    }
}

impl FromIterator<Setting> for Settings {
    /// All of them given for this run; of several for one name the last holds.
    fn from_iter<T: IntoIterator<Item = Setting>>(settings: T) -> Self {
        let mut given = PluginSettings::new();
        for Setting { plugin, name, value } in settings {
            given.entry(plugin).or_default().insert(name, value);
        }
        Self { given, standing: PluginSettings::new() }
    }
}

impl Settings {
    pub(crate) fn has(&self, plugin: &PluginName, name: &SettingName) -> bool {
        self.value(plugin, name).is_some()
    }

    fn value(&self, plugin: &PluginName, name: &SettingName) -> Option<&SettingValue> {
        [&self.given, &self.standing].into_iter().find_map(|by| by.get(plugin)?.get(name))
    }

    /// Puts in what is given of what `handed` asks for.
    pub(crate) fn fill(&self, plugin: &PluginName, handed: &mut Handed) {
        for (name, value) in handed {
            *value = self.value(plugin, name).cloned();
        }
    }

    /// The settings that are given otherwise than `run` was handed them when it began.
    pub(crate) fn differing(&self, run: &Run) -> Vec<SettingName> {
        let differs = |(name, handed): &(&SettingName, &Option<SettingValue>)| {
            self.value(&run.key.plugin, name).is_some_and(|given| Some(given) != handed.as_ref())
        };
        run.settings.iter().filter(differs).map(|(name, _)| name.clone()).collect()
    }

    /// The same, all of it standing.
    pub(crate) fn standing(self) -> Self {
        let Self { given, mut standing } = self;
        for (plugin, settings) in given {
            standing.entry(plugin).or_default().extend(settings);
        }
        Self { given: PluginSettings::new(), standing }
    }
}

impl fmt::Display for UnknownSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &SettingNames| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let Self { plugin, unknown, declared } = self;
        write!(f, "{plugin} has no setting {}; ", list(unknown))?;
        match declared.is_empty() {
            true => f.write_str("it declares none"),
            false => write!(f, "it declares {}", list(declared)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(given: &[&str], standing: &[&str]) -> Settings {
        let read = |texts: &[&str]| -> Settings {
            texts.iter().map(|text| text.parse::<Setting>().unwrap()).collect()
        };
        Settings { given: read(given).given, standing: read(standing).given }
    }

    #[test]
    fn written() {
        let setting: Setting = "acme/shop:db.name=a=b:c".parse().unwrap();
        assert_eq!(
            (setting.plugin.as_str(), setting.name.as_str(), setting.value.as_str()),
            ("acme/shop", "db.name", "a=b:c")
        );
        let empty: Setting = "a/b:C=".parse().unwrap();
        assert_eq!(empty.value.as_str(), "");
    }

    #[test]
    fn refused_without_the_value() {
        let long = format!("a/b:C={}", "hunter2".repeat(10_000));
        let table = [
            ("hunter2", "no `=`"),
            ("a/b:hunter2", "no `=`"),
            ("C=hunter2", "no `:`"),
            ("C=a/b:hunter2", "no `:`"),
            ("shop:C=hunter2", "vendor/name"),
            ("a/b:1=hunter2", "`1` is not a setting's name"),
            ("a/b:=hunter2", "`` is not a setting's name"),
            (&long, "a/b:C: a value of 70000 bytes is too long"),
        ];
        for (text, expected) in table {
            let error = text.parse::<Setting>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_given_wins_and_only_what_is_asked_for_is_handed() {
        let settings =
            settings(&["a/b:C=1", "a/b:C=2", "a/c:D=x"], &["a/b:C=3", "a/b:D=4", "a/b:E=5"]);
        let asked = |names: &[&str]| -> Handed {
            names.iter().map(|name| (name.parse().unwrap(), None)).collect()
        };
        let mut handed = asked(&["C", "D", "F"]);
        settings.fill(&"a/b".parse().unwrap(), &mut handed);
        let shown: Vec<_> =
            handed.values().map(|value| value.as_ref().map(SettingValue::as_str)).collect();
        assert_eq!(shown, [Some("2"), Some("4"), None]);
        assert!(!format!("{settings:?}").contains('5'), "values are not shown");
    }
}
