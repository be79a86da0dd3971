//! Forgets what is going on; consent, language and person stay.

use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn) {
    turn.drop_stack("restarted");
    let slots = crate::patterns::session_start::initial_slots(turn);
    turn.emit(TrackerEvent::SlotsReset { slots });
    turn.emit(TrackerEvent::Progress);
    if !turn.needs_consent() {
        turn.say("utter_restarted");
    } else {
        crate::patterns::session_start::greet(turn);
    }
}
