//! The simulator's time: the machine's clock plus an offset that a demo or a test moves.

use std::sync::atomic::{AtomicI64, Ordering};

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// Reads the machine's clock and adds an offset.
#[derive(Debug, Default)]
pub(crate) struct SimClock(AtomicI64);

impl SimClock {
    pub(crate) fn now(&self) -> Millis {
        machine() + self.offset()
    }

    pub(crate) fn offset(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn set_offset(&self, offset: Millis) {
        self.0.store(offset, Ordering::SeqCst);
    }
}

/// The machine's clock.
pub(crate) fn machine() -> Millis {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis()
        as Millis
}

/// RFC 3339 in UTC with milliseconds; the epoch for times that no calendar has.
pub(crate) fn rfc3339(at: Millis) -> String {
    let time = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}
