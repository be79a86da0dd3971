//! What customers write while they wait for a person.

use crate::commands::Command;
use crate::fold::{listed, words};
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
    // A flow with many answers is one of those topics only for a message that has a word of the one not understood.
    let again = said_again(turn);
    let named = |flow: &str| {
        let many = turn.a.flows.get(flow).is_some_and(|f| f.side);
        suggestions.iter().any(|topic| topic.flow == flow) && (again || !many)
    };
    let other = |command: &Command| match command {
        Command::StartFlow { flow, .. } | Command::Values { flow, .. } => !named(flow),
        Command::KnowledgeAnswer { intent, .. } => !named(intent),
        _ => false,
    };
    if commands.iter().any(other) {
        turn.emit(TrackerEvent::WaitsOn {});
    }
    as_tapped(commands);
}

/// Flows that begin as if they had been tapped.
pub(super) fn as_tapped(commands: &mut [Command]) {
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

/// Whether the latest message has a telling word of the one for which a person was called.
fn said_again(turn: &Turn) -> bool {
    const SHORT: usize = 3;
    const COMMON: &str = "the and for you your that this with what how can have are has was will not hai hain kya mein mera meri mere kar karo \
        aur bhi nahi nhi que los las por para una con del mis como este esta está हैं क्या में मेरा मेरी मेरे और नहीं कर करो";
    let Owner::Queue { since, .. } = &turn.state.owner else { return false };
    let telling = |text: &str| -> Vec<String> {
        words(text).into_iter().filter(|w| w.chars().count() >= SHORT && !listed(COMMON, w)).collect()
    };
    let mut written = turn.state.transcript.iter().rev().filter(|line| line.from == "customer");
    let Some(now) = written.next() else { return false };
    let Some(then) = written.find(|line| line.at <= *since) else { return false };
    let then = telling(&then.text);
    telling(&now.text).iter().any(|word| then.contains(word))
}

/// Whether a command is answered while the customer waits for a person.
fn answered_in_queue(turn: &Turn, command: &Command, tapped: bool) -> bool {
    // A typed title of an offered topic is a tap.
    let tapped = tapped || matches!(command, Command::StartFlow { tapped: true, .. } | Command::Meant { .. });
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

/// Whether commands are carried out now: nobody is waited for, or these are answered all the same.
pub(super) fn answers(turn: &Turn, commands: &[Command]) -> bool {
    match turn.state.owner {
        Owner::Bot => true,
        Owner::Queue { .. } => commands.iter().all(|c| answered_in_queue(turn, c, false)),
        Owner::Agent { .. } => false,
    }
}

/// What is written while a person is waited for is theirs to answer. That is said once, and again where the bot has answered
/// something since: silence after answers would be taken for being ignored.
pub(super) fn pass_on(turn: &mut Turn) {
    if !turn.state.passed_on {
        turn.say_if_known(PASSED_ON);
    }
    turn.emit(TrackerEvent::Withheld { reason: "queued".into() });
}

/// Carries commands out, or passes the message on where a person is waited for.
pub(super) fn execute(turn: &mut Turn, commands: Vec<Command>, tapped: bool) {
    if matches!(turn.state.owner, Owner::Queue { .. }) && !tapped && !answers(turn, &commands) {
        // "Hello? Thanks!" leaves nothing for the person to answer.
        let empty = commands.iter().all(|c| matches!(c, Command::Chitchat { .. } | Command::Acknowledge));
        if empty {
            return turn.emit(TrackerEvent::Withheld { reason: "queued_courtesy".into() });
        }
        return pass_on(turn);
    }
    turn.execute(commands);
}
