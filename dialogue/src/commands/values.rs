//! Starts the flow that a message's values ask for: values that fit what was shown last are as certain as an answer.

use crate::state::Slots;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, flow: &str, slots: Slots, intent: Option<String>) {
    turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    super::start_flow::run(turn, flow, slots, intent, false);
}
