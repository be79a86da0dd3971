//! Fires timers by the clock, and removes what is old.

use crate::core::ledger::{DEDUP_KEPT, EXTERNAL_KEPT, Sweep};
use crate::core::rows;
use crate::core::tx::{Range, Space};
use crate::session::{ConversationId, Millis, Session};
use crate::shared::Shared;
use crate::{failpoints, ids, metrics as names};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the clock is read: a demo's clock jumps, so nobody can sleep until a timer is due.
const POLL: Duration = Duration::from_millis(100);
/// Timers fired by one commit, at most.
const FIRED_AT_ONCE: usize = 256;
/// How often a look for old rows is begun, and how many rows each looks at.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
const SWEEP_ROWS: usize = 2_000;
const DAY: Millis = 24 * 60 * 60 * 1000;

/// Fires due timers until the engine stops.
pub(crate) async fn run<S: Session>(shared: Arc<Shared<S>>) {
    loop {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let now = shared.clock.now();
        let range = Range {
            from: Vec::new(),
            to: Some(rows::time_key(now.saturating_add(1)).to_vec()),
        };
        let due = match shared
            .journal
            .scan(Space::Timers, &range, false, FIRED_AT_ONCE)
        {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "timers cannot be read");
                names::violation("timers_unreadable");
                return;
            }
        };
        let many = due.len() == FIRED_AT_ONCE;
        if !due.is_empty() {
            let fired = shared
                .committer
                .submit(due.len(), move |ledger, tx, out| {
                    let mut fired = 0u64;
                    for (key, _) in &due {
                        fired += u64::from(ledger.fire(tx, out, key, now)?);
                    }
                    Ok(fired)
                })
                .await;
            match fired {
                Ok(fired) => metrics::counter!(names::TIMERS).increment(fired),
                Err(_) => return,
            }
        }
        if !many {
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Removes old rows, little by little, until the engine stops.
pub(crate) async fn sweep<S: Session>(shared: Arc<Shared<S>>) {
    let mut dedup = None;
    let mut external = None;
    let mut kept = None;
    let mut conversation = None;
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let now = shared.clock.now();
        let retention = Millis::from(shared.options.retention_days) * DAY;
        // What nobody handles is kept for thirty days if nothing else is said.
        let keep = if retention > 0 { retention } else { 30 * DAY };
        let walks = [
            (Sweep::Dedup, &mut dedup, now - DEDUP_KEPT),
            (Sweep::External, &mut external, now - EXTERNAL_KEPT),
            (Sweep::Kept, &mut kept, now - keep),
        ];
        for (what, cursor, cutoff) in walks {
            let from = cursor.take();
            let walked = shared
                .committer
                .submit(SWEEP_ROWS / 8, move |ledger, tx, _| {
                    ledger.sweep(tx, what, from.as_deref(), cutoff, SWEEP_ROWS)
                })
                .await;
            match walked {
                Ok(outcome) => *cursor = outcome.cursor,
                Err(_) => return,
            }
        }
        if retention > 0 {
            conversation = retain(&shared, conversation.take(), now - retention).await;
        }
    }
}

/// Applies the retention to the next few conversations, and returns where to go on.
async fn retain<S: Session>(
    shared: &Shared<S>,
    mut after: Option<ConversationId>,
    cutoff: Millis,
) -> Option<ConversationId> {
    const AT_ONCE: usize = 64;
    let page = crate::inspect::conversations(&*shared.journal, AT_ONCE, after.as_ref()).ok()?;
    let more = page.len() == AT_ONCE;
    for id in page {
        let _ = failpoints::hit_async(failpoints::DURING_COMPACTION).await;
        let of = id.clone();
        let retained = shared
            .committer
            .submit(SWEEP_ROWS / 8, move |ledger, tx, out| {
                // A journal that cannot be read is left as it is, for whoever repairs it.
                match ledger.retain(tx, &of, cutoff) {
                    Err(crate::core::tx::StoreError::Corrupt { .. }) => {
                        out.violations.push("retention_unreadable");
                        Ok(0)
                    }
                    other => other,
                }
            })
            .await;
        if retained.is_err() {
            return None;
        }
        after = Some(id);
    }
    if more { after } else { None }
}

/// The key after all keys of a conversation's journal.
pub(crate) fn past(id: &ConversationId) -> Option<Vec<u8>> {
    crate::core::tx::successor(&ids::conversation_key(id))
}
