//! What is known of models beyond a restart: which one has proved itself, and which ones failed on probation.

use charla_actors::private;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The file in the data folder.
pub(super) const FILE: &str = "understanding.json";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    /// Artefact folder of the model that served last and did not fail.
    proven: Option<PathBuf>,
    /// Id → why it had to make way.
    reverted: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Known {
    record: Record,
    /// Where the models of this run came from, by id.
    folders: HashMap<String, PathBuf>,
}

/// Remembers in a file; one that cannot be read or written costs the memory, never the service.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    known: Mutex<Known>,
}

impl Memory {
    pub(super) fn open(data_dir: &Path) -> Self {
        let path = data_dir.join(FILE);
        let record = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "what was known of models is unreadable and begun anew");
                Record::default()
            }),
            // The first start.
            Err(_) => Record::default(),
        };
        Self { path, known: Mutex::new(Known { record, folders: HashMap::new() }) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes where a model comes from.
    pub(super) fn place(&self, id: &str, folder: &Path) {
        self.known().folders.insert(id.to_owned(), folder.to_owned());
    }

    /// Where a model of this run came from.
    pub(super) fn folder(&self, id: &str) -> Option<PathBuf> {
        self.known().folders.get(id).cloned()
    }

    /// The folder of the model that proved itself.
    pub(super) fn proven(&self) -> Option<PathBuf> {
        self.known().record.proven.clone()
    }

    /// Models that had to make way, and why.
    pub(super) fn reverted(&self) -> BTreeMap<String, String> {
        self.known().record.reverted.clone()
    }

    /// A model has proved itself.
    pub(super) fn prove(&self, id: &str) {
        let mut known = self.known();
        let folder = known.folders.get(id).cloned();
        if folder.is_some() && known.record.proven != folder {
            known.record.proven = folder;
            self.write(&known.record);
        }
    }

    /// A model had to make way.
    pub(super) fn revert(&self, id: &str, why: &str) {
        let mut known = self.known();
        known.record.reverted.insert(id.to_owned(), why.to_owned());
        self.write(&known.record);
    }

    fn write(&self, record: &Record) {
        // Renamed into place: a crash leaves the old one or the new one.
        let part = self.path.with_extension("json.part");
        let written = serde_json::to_vec_pretty(record).map_err(std::io::Error::from).and_then(|bytes| {
            // The first start comes here before the engine does.
            self.path.parent().map_or(Ok(()), private::folder)?;
            std::fs::write(&part, bytes)?;
            std::fs::rename(&part, &self.path)
        });
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "what is known of models could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_and_what_served_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::open(&folder.path().join("data"));
        memory.prove("unknown");
        assert_eq!(memory.proven(), None, "a model that came from nowhere cannot be loaded again");
        memory.place("aa", Path::new("/models/1"));
        memory.prove("aa");
        let made = std::fs::metadata(folder.path().join("data")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&made.permissions()) & 0o777, 0o700);
        memory.revert("bb", "it panicked");
        let memory = Memory::open(&folder.path().join("data"));
        assert_eq!(memory.proven().as_deref(), Some(Path::new("/models/1")));
        assert_eq!(memory.reverted()["bb"], "it panicked");
        std::fs::write(folder.path().join("data").join(FILE), "{").unwrap();
        assert!(Memory::open(&folder.path().join("data")).reverted().is_empty());
    }
}
