//! STOP, in any language: consent is withdrawn, nothing more is sent, one confirmation excepted.

use crate::state::Owner;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn) {
    withdraw(turn);
    turn.pattern("pattern_stop", None);
}

/// Without a word: also while a human owns the thread.
pub(crate) fn withdraw(turn: &mut Turn) {
    turn.drop_stack("stopped");
    let left: Vec<u64> = turn.state.matters.iter().map(|m| m.id).collect();
    if matches!(turn.state.owner, Owner::Queue { .. }) {
        turn.hook("action_withdraw_handoff_ticket");
        turn.emit(TrackerEvent::QueueLeft { reason: "stopped".into() });
    }
    for id in left {
        turn.emit(TrackerEvent::MatterAbandoned { id, reason: "stopped".into() });
    }
    turn.emit(TrackerEvent::MarketingSet { opted_in: false });
    turn.emit(TrackerEvent::ConsentWithdrawn { at: turn.at });
    turn.hook("action_save_marketing");
}
