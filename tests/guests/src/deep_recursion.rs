//! Recurses without end. The stack limit ends it, without harm to the host.

use alteration_sdk::prelude::*;
use std::hint::black_box;

pub(crate) fn up(_: &Database) -> Result<()> {
    Err(format!("the stack has an end after {}", deeper(1)).into())
}

/// The callee is hidden from the optimiser, which would make a loop of it. Next to nothing is kept
/// in linear memory, so that the host's stack is the one that ends.
fn deeper(depth: u64) -> u64 {
    let callee: fn(u64) -> u64 = black_box(deeper);
    match depth {
        u64::MAX => depth,
        _ => callee(depth + 1) ^ depth,
    }
}
