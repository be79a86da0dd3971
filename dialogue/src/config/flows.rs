//! `flows/*.yml` and `patterns.yml`: flows, flattened into numbered steps.

use super::Names;
use super::on_values::OnValues;
use super::ways::Ways;
use crate::condition::Condition;
use crate::finding::{Findings, Place, codes};
use crate::template::{Setting, Templates};
use crate::yaml::{Kind, Reader};
use std::collections::BTreeMap;

/// A flow.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its id.
    pub id: String,
    /// Its name for customers.
    pub name: Names,
    /// What it is for.
    pub description: String,
    /// Intents that start it, with thresholds of their own.
    pub triggers: Vec<(String, Option<f32>, Place)>,
    /// Slots filled from entities without being asked for.
    pub optional_slots: Vec<(String, Place)>,
    /// Messages that start it by the values they bring.
    pub on_values: Vec<OnValues>,
    /// Slots that outlive it.
    pub persisted_slots: Vec<(String, Place)>,
    /// Flows whose wishes, said while it runs, are about it: "actually, make it Sunday" while booking.
    pub absorbs: Vec<String>,
    /// Wishes for these flows, said while it runs and without a word of what they are about, mean the other one: "cancel it".
    pub means: Vec<(String, String)>,
    /// The flow that a change said after its end goes to, instead of running it once more.
    pub follow_up: Option<String>,
    /// Whether its end resolves a matter.
    pub run_pattern_completed: bool,
    /// Whether it is offered again, once, after a side question that came between.
    pub resume: bool,
    /// A side question: what it interrupts goes on after it. Any other flow takes the place of what runs.
    pub side: bool,
    /// It starts by itself only if this holds.
    pub guard: Option<Condition>,
    /// Steps; the first is where it begins.
    pub steps: Vec<Step>,
    /// Steps by id.
    pub index: BTreeMap<String, usize>,
    /// Where it stands.
    pub place: Place,
    /// Whether it comes with Charla.
    pub built_in: bool,
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Unique within the flow.
    pub id: String,
    /// What it does.
    pub kind: StepKind,
    /// What follows, tried in order.
    pub next: Vec<Branch>,
    /// Where it stands.
    pub place: Place,
}

/// One way on.
#[derive(Debug, Clone)]
pub struct Branch {
    /// None: always.
    pub condition: Option<Condition>,
    /// Where to.
    pub to: Goal,
}

/// Where a branch leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// To a step, by number.
    Step(usize),
    /// To the end of the flow.
    End,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Asks for a slot.
    Collect(Box<Collect>),
    /// Says a response, calls a backend, or does something built in.
    Action(String),
    /// Sets slots.
    SetSlots(Vec<(String, Setting)>),
    /// Ends here and goes on in another flow.
    Link(String),
    /// Runs another flow and comes back.
    Call(String),
    /// Nothing.
    Noop,
}

/// A question.
#[derive(Debug, Clone)]
pub struct Collect {
    /// The slot.
    pub slot: String,
    /// The response that asks.
    pub utter: String,
    /// Whether an old value is forgotten first.
    pub ask_before_filling: bool,
    /// Whether the value is forgotten at the end of the flow.
    pub reset_after_flow_ends: bool,
    /// Values not accepted, and what is said then.
    pub rejections: Vec<(Condition, Option<String>)>,
    /// May be skipped.
    pub optional: bool,
    /// An explicit yes before something irreversible.
    pub confirm: bool,
    /// Everything written is the answer.
    pub verbatim: bool,
    /// When it is asked again after something else came between (always, if not said). Where it is not, who turns to something else
    /// has dropped the matter.
    pub resume: Option<Condition>,
    /// Slots one of which answers the question as well.
    pub instead: Vec<(String, Place)>,
    /// What means yes to this question and to no other: "cancel it".
    pub yes: Vec<String>,
    /// What means no: "keep it".
    pub no: Vec<String>,
    /// What it takes besides its answer.
    pub ways: Ways,
}

impl Flow {
    /// Whether it is a repair pattern.
    pub fn is_pattern(&self) -> bool {
        self.id.starts_with("pattern_")
    }

    /// Slots that it asks for, in order.
    pub fn collects(&self) -> impl Iterator<Item = &Collect> {
        self.steps.iter().filter_map(|s| match &s.kind {
            StepKind::Collect(c) => Some(&**c),
            _ => None,
        })
    }

    /// Whether an entity may fill this slot when the flow starts or runs.
    pub fn takes(&self, slot: &str) -> bool {
        self.optional_slots.iter().any(|(s, _)| s == slot)
            || self.collects().any(|c| c.slot == slot && !c.confirm)
    }

    pub(crate) fn read(
        id: &str,
        place: Place,
        at: Reader,
        templates: &mut Templates,
        findings: &mut Findings,
    ) -> Self {
        at.only(
            findings,
            &[
                "name",
                "description",
                "nlu_trigger",
                "optional_slots",
                "on_values",
                "persisted_slots",
                "absorbs",
                "means",
                "follow_up",
                "run_pattern_completed",
                "resume",
                "side",
                "if",
                "steps",
                "always_include_in_prompt",
                "file_path",
            ],
        );
        let mut triggers = Vec::new();
        for entry in at.get("nlu_trigger").iter().flat_map(Reader::items) {
            entry.only(findings, &["intent"]);
            let Some(intent) = entry.get("intent") else { continue };
            if intent.node.entries().is_empty() {
                triggers.push((intent.key(), None, intent.place()));
            } else {
                intent.only(findings, &["name", "confidence_threshold"]);
                if let Some(name) = intent.string_at("name", findings) {
                    let threshold =
                        intent.number_at("confidence_threshold", findings, 0.0..=1.0).map(|n| n as f32);
                    triggers.push((name, threshold, intent.place()));
                }
            }
        }
        let mut flow = Flow {
            id: id.to_owned(),
            name: at.get("name").map(|n| Names::read(n, findings)).unwrap_or_default(),
            description: at.string_at("description", findings).unwrap_or_default(),
            triggers,
            optional_slots: at.strings_at("optional_slots", findings),
            on_values: at
                .get("on_values")
                .iter()
                .flat_map(Reader::items)
                .map(|r| OnValues::read(r, findings))
                .collect(),
            persisted_slots: at.strings_at("persisted_slots", findings),
            absorbs: at.strings_at("absorbs", findings).into_iter().map(|(s, _)| s).collect(),
            means: at
                .get("means")
                .map(|m| m.entries().map(|(from, to)| (from.key(), to.key())).collect())
                .unwrap_or_default(),
            follow_up: at.string_at("follow_up", findings),
            run_pattern_completed: at.bool_at("run_pattern_completed", findings).unwrap_or(true),
            resume: at.bool_at("resume", findings).unwrap_or(true),
            side: at.bool_at("side", findings).unwrap_or(false),
            guard: at.get("if").and_then(|c| super::condition(findings, c)),
            steps: Vec::new(),
            index: BTreeMap::new(),
            place,
            built_in: false,
        };
        let mut builder = Builder { steps: Vec::new(), links: Vec::new(), templates, findings };
        match at.get("steps") {
            Some(steps) if !steps.node.items().is_empty() => builder.list(steps, To::End),
            _ => builder.findings.error(
                &flow.place,
                codes::SHAPE,
                format!("flow `{id}` has no steps"),
                "give it `steps`",
            ),
        }
        builder.finish(&mut flow);
        flow
    }
}

/// A goal before ids are known.
enum To {
    Id(String, Place),
    Step(usize),
    End,
}

struct Builder<'a> {
    steps: Vec<Option<Step>>,
    links: Vec<Vec<(Option<Condition>, To)>>,
    templates: &'a mut Templates,
    findings: &'a mut Findings,
}

impl Builder<'_> {
    /// Lays out a list of steps; returns nothing, its first step has the number that `steps.len()` had before.
    fn list(&mut self, list: Reader, after: To) {
        let base = self.steps.len();
        let count = list.node.items().len();
        for _ in 0..count {
            self.steps.push(None);
            self.links.push(Vec::new());
        }
        for (i, entry) in list.items().enumerate() {
            let number = base + i;
            let following = if i + 1 < count { To::Step(number + 1) } else { copy(&after) };
            self.step(number, entry, following);
        }
    }

    fn step(&mut self, number: usize, at: Reader, following: To) {
        const KEYS: [&str; 21] = [
            "id",
            "next",
            "collect",
            "action",
            "set_slots",
            "link",
            "call",
            "noop",
            "utter",
            "description",
            "ask_before_filling",
            "reset_after_flow_ends",
            "rejections",
            "optional",
            "confirm",
            "verbatim",
            "resume",
            "instead",
            "yes",
            "no",
            "force_slot_filling",
        ];
        at.only(self.findings, &[&KEYS[..], &Ways::KEYS[..]].concat());
        let (kind, label) = self.kind(at);
        let id = at.string_at("id", self.findings).unwrap_or_else(|| format!("{number}_{label}"));
        let links = match at.get("next") {
            None => vec![(None, following)],
            Some(next) if !next.node.items().is_empty() => self.branches(next, following),
            Some(next) => vec![(None, self.goal(next))],
        };
        self.links[number] = links;
        self.steps[number] = Some(Step { id, kind, next: vec![], place: at.place() });
    }

    fn goal(&mut self, at: Reader) -> To {
        match at.key().as_str() {
            "END" => To::End,
            id => To::Id(id.to_owned(), at.place()),
        }
    }

    fn branches(&mut self, next: Reader, following: To) -> Vec<(Option<Condition>, To)> {
        let mut all = Vec::new();
        let mut open = true;
        for branch in next.items() {
            branch.only(self.findings, &["if", "then", "else"]);
            if !open {
                self.findings.error(
                    &branch.place(),
                    codes::UNREACHABLE,
                    "a branch after `else` is never reached",
                    "put `else` last",
                );
            }
            let (condition, then) = match (branch.get("if"), branch.get("else")) {
                (Some(c), _) => (super::condition(self.findings, c), branch.get("then")),
                (None, Some(other)) => {
                    open = false;
                    (None, Some(other))
                }
                (None, None) => {
                    self.findings.error(
                        &branch.place(),
                        codes::SHAPE,
                        "a branch needs `if` and `then`, or `else`",
                        "write `- if: …` / `then: …`",
                    );
                    continue;
                }
            };
            let Some(then) = then else {
                self.findings.error(
                    &branch.place(),
                    codes::SHAPE,
                    "`then` is missing",
                    "name a step, END, or write steps",
                );
                continue;
            };
            let to = if matches!(then.node.kind, Kind::Seq(_)) {
                let first = self.steps.len();
                self.list(then, copy(&following));
                To::Step(first)
            } else {
                self.goal(then)
            };
            // A condition that does not parse must not become "always".
            if condition.is_some() || branch.get("if").is_none() {
                all.push((condition, to));
            }
        }
        if open {
            all.push((None, following));
        }
        all
    }

    fn kind(&mut self, at: Reader) -> (StepKind, String) {
        const KINDS: [&str; 6] = ["collect", "action", "set_slots", "link", "call", "noop"];
        let present: Vec<&str> = KINDS.iter().copied().filter(|k| at.get(k).is_some()).collect();
        if present.len() != 1 {
            self.findings.error(
                &at.place(),
                codes::SHAPE,
                "a step does exactly one thing",
                "write one of collect, action, set_slots, link, call, noop",
            );
            return (StepKind::Noop, "noop".into());
        }
        let key = present[0];
        let name = at.get(key).map(|n| n.key()).unwrap_or_default();
        let label = if name.is_empty() || key == "noop" { key.to_owned() } else { format!("{key}_{name}") };
        let kind = match key {
            "collect" => StepKind::Collect(Box::new(self.collect(at, name))),
            "action" => StepKind::Action(name),
            "link" => StepKind::Link(name),
            "call" => StepKind::Call(name),
            "set_slots" => {
                let at = at.get("set_slots").unwrap_or(at);
                // Rasa writes a list of one-entry mappings; one mapping is accepted too.
                let mut all = Vec::new();
                for map in at.items().chain(std::iter::once(at)) {
                    for (k, v) in map.entries() {
                        if let Some(value) = super::setting(self.templates, self.findings, v) {
                            all.push((k.key(), value));
                        }
                    }
                }
                StepKind::SetSlots(all)
            }
            _ => StepKind::Noop,
        };
        (kind, label)
    }

    fn collect(&mut self, at: Reader, slot: String) -> Collect {
        let f = &mut *self.findings;
        let rejections = at
            .get("rejections")
            .iter()
            .flat_map(Reader::items)
            .filter_map(|r| {
                r.only(f, &["if", "utter"]);
                let condition = r.get("if").and_then(|c| super::condition(f, c))?;
                Some((condition, r.string_at("utter", f)))
            })
            .collect();
        Collect {
            utter: at.string_at("utter", f).unwrap_or_else(|| format!("utter_ask_{slot}")),
            slot,
            ask_before_filling: at.bool_at("ask_before_filling", f).unwrap_or(false),
            reset_after_flow_ends: at.bool_at("reset_after_flow_ends", f).unwrap_or(true),
            rejections,
            optional: at.bool_at("optional", f).unwrap_or(false),
            confirm: at.bool_at("confirm", f).unwrap_or(false),
            verbatim: at.bool_at("verbatim", f).unwrap_or(false),
            resume: at.get("resume").and_then(|c| super::condition(f, c)),
            instead: at.strings_at("instead", f),
            yes: at.strings_at("yes", f).into_iter().map(|(s, _)| s).collect(),
            no: at.strings_at("no", f).into_iter().map(|(s, _)| s).collect(),
            ways: Ways::read(at, f),
        }
    }

    fn finish(self, flow: &mut Flow) {
        let Builder { steps, links, findings, .. } = self;
        let mut steps: Vec<Step> = steps.into_iter().flatten().collect();
        for (i, step) in steps.iter().enumerate() {
            if flow.index.insert(step.id.clone(), i).is_some() {
                findings.error(
                    &step.place,
                    codes::DUPLICATE,
                    format!("step `{}` is defined twice in flow `{}`", step.id, flow.id),
                    "give one another id",
                );
            }
        }
        for (step, links) in steps.iter_mut().zip(links) {
            for (condition, to) in links {
                let to = match to {
                    To::End => Goal::End,
                    To::Step(n) => Goal::Step(n),
                    To::Id(id, place) => match flow.index.get(&id) {
                        Some(n) => Goal::Step(*n),
                        None => {
                            findings.unknown(&place, "step", &id, flow.index.keys().map(String::as_str));
                            Goal::End
                        }
                    },
                };
                step.next.push(Branch { condition, to });
            }
        }
        flow.steps = steps;
    }
}

fn copy(to: &To) -> To {
    match to {
        To::Id(id, place) => To::Id(id.clone(), place.clone()),
        To::Step(n) => To::Step(*n),
        To::End => To::End,
    }
}
