//! Which model answers: a new one goes live after vetting, stays on probation for a while, and makes way for the one before it
//! by itself if it fails.

use crate::{
    error::{Error, Result},
    measures,
    model::Model,
    vetting::{self, Refusal},
};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// What a new model must pass before and after it goes live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwapOptions {
    /// Seconds after a swap during which failures lead back to the model before. 0: none, the new model is trusted at once.
    pub probation_s: u64,
    /// So many failures are forgiven in the probation time.
    pub failures: u64,
    /// Per cent of the texts read in the probation time that may fail. It is over when both limits are passed.
    pub failure_percent: u64,
    /// A new model may take so many times as long for a text as the one before, at least 1.
    pub slower: u32,
}

impl Default for SwapOptions {
    fn default() -> Self {
        Self { probation_s: 60, failures: 3, failure_percent: 1, slower: 4 }
    }
}

/// The names that whoever uses the answers can do something with; a new model must fit them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Intents.
    pub intents: BTreeSet<String>,
    /// Entities.
    pub entities: BTreeSet<String>,
}

/// What became of a new model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapEvent {
    /// It answers from now on; on probation, unless that is switched off.
    Live,
    /// Its probation is over.
    Proven,
    /// It did not pass the vetting.
    Refused {
        /// Why.
        why: String,
    },
    /// It failed on probation; the model before answers again.
    Reverted {
        /// Why.
        why: String,
    },
}

/// Told of every event: the event, the new model's id, and the model that answers now. Called on the thread where it
/// happened, so it should be quick.
pub type Observer = Arc<dyn Fn(&SwapEvent, &str, &Model) + Send + Sync>;

/// The model that answers and, while it is on probation, the way back.
pub(crate) struct Live {
    pub(crate) model: Arc<Model>,
    probation: Option<Probation>,
}

struct Probation {
    former: Arc<Model>,
    until: Instant,
    read: AtomicU64,
    failures: AtomicU64,
}

impl Live {
    /// The model before, while this one is on probation.
    pub(crate) fn former(&self) -> Option<&Arc<Model>> {
        self.probation.as_ref().filter(|p| Instant::now() < p.until).map(|p| &p.former)
    }

    /// Counts a text.
    pub(crate) fn read(&self) {
        if let Some(probation) = &self.probation {
            probation.read.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The last model that nothing is held against.
    fn proven(&self) -> &Arc<Model> {
        self.former().unwrap_or(&self.model)
    }
}

/// Holds the model that answers. Readers never wait for a swap.
pub(crate) struct Swaps {
    options: SwapOptions,
    live: ArcSwap<Live>,
    /// Id → why. These are not tried again.
    refused: Mutex<BTreeMap<String, String>>,
    /// Vetting takes a while; one at a time.
    vetting: Mutex<()>,
    observer: Mutex<Option<Observer>>,
    /// A probation has begun.
    begun: Notify,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Swaps {
    pub(crate) fn new(options: SwapOptions, model: Arc<Model>) -> Self {
        Self {
            options,
            live: ArcSwap::from_pointee(Live { model, probation: None }),
            refused: Mutex::default(),
            vetting: Mutex::default(),
            observer: Mutex::default(),
            begun: Notify::new(),
        }
    }

    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    pub(crate) fn refused(&self) -> BTreeMap<String, String> {
        locked(&self.refused).clone()
    }

    pub(crate) fn refuse(&self, id: &str, why: &str) {
        locked(&self.refused).insert(id.to_owned(), why.to_owned());
    }

    pub(crate) fn observe(&self, observer: Observer) {
        *locked(&self.observer) = Some(observer);
    }

    fn tell(&self, event: &SwapEvent, id: &str, serving: &Model) {
        let outcome = match event {
            SwapEvent::Live => Some("live"),
            SwapEvent::Refused { .. } => Some("refused"),
            SwapEvent::Reverted { .. } => Some("reverted"),
            SwapEvent::Proven => None,
        };
        if let Some(outcome) = outcome {
            metrics::counter!(measures::SWAPS_TOTAL, "outcome" => outcome).increment(1);
        }
        // Not called under the lock: it may ask for another observer.
        let observer = locked(&self.observer).clone();
        if let Some(observer) = observer {
            observer(event, id, serving);
        }
    }

    /// Replaces `before`, if it still is the one; tells whether it was.
    fn replace(&self, before: &Arc<Live>, next: Live) -> bool {
        let found = self.live.compare_and_swap(before, Arc::new(next));
        Arc::ptr_eq(&found, before)
    }

    /// Vets a model and lets it answer from now on. `limit`: the longest time a text may take. Returns the model before.
    pub(crate) fn swap(&self, model: Arc<Model>, needs: &Needs, limit: Duration) -> Result<Arc<Model>> {
        let _turn = locked(&self.vetting);
        let before = self.live();
        if before.model.id() == model.id() {
            return Ok(before.model.clone());
        }
        let id = model.id().to_owned();
        if let Some(why) = locked(&self.refused).get(&id) {
            return Err(Error::Refused { model: id, why: format!("it was refused before: {why}") });
        }
        if let Err(refusal) = vetting::vet(&model, before.proven(), needs, self.options.slower, limit) {
            let why = match refusal {
                Refusal::Model(why) => {
                    self.refuse(&id, &why);
                    why
                }
                // Not the model's doing; another try may go better.
                Refusal::Encoder(error) => {
                    self.tell(&SwapEvent::Refused { why: error.to_string() }, &id, &self.live().model);
                    return Err(error);
                }
            };
            self.tell(&SwapEvent::Refused { why: why.clone() }, &id, &self.live().model);
            return Err(Error::Refused { model: id, why });
        }
        let before = loop {
            let before = self.live();
            let former = before.proven().clone();
            // Whoever comes back is no stranger.
            let probation = (self.options.probation_s > 0 && former.id() != id).then(|| Probation {
                former,
                until: Instant::now() + Duration::from_secs(self.options.probation_s),
                read: AtomicU64::new(0),
                failures: AtomicU64::new(0),
            });
            if self.replace(&before, Live { model: model.clone(), probation }) {
                break before;
            }
        };
        self.begun.notify_one();
        tracing::info!(
            model = id,
            former = before.model.id(),
            probation_s = self.options.probation_s,
            "a new understanding model answers from now on"
        );
        self.tell(&SwapEvent::Live, &id, &model);
        Ok(before.model.clone())
    }

    /// Counts a failure against a model on probation; one too many brings back the model before.
    pub(crate) fn failed(&self, live: &Arc<Live>, why: &str) {
        let Some(probation) = &live.probation else { return };
        let failures = probation.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let read = probation.read.load(Ordering::Relaxed);
        let forgiven =
            failures <= self.options.failures || failures * 100 <= read * self.options.failure_percent;
        if forgiven || Instant::now() >= probation.until {
            return;
        }
        let former = probation.former.clone();
        // Of several workers that come here, one does it.
        if !self.replace(live, Live { model: former.clone(), probation: None }) {
            return;
        }
        let id = live.model.id();
        let why = format!("{failures} of {read} texts failed on probation, the last one: {why}");
        self.refuse(id, &why);
        tracing::error!(
            model = id,
            former = former.id(),
            why,
            "CHARLA-E4022: the new understanding model failed on probation; the one before answers again, and this one is \
             not tried again"
        );
        self.tell(&SwapEvent::Reverted { why }, id, &former);
    }

    /// Ends probations when their time has come; never returns. The model before is let go with them.
    pub(crate) async fn end_probations(&self) {
        loop {
            let live = self.live();
            match &live.probation {
                None => {
                    drop(live);
                    self.begun.notified().await;
                }
                Some(probation) => {
                    let until = probation.until;
                    tokio::select! {
                        () = self.begun.notified() => continue,
                        () = tokio::time::sleep_until(until.into()) => {}
                    }
                    if self.replace(&live, Live { model: live.model.clone(), probation: None }) {
                        tracing::info!(
                            model = live.model.id(),
                            "the new understanding model has passed its probation"
                        );
                        self.tell(&SwapEvent::Proven, live.model.id(), &live.model);
                    }
                }
            }
        }
    }
}
