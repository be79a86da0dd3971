//! Damage in the journal is found and named; a sound one has no findings. Snapshots are compared with it.

use crate::world::{Disk, Edge, Handle, options, quiet, say};
use charla_actors::core::tx::{Batch, Range, Reader, Space};
use charla_actors::journal::Journal;
use charla_actors::options::Options;
use charla_actors::snapshot::SnapshotStore;
use std::time::Duration;

/// A row set or removed.
type Write = (Vec<u8>, Option<Vec<u8>>);

async fn talked(disk: &Disk) -> Handle {
    let options = Options { snapshot_every_turns: 2, ..options() };
    let engine = disk.start_with(options, &Edge::new()).await;
    for text in ["hi", "timer later 500000", "queue", "pay rent", "hi again"] {
        say(&engine, "1", text).await;
        say(&engine, "2", text).await;
        // Event, turn, event, turn: the test below takes records by their place.
        quiet(&engine).await;
    }
    engine
}

fn rows(disk: &Disk, space: Space) -> Vec<(Vec<u8>, Vec<u8>)> {
    disk.journal.scan(space, &Range::all(), false, usize::MAX).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_any_table_is_named() {
    let disk = Disk::default();
    let engine = talked(&disk).await;
    let inspector = engine.inspector();
    let sound = inspector.verify().unwrap();
    assert_eq!(sound.findings, Vec::<String>::new());
    assert!(sound.records > 15 && sound.rows > 10);

    let (events, timers, views) =
        (rows(&disk, Space::Events), rows(&disk, Space::Timers), rows(&disk, Space::Views));
    let (deliveries, people) = (rows(&disk, Space::Deliveries), rows(&disk, Space::Aliases));
    assert!(!timers.is_empty() && !views.is_empty() && !deliveries.is_empty() && people.len() >= 4);
    let flipped = |row: &(Vec<u8>, Vec<u8>)| {
        let mut value = row.1.clone();
        *value.last_mut().unwrap() ^= 1;
        (row.0.clone(), Some(value))
    };
    let phone = people.iter().find(|(key, _)| key[0] == b'f').unwrap();
    let cases: Vec<(Space, Write, &str)> = vec![
        (Space::Events, flipped(&events[1]), "checksum"),
        // The turn that handled the first event is gone: nobody will ever answer it.
        (Space::Events, (events[1].0.clone(), None), "by no turn handled"),
        (Space::Pending, (events[0].0.clone(), Some(vec![0x82])), "pending"),
        (Space::Timers, (timers[0].0.clone(), None), "will never fire"),
        (Space::Outbox, (deliveries[0].0.clone(), Some(vec![0xC1])), "outbox"),
        (Space::Deliveries, (deliveries[0].0.clone(), Some(vec![0xC1])), "deliveries"),
        (Space::Views, (views[0].0.clone(), Some(vec![1])), "without its conversation"),
        (Space::Aliases, (phone.0.clone(), None), "on record as another's"),
        (Space::Aliases, (vec![b'?'], Some(vec![0])), "foreign key"),
    ];
    for (space, (key, value), expected) in cases {
        let before = disk.journal.get(space, &key).unwrap();
        let set = |value: Option<Vec<u8>>| {
            let mut batch = Batch::default();
            match value {
                Some(value) => batch.put(space, key.clone(), value),
                None => batch.remove(space, key.clone()),
            }
            disk.journal.commit(batch).unwrap();
        };
        set(value);
        let found = inspector.verify().unwrap().findings;
        assert!(found.iter().any(|it| it.contains(expected)), "{space:?}: {found:?} has no \"{expected}\"");
        set(before);
        assert_eq!(inspector.verify().unwrap().findings, Vec::<String>::new(), "{space:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_equal_the_journal_bit_for_bit_or_are_named() {
    let disk = Disk::default();
    let engine = talked(&disk).await;
    assert!(engine.drain(Duration::from_secs(5)).await);
    let inspector = engine.inspector();
    let found = inspector.compare(&*disk.snapshots).unwrap();
    assert_eq!((found.equal, found.stale, found.unreadable), (2, 0, 0), "{found:?}");
    assert!(found.differences.is_empty());

    let id = inspector.conversations(1, None).unwrap().remove(0);
    let key = rows(&disk, Space::Events)[0].0.split_at(rows(&disk, Space::Events)[0].0.len() - 8).0.to_vec();
    let mut bytes = disk.snapshots.get(&key).unwrap().unwrap();
    // A letter of what was said: it still reads, and says something else.
    let place = bytes.windows(8).position(|it| it == b"hi again").unwrap();
    bytes[place] = b'H';
    disk.snapshots.put(&key, &bytes).unwrap();
    let found = inspector.compare(&*disk.snapshots).unwrap();
    assert_eq!(found.equal, 1);
    assert_eq!(found.differences.iter().map(|it| &it.0).collect::<Vec<_>>(), [&id]);
    disk.snapshots.put(&key, &[0xC1]).unwrap();
    assert_eq!(inspector.compare(&*disk.snapshots).unwrap().unreadable, 1);
}
