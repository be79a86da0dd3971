//! One conversation, alive: a ractor actor whose only sender is its shard's router, so that order is by construction.

use crate::core::attempt::{self, Attempt, guarded, tries_before};
use crate::core::fold::Folded;
use crate::core::ledger::{Delivered, Feed, TurnCommit, TurnRefused};
use crate::core::pace::{Pace, Tempo};
use crate::core::packed::Packed;
use crate::core::recovery;
use crate::core::turn::{Decision, Fault};
use crate::core::tx::StoreError;
use crate::invariants::{Invariant, violated};
use crate::router::RouterMsg;
use crate::session::{ConversationId, Session};
use crate::shared::Shared;
use crate::{failpoints, metrics as names};
use futures_util::FutureExt;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Times that a turn is decided again because the state changed meanwhile.
const MAX_STALE: u32 = 8;

/// Rest before a conversation whose answers do not leave looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What waits once a turn is on record.
#[derive(Clone, Copy)]
struct Rest {
    /// Events of the conversation.
    unhandled: u64,
    /// Its durable effects.
    unsettled: u64,
}

/// What a conversation is told.
pub(crate) enum ActorMsg<S: Session> {
    /// Handle this.
    Deliver(Delivered<S>),
    /// The state in memory is stale.
    Reload,
    /// Handle the oldest of what is unhandled in the journal.
    Resume,
}

pub(crate) struct Conversation<S: Session>(PhantomData<fn() -> S>);

impl<S: Session> Conversation<S> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

pub(crate) struct Life<S: Session> {
    id: ConversationId,
    shared: Arc<Shared<S>>,
    /// Known once the first event has come. Packed also while a turn is under way: memory changes only after the commit.
    known: Option<Packed<S>>,
    /// Turns since the newest snapshot, in this life and before it.
    unsaved: u32,
    /// What was left unhandled before this life has been handled.
    caught_up: bool,
    pace: Pace,
    /// The journal failed, or this conversation's part of it cannot be read: events stay unhandled in the journal, until it is
    /// read again.
    dead: bool,
}

impl<S: Session> Actor for Conversation<S> {
    type Msg = ActorMsg<S>;
    type State = Life<S>;
    type Arguments = (ConversationId, Arc<Shared<S>>);

    async fn pre_start(
        &self,
        _: ActorRef<Self::Msg>,
        (id, shared): Self::Arguments,
    ) -> Result<Life<S>, ActorProcessingErr> {
        // Loading waits for the first event: this runs in the router, which must not wait.
        let pace = Pace::new(shared.options.flood_turns);
        Ok(Life { id, shared, known: None, unsaved: 0, caught_up: false, pace, dead: false })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        life: &mut Life<S>,
    ) -> Result<(), ActorProcessingErr> {
        let was_dead = life.dead && !matches!(message, ActorMsg::Resume);
        let outcome = match message {
            // On the heap while it runs: a resting actor's task would otherwise keep room for the largest turn.
            ActorMsg::Deliver(delivered) => Box::pin(life.next(delivered)).await,
            ActorMsg::Reload => {
                life.known = None;
                Ok(())
            }
            ActorMsg::Resume => {
                life.dead = false;
                life.shared.unread.woken(&life.id);
                Box::pin(life.resume()).await
            }
        };
        if let Err(error) = outcome {
            tracing::error!(conversation = %life.id, %error, "a conversation cannot be read; its events wait in the journal");
            life.dead = true;
        }
        match life.dead {
            true if !was_dead => life.give_up(&myself),
            true => {}
            false => life.shared.unread.read(&life.id),
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Self::Msg>, life: &mut Life<S>) -> Result<(), ActorProcessingErr> {
        // A few turns are folded again as fast as a snapshot is read, and each snapshot costs room in sled's cache.
        if life.unsaved >= life.shared.options.snapshot_every_turns.div_ceil(2) {
            life.save();
        }
        Ok(())
    }
}

/// Why a turn was not committed.
enum Trouble {
    Fault(Fault),
    Refused(TurnRefused),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Trouble::Fault(fault)
    }
}

impl<S: Session> Life<S> {
    /// Leaves everything in the journal and, unless the engine ends, has the router wake the conversation later, which may rest by then.
    fn give_up(&mut self, myself: &ActorRef<ActorMsg<S>>) {
        self.known = None;
        self.caught_up = false;
        let shared = &self.shared;
        if shared.committer.broken().is_some() {
            return;
        }
        let failed = shared.unread.failed(&self.id);
        if failed.first {
            shared.counts.unreadable.fetch_add(1, Ordering::Relaxed);
            violated(Invariant::ConversationUnreadable);
        }
        if let Some(wait) = failed.wake_after
            && let Some(router) = myself.try_get_supervisor()
        {
            let router: ActorRef<RouterMsg<S>> = router.into();
            let id = self.id.clone();
            // It ends by itself when the router has ended.
            drop(router.send_after(wait, move || RouterMsg::Feed(Feed::Resume(id))));
        }
    }

    /// Handles the oldest that the journal has as unhandled, in order: as much as can be in hand. When that is handled, the
    /// ledger says whether there is more. Events that are delivered as well are recognised by their sequence numbers.
    async fn resume(&mut self) -> Result<(), StoreError> {
        for delivered in self.page(0..u64::MAX)? {
            self.deliver(delivered).await?;
        }
        Ok(())
    }

    fn page(&self, seqs: Range<u64>) -> Result<Vec<Delivered<S>>, StoreError> {
        let limit = usize::try_from(self.shared.options.mailbox_limit).unwrap_or(usize::MAX);
        recovery::unhandled_of(&*self.shared.journal, &self.id, seqs, limit)
    }

    /// The first event of a life need not be the oldest one unhandled: an earlier life may have failed, or may not have
    /// been able to read its journal. What it left comes first, or it would be taken for handled.
    async fn next(&mut self, delivered: Delivered<S>) -> Result<(), StoreError> {
        let mut from = 0;
        while !self.caught_up && !self.dead {
            let left = self.page(from..delivered.seq)?;
            match left.last() {
                Some(last) => from = last.seq + 1,
                None => self.caught_up = true,
            }
            for delivered in left {
                self.deliver(delivered).await?;
            }
        }
        self.deliver(delivered).await
    }

    async fn deliver(&mut self, delivered: Delivered<S>) -> Result<(), StoreError> {
        let waited = self.shared.clock.now().saturating_sub(delivered.at).max(0);
        metrics::histogram!(names::WAIT_SECONDS).record(waited as f64 / 1_000.0);
        let mut tries = tries_before(&delivered, self.shared.options.tries);
        let mut stale = 0;
        loop {
            if self.dead {
                return Ok(());
            }
            let known = match self.known.take() {
                Some(known) => known,
                None => {
                    let folded = self.shared.load(&self.id)?;
                    self.unsaved = u32::try_from(folded.turns).unwrap_or(u32::MAX);
                    Packed::pack(&folded)?
                }
            };
            // Delivered and read from the journal as well.
            if delivered.seq <= known.handled {
                self.known = Some(known);
                return Ok(());
            }
            let begun = Instant::now();
            let outcome = self.turn(&known, &delivered, tries).await;
            match outcome {
                Ok((next, rest)) => {
                    self.known = Some(next);
                    self.done(begun, tries);
                    self.rest(rest.unhandled).await;
                    self.until_some_leave(rest.unsettled).await;
                    return Ok(());
                }
                Err(Trouble::Refused(TurnRefused::Gone)) => {
                    self.known = Some(known);
                    return Ok(());
                }
                Err(Trouble::Refused(TurnRefused::Stale)) => {
                    stale += 1;
                    if stale >= MAX_STALE {
                        return Err(StoreError::Corrupt {
                            place: self.id.to_string(),
                            why: "its state and its journal do not meet".to_owned(),
                        });
                    }
                }
                Err(Trouble::Refused(TurnRefused::Broken)) => {
                    self.dead = true;
                    return Ok(());
                }
                Err(Trouble::Fault(fault)) => {
                    self.known = Some(known);
                    self.failed(&delivered, &fault, &mut tries).await;
                }
            }
        }
    }

    fn done(&mut self, begun: Instant, tries: u32) {
        let shared = &self.shared;
        metrics::histogram!(names::TURN_SECONDS).record(begun.elapsed().as_secs_f64());
        metrics::counter!(names::TURNS).increment(1);
        shared.counts.turns.fetch_add(1, Ordering::Relaxed);
        if tries >= shared.options.tries {
            metrics::counter!(names::PARKED).increment(1);
            shared.counts.parked.fetch_add(1, Ordering::Relaxed);
        }
        self.unsaved = self.unsaved.saturating_add(1);
        if self.unsaved >= shared.options.snapshot_every_turns {
            self.save();
        }
    }

    /// A conversation that never comes to the end of what waits for it pauses after each turn.
    async fn rest(&mut self, left: u64) {
        let shared = &self.shared;
        let pause = shared.options.flood_pause();
        let Tempo::Slowed { begins } = self.pace.turned(left) else { return };
        if pause.is_zero() {
            return;
        }
        if begins {
            metrics::counter!(names::SLOWED).increment(1);
            shared.counts.slowed.fetch_add(1, Ordering::Relaxed);
            tracing::info!(conversation = %self.id, left, "a conversation is slowed: more waits for it than it comes to");
        }
        shared.pause(pause).await;
    }

    /// A conversation whose answers do not leave makes no more of them: they would fill the outbox, and everybody would be
    /// refused. What comes meanwhile waits in the journal.
    async fn until_some_leave(&self, mut unsettled: u64) {
        let most = u64::from(self.shared.options.unsettled_limit);
        while most > 0 && unsettled >= most && !self.shared.stopping.load(Ordering::SeqCst) {
            self.shared.pause(LOOK_AGAIN).await;
            let id = self.id.clone();
            let asked = self.shared.committer.submit(1, move |ledger, _, _| Ok(ledger.unsettled(&id))).await;
            unsettled = asked.unwrap_or(0);
        }
    }

    /// Puts the count of tries on record before the next one.
    async fn failed(&mut self, delivered: &Delivered<S>, fault: &Fault, tries: &mut u32) {
        *tries += 1;
        metrics::counter!(names::PANICS).increment(1);
        self.shared.counts.panics.fetch_add(1, Ordering::Relaxed);
        tracing::error!(conversation = %self.id, seq = delivered.seq, tries = *tries, %fault, "a turn failed");
        let (id, seq, now) = (self.id.clone(), delivered.seq, *tries);
        let recorded =
            self.shared.committer.submit(1, move |ledger, tx, _| ledger.tried(tx, &id, seq, now)).await;
        self.dead |= recorded.is_err();
    }

    /// One try at a turn. Nothing in memory changes but by the returned state, after the commit. Returns as well what waits.
    async fn turn(
        &self,
        known: &Packed<S>,
        delivered: &Delivered<S>,
        tries: u32,
    ) -> Result<(Packed<S>, Rest), Trouble> {
        let shared = &self.shared;
        let (limit, now) = (shared.options.tries, shared.clock.now());
        let from = self.unpacked(known).map_err(Fault::from)?;
        // So that whatever the session logs says whose record it is about; entered only where nothing is awaited.
        let span = tracing::error_span!("turn", conversation = %self.id, record = delivered.seq);
        let begun = span.in_scope(|| attempt::begin(shared.session(), from, delivered, tries, limit, now))?;
        let (mut machine, mut decisions) = match begun {
            Attempt::Turn(machine, decisions) => (machine, decisions),
            Attempt::Close(close) => {
                violated(Invariant::ParkedEventFailed);
                let (base, left) = self.commit(*close).await?;
                return Ok((known.moved(base, delivered.seq), left));
            }
        };
        let mut performing = JoinSet::new();
        let mut performed = VecDeque::new();
        let commit = loop {
            let mut commit = None;
            for decision in decisions.drain(..) {
                match decision {
                    Decision::Perform { slot, effect } => {
                        let (performer, id) = (shared.performer.clone(), self.id.clone());
                        let mut perform =
                            Box::pin(async move { (slot, performer.perform(&id, &effect).await) });
                        // Much is done at once: a task of its own would cost more than that.
                        match guarded(|| (&mut perform).now_or_never())? {
                            Some(done) => performed.push_back(done),
                            None => {
                                performing.spawn(perform);
                            }
                        }
                    }
                    Decision::Commit(turn) => commit = Some(turn),
                }
            }
            if let Some(commit) = commit {
                break commit;
            }
            let next = match performed.pop_front() {
                Some(done) => Some(Ok(done)),
                None => performing.join_next().await,
            };
            let (slot, result) = match next {
                Some(Ok(done)) => done,
                Some(Err(error)) => return Err(Fault::Panic(error.to_string()).into()),
                None => return Err(Fault::Panic("a turn waits for nothing".to_owned()).into()),
            };
            let _ = failpoints::hit_async(failpoints::BETWEEN_EFFECTS).await;
            let now = shared.clock.now();
            decisions = span.in_scope(|| guarded(|| machine.performed(slot, result, now)))??;
        };
        let (base, left) = self.commit(*commit).await?;
        Ok((known.after(&machine.into_encoded(), base, delivered.seq), left))
    }

    /// What cannot be unpacked is in the journal all the same.
    fn unpacked(&self, known: &Packed<S>) -> Result<Folded<S>, StoreError> {
        known.unpack().or_else(|error| {
            tracing::warn!(conversation = %self.id, %error, "a state at rest is unreadable and folded anew");
            self.shared.load(&self.id)
        })
    }

    /// Returns the turn's sequence number and what waits.
    async fn commit(&self, commit: TurnCommit<S>) -> Result<(u64, Rest), Trouble> {
        let id = self.id.clone();
        let outcome = self
            .shared
            .committer
            .submit(1 + commit.durable.len(), move |ledger, tx, out| {
                let turned = ledger.turn(tx, out, commit)?;
                let rest = Rest { unhandled: ledger.unhandled(&id), unsettled: ledger.unsettled(&id) };
                Ok(turned.map(|seq| (seq, rest)))
            })
            .await;
        match outcome {
            Ok(Ok(turned)) => Ok(turned),
            Ok(Err(refused)) => Err(Trouble::Refused(refused)),
            Err(_) => Err(Trouble::Refused(TurnRefused::Broken)),
        }
    }

    fn save(&mut self) {
        if let Some(known) = &self.known
            && self.unsaved > 0
        {
            self.shared.snapshots.put(&self.id, known);
            self.unsaved = 0;
        }
    }
}
