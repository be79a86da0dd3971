//! Random numbers for training: seeded, the same on every machine. Never used for secrets.

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, passes BigCrush.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }
    /// Uniform in [0, n); 0 for n = 0.
    pub const fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (((self.bits() >> 32) * n as u64) >> 32) as usize }
    }
    /// Roughly normal with variance 1 (sum of uniforms, Irwin–Hall with n = 12).
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_numbers_and_uniform_enough() {
        let (mut a, mut b) = (Random::new(7), Random::new(7));
        let mean = (0..10_000).map(|_| a.unit()).sum::<f32>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02);
        assert_eq!((0..10_000).map(|_| b.unit()).sum::<f32>() / 10_000.0, mean);
        let mut order: Vec<_> = (0..100).collect();
        a.shuffle(&mut order);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
