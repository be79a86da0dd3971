//! The customer does not answer a question: a reminder, then the flow is dropped.

use crate::policy;
use crate::state::{HeldMessage, Owner};
use crate::tracker::TrackerEvent;
use crate::turn::{ABANDON, REMINDER, Turn};

pub(crate) fn run(turn: &mut Turn, timer: &str) {
    let Some(asked) = turn.state.asked.as_ref().map(|asked| asked.at) else { return };
    if turn.state.owner != Owner::Bot {
        return;
    }
    let due = |after: i64| after > 0 && turn.at >= asked + after;
    let (remind, abandon) = (due(turn.a.settings.reminder_ms), due(turn.a.settings.abandon_ms));
    match timer {
        // It was set for the question before, whose answer was under way when it fell due.
        REMINDER if !remind => {}
        ABANDON if !abandon => {}
        // After a long standstill both are due: who is left alone next need not be reminded first.
        REMINDER if abandon => {}
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
