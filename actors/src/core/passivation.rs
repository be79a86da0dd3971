//! Which conversations stay resident: the ones touched last, up to a cap, and none that nobody has touched for long.

use crate::session::Millis;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Residents in the order in which they were last touched.
#[derive(Debug)]
pub struct Residents<K> {
    cap: usize,
    idle: Millis,
    ticket: u64,
    tickets: HashMap<K, u64>,
    order: BTreeMap<u64, (K, Millis)>,
}

impl<K: Hash + Eq + Clone> Residents<K> {
    /// At most `cap` (at least one) residents, each for at most `idle` milliseconds without a touch.
    pub fn new(cap: usize, idle: Millis) -> Self {
        Self { cap: cap.max(1), idle, ticket: 0, tickets: HashMap::new(), order: BTreeMap::new() }
    }

    /// Notes that `key` is used at `now`, and returns whom that pushes out.
    pub fn touch(&mut self, key: &K, now: Millis) -> Option<K> {
        self.forget(key);
        self.ticket += 1;
        self.tickets.insert(key.clone(), self.ticket);
        self.order.insert(self.ticket, (key.clone(), now));
        if self.tickets.len() > self.cap { self.oldest() } else { None }
    }

    /// Whom nobody has touched for too long, at most `limit`.
    pub fn idle(&mut self, now: Millis, limit: usize) -> Vec<K> {
        let mut out = Vec::new();
        while out.len() < limit {
            match self.order.first_key_value() {
                Some((_, (_, touched))) if now.saturating_sub(*touched) >= self.idle => {
                    out.extend(self.oldest());
                }
                _ => break,
            }
        }
        out
    }

    /// Takes `key` out.
    pub fn forget(&mut self, key: &K) {
        if let Some(ticket) = self.tickets.remove(key) {
            self.order.remove(&ticket);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    fn oldest(&mut self) -> Option<K> {
        let (_, (key, _)) = self.order.pop_first()?;
        self.tickets.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_least_recently_touched_goes_first() {
        let mut residents = Residents::new(2, 100);
        assert_eq!(residents.touch(&'a', 0), None);
        assert_eq!(residents.touch(&'b', 1), None);
        assert_eq!(residents.touch(&'a', 2), None);
        assert_eq!(residents.touch(&'c', 3), Some('b'));
        assert_eq!(residents.idle(102, 10), vec!['a']);
        assert_eq!(residents.len(), 1);
    }

    proptest! {
        #[test]
        fn never_more_than_the_cap(cap in 1usize..5, touches in proptest::collection::vec(0u8..10, 0..50)) {
            let mut residents = Residents::new(cap, 1);
            let mut model: Vec<u8> = Vec::new();
            for key in touches {
                model.retain(|other| *other != key);
                model.push(key);
                let expected = (model.len() > cap).then(|| model.remove(0));
                prop_assert_eq!(residents.touch(&key, 0), expected);
                prop_assert_eq!(residents.len(), model.len());
            }
        }
    }
}
