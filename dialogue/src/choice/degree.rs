//! "The small one", "el sony barato", "छोटा वाला", "el normal", "el que no es pro": of the options shown the one that has most or
//! least of something, that has nothing behind the name, or that is not called what the message rules out.

use super::pointed::beside;
use super::reference::amounts;
use super::{alike, filler, spellings, vocabulary};
use crate::event::Understanding;
use crate::fold::{listed as is, words};
use crate::negation::{self, Verdict, words_at};
use crate::render::Offered;
use std::collections::BTreeSet;

const CHEAP: &str = "cheap cheapest cheaper sasta sasti saste sastaa barato barata baratos baratas economico economica सस्ता सस्ती सस्ते";
const DEAR: &str = "dear dearest dearer costly costliest pricey priciest pricier expensive mehnga mehngi mehnge mahanga mahangi caro cara \
    caros caras महंगा महंगी महंगे";
const SMALL: &str = "small smaller smallest little tiny compact mini chico chica chicos chicas pequeno pequena pequenos pequenas \
    chiquito chiquita menor chhota chhoti chhote chota choti chote छोटा छोटी छोटे";
const BIG: &str =
    "big bigger biggest large larger largest grande grandes mayor bada badi bade badaa बड़ा बड़ी बड़े";
const PLAIN: &str = "normal regular plain basic standard base comun sencillo sencilla simple saada sada नॉर्मल नार्मल सादा साधारण";
/// Words that go with these, or with what is left.
const BESIDE: &str = "sabse most mas least zyada jyada सबसे ज्यादा ज़्यादा version model modelo jo jis me mein inme inmen unme dono in \
    of two both ellos esos estos ellas esas que cual which is es का में इनमें";
/// Words that make a limit of a number.
const LIMIT: &str = "under below less than within upto tak andar niche neeche kam upar above over menos hasta debajo desde कम तक अंदर नीचे ऊपर";
/// Units of the figures in names.
const UNITS: &str = "l ltr litre litres liter liters litro litros ton tons inch inches in pulgadas gb tb kg w watt mah ml cm लीटर इंच";
/// Words that tell that one of those shown is meant, for a superlative without article and "wala": "इनमें सबसे सस्ती कौन सी है".
const AMONG: &str = "inme inmein unme unmein dono इनमें उनमें दोनों";
/// What a Hindi superlative begins with.
const MOST: &str = "sabse सबसे";
/// What the articles of such phrases are; not "los" and "the … ones", which look for more.
const BEFORE: &str = "the that el la ese esa este esta al del वो वह wo woh vo";
/// What stands behind them in Hindi and English.
const BEHIND: &str = "wala wali vala vali waala waali one वाला वाली";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Degree {
    Price { least: bool },
    Size { least: bool },
    Plain,
}

fn degree(word: &str) -> Option<Degree> {
    Some(match word {
        w if is(CHEAP, w) => Degree::Price { least: true },
        w if is(DEAR, w) => Degree::Price { least: false },
        w if is(SMALL, w) => Degree::Size { least: true },
        w if is(BIG, w) => Degree::Size { least: false },
        w if is(PLAIN, w) => Degree::Plain,
        _ => return None,
    })
}

/// The whole name of an option: a title is cut where it is too long for a row.
fn name(option: &Offered) -> String {
    let whole = option.row.get("name").and_then(serde_json::Value::as_str);
    whole.unwrap_or(&option.title).to_owned()
}

/// The figure with a unit in a name: "242L" → 242 litres.
fn figure(name: &str) -> Option<(f64, String)> {
    let said = words(&name.replace('"', " inch "));
    said.iter().enumerate().find_map(|(at, word)| {
        let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (number, glued) = word.split_at(end);
        let unit = if glued.is_empty() { said.get(at + 1).map_or("", String::as_str) } else { glued };
        let number = number.parse().ok()?;
        is(UNITS, unit).then(|| (number, unit.chars().take(2).collect()))
    })
}

/// The rows of those that are left which the degree singles out.
fn extreme(options: &[Offered], left: &[usize], degree: Degree) -> Vec<usize> {
    let most = |figures: Vec<f64>, least: bool| -> Vec<usize> {
        let best = figures.iter().copied().reduce(|a, b| if (a < b) == least { a } else { b });
        left.iter().zip(&figures).filter(|(_, f)| Some(**f) == best).map(|(i, _)| *i).collect()
    };
    match degree {
        Degree::Price { least } => {
            let price =
                |i: &usize| amounts(options[*i].description.as_deref().unwrap_or_default()).first().copied();
            let prices: Option<Vec<f64>> = left.iter().map(price).collect();
            prices.map(|p| most(p, least)).unwrap_or_default()
        }
        Degree::Size { least } => {
            let figures: Option<Vec<(f64, String)>> =
                left.iter().map(|i| figure(&name(&options[*i]))).collect();
            match figures {
                Some(all) if all.windows(2).all(|w| w[0].1 == w[1].1) => {
                    most(all.into_iter().map(|(n, _)| n).collect(), least)
                }
                // "The big S24" of S24 and S24 Ultra may be either; the small one is the plain one.
                _ if least => extreme(options, left, Degree::Plain),
                _ => vec![],
            }
        }
        Degree::Plain => {
            let names: Vec<BTreeSet<String>> =
                left.iter().map(|i| words(&name(&options[*i])).into_iter().collect()).collect();
            let inside = |a: usize, b: usize| a != b && names[a].is_subset(&names[b]) && names[a] != names[b];
            (0..left.len())
                .filter(|a| (0..left.len()).any(|b| inside(*a, b)) && !(0..left.len()).any(|b| inside(b, *a)))
                .map(|a| left[a])
                .collect()
        }
    }
}

/// What each option is called.
fn names(options: &[Offered]) -> Vec<BTreeSet<String>> {
    options.iter().map(|o| vocabulary(o, &spellings(o, None))).collect()
}

/// Of those left the one that the degrees of a phrase single out.
fn singled(options: &[Offered], left: Vec<usize>, said: &[(String, (usize, usize))]) -> Option<usize> {
    let left = said.iter().filter_map(|(w, _)| degree(w)).fold(left, |left, d| match left.len() {
        1 => left,
        _ => extreme(options, &left, d),
    });
    match left[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// The clause of a text that has such a word, blank elsewhere so that places stay.
fn clauses(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let ends = |c: &char| matches!(c, ',' | ';' | '.' | '!' | '?' | '।' | '\n');
    let mut all = Vec::new();
    let mut from = 0;
    for to in 0..=chars.len() {
        if to == chars.len() || ends(&chars[to]) {
            let blank = |n: usize| std::iter::repeat_n(' ', n);
            all.push(blank(from).chain(chars[from..to].iter().copied()).collect());
            from = to + 1;
        }
    }
    all
}

/// What the words between two places of a clause leave of the options, and how many of them name nothing here.
fn left_of(
    own: &[BTreeSet<String>],
    said: &[(String, (usize, usize))],
    text: &str,
) -> (Vec<usize>, usize, bool) {
    let mut left: Vec<usize> = (0..own.len()).collect();
    let (mut unknown, mut ruled_out) = (0, false);
    for (word, span) in said {
        if filler::is(word) || is(BESIDE, word) || degree(word).is_some() || negation::is_cue(word) {
            continue;
        }
        let fits = |i: &usize| own[*i].iter().any(|w| alike(w, word));
        if !(0..own.len()).any(|i| fits(&i)) {
            unknown += 1;
            continue;
        }
        let denied = negation::judge(text, &[*span])[0] == Verdict::Negated || bare_of(said, *span);
        ruled_out |= denied && (0..own.len()).any(|i| !fits(&i));
        left.retain(|i| fits(i) != denied);
    }
    (left, unknown, ruled_out)
}

/// "Without pro", "sin pro", "bina pro wala".
fn bare_of(said: &[(String, (usize, usize))], span: (usize, usize)) -> bool {
    let at = said.iter().position(|(_, s)| *s == span);
    at.and_then(|at| at.checked_sub(1)).is_some_and(|b| is("without sin bina बिना non", &said[b].0))
}

/// An option that is meant by a degree or by what is ruled out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meant {
    pub option: usize,
    /// The message says nothing else.
    pub mostly: bool,
    /// It says what is not meant.
    pub ruled_out: bool,
}

/// The option that a message means by a degree or by what it rules out.
pub(super) fn meant(options: &[Offered], text: &str) -> Option<Meant> {
    if options.len() < 2 {
        return None;
    }
    // "This is small, show a bigger one" wants none of these.
    let whole = words(text);
    let small = |least: bool| whole.iter().any(|w| degree(w) == Some(Degree::Size { least }));
    if small(true) && small(false) {
        return None;
    }
    let own = names(options);
    clauses(text).iter().find_map(|clause| {
        let said = words_at(clause);
        if said.is_empty() || said.len() > 9 || said.iter().any(|(w, _)| is(LIMIT, w)) {
            return None;
        }
        let (left, unknown, ruled_out) = left_of(&own, &said, clause);
        let degrees = said.iter().any(|(w, _)| degree(w).is_some());
        if unknown > 2 || left.is_empty() || !(degrees || ruled_out) {
            return None;
        }
        let option = singled(options, left, &said)?;
        Some(Meant { option, mostly: unknown == 0, ruled_out })
    })
}

/// The same beside more words: "la samsung más chica, cuánto sale el envío", "sony wala sasta kaisa hai". The phrase must be
/// all of names and degrees, and of nothing that was not shown.
pub(super) fn pointed(options: &[Offered], text: &str, u: &Understanding) -> Option<(usize, (usize, usize))> {
    let own = names(options);
    let named = |w: &str| own.iter().any(|o| o.iter().any(|own| alike(own, w)));
    let strange = u.entities.iter().any(|e| {
        matches!(e.entity.as_str(), "product" | "category" | "brand")
            && !words(&e.text)
                .iter()
                .chain(&e.value.as_str().map(words).unwrap_or_default())
                .any(|w| named(w))
    });
    if strange || options.len() < 2 {
        return None;
    }
    clauses(text).iter().find_map(|clause| {
        let said = words_at(clause);
        let span_of = |from: usize, to: usize| -> Option<(usize, (usize, usize))> {
            let phrase = &said[from..to];
            let known = |w: &str| degree(w).is_some() || is(BESIDE, w) || named(w);
            if phrase.is_empty()
                || !phrase.iter().any(|(w, _)| degree(w).is_some())
                || !phrase.iter().all(|(w, _)| known(w))
            {
                return None;
            }
            let (left, ..) = left_of(&own, phrase, clause);
            let one = singled(options, left, phrase)?;
            Some((one, (said[from].1.0, said[to - 1].1.1)))
        };
        if said.iter().any(|(w, _)| is(LIMIT, w)) {
            return None;
        }
        let superlative = || {
            let at = said.iter().position(|(w, _)| is(MOST, w))?;
            let among = said[..at].iter().any(|(w, _)| is(AMONG, w));
            (among && at + 1 < said.len()).then(|| span_of(at, at + 2)).flatten()
        };
        beside(&said, BEFORE, BEHIND, span_of).or_else(superlative)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::tests::option;

    fn options(rows: &[(&str, &str)]) -> Vec<Offered> {
        rows.iter()
            .enumerate()
            .map(|(i, (title, description))| option(&format!("/SetSlots(sku={i})"), title, description))
            .collect()
    }

    #[test]
    fn of_several_the_one_that_is_most_or_least() {
        let fridges = options(&[
            ("LG Double Door 242L", "411,75 € (-25 %) · LG"),
            ("Samsung Double Door 236L", "391,46 € · Samsung"),
            ("Samsung Side by Side 653L", "979,30 € · Samsung"),
        ]);
        let phones = options(&[
            ("Xiaomi Redmi 13C", "127,88 € · Xiaomi"),
            ("Xiaomi Redmi Note 13", "179,10 € · Xiaomi"),
            ("Xiaomi Redmi Note 13 Pro", "289,52 € · Xiaomi"),
        ]);
        let audio = options(&[
            ("Sony WH-1000XM5", "₹27,992 (-20%) · Sony"),
            ("Sony WH-CH520", "₹4,493 (-25%) · Sony"),
            ("JBL Tune 520BT", "₹3,999 · JBL"),
            ("JBL Live 770NC", "₹11,249 · JBL"),
        ]);
        for (of, text, wanted) in [
            (&fridges, "छोटा वाला", Some(1)),
            (&fridges, "the small one", Some(1)),
            (&fridges, "the small lg", Some(0)),
            (&fridges, "la samsung más grande", Some(2)),
            (&fridges, "bada wala", Some(2)),
            (&phones, "el normal", Some(1)),
            (&phones, "the regular one please", Some(1)),
            (&phones[1..].to_vec(), "el que no es pro", Some(0)),
            (&phones[1..].to_vec(), "not the pro one", Some(0)),
            (&phones[1..].to_vec(), "bina pro wala", Some(0)),
            (&phones[1..].to_vec(), "choti wali", Some(0)),
            (&audio, "2no me jo sasta wala", Some(2)),
            (&audio, "los jbl caros, a ver", Some(3)),
            (&audio, "ese sony barato", Some(1)),
            (&audio, "the pricier sony", Some(0)),
            (&audio, "bada wala", None),
            (&audio, "sony", None),
            (&audio, "kam price wala sasta", None),
            (&audio, "where are your cheap shops in the big town", None),
        ] {
            assert_eq!(meant(of, text).map(|m| m.option), wanted, "{text}");
        }
        let u = crate::testing::understanding("ask_delivery", 0.9, &[]);
        let one = |of: &[Offered], text: &str| pointed(of, text, &u).map(|(i, _)| i);
        assert_eq!(one(&fridges, "la samsung más chica, cuánto sale el envío a valencia?"), Some(1));
        assert_eq!(one(&audio, "y ese sony barato lo hay en azul?"), Some(1));
        assert_eq!(one(&audio, "sony wala sasta kaisa hai"), None);
        assert_eq!(one(&audio, "sabse sasta wala kab aayega"), Some(2));
        assert_eq!(one(&audio, "los más baratos"), None);
        assert_eq!(one(&audio, "इनमें सबसे सस्ती कौन सी है और वारंटी कितनी है"), Some(2));
        assert_eq!(one(&audio, "inme sabse mehnga konsa hai, colour kya h"), Some(0));
        assert_eq!(one(&audio, "sabse sasta dikhao"), None);
        let other = crate::testing::understanding("search_product", 0.9, &[("product", "phone")]);
        assert!(pointed(&audio, "phone sabse sasta wala dikhao", &other).is_none());
    }
}
