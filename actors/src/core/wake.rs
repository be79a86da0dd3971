//! What a conversation knows when it wakes: its snapshot and what came after it, or its whole journal.

use crate::core::fold::{Folded, guarded};
use crate::core::ledger::{fold_from, records};
use crate::core::tx::{Reader, StoreError};
use crate::session::{ConversationId, Session};
use derive_where::derive_where;

/// A conversation's state as of its newest commit.
#[derive_where(Debug, Clone)]
pub struct Woken<S: Session> {
    /// The state.
    pub folded: Folded<S>,
    /// Why the snapshot was not believed, if there was one and it was not.
    pub distrust: Option<String>,
}

/// Loads a conversation. A snapshot is only a way to read less: one that does not fit the journal is ignored, and the
/// caller forgets it.
pub fn wake<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    snapshot: Option<Folded<S>>,
) -> Result<Woken<S>, StoreError> {
    let fold = |from: Folded<S>| guarded(|| id.to_string(), || fold_from(reader, id, from));
    let mut distrust = None;
    if let Some(snapshot) = snapshot {
        match stands(reader, id, &snapshot).and_then(|()| fold(snapshot)) {
            Ok(folded) => return Ok(Woken { folded, distrust }),
            Err(StoreError::Corrupt { why, .. }) => distrust = Some(why),
            Err(error) => return Err(error),
        }
    }
    Ok(Woken { folded: fold(Folded::default())?, distrust })
}

/// Whether the record that a snapshot reaches to is in the journal and belongs to the same state: a journal restored
/// from a backup may be older than the snapshots beside it.
fn stands<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    snapshot: &Folded<S>,
) -> Result<(), StoreError> {
    let place = || format!("the snapshot of {id}");
    match records::<S>(reader, id, snapshot.base, 1)?.pop() {
        Some((seq, record)) if seq == snapshot.base => snapshot.stands_on(&record, place),
        _ => Err(StoreError::Corrupt {
            place: place(),
            why: format!("record {} is not in the journal", snapshot.base),
        }),
    }
}
