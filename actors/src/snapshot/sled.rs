//! Snapshots on sled 0.34. Its `flush` promises nothing, so nothing depends on it: every value carries a CRC, a database
//! that does not open is moved aside and begun anew, and one that has grown beyond its live data is copied into a new
//! generation.

use super::SnapshotStore;
use crate::core::tx::StoreError;
use crate::failpoints;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// sled's cache, bytes; it defaults to 1 GiB. Snapshots are read when a conversation comes to life, seldom twice.
const CACHE: u64 = 4 * 1024 * 1024;
/// sled 0.34 divides its cache by page into 256 parts, and a part looks at its size only when 64 accesses of its pages have come
/// together (`lru.rs`). A page has up to 16 snapshots, so that what sled held grew with the conversations at rest, up to 64
/// pages a part, half a gigabyte. So many accesses of the page just used, some 0.4 µs each, make its part look now.
const ACCESSES: usize = 64;
/// Rows between two looks while all are read.
const SPARSE: usize = 64;
/// Databases moved aside that are kept.
const DAMAGED_KEPT: usize = 2;
/// When a generation is copied into a new one to reclaim space: when it takes more than `times` its live data, and more
/// than `floor` bytes (small databases are not worth a copy). By default six times and 64 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roll {
    /// Times the live data.
    pub times: u64,
    /// Bytes.
    pub floor: u64,
}

impl Default for Roll {
    fn default() -> Self {
        Self { times: 6, floor: 64 * 1024 * 1024 }
    }
}

/// See the module.
pub struct SledSnapshots {
    folder: PathBuf,
    roll: Roll,
    live: AtomicU64,
    current: RwLock<Arc<Generation>>,
}

struct Generation {
    number: u64,
    database: sled::Db,
}

impl SledSnapshots {
    /// Opens or creates the snapshots in a folder. Waits up to `lock_wait` for a process that still has them open. Reads
    /// through all snapshots once, to know how much is alive and that they can be read: what a loss of power leaves may
    /// open and lack pages.
    pub fn open(folder: &Path, lock_wait: Duration, roll: Roll) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|error| io("create the snapshots' folder", &error))?;
        let mut numbers = generations(folder)?;
        let newest = numbers.pop().unwrap_or(1);
        // An older generation beside a newer one is what a crash during the copy or the removal left: the newer one may
        // lack snapshots, which is as good as never having had them.
        for old in numbers {
            remove(&path(folder, old));
        }
        let (database, live) = match open_whole(&path(folder, newest), lock_wait) {
            Ok(opened) => opened,
            Err(StoreError::Locked { path }) => return Err(StoreError::Locked { path }),
            Err(error) => {
                let aside = set_aside(&path(folder, newest))?;
                tracing::warn!(
                    error = %error,
                    aside = %aside.display(),
                    "the snapshots cannot be read; they are moved aside and will be rebuilt from the journal"
                );
                metrics::counter!(crate::metrics::SNAPSHOTS_REBUILT).increment(1);
                open_whole(&path(folder, newest), lock_wait)?
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            roll,
            live: AtomicU64::new(live),
            current: RwLock::new(Arc::new(Generation { number: newest, database })),
        })
    }

    /// The number of the generation in use; it grows whenever space is reclaimed.
    pub fn generation(&self) -> u64 {
        self.current().number
    }

    fn current(&self) -> Arc<Generation> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    fn note(&self, added: usize, removed: usize) {
        let (added, removed) = (added as u64, removed as u64);
        let _ = self.live.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |live| {
            Some((live + added).saturating_sub(removed))
        });
    }

    /// Copies what is alive into a new generation and drops the old one. Called by the one writer only, so nothing is
    /// written meanwhile; readers go on with the old one until the switch.
    fn renew(&self) -> Result<(), StoreError> {
        let old = self.current();
        let number = old.number + 1;
        let place = path(&self.folder, number);
        let database = open_sled(&place)?;
        for row in rows(&old.database) {
            let (key, value) = row.map_err(|error| fault("read", &error))?;
            database.insert(key, value).map_err(|error| fault("copy", &error))?;
        }
        database.flush().map_err(|error| fault("flush", &error))?;
        let _ = failpoints::hit(failpoints::DURING_COMPACTION);
        let next = Arc::new(Generation { number, database });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        metrics::counter!(crate::metrics::SNAPSHOT_GENERATIONS).increment(1);
        let doomed = path(&self.folder, old.number);
        drop(old);
        remove(&doomed);
        Ok(())
    }
}

impl SnapshotStore for SledSnapshots {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let current = self.current();
        let found = current.database.get(key).map_err(|error| fault("read", &error))?;
        let Some(bytes) = found else {
            return Ok(None);
        };
        trim(&current.database, key);
        let sealed = bytes.split_first_chunk::<4>();
        match sealed {
            Some((crc, value)) if crc32fast::hash(value) == u32::from_le_bytes(*crc) => {
                Ok(Some(value.to_vec()))
            }
            _ => Err(StoreError::Corrupt {
                place: "a snapshot".to_owned(),
                why: "the checksum does not match".to_owned(),
            }),
        }
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let mut sealed = Vec::with_capacity(4 + value.len());
        sealed.extend_from_slice(&crc32fast::hash(value).to_le_bytes());
        sealed.extend_from_slice(value);
        let size = sealed.len();
        let current = self.current();
        let before = current.database.insert(key, sealed).map_err(|error| fault("write", &error))?;
        trim(&current.database, key);
        match before {
            Some(before) => self.note(size, before.len()),
            None => self.note(size + key.len(), 0),
        }
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), StoreError> {
        let before = self.current().database.remove(key);
        if let Some(before) = before.map_err(|error| fault("remove", &error))? {
            self.note(0, before.len() + key.len());
        }
        Ok(())
    }

    fn maintain(&self) -> Result<(), StoreError> {
        let flushed = self.current().database.flush();
        flushed.map_err(|error| fault("flush", &error))?;
        let (on_disk, live) = self.space();
        if on_disk > self.roll.floor && on_disk > live.saturating_mul(self.roll.times) {
            self.renew()?;
        }
        Ok(())
    }

    fn space(&self) -> (u64, u64) {
        (self.current().database.size_on_disk().unwrap_or(0), self.live.load(Ordering::Relaxed))
    }
}

fn io(what: &'static str, error: &std::io::Error) -> StoreError {
    StoreError::Io { what, why: error.to_string() }
}

fn fault(what: &'static str, error: &sled::Error) -> StoreError {
    StoreError::Io { what, why: error.to_string() }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("generation-{number}"))
}

/// Generations on disk, ascending.
fn generations(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let entries = std::fs::read_dir(folder).map_err(|error| io("list the snapshots", &error))?;
    let mut numbers: Vec<u64> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix("generation-")?.parse().ok()
        })
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_dir_all(path) {
        tracing::warn!(path = %path.display(), %error, "old snapshots cannot be removed");
    }
}

fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = (1u32..)
        .map(|n| path.with_file_name(format!("damaged-{n}-{name}")))
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| path.with_extension("damaged"));
    std::fs::rename(path, &aside).map_err(|error| io("move damaged snapshots aside", &error))?;
    if let Some(folder) = path.parent() {
        forget_damaged(folder);
    }
    Ok(aside)
}

/// Removes what was moved aside but for the newest: kept for whoever looks into the damage, not until the disk is full.
fn forget_damaged(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let moved = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("damaged-"))
    };
    // When the folder was renamed, which its own time of modification does not tell.
    let when = |path: &PathBuf| {
        std::fs::metadata(path).map_or(0, |meta| {
            use std::os::unix::fs::MetadataExt;
            meta.ctime().saturating_mul(1_000_000_000).saturating_add(meta.ctime_nsec())
        })
    };
    let mut damaged: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|p| moved(p)).collect();
    damaged.sort_by_key(|path| std::cmp::Reverse(when(path)));
    damaged.iter().skip(DAMAGED_KEPT).for_each(|path| remove(path));
}

/// Opens a database and reads through it; the second is the size of what is alive.
fn open_whole(path: &Path, lock_wait: Duration) -> Result<(sled::Db, u64), StoreError> {
    let database = open_waiting(path, lock_wait)?;
    let why = match catch_unwind(AssertUnwindSafe(|| count_live(&database))) {
        Ok(Ok(live)) => return Ok((database, live)),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => crate::committer::panic_text(&*panic),
    };
    // It flushes when it is dropped, and may panic over the same damage.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
    Err(StoreError::Corrupt { place: path.display().to_string(), why })
}

fn open_waiting(path: &Path, lock_wait: Duration) -> Result<sled::Db, StoreError> {
    let deadline = Instant::now() + lock_wait;
    loop {
        match open_sled(path) {
            Err(StoreError::Io { why, .. }) if why.contains("could not acquire lock") => {
                if Instant::now() >= deadline {
                    return Err(StoreError::Locked { path: path.display().to_string() });
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

/// sled panics on some kinds of damage.
fn open_sled(path: &Path) -> Result<sled::Db, StoreError> {
    let open = || sled::Config::new().path(path).cache_capacity(CACHE).flush_every_ms(Some(1000)).open();
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(opened) => opened.map_err(|error| fault("open snapshots", &error)),
        Err(_) => Err(StoreError::Corrupt {
            place: path.display().to_string(),
            why: "sled panicked while opening it".to_owned(),
        }),
    }
}

fn count_live(database: &sled::Db) -> sled::Result<u64> {
    let size = |row: sled::Result<(sled::IVec, sled::IVec)>| {
        row.map(|(key, value)| (key.len() + value.len()) as u64)
    };
    rows(database).map(size).sum()
}

/// All rows; what is read of them does not stay with sled.
fn rows(database: &sled::Db) -> impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>> {
    database
        .iter()
        .enumerate()
        .inspect(|(n, row)| {
            if let (true, Ok((key, _))) = (n % SPARSE == 0, row) {
                trim(database, key);
            }
        })
        .map(|(_, row)| row)
}

/// Makes sled forget the pages it need not hold, of the part of its cache that has the page of `key`.
fn trim(database: &sled::Db, key: &[u8]) {
    for _ in 0..ACCESSES {
        // Whoever reads or writes next gets the error.
        if database.contains_key(key).is_err() {
            return;
        }
    }
}
