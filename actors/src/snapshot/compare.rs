//! Compares snapshots with what folding the journal gives, bit for bit.

use super::{SnapshotStore, decode, encode};
use crate::core::fold::Folded;
use crate::core::ledger::records;
use crate::core::tx::StoreError;
use crate::ids;
use crate::inspect::Inspector;
use crate::session::{ConversationId, Session};

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Snapshots that equal the fold of their journal up to the record that they name.
    pub equal: u64,
    /// Snapshots older than what the journal still has; harmless, they are not used.
    pub stale: u64,
    /// Snapshots that cannot be read; harmless, they are made again.
    pub unreadable: u64,
    /// Snapshots that say something else than the journal.
    pub differences: Vec<(ConversationId, String)>,
}

const PAGE: usize = 256;

impl<S: Session> Inspector<S> {
    /// Compares the snapshots of all conversations.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn compare(&self, snapshots: &dyn SnapshotStore) -> Result<Comparison, StoreError> {
        let mut found = Comparison::default();
        let mut after = None;
        loop {
            let page = self.conversations(PAGE, after.as_ref())?;
            for id in &page {
                self.compare_one(id, snapshots, &mut found)?;
            }
            if page.len() < PAGE {
                return Ok(found);
            }
            after = page.into_iter().last();
        }
    }

    fn compare_one(
        &self,
        id: &ConversationId,
        snapshots: &dyn SnapshotStore,
        found: &mut Comparison,
    ) -> Result<(), StoreError> {
        let bytes = match snapshots.get(&ids::conversation_key(id)) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(()),
            Err(_) => {
                found.unreadable += 1;
                return Ok(());
            }
        };
        let Ok(snapshot) = decode::<S>(&bytes) else {
            found.unreadable += 1;
            return Ok(());
        };
        let mut folded = Folded::<S>::default();
        let mut from = 0;
        'pages: loop {
            let page = records::<S>(self.journal(), id, from, PAGE)?;
            for (seq, record) in &page {
                if *seq > snapshot.base {
                    break 'pages;
                }
                folded.apply(*seq, record);
                from = seq + 1;
            }
            if page.len() < PAGE {
                break;
            }
        }
        if folded.base == 0 && snapshot.base != 0 {
            found.stale += 1;
        } else if folded.base != snapshot.base {
            found.differences.push((
                id.clone(),
                format!("it reaches to record {}, where the journal has no change of state", snapshot.base),
            ));
        } else if encode(&folded)? == bytes {
            found.equal += 1;
        } else {
            found.differences.push((
                id.clone(),
                format!("it is another state than the journal's after record {}", snapshot.base),
            ));
        }
        Ok(())
    }
}
