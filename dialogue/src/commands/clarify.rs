//! Offers topics instead of guessing.

use crate::patterns::clarification;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, reason: &'static str, flows: &[String]) {
    let topics = if flows.is_empty() {
        clarification::likely_topics(turn)
    } else {
        clarification::topics_of(turn, flows)
    };
    clarification::offer(turn, reason, topics);
}
