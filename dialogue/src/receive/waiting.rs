//! What customers write while they wait for a person because something was not understood.

use crate::commands::Command;
use crate::state::Owner;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

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
