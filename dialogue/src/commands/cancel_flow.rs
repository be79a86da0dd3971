//! Drops the running flow; what it interrupted resumes, unless the customer gives up altogether.

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
    match id {
        Some(_) if gives_up => {
            turn.drop_stack("cancelled");
            turn.pattern("pattern_cancel_flow", None);
        }
        Some(id) => {
            turn.drop_frame(id, "cancelled");
            turn.pattern("pattern_cancel_flow", None);
        }
        None => turn.say("utter_nothing_to_cancel"),
    }
}
