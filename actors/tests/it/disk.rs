//! What only a real disk does: torn journals, syncs that fail, no space left. The simulation knows the same harm, made up.

use crate::world::{Edge, log, options, quiet, replays, said, say, start_in, until};
use charla_actors::accept::{Delivery, Item, Receipt, Refused};
use charla_actors::clock::{ManualClock, SystemClock};
use charla_actors::core::tx::{Batch, Range, Reader, Row, Space, StoreError};
use charla_actors::engine::Engine;
use charla_actors::failpoints;
use charla_actors::journal::{Journal, fjall::FjallJournal, memory::MemoryJournal};
use charla_actors::options::Options;
use charla_actors::testing::Counter;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const SPACES: [Space; 3] = [Space::Events, Space::Outbox, Space::Dedup];
const WAIT: Duration = Duration::from_secs(10);
/// Where a child process of these tests works.
const FOLDER: &str = "CHARLA_TEST_DISK_FOLDER";

/// One batch writes one row of its number into several spaces: all are there, or none.
fn numbered(n: u32) -> Batch {
    let mut batch = Batch::default();
    for space in SPACES {
        batch.put(space, n.to_be_bytes().to_vec(), vec![n as u8; 200]);
    }
    batch
}

/// How many batches are there, which must be the first ones, whole.
fn whole_batches(journal: &dyn Reader) -> usize {
    let rows = |space| journal.scan(space, &Range::all(), false, usize::MAX).unwrap();
    let known: Vec<Row> = rows(SPACES[0]);
    for space in SPACES {
        assert_eq!(rows(space), known, "{space:?} has another part of some batch");
    }
    for (n, (key, value)) in (0u32..).zip(&known) {
        assert_eq!((key, value), (&n.to_be_bytes().to_vec(), &vec![n as u8; 200]), "a gap");
    }
    known.len()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// fjall's write-ahead log, relative to the folder, and where its last written byte is.
fn log_file(folder: &Path) -> (PathBuf, usize) {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "jnl"))
        .collect();
    found.sort();
    let path = found.pop().expect("fjall keeps its log as *.jnl");
    // The file is set to its full length from the start; these tests write little of it.
    let mut bytes = Vec::new();
    std::fs::File::open(&path).unwrap().take(1 << 16).read_to_end(&mut bytes).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    (path.strip_prefix(folder).unwrap().to_owned(), end)
}

#[test]
fn a_torn_journal_tail_is_dropped_whole_and_the_journal_goes_on() {
    const BATCHES: u32 = 12;
    let origin = tempfile::tempdir().unwrap();
    let journal = FjallJournal::open(origin.path(), WAIT).unwrap();
    let mut ends = Vec::new();
    for n in 0..BATCHES {
        journal.commit(numbered(n)).unwrap();
        ends.push(log_file(origin.path()).1);
    }
    // As a power loss leaves it: nothing is closed.
    let torn = tempfile::tempdir().unwrap();
    copy(origin.path(), &torn.path().join("origin"));
    drop(journal);
    let (name, end) = log_file(&torn.path().join("origin"));
    let log = std::fs::OpenOptions::new().write(true).open(torn.path().join("origin").join(&name)).unwrap();
    log.set_len(end as u64 + 4096).unwrap();
    drop(log);
    let last_whole = ends[ends.len() - 2];
    let mut counts = BTreeMap::<usize, u32>::new();
    for tear in 0..14 {
        // The first one leaves all, the others cut the last batch and at the end some of the one before.
        let cut = end - tear * (end - last_whole + 40) / 13;
        for zeroed in [false, true] {
            let folder = torn.path().join(format!("{tear}-{zeroed}"));
            copy(&torn.path().join("origin"), &folder);
            let file = std::fs::OpenOptions::new().write(true).open(folder.join(&name)).unwrap();
            let length = file.metadata().unwrap().len();
            file.set_len(cut as u64).unwrap();
            if zeroed {
                // The file's length was on disk, its last sectors were not.
                file.set_len(length).unwrap();
            }
            drop(file);
            let journal = FjallJournal::open(&folder, WAIT).unwrap();
            let there = whole_batches(&journal);
            *counts.entry(there).or_default() += 1;
            let least = ends.iter().filter(|end| **end <= cut).count();
            assert!(there >= least, "cut at {cut}: {there} batches, {least} were whole");
            journal.commit(numbered(u32::try_from(there).unwrap())).unwrap();
            drop(journal);
            let journal = FjallJournal::open(&folder, WAIT).unwrap();
            assert_eq!(whole_batches(&journal), there + 1, "cut at {cut}: what came after the tear");
        }
    }
    assert!(counts.len() >= 2, "the tears tore nothing: {counts:?}");
}

/// A disk whose sync fails once, with EIO. Nobody knows what it has: it must not be written again.
#[derive(Default)]
struct Failing {
    below: Arc<MemoryJournal>,
    fail: AtomicBool,
    failed: AtomicBool,
    written_since: AtomicU64,
}

impl Reader for Failing {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.below.get(space, key)
    }
    fn scan(&self, space: Space, range: &Range, reverse: bool, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.below.scan(space, range, reverse, limit)
    }
}

impl Journal for Failing {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.failed.load(Ordering::SeqCst) {
            self.written_since.fetch_add(1, Ordering::SeqCst);
        }
        if self.fail.load(Ordering::SeqCst) {
            self.failed.store(true, Ordering::SeqCst);
            let why = "Input/output error (os error 5)".to_owned();
            return Err(StoreError::Io { what: "sync", why });
        }
        self.below.commit(batch)
    }
    fn disk_space(&self) -> u64 {
        0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_eio_on_sync_nothing_is_acknowledged_and_the_same_file_is_never_synced_again() {
    let (edge, journal) = (Edge::new(), Arc::new(Failing::default()));
    let clock = Arc::new(ManualClock::new(1_000));
    let engine = Engine::start_on(
        options(),
        journal.clone(),
        Box::new(|| Err(StoreError::Poisoned)),
        Arc::new(Counter::default()),
        edge.clone(),
        clock.clone(),
    )
    .await
    .unwrap();
    let id = say(&engine, "1", "timer tea 50").await;
    quiet(&engine).await;
    journal.fail.store(true, Ordering::SeqCst);
    let refused = engine.accept(vec![said("1", "a", None)]).await;
    assert!(matches!(&refused, Err(Refused::Broken(why)) if why.contains("os error 5")), "{refused:?}");
    // The disk would work again; that is what must not be relied on.
    journal.fail.store(false, Ordering::SeqCst);
    clock.advance(100);
    for _ in 0..3 {
        let status = Item::Status {
            external_id: "x".to_owned(),
            key: None,
            status: Delivery::Read,
            at: 1,
            on_failed: None,
        };
        for item in [said("1", "b", None), status] {
            let refused = engine.accept(vec![item]).await;
            assert!(matches!(refused, Err(Refused::Broken(_))), "{refused:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(engine.stats().broken.is_some());
    assert!(!engine.drain(Duration::from_millis(200)).await, "no stop in good order");
    assert_eq!(journal.written_since.load(Ordering::SeqCst), 0);
    assert_eq!(log(&engine, &id), ["timer tea 50"]);
}

/// Starts this test binary again as `test`, in a folder.
fn child(mut command: Command, test: &str, folder: &Path, arm: &str) -> Output {
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(failpoints::VARIABLE, arm)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Not a test of its own: what the child process of the next one runs.
#[test]
fn child_whose_sync_fails() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    failpoints::arm_from_environment().unwrap();
    let folder = Path::new(&folder);
    let journal = FjallJournal::open(folder, WAIT).unwrap();
    let failed = journal.commit(numbered(0));
    assert!(matches!(failed, Err(StoreError::Io { what: "sync", .. })), "{failed:?}");
    let written = log_file(folder);
    for n in 0..5 {
        assert_eq!(journal.commit(numbered(n)), Err(StoreError::Poisoned));
    }
    assert_eq!(log_file(folder), written, "a poisoned journal was written");
}

#[test]
fn a_journal_whose_sync_failed_writes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    drop(FjallJournal::open(folder.path(), WAIT).unwrap());
    let command = Command::new(std::env::current_exe().unwrap());
    let output = child(command, "disk::child_whose_sync_fails", folder.path(), "sync-error=error");
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("1 passed"), "{}", told(&output));
}

/// Not a test of its own: what the child process of the next one runs, on a file system of a few MiB.
#[tokio::test(flavor = "multi_thread")]
async fn child_on_a_full_disk() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![1; 12 << 20]).unwrap();
    let edge = Edge::new();
    let engine = start_in(folder, &edge, Arc::new(SystemClock::default())).await;
    // Nothing that compresses, or the disk is never full.
    let mut dice = fastrand::Rng::with_seed(7);
    let long: String = std::iter::repeat_with(|| dice.alphanumeric()).take(8 << 10).collect();
    let mut acknowledged = Vec::new();
    let why = loop {
        // Everybody says one thing, so that no state grows.
        let n = acknowledged.len();
        assert!(n < 1_000, "the disk is never full");
        let text = format!("silent {n} {long}");
        match engine.accept(vec![said(&n.to_string(), &text, Some(&n.to_string()))]).await {
            Ok(receipts) => match &receipts[..] {
                [Receipt::Accepted { conversation: Some(id), .. }] => acknowledged.push((id.clone(), text)),
                other => panic!("{other:?}"),
            },
            Err(refused) => break refused,
        }
    };
    assert!(matches!(&why, Refused::Broken(why) if why.contains("E3020")), "{why:?}");
    let more = engine.accept(vec![said("2", "more", None)]).await;
    assert!(matches!(more, Err(Refused::Broken(_))), "{more:?}");
    assert!(!engine.drain(Duration::from_millis(500)).await);
    drop(engine);

    // Somebody makes room and starts it again.
    std::fs::remove_file(&ballast).unwrap();
    let mut journal = FjallJournal::open(&Options::in_dir(folder).data_dir.join("journal"), WAIT);
    until("closed", || {
        if journal.is_err() {
            journal = FjallJournal::open(&Options::in_dir(folder).data_dir.join("journal"), WAIT);
        }
        journal.is_ok()
    })
    .await;
    drop(journal);
    let engine = start_in(folder, &edge, Arc::new(SystemClock::default())).await;
    let refused = acknowledged.len().to_string();
    let id = say(&engine, &refused, "silent after").await;
    quiet(&engine).await;
    assert!(!acknowledged.is_empty());
    for (id, text) in &acknowledged {
        assert!(log(&engine, id) == [text.as_str()], "{id} lost what was acknowledged");
    }
    // What was refused may be there: nobody was told that it is not.
    let after = log(&engine, &id);
    assert!(after.len() <= 2 && after.last().is_some_and(|last| last == "silent after"));
    replays(&engine);
}

#[test]
fn a_full_disk_refuses_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let small = |then: &str| {
        let mut command = Command::new("unshare");
        let script = format!("mount -t tmpfs -o size=16m tmpfs \"${FOLDER}\" && {then}");
        command.args(["-Urm", "sh", "-c", &script, "sh"]);
        command
    };
    let may = small("true").env(FOLDER, folder.path()).output();
    if !may.is_ok_and(|output| output.status.success()) {
        println!("skipped: no small file system can be mounted here (unshare -Urm, tmpfs)");
        return;
    }
    let mut command = small("exec \"$@\"");
    command.arg(std::env::current_exe().unwrap());
    let output = child(command, "disk::child_on_a_full_disk", folder.path(), "");
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("1 passed"), "{}", told(&output));
}
