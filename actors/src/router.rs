//! A shard's router: wakes conversations, hands them their events in commit sequence, lets them rest, and wakes them anew
//! when they fail.

use crate::actor::{ActorMsg, Conversation};
use crate::committer::unquoted;
use crate::core::ledger::Feed;
use crate::core::passivation::Residents;
use crate::invariants::{Invariant, violated};
use crate::metrics as names;
use crate::session::{ConversationId, PersonId, Session};
use crate::shared::Shared;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Idle conversations sent to rest per look, so that a look is short.
const REST_PER_LOOK: usize = 512;

/// Times that a conversation is begun anew at once after its actor failed.
const MAX_FAILURES: u32 = 3;

/// What a router is told.
pub(crate) enum RouterMsg<S: Session> {
    /// From the committer.
    Feed(Feed<S>),
    /// Time to look for idle conversations.
    Look,
    /// Let all rest, then answer.
    Drain(RpcReplyPort<()>),
}

pub(crate) struct Router<S: Session>(PhantomData<fn() -> S>);

impl<S: Session> Router<S> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

/// The shard of a person: all their conversations are in one.
pub(crate) fn shard_of(person: PersonId, shards: usize) -> usize {
    let hash = xxhash_rust::xxh3::xxh3_64(&person.0.to_be_bytes());
    (hash % shards.max(1) as u64) as usize
}

struct Resting<S: Session> {
    id: ConversationId,
    /// Came while it finished what it had: for its successor.
    waiting: Vec<ActorMsg<S>>,
}

pub(crate) struct Shard<S: Session> {
    shared: Arc<Shared<S>>,
    live: HashMap<ConversationId, ActorRef<ActorMsg<S>>>,
    names: HashMap<ActorId, ConversationId>,
    resting: HashMap<ActorId, Resting<S>>,
    /// Which actor a conversation is finishing in.
    finishing: HashMap<ConversationId, ActorId>,
    residents: Residents<ConversationId>,
    failures: HashMap<ConversationId, u32>,
    drained: Option<RpcReplyPort<()>>,
}

impl<S: Session> Actor for Router<S> {
    type Msg = RouterMsg<S>;
    type State = Shard<S>;
    type Arguments = Arc<Shared<S>>;

    async fn pre_start(
        &self,
        _: ActorRef<Self::Msg>,
        shared: Arc<Shared<S>>,
    ) -> Result<Shard<S>, ActorProcessingErr> {
        let options = &shared.options;
        let cap = options.resident_cap.div_ceil(options.shards);
        let idle = i64::try_from(options.idle_passivation_secs).unwrap_or(i64::MAX / 1000);
        Ok(Shard {
            live: HashMap::new(),
            names: HashMap::new(),
            resting: HashMap::new(),
            finishing: HashMap::new(),
            residents: Residents::new(cap, idle.saturating_mul(1000)),
            failures: HashMap::new(),
            drained: None,
            shared,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        shard: &mut Shard<S>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RouterMsg::Feed(feed) => {
                let id = feed.conversation().clone();
                let message = match feed {
                    Feed::Deliver(delivered) => ActorMsg::Deliver(delivered),
                    Feed::Resume(_) => ActorMsg::Resume,
                    // Who rests has no memory that could be stale.
                    Feed::Reload(_) if !shard.live.contains_key(&id) => return Ok(()),
                    Feed::Reload(_) => ActorMsg::Reload,
                    Feed::HeldBack(_) if shard.will_go_on(&id) => return Ok(()),
                    Feed::HeldBack(_) => ActorMsg::Resume,
                };
                shard.send(&myself, id, message).await;
            }
            RouterMsg::Look => {
                let now = shard.shared.monotonic();
                for id in shard.residents.idle(now, REST_PER_LOOK) {
                    shard.rest(&id);
                }
            }
            RouterMsg::Drain(reply) => {
                let all: Vec<_> = shard.live.keys().cloned().collect();
                for id in all {
                    shard.residents.forget(&id);
                    shard.rest(&id);
                }
                shard.drained = Some(reply);
                shard.answer_drained();
            }
        }
        Ok(())
    }

    /// The default would stop the router when any conversation ends.
    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        shard: &mut Shard<S>,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(cell, _, _) => {
                shard.ended(&myself, &cell, false).await;
            }
            SupervisionEvent::ActorFailed(cell, error) => {
                let error = unquoted(&error.to_string());
                tracing::error!(error, "a conversation's actor failed and is begun anew");
                violated(Invariant::ActorFailed);
                shard.ended(&myself, &cell, true).await;
            }
            _ => {}
        }
        Ok(())
    }
}

impl<S: Session> Shard<S> {
    async fn send(&mut self, myself: &ActorRef<RouterMsg<S>>, id: ConversationId, message: ActorMsg<S>) {
        if let Some(resting) = self.finishing.get(&id).and_then(|actor| self.resting.get_mut(actor)) {
            resting.waiting.push(message);
            return;
        }
        let actor = match self.live.get(&id) {
            Some(actor) => actor.clone(),
            None => match self.wake(myself, &id).await {
                Some(actor) => actor,
                // The event stays unhandled in the journal; only a process that is going down cannot spawn.
                None => return,
            },
        };
        // An actor that has just failed is begun anew when its supervision event comes, and finds the event in the journal.
        let _ = actor.send_message(message);
        let now = self.shared.monotonic();
        if let Some(oldest) = self.residents.touch(&id, now) {
            self.rest(&oldest);
        }
    }

    /// Whether somebody is there, or will be, for whatever is unhandled.
    fn will_go_on(&self, id: &ConversationId) -> bool {
        let finishing = self.finishing.get(id).and_then(|actor| self.resting.get(actor));
        self.live.contains_key(id) || finishing.is_some_and(|resting| !resting.waiting.is_empty())
    }

    async fn wake(
        &mut self,
        myself: &ActorRef<RouterMsg<S>>,
        id: &ConversationId,
    ) -> Option<ActorRef<ActorMsg<S>>> {
        let arguments = (id.clone(), self.shared.clone());
        let spawned = Actor::spawn_linked(None, Conversation::new(), arguments, myself.get_cell()).await;
        match spawned {
            Ok((actor, _)) => {
                self.names.insert(actor.get_id(), id.clone());
                self.live.insert(id.clone(), actor.clone());
                self.shared.counts.resident.fetch_add(1, Ordering::Relaxed);
                metrics::gauge!(names::RESIDENT).increment(1.0);
                Some(actor)
            }
            Err(error) => {
                tracing::error!(%error, "a conversation cannot be woken");
                violated(Invariant::ActorNotSpawned);
                None
            }
        }
    }

    /// `drain` lets it handle what it has; `stop` would overtake that.
    fn rest(&mut self, id: &ConversationId) {
        let Some(actor) = self.live.remove(id) else {
            return;
        };
        self.finishing.insert(id.clone(), actor.get_id());
        self.resting.insert(actor.get_id(), Resting { id: id.clone(), waiting: Vec::new() });
        // An error says that it has ended already, which its supervision event tells as well.
        let _ = actor.drain();
    }

    async fn ended(&mut self, myself: &ActorRef<RouterMsg<S>>, cell: &ActorCell, failed: bool) {
        let Some(id) = self.names.remove(&cell.get_id()) else {
            return;
        };
        self.shared.counts.resident.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!(names::RESIDENT).decrement(1.0);
        let waiting = match self.resting.remove(&cell.get_id()) {
            Some(resting) => {
                self.finishing.remove(&resting.id);
                resting.waiting
            }
            None => {
                self.live.remove(&id);
                self.residents.forget(&id);
                Vec::new()
            }
        };
        // What was in a failed actor's mailbox is gone from memory, and in the journal. One that fails again and again
        // is left alone until something new comes for it.
        if failed && self.shared.committer.broken().is_none() {
            let failures = self.failures.entry(id.clone()).or_default();
            *failures += 1;
            if *failures <= MAX_FAILURES {
                self.send(myself, id.clone(), ActorMsg::Resume).await;
            }
        } else {
            self.failures.remove(&id);
        }
        for message in waiting {
            self.send(myself, id.clone(), message).await;
        }
        self.answer_drained();
    }

    fn answer_drained(&mut self) {
        if self.live.is_empty()
            && self.resting.is_empty()
            && let Some(reply) = self.drained.take()
        {
            let _ = reply.send(());
        }
    }
}
