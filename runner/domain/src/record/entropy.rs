//! Chance and time of one attempt, as they are kept until it has ended.
//!
//! Draws nothing: see the runner's own `entropy`.

use sha2::{Digest, Sha256};
use std::fmt;

/// What a hook that may ask for it gets as chance and as time. Whoever calls it with the same again gives it the same
/// bytes and the same time: that is what a replay rests on.
#[derive(Clone, Copy)]
pub struct Entropy {
    seed: [u8; 32],
    now_ms: u64,
}

impl Entropy {
    /// `now_ms` is Unix time.
    pub fn new(seed: [u8; 32], now_ms: u64) -> Self {
        Self { seed, now_ms }
    }

    /// Returns what one part of an attempt gets: other bytes for each `part`, the same ones each time.
    pub fn part(self, part: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(part.as_bytes());
        Self { seed: hash.finalize().into(), now_ms: self.now_ms }
    }

    /// Returns what random bytes are made of: a secret, because keys may be among them.
    pub fn seed(self) -> [u8; 32] {
        self.seed
    }

    /// Unix time at the start of the attempt.
    pub fn now_ms(self) -> u64 {
        self.now_ms
    }

    /// The seed in hexadecimal digits, to be kept until the attempt has ended.
    pub fn seed_text(self) -> String {
        self.seed.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`Self::seed_text`] and [`Self::now_ms`] told.
    pub fn restore(seed_text: &str, now_ms: u64) -> Option<Self> {
        let mut seed = [0; 32];
        if seed_text.len() != 2 * seed.len() || !seed_text.is_ascii() {
            return None;
        }
        for (at, byte) in seed.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&seed_text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self { seed, now_ms })
    }
}

impl fmt::Debug for Entropy {
    /// Without the seed: keys may be made of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").field("now_ms", &self.now_ms).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_differ_and_what_was_kept_is_the_same() {
        let entropy = Entropy::new([7; 32], 8);
        let kept = Entropy::restore(&entropy.seed_text(), entropy.now_ms()).unwrap();
        assert_eq!(kept.part("up").seed(), entropy.part("up").seed());
        assert_eq!(kept.now_ms(), 8);
        assert_ne!(entropy.part("up").seed(), entropy.part("step 1").seed());
        assert!(Entropy::restore("00", 0).is_none());
        assert!(Entropy::restore(&"zz".repeat(32), 0).is_none());
        assert!(!format!("{entropy:?}").contains("seed"));
    }
}
