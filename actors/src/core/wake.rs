//! What a conversation knows when it wakes: its snapshot and what came after it, or its whole journal.

use crate::core::fold::{Folded, guarded};
use crate::core::ledger::{fold_from, records};
use crate::core::tx::{Reader, StoreError};
use crate::record::Record;
use crate::session::{ConversationId, Session};
use derive_where::derive_where;

/// A conversation's state as of its newest commit.
#[derive_where(Debug, Clone)]
pub struct Woken<S: Session> {
    /// The state.
    pub folded: Folded<S>,
    /// Why the snapshot was not believed, if there was one and it was not.
    pub distrust: Option<String>,
    /// The snapshot is to be forgotten: it was not believed, or retention has been here since.
    pub forget: bool,
}

/// Loads a conversation. A snapshot is only a way to read less: one that does not fit the journal is ignored, and the
/// caller forgets it.
pub fn wake<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    snapshot: Option<Folded<S>>,
) -> Result<Woken<S>, StoreError> {
    let fold = |from: Folded<S>| guarded(|| id.to_string(), || fold_from(reader, id, from));
    let woken = |folded, distrust: Option<String>, forget| Ok(Woken { folded, distrust, forget });
    let Some(snapshot) = snapshot else {
        return woken(fold(Folded::default())?, None, false);
    };
    let folded = match stands(reader, id, &snapshot) {
        Ok(true) => fold(snapshot),
        Ok(false) => return woken(fold(Folded::default())?, None, true),
        Err(error) => Err(error),
    };
    match folded {
        Ok(folded) => woken(folded, None, false),
        Err(StoreError::Corrupt { why, .. }) => woken(fold(Folded::default())?, Some(why), true),
        Err(error) => Err(error),
    }
}

/// Whether the record that a snapshot reaches to is in the journal and belongs to the same state: a journal restored
/// from a backup may be older than the snapshots beside it. `false`: retention has put a checkpoint there or behind it, and there
/// is nothing wrong with either.
fn stands<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    snapshot: &Folded<S>,
) -> Result<bool, StoreError> {
    let place = || format!("the snapshot of {id}");
    match records::<S>(reader, id, snapshot.base, 1)?.pop() {
        Some((seq, Record::Checkpoint(checkpoint)))
            if seq > snapshot.base || checkpoint.state != *snapshot.state =>
        {
            Ok(false)
        }
        Some((seq, record)) if seq == snapshot.base => snapshot.stands_on(&record, place).map(|()| true),
        _ => Err(StoreError::Corrupt {
            place: place(),
            why: format!("record {} is not in the journal", snapshot.base),
        }),
    }
}
