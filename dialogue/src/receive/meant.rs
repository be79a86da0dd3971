//! An unsure message whose meaning a tap has told, understood once more for its values.

use super::{parts, waiting};
use crate::clauses;
use crate::commands::{Command, meant};
use crate::event::Understanding;
use crate::sources::nlu;
use crate::state::{Latest, Owner};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(super) fn understood(turn: &mut Turn, text: &str, intent: &str, u: &Understanding) {
    let latest = Latest {
        text: text.to_owned(),
        intent: Some(intent.to_owned()),
        confidence: 1.0,
        ..Latest::default()
    };
    // The language was settled when it came.
    let languages = turn.state.language.posterior.clone();
    turn.emit(TrackerEvent::Understood { latest: Some(latest), languages });
    turn.emit(TrackerEvent::ExchangeBegun { intent: intent.to_owned() });
    let told = clauses::part(u, vec![(intent.to_owned(), 1.0)], 0.0, u.entities.clone());
    let mut commands = nlu::commands(turn, text, &told);
    // Its words may deny what the tap says; the tap came later.
    if commands.iter().any(|c| matches!(c, Command::LowConfidence | Command::CannotHandle { .. })) {
        return meant::alone(turn, intent);
    }
    if matches!(turn.state.owner, Owner::Queue { .. }) {
        waiting::as_tapped(&mut commands);
    }
    parts::keep(turn, text, &commands);
    waiting::execute(turn, commands, true);
}
