//! Conditions with a name.

use charla_dialogue::testing::Talk;
use charla_dialogue::{Assistant, Finding, Severity, SourceFile};
use std::sync::Arc;

const FLOWS: &str = "flows:
  box:
    description: x
    name: Box
    nlu_trigger: [{intent: ask}]
    run_pattern_completed: false
    if: not conditions.rude
    steps:
      - noop: true
        next:
          - if: conditions.asks_of_parts and not slots.tapped
            then: parts
          - else: [{action: utter_other, next: END}]
      - {id: parts, action: utter_parts}
";

const DOMAIN: &str = "intents: [ask]
slots: {tapped: {type: bool}}
conditions:
  # A condition may use one that stands below it.
  asks_of_parts: conditions.says_charger or conditions.says_box
  says_charger: context.text matches \"(?i)charger|cargador\"
  says_box: 'context.text matches \"(?i)\\bbox\\b\"'
  rude: context.text contains \"idiot\"
  in_spanish: context.language = \"es\"
";

const RESPONSES: &str = "responses:
  utter_parts:
    - {condition: conditions.in_spanish, text: Trae cable.}
    - {condition: not conditions.in_spanish, text: Comes with a cable.}
  utter_other: [{text: Something else.}]
";

fn load(domain: &str, flows: &str) -> Result<Assistant, Vec<Finding>> {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    // The domain comes last by its path.
    Assistant::load(vec![
        file("shop/domain.yml", domain),
        file("flows/a.yml", flows),
        file("responses/en.yml", RESPONSES),
    ])
}

/// All findings but missing translations, as `code line:column message; mend`.
fn findings(domain: &str, flows: &str) -> Vec<String> {
    let all = load(domain, flows).map_or_else(|all| all, |a| a.check());
    let all = all.into_iter().filter(|f| f.code != "CHARLA-E1008");
    all.map(|f| format!("{} {}:{}:{} {}; {}", f.code, f.file, f.line, f.column, f.message, f.mend)).collect()
}

#[test]
fn flows_and_responses_use_them_by_name() {
    assert_eq!(findings(DOMAIN, FLOWS), Vec::<String>::new());
    let assistant = Arc::new(load(DOMAIN, FLOWS).unwrap());
    let mut t = Talk::consented(assistant.clone(), "en");
    t.say("Is a charger in it?", "ask", 0.95, &[]);
    t.expect(&["utter_parts"]).expect_text("Comes with a cable");
    t.say("What is in the BOX?", "ask", 0.95, &[]);
    t.expect(&["utter_parts"]);
    t.say("How heavy is it?", "ask", 0.95, &[]);
    t.expect(&["utter_other"]);
    t.say("idiot, what is in the box", "ask", 0.95, &[]);
    assert!(!t.text().contains("cable"), "the flow's guard");
    let mut t = Talk::consented(assistant, "es");
    t.say("¿Con cargador?", "ask", 0.95, &[]);
    t.expect(&["utter_parts"]).expect_text("Trae cable");
}

#[test]
fn a_circle_is_named() {
    let domain = DOMAIN.replace("context.language = \"es\"", "conditions.in_spanish")
        + "  a: slots.tapped or conditions.c\n  c: not conditions.b\n  b: conditions.a\n";
    let flows = FLOWS.replace("not conditions.rude", "not conditions.rude and conditions.b");
    assert_eq!(
        findings(&domain, &flows),
        [
            "CHARLA-E1018 shop/domain.yml:9:3 condition `in_spanish` uses itself; write out what it should hold for",
            "CHARLA-E1018 shop/domain.yml:10:3 conditions use each other in a circle: a → c → b → a; \
             take what they share into a condition of its own, which uses none of them",
        ]
    );
    assert!(load(&domain, &flows).is_err());
}

#[test]
fn an_unknown_name_comes_with_its_place_and_the_nearest_known_one() {
    let domain = DOMAIN.replace("conditions.says_box", "conditions.say_box");
    let flows =
        FLOWS.replace("conditions.asks_of_parts and", "slots.tapped or conditions.asks_for_parts and");
    assert_eq!(
        findings(&domain, &flows),
        [
            "CHARLA-E1004 flows/a.yml:11:33 unknown condition `asks_for_parts`; did you mean `asks_of_parts`?",
            "CHARLA-E1011 shop/domain.yml:5:3 condition `asks_of_parts` is never used; \
             use it as `conditions.asks_of_parts` or remove it",
            "CHARLA-E1004 shop/domain.yml:5:45 unknown condition `say_box`; did you mean `says_box`?",
            "CHARLA-E1011 shop/domain.yml:7:3 condition `says_box` is never used; \
             use it as `conditions.says_box` or remove it",
        ]
    );
}

#[test]
fn one_that_nothing_uses_is_a_warning() {
    let all = load(DOMAIN, &FLOWS.replace("not conditions.rude", "true")).unwrap().check();
    let unused: Vec<&Finding> = all.iter().filter(|f| f.code == "CHARLA-E1011").collect();
    assert_eq!(unused.len(), 1, "{all:#?}");
    assert_eq!((unused[0].severity, unused[0].line), (Severity::Warning, 8));
}

#[test]
fn what_is_none_is_told_where_it_stands() {
    let domain = DOMAIN
        .replace("contains \"idiot\"", "contains conditions.says_box")
        .replace("language = \"es\"", "langage = slots.taped")
        + "  says box: true\n  says.box: true\n";
    let flows = FLOWS.replace("parts and not", "parts = true and not");
    assert_eq!(
        findings(&domain, &flows)
            .iter()
            .map(|f| f.split("; ").next().unwrap_or_default())
            .filter(|f| !f.starts_with("CHARLA-E1007") && !f.starts_with("CHARLA-E1011"))
            .collect::<Vec<_>>(),
        [
            "CHARLA-E1005 flows/a.yml:11:42 the condition does not parse: a named condition stands by itself",
            "CHARLA-E1005 shop/domain.yml:8:31 the condition does not parse: a named condition is no value",
            "CHARLA-E1004 shop/domain.yml:9:3 unknown slot `taped`",
            "CHARLA-E1004 shop/domain.yml:9:3 unknown name under `context` `langage`",
            "CHARLA-E1003 shop/domain.yml:10:3 `says box` cannot be used as `conditions.says box`",
            "CHARLA-E1003 shop/domain.yml:11:3 `says.box` cannot be used as `conditions.says.box`",
        ]
    );
}

#[test]
fn a_list_is_no_map() {
    let file = SourceFile { path: "domain.yml".into(), text: "conditions: [a: true]\n".into() };
    let all = Assistant::load(vec![file]).unwrap_err();
    assert!(all.iter().any(|f| f.code == "CHARLA-E1003" && f.column == 13), "{all:#?}");
}

#[test]
fn two_files_cannot_use_one_name() {
    let file = |path: &str| SourceFile { path: path.into(), text: "conditions: {a: true}\n".into() };
    let all = Assistant::load(vec![file("domain/a.yml"), file("domain/b.yml")]).unwrap_err();
    let twice = all.iter().find(|f| f.code == "CHARLA-E1012").unwrap();
    assert_eq!(
        twice.to_string(),
        "CHARLA-E1012 domain/b.yml:1:14: condition `a` is defined twice (remove one of them)"
    );
}
