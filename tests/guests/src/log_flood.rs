//! Logs a line of 100 MB and a million more. It succeeds, or fails by a limit; either way what is
//! logged stays bounded.

use runner_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    log::log(log::Level::Warn, &"x".repeat(100_000_000));
    for _ in 0..1_000_000 {
        log::log(log::Level::Warn, "a line of the flood");
    }
    Ok(())
}
