//! Everything of one person goes, and nothing of anybody else's.

use crate::world::{Disk, Edge, Handle, log, options, quiet, replays, said, say, start_in, until};
use charla_actors::accept::{Alias, Item, Receipt};
use charla_actors::clock::ManualClock;
use charla_actors::core::tx::{Range, Reader, Space};
use charla_actors::erase::{NotErased, at_rest};
use charla_actors::options::Options;
use charla_actors::session::{ConversationId, Dispatch};
use charla_actors::snapshot::SnapshotStore;
use charla_actors::testing::Counter;
use std::sync::Arc;
use std::time::Duration;

fn phone(digits: &str) -> Vec<Alias> {
    vec![Alias::Phone(digits.to_owned())]
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Rows that have one of these in key or value, by space. Keys of deduplication go by themselves.
fn traces(journal: &dyn Reader, marks: &[&[u8]]) -> Vec<Space> {
    let marked = |(key, value): &(Vec<u8>, Vec<u8>)| {
        marks.iter().any(|mark| contains(key, mark) || contains(value, mark))
    };
    let rows = |space: Space| journal.scan(space, &Range::all(), false, usize::MAX).unwrap();
    let spaces = Space::ALL.into_iter().filter(|space| *space != Space::Dedup);
    spaces.filter(|space| rows(*space).iter().any(marked)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_somebody_erased_is_left_and_everybody_else_stays() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start_with(Options { snapshot_every_turns: 1, ..options() }, &edge).await;
    // Both turn out to be one person later; each leaves all kinds of rows.
    let (first, second) = (say(&engine, "911", "timer tea 100000").await, say(&engine, "922", "queue").await);
    let other = say(&engine, "933", "queue").await;
    for phone in ["911", "922", "933"] {
        say(&engine, phone, "hello from nobody else").await;
        say(&engine, phone, "timer tea 100000").await;
    }
    let kept = |raw: &str| Item::<Counter>::Kept { kind: "field", raw: raw.as_bytes().to_vec() };
    engine.accept(vec![kept(r#"{"from":"911"}"#), kept(r#"{"from":"933"}"#)]).await.unwrap();
    quiet(&engine).await;
    engine.accept(vec![Item::Identity { old: phone("922"), new: phone("911"), dedup: None }]).await.unwrap();
    quiet(&engine).await;
    assert_eq!(engine.current(&first).unwrap(), second, "merged");
    let persons = [first.person.0.to_be_bytes(), second.person.0.to_be_bytes()];
    let ids = [first.to_string(), second.to_string()];
    let marks = [&persons[0][..], &persons[1], ids[0].as_bytes(), ids[1].as_bytes(), b"911", b"922"];
    let before = traces(&*disk.journal, &marks);
    // All but what is waited for, and what names nobody.
    let waiting = [Space::Pending, Space::Outbox, Space::Dedup, Space::Meta];
    for space in Space::ALL.into_iter().filter(|space| !waiting.contains(space)) {
        assert!(before.contains(&space), "{space:?} is not tried");
    }
    // By the name that a merge has ended, too.
    let erased = engine.erase(&first).await.unwrap().unwrap();
    let mut conversations = erased.conversations.clone();
    conversations.sort();
    assert_eq!(conversations, [first.clone(), second.clone()]);
    assert_eq!(traces(&*disk.journal, &marks), []);
    for id in [&first, &second] {
        assert_eq!(engine.state(id).unwrap(), None);
        assert_eq!(disk.snapshots.get(&key(id)).unwrap(), None);
    }
    assert_eq!(log(&engine, &other), ["queue", "hello from nobody else", "timer tea 100000"]);
    assert_eq!(engine.view("queue", None, 10).unwrap().len(), 1);
    // Whoever writes from there is somebody new, whose journal begins with that.
    let anew = say(&engine, "911", "hi").await;
    assert!(anew != first && anew != second);
    quiet(&engine).await;
    assert_eq!(log(&engine, &anew), ["hi"]);
    disk.clock.advance(200_000);
    until("fired", || log(&engine, &other).last().is_some_and(|last| last == "fired tea")).await;
    assert_eq!(log(&engine, &anew), ["hi"]);
    replays(&engine);
}

/// A snapshot's key: the conversation's prefix in the journal.
fn key(id: &ConversationId) -> Vec<u8> {
    let number = id.number.as_bytes();
    [&id.person.0.to_be_bytes()[..], &(number.len() as u16).to_be_bytes(), number].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_erased_while_something_is_under_way() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let held = edge.held.write().await;
    let id = say(&engine, "911", "hello").await;
    until("sent", || edge.texts().len() == 1).await;
    assert_eq!(engine.erase(&id).await.unwrap(), Err(NotErased::UnderWay(id.clone())));
    drop(held);
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["hello"]);
    assert_eq!(engine.erase(&id).await.unwrap().unwrap().conversations, std::slice::from_ref(&id));
    // A report that comes late finds nothing, and does no harm.
    let report = Item::<Counter>::Status {
        external_id: format!("ext-{id}/2/0"),
        key: format!("{id}/2/0").parse().ok(),
        status: charla_actors::accept::Delivery::Read,
        at: 1,
        on_failed: None,
    };
    assert!(matches!(engine.accept(vec![report]).await.unwrap()[..], [Receipt::Accepted { .. }]));
    assert_eq!(engine.state(&id).unwrap(), None);
}

async fn stopped(engine: Handle) {
    assert!(engine.drain(Duration::from_secs(20)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_erased_while_no_engine_runs() {
    let folder = tempfile::tempdir().unwrap();
    let clock = || Arc::new(ManualClock::new(1_000));
    let edge = Edge::scripted([Dispatch::Settled { external_id: None, result: None }]);
    let engine = start_in(folder.path(), &edge, clock()).await;
    let (id, other) = (say(&engine, "911", "a").await, say(&engine, "922", "b").await);
    quiet(&engine).await;
    stopped(engine).await;
    let options = Options { data_dir: folder.path().to_owned(), ..options() };
    let erased = at_rest::<Counter>(&options, &id, 2_000).unwrap().unwrap();
    assert_eq!(erased.conversations, std::slice::from_ref(&id));
    assert!(erased.rows > 3, "{}", erased.rows);
    let engine = start_in(folder.path(), &edge, clock()).await;
    assert_eq!(engine.state(&id).unwrap(), None);
    assert_eq!(engine.resolve("100", &phone("911")).unwrap(), None);
    assert_eq!(log(&engine, &other), ["b"]);
    let receipts = engine.accept(vec![said("911", "c", None)]).await.unwrap();
    assert!(matches!(&receipts[..], [Receipt::Accepted { conversation: Some(anew), .. }] if *anew != id));
    quiet(&engine).await;
    replays(&engine);
    stopped(engine).await;
}
