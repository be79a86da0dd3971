//! A webhook body → what the engine accepts.

use super::{
    echo, identity, kinds,
    lenient::{elements, without_lone_surrogates},
    message::{self, object},
    out::Parsed,
    payload::{Change, Entry, Envelope, Metadata, Value},
    people::Scope,
    preference, status,
};
use charla_actors::session::{Millis, Session};
use charla_dialogue::event::Event;
use serde_json::value::RawValue;
use std::{collections::HashSet, sync::Arc};

/// The object whose webhooks these are.
const OBJECT: &str = "whatsapp_business_account";

/// Reads a body whose signature has been verified. `numbers` are the configured `phone_number_id`s, `now` is the time of
/// receipt, which stands in for timestamps that are missing or in the future.
///
/// Never fails: what cannot be read is kept and counted, because Meta repeats for days whatever is not answered with 200.
/// Each entry, change, message and status is read on its own, so that a strange one spoils nothing beside it.
///
/// Conversations share the text of their number with `numbers`: there may be a million of them.
pub fn parse<S: Session<Event = Event>>(raw: &[u8], numbers: &HashSet<Arc<str>>, now: Millis) -> Parsed<S> {
    let mut out = Parsed::new();
    let text = std::str::from_utf8(raw).ok().map(without_lone_surrogates);
    let body: Option<&RawValue> = text.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let Some((body, envelope)) = body.and_then(|body| Some((body, object::<Envelope>(body)?))) else {
        out.keep_bytes("malformed", raw);
        return out;
    };
    if envelope.object.as_deref().is_some_and(|object| object != OBJECT) {
        out.keep("foreign_object", body);
        return out;
    }
    match elements(envelope.entry) {
        Ok(entries) if !entries.is_empty() => {
            entries.into_iter().for_each(|raw| entry(&mut out, raw, numbers, now));
        }
        _ => out.keep("malformed", body),
    }
    out
}

fn entry<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    raw: &RawValue,
    numbers: &HashSet<Arc<str>>,
    now: Millis,
) {
    let changes = object::<Entry>(raw).map(|entry| elements(entry.changes));
    match changes {
        Some(Ok(changes)) if !changes.is_empty() => {
            changes.into_iter().for_each(|raw| change(out, raw, numbers, now));
        }
        _ => out.keep("strange_entry", raw),
    }
}

fn change<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    raw: &RawValue,
    numbers: &HashSet<Arc<str>>,
    now: Millis,
) {
    let Some(change) = object::<Change>(raw) else {
        return out.keep("strange_change", raw);
    };
    let field = change.field.as_deref().unwrap_or_default();
    if !matches!(
        field,
        "messages" | "smb_message_echoes" | "message_echoes" | "user_preferences" | "user_id_update"
    ) {
        return out.keep(kinds::of_field(field), raw);
    }
    let Some(value) = change.value.and_then(object::<Value>) else {
        return out.keep("strange_change", raw);
    };
    let Metadata { phone_number_id, display_phone_number } = value.metadata.as_ref().unwrap_or(&NOBODY);
    let Some(number) = phone_number_id.as_ref().and_then(|number| numbers.get(number.as_str())) else {
        return out.keep("unconfigured_number", raw);
    };
    let scope = Scope::new(number, display_phone_number.as_deref(), value.contacts, now);
    let before = out.items.len();
    match field {
        "messages" => {
            each(out, &scope, value.messages, "strange_message", message::messages);
            each(out, &scope, value.statuses, "strange_status", status::statuses);
            each(out, &scope, value.message_echoes, "strange_message", echo::echoes);
            value.calls.into_iter().for_each(|calls| out.keep("calls", calls));
            value.errors.into_iter().for_each(|errors| out.keep("value_errors", errors));
        }
        "user_preferences" => {
            each(out, &scope, value.user_preferences, "strange_preference", preference::preferences)
        }
        "user_id_update" => each(out, &scope, value.user_id_update, "strange_identity", identity::updates),
        _ => each(out, &scope, value.message_echoes, "strange_message", echo::echoes),
    }
    if out.items.len() == before {
        out.keep("empty_change", raw);
    }
}

const NOBODY: Metadata = Metadata { display_phone_number: None, phone_number_id: None };

/// Hands the elements of a list on; what is no list is kept under `strange`.
fn each<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    scope: &Scope,
    list: Option<&RawValue>,
    strange: &'static str,
    read: impl FnOnce(&mut Parsed<S>, &Scope, &[&RawValue]),
) {
    match elements(list) {
        Ok(elements) => read(out, scope, &elements),
        Err(raw) => out.keep(strange, raw),
    }
}
