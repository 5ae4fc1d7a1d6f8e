//! Chance and time for one attempt, fixed before it begins.
//!
//! The host draws nothing while a hook runs: whoever calls it with the same [`Entropy`] again gets
//! the same bytes and the same time. That is what a replay rests on.

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use sha2::{Digest, Sha256};
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

    /// What one part of an attempt gets: other bytes for each `part`, the same ones each time.
    pub(crate) fn part(self, part: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(part.as_bytes());
        Self { seed: hash.finalize().into(), now_ms: self.now_ms }
    }

    pub(crate) fn now_ms(self) -> u64 {
        self.now_ms
    }

    /// The seed in hexadecimal digits, to be kept until the attempt has ended.
    pub(crate) fn seed_text(self) -> String {
        self.seed.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What [`Self::seed_text`] and [`Self::now_ms`] told.
    pub(crate) fn restore(seed_text: &str, now_ms: u64) -> Option<Self> {
        let mut seed = [0; 32];
        if seed_text.len() != 2 * seed.len() || !seed_text.is_ascii() {
            return None;
        }
        for (at, byte) in seed.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&seed_text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self { seed, now_ms })
    }

    pub(crate) fn source(self) -> EntropySource {
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
pub(crate) struct EntropySource {
    random: ChaCha20Rng,
    /// Unix time at the start of the hook.
    pub(crate) now_ms: u64,
}

impl EntropySource {
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
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

    #[test]
    fn parts_differ_and_what_was_kept_is_the_same() {
        let entropy = Entropy::draw().unwrap();
        let kept = Entropy::restore(&entropy.seed_text(), entropy.now_ms()).unwrap();
        let bytes = |entropy: Entropy| entropy.source().bytes(16);
        assert_eq!(bytes(kept.part("up")), bytes(entropy.part("up")));
        assert_ne!(bytes(entropy.part("up")), bytes(entropy.part("step 1")));
        assert!(Entropy::restore("00", 0).is_none());
        assert!(Entropy::restore(&"zz".repeat(32), 0).is_none());
    }
}
