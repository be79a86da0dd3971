//! The dispatcher: carries out what the outbox of the core orders.

use crate::accept::Refused;
use crate::committer::panic_text;
use crate::core::ledger::{Mark, Queued, Settle, Settled};
use crate::core::outbox::{Entry, Order, Outbox, Tried};
use crate::core::recovery;
use crate::invariants::{Invariant, violated};
use crate::session::{Dispatch, IdempotencyKey, Millis, Session};
use crate::shared::Shared;
use crate::unread::UNREADABLE_FOR;
use crate::{failpoints, metrics as names};
use futures_util::FutureExt;
use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// What the dispatcher is told. The channel is not bounded by itself, because the committer may not wait for those who
/// wait for it; the edge refuses events while more than `outbox_limit` effects are unsettled.
pub(crate) enum OutboxMsg<S: Session> {
    /// Committed by this start.
    Queued(Queued<S>),
    /// Left by an earlier start.
    Left(Entry<S>),
    /// The provider reports about it.
    Echo(IdempotencyKey),
    /// Answer when nothing is on its way or in line; what waits to be tried again, or for its echo, goes on waiting.
    Flush(oneshot::Sender<()>),
    /// Let nothing leave any more, and answer when nothing is on its way.
    Close(oneshot::Sender<()>),
}

enum Finished<S: Session> {
    Tried(IdempotencyKey, Tried<S::Event>),
    Recorded(IdempotencyKey),
    /// The journal takes nothing more: whatever is on its way is settled by the next start.
    Broken,
}

/// Runs until the channel closes or the journal fails.
pub(crate) async fn run<S: Session>(
    shared: Arc<Shared<S>>,
    mut messages: mpsc::UnboundedReceiver<OutboxMsg<S>>,
) {
    let echo_wait = Millis::try_from(shared.options.echo_wait_ms).unwrap_or(Millis::MAX);
    let mut outbox = Outbox::<S>::new(shared.options.dispatch_width, echo_wait);
    let mut under_way: JoinSet<Finished<S>> = JoinSet::new();
    let mut flushed: Option<oneshot::Sender<()>> = None;
    let mut closed: Option<oneshot::Sender<()>> = None;
    loop {
        let now = shared.monotonic();
        let wake = outbox.next_wake().map(|at| Duration::from_millis(u64::try_from(at - now).unwrap_or(0)));
        let orders = tokio::select! {
            message = messages.recv() => {
                let now = shared.monotonic();
                match message {
                    None => return,
                    Some(OutboxMsg::Queued(queued)) => outbox.queue(queued.into(), now),
                    Some(OutboxMsg::Left(entry)) => outbox.queue(entry, now),
                    Some(OutboxMsg::Echo(key)) => outbox.echo(&key, now),
                    Some(OutboxMsg::Flush(reply)) => {
                        flushed = Some(reply);
                        Vec::new()
                    }
                    Some(OutboxMsg::Close(reply)) => {
                        outbox.close();
                        closed = Some(reply);
                        Vec::new()
                    }
                }
            }
            Some(finished) = under_way.join_next() => {
                let now = shared.monotonic();
                match finished {
                    Ok(Finished::Tried(key, tried)) => outbox.tried(&key, tried, now),
                    Ok(Finished::Recorded(key)) => outbox.recorded(&key, now),
                    Ok(Finished::Broken) | Err(_) => return,
                }
            }
            () = tokio::time::sleep(wake.unwrap_or(Duration::from_secs(3600))) => {
                outbox.tick(shared.monotonic())
            }
        };
        for order in orders {
            carry_out(&shared, &mut under_way, order);
        }
        let in_flight = outbox.in_flight() as u64;
        shared.counts.in_flight.store(in_flight, Ordering::Relaxed);
        if (flushed.is_some() || closed.is_some()) && !outbox.is_busy() {
            let told = [closed.take(), flushed.take_if(|_| !outbox.in_line())];
            told.into_iter().flatten().for_each(|reply| {
                let _ = reply.send(());
            });
        }
    }
}

fn carry_out<S: Session>(shared: &Arc<Shared<S>>, under_way: &mut JoinSet<Finished<S>>, order: Order<S>) {
    let shared = shared.clone();
    match order {
        Order::Dispatch { key, effect, attempt, tried } => {
            under_way.spawn(async move {
                // A report that is on record may still be on its way to the outbox. What cannot be read is tried.
                let arrived =
                    tried && recovery::arrived_before::<S>(&*shared.journal, &key, shared.start) == Ok(true);
                let tried = match arrived {
                    true => Tried::Over(Settled::Echoed, None),
                    false => attempt_once(&shared, &key, effect, attempt).await,
                };
                let _ = failpoints::hit_async(failpoints::AFTER_ANSWER_BEFORE_RECORD).await;
                Finished::Tried(key, tried)
            });
        }
        Order::Mark(key, mark) => {
            under_way.spawn(async move { record_mark(&shared, key, mark).await });
        }
        Order::Settle { key, unknown, how, result } => {
            let result = match unknown {
                Some(effect) => outcome_unknown::<S>(&key, &effect),
                None => result,
            };
            under_way.spawn(async move { record_end(&shared, key, how, result).await });
        }
    }
}

/// The session's code, whose panic must not end the dispatcher.
fn outcome_unknown<S: Session>(key: &IdempotencyKey, effect: &S::Effect) -> Option<S::Event> {
    let ask = || S::outcome_unknown(effect);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask)).unwrap_or_else(|_| {
        tracing::error!(%key, "the session panicked over an unknown outcome; nobody is told");
        violated(Invariant::OutcomeUnknownPanicked);
        None
    })
}

/// Submits until what that needs can be read: what has left must not leave again, and is put on record as soon as it can be.
async fn on_record<T, F: Future<Output = Result<T, Refused>>>(submit: impl Fn() -> F) -> Result<T, Refused> {
    loop {
        match submit().await {
            Err(Refused::Unreadable(_)) => tokio::time::sleep(UNREADABLE_FOR).await,
            done => return done,
        }
    }
}

async fn record_mark<S: Session>(shared: &Shared<S>, key: IdempotencyKey, mark: Mark) -> Finished<S> {
    let done = on_record(|| {
        let of = key.clone();
        shared.committer.submit(1, move |ledger, tx, _| ledger.mark(tx, &of, mark))
    });
    match done.await {
        Ok(()) => Finished::Recorded(key),
        Err(_) => Finished::Broken,
    }
}

async fn record_end<S: Session>(
    shared: &Shared<S>,
    key: IdempotencyKey,
    how: Settled,
    result: Option<S::Event>,
) -> Finished<S> {
    let now = shared.clock.now();
    // With a result the conversation waits for its end; without one at most the next message of the same answer does.
    let patient = result.is_none();
    let settle = Settle { key: key.clone(), how, result };
    let done = on_record(|| {
        let settle = settle.clone();
        shared.committer.submit_as(2, patient, move |ledger, tx, out| ledger.settle(tx, out, settle, now))
    });
    match done.await {
        Ok(settled) => {
            if !settled {
                violated(Invariant::SettledTwice);
            }
            Finished::Recorded(key)
        }
        Err(_) => Finished::Broken,
    }
}

async fn attempt_once<S: Session>(
    shared: &Arc<Shared<S>>,
    key: &IdempotencyKey,
    effect: S::Effect,
    attempt: u32,
) -> Tried<S::Event> {
    let dispatch = shared.performer.dispatch(key, &effect, attempt);
    // A panic in the edge is an outcome like others: nobody knows how far it came.
    let outcome = match AssertUnwindSafe(dispatch).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => {
            tracing::error!(%key, error = panic_text(&*panic), "a dispatch panicked");
            Dispatch::Unknown { reason: "panic" }
        }
    };
    let count = |word| metrics::counter!(names::DISPATCHED, "outcome" => word).increment(1);
    match outcome {
        Dispatch::Settled { external_id, result } => {
            count("settled");
            Tried::Over(Settled::Taken(external_id), result)
        }
        Dispatch::Failed { reason, result } => {
            count("failed");
            tracing::warn!(%key, reason, "a durable effect failed for good");
            Tried::Over(Settled::Failed, result)
        }
        Dispatch::Retry { after, reason } => {
            count("retry");
            metrics::counter!(names::RETRIES, "reason" => reason).increment(1);
            shared.counts.retries.fetch_add(1, Ordering::Relaxed);
            let delay = backoff(&shared.options, after, attempt);
            Tried::Again { delay: Millis::try_from(delay.as_millis()).unwrap_or(Millis::MAX) }
        }
        Dispatch::Later { after, reason } => {
            count("later");
            metrics::counter!(names::RETRIES, "reason" => reason).increment(1);
            // As long as was said: whoever says it spreads those who wait.
            Tried::Later { delay: Millis::try_from(after.as_millis()).unwrap_or(Millis::MAX) }
        }
        Dispatch::Unknown { reason } => {
            count("unknown");
            tracing::warn!(%key, reason, "a durable effect left and no answer came");
            Tried::Unknown
        }
    }
}

/// Doubles with every try up to a cap, never less than asked for, with up to a quarter on top so that many do not come
/// back at the same moment.
fn backoff(options: &crate::options::Options, after: Duration, attempt: u32) -> Duration {
    let doubled = options.retry_base_ms.saturating_mul(1u64 << attempt.saturating_sub(1).min(20));
    // Whoever names a wait (the pacer, Meta's Retry-After) knows better than the doubling, which would drain a backlog far
    // below the permitted rate.
    let wait = if after.is_zero() { Duration::from_millis(doubled.min(options.retry_cap_ms)) } else { after };
    // The standard library's hasher is seeded by the operating system: random enough for jitter.
    let dice = RandomState::new().hash_one(attempt) as u32;
    wait.saturating_add(wait.mul_f64(f64::from(dice) / f64::from(u32::MAX) / 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn waits_double_up_to_the_cap_and_never_undercut_the_other_side() {
        let options = Options::default();
        for (attempt, least) in [(1, 200), (2, 400), (5, 3200), (9, 30_000), (60, 30_000)] {
            let wait = backoff(&options, Duration::ZERO, attempt);
            let least = Duration::from_millis(least);
            assert!(wait >= least && wait <= least.mul_f64(1.25), "{attempt}: {wait:?}");
        }
        let asked = Duration::from_secs(60);
        assert!(backoff(&options, asked, 1) >= asked);
    }
}
