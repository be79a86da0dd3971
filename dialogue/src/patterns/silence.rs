//! The customer does not answer a question: a reminder, then the flow is dropped.

use crate::policy;
use crate::state::{HeldMessage, Owner};
use crate::tracker::TrackerEvent;
use crate::turn::{ABANDON, REMINDER, Turn};

pub(crate) fn run(turn: &mut Turn, timer: &str) {
    if turn.state.asked.is_none() || turn.state.owner != Owner::Bot {
        return;
    }
    match timer {
        // The consent question stands before the flow's; only that it is dropped in the end needs no word.
        REMINDER if turn.needs_consent() => {}
        ABANDON if turn.needs_consent() => turn.drop_stack("silence"),
        // Outside the window a reminder could not be sent.
        REMINDER if policy::window(&turn.state, turn.at).is_some() => turn.pattern("pattern_silence", None),
        ABANDON => {
            turn.drop_stack("silence");
            hear_what_is_sure(turn);
            turn.pattern("pattern_abandoned", None);
        }
        _ => {}
    }
}

/// What was kept for the question's end is half an hour old by now: done as far as it is surely a wish, but nobody is called for it.
fn hear_what_is_sure(turn: &mut Turn) {
    let kept = if turn.state.consented() { turn.state.held.clone() } else { Vec::new() };
    for held in kept {
        turn.emit(TrackerEvent::HeldReleased);
        turn.emit(TrackerEvent::MessageHeld { message: HeldMessage { part: true, ..held } });
    }
}
