//! "No, 110002": the slot is overwritten and the flow runs again from the step that uses it.

use crate::config::domain::{Slot, SlotType, Source};
use crate::config::flows::Flow;
use crate::state::Slots;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use serde_json::Value;

/// Overwrites slots of a running frame and goes back to the first step that collects one of them.
pub(crate) fn rewind(turn: &mut Turn, frame: u64, slots: Slots) {
    let Some(flow) = turn.state.frame(frame).and_then(|f| turn.a.flows.get(&f.flow)) else { return };
    let new: Vec<(&String, &Value)> = slots
        .iter()
        .filter(|(slot, value)| {
            turn.state.frame_slot(turn.state.frame(frame), slot).is_some_and(|old| old != *value)
        })
        .collect();
    let changed = !new.is_empty();
    // Tapped once more, when a flow that this one calls asks already: its question stays, or nobody would ask any.
    let same = slots.iter().all(|(slot, value)| {
        turn.state.frame_slot(turn.state.frame(frame), slot).is_some_and(|old| old == value)
    });
    if same && turn.open_question().is_some_and(|asking| called_from(turn, asking, frame)) {
        return turn.reask();
    }
    let said = match new.as_slice() {
        [(slot, value)] => told(turn, slot, value),
        _ => None,
    };
    let step = flow
        .steps
        .iter()
        .find(
            |s| matches!(&s.kind, crate::config::flows::StepKind::Collect(c) if slots.contains_key(&c.slot)),
        )
        .or_else(|| flow.steps.first())
        .map(|s| s.id.clone());
    let chosen: Vec<String> = flow
        .collects()
        .filter(|c| c.confirm || turn.a.domain.slots.get(&c.slot).is_some_and(only_chosen))
        .map(|c| c.slot.clone())
        .collect();
    // Patterns above the frame, such as a reminder, have nothing left to say.
    let above: Vec<u64> = turn
        .state
        .stack
        .iter()
        .rev()
        .take_while(|f| f.id != frame)
        .filter(|f| f.flow.starts_with("pattern_"))
        .map(|f| f.id)
        .collect();
    // What the flow had called is called anew, or it would stand below the flow, and nobody would ask anything.
    let called = turn.state.stack.iter().filter(|f| changed && f.called_by == Some(frame)).map(|f| f.id);
    for id in called.chain(above).collect::<Vec<u64>>() {
        turn.drop_frame(id, "corrected");
    }
    for slot in chosen {
        if !slots.contains_key(&slot) {
            turn.set_slot(Some(frame), &slot, Value::Null);
        }
    }
    for (slot, value) in slots {
        turn.set_slot(Some(frame), &slot, value);
    }
    turn.emit(TrackerEvent::AskCleared);
    // Tapped while something else has come up meanwhile: what was tapped speaks, or nobody would.
    crate::returned::raise(turn, frame);
    if let Some(step) = step.filter(|_| changed) {
        turn.emit(TrackerEvent::StepReached { frame, step });
        turn.pattern("pattern_correction", said.as_deref());
    } else if !crate::commands::correct_slot::under_way(turn, frame) {
        // Something new rather than something else: the open question comes again. What a backend does is not begun twice.
        if let Some(step) = turn.state.frame(frame).map(|f| f.step.clone()) {
            turn.emit(TrackerEvent::StepReached { frame, step });
        }
    }
}

/// Whether a frame runs on behalf of another one.
pub(crate) fn called_from(turn: &Turn, frame: u64, caller: u64) -> bool {
    let above = |id: u64| turn.state.frame(id).and_then(|f| f.called_by);
    // A stack is no deeper than its frames, even if a journal of another hand went round in circles.
    let mut callers = std::iter::successors(above(frame), |id| above(*id)).take(turn.state.stack.len());
    callers.any(|id| id == caller)
}

/// A value as it can be said: what the customer said themselves, not a name of ours.
fn told(turn: &Turn, slot: &str, value: &Value) -> Option<String> {
    let slot = turn.a.domain.slots.get(slot)?;
    let free = matches!(slot.kind, SlotType::Text | SlotType::Float) && !only_chosen(slot);
    match value {
        Value::String(text) if free => Some(text.clone()),
        Value::Number(number) if free => Some(number.to_string()),
        _ => None,
    }
}

/// A slot whose value comes from a choice offered: it hangs on other slots and is void when they change.
pub(crate) fn only_chosen(slot: &Slot) -> bool {
    slot.mappings.iter().all(|m| matches!(m.source, Source::Controlled))
}

/// Slots of a completed run that a follow-up keeps: those said as entities, not chosen, written freely or confirmed.
pub(crate) fn inheritable(turn: &Turn, flow: &Flow, slots: &Slots) -> Slots {
    let keeps = |name: &str| {
        flow.collects().any(|c| c.slot == name && !c.confirm && !c.verbatim && !c.ask_before_filling)
            && turn.a.domain.slots.get(name).is_some_and(|s| {
                s.mappings.iter().any(|m| matches!(m.source, Source::Entity(..) | Source::Location))
                    && !s.mappings.iter().any(|m| matches!(m.source, Source::Text(None)))
            })
    };
    slots
        .iter()
        .filter(|(name, value)| !value.is_null() && keeps(name))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}
