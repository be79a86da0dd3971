use super::*;
use serde_json::{Value, json};

pub(super) fn option(id: &str, title: &str, description: &str) -> Offered {
    Offered {
        id: id.into(),
        title: title.into(),
        description: Some(description.into()),
        ..Offered::default()
    }
}

fn heard(text: &str, entities: &[(&str, &str, Value)]) -> Understanding {
    let entities = entities
        .iter()
        .map(|(entity, written, value)| {
            let byte = text.find(written).unwrap_or_else(|| panic!("{written} in {text}"));
            let start = text[..byte].chars().count();
            Entity {
                entity: (*entity).into(),
                start,
                end: start + written.chars().count(),
                text: (*written).into(),
                value: value.clone(),
                confidence: 0.9,
                currency: None,
            }
        })
        .collect();
    Understanding {
        intents: vec![],
        entities,
        languages: vec![],
        out_of_scope: 0.0,
        candidates: vec![],
        clauses: vec![],
        model: "test".into(),
    }
}

fn name(
    offered: &[Offered],
    slot: Option<&Slot>,
    text: &str,
    entities: &[(&str, &str, Value)],
) -> Vec<String> {
    match named(offered, slot, text, &heard(text, entities)) {
        Named::Nothing => vec![],
        Named::One { id, .. } => vec![id],
        Named::Several(all) => all.into_iter().map(|o| format!("{}?", o.id)).collect(),
    }
}

#[test]
fn rows_are_named_by_words_of_title_and_description() {
    let phones = [
        option("/a", "Galaxy S24 128GB", "₹74,999 · Samsung · black"),
        option("/b", "Galaxy S24 256GB", "₹84,999 · Samsung · grey"),
        option("/c", "Galaxy A15", "₹15,999 · Samsung · black"),
    ];
    let name = |text| name(&phones, None, text, &[]);
    assert_eq!(name("the 256gb one please"), ["/b"]);
    assert_eq!(name("grey wala"), ["/b"]);
    assert_eq!(name("A15"), ["/c"]);
    assert_eq!(name("the black one"), ["/a?", "/c?"]);
    assert_eq!(name("not the black ones"), Vec::<String>::new());
    assert_eq!(name("the samsung"), Vec::<String>::new(), "says nothing that tells them apart");
    assert_eq!(name("what is the return policy for a phone in black colour"), Vec::<String>::new());
}

#[test]
fn spellings_name_an_option_wherever_they_stand() {
    let mappings = vec![];
    let slot = Slot {
        mappings,
        ..Slot::controlled(
            SlotType::Categorical(vec![
                ("damaged".into(), vec!["broken".into(), "roto".into(), "ख़राब".into()]),
                ("wrong_size".into(), vec!["too small".into(), "pequeño".into()]),
                ("card_rejected".into(), vec!["card".into()]),
                ("code_rejected".into(), vec!["gift card".into()]),
            ]),
            Default::default(),
        )
    };
    let offered: Vec<Offered> = ["damaged", "wrong_size", "card_rejected", "code_rejected"]
        .iter()
        .map(|v| option(&format!("/SetSlots(reason={v})"), &format!("Title {v}"), ""))
        .collect();
    let name = |text| {
        name(&offered, Some(&slot), text, &[])
            .into_iter()
            .map(|id| id.replace("/SetSlots(reason=", "").replace(')', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(name("it was too small for my son"), ["wrong_size"]);
    assert_eq!(name("me queda muy pequeno"), ["wrong_size"]);
    assert_eq!(name("खराब निकला"), ["damaged"]);
    assert_eq!(name("my gift card"), ["code_rejected"]);
    assert_eq!(name("broken and too small"), ["damaged?", "wrong_size?"]);
    assert_eq!(name("not broken, just too small"), ["wrong_size"]);
    assert_eq!(name("hello"), Vec::<String>::new());
}

#[test]
fn times_are_named_by_value() {
    let times: Vec<Offered> =
        [("2026-11-27", "10:00"), ("2026-11-27", "17:00"), ("2026-11-28", "11:00"), ("2026-11-28", "17:00")]
            .iter()
            .map(|(date, time)| Offered {
                id: format!("{date} {time}"),
                title: format!("{} Nov, {time}", &date[8..]),
                row: json!({"id": "x", "date": date, "time": time}),
                ..Offered::default()
            })
            .collect();
    let name = |text, entities: &[(&str, &str, Value)]| name(&times, None, text, entities);
    let five = ("time", "5 pm", json!("17:00"));
    let friday = ("date", "Friday", json!("2026-11-27"));
    assert_eq!(name("the 5 pm one on Friday", &[five.clone(), friday.clone()]), ["2026-11-27 17:00"]);
    assert_eq!(name("the 5 pm one", std::slice::from_ref(&five)), ["2026-11-27 17:00?", "2026-11-28 17:00?"]);
    assert_eq!(name("the 5 pm one", &[]), ["2026-11-27 17:00?", "2026-11-28 17:00?"]);
    assert_eq!(name("11 baje wala", &[]), ["2026-11-28 11:00"]);
    assert_eq!(name("28 at 11", &[]), ["2026-11-28 11:00"]);
    let six = ("time", "6 pm", json!("18:00"));
    assert_eq!(name("Friday 6 pm", &[six, friday.clone()]), ["2026-11-27 10:00?", "2026-11-27 17:00?"]);
    let morning = ("time", "morning", json!({"from": "06:00", "to": "12:00", "part": "morning"}));
    assert_eq!(name("Friday morning", &[morning, friday]), ["2026-11-27 10:00"]);
}

#[test]
fn another_number_is_none_of_those_offered() {
    let orders = [
        option("/1", "ORD-10002 · 18 Nov", "on the way · Galaxy S24"),
        option("/2", "ORD-10004 · 17 Nov", "delivered · Mixer"),
    ];
    let name = |text| name(&orders, None, text, &[]);
    assert_eq!(name("10004"), ["/2"]);
    assert_eq!(name("the delivered one"), ["/2"]);
    assert_eq!(name("the mixer"), ["/2"]);
    assert_eq!(name("ORD-99999"), Vec::<String>::new());
    assert_eq!(name("not 10002, 10004"), ["/2"]);
}

#[test]
fn places_in_four_languages() {
    let place = |text| ordinal::place(text, 3, |word| word == "पता");
    for (text, wanted) in [
        ("the second one", Some(1)),
        ("2nd please", Some(1)),
        ("doosra wala", Some(1)),
        ("La primera", Some(0)),
        ("पहला", Some(0)),
        ("option 3", Some(2)),
        ("number 4", None),
        ("the fifth", None),
        ("second hand phones", None),
        ("2", None),
        ("first or second", None),
        ("my first order was wrong and the second too", None),
    ] {
        assert_eq!(place(text), wanted, "{text}");
    }
    assert_eq!(ordinal::place("doosra", 3, |word| word == "doosra"), None, "another address, not the second");
}
