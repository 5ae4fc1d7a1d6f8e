//! Randomness and time, for alterations whose manifest declares the permission `entropy`.
//!
//! There is no other source of either in a guest. Without the permission, or when the operator does
//! not grant it, each function here ends the hook.

use crate::raw;

/// Cryptographically secure random bytes.
pub fn random_bytes(length: u32) -> Vec<u8> {
    raw::entropy::random_bytes(length)
}

/// The time at which the hook started, in milliseconds since 1970; it does not advance while the
/// hook runs.
pub fn now_ms() -> u64 {
    raw::entropy::now_ms()
}
