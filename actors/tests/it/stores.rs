//! One kit for all journals, one for all snapshot stores.

use charla_actors::core::tx::{Batch, Range, Reader, Row, Space};
use charla_actors::journal::{Journal, fjall::FjallJournal, memory::MemoryJournal};
use charla_actors::snapshot::{
    SnapshotStore,
    memory::MemorySnapshots,
    sled::{Roll, SledSnapshots},
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

type Model = BTreeMap<(Space, Vec<u8>), Vec<u8>>;

fn journal_kit(journal: &dyn Journal, batches: Vec<Vec<(usize, u8, Option<u8>)>>, model: &mut Model) {
    for writes in batches {
        let mut batch = Batch::default();
        for (space, key, value) in writes {
            let (space, key) = (Space::ALL[space], vec![key]);
            match value {
                Some(value) => {
                    batch.put(space, key.clone(), vec![value; 3]);
                    model.insert((space, key), vec![value; 3]);
                }
                None => {
                    batch.remove(space, key.clone());
                    model.remove(&(space, key));
                }
            }
        }
        journal.commit(batch).unwrap();
        compare(journal, model);
    }
}

fn compare(journal: &dyn Reader, model: &Model) {
    for space in Space::ALL {
        let rows: Vec<Row> = model
            .iter()
            .filter(|((of, _), _)| *of == space)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect();
        assert_eq!(journal.scan(space, &Range::all(), false, usize::MAX).unwrap(), rows);
        let mut backwards = rows.clone();
        backwards.reverse();
        backwards.truncate(2);
        assert_eq!(journal.scan(space, &Range::all(), true, 2).unwrap(), backwards);
        for (key, value) in &rows {
            assert_eq!(journal.get(space, key).unwrap().as_ref(), Some(value));
            let one = Range::prefix(key);
            assert_eq!(journal.scan(space, &one, false, 9).unwrap(), [(key.clone(), value.clone())]);
        }
        let middle = Range { from: vec![3], to: Some(vec![6]) };
        let expected: Vec<Row> = rows.into_iter().filter(|(key, _)| (3..6).contains(&key[0])).collect();
        assert_eq!(journal.scan(space, &middle, false, usize::MAX).unwrap(), expected);
    }
    assert_eq!(journal.get(Space::Meta, b"never").unwrap(), None);
    let nothing = Range { from: vec![6], to: Some(vec![3]) };
    assert!(journal.scan(Space::Events, &nothing, true, 9).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn journals_hold_what_was_committed(
        batches in prop::collection::vec(
            prop::collection::vec((0usize..12, 0u8..10, prop::option::of(any::<u8>())), 1..12),
            1..8,
        ),
    ) {
        journal_kit(&MemoryJournal::default(), batches.clone(), &mut Model::new());
        let folder = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let wait = Duration::from_secs(10);
        let journal = FjallJournal::open(folder.path(), wait).unwrap();
        journal_kit(&journal, batches, &mut model);
        drop(journal);
        compare(&FjallJournal::open(folder.path(), wait).unwrap(), &model);
    }
}

fn snapshot_kit(store: &dyn SnapshotStore) {
    assert_eq!(store.get(b"a").unwrap(), None);
    store.put(b"a", b"one").unwrap();
    store.put(b"b", &[]).unwrap();
    store.put(b"a", b"another").unwrap();
    assert_eq!(store.get(b"a").unwrap().as_deref(), Some(b"another".as_slice()));
    assert_eq!(store.get(b"b").unwrap().as_deref(), Some(b"".as_slice()));
    store.maintain().unwrap();
    store.remove(b"b").unwrap();
    store.remove(b"never").unwrap();
    assert_eq!(store.get(b"b").unwrap(), None);
    let (_, live) = store.space();
    assert!(live >= 8, "{live}");
}

fn sled(folder: &Path, times: u64) -> SledSnapshots {
    let roll = Roll { times, floor: 0 };
    SledSnapshots::open(folder, Duration::from_secs(10), roll).unwrap()
}

#[test]
fn snapshot_stores_hold_the_newest() {
    snapshot_kit(&MemorySnapshots::default());
    let folder = tempfile::tempdir().unwrap();
    let store = sled(folder.path(), u64::MAX);
    snapshot_kit(&store);
    drop(store);
    let store = sled(folder.path(), u64::MAX);
    assert_eq!(store.get(b"a").unwrap().as_deref(), Some(b"another".as_slice()));
}

#[test]
fn sled_that_does_not_open_is_moved_aside() {
    for damage in ["conf", "db"] {
        let folder = tempfile::tempdir().unwrap();
        let store = sled(folder.path(), u64::MAX);
        store.put(b"a", b"one").unwrap();
        store.maintain().unwrap();
        drop(store);
        let place = folder.path().join("generation-1");
        if damage == "db" {
            std::fs::remove_file(place.join("db")).unwrap();
            std::fs::create_dir(place.join("db")).unwrap();
        } else {
            std::fs::write(place.join(damage), vec![0xa5; 64]).unwrap();
        }
        let store = sled(folder.path(), u64::MAX);
        assert_eq!(store.get(b"a").unwrap(), None, "{damage}");
        snapshot_kit(&store);
        assert!(folder.path().join("damaged-1-generation-1").exists());
    }
}

#[test]
fn of_damaged_databases_the_newest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for time in 0..4u8 {
        let store = sled(folder.path(), u64::MAX);
        store.put(b"a", b"one").unwrap();
        store.maintain().unwrap();
        drop(store);
        std::fs::write(folder.path().join("generation-1/conf"), vec![0xa5; 64]).unwrap();
        std::fs::write(folder.path().join("generation-1/mark"), [time]).unwrap();
    }
    drop(sled(folder.path(), u64::MAX));
    let aside = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path());
    let aside = aside.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("damaged-"));
    let mut marks: Vec<u8> = aside.map(|path| std::fs::read(path.join("mark")).unwrap()[0]).collect();
    marks.sort_unstable();
    assert_eq!(marks, [2, 3]);
}

#[test]
fn sled_rolls_a_generation_when_it_outgrows_its_live_data() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled(folder.path(), 1);
    for n in 0u32..5_000 {
        store.put(&(n % 50).to_be_bytes(), &[7; 100]).unwrap();
    }
    store.maintain().unwrap();
    assert_eq!(store.generation(), 2);
    for n in 0u32..50 {
        assert_eq!(store.get(&n.to_be_bytes()).unwrap().unwrap(), vec![7; 100]);
    }
    assert!(!folder.path().join("generation-1").exists());
    drop(store);
    let store = sled(folder.path(), u64::MAX);
    assert_eq!(store.generation(), 2);
    assert_eq!(store.space().1, 50 * (4 + 4 + 100));
}

/// Opens in a thread of its own, because damage can make sled go round in circles.
fn opens(folder: &Path) -> Option<SledSnapshots> {
    let (done, opened) = std::sync::mpsc::channel();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        let roll = Roll { times: u64::MAX, floor: 0 };
        let store = SledSnapshots::open(&folder, Duration::from_secs(10), roll);
        let _ = done.send(store);
    });
    let store = opened.recv_timeout(Duration::from_secs(20)).ok()?;
    Some(store.unwrap())
}

#[test]
fn sled_damaged_anywhere_opens_or_is_moved_aside() {
    let origin = tempfile::tempdir().unwrap();
    let store = sled(origin.path(), u64::MAX);
    for n in 0u32..2_000 {
        store.put(&n.to_be_bytes(), &[n as u8; 300]).unwrap();
    }
    store.maintain().unwrap();
    drop(store);
    let database = std::fs::read(origin.path().join("generation-1/db")).unwrap();
    // Zeros are what a loss of power leaves, here and there and where the file was to grow.
    let part = |n: usize| database.len() * n / 24;
    let harms = (0..24).flat_map(|n| {
        let slice = part(n)..part(n) + database.len() / 48;
        [(slice.clone(), 0xa5), (slice, 0), (part(n)..database.len(), 0)]
    });
    for (place, fill) in harms {
        let what = format!("{fill} at {place:?} of {}", database.len());
        let folder = tempfile::tempdir().unwrap();
        let generation = folder.path().join("generation-1");
        std::fs::create_dir_all(&generation).unwrap();
        for entry in std::fs::read_dir(origin.path().join("generation-1")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), generation.join(entry.file_name())).unwrap();
            }
        }
        let mut damaged = database.clone();
        damaged[place].fill(fill);
        std::fs::write(generation.join("db"), damaged).unwrap();
        let store = opens(folder.path()).unwrap_or_else(|| panic!("{what}: never opens"));
        store.put(b"new", b"row").unwrap();
        assert_eq!(store.get(b"new").unwrap().as_deref(), Some(b"row".as_slice()), "{what}");
    }
}

/// What a loss of power left in the tests of `power`: it opens, and sled panics when it is read through ("cannot find pid 3 in
/// view_for_key").
#[test]
fn sled_that_opens_and_cannot_be_read_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let archive =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sled-after-power-loss.tar.gz");
    let mut tar = std::process::Command::new("tar");
    tar.arg("-xzf").arg(&archive).arg("-C").arg(folder.path());
    assert!(tar.status().unwrap().success());
    let store = opens(folder.path()).unwrap();
    assert!(folder.path().join("damaged-1-generation-1").exists());
    snapshot_kit(&store);
}
