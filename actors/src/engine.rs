//! The engine: puts the parts together.

use crate::clock::Clock;
use crate::committer::{self, Load, Outlet};
use crate::core::ledger::{Feed, Queued};
use crate::core::recovery;
use crate::core::tx::{StoreError, Tx};
use crate::failpoints::{self, BadFailpoint};
use crate::handle::Parts;
pub use crate::handle::{EngineHandle, Stats};
use crate::inspect::Inspector;
use crate::journal::Journal;
use crate::journal::fjall::FjallJournal;
use crate::metrics as names;
use crate::options::{BadOption, Options};
use crate::outbox::{self, OutboxMsg};
use crate::private;
use crate::router::{Router, RouterMsg, shard_of};
use crate::session::{ConversationId, IdempotencyKey, Performer, Session};
use crate::shared::{Counts, Shared};
use crate::snapshot::{SnapshotStore, Snapshots, sled};
use crate::timers;
use crate::unread::Unread;
use ractor::{Actor, ActorRef};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};

/// Names of conversations whose journal has grown, kept for slow subscribers.
const TOUCHED: usize = 4096;
/// How often routers look for idle conversations.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A setting cannot work.
    #[error(transparent)]
    Options(#[from] BadOption),
    /// A failpoint setting means nothing.
    #[error(transparent)]
    Failpoints(#[from] BadFailpoint),
    /// The journal does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refuses a thread or an actor does not start.
    #[error("CHARLA-E3012: the engine cannot start {what}: {why}")]
    Start {
        /// What.
        what: &'static str,
        /// What it says.
        why: String,
    },
}

/// Opens the snapshots; called in the background.
pub type OpenSnapshots = Box<dyn FnOnce() -> Result<Arc<dyn SnapshotStore>, StoreError> + Send + 'static>;

/// Starts engines.
pub struct Engine;

impl Engine {
    /// Starts an engine on the journal and snapshots in `options.data_dir`. When it returns, everything that an earlier
    /// start left is being gone on with. Must be called within a tokio runtime.
    pub async fn start<S: Session>(
        options: Options,
        session: Arc<S>,
        performer: Arc<dyn Performer<S>>,
        clock: Arc<dyn Clock>,
    ) -> Result<EngineHandle<S>, EngineError> {
        options.check()?;
        let place = options.data_dir.join("journal");
        let wait = options.lock_wait();
        private::folder(&options.data_dir)
            .map_err(|error| StoreError::Io { what: "create the data folder", why: error.to_string() })?;
        let open = tokio::task::spawn_blocking(move || FjallJournal::open(&place, wait));
        let journal = open.await.map_err(|error| cannot("the journal", error))??;
        let folder = options.data_dir.join("snapshots");
        let snapshots: OpenSnapshots = Box::new(move || {
            let store = sled::SledSnapshots::open(&folder, wait, sled::Roll::default())?;
            Ok(Arc::new(store))
        });
        Self::start_on(options, Arc::new(journal), snapshots, session, performer, clock).await
    }

    /// Starts an engine on given stores.
    pub async fn start_on<S: Session>(
        options: Options,
        journal: Arc<dyn Journal>,
        snapshots: OpenSnapshots,
        session: Arc<S>,
        performer: Arc<dyn Performer<S>>,
        clock: Arc<dyn Clock>,
    ) -> Result<EngineHandle<S>, EngineError> {
        let begun = Instant::now();
        options.check()?;
        failpoints::arm_from_environment()?;
        let reader = journal.clone();
        let (now, mailbox) = (clock.now(), options.mailbox_limit);
        let recover = tokio::task::spawn_blocking(move || {
            let mut tx = Tx::new(&*reader);
            let planned = recovery::plan::<S>(&mut tx, now, mailbox)?;
            let _ = failpoints::hit(failpoints::DURING_RECOVERY);
            reader.commit(tx.into_batch())?;
            Ok::<_, StoreError>(planned)
        });
        let (ledger, recovered) = recover.await.map_err(|error| cannot("recovery", error))??;

        let load = Arc::new(Load::default());
        load.unhandled.store(recovered.unhandled, Ordering::SeqCst);
        load.held.store(recovered.held, Ordering::SeqCst);
        load.unsettled.store(recovered.unsettled, Ordering::SeqCst);
        let (committer, seat) = committer::committer();
        let (touched, _) = broadcast::channel(TOUCHED);
        let snapshots = Snapshots::start(snapshots).map_err(|error| cannot("the snapshot writer", error))?;
        let shared = Arc::new(Shared {
            journal: journal.clone(),
            snapshots,
            session: RwLock::new(session),
            performer,
            clock,
            committer,
            load: load.clone(),
            counts: Counts::default(),
            unread: Unread::default(),
            touched: touched.clone(),
            stopping: AtomicBool::new(false),
            hurry: Notify::new(),
            begun,
            start: ledger.start(),
            options,
        });

        let mut routers = Vec::with_capacity(shared.options.shards);
        for _ in 0..shared.options.shards {
            let (router, _) = Actor::spawn(None, Router::new(), shared.clone())
                .await
                .map_err(|error| cannot("a router", error))?;
            routers.push(router);
        }
        let (outbox, messages) = mpsc::unbounded_channel();
        // Before anything new can be committed, so that what was left goes first.
        for entry in recovered.left {
            let _ = outbox.send(OutboxMsg::Left(entry));
        }
        for id in &recovered.wake {
            let router = &routers[shard_of(id.person, routers.len())];
            let _ = router.send_message(RouterMsg::Feed(Feed::Resume(id.clone())));
        }
        let outlets = Outlets { routers: routers.clone(), outbox: outbox.clone(), touched };
        let thread = seat
            .start(ledger, journal.clone(), load, outlets)
            .map_err(|error| cannot("the committer", error))?;
        let tasks = vec![
            on_its_own("charla-outbox", outbox::run(shared.clone(), messages))
                .map_err(|error| cannot("the outbox", error))?,
            tokio::spawn(timers::run(shared.clone())),
            tokio::spawn(timers::sweep(shared.clone())),
            tokio::spawn(look(shared.clone(), routers.clone())),
        ];
        metrics::gauge!(names::RECOVERY_SECONDS).set(begun.elapsed().as_secs_f64());
        metrics::gauge!(names::RECOVERED).set(recovered.wake.len() as f64);
        tracing::info!(
            start = shared.start,
            woken = recovered.wake.len(),
            unsettled = recovered.unsettled,
            "engine ready"
        );
        Ok(EngineHandle::new(Parts {
            inspector: Inspector::new(journal),
            shared,
            routers,
            outbox,
            tasks: Mutex::new(tasks),
            thread: Mutex::new(Some(thread)),
        }))
    }
}

/// Runs a task on a thread of its own. Where thousands of turns are ready to run, each step of a send would wait until all
/// of them have had theirs: replies stood still while turns went on. Between threads the system sees to fairness.
fn on_its_own(
    name: &str,
    task: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (running, ended) = oneshot::channel::<()>();
    let handle = runtime.spawn(async move {
        // Dropped when the task has come to its end or is aborted.
        let _running = running;
        task.await;
    });
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _ = runtime.block_on(ended);
    })?;
    Ok(handle)
}

fn cannot(what: &'static str, why: impl std::fmt::Display) -> EngineError {
    EngineError::Start { what, why: committer::unquoted(&why.to_string()) }
}

/// Lets routers look for idle conversations, and tells the gauges.
async fn look<S: Session>(shared: Arc<Shared<S>>, routers: Vec<ActorRef<RouterMsg<S>>>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        for router in &routers {
            let _ = router.send_message(RouterMsg::Look);
        }
        let load = &shared.load;
        metrics::gauge!(names::UNHANDLED).set(load.unhandled.load(Ordering::Relaxed) as f64);
        metrics::gauge!(names::HELD_BACK).set(load.held.load(Ordering::Relaxed) as f64);
        metrics::gauge!(names::OUTBOX_DEPTH).set(load.unsettled.load(Ordering::Relaxed) as f64);
    }
}

struct Outlets<S: Session> {
    routers: Vec<ActorRef<RouterMsg<S>>>,
    outbox: mpsc::UnboundedSender<OutboxMsg<S>>,
    touched: broadcast::Sender<ConversationId>,
}

// Whoever is no longer there belongs to an engine that is going down; the journal has everything.
impl<S: Session> Outlet<S> for Outlets<S> {
    fn feed(&mut self, feed: Feed<S>) {
        let shard = shard_of(feed.conversation().person, self.routers.len());
        let _ = self.routers[shard].send_message(RouterMsg::Feed(feed));
    }
    fn queued(&mut self, queued: Queued<S>) {
        let _ = self.outbox.send(OutboxMsg::Queued(queued));
    }
    fn echo(&mut self, key: IdempotencyKey) {
        let _ = self.outbox.send(OutboxMsg::Echo(key));
    }
    fn touched(&mut self, id: ConversationId) {
        let _ = self.touched.send(id);
    }
}
