//! Does what an unsure message said, once a tap on one of the topics offered for it has told which intent it means: with the
//! values that it brought, as if it had been understood at once.

use crate::sources::taps;
use crate::state::Understand;
use crate::turn::Turn;

/// `number`: the turn in which the topic was offered. Where topics were offered for another message since, the topic alone counts.
pub(crate) fn run(turn: &mut Turn, intent: String, number: u64) {
    match turn.state.unsure.clone().filter(|unsure| unsure.turn == number) {
        Some(unsure) => {
            let asked = Understand { text: unsure.text, meant: Some(intent), ..Understand::default() };
            turn.understand_as(asked, turn.at);
        }
        None => alone(turn, &intent),
    }
}

/// The topic, without what the message said about it.
pub(crate) fn alone(turn: &mut Turn, intent: &str) {
    let commands = taps::intent(turn, intent, serde_json::Map::new());
    turn.execute(commands);
}
