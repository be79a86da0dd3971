//! Texts that wait for a worker, and for how long.

use crate::pool::{Parse, ParseRequest, PoolError};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Texts that are read together at most. Eight would save little more, and each waits for the last.
const TOGETHER: usize = 4;

/// A parse, and whether the model would give the same for the same text again.
pub(crate) struct Answer {
    pub(crate) parse: Parse,
    pub(crate) keep: bool,
}

/// A text to be read.
pub(crate) struct Job {
    pub(crate) request: ParseRequest,
    /// When it was asked about.
    pub(crate) since: Instant,
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Result<Answer, PoolError>>,
    // Held until the job is done, not until its caller gives up: the gate counts what is really queued.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// How long texts may wait. A rush is worked off; in an overload a long queue makes all of them late and not one more of them
/// understood, so it is kept short (the "controlled delay" of Maurer, *Fail at Scale*, ACM Queue 2015).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// It is an overload when there has not been a moment without a text asked about for this long.
    pub(crate) rush: Duration,
    /// Longest wait for a worker then.
    pub(crate) most: Duration,
}

/// Texts that wait for a worker, oldest first. A worker takes several where several wait.
#[derive(Clone)]
pub(crate) struct Queue {
    waiting: Arc<Mutex<Waiting>>,
    patience: Patience,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Texts asked about and not answered, also those without a place in the queue.
    asked: usize,
    /// Since when there have been any.
    since: Option<Instant>,
}

/// A text that is asked about, until this is dropped.
pub(crate) struct Asked(Queue);

impl Drop for Asked {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.asked -= 1;
        if waiting.asked == 0 {
            waiting.since = None;
        }
    }
}

impl Queue {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { waiting: Arc::default(), patience }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A further text is asked about.
    pub(crate) fn ask(&self, now: Instant) -> Asked {
        let mut waiting = self.lock();
        waiting.asked += 1;
        waiting.since.get_or_insert(now);
        Asked(self.clone())
    }

    /// Longest wait at present, if it is not any.
    pub(crate) fn most(&self, now: Instant) -> Option<Duration> {
        self.lock().overloaded(now, self.patience.rush).then_some(self.patience.most)
    }

    pub(crate) fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
    }

    /// A fair share for one of `threads` workers, at most [`TOGETHER`]. In an overload, who has waited too long is told so.
    pub(crate) fn take(&self, threads: usize, now: Instant) -> Vec<Job> {
        let mut waiting = self.lock();
        if waiting.overloaded(now, self.patience.rush) {
            let late = |job: &Job| now.saturating_duration_since(job.since) > self.patience.most;
            let late = waiting.jobs.iter().take_while(|job| late(job)).count();
            for job in waiting.jobs.drain(..late) {
                // An error: nobody waits any more.
                let _ = job.reply.send(Err(PoolError::Full));
            }
        }
        let share = waiting.jobs.len().div_ceil(threads.max(1)).min(TOGETHER);
        waiting.jobs.drain(..share).collect()
    }
}

impl Waiting {
    fn overloaded(&self, now: Instant, rush: Duration) -> bool {
        self.since.is_some_and(|since| now.saturating_duration_since(since) >= rush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Semaphore;

    #[test]
    fn a_rush_may_wait_and_an_overload_may_not() {
        let patience = Patience { rush: Duration::from_secs(2), most: Duration::from_millis(500) };
        let (begin, queue) = (Instant::now(), Queue::new(patience));
        let at = |ms| begin + Duration::from_millis(ms);
        let gate = Arc::new(Semaphore::new(8));
        let ask = |ms| {
            let (reply, answer) = oneshot::channel();
            queue.push(Job {
                request: ParseRequest::default(),
                since: at(ms),
                deadline: at(ms + 5000),
                reply,
                _place: gate.clone().try_acquire_owned().unwrap(),
            });
            (queue.ask(at(ms)), answer)
        };
        let (first, second) = (ask(0), ask(1400));
        assert_eq!(queue.most(at(1999)), None);
        assert_eq!(queue.take(2, at(1999)).len(), 1, "a rush: the first one has its turn");
        drop(first);
        // The second has been asked about before the first was answered.
        assert_eq!(queue.most(at(2000)), Some(patience.most));
        let mut third = ask(1800);
        let taken = queue.take(2, at(2000));
        assert_eq!((taken.len(), taken[0].since), (1, at(1800)));
        let (asked, mut answer) = second;
        assert!(matches!(answer.try_recv(), Ok(Err(PoolError::Full))), "600 ms are too long");
        assert!(third.1.try_recv().is_err(), "200 ms are not");
        drop((asked, third));
        assert_eq!(queue.most(at(9000)), None, "nobody waits");
        let _fourth = ask(9000);
        assert_eq!(queue.most(at(10_999)), None, "another rush");
        assert_eq!(queue.take(2, at(10_999)).len(), 1);
    }
}
