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

/// By default closed, without a failure.
#[derive(Debug, Default)]
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
        Self { options, inner: Mutex::default() }
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

    /// Asks for leave to call.
    pub fn admit(&self, now: Duration) -> Option<Leave<'_>> {
        let mut inner = self.lock();
        let probe = match self.state_of(&inner, now) {
            State::Closed => false,
            State::Open => return None,
            State::HalfOpen if inner.probing => return None,
            State::HalfOpen => {
                inner.probing = true;
                true
            }
        };
        Some(Leave { breaker: self, probe })
    }

    /// A call that had been admitted took longer than it may, its leave gone with it.
    pub fn timed_out(&self, now: Duration) {
        self.fail(now, false);
    }

    fn fail(&self, now: Duration, probe: bool) {
        let mut inner = self.lock();
        inner.failures = inner.failures.saturating_add(1);
        if probe || inner.failures >= self.options.failures {
            inner.opened_at = Some(now);
        }
    }
}

/// Leave for one call. Dropped without a word, as when the call is given up, it says nothing about the backend; the one call that
/// may try a backend after a while gives its place to another.
#[derive(Debug)]
#[must_use]
pub struct Leave<'a> {
    breaker: &'a Breaker,
    /// Whether it is that call.
    probe: bool,
}

impl Leave<'_> {
    /// The backend answered: closed again.
    pub fn succeeded(self) {
        *self.breaker.lock() = Inner::default();
    }

    /// The backend failed.
    pub fn failed(self, now: Duration) {
        self.breaker.fail(now, self.probe);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn opened() -> Breaker {
        let breaker = Breaker::new(BreakerOptions { failures: 3, open_ms: 100 });
        for _ in 0..3 {
            breaker.admit(MS(1)).unwrap().failed(MS(1));
        }
        assert_eq!(breaker.state(MS(2)), State::Open);
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_lets_one_probe_and_closes() {
        let breaker = Breaker::new(BreakerOptions { failures: 3, open_ms: 100 });
        for _ in 0..2 {
            breaker.admit(MS(0)).unwrap().failed(MS(0));
        }
        breaker.admit(MS(0)).unwrap().succeeded();
        for _ in 0..2 {
            breaker.admit(MS(0)).unwrap().failed(MS(0));
        }
        assert_eq!(breaker.state(MS(0)), State::Closed, "not in a row");
        let breaker = opened();
        assert!(breaker.admit(MS(100)).is_none());
        let probe = breaker.admit(MS(101)).expect("one probe");
        assert!(breaker.admit(MS(101)).is_none(), "but only one");
        probe.failed(MS(102));
        assert_eq!(breaker.state(MS(103)), State::Open);
        let probe = breaker.admit(MS(203)).unwrap();
        probe.succeeded();
        assert_eq!(breaker.state(MS(204)), State::Closed);
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_room_for_another() {
        let breaker = opened();
        drop(breaker.admit(MS(101)).unwrap());
        let probe = breaker.admit(MS(102)).expect("another");
        drop(probe);
        breaker.timed_out(MS(103));
        assert_eq!(breaker.state(MS(104)), State::Open, "the one that was tried took too long");
        assert!(breaker.admit(MS(203)).is_some());
    }

    #[test]
    fn what_was_admitted_before_is_no_probe() {
        let breaker = Breaker::new(BreakerOptions { failures: 3, open_ms: 100 });
        let early = breaker.admit(MS(0)).unwrap();
        for _ in 0..3 {
            breaker.admit(MS(0)).unwrap().failed(MS(0));
        }
        let _probe = breaker.admit(MS(100)).expect("a probe");
        drop(early);
        assert!(breaker.admit(MS(100)).is_none(), "the probe is still out");
    }
}
