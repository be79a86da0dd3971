//! Answers the question just asked.

use crate::state::Slots;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, slots: Slots) {
    let Some(asked) = turn.state.asked.clone() else { return };
    if slots.contains_key(&asked.slot) {
        // A valid answer to the question just asked is certain; whether it is valid, the collect step says.
        turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    }
    for (slot, value) in slots {
        turn.set_slot(Some(asked.frame), &slot, value);
    }
    if turn.state.slot(&asked.slot).is_none() {
        turn.reask();
    }
}
