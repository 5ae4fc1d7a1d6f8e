//! Logs a million lines. It succeeds, and what is kept and shown stays bounded.

use alteration_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    for _ in 0..1_000_000 {
        log::log(log::Level::Warn, "a line of the flood");
    }
    Ok(())
}
