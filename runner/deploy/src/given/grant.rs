//! What an operator permits to plugins.

use crate::alteration::{ParsePermissionError, ParsePluginError, Permission, PluginName};
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
    pub fn covers(&self, plugin: &PluginName, permission: Permission) -> bool {
        self.permission == permission
            && self.plugin.as_ref().is_none_or(|granted| granted == plugin)
    }
}

impl FromStr for Grant {
    type Err = ParseGrantError;

    /// `permission` or `vendor/name:permission`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((plugin, permission)) => {
                Ok(Self { plugin: Some(plugin.parse()?), permission: permission.parse()? })
            }
            None => Ok(Self { plugin: None, permission: text.parse()? }),
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
        assert!(one.covers(&shop, Permission::Entropy) && !one.covers(&other, Permission::Entropy));
        let all: Grant = "entropy".parse().unwrap();
        assert!(all.covers(&other, Permission::Entropy));
        for bad in ["", "root", "acme:entropy", "acme/shop:root"] {
            assert!(bad.parse::<Grant>().is_err(), "{bad}");
        }
    }
}
