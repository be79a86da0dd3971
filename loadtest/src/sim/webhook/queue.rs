//! What waits, what may leave, and in which order: without sockets.
//!
//! Updates of one customer (and statuses of one message) are a lane: the next leaves when the engine has answered 200 to
//! the one before, so that without faults order is certain. A reordering fault takes an update out of its lane.

use super::{Kind, Update};
use crate::sim::faults::Fate;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};
use tokio::time::Instant;

/// An update with its fate.
#[derive(Debug)]
pub(super) struct Job {
    pub update: Update,
    pub due: Instant,
    pub fate: Fate,
}

impl Job {
    fn lane(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        match &self.update.kind {
            _ if self.fate.unordered => return None,
            Kind::Status { .. } => (self.update.n, &self.update.key).hash(&mut hasher),
            Kind::Message { .. } | Kind::Field { .. } => self.update.key.hash(&mut hasher),
        }
        Some(hasher.finish())
    }
}

/// A body on its way.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub bytes: actix_web::web::Bytes,
    pub signature: String,
    pub updates: Vec<Update>,
    pub lanes: Vec<u64>,
    /// Tries so far.
    pub attempt: u32,
    pub copy_after: Option<Duration>,
    /// Whether this is a second copy.
    pub is_copy: bool,
}

/// What leaves next.
#[derive(Debug)]
pub(super) enum Load {
    /// For the first time: jobs for one body and the lanes that they hold.
    Jobs(Vec<Job>, Vec<u64>),
    /// Again.
    Body(Box<Body>),
}

#[derive(Debug)]
enum Waiting {
    Job(Box<Job>, Option<u64>),
    Body(Box<Body>),
}

/// Ordered by time, then by arrival; what waits plays no part.
#[derive(Debug)]
struct Entry {
    due: Instant,
    order: u64,
    what: Waiting,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Plan {
    heap: BinaryHeap<Reverse<Entry>>,
    /// A lane that is there is held; behind are those who wait for it.
    lanes: HashMap<u64, VecDeque<Job>>,
    order: u64,
}

impl Plan {
    fn push(&mut self, due: Instant, what: Waiting) {
        self.order += 1;
        self.heap.push(Reverse(Entry { due, order: self.order, what }));
    }

    pub(super) fn admit(&mut self, job: Job) {
        let lane = job.lane();
        match lane.and_then(|lane| self.lanes.get_mut(&lane)) {
            Some(waiting) => waiting.push_back(job),
            None => {
                if let Some(lane) = lane {
                    self.lanes.insert(lane, VecDeque::new());
                }
                self.push(job.due, Waiting::Job(Box::new(job), lane));
            }
        }
    }

    pub(super) fn again(&mut self, due: Instant, body: Body) {
        self.push(due, Waiting::Body(Box::new(body)));
    }

    /// Lets the next of each lane go.
    pub(super) fn release(&mut self, lanes: &[u64]) {
        for lane in lanes {
            match self.lanes.get_mut(lane).map(VecDeque::pop_front) {
                Some(Some(job)) => self.push(job.due, Waiting::Job(Box::new(job), Some(*lane))),
                Some(None) => {
                    self.lanes.remove(lane);
                }
                None => {}
            }
        }
    }

    /// When the next may leave.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.due)
    }

    fn pop_due(&mut self, now: Instant) -> Option<Waiting> {
        (self.next_due()? <= now).then(|| self.heap.pop().map(|Reverse(entry)| entry.what))?
    }

    /// What leaves now, at most `most` updates of those that are due.
    pub(super) fn take(&mut self, now: Instant, most: usize) -> Option<Load> {
        let (mut jobs, mut lanes) = (Vec::new(), Vec::new());
        while jobs.len() < most {
            match self.pop_due(now) {
                None => break,
                Some(Waiting::Body(body)) if jobs.is_empty() => return Some(Load::Body(body)),
                Some(Waiting::Body(body)) => {
                    self.push(now, Waiting::Body(body));
                    break;
                }
                Some(Waiting::Job(job, lane)) => {
                    jobs.push(*job);
                    if let Some(lane) = lane {
                        lanes.push(lane);
                        let waiting = self.lanes.entry(lane).or_default();
                        while jobs.len() < most && waiting.front().is_some_and(|job| job.due <= now) {
                            jobs.extend(waiting.pop_front());
                        }
                    }
                }
            }
        }
        (!jobs.is_empty()).then_some(Load::Jobs(jobs, lanes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::options::BusinessNumber;
    use serde_json::Value;
    use std::sync::Arc;

    fn job(customer: &str, n: u64, due: Instant, unordered: bool) -> Job {
        let number = BusinessNumber {
            phone_number_id: "1".into(),
            display_phone_number: "1".into(),
            name: String::new(),
            country: String::new(),
        };
        let update = Update {
            number: Arc::new(number),
            key: ("1".into(), customer.into()),
            n,
            kind: Kind::Message { contact: Value::Null, message: Value::Null },
        };
        Job { update, due, fate: Fate { delay: Duration::ZERO, unordered, copy_after: None, twin: false } }
    }

    fn numbers(load: Option<Load>) -> Vec<u64> {
        match load {
            Some(Load::Jobs(jobs, _)) => jobs.iter().map(|job| job.update.n).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_second_message_of_a_customer_waits_for_the_first() {
        let (mut plan, now) = (Plan::default(), Instant::now());
        // The first one is held up; the second may not overtake it, another customer's may.
        plan.admit(job("a", 1, now + Duration::from_secs(1), false));
        plan.admit(job("a", 2, now, false));
        plan.admit(job("b", 3, now, false));
        assert_eq!(numbers(plan.take(now, 1)), [3]);
        assert!(plan.take(now, 1).is_none());
        let later = now + Duration::from_secs(1);
        let Some(Load::Jobs(jobs, lanes)) = plan.take(later, 1) else { panic!("nothing due") };
        assert_eq!(jobs[0].update.n, 1);
        assert!(plan.take(later, 1).is_none());
        plan.release(&lanes);
        assert_eq!(numbers(plan.take(later, 1)), [2]);
    }

    #[test]
    fn an_unordered_one_overtakes() {
        let (mut plan, now) = (Plan::default(), Instant::now());
        plan.admit(job("a", 1, now + Duration::from_secs(1), false));
        plan.admit(job("a", 2, now, true));
        assert_eq!(numbers(plan.take(now, 1)), [2]);
    }

    #[test]
    fn a_batch_keeps_a_customers_order() {
        let (mut plan, now) = (Plan::default(), Instant::now());
        (1..=5).for_each(|n| plan.admit(job("a", n, now, false)));
        plan.admit(job("b", 6, now, false));
        assert_eq!(numbers(plan.take(now, 4)), [1, 2, 3, 4]);
        assert_eq!(numbers(plan.take(now, 4)), [6]);
    }
}
