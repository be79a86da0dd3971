//! Keeps a further sentence of a message until what the message began has come to its end: one that may be a wish of its own, or
//! (`wish`) one that stood behind a yes and is one. A language that it asks for holds at once.

use super::change_language;
use crate::state::HeldMessage;
use crate::tongue;
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
    // What a message says more than may be kept goes without: nothing is kept without limit.
    turn.hold(HeldMessage { part: true, wish, ..turn.kept(text) });
}
