//! An assistant without understanding has no use for intents and entities, and needs to know what a text starts.

use super::names;
use crate::Assistant;
use crate::config::domain::{Slot, SlotType, Source};
use crate::config::settings::Understanding;
use crate::finding::{Findings, codes};

const NOBODY: &str = "nothing understands texts here (`understanding: none` in settings.yml)";

pub(super) fn check(a: &Assistant, f: &mut Findings) {
    let place = |key: &str| a.settings.places.get(key).cloned().unwrap_or_default();
    if let Some(flow) = &a.settings.default_flow {
        names::flow(a, f, &place("default_flow"), flow);
        if a.settings.understanding != Understanding::None {
            f.error(
                &place("default_flow"),
                codes::SHAPE,
                "`default_flow` has no effect where texts are understood",
                "remove it, or write `understanding: none`",
            );
        }
    }
    if a.settings.understanding != Understanding::None {
        return;
    }
    if a.settings.default_flow.is_none() {
        f.warn(
            &place("understanding"),
            codes::SHAPE,
            "a text that answers no question starts nothing and counts as a failed attempt",
            "name the flow that it starts: `default_flow: menu`",
        );
    }
    for (name, intent) in &a.domain.intents {
        f.error(
            &intent.place,
            codes::INTENT,
            format!("intent `{name}` is never recognised: {NOBODY}"),
            "remove it, and start its flow with a button, a list row or the `default_flow`",
        );
    }
    for (name, place) in &a.domain.entities {
        f.error(
            place,
            codes::INTENT,
            format!("entity `{name}` is never found: {NOBODY}"),
            "remove it, and ask for the value",
        );
    }
    for flow in a.flows.values().filter(|flow| !flow.built_in) {
        if !flow.triggers.is_empty() || !flow.on_values.is_empty() {
            f.error(
                &flow.place,
                codes::INTENT,
                format!("flow `{}` is started by what a text means: {NOBODY}", flow.id),
                "remove `nlu_trigger` and `on_values`, and start it with a button, a list row or the `default_flow`",
            );
        }
    }
    for (name, slot) in a.domain.slots.iter().filter(|(_, slot)| unfilled(slot)) {
        f.error(
            &slot.place,
            codes::INTENT,
            format!("slot `{name}` is filled by what a text means alone: {NOBODY}"),
            "give it a mapping `{type: from_text}`, or offer its values as options",
        );
    }
}

/// Whether only intents and entities fill a slot. Yes, no and the spellings of categories need no mapping.
fn unfilled(slot: &Slot) -> bool {
    let meant = |source: &Source| matches!(source, Source::Entity(..) | Source::Intent(..));
    !matches!(slot.kind, SlotType::Bool | SlotType::Categorical(_))
        && !slot.mappings.is_empty()
        && slot.mappings.iter().all(|mapping| meant(&mapping.source))
}
