//! The handle by which the edge uses a running engine.

use crate::accept::{Alias, Item, Receipt, Refused};
use crate::core::ledger::{Erased, Ledger, NotErased, Output};
use crate::core::tx::{StoreError, Tx};
use crate::credit::Credit;
use crate::inspect::{DeliveryReport, Inspector, ViewRow};
use crate::metrics as names;
use crate::outbox::OutboxMsg;
use crate::record::Record;
use crate::replay::Replay;
use crate::router::RouterMsg;
use crate::session::{ConversationId, Session};
use crate::shared::Shared;
use ractor::ActorRef;
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// So long after a person was erased their snapshots are removed once more: one may have been on its way.
const SNAPSHOTS_LEFT: Duration = Duration::from_secs(1);

/// The parts of a running engine.
pub(crate) struct Parts<S: Session> {
    pub(crate) shared: Arc<Shared<S>>,
    pub(crate) inspector: Inspector<S>,
    pub(crate) routers: Vec<ActorRef<RouterMsg<S>>>,
    pub(crate) outbox: mpsc::UnboundedSender<OutboxMsg<S>>,
    pub(crate) tasks: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl<S: Session> Parts<S> {
    fn abort(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.committer.halt();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        for task in tasks.drain(..) {
            task.abort();
        }
        for router in &self.routers {
            router.get_cell().kill();
        }
        // Whoever pauses would keep the stores open meanwhile.
        self.shared.hurry.notify_waiters();
        self.shared.snapshots.abandon();
    }

    fn join_committer(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl<S: Session> Drop for Parts<S> {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Figures of a running engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The number of this start, from 1.
    pub start: u64,
    /// Conversations with a live actor.
    pub resident: i64,
    /// Items accepted since the start.
    pub accepted: u64,
    /// Duplicates dropped since the start.
    pub duplicates: u64,
    /// Batches refused since the start.
    pub refused: u64,
    /// Turns committed since the start.
    pub turns: u64,
    /// Events put aside since the start.
    pub parked: u64,
    /// Turns that panicked since the start.
    pub panics: u64,
    /// Tries of durable effects that will be repeated, since the start.
    pub retries: u64,
    /// Events accepted or about to be, and not yet handled.
    pub unhandled: i64,
    /// Those among them that wait in the journal alone, behind others of their conversation.
    pub held: i64,
    /// Times that a conversation was slowed because it never came to the end of what waited for it, since the start.
    pub slowed: u64,
    /// Events that could be accepted now.
    pub credits: i64,
    /// Durable effects not yet settled.
    pub outbox_depth: i64,
    /// Durable effects out there.
    pub in_flight: u64,
    /// Conversations whose journal cannot be read.
    pub unreadable: u64,
    /// Why the journal takes nothing more, if so.
    pub broken: Option<String>,
    /// Bytes of the journal on disk.
    pub journal_bytes: u64,
}

/// A running engine. Cheap to clone; when the last one is dropped the engine stops as if the process had been killed
/// (call [`drain`](Self::drain) to stop it in order).
pub struct EngineHandle<S: Session> {
    parts: Arc<Parts<S>>,
}

impl<S: Session> Clone for EngineHandle<S> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone() }
    }
}

impl<S: Session> EngineHandle<S> {
    pub(crate) fn new(parts: Parts<S>) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Accepts all items or none. When it returns `Ok`, all of it is on disk.
    pub async fn accept(&self, items: Vec<Item<S>>) -> Result<Vec<Receipt>, Refused> {
        let shared = &self.parts.shared;
        let refuse = |refused: Refused, reason: &'static str| {
            shared.counts.refused.fetch_add(1, Ordering::Relaxed);
            metrics::counter!(names::REFUSED, "reason" => reason).increment(1);
            Err(refused)
        };
        if shared.stopping.load(Ordering::SeqCst) {
            return refuse(Refused::Stopping, "stopping");
        }
        if let Some(why) = shared.committer.broken() {
            return refuse(Refused::Broken(why), "broken");
        }
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let Some(credit) = Credit::take(shared, &items) else {
            return refuse(Refused::Full, "full");
        };
        let now = shared.clock.now();
        let weight = items.len();
        let kept: Vec<&'static str> = items.iter().filter_map(kind_kept).collect();
        let outcome = shared
            .committer
            .submit(weight, move |ledger, tx, out| {
                let receipts = ledger.accept(tx, out, items, now)?;
                // Moves with the answer, so that it is given back after the commit has counted what came of it, even if
                // nobody waits for the answer any more.
                Ok((receipts, credit))
            })
            .await;
        match outcome {
            Ok((receipts, _credit)) => {
                let duplicates = receipts.iter().filter(|it| **it == Receipt::Duplicate);
                let duplicates = duplicates.count() as u64;
                let accepted = receipts.len() as u64 - duplicates;
                shared.counts.accepted.fetch_add(accepted, Ordering::Relaxed);
                shared.counts.duplicates.fetch_add(duplicates, Ordering::Relaxed);
                metrics::counter!(names::ACCEPTED).increment(accepted);
                for kind in kept {
                    metrics::counter!(names::KEPT, "kind" => kind).increment(1);
                }
                Ok(receipts)
            }
            Err(refused @ Refused::Unreadable(_)) => refuse(refused, "unreadable"),
            Err(refused) => refuse(refused, "broken"),
        }
    }

    /// Lets turns that begin from now on use another session; those under way end with theirs.
    pub fn swap_session(&self, session: Arc<S>) {
        *self.parts.shared.session.write().unwrap_or_else(PoisonError::into_inner) = session;
    }

    /// The session that turns begin with.
    pub fn session(&self) -> Arc<S> {
        self.parts.shared.session()
    }

    /// Looks into the journal.
    pub fn inspector(&self) -> &Inspector<S> {
        &self.parts.inspector
    }

    /// See [`Inspector::resolve`].
    pub fn resolve(&self, number: &str, aliases: &[Alias]) -> Result<Option<ConversationId>, StoreError> {
        self.parts.inspector.resolve(number, aliases)
    }

    /// See [`Inspector::current`].
    pub fn current(&self, id: &ConversationId) -> Result<ConversationId, StoreError> {
        self.parts.inspector.current(id)
    }

    /// The state as of the newest commit; `None` if there is no such conversation.
    pub fn state(&self, id: &ConversationId) -> Result<Option<S::State>, StoreError> {
        if self.parts.inspector.history(id, 0, 1)?.is_empty() {
            return Ok(None);
        }
        let folded = self.parts.shared.load(id)?;
        Ok(Some(Arc::unwrap_or_clone(folded.state)))
    }

    /// See [`Inspector::history`].
    pub fn history(
        &self,
        id: &ConversationId,
        from_seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Record<S>)>, StoreError> {
        self.parts.inspector.history(id, from_seq, limit)
    }

    /// See [`Inspector::view`].
    pub fn view(&self, table: &str, after: Option<&[u8]>, limit: usize) -> Result<Vec<ViewRow>, StoreError> {
        self.parts.inspector.view(table, after, limit)
    }

    /// See [`Inspector::deliveries`].
    pub fn deliveries(&self, id: &ConversationId) -> Result<Vec<DeliveryReport>, StoreError> {
        self.parts.inspector.deliveries(id)
    }

    /// See [`Inspector::conversations`].
    pub fn conversations(
        &self,
        limit: usize,
        after: Option<&ConversationId>,
    ) -> Result<Vec<ConversationId>, StoreError> {
        self.parts.inspector.conversations(limit, after)
    }

    /// Replays a conversation, strongly for the turns of the present session's version.
    pub fn replay(&self, id: &ConversationId) -> Result<Replay<S>, StoreError> {
        let session = self.session();
        self.parts.inspector.replay(id, Some(&session))
    }

    /// Removes everything of the person whose conversation this is: their conversations at all numbers, their names, and the same of
    /// all who were merged into them. Whoever writes under such a name afterwards is somebody new.
    ///
    /// Bytes leave the disk when the store merges the files they are in; a [backup](Inspector::backup) has none of them from now on.
    ///
    /// # Errors
    /// What is still under way, or why it could not be put on disk.
    pub async fn erase(&self, id: &ConversationId) -> Result<Result<Erased, NotErased>, Refused> {
        let shared = &self.parts.shared;
        let person = id.person;
        let erased = shared.committer.submit(1, move |ledger, tx, out| ledger.erase(tx, out, person)).await?;
        if let Ok(erased) = &erased {
            let forget = |shared: &Shared<S>, ids: &[ConversationId]| {
                ids.iter().for_each(|id| shared.snapshots.remove(id));
            };
            forget(shared, &erased.conversations);
            // Whoever was just going to rest may have left one more.
            tokio::time::sleep(SNAPSHOTS_LEFT).await;
            forget(shared, &erased.conversations);
        }
        Ok(erased)
    }

    /// Names of conversations whose journal has grown, from now on. Slow subscribers miss some and are told so.
    pub fn subscribe(&self) -> broadcast::Receiver<ConversationId> {
        self.parts.shared.touched.subscribe()
    }

    /// Becomes `Some(why)` when the journal has failed: the process must then exit and be restarted.
    pub fn watch_broken(&self) -> watch::Receiver<Option<String>> {
        self.parts.shared.committer.watch_broken()
    }

    /// Figures.
    pub fn stats(&self) -> Stats {
        let shared = &self.parts.shared;
        let counts = &shared.counts;
        let held = shared.load.held.load(Ordering::SeqCst);
        let unhandled = shared.load.unhandled.load(Ordering::SeqCst);
        Stats {
            start: shared.start,
            resident: counts.resident.load(Ordering::Relaxed),
            accepted: counts.accepted.load(Ordering::Relaxed),
            duplicates: counts.duplicates.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
            turns: counts.turns.load(Ordering::Relaxed),
            parked: counts.parked.load(Ordering::Relaxed),
            panics: counts.panics.load(Ordering::Relaxed),
            retries: counts.retries.load(Ordering::Relaxed),
            unhandled,
            held,
            slowed: counts.slowed.load(Ordering::Relaxed),
            credits: (i64::from(shared.options.credits) - (unhandled - held)).max(0),
            outbox_depth: shared.load.unsettled.load(Ordering::SeqCst),
            in_flight: counts.in_flight.load(Ordering::Relaxed),
            unreadable: counts.unreadable.load(Ordering::Relaxed),
            broken: shared.committer.broken(),
            journal_bytes: shared.journal.disk_space(),
        }
    }

    /// Stops in order: accepts nothing more, handles what was accepted, lets the effects leave that wait for nothing but
    /// their turn (for half of the time at most), lets those that are out there come back, puts all conversations to
    /// rest, and closes the stores once nobody uses them. What the other side does not take now waits for the next start.
    /// `false`: not everything was done in time; the next start goes on with it.
    pub async fn drain(&self, timeout: Duration) -> bool {
        let parts = &self.parts;
        let shared = &parts.shared;
        shared.stopping.store(true, Ordering::SeqCst);
        shared.hurry.notify_waiters();
        let in_order = tokio::time::timeout(timeout, async {
            let idle = || async {
                let unhandled = shared.load.unhandled.load(Ordering::SeqCst);
                let handled = unhandled <= 0 || unhandled <= shared.unreadable().await;
                handled && shared.load.statuses.load(Ordering::SeqCst) <= 0
            };
            let flush_until = tokio::time::Instant::now() + timeout / 2;
            loop {
                while !idle().await {
                    if shared.committer.broken().is_some() {
                        return false;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                let (flushed, is_flushed) = oneshot::channel();
                let _ = parts.outbox.send(OutboxMsg::Flush(flushed));
                match tokio::time::timeout_at(flush_until, is_flushed).await {
                    // What came back may have to be handled, and to be answered.
                    Ok(Ok(())) if !idle().await => {}
                    Ok(Ok(())) | Err(_) => break,
                    Ok(Err(_)) => return false,
                }
            }
            let (closed, is_closed) = oneshot::channel();
            let _ = parts.outbox.send(OutboxMsg::Close(closed));
            if is_closed.await.is_err() {
                return false;
            }
            // Results that came back last are handled as well.
            while !idle().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            for router in &parts.routers {
                let rested = router.call(RouterMsg::Drain, None).await;
                if !matches!(rested, Ok(ractor::rpc::CallResult::Success(()))) {
                    return false;
                }
            }
            let clean = |ledger: &mut Ledger<S>, tx: &mut Tx<'_>, _: &mut Output<S>| {
                ledger.stopped_cleanly(tx);
                Ok(())
            };
            shared.committer.submit(1, clean).await.is_ok()
        })
        .await
        .unwrap_or(false);
        let parts = parts.clone();
        let ended = tokio::task::spawn_blocking(move || {
            parts.shared.snapshots.stop();
            parts.abort();
            parts.join_committer();
        });
        in_order & ended.await.is_ok()
    }
}

fn kind_kept<S: Session>(item: &Item<S>) -> Option<&'static str> {
    match item {
        Item::Kept { kind, .. } => Some(kind),
        _ => None,
    }
}
