//! Fast, seedless mixing of integers and short strings.
//!
//! Used for feature identities and blocking keys only: nothing here resists an adversary, and all
//! values are the same on every machine, so that they may be written to files.
//! Source: the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
//! generators", OOPSLA 2014).

use std::hash::{BuildHasherDefault, Hasher};

/// Mixes one 64-bit word so that every output bit depends on every input bit.
#[inline]
pub(crate) const fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Combines a running hash with the next word.
#[inline]
pub(crate) const fn combine(state: u64, word: u64) -> u64 {
    mix(state.rotate_left(5) ^ word)
}

/// Hash of a character sequence.
pub(crate) fn chars(text: impl IntoIterator<Item = char>) -> u64 {
    text.into_iter().fold(0x6c69_6e6c, |h, c| combine(h, u64::from(u32::from(c))))
}

/// A [`Hasher`] for keys that are integers or tuples of integers.
#[derive(Default, Clone, Copy)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = combine(self.0, u64::from_le_bytes(word));
        }
    }
    fn write_u32(&mut self, n: u32) {
        self.0 = combine(self.0, u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = combine(self.0, n);
    }
    fn write_usize(&mut self, n: usize) {
        self.0 = combine(self.0, n as u64);
    }
}

/// Map keyed by integers, several times faster than the default hasher.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Mixer>>;

/// Small seeded generator (SplitMix64): shuffles and samples that are the same every time.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Starts at a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let out = mix(self.0);
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        out
    }

    /// A number below `n`, or 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.next_u64()) * n as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_keeps_every_item_and_repeats_for_its_seed() {
        let mut a: Vec<u32> = (0..100).collect();
        let mut b = a.clone();
        Rng::new(7).shuffle(&mut a);
        Rng::new(7).shuffle(&mut b);
        assert_eq!(a, b);
        assert_ne!(a, (0..100).collect::<Vec<_>>());
        a.sort_unstable();
        assert_eq!(a, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut rng = Rng::new(1);
        let mut seen = [0_u32; 6];
        for _ in 0..6000 {
            seen[rng.below(6)] += 1;
        }
        assert!(seen.iter().all(|&n| n > 800), "{seen:?}");
    }
}
