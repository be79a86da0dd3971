//! Intents, slots, actions, settings: every name means something.

use crate::Assistant;
use crate::config::actions::{BUILT_IN, HOOKS};
use crate::config::domain::{Source, Target};
use crate::config::settings::OnContent;
use crate::finding::{Findings, Place, codes};
use crate::template::{Setting, Text};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Names under `context.` that templates and conditions may use.
const CONTEXT: [&str; 38] = [
    "language",
    "language_locked",
    "country",
    "currency",
    "timezone",
    "business",
    "phone",
    "user_id",
    "contact",
    "phone_known",
    "name",
    "number",
    "conversation",
    "today",
    "yesterday",
    "now",
    "consented",
    "consent",
    "consent_version",
    "held",
    "marketing",
    "flow",
    "flow_name",
    "interrupted_flow",
    "interrupted_flow_name",
    "text",
    "part",
    "intent",
    "confidence",
    "owner",
    "reason",
    "topics",
    "content",
    "first_contact",
    "source",
    "ticket",
    "matter",
    "failures",
];

pub(super) fn check(a: &Assistant, f: &mut Findings) {
    intents(a, f);
    slots(a, f);
    conditions(a, f);
    actions(a, f);
    settings(a, f);
}

fn intents(a: &Assistant, f: &mut Findings) {
    for (name, intent) in &a.domain.intents {
        match a.target(name) {
            None if intent.always_human => {}
            None => f.error(&intent.place, codes::INTENT, format!("intent `{name}` leads nowhere"), "give it `charla: {answer: …}`, `{flow: …}` or `{handoff: true}`, or name it in a flow's nlu_trigger"),
            Some(Target::Answer(key)) => response(a, f, &intent.place, &key),
            Some(Target::Flow(flow)) => super::names::flow(a, f, &intent.place, &flow),
            Some(Target::Handoff | Target::Command(_)) => {}
        }
        if let Some(triggers) = a.triggers.get(name)
            && triggers.len() > 1
        {
            let flows: Vec<&str> = triggers.iter().map(|(flow, _)| flow.as_str()).collect();
            f.warn(
                &intent.place,
                codes::INTENT,
                format!("intent `{name}` triggers several flows: {}", flows.join(", ")),
                "the first one wins; keep one",
            );
        }
    }
}

fn slots(a: &Assistant, f: &mut Findings) {
    for slot in a.domain.slots.values() {
        if let Some((name, place)) = &slot.starts {
            flow(a, f, place, name);
        }
        for mapping in &slot.mappings {
            match &mapping.source {
                // Ruled-out values and words come from entities and slots that are known.
                Source::Entity(entity, _) if entity.starts_with("words ") || entity.starts_with("shown ") => {
                }
                Source::Entity(entity, _)
                    if !a.domain.entities.contains_key(entity.trim_start_matches("not ")) =>
                {
                    f.unknown(&slot.place, "entity", entity, a.domain.entities.keys().map(String::as_str))
                }
                Source::Intent(intent, _) => super::names::intent(a, f, &slot.place, intent),
                _ => {}
            }
            for name in mapping.intents.iter().chain(&mapping.not_intents) {
                super::names::intent(a, f, &slot.place, name);
            }
        }
    }
}

fn conditions(a: &Assistant, f: &mut Findings) {
    let of_responses = a.responses.values().flat_map(|l| l.values()).flat_map(|r| r.conditions());
    let own = a.domain.conditions.iter().filter_map(|(_, condition, _)| condition);
    let users = a.flows.values().flat_map(|flow| flow.conditions()).chain(of_responses).chain(own);
    let used: BTreeSet<&str> = users.flat_map(|user| user.named()).map(|(name, _)| name).collect();
    for (name, condition, place) in a.domain.conditions.iter() {
        if let Some(condition) = condition {
            super::names::condition(a, f, place, condition);
        }
        if !used.contains(name) {
            f.warn(
                place,
                codes::UNUSED,
                format!("condition `{name}` is never used"),
                format!("use it as `conditions.{name}` or remove it"),
            );
        }
    }
}

fn actions(a: &Assistant, f: &mut Findings) {
    let known = |name: &str| {
        a.actions.contains_key(name)
            || BUILT_IN.contains(&name)
            || HOOKS.contains(&name)
            || name.starts_with("utter_")
    };
    for (name, place) in &a.domain.actions {
        if !known(name) {
            f.unknown(place, "action", name, a.actions.keys().map(String::as_str).chain(BUILT_IN));
        }
    }
    for action in a.actions.values() {
        for (slot, setting) in &action.set_slots {
            super::names::slot(a, f, &action.place, slot);
            self::setting(a, f, &action.place, setting);
        }
        for (slot, _) in action.failed.iter().flatten() {
            super::names::slot(a, f, &action.place, slot);
        }
        for setting in action.query.iter().map(|(_, s)| s).chain([&action.path]).chain(&action.body) {
            self::setting(a, f, &action.place, setting);
        }
        let used = a.flows.values().any(|flow| {
            flow.steps
                .iter()
                .any(|s| matches!(&s.kind, crate::config::flows::StepKind::Action(n) if *n == action.name))
        });
        if !used && !HOOKS.contains(&action.name.as_str()) {
            f.warn(
                &action.place,
                codes::UNUSED,
                format!("action `{}` is never used", action.name),
                "use it in a flow or remove it",
            );
        }
    }
}

fn settings(a: &Assistant, f: &mut Findings) {
    let nowhere = Place { file: "settings.yml".into(), line: 0, column: 0 };
    for (kind, on) in &a.settings.content {
        let place = a.settings.places.get(kind).unwrap_or(&nowhere);
        match on {
            OnContent::Answer(key) => response(a, f, place, key),
            OnContent::Flow(name, takes) => {
                flow(a, f, place, name);
                if let Some(name) = takes {
                    slot(a, f, place, name);
                }
            }
            OnContent::Handoff => {}
        }
    }
}

pub(super) fn response(a: &Assistant, f: &mut Findings, place: &Place, key: &str) {
    if !a.responses.contains_key(key) {
        f.unknown(place, "response", key, a.responses.keys().map(String::as_str));
    }
}

pub(super) fn flow(a: &Assistant, f: &mut Findings, place: &Place, name: &str) {
    if !a.flows.contains_key(name) {
        f.unknown(place, "flow", name, a.flows.keys().map(String::as_str));
    }
}

pub(super) fn slot(a: &Assistant, f: &mut Findings, place: &Place, name: &str) {
    if !a.domain.slots.contains_key(name) {
        f.unknown(place, "slot", name, a.domain.slots.keys().map(String::as_str));
    }
}

pub(super) fn intent(a: &Assistant, f: &mut Findings, place: &Place, name: &str) {
    if !a.domain.intents.contains_key(name) {
        f.unknown(place, "intent", name, a.domain.intents.keys().map(String::as_str));
    }
}

/// Names inside a template or expression, and filters that do not exist.
pub(super) fn source(a: &Assistant, f: &mut Findings, place: &Place, source: &str) {
    static PATH: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b(slots|context)\.([A-Za-z_][A-Za-z0-9_]*)").ok());
    static PARTS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#""[^"]*"|'[^']*'"#).ok());
    let (Some(path), Some(quoted)) = (&*PATH, &*PARTS) else { return };
    // What stands in quotes is a value, not a name.
    let bare = quoted.replace_all(source, "''");
    for found in path.captures_iter(&bare) {
        let name = &found[2];
        match &found[1] {
            "slots" => slot(a, f, place, name),
            _ if !CONTEXT.contains(&name) => f.unknown(place, "name under `context`", name, CONTEXT),
            _ => {}
        }
    }
}

pub(super) fn text(a: &Assistant, f: &mut Findings, place: &Place, text: &Text) {
    if text.is_static() {
        return;
    }
    source(a, f, place, text.source());
    if let Err(what) = a.templates.render(text, &serde_json::json!({"slots": {}, "context": {}}).into())
        && what.contains("unknown")
    {
        f.error(
            place,
            codes::TEMPLATE,
            format!("the template cannot work: {what}"),
            "filters: money, number, date, truncate, lang, quote and minijinja's own",
        );
    }
}

pub(super) fn setting(a: &Assistant, f: &mut Findings, place: &Place, setting: &Setting) {
    match setting {
        Setting::Constant(_) => {}
        Setting::Expression(source) | Setting::Path(source) => {
            super::names::source(a, f, place, source);
            if let Err(what) =
                a.templates.eval(setting, &serde_json::json!({"slots": {}, "context": {}}).into())
                && what.contains("unknown")
            {
                f.error(
                    place,
                    codes::TEMPLATE,
                    format!("the expression cannot work: {what}"),
                    "filters: money, number, date, truncate, lang, quote and minijinja's own",
                );
            }
        }
        Setting::Text(t) => text(a, f, place, t),
        Setting::Object(all) => all.iter().for_each(|(_, s)| super::names::setting(a, f, place, s)),
        Setting::List(all) => all.iter().for_each(|s| super::names::setting(a, f, place, s)),
    }
}

pub(super) fn condition(
    a: &Assistant,
    f: &mut Findings,
    place: &Place,
    condition: &crate::condition::Condition,
) {
    for name in condition.slots() {
        slot(a, f, place, name);
    }
    for name in condition.context() {
        if !CONTEXT.contains(&name) {
            f.unknown(place, "name under `context`", name, CONTEXT);
        }
    }
    for (name, place) in condition.named() {
        if !a.domain.conditions.has(name) {
            f.unknown(&place, "condition", name, a.domain.conditions.names());
        }
    }
}
