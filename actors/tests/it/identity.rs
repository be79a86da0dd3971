//! Persons, recycled numbers, merges.

use crate::world::{Disk, Edge, Handle, log, quiet, replays};
use charla_actors::accept::{Address, Alias, Item, Receipt};
use charla_actors::record::Record;
use charla_actors::session::ConversationId;
use charla_actors::testing::{Counter, Note};
use std::sync::Arc;

fn phone(digits: &str) -> Alias {
    Alias::Phone(digits.to_owned())
}

fn user(id: &str) -> Alias {
    Alias::UserId(id.to_owned())
}

async fn say(engine: &Handle, aliases: &[Alias], text: &str) -> ConversationId {
    let item = Item::Event {
        address: Address::Aliases { number: Arc::from("100"), aliases: aliases.to_vec() },
        dedup: None,
        event: Note::said(text),
    };
    match engine.accept(vec![item]).await.unwrap().pop() {
        Some(Receipt::Accepted { conversation: Some(id), .. }) => id,
        other => panic!("{other:?}"),
    }
}

async fn changed(engine: &Handle, old: &[Alias], new: &[Alias]) {
    let item: Item<Counter> = Item::Identity { old: old.to_vec(), new: new.to_vec(), dedup: None };
    engine.accept(vec![item]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recycled_phone_begins_anew_and_the_former_owner_is_still_known_by_id() {
    let disk = Disk::default();
    let engine = disk.start(&Edge::new()).await;
    let first = say(&engine, &[phone("1")], "a").await;
    assert_eq!(say(&engine, &[phone("1"), user("u1")], "b").await, first);
    let second = say(&engine, &[phone("1"), user("u2")], "c").await;
    assert_ne!(second, first);
    assert_eq!(say(&engine, &[phone("1")], "d").await, second);
    assert_eq!(say(&engine, &[user("u1")], "e").await, first);
    quiet(&engine).await;
    assert_eq!(log(&engine, &first), ["a", "b", "e"]);
    assert_eq!(log(&engine, &second), ["c", "d"]);
    let found = |aliases: &[Alias]| engine.resolve("100", aliases).unwrap();
    assert_eq!(found(&[phone("1")]), Some(second.clone()));
    assert_eq!(found(&[user("u1")]), Some(first.clone()));
    assert_eq!(found(&[phone("1"), user("u3")]), None);
    assert_eq!(engine.inspector().names(&first).unwrap(), [user("u1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_change_keeps_the_person() {
    let disk = Disk::default();
    let engine = disk.start(&Edge::new()).await;
    let id = say(&engine, &[phone("1"), user("u1")], "a").await;
    changed(&engine, &[phone("1")], &[phone("2")]).await;
    changed(&engine, &[user("u1")], &[user("u2")]).await;
    assert_eq!(say(&engine, &[phone("2"), user("u2")], "b").await, id);
    assert_ne!(say(&engine, &[phone("1")], "c").await, id);
    changed(&engine, &[phone("9")], &[phone("2")]).await;
    assert_eq!(say(&engine, &[phone("2")], "d").await, id);
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["a", "b", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_change_to_a_recycled_phone_takes_the_phone_and_nothing_else() {
    let disk = Disk::default();
    let engine = disk.start(&Edge::new()).await;
    let stranger = say(&engine, &[phone("2"), user("other")], "secret").await;
    let id = say(&engine, &[phone("1"), user("u1")], "a").await;
    changed(&engine, &[phone("1")], &[phone("2")]).await;
    assert_eq!(say(&engine, &[phone("2")], "b").await, id);
    assert_eq!(say(&engine, &[user("other")], "c").await, stranger);
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_leaves_a_tombstone_and_moves_names_timers_and_later_events() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let old = say(&engine, &[user("u1")], "a").await;
    let new = say(&engine, &[phone("5")], "queue").await;
    say(&engine, &[phone("5")], "timer t 1000").await;
    quiet(&engine).await;
    assert_ne!(old, new);
    assert_eq!(engine.view("queue", None, 9).unwrap().len(), 1);
    changed(&engine, &[user("u1")], &[phone("5")]).await;
    assert_eq!(say(&engine, &[phone("5")], "b").await, old);
    let by_id =
        Item::Event { address: Address::Conversation(new.clone()), dedup: None, event: Note::said("c") };
    engine.accept(vec![by_id]).await.unwrap();
    disk.clock.advance(1000);
    crate::world::until("fired", || log(&engine, &old).len() == 4).await;
    assert_eq!(log(&engine, &old), ["a", "b", "c", "fired t"]);
    // The absorbed conversation's row is gone with it.
    assert!(engine.view("queue", None, 9).unwrap().is_empty());
    let last = |id: &ConversationId| engine.history(id, 0, 100).unwrap().pop().unwrap().1;
    assert!(matches!(last(&new), Record::Tombstone(it) if it.into == old.person));
    let absorbed = engine.history(&old, 0, 100).unwrap().into_iter().any(|(_, record)| {
        matches!(record, Record::Absorbed(it) if it.from == new.person && it.state.log.len() == 2)
    });
    assert!(absorbed);
    replays(&engine);
    drop(engine);
    let engine = disk.start(&edge).await;
    assert_eq!(say(&engine, &[phone("5"), user("u1")], "d").await, old);
    quiet(&engine).await;
    assert_eq!(log(&engine, &old).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn unhandled_events_move_with_a_merge_and_are_answered_once() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let old = say(&engine, &[user("u1")], "a").await;
    // Turns that are under way on both sides while the merge is committed.
    say(&engine, &[user("u1")], "twice x").await;
    say(&engine, &[phone("5")], "twice y").await;
    say(&engine, &[phone("5")], "z").await;
    changed(&engine, &[user("u1")], &[phone("5")]).await;
    quiet(&engine).await;
    let log = log(&engine, &old);
    let mut answers = edge.texts();
    answers.sort();
    answers.retain(|text| !text.contains("a:") && text.starts_with("found"));
    assert_eq!(answers, ["found xa", "found xb", "found ya", "found yb"]);
    assert_eq!(log.iter().filter(|it| it.starts_with("looked x")).count(), 2);
    assert_eq!(engine.conversations(9, None).unwrap().len(), 2);
    replays(&engine);
}
