//! A customer's number changes, or turns out to be somebody's who was known under another.

use crate::support::Town;
use charla::webhook::signature;
use serde_json::{Value, json};

/// Meta's system message about a new number, at the business number of this conversation.
async fn announce(town: &Town, conversation: &str, old: &str, new: (&str, Option<&str>)) {
    let (_, number) = conversation.split_once('@').unwrap();
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "1", "phone_number_id": number},
        "messages": [{"from": old, "id": format!("wamid.{old}.{}", new.0), "timestamp": "1763600000", "type": "system",
            "system": {"type": "user_changed_number", "body": "changed", "wa_id": new.0, "user_id": new.1}}],
    }}]}]});
    let body = body.to_string();
    let secret = std::fs::read_to_string(town.folder.path().join("secrets/app_secret")).unwrap();
    let request = town
        .http
        .post(format!("{}/webhooks/whatsapp", town.engine_url))
        .header("X-Hub-Signature-256", signature::sign(secret.as_bytes(), body.as_bytes()).unwrap())
        .body(body);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_answer_goes_to_the_new_number_at_once() {
    let town = Town::here().await;
    let (old, new) = ("447700900001", "447700900099");
    town.customer(old).say("agent").await;
    let (id, _) = town.conversation_of(old).await;
    assert_eq!(town.agent("POST", &format!("/conversations/{id}/take"), Value::Null).await.0, 200);
    announce(&town, &id, old, (new, None)).await;
    town.wait_for(&id, |d| d["person"]["phone"] == new && d["owner"]["kind"] == "agent").await;
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_under_the_new_number_still_waits_when_both_are_known_to_be_one() {
    let town = Town::here().await;
    let (old, new) = ("447700900001", "447700900099");
    town.customer(old).say("hi there, good morning").await;
    let (survivor, _) = town.conversation_of(old).await;
    town.customer(new).say("agent").await;
    let (absorbed, theirs) = town.conversation_of(new).await;
    town.wait_for(&absorbed, |d| d["owner"]["kind"] == "queue").await;
    announce(&town, &survivor, old, (new, theirs["person"]["user_id"].as_str())).await;
    let detail = town.wait_for(&survivor, |d| d["owner"]["kind"] == "queue").await;
    assert_eq!(detail["person"]["phone"], new);
    let (_, queue) = town.agent("GET", "/queue", Value::Null).await;
    let waiting: Vec<&Value> =
        queue["conversations"].as_array().unwrap().iter().map(|card| &card["conversation"]).collect();
    assert_eq!(waiting, [&json!(survivor)], "once, and under the name that stays");
    // Whoever still holds the name that has ended sees, and acts on, what goes on.
    let (status, detail) = town.agent("GET", &format!("/conversations/{absorbed}"), Value::Null).await;
    assert_eq!((status, &detail["conversation"]), (200, &json!(survivor)));
    assert_eq!(town.agent("POST", &format!("/conversations/{absorbed}/take"), Value::Null).await.0, 200);
    town.wait_for(&survivor, |d| d["owner"]["kind"] == "agent").await;
    let reply = |name: &str| {
        let body = json!({"text": "Hello, this is Anna."});
        let path = format!("/conversations/{name}/reply");
        let town = &town;
        async move { town.agent("POST", &path, body).await.0 }
    };
    assert_eq!(reply(&absorbed).await, 200);
    assert_eq!(town.agent("POST", &format!("/conversations/{survivor}/handback"), Value::Null).await.0, 200);
    town.wait_for(&survivor, |d| d["owner"]["kind"] == "bot").await;
    assert_eq!(
        reply(&absorbed).await,
        409,
        "it is the bot's by now, whatever the state that was left behind says"
    );
    let (_, list) = town.agent("GET", "/conversations", Value::Null).await;
    assert_eq!(list["conversations"], json!([survivor]));
    town.stop().await;
}
