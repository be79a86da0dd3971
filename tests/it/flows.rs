//! A customer in each of the four varieties goes through the demo's flows on their phone, from the first hello to a
//! ticket and a person; afterwards the journal of the conversation replays to the same state.

use crate::support::{Customer, Town};
use charla_actors::session::ConversationId;
use serde_json::{Value, json};

struct Script {
    wa_id: &'static str,
    number: &'static str,
    language: &'static str,
    hello: &'static str,
    search: &'static str,
    stock: &'static str,
    order: &'static str,
    complaint: &'static str,
    person: &'static str,
    /// In the price of a product.
    currency: &'static str,
}

const ENGLISH: Script = Script {
    wa_id: "447700900001",
    number: charla::demo::NUMBER_IN,
    language: "en",
    hello: "hi there, good morning",
    search: "show me Samsung phones under 30000",
    stock: "is the iPhone 15 available at 110001?",
    order: "where is my order",
    complaint: "I want to file a complaint, the air fryer I got is broken",
    person: "I want to talk to a human agent please",
    currency: "₹",
};
const SPANISH: Script = Script {
    wa_id: "34600000001",
    number: charla::demo::NUMBER_ES,
    language: "es",
    hello: "Hola, buenas tardes",
    search: "busco zapatillas Nike",
    stock: "¿está disponible el iPhone 15 en 28013?",
    order: "¿dónde está mi pedido?",
    complaint: "quiero poner una queja, la freidora que me mandaron llegó rota",
    person: "quiero hablar con una persona",
    currency: "€",
};
const HINDI: Script = Script {
    wa_id: "919810000001",
    number: charla::demo::NUMBER_IN,
    language: "hi",
    hello: "नमस्ते",
    search: "सैमसंग का फोन दिखाओ",
    stock: "क्या iPhone 15 110001 पर उपलब्ध है?",
    order: "मेरा ऑर्डर कहाँ है?",
    complaint: "मुझे शिकायत दर्ज करनी है, मेरा मिक्सर टूटा हुआ आया",
    person: "किसी इंसान से बात कराओ",
    currency: "₹",
};
const HINGLISH: Script = Script {
    wa_id: "919810000002",
    number: charla::demo::NUMBER_IN,
    language: "hi-Latn",
    hello: "namaste bhai kaise ho",
    search: "nike ke joote dikhao",
    stock: "iPhone 15 110001 pe milega kya?",
    order: "mera order kaha hai",
    complaint: "mujhe complaint karni hai, mera mixer toota hua aaya hai",
    person: "kisi insaan se baat karao",
    currency: "₹",
};

async fn tickets(town: &Town, contact: &str) -> Vec<Value> {
    let token = std::fs::read_to_string(town.folder.path().join("secrets/shop_token")).unwrap();
    let url = format!("{}/tickets?contact={contact}", town.shop_url);
    let body: Value = town.http.get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
    body["tickets"].as_array().cloned().unwrap_or_default()
}

async fn go_through(script: &Script) {
    let town = Town::here().await;
    let mut customer = town.customer(script.wa_id).at(script.number);

    // 1. Nothing personal before the yes; the notice that this is a machine; consent with version and time.
    let greeting = customer.say(script.hello).await;
    assert!(greeting.text().contains("Charla") && greeting.offers("/Consent(yes)"), "{}", greeting.text());
    let (id, before) = town.conversation_of(script.wa_id).await;
    assert_eq!(before["consent"]["grants"], json!({}));
    let thanks = customer.choose(&greeting, "/Consent(yes)").await;
    assert!(!thanks.text().is_empty());
    let (_, after) = town.conversation_of(script.wa_id).await;
    let grant = &after["consent"]["grants"]["processing"];
    assert!(grant["version"].is_string() && grant["at"].as_i64().unwrap() > 0, "{after:#}");
    assert_eq!(after["language"]["code"], script.language);

    // 2. Search, then the details with the price.
    let found = customer.say_for(script.search, "/StartFlow(product_details, sku=").await;
    let details = customer.choose(&found, &found.first("/StartFlow(product_details, sku=")).await;
    assert!(details.text().contains(script.currency), "{}", details.text());

    // 3. Live stock at a postal code.
    let stock = customer.say_for(script.stock, "/StartFlow(check_stock").await;
    assert!(stock.text().contains("iPhone 15"), "{}", stock.text());

    // 4. An order chosen from the history, in plain words.
    let orders = customer.say_for(script.order, "/SetSlots(order_id=").await;
    let order = orders.first("/SetSlots(order_id=");
    let status = customer.choose(&orders, &order).await;
    let number = order.trim_start_matches("/SetSlots(order_id=").trim_end_matches(')');
    assert!(status.text().contains(number), "{}", status.text());
    assert!(!status.text().contains('_'), "a raw state shows: {}", status.text());

    // 5. A complaint: ticket only after the explicit yes, number told.
    let about = customer.say_for(script.complaint, "/SetSlots(about_order=").await;
    let confirm = customer.choose(&about, "/SetSlots(about_order=false)").await;
    assert!(tickets(&town, script.wa_id).await.is_empty(), "no ticket before the yes");
    let opened = customer.choose(&confirm, "/SetSlots(confirm_complaint=true)").await;
    let ticket = tickets(&town, script.wa_id).await.pop().expect("a ticket");
    let ticket_id = ticket["ticket_id"].as_str().unwrap();
    assert!(opened.text().contains(ticket_id), "{}", opened.text());

    // 6. A person: queue, ticket; the bot is silent while an agent has the thread.
    let told = customer.say(script.person).await;
    assert!(!told.text().is_empty());
    person_takes_over(&town, &mut customer, &id).await;

    // 7. Back with the bot; stars were asked for nowhere, because nothing was done that is worth rating.
    let contact = town.conversation_of(script.wa_id).await.1;
    assert_eq!(contact["owner"]["kind"], "bot");
    let thread = customer.thread(0, std::time::Duration::ZERO).await;
    assert!(!thread.iter().any(|m| m.ids().iter().any(|id| id.starts_with("/SetSlots(satisfaction="))));

    let replayed = town.running().engine.replay(&id.parse::<ConversationId>().unwrap()).unwrap();
    assert!(replayed.differences.is_empty(), "{:?}", replayed.differences);
    assert!(
        replayed.decided > 10 && replayed.decided == replayed.turns,
        "{} of {}",
        replayed.decided,
        replayed.turns
    );
    town.stop().await;
}

async fn person_takes_over(town: &Town, customer: &mut Customer<'_>, id: &str) {
    let (_, queue) = town.agent("GET", "/queue", Value::Null).await;
    let card = &queue["conversations"][0];
    assert_eq!(card["conversation"], id, "{queue:#}");
    assert!(card["summary"].as_str().is_some_and(|s| !s.is_empty()), "{card:#}");
    let path = |act: &str| format!("/conversations/{id}/{act}");
    let (status, _) = town.agent("POST", &path("take"), json!({})).await;
    assert_eq!(status, 200);
    town.wait_for(id, |detail| detail["owner"]["kind"] == "agent").await;
    customer.send(json!({"type": "text", "text": "42?"})).await;
    let (status, _) = town.agent("POST", &path("reply"), json!({"text": "Hello, this is Meera."})).await;
    assert_eq!(status, 200);
    let answer = customer.answer_saying("Meera").await;
    assert_eq!(answer.text(), "Hello, this is Meera.");
    let (status, _) = town.agent("POST", &path("handback"), json!({"resolved": true})).await;
    assert_eq!(status, 200);
    town.wait_for(id, |detail| detail["owner"]["kind"] == "bot").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn english() {
    go_through(&ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spanish() {
    go_through(&SPANISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hindi() {
    go_through(&HINDI).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hinglish() {
    go_through(&HINGLISH).await;
}
