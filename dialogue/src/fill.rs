//! Values for slots: from entities, raw text, intents, places, options shown.

use crate::Assistant;
use crate::choice;
use crate::config::domain::{IntentCommand, Slot, SlotType, Source, Target};
use crate::event::Understanding;
use crate::fold::{ascii_digits, fold};
use crate::negation::{self, Verdict};
use crate::state::Shown;
use regex::{Match, Regex};
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
            other => interval(other).unwrap_or_else(|| other.to_string()),
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
                Value::Object(_) => String::new(),
                _ => return None,
            };
            let one_of = |text: &str| {
                let wanted = fold(text);
                values
                    .iter()
                    .find(|(canonical, spellings)| {
                        fold(canonical) == wanted || spellings.iter().any(|s| fold(s) == wanted)
                    })
                    .map(|(canonical, _)| Value::String(canonical.clone()))
            };
            one_of(&text).or_else(|| parts_of_day(value).iter().find_map(|part| one_of(part)))
        }
    }
}

/// A range as one text, an ISO 8601 interval: `2026-11-28/2026-11-29`. Without an end it is its beginning – of a time of day
/// `16:00/..` –, without a beginning `../12:00`.
fn interval(value: &Value) -> Option<String> {
    let end = |key: &str| value.get(key).and_then(Value::as_str);
    match (end("from"), end("to")) {
        (Some(from), Some(to)) => Some(format!("{from}/{to}")),
        // "From Monday on" begins on Monday; "after four" is any time after it.
        (Some(from), None) if from.len() == 5 && from.contains(':') => Some(format!("{from}/..")),
        (Some(from), None) => Some(from.to_owned()),
        (None, Some(to)) => Some(format!("../{to}")),
        (None, None) => None,
    }
}

/// The parts of the day that a time's value (`17:00`, `{from, to, part}`) may be called, the best name first.
fn parts_of_day(value: &Value) -> &'static [&'static str] {
    let named = value.get("part").and_then(Value::as_str);
    let hour = || {
        let time = value.as_str().or_else(|| value.get("from").and_then(Value::as_str))?;
        choice::minutes(time).map(|minutes| minutes / 60)
    };
    match (named, hour()) {
        (Some("morning"), _) | (None, Some(5..12)) => &["morning"],
        (Some("afternoon"), _) | (None, Some(12..17)) => &["afternoon"],
        (Some("evening"), _) | (None, Some(17..21)) => &["evening", "night"],
        (Some("night"), _) | (None, Some(_)) => &["night", "evening"],
        _ => &[],
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
        let mut named = understanding.entities.iter().filter(|e| e.entity == *name && e.confidence >= *least);
        let found = match mapping.nth {
            // The last of several is what the customer settled on.
            None => named.next_back(),
            Some(nth) => {
                let mut different: Vec<&crate::event::Entity> = Vec::new();
                for entity in named {
                    if different.iter().all(|d| d.value != entity.value) {
                        different.push(entity);
                    }
                }
                different.get(nth - 1).copied()
            }
        };
        if mapping.currency {
            match found.and_then(|e| e.currency.clone()) {
                Some(code) => return Some((Value::String(code), 0)),
                None => continue,
            }
        }
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
        if mapping.max_words.is_some_and(|most| text.split_whitespace().count() > most) {
            continue;
        }
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
                if let Some(value) = matched(pattern, text).and_then(|p| coerce(slot, &Value::String(p))) {
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

/// The part of a text that a pattern picks: the first that the text does not deny ("not 8842, 8843"); nothing where that
/// cannot be seen.
pub(crate) fn matched(pattern: &Regex, text: &str) -> Option<String> {
    let ascii = ascii_digits(text);
    let ascii = ascii.trim();
    let parts: Vec<Match> =
        pattern.captures_iter(ascii).filter_map(|c| c.get(1).or_else(|| c.get(0))).collect();
    let at = |byte: usize| ascii[..byte].chars().count();
    let spans: Vec<(usize, usize)> = parts.iter().map(|m| (at(m.start()), at(m.end()))).collect();
    let verdicts = negation::judge(ascii, &spans);
    let same = parts.iter().all(|p| p.as_str() == parts[0].as_str());
    if !same && verdicts.contains(&Verdict::Unclear) {
        return None;
    }
    let kept = parts.iter().zip(&verdicts).find(|(_, v)| **v != Verdict::Negated).map(|(p, _)| p);
    kept.or(parts.first()).map(|m| m.as_str().to_owned())
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
        assert_eq!(coerce(&colours, &json!({"from": "17:00"})), None);
    }

    #[test]
    fn ranges_and_times_of_day_fit_text_and_named_parts() {
        let weekend = json!({"from": "2026-11-28", "to": "2026-11-29"});
        assert_eq!(coerce(&slot(SlotType::Text), &weekend), Some(json!("2026-11-28/2026-11-29")));
        assert_eq!(coerce(&slot(SlotType::Text), &json!({"from": "2026-11-28"})), Some(json!("2026-11-28")));
        assert_eq!(coerce(&slot(SlotType::Text), &json!({"from": "16:00"})), Some(json!("16:00/..")));
        assert_eq!(coerce(&slot(SlotType::Text), &json!({"to": "12:00"})), Some(json!("../12:00")));
        assert_eq!(coerce(&slot(SlotType::Any), &weekend), Some(weekend.clone()));
        assert_eq!(coerce(&slot(SlotType::Text), &json!({"a": 1})), Some(json!("{\"a\":1}")));
        let parts = slot(SlotType::Categorical(vec![
            ("morning".into(), vec!["subah".into()]),
            ("afternoon".into(), vec![]),
            ("evening".into(), vec!["noche".into()]),
        ]));
        for (value, part) in [
            (json!("17:00"), Some("evening")),
            (json!("11:30"), Some("morning")),
            (json!("12:00"), Some("afternoon")),
            (json!("23:00"), Some("evening")),
            (json!({"from": "12:00", "to": "20:00", "part": "afternoon"}), Some("afternoon")),
            (json!({"from": "10:00", "to": "12:00"}), Some("morning")),
            (json!({"to": "12:00"}), None),
            (json!("subah"), Some("morning")),
            (json!("10:5"), None),
            (weekend, None),
        ] {
            assert_eq!(coerce(&parts, &value), part.map(|p| json!(p)), "{value}");
        }
    }

    #[test]
    fn a_pattern_picks_what_is_not_denied() {
        let number = Regex::new("[0-9]{4,}").unwrap();
        for (text, wanted) in [
            ("8842", Some("8842")),
            ("not 8842, 8843", Some("8843")),
            ("८८४२ नहीं, ८८४३", Some("8843")),
            ("8842 nahi aaya", Some("8842")),
            ("8842, no 8843", None),
            ("no number", None),
        ] {
            assert_eq!(matched(&number, text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn options_are_named_by_title_or_number() {
        let options = [
            Shown { id: "/a".into(), title: "Phones".into(), says: None },
            Shown { id: "/b".into(), title: "Audio".into(), says: None },
        ];
        assert_eq!(named_option(&options, " phones ", false).unwrap().id, "/a");
        assert_eq!(named_option(&options, "२", true).unwrap().id, "/b");
        assert!(named_option(&options, "2", false).is_none());
        assert!(named_option(&options, "3", true).is_none());
        assert!(named_option(&options, "0", true).is_none());
    }
}
