//! Whom the names in a webhook led to lately. Nearly every message comes under names that were seen before and have not changed;
//! finding their person costs the store four reads.

use super::recent::Recent;
use crate::accept::Alias;
use crate::session::PersonId;
use std::hash::{BuildHasher, RandomState};

/// How many are remembered, twice over: 32 bytes each.
const LIMIT: usize = 50_000;

/// Names stand here as a digest of 128 bits under keys that nobody outside knows.
type Digest = (u64, u64);

/// See the module.
#[derive(Debug)]
pub(super) struct Acquainted {
    keys: (RandomState, RandomState),
    people: Recent<Digest, PersonId>,
}

impl Default for Acquainted {
    fn default() -> Self {
        Self { keys: Default::default(), people: Recent::new(LIMIT) }
    }
}

impl Acquainted {
    /// Whose these names were when they were [met](Self::meet).
    pub(super) fn whose(&mut self, aliases: &[Alias]) -> Option<PersonId> {
        self.people.get(&self.digest(aliases))
    }

    /// All these names are the person's, and each that can leads to them.
    pub(super) fn meet(&mut self, aliases: &[Alias], person: PersonId) {
        self.people.put(&self.digest(aliases), person);
    }

    /// Somebody's names have changed.
    pub(super) fn forget_all(&mut self) {
        self.people.clear();
    }

    fn digest(&self, aliases: &[Alias]) -> Digest {
        (self.keys.0.hash_one(aliases), self.keys.1.hash_one(aliases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_come_again_are_remembered_and_all_are_few() {
        let mut acquainted = Acquainted::default();
        let names = |n: usize| [Alias::Phone(n.to_string()), Alias::UserId(format!("IN.{n}"))];
        for n in 0..5 * LIMIT {
            acquainted.meet(&names(n), PersonId(n as u64));
            assert_eq!(acquainted.whose(&names(0)), Some(PersonId(0)), "{n}");
        }
        assert!(acquainted.people.len() <= 2 * LIMIT);
        assert_eq!(acquainted.whose(&names(1)), None);
        assert_eq!(acquainted.whose(&names(0)[..1]), None, "other names");
        acquainted.forget_all();
        assert_eq!(acquainted.whose(&names(0)), None);
    }
}
