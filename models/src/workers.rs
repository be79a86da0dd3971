//! The pool's workers: synchronous actix actors, each with an encoder of its own, behind a bounded gate.

use crate::{
    encoder::Encode,
    error::{Error, Result},
    measures,
    model::Model,
    parsed::Parsed,
    pool::{NluPool, Parse, ParseRequest, PoolError},
    swap::{Live, Needs, Observer, SwapOptions, Swaps},
    values::{self, catalogue::Catalogue},
};
use actix::{Actor, ActorContext, Addr, Handler, Message, SyncArbiter, SyncContext, System};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How the pool is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolOptions {
    /// Worker threads, which share the encoder's weights. 1–64.
    pub threads: usize,
    /// Texts that may wait for a worker.
    pub queue: usize,
    /// How long a text waits for a place in the queue, milliseconds.
    pub wait_ms: u64,
    /// How long an answer may take from the place in the queue on, milliseconds.
    pub timeout_ms: u64,
    /// Answers kept for texts that come again; 0 keeps none.
    pub cache: usize,
    /// How a new model comes to answer.
    pub swap: SwapOptions,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            threads: 2,
            queue: 1024,
            wait_ms: 500,
            timeout_ms: 5000,
            cache: 8192,
            swap: SwapOptions::default(),
        }
    }
}

/// After a failure to open the encoder, the next try comes after this long.
const RETRY: Duration = Duration::from_secs(60);

/// A parse, and whether the model would give the same for the same text again.
struct Answer {
    parse: Parse,
    keep: bool,
}

struct Job {
    request: ParseRequest,
    deadline: Instant,
    reply: oneshot::Sender<Result<Answer, PoolError>>,
    // Held until the job is done, not until its caller gives up: the gate counts what is really queued.
    _place: OwnedSemaphorePermit,
}

impl Message for Job {
    type Result = ();
}

/// How reading a text went.
enum Read {
    Fine(Parse),
    /// The encoder failed; the n-gram tier answered.
    Weak(Parse),
    Failed(Error),
    Panicked(String),
}

struct Worker {
    swaps: Arc<Swaps>,
    limit: Duration,
    encoder: Option<(String, Box<dyn Encode>)>,
    failed: Option<(String, Instant)>,
}

impl Worker {
    /// The encoder that the model needs, opened where it is another than before.
    fn encoder(&mut self, model: &Model) -> Option<&mut (dyn Encode + 'static)> {
        let source = model.encoder()?;
        let open = self.encoder.as_ref().is_some_and(|(id, _)| id == source.id());
        if !open {
            let lately =
                self.failed.as_ref().is_some_and(|(id, at)| id == source.id() && at.elapsed() < RETRY);
            if lately {
                return None;
            }
            match source.open() {
                Ok(encoder) => {
                    self.encoder = Some((source.id().to_owned(), encoder));
                    self.failed = None;
                }
                Err(error) => {
                    tracing::error!(%error, "the encoder cannot be opened: the n-gram model answers alone");
                    self.failed = Some((source.id().to_owned(), Instant::now()));
                    return None;
                }
            }
        }
        self.encoder.as_mut().map(|(_, encoder)| encoder.as_mut())
    }

    fn parse(&mut self, model: &Model, request: &ParseRequest) -> Read {
        let encoder = self.encoder(model);
        // An encoder that could not be opened leaves the n-gram tier: not what the model gives at its best.
        let weak = encoder.is_none() && model.encoder().is_some();
        let with_encoder = encoder.is_some();
        match model.parse(request, encoder) {
            Ok(parse) if weak => Read::Weak(parse),
            Ok(parse) => Read::Fine(parse),
            Err(error) if with_encoder => {
                tracing::error!(%error, "the encoder failed: the n-gram model answers");
                metrics::counter!(measures::ENCODER_FAILED_TOTAL).increment(1);
                self.encoder = None;
                model.parse(request, None).map_or_else(Read::Failed, Read::Weak)
            }
            Err(error) => Read::Failed(error),
        }
    }

    fn read(&mut self, model: &Model, request: &ParseRequest) -> Read {
        match catch_unwind(AssertUnwindSafe(|| self.parse(model, request))) {
            Ok(read) => read,
            Err(panic) => {
                // What the panic left behind is not to be trusted.
                self.encoder = None;
                let why = panic
                    .downcast_ref::<&str>()
                    .map(|s| (*s).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned());
                Read::Panicked(why.unwrap_or_else(|| "unknown".into()))
            }
        }
    }

    /// Where the model is on probation and fails: what the model before makes of the same text. If it reads it, the new one
    /// is to blame and the customer notices nothing; if it cannot read it either, text or encoder are to blame.
    fn stand_in(&mut self, live: &Arc<Live>, read: &Read, request: &ParseRequest) -> Option<Parse> {
        let former = live.former()?.clone();
        let why = match read {
            Read::Fine(_) => return None,
            // Without an encoder the model before cannot tell whether that is to blame.
            Read::Weak(_) if former.encoder().is_none() => return None,
            Read::Weak(_) => "the encoder failed, and not with the model before",
            Read::Failed(_) => "it gave an error",
            Read::Panicked(_) => "it panicked",
        };
        match self.read(&former, request) {
            Read::Fine(parse) => Some((parse, why)),
            _ => None,
        }
        .map(|(parse, why)| {
            self.swaps.failed(live, why);
            parse
        })
    }
}

impl Actor for Worker {
    type Context = SyncContext<Self>;
}

impl Handler<Job> for Worker {
    type Result = ();

    fn handle(&mut self, job: Job, context: &mut Self::Context) {
        if job.reply.is_closed() || Instant::now() > job.deadline {
            return;
        }
        let begun = Instant::now();
        // One model for the whole text: a swap in between changes the next one.
        let live = self.swaps.live();
        live.read();
        let read = self.read(&live.model, &job.request);
        if let Read::Panicked(why) = &read {
            // actix builds this worker anew.
            context.stop();
            metrics::counter!(measures::REBUILT_TOTAL).increment(1);
            tracing::error!(why, model = live.model.id(), "an understanding worker panicked and is rebuilt");
        }
        let took = begun.elapsed();
        if took > self.limit && matches!(read, Read::Fine(_)) {
            self.swaps.failed(&live, "it took longer than `nlu.timeout_ms`");
        }
        let result = match (self.stand_in(&live, &read, &job.request), read) {
            (Some(parse), _) => Ok(Answer { parse, keep: false }),
            (None, Read::Fine(parse)) => {
                metrics::histogram!(measures::PARSE_SECONDS, "tier" => tier(&parse)).record(took);
                Ok(Answer { parse, keep: true })
            }
            (None, Read::Weak(parse)) => {
                metrics::histogram!(measures::PARSE_SECONDS, "tier" => tier(&parse)).record(took);
                Ok(Answer { parse, keep: false })
            }
            (None, Read::Failed(error)) => Err(PoolError::Worker(error.to_string())),
            (None, Read::Panicked(_)) => Err(PoolError::Worker("it panicked".into())),
        };
        // Nobody waits any more: the caller's time was up.
        let _ = job.reply.send(result);
    }
}

fn tier(parse: &Parse) -> &'static str {
    if parse.tier == "joint" { "joint" } else { "ngram" }
}

/// A running pool; clones share it, the last one to go stops it.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    options: PoolOptions,
    swaps: Arc<Swaps>,
    gate: Arc<Semaphore>,
    places: usize,
    workers: Addr<Worker>,
    parsed: Parsed,
    /// What the shop sells at present; empty until the first one is set.
    catalogue: ArcSwap<Catalogue>,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Pool {
    /// Starts the workers on threads of their own, under an actix system of its own.
    ///
    /// # Errors
    /// `CHARLA-E4030` where the threads cannot be started.
    pub fn start(options: PoolOptions, model: Arc<Model>) -> Result<Self> {
        let swaps = Arc::new(Swaps::new(options.swap.clone(), model));
        let (started, ready) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (threads, shared) = (options.threads.clamp(1, 64), swaps.clone());
        let limit = Duration::from_millis(options.timeout_ms);
        std::thread::Builder::new()
            .name("charla-nlu".into())
            .spawn(move || {
                System::new().block_on(async move {
                    let swaps = shared.clone();
                    let build = move || Worker { swaps: shared.clone(), limit, encoder: None, failed: None };
                    let workers = SyncArbiter::start(threads, build);
                    if started.send(workers).is_ok() {
                        // Either word or loss of the sender ends the system, and with it the workers.
                        tokio::select! {
                            _ = stopped => {}
                            () = swaps.end_probations() => {}
                        }
                    }
                });
            })
            .map_err(|e| Error::Pool(e.to_string()))?;
        let workers = ready.recv_timeout(Duration::from_secs(30)).map_err(|e| Error::Pool(e.to_string()))?;
        let places = options.queue + threads;
        Ok(Self {
            inner: Arc::new(Inner {
                gate: Arc::new(Semaphore::new(places)),
                parsed: Parsed::new(options.cache),
                catalogue: ArcSwap::default(),
                places,
                swaps,
                workers,
                options,
                stop: Some(stop),
            }),
        })
    }

    /// The model that answers now.
    pub fn model(&self) -> Arc<Model> {
        self.inner.swaps.live().model.clone()
    }

    /// Vets a model and lets it answer from now on; texts being read are finished by the one before. Returns that one. The
    /// new model is on probation for [`SwapOptions::probation_s`]: a text that it fails on is read by the model before, and
    /// after too many of them that one is brought back. Nothing happens where a model of this id answers already.
    ///
    /// The vetting compares names with `needs` and with the model before, and reads the noted examples of both through
    /// encoders of its own: what came out at training must come out, numbers must be probabilities, times must be alike.
    /// Blocks meanwhile (about a second with an encoder, several on a busy machine); must not be called on an asynchronous
    /// runtime's thread.
    ///
    /// # Errors
    /// `CHARLA-E4021` for a model that does not pass, now or earlier (its id is remembered); the encoder's errors, which are
    /// not held against the model. The model before stays.
    pub fn swap(&self, model: Arc<Model>, needs: &Needs) -> Result<Arc<Model>> {
        self.inner.swaps.swap(model, needs, Duration::from_millis(self.inner.options.timeout_ms))
    }

    /// Whether the model that answers is on probation.
    pub fn on_probation(&self) -> bool {
        self.inner.swaps.live().former().is_some()
    }

    /// Models that are not tried again, by id, and why.
    pub fn refused(&self) -> BTreeMap<String, String> {
        self.inner.swaps.refused()
    }

    /// Refuses a model from now on, as remembered from an earlier run. The one that answers goes on.
    pub fn refuse(&self, id: &str, why: &str) {
        self.inner.swaps.refuse(id, why);
    }

    /// Has every event of a swap told to `observer`, which replaces the one before. It must not hold the pool, which would
    /// then never stop.
    pub fn observe(&self, observer: Observer) {
        self.inner.swaps.observe(observer);
    }

    /// Names of what the shop sells at present: entities that come near one get its spelling as their value, from now on.
    /// Nothing waits for it.
    pub fn set_catalogue(&self, catalogue: Catalogue) {
        self.inner.catalogue.store(Arc::new(catalogue));
    }

    /// The catalogue in use; empty before the first one was set.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.inner.catalogue.load_full()
    }

    fn settled(&self, mut parse: Parse, request: &ParseRequest) -> Parse {
        values::settle(&mut parse, request, Some(&self.inner.catalogue.load()));
        parse
    }
}

#[async_trait::async_trait]
impl NluPool for Pool {
    async fn parse(&self, request: ParseRequest) -> Result<Parse, PoolError> {
        let inner = &self.inner;
        let refuse = |reason: &'static str, error: PoolError| {
            metrics::counter!(measures::REFUSED_TOTAL, "reason" => reason).increment(1);
            Err(error)
        };
        if let Some(parse) = inner.parsed.get(inner.swaps.live().model.id(), &request) {
            metrics::counter!(measures::CACHED_TOTAL).increment(1);
            return Ok(self.settled(parse, &request));
        }
        let wait = Duration::from_millis(inner.options.wait_ms);
        let place = match tokio::time::timeout(wait, inner.gate.clone().acquire_owned()).await {
            Ok(Ok(place)) => place,
            _ => return refuse("full", PoolError::Full),
        };
        metrics::gauge!(measures::WAITING).set((inner.places - inner.gate.available_permits()) as f64);
        let limit = Duration::from_millis(inner.options.timeout_ms);
        let (reply, answer) = oneshot::channel();
        let job = Job { request: request.clone(), deadline: Instant::now() + limit, reply, _place: place };
        if inner.workers.try_send(job).is_err() {
            return refuse("worker", PoolError::Worker("the pool has stopped".into()));
        }
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(Ok(Answer { parse, keep }))) => {
                if keep {
                    // Without what the moment adds, so that "tomorrow" may come again tomorrow.
                    inner.parsed.put(inner.swaps.live().model.id(), &request, &parse);
                }
                Ok(self.settled(parse, &request))
            }
            Ok(Ok(Err(error))) => refuse("worker", error),
            Ok(Err(_)) => refuse("timeout", PoolError::Timeout(inner.options.timeout_ms)),
            Err(_) => refuse("timeout", PoolError::Timeout(inner.options.timeout_ms)),
        }
    }
}
