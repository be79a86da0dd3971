//! Fires timers by the clock, and removes what is old.

use crate::accept::Refused;
use crate::core::ledger::{DAY, DEDUP_KEPT, EXTERNAL_KEPT, Ledger, Output, Sweep, due};
use crate::core::tx::Tx;
use crate::invariants::{Invariant, violated};
use crate::session::{ConversationId, Millis, Session};
use crate::shared::Shared;
use crate::unread::UNREADABLE_FOR;
use crate::{failpoints, ids, metrics as names};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the clock is read: a demo's clock jumps, so nobody can sleep until a timer is due.
const POLL: Duration = Duration::from_millis(100);
/// Timers fired by one commit, at most.
const FIRED_AT_ONCE: usize = 256;
/// How many rows one step of a walk through everything looks at (it is a commit, and others wait for it).
const SWEEP_ROWS: usize = 256;
/// Rest between two steps of a walk; and if most of what the last one saw was old, so that removal keeps up with whatever
/// comes in.
const STEP_EVERY: Duration = Duration::from_millis(250);
const STEP_SOON: Duration = Duration::from_millis(5);

/// Fires due timers until the engine stops.
pub(crate) async fn run<S: Session>(shared: Arc<Shared<S>>) {
    loop {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let now = shared.clock.now();
        let due = match due(&*shared.journal, now, FIRED_AT_ONCE) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "timers cannot be read");
                violated(Invariant::TimersUnreadable);
                // What failed may pass, such as a lack of file handles.
                tokio::time::sleep(UNREADABLE_FOR).await;
                continue;
            }
        };
        let many = due.len() == FIRED_AT_ONCE;
        let fired = match fire(&shared, due.clone(), now).await {
            // One conversation's timer that cannot fire keeps those of others waiting no longer than this.
            Err(Refused::Unreadable(_)) => {
                let mut fired = 0;
                for key in due {
                    match fire(&shared, vec![key], now).await {
                        Ok(one) => fired += one,
                        Err(Refused::Unreadable(_)) => {}
                        Err(_) => return,
                    }
                }
                tokio::time::sleep(UNREADABLE_FOR).await;
                fired
            }
            Ok(fired) => fired,
            Err(_) => return,
        };
        metrics::counter!(names::TIMERS).increment(fired);
        if !many {
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Fires timers in one commit and returns how many there were.
async fn fire<S: Session>(shared: &Shared<S>, due: Vec<Vec<u8>>, now: Millis) -> Result<u64, Refused> {
    if due.is_empty() {
        return Ok(0);
    }
    let weight = due.len();
    let all = move |ledger: &mut Ledger<S>, tx: &mut Tx<'_>, out: &mut Output<S>| {
        let mut fired = 0u64;
        for key in &due {
            fired += u64::from(ledger.fire(tx, out, key, now)?);
        }
        Ok(fired)
    };
    shared.committer.submit(weight, all).await
}

/// Removes old rows, little by little, until the engine stops.
pub(crate) async fn sweep<S: Session>(shared: Arc<Shared<S>>) {
    loop {
        tokio::time::sleep(shared.options.sweep_every()).await;
        let mut walks = [Sweep::Dedup, Sweep::External, Sweep::Kept].map(|what| (what, None, true));
        let mut conversation = None;
        let mut retaining = shared.options.retention_days > 0;
        while retaining || walks.iter().any(|(_, _, going)| *going) {
            if shared.stopping.load(Ordering::SeqCst) {
                return;
            }
            let now = shared.clock.now();
            let retention = Millis::from(shared.options.retention_days) * DAY;
            let mut rest = STEP_EVERY;
            for (what, cursor, going) in walks.iter_mut().filter(|(_, _, going)| *going) {
                let what = *what;
                let cutoff = now.saturating_sub(kept_for(what, retention));
                let from: Option<Vec<u8>> = cursor.take();
                let walked = shared
                    .committer
                    .submit(SWEEP_ROWS / 8, move |ledger, tx, _| {
                        ledger.sweep(tx, what, from.as_deref(), cutoff, SWEEP_ROWS)
                    })
                    .await;
                match walked {
                    Ok(outcome) => {
                        rest = rest.min(rest_after(outcome.removed));
                        *going = outcome.cursor.is_some();
                        *cursor = outcome.cursor;
                    }
                    // The next walk begins anew.
                    Err(Refused::Unreadable(_)) => *going = false,
                    Err(_) => return,
                }
            }
            if retaining {
                conversation = retain(&shared, conversation.take(), now - retention).await;
                retaining = conversation.is_some();
            }
            tokio::time::sleep(rest).await;
        }
    }
}

fn kept_for(what: Sweep, retention: Millis) -> Millis {
    match what {
        Sweep::Dedup => DEDUP_KEPT,
        Sweep::External => EXTERNAL_KEPT,
        Sweep::Kept if retention > 0 => retention,
        // What nobody handles is kept for thirty days if nothing else is said.
        Sweep::Kept => 30 * DAY,
    }
}

fn rest_after(removed: usize) -> Duration {
    if removed * 2 >= SWEEP_ROWS { STEP_SOON } else { STEP_EVERY }
}

/// Applies the retention to the next few conversations, and returns where to go on.
async fn retain<S: Session>(
    shared: &Shared<S>,
    mut after: Option<ConversationId>,
    cutoff: Millis,
) -> Option<ConversationId> {
    const AT_ONCE: usize = 16;
    let page = crate::inspect::conversations(&*shared.journal, AT_ONCE, after.as_ref()).ok()?;
    let more = page.len() == AT_ONCE;
    for id in page {
        let _ = failpoints::hit_async(failpoints::DURING_COMPACTION).await;
        let of = id.clone();
        let retained = shared
            .committer
            .submit(SWEEP_ROWS / 8, move |ledger, tx, out| ledger.retain(tx, out, &of, cutoff))
            .await;
        match retained {
            Ok(_) => {}
            // A journal that cannot be read is left as it is, for whoever repairs it.
            Err(Refused::Unreadable(_)) => violated(Invariant::RetentionUnreadable),
            Err(_) => return None,
        }
        after = Some(id);
    }
    if more { after } else { None }
}

/// The key after all keys of a conversation's journal.
pub(crate) fn past(id: &ConversationId) -> Option<Vec<u8>> {
    crate::core::tx::successor(&ids::conversation_key(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_rows_go_faster_than_new_ones_can_come() {
        // Rows a second that a walk removes; nobody's traffic comes near that on average.
        let pace = |removed: usize| removed as f64 / rest_after(removed).as_secs_f64();
        assert!(pace(SWEEP_ROWS) > 20_000.0);
        // Nor does a table in which some rows are old grow without end.
        assert!(pace(SWEEP_ROWS / 2 - 1) > 500.0);
        // Looking at what is young is not worth many commits.
        assert_eq!(rest_after(0), STEP_EVERY);
    }
}
