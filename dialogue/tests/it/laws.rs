//! Laws over random histories: folding gives the state, equal inputs decide equally, the invariants hold (all three are
//! checked by `Talk` at every step), and what is journalled reads back.

use crate::shop;
use charla_dialogue::event::{AgentAct, Clause, Content, Event, Message, Outcome, Returned, Understanding};
use charla_dialogue::testing::{Talk, entity};
use charla_dialogue::{State, TrackerEvent, apply};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
enum Act {
    Say(String, Understanding),
    Tap(String),
    Option(usize),
    Answer(Outcome),
    Stray(u64),
    Pass(i64),
    Agent(AgentAct),
    Echo,
    Content(Content),
    Other(Event),
    /// The consent text changes, there and back.
    Text,
}

fn understanding() -> impl Strategy<Value = Understanding> {
    let intents = [
        "greet",
        "thank",
        "faq",
        "check_stock",
        "track_order",
        "cancel_order",
        "complain",
        "bulk_enquiry",
        "find_store",
        "browse_catalog",
        "affirm",
        "deny",
        "inform",
        "stop_messages",
        "talk_to_human",
        "change_language",
        "out_of_scope",
        "unheard_of",
    ];
    let entities = prop::sample::select(vec![
        ("product", "S24"),
        ("product", "pixel"),
        ("pincode", "110001"),
        ("pincode", "11"),
        ("color", "kala"),
        ("color", "mauve"),
        ("order_id", "10001"),
        ("order_id", "10002"),
        ("city", "Pune"),
        ("language", "Spanish"),
    ]);
    (
        prop::sample::select(intents.to_vec()),
        prop_oneof![Just(0.95_f32), Just(0.75), Just(0.5), Just(0.1)],
        prop::collection::vec(entities, 0..3),
        prop::sample::select(vec!["en", "es", "hi", "hi-Latn", "other", "other-indic"]),
        prop_oneof![Just(0.0_f32), Just(0.9)],
        prop::collection::vec(
            (prop::sample::select(intents.to_vec()), prop_oneof![Just(0.9_f32), Just(0.4)]),
            0..4,
        ),
    )
        .prop_map(|(intent, p, entities, language, out, clauses)| Understanding {
            languages: vec![(language.into(), 0.92), ("en".into(), 0.05)],
            intents: vec![
                (intent.into(), p),
                ("track_order".into(), (1.0 - p) / 2.0),
                ("check_stock".into(), (1.0 - p) / 3.0),
            ],
            entities: entities.into_iter().map(|(e, v)| entity(e, json!(v), v)).collect(),
            out_of_scope: out,
            candidates: vec![],
            clauses: clauses
                .into_iter()
                .enumerate()
                .map(|(i, (intent, p))| Clause {
                    start: i,
                    end: i + 1,
                    intents: vec![(intent.into(), p)],
                    out_of_scope: 0.0,
                })
                .collect(),
            model: "random".into(),
        })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let body = prop_oneof![
        Just(
            json!({"total": 1, "items": [{"sku": "A", "name": "S24", "price": {"amount": 5, "currency": "EUR"}}]})
        ),
        Just(
            json!({"total": 12, "items": (0..12).map(|n| json!({"sku": format!("S{n}"), "name": "n".repeat(n * 5)})).collect::<Vec<_>>()})
        ),
        Just(json!({"total": 0, "items": []})),
        Just(json!({"available": true, "name": "x".repeat(5000), "price": 12})),
        Just(json!({"ticket_id": "4711", "order_id": "10001", "status": "shipped", "stores": []})),
        Just(Value::Null),
        Just(json!("not an object")),
    ];
    prop_oneof![
        4 => (prop::sample::select(vec![200_u16, 201, 403, 404, 409]), body).prop_map(|(status, body)| Outcome::Ok { status, body }),
        1 => Just(Outcome::Failed { kind: "timeout".into(), status: None }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let words = prop::sample::select(vec![
        "yes",
        "no",
        "STOP",
        "restart",
        "never mind",
        "skip",
        "repeat",
        "agent",
        "2",
        "Phones",
        "110001",
        "",
        "🙂",
        "I agree",
    ]);
    let taps = prop::sample::select(vec![
        "/Consent(yes)",
        "/Consent(yes)",
        "/Consent(no)",
        "/StartFlow(check_stock)",
        "/StartFlow(category, category=audio)",
        "/StartFlow(nothing)",
        "/SetSlots(sku=A)",
        "/SetSlots(order_id=10001)",
        "/SetSlots(satisfaction=3)",
        "/SetSlots(confirm_cancel=true)",
        "/CancelFlow",
        "/SkipQuestion",
        "/HumanHandoff",
        "/ChangeLanguage",
        "/ChangeLanguage(hi)",
        "/Marketing(yes)",
        "/Marketing(no)",
        "/Stop",
        "/Restart",
        "/Repeat",
        "/Feedback(not_helpful)",
        "/track_order{\"order_id\": \"10001\"}",
        "/affirm",
        "/bulk_enquiry",
        "template button",
        "/broken(",
    ]);
    prop_oneof![
        10 => ("[a-z ]{1,40}", understanding()).prop_map(|(t, u)| Act::Say(t, u)),
        3 => (words, understanding()).prop_map(|(t, u)| Act::Say(t.into(), u)),
        6 => taps.prop_map(|t| Act::Tap(t.into())),
        4 => (0_usize..10).prop_map(Act::Option),
        10 => outcome().prop_map(Act::Answer),
        1 => (0_u64..50).prop_map(Act::Stray),
        2 => prop::sample::select(vec![1_000_i64, 600_000, 1_900_000, 4_000_000, 90_000_000]).prop_map(Act::Pass),
        1 => prop::sample::select(vec![
            AgentAct::Take { agent: "a".into() },
            AgentAct::Reply { agent: "a".into(), text: "hello".into() },
            AgentAct::Note { agent: "a".into(), text: "n".into() },
        ]).prop_map(Act::Agent),
        2 => any::<bool>().prop_map(|resolved| Act::Agent(AgentAct::HandBack { agent: "a".into(), resolved })),
        1 => Just(Act::Echo),
        2 => prop::sample::select(vec![
            Content::Location { latitude: 1.0, longitude: 2.0, name: None },
            Content::Media { kind: "voice".into(), id: "m".into(), caption: None },
            Content::Contacts { own_phone: Some("919999999999".into()) },
            Content::Reaction { emoji: None },
            Content::Welcome,
            Content::Order { items: vec![("A".into(), 1)] },
            Content::Unsupported { kind: "poll".into() },
            Content::Silent { kind: "edit".into() },
        ]).prop_map(Act::Content),
        1 => prop::sample::select(vec![
            Event::NotUnderstood { reason: "late".into() },
            Event::DeliveryFailed { code: Some(131047), title: "x".into() },
            Event::OutcomeUnknown { what: "template".into() },
            Event::MarketingPreference { opted_in: true },
            Event::Parked { tries: 3 },
            Event::Renamed { phone: Some("919810000009".into()), user_id: None },
            Event::Renamed { phone: None, user_id: Some("IN.1".into()) },
            Event::Timer { name: "silence_abandon".into() },
            Event::Timer { name: "unknown".into() },
        ]).prop_map(Act::Other),
        1 => Just(Act::Text),
    ]
}

fn perform(t: &mut Talk, act: Act) {
    // The runtime never begins a turn while the previous one waits for an ephemeral effect.
    while t.state.mid_turn() && !matches!(act, Act::Answer(_)) {
        t.backend(json!({"total": 1, "items": [{"sku": "A"}]}));
    }
    match act {
        Act::Say(text, u) => {
            t.say_understood(&text, u);
        }
        Act::Tap(id) => {
            t.tap(&id);
        }
        Act::Option(n) => {
            if let Some(id) = t.state.options.get(n).map(|o| o.id.clone()) {
                t.tap(&id);
            }
        }
        Act::Answer(outcome) => {
            if let Some(call) = t.calls.pop_front() {
                t.feed(Event::Returned(Returned { call: call.id, outcome }));
            }
        }
        Act::Stray(call) => {
            if !t.state.calls.contains_key(&call) {
                t.feed(Event::Returned(Returned {
                    call,
                    outcome: Outcome::Ok { status: 200, body: Value::Null },
                }));
            }
        }
        Act::Pass(ms) => {
            t.pass(ms);
        }
        Act::Agent(act) => {
            t.agent(act);
        }
        Act::Echo => {
            let content = Content::Text { text: "mine".into() };
            let sent_at = t.now;
            t.feed(Event::Echo(Message {
                id: "e".into(),
                sent_at,
                number: "default".into(),
                phone: None,
                user_id: None,
                profile_name: None,
                reply_to: None,
                referral: None,
                content,
            }));
        }
        Act::Content(content) => t.receive(content),
        Act::Other(event) => t.feed(event),
        Act::Text => {
            let newer = t.assistant.settings.consent_version == "2027-01";
            t.assistant = if newer { shop::assistant() } else { shop::newer_text() };
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_keep_the_laws(consented in any::<bool>(), acts in prop::collection::vec(act(), 1..40)) {
        let assistant = shop::assistant();
        let mut t = if consented { Talk::consented(assistant, "en") } else { Talk::new(assistant) };
        let first = t.state.clone();
        for act in acts {
            perform(&mut t, act);
            // The edge may look at any state at any time.
            let json = serde_json::to_string(&t.state).unwrap();
            prop_assert_eq!(&serde_json::from_str::<State>(&json).unwrap(), &t.state);
            // Between two turns a state is bytes, and the next turn goes on with what they are read as.
            let packed = rmp_serde::to_vec_named(&t.state).unwrap();
            let unpacked: State = rmp_serde::from_slice(&packed).unwrap();
            prop_assert_eq!(&unpacked, &t.state);
            prop_assert_eq!(rmp_serde::to_vec_named(&unpacked).unwrap(), packed);
            t.state = unpacked;
        }
        let mut folded = first;
        for change in &t.journal {
            let json = serde_json::to_string(change).unwrap();
            let read: TrackerEvent = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&read, change);
            apply(&mut folded, &read);
        }
        prop_assert_eq!(&folded, &t.state);
        // The journal's own format, and a checkpoint of everything.
        let checkpoint = TrackerEvent::Checkpoint { state: Box::new(t.state.clone()) };
        let packed = rmp_serde::to_vec_named(&checkpoint).unwrap();
        prop_assert_eq!(&rmp_serde::from_slice::<TrackerEvent>(&packed).unwrap(), &checkpoint);
        let text = serde_json::to_string(&checkpoint).unwrap();
        prop_assert_eq!(&serde_json::from_str::<TrackerEvent>(&text).unwrap(), &checkpoint);
        for change in &t.journal {
            let packed = rmp_serde::to_vec_named(change).unwrap();
            prop_assert_eq!(&rmp_serde::from_slice::<TrackerEvent>(&packed).unwrap(), change);
        }
        let matters = |f: fn(&TrackerEvent) -> bool| t.journal.iter().filter(|c| f(c)).count();
        let opened = matters(|c| matches!(c, TrackerEvent::MatterOpened { .. }));
        let ended = matters(|c| matches!(c, TrackerEvent::MatterResolved { .. } | TrackerEvent::MatterAbandoned { .. }));
        prop_assert_eq!(opened - ended, t.state.matters.len());
    }
}
