//! What all parts of a running engine share.

use crate::clock::Clock;
use crate::committer::{Committer, Load};
use crate::core::fold::{Folded, guarded};
use crate::core::ledger::{fold_from, records};
use crate::core::tx::StoreError;
use crate::journal::Journal;
use crate::options::Options;
use crate::session::{ConversationId, Millis, Performer, Session};
use crate::snapshot::Snapshots;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;
use tokio::sync::broadcast;

pub(crate) struct Shared<S: Session> {
    pub(crate) options: Options,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) snapshots: Snapshots,
    pub(crate) session: RwLock<Arc<S>>,
    pub(crate) performer: Arc<dyn Performer<S>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) committer: Committer<S>,
    pub(crate) load: Arc<Load>,
    pub(crate) counts: Counts,
    pub(crate) touched: broadcast::Sender<ConversationId>,
    pub(crate) stopping: AtomicBool,
    pub(crate) begun: Instant,
    pub(crate) start: u64,
}

/// Figures for [`Stats`](crate::engine::Stats).
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) resident: AtomicI64,
    pub(crate) accepted: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) turns: AtomicU64,
    pub(crate) parked: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) unreadable: AtomicU64,
}

impl<S: Session> Shared<S> {
    /// The session for a turn that begins now.
    pub(crate) fn session(&self) -> Arc<S> {
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner);
        session.clone()
    }

    /// Milliseconds since the engine began; no clock moves them.
    pub(crate) fn monotonic(&self) -> Millis {
        Millis::try_from(self.begun.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// The state of a conversation as of its newest commit: the snapshot and what came after it, or the whole journal if
    /// the snapshot does not fit.
    pub(crate) fn load(&self, id: &ConversationId) -> Result<Folded<S>, StoreError> {
        let fold = |from: Folded<S>| guarded(|| id.to_string(), || fold_from(&*self.journal, id, from));
        if let Some(snapshot) = self.snapshots.get::<S>(id) {
            match self.stands(id, &snapshot).and_then(|()| fold(snapshot)) {
                Ok(folded) => return Ok(folded),
                Err(StoreError::Corrupt { why, .. }) => {
                    tracing::warn!(%why, "a snapshot does not fit its journal and is ignored");
                    metrics::counter!(crate::metrics::SNAPSHOTS_UNREADABLE).increment(1);
                    self.snapshots.remove(id);
                }
                Err(error) => return Err(error),
            }
        }
        fold(Folded::default())
    }

    /// Whether the record that a snapshot reaches to is in the journal and belongs to the same state: a journal restored
    /// from a backup may be older than the snapshots beside it.
    fn stands(&self, id: &ConversationId, snapshot: &Folded<S>) -> Result<(), StoreError> {
        let place = || format!("the snapshot of {id}");
        match records::<S>(&*self.journal, id, snapshot.base, 1)?.pop() {
            Some((seq, record)) if seq == snapshot.base => snapshot.stands_on(&record, place),
            _ => Err(StoreError::Corrupt {
                place: place(),
                why: format!("record {} is not in the journal", snapshot.base),
            }),
        }
    }
}
