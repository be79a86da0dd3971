//! Small talk: an answer that opens no matter; an open question comes again.

use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, answer: &str) {
    turn.say(answer);
    super::knowledge_answer::progress(turn);
    turn.reask();
}
