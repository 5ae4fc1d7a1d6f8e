//! Never returns, and never calls the host. The time limit ends it.

use alteration_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    let mut rounds = 0u64;
    loop {
        rounds = std::hint::black_box(rounds.wrapping_add(1));
    }
}
