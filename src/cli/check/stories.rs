//! Whether training data and stories name what the assistant knows, and whether the stories can be used.

use charla_dialogue::{
    Assistant,
    config::actions::{BUILT_IN, HOOKS},
    finding::{Finding, Severity, codes, nearest},
};
use charla_models::data::{
    Dataset, Example,
    problems::{Kind, Problem},
};
use std::collections::{BTreeMap, HashSet};

/// Held-out stories that measure nothing.
const HELD_OUT: &str = "CHARLA-E1017";

/// How bad a problem of the training data is, with its code; `None` for a note on the examples.
pub(super) const fn severity(kind: Kind) -> Option<(Severity, &'static str)> {
    match kind {
        Kind::Story => Some((Severity::Error, codes::SHAPE)),
        Kind::StoryName => Some((Severity::Error, codes::DUPLICATE)),
        Kind::HeldOut | Kind::FewHeldOut => Some((Severity::Warning, HELD_OUT)),
        _ => None,
    }
}

/// The problems of training data that are more than notes, as findings.
pub(super) fn problems(notes: &[Problem]) -> Vec<Finding> {
    let finding = |note: &Problem| {
        let (severity, code) = severity(note.kind)?;
        Some(Finding {
            file: note.file.display().to_string(),
            line: u32::try_from(note.line).unwrap_or(0),
            column: 0,
            severity,
            code: code.to_owned(),
            message: note.what.clone(),
            mend: note.mend.clone(),
        })
    };
    notes.iter().filter_map(finding).collect()
}

/// Names in training data and stories that the assistant does not know.
pub(super) fn names(assistant: &Assistant, data: &Dataset) -> Vec<Finding> {
    let names = Names::new(assistant);
    let mut findings = Vec::new();
    let mut unknown = |file: usize, line: usize, message: String, mend: String| {
        findings.push(Finding {
            file: data.files.get(file).map(|f| f.display().to_string()).unwrap_or_default(),
            line: u32::try_from(line).unwrap_or(0),
            column: 0,
            severity: Severity::Error,
            code: codes::UNKNOWN_NAME.to_owned(),
            message,
            mend,
        });
    };
    // An unknown label stands on every line of its file: once is enough.
    let mut told: HashSet<(usize, &str, &str)> = HashSet::new();
    let turns = data.stories.iter().flat_map(|s| s.turns.iter().map(|t| &t.example));
    for example in data.examples.iter().chain(turns) {
        for (what, label) in labels(example) {
            let domain = if what == "intent" { &names.intents } else { &names.entities };
            if !domain.contains(label) && told.insert((example.file, what, label)) {
                let mend = nearest(label, domain.iter().copied())
                    .map_or_else(|| format!("add it to the domain's {what} list"), did_you_mean);
                unknown(example.file, example.line, format!("unknown {what} `{label}`"), mend);
            }
        }
    }
    for story in &data.stories {
        for action in story.actions() {
            if let Err((message, mend)) = names.action(&action.name) {
                unknown(story.file, action.line, message, mend);
            }
        }
    }
    findings
}

fn labels(example: &Example) -> impl Iterator<Item = (&'static str, &str)> {
    let entities = example.entities.iter().map(|span| ("entity", span.entity.as_str()));
    std::iter::once(("intent", example.intent.as_str())).chain(entities)
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// What a story may name.
struct Names<'a> {
    intents: HashSet<&'a str>,
    entities: HashSet<&'a str>,
    /// `flow_…`, `utter_…`, `utter_ask_…`, `action_…`.
    actions: HashSet<String>,
    /// Responses that ask for a slot without being called after it.
    asks: BTreeMap<&'a str, &'a str>,
}

impl<'a> Names<'a> {
    fn new(assistant: &'a Assistant) -> Self {
        let mut actions: HashSet<String> = assistant.flows.keys().map(|id| format!("flow_{id}")).collect();
        let mut asks = BTreeMap::new();
        for collect in assistant.flows.values().flat_map(|flow| flow.collects()) {
            let named = format!("utter_ask_{}", collect.slot);
            if collect.utter != named {
                asks.insert(collect.utter.as_str(), collect.slot.as_str());
            }
            actions.insert(named);
        }
        actions.extend(assistant.responses.keys().filter(|key| !asks.contains_key(key.as_str())).cloned());
        actions.extend(assistant.actions.keys().cloned());
        actions.extend(BUILT_IN.iter().chain(&HOOKS).map(|name| (*name).to_owned()));
        Self {
            intents: assistant.domain.intents.keys().map(String::as_str).collect(),
            entities: assistant.domain.entities.keys().map(String::as_str).collect(),
            actions,
            asks,
        }
    }

    /// What is wrong with an action's name, and the mend.
    fn action(&self, name: &str) -> Result<(), (String, String)> {
        if self.actions.contains(name) {
            return Ok(());
        }
        if let Some(slot) = self.asks.get(name) {
            // The context of the answer is the slot, and only the name tells it.
            return Err((
                format!("`{name}` does not name the slot that it asks for"),
                format!("in stories write `utter_ask_{slot}`"),
            ));
        }
        let mend = nearest(name, self.actions.iter().map(String::as_str)).map_or_else(
            || {
                "write `flow_` and a flow or pattern, `utter_` and a response, `utter_ask_` and the slot asked for, or an \
                 action"
                    .to_owned()
            },
            did_you_mean,
        );
        Err((format!("unknown action `{name}` in a story"), mend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use charla_dialogue::SourceFile;
    use charla_models::data::problems;

    const DOMAIN: &str = "intents:\n  - ask_stock:\n      charla: {flow: stock}\n  - inform:\n      charla: {command: inform}\n\
        entities: [city]\nslots:\n  city:\n    type: text\n    mappings: [{type: from_entity, entity: city}]\n  rate:\n    \
        type: text\n    mappings: [{type: from_text}]\n";
    const FLOWS: &str = "flows:\n  stock:\n    name: {en: Stock}\n    description: Stock.\n    steps:\n      - collect: city\n      \
        - collect: rate\n        utter: utter_ask_how\n      - action: utter_stock\n";
    const RESPONSES: &str = "responses:\n  utter_ask_city: [{text: where?}]\n  utter_ask_how: [{text: how?}]\n  \
        utter_stock: [{text: there}]\n";

    fn assistant() -> Assistant {
        let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        let files = vec![
            file("domain.yml", DOMAIN),
            file("flows/stock.yml", FLOWS),
            file("responses/en.yml", RESPONSES),
        ];
        match Assistant::load(files) {
            Ok(assistant) => assistant,
            Err(findings) => panic!("{findings:#?}"),
        }
    }

    fn data(stories: &str) -> Dataset {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("s.yml"), format!("stories:\n{stories}")).unwrap();
        Dataset::read(folder.path()).unwrap()
    }

    fn story(steps: &str) -> Dataset {
        data(&format!("  - story: a\n    steps:\n{steps}"))
    }

    #[test]
    fn what_the_assistant_knows_passes() {
        let known = story(
            "      - user: \"stock in [Pune](city)\"\n        intent: ask_stock\n      - action: flow_stock\n      - action: \
             utter_ask_city\n      - action: utter_ask_rate\n      - action: flow_pattern_completed\n      - action: \
             utter_ask_satisfaction\n      - action: action_repeat\n      - action: utter_stock\n",
        );
        assert_eq!(names(&assistant(), &known), []);
    }

    #[test]
    fn unknown_names_are_told_with_line_and_mend() {
        let wrong = story(
            "      - user: \"[Pune](town), [Goa](town)\"\n        intent: ask_stok\n      - action: flow_stocks\n      - action: \
             utter_ask_how\n      - action: dance\n",
        );
        let found: Vec<(u32, String, String)> =
            names(&assistant(), &wrong).into_iter().map(|f| (f.line, f.message, f.mend)).collect();
        let expected = [
            (4, "unknown intent `ask_stok`", "did you mean `ask_stock`?"),
            (4, "unknown entity `town`", "add it to the domain's entity list"),
            (6, "unknown action `flow_stocks` in a story", "did you mean `flow_stock`?"),
            (
                7,
                "`utter_ask_how` does not name the slot that it asks for",
                "in stories write `utter_ask_rate`",
            ),
        ];
        for (found, (line, message, mend)) in found.iter().zip(expected) {
            assert_eq!((found.0, found.1.as_str(), found.2.as_str()), (line, message, mend));
        }
        assert_eq!(found.len(), 5);
        assert!(found[4].1.contains("`dance`") && found[4].2.contains("utter_ask_"));
    }

    #[test]
    fn unusable_stories_are_findings_and_the_rest_stays_a_note() {
        let steps = "    steps: [{user: hello there, intent: inform}]\n";
        let set = data(&format!(
            "  - story: a\n{steps}  - story: a\n{steps}  - story: b\n    metadata: {{split: held_out}}\n{steps}  - story: c\n    \
             steps: [{{user: hello}}]\n"
        ));
        let found: Vec<(u32, Severity, String)> =
            problems(&problems::check(&set)).into_iter().map(|f| (f.line, f.severity, f.code)).collect();
        let expected = [
            (10, Severity::Error, codes::SHAPE),
            (4, Severity::Error, codes::DUPLICATE),
            (8, Severity::Warning, HELD_OUT),
        ];
        assert_eq!(found.len(), 3, "{found:?}");
        for (found, (line, severity, code)) in found.iter().zip(expected) {
            assert_eq!((found.0, found.1, found.2.as_str()), (line, severity, code));
        }
        let few = data(&format!("  - story: a\n{steps}"));
        assert_eq!(problems(&problems::check(&few))[0].code, HELD_OUT);
        assert!(problems(&problems::check(&Dataset::default())).is_empty());
    }
}
