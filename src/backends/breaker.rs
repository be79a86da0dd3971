//! A circuit breaker: after some failures in a row a backend is left alone for a while, then one call may try.

use std::{sync::Mutex, time::Duration};

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerOptions {
    /// Failures in a row that open it. Default 5.
    pub failures: u32,
    /// Milliseconds that it stays open before one call may try. Default 5,000.
    pub open_ms: u64,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self { failures: 5, open_ms: 5_000 }
    }
}

/// What the breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Closed,
    /// One call, to see whether the backend is back.
    HalfOpen,
    /// Nothing.
    Open,
}

impl State {
    /// 0 closed, 1 half open, 2 open: the value of the gauge.
    pub fn as_gauge(self) -> f64 {
        match self {
            State::Closed => 0.0,
            State::HalfOpen => 1.0,
            State::Open => 2.0,
        }
    }
}

#[derive(Debug)]
struct Inner {
    failures: u32,
    /// Since the owner's start; `None` while closed.
    opened_at: Option<Duration>,
    probing: bool,
}

/// One backend's breaker. Time is handed in, as the duration since any fixed moment.
#[derive(Debug)]
pub struct Breaker {
    options: BreakerOptions,
    inner: Mutex<Inner>,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(options: BreakerOptions) -> Self {
        Self { options, inner: Mutex::new(Inner { failures: 0, opened_at: None, probing: false }) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A poisoned lock holds counters that are valid in every state.
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn state_of(&self, inner: &Inner, now: Duration) -> State {
        match inner.opened_at {
            None => State::Closed,
            Some(at) if now.saturating_sub(at) < Duration::from_millis(self.options.open_ms) => State::Open,
            Some(_) => State::HalfOpen,
        }
    }

    /// The state at `now`.
    pub fn state(&self, now: Duration) -> State {
        self.state_of(&self.lock(), now)
    }

    /// Asks for leave to call. Every `true` must be followed by [`succeeded`](Self::succeeded), [`failed`](Self::failed)
    /// or [`abandoned`](Self::abandoned).
    pub fn admit(&self, now: Duration) -> bool {
        let mut inner = self.lock();
        match self.state_of(&inner, now) {
            State::Closed => true,
            State::Open => false,
            State::HalfOpen if inner.probing => false,
            State::HalfOpen => {
                inner.probing = true;
                true
            }
        }
    }

    /// The backend answered: closed again.
    pub fn succeeded(&self) {
        *self.lock() = Inner { failures: 0, opened_at: None, probing: false };
    }

    /// The backend failed.
    pub fn failed(&self, now: Duration) {
        let mut inner = self.lock();
        inner.failures = inner.failures.saturating_add(1);
        if inner.probing || inner.failures >= self.options.failures {
            inner.opened_at = Some(now);
        }
        inner.probing = false;
    }

    /// The call was given up before it said anything about the backend.
    pub fn abandoned(&self) {
        self.lock().probing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn opens_after_failures_in_a_row_lets_one_probe_and_closes() {
        let breaker = Breaker::new(BreakerOptions { failures: 3, open_ms: 100 });
        for _ in 0..2 {
            assert!(breaker.admit(MS(0)));
            breaker.failed(MS(0));
        }
        breaker.succeeded();
        for _ in 0..3 {
            assert!(breaker.admit(MS(1)));
            breaker.failed(MS(1));
        }
        assert_eq!(breaker.state(MS(2)), State::Open);
        assert!(!breaker.admit(MS(100)));
        assert!(breaker.admit(MS(101)), "one probe");
        assert!(!breaker.admit(MS(101)), "but only one");
        breaker.failed(MS(102));
        assert_eq!(breaker.state(MS(103)), State::Open);
        assert!(breaker.admit(MS(203)));
        breaker.abandoned();
        assert!(breaker.admit(MS(204)), "an abandoned probe leaves room for another");
        breaker.succeeded();
        assert_eq!(breaker.state(MS(204)), State::Closed);
    }
}
