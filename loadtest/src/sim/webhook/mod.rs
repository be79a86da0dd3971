//! Webhooks on their way to the engine: signed, concurrent, repeated until 200.

mod payload;
mod queue;
mod verify;

pub(crate) use payload::{Kind, Update, signature};
pub(crate) use verify::{handshake, verify_in_background};

use super::{
    app::App,
    error::SimError,
    message::{From, Status},
    observer::Webhook,
};
use queue::{Body, Job, Load, Plan};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};

/// Takes updates.
#[derive(Debug)]
pub(crate) struct Queue {
    jobs: mpsc::Sender<Job>,
    pending: AtomicUsize,
    most: usize,
}

impl Queue {
    /// A queue of at most `most` updates, and its other end.
    pub(crate) fn new(most: usize) -> (Self, Receiver) {
        let (jobs, receiver) = mpsc::channel(most.max(1));
        (Self { jobs, pending: AtomicUsize::new(0), most }, Receiver(receiver))
    }

    /// Whether `more` updates would be taken.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        self.pending() + more <= self.most
    }

    /// Updates that wait or are under way.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Hands an update over; it leaves `after` from now, or later as its fate wills.
    ///
    /// # Errors
    /// [`SimError::Full`].
    pub(crate) fn submit(&self, app: &App, update: Update, after: Duration) -> Result<(), SimError> {
        if !self.has_room(1) {
            return Err(SimError::Full(self.pending()));
        }
        let (fate, hold) = {
            let mut dice = app.dice();
            let hold = if dice.faults.batch_max > 1 { dice.faults.batch_wait_ms } else { 0 };
            (dice.webhook(), Duration::from_millis(hold))
        };
        let due = Instant::now() + after + fate.delay + hold;
        self.pending.fetch_add(1, Ordering::Relaxed);
        self.jobs.try_send(Job { update, due, fate }).map_err(|_| {
            self.pending.fetch_sub(1, Ordering::Relaxed);
            SimError::Full(self.pending())
        })
    }
}

/// The queue's other end.
pub(crate) struct Receiver(mpsc::Receiver<Job>);

/// Delivers until the simulator stops.
pub(crate) async fn run(app: Arc<App>, Receiver(mut jobs): Receiver) {
    let mut plan = Plan::default();
    let mut under_way: JoinSet<(Body, u16)> = JoinSet::new();
    let mut stop = app.stop.clone();
    let most = app.options.webhooks.concurrency.max(1);
    loop {
        while under_way.len() < most {
            let batch = app.dice().batch();
            let Some(load) = plan.take(Instant::now(), batch) else { break };
            let body = match load {
                Load::Body(body) => *body,
                Load::Jobs(jobs, lanes) => {
                    let twin = jobs.iter().any(|job| job.fate.twin);
                    let body = leave(&app, jobs, lanes);
                    if twin {
                        app.stats.webhook_duplicated();
                        let copy =
                            Body { is_copy: true, lanes: Vec::new(), copy_after: None, ..body.clone() };
                        under_way.spawn(post(Arc::clone(&app), copy));
                    }
                    body
                }
            };
            under_way.spawn(post(Arc::clone(&app), body));
        }
        // With no room nothing may be due; a finished request opens some.
        let due = plan.next_due().filter(|_| under_way.len() < most);
        let due = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopping| *stopping) => return,
            Some(done) = under_way.join_next() => {
                if let Ok((body, status)) = done {
                    settle(&app, &mut plan, body, status);
                }
            }
            Some(job) = jobs.recv() => {
                plan.admit(job);
                while let Ok(job) = jobs.try_recv() {
                    plan.admit(job);
                }
            }
            () = tokio::time::sleep_until(due) => {}
        }
    }
}

/// Makes the body. From here on a business message has the status that is told of it.
fn leave(app: &App, jobs: Vec<Job>, lanes: Vec<u64>) -> Body {
    let copy_after = jobs.iter().find_map(|job| job.fate.copy_after);
    let updates: Vec<Update> = jobs.into_iter().map(|job| job.update).collect();
    for update in &updates {
        if let Kind::Status { status, .. } = update.kind {
            app.stats.status();
            app.advance(&update.key, update.n, status);
        }
    }
    let bytes = actix_web::web::Bytes::from(payload::body(&updates, app.clock.now()).to_string());
    let signature = signature(&app.options.app_secret, &bytes);
    Body { bytes, signature, updates, lanes, attempt: 0, copy_after, is_copy: false }
}

async fn post(app: Arc<App>, mut body: Body) -> (Body, u16) {
    body.attempt += 1;
    let observer = app.options.observer.as_ref();
    let token = observer.map(|observer| observer.webhook_leaves(&Webhook::new(&body.updates)));
    let sent = app
        .http
        .post(&app.options.engine_webhook_url)
        .header("content-type", "application/json")
        .header("x-hub-signature-256", &body.signature)
        .body(body.bytes.clone())
        .send()
        .await;
    let status = match sent {
        Ok(answer) => {
            let status = answer.status().as_u16();
            // Read to its end, so that the connection can be used again.
            let _ = answer.bytes().await;
            status
        }
        Err(_) => 0,
    };
    if let (Some(observer), Some(token)) = (observer, token) {
        observer.webhook_answered(token, status);
    }
    (body, status)
}

fn settle(app: &App, plan: &mut Plan, mut body: Body, status: u16) {
    app.stats.webhook_answer(status);
    let options = &app.options.webhooks;
    if status == 200 {
        app.stats.webhook_delivered();
        if !body.is_copy {
            finish(app, plan, &body, Status::Delivered);
        }
        if let Some(after) = body.copy_after.take() {
            app.stats.webhook_duplicated();
            let copy = Body { is_copy: true, attempt: 0, lanes: Vec::new(), ..body };
            plan.again(Instant::now() + after, copy);
        }
    } else if body.attempt >= options.max_attempts {
        app.stats.webhook_lost();
        tracing::warn!(status, attempts = body.attempt, "a webhook was given up");
        if !body.is_copy {
            finish(app, plan, &body, Status::Failed);
        }
    } else {
        app.stats.webhook_retried();
        plan.again(
            Instant::now() + backoff(options.first_backoff_ms, options.max_backoff_ms, body.attempt),
            body,
        );
    }
}

/// The wait before try `attempt + 1`: doubled each time, half of it left to chance so that a flood does not come in step.
fn backoff(first_ms: u64, max_ms: u64, attempt: u32) -> Duration {
    let doubled = first_ms.saturating_mul(1 << attempt.saturating_sub(1).min(20)).clamp(1, max_ms.max(1));
    Duration::from_millis(doubled / 2 + fastrand::u64(0..=doubled / 2))
}

/// The engine has it, or never will: a customer sees two ticks, or a failure.
fn finish(app: &App, plan: &mut Plan, body: &Body, status: Status) {
    app.webhooks.pending.fetch_sub(body.updates.len(), Ordering::Relaxed);
    plan.release(&body.lanes);
    for update in &body.updates {
        let theirs = matches!(update.kind, Kind::Message { .. }) && update.n > 0;
        if theirs && is_customers(app, update) {
            app.advance(&update.key, update.n, status);
        }
    }
}

fn is_customers(app: &App, update: &Update) -> bool {
    let mut world = app.world();
    let message = world.thread(&update.key).get(update.n);
    message.is_some_and(|message| message.from == From::Customer)
}
