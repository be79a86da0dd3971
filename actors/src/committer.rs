//! The one writer. A dedicated thread takes what is waiting, lets the ledger plan it, commits it in one batch, answers, and
//! feeds routers and dispatcher – nobody else does – in commit sequence.

use crate::accept::Refused;
use crate::core::ledger::{Feed, Ledger, Output, Queued};
use crate::core::tx::{StoreError, Tx};
use crate::failpoints;
use crate::invariants::{Invariant, violated};
use crate::journal::Journal;
use crate::metrics as names;
use crate::session::{ConversationId, IdempotencyKey, Session};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Requests waiting, at most; senders wait beyond that.
const QUEUE: usize = 16_384;
/// Requests in one commit, at most.
const GROUP: usize = 512;
/// Rows' worth of requests in one commit, at most (a body of 1,000 updates weighs 1,000).
const GROUP_WEIGHT: usize = 2_048;
/// So long a request that nobody waits for may wait for another to share its commit. Settlements are a third of all
/// requests; each in a commit of its own kept the disk from what people wait for.
const PATIENCE: Duration = Duration::from_millis(2);

/// Called after the commit, with what became of it.
type Answer = Box<dyn FnOnce(Result<(), Refused>) + Send>;
/// Plans a request into the batch.
type Plan<S> =
    Box<dyn FnOnce(&mut Ledger<S>, &mut Tx<'_>, &mut Output<S>) -> Result<Answer, StoreError> + Send>;

struct Request<S: Session> {
    plan: Plan<S>,
    weight: usize,
    since: Instant,
    /// Nobody waits for it: it may be committed together with the next that comes.
    patient: bool,
}

/// Where a commit's consequences go. All of this must never wait, because those who are fed wait for the committer; what
/// bounds it are the credits.
pub(crate) trait Outlet<S: Session>: Send + 'static {
    fn feed(&mut self, feed: Feed<S>);
    fn queued(&mut self, queued: Queued<S>);
    fn echo(&mut self, key: IdempotencyKey);
    fn touched(&mut self, id: ConversationId);
}

/// Figures that credits are given by. Signed, because internal events may overdraw them.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Events accepted or about to be, and not yet handled.
    pub(crate) unhandled: AtomicI64,
    /// Those among them that are held back: they lie in the journal alone, and take no credit.
    pub(crate) held: AtomicI64,
    /// Statuses and other items about to be accepted.
    pub(crate) statuses: AtomicI64,
    /// Durable effects not yet settled.
    pub(crate) unsettled: AtomicI64,
}

/// Hands requests to the committer.
pub(crate) struct Committer<S: Session> {
    requests: mpsc::Sender<Request<S>>,
    halt: Arc<AtomicBool>,
    broken: watch::Receiver<Option<String>>,
}

/// The committer's end of the queue, before its thread runs.
pub(crate) struct Seat<S: Session> {
    queue: mpsc::Receiver<Request<S>>,
    halt: Arc<AtomicBool>,
    broken: watch::Sender<Option<String>>,
}

/// Makes both ends.
pub(crate) fn committer<S: Session>() -> (Committer<S>, Seat<S>) {
    let (requests, queue) = mpsc::channel(QUEUE);
    let (broken, broken_seen) = watch::channel(None);
    let halt = Arc::new(AtomicBool::new(false));
    (Committer { requests, halt: halt.clone(), broken: broken_seen }, Seat { queue, halt, broken })
}

impl<S: Session> Committer<S> {
    /// Lets `plan` write, and returns what it returned once that is on disk.
    pub(crate) async fn submit<T: Send + 'static>(
        &self,
        weight: usize,
        plan: impl FnOnce(&mut Ledger<S>, &mut Tx<'_>, &mut Output<S>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        self.submit_as(weight, false, plan).await
    }

    /// The same; where no person waits for it (`patient`) it may take two milliseconds longer, in which it shares the commit of
    /// what comes next.
    pub(crate) async fn submit_as<T: Send + 'static>(
        &self,
        weight: usize,
        patient: bool,
        plan: impl FnOnce(&mut Ledger<S>, &mut Tx<'_>, &mut Output<S>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let plan: Plan<S> = Box::new(move |ledger, tx, out| {
            match ledger.apart(tx, out, plan) {
                Ok(value) => Ok(Box::new(move |outcome: Result<(), Refused>| {
                    // Whoever asked may be gone; what is written stays written.
                    let _ = reply.send(outcome.map(|()| value));
                })),
                Err(StoreError::Poisoned) => Err(StoreError::Poisoned),
                // Nothing is written yet: what this one needs cannot be read, and the others do not need it.
                Err(error) => {
                    tracing::error!(%error, "a request is refused: what it needs cannot be read");
                    violated(Invariant::RequestUnreadable);
                    let _ = reply.send(Err(Refused::Unreadable(error)));
                    Ok(Box::new(|_| ()))
                }
            }
        });
        let request = Request { plan, weight, since: Instant::now(), patient };
        if self.requests.send(request).await.is_err() {
            return Err(self.over().await);
        }
        match answer.await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.over().await),
        }
    }

    /// Why the journal takes nothing more, if so.
    pub(crate) fn broken(&self) -> Option<String> {
        self.broken.borrow().clone()
    }

    /// Follows [`broken`](Self::broken).
    pub(crate) fn watch_broken(&self) -> watch::Receiver<Option<String>> {
        self.broken.clone()
    }

    /// Ends the thread after the commit in progress; what waits is not answered.
    pub(crate) fn halt(&self) {
        self.halt.store(true, Ordering::SeqCst);
        // Wakes the thread if it waits; if the queue is full it is awake anyway.
        let _ = self.requests.try_send(Request {
            plan: Box::new(|_, _, _| Ok(Box::new(|_| ()))),
            weight: 0,
            since: Instant::now(),
            patient: false,
        });
    }

    /// Why nothing is answered any more. The thread drops what waits before it says so, hence the wait.
    async fn over(&self) -> Refused {
        let mut broken = self.broken.clone();
        loop {
            if let Some(why) = broken.borrow_and_update().clone() {
                return Refused::Broken(why);
            }
            if broken.changed().await.is_err() {
                return match self.broken() {
                    Some(why) => Refused::Broken(why),
                    None => Refused::Stopping,
                };
            }
        }
    }
}

impl<S: Session> Seat<S> {
    /// Starts the thread.
    pub(crate) fn start(
        self,
        mut ledger: Ledger<S>,
        journal: Arc<dyn Journal>,
        load: Arc<Load>,
        mut outlet: impl Outlet<S>,
    ) -> std::io::Result<std::thread::JoinHandle<()>> {
        std::thread::Builder::new().name("charla-committer".to_owned()).spawn(move || {
            let Seat { mut queue, halt, broken } = self;
            let run = || {
                let mut group = Vec::with_capacity(GROUP);
                while wait(&mut queue, &halt, &mut group, PATIENCE) {
                    commit(&mut ledger, &*journal, &load, &mut outlet, &mut group)?;
                }
                Ok::<_, StoreError>(())
            };
            let why = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => format!("the committer panicked: {}", panic_text(&*panic)),
            };
            tracing::error!(%why, "the journal failed; nothing more is accepted until the process restarts");
            violated(Invariant::JournalBroken);
            broken.send_replace(Some(why));
            // Dropping the queue answers everybody who waits and everybody who comes.
        })
    }
}

/// Waits for something to do and takes all that is there, up to the bounds; what is patient waits up to `patience` for
/// company. `false`: the end.
fn wait<S: Session>(
    queue: &mut mpsc::Receiver<Request<S>>,
    halt: &AtomicBool,
    group: &mut Vec<Request<S>>,
    patience: Duration,
) -> bool {
    let Some(first) = queue.blocking_recv() else {
        return false;
    };
    let until = first.since + patience;
    let mut weight = 0;
    let mut hurry = false;
    let mut next = Some(first);
    while let Some(request) = next {
        weight += request.weight;
        hurry |= !request.patient;
        group.push(request);
        if group.len() >= GROUP || weight >= GROUP_WEIGHT {
            break;
        }
        next = match queue.try_recv() {
            Ok(request) => Some(request),
            Err(_) if hurry => None,
            Err(_) => receive_until(queue, until),
        };
    }
    !halt.load(Ordering::SeqCst)
}

/// Wakes the thread it was made for.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The next request, if one comes in time. Not by a runtime's timer: its steps are a millisecond, and it would tie this
/// thread to the runtime.
fn receive_until<S: Session>(queue: &mut mpsc::Receiver<Request<S>>, until: Instant) -> Option<Request<S>> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(request) = queue.poll_recv(&mut context) {
            return request;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

fn commit<S: Session>(
    ledger: &mut Ledger<S>,
    journal: &dyn Journal,
    load: &Load,
    outlet: &mut impl Outlet<S>,
    group: &mut Vec<Request<S>>,
) -> Result<(), StoreError> {
    let begun = Instant::now();
    let mut tx = Tx::new(journal);
    let mut out = Output::default();
    let mut answers = Vec::with_capacity(group.len());
    metrics::histogram!(names::GROUP_SIZE).record(group.len() as f64);
    for request in group.drain(..) {
        let waited = begun.duration_since(request.since);
        metrics::histogram!(names::QUEUE_SECONDS).record(waited.as_secs_f64());
        answers.push((request.plan)(ledger, &mut tx, &mut out)?);
    }
    let batch = tx.into_batch();
    if !batch.is_empty() {
        hit(failpoints::BEFORE_APPEND);
        journal.commit(batch)?;
        hit(failpoints::AFTER_APPEND_BEFORE_ACK);
    }
    metrics::histogram!(names::COMMIT_SECONDS).record(begun.elapsed().as_secs_f64());

    load.unhandled.fetch_add(out.unhandled, Ordering::SeqCst);
    load.held.fetch_add(out.held, Ordering::SeqCst);
    load.unsettled.fetch_add(out.unsettled, Ordering::SeqCst);
    if out.duplicates > 0 {
        metrics::counter!(names::DUPLICATES).increment(out.duplicates);
    }
    for invariant in out.violations {
        violated(invariant);
    }
    for answer in answers {
        answer(Ok(()));
    }
    if !out.queued.is_empty() {
        hit(failpoints::AFTER_COMMIT_BEFORE_DISPATCH);
    }
    for queued in out.queued {
        outlet.queued(queued);
    }
    for key in out.echoes {
        outlet.echo(key);
    }
    for feed in out.feed {
        outlet.feed(feed);
    }
    for id in out.touched {
        outlet.touched(id);
    }
    Ok(())
}

/// Places where nothing can fail: the action `error` has no meaning there.
fn hit(name: &'static str) {
    let _ = failpoints::hit(name);
}

/// The message of a panic, up to its first backtick: it goes into logs, and there those of string slices begin to quote the
/// string, which a customer may have written.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    };
    unquoted(text)
}

/// A text up to its first backtick; see [`panic_text`].
pub(crate) fn unquoted(text: &str) -> String {
    text.split('`').next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::memory::MemoryJournal;
    use crate::testing::Counter;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    struct Nowhere;

    impl Outlet<Counter> for Nowhere {
        fn feed(&mut self, _: Feed<Counter>) {}
        fn queued(&mut self, _: Queued<Counter>) {}
        fn echo(&mut self, _: IdempotencyKey) {}
        fn touched(&mut self, _: ConversationId) {}
    }

    #[test]
    fn what_the_ledger_finds_violated_is_counted_once_it_is_committed() {
        let journal = MemoryJournal::default();
        let mut tx = Tx::new(&journal);
        let mut ledger = Ledger::<Counter>::open(&mut tx, 1).unwrap();
        let plan: Plan<Counter> = Box::new(|_, _, out| {
            out.violations.push(Invariant::MergeUnreadable);
            Ok(Box::new(|_| ()))
        });
        let mut group = vec![Request { plan, weight: 1, since: Instant::now(), patient: false }];
        let recorder = DebuggingRecorder::new();
        let seen = recorder.snapshotter();
        metrics::with_local_recorder(&recorder, || {
            commit(&mut ledger, &journal, &Load::default(), &mut Nowhere, &mut group).unwrap();
        });
        let counted = seen.snapshot().into_vec().into_iter().any(|(key, _, _, value)| {
            key.key().name() == names::VIOLATIONS
                && key.key().labels().any(|label| label.value() == "merge_unreadable")
                && value == DebugValue::Counter(1)
        });
        assert!(counted);
    }

    fn request(patient: bool) -> Request<Counter> {
        let plan: Plan<Counter> = Box::new(|_, _, _| Ok(Box::new(|_| ())));
        Request { plan, weight: 1, since: Instant::now(), patient }
    }

    fn waited(
        patience: Duration,
        send: impl FnOnce(mpsc::Sender<Request<Counter>>) + Send + 'static,
    ) -> usize {
        let (requests, mut queue) = mpsc::channel(QUEUE);
        let mut group = Vec::new();
        let sender = std::thread::spawn(move || send(requests));
        assert!(wait(&mut queue, &AtomicBool::new(false), &mut group, patience));
        sender.join().unwrap();
        group.len()
    }

    #[test]
    fn what_nobody_waits_for_shares_the_next_commit() {
        let together = waited(Duration::from_secs(60), |requests| {
            requests.blocking_send(request(true)).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            requests.blocking_send(request(false)).unwrap();
        });
        assert_eq!(together, 2);
    }

    #[test]
    fn what_nobody_waits_for_is_committed_alone_when_nothing_comes() {
        let (requests, mut queue) = mpsc::channel(QUEUE);
        requests.blocking_send(request(true)).unwrap();
        let mut group = Vec::new();
        assert!(wait(&mut queue, &AtomicBool::new(false), &mut group, Duration::from_millis(5)));
        assert_eq!(group.len(), 1);
        // Not because the queue had ended.
        drop(requests);
    }
}
