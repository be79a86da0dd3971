//! The features that training saw, numbered.

use std::collections::HashMap;

/// Hashed feature → row. Rows are in the order of the hashes, so that the numbering does not depend on that of the data.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    names: Vec<u64>,
    rows: HashMap<u64, u32, Identity>,
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

    /// From names in the order of their rows.
    pub fn from_names(names: Vec<u64>) -> Self {
        let rows = names.iter().enumerate().map(|(row, &name)| (name, row as u32)).collect();
        Self { names, rows }
    }

    /// Names in the order of their rows.
    pub fn names(&self) -> &[u64] {
        &self.names
    }

    /// Row of a feature, if training saw it.
    pub fn row(&self, feature: u64) -> Option<u32> {
        self.rows.get(&feature).copied()
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
}
