//! "The second one, does it have HDMI?", "samsung wala dikhao", "la segunda, detalles porfa": a row shown last that a message
//! points at while it says more. What is pointed at becomes an entity of its own, which slots take with `from_shown`.

use super::{alike, degree, filler, ordinal, reference};
use crate::event::{Entity, Understanding};
use crate::fold::{listed as is, words};
use crate::negation;
use crate::payload::Payload;
use crate::render::Offered;
use crate::turn::Turn;
use serde_json::Value;
use std::collections::BTreeSet;

/// Words behind what is pointed at.
const BEHIND: &str = "wala wali wale vala vali vale waala waali one ones वाला वाली वाले";
/// Words before what is pointed at.
const BEFORE: &str = "the that el la los las al del ese esa este esta";
/// What an ordinal counts that is no row: "the first time", "la segunda vez", "the last order".
const COUNTED: &str = "time times week month year day days night order orders delivery vez veces semana mes ano dia dias pedido compra entrega \
    talla piso planta baar bar din hafte hafta mahina mahine order manzil बार दिन हफ्ते महीने ऑर्डर मंजिल size quarter floor hand half step";
/// Longest name before "wala" or after an article, in words.
const NAME: usize = 3;

/// Name of the entity for the one row that is pointed at, by the argument that it sets.
pub(crate) fn shown(argument: &str) -> String {
    format!("shown {argument}")
}

/// Name of the entity for several that are meant equally.
pub(crate) fn shown_some(argument: &str) -> String {
    format!("shown some {argument}")
}

/// The understanding with what a text points at of what was shown last.
pub(crate) fn settled(turn: &Turn, text: &str, u: &Understanding) -> Understanding {
    let mut settled = u.clone();
    settled.entities.extend(found(&super::of_last_reply(turn), text, u));
    settled
}

/// The argument that a row sets, and its value; rows that set several things are no things themselves.
fn argument(option: &Offered) -> Option<(String, Value)> {
    match Payload::parse(&option.id).ok()? {
        Payload::SetSlots(mut all) | Payload::StartFlow(_, mut all) if all.len() == 1 => all.pop(),
        _ => None,
    }
}

fn found(options: &[Offered], text: &str, u: &Understanding) -> Option<Entity> {
    let all: Vec<(String, Value, &Offered)> =
        options.iter().filter_map(|o| argument(o).map(|(name, value)| (name, value, o))).collect();
    let name = all.first()?.0.clone();
    let rows: Vec<(Value, &Offered)> =
        all.into_iter().filter(|(n, ..)| *n == name).map(|(_, v, o)| (v, o)).collect();
    if rows.len() < 2 {
        return None;
    }
    let said = negation::words_at(text);
    let by_degree = || {
        let options: Vec<Offered> = rows.iter().map(|(_, o)| (*o).clone()).collect();
        let (one, span) = degree::pointed(&options, text, u)?;
        Some((BTreeSet::from([one]), span))
    };
    let (meant, span) =
        by_place(text, &said, rows.len()).or_else(by_degree).or_else(|| by_name(&said, &rows, u))?;
    if negation::excludes(text, span) {
        return None;
    }
    let mut values: Vec<Value> = Vec::new();
    // A list and the comparison behind it show the same thing twice.
    for value in meant.iter().map(|i| &rows[*i].0) {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    let (entity, value) = match values.as_slice() {
        [one] => (shown(&name), one.clone()),
        several => (shown_some(&name), Value::Array(several.to_vec())),
    };
    let written = text.chars().skip(span.0).take(span.1 - span.0).collect();
    Some(Entity { entity, start: span.0, end: span.1, text: written, value, confidence: 1.0, currency: None })
}

type Said = [(String, (usize, usize))];
type Meant = (BTreeSet<usize>, (usize, usize));

/// Which of so many rows a message points at by its place, whatever else it says: "the last one will do, but …".
pub(super) fn row(text: &str, rows: usize) -> Option<usize> {
    by_place(text, &negation::words_at(text), rows)?.0.into_iter().next()
}

/// Ordinals with an article, with "wala" or "one"; of one that is ruled out the next counts.
fn by_place(text: &str, said: &Said, rows: usize) -> Option<Meant> {
    (0..said.len()).find_map(|at| {
        let word = said[at].0.as_str();
        let place = match ordinal::ordinal(word) {
            Some(n) => n,
            None if reference::is_last(word) => rows - 1,
            None => return None,
        };
        let next = said.get(at + 1).map(|(w, _)| w.as_str());
        let previous = at.checked_sub(1).map(|i| said[i].0.as_str());
        let pointing = previous.is_some_and(|w| is(BEFORE, w)) || next.is_some_and(|w| is(BEHIND, w));
        let counted = next.is_some_and(|w| is(COUNTED, w));
        let meant = pointing && !counted && place < rows && !negation::excludes(text, said[at].1);
        meant.then(|| (BTreeSet::from([place]), said[at].1))
    })
}

/// Words of names: before "wala" or "one", or behind an article.
fn by_name(said: &Said, rows: &[(Value, &Offered)], u: &Understanding) -> Option<Meant> {
    let own: Vec<BTreeSet<String>> = rows
        .iter()
        .map(|(_, o)| {
            let brand =
                o.description.iter().flat_map(|d| words(d)).filter(|w| w.chars().any(char::is_alphabetic));
            words(&o.title).into_iter().chain(brand).filter(|w| !filler::is(w)).collect()
        })
        .collect();
    // What understanding made of a word counts as well: "रेडमी" is Redmi.
    let fits = |at: usize| -> BTreeSet<usize> {
        let (word, place) = &said[at];
        let meaning = u.entities.iter().filter(|e| e.start <= place.0 && place.1 <= e.end);
        let meaning: Vec<Vec<String>> = meaning
            .filter(|e| matches!(e.entity.as_str(), "brand" | "product"))
            .filter_map(|e| e.value.as_str().map(words))
            .collect();
        let has = |own: &BTreeSet<String>, w: &str| own.iter().any(|o| alike(o, w));
        (0..rows.len())
            .filter(|i| {
                has(&own[*i], word)
                    || meaning.iter().any(|m| !m.is_empty() && m.iter().all(|w| has(&own[*i], w)))
            })
            .collect()
    };
    let named = |from: usize, to: usize| -> Option<Meant> {
        let mut meant: BTreeSet<usize> = (0..rows.len()).collect();
        for at in from..to {
            meant = meant.intersection(&fits(at)).copied().collect();
        }
        // What all of them are called points at none.
        let telling = !meant.is_empty() && meant.len() < rows.len();
        telling.then(|| (meant, (said[from].1.0, said[to - 1].1.1)))
    };
    beside(said, BEFORE, BEHIND, named)
}

/// The longest phrase that fits, first word and end, in front of a word of `behind` or after one of `before`.
pub(super) fn beside<T>(
    said: &Said,
    before: &'static str,
    behind: &'static str,
    fits: impl Fn(usize, usize) -> Option<T>,
) -> Option<T> {
    (0..said.len()).find_map(|at| {
        let word = said[at].0.as_str();
        if at > 0 && is(behind, word) {
            return (1..=NAME.min(at)).rev().find_map(|n| fits(at - n, at));
        }
        if is(before, word) {
            return (1..=NAME.min(said.len() - at - 1)).rev().find_map(|n| fits(at + 1, at + 1 + n));
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::tests::option;
    use serde_json::json;

    fn rows() -> Vec<Offered> {
        [
            ("A", "boAt Airdopes 141", "₹1,572 (-65%) · boAt"),
            ("B", "Samsung Galaxy M14", "₹11,892 (-15%) · Samsung"),
            ("C", "Xiaomi Redmi 13C", "₹9,199 (-8%) · Xiaomi"),
            ("D", "Xiaomi Redmi Note 13", "₹16,199 (-10%) · Xiaomi"),
        ]
        .into_iter()
        .map(|(id, title, description)| {
            option(&format!("/StartFlow(product_details, sku={id})"), title, description)
        })
        .collect()
    }

    fn plain(entities: Vec<Entity>) -> Understanding {
        let mut u = crate::testing::understanding("search_product", 0.9, &[]);
        u.entities = entities;
        u
    }

    #[test]
    fn a_row_is_pointed_at_with_more_in_the_message() {
        let mut all = rows();
        all.push(Offered {
            id: "/StartFlow(search_product, narrow=true)".into(),
            title: "Narrow it down".into(),
            ..Offered::default()
        });
        for (text, wanted) in [
            ("pehla wala. 8 number b aata h kya", json!("A")),
            ("the 2nd one, does it have a backlit keyboard", json!("B")),
            ("el segundo cuánto pesa?", json!("B")),
            ("la segunda, detalles porfa", json!("B")),
            ("el primero, lo quiero comprar", json!("A")),
            ("does the last one have hdmi", json!("D")),
            ("141 wala lena hai, cod milega", json!("A")),
            ("samsung wala dikhao, aur kya ye indore me milega", json!("B")),
            ("दूसरा वाला, क्या वो नीले रंग में मिलेगा?", json!("B")),
            ("tell me more about the galaxy m14", json!("B")),
            ("redmi wala kaisa hai", json!(["C", "D"])),
            ("redmi note 13 wala kaisa hai", json!("D")),
            ("is this the first time", Value::Null),
            ("el segundo pedido no llegó", Value::Null),
            ("pehle batao price", Value::Null),
            ("samsung wala nahi", Value::Null),
            ("not the first one, the second one", json!("B")),
            ("the nike one", Value::Null),
            ("samsung phones", Value::Null),
        ] {
            let value = found(&all, text, &plain(vec![])).map_or(Value::Null, |e| e.value);
            assert_eq!(value, wanted, "{text}");
        }
        let brand = crate::testing::entity("brand", json!("Redmi"), "रेडमी");
        let several = found(&rows(), "रेडमी वाला, और क्या वो नीले रंग में मिलेगा?", &plain(vec![brand])).unwrap();
        assert_eq!((several.entity.as_str(), several.value), ("shown some sku", json!(["C", "D"])));
        assert!(found(&rows()[..1], "the first one", &plain(vec![])).is_none());
    }
}
