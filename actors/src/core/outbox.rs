//! The outbox: durable effects leave in order within a conversation, side by side across conversations. An effect's
//! settlement is recorded before the next one of its conversation leaves, so that a crash leaves doubt about the first one
//! only. Times are monotonic milliseconds, so that a moved wall clock neither hurries nor delays it.

use crate::core::ledger::{Mark, Queued, Settled};
use crate::session::{ConversationId, IdempotencyKey, Millis, Session};
use derive_where::derive_where;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// One durable effect known to the outbox.
#[derive_where(Debug, Clone)]
pub struct Entry<S: Session> {
    /// Its name.
    pub key: IdempotencyKey,
    /// What is to be done.
    pub effect: S::Effect,
    /// Whether it may be done again when nobody knows if the first try arrived.
    pub resend_unknown: bool,
    /// Whether a claim of this start is on record.
    pub claimed: bool,
    /// Tries so far.
    pub attempts: u32,
    /// An earlier try may have arrived.
    pub doubt: bool,
    /// An earlier start left it.
    pub left: bool,
}

impl<S: Session> From<Queued<S>> for Entry<S> {
    fn from(queued: Queued<S>) -> Self {
        Self {
            key: queued.key,
            effect: queued.effect,
            resend_unknown: queued.resend_unknown,
            claimed: queued.claimed,
            attempts: 0,
            doubt: false,
            left: false,
        }
    }
}

/// What became of a try.
#[derive(Debug, Clone)]
pub enum Tried<E> {
    /// It ended so, with an event for the conversation.
    Over(Settled, Option<E>),
    /// Not taken; try again after so many milliseconds.
    Again {
        /// At least so long from now.
        delay: Millis,
    },
    /// Not tried: its turn has not come for so many milliseconds.
    Later {
        /// So long from now.
        delay: Millis,
    },
    /// It left, and no answer came.
    Unknown,
}

/// What the shell has to do.
#[derive_where(Debug, Clone)]
pub enum Order<S: Session> {
    /// Record this, then call [`Outbox::recorded`].
    Mark(IdempotencyKey, Mark),
    /// Try it, then call [`Outbox::tried`].
    Dispatch {
        /// Its name.
        key: IdempotencyKey,
        /// What is to be done.
        effect: S::Effect,
        /// Counts from 1.
        attempt: u32,
        /// It may have left before, so that the journal is to be asked whether it was reported about.
        tried: bool,
    },
    /// Record its end, then call [`Outbox::recorded`].
    Settle {
        /// Its name.
        key: IdempotencyKey,
        /// What it was, where nobody will ever know how it ended: the shell asks the session what follows.
        unknown: Option<S::Effect>,
        /// How it ended.
        how: Settled,
        /// For the conversation.
        result: Option<S::Event>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// In the line of those that may go.
    Ready,
    /// The claim is being recorded.
    Claiming,
    /// Out there.
    InFlight,
    /// Its end is being recorded.
    Ending,
    /// A mark is being recorded, then it waits until then.
    Marking { then: Wait },
    /// Until then.
    Waiting(Wait),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    until: Millis,
    /// For the echo; otherwise for the next try.
    echo: bool,
}

struct Lane<S: Session> {
    items: VecDeque<Entry<S>>,
    phase: Phase,
    echoed: bool,
}

/// See the module.
pub struct Outbox<S: Session> {
    lanes: HashMap<ConversationId, Lane<S>>,
    ready: VecDeque<ConversationId>,
    wakes: BTreeSet<(Millis, ConversationId)>,
    busy: usize,
    width: usize,
    echo_wait: Millis,
    depth: usize,
    closed: bool,
}

impl<S: Session> Outbox<S> {
    /// At most `width` effects out at a time; `echo_wait` milliseconds for an echo.
    pub fn new(width: usize, echo_wait: Millis) -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            wakes: BTreeSet::new(),
            busy: 0,
            width: width.max(1),
            echo_wait,
            depth: 0,
            closed: false,
        }
    }

    /// Takes an effect in, behind those of its conversation. One in doubt waits for its echo before anything else.
    pub fn queue(&mut self, entry: Entry<S>, now: Millis) -> Vec<Order<S>> {
        let id = entry.key.conversation.clone();
        self.depth += 1;
        match self.lanes.get_mut(&id) {
            Some(lane) => lane.items.push_back(entry),
            None => {
                self.lanes.insert(
                    id.clone(),
                    Lane { items: VecDeque::from([entry]), phase: Phase::Ready, echoed: false },
                );
                self.next(&id, now);
            }
        }
        self.go(now)
    }

    /// Takes the outcome of a try.
    pub fn tried(&mut self, key: &IdempotencyKey, outcome: Tried<S::Event>, now: Millis) -> Vec<Order<S>> {
        let mut orders = Vec::new();
        let echo_wait = self.echo_wait;
        if let Some(lane) = self.lanes.get_mut(&key.conversation)
            && lane.phase == Phase::InFlight
            && let Some(entry) = lane.items.front_mut()
            && entry.key == *key
        {
            self.busy -= 1;
            if matches!(outcome, Tried::Later { .. }) {
                entry.attempts = entry.attempts.saturating_sub(1);
            }
            match outcome {
                Tried::Over(how, result) => {
                    lane.phase = Phase::Ending;
                    orders.push(settle(entry, how, result));
                }
                // Whatever the answer said: the provider reports about it, so it has it.
                _ if lane.echoed => {
                    lane.phase = Phase::Ending;
                    orders.push(settle(entry, Settled::Echoed, None));
                }
                // Nothing on record says that it has left, and thousands may wait: a commit for each would fill the journal.
                Tried::Later { delay } if entry.resend_unknown => {
                    let until = now.saturating_add(delay.max(0));
                    lane.phase = Phase::Waiting(Wait { until, echo: false });
                    self.wakes.insert((until, key.conversation.clone()));
                }
                // Otherwise the claim does.
                Tried::Again { delay } | Tried::Later { delay } => {
                    entry.doubt = false;
                    entry.claimed = entry.resend_unknown;
                    let until = now.saturating_add(delay.max(0));
                    lane.phase = Phase::Marking { then: Wait { until, echo: false } };
                    let attempts = entry.attempts;
                    orders.push(Order::Mark(key.clone(), Mark::NotTaken { attempts }));
                }
                Tried::Unknown => {
                    entry.doubt = true;
                    let until = now.saturating_add(echo_wait);
                    lane.phase = Phase::Marking { then: Wait { until, echo: true } };
                    orders.push(Order::Mark(key.clone(), Mark::Doubt));
                }
            }
        }
        orders.extend(self.go(now));
        orders
    }

    /// The mark or settlement ordered last for this key is on record.
    pub fn recorded(&mut self, key: &IdempotencyKey, now: Millis) -> Vec<Order<S>> {
        let id = &key.conversation;
        let mut orders = Vec::new();
        if let Some(lane) = self.lanes.get_mut(id)
            && let Some(entry) = lane.items.front_mut()
            && entry.key == *key
        {
            match lane.phase {
                // It came while the claim was being written, about an earlier try.
                Phase::Claiming if lane.echoed => {
                    self.busy -= 1;
                    lane.phase = Phase::Ending;
                    orders.push(settle(entry, Settled::Echoed, None));
                }
                Phase::Claiming => {
                    entry.claimed = true;
                    entry.attempts += 1;
                    lane.phase = Phase::InFlight;
                    orders.push(dispatch(entry));
                }
                Phase::Marking { .. } if lane.echoed => {
                    lane.phase = Phase::Ending;
                    orders.push(settle(entry, Settled::Echoed, None));
                }
                Phase::Marking { then } => {
                    lane.phase = Phase::Waiting(then);
                    self.wakes.insert((then.until, id.clone()));
                }
                Phase::Ending => {
                    lane.items.pop_front();
                    lane.echoed = false;
                    self.depth -= 1;
                    self.next(&id.clone(), now);
                }
                Phase::Ready | Phase::InFlight | Phase::Waiting(_) => {}
            }
        }
        orders.extend(self.go(now));
        orders
    }

    /// The provider reports about this effect: it has it.
    pub fn echo(&mut self, key: &IdempotencyKey, now: Millis) -> Vec<Order<S>> {
        let mut orders = Vec::new();
        if let Some(lane) = self.lanes.get_mut(&key.conversation)
            && let Some(entry) = lane.items.front()
            && entry.key == *key
            // What was never tried cannot have arrived, whatever a report says.
            && (entry.doubt || entry.attempts > 0)
        {
            lane.echoed = true;
            match lane.phase {
                Phase::Waiting(wait) => {
                    self.wakes.remove(&(wait.until, key.conversation.clone()));
                    lane.phase = Phase::Ending;
                    orders.push(settle(entry, Settled::Echoed, None));
                }
                // Its wait is over, and it stands in line to be tried again.
                Phase::Ready => {
                    lane.phase = Phase::Ending;
                    orders.push(settle(entry, Settled::Echoed, None));
                }
                _ => {}
            }
        }
        orders.extend(self.go(now));
        orders
    }

    /// Lets those go whose wait is over.
    pub fn tick(&mut self, now: Millis) -> Vec<Order<S>> {
        let mut orders = Vec::new();
        while self.wakes.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, id)) = self.wakes.pop_first() else {
                break;
            };
            let Some(lane) = self.lanes.get_mut(&id) else {
                continue;
            };
            match (lane.phase, lane.items.front()) {
                (Phase::Waiting(Wait { echo: true, .. }), Some(entry)) if !entry.resend_unknown => {
                    lane.phase = Phase::Ending;
                    orders.push(settle(entry, Settled::Unknown, None));
                }
                // Still in doubt until it is tried: an echo that comes while it stands in line settles it.
                (Phase::Waiting(_), Some(_)) => {
                    lane.phase = Phase::Ready;
                    self.ready.push_back(id);
                }
                _ => {}
            }
        }
        orders.extend(self.go(now));
        orders
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub fn next_wake(&self) -> Option<Millis> {
        self.wakes.first().map(|(until, _)| *until)
    }

    /// Lets nothing leave any more.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Effects not yet settled.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Effects out there.
    pub fn in_flight(&self) -> usize {
        self.busy
    }

    /// Whether something is out there or being recorded.
    pub fn is_busy(&self) -> bool {
        self.lanes.values().any(|lane| {
            matches!(lane.phase, Phase::Claiming | Phase::InFlight | Phase::Ending | Phase::Marking { .. })
        })
    }

    /// Whether something may go as soon as there is room.
    pub fn in_line(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Sets up the first of a lane, or removes an empty lane.
    fn next(&mut self, id: &ConversationId, now: Millis) {
        let Some(lane) = self.lanes.get_mut(id) else {
            return;
        };
        match lane.items.front() {
            None => {
                self.lanes.remove(id);
            }
            Some(entry) if entry.doubt => {
                let until = now.saturating_add(self.echo_wait);
                lane.phase = Phase::Waiting(Wait { until, echo: true });
                self.wakes.insert((until, id.clone()));
            }
            Some(_) => {
                lane.phase = Phase::Ready;
                self.ready.push_back(id.clone());
            }
        }
    }

    fn go(&mut self, _now: Millis) -> Vec<Order<S>> {
        let mut orders = Vec::new();
        while !self.closed && self.busy < self.width {
            let Some(id) = self.ready.pop_front() else {
                break;
            };
            let Some(lane) = self.lanes.get_mut(&id) else {
                continue;
            };
            if lane.phase != Phase::Ready {
                continue;
            }
            let Some(entry) = lane.items.front_mut() else {
                continue;
            };
            self.busy += 1;
            if entry.claimed {
                entry.attempts += 1;
                lane.phase = Phase::InFlight;
                orders.push(dispatch(entry));
            } else {
                lane.phase = Phase::Claiming;
                orders.push(Order::Mark(entry.key.clone(), Mark::Claimed));
            }
        }
        orders
    }
}

fn dispatch<S: Session>(entry: &Entry<S>) -> Order<S> {
    Order::Dispatch {
        key: entry.key.clone(),
        effect: entry.effect.clone(),
        attempt: entry.attempts,
        tried: entry.left || entry.attempts > 1,
    }
}

fn settle<S: Session>(entry: &Entry<S>, how: Settled, result: Option<S::Event>) -> Order<S> {
    let unknown = (how == Settled::Unknown).then(|| entry.effect.clone());
    Order::Settle { key: entry.key.clone(), unknown, how, result }
}

#[cfg(test)]
mod tests;
