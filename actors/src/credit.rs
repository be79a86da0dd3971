//! Credits: mailboxes are not bounded, so what may be in them is, before anything is stored. A batch gets room for all it
//! holds or for nothing; reports have room of their own, so that refused messages can never block the outbox. Whose events
//! they are is known only to the ledger: what it holds back gives its credit back with the commit.

use crate::accept::Item;
use crate::committer::Load;
use crate::session::Session;
use crate::shared::Shared;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Room taken for a batch until it is committed.
pub(crate) struct Credit {
    load: Arc<Load>,
    events: i64,
    others: i64,
}

impl Credit {
    /// Takes room for the items, if there is room for all of them.
    pub(crate) fn take<S: Session>(shared: &Shared<S>, items: &[Item<S>]) -> Option<Self> {
        let is_event = |item: &&Item<S>| matches!(item, Item::Event { .. });
        let events = items.iter().filter(is_event).count() as i64;
        let others = items.len() as i64 - events;
        let load = &shared.load;
        let options = &shared.options;
        if events > 0 && load.unsettled.load(Ordering::SeqCst) >= i64::from(options.outbox_limit) {
            return None;
        }
        let held = load.held.load(Ordering::SeqCst);
        if events > 0 && held >= i64::from(options.held_limit) {
            return None;
        }
        if !reserve(&load.unhandled, held, events, i64::from(options.credits)) {
            return None;
        }
        if !reserve(&load.statuses, 0, others, i64::from(options.status_credits)) {
            load.unhandled.fetch_sub(events, Ordering::SeqCst);
            return None;
        }
        Some(Self { load: load.clone(), events, others })
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        self.load.unhandled.fetch_sub(self.events, Ordering::SeqCst);
        self.load.statuses.fetch_sub(self.others, Ordering::SeqCst);
    }
}

/// Takes `wanted` if that stays within `limit`, or if nothing else is taken: a body larger than all there is must be taken
/// some time, or it would come again for ever. Of what is taken, `free` does not count.
fn reserve(taken: &AtomicI64, free: i64, wanted: i64, limit: i64) -> bool {
    wanted == 0
        || taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |taken| {
                (taken <= free || taken - free + wanted <= limit).then_some(taken + wanted)
            })
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_whole_or_not_at_all() {
        let taken = AtomicI64::new(0);
        assert!(reserve(&taken, 0, 7, 10));
        assert!(!reserve(&taken, 0, 4, 10));
        assert!(reserve(&taken, 0, 3, 10));
        assert!(reserve(&taken, 0, 0, 10));
        assert_eq!(taken.into_inner(), 10);
        let overdrawn = AtomicI64::new(50);
        assert!(!reserve(&overdrawn, 0, 1, 10));
        let idle = AtomicI64::new(0);
        assert!(reserve(&idle, 0, 99, 10), "too large for all room there is, and alone");
        let flooded = AtomicI64::new(5_003);
        assert!(reserve(&flooded, 5_000, 7, 10), "what is held back takes no room");
        assert!(!reserve(&flooded, 5_000, 1, 10));
        assert_eq!(flooded.into_inner(), 5_010);
    }
}
