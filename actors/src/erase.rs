//! Removing everything of a person while no engine runs; a running one does it by its [handle](crate::engine::EngineHandle::erase).

pub use crate::core::ledger::{Erased, NotErased};

use crate::core::ledger::{Ledger, Output};
use crate::core::tx::{StoreError, Tx};
use crate::ids;
use crate::journal::{Journal, fjall::FjallJournal};
use crate::options::Options;
use crate::session::{ConversationId, Millis, Session};
use crate::snapshot::{SnapshotStore, sled};
use std::time::Duration;

/// Removes everything of the person whose conversation this is from the stores in `options.data_dir`.
///
/// # Errors
/// [`StoreError::Locked`] while an engine runs, and what the stores say.
pub fn at_rest<S: Session>(
    options: &Options,
    id: &ConversationId,
    now: Millis,
) -> Result<Result<Erased, NotErased>, StoreError> {
    let journal = FjallJournal::open(&options.data_dir.join("journal"), Duration::ZERO)?;
    // This is no start of the engine: what opening notes about one is not committed.
    let mut ledger = Ledger::<S>::open(&mut Tx::new(&journal), now)?;
    let mut tx = Tx::new(&journal);
    let erased = match ledger.erase(&mut tx, &mut Output::default(), id.person)? {
        Ok(erased) => erased,
        Err(under_way) => return Ok(Err(under_way)),
    };
    journal.commit(tx.into_batch())?;
    let folder = options.data_dir.join("snapshots");
    if folder.exists() {
        let snapshots = sled::SledSnapshots::open(&folder, Duration::ZERO, sled::Roll::default())?;
        for id in &erased.conversations {
            snapshots.remove(&ids::conversation_key(id))?;
        }
        snapshots.maintain()?;
    }
    Ok(Ok(erased))
}
