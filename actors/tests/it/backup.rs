//! Backups taken while the engine serves, and engines started from them.

use crate::world::{Edge, log, options, quiet, replays, say, start_in, until};
use charla_actors::backup::{BackupError, restore};
use charla_actors::clock::ManualClock;
use charla_actors::options::Options;
use charla_actors::session::Dispatch;
use charla_actors::testing::Counter;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const NOW: i64 = 1_700_000_000_000;

fn into(folder: &Path) -> Options {
    Options { data_dir: folder.to_owned(), ..options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_traffic_is_of_one_moment_and_a_prefix_of_what_followed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let engine = start_in(&folder.path().join("first"), &Edge::new(), clock.clone()).await;
    let talking = engine.clone();
    let talk = tokio::spawn(async move {
        let mut ids = BTreeSet::new();
        for round in 0..60 {
            for phone in 0..20 {
                ids.insert(say(&talking, &phone.to_string(), &format!("{phone}-{round}")).await);
            }
        }
        ids
    });
    let events = engine.clone();
    until("well under way", || events.stats().accepted > 200).await;
    let file = folder.path().join("charla.backup");
    let (copied, path) = (engine.clone(), file.clone());
    let written = tokio::task::spawn_blocking(move || copied.inspector().backup(&path, NOW, &mut |_| ()))
        .await
        .unwrap()
        .unwrap();
    assert!(!talk.is_finished(), "the talk was over before the backup was: it shows nothing");
    let ids = talk.await.unwrap();
    quiet(&engine).await;

    let second = folder.path().join("second");
    let (header, read) = restore::<Counter>(&file, &into(&second), NOW + 5, &mut |_| ()).unwrap();
    assert_eq!((header.created_ms, read), (NOW, written));
    let restored = start_in(&second, &Edge::new(), clock).await;
    quiet(&restored).await;
    assert!(replays(&restored) > 0);
    let mut shorter = 0;
    for id in &ids {
        let (whole, part) =
            (log(&engine, id), restored.state(id).unwrap().map(|it| it.log).unwrap_or_default());
        assert!(whole.starts_with(&part), "{id}: {part:?} is no beginning of {whole:?}");
        shorter += usize::from(part.len() < whole.len());
    }
    assert!(shorter > 0, "nothing was said after the backup: it shows nothing");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let first = folder.path().join("first");
        assert_eq!([mode(&file), mode(&first), mode(&second)], [0o600, 0o700, 0o700]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_ended_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start_in(&folder.path().join("first"), &Edge::new(), Arc::new(ManualClock::new(NOW))).await;
    // More than a block, of nothing that compresses.
    let mut dice = fastrand::Rng::with_seed(7);
    for n in 0..40 {
        let long: String = std::iter::repeat_with(|| dice.alphanumeric()).take(16 << 10).collect();
        say(&engine, &n.to_string(), &format!("silent {long}")).await;
    }
    quiet(&engine).await;
    let places = folder.path().join("backups");
    std::fs::create_dir(&places).unwrap();
    let mut told = 0;
    let ended = engine.inspector().backup_while(&places.join("charla.backup"), NOW, &mut |_| {
        told += 1;
        Err(std::io::Error::other("somebody ends it"))
    });
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("CHARLA-E3050") && error.contains("somebody ends it"), "{error}");
    assert_eq!((told, std::fs::read_dir(&places).unwrap().count()), (1, 0), "tellings, files");
}

/// Idempotency keys and persons' numbers are known to others: what the lost engine gave after the backup must not be given
/// again to something else.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_after_the_backup_is_not_told_again_under_the_same_name() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let edge = Edge::new();
    let engine = start_in(&folder.path().join("first"), &edge, clock.clone()).await;
    let old = say(&engine, "1", "pay before").await;
    quiet(&engine).await;
    let file = folder.path().join("charla.backup");
    engine.inspector().backup(&file, NOW, &mut |_| ()).unwrap();
    let before = edge.tries.lock().unwrap().len();
    say(&engine, "1", "pay after").await;
    let lost = say(&engine, "2", "pay new person").await;
    quiet(&engine).await;
    let given: BTreeSet<_> = edge.tries.lock().unwrap()[before..].iter().map(|it| it.key.clone()).collect();
    assert!(given.len() >= 2);

    clock.advance(60_000);
    let second = folder.path().join("second");
    restore::<Counter>(&file, &into(&second), NOW + 60_000, &mut |_| ()).unwrap();
    let edge = Edge::new();
    let restored = start_in(&second, &edge, clock).await;
    assert_eq!(say(&restored, "1", "pay something else").await, old);
    let new = say(&restored, "3", "pay another person").await;
    quiet(&restored).await;
    assert_ne!(new.person, lost.person);
    let again: BTreeSet<_> = edge.tries.lock().unwrap().iter().map(|it| it.key.clone()).collect();
    assert!(again.len() >= 2);
    assert_eq!(given.intersection(&again).collect::<Vec<_>>(), Vec::<&_>::new());
    replays(&restored);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_its_way_at_the_backup_is_in_doubt_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let edge = Edge::scripted([Dispatch::Settled { external_id: None, result: None }]);
    let first = start_in(&folder.path().join("first"), &edge, clock.clone()).await;
    let held = edge.held.write().await;
    let id = say(&first, "1", "pay rent").await;
    until("on its way", || !edge.tries.lock().unwrap().is_empty()).await;
    let file = folder.path().join("charla.backup");
    first.inspector().backup(&file, NOW, &mut |_| ()).unwrap();
    drop(held);
    quiet(&first).await;

    let second = folder.path().join("second");
    restore::<Counter>(&file, &into(&second), NOW, &mut |_| ()).unwrap();
    let edge = Edge::new();
    let restored = start_in(&second, &edge, clock).await;
    quiet(&restored).await;
    assert!(!edge.texts().contains(&"rent".to_owned()), "a payment was made twice: {:?}", edge.texts());
    let told = log(&restored, &id);
    assert!(told.iter().any(|line| line.starts_with("unknown")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_anywhere_and_nothing_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start_in(&folder.path().join("first"), &Edge::new(), Arc::new(ManualClock::new(NOW))).await;
    for n in 0..20 {
        say(&engine, &n.to_string(), "hello").await;
    }
    quiet(&engine).await;
    let file = folder.path().join("charla.backup");
    engine.inspector().backup(&file, NOW, &mut |_| ()).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let target = folder.path().join("second");
    let mut tried = 0;
    let mut harmed = |bytes: &[u8], what: &str| {
        std::fs::write(&file, bytes).unwrap();
        let error = restore::<Counter>(&file, &into(&target), NOW, &mut |_| ()).unwrap_err();
        assert!(matches!(error, BackupError::Damaged { .. }), "{what}: {error}");
        assert!(!target.join("journal").exists() && !target.join("journal.restoring").exists(), "{what}");
        tried += 1;
    };
    let step = whole.len() / 40 + 1;
    for at in (0..whole.len()).step_by(step) {
        harmed(&whole[..at], &format!("cut at {at} of {}", whole.len()));
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        harmed(&flipped, &format!("bit at {at} of {}", whole.len()));
    }
    // The last block tells a whole file from one that was cut between two blocks.
    harmed(&whole[..whole.len() - 17], "without its end");
    assert!(tried > 60);
    std::fs::write(&file, &whole).unwrap();
    restore::<Counter>(&file, &into(&target), NOW, &mut |_| ()).unwrap();
    let error = restore::<Counter>(&file, &into(&target), NOW, &mut |_| ()).unwrap_err();
    assert!(matches!(error, BackupError::Occupied { .. }), "{error}");
}
