//! One writer for all snapshots, behind a bounded queue. Opening waits in the background; until it is done, and whenever
//! the queue is full, conversations do without.

use super::SnapshotStore;
use crate::core::fold::Folded;
use crate::core::packed::Packed;
use crate::core::tx::StoreError;
use crate::failpoints;
use crate::ids;
use crate::invariants::{Invariant, violated};
use crate::metrics as names;
use crate::session::{ConversationId, Session};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Snapshots waiting to be written, at most.
const QUEUE: usize = 1024;
/// Writes between two looks at the space on disk.
const MAINTAIN_EVERY: u32 = 4096;

enum Job {
    Put(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
}

/// See the module.
pub(crate) struct Snapshots {
    store: Arc<OnceLock<Arc<dyn SnapshotStore>>>,
    jobs: Mutex<Option<SyncSender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Snapshots {
    /// Starts the writer, whose first act is to open the store.
    pub(crate) fn start(
        open: impl FnOnce() -> Result<Arc<dyn SnapshotStore>, StoreError> + Send + 'static,
    ) -> std::io::Result<Self> {
        let store = Arc::new(OnceLock::new());
        let (jobs, queue) = sync_channel(QUEUE);
        let opened = store.clone();
        let writer =
            std::thread::Builder::new().name("charla-snapshots".to_owned()).spawn(move || match open() {
                Ok(store) => {
                    let _ = opened.set(store.clone());
                    measure(&*store);
                    write(&*store, &queue);
                }
                Err(error) => {
                    tracing::error!(%error, "no snapshots: conversations wake from the journal alone");
                    violated(Invariant::SnapshotsUnavailable);
                }
            })?;
        Ok(Self { store, jobs: Mutex::new(Some(jobs)), writer: Mutex::new(Some(writer)) })
    }

    /// The newest snapshot, if there is a readable one.
    pub(crate) fn get<S: Session>(&self, id: &ConversationId) -> Option<Folded<S>> {
        let store = self.store.get()?;
        let key = ids::conversation_key(id);
        let read = guarded(|| store.get(&key))
            .and_then(|found| found.map(|bytes| super::decode(&bytes)).transpose());
        match read {
            Ok(folded) => folded,
            Err(error) => {
                tracing::warn!(%error, "a snapshot is unreadable and ignored");
                metrics::counter!(names::SNAPSHOTS_UNREADABLE).increment(1);
                None
            }
        }
    }

    /// Hands a snapshot to the writer, unless that has too much to do.
    pub(crate) fn put<S: Session>(&self, id: &ConversationId, packed: &Packed<S>) {
        match super::encode_packed(packed) {
            Ok(bytes) => self.send(Job::Put(ids::conversation_key(id), bytes)),
            Err(error) => tracing::warn!(%error, "a state cannot be written as a snapshot"),
        }
    }

    /// Lets a snapshot be forgotten.
    pub(crate) fn remove(&self, id: &ConversationId) {
        self.send(Job::Remove(ids::conversation_key(id)));
    }

    fn send(&self, job: Job) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jobs) = &*jobs
            && jobs.try_send(job).is_err()
        {
            metrics::counter!(names::SNAPSHOTS_SKIPPED).increment(1);
        }
    }

    /// Lets the writer finish what waits, and ends it.
    pub(crate) fn stop(&self) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(jobs);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }

    /// Lets the writer end on its own.
    pub(crate) fn abandon(&self) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(jobs);
    }
}

fn write(store: &dyn SnapshotStore, queue: &Receiver<Job>) {
    let mut writes = 0;
    loop {
        let job = queue.recv_timeout(Duration::from_secs(1));
        let outcome = match job {
            Ok(Job::Put(key, value)) => {
                let _ = failpoints::hit(failpoints::DURING_SNAPSHOT);
                metrics::counter!(names::SNAPSHOTS_WRITTEN).increment(1);
                writes += 1;
                guarded(|| store.put(&key, &value))
            }
            Ok(Job::Remove(key)) => guarded(|| store.remove(&key)),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) if writes > 0 => {
                writes = 0;
                maintain(store);
                Ok(())
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Ok(()),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                maintain(store);
                return;
            }
        };
        report(outcome);
        if writes >= MAINTAIN_EVERY {
            writes = 0;
            maintain(store);
        }
    }
}

fn maintain(store: &dyn SnapshotStore) {
    report(guarded(|| store.maintain()));
    measure(store);
}

/// Tells the gauges how much space is taken.
fn measure(store: &dyn SnapshotStore) {
    if let Ok((disk, live)) = guarded(|| Ok(store.space())) {
        metrics::gauge!(names::SNAPSHOT_DISK).set(disk as f64);
        metrics::gauge!(names::SNAPSHOT_LIVE).set(live as f64);
    }
}

/// sled panics on some kinds of damage. That must cost a snapshot and neither a conversation nor the writer.
fn guarded<T>(run: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        Err(StoreError::Corrupt {
            place: "the snapshots".to_owned(),
            why: crate::committer::panic_text(&*panic),
        })
    })
}

fn report(outcome: Result<(), StoreError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "a snapshot was not written");
        metrics::counter!(names::SNAPSHOTS_SKIPPED).increment(1);
    }
}
