//! Slots: their types, and where their values come from.

use crate::config::ways::Opening;
use crate::finding::{Findings, Place, codes};
use crate::fold::words;
use crate::yaml::{Kind, Reader};
use regex::Regex;
use serde_json::Value;
use std::sync::OnceLock;

/// A slot's type.
#[derive(Debug, Clone, PartialEq)]
pub enum SlotType {
    /// Text.
    Text,
    /// Yes or no.
    Bool,
    /// A number.
    Float,
    /// One of these: canonical value and spellings.
    Categorical(Vec<(String, Vec<String>)>),
    /// A list.
    List,
    /// Anything.
    Any,
}

/// Where a slot's value may come from.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// The source.
    pub source: Source,
    /// Only with these intents.
    pub intents: Vec<String>,
    /// Not with these intents.
    pub not_intents: Vec<String>,
    /// Of several different entities this one, from 1, in the order of the text.
    pub nth: Option<usize>,
    /// The currency that the entity names, not its value.
    pub currency: bool,
    /// The address that the raw text tells, without what is said around it.
    pub address: bool,
    /// A raw text of more words is no value.
    pub max_words: Option<usize>,
}

/// A mapping's source.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// An entity of this name, at least this probable.
    Entity(String, f32),
    /// The raw text while the slot is asked for; a pattern picks the part.
    Text(Option<Regex>),
    /// A value that an intent stands for.
    Intent(String, Value),
    /// A place sent.
    Location,
    /// Only taps, actions, flows.
    #[default]
    Controlled,
}

/// A slot.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its type.
    pub kind: SlotType,
    /// Where its value may come from, in order.
    pub mappings: Vec<Mapping>,
    /// Value at the start of a session.
    pub initial: Value,
    /// Outlives its flow.
    pub persisted: bool,
    /// How the message that opens a flow may name its value.
    pub opening: Option<Opening>,
    /// The flow that a value of it begins which is tapped when nothing takes it any more.
    pub starts: Option<(String, Place)>,
    /// Where it stands.
    pub place: Place,
    /// See [`Slot::spellings`].
    pub(crate) spelt: OnceLock<Vec<(String, Vec<String>)>>,
}

impl Slot {
    /// The spellings of a categorical slot's values, each with its value, in folded words: folded once, not for every
    /// message.
    pub(crate) fn spellings(&self) -> &[(String, Vec<String>)] {
        self.spelt.get_or_init(|| {
            let SlotType::Categorical(values) = &self.kind else { return Vec::new() };
            let spelt = values.iter().flat_map(|(value, all)| all.iter().map(move |s| (value, words(s))));
            spelt
                .filter(|(_, words)| !words.is_empty())
                .map(|(value, words)| (value.clone(), words))
                .collect()
        })
    }

    /// Whether it is an address: of what is written only that part which is one.
    pub(crate) fn holds_address(&self) -> bool {
        self.mappings.iter().any(|m| m.address)
    }

    /// Whether an entity of this name may fill it.
    pub(crate) fn takes_entity(&self, entity: &str) -> bool {
        self.takes(|name| name == entity)
    }

    /// Whether an entity of such a name may fill it.
    pub(crate) fn takes(&self, such: impl Fn(&str) -> bool) -> bool {
        self.mappings.iter().any(|m| matches!(&m.source, Source::Entity(name, _) if such(name)))
    }

    /// A slot that only the dialogue sets.
    pub(crate) fn controlled(kind: SlotType, place: Place) -> Self {
        let mapping = Mapping { source: Source::Controlled, ..Mapping::default() };
        Slot {
            kind,
            mappings: vec![mapping],
            initial: Value::Null,
            persisted: false,
            opening: None,
            starts: None,
            place,
            spelt: OnceLock::new(),
        }
    }
}

impl Slot {
    pub(super) fn read(name: &str, place: Place, at: Reader, findings: &mut Findings) -> Option<Self> {
        at.only(
            findings,
            &[
                "type",
                "values",
                "mappings",
                "initial_value",
                "persisted",
                "from_opening",
                "starts",
                "influence_conversation",
                "min_value",
                "max_value",
                "description",
            ],
        );
        let Some(kind) = at.string_at("type", findings) else {
            findings.error(
                &place,
                codes::SHAPE,
                "a slot needs a `type`",
                "write text, bool, float, categorical, list or any",
            );
            return None;
        };
        let kind = match kind.as_str() {
            "text" => SlotType::Text,
            "bool" => SlotType::Bool,
            "float" => SlotType::Float,
            "list" => SlotType::List,
            "any" => SlotType::Any,
            "categorical" => {
                let values = match at.get("values") {
                    None => {
                        findings.error(
                            &place,
                            codes::SHAPE,
                            "a categorical slot needs `values`",
                            "list the values",
                        );
                        vec![]
                    }
                    Some(v) if matches!(v.node.kind, Kind::Map(_)) => {
                        v.entries().map(|(k, s)| (k.key(), s.items().map(|i| i.key()).collect())).collect()
                    }
                    Some(v) => v.items().map(|i| (i.key(), vec![])).collect(),
                };
                SlotType::Categorical(values)
            }
            other => {
                let place = at.get("type").map(|t| t.place()).unwrap_or(place);
                findings.unknown(
                    &place,
                    "slot type",
                    other,
                    ["text", "bool", "float", "categorical", "list", "any"],
                );
                return None;
            }
        };
        let mappings = at
            .get("mappings")
            .iter()
            .flat_map(Reader::items)
            .filter_map(|m| Mapping::read(name, m, findings))
            .collect();
        let initial = at.get("initial_value").map(|v| v.node.json()).unwrap_or_default();
        let persisted = at.bool_at("persisted", findings).unwrap_or(false);
        let opening = at.get("from_opening").and_then(|o| Opening::read(o, findings));
        let starts = at.get("starts").and_then(|v| Some((at.string_at("starts", findings)?, v.place())));
        Some(Slot { kind, mappings, initial, persisted, opening, starts, place, spelt: OnceLock::new() })
    }
}

impl Mapping {
    fn read(slot: &str, at: Reader, findings: &mut Findings) -> Option<Self> {
        at.only(
            findings,
            &[
                "type",
                "entity",
                "min_confidence",
                "nth",
                "denied",
                "part",
                "max_words",
                "pattern",
                "intent",
                "several",
                "not_intent",
                "value",
                "role",
                "group",
                "conditions",
            ],
        );
        let kind = at.string_at("type", findings)?;
        let mut intents: Vec<String> =
            at.strings_at("intent", findings).into_iter().map(|(s, _)| s).collect();
        let source = match kind.as_str() {
            "from_entity" => {
                let Some(entity) = at.string_at("entity", findings) else {
                    findings.error(
                        &at.place(),
                        codes::SHAPE,
                        "`from_entity` needs `entity`",
                        "name the entity",
                    );
                    return None;
                };
                Source::Entity(
                    entity,
                    at.number_at("min_confidence", findings, 0.0..=1.0).unwrap_or(0.5) as f32,
                )
            }
            "from_text" => {
                let pattern = at.string_at("pattern", findings).and_then(|p| {
                    Regex::new(&p)
                        .map_err(|e| {
                            findings.error(
                                &at.place(),
                                codes::REGEX,
                                format!("`pattern` is not a regular expression: {e}"),
                                "correct the pattern",
                            )
                        })
                        .ok()
                });
                Source::Text(pattern)
            }
            "from_intent" => {
                let value = at.get("value").map(|v| v.node.json()).unwrap_or(Value::Bool(true));
                if intents.is_empty() {
                    findings.error(
                        &at.place(),
                        codes::SHAPE,
                        "`from_intent` needs `intent`",
                        "name the intent",
                    );
                    return None;
                }
                Source::Intent(intents.remove(0), value)
            }
            "from_words" => Source::Entity(crate::mention::worded(slot), 0.0),
            "from_shown" => {
                let argument = at.string_at("entity", findings).unwrap_or_else(|| slot.to_owned());
                Source::Entity(
                    match at.bool_at("several", findings) {
                        Some(true) => crate::choice::pointed::shown_some(&argument),
                        _ => crate::choice::pointed::shown(&argument),
                    },
                    0.0,
                )
            }
            "from_location" => Source::Location,
            "controlled" | "custom" | "from_llm" | "from_trigger_intent" => Source::Controlled,
            other => {
                findings.unknown(
                    &at.place(),
                    "slot mapping",
                    other,
                    [
                        "from_entity",
                        "from_text",
                        "from_intent",
                        "from_words",
                        "from_shown",
                        "from_location",
                        "controlled",
                    ],
                );
                return None;
            }
        };
        let not_intents = at.strings_at("not_intent", findings).into_iter().map(|(s, _)| s).collect();
        let source = match source {
            Source::Entity(entity, least) if at.bool_at("denied", findings) == Some(true) => {
                Source::Entity(crate::mention::denied(&entity), least)
            }
            other => other,
        };
        let count =
            |key: &str, findings: &mut Findings| at.number_at(key, findings, 1.0..=100.0).map(|n| n as usize);
        let (nth, max_words) = (count("nth", findings), count("max_words", findings));
        let part = at.string_at("part", findings);
        if let Some(other) = part.as_deref().filter(|p| !["currency", "address"].contains(p)) {
            findings.unknown(&at.place(), "part", other, ["currency", "address"]);
        }
        let is = |wanted: &str| part.as_deref() == Some(wanted);
        let (currency, address) = (is("currency"), is("address"));
        Some(Mapping { source, intents, not_intents, nth, currency, address, max_words })
    }
}
