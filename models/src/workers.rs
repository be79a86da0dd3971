//! The pool's workers: synchronous actix actors, each with an encoder of its own, behind a bounded gate.

use crate::{
    encoder::Encode,
    error::{Error, Result},
    measures,
    model::Model,
    parsed::Parsed,
    pool::{NluPool, Parse, ParseRequest, PoolError},
};
use actix::{Actor, ActorContext, Addr, Handler, Message, SyncArbiter, SyncContext, System};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How the pool is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolOptions {
    /// Worker threads, each with its own encoder (about 200 MiB with one). 1–64.
    pub threads: usize,
    /// Texts that may wait for a worker.
    pub queue: usize,
    /// How long a text waits for a place in the queue, milliseconds.
    pub wait_ms: u64,
    /// How long an answer may take from the place in the queue on, milliseconds.
    pub timeout_ms: u64,
    /// Answers kept for texts that come again; 0 keeps none.
    pub cache: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { threads: 2, queue: 1024, wait_ms: 500, timeout_ms: 5000, cache: 8192 }
    }
}

/// After a failure to open the encoder, the next try comes after this long.
const RETRY: Duration = Duration::from_secs(60);

struct Job {
    request: ParseRequest,
    deadline: Instant,
    reply: oneshot::Sender<Result<Parse, PoolError>>,
    // Held until the job is done, not until its caller gives up: the gate counts what is really queued.
    _place: OwnedSemaphorePermit,
}

impl Message for Job {
    type Result = ();
}

struct Worker {
    live: Arc<ArcSwap<Model>>,
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

    fn parse(&mut self, request: &ParseRequest) -> Result<Parse> {
        // One model for the whole text: a swap in between changes the next one.
        let model = self.live.load_full();
        let encoder = self.encoder(&model);
        let with_encoder = encoder.is_some();
        match model.parse(request, encoder) {
            Err(error) if with_encoder => {
                tracing::error!(%error, "the encoder failed: the n-gram model answers");
                metrics::counter!(measures::ENCODER_FAILED_TOTAL).increment(1);
                self.encoder = None;
                model.parse(request, None)
            }
            result => result,
        }
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
        let result = match catch_unwind(AssertUnwindSafe(|| self.parse(&job.request))) {
            Ok(Ok(parse)) => {
                metrics::histogram!(measures::PARSE_SECONDS, "tier" => tier(&parse)).record(begun.elapsed());
                Ok(parse)
            }
            Ok(Err(error)) => Err(PoolError::Worker(error.to_string())),
            Err(panic) => {
                // What the panic left behind is not to be trusted: actix builds this worker anew.
                context.stop();
                metrics::counter!(measures::REBUILT_TOTAL).increment(1);
                let why = panic
                    .downcast_ref::<&str>()
                    .map(|s| (*s).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned());
                tracing::error!(
                    why = why.as_deref().unwrap_or("unknown"),
                    "an understanding worker panicked and is rebuilt"
                );
                Err(PoolError::Worker("it panicked".into()))
            }
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
    live: Arc<ArcSwap<Model>>,
    gate: Arc<Semaphore>,
    places: usize,
    workers: Addr<Worker>,
    parsed: Parsed,
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
        let live = Arc::new(ArcSwap::from(model));
        let (started, ready) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (threads, shared) = (options.threads.clamp(1, 64), live.clone());
        std::thread::Builder::new()
            .name("charla-nlu".into())
            .spawn(move || {
                System::new().block_on(async move {
                    let build = move || Worker { live: shared.clone(), encoder: None, failed: None };
                    let workers = SyncArbiter::start(threads, build);
                    if started.send(workers).is_ok() {
                        // Either word or loss of the sender ends the system, and with it the workers.
                        let _ = stopped.await;
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
                places,
                live,
                workers,
                options,
                stop: Some(stop),
            }),
        })
    }

    /// The model that answers now.
    pub fn model(&self) -> Arc<Model> {
        self.inner.live.load_full()
    }

    /// Tests a model and lets it answer from now on; texts being read are finished by the one before. Returns that one.
    /// Blocks for as long as the self-test takes (up to a second with an encoder).
    ///
    /// # Errors
    /// Those of [`Model::self_test`]; the model before stays.
    pub fn swap(&self, model: Arc<Model>) -> Result<Arc<Model>> {
        model.self_test()?;
        tracing::info!(model = model.id(), "a new understanding model answers from now on");
        Ok(self.inner.live.swap(model))
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
        if let Some(parse) = inner.parsed.get(inner.live.load().id(), &request) {
            return Ok(parse);
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
            Ok(Ok(Ok(parse))) => {
                inner.parsed.put(inner.live.load().id(), &request, &parse);
                Ok(parse)
            }
            Ok(Ok(Err(error))) => refuse("worker", error),
            Ok(Err(_)) => refuse("timeout", PoolError::Timeout(inner.options.timeout_ms)),
            Err(_) => refuse("timeout", PoolError::Timeout(inner.options.timeout_ms)),
        }
    }
}
