//! What WhatsApp's webhooks become: the main kinds by fixtures, every shared payload, and payloads gone wrong.

mod mutated;
mod shared;

use crate::probe::Probe;
use charla::webhook::{Parsed, parse};
use charla_actors::{
    accept::{Address, Alias, Delivery, Item},
    session::{ConversationId, IdempotencyKey, PersonId},
};
use charla_dialogue::event::{Content, Event, Message};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

const NUMBER: &str = "100000000000001";
/// Later than every timestamp of the payloads.
const NOW: i64 = 1_900_000_000_000;

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return BTreeMap::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> BTreeMap<String, Vec<u8>> {
    files(&root().join("tests/fixtures/webhooks"))
}

/// Payloads that are not part of the repository; none where they are not there.
fn shared() -> BTreeMap<String, Vec<u8>> {
    let found = files(&root().join("../shared/whatsapp/webhooks"));
    if found.is_empty() {
        eprintln!("skipped: there are no shared payloads beside this checkout");
    }
    found
}

fn read(raw: &[u8]) -> Parsed<Probe> {
    parse(raw, &HashSet::from([NUMBER.into()]), NOW)
}

fn fixture(name: &str) -> Parsed<Probe> {
    read(&fixtures()[name])
}

fn event(item: &Item<Probe>) -> &Event {
    match item {
        Item::Event { event, .. } => event,
        other => panic!("no event: {other:?}"),
    }
}

fn received(parsed: &Parsed<Probe>) -> Vec<&Message> {
    let message = |item| match event(item) {
        Event::Received(message) => message,
        other => panic!("not received: {other:?}"),
    };
    parsed.items.iter().map(message).collect()
}

fn words(parsed: &Parsed<Probe>) -> BTreeMap<&'static str, u64> {
    parsed.kinds.iter().copied().collect()
}

/// Every `phone_number_id` of a payload, placeholders too.
fn numbers(value: &Value, found: &mut HashSet<Arc<str>>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| match value {
            Value::String(id) if key == "phone_number_id" => drop(found.insert(id.as_str().into())),
            other => numbers(other, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| numbers(item, found)),
        _ => {}
    }
}

#[test]
fn messages_become_events_with_all_names_of_their_sender() {
    let parsed = fixture("messages");
    let Item::Event { address: Address::Aliases { number, aliases }, dedup, .. } = &parsed.items[0] else {
        panic!("{:?}", parsed.items[0]);
    };
    assert_eq!(&**number, NUMBER);
    assert_eq!(
        *aliases,
        [
            Alias::Phone("919800000001".into()),
            Alias::UserId("IN.8801".into()),
            Alias::ParentUserId("IN.ENT.9901".into())
        ]
    );
    assert_eq!(dedup.as_deref(), Some("100000000000001|wamid.FIX001"));
    let messages = received(&parsed);
    assert_eq!(
        *messages[0],
        Message {
            id: "wamid.FIX001".into(),
            sent_at: 1_763_600_000_000,
            number: NUMBER.into(),
            phone: Some("919800000001".into()),
            user_id: Some("IN.8801".into()),
            profile_name: Some("Asha Rao".into()),
            reply_to: Some("wamid.ASKED".into()),
            referral: None,
            content: Content::Text { text: "मेरा order kahan hai? 📦".into() },
        }
    );
    let media = |kind: &str, id: &str, caption: Option<&str>| Content::Media {
        kind: kind.into(),
        id: id.into(),
        caption: caption.map(str::to_owned),
    };
    let silent = |kind: &str| Content::Silent { kind: kind.into() };
    let unsupported = |kind: &str| Content::Unsupported { kind: kind.into() };
    let expected = [
        media("image", "7001", Some("this one")),
        media("video", "7002", None),
        media("voice", "7003", None),
        media("audio", "7004", None),
        media("document", "7005", None),
        media("sticker", "7006", None),
        Content::Location { latitude: 12.9716, longitude: 77.5946, name: Some("MG Road".into()) },
        Content::Contacts { own_phone: None },
        Content::Contacts { own_phone: Some("919800000001".into()) },
        Content::Reaction { emoji: Some("👍".into()) },
        Content::Reaction { emoji: None },
        Content::Button { id: "REORDER".into(), title: "Order again".into() },
        Content::Order { items: vec![("SKU-7".into(), 2)] },
        Content::Welcome,
        silent("edit"),
        silent("revoke"),
        unsupported("poll_creation"),
        unsupported("unknown"),
        unsupported("hologram"),
    ];
    let contents: Vec<_> = messages[1..].iter().map(|message| message.content.clone()).collect();
    assert_eq!(contents, expected);
    let refers = |i: usize| messages[i].reply_to.as_deref();
    assert_eq!((refers(10), refers(12)), (Some("wamid.ASKED"), Some("wamid.TEMPLATE")));
    assert_eq!((refers(15), refers(16)), (Some("wamid.FIX001"), Some("wamid.FIX002")));
    assert_eq!((words(&parsed)["contacts"], words(&parsed)["other_message"]), (2, 1));
}

#[test]
fn interactive_replies_are_taps_rows_and_forms() {
    let parsed = fixture("interactive");
    let contents: Vec<_> = received(&parsed).iter().map(|message| message.content.clone()).collect();
    let form =
        |fields: Value| Content::Form { fields: fields.as_object().unwrap().clone().into_iter().collect() };
    assert_eq!(
        contents,
        [
            Content::Button { id: "yes".into(), title: "Yes".into() },
            Content::List { id: "shoes".into(), title: "Shoes".into() },
            form(json!({"flow_token": "t", "rating": 5})),
            form(json!({"rating": 4})),
            Content::Silent { kind: "call_permission_reply".into() },
            Content::Unsupported { kind: "payment_reply".into() },
        ]
    );
}

#[test]
fn statuses_carry_our_key_back_and_tell_of_failures() {
    let parsed = fixture("statuses");
    let ours = IdempotencyKey {
        conversation: ConversationId { person: PersonId(42), number: NUMBER.into() },
        turn: 7,
        step: 0,
    };
    let statuses: Vec<_> = parsed
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Status { external_id, key, status, at, on_failed } => {
                Some((external_id.as_str(), key.clone(), *status, *at, on_failed.clone()))
            }
            _ => None,
        })
        .collect();
    let failed =
        Event::DeliveryFailed { code: Some(131_026), title: "the customer cannot be reached".into() };
    assert_eq!(
        statuses,
        [
            ("wamid.OUT1", Some(ours), Delivery::Sent, 1_763_600_001_000, None),
            ("wamid.OUT1", None, Delivery::Delivered, 1_763_600_002_000, None),
            ("wamid.OUT1", None, Delivery::Read, 1_763_600_003_000, None),
            // The key names another number: not ours.
            ("wamid.OUT2", None, Delivery::Played, 1_763_600_004_000, None),
            ("wamid.OUT3", None, Delivery::Failed, 1_763_600_005_000, Some(failed)),
            ("wamid.OUT4", None, Delivery::Deleted, 1_763_600_006_000, None),
        ]
    );
    let kept = ["unknown_status", "group_status", "strange_status"];
    assert!(kept.iter().all(|kind| words(&parsed)[kind] == 1), "{:?}", parsed.kinds);
}

#[test]
fn changes_of_identity_name_old_and_new() {
    let names = |parsed: &Parsed<Probe>| -> Vec<(Vec<Alias>, Vec<Alias>, String)> {
        let names = parsed.items.iter().filter_map(|item| match item {
            Item::Identity { old, new, dedup } => Some((old.clone(), new.clone(), dedup.clone().unwrap())),
            _ => None,
        });
        names.collect()
    };
    let phone = |digits: &str| Alias::Phone(digits.into());
    let user = |id: &str| Alias::UserId(id.into());
    let parsed = fixture("system");
    assert_eq!(
        names(&parsed),
        [
            (
                vec![phone("919800000001")],
                vec![phone("919800000002"), user("IN.8802")],
                "100000000000001|wamid.SYS1".to_owned()
            ),
            (vec![user("IN.8801")], vec![user("IN.8802")], "100000000000001|wamid.SYS2".to_owned()),
        ]
    );
    assert_eq!(words(&parsed)["customer_identity_changed"], 1);
    let (first, again) = (fixture("user_id_update"), fixture("user_id_update"));
    assert_eq!(names(&first)[0].0, [user("IN.8801")]);
    assert_eq!(names(&first)[0].1, [user("IN.8802")]);
    assert_eq!(names(&first), names(&again), "a repeated webhook has the same dedup key");
}

#[test]
fn preferences_and_echoes_reach_the_customers_conversation() {
    let parsed = fixture("user_preferences");
    assert_eq!(*event(&parsed.items[0]), Event::MarketingPreference { opted_in: false });
    assert_eq!(*event(&parsed.items[1]), Event::MarketingPreference { opted_in: true });
    assert_eq!(words(&parsed), BTreeMap::from([("user_preferences", 2), ("unknown_preference", 1)]));

    let parsed = fixture("smb_message_echoes");
    let Item::Event { address: Address::Aliases { aliases, .. }, event: Event::Echo(message), .. } =
        &parsed.items[0]
    else {
        panic!("{:?}", parsed.items);
    };
    assert_eq!(*aliases, [Alias::Phone("919800000001".into())]);
    assert_eq!(message.content, Content::Text { text: "I will take this one.".into() });
}

#[test]
fn what_is_not_handled_is_kept_and_counted() {
    let parsed = fixture("kept");
    let expected = [
        "group_message",
        "strange_message",
        "unaddressed_message",
        "value_errors",
        "unconfigured_number",
        "account_update",
        "unknown_field",
        "empty_change",
        "strange_change",
        "strange_entry",
    ];
    let kept: Vec<_> = parsed
        .items
        .iter()
        .map(|item| match item {
            Item::Kept { kind, raw } => {
                assert!(serde_json::from_slice::<Value>(raw).is_ok(), "kept as it came");
                *kind
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kept, expected);
}

#[test]
fn what_is_no_webhook_is_kept_and_never_an_error() {
    let bodies: [(&[u8], &str); 7] = [
        (b"", "malformed"),
        (b"hello", "malformed"),
        (b"[1,2]", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"{\"entry\":{}}", "malformed"),
        (b"{\"object\":\"page\",\"entry\":[{}]}", "foreign_object"),
        (b"{\"object\":\"whatsapp_business_account\",\"entry\":[]}", "malformed"),
    ];
    for (body, kind) in bodies {
        assert_eq!(words(&read(body)), BTreeMap::from([(kind, 1)]), "{body:?}");
    }
    let deep = "[".repeat(200_000);
    assert_eq!(words(&read(deep.as_bytes())), BTreeMap::from([("malformed", 1)]));
    let long = format!("{{\"object\":\"page\",\"text\":\"{}\"}}", "é".repeat(60_000));
    let Item::Kept { raw, .. } = &read(long.as_bytes()).items[0] else { panic!("not kept") };
    let text = std::str::from_utf8(raw).unwrap();
    assert!(text.len() <= 64 * 1024 && text.len() > 65_000 && text.ends_with("é…[cut]"));
}

#[test]
fn a_text_cut_in_the_middle_of_an_emoji_is_still_read() {
    let body = String::from_utf8(fixtures()["messages"].clone()).unwrap().replace(" 📦", " \\ud83d");
    let parsed = read(body.as_bytes());
    assert_eq!(received(&parsed)[0].content, Content::Text { text: "मेरा order kahan hai? \u{fffd}".into() });
}
