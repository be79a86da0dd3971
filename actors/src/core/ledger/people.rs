//! Persons and their names in the store.

use super::{Ledger, Output, merge};
use crate::accept::Alias;
use crate::core::identity::{self, Known, Who};
use crate::core::rows::{self, PendingRow, PersonRow};
use crate::core::tx::{Reader, Space, StoreError, Tx};
use crate::session::{ConversationId, Millis, PersonId, Session};

/// Who the person is now, after merges.
pub(super) fn canonical(reader: &dyn Reader, mut person: PersonId) -> Result<PersonId, StoreError> {
    while let Some(into) = reader.get(Space::Aliases, &rows::merged_key(person))? {
        person = rows::read("aliases", &into)?;
    }
    Ok(person)
}

/// The conversation that goes on for this one: another, if its person has been merged into somebody else.
pub fn current(reader: &dyn Reader, id: &ConversationId) -> Result<ConversationId, StoreError> {
    Ok(ConversationId { person: canonical(reader, id.person)?, number: id.number.clone() })
}

/// Who has these names, if anybody: what a webhook with them would be taken for.
pub fn lookup(reader: &dyn Reader, aliases: &[Alias]) -> Result<Option<PersonId>, StoreError> {
    Ok(match who(reader, aliases)? {
        Who::Person(person) => Some(person),
        Who::New => None,
    })
}

/// The names of a person.
pub fn names(reader: &dyn Reader, person: PersonId) -> Result<Vec<Alias>, StoreError> {
    Ok(person_row(reader, person)?.aliases)
}

fn who(reader: &dyn Reader, aliases: &[Alias]) -> Result<Who, StoreError> {
    Ok(Found::by(reader, aliases)?.who(aliases))
}

/// Somebody on record, with all names.
#[derive(Clone)]
struct Person {
    person: PersonId,
    row: PersonRow,
}

impl Person {
    fn known(&self) -> Known {
        Known { person: self.person, user_id: identity::user_id(&self.row.aliases).map(str::to_owned) }
    }
}

/// Whom a webhook's names lead to.
struct Found {
    by_user_id: Option<Person>,
    by_phone: Option<Person>,
}

impl Found {
    fn by(reader: &dyn Reader, aliases: &[Alias]) -> Result<Self, StoreError> {
        let (mut user_id, mut phone) = (None, None);
        for alias in aliases {
            match alias {
                Alias::UserId(_) if user_id.is_none() => user_id = owner(reader, alias)?,
                Alias::Phone(_) if phone.is_none() => phone = owner(reader, alias)?,
                _ => {}
            }
        }
        let read = |person: PersonId| Ok(Person { person, row: person_row(reader, person)? });
        let by_user_id = user_id.map(read).transpose()?;
        let by_phone = match (phone, &by_user_id) {
            (Some(phone), Some(same)) if same.person == phone => by_user_id.clone(),
            (phone, _) => phone.map(read).transpose()?,
        };
        Ok(Self { by_user_id, by_phone })
    }

    fn who(&self, aliases: &[Alias]) -> Who {
        let known = |found: &Option<Person>| found.as_ref().map(Person::known);
        identity::decide(aliases, known(&self.by_user_id).as_ref(), known(&self.by_phone).as_ref())
    }

    /// Whether all these names are the person's and lead to them, so that nothing is to be written: so it is with nearly every
    /// message.
    fn is_settled(&self, aliases: &[Alias], person: PersonId) -> bool {
        aliases.iter().all(|alias| {
            let found = match alias {
                Alias::UserId(_) => &self.by_user_id,
                Alias::Phone(_) => &self.by_phone,
                Alias::ParentUserId(_) if self.by_user_id.is_some() => &self.by_user_id,
                Alias::ParentUserId(_) => &self.by_phone,
            };
            found.as_ref().is_some_and(|found| found.person == person && found.row.aliases.contains(alias))
        })
    }
}

fn owner(reader: &dyn Reader, alias: &Alias) -> Result<Option<PersonId>, StoreError> {
    match reader.get(Space::Aliases, &rows::alias_key(alias))? {
        Some(bytes) => Ok(Some(rows::read("aliases", &bytes)?)),
        None => Ok(None),
    }
}

fn person_row(reader: &dyn Reader, person: PersonId) -> Result<PersonRow, StoreError> {
    match reader.get(Space::Aliases, &rows::person_key(person))? {
        Some(bytes) => rows::read("aliases", &bytes),
        None => Ok(PersonRow::default()),
    }
}

impl<S: Session> Ledger<S> {
    /// Who has these names; somebody new if nobody has.
    pub(super) fn person(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        aliases: &[Alias],
        now: Millis,
    ) -> Result<PersonId, StoreError> {
        if let Some(person) = self.acquainted.whose(aliases) {
            return Ok(person);
        }
        let found = Found::by(tx, aliases)?;
        let person = match found.who(aliases) {
            Who::Person(person) if found.is_settled(aliases, person) => {
                self.acquainted.meet(aliases, person);
                return Ok(person);
            }
            Who::Person(person) => person,
            Who::New => self.new_person(tx),
        };
        if found.by_user_id.is_some() || found.by_phone.is_some() {
            self.acquainted.forget_all();
        }
        let deprived = adopt(tx, person, aliases)?;
        // Who wrote says under which names; whose name it was before does not know yet.
        self.tell_names(tx, out, &deprived, now)?;
        Ok(person)
    }

    /// Tells the conversations of these persons under which names they are reached from now on: what is sent to somebody's former
    /// number may reach a stranger.
    fn tell_names(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        persons: &[PersonId],
        now: Millis,
    ) -> Result<(), StoreError> {
        for person in persons {
            let Some(event) = S::renamed(&names(tx, *person)?) else { continue };
            for id in merge::conversations_of(tx, *person)? {
                self.receive(tx, out, &id, now, event.clone(), PendingRow::default())?;
            }
        }
        Ok(())
    }

    /// Carries out a change of ids that the provider announced.
    pub(super) fn identity(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        old: &[Alias],
        new: &[Alias],
        now: Millis,
    ) -> Result<(), StoreError> {
        let Some(person) = lookup(tx, old)? else {
            return Ok(());
        };
        self.acquainted.forget_all();
        if let Some(other) = lookup(tx, new)?
            && other != person
            && !recycled(tx, person, other, new)?
        {
            self.merge(tx, out, other, person, now)?;
        }
        let before = names(tx, person)?;
        let mut renamed = adopt(tx, person, new)?;
        if names(tx, person)? != before {
            renamed.push(person);
        }
        self.tell_names(tx, out, &renamed, now)
    }
}

/// Whether the new names merely include a phone that somebody else used to have: both have a business-scoped id of their
/// own, and the announcement does not name the other one's. Then the phone goes over, and nothing else does.
fn recycled(
    reader: &dyn Reader,
    person: PersonId,
    other: PersonId,
    new: &[Alias],
) -> Result<bool, StoreError> {
    let mine = person_row(reader, person)?;
    let theirs = person_row(reader, other)?;
    let theirs = identity::user_id(&theirs.aliases);
    Ok(identity::user_id(&mine.aliases).is_some() && theirs.is_some() && identity::user_id(new) != theirs)
}

/// Gives the names to the person and takes them from whoever had them, whom it returns.
pub(super) fn adopt(
    tx: &mut Tx<'_>,
    person: PersonId,
    aliases: &[Alias],
) -> Result<Vec<PersonId>, StoreError> {
    let mut deprived = Vec::new();
    let before = person_row(tx, person)?;
    let (names, dropped) = identity::rename(&before.aliases, aliases);
    for alias in &dropped {
        if owner(tx, alias)? == Some(person) {
            tx.remove(Space::Aliases, rows::alias_key(alias));
        }
    }
    for alias in &names {
        if matches!(alias, Alias::ParentUserId(_)) {
            continue;
        }
        let had = owner(tx, alias)?;
        if had == Some(person) {
            continue;
        }
        if let Some(other) = had {
            let mut row = person_row(tx, other)?;
            row.aliases.retain(|name| name != alias);
            tx.put(Space::Aliases, rows::person_key(other), rows::row(&row)?);
            deprived.push(other);
        }
        tx.put(Space::Aliases, rows::alias_key(alias), rows::row(&person)?);
    }
    if names != before.aliases {
        let row = PersonRow { aliases: names };
        tx.put(Space::Aliases, rows::person_key(person), rows::row(&row)?);
    }
    Ok(deprived)
}
