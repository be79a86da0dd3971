//! Loading and linting.

use crate::shop;
use charla_dialogue::{Assistant, Finding, Severity, SourceFile};

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.into(), text: text.into() }
}

fn findings(files: Vec<SourceFile>) -> Vec<Finding> {
    match Assistant::load(files) {
        Ok(a) => a.check(),
        Err(all) => all,
    }
}

/// Expects one finding with this code whose message and mend hold these words.
#[track_caller]
fn expect(all: &[Finding], code: &str, line: u32, words: &[&str]) {
    let hit = all.iter().any(|f| {
        f.code == code && f.line == line && words.iter().all(|w| f.message.contains(w) || f.mend.contains(w))
    });
    assert!(hit, "{code} {line} {words:?} not in {all:#?}");
}

#[test]
fn what_is_built_in_has_no_findings() {
    let a = Assistant::load(vec![]).unwrap();
    assert_eq!(a.check(), []);
}

#[test]
fn the_shop_has_no_findings() {
    assert_eq!(shop::assistant().check(), []);
}

#[test]
fn retention_is_said_in_one_place() {
    let mut files = shop::files();
    files.iter_mut().find(|f| f.path == "settings.yml").unwrap().text.push_str("\nretention_days: 30\n");
    let line = files.iter().find(|f| f.path == "settings.yml").unwrap().text.lines().count() as u32;
    let all = findings(files);
    assert_eq!(all.len(), 1, "one finding, not two: {all:#?}");
    expect(&all, "CHARLA-E1002", line, &["retention_days", "charla.yml"]);
}

#[test]
fn versions_follow_every_input() {
    let load = |files: Vec<SourceFile>| Assistant::load(files).unwrap().version().to_owned();
    let base = load(shop::files());
    let mut reversed = shop::files();
    reversed.reverse();
    assert_eq!(base, load(reversed), "order does not matter");
    let mut other = shop::files();
    other.iter_mut().find(|f| f.path == "settings.yml").unwrap().text.push_str("\nthreshold: 0.71\n");
    assert_ne!(base, load(other));
    let mut tests = shop::files();
    tests.push(file("tests/a.yml", "test_cases: []"));
    assert_eq!(base, load(tests), "tests decide nothing");
}

#[test]
fn findings_name_place_and_mend() {
    let domain = "intents:\n  - track_order\n  - lost\n  - faq: {charla: {answer: utter_faqq}}\nentities: [order_id]\nslots:\n  order_id: {type: text, mappings: [{type: from_entity, entity: ordr_id}]}\n  bad: {type: string}\n  sure: {type: text, mappings: []}\n";
    let flows = "flows:\n  track_order:\n    name: {en: A name that is far too long for a button}\n    description: x\n    nlu_trigger: [{intent: track_ordr}, {intent: track_order}]\n    steps:\n      - collect: order_id\n        rejections: [{if: \"slots.order_id = \", utter: utter_x}]\n        next: frist\n      - id: first\n        action: action_oder\n      - collect: sure\n        confirm: true\n      - action: utter_order\n        next: END\n      - action: utter_faq\n";
    let en = "responses:\n  utter_faq:\n    - text: \"{{ slots.order_idd }} {{ 5 | monney }}\"\n      buttons:\n        - {title: This title has more than twenty characters, payload: /StartFlow(track_oder)}\n        - {title: B, payload: \"/SetSlots(\"}\n  utter_order:\n    - text: \"{{ open\"\n  utter_ask_order_id:\n    - text: Which?\n  utter_ask_sure: [{text: Sure?}]\n  utter_lonely: [{text: Never said}]\n  utter_long:\n    - text: x\n      custom:\n        list:\n          button: b\n          rows: [{id: /a, title: 1}, {id: /b, title: 2}, {id: /c, title: 3}, {id: /d, title: 4}, {id: /e, title: 5}, {id: /f, title: 6}, {id: /g, title: 7}, {id: /h, title: 8}, {id: /i, title: 9}, {id: /j, title: 10}, {id: /k, title: 11}]\n";
    let actions = "actions:\n  action_order:\n    backend: orders\n    path: orders\n    querry: {}\n    set_slots: {order: result.a, order_id: \"result.\"}\n";
    let settings = "threshold: 7\nlow_confidence: handof\nnumbers: {default: {timezone: Asia/Calcuta}}\n";
    let all = findings(vec![
        file("domain.yml", domain),
        file("flows/a.yml", flows),
        file("responses/en.yml", en),
        file("actions.yml", actions),
        file("settings.yml", settings),
        file("patterns.yml", "flows:\n  pattern_sylence:\n    steps: [{action: utter_faq}]\n"),
        file("responses/es.yml", "responses: [1,\n"),
    ]);
    expect(&all, "CHARLA-E1010", 3, &["`lost`"]);
    expect(&all, "CHARLA-E1004", 4, &["utter_faqq", "`utter_faq`"]);
    expect(&all, "CHARLA-E1004", 7, &["ordr_id", "`order_id`"]);
    expect(&all, "CHARLA-E1004", 8, &["slot type"]);
    expect(&all, "CHARLA-E1009", 2, &["shorten"]);
    expect(&all, "CHARLA-E1008", 2, &["missing in hi"]);
    expect(&all, "CHARLA-E1004", 5, &["track_ordr", "`track_order`"]);
    expect(&all, "CHARLA-E1005", 8, &["a value is expected"]);
    expect(&all, "CHARLA-E1004", 9, &["frist", "`first`"]);
    expect(&all, "CHARLA-E1004", 10, &["action_oder", "`action_order`"]);
    expect(&all, "CHARLA-E1013", 12, &["bool"]);
    expect(&all, "CHARLA-E1007", 16, &["15_action_utter_faq"].map(|_| "nothing leads to step"));
    expect(&all, "CHARLA-E1004", 3, &["order_idd", "`order_id`"]);
    expect(&all, "CHARLA-E1006", 3, &["unknown filter"]);
    expect(&all, "CHARLA-E1009", 5, &["42 characters, 20"]);
    expect(&all, "CHARLA-E1004", 5, &["track_oder", "`track_order`"]);
    expect(&all, "CHARLA-E1014", 6, &["/SetSlots("]);
    expect(&all, "CHARLA-E1006", 8, &["does not parse"]);
    expect(&all, "CHARLA-E1011", 12, &["utter_lonely"]);
    expect(&all, "CHARLA-E1009", 17, &["11 rows"]);
    expect(&all, "CHARLA-E1002", 5, &["querry", "`query`"]);
    expect(&all, "CHARLA-E1003", 4, &["begins with `/`"]);
    expect(&all, "CHARLA-E1006", 6, &["expression"]);
    expect(&all, "CHARLA-E1016", 1, &["threshold"]);
    expect(&all, "CHARLA-E1004", 2, &["handof", "`handoff`"]);
    expect(&all, "CHARLA-E1016", 3, &["Asia/Calcuta"]);
    expect(&all, "CHARLA-E1011", 2, &["pattern_sylence", "pattern_silence"]);
    assert!(all.iter().any(|f| f.code == "CHARLA-E1001" && f.file == "responses/es.yml"));
    assert!(all.iter().any(|f| f.severity == Severity::Error));
}

#[test]
fn what_cannot_be_undone_must_be_confirmed() {
    let files = vec![
        file("domain.yml", "intents: [{go: {charla: {flow: go}}}]\n"),
        file(
            "actions.yml",
            "actions:\n  action_go: {backend: b, method: POST, path: /go, irreversible: true}\n",
        ),
        file(
            "flows/a.yml",
            "flows:\n  go:\n    description: x\n    name: Go\n    steps:\n      - action: action_go\n",
        ),
    ];
    expect(&findings(files), "CHARLA-E1013", 6, &["cannot be undone"]);
}

#[test]
fn a_spelling_means_one_thing() {
    let domain = "slots:\n  reason:\n    type: categorical\n    values:\n      damaged: [ख़राब, broken]\n      size: [खराब]\n      other: ['…']\n    mappings: [{type: controlled}]\n  sure: {type: bool}\n";
    let flows = "flows:\n  a:\n    description: x\n    steps:\n      - collect: reason\n        yes: [x]\n      - collect: sure\n        yes: [keep it]\n        no: [Keep it!]\n";
    let responses = "responses:\n  utter_ask_reason:\n    - text: x\n      buttons:\n        - {title: A, payload: /SetSlots(reason=damaged), affirm: true, synonyms: [one]}\n        - {title: B, payload: /SetSlots(reason=size), affirm: true, synonyms: [One]}\n  utter_ask_sure:\n    - text: y\n";
    let all = findings(vec![
        file("domain.yml", domain),
        file("flows/a.yml", flows),
        file("responses/en.yml", responses),
    ]);
    expect(&all, "CHARLA-E1012", 2, &["खराब", "damaged", "size"]);
    expect(&all, "CHARLA-E1003", 2, &["…", "no words"]);
    expect(&all, "CHARLA-E1003", 5, &["`yes` and `no` need a bool slot"]);
    expect(&all, "CHARLA-E1012", 7, &["both a yes and a no"]);
    expect(&all, "CHARLA-E1012", 3, &["two options", "affirm"]);
    expect(&all, "CHARLA-E1012", 6, &["synonym of two options"]);
}
