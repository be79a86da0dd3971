//! Transcripts of whole conversations, kept word for word. `UPDATE_GOLDEN=1` writes them anew; look at the difference.

use crate::shop;
use charla_dialogue::testing::{Talk, run_file, understanding};
use serde_json::json;
use std::path::Path;

fn golden(name: &str, talk: &Talk) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    let now = talk.transcript();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &now).expect("readable");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(now, kept, "{} differs", path.display());
}

#[test]
fn a_first_contact_in_hinglish() {
    let mut t = Talk::new(shop::assistant());
    let mut u = understanding("check_stock", 0.93, &[("product", "S24")]);
    u.languages = vec![("hi-Latn".into(), 0.95), ("en".into(), 0.05)];
    t.say_understood("S24 milega kya?", u);
    t.write("haan");
    t.calls.retain(|c| c.action != "action_save_contact");
    t.backend(json!({"total": 1, "items": [{"sku": "PH-1"}]}));
    t.say("110001", "inform", 0.9, &[("pincode", "110001")]);
    t.backend(
        json!({"available": true, "name": "Galaxy S24", "price": {"amount": 74999, "currency": "INR"}}),
    );
    t.write("5");
    golden("first_contact_hinglish.txt", &t);
}

#[test]
fn a_complaint_that_ends_with_a_person() {
    let mut t = Talk::consented(shop::assistant(), "es");
    t.say("llegó roto", "complain", 0.9, &[]);
    t.say("la caja estaba vacía", "complain", 0.9, &[]);
    t.write("saltar");
    t.backend_fails("timeout");
    t.write("agente");
    t.agent(charla_dialogue::event::AgentAct::Take { agent: "ana".into() });
    t.agent(charla_dialogue::event::AgentAct::Reply { agent: "ana".into(), text: "Hola, soy Ana.".into() });
    t.agent(charla_dialogue::event::AgentAct::HandBack { agent: "ana".into(), resolved: true });
    golden("complaint_spanish.txt", &t);
}

#[test]
fn test_cases_run_and_fail_where_they_should() {
    let good = r#"
test_cases:
  - test_case: stock at a pincode
    steps:
      - user: "Galaxy S24 at 110001?"
        nlu: {intent: check_stock, confidence: 0.96, entities: {product: Galaxy S24, pincode: "110001"}}
      - call: {action: action_find_product, path: /inventory/products, query: {q: Galaxy S24}}
        returns: {body: {total: 1, items: [{sku: PH-1}]}}
      - call: {action: action_stock}
        returns: {status: 200, body: {available: true, name: Galaxy S24, price: 1000}}
      - utter: utter_stock
      - bot: "*Galaxy S24*₹1,000*"
      - slot_was_set: [{sku: PH-1}, pincode]
      - slot_was_not_set: [color]
      - owner: bot
      - tap: "5 Very satisfied"
      - utter: utter_satisfaction_thanks
      - flow: null
  - test_case: silence
    setup: {language: es}
    steps:
      - user: mi pedido
        nlu: {intent: track_order}
      - flow: track_order
      - after_minutes: 10
      - utter: utter_reminder
  - test_case: person
    setup: {consent: false}
    steps:
      - user: hola
        nlu: {intent: greet, language: es}
      - buttons: ["Acepto", "No, gracias", "Language / भाषा"]
      - user: AGENTE
      - owner: queue
      - agent: {take: ana}
      - sends: {kind: voice}
      - silent: true
"#;
    for result in run_file(&shop::assistant(), "tests/good.yml", good).unwrap() {
        assert_eq!(result.failure, None, "{}", result.name);
    }
    let bad = "test_cases:\n  - test_case: wrong\n    steps:\n      - user: hi\n        nlu: {intent: greet}\n      - utter: utter_nothing\n  - test_case: unknown\n    steps:\n      - sing: loudly\n";
    let results = run_file(&shop::assistant(), "tests/bad.yml", bad).expect("readable");
    assert_eq!(results.len(), 2);
    assert_eq!(results[0].line, 6);
    assert!(results[0].failure.as_ref().unwrap().contains("utter_nothing"));
    assert!(results[1].failure.as_ref().unwrap().contains("sing"));
    assert!(run_file(&shop::assistant(), "tests/x.yml", "a: [").is_err());
}
