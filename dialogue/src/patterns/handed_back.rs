//! An agent hands the thread back.

use crate::tracker::TrackerEvent;
use crate::turn::Turn;

pub(crate) fn run(turn: &mut Turn, agent: &str, resolved: bool) {
    let matters: Vec<u64> = turn.state.matters.iter().filter(|m| m.escalated).map(|m| m.id).collect();
    for id in matters {
        turn.emit(if resolved {
            TrackerEvent::MatterResolved { id, by: "agent".into() }
        } else {
            TrackerEvent::MatterAbandoned { id, reason: "handed_back".into() }
        });
    }
    turn.emit(TrackerEvent::HandedBack { agent: agent.to_owned(), resolved });
    if resolved {
        // On the stack the last to come is the first to speak.
        turn.pattern("pattern_completed", None);
    }
    turn.pattern("pattern_handed_back", Some(if resolved { "resolved" } else { "open" }));
}
