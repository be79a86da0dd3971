//! Folding a journal gives the state, bit for bit.

use crate::core::tx::StoreError;
use crate::record::{self, Record};
use crate::session::Session;
use derive_where::derive_where;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Folds changes into a state, in order.
pub(crate) fn fold<'c, S: Session>(state: &mut S::State, changes: impl IntoIterator<Item = &'c S::Change>) {
    changes.into_iter().for_each(|change| S::apply(state, change));
}

/// A state and how far into the journal it reaches.
#[derive_where(Debug, Clone)]
pub struct Folded<S: Session> {
    /// The state. Shared, so that handing it out costs nothing.
    pub state: Arc<S::State>,
    /// Sequence number of the newest record that changed it; 0: none.
    pub base: u64,
    /// Sequence number of the newest event handled; 0: none.
    pub handled: u64,
    /// Turns folded.
    pub turns: u64,
    /// What the newest record says the state's hash is.
    expected: Option<u64>,
}

impl<S: Session> Default for Folded<S> {
    fn default() -> Self {
        Self { state: Arc::default(), base: 0, handled: 0, turns: 0, expected: None }
    }
}

impl<S: Session> Folded<S> {
    /// Continues from a state known otherwise (a snapshot).
    pub fn from_snapshot(state: S::State, base: u64, handled: u64) -> Self {
        Self { state: Arc::new(state), base, handled, turns: 0, expected: None }
    }

    /// Compares a state from a snapshot with the record that it claims to reach to.
    pub fn stands_on(&self, record: &Record<S>, place: impl FnOnce() -> String) -> Result<(), StoreError> {
        let why = match record {
            Record::Turn(turn) if turn.state_hash == state_hash::<S>(&self.state)? => return Ok(()),
            Record::Turn(_) => "the snapshot is of another state",
            Record::Checkpoint(checkpoint) if checkpoint.state == *self.state => return Ok(()),
            Record::Checkpoint(_) => "the snapshot is of another state",
            // Neither carries a hash of the whole state.
            Record::Absorbed(_) => return Ok(()),
            Record::Received(_) | Record::Tombstone(_) => "the snapshot names a record that changed nothing",
        };
        Err(StoreError::Corrupt { place: place(), why: why.to_owned() })
    }

    /// Folds the next record in.
    pub fn apply(&mut self, seq: u64, record: &Record<S>) {
        match record {
            Record::Received(_) | Record::Tombstone(_) => return,
            Record::Turn(turn) => {
                let changes = turn.steps.iter().flat_map(|step| &step.changes);
                fold::<S>(Arc::make_mut(&mut self.state), changes);
                self.handled = turn.triggers.iter().copied().fold(self.handled, u64::max);
                self.turns += 1;
                self.expected = Some(turn.state_hash);
            }
            Record::Checkpoint(checkpoint) => {
                self.state = Arc::new(checkpoint.state.clone());
                self.handled = checkpoint.handled;
                self.expected = None;
            }
            Record::Absorbed(absorbed) => {
                S::absorb(Arc::make_mut(&mut self.state), &absorbed.state);
                self.expected = None;
            }
        }
        self.base = seq;
    }

    /// Whether the state is the one that the newest record was written with. `place` names the conversation.
    pub fn check(&self, place: impl FnOnce() -> String) -> Result<(), StoreError> {
        let Some(expected) = self.expected else {
            return Ok(());
        };
        let found = state_hash::<S>(&self.state)?;
        if found == expected {
            return Ok(());
        }
        Err(StoreError::Corrupt {
            place: place(),
            why: format!(
                "after record {} the state hashes to {found:016x}, the journal says {expected:016x}",
                self.base
            ),
        })
    }
}

/// Runs the session's code where no turn guards it: a panic there, in [`Session::apply`] for example, is an error about
/// one conversation and must not stop the others. `place` names the conversation.
pub(crate) fn guarded<T>(
    place: impl FnOnce() -> String,
    run: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        Err(StoreError::Corrupt {
            place: place(),
            why: format!("folding panicked: {}", crate::committer::panic_text(&*panic)),
        })
    })
}

/// The digest that a turn's record carries.
pub fn state_hash<S: Session>(state: &S::State) -> Result<u64, StoreError> {
    Ok(record::hash(&record::encode_value(state)?))
}
