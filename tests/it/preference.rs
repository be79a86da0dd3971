//! Meta's `user_preferences`: a customer stops or resumes marketing messages in WhatsApp itself.

use crate::support::{Town, changes};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const EMMA: &str = "447700900001";

/// The shop's record of a contact.
async fn contact(town: &Town, id: &str) -> Value {
    let password = std::fs::read_to_string(town.folder.path().join("secrets/crm_password")).unwrap();
    let url = format!("{}/crm/contacts/{id}", town.shop_url);
    town.http.get(url).basic_auth("crm", Some(password)).send().await.unwrap().json().await.unwrap()
}

async fn wait_for_contact(town: &Town, id: &str, marketing: bool) -> Value {
    let begun = Instant::now();
    loop {
        let found = contact(town, id).await;
        if found["marketing"] == marketing {
            return found;
        }
        assert!(begun.elapsed() < crate::support::PATIENCE, "{found:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_and_resuming_marketing_changes_the_opt_in_and_nothing_else() {
    let town = Town::here().await;
    let mut customer = town.customer(EMMA);
    let greeting = customer.say("hi there, good morning").await;
    customer.choose(&greeting, "/Consent(yes)").await;
    let (id, first) = town.conversation_of(EMMA).await;
    assert_eq!(first["marketing"], Value::Null, "never said");
    let lines = customer.thread(0, Duration::ZERO).await.len();
    let phone = town.sim().customer(EMMA);

    phone.change(json!({"marketing": false})).await.unwrap();
    let stopped = town.wait_for(&id, |d| d["marketing"] == false).await;
    assert!(stopped["consent"]["grants"]["marketing"].is_null());
    assert_eq!(stopped["consent"]["grants"]["processing"], first["consent"]["grants"]["processing"]);
    wait_for_contact(&town, EMMA, false).await;

    phone.change(json!({"marketing": true})).await.unwrap();
    let resumed = town.wait_for(&id, |d| d["marketing"] == true).await;
    let grant = &resumed["consent"]["grants"]["marketing"];
    assert!(grant["version"].is_string() && grant["at"].as_i64() > Some(0), "{resumed:#}");
    wait_for_contact(&town, EMMA, true).await;

    // Said in WhatsApp's own settings, it needs no word; and it opens no window, starts no session, counts as no message.
    assert_eq!(customer.thread(0, Duration::from_millis(300)).await.len(), lines);
    assert_eq!(resumed["window_until_ms"], first["window_until_ms"]);
    let all = changes(&town.journal(&id).await);
    let count = |name: &str| all.iter().filter(|c| c["change"] == name).count();
    assert_eq!((count("marketing_set"), count("session_started")), (2, 1));
    assert!(town.metrics().await.contains("kind=\"user_preferences\""));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preference_of_somebody_who_never_wrote_is_kept_for_the_first_contact() {
    let town = Town::here().await;
    let wa_id = "34600000001";
    let phone = town.sim().customer(wa_id);
    phone.change(json!({"marketing": false})).await.unwrap();
    let begun = Instant::now();
    let id = loop {
        let (_, page) = town.agent("GET", "/conversations", Value::Null).await;
        if let Some(id) = page["conversations"][0].as_str() {
            break id.to_owned();
        }
        assert!(begun.elapsed() < crate::support::PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let detail = town.wait_for(&id, |d| d["marketing"] == false).await;
    assert_eq!(detail["consent"]["grants"], json!({}), "a preference is no consent");
    assert!(
        town.customer(wa_id).thread(0, Duration::from_millis(300)).await.is_empty(),
        "nobody writes first"
    );
    // Their first message finds it.
    let mut customer = town.customer(wa_id);
    let greeting = customer.say("Hola, buenas tardes").await;
    assert!(greeting.offers("/Consent(yes)"));
    let (same, detail) = town.conversation_of(wa_id).await;
    assert_eq!((same, &detail["marketing"]), (id, &json!(false)));
    town.stop().await;
}
