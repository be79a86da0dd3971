//! The journal on fjall: one keyspace a space, one write batch a commit, synced before it becomes visible.

use super::Journal;
use crate::core::tx::{Batch, Range, Reader, Row, Space, StoreError};
use crate::failpoints;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// fjall's write-ahead log may grow to this before memtables are flushed; its own 512 MiB would make start-up replay
/// half a gigabyte.
const MAX_JOURNALING: u64 = 128 * 1024 * 1024;
/// Flushes and compactions. Never one alone: fjall 3.1's workers send each other orders through a queue of a thousand, so that
/// one that is busy compacting while writers fill the queue then waits for itself for ever, nothing is flushed any more and
/// memory grows with every message. The first of several only flushes and hands compactions back to the queue, at once and
/// again, as long as no other takes them: with two it span while the second compacted, a twentieth of the engine's time. A
/// third takes what is waiting, which mostly comes to nothing.
const WORKERS: usize = 3;
const _: () = assert!(WORKERS > 1, "a single worker of fjall's can wait for itself");
/// Blocks read. Conversations live on what is in memory; this is for waking them and for walking through due rows.
const CACHE: u64 = 16 * 1024 * 1024;
/// Of the space of records. What a live conversation has in memtables counts as its memory: with 16 MiB, 50,000 of them took
/// 33 MiB more.
const MEMTABLE: u64 = 8 * 1024 * 1024;
/// Of each other space: rows of a hundred bytes, many of them removed again soon.
const SMALL_MEMTABLE: u64 = 2 * 1024 * 1024;

/// See the module.
pub struct FjallJournal {
    database: Database,
    spaces: Vec<Keyspace>,
    poisoned: AtomicBool,
}

impl FjallJournal {
    /// Opens or creates the journal in a folder. Waits up to `lock_wait` for a process that still has it open.
    pub fn open(path: &Path, lock_wait: Duration) -> Result<Self, StoreError> {
        let deadline = Instant::now() + lock_wait;
        let database = loop {
            let opened = Database::builder(path)
                .cache_size(CACHE)
                .max_journaling_size(MAX_JOURNALING)
                .manual_journal_persist(true)
                .worker_threads(WORKERS)
                .open();
            match opened {
                Ok(database) => break database,
                Err(fjall::Error::Locked) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(fjall::Error::Locked) => {
                    return Err(StoreError::Locked { path: path.display().to_string() });
                }
                Err(error) => return Err(io("open", &error)),
            }
        };
        let spaces = Space::ALL
            .iter()
            .map(|space| {
                let size = if *space == Space::Events { MEMTABLE } else { SMALL_MEMTABLE };
                let options =
                    || KeyspaceCreateOptions::default().max_memtable_size(size).manual_journal_persist(true);
                database.keyspace(space.name(), options)
            })
            .collect::<Result<_, _>>()
            .map_err(|error| io("open", &error))?;
        Ok(Self { database, spaces, poisoned: AtomicBool::new(false) })
    }

    fn space(&self, space: Space) -> &Keyspace {
        // `Space::ALL` is in the order of declaration, which is what the cast gives.
        &self.spaces[space as usize]
    }
}

fn io(what: &'static str, error: &fjall::Error) -> StoreError {
    match error {
        fjall::Error::Poisoned => StoreError::Poisoned,
        other => StoreError::Io { what, why: other.to_string() },
    }
}

/// What reading needs, of the store itself and of a view of it.
trait Source {
    fn value(&self, space: Space, key: &[u8]) -> fjall::Result<Option<fjall::UserValue>>;
    fn rows(&self, space: Space, from: Bound<&[u8]>, to: Bound<&[u8]>) -> fjall::Iter;
}

impl Source for FjallJournal {
    fn value(&self, space: Space, key: &[u8]) -> fjall::Result<Option<fjall::UserValue>> {
        self.space(space).get(key)
    }
    fn rows(&self, space: Space, from: Bound<&[u8]>, to: Bound<&[u8]>) -> fjall::Iter {
        self.space(space).range::<&[u8], _>((from, to))
    }
}

/// The journal as of one commit. Old data stays on disk for as long as it lives.
struct View {
    snapshot: Snapshot,
    spaces: Vec<Keyspace>,
}

impl Source for View {
    fn value(&self, space: Space, key: &[u8]) -> fjall::Result<Option<fjall::UserValue>> {
        self.snapshot.get(&self.spaces[space as usize], key)
    }
    fn rows(&self, space: Space, from: Bound<&[u8]>, to: Bound<&[u8]>) -> fjall::Iter {
        self.snapshot.range::<&[u8], _>(&self.spaces[space as usize], (from, to))
    }
}

fn get(source: &impl Source, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let value = source.value(space, key).map_err(|error| io("read", &error))?;
    Ok(value.map(|value| value.to_vec()))
}

fn scan(
    source: &impl Source,
    space: Space,
    range: &Range,
    reverse: bool,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    if limit == 0 || range.to.as_ref().is_some_and(|to| *to <= range.from) {
        return Ok(Vec::new());
    }
    let to = match &range.to {
        Some(to) => Bound::Excluded(to.as_slice()),
        None => Bound::Unbounded,
    };
    let found = source.rows(space, Bound::Included(range.from.as_slice()), to);
    let own = |guard: fjall::Guard| {
        let (key, value) = guard.into_inner().map_err(|error| io("read", &error))?;
        Ok((key.to_vec(), value.to_vec()))
    };
    if reverse { found.rev().take(limit).map(own).collect() } else { found.take(limit).map(own).collect() }
}

impl Reader for FjallJournal {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(self, space, key)
    }
    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        scan(self, space, range, reverse, limit)
    }
}

impl Reader for View {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(self, space, key)
    }
    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        scan(self, space, range, reverse, limit)
    }
}

impl Journal for FjallJournal {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.poisoned.load(Ordering::SeqCst) {
            return Err(StoreError::Poisoned);
        }
        // Durability is part of the batch: committing first and persisting later would show readers what may be lost.
        let mut writes = self.database.batch().durability(Some(PersistMode::SyncData));
        for (space, key, value) in batch.into_cells() {
            match value {
                Some(value) => writes.insert(self.space(space), key, value),
                None => writes.remove(self.space(space), key),
            }
        }
        let committed = match failpoints::hit(failpoints::SYNC_ERROR) {
            Ok(()) => writes.commit().map_err(|error| io("commit", &error)),
            Err(injected) => Err(StoreError::Io { what: "sync", why: injected.to_string() }),
        };
        if committed.is_err() {
            self.poisoned.store(true, Ordering::SeqCst);
        }
        committed
    }

    fn disk_space(&self) -> u64 {
        self.database.disk_space().unwrap_or(0)
    }

    fn freeze(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        // The committer writes a batch whole before it becomes visible, so that a view never shows half of one.
        Ok(Box::new(View { snapshot: self.database.snapshot(), spaces: self.spaces.clone() }))
    }
}
