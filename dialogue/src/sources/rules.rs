//! Words that mean one thing in every context, and texts that name an option just shown.

use crate::commands::Command;
use crate::config::domain::SlotType;
use crate::config::domain::Source;
use crate::fill;
use crate::payload::Payload;
use crate::state::Slots;
use crate::turn::Turn;
use serde_json::Value;

/// What a whole message says by rule; nothing if it must be understood.
pub(crate) fn commands(turn: &Turn, text: &str) -> Option<Vec<Command>> {
    let words = &turn.a.words;
    let state = &turn.state;
    if words.is("stop", text) {
        return Some(vec![Command::Stop]);
    }
    if words.is("restart", text) {
        return Some(vec![Command::Restart]);
    }
    if words.is("person", text) {
        return Some(vec![Command::HumanHandoff { reason: "requested" }]);
    }
    let asked = state.asked.as_ref();
    let slot = asked.and_then(|a| turn.a.domain.slots.get(&a.slot));
    if let (Some(asked), Some(slot)) = (asked, slot)
        && slot.kind == SlotType::Bool
    {
        for (kind, value) in [("yes", true), ("no", false)] {
            if words.is(kind, text) {
                return Some(vec![Command::SetSlot {
                    slots: Slots::from([(asked.slot.clone(), Value::Bool(value))]),
                }]);
            }
        }
    }
    // "2" names the second row only where a number could not itself be the answer.
    let free = slot.is_some_and(|s| {
        s.kind == SlotType::Float || s.mappings.iter().any(|m| matches!(m.source, Source::Text(_)))
    });
    let categorical = slot.and_then(|s| {
        fill::coerce(s, &Value::String(text.to_owned()))
            .filter(|_| matches!(s.kind, SlotType::Categorical(_)))
    });
    if let (Some(asked), Some(value)) = (asked, categorical) {
        return Some(vec![Command::SetSlot { slots: Slots::from([(asked.slot.clone(), value)]) }]);
    }
    if let Some(option) = fill::named_option(&state.options, text, asked.is_some() && !free)
        && let Ok(payload) = Payload::parse(&option.id)
    {
        return Some(super::taps::commands(turn, payload));
    }
    let busy = state.stack.iter().any(|f| !f.flow.starts_with("pattern_"));
    if busy && words.is("cancel", text) {
        return Some(vec![Command::CancelFlow]);
    }
    if asked.is_some() && words.is("skip", text) {
        return Some(vec![Command::SkipQuestion]);
    }
    if words.is("repeat", text) {
        return Some(vec![Command::Repeat]);
    }
    None
}
