//! Conversations whose part of the journal cannot be read, and when it is tried again. Their events wait in the journal.

use crate::session::ConversationId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Rest before something other than a conversation is tried again that could not be read.
pub(crate) const UNREADABLE_FOR: Duration = Duration::from_secs(1);
/// Rest before a conversation is read again: what failed may pass, such as a lack of file handles. It doubles with each failure in
/// a row, up to the second figure.
const READ_AGAIN: Duration = Duration::from_secs(1);
const READ_AGAIN_CAP: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    /// Somebody will wake it.
    awaited: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// Whether there are any: each turn asks.
    any: AtomicBool,
    of: Mutex<HashMap<ConversationId, Failures>>,
}

/// What follows from a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// It is the first since it could be read.
    pub(crate) first: bool,
    /// It is to be woken after this time; `None`: somebody does so already.
    pub(crate) wake_after: Option<Duration>,
}

impl Unread {
    fn of(&self) -> MutexGuard<'_, HashMap<ConversationId, Failures>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It could not be read.
    pub(crate) fn failed(&self, id: &ConversationId) -> Failed {
        let mut of = self.of();
        self.any.store(true, Ordering::Release);
        let failures = of.entry(id.clone()).or_default();
        let wait = READ_AGAIN.saturating_mul(1 << failures.in_a_row.min(16)).min(READ_AGAIN_CAP);
        failures.in_a_row = failures.in_a_row.saturating_add(1);
        let wake_after = (!std::mem::replace(&mut failures.awaited, true)).then_some(wait);
        Failed { first: failures.in_a_row == 1, wake_after }
    }

    /// It is woken, to be read again.
    pub(crate) fn woken(&self, id: &ConversationId) {
        if self.any.load(Ordering::Acquire)
            && let Some(failures) = self.of().get_mut(id)
        {
            failures.awaited = false;
        }
    }

    /// It has been read.
    pub(crate) fn read(&self, id: &ConversationId) {
        if self.any.load(Ordering::Acquire) {
            let mut of = self.of();
            of.remove(id);
            self.any.store(!of.is_empty(), Ordering::Release);
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<ConversationId> {
        self.of().keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_one_waits_at_a_time() {
        let unread = Unread::default();
        let id: ConversationId = "1@1".parse().unwrap();
        unread.read(&id);
        let failed = unread.failed(&id);
        assert_eq!(failed, Failed { first: true, wake_after: Some(READ_AGAIN) });
        assert_eq!(unread.failed(&id), Failed { first: false, wake_after: None });
        unread.woken(&id);
        assert_eq!(unread.failed(&id).wake_after, Some(READ_AGAIN * 4));
        for _ in 0..40 {
            unread.woken(&id);
            assert!(unread.failed(&id).wake_after <= Some(READ_AGAIN_CAP));
        }
        assert_eq!(unread.all(), std::slice::from_ref(&id));
        unread.read(&id);
        assert!(unread.all().is_empty());
        assert!(unread.failed(&id).first);
    }
}
