//! Flows: names, steps that nothing reaches, confirmations before what cannot be undone.

use super::names;
use crate::Assistant;
use crate::config::actions::{BUILT_IN, HOOKS};
use crate::config::domain::{SlotType, Target};
use crate::config::flows::{Flow, Goal, StepKind};
use crate::finding::{Findings, codes};
use crate::limits::BUTTON_TITLE;

/// Patterns that the dialogue runs by name.
const PATTERNS: [&str; 23] = [
    "pattern_session_start",
    "pattern_consent_reminder",
    "pattern_consent_given",
    "pattern_consent_denied",
    "pattern_stop",
    "pattern_cancel_flow",
    "pattern_correction",
    "pattern_continue_interrupted",
    "pattern_left_waiting",
    "pattern_left_done",
    "pattern_left_refused",
    "pattern_left_unknown",
    "pattern_clarification",
    "pattern_cannot_handle",
    "pattern_human_handoff",
    "pattern_handed_back",
    "pattern_completed",
    "pattern_satisfaction",
    "pattern_change_language",
    "pattern_unsupported_language",
    "pattern_silence",
    "pattern_abandoned",
    "pattern_internal_error",
];

pub(super) fn check(a: &Assistant, f: &mut Findings) {
    for flow in a.flows.values() {
        flow_itself(a, f, flow);
        reachable(f, flow);
        for step in &flow.steps {
            for branch in &step.next {
                if let Some(condition) = &branch.condition {
                    names::condition(a, f, &step.place, condition);
                }
            }
            match &step.kind {
                StepKind::Collect(c) => {
                    names::slot(a, f, &step.place, &c.slot);
                    names::response(a, f, &step.place, &c.utter);
                    for (condition, utter) in &c.rejections {
                        names::condition(a, f, &step.place, condition);
                        let key = utter.clone().unwrap_or_else(|| format!("utter_invalid_{}", c.slot));
                        names::response(a, f, &step.place, &key);
                    }
                    for (slot, place) in &c.instead {
                        names::slot(a, f, place, slot);
                    }
                    for slot in c.ways.slots() {
                        names::slot(a, f, &step.place, slot);
                    }
                    for to in c.ways.steps().filter(|to| !flow.index.contains_key(*to)) {
                        f.unknown(&step.place, "step", to, flow.index.keys().map(String::as_str));
                    }
                    if c.confirm && a.domain.slots.get(&c.slot).is_some_and(|s| s.kind != SlotType::Bool) {
                        f.error(
                            &step.place,
                            codes::CONFIRM,
                            format!("`confirm` needs a bool slot, `{}` is none", c.slot),
                            "make the slot `type: bool`",
                        );
                    }
                    if flow.is_pattern()
                        && !["pattern_satisfaction", "pattern_completed"].contains(&flow.id.as_str())
                        && PATTERNS.contains(&flow.id.as_str())
                    {
                        f.warn(
                            &step.place,
                            codes::SHAPE,
                            format!("`{}` asks a question", flow.id),
                            "questions belong into flows, or into pattern_satisfaction",
                        );
                    }
                }
                StepKind::Action(name) if name.starts_with("utter_") => {
                    names::response(a, f, &step.place, name)
                }
                StepKind::Action(name) => {
                    if let Some(action) = a.actions.get(name) {
                        let confirmed = flow.collects().any(|c| c.confirm);
                        if action.irreversible && !confirmed {
                            f.error(
                                &step.place,
                                codes::CONFIRM,
                                format!("`{name}` cannot be undone, and nothing confirms it"),
                                "put a collect step with `confirm: true` directly before it",
                            );
                        }
                    } else if !BUILT_IN.contains(&name.as_str()) && !HOOKS.contains(&name.as_str()) {
                        f.unknown(
                            &step.place,
                            "action",
                            name,
                            a.actions.keys().map(String::as_str).chain(BUILT_IN),
                        );
                    }
                }
                StepKind::SetSlots(slots) => {
                    for (slot, setting) in slots {
                        names::slot(a, f, &step.place, slot);
                        names::setting(a, f, &step.place, setting);
                    }
                }
                StepKind::Link(flow) | StepKind::Call(flow) => names::flow(a, f, &step.place, flow),
                StepKind::Noop => {}
            }
        }
    }
}

fn flow_itself(a: &Assistant, f: &mut Findings, flow: &Flow) {
    for (intent, _, place) in &flow.triggers {
        names::intent(a, f, place, intent);
    }
    for (slot, place) in flow.optional_slots.iter().chain(&flow.persisted_slots) {
        names::slot(a, f, place, slot);
    }
    let means = flow.means.iter().flat_map(|(wished, other)| [wished, other]);
    for other in flow.absorbs.iter().chain(&flow.follow_up).chain(means) {
        names::flow(a, f, &flow.place, other);
    }
    if let Some(guard) = &flow.guard {
        names::condition(a, f, &flow.place, guard);
    }
    if flow.is_pattern() {
        if !flow.built_in && !PATTERNS.contains(&flow.id.as_str()) && !used(a, &flow.id) {
            let near = crate::finding::nearest(&flow.id, PATTERNS)
                .map_or_else(|| "see docs/formats.md".to_owned(), |n| format!("did you mean `{n}`?"));
            f.warn(&flow.place, codes::UNUSED, format!("no pattern is called `{}`", flow.id), near);
        }
        return;
    }
    if flow.description.is_empty() {
        f.warn(
            &flow.place,
            codes::SHAPE,
            format!("flow `{}` has no description", flow.id),
            "say in one sentence what it is for",
        );
    }
    for rule in &flow.on_values {
        rule.after.iter().for_each(|(name, place)| names::flow(a, f, place, name));
        rule.slots.iter().for_each(|(name, place)| names::slot(a, f, place, name));
        rule.intents.iter().for_each(|(name, place)| names::intent(a, f, place, name));
        for (name, place) in rule.beside.iter().filter(|(name, _)| !a.domain.entities.contains_key(name)) {
            f.unknown(place, "entity", name, a.domain.entities.keys().map(String::as_str));
        }
    }
    let started = !flow.triggers.is_empty()
        || a.domain.intents.values().any(|i| i.target == Some(Target::Flow(flow.id.clone())));
    if started && flow.name.0.is_empty() {
        f.warn(
            &flow.place,
            codes::SHAPE,
            format!("flow `{}` has no name and cannot be offered as a topic", flow.id),
            "give it `name: {en: …, es: …, hi: …, hi-Latn: …}`",
        );
    }
    for (language, name) in &flow.name.0 {
        if started && name.chars().count() > BUTTON_TITLE {
            let where_ = if language.is_empty() { String::new() } else { format!(" in {language}") };
            f.warn(
                &flow.place,
                codes::LIMIT,
                format!("the name of flow `{}`{where_} has more than {BUTTON_TITLE} characters", flow.id),
                "shorten it, or it is cut when offered as a topic",
            );
        }
    }
    if started && !flow.name.0.is_empty() && !flow.name.0.contains_key("") {
        for language in a.settings.languages.iter().filter(|l| !flow.name.0.contains_key(*l)) {
            f.warn(
                &flow.place,
                codes::TRANSLATION,
                format!("the name of flow `{}` is missing in {language}", flow.id),
                "translate it",
            );
        }
    }
    if !started && flow.on_values.is_empty() && !used(a, &flow.id) {
        f.warn(
            &flow.place,
            codes::UNUSED,
            format!("nothing starts flow `{}`", flow.id),
            "give it an nlu_trigger, link to it, or remove it",
        );
    }
}

/// Whether another flow, a payload or a setting names a flow.
fn used(a: &Assistant, id: &str) -> bool {
    let by_flow = a
        .flows
        .values()
        .flat_map(|f| &f.steps)
        .any(|s| matches!(&s.kind, StepKind::Link(t) | StepKind::Call(t) if t == id));
    let by_change = a.flows.values().any(|f| f.follow_up.as_deref() == Some(id));
    let by_content = a
        .settings
        .content
        .values()
        .any(|c| matches!(c, crate::config::settings::OnContent::Flow(f, _) if f == id));
    let by_payload = || {
        a.responses
            .values()
            .flat_map(|l| l.values())
            .flat_map(|r| &r.variations)
            .flat_map(|v| v.options())
            .any(|o| o.id.source().contains(&format!("({id})")) || o.id.source().contains(&format!("({id},")))
    };
    let by_default = a.settings.default_flow.as_deref() == Some(id);
    by_flow || by_change || by_content || by_default || by_payload()
}

fn reachable(f: &mut Findings, flow: &Flow) {
    let mut seen = vec![false; flow.steps.len()];
    let mut open: Vec<usize> = if flow.steps.is_empty() { vec![] } else { vec![0] };
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) || matches!(flow.steps[at].kind, StepKind::Link(_)) {
            continue;
        }
        if let StepKind::Collect(c) = &flow.steps[at].kind {
            open.extend(c.ways.steps().filter_map(|to| flow.index.get(to)));
        }
        for branch in &flow.steps[at].next {
            if let Goal::Step(n) = branch.to {
                open.push(n);
            }
            if branch.condition.is_none() {
                // What comes after "always" is never tried.
                break;
            }
        }
    }
    for (step, seen) in flow.steps.iter().zip(seen) {
        if !seen {
            f.error(
                &step.place,
                codes::UNREACHABLE,
                format!("nothing leads to step `{}` of flow `{}`", step.id, flow.id),
                "name it in a `next`, or remove it",
            );
        }
    }
}
