//! The field `smb_message_echoes`: what a colleague wrote in the WhatsApp Business app.

use super::{
    message::{inbound, key, object},
    out::Parsed,
    payload,
    people::{Ids, Person, Scope},
};
use charla_actors::{accept::Item, session::Session};
use charla_dialogue::event::Event;
use serde_json::value::RawValue;

pub(super) fn echoes<S: Session<Event = Event>>(out: &mut Parsed<S>, scope: &Scope, elements: &[&RawValue]) {
    for raw in elements {
        one(out, scope, raw, elements.len() == 1);
    }
}

fn one<S: Session<Event = Event>>(out: &mut Parsed<S>, scope: &Scope, raw: &RawValue, alone: bool) {
    let Some(message) = object::<payload::Message>(raw) else {
        return out.keep("strange_message", raw);
    };
    if message.group_id.is_some() {
        return out.keep("group_message", raw);
    }
    let Some(id) = message.id.as_deref() else {
        return out.keep("strange_message", raw);
    };
    let to =
        Ids::new(message.to.as_deref(), message.to_user_id.as_deref(), message.to_parent_user_id.as_deref());
    // In samples of edits and revocations the two ends are swapped; the business's own number is never the customer.
    let customer = if to.user_id.is_none() && to.phone.is_some() && to.phone == scope.display {
        Ids::new(
            message.from.as_deref(),
            message.from_user_id.as_deref(),
            message.from_parent_user_id.as_deref(),
        )
    } else {
        to
    };
    let Some(person) = Person::find(customer, &scope.contacts, alone) else {
        return out.keep("unaddressed_message", raw);
    };
    let (_, message) = inbound(scope, &message, id, &person);
    out.push(
        "echo",
        Item::Event {
            address: person.address(&scope.number),
            dedup: Some(key(scope, id)),
            event: Event::Echo(message),
        },
    );
}
