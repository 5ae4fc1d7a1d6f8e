//! Asks for random bytes without having declared the permission. The hook fails.

use runner_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    let bytes = runner_sdk::entropy::random_bytes(16);
    log::info!("{bytes:?}");
    Ok(())
}
