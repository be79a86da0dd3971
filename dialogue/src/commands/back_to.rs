//! A value that other answers hang on, or words that are no answer, said at a question: the flow goes on from another of its
//! steps, and what was chosen from there on is forgotten.

use crate::config::flows::StepKind;
use crate::patterns::correction;
use crate::state::Slots;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use serde_json::Value;

pub(crate) fn run(turn: &mut Turn, step: &str, slots: Slots) {
    let Some(frame) = turn.state.asked.as_ref().map(|a| a.frame) else { return };
    let Some(flow) = turn.state.frame(frame).and_then(|f| turn.a.flows.get(&f.flow)) else { return };
    let Some(to) = flow.index.get(step).copied() else { return turn.reask() };
    while let Some(top) =
        turn.state.top().filter(|f| f.id != frame && f.flow.starts_with("pattern_")).map(|f| f.id)
    {
        turn.drop_frame(top, "corrected");
    }
    let void: Vec<String> = flow.steps[to..]
        .iter()
        .filter_map(|s| match &s.kind {
            StepKind::Collect(c) => Some(&**c),
            _ => None,
        })
        .filter(|c| !slots.contains_key(&c.slot))
        .filter(|c| c.confirm || turn.a.domain.slots.get(&c.slot).is_some_and(correction::only_chosen))
        .map(|c| c.slot.clone())
        .collect();
    for slot in void {
        if turn.state.frame_slot(turn.state.frame(frame), &slot).is_some() {
            turn.set_slot(Some(frame), &slot, Value::Null);
        }
    }
    // Words that are no answer are what this step is for: it takes them, however unsure their intent is.
    turn.emit(TrackerEvent::ConfidenceSet { confidence: 1.0 });
    if !slots.is_empty() && turn.state.failures > 0 && !turn.state.failure_stays() {
        turn.emit(TrackerEvent::Progress);
    }
    for (slot, value) in slots {
        turn.set_slot(Some(frame), &slot, value);
    }
    turn.emit(TrackerEvent::AskCleared);
    turn.emit(TrackerEvent::StepReached { frame, step: step.to_owned() });
}
