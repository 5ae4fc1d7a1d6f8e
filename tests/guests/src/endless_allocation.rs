//! Allocates without end. The memory limit ends it, without harm to the host.

use alteration_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1u8; 1 << 20]));
    }
}
