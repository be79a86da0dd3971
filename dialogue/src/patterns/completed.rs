//! Matters: opened with a flow, resolved at its end, followed by the satisfaction question.

use crate::config::flows::Flow;
use crate::config::settings::AskSatisfaction;
use crate::payload::Payload;
use crate::state::{Draft, Frame, Matter, Owner, Part, Slots};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use serde_json::json;

/// Why the queue is left by somebody who wants no person any more.
pub(crate) const LET_GO: &str = "let_go";

/// Opens a matter and returns its id.
pub(crate) fn open_matter(turn: &mut Turn, intent: Option<String>, flow: Option<String>) -> u64 {
    let id = turn.state.counters.matters + 1;
    let matter = Matter {
        id,
        intent,
        flow,
        language: turn.language(),
        source: turn.state.source.clone(),
        opened_at: turn.at,
        escalated: false,
    };
    turn.emit(TrackerEvent::MatterOpened { matter });
    id
}

/// The matter of a flow that starts: a tap on what a flow has shown goes on with its matter; words begin a new one, and what
/// was left lying without a flow is abandoned.
pub(crate) fn open_matter_for_flow(turn: &mut Turn, intent: Option<String>, flow: &str, tapped: bool) -> u64 {
    let idle: Vec<u64> = turn
        .state
        .matters
        .iter()
        .filter(|m| !m.escalated && !turn.state.stack.iter().any(|f| f.matter == Some(m.id)))
        .map(|m| m.id)
        .collect();
    if tapped && let Some(id) = idle.last() {
        return *id;
    }
    for id in idle {
        turn.emit(TrackerEvent::MatterAbandoned { id, reason: "left".into() });
    }
    open_matter(turn, intent, Some(flow.to_owned()))
}

/// A customer's flow has come to its end.
pub(crate) fn run(turn: &mut Turn, flow: &Flow, frame: &Frame) {
    if !frame.failed && turn.state.failures > 0 {
        turn.emit(TrackerEvent::Progress);
    }
    let mine = frame.matter.filter(|id| turn.state.matters.iter().any(|m| m.id == *id));
    if frame.failed {
        if let Some(id) = mine {
            turn.emit(TrackerEvent::MatterAbandoned { id, reason: "failed".into() });
        }
        return;
    }
    if !flow.run_pattern_completed {
        // The customer has something to choose from; the matter goes on with the tap.
        return;
    }
    if let Some(id) = mine {
        turn.emit(TrackerEvent::MatterResolved { id, by: "bot".into() });
    }
    // Whoever could not be helped, or is offered a person in the end, goes on waiting for one.
    let offered = turn.drafts.iter().any(offers_person);
    // What was written since then and not answered is for the person all the same.
    let left = turn.state.unanswered;
    let queued = matches!(turn.state.owner, Owner::Queue { .. });
    if frame.self_service && mine.is_some() && !offered && !left && queued {
        withdraw(turn);
    }
    if turn.state.stack.is_empty() {
        turn.pattern("pattern_completed", None);
    }
}

/// Whether a part of the reply has a button that calls a person.
fn offers_person(draft: &Draft) -> bool {
    matches!(&draft.part, Some(Part::Buttons { buttons })
        if buttons.iter().any(|b| Payload::parse(&b.id) == Ok(Payload::HumanHandoff)))
}

/// The matter was resolved before an agent took it.
fn withdraw(turn: &mut Turn) {
    leave_queue(turn, "resolved", |id| TrackerEvent::MatterResolved { id, by: "bot".into() });
    turn.say("utter_handoff_withdrawn");
}

/// Whoever waited for a person wants none any more: what they called one for is over, and what they write is answered.
pub(crate) fn let_go(turn: &mut Turn) {
    leave_queue(turn, LET_GO, |id| TrackerEvent::MatterAbandoned { id, reason: LET_GO.into() });
    turn.say("utter_handoff_let_go");
}

fn leave_queue(turn: &mut Turn, reason: &str, end: impl Fn(u64) -> TrackerEvent) {
    turn.hook("action_withdraw_handoff_ticket");
    let escalated: Vec<u64> = turn.state.matters.iter().filter(|m| m.escalated).map(|m| m.id).collect();
    for id in escalated {
        turn.emit(end(id));
    }
    turn.emit(TrackerEvent::QueueLeft { reason: reason.into() });
}

/// Asks for satisfaction if the settings want it now.
pub(crate) fn ask_satisfaction(turn: &mut Turn) {
    let wanted = match turn.a.settings.satisfaction {
        AskSatisfaction::Matter => true,
        AskSatisfaction::Session => !turn.state.session.satisfaction_asked,
        AskSatisfaction::Never => false,
    };
    let running = turn.state.stack.iter().any(|f| f.flow == "pattern_satisfaction");
    // Not before everything that was asked has had its answer.
    let waits = turn.state.held.iter().any(|h| !h.part || h.wish);
    if !wanted || running || turn.state.owner != Owner::Bot || waits {
        return;
    }
    let slots: Slots =
        turn.state.rated_matter.iter().map(|m| ("rated_matter".to_owned(), json!(m))).collect();
    turn.push("pattern_satisfaction", slots, |_| {});
}
