//! What a start finds: events nobody handled, effects nobody settled.

use crate::accept::Delivery;
use crate::core::ledger::{Delivered, Ledger, Output, Settle, Settled};
use crate::core::outbox::Entry;
use crate::core::rows::{self, DeliveryRow, OutboxRow, PendingRow};
use crate::core::tx::{Range, Reader, Space, StoreError, Tx};
use crate::ids;
use crate::record::Record;
use crate::session::{ConversationId, IdempotencyKey, Millis, Session};

/// What has to be gone on with.
pub struct Recovered<S: Session> {
    /// Conversations with unhandled events.
    pub wake: Vec<ConversationId>,
    /// Unsettled effects, in order within each conversation.
    pub left: Vec<Entry<S>>,
    /// Number of unhandled events.
    pub unhandled: i64,
    /// Number of those among them that are held back.
    pub held: i64,
    /// Number of unsettled effects.
    pub unsettled: i64,
}

/// Plans the start: the new start number, the count of starts of the first unhandled event of each conversation, the
/// settlement of effects about which the provider has reported. To be committed before anything else. Of each
/// conversation at most `mailbox` events are in hand at a time ([`Ledger::hold_beyond`]).
pub fn plan<S: Session>(
    tx: &mut Tx<'_>,
    now: Millis,
    mailbox: u32,
) -> Result<(Ledger<S>, Recovered<S>), StoreError> {
    let clean = Ledger::<S>::clean_start(tx)?;
    let mut ledger = Ledger::<S>::open(tx, now)?;
    ledger.hold_beyond(mailbox);
    let mut out = Output::default();
    let (wake, unhandled) = unhandled(tx, &mut ledger)?;
    let (left, unsettled) = left(tx, &mut ledger, &mut out, clean, now)?;
    let unhandled = unhandled + out.unhandled;
    let recovered =
        Recovered { wake, left, unhandled, held: ledger.held(), unsettled: unsettled + out.unsettled };
    Ok((ledger, recovered))
}

fn unhandled<S: Session>(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger<S>,
) -> Result<(Vec<ConversationId>, i64), StoreError> {
    /// Rows read at a time: a flood may have left a million.
    const PAGE: usize = 1024;
    let mut wake: Vec<ConversationId> = Vec::new();
    let mut count = 0;
    let mut range = Range::all();
    loop {
        let page = tx.scan(Space::Pending, &range, false, PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok((wake, count));
        };
        range = range.after(last);
        for (key, value) in page {
            count += 1;
            let (id, _) =
                ids::split_sequence(&key).ok_or_else(|| crate::core::ledger::bad_key(Space::Pending))?;
            ledger.left_unhandled(&id);
            if wake.last() == Some(&id) {
                continue;
            }
            let mut row: PendingRow = rows::read("pending", &value)?;
            row.starts += 1;
            tx.put(Space::Pending, key, rows::row(&row)?);
            wake.push(id);
        }
    }
}

/// An event that was unhandled at so many starts of the engine is put aside: something about it may be killing the whole
/// process (a stack overflow, an abort), which no counter inside the process survives.
pub const MAX_STARTS: u32 = 10;

/// The unhandled events of a conversation whose sequence numbers are in a range, in order, the oldest `limit` of them. One
/// that was there at [`MAX_STARTS`] starts is suspect.
pub fn unhandled_of<S: Session>(
    reader: &dyn Reader,
    id: &ConversationId,
    seqs: std::ops::Range<u64>,
    limit: usize,
) -> Result<Vec<Delivered<S>>, StoreError> {
    let range = Range { from: ids::sequence_key(id, seqs.start), to: Some(ids::sequence_key(id, seqs.end)) };
    let mut events = Vec::new();
    for (key, row) in reader.scan(Space::Pending, &range, false, limit)? {
        let row: PendingRow = rows::read("pending", &row)?;
        let (_, seq) =
            ids::split_sequence(&key).ok_or_else(|| crate::core::ledger::bad_key(Space::Pending))?;
        let place = || format!("{id} record {seq}");
        // A turn may have been committed between the two reads.
        let Some(bytes) = reader.get(Space::Events, &key)? else {
            continue;
        };
        if let Record::<S>::Received(received) = Record::decode(&bytes, place)? {
            events.push(Delivered {
                conversation: id.clone(),
                seq,
                at: received.at,
                event: received.event,
                tries: row.tries,
                suspect: row.starts >= MAX_STARTS,
            });
        }
    }
    Ok(events)
}

fn left<S: Session>(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger<S>,
    out: &mut Output<S>,
    clean: u64,
    now: Millis,
) -> Result<(Vec<Entry<S>>, i64), StoreError> {
    let rows = tx.scan(Space::Outbox, &Range::all(), false, usize::MAX)?;
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let mut left: Vec<Entry<S>> = Vec::new();
    for (key_bytes, value) in rows {
        let key = ids::split_effect(&key_bytes).ok_or_else(|| crate::core::ledger::bad_key(Space::Outbox))?;
        let row: OutboxRow<S> = rows::read("outbox", &value)?;
        ledger.left_unsettled(&key);
        // Only the first of a conversation can have left: the next one leaves after its settlement is on record.
        let first = left.last().is_none_or(|before| before.key.conversation != key.conversation);
        let claimed = row.claim != 0 && row.claim != clean;
        let doubt = first && (row.doubt || claimed);
        if doubt && reported(tx, &key_bytes)? {
            let settle = Settle { key, how: Settled::Echoed, result: None };
            ledger.settle(tx, out, settle, now)?;
            continue;
        }
        left.push(Entry {
            key,
            effect: row.effect,
            resend_unknown: row.resend_unknown,
            // A claim of the last clean start says nothing any more; a new one must be on record before it leaves.
            claimed: claimed && row.resend_unknown,
            attempts: row.attempts,
            doubt,
            left: true,
        });
    }
    Ok((left, count))
}

/// Whether an effect that may have left before has been reported about, so that it must not leave again. To be asked at the
/// very moment of trying it: a busy outbox may not yet have been told of a report that is on record.
pub fn arrived_before<S: Session>(
    reader: &dyn Reader,
    key: &IdempotencyKey,
    start: u64,
) -> Result<bool, StoreError> {
    let place = ids::effect_key(key);
    if !reported(reader, &place)? {
        return Ok(false);
    }
    // What was never tried cannot have arrived, whatever a report says.
    let Some(row) = reader.get(Space::Outbox, &place)? else { return Ok(false) };
    let row: OutboxRow<S> = rows::read("outbox", &row)?;
    Ok(row.doubt || (row.claim != 0 && row.claim != start))
}

/// Whether the provider has reported about it.
fn reported(reader: &dyn Reader, key: &[u8]) -> Result<bool, StoreError> {
    match reader.get(Space::Deliveries, key)? {
        Some(bytes) => {
            let row: DeliveryRow = rows::read("deliveries", &bytes)?;
            Ok(row.state != Delivery::Queued)
        }
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Journal, memory::MemoryJournal};
    use crate::testing::{Counter, Deed};

    #[test]
    fn an_echo_on_record_keeps_what_may_have_left_from_leaving_again() {
        let key: IdempotencyKey = "1@1/2/0".parse().unwrap();
        let asked = |state: Option<Delivery>, claim: u64, doubt: bool| {
            let journal = MemoryJournal::default();
            let mut tx = Tx::new(&journal);
            let row = OutboxRow::<Counter> {
                effect: Deed::Say("1".to_owned()),
                resend_unknown: true,
                claim,
                attempts: 0,
                doubt,
                at: 0,
            };
            tx.put(Space::Outbox, ids::effect_key(&key), rows::row(&row).unwrap());
            if let Some(state) = state {
                let row = DeliveryRow { external_id: None, state, at: 0 };
                tx.put(Space::Deliveries, ids::effect_key(&key), rows::row(&row).unwrap());
            }
            let batch = tx.into_batch();
            journal.commit(batch).unwrap();
            arrived_before::<Counter>(&journal, &key, 7).unwrap()
        };
        assert!(asked(Some(Delivery::Sent), 6, false), "claimed by an earlier start");
        assert!(asked(Some(Delivery::Read), 7, true), "no answer came to this start's try");
        for (state, claim, doubt) in [
            (None, 6, true),
            (Some(Delivery::Queued), 6, true),
            // Nobody but this start can have tried it, and it has not: the report is somebody's invention.
            (Some(Delivery::Sent), 7, false),
            (Some(Delivery::Sent), 0, false),
        ] {
            assert!(!asked(state, claim, doubt), "{state:?}, claim {claim}, doubt {doubt}");
        }
    }
}
