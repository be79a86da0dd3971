//! Replay: folding a conversation's journal gives its state, bit for bit; with the session that decided at hand, deciding
//! again gives the same decisions.

use crate::core::fold::{Folded, fold, state_hash};
use crate::core::ledger::records;
use crate::core::turn::effects_hash;
use crate::core::tx::StoreError;
use crate::inspect::Inspector;
use crate::record::{Record, Turn};
use crate::session::{ConversationId, Session, Step};
use derive_where::derive_where;

/// What a replay found.
#[derive_where(Debug, Clone)]
pub struct Replay<S: Session> {
    /// The conversation.
    pub conversation: ConversationId,
    /// The state at the end.
    pub state: S::State,
    /// Its hash.
    pub state_hash: u64,
    /// Records read.
    pub records: u64,
    /// Turns folded, their state hashes compared.
    pub turns: u64,
    /// Turns decided again and compared (those of the given session's version).
    pub decided: u64,
    /// What does not match.
    pub differences: Vec<Difference>,
}

/// A turn that does not replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Sequence number of the turn's record.
    pub seq: u64,
    /// What differs.
    pub what: String,
}

/// Replays of many conversations, summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayTotal {
    /// Conversations replayed.
    pub conversations: u64,
    /// Records read.
    pub records: u64,
    /// Turns folded.
    pub turns: u64,
    /// Turns decided again.
    pub decided: u64,
    /// What does not match, with its conversation.
    pub differences: Vec<(ConversationId, Difference)>,
}

const PAGE: usize = 256;

impl<S: Session> Inspector<S> {
    /// Folds a conversation's journal and compares every turn's state hash; with a session, decides the turns of its
    /// version again and compares changes and effects.
    pub fn replay(&self, id: &ConversationId, session: Option<&S>) -> Result<Replay<S>, StoreError> {
        self.replay_until(id, session, u64::MAX)
    }

    /// The same up to a record, inclusive: the state as it was then.
    pub fn replay_until(
        &self,
        id: &ConversationId,
        session: Option<&S>,
        last: u64,
    ) -> Result<Replay<S>, StoreError> {
        let mut folded = Folded::<S>::default();
        let mut replay = Replay {
            conversation: id.clone(),
            state: S::State::default(),
            state_hash: 0,
            records: 0,
            turns: 0,
            decided: 0,
            differences: Vec::new(),
        };
        let mut from = 0;
        'pages: loop {
            let page = records::<S>(self.journal(), id, from, PAGE)?;
            let more = page.len() == PAGE;
            for (seq, record) in page {
                if seq > last {
                    break 'pages;
                }
                from = seq + 1;
                replay.records += 1;
                if let (Record::Turn(turn), Some(session)) = (&record, session)
                    && turn.version == session.version()
                {
                    replay.decided += 1;
                    if let Some(what) = decide_again(session, &folded.state, turn)? {
                        replay.differences.push(Difference { seq, what });
                    }
                }
                folded.apply(seq, &record);
                if let Err(StoreError::Corrupt { why, .. }) = folded.check(String::new) {
                    replay.differences.push(Difference { seq, what: why });
                }
            }
            if !more {
                break;
            }
        }
        replay.turns = folded.turns;
        replay.state_hash = state_hash::<S>(&folded.state)?;
        replay.state = (*folded.state).clone();
        Ok(replay)
    }

    /// Replays all conversations.
    pub fn replay_all(&self, session: Option<&S>) -> Result<ReplayTotal, StoreError> {
        let mut total = ReplayTotal::default();
        let mut after = None;
        loop {
            let page = self.conversations(PAGE, after.as_ref())?;
            for id in &page {
                let replay = self.replay(id, session)?;
                total.conversations += 1;
                total.records += replay.records;
                total.turns += replay.turns;
                total.decided += replay.decided;
                let found = replay.differences.into_iter();
                total.differences.extend(found.map(|it| (id.clone(), it)));
            }
            if page.len() < PAGE {
                return Ok(total);
            }
            after = page.into_iter().last();
        }
    }
}

/// Decides a turn again from the state before it; what differs, if anything does.
fn decide_again<S: Session>(
    session: &S,
    before: &S::State,
    turn: &Turn<S>,
) -> Result<Option<String>, StoreError> {
    let mut state = before.clone();
    for (n, journalled) in turn.steps.iter().enumerate() {
        let decide = || session.step(&state, journalled.at, &journalled.event);
        let decided = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decide));
        let Ok(Step { changes, effects, .. }) = decided else {
            return Ok(Some(format!("step {n} panics")));
        };
        if changes != journalled.changes {
            return Ok(Some(format!(
                "step {n} changes {changes:?}, the journal says {:?}",
                journalled.changes
            )));
        }
        if effects_hash::<S>(&effects)? != journalled.effects_hash {
            return Ok(Some(format!("step {n} has other effects")));
        }
        fold::<S>(&mut state, &changes);
    }
    Ok(None)
}
