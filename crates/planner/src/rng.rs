//! Seeded randomness (随机源): the same seed gives the same plan on every machine.
//!
//! Source: Blackman & Vigna, xoshiro256++ (2019), seeded by SplitMix64. Not for secrets.
//! Cost: a few additions and rotations per number; 32 bytes of state.

/// A reproducible stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        let mut x = seed;
        let mut next = || {
            x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        Self { state: [next(), next(), next(), next()] }
    }

    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number in `0..n` (0 for `n = 0`), by multiplication, bias below 2⁻³².
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        let wide = (self.bits() >> 32) * (n as u64);
        usize::try_from(wide >> 32).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high - low + 1).unwrap_or(0);
        low + i64::try_from(self.below(span)).unwrap_or(0)
    }

    /// A real number in `0..1`.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A normal deviate (Box–Muller, one of the two).
    pub fn normal(&mut self) -> f64 {
        let u = 1.0 - self.unit();
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// An exponential deviate of mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// A random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn one_seed_is_one_stream_and_draws_stay_inside() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        let mut seen = [0_u32; 5];
        for _ in 0..5_000 {
            assert_eq!(a.bits(), b.bits());
            seen[a.below(5)] += 1;
            b.below(5);
            assert!((0.0..1.0).contains(&a.unit()));
            b.unit();
        }
        assert!(seen.iter().all(|&n| (850..1150).contains(&n)), "{seen:?}");
        assert_ne!(Rng::new(7).bits(), Rng::new(8).bits());
        assert_eq!(a.below(0), 0);
    }

    #[test]
    fn normal_and_exponential_have_their_moments() {
        let mut rng = Rng::new(3);
        let n = 40_000;
        let (mut sum, mut square, mut wait) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let x = rng.normal();
            sum += x;
            square += x * x;
            wait += rng.exponential();
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.02);
        assert!((square / n - 1.0).abs() < 0.03);
        assert!((wait / n - 1.0).abs() < 0.03);
    }
}
