//! Actions that need no backend.

use crate::commands;
use crate::patterns;
use crate::state::Frame;
use crate::tracker::TrackerEvent;
use crate::turn::Turn;

/// Does a built-in action; whether the flow goes on.
pub(crate) fn built_in(turn: &mut Turn, frame: &Frame, name: &str) -> bool {
    match name {
        "action_handoff" => {
            commands::human_handoff::run(turn, "flow");
            return false;
        }
        "action_restart" => {
            commands::restart::run(turn);
            return false;
        }
        "action_cancel_flow" => {
            commands::cancel_flow::run(turn);
            return false;
        }
        "action_set_language" => {
            if let Some(code) = turn.state.slot("language").and_then(|v| v.as_str()).map(str::to_owned) {
                commands::change_language::set(turn, &code);
            }
        }
        "action_ask_language" => turn.say("utter_ask_language"),
        "action_give_consent" => commands::consent::give(turn),
        "action_withdraw_consent" => {
            commands::stop::run(turn);
            return false;
        }
        "action_marketing_opt_in" => commands::marketing::set(turn, true),
        "action_marketing_opt_out" => commands::marketing::set(turn, false),
        "action_repeat" => commands::repeat::run(turn),
        "action_failed_attempt" => return !patterns::cannot_handle::failed(turn, "flow"),
        "action_resolve_matter" => {
            if let Some(id) = frame.matter.filter(|id| turn.state.matters.iter().any(|m| m.id == *id)) {
                turn.emit(TrackerEvent::MatterResolved { id, by: "bot".into() });
            }
        }
        "action_abandon_matter" => {
            if let Some(id) = frame.matter.filter(|id| turn.state.matters.iter().any(|m| m.id == *id)) {
                turn.emit(TrackerEvent::MatterAbandoned { id, reason: "flow".into() });
            }
        }
        "action_session_start" => patterns::session_start::greet(turn),
        "action_ask_satisfaction" => patterns::completed::ask_satisfaction(turn),
        // `action_listen`, `action_close_window`: nothing to do.
        _ => {}
    }
    true
}
