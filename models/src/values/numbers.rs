//! Numbers as people write them: separators, thousands and lakhs, currencies, words.

use crate::text::normalize::fold_word;

/// An amount of money without its currency: `20k`, `₹15,000`, `1.5 lakh`, `300 euros`, `1.200,50 €`, `veinte mil`.
/// `None` where no number can be read.
pub fn amount(normal: &str) -> Option<f64> {
    let lower = fold_word(normal);
    let mut total: Option<f64> = None;
    let mut current: Option<f64> = None;
    for (number, word) in pieces(&lower) {
        if let Some(n) = number {
            current = Some(current.unwrap_or(0.0) + n);
        }
        if let Some(scale) = word.and_then(scale) {
            total = Some(total.unwrap_or(0.0) + current.take().unwrap_or(1.0) * scale);
        } else if let Some(n) = word.and_then(small) {
            current = Some(match current {
                Some(c) if n == 100.0 => c * 100.0,
                Some(c) => c + n,
                None => n,
            });
        }
    }
    match (total, current) {
        (None, None) => None,
        (total, current) => Some(total.unwrap_or(0.0) + current.unwrap_or(0.0)),
    }
}

/// How many pieces: digits or a number word; `None` where neither is there.
pub fn quantity(normal: &str) -> Option<f64> {
    amount(normal)
}

/// Numbers and words of a text in order; a word glued to a number (`20k`) comes with it.
fn pieces(lower: &str) -> Vec<(Option<f64>, Option<&str>)> {
    let mut out = Vec::new();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'');
    let mut rest = lower;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let end = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            out.push((parse(number.trim_end_matches(['.', ',', '\''])), None));
            rest = after;
        } else if c.is_alphabetic() {
            let end = rest
                .find(|c: char| c.is_ascii_digit() || c.is_whitespace() || c.is_ascii_punctuation())
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end.max(c.len_utf8()));
            out.push((None, Some(word)));
            rest = after;
        } else {
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Digits with separators: the last separator is decimal if one or two digits follow it and it occurs once, else all
/// of them group thousands (`15,000`, `1,50,000`, `1.200,50`).
fn parse(number: &str) -> Option<f64> {
    let last = number.rfind(['.', ',']);
    let decimal = last.filter(|&at| {
        let separator = &number[at..=at];
        let follow = number.len() - at - 1;
        (1..=2).contains(&follow) && number.matches(separator).count() == 1
    });
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    match decimal {
        Some(at) => format!("{}.{}", digits(&number[..at]), &number[at + 1..]).parse().ok(),
        None => digits(number).parse().ok(),
    }
}

fn scale(word: &str) -> Option<f64> {
    Some(match word {
        "k" | "mil" | "thousand" | "hazar" | "hazaar" | "hajar" | "hajaar" | "हजार" | "हज़ार" => {
            1e3
        }
        "lakh" | "lakhs" | "lac" | "lacs" | "l" | "लाख" => 1e5,
        "crore" | "crores" | "cr" | "करोड़" => 1e7,
        "million" | "millon" | "millones" => 1e6,
        "dozen" | "dozens" | "docena" | "docenas" | "darjan" | "दर्जन" => 12.0,
        _ => return None,
    })
}

fn small(word: &str) -> Option<f64> {
    Some(match word {
        "a" | "an" | "one" | "un" | "una" | "uno" | "ek" | "एक" | "single" => 1.0,
        "two" | "dos" | "do" | "दो" | "couple" | "pair" | "par" => 2.0,
        "three" | "tres" | "teen" | "तीन" => 3.0,
        "four" | "cuatro" | "char" | "chaar" | "चार" => 4.0,
        "five" | "cinco" | "paanch" | "panch" | "पांच" | "पाँच" => 5.0,
        "six" | "seis" | "chhe" | "che" | "chah" | "छह" | "छः" | "छे" => 6.0,
        "seven" | "siete" | "saat" | "sat" | "सात" => 7.0,
        "eight" | "ocho" | "aath" | "ath" | "आठ" => 8.0,
        "nine" | "nueve" | "nau" | "नौ" => 9.0,
        "ten" | "diez" | "das" | "dus" | "दस" => 10.0,
        "eleven" | "once" | "gyarah" | "ग्यारह" => 11.0,
        "twelve" | "doce" | "barah" | "बारह" => 12.0,
        "fifteen" | "quince" | "pandrah" | "पंद्रह" | "पन्द्रह" => 15.0,
        "twenty" | "veinte" | "bees" | "bis" | "बीस" => 20.0,
        "veinticinco" | "pachees" | "pachis" | "पच्चीस" => 25.0,
        "thirty" | "treinta" | "tees" | "तीस" => 30.0,
        "forty" | "cuarenta" | "chalis" | "chaalis" | "चालीस" => 40.0,
        "fifty" | "cincuenta" | "pachas" | "pachaas" | "पचास" => 50.0,
        "sixty" | "sesenta" | "saath" | "साठ" => 60.0,
        "seventy" | "setenta" | "sattar" | "सत्तर" => 70.0,
        "eighty" | "ochenta" | "assi" | "अस्सी" => 80.0,
        "ninety" | "noventa" | "nabbe" | "नब्बे" => 90.0,
        "hundred" | "cien" | "ciento" | "sau" | "सौ" => 100.0,
        "doscientos" | "doscientas" => 200.0,
        "trescientos" | "trescientas" => 300.0,
        "quinientos" | "quinientas" => 500.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, n) in [
            ("20k", 20_000.0),
            ("20 K", 20_000.0),
            ("₹15,000", 15_000.0),
            ("rs. 1,50,000", 150_000.0),
            ("1.5 lakh", 150_000.0),
            ("300 euros", 300.0),
            ("1.200,50 €", 1200.5),
            ("$19.99", 19.99),
            ("veinte mil pesos", 20_000.0),
            ("das hazaar", 10_000.0),
            ("2 hundred", 200.0),
            ("two hundred", 200.0),
            ("पचास हजार", 50_000.0),
            ("1.000", 1000.0),
            ("mil euros", 1000.0),
            ("1 lakh 20 hazar", 120_000.0),
            ("15000/-", 15_000.0),
            ("30mil", 30_000.0),
        ] {
            assert_eq!(amount(text), Some(n), "{text}");
        }
        assert_eq!(amount("cheap"), None);
        assert_eq!(amount(""), None);
    }

    #[test]
    fn quantities() {
        for (text, n) in [
            ("two", 2.0),
            ("50", 50.0),
            ("do", 2.0),
            ("5 pieces", 5.0),
            ("una docena", 12.0),
            ("तीन", 3.0),
            ("2 dozen", 24.0),
        ] {
            assert_eq!(quantity(text), Some(n), "{text}");
        }
    }
}
