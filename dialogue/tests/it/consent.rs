//! The consent text changes: whoever agreed to another version is asked anew, and loses nothing of what they wanted.

use crate::shop;
use charla_dialogue::event::{AgentAct, Content};
use charla_dialogue::state::Owner;
use charla_dialogue::testing::Talk;
use charla_dialogue::{State, TrackerEvent, apply};
use serde_json::json;

const MINUTE: i64 = 60_000;

/// Somebody who agreed to the earlier text, and a newer one since.
fn outdated() -> Talk {
    let mut t = shop::talk();
    raise(&mut t);
    t
}

fn raise(t: &mut Talk) {
    t.assistant = shop::newer_text();
}

fn version(t: &Talk) -> Option<&str> {
    t.state.consent.grants.get("processing").map(|g| g.version.as_str())
}

#[test]
fn a_newer_text_is_asked_for_and_the_question_answered_right_after_the_yes() {
    let mut t = outdated();
    t.say("return policy?", "faq", 0.95, &[]).expect(&["utter_session_start"]).expect_text("2027-01");
    assert!(!t.state.consented() && t.made.is_empty());
    assert_eq!(t.titles(), ["I agree", "No, thanks", "Language / भाषा"]);
    t.say("and where is 10001", "track_order", 0.95, &[("order_id", "10001")])
        .expect(&["utter_consent_reminder"]);
    assert!(t.made.is_empty());
    t.tap("I agree");
    assert_eq!(version(&t), Some("2027-01"));
    assert_eq!(t.calls.pop_front().unwrap().action, "action_save_contact", "the CRM learns the new version");
    t.backend(json!({"order_id": "10001", "status": "packed"}));
    t.expect(&["utter_consent_thanks", "utter_faq", "utter_order", "utter_ask_satisfaction"]);
    // Asked once.
    t.say("hello", "greet", 0.95, &[]).expect(&["utter_greet"]);
}

#[test]
fn a_no_to_a_newer_text_is_as_at_first() {
    let mut t = outdated();
    t.say("return policy?", "faq", 0.95, &[]);
    t.write("no").expect(&["utter_consent_denied"]);
    assert!(!t.state.consented() && t.state.consent.denied_at == Some(t.now));
    t.say("where is 10001", "track_order", 0.95, &[("order_id", "10001")])
        .expect(&["utter_consent_reminder"]);
    assert!(t.made.is_empty() && t.state.stack.is_empty());
    t.write("haan");
    assert_eq!(version(&t), Some("2027-01"));
    t.calls.retain(|c| c.action != "action_save_contact");
    t.backend(json!({"order_id": "10001", "status": "packed"}));
    t.expect(&["utter_consent_thanks", "utter_faq", "utter_order", "utter_ask_satisfaction"]);
}

#[test]
fn a_yes_to_the_earlier_text_is_none_to_the_newer() {
    // Tapped on the old message, after the text has changed.
    let mut t = outdated();
    t.tap("/Consent(yes)").expect(&["utter_session_start"]);
    assert!(!t.state.consented());
    t.tap("/Consent(yes)").expect(&["utter_consent_thanks"]);
    // Asked with the old text, answered after it has changed: never agreed before.
    for yes in ["yes", "/Consent(yes)"] {
        let mut t = Talk::new(shop::assistant());
        t.say("return policy?", "faq", 0.95, &[]).expect(&["utter_session_start"]);
        raise(&mut t);
        if yes.starts_with('/') { t.tap(yes) } else { t.write(yes) }
            .expect(&["utter_session_start"])
            .expect_text("2027-01");
        assert!(!t.state.consented());
        t.write("yes").expect(&["utter_consent_thanks", "utter_faq"]);
    }
    // After STOP the text is still the one they know.
    let mut t = Talk::new(shop::assistant());
    t.say("hi", "greet", 0.95, &[]);
    t.tap("/Consent(yes)");
    t.write("STOP").expect(&["utter_stopped"]);
    t.tap("/Consent(yes)").expect(&["utter_consent_thanks"]);
}

#[test]
fn an_open_question_survives_and_its_answer_counts_after_the_yes() {
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]).expect(&["utter_ask_order_id"]);
    raise(&mut t);
    t.say("10001", "inform", 0.9, &[("order_id", "10001")]).expect(&["utter_session_start"]);
    assert!(t.made.is_empty());
    // No word about the order meanwhile.
    t.tap("/ChangeLanguage(en)").expect(&["utter_language_changed", "utter_consent_reminder"]);
    t.pass(10 * MINUTE).expect_silence();
    t.write("yes").expect(&[]);
    assert_eq!(t.calls.pop_front().unwrap().action, "action_save_contact");
    t.backend(json!({"order_id": "10001", "status": "packed"}));
    t.expect(&["utter_consent_thanks", "utter_order", "utter_ask_satisfaction"]);
    assert!(t.state.held.is_empty());
}

#[test]
fn an_open_question_without_an_answer_comes_again_after_the_yes_and_goes_with_a_no() {
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]);
    raise(&mut t);
    t.say("hello", "greet", 0.9, &[]).expect(&["utter_session_start"]);
    t.write("yes").expect(&["utter_consent_thanks", "utter_ask_order_id"]);

    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]);
    raise(&mut t);
    t.say("10001", "inform", 0.9, &[("order_id", "10001")]);
    t.tap("/Consent(no)").expect(&["utter_consent_denied"]);
    assert!(t.state.stack.is_empty() && t.state.matters.is_empty() && t.timers.is_empty());
}

#[test]
fn a_yes_to_something_irreversible_is_asked_for_again_after_the_consent() {
    let mut t = shop::talk();
    t.say("cancel 10001", "cancel_order", 0.95, &[("order_id", "10001")]);
    t.expect(&["utter_ask_confirm_cancel"]);
    raise(&mut t);
    t.say("yes", "affirm", 0.99, &[]).expect(&["utter_session_start"]);
    t.write("yes").expect(&["utter_consent_thanks", "utter_ask_confirm_cancel"]);
    assert!(t.made.iter().all(|c| c.action != "action_cancel_order"));
    t.write("yes");
    assert!(t.made.iter().any(|c| c.action == "action_cancel_order"));
}

#[test]
fn a_tap_before_the_consent_is_kept_like_a_text() {
    let mut t = outdated();
    t.tap("/StartFlow(track_order)").expect(&["utter_session_start"]);
    t.write("yes").expect(&["utter_consent_thanks", "utter_ask_order_id"]);
    // A choice among what was shown, typed.
    let mut t = shop::talk();
    t.say("what do you sell", "browse_catalog", 0.9, &[]);
    let option = t.state.options[0].clone();
    raise(&mut t);
    t.write(&option.title).expect(&["utter_session_start"]);
    t.write("yes");
    assert_eq!(t.responses()[0], "utter_consent_thanks");
    assert!(t.responses().len() > 1, "the choice was carried out: {:?}", t.responses());
    // Less mail needs no agreement.
    let mut t = outdated();
    t.state.marketing = Some(true);
    t.tap("/Marketing(no)").expect(&["utter_marketing_off"]);
    assert_eq!(t.state.marketing, Some(false));
}

#[test]
fn while_a_person_has_the_thread_nobody_is_asked() {
    let mut t = shop::talk();
    t.write("agent").expect(&["utter_handoff"]);
    raise(&mut t);
    t.say("hello?", "greet", 0.9, &[]).expect_silence();
    t.agent(AgentAct::Take { agent: "anna".into() });
    t.say("hello?", "greet", 0.9, &[]).expect_silence();
    assert_eq!(version(&t), Some("2026-11"));
    t.agent(AgentAct::HandBack { agent: "anna".into(), resolved: false });
    assert_eq!(t.state.owner, Owner::Bot);
    t.receive(Content::Reaction { emoji: Some("👍".into()) });
    t.expect_silence();
    t.say("return policy?", "faq", 0.95, &[]).expect(&["utter_session_start"]);
    t.tap("/Consent(yes)").expect(&["utter_consent_thanks", "utter_faq"]);
}

#[test]
fn where_no_consent_is_required_versions_do_not_matter() {
    let mut files = shop::files();
    for file in &mut files {
        file.text = file
            .text
            .replace("consent: {version: \"2026-11\"}", "consent: {version: \"9\", required: false}");
    }
    let mut t = shop::talk();
    t.assistant = std::sync::Arc::new(charla_dialogue::Assistant::load(files).unwrap());
    t.say("return policy?", "faq", 0.95, &[]).expect(&["utter_faq"]);
}

/// Journals of before this rule fold as they did: records without the version of the text, states without its traces.
#[test]
fn old_journals_fold_as_before() {
    let old = [
        r#"{"change": "consent_asked", "at": 1}"#,
        r#"{"change": "message_held", "message": {"id": "a", "text": "return policy?", "at": 1}}"#,
        r#"{"change": "message_held", "message": {"id": "b", "text": "and refunds?", "at": 2}}"#,
        r#"{"change": "consent_given", "category": "processing", "version": "2026-11", "at": 3}"#,
        r#"{"change": "held_released"}"#,
    ];
    let mut state = State::default();
    for text in old {
        let change: TrackerEvent = serde_json::from_str(text).unwrap();
        assert_eq!(
            serde_json::to_value(&change).unwrap(),
            serde_json::from_str::<serde_json::Value>(text).unwrap(),
            "written again as it was"
        );
        apply(&mut state, &change);
    }
    assert!(state.consented());
    assert_eq!(state.held.len(), 1);
    assert_eq!(state.held[0].text, "and refunds?");
    let written = serde_json::to_value(&state).unwrap();
    let keys = |v: &serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&written["consent"]), ["asked_at", "denied_at", "grants", "withdrawn_at"]);
    assert_eq!(keys(&written["held"][0]), ["at", "id", "text"]);
}
