//! A backend's answer: slots are set from it and the flow that waited goes on.

use crate::config::flows::StepKind;
use crate::event::{Outcome, Returned};
use crate::patterns::internal_error;
use crate::state::{Frame, Owner};
use crate::tracker::TrackerEvent;
use crate::turn::Turn;
use serde_json::Value;
use std::sync::Arc;

pub(crate) fn run(turn: &mut Turn, answer: &Returned) {
    let Some(call) = turn.state.calls.get(&answer.call).cloned() else {
        return turn.emit(TrackerEvent::Noted { what: "answer to a call nobody waits for".into() });
    };
    if call.durable {
        turn.emit(TrackerEvent::TurnStarted);
    }
    let (result, status, failed) = match &answer.outcome {
        Outcome::Ok { status, body } => (Arc::new(body.clone()), Some(*status), None),
        Outcome::Failed { kind, status } => (Arc::default(), *status, Some(kind.clone())),
    };
    let awaited = call
        .frame
        .and_then(|id| turn.state.frame(id))
        .map(|f| f.waiting == Some(answer.call) && stands_at(turn, f, &call.action));
    turn.emit(TrackerEvent::CallReturned {
        id: answer.call,
        result: result.clone(),
        status,
        failed: failed.clone(),
    });
    if call.action == "action_create_handoff_ticket"
        && let Some(ticket) = result
            .get("ticket_id")
            .and_then(|t| t.as_str().map(str::to_owned).or_else(|| t.as_i64().map(|n| n.to_string())))
    {
        turn.emit(TrackerEvent::TicketKnown { ticket });
    }
    let a = turn.a;
    let frame = call.frame.filter(|id| turn.state.frame(*id).is_some());
    // The customer has said otherwise since, and the flow asks for something else: this answer is not that one's.
    let overtaken = awaited == Some(false);
    if let Some(flow) = &call.left {
        tell(turn, flow, status.filter(|_| failed.is_none()));
    }
    if failed.is_some() && (frame.is_none() || overtaken) {
        turn.trouble("CHARLA-E1107", format!("{}: {}", call.action, failed.unwrap_or_default()));
        return;
    }
    if overtaken {
        return turn.emit(TrackerEvent::Noted { what: format!("{} was overtaken", call.action) });
    }
    let Some(id) = frame else { return };
    let Some(spec) = a.actions.get(&call.action) else {
        turn.trouble("CHARLA-E1105", format!("action {} is not declared any more", call.action));
        turn.drop_frame(id, "internal_error");
        return internal_error::run(turn, "broken");
    };
    raise(turn, id);
    if failed.is_some() {
        turn.emit(TrackerEvent::FailedAttempt { reason: "backend".into() });
        match &spec.failed {
            Some(slots) => {
                for (slot, value) in slots {
                    turn.set_slot(Some(id), slot, value.clone());
                }
                turn.advance(id);
            }
            None => {
                turn.drop_frame(root(turn, id), "backend_failed");
                internal_error::run(turn, "backend");
            }
        }
        return;
    }
    if turn.state.last_failure.as_deref() == Some("backend") {
        turn.emit(TrackerEvent::Progress);
    }
    if let Some(failed) = &spec.failed {
        // What an earlier outage has set must not outlive it.
        for (slot, _) in failed {
            turn.set_slot(Some(id), slot, Value::Null);
        }
    }
    let context = turn.context_of(turn.state.frame(id));
    for (slot, expression) in &spec.set_slots {
        match a.templates.eval(expression, &context) {
            Ok(value) => turn.set_slot(Some(id), slot, value),
            Err(what) => turn.trouble("CHARLA-E1101", format!("{}: {what}", call.action)),
        }
    }
    turn.advance(id);
}

/// What became of a change that the customer had confirmed and then left: it had gone out already. `status`: the backend's, if
/// it answered.
fn tell(turn: &mut Turn, flow: &str, status: Option<u16>) {
    if turn.state.owner != Owner::Bot || !turn.state.consented() {
        // Whoever has the thread sees the answer in it; who wants no messages gets none.
        return turn
            .emit(TrackerEvent::Noted { what: format!("{flow} was left, and its call has returned") });
    }
    let name = turn.name_of(flow);
    let pattern = match status {
        Some(200..=299) => "pattern_left_done",
        Some(_) => "pattern_left_refused",
        None => "pattern_left_unknown",
    };
    turn.pattern(pattern, name.as_deref());
}

/// Whether a flow stands at the step that makes a call.
fn stands_at(turn: &Turn, frame: &Frame, action: &str) -> bool {
    let flow = turn.a.flows.get(&frame.flow);
    let step = flow.and_then(|f| f.steps.get(*f.index.get(&frame.step)?));
    // What a newer configuration does not have any more is told as before.
    step.is_none_or(|step| matches!(&step.kind, StepKind::Action(name) if name == action))
}

/// The frame that a called one serves in the end.
fn root(turn: &Turn, id: u64) -> u64 {
    let mut at = id;
    while let Some(caller) = turn.state.frame(at).and_then(|f| f.called_by) {
        at = caller;
    }
    at
}

/// The flow whose answer has come speaks now, whatever the customer turned to meanwhile; that resumes after it.
pub(crate) fn raise(turn: &mut Turn, id: u64) {
    if turn.state.owner != Owner::Bot {
        return;
    }
    let top = turn.state.top().map(|f| (f.id, f.flow.starts_with("pattern_")));
    let Some((top, pattern)) = top.filter(|(t, _)| *t != id) else { return };
    if pattern {
        turn.drop_frame(top, "left");
        return raise(turn, id);
    }
    if turn.state.frame(top).and_then(|f| f.called_by) == Some(id) {
        return;
    }
    turn.emit(TrackerEvent::FlowInterrupted { frame: top });
    turn.emit(TrackerEvent::FlowRaised { frame: id });
    turn.emit(TrackerEvent::FlowResumed { frame: id });
}
