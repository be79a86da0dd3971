//! The mistake that only a power loss shows: a journal that hands every batch to the operating system and never syncs it.

use charla_actors::core::tx::{Batch, Range, Reader, Row, Space, StoreError};
use charla_actors::journal::Journal;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;

/// On the same files as the real one, so that the real one can open what is left.
pub struct Unsynced {
    database: Database,
    spaces: Vec<Keyspace>,
}

fn io(error: &fjall::Error) -> StoreError {
    StoreError::Io { what: "unsynced", why: error.to_string() }
}

impl Unsynced {
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let database =
            Database::builder(path).manual_journal_persist(true).open().map_err(|error| io(&error))?;
        let open = |space: &Space| database.keyspace(space.name(), KeyspaceCreateOptions::default);
        let spaces = Space::ALL.iter().map(open).collect::<Result<_, _>>().map_err(|error| io(&error))?;
        Ok(Self { database, spaces })
    }
}

impl Reader for Unsynced {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.spaces[space as usize].get(key).map_err(|error| io(&error))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        if limit == 0 || range.to.as_ref().is_some_and(|to| *to <= range.from) {
            return Ok(Vec::new());
        }
        let space = &self.spaces[space as usize];
        let rows = match &range.to {
            Some(to) => space.range(range.from.clone()..to.clone()),
            None => space.range(range.from.clone()..),
        };
        let own = |guard: fjall::Guard| {
            let (key, value) = guard.into_inner().map_err(|error| io(&error))?;
            Ok((key.to_vec(), value.to_vec()))
        };
        if reverse { rows.rev().take(limit).map(own).collect() } else { rows.take(limit).map(own).collect() }
    }
}

impl Journal for Unsynced {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        // A process may be killed after this and nothing is lost: the page cache has it.
        let mut writes = self.database.batch().durability(Some(PersistMode::Buffer));
        for (space, key, value) in batch.into_cells() {
            let keyspace = &self.spaces[space as usize];
            match value {
                Some(value) => writes.insert(keyspace, key, value),
                None => writes.remove(keyspace, key),
            }
        }
        writes.commit().map_err(|error| io(&error))
    }

    fn disk_space(&self) -> u64 {
        self.database.disk_space().unwrap_or(0)
    }
}
