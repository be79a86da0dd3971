//! The folder of a run: settings, secrets, the assistant that says every text back, data, the engine's log.

use anyhow::Context;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Meta's id of the one business number.
pub(super) const NUMBER: &str = "106540352242922";
/// Signs webhooks; nothing here is worth a secret of its own.
pub(super) const APP_SECRET: &str = "crash-loop-app-secret";
/// Of the handshake.
pub(super) const VERIFY_TOKEN: &str = "crash-loop-verify-token";
/// Of Graph requests.
pub(super) const ACCESS_TOKEN: &str = "crash-loop-access-token";

/// The assistant, from this crate. It understands, so that engines also die between a text and what it was understood as.
const ASSISTANT: [(&str, &str); 7] = crate::assistant!["echo-understood":
    "domain.yml",
    "settings.yml",
    "flows/echo.yml",
    "responses/en.yml",
    "nlu/en/say.yml",
    "nlu/en/count.yml",
    "tests/echo.yml",
];

/// A run's folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl Folder {
    /// A new or empty folder, or a temporary one.
    pub(super) fn make(keep: Option<&Path>) -> anyhow::Result<Self> {
        let (path, temporary) = match keep {
            Some(path) => {
                let bad =
                    || format!("CHARLA-E5302: {} cannot be used; name a new or empty folder", path.display());
                fs::create_dir_all(path).with_context(bad)?;
                anyhow::ensure!(fs::read_dir(path).with_context(bad)?.next().is_none(), bad());
                (path.canonicalize().with_context(bad)?, None)
            }
            None => {
                let made = tempfile::Builder::new().prefix("charla-crash-").tempdir();
                let made =
                    made.context("CHARLA-E5302: no temporary folder can be made; name one with --keep")?;
                (made.path().to_owned(), Some(made))
            }
        };
        let folder = Self { path, temporary };
        for (name, text) in ASSISTANT {
            folder.write(&format!("assistant/{name}"), text)?;
        }
        for (name, text) in
            [("app_secret", APP_SECRET), ("verify_token", VERIFY_TOKEN), ("access_token", ACCESS_TOKEN)]
        {
            folder.write(&format!("secrets/{name}"), text)?;
        }
        Ok(folder)
    }

    pub(super) fn config(&self) -> PathBuf {
        self.path.join("charla.yml")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("engine.log")
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.path.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        let bad = || format!("CHARLA-E5302: {} cannot be written; is the disk full?", path.display());
        made.and_then(|()| fs::write(&path, text)).with_context(bad)
    }

    /// The settings of the engine's next start.
    pub(super) fn configure(&self, port: u16, graph_url: &str, api_version: &str) -> anyhow::Result<()> {
        let settings = json!({
            "server": {"listen": format!("127.0.0.1:{port}"), "logs": "text", "drain_s": 10, "linger_s": 0},
            "data_dir": "engine",
            "assistant_dir": "assistant",
            "whatsapp": {
                "graph_url": graph_url,
                "api_version": api_version,
                "app_secrets": [{"file": "secrets/app_secret"}],
                "verify_token": {"file": "secrets/verify_token"},
                "access_token": {"file": "secrets/access_token"},
                "numbers": [{"phone_number_id": NUMBER, "display": "+44 7700 000000", "messages_per_s": 100_000}],
            },
            // Understanding is not what is tried here: it must only be there, small, and never too busy.
            "nlu": {
                "encoder": false, "watch_s": 0, "workers": 1, "cache_dir": "models",
                "queue": 100_000, "wait_ms": 60_000, "timeout_ms": 60_000,
            },
            // Everything that happens seldom in production happens all the time: conversations rest and wake, snapshots are
            // written, retention walks through the journal. A hidden outcome waits one second for its echo.
            "engine": {
                "resident_cap": 128, "idle_passivation_secs": 1, "snapshot_every_turns": 4,
                "retention_days": 1, "sweep_every_ms": 300, "echo_wait_ms": 1_000,
            },
        });
        // JSON is YAML.
        self.write("charla.yml", &format!("{settings:#}"))
    }

    /// Ends the run: the folder's path if it stays.
    pub(super) fn close(self, keep: bool) -> Option<PathBuf> {
        match self.temporary {
            Some(temporary) if keep => Some(temporary.keep()),
            Some(_) => None,
            None => Some(self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_unless_it_is_kept() {
        let folder = Folder::make(None).unwrap();
        folder.configure(1, "http://127.0.0.1:2", "v24.3").unwrap();
        let path = folder.path.clone();
        assert!(path.join("assistant/flows/echo.yml").is_file() && folder.config().is_file());
        assert_eq!(folder.close(false), None);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let inside = place.path().join("new");
        let folder = Folder::make(Some(&inside)).unwrap();
        assert_eq!(folder.close(false), Some(inside.canonicalize().unwrap()));
        let error = Folder::make(Some(&inside)).unwrap_err().to_string();
        assert!(error.contains("CHARLA-E5302"), "{error}");
    }
}
