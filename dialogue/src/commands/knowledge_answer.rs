//! A written answer to a question: a matter opened and resolved at once; an open question comes again, unless its
//! step says otherwise.

use crate::patterns::completed;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, answer: &str, intent: &str) {
    let id = completed::open_matter(turn, Some(intent.to_owned()), None);
    turn.say(answer);
    turn.emit(TrackerEvent::MatterResolved { id, by: "bot".into() });
    progress(turn);
    turn.reask_besides();
}

/// An answer given ends a row of failures, unless a backend is down: that is no progress for whoever needs it.
pub(crate) fn progress(turn: &mut Turn) {
    if turn.state.failures > 0 && turn.state.last_failure.as_deref() != Some("backend") {
        turn.emit(TrackerEvent::Progress);
    }
}
