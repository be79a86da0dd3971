//! The field `user_preferences`: marketing messages stopped, resumed or signed up for.

use super::{
    message::object,
    out::{Parsed, content_key},
    payload::Preference,
    people::{Ids, Person, Scope},
};
use charla_actors::{accept::Item, session::Session};
use charla_dialogue::event::Event;
use serde_json::value::RawValue;

pub(super) fn preferences<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    scope: &Scope,
    elements: &[&RawValue],
) {
    for raw in elements {
        one(out, scope, raw, elements.len() == 1);
    }
}

fn one<S: Session<Event = Event>>(out: &mut Parsed<S>, scope: &Scope, raw: &RawValue, alone: bool) {
    let Some(preference) = object::<Preference>(raw) else {
        return out.keep("strange_preference", raw);
    };
    // Marketing is the only category there is; a new one must not be taken for it.
    if preference.category.as_deref().is_some_and(|category| category != "marketing_messages") {
        return out.keep("unknown_preference", raw);
    }
    let opted_in = match preference.value.as_deref() {
        Some("stop") => false,
        Some("resume" | "signup") => true,
        _ => return out.keep("unknown_preference", raw),
    };
    let ids = Ids::new(
        preference.wa_id.as_deref(),
        preference.user_id.as_deref(),
        preference.parent_user_id.as_deref(),
    );
    let Some(person) = Person::find(ids, &scope.contacts, alone) else {
        return out.keep("strange_preference", raw);
    };
    out.push(
        "user_preferences",
        Item::Event {
            address: person.address(&scope.number),
            dedup: Some(content_key(&scope.number, "user_preferences", raw)),
            event: Event::MarketingPreference { opted_in },
        },
    );
}
