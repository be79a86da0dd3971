//! The pool: workers behind a bounded gate.

use crate::{
    error::{Error, Result},
    measures,
    model::Model,
    parsed::Parsed,
    pool::{NluPool, Parse, ParseRequest, PoolError},
    queue::{Answer, Job, Patience, Queue},
    recent::Encodings,
    swap::{Needs, Observer, SwapOptions, Swaps},
    values::{self, catalogue::Catalogue},
    worker::{Wake, Worker},
};
use actix::{Addr, SyncArbiter, System};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, oneshot};

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
    /// Longest wait for a worker in an overload, that is where there has not been a moment without a text asked about for
    /// `timeout_ms`; milliseconds. Who has waited longer is told that the queue is full.
    pub patience_ms: u64,
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
            patience_ms: 500,
            cache: 8192,
            swap: SwapOptions::default(),
        }
    }
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
    queue: Queue,
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
        let queue = Queue::new(Patience { rush: limit, most: Duration::from_millis(options.patience_ms) });
        let waiting = queue.clone();
        std::thread::Builder::new()
            .name("charla-nlu".into())
            .spawn(move || {
                System::new().block_on(async move {
                    let (swaps, encodings) = (shared.clone(), Encodings::default());
                    let build = move || {
                        Worker::new(shared.clone(), waiting.clone(), threads, limit, encodings.clone())
                    };
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
                queue,
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
        let since = Instant::now();
        let limit = Duration::from_millis(inner.options.timeout_ms);
        let wait = Duration::from_millis(inner.options.wait_ms);
        let wait = inner.queue.most(since).map_or(wait, |most| most.min(wait));
        let _asked = inner.queue.ask(since);
        let place = match tokio::time::timeout(wait, inner.gate.clone().acquire_owned()).await {
            Ok(Ok(place)) => place,
            _ => return refuse("full", PoolError::Full),
        };
        metrics::gauge!(measures::WAITING).set((inner.places - inner.gate.available_permits()) as f64);
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + limit;
        let job = Job { request: request.clone(), since, deadline, reply, _place: place };
        inner.queue.push(job);
        if inner.workers.try_send(Wake).is_err() {
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
            Ok(Ok(Err(PoolError::Full))) => refuse("full", PoolError::Full),
            Ok(Ok(Err(error))) => refuse("worker", error),
            Ok(Err(_)) => refuse("timeout", PoolError::Timeout(inner.options.timeout_ms)),
            Err(_) => refuse("timeout", PoolError::Timeout(inner.options.timeout_ms)),
        }
    }
}
