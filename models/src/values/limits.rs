//! Price limits as the whole message says them: both ends of a range ("20 से 30 हज़ार"), words for amounts ("menos de cien
//! euros"), which end is meant ("3000 se kam"), and the currency. The tagger marks an amount; the words around it decide.

use super::numbers;
use crate::pool::{Parse, ParsedEntity};
use serde_json::{Value, json};
use std::ops::Range;

mod amounts;
mod cues;

use amounts::{Amount, Word, amounts, currency_word, words};
use cues::{Said, has};

/// Words that make two amounts the ends of a range.
const BETWEEN: &str = "between|entre|beech|bich|ke beech|बीच|के बीच|range";
/// What joins the ends.
const JOIN: [&str; 13] = ["to", "se", "से", "and", "y", "a", "aur", "और", "-", "–", "—", "hasta", "~"];
/// Words behind a number that make it no amount of money.
const UNIT: &str = "gb tb mb inch inches in pulgadas pulgada kg kilo kilos g gm gms gram grams gramo gramos l litre litres litros litro ltr ml ton tons \
    mm cm meter meters metre metres metro metros ft feet km kms kilometer kilometers kilometre kilometres kilometro kilometros gigas w watt watts mah \
    mp hz day days dia dias din week weeks semana semanas hafte hour hours hora horas ghante min mins minute minutes minuto minutos month months mes \
    meses mahine year years saal pm am baje uhr pieces pcs piezas unidades size talla number numero no st nd rd th star stars percent pratishat \
    इंच जीबी किलो ग्राम लीटर टन मीटर किमी किलोमीटर बजे दिन हफ्ते घंटे मिनट महीने साल पीस साइज नंबर प्रतिशत %";
/// Words before a number that make it no amount of money.
const LABEL: &str =
    "size talla number numero no pin pincode order pedido ord iphone galaxy note साइज नंबर पिन";

/// What the tagger calls a number that is no amount of money.
const OTHER: [&str; 6] = ["time", "date", "size", "quantity", "order_id", "pincode"];
/// From here on two numbers with nothing but "between" beside them are prices; smaller ones are hours, days, sizes.
const LEAST_BARE: f64 = 50.0;

/// How far from an amount "about as much" reaches, as a share of it.
const NEAR: f64 = 0.2;

/// Settles the price limits of a message: adds what the tagger missed, and corrects which end is meant.
pub(super) fn settle(parse: &mut Parse, text: &str) {
    let words = words(text);
    let label = |place: &Range<usize>| {
        let found = parse.entities.iter().find(|e| e.start < place.end && place.start < e.end);
        found.map(|e| e.entity.as_str())
    };
    let amounts = amounts(text, &words, label);
    let mut limits: Vec<(&'static str, f64, Range<usize>)> = Vec::new();
    let is_word =
        |list: &'static str, at: usize| words.get(at).is_some_and(|w| super::lists::has_word(list, &w.text));
    let tagged = |place: &Range<usize>| {
        parse
            .entities
            .iter()
            .any(|e| e.entity.starts_with("price_") && e.start < place.end && place.start < e.end)
    };
    if let Some((wrong, right)) = set_right(&amounts, &words, parse) {
        let place = wrong.place.clone();
        parse
            .entities
            .retain(|e| !(e.entity.starts_with("price_") && e.start < place.end && place.start < e.end));
        let (start, end) = (right.words.start, right.words.end);
        let name =
            if cues::said(&words, start, end, true) == Said::Lower { "price_min" } else { "price_max" };
        add(parse, text, vec![(name, right.value, right.place.clone())]);
        return;
    }
    let other = |place: &Range<usize>| {
        parse
            .entities
            .iter()
            .any(|e| OTHER.contains(&e.entity.as_str()) && e.start < place.end && place.start < e.end)
    };
    let between = (0..words.len()).any(|at| has(BETWEEN, &words, at, false));
    let bare_price = |a: &Amount| a.value >= LEAST_BARE && !other(&a.place);
    let mut at = 0;
    while at < amounts.len() {
        let low = &amounts[at];
        let range = amounts.get(at + 1).filter(|high| {
            let gap = &words[low.words.end..high.words.start];
            gap.len() == 1
                && JOIN.contains(&gap[0].text.as_str())
                && (low.money
                    || high.money
                    || tagged(&low.place)
                    || tagged(&high.place)
                    || (between && bare_price(low) && bare_price(high)))
                && !is_word(UNIT, high.words.end)
                && !(is_word(LABEL, low.words.start.wrapping_sub(1)))
        });
        if let Some(high) = range {
            // "20 to 30 thousand" is 20,000 to 30,000.
            let factor = if high.scaled && !low.scaled && low.value < high.value {
                high.value / bare(text, high)
            } else {
                1.0
            };
            let least = if low.value * factor < high.value { low.value * factor } else { low.value };
            if least < high.value {
                limits.push(("price_min", least, low.place.clone()));
                limits.push(("price_max", high.value, high.place.clone()));
                at += 2;
                continue;
            }
        }
        let said = cues::said(&words, low.words.start, low.words.end, low.money);
        // "Por 300 euros" is what may be spent, whatever end the tagger took it for.
        let budget = parse
            .entities
            .iter()
            .any(|e| e.entity == "price_min" && e.start < low.place.end && low.place.start < e.end);
        let foreign = low.money && currency_of(text, low).is_some();
        let plain = is_word(UNIT, low.words.end) || is_word(LABEL, low.words.start.wrapping_sub(1));
        // "Under 40" after prices in thousands is no size; a size that is meant says so.
        let bare_limit = low.digits
            && low.value >= 10.0
            && cues::plainly(&words, low.words.start, low.words.end)
            && !words.get(low.words.end).is_some_and(|w| matches!(w.text.as_str(), ":" | "/"));
        if !plain && (low.money || tagged(&low.place) || bare_limit) && (said != Said::Nothing || budget) {
            match said {
                Said::About => {
                    limits.push(("price_min", (low.value * (1.0 - NEAR)).round(), low.place.clone()));
                    limits.push(("price_max", (low.value * (1.0 + NEAR)).round(), low.place.clone()));
                }
                Said::Lower => limits.push(("price_min", low.value, low.place.clone())),
                Said::Upper | Said::Nothing => limits.push(("price_max", low.value, low.place.clone())),
            }
        } else if !plain
            && low.money
            && low.digits
            && (foreign || text.contains('$'))
            && !tagged(&low.place)
            && !cues::paid(&words, low.words.start, low.words.end)
        {
            // An amount with its currency and nothing else said of it is what may be spent.
            limits.push(("price_max", low.value, low.place.clone()));
        }
        at += 1;
    }
    add(parse, text, limits);
}

/// Puts limits in the place of what the tagger made of their words.
fn add(parse: &mut Parse, text: &str, limits: Vec<(&'static str, f64, Range<usize>)>) {
    let mut added: Vec<ParsedEntity> = Vec::new();
    for (entity, value, place) in limits {
        let inside = |e: &ParsedEntity| e.start < place.end && place.start < e.end;
        let quotes = |e: &ParsedEntity| {
            matches!(
                e.entity.as_str(),
                "price_max" | "price_min" | "time" | "size" | "quantity" | "date" | "order_id"
            )
        };
        // "30 hzr": what the tagger took for a product is the amount's own scale or currency.
        let part = |e: &ParsedEntity| inside(e) && !quotes(e) && amount_words(&e.text);
        parse.entities.retain(|e| !part(e));
        // A product whose name has the number is no price.
        if parse.entities.iter().any(|e| inside(e) && !quotes(e)) {
            continue;
        }
        parse.entities.retain(|e| !(inside(e) && quotes(e)));
        let said: String = text.chars().skip(place.start).take(place.len()).collect();
        added.push(ParsedEntity {
            entity: entity.to_owned(),
            start: place.start,
            end: place.end,
            value: number(value),
            currency: numbers::currency(&said).map(str::to_owned),
            text: said,
            confidence: 0.9,
        });
    }
    parse.entities.append(&mut added);
    parse.entities.sort_by_key(|e| e.start);
}

/// Whether a text is nothing but scales and currencies.
fn amount_words(text: &str) -> bool {
    let said = words(text);
    !said.is_empty() && said.iter().all(|w| numbers::is_scale(&w.text) || currency_word(&w.text))
}

/// "2000 bola tha, 1000 nahi": of two amounts the one that is denied, and the one that holds as a limit.
fn set_right<'a>(amounts: &'a [Amount], words: &[Word], parse: &Parse) -> Option<(&'a Amount, &'a Amount)> {
    let [first, second] = amounts else { return None };
    let at = |a: &Amount, entity: fn(&str) -> bool| {
        parse.entities.iter().any(|e| entity(&e.entity) && e.start < a.place.end && a.place.start < e.end)
    };
    let price = |a: &Amount| {
        a.value >= 50.0
            && !at(a, |e| matches!(e, "order_id" | "pincode" | "size" | "product" | "date" | "time"))
            && !words.get(a.words.end).is_some_and(|w| super::lists::has_word(UNIT, &w.text))
            && !a.words.start.checked_sub(1).is_some_and(|b| super::lists::has_word(LABEL, &words[b].text))
    };
    let money = |a: &Amount| a.money || at(a, |e| e.starts_with("price_"));
    let denied = |a: &Amount| cues::denied(words, a.words.start, a.words.end);
    if !(price(first) && price(second) && (money(first) || money(second))) {
        return None;
    }
    match (denied(first), denied(second)) {
        (true, false) => Some((first, second)),
        (false, true) => Some((second, first)),
        _ => None,
    }
}

fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 9e15 { json!(n as i64) } else { json!(n) }
}

fn currency_of(text: &str, amount: &Amount) -> Option<&'static str> {
    let said: String = text.chars().skip(amount.place.start).take(amount.place.len()).collect();
    numbers::currency(&said)
}

/// The number of an amount without its scale: 30 of "30 thousand".
fn bare(text: &str, amount: &Amount) -> f64 {
    let said: String = text.chars().skip(amount.place.start).take(amount.place.len()).collect();
    let kept: Vec<String> =
        words(&said).into_iter().map(|w| w.text).filter(|w| !numbers::is_scale(w)).collect();
    numbers::amount(&kept.join(" ")).filter(|n| *n > 0.0).unwrap_or(amount.value)
}

#[cfg(test)]
mod tests;
