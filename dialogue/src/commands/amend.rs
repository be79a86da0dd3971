//! "The pincode is 201303": part of what was told in free words is another. It is put in, said, and the question comes again.

use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use serde_json::Value;

pub(crate) fn run(turn: &mut Turn, slot: &str, value: Value, part: &str) {
    let Some(asked) = turn.state.asked.clone() else { return };
    turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    if turn.state.failures > 0 && !turn.state.failure_stays() {
        turn.emit(TrackerEvent::Progress);
    }
    turn.set_slot(Some(asked.frame), slot, value);
    turn.reask();
    turn.pattern("pattern_correction", Some(part));
}
