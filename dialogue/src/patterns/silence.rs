//! The customer does not answer a question: a reminder, then the flow is dropped.

use crate::policy;
use crate::state::Owner;
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
            turn.pattern("pattern_abandoned", None);
        }
        _ => {}
    }
}
