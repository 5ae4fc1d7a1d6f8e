//! The plan of a baseline: which alterations are recorded as applied without running them.
//!
//! Which ones that is, is told by name or by the ledger of the tool that was used before; the latter
//! is read by `backend::former`. Pure.

use super::{Bound, Folders, Plan, Policy, Target, deploy::planned};
use crate::{
    alteration::{
        AlterationId, AlterationKey, Catalog, Dialect, LedgerKey, ParseIdError, ParsePluginError,
        PluginName, Version,
    },
    escape::Escaped,
    record::{Former, Snapshot},
};
use std::{collections::BTreeSet, str::FromStr};

/// How far one plugin is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpTo {
    pub plugin: PluginName,
    pub end: End,
}

/// The last alteration that is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The newest that is released.
    Latest,
    /// The newest of this version.
    Version(Version),
    Alteration(AlterationId),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseUpToError {
    #[error(
        "`{}` names no alteration: expected VENDOR/NAME@ID, VENDOR/NAME@VERSION or VENDOR/NAME@latest",
        Escaped(.0)
    )]
    Shape(String),
    #[error(transparent)]
    Plugin(#[from] ParsePluginError),
    #[error(transparent)]
    Id(#[from] ParseIdError),
}

/// Why it is not clear what to record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    #[error("no file is of {0}")]
    UnknownPlugin(PluginName),
    #[error("no file has {0}")]
    UnknownAlteration(AlterationKey),
    #[error("no alteration of {plugin} has the version {version}, or a newer one")]
    UnknownVersion { plugin: PluginName, version: Version },
    #[error(
        "the ledger {table} is of several projects, and {fitting} of them could be the one whose files are here"
    )]
    SeveralProjects { table: String, fitting: usize },
    #[error("the ledger of one tool is of one plugin, and there are files of several: {0}")]
    SeveralPlugins(String),
    #[error("the ledger {table} says `{}`, which is no version", Escaped(.version))]
    NotAVersion { table: String, version: String },
    #[error(
        "the ledger {table} says that {} is applied, and no file of {plugin} has that version",
        Escaped(.version)
    )]
    NotPacked { table: String, plugin: PluginName, version: String },
    #[error(
        "the ledger {table} says that {} is applied, and {count} files of {plugin} have that version",
        Escaped(.version)
    )]
    Ambiguous { table: String, plugin: PluginName, version: String, count: usize },
}

impl FromStr for UpTo {
    type Err = ParseUpToError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (plugin, end) =
            text.split_once('@').ok_or_else(|| ParseUpToError::Shape(text.to_owned()))?;
        let plugin = plugin.parse()?;
        // An id first: to a version, the rest of one would be a pre-release.
        let end = match (end, end.parse(), end.parse()) {
            ("latest", ..) => End::Latest,
            (_, Ok(id), _) => End::Alteration(id),
            (_, Err(_), Ok(version @ Version::Released(_))) => End::Version(version),
            (_, Err(error), _) => return Err(error.into()),
        };
        Ok(Self { plugin, end })
    }
}

/// Plans recording the alterations `keys` of the catalog, and no other.
pub fn baseline(
    catalog: &Catalog,
    snapshot: &Snapshot,
    dialect: Dialect,
    keys: &BTreeSet<AlterationKey>,
) -> Plan {
    // A former tool may have left gaps, which are pending afterwards.
    let policy = Policy { out_of_order: true, folders: Folders::Allowed, ..Policy::default() };
    planned(catalog, snapshot, dialect, &Target::All(Bound::Next), policy, Some(keys))
}

/// The alterations of each plugin up to its end.
pub fn keys_up_to(
    catalog: &Catalog,
    ends: &[UpTo],
) -> Result<BTreeSet<AlterationKey>, BaselineError> {
    let mut keys = BTreeSet::new();
    for UpTo { plugin, end } in ends {
        if !catalog.has_plugin(plugin) {
            return Err(BaselineError::UnknownPlugin(plugin.clone()));
        }
        let ids = || catalog.of(plugin).map(|alteration| &alteration.key.id);
        let last = match end {
            End::Latest => ids().rfind(|id| !id.is_next()),
            End::Version(version) => {
                // Not every release has alterations. Beyond the newest it is rather a slip of the pen,
                // and would record more than was meant.
                let versions = || ids().filter_map(|id| Some((id, id.version()?)));
                if !versions().any(|(id, of)| of >= version && !id.is_next()) {
                    let (plugin, version) = (plugin.clone(), version.clone());
                    return Err(BaselineError::UnknownVersion { plugin, version });
                }
                versions().rfind(|(_, of)| *of <= version).map(|(id, _)| id)
            }
            End::Alteration(id) => {
                let key = AlterationKey { plugin: plugin.clone(), id: id.clone() };
                if catalog.get(&key).is_none() {
                    return Err(BaselineError::UnknownAlteration(key));
                }
                Some(id)
            }
        };
        let within = ids().take_while(|id| last.is_some_and(|last| *id <= last));
        keys.extend(within.map(|id| AlterationKey { plugin: plugin.clone(), id: id.clone() }));
    }
    Ok(keys)
}

/// The alterations that the ledger of a former tool says are applied. `key` reads its versions.
pub fn keys_of_former(
    catalog: &Catalog,
    plugin: Option<&PluginName>,
    former: &Former,
    key: impl Fn(&str) -> Option<LedgerKey>,
) -> Result<BTreeSet<AlterationKey>, BaselineError> {
    let plugin = match (plugin, &catalog.plugins().collect::<Vec<_>>()[..]) {
        (Some(plugin), _) if !catalog.has_plugin(plugin) => {
            return Err(BaselineError::UnknownPlugin(plugin.clone()));
        }
        (Some(plugin), _) | (None, &[plugin]) => plugin,
        (None, several) => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            return Err(BaselineError::SeveralPlugins(names.join(", ")));
        }
    };
    let table = || former.table.clone();
    let read = |version: &str| {
        let version = version.to_owned();
        key(&version).ok_or_else(|| BaselineError::NotAVersion { table: table(), version })
    };
    let mut keys = BTreeSet::new();
    let ids = || catalog.of(plugin).map(|alteration| &alteration.key.id);
    let named = |id: &AlterationId| AlterationKey { plugin: plugin.clone(), id: id.clone() };
    if let Some(version) = &former.up_to {
        let end = read(version)?;
        keys.extend(ids().filter(|id| end.reaches(id)).map(named));
    }
    for version in &former.applied {
        let version_key = read(version)?;
        let found = version_key.meant(ids().filter(|id| version_key.is(id)).collect());
        let scripts: Vec<&AlterationId> = ids().filter(|id| version_key.is_script(id)).collect();
        let found = match scripts.len() {
            0 => found,
            1 => scripts,
            // With which of its texts it ran, the ledger does not say.
            _ => continue,
        };
        let (table, plugin, version) = (table(), plugin.clone(), version.clone());
        match found[..] {
            [] => return Err(BaselineError::NotPacked { table, plugin, version }),
            [id] => _ = keys.insert(named(id)),
            _ => {
                let count = found.len();
                return Err(BaselineError::Ambiguous { table, plugin, version, count });
            }
        }
    }
    Ok(keys)
}

/// The same for a ledger that several projects share: of that one of which all is here.
pub fn keys_of_projects(
    catalog: &Catalog,
    plugin: Option<&PluginName>,
    projects: &[Former],
    key: impl Fn(&str) -> Option<LedgerKey>,
) -> Result<BTreeSet<AlterationKey>, BaselineError> {
    let mut found: Vec<_> =
        projects.iter().map(|former| keys_of_former(catalog, plugin, former, &key)).collect();
    if found.len() > 1 {
        found.retain(Result::is_ok);
        if found.len() != 1 {
            let table = projects[0].table.clone();
            return Err(BaselineError::SeveralProjects { table, fitting: found.len() });
        }
    }
    found.pop().unwrap_or_else(|| Ok(BTreeSet::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::{Checksum, ComponentFile, Declaration, Manifest};

    fn catalog(alterations: &[(&str, &str)]) -> Catalog {
        let file = |(plugin, id): &(&str, &str)| {
            let declaration = Declaration::new(id.parse().unwrap());
            let manifest = Manifest::new(plugin.parse().unwrap(), vec![declaration]);
            ComponentFile::released(*id, Checksum::of(id.as_bytes()), manifest)
        };
        Catalog::new(alterations.iter().map(file)).unwrap()
    }

    fn ids(keys: BTreeSet<AlterationKey>) -> Vec<String> {
        keys.into_iter().map(|key| key.id.to_string()).collect()
    }

    const SHOP: [(&str, &str); 4] =
        [("a/s", "1.0.0-1-a"), ("a/s", "1.0.0-2-b"), ("a/s", "1.1.0-3-c"), ("a/s", "next-4-d")];

    #[test]
    fn up_to() {
        let catalog = catalog(&SHOP);
        let table = [
            ("a/s@latest", 3),
            ("a/s@1.0.0", 2),
            ("a/s@1.0.7", 2),
            ("a/s@0.9.0", 0),
            ("a/s@1.1.0", 3),
            ("a/s@1.0.0-1-a", 1),
            ("a/s@next-4-d", 4),
        ];
        for (text, count) in table {
            let keys = keys_up_to(&catalog, &[text.parse().unwrap()]).unwrap();
            assert_eq!(keys.len(), count, "{text}");
        }
        for (text, words) in [
            ("a/x@latest", "no file is of a/x"),
            ("a/s@2.0.0", "has the version 2.0.0"),
            ("a/s@1.0.0-1-x", "no file has a/s 1.0.0-1-x"),
        ] {
            let error = keys_up_to(&catalog, &[text.parse().unwrap()]).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
        for text in ["a/s", "latest", "a/s@", "a/s@next", "A@latest", "a/s@x"] {
            assert!(text.parse::<UpTo>().is_err(), "{text}");
        }
    }

    fn former(applied: &[&str], up_to: Option<&str>) -> Former {
        Former {
            table: "ledger".to_owned(),
            applied: applied.iter().map(|version| (*version).to_owned()).collect(),
            up_to: up_to.map(str::to_owned),
            repeatables: 0,
        }
    }

    fn stamp(version: &str) -> Option<LedgerKey> {
        let id = format!("{version}-x").parse::<AlterationId>().ok()?;
        Some(LedgerKey::Stamp(id.stamp().clone()))
    }

    #[test]
    fn what_a_former_tool_applied() {
        let shop = catalog(&SHOP);
        let keys =
            |former: &Former| keys_of_former(&shop, None, former, stamp).map_err(|e| e.to_string());
        let each = keys(&former(&["0001", "3"], None)).unwrap();
        assert_eq!(ids(each), ["1.0.0-1-a", "1.1.0-3-c"]);
        let all = keys(&former(&[], Some("2"))).unwrap();
        assert_eq!(ids(all), ["1.0.0-1-a", "1.0.0-2-b"]);
        let both = keys(&former(&["3"], Some("1"))).unwrap();
        assert_eq!(ids(both), ["1.0.0-1-a", "1.1.0-3-c"]);
        assert!(
            keys(&former(&["9"], None)).unwrap_err().contains("9 is applied, and no file of a/s")
        );
        assert!(keys(&former(&["x"], None)).unwrap_err().contains("`x`, which is no version"));
        let twice = catalog(&[("a/s", "1.0.0-1-a"), ("a/s", "1.0.0-1-b")]);
        let error = keys_of_former(&twice, None, &former(&["1"], None), stamp).unwrap_err();
        assert!(error.to_string().contains("2 files of a/s"), "{error}");
    }

    #[test]
    fn whose_ledger_it_is() {
        let two = catalog(&[("a/s", "1-a"), ("b/t", "1-a")]);
        let one = former(&["1"], None);
        let error = keys_of_former(&two, None, &one, stamp).unwrap_err();
        assert!(error.to_string().ends_with("a/s, b/t"), "{error}");
        let plugin = "b/t".parse().unwrap();
        let keys = keys_of_former(&two, Some(&plugin), &one, stamp).unwrap();
        assert!(keys.iter().all(|key| key.plugin == plugin) && keys.len() == 1);
        let plugin = "c/u".parse().unwrap();
        assert!(keys_of_former(&two, Some(&plugin), &one, stamp).is_err());
    }
}
