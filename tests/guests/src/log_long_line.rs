//! Logs a line of 50 MB. It succeeds, and what is kept and shown stays bounded.

use alteration_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    log::log(log::Level::Warn, &"x".repeat(50_000_000));
    Ok(())
}
