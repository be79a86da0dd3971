//! Overwrites slots and runs again from the step that uses them – in the running flow, or in the one just completed. What a
//! running flow has had begun is not begun again: what is said meanwhile is heard when its answer has come.

use crate::patterns::{completed, correction};
use crate::payload::quote;
use crate::state::{HeldMessage, Slots};
use crate::turn::Turn;
use serde_json::Value;

pub(crate) fn run(turn: &mut Turn, slots: Slots) {
    let running = turn.state.stack.iter().rev().find(|f| {
        !f.flow.starts_with("pattern_")
            && turn.a.flows.get(&f.flow).is_some_and(|flow| slots.keys().any(|s| flow.takes(s)))
    });
    if let Some(id) = running.map(|f| f.id) {
        if under_way(turn, id) && keep(turn, &slots) {
            return;
        }
        correction::rewind(turn, id, slots);
        return;
    }
    let Some(last) = turn.state.last_frame.clone() else { return };
    let Some(flow) = turn.a.flows.get(&last.flow) else { return };
    if let Some(next) = flow.follow_up.as_ref().filter(|f| turn.a.flows.contains_key(*f)) {
        let intent = turn.state.latest.as_ref().and_then(|l| l.intent.clone());
        return crate::commands::start_flow::run(turn, next, slots, intent, false);
    }
    let mut inherited = correction::inheritable(turn, flow, &last.slots);
    inherited.extend(slots);
    let intent = turn.state.latest.as_ref().and_then(|l| l.intent.clone());
    let matter = completed::open_matter(turn, intent, Some(last.flow.clone()));
    turn.push(&last.flow, inherited, |f| f.matter = Some(matter));
}

/// Whether a backend is doing what a frame, or one that runs on its behalf, has asked for: an order cancelled, a ticket opened.
pub(crate) fn under_way(turn: &Turn, id: u64) -> bool {
    turn.state.calls.iter().any(|(call, it)| {
        let waits = |f: &u64| turn.state.frame(*f).is_some_and(|f| f.waiting == Some(*call));
        it.durable && it.frame.filter(waits).is_some_and(|f| f == id || correction::called_from(turn, f, id))
    })
}

/// Keeps the message that sets these slots: a text is understood anew, a tap is one. More than may be kept is not.
fn keep(turn: &mut Turn, slots: &Slots) -> bool {
    let Some(latest) = &turn.state.latest else { return false };
    let argument = |(slot, value): (&String, &Value)| {
        format!("{slot}={}", value.as_str().map_or_else(|| value.to_string(), quote))
    };
    let tapped = || slots.iter().map(argument).collect::<Vec<_>>().join(", ");
    let tap = latest.intent.is_none().then(|| format!("/SetSlots({})", tapped()));
    turn.hold(HeldMessage { tap, ..turn.kept(latest.text.clone()) })
}
