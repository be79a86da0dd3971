//! Secrets: named in configuration, read from the environment or a file, never written anywhere.

use serde::Deserialize;
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Where a secret comes from. Exactly one of `env` and `file`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSource {
    /// Environment variable.
    #[serde(default)]
    pub env: Option<String>,
    /// File; surrounding white space is cut. Read again when it is used, so that a rotated secret needs no restart.
    #[serde(default)]
    pub file: Option<PathBuf>,
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.env, &self.file) {
            (Some(name), _) => write!(f, "env:{name}"),
            (None, Some(path)) => write!(f, "file:{}", path.display()),
            (None, None) => f.write_str("nothing"),
        }
    }
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Neither or both sources are named.
    #[error("CHARLA-E2010: a secret needs exactly one of `env` and `file`; it has {0}. Name one of them")]
    Sources(&'static str),
    /// The variable is not set.
    #[error("CHARLA-E2011: the environment variable {0} is not set or empty. Export it before the start")]
    NoVariable(String),
    /// The file cannot be read.
    #[error(
        "CHARLA-E2012: the secret file {path} cannot be read: {source}. Create it, readable by this user only"
    )]
    NoFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is empty.
    #[error("CHARLA-E2013: the secret file {0} is empty. Write the secret into it")]
    EmptyFile(PathBuf),
}

impl SecretSource {
    /// A secret in a file.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self { env: None, file: Some(path.into()) }
    }

    /// A secret in the environment.
    pub fn from_env(name: impl Into<String>) -> Self {
        Self { env: Some(name.into()), file: None }
    }

    /// Reads the secret as it is now.
    ///
    /// # Errors
    /// If the source is ill-named, missing or empty.
    pub fn read(&self) -> Result<String, SecretError> {
        match (&self.env, &self.file) {
            (Some(name), None) => std::env::var(name)
                .ok()
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| SecretError::NoVariable(name.clone())),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| SecretError::NoFile { path: path.clone(), source })?;
                let text = text.trim();
                if text.is_empty() {
                    return Err(SecretError::EmptyFile(path.clone()));
                }
                Ok(text.to_owned())
            }
            (None, None) => Err(SecretError::Sources("neither")),
            (Some(_), Some(_)) => Err(SecretError::Sources("both")),
        }
    }
}

/// A secret that many calls a second use: read at most once in a while.
pub struct Recent {
    source: SecretSource,
    /// For so long what was read counts.
    every: Duration,
    read: Mutex<Option<(Instant, String)>>,
}

/// What was read is not shown.
impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.source.fmt(f)
    }
}

impl Recent {
    /// Of a source, which is read again after `every`.
    pub const fn new(source: SecretSource, every: Duration) -> Self {
        Self { source, every, read: Mutex::new(None) }
    }

    /// The secret as it is, or was within that time.
    ///
    /// # Errors
    /// As [`SecretSource::read`]; what cannot be read is tried again at the next use.
    pub fn read(&self) -> Result<String, SecretError> {
        let mut kept = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, secret)) = kept.as_ref().filter(|(at, _)| at.elapsed() < self.every) {
            return Ok(secret.clone());
        }
        let secret = self.source.read()?;
        *kept = Some((Instant::now(), secret.clone()));
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_use_is_read_again_after_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let of = |every| Recent::new(SecretSource::from_file(&path), every);
        let (always, once) = (of(Duration::ZERO), of(Duration::from_secs(3600)));
        assert!(once.read().is_err());
        for (text, kept) in [("one", "one"), ("two", "one")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(always.read().unwrap(), text);
            assert_eq!(once.read().unwrap(), kept);
        }
        assert!(!format!("{once:?}").contains("\"one\""));
    }

    #[test]
    fn a_rotated_file_is_seen_and_an_empty_one_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let source = SecretSource::from_file(&path);
        assert!(matches!(source.read(), Err(SecretError::NoFile { .. })));
        std::fs::write(&path, " one\n").unwrap();
        assert_eq!(source.read().unwrap(), "one");
        std::fs::write(&path, "two").unwrap();
        assert_eq!(source.read().unwrap(), "two");
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(source.read(), Err(SecretError::EmptyFile(_))));
    }

    #[test]
    fn both_or_neither_source_is_an_error() {
        let none = SecretSource { env: None, file: None };
        assert!(matches!(none.read(), Err(SecretError::Sources("neither"))));
        let both = SecretSource { env: Some("A".into()), file: Some("b".into()) };
        assert!(matches!(both.read(), Err(SecretError::Sources("both"))));
    }
}
