//! The journal: the truth. Rows in ordered spaces, committed in atomic, durable batches.

pub mod fjall;
pub mod memory;

use crate::core::tx::{Batch, Reader, StoreError};

/// A store that the runtime can stand on. After a commit has failed nobody knows what is on disk: the journal is poisoned
/// and refuses everything from then on.
pub trait Journal: Reader + Send + Sync + 'static {
    /// Writes the whole batch or nothing of it. When it returns, the batch is on disk.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;
    /// Bytes on disk.
    fn disk_space(&self) -> u64;
    /// All spaces as of one commit, unmoved by later ones: what a backup reads while the engine writes.
    fn freeze(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        Err(StoreError::Io {
            what: "freeze",
            why: "this kind of journal cannot be read as of one commit".to_owned(),
        })
    }
}
