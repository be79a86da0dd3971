//! Answers the question just asked.

use crate::state::{Asked, Slots};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, slots: Slots) {
    let Some(asked) = turn.state.asked.clone() else { return };
    let frame = turn.state.frame(asked.frame);
    let known = !slots.is_empty()
        && slots.iter().all(|(slot, value)| turn.state.frame_slot(frame, slot) == Some(value));
    // A valid answer to the question just asked is certain; whether it is valid, the collect step says. So is a detail told once
    // more, which has been noted already.
    if known || slots.contains_key(&asked.slot) {
        turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    }
    let names: Vec<String> = slots.keys().cloned().collect();
    for (slot, value) in slots {
        turn.set_slot(Some(asked.frame), &slot, value);
    }
    if !names.contains(&asked.slot) && answered_instead(turn, &asked, &names) {
        turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
        turn.emit(TrackerEvent::Skipped { frame: asked.frame, slot: asked.slot });
        return;
    }
    if turn.state.slot(&asked.slot).is_none() {
        turn.reask();
    }
}

/// Whether one of these slots answers the open question as well as its own would.
fn answered_instead(turn: &Turn, asked: &Asked, slots: &[String]) -> bool {
    let flow = turn.state.frame(asked.frame).and_then(|f| turn.a.flows.get(&f.flow));
    flow.is_some_and(|flow| {
        flow.collects().any(|c| c.slot == asked.slot && c.instead.iter().any(|(s, _)| slots.contains(s)))
    })
}
