//! Price limits as the whole message says them: both ends of a range ("20 से 30 हज़ार"), words for amounts ("menos de cien
//! euros"), which end is meant ("3000 se kam"), and the currency. The tagger marks an amount; the words around it decide.

use super::{numbers, scan::key};
use crate::{
    pool::{Parse, ParsedEntity},
    text::normalize::Normalized,
};
use serde_json::{Value, json};
use std::ops::Range;

mod cues;

use cues::{Said, has};

/// Words that make two amounts the ends of a range.
const BETWEEN: &str = "between|entre|beech|bich|ke beech|बीच|के बीच|range";
/// What joins the ends.
const JOIN: [&str; 13] = ["to", "se", "से", "and", "y", "a", "aur", "और", "-", "–", "—", "hasta", "~"];
/// Words behind a number that make it no amount of money.
const UNIT: &str = "gb tb mb inch inches in pulgadas pulgada kg kilo kilos l litre litres litros ltr ton tons mm cm gigas w watt watts mah mp hz \
    day days dia dias din hour hours hora horas ghante month months mes meses mahine year years saal pm am baje uhr pieces pcs piezas unidades \
    size talla number numero no st nd rd th star stars इंच जीबी किलो लीटर टन बजे दिन घंटे महीने साल पीस साइज नंबर %";
/// Words before a number that make it no amount of money.
const LABEL: &str =
    "size talla number numero no pin pincode order pedido ord iphone galaxy note साइज नंबर पिन";

/// How far from an amount "about as much" reaches, as a share of it.
const NEAR: f64 = 0.2;

/// A word or number with its place in characters.
struct Word {
    text: String,
    place: Range<usize>,
}

fn words(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let start = at;
        let digit = |i: usize| chars.get(i).is_some_and(|c| c.is_numeric());
        let letter = |i: usize| {
            chars.get(i).is_some_and(|c| {
                (c.is_alphabetic() || unicode_normalization::char::is_combining_mark(*c)) && !c.is_numeric()
            })
        };
        if digit(at) {
            while digit(at) || (chars.get(at).is_some_and(|c| matches!(c, '.' | ',')) && digit(at + 1)) {
                at += 1;
            }
        } else if letter(at) {
            // "Don't" is one word.
            while letter(at) || (matches!(chars.get(at), Some('\'' | '’')) && letter(at + 1)) {
                at += 1;
            }
        } else {
            at += 1;
            if c.is_whitespace() {
                continue;
            }
        }
        all.push(Word {
            text: key(&Normalized::new(&chars[start..at].iter().collect::<String>()).text).replace('’', ""),
            place: start..at,
        });
    }
    all
}

/// Consecutive words that make one amount.
#[derive(Debug, Clone)]
struct Amount {
    words: Range<usize>,
    place: Range<usize>,
    /// It says that it is money: a scale, a currency.
    money: bool,
    /// It has a scale of its own: thousand, lakh, k.
    scaled: bool,
    value: f64,
    digits: bool,
}

fn currency_word(word: &str) -> bool {
    matches!(word, "₹" | "$" | "€" | "£" | "₨" | "pesos" | "peso" | "pavos" | "pavo" | "lana" | "bucks")
        || numbers::currency(word).is_some_and(|_| !matches!(word, "us" | "mn" | "re"))
}

fn amounts(text: &str, words: &[Word]) -> Vec<Amount> {
    let numeric = |w: &str| w.starts_with(|c: char| c.is_ascii_digit());
    let spoken = |w: &str| numbers::is_number_word(w);
    let scale = |w: &str| numbers::is_scale(w);
    let mut all = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let start = at;
        // A currency's sign or word before the number.
        let led = currency_word(&words[at].text) && words.get(at + 1).is_some_and(|w| numeric(&w.text));
        if led {
            at += 1;
        }
        let first = at;
        let mut digits = false;
        while at < words.len() {
            let w = words[at].text.as_str();
            // The number that a figure begins ends where another one begins.
            if numeric(w) && at > first && digits {
                break;
            }
            if numeric(w) {
                digits = true;
            } else if !(spoken(w) || scale(w))
                || (matches!(w, "a" | "an" | "un" | "una" | "uno" | "one" | "l" | "k") && at == first)
                || (at > first && numbers::is_particle(w, &words[at - 1].text))
            {
                break;
            }
            at += 1;
        }
        if at == first {
            at = start + 1;
            continue;
        }
        let scaled = words[first..at].iter().any(|w| scale(&w.text));
        let hundred = words[first..at].iter().any(|w| numbers::is_hundred(&w.text));
        let trailing = words.get(at).is_some_and(|w| currency_word(&w.text));
        let end = if trailing { at + 1 } else { at };
        let place = words[start].place.start..words[end - 1].place.end;
        let said: String = text.chars().skip(place.start).take(place.len()).collect();
        if let Some(value) = numbers::amount(&said) {
            let money = led || trailing || scaled || (hundred && !digits);
            all.push(Amount { words: start..end, place, money, scaled, value, digits });
        }
        at = end;
    }
    all
}

/// Settles the price limits of a message: adds what the tagger missed, and corrects which end is meant.
pub(super) fn settle(parse: &mut Parse, text: &str) {
    let words = words(text);
    let amounts = amounts(text, &words);
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
    let between = (0..words.len()).any(|at| has(BETWEEN, &words, at, false));
    let mut at = 0;
    while at < amounts.len() {
        let low = &amounts[at];
        let range = amounts.get(at + 1).filter(|high| {
            let gap = &words[low.words.end..high.words.start];
            gap.len() == 1
                && JOIN.contains(&gap[0].text.as_str())
                && (low.money || high.money || between || tagged(&low.place) || tagged(&high.place))
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
        } else if !plain && low.money && low.digits && (foreign || text.contains('$')) && !tagged(&low.place)
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
mod tests {
    use super::*;

    fn limits(text: &str, tagged: &[(&str, &str)]) -> (Option<f64>, Option<f64>, Vec<String>) {
        let entities = tagged.iter().map(|(entity, part)| {
            let start = text[..text.find(part).unwrap()].chars().count();
            ParsedEntity {
                entity: (*entity).to_owned(),
                start,
                end: start + part.chars().count(),
                text: (*part).to_owned(),
                value: json!(part),
                currency: None,
                confidence: 0.9,
            }
        });
        let mut parse = Parse {
            languages: vec![],
            intents: vec![],
            entities: entities.collect(),
            out_of_scope: 0.0,
            candidates: vec![],
            model: String::new(),
            tier: String::new(),
        };
        settle(&mut parse, text);
        let of = |name: &str| parse.entities.iter().find(|e| e.entity == name).and_then(|e| e.value.as_f64());
        let rest = parse.entities.iter().filter(|e| !e.entity.starts_with("price")).map(|e| e.entity.clone());
        (of("price_min"), of("price_max"), rest.collect())
    }

    #[test]
    fn ranges_have_both_ends() {
        for (text, tagged, low, high) in [
            ("5 se 10 hazar ke beech earbuds", &[("time", "5 se 10 hazar")][..], 5000.0, 10000.0),
            ("20 से 30 हज़ार में", &[("price_min", "20"), ("price_max", "30 हज़ार")], 20000.0, 30000.0),
            ("laptops between 60 and 65 thousand", &[("price_min", "60"), ("size", "65")], 60000.0, 65000.0),
            ("phone 3-4 hazar", &[], 3000.0, 4000.0),
            ("60 to 65 thousand", &[], 60000.0, 65000.0),
            ("entre 100 y 200 euros", &[("price_min", "100"), ("price_max", "200 euros")], 100.0, 200.0),
            ("15-20k", &[], 15000.0, 20000.0),
            ("shoes 2000 to 3000 rs", &[], 2000.0, 3000.0),
            ("do se teen hazar wale", &[], 2000.0, 3000.0),
            (
                "fridge 25 se 30 hzr k bich double door",
                &[("price_min", "25"), ("product", "hzr")],
                25000.0,
                30000.0,
            ),
            ("between 25 and 30k", &[], 25000.0, 30000.0),
            ("entre 200 y 300", &[], 200.0, 300.0),
        ] {
            let (min, max, rest) = limits(text, tagged);
            assert_eq!((min, max), (Some(low), Some(high)), "{text}");
            assert!(rest.is_empty(), "{text}: {rest:?}");
        }
    }

    #[test]
    fn words_around_an_amount_say_which_end_it_is() {
        for (text, tagged, low, high) in [
            ("दो हज़ार से कम", &[][..], None, Some(2000.0)),
            ("auriculares por menos de cien euros", &[], None, Some(100.0)),
            ("laptop under 1.2 lakh", &[("price_max", "1.2 lakh")], None, Some(120_000.0)),
            ("3000 रुपये से कम वाली", &[("price_min", "3000 रुपये")], None, Some(3000.0)),
            ("above 20k", &[("price_max", "20k")], Some(20000.0), None),
            ("400 quid", &[("quantity", "400")], None, Some(400.0)),
            ("shoes under 500 pounds", &[("size", "500 pounds")], None, Some(500.0)),
            ("$100", &[], None, Some(100.0)),
            ("zapas por menos de 300 pavos", &[], None, Some(300.0)),
            ("pachaas hazar tak", &[], None, Some(50000.0)),
            ("unas zapas por 300 pavos", &[("price_min", "300 pavos")], None, Some(300.0)),
            ("laptop dikhao 40 hazar me", &[], None, Some(40000.0)),
            ("15 hazar wala phone", &[], None, Some(15000.0)),
            ("nah too expensive, under 40", &[("size", "40")], None, Some(40.0)),
            ("máximo 5 mil pesos", &[("price_max", "5 mil")], None, Some(5000.0)),
            ("4,000 ke aas paas", &[("price_max", "4,000")], Some(3200.0), Some(4800.0)),
            ("60k ke aas pas", &[("price_max", "60k")], Some(48_000.0), Some(72_000.0)),
            ("60 हज़ार आसपास", &[("price_max", "60 हज़ार")], Some(48_000.0), Some(72_000.0)),
            ("600 euros o así", &[("price_max", "600 euros")], Some(480.0), Some(720.0)),
            ("600 pounds or thereabouts", &[("price_max", "600 pounds")], Some(480.0), Some(720.0)),
            ("unos 700 euros", &[("price_max", "700 euros")], Some(560.0), Some(840.0)),
            ("lal saree 2 hzr k andar", &[("price_max", "hzr k")], None, Some(2000.0)),
            ("2000 k andar saree", &[], None, Some(2000.0)),
            ("dedh hazar tk ka kurta", &[], None, Some(1500.0)),
            ("sadhe teen hajar tk", &[], None, Some(3500.0)),
            ("डेढ़ लाख का लैपटोप चाहिए", &[], None, Some(150_000.0)),
            ("dhai lakh ki bike", &[], None, Some(250_000.0)),
            ("algo que no se vaya de 80", &[], None, Some(80.0)),
            ("que no cueste más de 700", &[], None, Some(700.0)),
            ("menos de mil", &[], None, Some(1000.0)),
            ("un regalo, unos 60 eurillos", &[("product", "eurillos")], Some(48.0), Some(72.0)),
            ("2000 bola tha mene 1000 nhi", &[("price_max", "1000")], None, Some(2000.0)),
            ("I said 2000 not 1000", &[("price_max", "1000")], None, Some(2000.0)),
            ("no 300 euros, 500 euros", &[], None, Some(500.0)),
            ("tvs around 50k", &[("price_max", "50k")], Some(40000.0), Some(60000.0)),
        ] {
            assert_eq!(limits(text, tagged).0, low, "{text}");
            assert_eq!(limits(text, tagged).1, high, "{text}");
        }
    }

    #[test]
    fn a_limit_that_is_denied_is_the_other_end() {
        for (text, tagged, low, high) in [
            ("a quiet one, not above 4k", &[("price_min", "4k")][..], None, Some(4000.0)),
            ("nothing over 300 euros", &[("price_min", "300 euros")], None, Some(300.0)),
            ("I don't want to spend more than 300 euros", &[], None, Some(300.0)),
            ("I don’t want to go above 20k", &[], None, Some(20000.0)),
            ("no more than 20k", &[], None, Some(20000.0)),
            ("no más de 80", &[("price_min", "80")], None, Some(80.0)),
            ("q no pasen de 80 euros", &[], None, Some(80.0)),
            ("sin pasar de 300 €", &[], None, Some(300.0)),
            ("que no supere los 500 euros", &[], None, Some(500.0)),
            ("दो हज़ार से ऊपर वाली नहीं, सबसे सस्ती वाली बताओ", &[("price_min", "दो हज़ार")], None, Some(2000.0)),
            ("₹2,000 से ज़्यादा नहीं चाहिए मैंने कहा था", &[("price_min", "₹2,000")], None, Some(2000.0)),
            ("zyada nahi 3000 se", &[("price_max", "3000")], None, Some(3000.0)),
            ("3000 se upar nahi", &[("price_min", "3000")], None, Some(3000.0)),
            ("3 hazar se zyada ka mat dikhao", &[], None, Some(3000.0)),
            ("5000 se jyada mehenga na ho", &[("price_min", "5000")], None, Some(5000.0)),
            ("no, above 20k", &[], Some(20000.0), None),
            ("not samsung, above 20k", &[], Some(20000.0), None),
            ("no less than 20k", &[], Some(20000.0), None),
            ("no menos de 300 euros", &[], Some(300.0), None),
            ("20 hazar se kam nahi", &[], Some(20000.0), None),
            ("2000 rs se kam nahi hai kya", &[], None, Some(2000.0)),
            ("no under 20k", &[], None, Some(20000.0)),
        ] {
            assert_eq!(limits(text, tagged).0, low, "{text}");
            assert_eq!(limits(text, tagged).1, high, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "10 to 12 inch tablet",
            "between 5 and 6 pm",
            "iphone 15",
            "order 8842",
            "size 9 to 10",
            "do din mein chahiye",
            "110001 tak",
            "2-3 days",
            "one or two",
            "under size 9",
            "below 10 inches",
            "about 8842",
            "order 8842 not 8843",
            "2 hazar ka refund nahi aaya",
            "talla 42 k puma",
        ] {
            let (min, max, _) = limits(text, &[]);
            assert_eq!((min, max), (None, None), "{text}");
        }
        let (_, max, rest) = limits("under 11 pro wala", &[("product", "11 pro")]);
        assert_eq!((max, rest), (None, vec!["product".to_owned()]));
    }
}
