//! Failed attempts: a rejected value, an out-of-scope or unsupported message, a "not helpful". Two in a row bring a person.

use crate::commands::human_handoff;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// Counts a failed attempt and says so, or hands over.
pub(crate) fn run(turn: &mut Turn, reason: &'static str) {
    if failed(turn, reason) {
        return;
    }
    if reason == "out_of_scope" {
        turn.reask_besides();
    } else {
        turn.reask();
    }
    turn.pattern("pattern_cannot_handle", Some(reason));
}

/// Counts a failed attempt; whether a person has got the conversation now.
pub(crate) fn failed(turn: &mut Turn, reason: &'static str) -> bool {
    turn.emit(TrackerEvent::FailedAttempt { reason: reason.to_owned() });
    let enough = turn.state.failures >= turn.a.settings.failures;
    if enough {
        human_handoff::run(turn, "failed_attempts");
    }
    enough
}
