//! One turn: an event is decided upon, ephemeral effects are performed and their results decided upon in the order in which
//! the effects were asked for, until nothing is left to wait for; then everything is committed at once.

use crate::core::fold::{Folded, fold, state_hash};
use crate::core::ledger::TurnCommit;
use crate::core::tx::StoreError;
use crate::record::{self, Record, TimerChange, Turn, TurnStep};
use crate::session::{ConversationId, EffectClass, Millis, Session, View};
use derive_where::derive_where;
use std::collections::VecDeque;
use std::sync::Arc;

/// Steps one turn may have; more is a loop.
pub const MAX_STEPS: usize = 64;

/// An event to be handled.
#[derive_where(Debug)]
pub struct Trigger<S: Session> {
    /// Its sequence number.
    pub seq: u64,
    /// When it was journalled.
    pub at: Millis,
    /// What happened.
    pub event: S::Event,
    /// It replaces an event that was put aside after so many tries.
    pub parked: Option<u32>,
}

/// What the shell has to do next.
#[derive_where(Debug)]
pub enum Decision<S: Session> {
    /// Perform this, side by side with others, and report under the slot.
    Perform {
        /// Names the effect within the turn.
        slot: u32,
        /// The effect.
        effect: S::Effect,
    },
    /// Commit this; the turn is over.
    Commit(Box<TurnCommit<S>>),
}

/// Why a turn cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Results call for more effects again and again.
    #[error("CHARLA-E3030: a turn has more than {MAX_STEPS} steps; the session loops")]
    Runaway,
    /// State, change or effect cannot be encoded.
    #[error(transparent)]
    Encode(#[from] StoreError),
    /// The session or an effect's performance panicked.
    #[error("CHARLA-E3031: a turn panicked: {0}")]
    Panic(String),
}

enum Slot<E> {
    Waiting,
    Done(Option<E>),
}

/// A turn in progress. It works on a copy of the state: memory changes only after the commit.
pub struct TurnMachine<S: Session> {
    session: Arc<S>,
    conversation: ConversationId,
    base: u64,
    trigger: u64,
    started: Millis,
    parked: Option<u32>,
    draft: Arc<S::State>,
    /// The state after the turn, once it is over.
    encoded: Vec<u8>,
    views: Vec<View>,
    steps: Vec<TurnStep<S>>,
    durable: Vec<(S::Effect, bool)>,
    timers: Vec<TimerChange>,
    slots: VecDeque<(u32, Slot<S::Event>)>,
    next_slot: u32,
}

impl<S: Session> TurnMachine<S> {
    /// Begins with the event. `now` is when handling begins. The turn is pinned to `session`. A state that nobody else holds is
    /// changed in place.
    pub fn begin(
        session: Arc<S>,
        conversation: ConversationId,
        from: Folded<S>,
        trigger: Trigger<S>,
        now: Millis,
    ) -> Result<(Self, Vec<Decision<S>>), Fault> {
        let mut turn = Self {
            session,
            conversation,
            base: from.base,
            trigger: trigger.seq,
            started: now,
            parked: trigger.parked,
            views: S::views(&from.state),
            draft: from.state,
            encoded: Vec::new(),
            steps: Vec::with_capacity(2),
            durable: Vec::new(),
            timers: Vec::new(),
            slots: VecDeque::new(),
            next_slot: 0,
        };
        let mut decisions = Vec::new();
        turn.step(trigger.at, trigger.event, &mut decisions)?;
        turn.advance(now, &mut decisions)?;
        Ok((turn, decisions))
    }

    /// Takes the result of an ephemeral effect. Results that come early wait for those asked for before them.
    pub fn performed(
        &mut self,
        slot: u32,
        result: Option<S::Event>,
        now: Millis,
    ) -> Result<Vec<Decision<S>>, Fault> {
        let mut decisions = Vec::new();
        if let Some((_, waiting)) = self.slots.iter_mut().find(|(at, _)| *at == slot) {
            *waiting = Slot::Done(result);
            self.advance(now, &mut decisions)?;
        }
        Ok(decisions)
    }

    /// The encoding of the state after the turn, of which its record has the hash; empty while the turn is under way.
    pub fn into_encoded(self) -> Vec<u8> {
        self.encoded
    }

    fn advance(&mut self, now: Millis, decisions: &mut Vec<Decision<S>>) -> Result<(), Fault> {
        while matches!(self.slots.front(), Some((_, Slot::Done(_)))) {
            if let Some((_, Slot::Done(Some(event)))) = self.slots.pop_front() {
                self.step(now, event, decisions)?;
            }
        }
        if self.slots.is_empty() {
            decisions.push(Decision::Commit(Box::new(self.finish()?)));
        }
        Ok(())
    }

    fn step(&mut self, at: Millis, event: S::Event, decisions: &mut Vec<Decision<S>>) -> Result<(), Fault> {
        if self.steps.len() >= MAX_STEPS {
            return Err(Fault::Runaway);
        }
        let decided = self.session.step(&self.draft, at, &event);
        match decided.after {
            _ if decided.changes.is_empty() => {}
            Some(after) => {
                debug_assert!(
                    folded::<S>(&self.draft, &decided.changes) == after,
                    "the state decided upon is not what its changes make"
                );
                self.draft = Arc::new(after);
            }
            None => fold::<S>(Arc::make_mut(&mut self.draft), &decided.changes),
        }
        self.steps.push(TurnStep {
            at,
            event,
            changes: decided.changes,
            effects_hash: effects_hash::<S>(&decided.effects)?,
        });
        for effect in decided.effects {
            match S::class(&effect) {
                EffectClass::Ephemeral => {
                    let slot = self.next_slot;
                    self.next_slot += 1;
                    self.slots.push_back((slot, Slot::Waiting));
                    decisions.push(Decision::Perform { slot, effect });
                }
                EffectClass::Durable { resend_unknown } => {
                    self.durable.push((effect, resend_unknown));
                }
                EffectClass::SetTimer { name, at } => self.timers.push(TimerChange { name, at: Some(at) }),
                EffectClass::CancelTimer { name } => {
                    self.timers.push(TimerChange { name, at: None });
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<TurnCommit<S>, Fault> {
        let durable = std::mem::take(&mut self.durable);
        let timers = std::mem::take(&mut self.timers);
        self.encoded = record::encode_value(&*self.draft)?;
        let record = Record::<S>::Turn(Turn {
            triggers: vec![self.trigger],
            started: self.started,
            version: self.session.version().to_owned(),
            steps: std::mem::take(&mut self.steps),
            state_hash: record::hash(&self.encoded),
            outbox: durable.iter().map(|(effect, _)| effect.clone()).collect(),
            timers: timers.clone(),
            parked: self.parked,
        });
        let (removed, added) = diff_views(&self.views, S::views(&self.draft));
        Ok(TurnCommit {
            conversation: self.conversation.clone(),
            base: self.base,
            trigger: self.trigger,
            at: self.started,
            record: record.encode()?,
            durable,
            timers,
            views_removed: removed,
            views_added: added,
        })
    }
}

/// The turn that closes an event upon which nobody can decide, not even as a parked one: it changes and does nothing.
pub fn close<S: Session>(
    version: &str,
    conversation: &ConversationId,
    from: &Folded<S>,
    trigger: u64,
    tries: u32,
    now: Millis,
) -> Result<TurnCommit<S>, Fault> {
    let record = Record::<S>::Turn(Turn {
        triggers: vec![trigger],
        started: now,
        version: version.to_owned(),
        steps: Vec::new(),
        state_hash: state_hash::<S>(&from.state)?,
        outbox: Vec::new(),
        timers: Vec::new(),
        parked: Some(tries),
    });
    Ok(TurnCommit {
        conversation: conversation.clone(),
        base: from.base,
        trigger,
        at: now,
        record: record.encode()?,
        durable: Vec::new(),
        timers: Vec::new(),
        views_removed: Vec::new(),
        views_added: Vec::new(),
    })
}

fn folded<S: Session>(state: &S::State, changes: &[S::Change]) -> S::State {
    let mut state = state.clone();
    fold::<S>(&mut state, changes);
    state
}

/// The digest of a step's effects.
pub fn effects_hash<S: Session>(effects: &[S::Effect]) -> Result<u64, StoreError> {
    if effects.is_empty() {
        return Ok(0);
    }
    Ok(record::hash(&record::encode_value(&effects)?))
}

/// Rows that are no longer there, and rows that are new or different.
pub(crate) fn diff_views(before: &[View], after: Vec<View>) -> (Vec<View>, Vec<View>) {
    let same_row = |a: &View, b: &View| a.table == b.table && a.sort == b.sort;
    let removed =
        before.iter().filter(|row| !after.iter().any(|other| same_row(row, other))).cloned().collect();
    let added = after.into_iter().filter(|row| !before.contains(row)).collect();
    (removed, added)
}
