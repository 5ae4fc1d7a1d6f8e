//! Recurses without end. The stack limit ends it as a trap, without harm to the host.

use runner_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    Err(format!("the stack has no end: {}", deeper(1)).into())
}

/// The array is used after the call, so that the call is no tail call.
#[inline(never)]
#[expect(unconditional_recursion, reason = "it is what this guest tries")]
fn deeper(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 16]);
    deeper(depth + 1) + std::hint::black_box(frame)[3]
}
