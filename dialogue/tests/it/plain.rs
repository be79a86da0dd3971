//! Assistants that understand no texts: taps, fixed words, answers to questions, and a flow for everything else.

use charla_dialogue::testing::Talk;
use charla_dialogue::{Assistant, Finding, SourceFile};
use std::sync::Arc;

const SETTINGS: &str =
    "understanding: none\ndefault_flow: menu\nconsent: {required: false}\nsatisfaction: {ask: never}\n";
const DOMAIN: &str = "slots:\n  size:\n    type: categorical\n    values: [small, large]\n  email:\n    type: text\n    mappings:\n      \
    - {type: from_text, pattern: '[^ ]+@[^ ]+'}\n";
const FLOWS: &str = "flows:\n  menu:\n    name: {en: Menu}\n    description: What there is.\n    run_pattern_completed: false\n    \
    steps:\n      - action: utter_menu\n  order:\n    name: {en: Order}\n    description: An order.\n    \
    run_pattern_completed: false\n    steps:\n      - collect: size\n      - collect: email\n      - action: utter_ordered\n";
const RESPONSES: &str = "responses:\n  utter_menu:\n    - text: What can I do for you?\n      buttons: [{title: Order, payload: \
    /StartFlow(order)}]\n  utter_ask_size: [{text: Which size?}]\n  utter_ask_email: [{text: Your mail address?}]\n  \
    utter_ordered: [{text: '{{ slots.size }} for {{ slots.email }}.'}]\n";

fn load(changed: &[(&str, &str)]) -> Result<Assistant, Vec<Finding>> {
    let files = [
        ("settings.yml", SETTINGS),
        ("domain.yml", DOMAIN),
        ("flows/all.yml", FLOWS),
        ("responses/en.yml", RESPONSES),
    ];
    let text = |path: &str, usual: &str| {
        changed.iter().find(|(name, _)| *name == path).map_or(usual, |(_, text)| *text).to_owned()
    };
    Assistant::load(
        files.map(|(path, usual)| SourceFile { path: path.into(), text: text(path, usual) }).into(),
    )
}

fn talk(changed: &[(&str, &str)]) -> Talk {
    match load(changed) {
        Ok(assistant) => Talk::new(Arc::new(assistant)),
        Err(findings) => panic!("{findings:#?}"),
    }
}

#[test]
fn any_text_opens_the_menu_and_taps_and_answers_go_on_from_there() {
    let mut t = talk(&[]);
    t.write("hello, is anybody there?").expect(&["utter_menu"]).expect_one_message();
    t.write("I want the big one").expect(&["utter_menu"]);
    t.tap("Order").expect(&["utter_ask_size"]);
    t.write("Large").expect(&["utter_ask_email"]);
    t.write("it is asha@example.org").expect(&["utter_ordered"]).expect_text("large for asha@example.org");
    assert_eq!(t.state.failures, 0);
    t.write("thanks").expect(&["utter_menu"]);
}

#[test]
fn what_does_not_answer_the_question_is_a_failed_attempt_and_the_second_brings_a_person() {
    let mut t = talk(&[]);
    t.tap("/StartFlow(order)").expect(&["utter_ask_size"]);
    t.write("the middle one, I think");
    assert!(t.responses().contains(&"utter_ask_size".to_owned()), "{:?}", t.responses());
    assert_eq!(t.state.failures, 1);
    t.write("medium then");
    assert!(matches!(t.state.owner, charla_dialogue::state::Owner::Queue { .. }));
    // Who waits for a person is told once that it is passed on, and then left in peace.
    t.write("hello?").expect(&["utter_passed_on"]);
    t.write("anybody?").expect(&[]);
}

#[test]
fn fixed_words_go_before_the_menu() {
    let mut t = talk(&[]);
    t.tap("/StartFlow(order)");
    t.write("agent");
    assert!(matches!(t.state.owner, charla_dialogue::state::Owner::Queue { .. }), "{:?}", t.responses());
}

#[test]
fn what_was_written_before_consent_is_answered_after_the_yes() {
    let settings = SETTINGS.replace("{required: false}", "{required: true}");
    let mut t = talk(&[("settings.yml", settings.as_str())]);
    t.write("do you have large ones?").expect(&["utter_session_start"]);
    assert_eq!(t.state.held.len(), 1);
    t.tap("/Consent(yes)");
    assert!(t.responses().contains(&"utter_menu".to_owned()), "{:?}", t.responses());
    assert!(t.state.held.is_empty());
}

#[test]
fn without_a_default_flow_a_text_is_a_failed_attempt() {
    let settings = SETTINGS.replace("default_flow: menu\n", "");
    let domain = format!("{DOMAIN}actions: []\n");
    let flows = FLOWS.replace("collect: size", "action: utter_menu\n      - collect: size");
    let mut t =
        talk(&[("settings.yml", settings.as_str()), ("domain.yml", &domain), ("flows/all.yml", &flows)]);
    t.write("hello");
    assert_eq!(t.state.failures, 1);
}

#[test]
fn what_needs_understanding_is_told_with_its_mend() {
    let domain = "intents: [order_it]\nentities: [colour]\nslots:\n  size:\n    type: text\n    mappings: [{type: from_entity, entity: \
                  colour}]\n  email:\n    type: text\n    mappings: [{type: from_text}]\n";
    let flows =
        FLOWS.replace("name: {en: Order}", "name: {en: Order}\n    nlu_trigger: [{intent: order_it}]");
    let found = load(&[("domain.yml", domain), ("flows/all.yml", &flows)]).unwrap_err();
    for part in ["intent `order_it`", "entity `colour`", "flow `order`", "slot `size`"] {
        let hit = found.iter().find(|f| f.code == "CHARLA-E1010" && f.message.contains(part));
        let hit = hit.unwrap_or_else(|| panic!("{part} not in {found:#?}"));
        assert!(hit.message.contains("understanding: none") && hit.line > 0, "{hit:?}");
    }
}

#[test]
fn the_default_flow_must_exist_and_have_an_effect() {
    let unknown = SETTINGS.replace("menu", "menue");
    let found = load(&[("settings.yml", unknown.as_str())]).unwrap_err();
    assert!(found.iter().any(|f| f.mend.contains("menu") && f.message.contains("menue")), "{found:#?}");
    let understood = SETTINGS.replace("understanding: none\n", "");
    let found = load(&[("settings.yml", understood.as_str())]).unwrap_err();
    assert!(found.iter().any(|f| f.message.contains("`default_flow` has no effect")), "{found:#?}");
}

/// Who waits for a person or has one is not answered by the bot; of a reply put together in an earlier step of the turn only the
/// earlier step is judged, unless an agent has the thread.
#[test]
fn what_a_step_says_to_who_waits_is_judged_where_it_is_put_together() {
    use charla_dialogue::event::Event;
    use charla_dialogue::invariants::{Happened, check};
    use charla_dialogue::state::{Draft, Owner, State};
    use charla_dialogue::tracker::TrackerEvent;

    let mut talk = talk(&[]);
    talk.write("hello");
    let changes: Vec<TrackerEvent> =
        talk.journal.iter().filter(|c| matches!(c, TrackerEvent::BotUttered { .. })).cloned().collect();
    let Some(TrackerEvent::BotUttered { responses, .. }) = changes.first() else { panic!("nothing said") };
    let drafts: Vec<Draft> = responses
        .iter()
        .map(|r| Draft { response: r.clone(), text: String::new(), part: None, footer: None, says: vec![] })
        .collect();
    let queue = Owner::Queue { since: 0, ticket: None, reason: "requested".into(), suggestions: vec![] };
    let agent = Owner::Agent { id: "a".into(), since: 0, ticket: None };
    let event = Event::NotUnderstood { reason: "overload".into() };
    let broken = |owner: &Owner, drafts: &[Draft]| -> Vec<&'static str> {
        let before = State { owner: owner.clone(), drafts: drafts.to_vec(), ..talk.state.clone() };
        let after = State { owner: owner.clone(), ..talk.state.clone() };
        let happened = Happened {
            before: &before,
            after: &after,
            at: talk.now,
            event: &event,
            changes: &changes,
            effects: &[],
        };
        check(&talk.assistant, happened).into_iter().map(|v| v.rule).collect()
    };
    assert_eq!(broken(&queue, &[]), ["queued_answers_only_taps"]);
    assert!(broken(&queue, &drafts).is_empty());
    assert_eq!(broken(&agent, &[]), ["silent_while_agent_owns"]);
    assert_eq!(broken(&agent, &drafts), ["silent_while_agent_owns"]);
}
