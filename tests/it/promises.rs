//! What the product promises, seen from outside: webhooks, crashes, outages, capacity for the unknown.

use crate::support::{Bubble, Town, root};
use charla::webhook::signature;
use serde_json::{Value, json};
use std::time::Duration;

fn secret(town: &Town) -> String {
    std::fs::read_to_string(town.folder.path().join("secrets/app_secret")).unwrap()
}

async fn post(town: &Town, body: &[u8], signature: Option<String>) -> u16 {
    let mut request = town.http.post(format!("{}/webhooks/whatsapp", town.engine_url)).body(body.to_vec());
    if let Some(signature) = signature {
        request = request.header("X-Hub-Signature-256", signature);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_payloads_get_200_signed_and_401_unsigned() {
    let folder = root().join("../shared/whatsapp/webhooks");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let town = Town::here().await;
    let secret = secret(&town);
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        assert_eq!(post(&town, &body, None).await, 401, "{}", path.display());
        let wrong = signature::sign(b"another secret", &body).unwrap();
        assert_eq!(post(&town, &body, Some(wrong)).await, 401, "{}", path.display());
        let right = signature::sign(secret.as_bytes(), &body).unwrap();
        assert_eq!(post(&town, &body, Some(right)).await, 200, "{}", path.display());
        seen += 1;
    }
    assert!(seen > 100, "only {seen} payloads");
    let metrics = town.metrics().await;
    assert!(metrics.contains("charla_webhook_parts_total"), "each part is counted by its kind");
    assert_eq!(town.running().engine.stats().panics, 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handshake_and_sizes() {
    let town = Town::here().await;
    let token = std::fs::read_to_string(town.folder.path().join("secrets/verify_token")).unwrap();
    let url = |token: &str| {
        format!(
            "{}/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token={token}",
            town.engine_url
        )
    };
    let right = town.http.get(url(&token)).send().await.unwrap();
    assert_eq!((right.status().as_u16(), right.text().await.unwrap()), (200, "4711".to_owned()));
    assert_eq!(town.http.get(url("guess")).send().await.unwrap().status().as_u16(), 403);
    let large = vec![b' '; 3 * 1024 * 1024 + 1];
    let signed = signature::sign(secret(&town).as_bytes(), &large).unwrap();
    assert_eq!(post(&town, &large, Some(signed)).await, 413);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_survives_kill_9() {
    let mut town = Town::with_child().await;
    let wa_id = "447700900001";
    let (greeting_n, sent_while_down) = {
        let mut customer = town.customer(wa_id);
        let greeting = customer.say("hi there, good morning").await;
        customer.choose(&greeting, "/Consent(yes)").await;
        (greeting.n(), customer.thread(0, Duration::ZERO).await.len())
    };
    town.kill();
    // Meta keeps what it could not deliver and tries again.
    for _ in 0..2 {
        town.customer(wa_id).send(json!({"type": "text", "text": "where is my order"})).await;
    }
    town.start_child(&[]).await;
    let mut customer = town.customer(wa_id);
    let first = customer.answer_offering("/Consent(yes)").await;
    assert_eq!(first.n(), greeting_n, "the thread goes on where it was");
    let orders = customer.answer_offering("/SetSlots(order_id=").await;
    let status = customer.choose(&orders, &orders.first("/SetSlots(order_id=")).await;
    assert!(!status.text().is_empty());
    let thread = customer.thread(0, Duration::from_millis(500)).await;
    assert!(thread.len() > sent_while_down);
    let greetings = thread.iter().filter(|b| b.is_from_business() && b.offers("/Consent(yes)")).count();
    assert_eq!(greetings, 1, "consent is asked once");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_turns_lose_and_repeat_nothing() {
    // Each point of the way of a message, one after the other, under the same customer.
    let points = [
        "before-append",
        "after-append-before-ack",
        "between-effects",
        "after-commit-before-dispatch",
        "after-request-before-answer",
        "after-answer-before-record",
    ];
    let mut town = Town::with_child().await;
    let wa_id = "919810000002";
    let mut expected = 0;
    {
        let mut customer = town.customer(wa_id);
        let greeting = customer.say("namaste bhai kaise ho").await;
        customer.choose(&greeting, "/Consent(yes)").await;
    }
    for point in points {
        town.kill();
        town.start_child(&[("CHARLA_FAILPOINTS", &format!("{point}=abort"))]).await;
        let customer = town.customer(wa_id);
        customer.send(json!({"type": "text", "text": "please change the language to English"})).await;
        expected += 1;
        town.wait_for_death().await;
        town.start_child(&[]).await;
        let answers = wait_for_language_answers(&town, wa_id, expected).await;
        assert_eq!(answers, expected, "after {point}");
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(
        wait_for_language_answers(&town, wa_id, expected).await,
        expected,
        "nothing is said twice later"
    );
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_failed_is_shown_until_somebody_ends_it() {
    let mut town = Town::with_child().await;
    town.kill();
    town.start_child(&[("CHARLA_FAILPOINTS", "before-append=panic")]).await;
    town.customer("447700900003").send(json!({"type": "text", "text": "where is my order 4711"})).await;
    let begun = std::time::Instant::now();
    while town.ready().await["journal"] != "broken" {
        assert!(begun.elapsed() < crate::support::PATIENCE, "the journal did not fail");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Longer than an end by itself would take, shorter than it lingers.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let metrics = town.metrics().await;
    assert!(metrics.contains("charla_invariant_violations_total{word=\"journal_broken\"} 1"), "{metrics}");
    let body = std::fs::read(root().join("tests/fixtures/webhooks/statuses.json")).unwrap();
    let signed = signature::sign(secret(&town).as_bytes(), &body).unwrap();
    assert_eq!(post(&town, &body, Some(signed)).await, 503);
    let begun = std::time::Instant::now();
    assert_eq!(town.end().await.code(), Some(1));
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "a signal does not cut it short: {:?}",
        begun.elapsed()
    );
    let log = town.log();
    assert!(log.contains("CHARLA-E3003") && log.contains("panicked at "), "{log}");
    town.stop().await;
}

/// Counts answers to the change of language, waiting until there are at least so many.
async fn wait_for_language_answers(town: &Town, wa_id: &str, at_least: usize) -> usize {
    let begun = std::time::Instant::now();
    loop {
        let thread = town.customer(wa_id).thread(0, Duration::ZERO).await;
        let count = thread.iter().filter(|b| b.is_from_business() && b.text().contains("*English*")).count();
        if count >= at_least || begun.elapsed() > crate::support::PATIENCE {
            return count;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A customer of their own each time: two failed attempts in a row would bring a person.
async fn ask_for_phones(town: &Town, n: u32) -> Bubble {
    let mut customer = town.customer(&format!("4477009001{n:02}"));
    let greeting = customer.say("hi there, good morning").await;
    customer.choose(&greeting, "/Consent(yes)").await;
    customer.say("show me Samsung phones under 30000").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_opens_the_breaker_and_ends() {
    let town = Town::here().await;
    town.outage("inventory", "down").await;
    let breaker = |ready: &Value| ready["breakers"]["inventory"].as_str().unwrap_or("").to_owned();
    for n in 0..6 {
        let answer = ask_for_phones(&town, n).await;
        assert!(
            !answer.text().is_empty() && !answer.offers("/StartFlow(product_details, sku="),
            "{}",
            answer.text()
        );
    }
    assert_eq!(breaker(&town.ready().await), "open");
    town.outage("inventory", "ok").await;
    let begun = std::time::Instant::now();
    for n in 6.. {
        let answer = ask_for_phones(&town, n).await;
        if answer.offers("/StartFlow(product_details, sku=") {
            break;
        }
        assert!(begun.elapsed() < crate::support::PATIENCE, "the breaker never closed: {}", answer.text());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(breaker(&town.ready().await), "closed");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_order_is_never_shown() {
    let town = Town::here().await;
    let mut customer = town.customer("447700900001");
    let greeting = customer.say("hi there, good morning").await;
    customer.choose(&greeting, "/Consent(yes)").await;
    // An order of Asha Verma's.
    let answer = customer.say("where is my order ORD-10001").await;
    assert!(!answer.text().contains("Downshifter"), "{}", answer.text());
    assert!(!answer.offers("/StartFlow(change_delivery"), "{}", answer.text());
    town.stop().await;
}
