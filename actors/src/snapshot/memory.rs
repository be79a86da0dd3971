//! Snapshots in memory, for tests.

use super::SnapshotStore;
use crate::core::tx::StoreError;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Debug, Default)]
pub struct MemorySnapshots(Mutex<HashMap<Vec<u8>, Vec<u8>>>);

impl MemorySnapshots {
    fn rows(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SnapshotStore for MemorySnapshots {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().get(key).cloned())
    }
    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.rows().insert(key.to_vec(), value.to_vec());
        Ok(())
    }
    fn remove(&self, key: &[u8]) -> Result<(), StoreError> {
        self.rows().remove(key);
        Ok(())
    }
    fn maintain(&self) -> Result<(), StoreError> {
        Ok(())
    }
    fn space(&self) -> (u64, u64) {
        let rows = self.rows();
        let bytes = rows.iter().map(|(k, v)| (k.len() + v.len()) as u64).sum();
        (bytes, bytes)
    }
}
