//! What an operator permits to plugins.

use super::{Trust, Trusts};
use crate::{
    alteration::{
        AlterationKey, Checksum, ParsePermissionError, ParsePluginError, Permission, PluginName,
    },
    plan::GrantedBy,
    record::{Covering, RecordedGrant, covering},
};
use std::{collections::BTreeSet, str::FromStr};

/// What an operator permits: to one plugin, or to all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub plugin: Option<PluginName>,
    pub permission: Permission,
}

pub type Grants = BTreeSet<Grant>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseGrantError {
    #[error(transparent)]
    Plugin(#[from] ParsePluginError),
    #[error(transparent)]
    Permission(#[from] ParsePermissionError),
}

impl Grant {
    /// Whether it gives `plugin` that permission.
    pub fn covers(&self, plugin: &PluginName, permission: &Permission) -> bool {
        self.permission == *permission
            && self.plugin.as_ref().is_none_or(|granted| granted == plugin)
    }
}

/// Whom something is given to: by its plugin's name, or only as one of all plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    Known(&'a PluginName),
    /// Whether the component is of that plugin is only its manifest's word.
    Claimed(&'a PluginName),
}

impl<'a> Name<'a> {
    /// How far the name of `key` is to be believed; `elsewhere` lies in another folder than what is recorded.
    pub(crate) fn of(key: &'a AlterationKey, elsewhere: &BTreeSet<AlterationKey>) -> Self {
        match elsewhere.contains(key) {
            true => Self::Claimed(&key.plugin),
            false => Self::Known(&key.plugin),
        }
    }

    /// Whether some of `grants` give it `permission`.
    pub(crate) fn has(self, grants: &Grants, permission: &Permission) -> bool {
        grants.iter().any(|grant| match self {
            Self::Known(plugin) => grant.covers(plugin, permission),
            Self::Claimed(plugin) => grant.plugin.is_none() && grant.covers(plugin, permission),
        })
    }

    /// By what `permission` is granted to an alteration with these bytes, if it is. To a name that is only claimed the record
    /// grants nothing but what was granted to these very bytes.
    pub(crate) fn granted(
        self,
        (given, recorded): (&Grants, &[RecordedGrant]),
        (key, checksum): (&AlterationKey, Checksum),
        permission: &Permission,
    ) -> Option<GrantedBy> {
        if self.has(given, permission) {
            return Some(GrantedBy::Given);
        }
        match covering(recorded, key, checksum, permission)? {
            Covering::Exact => Some(GrantedBy::Checksum),
            Covering::SamePlugin => matches!(self, Self::Known(_)).then_some(GrantedBy::Before),
        }
    }

    pub(crate) fn plugin(self) -> &'a PluginName {
        match self {
            Self::Known(plugin) | Self::Claimed(plugin) => plugin,
        }
    }

    /// The precision of the most precise of `trusts` that covers it, if any does.
    pub(crate) fn covered_by(self, trusts: &Trusts) -> Option<u8> {
        let trusting = trusts.iter().filter(|trust| match self {
            Self::Known(plugin) => trust.covers(plugin),
            Self::Claimed(_) => **trust == Trust::All,
        });
        trusting.map(Trust::precision).max()
    }
}

impl FromStr for Grant {
    type Err = ParseGrantError;

    /// `permission` or `vendor/name:permission`. A permission may hold a colon too, behind its first word.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((plugin, permission)) if !plugin.contains(' ') => {
                Ok(Self { plugin: Some(plugin.parse()?), permission: permission.parse()? })
            }
            _ => Ok(Self { plugin: None, permission: text.parse()? }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants() {
        let shop: PluginName = "acme/shop".parse().unwrap();
        let other: PluginName = "acme/other".parse().unwrap();
        let one: Grant = "acme/shop:entropy".parse().unwrap();
        assert!(
            one.covers(&shop, &Permission::Entropy) && !one.covers(&other, &Permission::Entropy)
        );
        let all: Grant = "entropy".parse().unwrap();
        assert!(all.covers(&other, &Permission::Entropy));
        let (known, claimed) = (Name::Known(&shop), Name::Claimed(&shop));
        let table = [(one, true, false), (all, true, true)];
        for (grant, of_known, of_claimed) in table {
            let grants = Grants::from([grant]);
            assert_eq!(known.has(&grants, &Permission::Entropy), of_known);
            assert_eq!(claimed.has(&grants, &Permission::Entropy), of_claimed);
        }
        for (trust, of_claimed) in [("acme/shop", false), ("acme/*", false), ("*", true)] {
            let trusts = Trusts::from([trust.parse().unwrap()]);
            assert!(known.covered_by(&trusts).is_some());
            assert_eq!(claimed.covered_by(&trusts).is_some(), of_claimed, "{trust}");
        }
        let reads: Grant = "evil/x:reads acme/shop:orders".parse().unwrap();
        assert_eq!(reads.plugin, Some("evil/x".parse().unwrap()));
        assert_eq!(reads.permission.to_string(), "reads acme/shop:orders");
        let of_all: Grant = "reads acme/shop:orders".parse().unwrap();
        assert_eq!((of_all.plugin, of_all.permission), (None, reads.permission));
        for bad in
            ["", "root", "acme:entropy", "acme/shop:root", "evil/x:reads orders", "reads orders"]
        {
            assert!(bad.parse::<Grant>().is_err(), "{bad}");
        }
    }
}
