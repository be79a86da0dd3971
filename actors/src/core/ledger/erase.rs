//! Everything of one person is removed: their conversations at all business numbers, those of persons who were merged into them,
//! their names.

use super::merge::conversations_of;
use super::people::{canonical, names};
use super::{Feed, Ledger, Output, bad_key, has_none};
use crate::accept::Alias;
use crate::core::rows::{self, DeliveryRow};
use crate::core::tx::{Range, Reader, Space, StoreError, Tx, each};
use crate::ids;
use crate::session::{ConversationId, PersonId, Session};

/// What was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// The conversations. Their snapshots are the caller's to remove.
    pub conversations: Vec<ConversationId>,
    /// Rows of the journal's store, records among them.
    pub rows: usize,
}

/// Why nobody was erased.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotErased {
    /// Nothing was erased: it would come back, or leave without a trace.
    #[error(
        "something of {0} is still under way: an event not handled, or a message not sent; try again in a while"
    )]
    UnderWay(ConversationId),
}

impl<S: Session> Ledger<S> {
    /// Removes all rows of a person, and of all who were merged into them. What names them elsewhere goes as well: rows of side
    /// tables, the provider's ids of what was sent, what was kept unhandled and has one of their names in it. Keys of deduplication
    /// stay until they are too old by themselves.
    pub fn erase(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        person: PersonId,
    ) -> Result<Result<Erased, NotErased>, StoreError> {
        let persons = merged_into(tx, canonical(tx, person)?)?;
        let mut erased = Erased::default();
        let mut known: Vec<Alias> = Vec::new();
        for person in &persons {
            erased.conversations.extend(conversations_of(tx, *person)?);
            known.extend(names(tx, *person)?);
        }
        for id in &erased.conversations {
            if !has_none(tx, id, &[Space::Pending, Space::Outbox])? {
                return Ok(Err(NotErased::UnderWay(id.clone())));
            }
        }
        let mut doomed: Vec<(Space, Vec<u8>)> = Vec::new();
        for id in &erased.conversations {
            rows_of(tx, id, &mut doomed)?;
            out.feed.push(Feed::Reload(id.clone()));
        }
        each(tx, Space::Views, |key, value| {
            let (of, _) = ids::split_conversation(value).ok_or_else(|| bad_key(Space::Views))?;
            if erased.conversations.contains(&of) {
                doomed.push((Space::Views, key.to_vec()));
            }
            Ok::<_, StoreError>(())
        })?;
        each(tx, Space::Kept, |key, value| {
            if known.iter().any(|name| has(value, name.text().as_bytes())) {
                doomed.push((Space::Kept, key.to_vec()));
            }
            Ok::<_, StoreError>(())
        })?;
        for name in &known {
            let key = rows::alias_key(name);
            let owner: Option<PersonId> =
                tx.get(Space::Aliases, &key)?.map(|row| rows::read("aliases", &row)).transpose()?;
            // A name may be somebody else's by now.
            if owner.is_some_and(|owner| persons.contains(&owner)) {
                doomed.push((Space::Aliases, key));
            }
        }
        for person in &persons {
            for key in [rows::person_key(*person), rows::merged_key(*person)] {
                if tx.get(Space::Aliases, &key)?.is_some() {
                    doomed.push((Space::Aliases, key));
                }
            }
        }
        erased.rows = doomed.len();
        for (space, key) in doomed {
            tx.remove(space, key);
        }
        self.heads.clear();
        self.acquainted.forget_all();
        Ok(Ok(erased))
    }
}

/// The conversations of a person, and of all who were merged into them.
pub fn all_of(reader: &dyn Reader, person: PersonId) -> Result<Vec<ConversationId>, StoreError> {
    let mut found = Vec::new();
    for person in merged_into(reader, canonical(reader, person)?)? {
        found.extend(conversations_of(reader, person)?);
    }
    Ok(found)
}

/// A person and all who were merged into them, also by way of others.
fn merged_into(reader: &dyn Reader, person: PersonId) -> Result<Vec<PersonId>, StoreError> {
    let mut persons = vec![person];
    let merged = reader.scan(
        Space::Aliases,
        &Range::prefix(&rows::merged_key(PersonId(0))[..1]),
        false,
        usize::MAX,
    )?;
    for (key, _) in merged {
        let other = key.get(1..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let other = PersonId(other.ok_or_else(|| bad_key(Space::Aliases))?);
        if canonical(reader, other)? == person {
            persons.push(other);
        }
    }
    Ok(persons)
}

/// The rows whose keys begin with the conversation, and those that are found by way of them.
fn rows_of(
    reader: &dyn Reader,
    id: &ConversationId,
    doomed: &mut Vec<(Space, Vec<u8>)>,
) -> Result<(), StoreError> {
    let all = Range::prefix(&ids::conversation_key(id));
    for (key, _) in reader.scan(Space::Events, &all, false, usize::MAX)? {
        doomed.push((Space::Events, key));
    }
    for (key, value) in reader.scan(Space::Deliveries, &all, false, usize::MAX)? {
        // One that cannot be read (any more) names nothing that could be found.
        if let Ok(DeliveryRow { external_id: Some(external), .. }) = rows::read("deliveries", &value) {
            doomed.push((Space::External, rows::text_key(&external)));
        }
        doomed.push((Space::Deliveries, key));
    }
    for (key, due) in reader.scan(Space::TimerNames, &all, false, usize::MAX)? {
        if let (Some(name), Some(at)) = (rows::split_timer_name(&key), rows::read_time(&due)) {
            doomed.push((Space::Timers, rows::timer_key(at, id, &name)));
        }
        doomed.push((Space::TimerNames, key));
    }
    Ok(())
}

/// Whether bytes stand in others.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && bytes.windows(part.len()).any(|window| window == part)
}
