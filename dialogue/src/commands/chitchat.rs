//! Small talk: an answer that opens no matter; an open question comes again, unless its step says otherwise, but not after a thank-you or goodbye.

use crate::config::domain::Courtesy;
use crate::patterns::digression;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, answer: &str) {
    turn.say(answer);
    super::knowledge_answer::progress(turn);
    let intent = turn.state.latest.as_ref().and_then(|l| l.intent.as_deref());
    let courtesy = intent.and_then(|i| turn.a.domain.intents.get(i)).and_then(|i| i.courtesy);
    if courtesy == Some(Courtesy::Farewell) {
        digression::farewell(turn);
    } else {
        turn.reask_besides();
    }
}
