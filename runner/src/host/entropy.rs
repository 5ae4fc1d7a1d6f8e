//! Chance and time for one hook call, fixed before it begins.
//!
//! The host draws nothing while a hook runs: whoever calls it with the same [`Entropy`] again gets
//! the same bytes and the same time. That is what a replay will rest on.

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// What a hook that may ask for it gets as chance and as time.
#[derive(Clone, Copy)]
pub struct Entropy {
    seed: [u8; 32],
    now_ms: u64,
}

impl Entropy {
    /// Draws a seed from the operating system, and takes the time of day.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { seed, now_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX) })
    }

    pub(super) fn source(self) -> EntropySource {
        EntropySource { random: ChaCha20Rng::from_seed(self.seed), now_ms: self.now_ms }
    }
}

impl fmt::Debug for Entropy {
    /// Without the seed: keys may be made of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").field("now_ms", &self.now_ms).finish_non_exhaustive()
    }
}

/// An [`Entropy`] that is being used up.
pub(super) struct EntropySource {
    random: ChaCha20Rng,
    /// Unix time at the start of the hook.
    pub(super) now_ms: u64,
}

impl EntropySource {
    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.random.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_entropy_gives_the_same_bytes_and_another_gives_others() {
        let entropy = Entropy::draw().unwrap();
        let mut first = entropy.source();
        let mut again = entropy.source();
        let bytes = first.bytes(40);
        assert_eq!(bytes, again.bytes(40));
        assert_ne!(bytes, first.bytes(40));
        assert_ne!(bytes, Entropy::draw().unwrap().source().bytes(40));
        assert!(!format!("{entropy:?}").contains("seed"));
    }
}
