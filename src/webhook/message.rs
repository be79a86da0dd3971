//! Inbound messages.

use super::{
    content::content,
    identity,
    out::Parsed,
    payload::{self, Referral},
    people::{Ids, Person, Scope},
};
use charla_actors::{accept::Item, session::Session};
use charla_dialogue::event::{Event, Message};
use serde_json::value::RawValue;

/// All messages of one change.
pub(super) fn messages<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    scope: &Scope,
    elements: &[&RawValue],
) {
    let read: Vec<Option<payload::Message>> = elements.iter().map(|raw| object(raw)).collect();
    let mut senders: Vec<Ids> = read.iter().flatten().map(sender).collect();
    senders.dedup();
    let alone = senders.len() == 1;
    for (raw, message) in elements.iter().zip(read) {
        match message {
            Some(message) => one(out, scope, raw, &message, alone),
            None => out.keep("strange_message", raw),
        }
    }
}

/// A JSON object as `T`; `serde` would take an array for a struct too.
pub(super) fn object<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

fn sender(message: &payload::Message) -> Ids {
    Ids::new(message.from.as_deref(), message.from_user_id.as_deref(), message.from_parent_user_id.as_deref())
}

fn one<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    scope: &Scope,
    raw: &RawValue,
    message: &payload::Message,
    alone: bool,
) {
    if message.group_id.is_some() {
        return out.keep("group_message", raw);
    }
    let Some(id) = message.id.as_deref() else {
        // Without an id it could be told from its repetition by nothing.
        return out.keep("strange_message", raw);
    };
    if message.kind.as_deref() == Some("system") {
        return identity::system(out, scope, raw, message, id);
    }
    let Some(person) = Person::find(sender(message), &scope.contacts, alone) else {
        return out.keep("unaddressed_message", raw);
    };
    let (kind, message) = inbound(scope, message, id, &person);
    out.push(
        kind,
        Item::Event {
            address: person.address(&scope.number),
            dedup: Some(key(scope, id)),
            event: Event::Received(message),
        },
    );
}

/// The dedup key of a message: Meta repeats webhooks for days, and sends them to every subscribed app.
pub(super) fn key(scope: &Scope, id: &str) -> String {
    format!("{}|{id}", scope.number)
}

/// The message as the dialogue sees it, with its word for the metric.
pub(super) fn inbound(
    scope: &Scope,
    message: &payload::Message,
    id: &str,
    person: &Person,
) -> (&'static str, Message) {
    let (kind, content) = content(message);
    let refers_to = match kind {
        "reaction" => message.reaction.as_ref().and_then(|reaction| reaction.message_id.clone()),
        "edit" => message.edit.as_ref().and_then(|edit| edit.original_message_id.clone()),
        "revoke" => message.revoke.as_ref().and_then(|revoke| revoke.original_message_id.clone()),
        _ => None,
    };
    let message = Message {
        id: id.to_owned(),
        sent_at: scope.at(message.timestamp),
        number: scope.number.to_string(),
        phone: person.phone.clone(),
        user_id: person.user_id.clone(),
        profile_name: person.name.clone(),
        reply_to: refers_to.or_else(|| message.context.as_ref().and_then(|context| context.id.clone())),
        referral: message.referral.as_ref().and_then(referral),
        content,
    };
    (kind, message)
}

/// `ad:ID` or `post:ID`; where there is no id, the link.
fn referral(referral: &Referral) -> Option<String> {
    match (&referral.source_type, &referral.source_id) {
        (Some(kind), Some(id)) => Some(format!("{kind}:{id}")),
        (None, Some(id)) => Some(id.clone()),
        (_, None) => referral.source_url.clone(),
    }
}
