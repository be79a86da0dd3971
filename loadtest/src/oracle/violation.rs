//! What the oracle finds wrong.

use super::Micros;
use std::fmt;

/// What kind of promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Acknowledged and never answered.
    Lost,
    /// Repeated until the end and never acknowledged.
    Unacknowledged,
    /// Answered twice outside the unknowable window.
    Doubled,
    /// Answered before one that came before it.
    Misordered,
    /// Answered to somebody else.
    WrongPerson,
    /// Says what no customer has written.
    WrongContent,
    /// Answered before it had left for the engine.
    NeverSent,
    /// Sent without an idempotency key, or under the key of another message.
    Key,
    /// The engine itself did what it must not: died unasked, panicked, did not start, did not end.
    Engine,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Lost,
        Self::Unacknowledged,
        Self::Doubled,
        Self::Misordered,
        Self::WrongPerson,
        Self::WrongContent,
        Self::NeverSent,
        Self::Key,
        Self::Engine,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Unacknowledged => "never acknowledged",
            Self::Doubled => "doubled",
            Self::Misordered => "misordered",
            Self::WrongPerson => "wrong person",
            Self::WrongContent => "wrong content",
            Self::NeverSent => "answered unasked",
            Self::Key => "wrong key",
            Self::Engine => "engine",
        }
    }
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub kind: Kind,
    /// When it was noticed.
    pub at: Micros,
    /// Whose: a `wa_id`, or `-`.
    pub customer: String,
    /// Messages and times.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: customer {} at {}: {}", self.kind.word(), self.customer, Seconds(self.at), self.what)
    }
}

/// A moment as seconds of the run, to the millisecond.
pub(super) struct Seconds(pub Micros);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}
