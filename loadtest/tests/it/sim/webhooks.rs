//! What the engine gets, and when it gets it again.

use super::*;
use std::collections::{BTreeMap, HashSet};

/// HMAC-SHA256 by the definition of RFC 2104, apart from the simulator's.
fn hmac(key: &[u8], body: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |byte: u8| block.map(|b| b ^ byte);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(body).finalize();
    hex::encode(Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize())
}

#[tokio::test]
async fn a_text_has_metas_shape_and_a_signature_over_its_bytes() {
    let world = World::start(easy()).await;
    let posted = world.emma().say("¿Tienes zapatos? 👟 नमस्ते").await.unwrap();
    world.until("the webhook", |engine| !engine.bodies().is_empty()).await;
    let (signature, bytes) = world.engine.bodies.lock().unwrap()[0].clone();
    assert_eq!(signature, Some(format!("sha256={}", hmac(SECRET.as_bytes(), &bytes))));
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["object"], "whatsapp_business_account");
    let value = &body["entry"][0]["changes"][0]["value"];
    assert_eq!(value["metadata"], json!({"display_phone_number": "15550783881", "phone_number_id": NUMBER}));
    assert_eq!(value["contacts"][0]["profile"]["name"], "Emma Clarke");
    assert_eq!(value["contacts"][0]["wa_id"], EMMA);
    let message = &value["messages"][0];
    assert_eq!(message["id"], posted.wamid.as_str());
    assert_eq!((&message["from"], &message["type"]), (&json!(EMMA), &json!("text")));
    assert_eq!(message["text"]["body"], "¿Tienes zapatos? 👟 नमस्ते");
    assert_eq!(message["from_user_id"], value["contacts"][0]["user_id"]);
    assert!(message["timestamp"].as_str().unwrap().parse::<i64>().unwrap() > 1_700_000_000);
    world.stop().await;
}

#[tokio::test]
async fn statuses_follow_with_the_callback_data_and_the_price_once() {
    let world = World::start(easy()).await;
    world.emma().say("hi").await.unwrap();
    let mut message = text("hello");
    message["biz_opaque_callback_data"] = "conversation|turn|1".into();
    let wamid = world.send(&message).await;
    world.until("three statuses", |engine| engine.statuses().len() == 3).await;
    let statuses = world.engine.statuses();
    let names: Vec<_> = statuses.iter().map(|status| status["status"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["sent", "delivered", "read"]);
    for status in &statuses {
        assert_eq!(status["id"], wamid.as_str());
        assert_eq!(status["recipient_id"], EMMA);
        assert_eq!(status["biz_opaque_callback_data"], "conversation|turn|1");
    }
    assert_eq!(statuses[0]["pricing"]["category"], "service");
    assert!(statuses[1].get("pricing").is_none() && statuses[2].get("pricing").is_none());
    let shown = world.emma().thread(1, Duration::ZERO).await.unwrap().messages;
    assert_eq!(shown[0].status, charla_loadtest::sim::Status::Read);
    world.stop().await;
}

#[tokio::test]
async fn only_an_open_page_reads_if_so_wished() {
    let world = World::start(easy()).await;
    world.sim.set_faults(json!({"read_after_ms": null})).await.unwrap();
    world.emma().say("hi").await.unwrap();
    let mut message = text("hello");
    message["biz_opaque_callback_data"] = "key".into();
    world.send(&message).await;
    world.until("two statuses", |engine| engine.statuses().len() == 2).await;
    let url = format!("{}/sim/customers/{EMMA}/read", world.base);
    for expected in [1, 0] {
        let read: Value = world.http.post(&url).send().await.unwrap().json().await.unwrap();
        assert_eq!(read["read"], expected);
    }
    world.until("the third", |engine| engine.statuses().len() == 3).await;
    let read = &world.engine.statuses()[2];
    assert_eq!((&read["status"], &read["biz_opaque_callback_data"]), (&json!("read"), &json!("key")));
    world.stop().await;
}

#[tokio::test]
async fn what_is_not_answered_with_200_comes_again_and_later_messages_wait() {
    let world = World::start(easy()).await;
    world.engine.answers.lock().unwrap().extend([503, 500, 204, 429]);
    for text in ["one", "two", "three"] {
        world.emma().say(text).await.unwrap();
    }
    world.until("all three", |engine| engine.bodies().len() == 7).await;
    let texts: Vec<_> =
        world.engine.messages().iter().map(|m| m["text"]["body"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts, ["one", "one", "one", "one", "one", "two", "three"]);
    // A repetition is the same body, byte for byte.
    let first: HashSet<_> = world.engine.bodies.lock().unwrap()[..5].iter().cloned().collect();
    assert_eq!(first.len(), 1);
    let counts = world.sim.state().await.unwrap().counts;
    assert_eq!(counts.webhooks_retried, 4);
    world.stop().await;
}

#[tokio::test]
async fn after_the_last_try_a_message_has_failed() {
    let mut options = easy();
    options.webhooks.max_attempts = 3;
    let world = World::start(options).await;
    world.engine.answers.lock().unwrap().extend([503, 503, 503]);
    world.emma().say("lost").await.unwrap();
    world.emma().say("found").await.unwrap();
    world.until("the second message", |engine| engine.bodies().len() == 4).await;
    let counts = world.sim.state().await.unwrap().counts;
    assert_eq!(counts.webhooks_lost, 1);
    let messages = world.emma().thread(0, Duration::ZERO).await.unwrap().messages;
    assert_eq!(messages[0].status, charla_loadtest::sim::Status::Failed);
    world.stop().await;
}

async fn faulty(faults: Value, messages: usize, expected: usize) -> Vec<String> {
    let world = World::start(easy()).await;
    world.sim.set_faults(faults).await.unwrap();
    for i in 0..messages {
        world.emma().say(&i.to_string()).await.unwrap();
    }
    world.until("all messages", |engine| engine.messages().len() >= expected).await;
    let texts =
        world.engine.messages().iter().map(|m| m["text"]["body"].as_str().unwrap().to_owned()).collect();
    world.stop().await;
    texts
}

#[tokio::test]
async fn duplicates_are_the_same_ones_for_the_same_seed() {
    let faults = |seed: u64| json!({"seed": seed, "duplicate": 0.5, "duplicate_within_ms": 1});
    // How many copies a seed makes is known from the simulator itself: ask until it has sent them all.
    async fn copies(faults: Value) -> BTreeMap<String, usize> {
        let world = World::start(easy()).await;
        world.sim.set_faults(faults).await.unwrap();
        for i in 0..40 {
            world.emma().say(&i.to_string()).await.unwrap();
        }
        loop {
            let counts = world.sim.state().await.unwrap().counts;
            if counts.webhooks_pending == 0 && counts.webhooks_delivered == 40 + counts.webhooks_duplicated {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut seen = BTreeMap::new();
        for message in world.engine.messages() {
            *seen.entry(message["text"]["body"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        world.stop().await;
        seen
    }
    let first = copies(faults(5)).await;
    assert_eq!(first.len(), 40);
    assert!(first.values().all(|times| (1..=2).contains(times)));
    let twice = first.values().filter(|times| **times == 2).count();
    assert!((8..=32).contains(&twice), "{twice}");
    assert_eq!(copies(faults(5)).await, first);
    assert_ne!(copies(faults(6)).await, first);
}

#[tokio::test]
async fn reordering_loses_nothing_and_changes_the_order() {
    let in_order: Vec<String> = (0..30).map(|i| i.to_string()).collect();
    assert_eq!(faulty(json!({"delay_ms": 3}), 30, 30).await, in_order);
    let mut mixed = faulty(json!({"reorder": 1.0, "reorder_ms": 200}), 30, 30).await;
    assert_ne!(mixed, in_order);
    mixed.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert_eq!(mixed, in_order);
}

#[tokio::test]
async fn batches_hold_several_updates_in_order() {
    let world = World::start(easy()).await;
    world.sim.set_faults(json!({"batch_max": 10, "batch_wait_ms": 60})).await.unwrap();
    for i in 0..30 {
        world.emma().say(&i.to_string()).await.unwrap();
    }
    world.until("all messages", |engine| engine.messages().len() == 30).await;
    let texts: Vec<_> = world
        .engine
        .messages()
        .iter()
        .map(|m| m["text"]["body"].as_str().unwrap().parse::<u32>().unwrap())
        .collect();
    assert_eq!(texts, (0..30).collect::<Vec<_>>());
    assert!(world.engine.bodies().len() < 30);
    world.stop().await;
}

#[tokio::test]
async fn who_hides_their_number_has_only_a_user_id() {
    let world = World::start(easy()).await;
    world.emma().change(json!({"hide_phone": true, "username": "emma"})).await.unwrap();
    world.emma().say("hi").await.unwrap();
    world.until("the message", |engine| !engine.messages().is_empty()).await;
    let value = &world.engine.values()[0];
    assert!(value["contacts"][0].get("wa_id").is_none() && value["messages"][0].get("from").is_none());
    assert_eq!(value["contacts"][0]["profile"]["username"], "emma");
    let user_id = value["messages"][0]["from_user_id"].as_str().unwrap().to_owned();
    let send = json!({"messaging_product": "whatsapp", "recipient": user_id, "type": "text", "text": {"body": "hello"}});
    world.send(&send).await;
    world.until("a status", |engine| !engine.statuses().is_empty()).await;
    let status = &world.engine.statuses()[0];
    assert_eq!((status.get("recipient_id"), &status["recipient_user_id"]), (None, &json!(user_id)));
    let bytes = serde_json::to_string(&world.engine.bodies()).unwrap();
    // The message ids are base64, so that the number is nowhere to be read.
    assert!(!bytes.contains(EMMA), "{bytes}");
    world.stop().await;
}

#[tokio::test]
async fn the_engine_is_verified() {
    let world = World::start(easy()).await;
    assert!(!world.sim.state().await.unwrap().verified);
    world.sim.verify().await.unwrap();
    assert!(world.sim.state().await.unwrap().verified);
    world.stop().await;
    let wrong = World::start(Options { verify_token: "another".into(), ..easy() }).await;
    let refused = wrong.sim.verify().await.unwrap_err().to_string();
    assert!(refused.contains("CHARLA-E5011"), "{refused}");
    wrong.stop().await;
}
