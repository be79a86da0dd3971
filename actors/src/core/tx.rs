//! What the ledger reads and writes: named spaces of ordered rows, seen through the writes that are not yet committed.

use std::collections::BTreeMap;
use std::ops::Bound;

/// One ordered map of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Conversation and sequence → record: the truth.
    Events,
    /// Conversation and sequence → tries, of what is accepted and not yet handled.
    Pending,
    /// Conversation, turn and step → durable effect that is not settled.
    Outbox,
    /// Deduplication key → time.
    Dedup,
    /// Names of persons, persons and their names, merged persons.
    Aliases,
    /// Due time, conversation and name → nothing.
    Timers,
    /// Conversation and name → due time.
    TimerNames,
    /// Conversation, turn and step → how far it was delivered.
    Deliveries,
    /// The provider's id → conversation, turn and step, or a report that came too early.
    External,
    /// Table, sort key and conversation → row of a side table.
    Views,
    /// Time and counter → what is kept and never handled.
    Kept,
    /// Start number, next person, last clean stop.
    Meta,
}

impl Space {
    /// All of them.
    pub const ALL: [Space; 12] = [
        Space::Events,
        Space::Pending,
        Space::Outbox,
        Space::Dedup,
        Space::Aliases,
        Space::Timers,
        Space::TimerNames,
        Space::Deliveries,
        Space::External,
        Space::Views,
        Space::Kept,
        Space::Meta,
    ];

    /// Its name on disk.
    pub fn name(self) -> &'static str {
        match self {
            Space::Events => "events",
            Space::Pending => "pending",
            Space::Outbox => "outbox",
            Space::Dedup => "dedup",
            Space::Aliases => "aliases",
            Space::Timers => "timers",
            Space::TimerNames => "timer_names",
            Space::Deliveries => "deliveries",
            Space::External => "external",
            Space::Views => "views",
            Space::Kept => "kept",
            Space::Meta => "meta",
        }
    }
}

/// What went wrong in or under the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk or the store said no.
    #[error("CHARLA-E3020: the journal cannot {what}: {why}; check disk space and the device, then restart")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the store says.
        why: String,
    },
    /// Bytes that cannot be what was written.
    #[error("CHARLA-E3021: {place} is damaged: {why}; restore it from a backup")]
    Corrupt {
        /// Which row.
        place: String,
        /// What does not fit.
        why: String,
    },
    /// An earlier write failed; what is on disk is not known any more.
    #[error("CHARLA-E3022: the journal failed earlier and takes nothing more; restart the process")]
    Poisoned,
    /// Another process has it open.
    #[error("CHARLA-E3023: {path} is in use by another process; stop it first")]
    Locked {
        /// The folder.
        path: String,
    },
}

/// Key and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Both ends of a range, as maps take them.
type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Keys from `from` (inclusive) to `to` (exclusive; `None`: to the end).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// First key.
    pub from: Vec<u8>,
    /// First key no longer in the range.
    pub to: Option<Vec<u8>>,
}

impl Range {
    /// All keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { from: prefix.to_vec(), to: successor(prefix) }
    }

    /// All keys.
    pub fn all() -> Self {
        Self { from: Vec::new(), to: None }
    }

    /// The same range without `key` and what is before it.
    pub fn after(mut self, key: &[u8]) -> Self {
        let mut from = key.to_vec();
        from.push(0);
        self.from = self.from.max(from);
        self
    }

    /// As bounds of a `BTreeMap` over keys; `None` if nothing can be in it.
    fn bounds(&self) -> Option<Bounds<'_>> {
        if self.to.as_ref().is_some_and(|to| *to <= self.from) {
            return None;
        }
        let to = self.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        Some((Bound::Included(self.from.as_slice()), to))
    }
}

/// The smallest key greater than all keys with this prefix.
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if last < u8::MAX {
            next.push(last + 1);
            return Some(next);
        }
    }
    None
}

/// Reads committed rows.
pub trait Reader {
    /// The value of a key.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// At most `limit` rows of a range, ascending, or descending if `reverse`.
    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError>;
}

/// Looks at all rows of a space in order, a page at a time.
pub fn each<E: From<StoreError>>(
    reader: &dyn Reader,
    space: Space,
    mut look: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    const PAGE: usize = 256;
    let mut range = Range::all();
    loop {
        let page = reader.scan(space, &range, false, PAGE)?;
        for (key, value) in &page {
            look(key, value)?;
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => range = range.after(key),
            _ => return Ok(()),
        }
    }
}

/// A row's value; `None` removes it.
type Write = Option<Vec<u8>>;

/// A row that was written, and the write that was there before.
type Replaced = (Space, Vec<u8>, Option<Write>);

/// Writes that are committed all together or not at all. One value per key: the last one wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In the order of [`Space::ALL`]; `None` removes. Apart, so that a row can be looked for without a copy of its key.
    cells: [BTreeMap<Vec<u8>, Write>; Space::ALL.len()],
}

impl Batch {
    /// Sets a row.
    pub fn put(&mut self, space: Space, key: Vec<u8>, value: Vec<u8>) {
        self.set(space, key, Some(value));
    }
    /// Removes a row.
    pub fn remove(&mut self, space: Space, key: Vec<u8>) {
        self.set(space, key, None);
    }
    /// Returns the write that this one replaces.
    fn set(&mut self, space: Space, key: Vec<u8>, write: Write) -> Option<Write> {
        self.cells[space as usize].insert(key, write)
    }
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.cells.iter().all(BTreeMap::is_empty)
    }
    /// Number of rows written or removed.
    pub fn len(&self) -> usize {
        self.cells.iter().map(BTreeMap::len).sum()
    }
    /// The writes; `None` removes.
    pub fn into_cells(self) -> impl Iterator<Item = (Space, Vec<u8>, Option<Vec<u8>>)> {
        let of = |(space, cells): (Space, BTreeMap<_, _>)| {
            cells.into_iter().map(move |(key, value)| (space, key, value))
        };
        Space::ALL.into_iter().zip(self.cells).flat_map(of)
    }
}

/// Reads through the writes of a batch that is being put together.
pub struct Tx<'a> {
    reader: &'a dyn Reader,
    batch: Batch,
    /// The writes since the last [`mark`](Self::mark), each with the one it replaced; `None` before the first one.
    since: Option<Vec<Replaced>>,
}

impl<'a> Tx<'a> {
    /// An empty one.
    pub fn new(reader: &'a dyn Reader) -> Self {
        Self { reader, batch: Batch::default(), since: None }
    }
    /// Sets a row.
    pub fn put(&mut self, space: Space, key: Vec<u8>, value: Vec<u8>) {
        self.set(space, key, Some(value));
    }
    /// Removes a row.
    pub fn remove(&mut self, space: Space, key: Vec<u8>) {
        self.set(space, key, None);
    }
    fn set(&mut self, space: Space, key: Vec<u8>, write: Write) {
        match &mut self.since {
            Some(since) => {
                let before = self.batch.set(space, key.clone(), write);
                since.push((space, key, before));
            }
            None => {
                self.batch.set(space, key, write);
            }
        }
    }
    /// What is written from now on can be taken back.
    pub fn mark(&mut self) {
        self.since.get_or_insert_default().clear();
    }
    /// Takes back all that was written since the last [`mark`](Self::mark).
    pub fn back_to_mark(&mut self) {
        for (space, key, before) in self.since.iter_mut().flat_map(|since| since.drain(..).rev()) {
            let cells = &mut self.batch.cells[space as usize];
            match before {
                Some(write) => cells.insert(key, write),
                None => cells.remove(&key),
            };
        }
    }
    /// What is to be committed.
    pub fn into_batch(self) -> Batch {
        self.batch
    }
}

impl Reader for Tx<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.batch.cells[space as usize].get(key) {
            Some(value) => Ok(value.clone()),
            None => self.reader.get(space, key),
        }
    }

    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        let Some(bounds) = range.bounds() else {
            return Ok(Vec::new());
        };
        let over: Vec<_> = self.batch.cells[space as usize].range::<[u8], _>(bounds).collect();
        if over.is_empty() {
            return self.reader.scan(space, range, reverse, limit);
        }
        // Every row below may be hidden by one write above it, so that many more are needed.
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> =
            self.reader.scan(space, range, reverse, limit.saturating_add(over.len()))?.into_iter().collect();
        for (key, value) in over {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(if reverse {
            rows.into_iter().rev().take(limit).collect()
        } else {
            rows.into_iter().take(limit).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Journal, memory::MemoryJournal};
    use proptest::prelude::*;

    #[test]
    fn a_successor_ends_a_prefix() {
        assert_eq!(successor(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(successor(&[1, 255]), Some(vec![2]));
        assert_eq!(successor(&[255]), None);
        assert_eq!(successor(&[]), None);
    }

    #[test]
    fn what_was_written_since_the_mark_is_taken_back() {
        let journal = MemoryJournal::default();
        let mut tx = Tx::new(&journal);
        tx.put(Space::Dedup, vec![1], vec![1]);
        tx.remove(Space::Dedup, vec![2]);
        tx.mark();
        tx.put(Space::Dedup, vec![1], vec![7]);
        tx.put(Space::Dedup, vec![1], vec![8]);
        tx.put(Space::Dedup, vec![2], vec![9]);
        tx.put(Space::Dedup, vec![3], vec![9]);
        tx.back_to_mark();
        let mut before = Batch::default();
        before.put(Space::Dedup, vec![1], vec![1]);
        before.remove(Space::Dedup, vec![2]);
        assert_eq!(tx.into_batch(), before);
    }

    proptest! {
        /// Reading through a batch gives what reading after its commit gives.
        #[test]
        fn reading_through_equals_reading_after(
            below in proptest::collection::vec((0u8..12, any::<u8>()), 0..20),
            above in proptest::collection::vec((0u8..12, proptest::option::of(any::<u8>())), 0..20),
            from in 0u8..12, to in proptest::option::of(0u8..12), reverse: bool, limit in 0usize..8,
        ) {
            let journal = MemoryJournal::default();
            let mut batch = Batch::default();
            for (key, value) in below {
                batch.put(Space::Dedup, vec![key], vec![value]);
            }
            batch.put(Space::Aliases, vec![3], vec![3]);
            journal.commit(batch).unwrap();
            let mut tx = Tx::new(&journal);
            for (key, value) in above {
                match value {
                    Some(value) => tx.put(Space::Dedup, vec![key], vec![value]),
                    None => tx.remove(Space::Dedup, vec![key]),
                }
            }
            let range = Range { from: vec![from], to: to.map(|to| vec![to]) };
            let through = tx.scan(Space::Dedup, &range, reverse, limit).unwrap();
            journal.commit(tx.into_batch()).unwrap();
            prop_assert_eq!(through, journal.scan(Space::Dedup, &range, reverse, limit).unwrap());
        }
    }
}
