//! Looks for a newly trained model that fits the examples, as a start of the engine would, and swaps it in.

use super::Understanding;
use charla_models::{Error, artefact};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::{Duration, Instant, SystemTime},
};

/// What did not depend on the model is tried again after this long.
const RETRY: Duration = Duration::from_secs(60);

/// Size and time of a file: what changes when it is written.
type Stamp = (u64, SystemTime);

/// Ends the thread when the last clone goes.
#[derive(Clone)]
pub(super) struct Handle {
    _alive: Arc<mpsc::Sender<()>>,
}

/// Looks every `every`, on a thread of its own.
pub(super) fn spawn(understanding: Understanding, every: Duration) -> std::io::Result<Handle> {
    let (alive, ended) = mpsc::channel();
    std::thread::Builder::new().name("charla-watch".into()).spawn(move || {
        let mut watch = Watch::default();
        while ended.recv_timeout(every) == Err(mpsc::RecvTimeoutError::Timeout) {
            watch.look(&understanding);
        }
    })?;
    Ok(Handle { _alive: Arc::new(alive) })
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct Watch {
    /// The examples and whether there is an encoder; what `fitting` was worked out from.
    seen: Option<(BTreeMap<PathBuf, Stamp>, bool)>,
    /// Folders of the models that fit, best first, and whether they need the encoder.
    fitting: Vec<(PathBuf, bool)>,
    /// Models that could not be used, as they were, and when to try again.
    tried: HashMap<PathBuf, (Stamp, Option<Instant>)>,
}

impl Watch {
    /// Looks once. Returns whether a new model went live.
    pub(super) fn look(&mut self, understanding: &Understanding) -> bool {
        // One after the other: else a failing model could not be told from the one before it.
        if understanding.pool.on_probation() {
            return false;
        }
        let trainer = &understanding.trainer;
        let encoder = if understanding.use_encoder { trainer.encoder() } else { None };
        let mut files = BTreeMap::new();
        if stamps(&trainer.data, &mut files).is_err() {
            return false;
        }
        let seen = Some((files, encoder.is_some()));
        if self.seen != seen {
            self.seen = seen;
            self.fitting.clear();
            // Somebody may be in the middle of a change; `charla check` and `charla train` tell of mistakes.
            let Ok(data) = trainer.read() else { return false };
            if encoder.is_some() {
                self.fitting.push((trainer.folder(&data, encoder.as_ref()), true));
            }
            self.fitting.push((trainer.folder(&data, None), false));
        }
        let live = understanding.memory.folder(understanding.pool.model().id());
        for (folder, joint) in &self.fitting {
            // The one that serves is as good; what follows is worse.
            if live.as_ref() == Some(folder) || (!joint && understanding.tier() == "joint") {
                return false;
            }
            let Ok(stamp) = stamp(&folder.join("manifest.json")) else { continue };
            if self.tried.get(folder).is_some_and(|(before, again)| {
                *before == stamp && again.is_none_or(|again| Instant::now() < again)
            }) {
                continue;
            }
            let encoder = encoder.clone().filter(|_| *joint);
            let swapped = artefact::load(folder, encoder).and_then(|model| understanding.swap(model, folder));
            match swapped {
                Ok(()) => return true,
                Err(error) => {
                    let lasting = matches!(error, Error::Refused { .. } | Error::Artefact { .. });
                    self.tried.insert(folder.clone(), (stamp, (!lasting).then(|| Instant::now() + RETRY)));
                    tracing::warn!(%error, "a newly trained model does not go live");
                }
            }
        }
        false
    }
}

fn stamp(file: &Path) -> std::io::Result<Stamp> {
    let metadata = std::fs::metadata(file)?;
    Ok((metadata.len(), metadata.modified()?))
}

fn stamps(folder: &Path, out: &mut BTreeMap<PathBuf, Stamp>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            stamps(&path, out)?;
        } else {
            out.insert(path.clone(), stamp(&path)?);
        }
    }
    Ok(())
}
