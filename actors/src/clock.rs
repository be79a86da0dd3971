//! Time, handed in.

use crate::session::Millis;
use std::sync::atomic::{AtomicI64, Ordering};

/// Wall-clock time. The only place where the runtime asks for it.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Millis;
}

/// The machine's clock plus an offset that a demo or a test can move.
#[derive(Debug, Default)]
pub struct SystemClock {
    offset: AtomicI64,
}

impl SystemClock {
    /// Moves this clock `offset` milliseconds away from the machine's.
    pub fn set_offset(&self, offset: Millis) {
        self.offset.store(offset, Ordering::SeqCst);
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        since.as_millis() as i64 + self.offset.load(Ordering::SeqCst)
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `at`.
    pub fn new(at: Millis) -> Self {
        Self(AtomicI64::new(at))
    }
    /// Moves forward by `by` milliseconds and returns the new time.
    pub fn advance(&self, by: Millis) -> Millis {
        self.0.fetch_add(by, Ordering::SeqCst) + by
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}
