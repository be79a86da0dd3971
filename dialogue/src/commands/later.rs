//! Keeps a further sentence of a message until what the message began has come to its end: one that may be a wish of its own, or
//! (`wish`) one that stood behind a yes and is one. A language that it asks for holds at once.

use super::change_language;
use crate::state::HeldMessage;
use crate::tongue;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, mut text: String, wish: bool) {
    if let Some(code) = tongue::asked_for(&text) {
        if turn.state.language.code.as_deref() != Some(code) {
            change_language::set(turn, code);
            turn.say("utter_language_changed");
        }
        match tongue::besides(&text) {
            Some(rest) => text = rest,
            None => return,
        }
    }
    // What a message says more than that goes without: nothing is kept without limit.
    if turn.state.held.len() >= turn.a.settings.held_messages {
        return;
    }
    let message = HeldMessage {
        id: format!("turn-{}-{}", turn.state.counters.turns, turn.state.held.len()),
        text,
        at: turn.at,
        tap: None,
        frame: None,
        part: true,
        answers: false,
        wish,
    };
    turn.emit(TrackerEvent::MessageHeld { message });
}
