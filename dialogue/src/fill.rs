//! Values for slots: from entities, raw text, intents, places, options shown.

use crate::Assistant;
use crate::config::domain::{IntentCommand, Slot, SlotType, Source, Target};
use crate::event::Understanding;
use crate::rules::fold;
use crate::state::Shown;
use serde_json::Value;

/// A value made to fit a slot's type; nothing if it does not fit.
pub(crate) fn coerce(slot: &Slot, value: &Value) -> Option<Value> {
    match &slot.kind {
        _ if value.is_null() => None,
        SlotType::Any => Some(value.clone()),
        SlotType::List => {
            Some(if value.is_array() { value.clone() } else { Value::Array(vec![value.clone()]) })
        }
        SlotType::Text => Some(Value::String(match value {
            Value::String(s) => s.trim().to_owned(),
            other => other.to_string(),
        })),
        SlotType::Float => match value {
            Value::Number(_) => Some(value.clone()),
            Value::String(s) => number(s),
            _ => None,
        },
        SlotType::Bool => match value {
            Value::Bool(_) => Some(value.clone()),
            Value::String(s) if s.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            Value::String(s) if s.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            _ => None,
        },
        SlotType::Categorical(values) => {
            let text = match value {
                Value::String(s) => s.clone(),
                Value::Number(n) => n.to_string(),
                Value::Bool(b) => b.to_string(),
                _ => return None,
            };
            let wanted = fold(&text);
            values
                .iter()
                .find(|(canonical, spellings)| {
                    fold(canonical) == wanted || spellings.iter().any(|s| fold(s) == wanted)
                })
                .map(|(canonical, _)| Value::String(canonical.clone()))
        }
    }
}

/// The number in a text, separators and units aside.
fn number(text: &str) -> Option<Value> {
    let digits: String = text.chars().filter(|c| *c != ',' && *c != ' ').collect();
    let start = digits.find(|c: char| c.is_ascii_digit())?;
    let end =
        digits[start..].find(|c: char| !c.is_ascii_digit() && c != '.').map_or(digits.len(), |e| start + e);
    let n: f64 = digits[start..end].trim_end_matches('.').parse().ok()?;
    if n.fract() == 0.0 && n.abs() < 1e15 {
        Some(Value::from(n as i64))
    } else {
        serde_json::Number::from_f64(n).map(Value::Number)
    }
}

/// The value that a message's entities hold for a slot, with the characters that it covers.
pub(crate) fn from_entities(slot: &Slot, understanding: &Understanding) -> Option<(Value, usize)> {
    let intent = understanding.intents.first().map(|(i, _)| i.as_str());
    for mapping in &slot.mappings {
        let Source::Entity(name, least) = &mapping.source else { continue };
        let barred = intent.is_some_and(|i| {
            mapping.not_intents.iter().any(|n| n == i)
                || (!mapping.intents.is_empty() && !mapping.intents.iter().any(|n| n == i))
        });
        if barred {
            continue;
        }
        // The last of several is what the customer settled on.
        let found = understanding.entities.iter().rev().find(|e| e.entity == *name && e.confidence >= *least);
        if let Some(entity) = found
            && let Some(value) =
                coerce(slot, &entity.value).or_else(|| coerce(slot, &Value::String(entity.text.clone())))
        {
            return Some((value, entity.end.saturating_sub(entity.start)));
        }
    }
    None
}

/// The value that a text holds for the slot just asked for, whatever it was understood as.
pub(crate) fn from_answer(
    a: &Assistant,
    slot: &Slot,
    text: &str,
    understanding: Option<&Understanding>,
) -> Option<Value> {
    let intent = understanding.and_then(|u| u.intents.first());
    if slot.kind == SlotType::Bool {
        if a.words.is("yes", text) {
            return Some(Value::Bool(true));
        }
        if a.words.is("no", text) {
            return Some(Value::Bool(false));
        }
        if let Some((name, p)) = intent
            && *p >= a.threshold(name)
        {
            match a.target(name) {
                Some(Target::Command(IntentCommand::Affirm)) => return Some(Value::Bool(true)),
                Some(Target::Command(IntentCommand::Deny)) => return Some(Value::Bool(false)),
                _ => {}
            }
        }
    }
    if let Some(value) = understanding.and_then(|u| from_entities(slot, u)).map(|(v, _)| v) {
        return Some(value);
    }
    if let SlotType::Categorical(_) = slot.kind
        && let Some(value) = coerce(slot, &Value::String(text.to_owned()))
    {
        return Some(value);
    }
    for mapping in &slot.mappings {
        let name = intent.map(|(i, _)| i.as_str()).unwrap_or_default();
        if mapping.not_intents.iter().any(|n| n == name)
            || (!mapping.intents.is_empty() && !mapping.intents.iter().any(|n| n == name))
        {
            continue;
        }
        match &mapping.source {
            Source::Text(None) => {
                if let Some(value) = coerce(slot, &Value::String(text.to_owned())) {
                    return Some(value);
                }
            }
            Source::Text(Some(pattern)) => {
                let ascii = ascii_digits(text);
                let part = pattern
                    .captures(ascii.trim())
                    .and_then(|c| c.get(1).or_else(|| c.get(0)).map(|m| m.as_str().to_owned()));
                if let Some(value) = part.and_then(|p| coerce(slot, &Value::String(p))) {
                    return Some(value);
                }
            }
            Source::Intent(wanted, value)
                if intent.is_some_and(|(i, p)| i == wanted && *p >= a.threshold(i)) =>
            {
                return coerce(slot, value);
            }
            _ => {}
        }
    }
    None
}

/// Digits of any script as ASCII: patterns are written with `[0-9]`.
pub(crate) fn ascii_digits(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0966}'..='\u{096F}' => char::from(b'0' + (c as u32 - 0x0966) as u8),
            '\u{0660}'..='\u{0669}' => char::from(b'0' + (c as u32 - 0x0660) as u8),
            '\u{FF10}'..='\u{FF19}' => char::from(b'0' + (c as u32 - 0xFF10) as u8),
            other => other,
        })
        .collect()
}

/// The option shown last that a text names: by its title, or by its number in the list.
pub(crate) fn named_option<'s>(options: &'s [Shown], text: &str, by_number: bool) -> Option<&'s Shown> {
    let wanted = fold(text);
    if wanted.is_empty() {
        return None;
    }
    options.iter().find(|o| fold(&o.title) == wanted).or_else(|| {
        let n: usize = ascii_digits(&wanted).parse().ok()?;
        let place = n.checked_sub(1)?;
        by_number.then(|| options.get(place)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn slot(kind: SlotType) -> Slot {
        Slot::controlled(kind, Default::default())
    }

    #[test]
    fn values_fit_their_types() {
        assert_eq!(coerce(&slot(SlotType::Float), &json!("₹15,000")), Some(json!(15000)));
        assert_eq!(coerce(&slot(SlotType::Float), &json!("2.5 kg")), Some(json!(2.5)));
        assert_eq!(coerce(&slot(SlotType::Float), &json!("none")), None);
        assert_eq!(coerce(&slot(SlotType::Text), &json!(110001)), Some(json!("110001")));
        let colours = slot(SlotType::Categorical(vec![("black".into(), vec!["kala".into()])]));
        assert_eq!(coerce(&colours, &json!("Kala")), Some(json!("black")));
        assert_eq!(coerce(&colours, &json!("mauve")), None);
    }

    #[test]
    fn options_are_named_by_title_or_number() {
        let options = [
            Shown { id: "/a".into(), title: "Phones".into() },
            Shown { id: "/b".into(), title: "Audio".into() },
        ];
        assert_eq!(named_option(&options, " phones ", false).unwrap().id, "/a");
        assert_eq!(named_option(&options, "२", true).unwrap().id, "/b");
        assert!(named_option(&options, "2", false).is_none());
        assert!(named_option(&options, "3", true).is_none());
        assert!(named_option(&options, "0", true).is_none());
    }
}
