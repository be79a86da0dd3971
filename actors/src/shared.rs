//! What all parts of a running engine share.

use crate::clock::Clock;
use crate::committer::{Committer, Load};
use crate::core::fold::Folded;
use crate::core::ledger::{Ledger, Output};
use crate::core::tx::{StoreError, Tx};
use crate::core::wake::wake;
use crate::journal::Journal;
use crate::options::Options;
use crate::session::{ConversationId, Millis, Performer, Session};
use crate::snapshot::Snapshots;
use crate::unread::Unread;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, broadcast};

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
    pub(crate) unread: Unread,
    pub(crate) touched: broadcast::Sender<ConversationId>,
    pub(crate) stopping: AtomicBool,
    /// Told once `stopping` is set: whoever pauses goes on.
    pub(crate) hurry: Notify,
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
    pub(crate) slowed: AtomicU64,
}

impl<S: Session> Shared<S> {
    /// Waits, unless the engine is stopping: then nobody new comes for whose sake to wait.
    pub(crate) async fn pause(&self, pause: Duration) {
        // Before the flag is read, so that it hears of all that comes after.
        let hurry = self.hurry.notified();
        if self.stopping.load(Ordering::SeqCst) {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = hurry => {}
        }
    }

    /// Events that wait in the journal of conversations that cannot be read: this start will not handle them.
    pub(crate) async fn unreadable(&self) -> i64 {
        let ids = self.unread.all();
        if ids.is_empty() {
            return 0;
        }
        let count = move |ledger: &mut Ledger<S>, _: &mut Tx<'_>, _: &mut Output<S>| {
            Ok(ids.iter().map(|id| ledger.unhandled(id)).sum::<u64>())
        };
        let count = self.committer.submit(1, count).await.unwrap_or(0);
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// The session for a turn that begins now.
    pub(crate) fn session(&self) -> Arc<S> {
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner);
        session.clone()
    }

    /// Milliseconds since the engine began; no clock moves them.
    pub(crate) fn monotonic(&self) -> Millis {
        Millis::try_from(self.begun.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// The state of a conversation as of its newest commit.
    pub(crate) fn load(&self, id: &ConversationId) -> Result<Folded<S>, StoreError> {
        let woken = wake(&*self.journal, id, self.snapshots.get::<S>(id))?;
        if let Some(why) = woken.distrust {
            tracing::warn!(%why, "a snapshot does not fit its journal and is ignored");
            metrics::counter!(crate::metrics::SNAPSHOTS_UNREADABLE).increment(1);
        }
        if woken.forget {
            self.snapshots.remove(id);
        }
        Ok(woken.folded)
    }
}
