//! What the operator says to this plugin, by names that the manifest declares as `settings`.
//!
//! A value is given with `runner deploy --set VENDOR/NAME:KEY=VALUE` or in `runner.toml`, and is no secret: it
//! is kept in the database until an alteration of several parts has ended.

use crate::raw;

/// The value of the setting `name`; `None` where the operator gave none.
///
/// Ends the hook for a name that the manifest does not declare.
pub fn get(name: &str) -> Option<String> {
    raw::settings::get(name)
}
