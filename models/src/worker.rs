//! One worker of the pool: a synchronous actix actor that reads texts from the queue, several at once where several wait.

use crate::{
    encoder::Encode,
    error::Error,
    measures,
    model::{Begun, Model},
    pool::{Parse, ParseRequest, PoolError},
    queue::{Answer, Job, Queue},
    recent::{Encodings, Remembering},
    swap::{Live, Swaps},
    text::Analysis,
};
use actix::{Actor, ActorContext, Handler, Message, SyncContext};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

/// Held against a model on probation.
const SLOW: &str = "it took longer than `nlu.timeout_ms`";

/// After a failure to open the encoder, the next try comes after this long.
const RETRY: Duration = Duration::from_secs(60);

/// Tells a worker that a text is in the queue.
pub(crate) struct Wake;

impl Message for Wake {
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

pub(crate) struct Worker {
    swaps: Arc<Swaps>,
    queue: Queue,
    /// Workers that share the queue.
    threads: usize,
    limit: Duration,
    encoder: Option<Remembering>,
    encodings: Encodings,
    failed: Option<(String, Instant)>,
}

impl Worker {
    pub(crate) fn new(
        swaps: Arc<Swaps>,
        queue: Queue,
        threads: usize,
        limit: Duration,
        encodings: Encodings,
    ) -> Self {
        Self { swaps, queue, threads, limit, encoder: None, encodings, failed: None }
    }

    /// The encoder that the model needs, opened where it is another than before.
    fn encoder(&mut self, model: &Model) -> Option<&mut (dyn Encode + 'static)> {
        let source = model.encoder()?;
        let open = self.encoder.as_ref().is_some_and(|open| open.id == source.id());
        if !open {
            let lately =
                self.failed.as_ref().is_some_and(|(id, at)| id == source.id() && at.elapsed() < RETRY);
            if lately {
                return None;
            }
            match source.open() {
                Ok(encoder) => {
                    let (id, encodings) = (source.id().to_owned(), self.encodings.clone());
                    self.encoder = Some(Remembering { id, encoder, encodings });
                    self.failed = None;
                }
                Err(error) => {
                    tracing::error!(%error, "the encoder cannot be opened: the n-gram model answers alone");
                    self.failed = Some((source.id().to_owned(), Instant::now()));
                    return None;
                }
            }
        }
        self.encoder.as_mut().map(|open| open as &mut (dyn Encode + 'static))
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
                    .copied()
                    .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                // It is logged, and from the first backtick on the panics of string slices quote the string: the customer's text.
                let why = why.unwrap_or("unknown").split('`').next();
                Read::Panicked(why.unwrap_or_default().to_owned())
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

impl Handler<Wake> for Worker {
    type Result = ();

    fn handle(&mut self, _: Wake, context: &mut Self::Context) {
        let now = Instant::now();
        let mut jobs = self.queue.take(self.threads, now);
        jobs.retain(|job| !job.reply.is_closed() && now <= job.deadline);
        if jobs.len() > 1 {
            jobs = self.together(jobs);
        }
        for job in jobs {
            self.alone(job, context);
        }
    }
}

impl Worker {
    /// Reads several texts, those that the first tier leaves to the encoder in one run of it. Gives back those that are to be
    /// read alone: where the encoder fails or panics on one of them, the others must not suffer.
    fn together(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let begun = Instant::now();
        let live = self.swaps.live();
        let Some(encoder) = self.encoder(&live.model) else { return jobs };
        let least = live.model.manifest().first_tier;
        let (mut unsure, mut left) = (Vec::new(), Vec::new());
        for job in jobs {
            match catch_unwind(AssertUnwindSafe(|| live.model.begin(least, &job.request, true))) {
                Ok(Begun::Answered(parse)) => {
                    live.read();
                    answered(job, parse, begun.elapsed());
                }
                Ok(Begun::Unsure(analysed)) => unsure.push((job, analysed)),
                Err(_) => left.push(job),
            }
        }
        let texts: Vec<&Analysis> = unsure.iter().map(|(_, analysed)| &analysed.text).collect();
        let encodings = catch_unwind(AssertUnwindSafe(|| encoder.encode_all(&texts)));
        let Ok(Ok(encodings)) = encodings else {
            if encodings.is_err() {
                // What the panic left behind is not to be trusted.
                self.encoder = None;
            }
            left.extend(unsure.into_iter().map(|(job, _)| job));
            return left;
        };
        for ((job, analysed), encoding) in unsure.into_iter().zip(encodings) {
            let finish = || live.model.finish(&job.request, *analysed, Some(&encoding));
            match catch_unwind(AssertUnwindSafe(finish)) {
                Ok(parse) => {
                    live.read();
                    answered(job, parse, begun.elapsed());
                }
                Err(_) => left.push(job),
            }
        }
        if begun.elapsed() > self.limit {
            self.swaps.failed(&live, SLOW);
        }
        left
    }

    fn alone(&mut self, job: Job, context: &mut SyncContext<Self>) {
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
            self.swaps.failed(&live, SLOW);
        }
        let result = match (self.stand_in(&live, &read, &job.request), read) {
            (Some(parse), _) => Ok(Answer { parse, keep: false }),
            (None, Read::Fine(parse)) => return answered(job, parse, took),
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

/// Answers a job with what the model gives at its best.
fn answered(job: Job, parse: Parse, took: Duration) {
    metrics::histogram!(measures::PARSE_SECONDS, "tier" => tier(&parse)).record(took);
    // An error: nobody waits any more, the caller's time was up.
    let _ = job.reply.send(Ok(Answer { parse, keep: true }));
}

fn tier(parse: &Parse) -> &'static str {
    if parse.tier == "joint" { "joint" } else { "ngram" }
}
