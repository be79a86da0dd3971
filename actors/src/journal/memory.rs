//! A journal in memory, for tests and the simulation. It outlives the engine that used it, as a disk would.

use super::Journal;
use crate::core::tx::{Batch, Range, Reader, Row, Space, StoreError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// See the module.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    spaces: RwLock<BTreeMap<Space, Rows>>,
    fail: AtomicBool,
    poisoned: AtomicBool,
    commits: AtomicU64,
}

impl MemoryJournal {
    /// Lets the next commit fail, as a failed sync would.
    pub fn fail_next(&self) {
        self.fail.store(true, Ordering::SeqCst);
    }

    /// What a restart of the process does to a poisoned journal.
    pub fn reopen(&self) {
        self.fail.store(false, Ordering::SeqCst);
        self.poisoned.store(false, Ordering::SeqCst);
    }

    /// Batches committed so far.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }
}

impl Reader for MemoryJournal {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let spaces = self.spaces.read().unwrap_or_else(PoisonError::into_inner);
        Ok(spaces.get(&space).and_then(|rows| rows.get(key)).cloned())
    }

    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        if range.to.as_ref().is_some_and(|to| *to <= range.from) {
            return Ok(Vec::new());
        }
        let spaces = self.spaces.read().unwrap_or_else(PoisonError::into_inner);
        let Some(rows) = spaces.get(&space) else {
            return Ok(Vec::new());
        };
        let found = match &range.to {
            Some(to) => rows.range(range.from.clone()..to.clone()),
            None => rows.range(range.from.clone()..),
        };
        let own = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(if reverse {
            found.rev().take(limit).map(own).collect()
        } else {
            found.take(limit).map(own).collect()
        })
    }
}

impl Journal for MemoryJournal {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.poisoned.load(Ordering::SeqCst) {
            return Err(StoreError::Poisoned);
        }
        if self.fail.swap(false, Ordering::SeqCst) {
            self.poisoned.store(true, Ordering::SeqCst);
            return Err(StoreError::Io { what: "sync", why: "told to fail".to_owned() });
        }
        let mut spaces = self.spaces.write().unwrap_or_else(PoisonError::into_inner);
        for (space, key, value) in batch.into_cells() {
            let rows = spaces.entry(space).or_default();
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn disk_space(&self) -> u64 {
        let spaces = self.spaces.read().unwrap_or_else(PoisonError::into_inner);
        let rows = spaces.values().flatten();
        rows.map(|(key, value)| (key.len() + value.len()) as u64).sum()
    }

    fn freeze(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        let spaces = self.spaces.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Box::new(Self { spaces: RwLock::new(spaces), ..Self::default() }))
    }
}
