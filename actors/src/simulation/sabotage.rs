//! The classic mistakes, made on purpose: would the laws notice? Each is made in the seam between the core and its world –
//! in what is written, fed, ordered or recovered – so that the product's code has no switch and the simulation runs the
//! very code that ships. One test a mistake, which fails if the laws do NOT notice it within [`SEEDS`] seeds.

use super::network::{NUMBER, Report};
use super::{ROUGH, run};
use crate::accept::{Address, Alias, Item};
use crate::core::ledger::{Feed, lookup};
use crate::core::recovery;
use crate::core::rows::{self, DeliveryRow};
use crate::core::tx::{Batch, Range, Reader, Space, Tx};
use crate::ids;
use crate::record::Record;
use crate::session::{ConversationId, IdempotencyKey};
use crate::testing::{Counter, Note};
use std::sync::Arc;

/// Seeds within which a mistake must be noticed.
const SEEDS: u64 = 120;

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A commit returns before it is synced.
    SyncSkipped,
    /// Deduplication keys are not written.
    DedupDropped,
    /// They are written by a commit of their own, after the event's.
    DedupApart,
    /// What may not be repeated leaves before its claim is on record.
    ClaimNotWritten,
    /// What an earlier start claimed is sent again at once.
    EchoNotAwaited,
    /// What may not be repeated is sent again when its outcome is unknown.
    BlindResend,
    /// A settled effect stays in the outbox.
    RowKept,
    /// Events are handed on in another order than they were committed in.
    FedOutOfOrder,
    /// A result is recorded twice.
    ResultTwice,
    /// A timer stays armed when it has fired.
    TimerTwice,
    /// A merge leaves unhandled events behind.
    MergeLosesPending,
    /// A checkpoint drops a field of the state.
    CheckpointDropsField,
    /// A report sets the state of a delivery back.
    LatticeBackwards,
    /// The count of failed tries is kept in memory only.
    TriesForgotten,
    /// Nobody is told to read what was held back.
    HeldForgotten,
    /// An event is handed out past what is held back before it.
    HandedPastHeld,
    /// A request that cannot be read for leaves behind what it had planned by then.
    RefusedHalfWritten,
}

/// What reaches the disk in place of `batch`.
pub(super) fn tamper(fault: Option<Fault>, batch: Batch) -> Vec<Batch> {
    let (mut main, mut apart) = (Batch::default(), Batch::default());
    match fault {
        Some(Fault::DedupDropped | Fault::DedupApart | Fault::CheckpointDropsField) => {}
        _ => return vec![batch],
    }
    for (space, key, value) in batch.into_cells() {
        let (to, value) = match (fault, space, value) {
            (Some(Fault::DedupDropped), Space::Dedup, Some(_)) => continue,
            (Some(Fault::DedupApart), Space::Dedup, value) => (&mut apart, value),
            (Some(Fault::CheckpointDropsField), Space::Events, Some(bytes)) => {
                (&mut main, Some(without_count(bytes)))
            }
            (_, _, value) => (&mut main, value),
        };
        match value {
            Some(value) => to.put(space, key, value),
            None => to.remove(space, key),
        }
    }
    [main, apart].into_iter().filter(|batch| !batch.is_empty()).collect()
}

fn without_count(bytes: Vec<u8>) -> Vec<u8> {
    match Record::<Counter>::decode(&bytes, String::new) {
        Ok(Record::Checkpoint(mut checkpoint)) => {
            checkpoint.state.said = 0;
            Record::Checkpoint(checkpoint).encode().unwrap_or(bytes)
        }
        _ => bytes,
    }
}

/// What reaches the routers in place of `feed`.
pub(super) fn misdirect(
    fault: Option<Fault>,
    disk: &dyn Reader,
    feed: Feed<Counter>,
) -> Option<Feed<Counter>> {
    match (fault, feed) {
        (Some(Fault::HeldForgotten), Feed::Resume(_) | Feed::HeldBack(_)) => None,
        (Some(Fault::HandedPastHeld), Feed::HeldBack(id)) => {
            let all = recovery::unhandled_of(disk, &id, 0..u64::MAX, usize::MAX);
            all.ok()?.pop().map(Feed::Deliver)
        }
        (_, feed) => Some(feed),
    }
}

/// Hides what is unhandled of the person with this phone from a merge that is about to be planned.
pub(super) fn forget_pending(tx: &mut Tx<'_>, phone: &str) {
    let Ok(Some(person)) = lookup(tx, &[Alias::Phone(phone.to_owned())]) else {
        return;
    };
    let absorbed = ConversationId { person, number: Arc::from(NUMBER) };
    let range = Range::prefix(&ids::conversation_key(&absorbed));
    for (key, _) in tx.scan(Space::Pending, &range, false, usize::MAX).unwrap_or_default() {
        tx.remove(Space::Pending, key);
    }
}

/// Writes what reports say, whatever was known before.
pub(super) fn set_deliveries<'a>(tx: &mut Tx<'_>, reports: impl Iterator<Item = &'a Report>) {
    for report in reports.filter(|report| report.echoes) {
        let row = DeliveryRow { external_id: None, state: report.status, at: report.made };
        if let Ok(bytes) = rows::row(&row) {
            tx.put(Space::Deliveries, ids::effect_key(&report.key), bytes);
        }
    }
}

/// A row of the outbox, to be put back.
pub(super) fn outbox_row(tx: &Tx<'_>, key: &IdempotencyKey) -> Option<(Vec<u8>, Vec<u8>)> {
    let at = ids::effect_key(key);
    let row = tx.get(Space::Outbox, &at).ok()??;
    Some((at, row))
}

pub(super) fn put_back(tx: &mut Tx<'_>, row: Option<(Vec<u8>, Vec<u8>)>) {
    if let Some((key, row)) = row {
        tx.put(Space::Outbox, key, row);
    }
}

/// The result of an effect as one more event.
pub(super) fn result_again(key: &IdempotencyKey, result: Option<Note>) -> Vec<Item<Counter>> {
    let address = Address::Conversation(key.conversation.clone());
    result.into_iter().map(|event| Item::Event { address: address.clone(), dedup: None, event }).collect()
}

/// A fired timer as if it had not.
pub(super) fn rearm(tx: &mut Tx<'_>, key: &[u8]) {
    tx.put(Space::Timers, key.to_vec(), Vec::new());
}

/// Fails unless the laws notice the mistake, in the words given.
fn noticed(fault: Fault, words: &[&str]) {
    let mut seen = Vec::new();
    for seed in 0..SEEDS {
        if let Err(failure) = run(seed, ROUGH, Some(fault), false) {
            if words.iter().any(|words| failure.what.contains(words)) {
                println!("{fault:?} noticed at seed {seed}: {}", failure.what);
                return;
            }
            seen.push(failure.what);
        }
    }
    panic!("{fault:?} was not noticed as {words:?} within {SEEDS} seeds; instead: {seen:?}");
}

macro_rules! noticed {
    ($($test:ident: $fault:ident by $($words:literal),+;)*) => {
        $(#[test]
        fn $test() {
            noticed(Fault::$fault, &[$($words),+]);
        })*
    };
}

noticed! {
    a_skipped_sync_is_noticed: SyncSkipped by "is written after", "not on disk", "is lost", "the disk has";
    a_dropped_dedup_key_is_noticed: DedupDropped by "is accepted twice";
    a_dedup_key_in_another_batch_is_noticed: DedupApart by "is accepted twice";
    a_claim_not_written_before_sending_is_noticed: ClaimNotWritten by "under the claim of start 0";
    a_resend_that_awaits_no_echo_is_noticed: EchoNotAwaited by "is sent again too early";
    a_blind_resend_is_noticed: BlindResend by "is sent again too early or at all";
    an_outbox_row_that_stays_is_noticed: RowKept by "is settled", "never quiet";
    events_out_of_order_are_noticed: FedOutOfOrder by "the oldest unhandled is";
    a_result_recorded_twice_is_noticed: ResultTwice by "is recorded twice", "is told twice";
    a_timer_fired_twice_is_noticed: TimerTwice by "fires twice";
    a_merge_that_loses_pending_work_is_noticed: MergeLosesPending by "came to none";
    a_checkpoint_that_drops_a_field_is_noticed: CheckpointDropsField by "the state hashes to", "folds to";
    a_delivery_going_backwards_is_noticed: LatticeBackwards by "the delivery of";
    held_back_events_that_nobody_reads_are_noticed: HeldForgotten by "is not empty at the end";
    an_event_handed_out_past_others_is_noticed: HandedPastHeld by "the oldest unhandled is";
    forgotten_tries_are_noticed: TriesForgotten by "are on record";
    a_refused_request_that_is_half_written_is_noticed: RefusedHalfWritten by "is settled", "the disk has";
}
