//! A backend did not answer, or a flow is broken: the customer is told, and it counts as a failed attempt.

use crate::commands::human_handoff;
use crate::state::Owner;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, reason: &'static str) {
    if reason != "backend" {
        turn.emit(TrackerEvent::FailedAttempt { reason: reason.to_owned() });
    }
    let enough = turn.state.failures >= turn.a.settings.failures;
    if enough && turn.state.owner == Owner::Bot {
        // Told first, then handed over; what was running will not resume.
        turn.say(if reason == "backend" { "utter_backend_failed" } else { "utter_internal_error" });
        human_handoff::run(turn, "failed_attempts");
    } else {
        turn.pattern("pattern_internal_error", Some(reason));
    }
}
