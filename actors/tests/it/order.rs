//! Order, deduplication, effects, timers, views, passivation.

use crate::world::{Disk, Edge, log, options, quiet, replays, said, say, start_in, until};
use charla_actors::accept::{Receipt, Refused};
use charla_actors::clock::ManualClock;
use charla_actors::options::Options;
use charla_actors::session::Dispatch;
use charla_actors::testing::Counter;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_once_and_replays() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let mut touched = engine.subscribe();
    let id = say(&engine, "1", "hello").await;
    quiet(&engine).await;
    assert_eq!(edge.texts(), ["1: hello"]);
    assert_eq!(log(&engine, &id), ["hello"]);
    assert_eq!(touched.recv().await.unwrap(), id);
    assert_eq!(replays(&engine), 1);
    let replay = engine.replay(&id).unwrap();
    assert_eq!(replay.state, engine.state(&id).unwrap().unwrap());
    assert!(engine.drain(Duration::from_secs(20)).await);
    let refused = engine.accept(vec![said("1", "more", None)]).await;
    assert_eq!(refused, Err(Refused::Stopping));
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_exactly_once_hold_under_concurrency_on_disk() {
    const PEOPLE: usize = 20;
    const MESSAGES: usize = 25;
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::new();
    let clock = Arc::new(ManualClock::new(1));
    let engine = start_in(folder.path(), &edge, clock.clone()).await;
    let mut people = Vec::new();
    for person in 0..PEOPLE {
        let engine = engine.clone();
        people.push(tokio::spawn(async move {
            let phone = format!("{person}");
            let mut duplicates = 0;
            for n in 0..MESSAGES {
                let key = format!("{person}-{n}");
                let item = || vec![said(&phone, &format!("m{n}"), Some(&key))];
                // Both copies at the same time: one waits for the other's commit.
                let (a, b) = tokio::join!(engine.accept(item()), engine.accept(item()));
                for receipts in [a.unwrap(), b.unwrap()] {
                    duplicates += usize::from(receipts == [Receipt::Duplicate]);
                }
            }
            duplicates
        }));
    }
    for person in people {
        assert_eq!(person.await.unwrap(), MESSAGES);
    }
    quiet(&engine).await;
    let ids = engine.conversations(100, None).unwrap();
    assert_eq!(ids.len(), PEOPLE);
    let expected: Vec<String> = (0..MESSAGES).map(|n| format!("m{n}")).collect();
    let answers: Vec<String> = (0..MESSAGES).map(|n| format!("{}: m{n}", n + 1)).collect();
    for id in &ids {
        assert_eq!(log(&engine, id), expected);
        assert_eq!(edge.texts_of(id), answers);
    }
    assert_eq!(replays(&engine), (PEOPLE * MESSAGES) as u64);
    assert!(engine.drain(Duration::from_secs(30)).await);
    drop(engine);

    // The same folder goes on where it stopped, and still knows the keys.
    let engine = start_in(folder.path(), &edge, clock).await;
    assert_eq!(engine.stats().start, 2);
    let again = engine.accept(vec![said("3", "m3", Some("3-3"))]).await.unwrap();
    assert_eq!(again, [Receipt::Duplicate]);
    let id = say(&engine, "3", "more").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id).len(), MESSAGES + 1);
    assert_eq!(edge.texts_of(&id).last().unwrap(), &format!("{}: more", MESSAGES + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_within_one_body_is_dropped_and_keys_expire_after_ten_days() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let body = || vec![said("1", "x", Some("k")), said("1", "x", Some("k")), said("2", "x", Some("j"))];
    let receipts = engine.accept(body()).await.unwrap();
    assert_eq!(receipts[1], Receipt::Duplicate);
    assert!(receipts[0] != Receipt::Duplicate && receipts[2] != Receipt::Duplicate);
    let day = 24 * 60 * 60 * 1000;
    disk.clock.advance(10 * day - 1);
    assert_eq!(engine.accept(body()).await.unwrap(), vec![Receipt::Duplicate; 3]);
    disk.clock.advance(2);
    assert!(engine.accept(body()).await.unwrap()[0] != Receipt::Duplicate);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_of_ephemeral_effects_continue_the_turn_in_the_order_asked_for() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "twice x").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["twice x", "looked xa", "looked xb"]);
    assert_eq!(edge.texts(), ["found xa", "found xb"]);
    assert_eq!(replays(&engine), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_durable_effect_s_result_is_a_turn_of_its_own() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "pay rent").await;
    until("paid", || log(&engine, &id).len() == 2).await;
    assert_eq!(log(&engine, &id), ["pay rent", "done rent"]);
    quiet(&engine).await;
    assert_eq!(replays(&engine), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_of_a_conversation_leave_in_order_though_the_first_is_refused_at_first() {
    let disk = Disk::default();
    let retry = || Dispatch::Retry { after: Duration::from_millis(5), reason: "busy" };
    let edge = Edge::scripted([retry(), retry()]);
    let engine = disk.start(&edge).await;
    say(&engine, "1", "many 3").await;
    quiet(&engine).await;
    assert_eq!(edge.texts(), ["1.0", "1.0", "1.0", "1.1", "1.2"]);
    let attempts: Vec<u32> = edge.tries.lock().unwrap().iter().map(|it| it.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 1, 1]);
    assert_eq!(engine.stats().retries, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_fire_once_when_the_clock_gets_there_even_after_a_restart() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "timer a 1000").await;
    say(&engine, "1", "timer b 1000").await;
    say(&engine, "1", "timer b 5000").await;
    say(&engine, "1", "timer c 1000").await;
    say(&engine, "1", "cancel c").await;
    quiet(&engine).await;
    drop(engine);
    disk.clock.advance(1000);
    let engine = disk.start(&edge).await;
    until("fired", || log(&engine, &id).len() == 6).await;
    disk.clock.advance(4000);
    until("fired again", || log(&engine, &id).len() == 7).await;
    disk.clock.advance(100_000);
    say(&engine, "1", "end").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id)[5..], ["fired a", "fired b", "end"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_follow_the_states() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let a = say(&engine, "1", "queue").await;
    say(&engine, "2", "hello").await;
    quiet(&engine).await;
    let b = say(&engine, "2", "queue").await;
    quiet(&engine).await;
    let view = |table: &str, after: Option<&[u8]>, limit| {
        let rows = engine.view(table, after, limit).unwrap();
        rows.into_iter().map(|row| (row.conversation, row.value)).collect::<Vec<_>>()
    };
    let (first, second) = ((a.clone(), b"1".to_vec()), (b.clone(), b"2".to_vec()));
    assert_eq!(view("queue", None, 10), [first.clone(), second.clone()]);
    // A page ends where it was told to, and the next begins behind it.
    let page = engine.view("queue", None, 1).unwrap();
    assert_eq!((&page[0].conversation, page.len()), (&a, 1));
    assert_eq!(view("queue", Some(&page[0].place), 10), [second]);
    assert_eq!(view("queue", Some(&engine.view("queue", None, 9).unwrap()[1].place), 10), []);
    say(&engine, "1", "silent").await;
    quiet(&engine).await;
    say(&engine, "2", "unqueue").await;
    quiet(&engine).await;
    assert_eq!(view("queue", None, 10), [(a, b"2".to_vec())]);
    assert!(view("que", None, 10).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_beyond_the_cap_rest_and_wake_with_their_state() {
    let disk = Disk::default();
    let edge = Edge::new();
    let small = Options { resident_cap: 4, snapshot_every_turns: 2, ..options() };
    let engine = disk.start_with(small, &edge).await;
    for round in 0..4 {
        for person in 0..30 {
            say(&engine, &person.to_string(), &format!("r{round}")).await;
        }
    }
    quiet(&engine).await;
    until("rested", || engine.stats().resident <= 4).await;
    for id in engine.conversations(100, None).unwrap() {
        assert_eq!(log(&engine, &id), ["r0", "r1", "r2", "r3"]);
        assert_eq!(edge.texts_of(&id).len(), 4);
    }
    assert_eq!(replays(&engine), 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_conversations_rest() {
    let disk = Disk::default();
    let edge = Edge::new();
    let quick = Options { idle_passivation_secs: 0, ..options() };
    let engine = disk.start_with(quick, &edge).await;
    let id = say(&engine, "1", "a").await;
    until("rested", || engine.stats().resident == 0).await;
    say(&engine, "1", "b").await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn few_turns_are_folded_again_and_many_become_a_snapshot_over_several_lives() {
    let disk = Disk::default();
    let quick = Options { idle_passivation_secs: 0, snapshot_every_turns: 8, ..options() };
    let engine = disk.start_with(quick, &Edge::new()).await;
    let mut said = Vec::new();
    for n in 1..=4 {
        let text = format!("t{n}");
        let id = say(&engine, "1", &text).await;
        said.push(text);
        until("rested", || engine.stats().resident == 0 && engine.stats().unhandled == 0).await;
        let kept = || engine.inspector().compare(&*disk.snapshots).unwrap().equal == 1;
        if n < 4 {
            assert!(!kept(), "after {n} turns");
        } else {
            until("kept", kept).await;
        }
        assert_eq!(log(&engine, &id), said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_engine_refuses_whole_bodies_and_recovers() {
    let disk = Disk::default();
    let edge = Edge::new();
    let held = edge.held.write().await;
    let small = Options { credits: 5, outbox_limit: 3, ..options() };
    let engine = disk.start_with(small, &edge).await;
    // Larger than all credits, but nothing else is in hand.
    let body = (0..8).map(|n| said(&n.to_string(), "x", None)).collect();
    engine.accept(body).await.unwrap();
    until("handled", || engine.stats().unhandled == 0).await;
    // Now the outbox is too deep.
    assert_eq!(engine.accept(vec![said("9", "x", None)]).await, Err(Refused::Full));
    assert_eq!(engine.conversations(100, None).unwrap().len(), 8);
    // Reports are taken all the same.
    let status = charla_actors::accept::Item::Status {
        external_id: "e".to_owned(),
        key: None,
        status: charla_actors::accept::Delivery::Sent,
        at: 1,
        on_failed: None,
    };
    engine.accept(vec![status]).await.unwrap();
    drop(held);
    until("dispatched", || engine.stats().outbox_depth == 0).await;
    engine.accept(vec![said("9", "x", None)]).await.unwrap();
    assert_eq!(engine.stats().refused, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_session_serves_the_turns_that_begin_after_it() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "a").await;
    quiet(&engine).await;
    let second = Counter { version: "2".to_owned() };
    engine.swap_session(Arc::new(second));
    say(&engine, "1", "b").await;
    quiet(&engine).await;
    let versions: Vec<String> = engine
        .history(&id, 0, 100)
        .unwrap()
        .into_iter()
        .filter_map(|(_, record)| match record {
            charla_actors::record::Record::Turn(turn) => Some(turn.version),
            _ => None,
        })
        .collect();
    assert_eq!(versions, ["1", "2"]);
    // Only the turns of the session at hand can be decided again; all fold.
    let replay = engine.replay(&id).unwrap();
    assert_eq!((replay.turns, replay.decided), (2, 1));
    assert!(replay.differences.is_empty());
}
