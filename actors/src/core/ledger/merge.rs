//! Two persons turn out to be one: all that is of the one goes to the other in one batch.

use super::{Feed, Ledger, Output, fold_from, people};
use crate::accept::Alias;
use crate::core::fold::guarded;
use crate::core::rows::{self, PendingRow, PersonRow};
use crate::core::turn::diff_views;
use crate::core::tx::{Range, Reader, Space, StoreError, Tx};
use crate::ids;
use crate::invariants::Invariant;
use crate::record::{Absorbed, Kind, Record, Tombstone};
use crate::session::{ConversationId, Millis, PersonId, Session, View};
use std::sync::Arc;

impl<S: Session> Ledger<S> {
    /// Merges `from` into `into`. A journal that cannot be read is left where it is, and counted: one damaged
    /// conversation must not stop everybody's messages.
    pub(super) fn merge(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        from: PersonId,
        into: PersonId,
        now: Millis,
    ) -> Result<(), StoreError> {
        for absorbed in conversations_of(tx, from)? {
            let survivor = ConversationId { person: into, number: absorbed.number.clone() };
            let union = guarded(|| absorbed.to_string(), || unite::<S>(tx, &absorbed, &survivor));
            match union {
                Ok(union) => self.absorb(tx, out, &absorbed, &survivor, union, now)?,
                Err(StoreError::Corrupt { .. }) => out.violations.push(Invariant::MergeUnreadable),
                Err(error) => return Err(error),
            }
        }
        let names: Vec<Alias> = people::names(tx, from)?;
        let on_record = people::names(tx, into)?;
        // The survivor's own names win; what it lacks comes from the other.
        let lacking: Vec<Alias> = names
            .into_iter()
            .filter(|name| {
                !on_record.iter().any(|own| std::mem::discriminant(own) == std::mem::discriminant(name))
            })
            .collect();
        for alias in people::names(tx, from)? {
            tx.remove(Space::Aliases, rows::alias_key(&alias));
        }
        tx.put(Space::Aliases, rows::person_key(from), rows::row(&PersonRow::default())?);
        tx.put(Space::Aliases, rows::merged_key(from), rows::row(&into)?);
        people::adopt(tx, into, &lacking).map(|_| ())
    }

    fn absorb(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        absorbed: &ConversationId,
        survivor: &ConversationId,
        union: Union<S>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let record = Record::<S>::Absorbed(Absorbed {
            at: now,
            from: absorbed.person,
            state: Arc::unwrap_or_clone(union.theirs),
        });
        self.append(tx, survivor, Kind::Absorbed, record.encode()?, out)?;
        write_views(tx, absorbed, &union.gone, &[]);
        write_views(tx, survivor, &union.removed, &union.added);
        out.feed.push(Feed::Reload(survivor.clone()));

        self.move_pending(tx, out, absorbed, survivor)?;
        self.move_timers(tx, absorbed, survivor)?;
        let tombstone = Record::<S>::Tombstone(Tombstone { at: now, into: survivor.person });
        self.append(tx, absorbed, Kind::Tombstone, tombstone.encode()?, out)?;
        let mut head = self.head(tx, absorbed)?;
        head.into = Some(survivor.person);
        self.keep_head(absorbed, head);
        Ok(())
    }

    fn move_pending(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        absorbed: &ConversationId,
        survivor: &ConversationId,
    ) -> Result<(), StoreError> {
        let range = Range::prefix(&ids::conversation_key(absorbed));
        for (key, row) in tx.scan(Space::Pending, &range, false, usize::MAX)? {
            let pending: PendingRow = rows::read("pending", &row)?;
            let place = || format!("an unhandled event of {absorbed}");
            if let Some(bytes) = tx.get(Space::Events, &key)?
                && let Record::<S>::Received(received) = Record::decode(&bytes, place)?
            {
                self.receive(tx, out, survivor, received.at, received.event, pending)?;
            }
            out.unhandled -= 1;
            tx.remove(Space::Pending, key);
        }
        out.held += self.backlogs.gone(absorbed);
        Ok(())
    }

    fn move_timers(
        &mut self,
        tx: &mut Tx<'_>,
        absorbed: &ConversationId,
        survivor: &ConversationId,
    ) -> Result<(), StoreError> {
        let range = Range::prefix(&ids::conversation_key(absorbed));
        for (key, due) in tx.scan(Space::TimerNames, &range, false, usize::MAX)? {
            if let (Some(name), Some(at)) = (rows::split_timer_name(&key), rows::read_time(&due)) {
                tx.remove(Space::Timers, rows::timer_key(at, absorbed, &name));
                let own = rows::timer_name_key(survivor, &name);
                if tx.get(Space::TimerNames, &own)?.is_none() {
                    tx.put(Space::TimerNames, own, due);
                    tx.put(Space::Timers, rows::timer_key(at, survivor, &name), Vec::new());
                }
            }
            tx.remove(Space::TimerNames, key);
        }
        Ok(())
    }
}

/// What two conversations of one number are together.
struct Union<S: Session> {
    theirs: Arc<S::State>,
    /// Their rows of side tables.
    gone: Vec<View>,
    /// Rows of the survivor that are no longer right.
    removed: Vec<View>,
    /// Rows of the survivor that are new.
    added: Vec<View>,
}

fn unite<S: Session>(
    reader: &dyn Reader,
    absorbed: &ConversationId,
    survivor: &ConversationId,
) -> Result<Union<S>, StoreError> {
    let theirs = fold_from::<S>(reader, absorbed, Default::default())?.state;
    let ours = fold_from::<S>(reader, survivor, Default::default())?.state;
    let mut merged = (*ours).clone();
    S::absorb(&mut merged, &theirs);
    let (removed, added) = diff_views(&S::views(&ours), S::views(&merged));
    Ok(Union { gone: S::views(&theirs), theirs, removed, added })
}

/// Removes and adds rows of side tables.
pub(super) fn write_views(tx: &mut Tx<'_>, id: &ConversationId, removed: &[View], added: &[View]) {
    for view in removed {
        tx.remove(Space::Views, rows::view_key(view.table, &view.sort, id));
    }
    for view in added {
        tx.put(Space::Views, rows::view_key(view.table, &view.sort, id), rows::view_value(id, &view.value));
    }
}

/// The conversations of a person: one seek each, however long their journals are.
pub(super) fn conversations_of(
    reader: &dyn Reader,
    person: PersonId,
) -> Result<Vec<ConversationId>, StoreError> {
    let mut range = Range::prefix(&person.0.to_be_bytes());
    let mut found = Vec::new();
    while let Some((key, _)) = reader.scan(Space::Events, &range, false, 1)?.pop() {
        let (id, _) = ids::split_sequence(&key).ok_or_else(|| super::bad_key(Space::Events))?;
        match crate::core::tx::successor(&ids::conversation_key(&id)) {
            Some(next) => range.from = next,
            None => break,
        }
        found.push(id);
    }
    Ok(found)
}
