//! The oracle's eyes: what the simulator sees pass becomes its events.

use crate::{
    oracle::{Event, Kind, Micros, Name, Oracle, Totals, Violation, Window},
    sim::{Observer, Taken, Webhook},
};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// An oracle behind a clock.
#[derive(Debug)]
pub(super) struct Watch {
    begun: Instant,
    oracle: Mutex<Oracle>,
    attempts: AtomicU64,
}

/// Each start of the engine is given a version of its own to call, so that every request tells which start it came from,
/// however late it is read.
pub(super) fn version_of(life: u32) -> String {
    format!("v24.{life}")
}

fn life_of(version: &str) -> u32 {
    version.strip_prefix("v24.").and_then(|life| life.parse().ok()).unwrap_or(0)
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            oracle: Mutex::new(Oracle::new(Window::default())),
            attempts: AtomicU64::new(0),
        }
    }
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Micros {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }

    fn see(&self, event: Event) {
        // The clock is read under the lock, so that times never go back.
        let mut oracle = self.lock();
        oracle.see(self.now(), event);
    }

    pub(super) fn said(&self, name: Name) {
        self.see(Event::Said(name));
    }

    pub(super) fn died(&self, life: u32, clean: bool) {
        self.see(Event::Died { life, clean });
    }

    pub(super) fn report(&self, kind: Kind, what: String) {
        let mut oracle = self.lock();
        oracle.report(kind, self.now(), "-", what);
    }

    pub(super) fn unsettled(&self) -> u64 {
        self.lock().unsettled()
    }

    pub(super) fn violations(&self) -> u64 {
        self.lock().totals().violations
    }

    /// Everything has had its time.
    pub(super) fn settle(&self) {
        let mut oracle = self.lock();
        oracle.settle(self.now());
    }

    /// Forgets what is done with; how much is left.
    pub(super) fn retire(&self) -> usize {
        let mut oracle = self.lock();
        oracle.retire(self.now());
        oracle.held()
    }

    pub(super) fn findings(&self) -> (Totals, Vec<Violation>) {
        let oracle = self.lock();
        (oracle.totals(), oracle.violations().to_vec())
    }
}

impl Observer for Watch {
    fn webhook_leaves(&self, webhook: &Webhook<'_>) -> u64 {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        let messages = webhook.texts().filter_map(|text| text.parse().ok()).collect();
        let echoes = webhook.echoes().map(str::to_owned).collect();
        self.see(Event::Left { attempt, messages, echoes });
        attempt
    }

    fn webhook_answered(&self, token: u64, status: u16) {
        self.see(Event::Answered { attempt: token, ok: status == 200 });
    }

    fn taken(&self, message: &Taken<'_>) {
        self.see(Event::Sent {
            recipient: message.recipient.to_owned(),
            text: message.text.to_owned(),
            key: message.callback.map(str::to_owned),
            life: life_of(message.version),
            answered: message.answered,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_its_start() {
        assert_eq!(life_of(&version_of(17)), 17);
        assert_eq!(life_of("v24.x"), 0);
    }
}
