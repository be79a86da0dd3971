//! Words that mean one thing in every context, and texts that name an option just shown.

use super::question::Question;
use super::yes_no::{self, Said};
use crate::choice;
use crate::commands::Command;
use crate::config::domain::SlotType;
use crate::config::domain::Source;
use crate::fill;
use crate::fold::ascii_digits;
use crate::payload::Payload;
use crate::state::Slots;
use crate::turn::Turn;
use crate::wording;
use serde_json::Value;

/// The option at the place that a text names, of those shown last; after a reminder, of those of the question.
fn placed(turn: &Turn, text: &str) -> Option<String> {
    let shown = &turn.state.options;
    let offered: Vec<(String, String)> = match Question::of(turn) {
        Some(question) if shown.is_empty() => choice::of_question(turn, question.frame, question.collect)
            .into_iter()
            .map(|o| (o.id, o.title))
            .collect(),
        _ => shown.iter().map(|o| (o.id.clone(), o.title.clone())).collect(),
    };
    let taken =
        |word: &str| offered.iter().any(|(_, title)| crate::fold::words(title).iter().any(|w| w == word));
    let place = choice::place(text, offered.len(), taken)?;
    offered.get(place).map(|(id, _)| id.clone())
}

/// "2 stars, you never sent the invoice" at the question for stars: they count, and what else is said is looked at after it.
fn rating(turn: &Turn, text: &str) -> Option<Vec<Command>> {
    let asked = turn.state.asked.as_ref().filter(|a| a.slot == "satisfaction")?;
    let slot = turn.a.domain.slots.get(&asked.slot)?;
    let (stars, rest) = wording::stars(text)?;
    let value = fill::coerce(slot, &Value::String(stars.to_string()))?;
    let set = Command::SetSlot { slots: Slots::from([(asked.slot.clone(), value)]) };
    Some(match crate::fold::words(&rest).len() {
        0 | 1 => vec![set],
        2 => vec![Command::Later { text: rest }, set],
        _ => vec![Command::Afterwards { text: rest }, set],
    })
}

/// What a whole message says by rule; nothing if it must be understood.
pub(crate) fn commands(turn: &Turn, text: &str) -> Option<Vec<Command>> {
    let words = &turn.a.words;
    let state = &turn.state;
    let busy = state.stack.iter().any(|f| !f.flow.starts_with("pattern_"));
    if words.is("stop", text) || (words.is("halt", text) && !busy) {
        return Some(vec![Command::Stop]);
    }
    if words.is("restart", text) {
        return Some(vec![Command::Restart]);
    }
    // "Yes, it is ORD-88231, just get me a human" to a question that the number would answer; behind a yes to what waits for one it is
    // looked at by itself.
    let answers = || Question::of(turn).is_some_and(|q| !q.collect.confirm && !q.collect.verbatim);
    if words.is("person", text) || (busy && answers() && wording::wants_person(text)) {
        return Some(vec![Command::HumanHandoff { reason: "requested" }]);
    }
    if let Some(commands) = rating(turn, text) {
        return Some(commands);
    }
    let asked = state.asked.as_ref();
    let slot = asked.and_then(|a| turn.a.domain.slots.get(&a.slot));
    if let (Some(asked), Some(slot)) = (asked, slot)
        && slot.kind == SlotType::Bool
    {
        if let Some(commands) = super::answers::implied(turn, text) {
            return Some(commands);
        }
        if super::answers::undecided(turn, text) {
            return None;
        }
        let value = match yes_no::to_question(turn, text) {
            Some(Said::Yes) => Some(true),
            Some(Said::No) => Some(false),
            Some(Said::Unclear) => return Some(vec![Command::AskAgain { left: vec![] }]),
            None => {
                [("yes", true), ("no", false)].iter().find(|(kind, _)| words.is(kind, text)).map(|(_, v)| *v)
            }
        };
        // "Yes, do that. And in English please": what stands behind a clear yes is looked at once the yes is done.
        if value.is_none() && wording::hesitates(text) {
            return Some(vec![Command::AskAgain { left: vec![] }]);
        }
        let value = value.or(wording::agrees(words, text).then_some(true));
        let looked_at = value.is_none() && crate::receive::behind_yes::has_rest(turn, text);
        let weak = || {
            Question::of(turn)
                .is_some_and(|q| q.collect.confirm && wording::only_weak(words, &q.collect.yes, text))
        };
        let more = wording::after_yes(words, text).filter(|_| value.is_none() && !looked_at && !weak());
        let value = value.or(more.as_ref().map(|_| true));
        if let (Some(value), Some(rest)) = (value, more) {
            let slots = Slots::from([(asked.slot.clone(), Value::Bool(value))]);
            return Some(vec![Command::Later { text: rest }, Command::SetSlot { slots }]);
        }
        if let Some(value) = value {
            return Some(vec![Command::SetSlot {
                slots: Slots::from([(asked.slot.clone(), Value::Bool(value))]),
            }]);
        }
    } else {
        for (kind, yes) in [("yes", true), ("no", false)] {
            if words.is(kind, text)
                && let Some(commands) = yes_no::to_offer(turn, yes)
            {
                return Some(commands);
            }
        }
        // "Sí, por favor. Prefiero que me devuelvan el dinero": the offer is taken up, and the rest is looked at with it.
        if let Some(rest) = wording::after_yes_sentence(words, text)
            && let Some(commands) = yes_no::to_offer(turn, true)
        {
            return Some([Command::Later { text: rest }].into_iter().chain(commands).collect());
        }
    }
    // "2" names the second row only where a number could not itself be the answer.
    let free = slot.is_some_and(|s| {
        s.kind == SlotType::Float
            || s.mappings.iter().any(|m| match &m.source {
                Source::Text(None) => true,
                Source::Text(Some(pattern)) => pattern.is_match(&ascii_digits(text)),
                _ => false,
            })
    });
    let categorical = slot.and_then(|s| {
        fill::coerce(s, &Value::String(text.to_owned()))
            .filter(|_| matches!(s.kind, SlotType::Categorical(_)))
    });
    if let (Some(asked), Some(value)) = (asked, categorical) {
        return Some(vec![Command::SetSlot { slots: Slots::from([(asked.slot.clone(), value)]) }]);
    }
    if let Some(option) = fill::named_option(&state.options, text, !free)
        && let Ok(payload) = Payload::parse(&option.id)
    {
        return Some(super::taps::commands(turn, payload));
    }
    // Looked at in this order because the question's options have to be rendered to be known.
    if slot.is_none_or(choice::chosen)
        && let Some(id) = placed(turn, text)
        && let Ok(payload) = Payload::parse(&id)
    {
        return Some(super::taps::commands(turn, payload));
    }
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
