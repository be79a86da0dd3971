//! Drops the running flow; what it interrupted resumes.

use crate::turn::Turn;

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
    while let Some(top) = turn.state.top().filter(|f| f.flow.starts_with("pattern_")).map(|f| f.id) {
        turn.drop_frame(top, "cancelled");
    }
    match id {
        Some(id) => {
            turn.drop_frame(id, "cancelled");
            turn.pattern("pattern_cancel_flow", None);
        }
        None => turn.say("utter_nothing_to_cancel"),
    }
}
