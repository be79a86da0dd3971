//! The words of a message, and which of them make an amount together.

use super::{JOIN, LABEL, cues};
use crate::{
    text::normalize::Normalized,
    values::{lists::has_word, numbers, scan::key},
};
use std::ops::Range;

/// What a screen's number of lines is said of: "4k tv" is no price.
const SCREEN: &str = "tv tvs television televisions televisor televisores tele screen screens display monitor monitors pantalla pantallas projector \
    proyector uhd led oled qled smarttv resolution resolucion video camera camara टीवी टेलीविजन मॉनिटर स्क्रीन प्रोजेक्टर कैमरा";

/// A word or number with its place in characters.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Range<usize>,
}

pub(super) fn words(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let mut all: Vec<Word> = Vec::new();
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
            // "12 000": a blank groups thousands too. The number after "size" or "pin" is none to go on.
            let label = all.last().is_some_and(|w| has_word(LABEL, &w.text));
            let group = |at: usize| {
                chars.get(at).is_some_and(|c| c.is_whitespace())
                    && (1..=3).all(|n| digit(at + n))
                    && !digit(at + 4)
            };
            if !label && at - start <= 3 && (start..at).all(digit) {
                while group(at) {
                    at += 4;
                }
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
pub(super) struct Amount {
    pub(super) words: Range<usize>,
    pub(super) place: Range<usize>,
    /// It says that it is money: a scale, a currency.
    pub(super) money: bool,
    /// It has a scale of its own: thousand, lakh, k.
    pub(super) scaled: bool,
    pub(super) value: f64,
    pub(super) digits: bool,
}

pub(super) fn currency_word(word: &str) -> bool {
    matches!(word, "₹" | "$" | "€" | "£" | "₨" | "pesos" | "peso" | "pavos" | "pavo" | "lana" | "bucks")
        || numbers::currency(word).is_some_and(|_| !matches!(word, "us" | "mn" | "re"))
}

/// The amounts of a message. `tagged`: the label that the tagger gave a place, if any.
pub(super) fn amounts<'t>(
    text: &str,
    words: &[Word],
    tagged: impl Fn(&Range<usize>) -> Option<&'t str>,
) -> Vec<Amount> {
    let numeric = |w: &str| w.starts_with(|c: char| c.is_ascii_digit());
    let spoken = |w: &str| numbers::is_number_word(w);
    let scale = |w: &str| numbers::is_scale(w);
    let lakhs = words.iter().any(|w| w.text != "l" && numbers::is_lakh(&w.text));
    // "5 l" is litres unless something says that it is lakhs; nobody says 300 of these.
    let litres = |at: usize, led: bool| {
        let label = tagged(&words[at].place);
        let money = led || lakhs || words.get(at + 1).is_some_and(|w| currency_word(&w.text));
        let many = numbers::amount(&words[at - 1].text).is_some_and(|n| n >= 100.0);
        words[at].text == "l"
            && (label == Some("size") || many || !(money || label.is_some_and(|l| l.starts_with("price_"))))
    };
    let screen = words.iter().any(|w| has_word(SCREEN, &w.text));
    // "4k wala tv", but "tv under 4k" and "tv 4k se 8k tak".
    let lines = |first: usize, end: usize| {
        let joins = |at: Option<usize>| {
            at.and_then(|at| words.get(at)).is_some_and(|w| JOIN.contains(&w.text.as_str()))
        };
        matches!(&words[first..end], [n, k] if matches!(n.text.as_str(), "4" | "8") && k.text == "k")
            && screen
            && !joins(first.checked_sub(1))
            && !joins(Some(end))
            && cues::said(words, first, end, false) == cues::Said::Nothing
    };
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
                || (at > first && (numbers::is_particle(w, &words[at - 1].text) || litres(at, led)))
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
        if !led && !trailing && lines(first, at) {
            continue;
        }
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
