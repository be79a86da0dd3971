//! `domain.yml`: intents, entities, slots, names of actions.

mod slot;

use super::Names;
use super::conditions::Conditions;
pub use super::courtesy::Courtesy;
use crate::finding::{Findings, Place, codes};
use crate::yaml::Reader;
pub use slot::{Mapping, Slot, SlotType, Source};
use std::collections::BTreeMap;

/// Everything in the domain.
#[derive(Debug, Default)]
pub struct Domain {
    /// Intents by name.
    pub intents: BTreeMap<String, Intent>,
    /// Entities.
    pub entities: BTreeMap<String, Place>,
    /// Slots by name.
    pub slots: BTreeMap<String, Slot>,
    /// Conditions with a name.
    pub conditions: Conditions,
    /// Names of actions.
    pub actions: BTreeMap<String, Place>,
    /// `session_config.session_expiration_time`, minutes.
    pub session_minutes: Option<f64>,
    /// Whether slots outlive a session.
    pub carry_over: bool,
}

/// What an intent leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A written answer.
    Answer(String),
    /// A flow.
    Flow(String),
    /// A person.
    Handoff,
    /// Something the dialogue does itself.
    Command(IntentCommand),
}

/// Commands that intents stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // The names say it.
pub enum IntentCommand {
    Affirm,
    Deny,
    Inform,
    Stop,
    HumanHandoff,
    ChangeLanguage,
    OutOfScope,
    Repeat,
    Restart,
    CancelFlow,
}

const COMMANDS: [(&str, &str, IntentCommand); 10] = [
    ("affirm", "affirm", IntentCommand::Affirm),
    ("deny", "deny", IntentCommand::Deny),
    ("inform", "inform", IntentCommand::Inform),
    ("stop", "stop_messages", IntentCommand::Stop),
    ("human_handoff", "talk_to_human", IntentCommand::HumanHandoff),
    ("change_language", "change_language", IntentCommand::ChangeLanguage),
    ("out_of_scope", "out_of_scope", IntentCommand::OutOfScope),
    ("repeat", "repeat", IntentCommand::Repeat),
    ("restart", "restart", IntentCommand::Restart),
    ("cancel_flow", "cancel_flow", IntentCommand::CancelFlow),
];

/// An intent with Charla's extras.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Where it leads.
    pub target: Option<Target>,
    /// Always to a person.
    pub always_human: bool,
    /// Own threshold.
    pub threshold: Option<f32>,
    /// No matter is counted.
    pub smalltalk: bool,
    /// Politeness that nothing hangs on: not kept until consent.
    pub courtesy: Option<Courtesy>,
    /// Name as a topic.
    pub title: Option<Names>,
    /// Those of one family lead to much the same, and are unsure of each other only.
    pub family: Option<String>,
    /// Where it stands.
    pub place: Place,
}

impl Domain {
    pub(crate) fn read(&mut self, at: Reader, findings: &mut Findings) {
        at.only(
            findings,
            &[
                "version",
                "intents",
                "entities",
                "slots",
                "conditions",
                "actions",
                "session_config",
                "responses",
                "forms",
                "config",
            ],
        );
        for entry in at.get("intents").iter().flat_map(Reader::items) {
            let (name, place, extras) = named(entry);
            let intent = Intent::read(&name, place.clone(), extras, findings);
            if self.intents.insert(name.clone(), intent).is_some() {
                findings.error(
                    &place,
                    codes::DUPLICATE,
                    format!("intent `{name}` is defined twice"),
                    "remove one of them",
                );
            }
        }
        for intent in self.intents.values() {
            let alone =
                |name: &String| self.intents.values().filter(|i| i.family.as_ref() == Some(name)).count() < 2;
            if let Some(name) = intent.family.as_ref().filter(|name| alone(name)) {
                findings.warn(
                    &intent.place,
                    codes::INTENT,
                    format!("no other intent is of the family `{name}`"),
                    "give the intents that lead to much the same the same family",
                );
            }
        }
        for entry in at.get("entities").iter().flat_map(Reader::items) {
            let (name, place, _) = named(entry);
            self.entities.insert(name, place);
        }
        for (key, slot) in at.get("slots").iter().flat_map(Reader::entries) {
            let name = key.key();
            if let Some(slot) = Slot::read(&key.key(), key.place(), slot, findings)
                && self.slots.insert(name.clone(), slot).is_some()
            {
                findings.error(
                    &key.place(),
                    codes::DUPLICATE,
                    format!("slot `{name}` is defined twice"),
                    "remove one of them",
                );
            }
        }
        if let Some(conditions) = at.get("conditions") {
            self.conditions.read(conditions, findings);
        }
        for entry in at.get("actions").iter().flat_map(Reader::items) {
            let (name, place, _) = named(entry);
            self.actions.insert(name, place);
        }
        if let Some(session) = at.get("session_config") {
            session.only(
                findings,
                &["session_expiration_time", "carry_over_slots_to_new_session", "start_session_after_expiry"],
            );
            self.session_minutes = session.number_at("session_expiration_time", findings, 0.0..=1e6);
            self.carry_over = session.bool_at("carry_over_slots_to_new_session", findings).unwrap_or(false);
        }
    }
}

/// `name` or `name: {…}`.
fn named<'a>(entry: Reader<'a>) -> (String, Place, Option<Reader<'a>>) {
    match entry.entries().next() {
        Some((k, v)) => (k.key(), k.place(), Some(v)),
        None => (entry.key(), entry.place(), None),
    }
}

impl Intent {
    fn read(name: &str, place: Place, extras: Option<Reader>, findings: &mut Findings) -> Self {
        let default = COMMANDS.iter().find(|(_, n, _)| *n == name).map(|(_, _, c)| Target::Command(*c));
        let mut intent = Intent {
            target: None,
            always_human: false,
            threshold: None,
            smalltalk: false,
            courtesy: Courtesy::by_name(name),
            title: None,
            family: None,
            place,
        };
        if let Some(extras) = extras {
            extras.only(findings, &["charla", "use_entities", "ignore_entities"]);
            if let Some(at) = extras.get("charla") {
                at.only(
                    findings,
                    &[
                        "answer",
                        "flow",
                        "handoff",
                        "command",
                        "always_human",
                        "threshold",
                        "clarify_threshold",
                        "smalltalk",
                        "courtesy",
                        "title",
                        "family",
                    ],
                );
                let mut targets = Vec::new();
                targets.extend(at.string_at("answer", findings).map(Target::Answer));
                targets.extend(at.string_at("flow", findings).map(Target::Flow));
                if at.bool_at("handoff", findings) == Some(true) {
                    targets.push(Target::Handoff);
                }
                if let Some(command) = at.string_at("command", findings) {
                    match COMMANDS.iter().find(|(n, _, _)| *n == command) {
                        Some((_, _, c)) => targets.push(Target::Command(*c)),
                        None => findings.unknown(
                            &at.get("command").map(|r| r.place()).unwrap_or_default(),
                            "command",
                            &command,
                            COMMANDS.iter().map(|(n, _, _)| *n),
                        ),
                    }
                }
                if targets.len() > 1 {
                    findings.error(
                        &at.place(),
                        codes::INTENT,
                        format!("intent `{name}` leads to more than one thing"),
                        "keep one of answer, flow, handoff, command",
                    );
                }
                intent.target = targets.into_iter().next();
                intent.always_human = at.bool_at("always_human", findings).unwrap_or(false);
                intent.threshold = at.number_at("threshold", findings, 0.0..=1.0).map(|n| n as f32);
                intent.smalltalk = at.bool_at("smalltalk", findings).unwrap_or(false);
                intent.courtesy = Courtesy::read(at, findings).or(intent.courtesy);
                intent.title = at.get("title").map(|t| Names::read(t, findings));
                intent.family = at.string_at("family", findings);
            }
        }
        if intent.target.is_none() {
            intent.target = default;
        }
        intent
    }
}
