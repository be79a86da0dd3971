//! Amounts and quantities as people write them: separators, thousands and lakhs, currencies, words, ranges.

use super::{
    number_words::{Fraction, fraction, is_particle as word_particle, number, scale},
    scan::key,
};
use crate::text::normalize::Normalized;
use unicode_normalization::char::is_combining_mark;

/// An amount of money without its currency: `20k`, `₹15,000`, `1.5 lakh`, `300 euros`, `1.200,50 €`, `veinte mil`,
/// `dhai hazaar`. Of a range (`15-20k`) the upper end. `None` where no number can be read.
pub fn amount(text: &str) -> Option<f64> {
    ends(text).map(|(_, high)| high)
}

/// As [`amount`], but of a range the lower end.
pub fn lower_amount(text: &str) -> Option<f64> {
    ends(text).map(|(low, _)| low)
}

/// How many pieces: digits or a number word; `None` where neither is there.
pub fn quantity(text: &str) -> Option<f64> {
    ends(text).map(|(_, high)| high)
}

/// Whether a word, as [`key`] spells it, is part of a number.
pub(super) fn is_number_word(word: &str) -> bool {
    number(word).is_some() || fraction(word).is_some()
}

/// Whether a word multiplies the number before it: thousand, lakh, k; dozens are no money.
pub(super) fn is_scale(word: &str) -> bool {
    scale(word).is_some_and(|by| by >= 1000.0)
}

/// Whether a word stands for a hundred thousand.
pub(super) fn is_lakh(word: &str) -> bool {
    scale(word) == Some(1e5)
}

/// Whether a scale word behind another word of an amount is Hindi's *ke*: "2 hazar k andar", "2000 k andar".
pub(super) fn is_particle(word: &str, before: &str) -> bool {
    word_particle(word, if is_scale(before) { None } else { Some(amount(before).unwrap_or_default()) })
}

/// Whether a word stands for hundreds.
pub(super) fn is_hundred(word: &str) -> bool {
    number(word).is_some_and(|n| n >= 100)
}

#[derive(Debug, PartialEq)]
enum Piece {
    Number(f64),
    Word(String),
    /// Between the ends of a range.
    To,
}

/// Both ends of a range; twice the same where there is one number. The lower end takes the upper's scale where it has
/// none of its own and would be the smaller one with it: `15-20k`, but `500 to 2k`.
fn ends(text: &str) -> Option<(f64, f64)> {
    let pieces = apart(pieces(text));
    let cut = pieces.iter().position(|p| *p == Piece::To).filter(|&at| at > 0 && at + 1 < pieces.len());
    let finite = |n: f64| n.is_finite().then_some(n);
    if let Some(at) = cut
        && let (Some((low, scaled)), Some((high, factor))) = (read(&pieces[..at]), read(&pieces[at + 1..]))
    {
        let same = scaled == 1.0 && factor > 1.0 && low < 100.0 && low * factor < high;
        return Some((finite(if same { low * factor } else { low })?, finite(high)?));
    }
    let (n, _) = read(&pieces)?;
    Some((finite(n)?, finite(n)?))
}

/// "तीन चार हज़ार", "10 15 hazar", "dos tres mil": two numbers beside each other that make none together are the ends of a range.
fn apart(pieces: Vec<Piece>) -> Vec<Piece> {
    let small = |piece: &Piece| match piece {
        Piece::Number(n) => Some((*n, false)),
        Piece::Word(word) if matches!(word.as_str(), "a" | "an" | "un" | "una" | "one") => None,
        Piece::Word(word) => number(word).map(|n| (f64::from(n), true)),
        Piece::To => None,
    };
    let ends = |low: &Piece, high: &Piece| match (small(low), small(high)) {
        (Some((low, worded)), Some((high, also))) if worded == also => {
            // "Twenty five" is one number.
            let together = low >= 20.0 && low % 10.0 == 0.0 && high < 10.0;
            low >= 1.0 && low < high && high < 100.0 && !together
        }
        _ => false,
    };
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len() + 1);
    for piece in pieces {
        if out.last().is_some_and(|before| ends(before, &piece)) {
            out.push(Piece::To);
        }
        out.push(piece);
    }
    out
}

/// The number that pieces make together, and the last scale word's factor.
fn read(pieces: &[Piece]) -> Option<(f64, f64)> {
    let (mut total, mut current): (Option<f64>, Option<f64>) = (None, None);
    let (mut pending, mut factor) = (0.0, 1.0);
    let mut worded = false;
    for piece in pieces {
        match piece {
            Piece::Number(n) => {
                // "दिखा दो 3k": what stands before digits is no two but a "give".
                let before = current.filter(|c| !worded || *c >= 100.0).unwrap_or(0.0);
                current = Some(before + n + std::mem::take(&mut pending));
                worded = false;
            }
            Piece::Word(word) => {
                if (total.is_some() || current.is_some()) && word_particle(word, current) {
                    // "2 hazar k andar"
                } else if let Some(by) = scale(word) {
                    factor = by;
                    // `sava lakh` is one and a quarter.
                    let one = if current.is_none() && pending != 0.0 { 1.0 + pending } else { 1.0 };
                    pending = 0.0;
                    total = Some(total.unwrap_or(0.0) + current.take().unwrap_or(one) * by);
                } else if current.is_some() && matches!(word.as_str(), "a" | "an") {
                    // `half a million`
                } else if let Some(n) = number(word).map(f64::from) {
                    let more = std::mem::take(&mut pending);
                    worded = true;
                    current = Some(match current {
                        Some(c) if n == 100.0 => c * 100.0,
                        Some(c) => c + n + more,
                        // `sava sau` is a hundred and a quarter of it.
                        None if n == 100.0 => (1.0 + more) * n,
                        // `sadhe teen sau`: the fraction is of the hundred.
                        None => n + more,
                    });
                } else {
                    match fraction(word) {
                        Some(Fraction::Plus(f)) => pending = f,
                        Some(Fraction::Minus(f)) => pending = -f,
                        Some(Fraction::Whole(f)) => current = Some(current.unwrap_or(0.0) + f),
                        None => {}
                    }
                }
            }
            Piece::To => {}
        }
    }
    match (total, current) {
        (None, None) => None,
        (total, current) => Some((total.unwrap_or(0.0) + current.unwrap_or(0.0), factor)),
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let normal = Normalized::new(text).text;
    let mut out = Vec::new();
    // Whether the last number has been put together of groups: "1 200" may go on with "000".
    let mut grouped = false;
    let mut rest = normal.as_str();
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let end = rest
                .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '\''))
                .unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            // `15 000`: a blank groups thousands too, as Spanish writes them.
            out.extend(parse(digits.trim_end_matches(['.', ',', '\''])).map(Piece::Number));
            rest = after;
            if let [.., Piece::Number(before), Piece::Number(n)] = out.as_slice()
                && (grouped || (1.0..1000.0).contains(before))
                && digits.len() == 3
            {
                let joined = before * 1000.0 + n;
                out.truncate(out.len() - 2);
                out.push(Piece::Number(joined));
                grouped = true;
            } else {
                grouped = false;
            }
        } else if c.is_alphabetic() || is_combining_mark(c) {
            let end = rest.find(|c: char| !c.is_alphabetic() && !is_combining_mark(c)).unwrap_or(rest.len());
            let word = key(&rest[..end]);
            out.push(match word.as_str() {
                // Of "5 or 6" the ends are as those of a range.
                "to" | "se" | "से" | "hasta" | "or" | "o" | "u" | "ya" | "या" => Piece::To,
                _ => Piece::Word(word),
            });
            rest = &rest[end..];
        } else {
            // The dash of `999/-` ends nothing, because nothing follows it.
            if c == '-' {
                out.push(Piece::To);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    while out.last() == Some(&Piece::To) {
        out.pop();
    }
    out
}

/// Digits with separators: the last separator is decimal if one or two digits follow it and it occurs once, else all
/// of them group thousands (`15,000`, `1,50,000`, `1.200,50`).
pub(super) fn parse(number: &str) -> Option<f64> {
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

/// The currency that an amount names, as its ISO 4217 code: `₹`, `Rs.`, `रुपये` are INR, `€` is EUR. `$` and `pesos`
/// mean different ones in different countries and are left to the shop's own; `US$`, `dollars` and `MXN` are not.
pub fn currency(text: &str) -> Option<&'static str> {
    let normal = Normalized::new(text).text;
    for (sign, code) in [('₹', "INR"), ('₨', "INR"), ('€', "EUR"), ('£', "GBP")] {
        if normal.contains(sign) {
            return Some(code);
        }
    }
    pieces(text).iter().find_map(|piece| {
        let Piece::Word(word) = piece else { return None };
        Some(match word.as_str() {
            "rs" | "inr" | "re" | "rupee" | "rupees" | "rupaye" | "rupay" | "rupaya" | "rupiya" | "rupye"
            | "rupe" | "rupias" | "rupia" | "रुपये" | "रुपए" | "रुपया" | "रूपये" | "रूपए" | "रु" | "रू" => {
                "INR"
            }
            "eur" | "euro" | "euros" | "eurillos" | "eurillo" | "euritos" | "euracos" | "leuros" | "यूरो" => {
                "EUR"
            }
            "mxn" | "mn" | "mxp" | "varos" => "MXN",
            "usd" | "us" | "dollar" | "dollars" | "buck" | "bucks" | "dolar" | "dolares" | "डॉलर" => {
                "USD"
            }
            "gbp" | "pound" | "pounds" | "quid" | "libras" => "GBP",
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts() {
        for (text, n) in [
            ("20k", 20_000.0),
            ("दो 3k", 3000.0),
            ("ek 500", 500.0),
            ("mil 500", 1500.0),
            ("तीन चार हज़ार", 4000.0),
            ("do teen hazar", 3000.0),
            ("10 15 hazar", 15_000.0),
            ("bees pachees hazar", 25_000.0),
            ("dos tres mil", 3000.0),
            ("veinte veinticinco mil pesos", 25_000.0),
            ("twenty five thousand", 25_000.0),
            ("20 K", 20_000.0),
            ("₹15,000", 15_000.0),
            ("rs. 1,50,000", 150_000.0),
            ("1.5 lakh", 150_000.0),
            ("2.5 lakh", 250_000.0),
            ("300 euros", 300.0),
            ("1.200,50 €", 1200.5),
            ("$19.99", 19.99),
            ("veinte mil pesos", 20_000.0),
            ("das hazaar", 10_000.0),
            ("20 hazaar", 20_000.0),
            ("2 hundred", 200.0),
            ("two hundred", 200.0),
            ("पचास हजार", 50_000.0),
            ("२० हज़ार रुपये", 20_000.0),
            ("1.000", 1000.0),
            ("mil euros", 1000.0),
            ("dos mil quinientos", 2500.0),
            ("mil doscientos cincuenta", 1250.0),
            ("1,5 mil", 1500.0),
            ("1 lakh 20 hazar", 120_000.0),
            ("15000/-", 15_000.0),
            ("Rs. 999/-", 999.0),
            ("MXN 2,000", 2000.0),
            ("30mil", 30_000.0),
            ("15 000 €", 15_000.0),
            ("dhai hazaar", 2500.0),
            ("ढाई हज़ार", 2500.0),
            ("dedh lakh", 150_000.0),
            ("sava lakh", 125_000.0),
            ("saadhe teen hazaar", 3500.0),
            ("साढ़े पाँच हज़ार", 5500.0),
            ("paune do lakh", 175_000.0),
            ("half a million", 500_000.0),
            ("15-20k", 20_000.0),
            ("10 se 15 hazaar", 15_000.0),
            ("500 - 800", 800.0),
            ("500 to 2k", 2000.0),
            ("2 hzr", 2000.0),
            ("2 hzr k", 2000.0),
            ("2000 k", 2000.0),
            ("65 k", 65_000.0),
            ("50 lucas", 50_000.0),
            ("dedh lkh", 150_000.0),
            ("sadhey teen hjar", 3500.0),
            ("साडे तीन हज़ार", 3500.0),
            ("adhaai lakh", 250_000.0),
            ("pauney do hzr", 1750.0),
            ("60 eurillos", 60.0),
            ("500 o 600 euros", 600.0),
            ("dos o tres mil", 3000.0),
            ("5 या 6 हज़ार", 6000.0),
            ("600 euros o así", 600.0),
            ("sava sau", 125.0),
            ("paune sau", 75.0),
            ("paune do sau", 175.0),
            ("1 200 000 pesos", 1_200_000.0),
        ] {
            assert_eq!(amount(text), Some(n), "{text}");
        }
        assert_eq!(lower_amount("15-20k"), Some(15_000.0));
        assert_eq!(lower_amount("500 to 2k"), Some(500.0));
        assert_eq!(lower_amount("dos o tres mil"), Some(2000.0));
        assert_eq!(lower_amount("₹15,000"), Some(15_000.0));
        assert_eq!(amount("cheap"), None);
        assert_eq!(amount(""), None);
        assert_eq!(amount(&"9".repeat(400)), None);
    }

    #[test]
    fn quantities() {
        for (text, n) in [
            ("two", 2.0),
            ("50", 50.0),
            ("do", 2.0),
            ("5 pieces", 5.0),
            ("una docena", 12.0),
            ("half a dozen", 6.0),
            ("media docena", 6.0),
            ("a couple", 2.0),
            ("un par", 2.0),
            ("one pair", 1.0),
            ("तीन", 3.0),
            ("2 dozen", 24.0),
            ("१०० पीस", 100.0),
            ("twenty five", 25.0),
            ("treinta y dos", 32.0),
            ("pachaas", 50.0),
            ("5 or 6 pieces", 6.0),
            ("dos o tres", 3.0),
            ("2 ya 3", 3.0),
            ("ocho o más", 8.0),
            ("2 ya", 2.0),
        ] {
            assert_eq!(quantity(text), Some(n), "{text}");
        }
    }

    #[test]
    fn currencies() {
        for (text, code) in [
            ("₹15,000", Some("INR")),
            ("Rs. 999/-", Some("INR")),
            ("rs999", Some("INR")),
            ("20 हज़ार रुपये", Some("INR")),
            ("300 euros", Some("EUR")),
            ("1.200 €", Some("EUR")),
            ("MXN 2,000", Some("MXN")),
            ("US$ 20", Some("USD")),
            ("20 dólares", Some("USD")),
            ("80 bucks", Some("USD")),
            ("$20", None),
            ("2000 pesos", None),
            ("20k", None),
        ] {
            assert_eq!(currency(text), code, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}|[0-9., k₹\\-'a-z]{0,40}|(sava|lakh|mil|9+|-|साढ़े| ){0,12}") {
            for n in [amount(&text), lower_amount(&text), quantity(&text)].into_iter().flatten() {
                prop_assert!(n.is_finite());
            }
            let _ = currency(&text);
        }
    }
}
