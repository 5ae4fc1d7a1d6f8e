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
    /// What it is granted by: `given` (a flag or `runner.toml`), `checksum` (recorded, for this very alteration),
    /// `before` (recorded, for another alteration of the plugin) or `applied` (it was applied with it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<GrantedBy>,
}

/// What a permission is granted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantedBy {
    /// A flag or `runner.toml`.
    Given,
    /// The record, for these very bytes.
    Checksum,
    /// The record, for another alteration of the plugin.
    Before,
    /// It goes down, or on, with what it had when it went up.
    Applied,
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
        let permissions = permissions.iter().cloned();
        let settings = settings.iter().cloned();
        let asked = |name| AskedPermission { name, granted: false, by: None };
        Self {
            permissions: permissions.map(asked).collect(),
            settings: settings.map(|name| AskedSetting { name, given: false }).collect(),
        }
    }

    /// One line for each permission, and one for all settings.
    pub fn lines(&self) -> Vec<String> {
        let width = self.permissions.iter().map(|asked| asked.name.to_string().chars().count());
        let width = width.max().unwrap_or_default();
        let permission = |asked: &AskedPermission| {
            let name = asked.name.to_string();
            format!("{name:width$}   {}", asked.standing())
        };
        let mut lines: Vec<String> = self.permissions.iter().map(permission).collect();
        let settings = self.settings.iter().map(|AskedSetting { name, given }| {
            format!("setting {name} ({})", if *given { "given" } else { "not given" })
        });
        let settings: Vec<String> = settings.collect();
        if !settings.is_empty() {
            lines.push(format!("asks for {}", settings.join(", ")));
        }
        lines
    }
}

impl AskedPermission {
    /// Marks by what it is granted; not at all with `None`.
    pub fn mark(&mut self, by: Option<GrantedBy>) {
        self.granted = by.is_some();
        self.by = by;
    }

    fn standing(&self) -> String {
        match self.by {
            None => format!("NOT granted: {}", self.name.meaning()),
            Some(by) => by.to_string(),
        }
    }
}

impl fmt::Display for GrantedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "granted",
            Self::Checksum => "granted for this checksum",
            Self::Before => "granted before",
            Self::Applied => "granted when it was applied",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_of_each_permission_whether_it_is_granted_and_what_it_means() {
        let permissions: Permissions =
            ["entropy", "references acme/shop:customers"].map(|text| text.parse().unwrap()).into();
        let settings = ["A", "B"].map(|name| name.parse().unwrap()).into();
        let mut asks = Asks::new(&permissions, &settings);
        assert_eq!(
            asks.lines(),
            [
                "entropy                          NOT granted: may draw random bytes and see the time",
                "references acme/shop:customers   NOT granted: may leave foreign keys to it, which stop others from deleting its rows and tell which keys it has",
                "asks for setting A (not given), setting B (not given)",
            ]
        );
        asks.permissions[0].mark(Some(GrantedBy::Given));
        asks.permissions[1].mark(Some(GrantedBy::Checksum));
        let lines = asks.lines();
        assert!(lines[0].ends_with("   granted") && asks.permissions[0].granted, "{lines:?}");
        assert!(lines[1].ends_with("customers   granted for this checksum"), "{lines:?}");
        assert!(Asks::default().lines().is_empty());
    }
}
