//! Overwrites slots and runs again from the step that uses them – in the running flow, or in the one just completed.

use crate::patterns::{completed, correction};
use crate::state::Slots;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, slots: Slots) {
    let running = turn.state.stack.iter().rev().find(|f| {
        !f.flow.starts_with("pattern_")
            && turn.a.flows.get(&f.flow).is_some_and(|flow| slots.keys().any(|s| flow.takes(s)))
    });
    if let Some(id) = running.map(|f| f.id) {
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
