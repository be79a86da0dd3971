//! Changes of a person's names: system messages and the field `user_id_update`.

use super::{
    message::{key, object},
    out::{Parsed, content_key},
    payload,
    people::{Ids, Scope, digits, scoped},
};
use charla_actors::{
    accept::{Alias, Item},
    session::Session,
};
use charla_dialogue::event::Event;
use serde_json::value::RawValue;

/// A message of type `system`. It comes from WhatsApp, not from the customer: it opens no window and is never answered.
pub(super) fn system<S: Session<Event = Event>>(
    out: &mut Parsed<S>,
    scope: &Scope,
    raw: &RawValue,
    message: &payload::Message,
    id: &str,
) {
    let nothing = payload::System::default();
    let system = message.system.as_ref().unwrap_or(&nothing);
    let (kind, names) = match system.kind.as_deref() {
        // Older documents call it so.
        Some("user_changed_number" | "customer_changed_number") => {
            ("user_changed_number", changed_number(message, system))
        }
        Some("user_changed_user_id") => ("user_changed_user_id", changed_user_id(message, system)),
        Some("customer_identity_changed" | "user_identity_changed") => {
            return out.keep("customer_identity_changed", raw);
        }
        _ => return out.keep("system_other", raw),
    };
    match names {
        Some((old, new)) => out.push(kind, Item::Identity { old, new, dedup: Some(key(scope, id)) }),
        None => out.keep("strange_identity", raw),
    }
}

type Names = (Vec<Alias>, Vec<Alias>);

/// `from` is the old number. The new one is `system.wa_id` today, `new_wa_id` in older payloads; the business-scoped id
/// changes with the number.
fn changed_number(message: &payload::Message, system: &payload::System) -> Option<Names> {
    let sender = Ids::new(message.from.as_deref(), message.from_user_id.as_deref(), None);
    let new_phone = [&system.new_wa_id, &system.wa_id]
        .into_iter()
        .flatten()
        .filter_map(|phone| digits(phone))
        .find(|phone| Some(phone) != sender.phone.as_ref());
    let new_id = system.user_id.as_deref().and_then(scoped);
    let old = match (sender.phone, sender.user_id) {
        (Some(phone), _) => Alias::Phone(phone),
        (None, Some(id)) if Some(&id) != new_id.as_ref() => Alias::UserId(id),
        _ => return None,
    };
    names(old, new_phone, new_id, system.parent_user_id.as_deref())
}

/// The previous id is named in `previous_user_id` or only in the body's text ("… changed from US.1 to US.2"); failing
/// that, the sender or the phone tells who it is.
fn changed_user_id(message: &payload::Message, system: &payload::System) -> Option<Names> {
    let new = system.user_id.as_deref().and_then(scoped)?;
    let sender = Ids::new(message.from.as_deref(), message.from_user_id.as_deref(), None);
    let previous = system
        .previous_user_id
        .as_deref()
        .and_then(scoped)
        .or(sender.user_id)
        .filter(|id| *id != new)
        .or_else(|| system.body.as_deref().and_then(|body| named_in(body, &new)));
    let phone = || sender.phone.or_else(|| system.wa_id.as_deref().and_then(digits)).map(Alias::Phone);
    let old = previous.map(Alias::UserId).or_else(phone)?;
    names(old, None, Some(new), system.parent_user_id.as_deref())
}

fn names(old: Alias, phone: Option<String>, user_id: Option<String>, parent: Option<&str>) -> Option<Names> {
    let mut new: Vec<Alias> = phone.map(Alias::Phone).into_iter().chain(user_id.map(Alias::UserId)).collect();
    if new.is_empty() {
        return None;
    }
    new.extend(parent.and_then(scoped).map(Alias::ParentUserId));
    Some((vec![old], new))
}

/// The business-scoped id in a text that is not `new`: two letters, a dot, letters and digits.
fn named_in(body: &str, new: &str) -> Option<String> {
    body.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .map(|word| word.trim_matches('.'))
        .filter(|word| *word != new)
        .find(|word| {
            word.split_once('.').is_some_and(|(country, rest)| {
                country.len() == 2
                    && country.bytes().all(|byte| byte.is_ascii_uppercase())
                    && !rest.starts_with("ENT.")
                    && rest.len() >= 4
                    && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
        })
        .and_then(scoped)
}

/// The field `user_id_update`.
///
/// The phone beside the ids is left out where the previous id is given: it may be the one before or the one after a
/// change of number, and a number given to somebody else in the meantime would merge two strangers.
pub(super) fn updates<S: Session<Event = Event>>(out: &mut Parsed<S>, scope: &Scope, elements: &[&RawValue]) {
    for raw in elements {
        let names = object::<payload::UserIdUpdate>(raw).and_then(|update| {
            let ids = update.user_id?;
            let new = ids.current.as_deref().and_then(scoped)?;
            let phone = || update.wa_id.as_deref().and_then(digits).map(Alias::Phone);
            let old = ids.previous.as_deref().and_then(scoped).map(Alias::UserId).or_else(phone)?;
            let parent = update.parent_user_id.and_then(|parent| parent.current);
            names(old, None, Some(new), parent.as_deref())
        });
        match names {
            Some((old, new)) => {
                let dedup = Some(content_key(&scope.number, "user_id_update", raw));
                out.push("user_id_update", Item::Identity { old, new, dedup });
            }
            None => out.keep("strange_identity", raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn phone(digits: &str) -> Alias {
        Alias::Phone(digits.into())
    }
    fn user(id: &str) -> Alias {
        Alias::UserId(id.into())
    }

    fn read(message: Value) -> Option<Names> {
        let text = message.to_string();
        let message: payload::Message = serde_json::from_str(&text).unwrap();
        let system = message.system.as_ref().unwrap();
        match system.kind.as_deref() {
            Some("user_changed_number") => changed_number(&message, system),
            _ => changed_user_id(&message, system),
        }
    }

    #[test]
    fn a_changed_number_moves_the_phone_and_the_scoped_id() {
        let old_sample = json!({"from":"1","system":{"type":"user_changed_number","new_wa_id":"2"}});
        assert_eq!(read(old_sample), Some((vec![phone("1")], vec![phone("2")])));
        let both = json!({"from":"1","from_user_id":"US.OLD1","system":{"type":"user_changed_number","wa_id":"2","user_id":"US.NEW2"}});
        assert_eq!(read(both), Some((vec![phone("1")], vec![phone("2"), user("US.NEW2")])));
        let hidden = json!({"from_user_id":"US.OLD1","system":{"type":"user_changed_number","user_id":"US.NEW2","parent_user_id":"US.ENT.P"}});
        let parent = Alias::ParentUserId("US.ENT.P".into());
        assert_eq!(read(hidden), Some((vec![user("US.OLD1")], vec![user("US.NEW2"), parent])));
        let same = json!({"from":"1","system":{"type":"user_changed_number","wa_id":"1"}});
        assert_eq!(read(same), None, "nothing new");
    }

    #[test]
    fn the_previous_id_is_found_wherever_it_is_named() {
        let expected = Some((vec![user("US.OLD1")], vec![user("US.NEW2")]));
        let system = |extra: Value| {
            let mut system = json!({"type":"user_changed_user_id","user_id":"US.NEW2","wa_id":"9"});
            system.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            system
        };
        let field = json!({"from":"9","system":system(json!({"previous_user_id":"US.OLD1"}))});
        assert_eq!(read(field), expected);
        let body = json!({"from_user_id":"US.NEW2","system":system(json!({"body":"User Ann changed from US.OLD1 to US.NEW2."}))});
        assert_eq!(read(body), expected);
        let neither = json!({"system":system(json!({"body":"changed"}))});
        assert_eq!(read(neither), Some((vec![phone("9")], vec![user("US.NEW2")])));
        assert_eq!(read(json!({"from":"9","system":{"type":"user_changed_user_id"}})), None);
    }
}
