//! Settlement, echoes, statuses, and what a restart does about effects in doubt.

use crate::world::{Disk, Edge, Handle, log, options, quiet, said, say, until};
use charla_actors::accept::{Delivery, Item};
use charla_actors::options::Options;
use charla_actors::session::{Dispatch, IdempotencyKey};
use charla_actors::testing::{Counter, Note};
use std::sync::Arc;
use std::time::Duration;

fn report(external_id: &str, key: Option<&IdempotencyKey>, status: Delivery, at: i64) -> Item<Counter> {
    Item::Status {
        external_id: external_id.to_owned(),
        key: key.cloned(),
        status,
        at,
        on_failed: Some(Note::Bounced),
    }
}

fn unknown() -> Dispatch<Note> {
    Dispatch::Unknown { reason: "timeout" }
}

fn patient() -> Options {
    Options { echo_wait_ms: 600_000, ..options() }
}

async fn first_key(edge: &Arc<Edge>) -> IdempotencyKey {
    until("tried", || !edge.tries.lock().unwrap().is_empty()).await;
    edge.tries.lock().unwrap()[0].key.clone()
}

async fn shown(engine: &Handle, key: &IdempotencyKey, state: Delivery) {
    until("shown", || {
        let reports = engine.deliveries(&key.conversation).unwrap();
        reports.iter().any(|it| it.key == *key && it.state == state)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_follow_the_lattice_by_id_and_by_key() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "hi").await;
    quiet(&engine).await;
    let key = first_key(&edge).await;
    let external = format!("ext-{key}");
    shown(&engine, &key, Delivery::Sent).await;
    for (by_key, status, expected) in [
        (false, Delivery::Read, Delivery::Read),
        (true, Delivery::Delivered, Delivery::Read),
        (true, Delivery::Failed, Delivery::Failed),
        (false, Delivery::Deleted, Delivery::Failed),
        (false, Delivery::Failed, Delivery::Failed),
    ] {
        let key_given = by_key.then_some(&key);
        engine.accept(vec![report(&external, key_given, status, 5)]).await.unwrap();
        shown(&engine, &key, expected).await;
    }
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["hi", "bounced"]);
    let found = engine.deliveries(&id).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].external_id.as_deref(), Some(external.as_str()));
    assert_eq!(found[0].key, key.to_string().parse().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_overtakes_the_answer_is_kept_for_it() {
    let disk = Disk::default();
    let edge = Edge::new();
    let held = edge.held.write().await;
    let engine = disk.start(&edge).await;
    let id = say(&engine, "1", "hi").await;
    let key = first_key(&edge).await;
    let external = format!("ext-{key}");
    engine.accept(vec![report(&external, None, Delivery::Failed, 5)]).await.unwrap();
    drop(held);
    shown(&engine, &key, Delivery::Failed).await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &id), ["hi", "bounced"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_waits_for_the_echo_and_is_not_sent_again() {
    let disk = Disk::default();
    let edge = Edge::scripted([unknown()]);
    let engine = disk.start_with(patient(), &edge).await;
    let id = say(&engine, "1", "many 2").await;
    let key = first_key(&edge).await;
    engine.accept(vec![report("wamid", Some(&key), Delivery::Delivered, 5)]).await.unwrap();
    quiet(&engine).await;
    assert_eq!(edge.texts(), ["1.0", "1.1"]);
    let found = engine.deliveries(&id).unwrap();
    assert_eq!(found[0].external_id.as_deref(), Some("wamid"));
    assert_eq!(found[0].state, Delivery::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_echo_replies_are_sent_again_and_payments_reported() {
    let disk = Disk::default();
    let edge = Edge::scripted([unknown(), unknown()]);
    let engine = disk.start(&edge).await;
    let reply = say(&engine, "1", "hi").await;
    until("sent again", || edge.texts().len() == 2).await;
    quiet_or_doubt(&engine).await;
    let payment = say(&engine, "2", "pay rent").await;
    quiet(&engine).await;
    // The second unknown of the script was the reply's second try.
    assert_eq!(edge.texts_of(&reply), ["1: hi"; 3]);
    assert_eq!(log(&engine, &payment), ["pay rent", "done rent"]);

    edge.script.lock().unwrap().push_back(unknown());
    say(&engine, "2", "pay tax").await;
    until("reported", || log(&engine, &payment).len() == 4).await;
    quiet(&engine).await;
    assert_eq!(log(&engine, &payment)[2..], ["pay tax", "unknown tax"]);
    assert_eq!(edge.texts_of(&payment), ["rent", "tax"]);
}

async fn quiet_or_doubt(engine: &Handle) {
    until("settled", || engine.stats().outbox_depth == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_only_the_first_of_a_conversation_is_in_doubt() {
    let disk = Disk::default();
    let edge = Edge::new();
    let _held = edge.held.write().await;
    let engine = disk.start_with(patient(), &edge).await;
    say(&engine, "1", "many 3").await;
    let payment = say(&engine, "2", "pay rent").await;
    let waiting = say(&engine, "3", "hi").await;
    // Really out: one whose claim is still being written rightly leaves after the crash.
    until("out", || edge.texts().len() == 3).await;
    // What was out stays out: a task of the dead engine that has not noticed yet must not write what it hears.
    drop(engine);

    // A crash with three effects out. One is echoed, the others' waits end by another start's shorter patience.
    let edge = Edge::new();
    let engine = disk.start_with(patient(), &edge).await;
    assert_eq!(engine.stats().outbox_depth, 5);
    let key = engine.deliveries(&waiting).unwrap()[0].key.clone();
    engine.accept(vec![report("w3", Some(&key), Delivery::Read, 1)]).await.unwrap();
    until("settled by echo", || engine.stats().outbox_depth == 4).await;
    assert!(edge.texts().is_empty());
    drop(engine);

    let engine = disk.start(&edge).await;
    until("all sent", || edge.texts().len() >= 3).await;
    quiet(&engine).await;
    assert_eq!(edge.texts(), ["1.0", "1.1", "1.2"]);
    assert_eq!(log(&engine, &payment), ["pay rent", "unknown rent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_from_before_the_crash_settles_what_was_in_doubt() {
    let disk = Disk::default();
    let edge = Edge::new();
    let _held = edge.held.write().await;
    let engine = disk.start_with(patient(), &edge).await;
    let id = say(&engine, "1", "hi").await;
    let key = first_key(&edge).await;
    engine.accept(vec![report("w", Some(&key), Delivery::Sent, 1)]).await.unwrap();
    drop(engine);
    let edge = Edge::new();
    let engine = disk.start_with(patient(), &edge).await;
    assert_eq!(engine.stats().outbox_depth, 0);
    assert_eq!(engine.deliveries(&id).unwrap()[0].state, Delivery::Sent);
    assert!(edge.texts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_in_order_nothing_is_in_doubt() {
    let disk = Disk::default();
    let busy = || Dispatch::Retry { after: Duration::from_secs(600), reason: "busy" };
    let edge = Edge::scripted([busy(), busy()]);
    let engine = disk.start_with(patient(), &edge).await;
    say(&engine, "1", "many 2").await;
    let payment = say(&engine, "2", "pay rent").await;
    until("refused", || engine.stats().retries == 2).await;
    assert!(engine.drain(Duration::from_secs(20)).await);
    drop(engine);
    let edge = Edge::new();
    let engine = disk.start_with(patient(), &edge).await;
    until("paid", || log(&engine, &payment).len() == 2).await;
    quiet(&engine).await;
    let mut texts = edge.texts();
    texts.sort();
    assert_eq!(texts, ["1.0", "1.1", "rent"]);
    let attempts = edge.tries.lock().unwrap();
    assert_eq!(attempts.iter().find(|it| it.text == "rent").unwrap().attempt, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_is_not_believed() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    let foreign: IdempotencyKey = "77@100/4/0".parse().unwrap();
    engine.accept(vec![report("w", Some(&foreign), Delivery::Failed, 1)]).await.unwrap();
    assert!(engine.conversations(10, None).unwrap().is_empty());
    assert!(engine.deliveries(&foreign.conversation).unwrap().is_empty());
    let kept = Item::Kept { kind: "unknown", raw: vec![b'x'; 100_000] };
    engine.accept(vec![kept, said("1", "silent", None)]).await.unwrap();
    quiet(&engine).await;
    assert_eq!(engine.conversations(10, None).unwrap().len(), 1);
}

/// What a message costs in syncs that wait for each other: one before its 200, one before its answer leaves. The settlement is
/// a third commit, which nobody waits for.
#[tokio::test(flavor = "multi_thread")]
async fn two_commits_lie_on_a_messages_way_and_the_third_after_it() {
    let disk = Disk::default();
    let edge = Edge::new();
    let engine = disk.start(&edge).await;
    // The conversation's first message also makes the person; the way is the same.
    for text in ["hi", "hi again"] {
        let (before, tried) = (disk.journal.commits(), edge.tries.lock().unwrap().len());
        let held = edge.held.write().await;
        let receipts = engine.accept(vec![said("1", text, Some(text))]).await.unwrap();
        assert_eq!(receipts.len(), 1);
        assert!((1..=2).contains(&(disk.journal.commits() - before)), "acknowledged after one commit");
        until("tried", || edge.tries.lock().unwrap().len() > tried).await;
        assert_eq!(disk.journal.commits() - before, 2, "on its way after two");
        drop(held);
        quiet(&engine).await;
        assert_eq!(disk.journal.commits() - before, 3, "settled with the third");
    }
}
