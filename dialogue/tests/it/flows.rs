//! Whole conversations.

use crate::shop;
use charla_dialogue::TrackerEvent;
use charla_dialogue::effect::Outgoing;
use charla_dialogue::event::{AgentAct, Content, Outcome};
use charla_dialogue::state::Owner;
use charla_dialogue::testing::Talk;
use serde_json::json;

#[test]
fn stock_from_first_contact_to_rating() {
    let mut t = Talk::new(shop::assistant());
    t.say("is the S24 there at 110001?", "check_stock", 0.95, &[("product", "S24"), ("pincode", "110001")]);
    t.expect(&["utter_session_start"]).expect_one_message().expect_text("automated assistant");
    assert_eq!(t.state.held.len(), 1);
    t.tap("/Consent(yes)");
    // Contact is saved, and what was asked before is answered at once.
    assert_eq!(
        t.made.iter().map(|c| c.action.as_str()).collect::<Vec<_>>(),
        ["action_save_contact", "action_find_product"]
    );
    assert!(t.backend_for(
        "action_save_contact",
        charla_dialogue::event::Outcome::Ok { status: 200, body: json!({}) }
    ));
    assert_eq!(t.expect_call("action_find_product").query["q"], "S24");
    t.backend(json!({"total": 1, "items": [{"sku": "PH/1"}]}));
    let call = t.expect_call("action_stock");
    assert_eq!(call.path, "/inventory/products/PH%2F1/stock");
    t.backend(
        json!({"available": true, "name": "Galaxy S24", "price": {"amount": 74999, "currency": "INR"}}),
    );
    t.expect(&["utter_consent_thanks", "utter_stock", "utter_ask_satisfaction"])
        .expect_one_message()
        .expect_text("₹74,999");
    t.write("4");
    t.expect(&["utter_satisfaction_thanks"]);
    let rating = t.expect_call("action_store_rating");
    assert_eq!(
        rating.body.unwrap(),
        json!({"score": 4, "matter": "check_stock", "conversation": "default:919810000001"})
    );
    assert!(t.state.stack.is_empty());
    assert!(t.state.matters.is_empty());
}

#[test]
fn an_ambiguous_product_is_chosen_from_a_list_by_tap_title_or_number() {
    for choice in ["/SetSlots(sku=B)", "Pixel 8", "2"] {
        let mut t = shop::talk();
        t.say("pixel at 110001", "check_stock", 0.9, &[("product", "pixel"), ("pincode", "110001")]);
        t.backend(json!({"total": 2, "items": [{"sku": "A", "name": "Pixel 7", "price": 1}, {"sku": "B", "name": "Pixel 8", "price": 2}]}));
        t.expect(&["utter_ask_which"]);
        assert_eq!(t.titles(), ["Pixel 7", "Pixel 8"]);
        if choice.starts_with('/') {
            t.tap(choice)
        } else {
            t.write(choice)
        };
        assert_eq!(t.expect_call("action_stock").path, "/inventory/products/B/stock", "{choice}");
    }
}

#[test]
fn a_rejected_value_is_asked_again_and_two_bring_a_person() {
    let mut t = shop::talk();
    t.say("s24?", "check_stock", 0.9, &[("product", "S24")]);
    t.backend(json!({"total": 1, "items": [{"sku": "A"}]})).expect(&["utter_ask_pincode"]);
    t.say("11000", "inform", 0.9, &[])
        .expect(&["utter_invalid_pincode", "utter_ask_pincode"])
        .expect_one_message();
    assert_eq!(t.state.failures, 1);
    t.say("1100", "inform", 0.9, &[]).expect(&["utter_handoff"]);
    assert!(matches!(&t.state.owner, Owner::Queue { reason, .. } if reason == "failed_attempts"));
    let ticket = t.expect_call("action_create_handoff_ticket");
    let body = ticket.body.unwrap();
    assert_eq!(body["slots"]["product"], "S24");
    assert!(body["description"].as_str().unwrap().contains("check stock"));
    assert!(body["transcript"].as_array().unwrap().len() >= 3);
    t.backend(json!({"ticket_id": "4711"}));
    assert!(matches!(&t.state.owner, Owner::Queue { ticket: Some(n), .. } if n == "4711"));
}

#[test]
fn a_valid_answer_counts_as_certain_however_unsure_the_understanding_was() {
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]).expect(&["utter_ask_order_id"]);
    t.say("ORD-10001", "out_of_scope", 0.3, &[]);
    assert_eq!(t.state.latest.as_ref().unwrap().confidence, 1.0);
    t.expect_call("action_order");
    t.backend(json!({"order_id": "ORD-10001", "status": "shipped", "expected_on": "2026-11-24"}));
    t.expect(&["utter_order", "utter_ask_satisfaction"]).expect_text("expected 24 Nov");
}

#[test]
fn an_irreversible_action_needs_the_yes_in_the_turn_before() {
    let mut t = shop::talk();
    t.say("cancel 10001", "cancel_order", 0.9, &[("order_id", "10001")])
        .expect(&["utter_ask_confirm_cancel"]);
    // Something comes between: the question is asked again, and only the yes to that one counts.
    t.say("what is your return policy", "faq", 0.95, &[]).expect(&["utter_faq", "utter_ask_confirm_cancel"]);
    assert!(t.calls.is_empty());
    t.write("yes");
    assert_eq!(t.expect_call("action_cancel_order").method, "POST");
    t.backend(json!({"ok": true})).expect(&["utter_order_cancelled", "utter_ask_satisfaction"]);

    let mut t = shop::talk();
    t.say("cancel 10001", "cancel_order", 0.9, &[("order_id", "10001")]);
    t.write("no").expect(&["utter_not_cancelled", "utter_ask_satisfaction"]);
    assert!(t.calls.is_empty());
}

/// A cancellation that was confirmed and sent, and left before its answer came.
fn left_while_it_runs() -> Talk {
    let mut t = shop::talk();
    t.say("cancel 10001", "cancel_order", 0.9, &[("order_id", "10001")]);
    t.write("yes");
    t.expect_call("action_cancel_order");
    t.write("forget it").expect(&["utter_left_waiting"]).expect_text("Cancel an order");
    t
}

#[test]
fn what_became_of_a_change_that_was_left_is_told() {
    let mut t = left_while_it_runs();
    t.backend(json!({"ok": true}))
        .expect(&["utter_left_waiting", "utter_left_done"])
        .expect_text("Cancel an order");
    let mut t = left_while_it_runs();
    t.backend_status(409, json!({}))
        .expect(&["utter_left_waiting", "utter_left_refused"])
        .expect_text("Cancel an order");
    let mut t = left_while_it_runs();
    t.backend_fails("timeout")
        .expect(&["utter_left_waiting", "utter_left_unknown"])
        .expect_text("Cancel an order");

    // What is asked meanwhile goes on being asked.
    let mut t = left_while_it_runs();
    t.say("where is my order", "track_order", 0.9, &[]).expect(&["utter_ask_order_id"]);
    t.backend(json!({"ok": true})).expect(&["utter_ask_order_id", "utter_left_done"]);
    t.say("10002", "inform", 0.9, &[("order_id", "10002")]);
    assert_eq!(t.expect_call("action_order").path, "/orders/10002");

    // Where a person has the thread, nobody speaks between.
    let mut t = left_while_it_runs();
    t.write("agent").expect(&["utter_handoff"]);
    t.agent(AgentAct::Take { agent: "asha".into() });
    t.backend_for("action_cancel_order", Outcome::Ok { status: 200, body: json!({"ok": true}) });
    t.expect_silence();

    // Nor to somebody who wants no more messages.
    let mut t = left_while_it_runs();
    t.write("stop").expect(&["utter_stopped"]);
    t.backend_for("action_cancel_order", Outcome::Ok { status: 200, body: json!({"ok": true}) });
    t.expect(&["utter_stopped"]);
}

#[test]
fn a_late_yes_is_asked_for_again() {
    let mut t = shop::talk();
    t.say("cancel 10001", "cancel_order", 0.9, &[("order_id", "10001")])
        .expect(&["utter_ask_confirm_cancel"]);
    t.tap("/StartFlow(gone)").expect(&["utter_expired_option"]);
    t.write("yes").expect(&["utter_ask_confirm_cancel"]);
    assert!(t.calls.is_empty());
    t.write("repeat").expect(&["repeat"]);
    t.write("yes");
    t.expect_call("action_cancel_order");

    // Also when turns and messages have not gone in step, as after a durable call.
    let mut t = Talk::new(shop::assistant());
    t.say("cancel 10001", "cancel_order", 0.9, &[("order_id", "10001")]);
    t.tap("/Consent(yes)").backend(json!({}));
    t.tap("Yes");
    t.expect_call("action_cancel_order");
}

#[test]
fn a_correction_overwrites_the_slot_and_asks_for_confirmation_anew() {
    let mut t = shop::talk();
    t.say("cancel 10001", "cancel_order", 0.9, &[("order_id", "10001")]).expect_text("cancel order 10001?");
    t.say("no, 10002", "deny", 0.9, &[("order_id", "10002")])
        .expect(&["utter_corrected", "utter_ask_confirm_cancel"])
        .expect_text("cancel order 10002?");
    t.tap("Yes");
    assert_eq!(t.expect_call("action_cancel_order").path, "/orders/10002/cancel");
}

#[test]
fn a_follow_up_runs_the_completed_flow_again_with_what_is_new() {
    let mut t = shop::talk();
    t.say("s24 at 110001", "check_stock", 0.9, &[("product", "S24"), ("pincode", "110001")]);
    t.backend(json!({"total": 1, "items": [{"sku": "A"}]})).backend(json!({"available": false}));
    t.expect(&["utter_stock", "utter_ask_satisfaction"]);
    t.say("and at 560001?", "inform", 0.9, &[("pincode", "560001")]);
    assert_eq!(t.expect_call("action_find_product").query["q"], "S24");
    t.backend(json!({"total": 1, "items": [{"sku": "A"}]}));
    assert_eq!(t.expect_call("action_stock").query["pincode"], "560001");
    t.backend(json!({"available": true, "name": "S24", "price": 5}));
    // The same with the flow's own intent.
    t.say("is it in 400001", "check_stock", 0.9, &[("pincode", "400001")]);
    assert_eq!(t.expect_call("action_find_product").query["q"], "S24");
}

#[test]
fn a_digression_resumes_with_a_bridge() {
    let mut t = shop::talk();
    t.say("s24?", "check_stock", 0.9, &[("product", "S24")]);
    t.backend(json!({"total": 1, "items": [{"sku": "A"}]})).expect(&["utter_ask_pincode"]);
    t.say("where is my order 10001", "track_order", 0.95, &[("order_id", "10001")]);
    t.expect_call("action_order");
    t.backend(json!({"order_id": "10001", "status": "shipped"}));
    t.expect(&["utter_order", "utter_continue_interrupted", "utter_ask_pincode"])
        .expect_one_message()
        .expect_text("(Check stock)");
    t.say("110001", "inform", 0.9, &[("pincode", "110001")]);
    t.expect_call("action_stock");
    t.backend(json!({"available": false})).expect(&["utter_stock", "utter_ask_satisfaction"]);
    let resolved = t.journal.iter().filter(|c| matches!(c, TrackerEvent::MatterResolved { .. })).count();
    assert_eq!(resolved, 2);
}

#[test]
fn small_talk_and_answers_come_between_without_losing_the_question() {
    let mut t = shop::talk();
    t.say("track my order", "track_order", 0.9, &[]).expect(&["utter_ask_order_id"]);
    t.say("thanks a lot for helping", "thank", 0.95, &[]).expect(&["utter_welcome"]);
    // Nobody is asked again after a thank-you, but the question stands: it may still be answered.
    t.say("are you open on sundays", "faq", 0.95, &[])
        .expect(&["utter_faq", "utter_ask_order_id"])
        .expect_one_message();
}

#[test]
fn free_text_is_taken_whole_and_optional_questions_can_be_skipped() {
    let mut t = shop::talk();
    t.say("it arrived broken", "complain", 0.9, &[]).expect(&["utter_ask_description"]);
    t.say("where is the order I paid for, the box was empty", "track_order", 0.78, &[])
        .expect(&["utter_ask_email"]);
    t.write("skip").expect(&["utter_skipped"]);
    let call = t.expect_call("action_open_ticket");
    assert_eq!(call.body.unwrap()["description"], "where is the order I paid for, the box was empty");
    // The answer of a durable call comes in a turn of its own.
    t.said.clear();
    t.backend(json!({"ticket_id": "77"}))
        .expect(&["utter_ticket", "utter_ask_satisfaction"])
        .expect_text("77");
}

#[test]
fn free_text_that_is_surely_another_wish_is_no_answer() {
    let mut t = shop::talk();
    t.say("it arrived broken", "complain", 0.9, &[]).expect(&["utter_ask_description"]);
    t.say("wait, where is my parcel", "track_order", 0.97, &[]).expect(&["utter_ask_order_id"]);
    let mut t = shop::talk();
    t.say("it arrived broken", "complain", 0.9, &[]).expect(&["utter_ask_description"]);
    t.say("who wins the cup", "out_of_scope", 0.97, &[])
        .expect(&["utter_out_of_scope", "utter_ask_description"]);
}

#[test]
fn a_durable_answer_that_comes_late_speaks_and_then_the_rest_resumes() {
    let mut t = shop::talk();
    t.say("it arrived broken", "complain", 0.9, &[]);
    t.say("broken box", "complain", 0.9, &[]);
    t.write("skip");
    t.say("track", "track_order", 0.95, &[]).expect(&["utter_ask_order_id"]);
    t.said.clear();
    t.backend(json!({"ticket_id": "77"}));
    t.expect(&["utter_ticket", "utter_continue_interrupted", "utter_ask_order_id"]);
}

#[test]
fn what_is_begun_is_not_begun_again() {
    let mut t = shop::talk();
    t.say("it arrived broken", "complain", 0.9, &[]);
    t.say("broken box", "complain", 0.9, &[]);
    t.write("skip");
    // Corrected while the ticket is being opened: heard when it is open.
    t.tap("/SetSlots(description=empty box)").expect_silence();
    let opened = |t: &Talk| t.calls.iter().filter(|c| c.action == "action_open_ticket").count();
    assert_eq!((opened(&t), t.state.held.len()), (1, 1));
    t.said.clear();
    t.backend(json!({"ticket_id": "77"})).expect_text("77");
    assert_eq!(t.state.held.len(), 0);
}

#[test]
fn a_place_may_be_sent_when_asked_and_unasked() {
    let mut t = shop::talk();
    t.say("nearest store", "find_store", 0.9, &[]).expect(&["utter_ask_place"]);
    assert!(matches!(t.said[0].message, Outgoing::LocationRequest { .. }));
    t.receive(Content::Location { latitude: 28.6, longitude: 77.2, name: None });
    assert_eq!(t.expect_call("action_stores").query["lat"], "28.6");
    let mut t = shop::talk();
    t.receive(Content::Location { latitude: 28.6, longitude: 77.2, name: None });
    assert_eq!(t.expect_call("action_stores").query["lon"], "77.2");
}

#[test]
fn a_list_shown_goes_on_with_its_matter_when_tapped() {
    let mut t = shop::talk();
    t.say("what do you sell", "browse_catalog", 0.9, &[]).expect(&["utter_categories"]);
    assert_eq!(t.state.matters.len(), 1);
    t.write("phones").expect(&["utter_category", "utter_ask_satisfaction"]).expect_text("Here is phones.");
    assert!(t.state.matters.is_empty());
    assert_eq!(t.state.rated_matter.as_deref(), Some("browse_catalog"));
}

#[test]
fn every_language_speaks_its_own() {
    for (code, mark) in [("es", "[es] Which pincode?"), ("hi", "[hi] Which"), ("hi-Latn", "[hi-Latn] Which")]
    {
        let mut t = Talk::consented(shop::assistant(), code);
        t.say("s24", "check_stock", 0.9, &[("product", "S24")]);
        t.backend(json!({"total": 1, "items": [{"sku": "A"}]})).expect_text(mark);
    }
}
