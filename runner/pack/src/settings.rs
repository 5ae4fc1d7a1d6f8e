//! `alteration.toml`: what an SQL folder says about its alterations beyond their names. Pure parsing;
//! does not know which files there are.

use super::permissions::Asked;
use crate::alteration::{
    AlterationId, Dialect, ForeignKeys, Permissions, PluginName, Requirements, Version,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

pub(super) const SETTINGS_FILE: &str = "alteration.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Needed where neither `--plugin` nor the folder's name tells it.
    pub(super) plugin: Option<PluginName>,
    #[serde(default)]
    pub(super) requires: Requirements,
    /// What the plugin was called before, as in the manifest.
    pub(super) replaces: Option<PluginName>,
    /// Empty for every dialect.
    #[serde(default)]
    pub(super) dialects: BTreeSet<Dialect>,
    /// What each of the alterations asks for, beyond what is said of it.
    #[serde(default)]
    pub(super) permissions: Asked,
    #[serde(default)]
    pub(super) alterations: BTreeMap<AlterationId, AlterationSettings>,
    /// For the author's editor.
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    /// For `runner add`.
    #[serde(rename = "release")]
    _release: Option<Version>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlterationSettings {
    pub(super) description: Option<String>,
    /// The only ones that need it; empty for all those of the folder.
    #[serde(default)]
    pub(super) dialects: BTreeSet<Dialect>,
    #[serde(default)]
    pub(super) permissions: Permissions,
    /// The tables and views that its SQL makes without naming them, as in the manifest.
    pub(super) creates: Option<BTreeSet<String>>,
    /// Beyond those of the folder. A requirement that is new in a release belongs here, because
    /// it may not change the components that were shipped before.
    #[serde(default)]
    pub(super) requires: Requirements,
    /// As in the manifest.
    pub(super) lock_timeout_ms: Option<NonZeroU32>,
    pub(super) statement_timeout_ms: Option<NonZeroU32>,
    /// `None` for what the tool has whose history it is, or else `checked`.
    pub(super) foreign_keys: Option<ForeignKeys>,
}

/// Parses the settings. The error says where: it quotes the line. It holds newlines and the file's own text.
pub fn parse(text: &str) -> Result<Settings, String> {
    toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete() {
        let settings = parse(
            r#"
            "$schema" = "https://example.org/alteration.schema.json"
            plugin = "acme/shop"
            release = "1.3.0"
            dialects = ["sqlite", "postgresql"]
            [requires]
            "acme/core" = ">=1.2"
            [permissions]
            reads = ["acme/core:users"]
            [alterations."1.0.0-17-x"]
            description = "why"
            dialects = ["sqlite"]
            permissions = ["entropy", "extension btree_gist"]
            creates = ["shop_hidden"]
            requires = { "acme/core" = ">=2" }
            lock_timeout_ms = 500
            statement_timeout_ms = 60_000
            foreign_keys = "enforced"
            "#,
        )
        .unwrap();
        assert_eq!(settings.plugin.unwrap().as_str(), "acme/shop");
        assert_eq!(settings.dialects.len(), 2);
        assert!(settings.requires.contains_key(&"acme/core".parse().unwrap()));
        let alteration = &settings.alterations[&"1.0.0-17-x".parse().unwrap()];
        assert_eq!(alteration.description.as_deref(), Some("why"));
        assert_eq!(alteration.dialects, [Dialect::Sqlite].into());
        assert_eq!(alteration.permissions.len(), 2);
        assert_eq!(alteration.creates, Some(["shop_hidden".to_owned()].into()));
        assert_eq!(settings.permissions.permissions().len(), 1);
        assert_eq!(alteration.requires.len(), 1);
        assert_eq!(alteration.lock_timeout_ms, NonZeroU32::new(500));
        assert_eq!(alteration.statement_timeout_ms, NonZeroU32::new(60_000));
        assert_eq!(alteration.foreign_keys, Some(ForeignKeys::Enforced));
    }

    #[test]
    fn refused() {
        let table = [
            ("plugin = 'shop'", "vendor/name"),
            ("plugin = 'a/b'\nversion = '1'", "unknown field `version`"),
            ("plugin = 'a/b'\ndialects = ['oracle']", "unknown variant"),
            ("plugin = 'a/b'\n[requires]\n'a/c' = 'newest'", "a/c"),
            ("plugin = 'a/b'\n[permissions]\nwrites = ['app:a']", "unknown field `writes`"),
            ("plugin = 'a/b'\n[alterations.x]", "not an alteration id"),
            ("plugin = 'a/b'\n[alterations.1-x]\nirreversible = true", "unknown field"),
            ("plugin = 'a/b'\nlock_timeout_ms = 1", "unknown field"),
            ("plugin = 'a/b'\n[alterations.1-x]\nlock_timeout_ms = 0", "nonzero"),
            ("plugin = 'a/b'\n[alterations.1-x]\nforeign_keys = 'on'", "unknown variant"),
            ("plugin = 'a/b'\n[alterations.1-x]\nstatement_timeout_ms = -1", "nonzero"),
            ("plugin = 'a/b'\n[alterations.1-x]\nstatement_timeout_ms = '1s'", "nonzero"),
            ("plugin = 'a/b'\n[alterations.1-x]\nlock_timeout_ms = 4294967296", "nonzero"),
            ("plugin = ", "line 1"),
        ];
        for (text, expected) in table {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
