//! What the message that opens a flow has said already: values of categorical slots by their spellings ("paise kat gaye par
//! order nahi hua" is a payment without an order), so that nobody is asked for what they have just written.

use crate::choice;
use crate::config::domain::{Slot, SlotType};
use crate::config::flows::Flow;
use crate::config::ways::Opening;
use crate::fold::words;
use crate::state::Slots;
use crate::turn::Turn;
use serde_json::Value;

/// Values for the flow's categorical slots that the latest text names, those known already aside.
pub(crate) fn values(turn: &Turn, flow: &Flow, known: &Slots) -> Slots {
    let Some(text) = turn.state.latest.as_ref().map(|l| l.text.as_str()) else { return Slots::new() };
    turn.a
        .domain
        .slots
        .iter()
        .filter(|(name, _)| flow.takes(name) && !known.contains_key(*name))
        .filter_map(|(name, slot)| {
            let (SlotType::Categorical(values), Some(opening)) = (&slot.kind, &slot.opening) else {
                return None;
            };
            Some((name.clone(), Value::String(named(values, opening, text)?)))
        })
        .collect()
}

/// The one value of a categorical slot that an answer names, by any of its spellings.
pub(crate) fn told(slot: &Slot, text: &str) -> Option<Value> {
    let (SlotType::Categorical(values), Some(opening)) = (&slot.kind, &slot.opening) else { return None };
    let all = Opening { except: vec![], prefer: opening.prefer.clone() };
    named(values, &all, text).map(Value::String)
}

/// The one value that a text names; of several the first that the builder prefers.
fn named(values: &[(String, Vec<String>)], opening: &Opening, text: &str) -> Option<String> {
    let except: Vec<Vec<String>> = opening.except.iter().map(|e| words(e)).collect();
    let spellings: Vec<Vec<Vec<String>>> = values
        .iter()
        .map(|(canonical, more)| {
            let all = std::iter::once(canonical).chain(more).map(|s| words(s));
            all.filter(|s| !s.is_empty() && !except.contains(s)).collect()
        })
        .collect();
    let found = choice::spelled(text, &spellings);
    let names: Vec<&String> = found.into_iter().map(|at| &values[at].0).collect();
    match names.as_slice() {
        [one] => Some((*one).clone()),
        several => opening.prefer.iter().find(|p| several.contains(p)).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_taken_and_of_several_the_preferred() {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let values = [
            ("failed".to_owned(), list(&["fail", "payment failed"])),
            ("no_order".to_owned(), list(&["order nahi hua", "paise kat gaye", "money deducted"])),
            ("double_charge".to_owned(), list(&["twice", "दो बार"])),
            ("card_rejected".to_owned(), list(&["card", "card declined"])),
        ];
        let opening = Opening { except: list(&["card"]), prefer: list(&["double_charge", "no_order"]) };
        for (text, wanted) in [
            ("paise kat gaye par order nahi hua", Some("no_order")),
            ("my card was charged twice", Some("double_charge")),
            ("payment failed but money deducted", Some("no_order")),
            ("card declined!", Some("card_rejected")),
            ("दो बार पैसे कटे", Some("double_charge")),
            ("payment failed, card declined", None),
            ("not twice", None),
            ("problem with my card", None),
        ] {
            assert_eq!(named(&values, &opening, text).as_deref(), wanted, "{text}");
        }
    }
}
