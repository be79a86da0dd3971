//! Understanding as the engine runs it: a model from the cache or trained at once, then better ones while it runs.

mod memory;
#[cfg(test)]
mod tests;
mod watch;

use crate::{
    settings::{NluSettings, Settings},
    telemetry::names,
};
use charla_dialogue::Assistant;
use charla_models::{
    Model, Needs, Pool, PoolOptions, SwapEvent, artefact,
    data::Dataset,
    encoder::{self, EncoderSource, Kind, install::default_cache},
    pool::NluPool,
    progress::{Progress, Silent},
    report, train,
    values::catalogue::Catalogue,
};
use memory::Memory;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// Makes models out of a shop's examples, or takes them from the cache.
#[derive(Clone)]
pub struct Trainer {
    /// Folder of the NLU examples.
    pub data: PathBuf,
    /// See [`default_cache`].
    pub cache: PathBuf,
    /// How to train.
    pub options: train::Options,
    /// Which encoder.
    kind: Kind,
    /// One for all models, so that what its sessions share is in memory once.
    installed: Arc<OnceLock<Arc<dyn EncoderSource>>>,
}

/// A model and how it came about.
pub struct Made {
    /// The model, self-tested.
    pub model: Model,
    /// Its folder.
    pub folder: PathBuf,
    /// The page that training left in it, if it is there.
    pub page: Option<PathBuf>,
    /// The training's report; `None` if the model was in the cache.
    pub report: Option<train::TrainReport>,
}

impl Trainer {
    /// For a folder of examples.
    pub fn new(data: PathBuf, cache: Option<PathBuf>) -> Self {
        let cache = cache.unwrap_or_else(default_cache);
        let options =
            train::Options { encodings: Some(cache.join("encodings")), ..train::Options::default() };
        Self { data, cache, options, kind: Kind::default(), installed: Arc::default() }
    }

    /// The same, with the encoder's last layers trained too: minutes instead of one, a little better where many intents
    /// are close.
    #[must_use]
    pub fn tuned(mut self, tune: bool) -> Self {
        self.options.tune = tune.then(train::tune::Options::default);
        self
    }

    /// The same with that encoder.
    #[must_use]
    pub fn with(mut self, kind: Kind) -> Self {
        (self.kind, self.installed) = (kind, Arc::default());
        self
    }

    /// The encoder, if the cache has it.
    pub fn encoder(&self) -> Option<Arc<dyn EncoderSource>> {
        if let Some(encoder) = self.installed.get() {
            return Some(encoder.clone());
        }
        let encoder = encoder::installed(&self.cache, self.kind).ok()?;
        Some(self.installed.get_or_init(|| encoder).clone())
    }

    /// The encoder, pulled first if the cache does not have it; `None`, with a warning, where it cannot be had.
    pub fn encoder_or_warn(&self, progress: &dyn Progress) -> Option<Arc<dyn EncoderSource>> {
        match encoder::pull(&self.cache, self.kind, progress) {
            Ok(encoder) => Some(encoder),
            Err(error) => {
                eprintln!("warning: {error}\nwarning: the n-gram model alone is used");
                None
            }
        }
    }

    fn read(&self) -> charla_models::Result<Dataset> {
        Dataset::read(&self.data)
    }

    fn folder(&self, data: &Dataset, encoder: Option<&Arc<dyn EncoderSource>>) -> PathBuf {
        let key = artefact::key(data, encoder.map(|e| e.id()), &self.options);
        artefact::folder(&self.cache, &key)
    }

    /// The model that fits, if it has been trained before and its self-test passes.
    ///
    /// # Errors
    /// If the examples cannot be read.
    pub fn cached(&self, encoder: Option<Arc<dyn EncoderSource>>) -> charla_models::Result<Option<Made>> {
        let data = self.read()?;
        Ok(self.load(self.folder(&data, encoder.as_ref()), encoder))
    }

    fn load(&self, folder: PathBuf, encoder: Option<Arc<dyn EncoderSource>>) -> Option<Made> {
        if !folder.join("manifest.json").exists() {
            return None;
        }
        match artefact::load(&folder, encoder) {
            Ok(model) => {
                let page = Some(folder.join(report::FILE)).filter(|p| p.exists());
                Some(Made { model, folder, page, report: None })
            }
            Err(error) => {
                tracing::warn!(%error, "a cached model cannot be used and is trained anew");
                None
            }
        }
    }

    /// The model that fits: from the cache, else trained and kept. Two processes that want the same one do not train
    /// it twice: the second waits.
    ///
    /// # Errors
    /// If the examples cannot be read or do not suffice, or the cache cannot be written.
    pub fn make(
        &self,
        encoder: Option<Arc<dyn EncoderSource>>,
        progress: &dyn Progress,
    ) -> charla_models::Result<Made> {
        let data = self.read()?;
        if encoder.is_some()
            && let Some(what) = self.kind.misreads(&data)
        {
            tracing::warn!("{what}");
        }
        let folder = self.folder(&data, encoder.as_ref());
        if let Some(made) = self.load(folder.clone(), encoder.clone()) {
            return Ok(made);
        }
        let _turn = self.lock(&folder)?;
        if let Some(made) = self.load(folder.clone(), encoder.clone()) {
            return Ok(made);
        }
        let (model, found) = train::train(&data, encoder, &self.options, progress)?;
        artefact::save(&model, &folder)?;
        let page = report::write(&found.held_out, &folder)?;
        Ok(Made { model, folder, page: Some(page), report: Some(found) })
    }

    /// Holds the right to train what will stand in `folder`; given back when the file is closed, however that comes about.
    fn lock(&self, folder: &Path) -> charla_models::Result<std::fs::File> {
        let path = folder.with_extension("lock");
        let wrong = |path: &Path| charla_models::Error::io(path.to_owned());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(wrong(parent))?;
        }
        let file = std::fs::File::create(&path).map_err(wrong(&path))?;
        file.lock().map_err(wrong(&path))?;
        Ok(file)
    }
}

/// The names that a dialogue can do something with.
pub fn needs(assistant: &Assistant) -> Needs {
    Needs {
        intents: assistant.domain.intents.keys().cloned().collect(),
        entities: assistant.domain.entities.keys().cloned().collect(),
    }
}

/// The running pool, with what it takes to make better models. Cheap to clone.
#[derive(Clone)]
pub struct Understanding {
    pool: Pool,
    trainer: Trainer,
    use_encoder: bool,
    needs: Arc<Needs>,
    memory: Arc<Memory>,
    watch: Option<watch::Handle>,
}

impl Understanding {
    /// Starts the pool with the best model that is there at once: the cached joint one, else the cached n-gram one, else
    /// an n-gram model trained now (seconds). In place of one that failed on probation in an earlier run comes the one that
    /// served before it. From then on a thread looks for new models, until the last clone of this is dropped.
    ///
    /// # Errors
    /// If there are no usable examples.
    pub fn start(settings: &Settings, needs: Needs) -> anyhow::Result<Self> {
        let nlu = &settings.nlu;
        let data = settings.assistant_dir.join("nlu");
        anyhow::ensure!(
            data.is_dir(),
            "CHARLA-E2005: {} is not there, so that no text can be understood; add examples, or write `understanding: none` \
             in settings.yml for an assistant of taps and menus",
            data.display()
        );
        let trainer =
            Trainer::new(data, nlu.cache_dir.clone()).with(nlu.encoder.unwrap_or_default()).tuned(nlu.tune);
        let memory = Arc::new(Memory::open(&settings.data_dir));
        let begun = Instant::now();
        let made = first(&trainer, nlu.encoder.is_some(), &memory)?;
        if made.report.is_some() {
            tracing::info!(seconds = begun.elapsed().as_secs_f64(), "the n-gram model was trained");
        }
        memory.place(made.model.id(), &made.folder);
        memory.prove(made.model.id());
        let pool = Pool::start(pool_options(nlu), Arc::new(made.model))?;
        for (id, why) in memory.reverted() {
            pool.refuse(&id, &why);
        }
        let remembering = memory.clone();
        pool.observe(Arc::new(move |event, id, serving| {
            note(tier(serving));
            match event {
                SwapEvent::Live | SwapEvent::Refused { .. } => {}
                SwapEvent::Proven => remembering.prove(id),
                SwapEvent::Reverted { why } => remembering.revert(id, why),
            }
        }));
        note(tier(&pool.model()));
        let mut understanding = Self {
            pool,
            trainer,
            use_encoder: nlu.encoder.is_some(),
            needs: Arc::new(needs),
            memory,
            watch: None,
        };
        if nlu.watch_s > 0 {
            let every = Duration::from_secs(nlu.watch_s);
            understanding.watch = Some(watch::spawn(understanding.clone(), every)?);
        }
        if understanding.tier() == "ngram" {
            let why = nlu.encoder.map_or_else(
                || "switched off".to_owned(),
                |kind| format!("not in the cache (`charla models pull --encoder {kind}` fetches it)"),
            );
            tracing::warn!("the n-gram model alone serves: the encoder is {why}");
        }
        Ok(understanding)
    }

    /// What answers texts.
    pub fn pool(&self) -> Arc<dyn NluPool> {
        Arc::new(self.pool.clone())
    }

    /// Names of what the shop sells at present; entities near one get its spelling.
    pub fn set_catalogue(&self, catalogue: Catalogue) {
        self.pool.set_catalogue(catalogue);
    }

    /// The catalogue in use; empty before the first one.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.pool.catalogue()
    }

    /// `joint` or `ngram`.
    pub fn tier(&self) -> String {
        tier(&self.pool.model()).to_owned()
    }

    /// The id of the model that answers.
    pub fn model(&self) -> String {
        self.pool.model().id().to_owned()
    }

    /// Vets a model that stands in `folder` and swaps it in, on probation.
    fn swap(&self, model: Model, folder: &Path) -> charla_models::Result<()> {
        self.memory.place(model.id(), folder);
        self.pool.swap(Arc::new(model), &self.needs)?;
        Ok(())
    }

    /// Pulls the encoder if it is missing, trains the joint model if it is missing, and swaps it in. Blocks; for a thread
    /// of its own.
    ///
    /// # Errors
    /// Those of pulling, training and the new model's self-test; what served before goes on serving.
    pub fn improve(&self, progress: &dyn Progress) -> charla_models::Result<()> {
        if !self.use_encoder || self.tier() == "joint" {
            return Ok(());
        }
        let pulled = encoder::pull(&self.trainer.cache, self.trainer.kind, progress)?;
        let made = self.trainer.make(self.trainer.encoder().or(Some(pulled)), progress)?;
        self.swap(made.model, &made.folder)
    }

    /// As [`improve`](Self::improve) on a thread of its own, at the lowest priority that costs nothing to ask for: the
    /// engine serves meanwhile.
    pub fn improve_in_background(&self) {
        if !self.use_encoder || self.tier() == "joint" {
            return;
        }
        let this = self.clone();
        let spawned = std::thread::Builder::new().name("charla-improve".into()).spawn(move || {
            let bars = charla_models::progress::Bars::default();
            match this.improve(&bars) {
                Ok(()) => tracing::info!("the joint model serves now"),
                Err(error) => {
                    tracing::warn!(%error, "the n-gram model goes on serving alone");
                }
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for training; the n-gram model goes on serving alone");
        }
    }
}

/// The model to begin with.
fn first(trainer: &Trainer, use_encoder: bool, memory: &Memory) -> charla_models::Result<Made> {
    let encoder = if use_encoder { trainer.encoder() } else { None };
    let joint = match &encoder {
        Some(encoder) => trainer.cached(Some(encoder.clone()))?,
        None => None,
    };
    let reverted = memory.reverted();
    let made = match joint {
        Some(made) if !reverted.contains_key(made.model.id()) => return Ok(made),
        Some(made) => made,
        None => trainer.make(None, &Silent)?,
    };
    let Some(why) = reverted.get(made.model.id()) else { return Ok(made) };
    tracing::warn!(model = made.model.id(), why, "the model that fits the examples failed on probation");
    let proven = memory.proven().and_then(|folder| trainer.load(folder, encoder));
    match proven.filter(|proven| !reverted.contains_key(proven.model.id())) {
        Some(proven) => Ok(proven),
        // Of the same examples, but trained otherwise; where it is this one that failed, it is better than none.
        None => trainer.make(None, &Silent),
    }
}

/// The tier of an assistant that understands no texts.
pub const NONE: &str = "none";

/// Tells the gauges which tier serves.
pub(crate) fn note(serving: &str) {
    for tier in ["joint", "ngram", NONE] {
        let value = if tier == serving { 1.0 } else { 0.0 };
        metrics::gauge!(names::MODEL_SERVING, "tier" => tier).set(value);
    }
}

fn tier(model: &Model) -> &'static str {
    if model.encoder().is_some() { "joint" } else { "ngram" }
}

fn pool_options(nlu: &NluSettings) -> PoolOptions {
    PoolOptions {
        threads: nlu.workers,
        queue: nlu.queue,
        wait_ms: nlu.wait_ms,
        timeout_ms: nlu.timeout_ms,
        patience_ms: nlu.patience_ms,
        swap: nlu.swap.clone(),
        ..PoolOptions::default()
    }
}
