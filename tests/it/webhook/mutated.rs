//! Payloads gone wrong: whatever comes in, nothing panics, nothing is dropped, and neighbours are not spoilt.

use super::{NOW, NUMBER, fixtures, numbers, read, shared};
use crate::probe::Probe;
use charla::webhook::{Parsed, kinds, parse};
use charla_actors::accept::{Address, Alias, Item};
use charla_dialogue::event::Event;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

/// What holds for whatever comes in.
fn check(parsed: &Parsed<Probe>) -> Result<(), TestCaseError> {
    prop_assert!(!parsed.items.is_empty(), "nothing is ever dropped");
    let counted: u64 = parsed.kinds.iter().map(|(_, count)| count).sum();
    prop_assert_eq!(counted, parsed.items.len() as u64);
    let known: HashSet<_> = kinds::all().collect();
    for (kind, _) in &parsed.kinds {
        prop_assert!(known.contains(kind), "{}", kind);
    }
    for item in &parsed.items {
        match item {
            Item::Event { address: Address::Aliases { number, aliases }, dedup, .. } => {
                prop_assert_eq!(&**number, NUMBER);
                prop_assert!(aliases.iter().any(|alias| !matches!(alias, Alias::ParentUserId(_))));
                prop_assert!(dedup.as_ref().is_some_and(|key| key.starts_with(NUMBER)));
            }
            Item::Identity { old, new, dedup } => {
                prop_assert!(!old.is_empty() && !new.is_empty() && old != new && dedup.is_some());
            }
            Item::Kept { raw, .. } => prop_assert!(raw.len() <= 64 * 1024),
            Item::Status { at, .. } => prop_assert!(*at <= NOW),
            Item::Event { address, .. } => prop_assert!(false, "{:?}", address),
        }
    }
    Ok(())
}

/// JSON pointers to all nodes but the root.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut add = |key: &str, value: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(value, &pointer, found);
        found.push(pointer);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| add(key, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| add(&i.to_string(), item)),
        _ => {}
    }
}

/// Replaces a node, or takes it out.
fn mutate(root: &mut Value, pointer: &str, with: Option<Value>) {
    if let Some(value) = with {
        if let Some(node) = root.pointer_mut(pointer) {
            *node = value;
        }
        return;
    }
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match root.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.remove(&key.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) => drop(items.remove(key.parse().unwrap())),
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,25}".prop_map(Value::from),
        prop::sample::select(vec![
            "text",
            "interactive",
            "system",
            "group",
            "call",
            "failed",
            "contact_request"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = prop::sample::select(vec![
            "id", "type", "from", "text", "body", "messages", "user_id", "code", "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

fn payloads() -> Vec<Value> {
    let all = fixtures().into_values().chain(shared().into_values());
    all.map(|raw| serde_json::from_slice(&raw).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_payloads_are_taken_apart_without_panic(
        which: prop::sample::Index,
        mutations in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any_json())), 1..6),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2),
    ) {
        thread_local! {
            static PAYLOADS: Vec<Value> = payloads();
        }
        let mut payload = PAYLOADS.with(|all| which.get(all).clone());
        for (place, with) in mutations {
            let mut found = Vec::new();
            pointers(&payload, "", &mut found);
            if !found.is_empty() {
                mutate(&mut payload, &found[place.index(found.len())], with);
            }
        }
        let mut raw = serde_json::to_vec(&payload).unwrap();
        let mut configured = HashSet::from([NUMBER.into()]);
        check(&parse(&raw, &configured, NOW))?;
        numbers(&payload, &mut configured);
        parse::<Probe>(&raw, &configured, NOW);
        for (place, byte) in flips {
            let at = place.index(raw.len());
            raw[at] = byte;
        }
        check(&parse(&raw, &HashSet::from([NUMBER.into()]), NOW))?;
    }

    #[test]
    fn a_strange_neighbour_spoils_no_message(neighbour in any_json(), before: bool) {
        let mut payload: Value = serde_json::from_slice(&fixtures()["interactive"]).unwrap();
        let value = payload.pointer_mut("/entry/0/changes/0/value").unwrap();
        let messages = value["messages"].as_array_mut().unwrap();
        let place = if before { 0 } else { messages.len() };
        messages.insert(place, neighbour.clone());
        value["statuses"] = json!([neighbour]);
        let parsed = read(&serde_json::to_vec(&payload).unwrap());
        check(&parsed)?;
        let ids: BTreeSet<_> = parsed.items.iter().filter_map(|item| match item {
            Item::Event { event: Event::Received(message), .. } => Some(message.id.clone()),
            _ => None,
        }).collect();
        for id in 21..=26 {
            prop_assert!(ids.contains(&format!("wamid.FIX0{id}")), "{} of {:?}", id, ids);
        }
    }
}
