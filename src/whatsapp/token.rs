//! The access token, read again when it changes, without a restart.

use crate::secret::{SecretError, SecretSource};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// How often a file is looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An access token. Shows itself to nobody but the request that needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Arc<str>);

impl AccessToken {
    /// For the `Authorization` header.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// Where tokens come from: an environment variable or a file. Cheap to clone; clones share what was read.
#[derive(Debug, Clone)]
pub struct TokenSource {
    source: SecretSource,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug)]
struct Held {
    token: AccessToken,
    stamp: Option<Stamp>,
    looked: Instant,
}

/// Tells one content of a file from the next without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

fn stamp(path: &Path) -> Option<Stamp> {
    // Follows links: Kubernetes swaps a mounted secret by moving one.
    let meta = std::fs::metadata(path).ok()?;
    Some(Stamp { modified: meta.modified().ok(), length: meta.len() })
}

impl TokenSource {
    /// Reads the token for the first time.
    ///
    /// # Errors
    /// If there is none: a wrong name or path should stop the start, not the first message.
    pub fn new(source: SecretSource) -> Result<Self, SecretError> {
        // Before the read: a change between the two is seen at the next look.
        let stamp = source.file.as_deref().and_then(stamp);
        let token = AccessToken(source.read()?.into());
        let held = Held { token, stamp, looked: Instant::now() };
        Ok(Self { source, held: Arc::new(Mutex::new(held)) })
    }

    /// The token now. Looks at the file's time at most once a second; what cannot be read leaves the last token standing.
    pub fn current(&self) -> AccessToken {
        self.current_at(Instant::now())
    }

    fn current_at(&self, now: Instant) -> AccessToken {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = self.source.file.as_deref()
            && now.saturating_duration_since(held.looked) >= LOOK_EVERY
        {
            held.looked = now;
            let seen = stamp(path);
            if seen != held.stamp {
                self.read_into(&mut held, seen);
            }
        }
        held.token.clone()
    }

    /// Reads the token again whatever the file's time says, because `refused` was refused by Meta. Says whether there is
    /// another one now; a request that raced with another's reload learns of its success here.
    pub fn reload(&self, refused: &AccessToken) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.token == *refused {
            let seen = self.source.file.as_deref().and_then(stamp);
            self.read_into(&mut held, seen);
        }
        held.token != *refused
    }

    fn read_into(&self, held: &mut Held, seen: Option<Stamp>) {
        match self.source.read() {
            Ok(token) => {
                held.token = AccessToken(token.into());
                // Only now: a file caught half written is read again at the next look.
                held.stamp = seen;
            }
            Err(error) => {
                tracing::warn!(%error, "the access token could not be read again; the last one stays in use")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn a_changed_file_is_seen_within_a_second_and_a_lost_one_keeps_the_token() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "one\n").unwrap();
        let source = TokenSource::new(SecretSource::from_file(&path)).unwrap();
        assert_eq!(source.current().expose(), "one");
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(source.current_at(later(0)).expose(), "one", "looked at less than a second ago");
        assert_eq!(source.clone().current_at(later(2)).expose(), "second");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(source.current_at(later(4)).expose(), "second");
        std::fs::write(&path, "").unwrap();
        assert_eq!(source.current_at(later(6)).expose(), "second", "half written");
        std::fs::write(&path, "third").unwrap();
        assert_eq!(source.current_at(later(8)).expose(), "third");
    }

    #[test]
    fn a_refused_token_is_read_again_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "one").unwrap();
        let source = TokenSource::new(SecretSource::from_file(&path)).unwrap();
        let refused = source.current();
        assert!(!source.reload(&refused), "nothing new");
        std::fs::write(&path, "two").unwrap();
        assert!(source.reload(&refused));
        assert!(source.reload(&refused), "another request reloaded meanwhile");
        assert_eq!(source.current().expose(), "two");
    }

    #[test]
    fn a_missing_token_stops_the_start_and_none_is_ever_printed() {
        assert!(TokenSource::new(SecretSource::from_file("/nonexistent/token")).is_err());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "EAAG-very-secret").unwrap();
        let source = TokenSource::new(SecretSource::from_file(&path)).unwrap();
        assert!(!format!("{source:?} {:?}", source.current()).contains("very-secret"));
    }
}
