//! Conversation tests in a configuration's `tests/`: Rasa's end-to-end test cases, with what understanding and backends answer
//! written beside them.

use super::talk::{Talk, entity};
use crate::Assistant;
use crate::assistant::read_yaml;
use crate::event::{AgentAct, Clause, Content, Outcome, Understanding};
use crate::finding::Finding;
use crate::state::Owner;
use crate::yaml::{Kind, Node};
use serde_json::Value;
use std::sync::Arc;

/// What became of one test case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// Line of the case, or of the step that failed.
    pub line: u32,
    /// Nothing if it passed, else why not.
    pub failure: Option<String>,
}

/// Runs all test cases of a file.
///
/// # Errors
/// Findings, if the file is no YAML.
pub fn run_file(assistant: &Arc<Assistant>, path: &str, text: &str) -> Result<Vec<CaseResult>, Vec<Finding>> {
    let Some(node) = read_yaml(path, text)? else { return Ok(vec![]) };
    let cases = node.get("test_cases").map(Node::items).unwrap_or_default();
    Ok(cases
        .iter()
        .map(|case| {
            let name =
                case.get("test_case").and_then(Node::scalar).unwrap_or_else(|| "(without a name)".into());
            // A breach of an invariant panics inside; it is one more way to fail, not the end of the run.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run_case(assistant, case)));
            match result {
                Ok(Ok(())) => CaseResult { name, line: case.line, failure: None },
                Ok(Err((line, failure))) => CaseResult { name, line, failure: Some(failure) },
                Err(panic) => {
                    let what = panic
                        .downcast_ref::<String>()
                        .cloned()
                        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                    CaseResult {
                        name,
                        line: case.line,
                        failure: Some(what.unwrap_or_else(|| "panicked".into())),
                    }
                }
            }
        })
        .collect())
}

type Failed = (u32, String);

struct Run {
    talk: Talk,
    /// Responses already expected by `utter` since the last input.
    uttered: usize,
    /// Messages already expected by `bot`.
    bot: usize,
    /// Slots as the last step saw them set.
    language: String,
}

fn run_case(assistant: &Arc<Assistant>, case: &Node) -> Result<(), Failed> {
    let setup = case.get("setup");
    let text = |key: &str| setup.and_then(|s| s.get(key)).and_then(Node::scalar);
    let language = text("language").unwrap_or_else(|| "en".into());
    let consent = setup.and_then(|s| s.get("consent"));
    let mut talk = match consent.and_then(Node::bool) {
        Some(false) => Talk::new(assistant.clone()),
        _ => Talk::consented(assistant.clone(), &language),
    };
    // A text instead of true or false is the version they agreed to.
    if let Some(version) = consent.filter(|c| c.bool().is_none()).and_then(Node::scalar)
        && let Some(grant) = talk.state.consent.grants.get_mut("processing")
    {
        grant.version = version;
    }
    if let Some(number) = text("number") {
        talk.number = number;
    }
    if let Some(setup) = setup {
        if let Some(phone) = setup.get("phone") {
            talk.phone = phone.scalar();
        }
        if let Some(name) = setup.get("name") {
            talk.name = name.scalar();
        }
    }
    let mut run = Run { talk, uttered: 0, bot: 0, language };
    for step in case.get("steps").map(Node::items).unwrap_or_default() {
        run.step(step).map_err(|what| (step.line, format!("{what}\n\n{}", run.talk.transcript())))?;
    }
    Ok(())
}

impl Run {
    fn input(&mut self) {
        self.uttered = 0;
        self.bot = 0;
    }

    fn step(&mut self, step: &Node) -> Result<(), String> {
        let get = |key: &str| step.get(key);
        let Some((key, value)) = step.entries().first().map(|(k, v)| (k.scalar().unwrap_or_default(), v))
        else {
            return Err("a step is a mapping".into());
        };
        match key.as_str() {
            "user" => {
                self.input();
                let text = value.scalar().unwrap_or_default();
                for (part, nlu) in get("parts").map(Node::entries).unwrap_or_default() {
                    let part = part.scalar().unwrap_or_default();
                    let understanding = self.understanding(&part, nlu);
                    self.talk.knows(&part, understanding);
                }
                match get("nlu").filter(|n| !n.entries().is_empty()) {
                    Some(nlu) => {
                        let understanding = self.understanding(&text, nlu);
                        self.talk.say_understood(&text, understanding);
                    }
                    None => {
                        self.talk.write(&text);
                    }
                }
            }
            "tap" => {
                self.input();
                let id = value.scalar().unwrap_or_default();
                if !id.starts_with('/') && !self.talk.state.options.iter().any(|o| o.title == id) {
                    return Err(format!("no option is called `{id}`; shown: {:?}", self.talk.titles()));
                }
                self.talk.tap(&id);
            }
            "location" => {
                self.input();
                let degrees = |key: &str| value.get(key).and_then(Node::number).unwrap_or_default();
                self.talk.receive(Content::Location {
                    latitude: degrees("latitude"),
                    longitude: degrees("longitude"),
                    name: value.get("name").and_then(Node::scalar),
                });
            }
            "sends" => {
                self.input();
                let kind = value.get("kind").and_then(Node::scalar).unwrap_or_default();
                let caption = value.get("caption").and_then(Node::scalar);
                let content = match kind.as_str() {
                    "image" | "video" | "audio" | "voice" | "document" | "sticker" => {
                        Content::Media { kind, id: "media".into(), caption }
                    }
                    "contacts" => Content::Contacts { own_phone: value.get("phone").and_then(Node::scalar) },
                    "reaction" => Content::Reaction { emoji: Some("👍".into()) },
                    "welcome" => Content::Welcome,
                    other => Content::Unsupported { kind: other.to_owned() },
                };
                self.talk.receive(content);
            }
            "call" => self.call(value, get("returns"), get("fails"))?,
            "after_minutes" => {
                self.input();
                self.talk.pass((value.number().unwrap_or_default() * 60_000.0) as i64);
            }
            "agent" => self.agent(value)?,
            "utter" => {
                let key = value.scalar().unwrap_or_default();
                let said = self.talk.responses();
                match said.get(self.uttered..).unwrap_or_default().iter().position(|r| *r == key) {
                    Some(at) => self.uttered += at + 1,
                    None => return Err(format!("`{key}` was not said; said: {said:?}")),
                }
            }
            "bot" => {
                let wanted = value.scalar().unwrap_or_default();
                let texts: Vec<String> =
                    self.talk.said.iter().skip(self.bot).map(|s| s.message.body().to_owned()).collect();
                match texts.iter().position(|t| matches(&wanted, t)) {
                    Some(at) => self.bot += at + 1,
                    None => return Err(format!("no message reads `{wanted}`; said: {texts:#?}")),
                }
            }
            "slot_was_set" | "slot_was_not_set" => self.slots(value, key == "slot_was_set")?,
            "owner" => {
                let owner = match self.talk.state.owner {
                    Owner::Bot => "bot",
                    Owner::Queue { .. } => "queue",
                    Owner::Agent { .. } => "agent",
                };
                if value.scalar().as_deref() != Some(owner) {
                    return Err(format!("the thread is owned by {owner}"));
                }
            }
            "buttons" => {
                let wanted: Vec<String> = value.items().iter().filter_map(Node::scalar).collect();
                if self.talk.titles() != wanted {
                    return Err(format!("offered: {:?}", self.talk.titles()));
                }
            }
            "flow" => {
                let flow = self.talk.state.top().map(|f| f.flow.clone());
                if flow != value.scalar() {
                    return Err(format!("the active flow is {flow:?}"));
                }
            }
            "language" => {
                if self.talk.state.language.code != value.scalar() {
                    return Err(format!("the language is {:?}", self.talk.state.language));
                }
            }
            "silent" => {
                if !self.talk.said.is_empty() {
                    return Err(format!("said: {:?}", self.talk.responses()));
                }
            }
            "messages" => {
                let (wanted, sent) = (value.number().unwrap_or_default(), self.talk.said.len());
                if sent as f64 != wanted {
                    return Err(format!("{sent} messages, not {wanted}: {:?}", self.talk.responses()));
                }
            }
            other => return Err(format!("unknown step `{other}`")),
        }
        Ok(())
    }

    fn understanding(&self, text: &str, nlu: &Node) -> Understanding {
        let p = |n: &Node| n.number().unwrap_or_default() as f32;
        let pairs = |n: &Node| {
            n.entries().iter().map(|(k, v)| (k.scalar().unwrap_or_default(), p(v))).collect::<Vec<_>>()
        };
        let mut intents = nlu.get("ranking").map(pairs).unwrap_or_default();
        if let Some(intent) = nlu.get("intent").and_then(Node::scalar) {
            intents.insert(0, (intent, nlu.get("confidence").map_or(0.95, p)));
        }
        let mut languages = nlu.get("languages").map(pairs).unwrap_or_default();
        if languages.is_empty() {
            languages.push((
                nlu.get("language").and_then(Node::scalar).unwrap_or_else(|| self.language.clone()),
                0.97,
            ));
        }
        let spot = |name: String, value: Value, written: String, confidence: f32| {
            let mut found = entity(&name, value, &written);
            // Where it really stands, if it does: what a value covers of the text matters.
            if let Some(byte) = text.find(&written) {
                found.start = text[..byte].chars().count();
                found.end = found.start + written.chars().count();
            }
            found.confidence = confidence;
            found
        };
        let entities = match nlu.get("entities") {
            Some(list) if matches!(list.kind, Kind::Seq(_)) => list
                .items()
                .iter()
                .map(|e| {
                    let value = e.get("value").map(Node::json).unwrap_or_default();
                    let written = e
                        .get("text")
                        .and_then(Node::scalar)
                        .or_else(|| e.get("value").and_then(Node::scalar))
                        .unwrap_or_default();
                    let mut found = spot(
                        e.get("entity").and_then(Node::scalar).unwrap_or_default(),
                        value,
                        written,
                        e.get("confidence").map_or(0.99, p),
                    );
                    found.currency = e.get("currency").and_then(Node::scalar);
                    found
                })
                .collect(),
            Some(map) => map
                .entries()
                .iter()
                .map(|(k, v)| {
                    spot(k.scalar().unwrap_or_default(), v.json(), v.scalar().unwrap_or_default(), 0.99)
                })
                .collect(),
            None => vec![],
        };
        let clause = |(said, nlu): &(Node, Node)| {
            let said = said.scalar().unwrap_or_default();
            let understood = self.understanding(&said, nlu);
            let start = text.find(&said).map_or(0, |byte| text[..byte].chars().count());
            Clause {
                start,
                end: start + said.chars().count(),
                intents: understood.intents,
                out_of_scope: understood.out_of_scope,
            }
        };
        Understanding {
            languages,
            intents,
            entities,
            out_of_scope: nlu.get("out_of_scope").map_or(0.0, p),
            candidates: vec![],
            clauses: nlu.get("clauses").map(Node::entries).unwrap_or_default().iter().map(clause).collect(),
            model: "test".into(),
        }
    }

    fn call(&mut self, wanted: &Node, returns: Option<&Node>, fails: Option<&Node>) -> Result<(), String> {
        let action = wanted.get("action").and_then(Node::scalar).unwrap_or_default();
        let Some(call) = self.talk.calls.iter().find(|c| c.action == action).cloned() else {
            let waiting: Vec<&str> = self.talk.calls.iter().map(|c| c.action.as_str()).collect();
            return Err(format!("`{action}` was not called; waiting: {waiting:?}"));
        };
        let made = serde_json::to_value(&call).unwrap_or_default();
        covers(&made, &wanted.json()).map_err(|at| format!("the call differs at {at}: {made:#}"))?;
        let outcome = match (returns, fails) {
            (_, Some(kind)) => {
                Outcome::Failed { kind: kind.scalar().unwrap_or_else(|| "timeout".into()), status: None }
            }
            (Some(returns), _) => {
                let status = returns.get("status").and_then(Node::number).unwrap_or(200.0) as u16;
                Outcome::Ok { status, body: returns.get("body").map(Node::json).unwrap_or_default() }
            }
            (None, None) => return Ok(()),
        };
        self.talk.backend_for(&action, outcome);
        Ok(())
    }

    fn agent(&mut self, value: &Node) -> Result<(), String> {
        self.input();
        let agent = value.get("agent").and_then(Node::scalar).unwrap_or_else(|| "agent".into());
        let act = if let Some(agent) = value.get("take").and_then(Node::scalar) {
            AgentAct::Take { agent }
        } else if let Some(text) = value.get("reply").and_then(Node::scalar) {
            AgentAct::Reply { agent, text }
        } else if let Some(agent) = value.get("hand_back").and_then(Node::scalar) {
            AgentAct::HandBack {
                agent,
                resolved: value.get("resolved").and_then(Node::bool).unwrap_or(false),
            }
        } else if let Some(text) = value.get("note").and_then(Node::scalar) {
            AgentAct::Note { agent, text }
        } else {
            return Err("an agent takes, replies, hands back or notes".into());
        };
        self.talk.agent(act);
        Ok(())
    }

    /// A slot counts as set if the journal ever set it so: flows forget theirs when they end.
    fn slots(&self, wanted: &Node, set: bool) -> Result<(), String> {
        let all = wanted.items().iter().flat_map(|item| match &item.kind {
            Kind::Map(entries) => entries
                .iter()
                .map(|(k, v)| (k.scalar().unwrap_or_default(), Some(v.json())))
                .collect::<Vec<_>>(),
            _ => vec![(item.scalar().unwrap_or_default(), None)],
        });
        for (name, value) in all {
            let mut seen: Vec<&Value> = Vec::new();
            for change in &self.talk.journal {
                match change {
                    crate::TrackerEvent::SlotSet { slot, value, .. } if *slot == name && !value.is_null() => {
                        seen.push(value)
                    }
                    crate::TrackerEvent::FlowStarted { frame } => seen.extend(frame.slots.get(&name)),
                    _ => {}
                }
            }
            let hit = seen.iter().any(|v| value.as_ref().is_none_or(|w| same(v, w)));
            if hit != set {
                return Err(format!("slot `{name}` was set to {seen:?}"));
            }
        }
        Ok(())
    }
}

fn same(a: &Value, b: &Value) -> bool {
    a == b
        || (a.is_number() && b.is_number() && a.as_f64() == b.as_f64())
        || matches!((a, b), (Value::String(s), Value::Number(n)) if *s == n.to_string())
}

/// Whether `made` holds everything of `wanted`; else where not.
fn covers(made: &Value, wanted: &Value) -> Result<(), String> {
    match wanted {
        Value::Object(map) => map.iter().try_for_each(|(k, v)| match made.get(k) {
            Some(m) => covers(m, v).map_err(|at| format!("{k}.{at}")),
            // What must not be there.
            None if v.is_null() => Ok(()),
            None => Err(k.clone()),
        }),
        other if same(made, other) => Ok(()),
        other => Err(format!(" (expected {other})")),
    }
}

/// Equality with `*` for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text) in [("a*c", "abc"), ("*b*", "abc"), ("abc", "abc"), ("*", ""), ("a*", "a")] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*d", "abc"), ("abc", "abcd"), ("*x*", "abc")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
