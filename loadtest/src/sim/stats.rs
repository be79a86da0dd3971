//! Counters, as `GET /sim/state` shows them.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What has happened since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Webhook bodies answered with 200, copies included.
    pub webhooks_delivered: u64,
    /// Webhook bodies that had to be sent again.
    pub webhooks_retried: u64,
    /// Second copies sent on purpose.
    pub webhooks_duplicated: u64,
    /// Webhook bodies given up.
    pub webhooks_lost: u64,
    /// Webhooks that wait or are under way.
    pub webhooks_pending: u64,
    /// Customers' messages made.
    pub customer_messages: u64,
    /// Statuses sent.
    pub statuses: u64,
    /// Requests to the messages endpoint, refused ones included.
    pub graph_requests: u64,
    /// Messages taken from the engine.
    pub business_messages: u64,
    /// Read receipts from the engine.
    pub read_marks: u64,
    /// Messages taken whose answer was withheld.
    pub answers_lost: u64,
    /// Graph errors by code.
    pub errors: BTreeMap<i64, u64>,
    /// Answers of the engine to webhooks by HTTP status; 0 is no answer.
    pub webhook_answers: BTreeMap<u16, u64>,
}

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    delivered: AtomicU64,
    retried: AtomicU64,
    duplicated: AtomicU64,
    lost: AtomicU64,
    customer_messages: AtomicU64,
    statuses: AtomicU64,
    graph_requests: AtomicU64,
    business_messages: AtomicU64,
    read_marks: AtomicU64,
    answers_lost: AtomicU64,
    errors: Mutex<BTreeMap<i64, u64>>,
    answers: Mutex<BTreeMap<u16, u64>>,
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn count<K: Ord>(map: &Mutex<BTreeMap<K, u64>>, key: K) {
    *map.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
}

impl Stats {
    pub(crate) fn webhook_answer(&self, status: u16) {
        count(&self.answers, status);
    }
    pub(crate) fn webhook_delivered(&self) {
        add(&self.delivered);
    }
    pub(crate) fn webhook_retried(&self) {
        add(&self.retried);
    }
    pub(crate) fn webhook_duplicated(&self) {
        add(&self.duplicated);
    }
    pub(crate) fn webhook_lost(&self) {
        add(&self.lost);
    }
    pub(crate) fn customer_message(&self) {
        add(&self.customer_messages);
    }
    pub(crate) fn status(&self) {
        add(&self.statuses);
    }
    pub(crate) fn graph_request(&self) {
        add(&self.graph_requests);
    }
    pub(crate) fn received(&self) {
        add(&self.business_messages);
    }
    pub(crate) fn read_mark(&self) {
        add(&self.read_marks);
    }
    pub(crate) fn answer_lost(&self) {
        add(&self.answers_lost);
    }
    pub(crate) fn graph_error(&self, code: i64) {
        count(&self.errors, code);
    }

    pub(crate) fn counts(&self, pending: usize) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            webhooks_delivered: read(&self.delivered),
            webhooks_retried: read(&self.retried),
            webhooks_duplicated: read(&self.duplicated),
            webhooks_lost: read(&self.lost),
            webhooks_pending: pending as u64,
            customer_messages: read(&self.customer_messages),
            statuses: read(&self.statuses),
            graph_requests: read(&self.graph_requests),
            business_messages: read(&self.business_messages),
            read_marks: read(&self.read_marks),
            answers_lost: read(&self.answers_lost),
            errors: self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            webhook_answers: self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
