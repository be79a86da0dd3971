//! Timers that fire, and the removal of what is old.

use super::merge::write_views;
use super::{DAY, Feed, Ledger, Output, has_none, records};
use crate::core::fold::{Folded, guarded};
use crate::core::rows::{self, DeliveryRow, ExternalRow, PendingRow};
use crate::core::turn::diff_views;
use crate::core::tx::{Range, Reader, Space, StoreError, Tx};
use crate::ids;
use crate::record::{Checkpoint, Kind, Record};
use crate::session::{ConversationId, Millis, Session};

/// One step of a walk through a space that removes what is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Deduplication keys older than [`DEDUP_KEPT`](super::DEDUP_KEPT).
    Dedup,
    /// The provider's ids older than [`EXTERNAL_KEPT`](super::EXTERNAL_KEPT).
    External,
    /// What is kept and never handled, older than the retention.
    Kept,
}

/// Where a sweep has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepOutcome {
    /// Go on after this key; `None`: at the end.
    pub cursor: Option<Vec<u8>>,
    /// Rows removed.
    pub removed: usize,
}

/// The rows of timers that are due at `now`, the longest due first, at most `limit`.
pub fn due(reader: &dyn Reader, now: Millis, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
    let range = Range { from: Vec::new(), to: Some(rows::time_key(now.saturating_add(1)).to_vec()) };
    let rows = reader.scan(Space::Timers, &range, false, limit)?;
    Ok(rows.into_iter().map(|(key, _)| key).collect())
}

impl<S: Session> Ledger<S> {
    /// Fires a timer, if it is still armed for that time: re-armed, cancelled and fired ones are ignored, so that it fires
    /// once however often this is called. `key` is a row of [`Space::Timers`].
    pub fn fire(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        key: &[u8],
        now: Millis,
    ) -> Result<bool, StoreError> {
        if tx.get(Space::Timers, key)?.is_none() {
            return Ok(false);
        }
        let (_, id, name) = rows::split_timer(key).ok_or_else(|| super::bad_key(Space::Timers))?;
        tx.remove(Space::Timers, key.to_vec());
        tx.remove(Space::TimerNames, rows::timer_name_key(&id, &name));
        self.receive(tx, out, &id, now, S::timer_fired(&name), PendingRow::default())?;
        Ok(true)
    }

    /// Looks at most at `limit` rows after `cursor`.
    pub fn sweep(
        &mut self,
        tx: &mut Tx<'_>,
        sweep: Sweep,
        cursor: Option<&[u8]>,
        cutoff: Millis,
        limit: usize,
    ) -> Result<SweepOutcome, StoreError> {
        let space = match sweep {
            Sweep::Dedup => Space::Dedup,
            Sweep::External => Space::External,
            Sweep::Kept => Space::Kept,
        };
        let mut range = Range::all();
        if let Some(cursor) = cursor {
            range = range.after(cursor);
        }
        let page = tx.scan(space, &range, false, limit)?;
        let cursor = (page.len() == limit).then(|| page.last().map(|(key, _)| key.clone())).flatten();
        let mut removed = 0;
        for (key, value) in page {
            let at = match sweep {
                Sweep::Dedup => rows::read_time(&value),
                Sweep::Kept => rows::read_time(&key),
                // One that cannot be read (any more) goes as well.
                Sweep::External => match rows::read::<ExternalRow<S>>("external", &value) {
                    Ok(ExternalRow::Bound { at, .. }) => Some(at),
                    Ok(ExternalRow::Early { noted, .. }) => Some(noted),
                    Err(_) => None,
                },
            };
            if at.is_none_or(|at| at < cutoff) {
                if sweep == Sweep::External {
                    forget_delivery::<S>(tx, &value)?;
                }
                tx.remove(space, key);
                removed += 1;
            }
        }
        Ok(SweepOutcome { cursor, removed })
    }

    /// Deletes the part of a conversation's journal that is older than `cutoff`: a checkpoint takes the place of the
    /// newest turn from before it, and what stands before that goes, in the same batch. Where the whole journal is as old and nothing
    /// waits, the checkpoint has what [`Session::faded`] leaves of the state. Nothing happens while an event from before that turn is
    /// unhandled. Returns how many records went.
    ///
    /// The state is not rewritten for every record that comes of age: a few wait for each other, for a day at most.
    pub fn retain(
        &mut self,
        tx: &mut Tx<'_>,
        out: &mut Output<S>,
        id: &ConversationId,
        cutoff: Millis,
    ) -> Result<usize, StoreError> {
        /// So many records are worth it at once.
        const MANY: usize = 8;
        let Old { folded, newest, oldest, count, all } =
            guarded(|| id.to_string(), || fold_old::<S>(tx, id, cutoff))?;
        let Some((seq, at)) = newest else {
            return Ok(0);
        };
        if count < MANY && oldest.is_some_and(|oldest| oldest >= cutoff.saturating_sub(DAY)) {
            return Ok(0);
        }
        let mut faded = None;
        if all {
            let state = guarded(|| id.to_string(), || Ok(S::faded(&folded.state)))?;
            let waits = [Space::Pending, Space::Outbox, Space::TimerNames];
            if state != *folded.state && has_none(tx, id, &waits)? {
                faded = Some(state);
            }
        }
        if oldest.is_none() && faded.is_none() {
            return Ok(0);
        }
        folded.check(|| id.to_string())?;
        let mut before = Range::prefix(&ids::conversation_key(id));
        before.to = Some(ids::sequence_key(id, seq));
        if !tx.scan(Space::Pending, &before, false, 1)?.is_empty() {
            return Ok(0);
        }
        let doomed = tx.scan(Space::Events, &before, false, usize::MAX)?;
        let removed = doomed.len();
        for (key, _) in doomed {
            tx.remove(Space::Events, key);
        }
        // How far their messages came goes with the turns, unless a start may still ask whether one was reported.
        for (key, row) in tx.scan(Space::Deliveries, &before, false, usize::MAX)? {
            if tx.get(Space::Outbox, &key)?.is_none() && !may_be_reported(tx, &row)? {
                tx.remove(Space::Deliveries, key);
            }
        }
        if let Some(state) = &faded {
            let (gone, new) = diff_views(&S::views(&folded.state), S::views(state));
            write_views(tx, id, &gone, &new);
            out.feed.push(Feed::Reload(id.clone()));
        }
        let state = faded.unwrap_or_else(|| (*folded.state).clone());
        let record = Record::<S>::Checkpoint(Checkpoint { at, state, handled: folded.handled });
        tx.put(Space::Events, ids::sequence_key(id, seq), record.encode()?);
        Ok(removed)
    }
}

/// Whether reports about a delivery may still come: as long as its provider's id is known. Without its row a late or
/// repeated report would begin anew, and a failure would be told to the conversation twice.
fn may_be_reported(tx: &Tx<'_>, row: &[u8]) -> Result<bool, StoreError> {
    // One that cannot be read (any more) is of no use to a report either.
    let row = rows::read::<DeliveryRow>("deliveries", row).ok();
    match row.and_then(|row| row.external_id) {
        Some(id) => Ok(tx.get(Space::External, &rows::text_key(&id))?.is_some()),
        None => Ok(false),
    }
}

/// With the provider's id goes the delivery that retention has left for its sake: one whose turn is gone.
fn forget_delivery<S: Session>(tx: &mut Tx<'_>, external: &[u8]) -> Result<(), StoreError> {
    let Ok(ExternalRow::<S>::Bound { key, .. }) = rows::read("external", external) else {
        return Ok(());
    };
    let turn = ids::sequence_key(&key.conversation, key.turn);
    let delivery = ids::effect_key(&key);
    if tx.get(Space::Events, &turn)?.is_none() && tx.get(Space::Outbox, &delivery)?.is_none() {
        tx.remove(Space::Deliveries, delivery);
    }
    Ok(())
}

/// What of a conversation is older than a cutoff.
struct Old<S: Session> {
    /// The state as of then.
    folded: Folded<S>,
    /// The newest such record that changed the state, and when.
    newest: Option<(u64, Millis)>,
    /// When the oldest record is from that is no checkpoint.
    oldest: Option<Millis>,
    /// How many records.
    count: usize,
    /// Whether there is nothing younger.
    all: bool,
}

/// Folds what is older than `cutoff`.
fn fold_old<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    cutoff: Millis,
) -> Result<Old<S>, StoreError> {
    let mut old = Old { folded: Folded::<S>::default(), newest: None, oldest: None, count: 0, all: true };
    let mut from = 1;
    loop {
        let page = records::<S>(reader, id, from, 256)?;
        if page.is_empty() {
            return Ok(old);
        }
        for (seq, record) in page {
            if record.at() >= cutoff {
                old.all = false;
                return Ok(old);
            }
            from = seq + 1;
            old.count += 1;
            old.folded.apply(seq, &record);
            if record.kind() != Kind::Checkpoint && old.oldest.is_none() {
                old.oldest = Some(record.at());
            }
            if record.kind().changes_state() {
                old.newest = Some((seq, record.at()));
            }
        }
    }
}
