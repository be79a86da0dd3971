//! Drops the running flow; what it interrupted resumes, unless the customer gives up altogether. A confirmed change that is out
//! already cannot be taken back: the customer is told so, and later what became of it ([`returned`](crate::returned)).

use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use crate::wording;

pub(crate) fn run(turn: &mut Turn) {
    // A called flow is part of its caller: the customer knows only the whole.
    let mut id = None;
    for frame in turn.state.stack.iter().rev() {
        if frame.flow.starts_with("pattern_") {
            continue;
        }
        id = Some(frame.id);
        if frame.called_by.is_none() {
            break;
        }
    }
    // "Forget it" ends what was interrupted too, and what the same messages said besides.
    let text = turn.state.latest.as_ref().map(|l| l.text.clone()).unwrap_or_default();
    let gives_up = wording::gives_up(&turn.a.words, &text);
    if turn.state.held.iter().any(|h| h.part) {
        turn.emit(TrackerEvent::PartsDropped);
    }
    while let Some(top) = turn.state.top().filter(|f| f.flow.starts_with("pattern_")).map(|f| f.id) {
        turn.drop_frame(top, "cancelled");
    }
    let Some(id) = id else { return turn.say("utter_nothing_to_cancel") };
    let known: Vec<u64> = left(turn).map(|(id, _)| id).collect();
    if gives_up {
        turn.drop_stack("cancelled");
    } else {
        turn.drop_frame(id, "cancelled");
    }
    let Some(flow) = left(turn).find(|(id, _)| !known.contains(id)).map(|(_, flow)| flow.to_owned()) else {
        return turn.pattern("pattern_cancel_flow", None);
    };
    let name = turn.name_of(&flow);
    turn.pattern("pattern_left_waiting", name.as_deref());
}

/// Changes that are out while their flows were left, and those flows.
fn left<'t>(turn: &'t Turn<'_>) -> impl Iterator<Item = (u64, &'t str)> {
    turn.state.calls.iter().filter_map(|(id, call)| Some((*id, call.left.as_deref()?)))
}
