//! "Helpful" or "not helpful" under an answer: the latter is a failed attempt.

use crate::patterns::cannot_handle;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, helpful: bool) {
    if helpful {
        super::knowledge_answer::progress(turn);
        turn.say("utter_feedback_thanks");
        turn.reask();
    } else {
        cannot_handle::run(turn, "not_helpful");
    }
}
