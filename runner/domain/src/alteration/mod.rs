//! Domain types: what an alteration is, how it is named, ordered and identified.
//!
//! Pure data and parsing. Talks to nobody: no files, no database, no WebAssembly engine.

mod catalog;
mod checksum;
mod dialect;
mod foreign_keys;
mod former_tool;
mod id;
mod ledger_key;
mod level;
mod manifest;
mod permission;
mod plugin;
mod setting;
mod table_name;
mod version;

pub use catalog::{Alteration, Catalog, CatalogError, ComponentFile};
pub use checksum::{Checksum, ParseChecksumError};
pub use dialect::{Dialect, ParseDialectError};
pub use foreign_keys::ForeignKeys;
pub use former_tool::FormerTool;
pub use id::{AlterationId, ParseIdError, Stamp};
pub use ledger_key::LedgerKey;
pub use level::Level;
pub use manifest::{
    Declaration, DeclaredHooks, MANIFEST_BYTES_MAX, MANIFEST_SECTION, Manifest, ManifestError,
    Requirements,
};
pub use permission::{ExtensionName, ParsePermissionError, Permission, Permissions};
pub use plugin::{ParsePluginError, PluginName};
pub use setting::{
    Handed, ParseSettingNameError, SettingName, SettingNames, SettingValue, SettingValueError,
};
pub use table_name::{ParseTableError, TableName, TableOwner};
pub use version::{ParseVersionError, Version};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The way an alteration is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// It is applied.
    Up,
    /// It is taken back.
    Down,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An alteration's identity: everything the runner records is keyed by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct AlterationKey {
    /// The plugin's name.
    pub plugin: PluginName,
    /// The alteration's id.
    pub id: AlterationId,
}

impl fmt::Display for AlterationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plugin, self.id)
    }
}
