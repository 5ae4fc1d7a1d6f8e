//! Draws chance and time for one attempt, before it begins, and gives them out while a hook runs.
//!
//! The host draws nothing while a hook runs: whoever calls it with the same [`Entropy`] again gets
//! the same bytes and the same time. That is what a replay rests on.

pub use alteration_domain::record::Entropy;

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Draws a seed from the operating system, and takes the time of day.
pub fn draw() -> Result<Entropy, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Entropy::new(seed, u64::try_from(now.as_millis()).unwrap_or(u64::MAX)))
}

/// An [`Entropy`] that is being used up.
pub(crate) struct EntropySource {
    random: ChaCha20Rng,
    /// Unix time at the start of the hook.
    pub(crate) now_ms: u64,
}

impl EntropySource {
    pub(crate) fn new(entropy: Entropy) -> Self {
        Self { random: ChaCha20Rng::from_seed(entropy.seed()), now_ms: entropy.now_ms() }
    }

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
        let entropy = draw().unwrap();
        let mut first = EntropySource::new(entropy);
        let mut again = EntropySource::new(entropy);
        let bytes = first.bytes(40);
        assert_eq!(bytes, again.bytes(40));
        assert_ne!(bytes, first.bytes(40));
        assert_ne!(bytes, EntropySource::new(draw().unwrap()).bytes(40));
    }

    #[test]
    fn what_was_kept_gives_the_same_bytes() {
        let entropy = draw().unwrap();
        let kept = Entropy::restore(&entropy.seed_text(), entropy.now_ms()).unwrap();
        let bytes = |entropy: Entropy| EntropySource::new(entropy).bytes(16);
        assert_eq!(bytes(kept.part("up")), bytes(entropy.part("up")));
        assert_ne!(bytes(entropy.part("up")), bytes(entropy.part("step 1")));
    }
}
