//! The manifest: what a component says about itself, as JSON in its custom section.
//!
//! Every byte of it is a stranger's. Parsing is strict: an unknown field or a contradiction is an error.

use super::{
    AlterationId, Checksum, Dialect, ForeignKeys, Permissions, PluginName, SettingNames, Version,
};
use crate::escape::is_deceptive;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

/// The name of the custom section, at the component's top level, exactly once.
pub const MANIFEST_SECTION: &str = "runner:manifest";
/// Upper bound for the JSON text: room for some 10,000 alterations.
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;
const MANIFEST_FORMAT: u32 = 1;
const DESCRIPTION_CHARS_MAX: usize = 500;
/// The longest name of a table on MySQL and MariaDB.
const TABLE_CHARS_MAX: usize = 64;

/// Plugins that must be deployed first, each with the versions that will do.
pub type Requirements = BTreeMap<PluginName, semver::VersionReq>;

/// The contents of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format's number: 1.
    pub manifest: u32,
    /// The plugin's name.
    pub plugin: PluginName,
    /// The plugins that must be deployed first, each with the versions that will do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requires: Requirements,
    /// The plugin that this one was called before. Its recorded alterations become this one's, if the
    /// operator agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<PluginName>,
    /// The dialects that the component is written for; on any other a deploy refuses it. Empty for all of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub dialects: BTreeSet<Dialect>,
    /// What the component carries.
    pub alterations: Vec<Declaration>,
}

/// One alteration, as its manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The alteration's id.
    pub id: AlterationId,
    /// SHA-256 of the alteration's source. Required where the component carries several; absent
    /// where it carries one, because then the component's own checksum cannot be made up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// A sentence for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True when there is no way back: `rollback` refuses before it runs anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irreversible: bool,
    /// False where the component's `preparation` is there for other alterations: it is not called for
    /// this one, which can then be a single transaction.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub preparation: bool,
    /// As `preparation`, for the component's `backfill`.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub backfill: bool,
    /// The only dialects that need it: on another one a deploy leaves it out, and says so. Empty for all
    /// those of the component.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub dialects: BTreeSet<Dialect>,
    /// The alterations of its own plugin without which it is not applied.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<AlterationId>,
    /// Where it is not what `irreversible`, `preparation` and `backfill` say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_dialect: BTreeMap<Dialect, DeclaredHooks>,
    /// What the operator has to grant.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: Permissions,
    /// The tables and views that it makes, by their names. A confined plugin on MySQL or MariaDB can make no others; SQL
    /// that `pack` turned into a component says it by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<BTreeSet<String>>,
    /// What it asks the operator for by name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub settings: SettingNames,
    /// How long one of its statements may wait for somebody else's lock; absent for the run's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_timeout_ms: Option<NonZeroU32>,
    /// How long one of its statements may take; absent for the run's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_timeout_ms: Option<NonZeroU32>,
    /// How SQLite treats foreign keys while it runs; absent for `checked`.
    #[serde(default, skip_serializing_if = "ForeignKeys::is_checked")]
    pub foreign_keys: ForeignKeys,
}

/// Which hooks an alteration has on one dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredHooks {
    /// Whether there is no way back there.
    pub irreversible: bool,
    /// Whether the hooks before `up` and `down` are called for it there.
    pub preparation: bool,
    /// Whether `step` is called for it there.
    pub backfill: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(answer: &bool) -> bool {
    *answer
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    #[error("the manifest is {0} bytes; at most {MANIFEST_BYTES_MAX} are read")]
    TooLarge(usize),
    #[error("the manifest is not valid: {}", crate::escape::Escaped(&.0.to_string()))]
    Malformed(#[from] serde_json::Error),
    #[error("the manifest has format {0}; this runner reads format {MANIFEST_FORMAT}")]
    Format(u32),
    #[error("the manifest declares no alteration")]
    Empty,
    #[error("the manifest declares {0} twice")]
    Duplicate(AlterationId),
    #[error("the manifest of {0} requires {0} itself")]
    RequiresItself(PluginName),
    #[error("the manifest of {0} says that it replaces {0} itself")]
    ReplacesItself(PluginName),
    #[error("the manifest of {plugin} both replaces and requires {replaces}")]
    RequiresReplaced { plugin: PluginName, replaces: PluginName },
    #[error("the component carries several alterations, so {0} needs a `checksum` of its own")]
    ChecksumMissing(AlterationId),
    #[error(
        "the component carries one alteration, which its own bytes identify: the `checksum` of {0} contradicts that"
    )]
    ChecksumGiven(AlterationId),
    #[error("the manifest says that {id} needs {needs}, which does not come before it")]
    NeedsLater { id: Box<AlterationId>, needs: Box<AlterationId> },
    #[error("{id} creates `{}`, which is not a table's name", crate::escape::Escaped(name))]
    CreatesNothing { id: Box<AlterationId>, name: String },
    #[error("the description of {0} is longer than {DESCRIPTION_CHARS_MAX} characters")]
    DescriptionTooLong(AlterationId),
}

impl Manifest {
    pub fn new(plugin: PluginName, alterations: Vec<Declaration>) -> Self {
        Self {
            manifest: MANIFEST_FORMAT,
            plugin,
            requires: Requirements::new(),
            replaces: None,
            dialects: BTreeSet::new(),
            alterations,
        }
    }

    /// Parses and validates what a component carries.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        check_format(json)?;
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// As [`Manifest::parse`], for what an author writes: the keys that other tools read are ignored.
    pub fn parse_source(json: &[u8]) -> Result<Self, ManifestError> {
        check_format(json)?;
        let source: Source = serde_json::from_slice(json)?;
        let Source { manifest, plugin, requires, replaces, dialects, alterations, .. } = source;
        let manifest = Self { manifest, plugin, requires, replaces, dialects, alterations };
        manifest.validate()?;
        Ok(manifest)
    }

    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ManifestError> {
        if self.requires.contains_key(&self.plugin) {
            return Err(ManifestError::RequiresItself(self.plugin.clone()));
        }
        if let Some(replaces) = &self.replaces {
            let plugin = self.plugin.clone();
            if *replaces == plugin {
                return Err(ManifestError::ReplacesItself(plugin));
            }
            if self.requires.contains_key(replaces) {
                let replaces = replaces.clone();
                return Err(ManifestError::RequiresReplaced { plugin, replaces });
            }
        }
        let mut seen = BTreeSet::new();
        for declaration in &self.alterations {
            let id = || declaration.id.clone();
            if !seen.insert(&declaration.id) {
                return Err(ManifestError::Duplicate(id()));
            }
            if let Some(needs) = declaration.needs.iter().find(|needs| **needs >= declaration.id) {
                let (id, needs) = (Box::new(id()), Box::new(needs.clone()));
                return Err(ManifestError::NeedsLater { id, needs });
            }
            let description = declaration.description.as_deref().unwrap_or_default();
            if description.chars().count() > DESCRIPTION_CHARS_MAX {
                return Err(ManifestError::DescriptionTooLong(id()));
            }
            let creates = declaration.creates.iter().flatten();
            if let Some(name) = creates.into_iter().find(|name| !is_table_name(name)) {
                let (id, name) = (Box::new(id()), name.clone());
                return Err(ManifestError::CreatesNothing { id, name });
            }
            match (self.alterations.len(), declaration.checksum) {
                (1, Some(_)) => return Err(ManifestError::ChecksumGiven(id())),
                (2.., None) => return Err(ManifestError::ChecksumMissing(id())),
                _ => {}
            }
        }
        if self.alterations.is_empty() {
            return Err(ManifestError::Empty);
        }
        Ok(())
    }

    /// The JSON text, deterministic: the same manifest always gives the same bytes.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest holds nothing that JSON cannot say")
    }
}

/// A manifest as an author writes it. A component never carries `$schema` and `release`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    /// For the author's editor.
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    /// The version that `runner add` gives to new alterations.
    #[serde(rename = "release")]
    _release: Option<Version>,
    manifest: u32,
    plugin: PluginName,
    #[serde(default)]
    requires: Requirements,
    replaces: Option<PluginName>,
    #[serde(default)]
    dialects: BTreeSet<Dialect>,
    alterations: Vec<Declaration>,
}

/// What MySQL and MariaDB take for a name, without what would have to be quoted in it.
fn is_table_name(name: &str) -> bool {
    let is_plain = |c: char| !is_deceptive(c) && !"\"'`.;\\/%".contains(c);
    (1..=TABLE_CHARS_MAX).contains(&name.chars().count())
        && name.trim() == name
        && name.chars().all(is_plain)
}

/// Names a newer format as such, before its unknown fields are complained about.
fn check_format(json: &[u8]) -> Result<(), ManifestError> {
    /// Only the format's number.
    #[derive(Deserialize)]
    struct Format {
        manifest: u32,
    }
    if json.len() > MANIFEST_BYTES_MAX {
        return Err(ManifestError::TooLarge(json.len()));
    }
    match serde_json::from_slice(json)? {
        Format { manifest: MANIFEST_FORMAT } => Ok(()),
        Format { manifest } => Err(ManifestError::Format(manifest)),
    }
}

impl Declaration {
    /// Returns the hooks that it has on `dialect`.
    pub fn hooks(&self, dialect: Dialect) -> DeclaredHooks {
        let Self { irreversible, preparation, backfill, .. } = *self;
        let elsewhere = DeclaredHooks { irreversible, preparation, backfill };
        self.per_dialect.get(&dialect).copied().unwrap_or(elsewhere)
    }

    pub fn new(id: AlterationId) -> Self {
        Self {
            id,
            checksum: None,
            description: None,
            irreversible: false,
            preparation: true,
            backfill: true,
            dialects: BTreeSet::new(),
            needs: BTreeSet::new(),
            per_dialect: BTreeMap::new(),
            permissions: Permissions::new(),
            creates: None,
            settings: SettingNames::new(),
            lock_timeout_ms: None,
            statement_timeout_ms: None,
            foreign_keys: ForeignKeys::Checked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_authors_file_has_keys_of_other_tools() {
        let with = |key: &str| {
            format!(r#"{{{key}"manifest":1,"plugin":"acme/shop","alterations":[{{"id":"1-x"}}]}}"#)
        };
        let plain = Manifest::parse(with("").as_bytes()).unwrap();
        for key in
            [r#""$schema":"x","#, r#""release":"1.3.0","#, r#""$schema":"","release":"next","#]
        {
            let found = Manifest::parse_source(with(key).as_bytes()).unwrap();
            assert_eq!(found.to_json(), plain.to_json(), "{key}");
            let error = Manifest::parse(with(key).as_bytes()).unwrap_err().to_string();
            assert!(error.contains("unknown field"), "{key}: {error}");
        }
        for bad in
            [r#""schema":"x","#, r#""release":"1.3","#, r#""release":"1.3.0","release":"1.3.0","#]
        {
            assert!(Manifest::parse_source(with(bad).as_bytes()).is_err(), "{bad}");
        }
        let nested = r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","release":"1"}]}"#;
        assert!(Manifest::parse_source(nested.as_bytes()).is_err());
    }

    fn parse(json: &str) -> Result<Manifest, String> {
        Manifest::parse(json.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn round_trip() {
        let json = r#"{"manifest":1,"plugin":"acme/shop","requires":{"acme/core":">=1.2.0"},"replaces":"acme/store","alterations":[{"id":"1.4.0-1718000000-x","irreversible":true,"preparation":false,"backfill":false,"dialects":["sqlite","mysql"],"per_dialect":{"mysql":{"irreversible":false,"preparation":true,"backfill":true}},"permissions":["entropy"],"settings":["CI","db.schema"],"lock_timeout_ms":500,"statement_timeout_ms":4294967295,"foreign_keys":"enforced"}]}"#;
        assert_eq!(parse(json).unwrap().to_json(), json.as_bytes());
    }

    #[test]
    fn refused() {
        let sum = "a".repeat(64);
        let table = [
            ("{", "not valid"),
            ("[]", "not valid"),
            (r#"{"manifest":2,"new":true}"#, "format 2"),
            (r#"{"manifest":1,"plugin":"acme/shop","alterations":[]}"#, "no alteration"),
            (r#"{"manifest":1,"plugin":"acme/shop","alterations":[],"evil":1}"#, "unknown field"),
            (r#"{"manifest":1,"plugin":"shop","alterations":[]}"#, "vendor/name"),
            (r#"{"manifest":1,"plugin":"a/b","plugin":"c/d","alterations":[]}"#, "duplicate field"),
            (
                r#"{"manifest":1,"plugin":"a/b","requires":{"a/b":"*"},"alterations":[{"id":"1-x"}]}"#,
                "itself",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","replaces":"a/b","alterations":[{"id":"1-x"}]}"#,
                "replaces a/b itself",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","requires":{"a/c":"*"},"replaces":"a/c","alterations":[{"id":"1-x"}]}"#,
                "both replaces and requires a/c",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","replaces":["a/c"],"alterations":[{"id":"1-x"}]}"#,
                "not valid",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","replaces":"A b","alterations":[{"id":"1-x"}]}"#,
                "vendor/name",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","requires":{"a/c":"newest"},"alterations":[{"id":"1-x"}]}"#,
                "not valid",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x"},{"id":"1-x"}]}"#,
                "needs a `checksum`",
            ),
            (
                &format!(
                    r#"{{"manifest":1,"plugin":"a/b","alterations":[{{"id":"1-x","checksum":"{sum}"}},{{"id":"1-x","checksum":"{sum}"}}]}}"#
                ),
                "twice",
            ),
            (
                &format!(
                    r#"{{"manifest":1,"plugin":"a/b","alterations":[{{"id":"1-x","checksum":"{sum}"}}]}}"#
                ),
                "contradicts",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","permissions":["root"]}]}"#,
                "unknown variant",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","dialects":["oracle"]}]}"#,
                "unknown variant",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","per_dialect":{"mysql":{"irreversible":true}}}]}"#,
                "missing field",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","settings":["a b"]}]}"#,
                "not a setting's name",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","settings":{"CI":"1"}}]}"#,
                "expected a sequence",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","lock_timeout_ms":0}]}"#,
                "nonzero",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","foreign_keys":"on"}]}"#,
                "unknown variant",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","lock_timeout_ms":1.5}]}"#,
                "nonzero",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","statement_timeout_ms":-1}]}"#,
                "nonzero",
            ),
            (
                r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x","statement_timeout_ms":4294967296}]}"#,
                "nonzero",
            ),
        ];
        for (json, expected) in table {
            let error = parse(json).unwrap_err();
            assert!(error.contains(expected), "{json}: {error}");
        }
        let huge = vec![b' '; MANIFEST_BYTES_MAX + 1];
        assert!(matches!(Manifest::parse(&huge), Err(ManifestError::TooLarge(_))));
    }
}
