//! Crashes, panics, failed syncs, damaged snapshots.

use crate::world::{Disk, Edge, log, options, quiet, replays, said, say, start_in, until};
use charla_actors::accept::Refused;
use charla_actors::clock::ManualClock;
use charla_actors::core::tx::StoreError;
use charla_actors::engine::Engine;
use charla_actors::inspect::Inspector;
use charla_actors::options::Options;
use charla_actors::snapshot::memory::MemorySnapshots;
use charla_actors::testing::Counter;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_panics_is_tried_thrice_then_put_aside_and_the_conversation_goes_on() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "a").await;
    say(&engine, "1", "panic").await;
    say(&engine, "1", "look explode").await;
    say(&engine, "1", "loop").await;
    say(&engine, "1", "b").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["a", "parked 3", "parked 3", "parked 3", "b"]);
    assert_eq!(edge.texts(), ["1: a", "2: b"]);
    let stats = engine.stats();
    assert_eq!((stats.panics, stats.parked), (9, 3));
    assert_eq!(replays(&engine), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_of_a_turn_begins_it_again() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let mut ids = Vec::new();
    for person in 0..20 {
        // Looking up something that ends in `a` takes a while.
        ids.push(say(&engine, &person.to_string(), "twice x").await);
        say(&engine, &person.to_string(), "then").await;
    }
    drop(engine);
    let engine = disk.start(&edge).await;
    quiet(&engine).await;
    for id in &ids {
        assert_eq!(log(&engine, id), ["twice x", "looked xa", "looked xb", "then"]);
    }
    assert_eq!(replays(&engine), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_breaks_the_engine_and_nothing_unacknowledged_shows() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "a").await;
    quiet(&engine).await;
    disk.journal.fail_next();
    let refused = engine.accept(vec![said("1", "b", Some("k"))]).await;
    assert!(matches!(&refused, Err(Refused::Broken(why)) if why.contains("E3020")), "{refused:?}");
    let refused = engine.accept(vec![said("1", "c", None)]).await;
    assert!(matches!(refused, Err(Refused::Broken(_))), "{refused:?}");
    assert!(engine.watch_broken().borrow().is_some());
    assert!(engine.stats().broken.is_some());
    drop(engine);

    disk.journal.reopen();
    let engine = disk.start(&edge).await;
    engine.accept(vec![said("1", "b", Some("k"))]).await.unwrap();
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_snapshots_are_not_believed() {
    let disk = Disk::default();
    let edge = Edge::new();
    let eager = Options { snapshot_every_turns: 1, ..options() };
    let engine = disk.start_with(eager.clone(), &edge).await;
    let id = say(&engine, "1", "a").await;
    say(&engine, "1", "b").await;
    quiet(&engine).await;
    assert!(engine.drain(Duration::from_secs(20)).await);
    drop(engine);

    // A journal from an older backup beside newer snapshots.
    let other = Disk { snapshots: disk.snapshots.clone(), ..Disk::default() };
    let engine = other.start_with(eager, &edge).await;
    let same = say(&engine, "1", "z").await;
    assert_eq!(same, id);
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["z"]);
    replays(&engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_snapshot_store_everything_still_works() {
    let disk = Disk::default();
    let edge = Edge::new();
    let start = || {
        let broken = || Err(StoreError::Poisoned);
        Engine::start_on(
            Options { resident_cap: 1, shards: 1, ..options() },
            disk.journal.clone(),
            Box::new(broken),
            Arc::new(Counter::default()),
            edge.clone(),
            disk.clock.clone(),
        )
    };
    let engine = start().await.unwrap();
    for n in 0..3 {
        say(&engine, "1", &format!("a{n}")).await;
        say(&engine, "2", &format!("b{n}")).await;
    }
    quiet(&engine).await;
    for id in engine.conversations(5, None).unwrap() {
        assert_eq!(log(&engine, &id).len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_dropped_without_a_word_goes_on_from_disk_and_so_does_damaged_sled() {
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::new();
    let clock = Arc::new(ManualClock::new(1));
    let mut id = None;
    for round in 0..4 {
        let engine = start_in(folder.path(), &edge, clock.clone()).await;
        for n in 0..20 {
            id = Some(say(&engine, "1", &format!("{round}.{n}")).await);
        }
        quiet(&engine).await;
        if round == 1 {
            assert!(engine.drain(Duration::from_secs(20)).await);
        }
        drop(engine);
        if round == 2 {
            let sled = folder.path().join("snapshots/generation-1");
            until("closed", || {
                // sled's file is free once the writer thread has ended.
                std::fs::read_dir(&sled).is_ok()
            })
            .await;
            std::fs::write(sled.join("conf"), b"damaged").unwrap();
        }
    }
    let engine = start_in(folder.path(), &edge, clock).await;
    let id = id.unwrap();
    let expected: Vec<String> =
        (0..4).flat_map(|round| (0..20).map(move |n| format!("{round}.{n}"))).collect();
    assert_eq!(log(&engine, &id), expected);
    assert_eq!(engine.stats().start, 5);
    replays(&engine);

    // Nobody else can look while it runs.
    let options = Options { data_dir: folder.path().to_owned(), ..options() };
    let locked = Inspector::<Counter>::open(&options);
    assert!(matches!(locked, Err(StoreError::Locked { .. })));
    assert!(engine.drain(Duration::from_secs(20)).await);
    drop(engine);
    let mut inspector = Inspector::<Counter>::open(&options);
    until("closed", || {
        if inspector.is_err() {
            inspector = Inspector::open(&options);
        }
        inspector.is_ok()
    })
    .await;
    let inspector = inspector.unwrap();
    let replay = inspector.replay(&id, Some(&Counter::default())).unwrap();
    assert_eq!(replay.state.log, expected);
    assert!(replay.differences.is_empty());
    let then = inspector.replay_until(&id, None, 4).unwrap();
    assert_eq!(then.state.log.len(), usize::try_from(then.turns).unwrap());
    assert!(then.state.log.len() < expected.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_unhandled_at_too_many_starts_are_put_aside() {
    let disk = Disk::default();
    let edge = Edge::new();
    // Accepted by an engine whose turns never come to an end.
    let held = Arc::new(Stuck);
    let start = || {
        Engine::start_on(
            options(),
            disk.journal.clone(),
            crate::world::memory_snapshots(&Arc::new(MemorySnapshots::default())),
            Arc::new(Counter::default()),
            held.clone(),
            disk.clock.clone(),
        )
    };
    let engine = start().await.unwrap();
    let id = say(&engine, "1", "look x").await;
    drop(engine);
    for _ in 0..9 {
        drop(start().await.unwrap());
    }
    let engine = disk.start(&edge).await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["parked 3"]);
}

struct Stuck;

#[async_trait::async_trait]
impl charla_actors::session::Performer<Counter> for Stuck {
    async fn perform(
        &self,
        _: &charla_actors::session::ConversationId,
        _: &charla_actors::testing::Deed,
    ) -> Option<charla_actors::testing::Note> {
        std::future::pending().await
    }
    async fn dispatch(
        &self,
        _: &charla_actors::session::IdempotencyKey,
        _: &charla_actors::testing::Deed,
        _: u32,
    ) -> charla_actors::session::Dispatch<charla_actors::testing::Note> {
        std::future::pending().await
    }
}
