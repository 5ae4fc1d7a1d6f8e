//! Asks for random bytes without having declared the permission. The hook fails.

use alteration_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    let bytes = alteration_sdk::entropy::random_bytes(16);
    log::info!("{bytes:?}");
    Ok(())
}
