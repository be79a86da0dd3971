//! Commits turns.

use super::merge::write_views;
use super::unsettled::Told;
use super::{Feed, Ledger, Output, Queued};
use crate::core::rows::{self, OutboxRow, PendingRow};
use crate::core::tx::{Reader, Space, StoreError, Tx};
use crate::ids;
use crate::record::{Kind, TimerChange};
use crate::session::{ConversationId, IdempotencyKey, Millis, Session, View};
use derive_where::derive_where;

/// All that a turn decided.
#[derive_where(Debug, Clone)]
pub struct TurnCommit<S: Session> {
    /// Whose turn.
    pub conversation: ConversationId,
    /// The record that had changed the state last when the turn began.
    pub base: u64,
    /// The event handled.
    pub trigger: u64,
    /// When the turn began.
    pub at: Millis,
    /// The encoded record.
    pub record: Vec<u8>,
    /// Durable effects, and whether each may be sent again when its outcome is unknown.
    pub durable: Vec<(S::Effect, bool)>,
    /// Timers armed and disarmed.
    pub timers: Vec<TimerChange>,
    /// Rows of side tables to be removed.
    pub views_removed: Vec<View>,
    /// Rows of side tables to be written.
    pub views_added: Vec<View>,
}

/// Why a turn was not committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnRefused {
    /// The state has changed since (a merge): load it again and decide again.
    Stale,
    /// The event has been handled already, or has moved to another person's conversation.
    Gone,
    /// The journal failed.
    Broken,
}

impl<S: Session> Ledger<S> {
    /// Writes a turn: record, outbox, timers, side tables; the event is no longer pending.
    pub fn turn(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        turn: TurnCommit<S>,
    ) -> Result<Result<u64, TurnRefused>, StoreError> {
        let id = turn.conversation;
        let pending = ids::sequence_key(&id, turn.trigger);
        if tx.get(Space::Pending, &pending)?.is_none() {
            return Ok(Err(TurnRefused::Gone));
        }
        if self.head(tx, &id)?.base != turn.base {
            return Ok(Err(TurnRefused::Stale));
        }
        let seq = self.append(tx, &id, Kind::Turn, turn.record, out)?;
        tx.remove(Space::Pending, pending);
        out.unhandled -= 1;
        let handled = self.backlogs.handled(&id);
        out.held += handled.held;
        if handled.brought_up {
            out.feed.push(Feed::Resume(id.clone()));
        }
        for (step, (effect, resend_unknown)) in (0u32..).zip(turn.durable) {
            let key = IdempotencyKey { conversation: id.clone(), turn: seq, step };
            // What may be sent again is claimed right here, at no cost. What may not is claimed by a commit of its own
            // before it is tried, so that a crash leaves doubt only about what may really have left.
            let row = OutboxRow::<S> {
                effect,
                resend_unknown,
                claim: if resend_unknown { self.start } else { 0 },
                attempts: 0,
                doubt: false,
                at: turn.at,
            };
            tx.put(Space::Outbox, ids::effect_key(&key), rows::row(&row)?);
            out.unsettled += 1;
            self.unsettled.add(&key, Told::Nothing);
            out.queued.push(Queued { key, effect: row.effect, resend_unknown, claimed: resend_unknown });
        }
        for timer in &turn.timers {
            set_timer(tx, &id, timer)?;
        }
        write_views(tx, &id, &turn.views_removed, &turn.views_added);
        Ok(Ok(seq))
    }

    /// Notes that the turn of an event panicked, `tries` times by now.
    pub fn tried(
        &mut self,
        tx: &mut Tx<'_>,
        id: &ConversationId,
        seq: u64,
        tries: u32,
    ) -> Result<(), StoreError> {
        let key = ids::sequence_key(id, seq);
        if let Some(bytes) = tx.get(Space::Pending, &key)? {
            let mut row: PendingRow = rows::read("pending", &bytes)?;
            row.tries = tries;
            tx.put(Space::Pending, key, rows::row(&row)?);
        }
        Ok(())
    }
}

fn set_timer(tx: &mut Tx<'_>, id: &ConversationId, timer: &TimerChange) -> Result<(), StoreError> {
    let by_name = rows::timer_name_key(id, &timer.name);
    if let Some(due) = tx.get(Space::TimerNames, &by_name)?
        && let Some(due) = rows::read_time(&due)
    {
        tx.remove(Space::Timers, rows::timer_key(due, id, &timer.name));
    }
    match timer.at {
        Some(at) => {
            tx.put(Space::Timers, rows::timer_key(at, id, &timer.name), Vec::new());
            tx.put(Space::TimerNames, by_name, rows::time_key(at).to_vec());
        }
        None => tx.remove(Space::TimerNames, by_name),
    }
    Ok(())
}
