//! Understanding as the engine runs it: a model from the cache or trained at once, then a better one in the background.

use crate::{
    settings::{NluSettings, Settings},
    telemetry::names,
};
use charla_models::{
    Model, Pool, PoolOptions, artefact,
    data::Dataset,
    encoder::{self, EncoderSource, install::default_cache},
    pool::NluPool,
    progress::{Progress, Silent},
    train,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
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
}

/// A model and how it came about.
pub struct Made {
    /// The model, self-tested.
    pub model: Model,
    /// Its folder.
    pub folder: PathBuf,
    /// The training's report; `None` if the model was in the cache.
    pub report: Option<train::TrainReport>,
}

impl Trainer {
    /// For a folder of examples.
    pub fn new(data: PathBuf, cache: Option<PathBuf>) -> Self {
        let cache = cache.unwrap_or_else(default_cache);
        let options =
            train::Options { encodings: Some(cache.join("encodings")), ..train::Options::default() };
        Self { data, cache, options }
    }

    /// The encoder, if the cache has it.
    pub fn encoder(&self) -> Option<Arc<dyn EncoderSource>> {
        encoder::installed(&self.cache).ok()
    }

    /// The encoder, pulled first if the cache does not have it; `None`, with a warning, where it cannot be had.
    pub fn encoder_or_warn(&self, progress: &dyn Progress) -> Option<Arc<dyn EncoderSource>> {
        match encoder::pull(&self.cache, progress) {
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
            Ok(model) => Some(Made { model, folder, report: None }),
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
        let folder = self.folder(&data, encoder.as_ref());
        if let Some(made) = self.load(folder.clone(), encoder.clone()) {
            return Ok(made);
        }
        let _turn = self.lock(&folder)?;
        if let Some(made) = self.load(folder.clone(), encoder.clone()) {
            return Ok(made);
        }
        let (model, report) = train::train(&data, encoder, &self.options, progress)?;
        artefact::save(&model, &folder)?;
        Ok(Made { model, folder, report: Some(report) })
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

/// The running pool, with what it takes to make better models. Cheap to clone.
#[derive(Clone)]
pub struct Understanding {
    pool: Pool,
    trainer: Trainer,
    use_encoder: bool,
}

impl Understanding {
    /// Starts the pool with the best model that is there at once: the cached joint one, else the cached n-gram one, else
    /// an n-gram model trained now (seconds).
    ///
    /// # Errors
    /// If there are no usable examples.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        let nlu = &settings.nlu;
        let trainer = Trainer::new(settings.assistant_dir.join("nlu"), nlu.cache_dir.clone());
        let encoder = if nlu.encoder { trainer.encoder() } else { None };
        let joint = match encoder {
            Some(encoder) => trainer.cached(Some(encoder))?,
            None => None,
        };
        let begun = Instant::now();
        let made = match joint {
            Some(made) => made,
            None => trainer.make(None, &Silent)?,
        };
        if made.report.is_some() {
            tracing::info!(seconds = begun.elapsed().as_secs_f64(), "the n-gram model was trained");
        }
        let pool = Pool::start(pool_options(nlu), Arc::new(made.model))?;
        let understanding = Self { pool, trainer, use_encoder: nlu.encoder };
        understanding.note();
        if understanding.tier() == "ngram" {
            tracing::warn!(
                "the n-gram model alone serves: the encoder is {}",
                if nlu.encoder {
                    "not in the cache (`charla models pull` fetches it)"
                } else {
                    "switched off"
                }
            );
        }
        Ok(understanding)
    }

    /// What answers texts.
    pub fn pool(&self) -> Arc<dyn NluPool> {
        Arc::new(self.pool.clone())
    }

    /// `joint` or `ngram`.
    pub fn tier(&self) -> String {
        tier(&self.pool.model()).to_owned()
    }

    fn note(&self) {
        let serving = self.tier();
        for tier in ["joint", "ngram"] {
            metrics::gauge!(names::MODEL_SERVING, "tier" => tier).set(if tier == serving {
                1.0
            } else {
                0.0
            });
        }
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
        let encoder = encoder::pull(&self.trainer.cache, progress)?;
        let made = self.trainer.make(Some(encoder), progress)?;
        self.pool.swap(Arc::new(made.model))?;
        self.note();
        Ok(())
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

fn tier(model: &Model) -> &'static str {
    if model.encoder().is_some() { "joint" } else { "ngram" }
}

fn pool_options(nlu: &NluSettings) -> PoolOptions {
    PoolOptions {
        threads: nlu.workers,
        queue: nlu.queue,
        wait_ms: nlu.wait_ms,
        timeout_ms: nlu.timeout_ms,
        ..PoolOptions::default()
    }
}
