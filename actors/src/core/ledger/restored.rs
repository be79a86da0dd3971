//! What a journal made from a backup must know: the engine that the backup was taken of may have gone on, and everything
//! that it told others since then must not be taken for something else.

use super::{CLEAN, FLOOR, PERSON, START, read_u64};
use crate::core::tx::{Batch, Reader, Space, StoreError};
use crate::session::Millis;

/// Sequence numbers left out after a restore: more than a conversation can have gone on by between backup and loss.
const LEAP: u64 = 1 << 20;

/// Prepares the numbers of a restored store; returns the start that the backup was taken in. Idempotency keys are made of
/// person and sequence number, and backends remember them: numbers given after the backup must not be given again to
/// something else. `newest` is the highest sequence number of any conversation.
pub fn restored(reader: &dyn Reader, batch: &mut Batch, newest: u64, now: Millis) -> Result<u64, StoreError> {
    let person = read_u64(reader, PERSON)?.unwrap_or(1);
    let unused = u64::try_from(now).unwrap_or(0).max(person);
    batch.put(Space::Meta, PERSON.to_vec(), unused.to_be_bytes().to_vec());
    batch.put(Space::Meta, FLOOR.to_vec(), newest.saturating_add(LEAP).to_be_bytes().to_vec());
    // Whether the engine stopped in order after the backup is not known.
    batch.remove(Space::Meta, CLEAN.to_vec());
    Ok(read_u64(reader, START)?.unwrap_or(0))
}
