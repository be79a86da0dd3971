//! A disk that may tear the last batch, fail to sync it, be full, or fail to read. It knows what is synced and what is not.
//!
//! fjall frames each batch with a checksum and drops what is torn when it opens (`tests/it/disk.rs` tears real files), so
//! that a torn batch is a lost one; after a failed sync a batch may turn out to be there or not.

use crate::core::tx::{Batch, Range, Reader, Row, Space, StoreError};
use crate::journal::{Journal, memory::MemoryJournal};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What the next commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written and synced.
    Fine,
    /// The append fails: nothing of it is there.
    Full,
    /// The sync fails: nobody knows whether it is there. `kept`: it is.
    Unsynced { kept: bool },
}

type Cell = (Space, Vec<u8>, Option<Vec<u8>>);

/// See the module.
pub(super) struct Disk {
    rows: MemoryJournal,
    fate: Mutex<Fate>,
    /// Commits that returned without having been synced; only a sabotaged journal has any. Newest last, as what undoes them.
    undo: Mutex<Vec<Batch>>,
    /// Reads until the one that fails; below zero: none does.
    reads: AtomicI64,
    failed_a_read: AtomicBool,
    skips_sync: bool,
}

impl Disk {
    pub(super) fn new(skips_sync: bool) -> Self {
        Self {
            rows: MemoryJournal::default(),
            fate: Mutex::new(Fate::Fine),
            undo: Mutex::default(),
            reads: AtomicI64::new(-1),
            failed_a_read: AtomicBool::new(false),
            skips_sync,
        }
    }

    pub(super) fn next(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// One read fails, after so many that do not.
    pub(super) fn fail_a_read(&self, after: usize) {
        self.reads.store(after as i64, Ordering::SeqCst);
    }

    /// Whether the read that was to fail has come; from now on none fails.
    pub(super) fn has_failed_a_read(&self) -> bool {
        self.reads.store(-1, Ordering::SeqCst);
        self.failed_a_read.swap(false, Ordering::SeqCst)
    }

    fn read(&self) -> Result<(), StoreError> {
        let left = self.reads.load(Ordering::SeqCst);
        if left < 0 {
            return Ok(());
        }
        self.reads.store(left - 1, Ordering::SeqCst);
        if left > 0 {
            return Ok(());
        }
        self.failed_a_read.store(true, Ordering::SeqCst);
        Err(StoreError::Io { what: "read", why: "input/output error".to_owned() })
    }

    /// The power goes: what is not synced is gone, newest first.
    pub(super) fn lose_power(&self) {
        let mut undo = self.undo.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(batch) = undo.pop() {
            let _ = self.rows.commit(batch);
        }
    }

    fn undoing(&self, cells: &[Cell]) -> Result<Batch, StoreError> {
        let mut undo = Batch::default();
        for (space, key, _) in cells {
            match self.rows.get(*space, key)? {
                Some(value) => undo.put(*space, key.clone(), value),
                None => undo.remove(*space, key.clone()),
            }
        }
        Ok(undo)
    }
}

impl Reader for Disk {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read()?;
        self.rows.get(space, key)
    }
    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read()?;
        self.rows.scan(space, range, reverse, limit)
    }
}

impl Journal for Disk {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let fate = std::mem::replace(&mut *fate, Fate::Fine);
        let failed = |what, why: &str| Err(StoreError::Io { what, why: why.to_owned() });
        match fate {
            Fate::Full => failed("append", "no space left on device"),
            Fate::Unsynced { kept } => {
                if kept {
                    self.rows.commit(batch)?;
                }
                failed("sync", "input/output error")
            }
            Fate::Fine => {
                let mut undo = self.undo.lock().unwrap_or_else(PoisonError::into_inner);
                if self.skips_sync && undo.len() < 4 {
                    let cells: Vec<Cell> = batch.clone().into_cells().collect();
                    undo.push(self.undoing(&cells)?);
                } else {
                    undo.clear();
                }
                self.rows.commit(batch)
            }
        }
    }

    fn disk_space(&self) -> u64 {
        self.rows.disk_space()
    }
}
