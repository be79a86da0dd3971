//! Who a webhook's names stand for. WhatsApp may leave the phone out, and both phone and business-scoped id can change;
//! numbers are recycled. Pure: what is on record goes in, the decision comes out.

use crate::accept::Alias;
use crate::session::PersonId;

/// Somebody on record under one of the names given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub person: PersonId,
    /// Their business-scoped id on record.
    pub user_id: Option<String>,
}

/// Who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Somebody on record, who has all names given from now on.
    Person(PersonId),
    /// Somebody new, who takes all names given and inherits nothing.
    New,
}

/// Decides who the names stand for.
///
/// - A business-scoped id names its person, whatever phone comes with it; the phone goes over to them.
/// - A known phone with a business-scoped id that differs from the one on record is a new person: the number was given
///   to somebody else, and Meta would have announced a mere change of id.
/// - A known phone whose person has no business-scoped id on record yet: that person, who is called so from now on.
/// - A parent id never identifies anybody.
pub fn decide(aliases: &[Alias], by_user_id: Option<&Known>, by_phone: Option<&Known>) -> Who {
    let given = user_id(aliases);
    match (given, by_user_id, by_phone) {
        (Some(_), Some(known), _) => Who::Person(known.person),
        (Some(given), None, Some(known)) => match &known.user_id {
            Some(on_record) if on_record != given => Who::New,
            _ => Who::Person(known.person),
        },
        (None, _, Some(known)) => Who::Person(known.person),
        (_, None, None) | (None, Some(_), None) => Who::New,
    }
}

/// The business-scoped id among the names.
pub fn user_id(aliases: &[Alias]) -> Option<&str> {
    aliases.iter().find_map(|alias| match alias {
        Alias::UserId(id) => Some(id.as_str()),
        _ => None,
    })
}

/// The names of a person after these were seen: one of each kind, newer ones replace older ones. Returns the names that
/// are no longer theirs as well.
pub fn rename(on_record: &[Alias], seen: &[Alias]) -> (Vec<Alias>, Vec<Alias>) {
    let mut names: Vec<Alias> = Vec::with_capacity(3);
    for alias in seen.iter().rev().chain(on_record) {
        let same_kind = |other: &Alias| std::mem::discriminant(other) == std::mem::discriminant(alias);
        if !names.iter().any(same_kind) {
            names.push(alias.clone());
        }
    }
    names.sort();
    let dropped = on_record.iter().filter(|alias| !names.contains(alias)).cloned().collect();
    (names, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(person: u64, user_id: Option<&str>) -> Known {
        Known { person: PersonId(person), user_id: user_id.map(str::to_owned) }
    }

    #[test]
    fn a_recycled_phone_is_a_new_person() {
        let names = [Alias::Phone("1".into()), Alias::UserId("new".into())];
        assert_eq!(decide(&names, None, Some(&known(1, Some("old")))), Who::New);
        assert_eq!(decide(&names, None, Some(&known(1, None))), Who::Person(PersonId(1)));
        assert_eq!(
            decide(&names, Some(&known(2, Some("new"))), Some(&known(1, Some("old")))),
            Who::Person(PersonId(2))
        );
    }

    #[test]
    fn a_phone_alone_names_its_person_and_a_parent_id_nobody() {
        let phone = [Alias::Phone("1".into())];
        assert_eq!(decide(&phone, None, Some(&known(1, Some("u")))), Who::Person(PersonId(1)));
        assert_eq!(decide(&phone, None, None), Who::New);
        assert_eq!(decide(&[Alias::ParentUserId("p".into())], None, None), Who::New);
    }

    fn alias() -> impl Strategy<Value = Alias> {
        (0..3, "[ab]").prop_map(|(kind, name)| match kind {
            0 => Alias::Phone(name),
            1 => Alias::UserId(name),
            _ => Alias::ParentUserId(name),
        })
    }

    proptest! {
        #[test]
        fn names_are_one_of_each_kind_and_the_newest(
            before in proptest::collection::vec(alias(), 0..4),
            seen in proptest::collection::vec(alias(), 0..4),
        ) {
            let (before, _) = rename(&[], &before);
            let (names, dropped) = rename(&before, &seen);
            prop_assert!(names.len() <= 3);
            if let Some(last) = seen.last() {
                prop_assert!(names.contains(last));
            }
            prop_assert!(dropped.iter().all(|name| before.contains(name) && !names.contains(name)));
            prop_assert_eq!(rename(&names, &seen).1, vec![]);
        }
    }
}
