//! Each repair pattern, each command.

use crate::shop::{self, with};
use charla_dialogue::TrackerEvent;
use charla_dialogue::event::{AgentAct, Content, Event, Message};
use charla_dialogue::state::Owner;
use charla_dialogue::testing::{Talk, understanding};
use serde_json::json;

const MINUTE: i64 = 60_000;

fn queued(t: &Talk, why: &str) -> bool {
    matches!(&t.state.owner, Owner::Queue { reason, .. } if reason == why)
}

#[test]
fn consent_is_asked_refused_reminded_and_given() {
    let mut t = Talk::new(shop::assistant());
    t.say("hi", "greet", 0.95, &[]).expect(&["utter_session_start"]);
    assert_eq!(t.titles(), ["I agree", "No, thanks", "Language / भाषा"]);
    assert!(t.state.held.is_empty(), "a greeting needs no answer later");
    t.say("track my order 10001", "track_order", 0.95, &[("order_id", "10001")])
        .expect(&["utter_consent_reminder"]);
    t.tap("/StartFlow(track_order)").expect(&["utter_consent_reminder"]);
    t.receive(Content::Location { latitude: 1.0, longitude: 1.0, name: None });
    t.expect(&["utter_consent_reminder"]);
    t.write("no").expect(&["utter_consent_denied"]);
    assert!(t.made.is_empty());
    t.write("haan");
    let grant = &t.state.consent.grants["processing"];
    assert_eq!((grant.version.as_str(), grant.at), ("2026-11", t.now));
    assert_eq!(t.calls[0].action, "action_save_contact");
    assert_eq!(t.calls[1].action, "action_order");
}

#[test]
fn several_held_questions_are_answered_one_after_the_other() {
    let mut t = Talk::new(shop::assistant());
    t.say("return policy?", "faq", 0.95, &[]);
    t.say("where is 10001", "track_order", 0.95, &[("order_id", "10001")]);
    t.tap("/Consent(yes)");
    t.calls.retain(|c| c.action != "action_save_contact");
    t.backend(json!({"order_id": "10001", "status": "packed"}));
    t.expect(&["utter_consent_thanks", "utter_faq", "utter_order", "utter_ask_satisfaction"])
        .expect_one_message();
    assert!(t.state.held.is_empty());
}

#[test]
fn stop_withdraws_in_any_language_and_at_any_time() {
    for stop in ["STOP", "baja", "मैसेज बंद करो", "message band karo"] {
        let mut t = shop::talk();
        t.say("track", "track_order", 0.9, &[]);
        t.write(stop).expect(&["utter_stopped"]).expect_one_message();
        assert!(!t.state.consented() && t.state.stack.is_empty() && t.state.matters.is_empty());
        assert_eq!(t.state.marketing, Some(false));
        t.say("hello", "greet", 0.9, &[]).expect(&["utter_session_start"]);
    }
    let mut t = shop::talk();
    t.say("please no more messages", "stop_messages", 0.9, &[]).expect(&["utter_stopped"]);
    for stop in ["बंद करो", "band karo", "mat bhejo"] {
        let mut t = shop::talk();
        t.write(stop).expect(&["utter_stopped"]);
        // About what is open, it is no withdrawal – whatever understanding makes of it.
        let mut t = shop::talk();
        t.say("track", "track_order", 0.9, &[]);
        t.say(stop, "stop_messages", 0.95, &[]).expect(&["utter_cancelled"]);
        assert!(t.state.consented());
    }
}

#[test]
fn before_consent_a_person_can_be_had() {
    let mut t = Talk::new(shop::assistant());
    t.say("hi", "greet", 0.95, &[]);
    t.write("AGENT").expect(&["utter_handoff"]);
    assert!(queued(&t, "requested"));
    t.expect_call("action_create_handoff_ticket");
}

#[test]
fn low_confidence_hands_over_in_the_same_turn_and_offers_topics() {
    let mut t = shop::talk();
    let mut u = understanding("track_order", 0.5, &[]);
    u.intents.push(("cancel_order".into(), 0.3));
    u.intents.push(("faq".into(), 0.1));
    u.intents.push(("complain".into(), 0.05));
    t.say_understood("it about the thing I did last week you know", u)
        .expect(&["utter_handoff"])
        .expect_one_message();
    assert!(queued(&t, "low_confidence"));
    assert_eq!(t.titles(), ["Track an order", "Cancel an order", "Policies"]);
    t.backend(json!({"ticket_id": 4711}));
    // Waiting: free text is not answered, taps are.
    t.say("hello? anybody?", "greet", 0.99, &[]).expect_silence();
    t.tap("Track an order").expect(&["utter_ask_order_id"]);
    t.say("10001", "inform", 0.9, &[("order_id", "10001")]);
    t.backend(json!({"order_id": "10001", "status": "packed"}));
    t.expect(&["utter_order", "utter_handoff_withdrawn", "utter_ask_satisfaction"]);
    assert_eq!(t.state.owner, Owner::Bot);
    let withdrawn = t.made.iter().find(|c| c.action == "action_withdraw_handoff_ticket").unwrap();
    assert_eq!(withdrawn.path, "/tickets/4711");
    assert!(t.state.matters.is_empty());
}

#[test]
fn builders_may_choose_to_clarify_first() {
    let mut t = Talk::consented(with("low_confidence: clarify_first\n"), "en");
    let mut u = understanding("track_order", 0.5, &[]);
    u.intents.push(("cancel_order".into(), 0.3));
    t.say_understood("it is about that thing", u.clone()).expect(&["utter_clarify"]);
    assert_eq!(t.titles(), ["Track an order", "Cancel an order"]);
    t.say_understood("I mean that other thing", u).expect(&["utter_handoff"]);
    let mut t = Talk::consented(with("low_confidence: draft_for_review\n"), "en");
    t.say("returns maybe or so", "faq", 0.6, &[]).expect(&["utter_handoff"]);
    assert_eq!(
        t.state.handoff.as_ref().unwrap().draft.as_deref(),
        Some("You can return anything within 30 days.")
    );
}

#[test]
fn a_person_on_request_and_for_what_is_always_theirs() {
    let mut t = shop::talk();
    t.say("let me talk to somebody real", "talk_to_human", 0.9, &[]).expect(&["utter_handoff"]);
    assert!(queued(&t, "requested"));
    assert!(t.titles().is_empty());
    // By word and by tap it is the same wish, also out of a flow.
    for wish in ["agent", "/HumanHandoff"] {
        let mut t = shop::talk();
        t.say("track", "track_order", 0.9, &[]);
        if wish.starts_with('/') { t.tap(wish) } else { t.write(wish) }.expect(&["utter_handoff"]);
        assert_eq!(t.state.handoff.as_ref().unwrap().intent.as_deref(), Some("talk_to_human"));
        let ticket = t.expect_call("action_create_handoff_ticket");
        assert_eq!(ticket.body.unwrap()["subject"], "talk_to_human");
    }
    let mut t = shop::talk();
    t.say("500 shirts for our company", "bulk_enquiry", 0.9, &[]);
    assert!(queued(&t, "always_human"));
}

#[test]
fn agents_own_the_thread_until_they_hand_back() {
    let mut t = shop::talk();
    t.write("agent");
    t.backend(json!({"ticket_id": "1"}));
    t.agent(AgentAct::Take { agent: "anna".into() });
    t.say("where is my order", "track_order", 0.99, &[]).expect_silence();
    t.tap("/StartFlow(track_order)").expect_silence();
    t.agent(AgentAct::Reply { agent: "anna".into(), text: "Hello, Anna here.".into() });
    assert_eq!(t.state.transcript.last().unwrap().from, "agent");
    t.agent(AgentAct::Note { agent: "anna".into(), text: "VIP".into() }).expect_silence();
    t.agent(AgentAct::HandBack { agent: "anna".into(), resolved: true });
    t.expect(&["utter_handed_back_resolved", "utter_ask_satisfaction"]);
    assert!(t.journal.iter().any(|c| matches!(c, TrackerEvent::MatterResolved { by, .. } if by == "agent")));
    t.tap("/SetSlots(satisfaction=2)").expect(&["utter_satisfaction_thanks"]);
    // STOP holds even while a human owns the thread, silently.
    t.agent(AgentAct::Take { agent: "anna".into() });
    t.write("STOP").expect_silence();
    assert!(!t.state.consented());
}

#[test]
fn an_agent_cannot_write_outside_the_window() {
    let mut t = shop::talk();
    t.write("agent");
    t.agent(AgentAct::Take { agent: "a".into() });
    t.pass(25 * 60 * MINUTE);
    t.agent(AgentAct::Reply { agent: "a".into(), text: "hello".into() });
    assert!(matches!(t.journal.last(), Some(TrackerEvent::Withheld { reason }) if reason == "window_closed"));
}

#[test]
fn a_colleague_in_the_app_silences_the_bot_until_long_silence() {
    let mut t = shop::talk();
    t.say("hi", "greet", 0.9, &[]);
    let echo = Message {
        id: "e".into(),
        sent_at: t.now,
        number: "default".into(),
        phone: None,
        user_id: None,
        profile_name: None,
        reply_to: None,
        referral: None,
        content: Content::Text { text: "I take this".into() },
    };
    t.feed(Event::Echo(echo));
    t.say("hi", "greet", 0.9, &[]).expect_silence();
    t.pass(13 * 60 * MINUTE);
    t.say("hi", "greet", 0.9, &[]).expect(&["utter_greet"]);
}

#[test]
fn out_of_scope_is_a_failed_attempt_and_progress_resets_the_count() {
    let mut t = shop::talk();
    t.say("tell me a joke", "out_of_scope", 0.9, &[]).expect(&["utter_out_of_scope"]);
    assert_eq!(t.state.failures, 1);
    t.say("return policy?", "faq", 0.9, &[]).expect(&["utter_faq"]);
    assert_eq!(t.state.failures, 0);
    t.say("weather?", "out_of_scope", 0.9, &[]);
    t.say("and the football?", "out_of_scope", 0.9, &[]).expect(&["utter_handoff"]);
    assert!(queued(&t, "failed_attempts"));
}

#[test]
fn an_unsupported_language_is_answered_before_any_threshold() {
    for (kind, key) in
        [("other", "utter_unsupported_language"), ("other-indic", "utter_unsupported_language_indic")]
    {
        let mut t = shop::talk();
        t.state.language.locked = false;
        let mut u = understanding("faq", 0.2, &[]);
        u.languages = vec![(kind.into(), 0.95)];
        t.say_understood("bonjour", u.clone()).expect(&[key]);
        assert_eq!(t.state.failures, 1);
        t.say_understood("bonjour", u).expect(&[key, "utter_handoff"]);
    }
    let mut t = Talk::new(shop::assistant());
    let mut u = understanding("faq", 0.2, &[]);
    u.languages = vec![("other-indic".into(), 0.95)];
    t.say_understood("मला मदत हवी", u).expect(&["utter_unsupported_language_indic"]).expect_text("हिन्दी");
}

#[test]
fn the_language_is_locked_when_clear_and_changed_on_request() {
    let mut t = Talk::new(shop::assistant());
    let mut u = understanding("greet", 0.9, &[]);
    u.languages = vec![("en".into(), 0.5), ("hi-Latn".into(), 0.45)];
    t.say_understood("hii", u.clone());
    assert!(!t.state.language.locked);
    u.languages = vec![("es".into(), 0.97)];
    t.say_understood("hola buenas", u.clone()).expect_text("consentimiento");
    assert_eq!((t.state.language.code.as_deref(), t.state.language.locked), (Some("es"), true));
    u.languages = vec![("en".into(), 0.99)];
    t.say_understood("hello there", u);
    assert_eq!(t.state.language.code.as_deref(), Some("es"), "kept");
    t.tap("/ChangeLanguage").expect(&["utter_ask_language"]);
    t.tap("हिन्दी").expect(&["utter_language_changed", "utter_consent_reminder"]).expect_text("हिन्दी");
    let mut t = shop::talk();
    let mut u = understanding("change_language", 0.9, &[("language", "Spanish")]);
    u.languages = vec![("en".into(), 0.99)];
    t.say("track", "track_order", 0.9, &[]);
    t.say_understood("in Spanish please", u)
        .expect(&["utter_language_changed", "utter_ask_order_id"])
        .expect_text("[es] What is the order number?");
}

#[test]
fn cancelling_drops_the_flow_and_resumes_what_it_interrupted() {
    let mut t = shop::talk();
    t.say("s24?", "check_stock", 0.9, &[("product", "S24")]);
    t.backend(json!({"total": 1, "items": [{"sku": "A"}]}));
    t.say("track my order", "track_order", 0.95, &[]).expect(&["utter_ask_order_id"]);
    t.write("never mind").expect(&["utter_cancelled", "utter_continue_interrupted", "utter_ask_pincode"]);
    t.write("olvídalo").expect(&["utter_cancelled"]);
    assert!(t.state.stack.is_empty() && t.state.matters.is_empty());
    assert_eq!(
        t.journal
            .iter()
            .filter(|c| matches!(c, TrackerEvent::MatterAbandoned { reason, .. } if reason == "cancelled"))
            .count(),
        2
    );
}

#[test]
fn values_that_nobody_asked_for_are_clarified() {
    let mut t = shop::talk();
    t.say("10001", "inform", 0.9, &[("order_id", "10001")]).expect(&["utter_clarify_value"]);
    assert_eq!(t.titles(), ["Cancel an order", "Track an order"]);
    t.say("ok", "affirm", 0.9, &[]).expect(&["utter_acknowledge"]);
}

#[test]
fn a_failing_backend_is_told_and_counts() {
    let mut t = shop::talk();
    t.say("where is 10001", "track_order", 0.9, &[("order_id", "10001")]);
    t.backend_fails("timeout").expect(&["utter_backend_failed"]);
    assert!(t.state.matters.is_empty() && t.state.stack.is_empty());
    t.say("where is 10001", "track_order", 0.9, &[("order_id", "10001")]);
    t.backend_fails("breaker_open").expect(&["utter_backend_failed", "utter_handoff"]);
    assert!(queued(&t, "failed_attempts"));
    // With `failed:` the flow itself tells, twice in a row brings a person all the same.
    let mut t = shop::talk();
    t.say("store in Pune", "find_store", 0.9, &[("city", "Pune")]);
    t.backend_fails("timeout").expect(&["utter_store_down"]);
    t.say("store in Pune", "find_store", 0.9, &[("city", "Pune")]);
    t.backend(json!({"stores": [{"name": "FC Road"}]})).expect(&["utter_stores", "utter_ask_satisfaction"]);
    assert_eq!(t.state.failures, 0);
    t.say("store in Pune", "find_store", 0.9, &[("city", "Pune")]).backend_fails("timeout");
    t.say("store in Pune", "find_store", 0.9, &[("city", "Pune")])
        .backend_fails("timeout")
        .expect(&["utter_store_down", "utter_handoff"]);
}

#[test]
fn a_flow_that_cannot_help_twice_brings_a_person() {
    let mut t = shop::talk();
    t.say("where is 99999", "track_order", 0.9, &[("order_id", "99999")]);
    t.backend_status(404, json!({"error": {"code": "not_found"}})).expect(&["utter_order_unknown"]);
    assert_eq!(t.state.failures, 1);
    t.say("then 99998", "track_order", 0.9, &[("order_id", "99998")]);
    t.backend_status(404, json!({"error": {"code": "not_found"}}))
        .expect(&["utter_order_unknown", "utter_handoff"]);
    assert!(queued(&t, "failed_attempts"));
}

#[test]
fn silence_is_reminded_of_and_then_the_flow_is_dropped() {
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]);
    t.pass(10 * MINUTE).expect(&["utter_reminder"]);
    t.pass(9 * MINUTE).expect_silence();
    t.pass(11 * MINUTE).expect_silence();
    assert!(t.state.stack.is_empty() && t.timers.is_empty());
    assert!(
        t.journal
            .iter()
            .any(|c| matches!(c, TrackerEvent::MatterAbandoned { reason, .. } if reason == "silence"))
    );
    // An answer disarms the timers.
    t.say("track", "track_order", 0.9, &[]);
    assert_eq!(t.timers.len(), 2);
    t.say("10001", "inform", 0.9, &[("order_id", "10001")])
        .backend(json!({"order_id": "10001", "status": "x"}));
    assert!(t.timers.is_empty());
}

#[test]
fn a_new_session_forgets_the_flow_but_not_the_person() {
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]);
    t.timers.clear();
    t.pass(61 * MINUTE);
    t.say("hi", "greet", 0.9, &[]).expect(&["utter_greet"]);
    assert_eq!(t.state.session.count, 2);
    assert!(t.state.consented() && t.state.stack.is_empty() && t.state.matters.is_empty());
}

#[test]
fn repeating_restarting_and_feedback() {
    let mut t = shop::talk();
    t.write("repeat").expect(&["utter_nothing_to_repeat"]);
    t.say("what do you sell", "browse_catalog", 0.9, &[]);
    let first = t.said.clone();
    t.write("repeat");
    assert_eq!(t.said[0].message, first[0].message);
    t.say("track", "track_order", 0.9, &[]);
    t.write("restart").expect(&["utter_restarted"]);
    assert!(t.state.stack.is_empty());
    t.tap("/Feedback(helpful)").expect(&["utter_feedback_thanks"]);
    t.tap("/Feedback(not_helpful)").expect(&["utter_not_understood"]);
    assert_eq!(t.state.failures, 1);
}

#[test]
fn a_question_that_must_be_answered_cannot_be_skipped() {
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]);
    t.write("skip").expect(&["utter_cannot_skip", "utter_ask_order_id"]);
}

#[test]
fn messages_that_cannot_be_read_are_told_so_and_reactions_are_not_answered() {
    let mut t = shop::talk();
    t.receive(Content::Media { kind: "voice".into(), id: "m".into(), caption: None });
    t.expect(&["utter_unsupported_content"]);
    t.receive(Content::Reaction { emoji: Some("👍".into()) });
    t.expect_silence();
    assert_eq!(t.state.failures, 1);
    t.receive(Content::Media { kind: "image".into(), id: "m".into(), caption: Some("track".into()) });
    t.expect(&["utter_busy"]);
}

#[test]
fn overload_makes_wait_and_never_escalates() {
    let mut t = shop::talk();
    for _ in 0..3 {
        t.write("something the pool is too busy for").expect(&["utter_busy"]);
    }
    assert_eq!((t.state.failures, &t.state.owner), (0, &Owner::Bot));
}

#[test]
fn marketing_is_not_consent() {
    let mut t = shop::talk();
    t.tap("/Marketing(yes)").expect(&["utter_marketing_on"]);
    assert!(charla_dialogue::policy::opt_in(&t.state).is_some());
    t.feed(Event::MarketingPreference { opted_in: false });
    assert!(charla_dialogue::policy::opt_in(&t.state).is_none());
    assert!(t.state.consented());
}

#[test]
fn an_unanswered_rating_bothers_nobody() {
    let mut t = shop::talk();
    t.say("where is 10001", "track_order", 0.9, &[("order_id", "10001")])
        .backend(json!({"order_id": "10001", "status": "x"}));
    t.expect(&["utter_order", "utter_ask_satisfaction"]);
    assert!(t.timers.is_empty());
    t.say("thank you", "thank", 0.95, &[]).expect(&["utter_welcome"]);
    assert!(t.state.stack.is_empty());
    t.tap("/SetSlots(satisfaction=5)");
    assert!(t.text().is_empty() || t.state.failures <= 1);
}

#[test]
fn a_timer_that_was_set_for_an_earlier_question_does_nothing_to_this_one() {
    let reminder = Event::Timer { name: "silence_reminder".into() };
    let abandon = Event::Timer { name: "silence_abandon".into() };
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]).expect(&["utter_ask_order_id"]);
    let (remind, drop) = (t.assistant.settings.reminder_ms, t.assistant.settings.abandon_ms);
    // It fell due while the answer was on its way, and comes right behind the next question.
    t.said.clear();
    t.feed(reminder.clone());
    t.feed(abandon.clone());
    t.expect_silence();
    assert!(!t.state.stack.is_empty(), "the flow is still there");
    // After a long standstill both are due at once: nobody is reminded of what is dropped in the same moment.
    t.now += drop;
    t.feed(reminder.clone());
    t.expect_silence();
    t.feed(abandon);
    assert!(t.state.stack.is_empty());
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]);
    t.said.clear();
    t.now += remind;
    t.feed(reminder);
    assert!(!t.said.is_empty(), "in time it reminds");
}

#[test]
fn new_names_are_where_answers_go_from_now_on() {
    let mut t = shop::talk();
    t.say("track", "track_order", 0.9, &[]);
    let before = t.state.clone();
    t.said.clear();
    t.feed(Event::Renamed { phone: Some("919800000000".into()), user_id: Some("IN.7".into()) });
    t.expect_silence();
    assert_eq!(t.state.person.phone.as_deref(), Some("919800000000"));
    assert_eq!(t.state.person.user_id.as_deref(), Some("IN.7"));
    assert_eq!((t.state.stack.len(), &t.state.asked), (before.stack.len(), &before.asked));
    // Somebody else has the number now.
    t.feed(Event::Renamed { phone: None, user_id: Some("IN.7".into()) });
    assert_eq!(t.state.person.phone, None);
}

#[test]
fn a_topic_of_an_older_message_is_the_topic_alone() {
    let mut t = Talk::consented(with("low_confidence: clarify_first\n"), "en");
    let unsure = |order: &str| {
        let mut u = understanding("track_order", 0.5, &[("order_id", order)]);
        u.intents.push(("cancel_order".into(), 0.3));
        u
    };
    t.say_understood("it is about that 10001", unsure("10001")).expect(&["utter_clarify"]);
    let old = t.state.options[0].id.clone();
    assert!(old.starts_with("/Meant(track_order, turn="), "{old}");
    t.tap("Track an order");
    // What the message said is known.
    assert_eq!(t.expect_call("action_order").path, "/orders/10001");
    t.backend(json!({"order_id": "10001", "status": "packed"}));
    t.say_understood("and about that 10002", unsure("10002"));
    t.tap(&old).expect(&["utter_ask_order_id"]);
}

#[test]
fn what_is_written_leads_to_no_other_resource() {
    for order in [".", ".."] {
        let mut t = shop::talk();
        t.say("track", "track_order", 0.9, &[("order_id", order)]);
        assert!(t.made.iter().all(|call| call.action != "action_order"), "{:?}", t.made);
        assert!(
            t.journal
                .iter()
                .any(|c| matches!(c, TrackerEvent::Trouble { what, .. } if what.contains("elsewhere"))),
            "{:?}",
            t.responses()
        );
    }
}
