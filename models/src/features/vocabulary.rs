//! The features that training saw, numbered.

use std::collections::HashMap;

/// Hashed feature → row. Rows are in the order of the hashes, so that the numbering does not depend on that of the data, and a
/// hash is found by its first bits: hashes are spread evenly, so that hardly one stands in another's place.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    names: Vec<u64>,
    /// First row of the hashes that begin with each value of their first bits, and the end.
    starts: Vec<u32>,
    /// How far a hash is shifted to have only those bits left.
    shift: u32,
}

/// The keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity(u64);

impl std::hash::BuildHasher for Identity {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl std::hash::Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(b);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

impl Vocabulary {
    /// Keeps the features seen in at least `least` of the lists.
    pub fn count<'a>(lists: impl Iterator<Item = &'a [u64]>, least: u32) -> Self {
        let mut counts: HashMap<u64, u32, Identity> = HashMap::default();
        for list in lists {
            for &feature in list {
                *counts.entry(feature).or_default() += 1;
            }
        }
        let mut names: Vec<u64> = counts.into_iter().filter(|&(_, n)| n >= least).map(|(f, _)| f).collect();
        names.sort_unstable();
        Self::from_names(names)
    }

    /// From names in the order of their rows, which is ascending.
    pub fn from_names(names: Vec<u64>) -> Self {
        // About one hash for each value.
        let bits = names.len().next_power_of_two().trailing_zeros().clamp(1, 31);
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (row, name) in names.iter().enumerate() {
            let place = (name >> shift) as usize;
            starts.resize(starts.len().max(place + 1), row as u32);
        }
        starts.resize((1 << bits) + 1, names.len() as u32);
        Self { names, starts, shift }
    }

    /// Names in the order of their rows.
    pub fn names(&self) -> &[u64] {
        &self.names
    }

    /// Row of a feature, if training saw it.
    pub fn row(&self, feature: u64) -> Option<u32> {
        let place = (feature >> self.shift) as usize;
        let (from, to) = (*self.starts.get(place)?, *self.starts.get(place + 1)?);
        let found = self.names[from as usize..to as usize].binary_search(&feature).ok()?;
        Some(from + found as u32)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_features_are_left_out_and_rows_are_stable() {
        let (a, b): (&[u64], &[u64]) = (&[5, 9], &[9, 1, 5]);
        let v = Vocabulary::count([a, b].into_iter(), 2);
        assert_eq!(v.names(), [5, 9]);
        assert_eq!((v.row(9), v.row(1)), (Some(1), None));
        assert_eq!(Vocabulary::count([b, a].into_iter(), 2).names(), v.names());
    }

    #[test]
    fn every_name_is_found_in_its_row_and_no_other() {
        assert_eq!(Vocabulary::default().row(7), None);
        assert_eq!(Vocabulary::from_names(Vec::new()).row(7), None);
        for n in [1usize, 2, 3, 255, 256, 257, 5000] {
            let mut random = crate::random::Random::new(n as u64);
            let draw = |random: &mut crate::random::Random| {
                u64::from(random.unit().to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            };
            let mut names: Vec<u64> = (0..n).map(|_| draw(&mut random)).chain([0, 1, u64::MAX]).collect();
            names.sort_unstable();
            names.dedup();
            let vocabulary = Vocabulary::from_names(names.clone());
            for (row, &name) in names.iter().enumerate() {
                assert_eq!(vocabulary.row(name), Some(row as u32));
                if !names.contains(&(name ^ 4)) {
                    assert_eq!(vocabulary.row(name ^ 4), None);
                }
            }
        }
    }
}
