//! Says the last reply again, as it was.

use crate::effect::Outgoing;
use crate::state::{Draft, Part};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn) {
    let last = turn.state.last_reply.clone();
    if last.is_empty() {
        turn.say("utter_nothing_to_repeat");
        return;
    }
    if let Some(mut asked) = turn.state.asked.clone() {
        // Said again is asked again.
        asked.turn = turn.state.counters.received;
        turn.emit(TrackerEvent::Asked { asked });
    }
    let says: Vec<(String, bool)> =
        turn.state.options.iter().filter_map(|o| Some((o.id.clone(), o.says?))).collect();
    for message in last {
        let (text, part, footer) = match message {
            Outgoing::Text { body, .. } => (body, None, None),
            Outgoing::Buttons { body, footer, buttons } => (body, Some(Part::Buttons { buttons }), footer),
            Outgoing::List { body, footer, button, sections } => {
                (body, Some(Part::List { button, sections }), footer)
            }
            Outgoing::Image { link, caption } => {
                (caption.unwrap_or_default(), Some(Part::Image { link }), None)
            }
            Outgoing::LocationRequest { body } => (body, Some(Part::LocationRequest), None),
            // Templates are never repeated on their own account.
            Outgoing::Template { .. } => continue,
        };
        turn.drafts.push(Draft { response: "repeat".into(), text, part, footer, says: says.clone() });
    }
}
