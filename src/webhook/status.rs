//! Reports on what was sent.

use super::{
    lenient::elements,
    message::object,
    out::Parsed,
    payload::{self, ErrorItem},
    people::Scope,
};
use crate::whatsapp::errors;
use charla_actors::{
    accept::{Delivery, Item},
    session::{IdempotencyKey, Session},
};
use charla_dialogue::event::Event;
use serde_json::value::RawValue;

/// All statuses of one change. They carry no dedup key: joining in the lattice twice changes nothing.
pub(super) fn statuses<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    scope: &Scope,
    elements: &[&RawValue],
) {
    for raw in elements {
        one(out, scope, raw);
    }
}

fn one<S: Session<Event = Event>>(out: &mut Parsed<S>, scope: &Scope, raw: &RawValue) {
    let Some(status) = object::<payload::Status>(raw) else {
        return out.keep("strange_status", raw);
    };
    if status.kind.as_deref() == Some("call") {
        return out.keep("call_status", raw);
    }
    if status.recipient_type.as_deref() == Some("group") {
        return out.keep("group_status", raw);
    }
    let (Some(id), Some(word)) = (&status.id, &status.status) else {
        return out.keep("strange_status", raw);
    };
    let (kind, delivery) = match word.to_ascii_lowercase().as_str() {
        "sent" => ("status_sent", Delivery::Sent),
        "delivered" => ("status_delivered", Delivery::Delivered),
        "read" => ("status_read", Delivery::Read),
        "played" => ("status_played", Delivery::Played),
        "failed" => ("status_failed", Delivery::Failed),
        "deleted" => ("status_deleted", Delivery::Deleted),
        _ => return out.keep("unknown_status", raw),
    };
    // The outbox sends each message with its idempotency key.
    let key = status
        .biz_opaque_callback_data
        .as_deref()
        .and_then(|data| data.parse::<IdempotencyKey>().ok())
        // What another number sent cannot be ours, whatever it looks like.
        .filter(|key| key.conversation.number == scope.number);
    out.push(
        kind,
        Item::Status {
            external_id: id.clone(),
            key,
            status: delivery,
            at: scope.at(status.timestamp),
            on_failed: (delivery == Delivery::Failed).then(|| failed(status.errors)),
        },
    );
}

fn failed(raw: Option<&RawValue>) -> Event {
    let code =
        elements(raw).unwrap_or_default().into_iter().find_map(|error| object::<ErrorItem>(error)?.code);
    // Meta's own titles at times quote links and numbers, and are going to be withdrawn; ours are fixed words.
    Event::DeliveryFailed { code, title: errors::title(code).to_owned() }
}
