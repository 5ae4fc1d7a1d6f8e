//! `[permissions]` of `alteration.toml`: what every alteration of a folder asks for, by kind.

use crate::alteration::{ExtensionName, Permission, Permissions, TableName};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The table, as an author writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    #[serde(default)]
    entropy: bool,
    #[serde(default)]
    reads: BTreeSet<TableName>,
    #[serde(default)]
    references: BTreeSet<TableName>,
    #[serde(default)]
    alters: BTreeSet<TableName>,
    #[serde(default)]
    leaves_code_on: BTreeSet<TableName>,
    #[serde(default)]
    drops: BTreeSet<TableName>,
    #[serde(default)]
    extensions: BTreeSet<ExtensionName>,
}

impl Asked {
    /// The same, as a manifest declares it.
    pub(super) fn permissions(&self) -> Permissions {
        let Self { entropy, reads, references, alters, leaves_code_on, drops, extensions } = self;
        let entropy = entropy.then_some(Permission::Entropy).into_iter();
        let tables = [
            (reads, Permission::Reads as fn(TableName) -> Permission),
            (references, Permission::References),
            (alters, Permission::Alters),
            (leaves_code_on, Permission::LeavesCode),
            (drops, Permission::Drops),
        ];
        let tables = tables.into_iter().flat_map(|(names, kind)| names.iter().cloned().map(kind));
        entropy.chain(tables).chain(extensions.iter().cloned().map(Permission::Extension)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Permissions, String> {
        let asked: Result<Asked, _> = toml::from_str(text);
        asked.map(|asked| asked.permissions()).map_err(|error| error.to_string())
    }

    #[test]
    fn kinds_become_permissions() {
        let text = "reads = ['acme/shop:orders', 'app:a']\nreferences = ['acme/shop:customers']\n\
            alters = ['app:customers']\nleaves_code_on = ['app:b']\ndrops = ['app:c']\nextensions = ['btree_gist']\nentropy = true";
        let found: Vec<String> = parse(text).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "entropy",
                "reads app:a",
                "reads acme/shop:orders",
                "references acme/shop:customers",
                "alters app:customers",
                "leaves code on app:b",
                "drops app:c",
                "extension btree_gist",
            ]
        );
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn refused() {
        let table = [
            ("writes = ['app:a']", "unknown field `writes`"),
            ("reads = 'app:a'", "expected a sequence"),
            ("reads = ['a']", "expected VENDOR/NAME:TABLE"),
            ("references = ['shop:a']", "vendor/name"),
            ("alters = ['app:']", "not a table's name"),
            ("extensions = ['Bad Name']", "name of an extension"),
            ("entropy = 'yes'", "expected a boolean"),
        ];
        for (text, expected) in table {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
