//! Sessions: when one begins, and the greeting with the consent question before which nothing personal is processed.

use crate::commands::consent;
use crate::state::Slots;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// Begins a session at the first message, or after long silence; what was open is abandoned.
pub(crate) fn begin(turn: &mut Turn) {
    let session = &turn.state.session;
    let timeout = turn.a.settings.session_ms;
    let expired = timeout > 0 && turn.at - session.last_seen > timeout;
    // While a person is waited for or writes, the thread is one session however long it takes.
    if session.count > 0 && (!expired || turn.state.owner != crate::state::Owner::Bot) {
        return;
    }
    turn.drop_stack("session_ended");
    let open: Vec<u64> = turn.state.matters.iter().map(|m| m.id).collect();
    for id in open {
        turn.emit(TrackerEvent::MatterAbandoned { id, reason: "session_ended".into() });
    }
    let mut slots = initial_slots(turn);
    if turn.a.domain.carry_over {
        for (name, value) in turn.state.slots.clone() {
            slots.insert(name, value);
        }
    }
    turn.emit(TrackerEvent::SessionStarted { at: turn.at, slots });
}

/// Slots as a session begins.
pub(crate) fn initial_slots(turn: &Turn) -> Slots {
    turn.a
        .domain
        .slots
        .iter()
        .filter(|(_, s)| !s.initial.is_null())
        .map(|(k, s)| (k.clone(), s.initial.clone()))
        .collect()
}

/// Greeting, automated-assistant notice, consent question; a reminder if it was said in this session.
pub(crate) fn greet(turn: &mut Turn) {
    let first = !turn.state.session.greeted || consent::shows_another_text(turn);
    turn.pattern(if first { "pattern_session_start" } else { "pattern_consent_reminder" }, None);
    turn.emit(TrackerEvent::Greeted);
    if turn.needs_consent() {
        let version = Some(turn.a.settings.consent_version.clone());
        turn.emit(TrackerEvent::ConsentAsked { at: turn.at, version });
    }
}
