//! What customers write while they wait for a person.

use crate::commands::Command;
use crate::state::Owner;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// Says that what is written while a person is waited for has been passed on.
pub(crate) const PASSED_ON: &str = "utter_passed_on";

/// Who waits because something was not understood, and says it again so that it is, is served as if the topic had been tapped:
/// if that settles the matter, nobody need answer. Where it is another wish than those that the person may have been called for,
/// what the person was called for waits on. Who asked for a person waits for one.
pub(super) fn served(turn: &mut Turn, commands: &mut [Command]) {
    let Owner::Queue { suggestions, .. } = &turn.state.owner else { return };
    if !turn.state.waits_unheard() {
        return;
    }
    let other = |command: &Command| match command {
        Command::StartFlow { flow, .. } | Command::Values { flow, .. } => {
            suggestions.iter().all(|topic| topic.flow != *flow)
        }
        Command::KnowledgeAnswer { intent, .. } => suggestions.iter().all(|topic| topic.flow != *intent),
        _ => false,
    };
    if commands.iter().any(other) {
        turn.emit(TrackerEvent::WaitsOn {});
    }
    for command in commands {
        match command {
            Command::StartFlow { tapped, .. } => *tapped = true,
            Command::Values { flow, slots, intent } => {
                let (flow, slots, intent) = (flow.clone(), slots.clone(), intent.clone());
                *command = Command::StartFlow { flow, slots, intent, tapped: true };
            }
            _ => {}
        }
    }
}

/// Whether a command is answered while the customer waits for a person.
fn answered_in_queue(turn: &Turn, command: &Command, tapped: bool) -> bool {
    // A typed title of an offered topic is a tap.
    let tapped = tapped || matches!(command, Command::StartFlow { tapped: true, .. });
    let right =
        matches!(command, Command::Stop | Command::Consent { .. } | Command::Marketing { opted_in: false });
    let answer = matches!(
        command,
        Command::SetSlot { .. }
            | Command::CorrectSlot { .. }
            | Command::Amend { .. }
            | Command::BackTo { .. }
            | Command::AskAgain { .. }
            | Command::Corrected { .. }
            | Command::NotYet
            | Command::Later { .. }
            | Command::Afterwards { .. }
            | Command::SkipQuestion
            | Command::CancelFlow
            | Command::CannotHandle { reason: "rejected" }
    );
    tapped || right || (answer && turn.state.self_service())
}

/// What is written while a person is waited for is theirs to answer. The first time that is said, once for each hand-over.
pub(super) fn pass_on(turn: &mut Turn) {
    if !turn.state.unanswered {
        turn.say_if_known(PASSED_ON);
    }
    turn.emit(TrackerEvent::Withheld { reason: "queued".into() });
}

/// Carries commands out, or passes the message on where a person is waited for.
pub(super) fn execute(turn: &mut Turn, commands: Vec<Command>, tapped: bool) {
    if matches!(turn.state.owner, Owner::Queue { .. })
        && !commands.iter().all(|c| answered_in_queue(turn, c, tapped))
    {
        // "Hello? Thanks!" leaves nothing for the person to answer.
        let empty = commands.iter().all(|c| matches!(c, Command::Chitchat { .. } | Command::Acknowledge));
        if empty {
            return turn.emit(TrackerEvent::Withheld { reason: "queued_courtesy".into() });
        }
        return pass_on(turn);
    }
    turn.execute(commands);
}
