//! What an agent sees of a conversation.

use charla_dialogue::state::{Line, Owner, State};
use serde_json::{Value, json};

/// Lines of the transcript on a queue's card.
const CARD_LINES: usize = 3;

fn owner(state: &State) -> Value {
    match &state.owner {
        Owner::Bot => json!({"kind": "bot"}),
        Owner::Queue { since, ticket, reason, .. } => {
            json!({"kind": "queue", "since_ms": since, "ticket": ticket, "reason": reason})
        }
        Owner::Agent { id, since, ticket } => {
            json!({"kind": "agent", "agent": id, "since_ms": since, "ticket": ticket})
        }
    }
}

fn lines(lines: &[Line]) -> Vec<Value> {
    lines.iter().map(|l| json!({"from": l.from, "text": l.text, "at_ms": l.at})).collect()
}

/// A row of the queue: enough to choose whom to help next.
pub fn card(state: &State) -> Value {
    let transcript = &state.transcript;
    let last = &transcript[transcript.len().saturating_sub(CARD_LINES)..];
    json!({
        "name": state.person.profile_name,
        "language": state.language.code,
        "owner": owner(state),
        "summary": state.handoff.as_ref().map(|h| &h.summary),
        "intent": state.handoff.as_ref().and_then(|h| h.intent.as_ref()),
        "last_messages": lines(last),
        "window_until_ms": state.window_until,
    })
}

/// Everything on the table: what an agent needs to go on where the bot stopped.
pub fn detail(state: &State) -> Value {
    json!({
        "person": {
            "name": state.person.profile_name,
            "phone": state.person.phone,
            "user_id": state.person.user_id,
        },
        "language": {"code": state.language.code, "locked": state.language.locked},
        "consent": state.consent,
        "marketing": state.marketing,
        "window_until_ms": state.window_until,
        "owner": owner(state),
        "flows": state.stack.iter().map(|f| json!({"flow": f.flow, "step": f.step})).collect::<Vec<_>>(),
        "slots": state.slots,
        "handoff": state.handoff,
        "matters": state.matters,
        "confidences": state.confidences,
        "failures": state.failures,
        "transcript": lines(&state.transcript),
        "notes": lines(&state.notes),
        "source": state.source,
    })
}
