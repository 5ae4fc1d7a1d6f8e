//! What alterations ask an operator for. The plan says what they ask; whoever knows what was granted and
//! given marks it.

use crate::alteration::{Permission, Permissions, SettingName, SettingNames};
use serde::Serialize;
use std::fmt;

/// What one alteration asks for, and whether it has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Asks {
    /// The permissions that it asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<AskedPermission>,
    /// The settings that it declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<AskedSetting>,
}

/// A permission that an alteration asks for. Without the grant it does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedPermission {
    /// The permission.
    pub name: Permission,
    /// Whether the operator granted it.
    pub granted: bool,
}

/// A setting that an alteration declares. Without a value it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedSetting {
    /// The setting.
    pub name: SettingName,
    /// Whether the operator gave it a value.
    pub given: bool,
}

impl Asks {
    /// With nothing granted, and nothing given.
    pub fn new(permissions: &Permissions, settings: &SettingNames) -> Self {
        let permissions = permissions.iter().copied();
        let settings = settings.iter().cloned();
        Self {
            permissions: permissions.map(|name| AskedPermission { name, granted: false }).collect(),
            settings: settings.map(|name| AskedSetting { name, given: false }).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty() && self.settings.is_empty()
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permissions = self.permissions.iter().map(|AskedPermission { name, granted }| {
            format!("permission {name} ({})", if *granted { "granted" } else { "not granted" })
        });
        let settings = self.settings.iter().map(|AskedSetting { name, given }| {
            format!("setting {name} ({})", if *given { "given" } else { "not given" })
        });
        f.write_str(&permissions.chain(settings).collect::<Vec<_>>().join(", "))
    }
}
