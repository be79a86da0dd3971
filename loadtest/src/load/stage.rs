//! What all parts of a run share: the crowd, the clock, the way to the engine, the statuses that are still to be told.

use super::{
    chat::Out,
    crowd::Crowd,
    http::Client,
    scenario::Scenario,
    wire::{self, Status, Written},
};
use crate::sim::signature;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A status that will be told: when (microseconds), of which number, what.
pub(super) type Due = (Reverse<u64>, u64, usize);

/// Shared by the generator, the Graph endpoint and the reporters.
#[derive(Debug)]
pub(super) struct Stage {
    pub begun: Instant,
    pub scenario: Scenario,
    pub crowd: Mutex<Crowd>,
    pub client: Client,
    pub app_secret: String,
    /// Makes message ids this run's own.
    pub stem: String,
    pub statuses: Mutex<Pending>,
    /// Webhooks under way or waiting for a repetition.
    pub open: AtomicU64,
    /// Nothing new is begun.
    pub stopping: AtomicBool,
}

/// Statuses in the order of their times.
#[derive(Debug, Default)]
pub(super) struct Pending {
    heap: BinaryHeap<Due>,
    kept: std::collections::HashMap<u64, Status>,
    next: u64,
}

impl Pending {
    fn push(&mut self, at: u64, number: usize, status: Status) {
        self.heap.push((Reverse(at), self.next, number));
        self.kept.insert(self.next, status);
        self.next += 1;
    }

    fn pop(&mut self, now: u64) -> Option<(u64, usize, Status)> {
        let (Reverse(at), id, number) = *self.heap.peek()?;
        (at <= now).then_some(())?;
        self.heap.pop();
        Some((at, number, self.kept.remove(&id)?))
    }
}

impl Stage {
    pub(super) fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn statuses(&self) -> MutexGuard<'_, Pending> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the beginning.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Plans what will be told of a message of the engine.
    pub(super) fn plan_statuses(
        &self,
        now: u64,
        number: usize,
        wamid: &str,
        callback: &str,
        recipient: &str,
    ) {
        let settings = &self.scenario.statuses;
        if settings.per_send == 0 {
            return;
        }
        let mut pending = self.statuses();
        for n in 0..settings.per_send {
            let ms = match n {
                0 => settings.sent_ms,
                1 => settings.delivered_ms,
                2 => settings.read_ms,
                // Repetitions come late.
                more => settings.read_ms + u64::from(more) * 150,
            };
            let status = Status {
                wamid: wamid.to_owned(),
                callback: callback.to_owned(),
                recipient: recipient.to_owned(),
                step: n,
            };
            pending.push(now + ms * 1_000, number, status);
        }
    }

    /// Hands over messages, each of another person, all to the same number; then what they have written meanwhile.
    pub(super) async fn deliver(self: Arc<Self>, number: usize, mut outs: Vec<Out>) {
        self.open.fetch_add(1, Ordering::Relaxed);
        while !outs.is_empty() {
            let body = {
                let crowd = self.crowd();
                let written: Vec<_> = outs
                    .iter()
                    .map(|out| Written { person: &crowd.chats[out.person as usize].person, out })
                    .collect();
                wire::messages(&crowd.numbers[number], &written, seconds(), &self.stem)
            };
            let due = outs.iter().map(|out| out.due).min().unwrap_or(0);
            if !self.post(&body, due).await {
                break;
            }
            let mut crowd = self.crowd();
            crowd.meter.count("messages_acknowledged", outs.len() as u64);
            outs = outs.iter().filter_map(|out| crowd.acked(out.person)).collect();
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Posts a body until it is taken, as Meta does; whether it was.
    async fn post(&self, body: &str, due: u64) -> bool {
        let signed = signature(&self.app_secret, body.as_bytes());
        let settings = &self.scenario.webhooks;
        let mut wait = settings.first_retry_ms.max(1);
        loop {
            let status = self.client.post(body, &signed).await;
            let now = self.now();
            {
                let mut crowd = self.crowd();
                crowd.meter.count("webhooks", 1);
                match status {
                    200 => {
                        let measured = due >= crowd.measured_from;
                        crowd.meter.acked(now.saturating_sub(due), measured);
                        return true;
                    }
                    503 => crowd.meter.refused(),
                    0 => crowd.meter.count("webhooks_without_answer", 1),
                    other => {
                        crowd.wrongs.add("refused for good", || {
                            format!("a webhook was answered {other}: {}", cut(body))
                        });
                        return false;
                    }
                }
            }
            if self.is_stopping() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(wait / 2 + fastrand::u64(0..=wait / 2))).await;
            wait = (wait * 2).min(settings.most_retry_ms.max(1));
        }
    }

    /// Tells statuses when they are due, until the run stops.
    pub(super) async fn tell_statuses(self: Arc<Self>) {
        let per_body = self.scenario.statuses.per_body as usize;
        let count = self.crowd().numbers.len();
        let mut waiting: Vec<Vec<(u64, Status)>> = vec![Vec::new(); count];
        while !self.is_stopping() {
            let now = self.now();
            {
                let mut pending = self.statuses();
                while let Some((at, number, status)) = pending.pop(now) {
                    waiting[number].push((at, status));
                }
            }
            for (number, waiting) in waiting.iter_mut().enumerate() {
                while !waiting.is_empty() {
                    let some: Vec<_> = waiting.drain(..per_body.min(waiting.len())).collect();
                    tokio::spawn(Arc::clone(&self).tell(number, some));
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn tell(self: Arc<Self>, number: usize, statuses: Vec<(u64, Status)>) {
        self.open.fetch_add(1, Ordering::Relaxed);
        let due = statuses.iter().map(|(at, _)| *at).min().unwrap_or(0);
        let body = {
            let crowd = self.crowd();
            let number = crowd.numbers[number].clone();
            drop(crowd);
            wire::statuses(&number, statuses.iter().map(|(_, status)| status), seconds())
        };
        if self.post(&body, due).await {
            self.crowd().meter.told(statuses.len() as u64);
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Stage {
        /// With nobody on it: of this scenario, against this address.
        pub(in crate::load) fn silent(scenario: &str, url: &str) -> Self {
            let path = std::path::Path::new("x.toml");
            let scenario = Scenario::parse(scenario, path).unwrap();
            let texts = crate::load::texts::Texts::load(std::path::Path::new("/nowhere"));
            Self {
                begun: Instant::now(),
                crowd: Mutex::new(Crowd::new(scenario.clone(), texts, 0)),
                scenario,
                client: Client::new(url, "/", 1).unwrap(),
                app_secret: String::new(),
                stem: String::new(),
                statuses: Mutex::default(),
                open: AtomicU64::new(0),
                stopping: AtomicBool::new(false),
            }
        }
    }

    #[test]
    fn statuses_come_in_the_order_of_their_times() {
        let status = |wamid: &str| Status {
            wamid: wamid.into(),
            callback: String::new(),
            recipient: String::new(),
            step: 0,
        };
        let mut pending = Pending::default();
        pending.push(30, 0, status("c"));
        pending.push(10, 1, status("a"));
        pending.push(10, 0, status("b"));
        assert!(pending.pop(9).is_none());
        let all: Vec<_> = std::iter::from_fn(|| pending.pop(30)).map(|(_, _, status)| status.wamid).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[2], "c");
        assert!(pending.kept.is_empty());
    }
}
