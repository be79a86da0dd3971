//! Who wrote: the names of a person that one part of a webhook gives away.

use super::{lenient::elements, payload};
use charla_actors::{
    accept::{Address, Alias},
    session::Millis,
};
use serde_json::value::RawValue;
use std::sync::Arc;

/// Longest business-scoped id that is believed: a country code, a dot, `ENT.` and up to 128 characters; the older
/// announcement allowed 256.
const MAX_USER_ID: usize = 256;
/// Longest phone number that is believed, in digits. E.164 allows 15; WhatsApp's ids have had a few more.
const MAX_PHONE: usize = 20;

/// What holds for all parts of one change.
pub(super) struct Scope {
    /// The business number's `phone_number_id`.
    pub number: Arc<str>,
    /// Its display number in digits.
    pub display: Option<String>,
    pub contacts: Vec<payload::Contact>,
    /// Time of receipt.
    pub now: Millis,
}

impl Scope {
    pub(super) fn new(
        number: &Arc<str>,
        display: Option<&str>,
        contacts: Option<&RawValue>,
        now: Millis,
    ) -> Self {
        let contacts = elements(contacts)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|raw| serde_json::from_str(raw.get()).ok())
            .collect();
        Self { number: number.clone(), display: display.and_then(digits), contacts, now }
    }

    /// Seconds since the epoch → milliseconds. Missing or in the future: the time of receipt, because windows run from
    /// this and must not be opened ahead of time.
    pub(super) fn at(&self, seconds: Option<i64>) -> Millis {
        seconds
            .filter(|seconds| *seconds >= 0)
            .and_then(|seconds| seconds.checked_mul(1000))
            .map_or(self.now, |at| at.min(self.now))
    }
}

/// The ids that a part gives of a person.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Ids {
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub parent: Option<String>,
}

impl Ids {
    pub(super) fn new(phone: Option<&str>, user_id: Option<&str>, parent: Option<&str>) -> Self {
        Self {
            phone: phone.and_then(digits),
            user_id: user_id.and_then(scoped),
            parent: parent.and_then(scoped),
        }
    }
}

/// A person, as named by a part together with its change's contacts.
#[derive(Debug)]
pub(super) struct Person {
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub name: Option<String>,
    pub aliases: Vec<Alias>,
}

impl Person {
    /// `None` if nothing identifies the person.
    ///
    /// A contact belongs to the person if it shares an id with the part. The only contact of a change that has only one
    /// sender (`alone`) belongs to that sender even where `wa_id` and `from` differ – Meta warns that they may – or where
    /// the part itself names nobody. Otherwise ids are never mixed: a wrong alias shows one person another's orders.
    pub(super) fn find(ids: Ids, contacts: &[payload::Contact], alone: bool) -> Option<Self> {
        let of = |contact: &payload::Contact| {
            Ids::new(contact.wa_id.as_deref(), contact.user_id.as_deref(), contact.parent_user_id.as_deref())
        };
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let clash = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        let contact = contacts
            .iter()
            .find(|contact| {
                let theirs = of(contact);
                same(&theirs.user_id, &ids.user_id)
                    || (same(&theirs.phone, &ids.phone) && !clash(&theirs.user_id, &ids.user_id))
            })
            .or_else(|| {
                contacts.first().filter(|contact| {
                    alone && contacts.len() == 1 && !clash(&of(contact).user_id, &ids.user_id)
                })
            });
        let theirs = contact.map(of).unwrap_or_default();
        let mut aliases = Vec::with_capacity(3);
        let mut add = |alias: Alias| {
            if !aliases.contains(&alias) {
                aliases.push(alias);
            }
        };
        [&ids.phone, &theirs.phone].into_iter().flatten().cloned().map(Alias::Phone).for_each(&mut add);
        [&ids.user_id, &theirs.user_id].into_iter().flatten().cloned().map(Alias::UserId).for_each(&mut add);
        if aliases.is_empty() {
            return None;
        }
        let parent = ids.parent.or(theirs.parent);
        aliases.extend(parent.map(Alias::ParentUserId));
        let name = contact
            .and_then(|contact| contact.profile.as_ref())
            .and_then(|profile| profile.name.clone().or_else(|| profile.username.clone()));
        Some(Self {
            phone: ids.phone.or(theirs.phone),
            user_id: ids.user_id.or(theirs.user_id),
            name,
            aliases,
        })
    }

    pub(super) fn address(&self, number: &Arc<str>) -> Address {
        Address::Aliases { number: number.clone(), aliases: self.aliases.clone() }
    }
}

/// A phone number in digits, from any way of writing it; `None` if it is none.
pub(super) fn digits(written: &str) -> Option<String> {
    let mut digits = String::with_capacity(written.len());
    for character in written.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '+' | '-' | '(' | ')' | '.' | ' ' | '\u{a0}' => {}
            _ => return None,
        }
    }
    (!digits.is_empty() && digits.len() <= MAX_PHONE).then_some(digits)
}

/// A business-scoped id; opaque.
pub(super) fn scoped(written: &str) -> Option<String> {
    let id = written.trim();
    (!id.is_empty() && id.len() <= MAX_USER_ID).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use payload::Contact;

    fn contact(wa_id: &str, user_id: &str) -> Contact {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Contact { wa_id: some(wa_id), user_id: some(user_id), ..Contact::default() }
    }

    fn aliases(ids: Ids, contacts: &[Contact], alone: bool) -> Option<Vec<Alias>> {
        Person::find(ids, contacts, alone).map(|person| person.aliases)
    }

    #[test]
    fn phones_are_digits_however_written() {
        assert_eq!(digits("+1 (650) 555-12.34").as_deref(), Some("16505551234"));
        for none in ["", "+", "PHONE_NUMBER", "<DIGITS1>", "US.134", "123456789012345678901"] {
            assert_eq!(digits(none), None, "{none}");
        }
    }

    #[test]
    fn a_contact_adds_its_ids_to_the_sender_it_names() {
        let contacts = [contact("1", "US.a"), contact("2", "US.b")];
        assert_eq!(
            aliases(Ids::new(Some("2"), None, None), &contacts, false),
            Some(vec![Alias::Phone("2".into()), Alias::UserId("US.b".into())])
        );
        assert_eq!(
            aliases(Ids::new(None, Some("US.a"), None), &contacts, false),
            Some(vec![Alias::Phone("1".into()), Alias::UserId("US.a".into())])
        );
    }

    #[test]
    fn ids_of_two_people_are_never_mixed() {
        let contacts = [contact("1", "US.a")];
        let only = |phone: &str| Some(vec![Alias::Phone(phone.into())]);
        assert_eq!(aliases(Ids::new(Some("2"), None, None), &contacts, false), only("2"), "several senders");
        assert_eq!(
            aliases(Ids::new(Some("1"), Some("US.z"), None), &contacts, true),
            Some(vec![Alias::Phone("1".into()), Alias::UserId("US.z".into())]),
            "the contact's id differs from the message's own"
        );
        let two = [contact("1", "US.a"), contact("3", "US.c")];
        assert_eq!(aliases(Ids::new(Some("2"), None, None), &two, true), only("2"), "several contacts");
    }

    #[test]
    fn the_only_contact_of_the_only_sender_is_the_sender() {
        let contacts = [contact("1", "US.a")];
        assert_eq!(
            aliases(Ids::new(Some("2"), None, None), &contacts, true),
            Some(vec![Alias::Phone("2".into()), Alias::Phone("1".into()), Alias::UserId("US.a".into())])
        );
        assert_eq!(
            aliases(Ids::default(), &contacts, true),
            Some(vec![Alias::Phone("1".into()), Alias::UserId("US.a".into())])
        );
        assert_eq!(aliases(Ids::default(), &contacts, false), None);
        assert_eq!(
            aliases(Ids::new(None, None, Some("US.ENT.p")), &[], true),
            None,
            "a parent identifies nobody"
        );
    }

    #[test]
    fn times_are_seconds_and_never_in_the_future() {
        let scope = Scope::new(&"1".into(), None, None, 1_700_000_000_000);
        assert_eq!(scope.at(Some(1_697_043_509)), 1_697_043_509_000);
        for strange in [None, Some(-1), Some(i64::MAX), Some(1_800_000_000)] {
            assert_eq!(scope.at(strange), 1_700_000_000_000, "{strange:?}");
        }
    }
}
