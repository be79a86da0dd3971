//! Greets: the customer opened the chat, or asked for a fresh start.

use crate::patterns::session_start;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn) {
    if turn.needs_consent() {
        session_start::greet(turn);
    } else {
        turn.say("utter_acknowledge");
    }
}
