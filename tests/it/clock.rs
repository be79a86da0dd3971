//! `POST /sim/clock` moves the time of simulator and engine together: windows close and timers fire as the flows define.

use crate::support::{Customer, Town, changes};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// An English customer with orders.
const EMMA: &str = "447700900001";

async fn greeted<'a>(town: &'a Town) -> Customer<'a> {
    let mut customer = town.customer(EMMA);
    let greeting = customer.say("hi there, good morning").await;
    customer.choose(&greeting, "/Consent(yes)").await;
    customer
}

/// Texts that the business has written so far.
async fn said(customer: &Customer<'_>) -> Vec<String> {
    let thread = customer.thread(0, Duration::ZERO).await;
    thread.iter().filter(|b| b.is_from_business()).map(|b| b.text().to_owned()).collect()
}

async fn act(town: &Town, id: &str, act: &str, body: Value) {
    let (status, answer) = town.agent("POST", &format!("/conversations/{id}/{act}"), body).await;
    assert_eq!(status, 200, "{answer:#}");
}

fn machine_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_millis() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_and_an_hour_later_no_free_text_is_sent() {
    let town = Town::here().await;
    let mut customer = greeted(&town).await;
    customer.say("I want to talk to a human agent please").await;
    let (id, _) = town.conversation_of(EMMA).await;
    act(&town, &id, "take", json!({})).await;
    town.wait_for(&id, |detail| detail["owner"]["kind"] == "agent").await;
    act(&town, &id, "reply", json!({"text": "Hello, this is Meera."})).await;
    customer.answer_saying("this is Meera").await;
    let before = said(&customer).await;

    assert_eq!(town.sim().advance(25 * HOUR).await.unwrap(), 25 * 3_600_000);
    act(&town, &id, "reply", json!({"text": "Are you still interested?"})).await;
    let withheld = town.wait_for_change(&id, "withheld").await;
    assert_eq!(withheld["reason"], "window_closed");
    let view = town.sim().customer(EMMA).thread(0, Duration::from_millis(300)).await.unwrap();
    assert!(!view.window_open, "the simulator's own window has closed as well");
    assert_eq!(said(&customer).await, before, "nothing has come");

    // The customer opens the window again; from their message on it is a day.
    customer.send(json!({"type": "text", "text": "hello again"})).await;
    let detail =
        town.wait_for(&id, |d| d["window_until_ms"].as_i64() > Some(machine_ms() + 48 * 3_600_000)).await;
    let until = detail["window_until_ms"].as_i64().unwrap() - machine_ms();
    assert!(until <= 49 * 3_600_000 && until > 48 * 3_600_000, "{until} ms from the machine's now");
    act(&town, &id, "reply", json!({"text": "Welcome back."})).await;
    customer.answer_saying("Welcome back.").await;
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_outbox_is_checked_again_when_it_leaves() {
    let town = Town::here().await;
    let mut customer = greeted(&town).await;
    customer.say("I want to talk to a human agent please").await;
    let (id, _) = town.conversation_of(EMMA).await;
    act(&town, &id, "take", json!({})).await;
    town.wait_for(&id, |detail| detail["owner"]["kind"] == "agent").await;
    let before = said(&customer).await;

    // Decided inside the window, while WhatsApp is out of order.
    town.sim().set_faults(json!({"graph_error": 1.0})).await.unwrap();
    act(&town, &id, "reply", json!({"text": "Hello, this is Meera."})).await;
    town.wait_for_change(&id, "agent_uttered").await;
    town.sim().advance(25 * HOUR).await.unwrap();
    town.sim().set_faults(json!({"graph_error": 0.0})).await.unwrap();
    let begun = std::time::Instant::now();
    let failed = loop {
        let noted = changes(&town.journal(&id).await).into_iter().find(|c| {
            c["change"] == "noted" && c["what"].as_str().is_some_and(|w| w.starts_with("delivery_failed"))
        });
        if let Some(noted) = noted {
            break noted;
        }
        assert!(begun.elapsed() < crate::support::PATIENCE, "the send was never given up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(failed["what"].as_str().unwrap().contains("131047"), "{failed}");
    assert_eq!(said(&customer).await, before, "nothing has come");
    assert!(!town.metrics().await.contains("charla_window_refusals_total 0\n"), "it has been counted");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_reminded_of_after_ten_minutes_and_the_flow_dropped_after_thirty() {
    let town = Town::here().await;
    let mut customer = greeted(&town).await;
    customer.say_for("where is my order", "/SetSlots(order_id=").await;
    let (id, detail) = town.conversation_of(EMMA).await;
    assert!(!detail["flows"].as_array().unwrap().is_empty(), "{detail:#}");
    let asked = said(&customer).await;

    town.sim().advance(9 * MINUTE).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(said(&customer).await, asked, "nine minutes are none");
    town.sim().advance(MINUTE + Duration::from_secs(5)).await.unwrap();
    customer.answer_saying("Are you still there?").await;
    town.sim().advance(20 * MINUTE).await.unwrap();
    customer.answer_saying("leave it here for now").await;
    let detail = town.wait_for(&id, |d| d["flows"] == json!([])).await;
    assert_eq!(detail["matters"], json!([]));
    let abandoned = town.wait_for_change(&id, "matter_abandoned").await;
    assert_eq!(abandoned["reason"], "silence");
    assert_eq!(said(&customer).await.len(), asked.len() + 2, "one reminder, one good-bye");

    // It goes on from the beginning.
    customer.say_for("where is my order", "/SetSlots(order_id=").await;
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_that_fall_due_with_the_window_closed_say_nothing() {
    let town = Town::here().await;
    let mut customer = greeted(&town).await;
    customer.say_for("where is my order", "/SetSlots(order_id=").await;
    let (id, _) = town.conversation_of(EMMA).await;
    let asked = said(&customer).await;
    town.sim().advance(25 * HOUR).await.unwrap();
    town.wait_for(&id, |d| d["flows"] == json!([]) && d["matters"] == json!([])).await;
    let withheld = town.wait_for_change(&id, "withheld").await;
    assert_eq!(withheld["reason"], "window_closed");
    assert_eq!(said(&customer).await, asked);
    // A day later it is a new session, and consent is not asked for again.
    customer.say_for("where is my order", "/SetSlots(order_id=").await;
    let sessions =
        changes(&town.journal(&id).await).iter().filter(|c| c["change"] == "session_started").count();
    assert_eq!(sessions, 2);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_moves_for_both_or_for_nobody() {
    let mut town = Town::with_child().await;
    let clock = |town: &Town| {
        let request = town.http.get(format!("{}/sim/clock", town.sim_url));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap()["offset_ms"].clone() }
    };
    // Only the simulator knows the engine's secret.
    for token in ["", "wrong"] {
        let request = town.http.post(format!("{}/demo/clock", town.engine_url));
        let answer = request.bearer_auth(token).json(&json!({"offset_ms": 1})).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401);
    }
    town.sim().advance(HOUR).await.unwrap();
    assert_eq!(clock(&town).await, 3_600_000);
    town.kill();
    assert!(town.sim().advance(HOUR).await.is_err(), "the engine is down");
    assert_eq!(clock(&town).await, 3_600_000, "the simulator's has not moved either");
    town.stop().await;
}
