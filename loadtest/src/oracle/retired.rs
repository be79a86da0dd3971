//! Which of a customer's messages are done with: a mark below which all are, and the few above it.

use std::collections::BTreeSet;

/// A set of numbers that fills from below.
#[derive(Debug, Default)]
pub(super) struct Retired {
    below: u32,
    above: BTreeSet<u32>,
}

impl Retired {
    pub(super) fn insert(&mut self, number: u32) {
        if number >= self.below {
            self.above.insert(number);
        }
        while self.above.remove(&self.below) {
            self.below += 1;
        }
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        number < self.below || self.above.contains(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_put_in_and_stays_small() {
        let mut retired = Retired::default();
        for number in [3, 1, 0, 5] {
            retired.insert(number);
        }
        let held: Vec<_> = (0..8).filter(|number| retired.contains(*number)).collect();
        assert_eq!(held, [0, 1, 3, 5]);
        retired.insert(2);
        retired.insert(4);
        assert_eq!((retired.below, retired.above.len()), (6, 0));
    }
}
