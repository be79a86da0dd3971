//! "That 4500 one", "the cheapest", "la última": an option shown last by what it costs or where it stands, two such clues
//! together, or one of them with words of its name.

use super::{Named, filler, named, ordinal};
use crate::event::Understanding;
use crate::fold::{listed as is, words};
use crate::render::Offered;
use std::collections::BTreeSet;

/// Words that point at what was shown rather than asking for something.
const POINTING: &str = "wala wali wale vala vali waala waali वाला वाली वाले one ones that those woh wo vo vahi wahi वो वह वही ese esa esos \
    esas este esta ese esto primero primera segundo segunda pehla pehli";
/// Words that make a limit of a number: nothing is pointed at.
const LIMIT: &str = "under below less than within upto max maximum tak andar niche neeche kam zyada upar above over menos hasta maximo \
    debajo mas desde कम तक अंदर नीचे ज्यादा ऊपर";
const LAST: &str = "last ultimo ultima ultimos ultimas aakhri akhiri aakhiri akhri aakhree आखिरी अंतिम";
const CHEAPEST: &str = "cheapest cheaper sasta sasti saste sastaa barato barata baratos baratas economico economica सस्ता सस्ती सस्ते";
const DEAREST: &str =
    "dearest costliest priciest pricier dearer mehnga mehngi mahanga mahangi caro cara महंगा महंगी";
/// Words that go with these.
const DEGREE: &str =
    "sabse most mas least zyada सबसे ज्यादा expensive price wo woh vo वो वह ese esa este esta that";
/// How far from a price the number said may be: people round.
const ROUNDED: f64 = 0.04;

/// Whether a word says the last.
pub(super) fn is_last(word: &str) -> bool {
    is(LAST, word)
}

/// Whether a text points at something that was shown.
pub(crate) fn pointing(text: &str) -> bool {
    let said = words(text);
    said.iter().any(|w| is(POINTING, w) || is(LAST, w)) && !said.iter().any(|w| is(LIMIT, w))
}

/// The amounts of money in a text: numbers with a currency's sign before or after them.
pub(super) fn amounts(text: &str) -> Vec<f64> {
    let chars: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < chars.len()
            && (chars[at].is_ascii_digit()
                || (matches!(chars[at], '.' | ',') && chars.get(at + 1).is_some_and(char::is_ascii_digit)))
        {
            at += 1;
        }
        let sign = |c: Option<&char>| c.is_some_and(|c| matches!(c, '₹' | '$' | '€' | '£'));
        let behind = chars[at..].iter().find(|c| !c.is_whitespace() && **c != '\u{a0}');
        if sign(start.checked_sub(1).and_then(|i| chars.get(i))) || sign(behind) {
            let number: String = chars[start..at].iter().collect();
            let cents = number.len() > 3 && matches!(number.as_bytes()[number.len() - 3], b'.' | b',');
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            if let Ok(n) = digits.parse::<f64>() {
                all.push(if cents { n / 100.0 } else { n });
            }
        }
    }
    all
}

/// The rows of a list that are of one kind; buttons to go on elsewhere are none of them.
fn rows(options: &[Offered]) -> Vec<usize> {
    let stem = |o: &Offered| o.id.rsplit_once('=').map_or(o.id.clone(), |(stem, _)| stem.to_owned());
    let Some(first) = options.first().map(stem) else { return vec![] };
    (0..options.len()).filter(|i| stem(&options[*i]) == first).collect()
}

/// The option that a text refers to, if all that it says of it agrees.
pub(crate) fn referred(options: &[Offered], text: &str, u: &Understanding) -> Option<String> {
    let rows = rows(options);
    let said = words(text);
    if rows.len() < 2 || said.len() > 8 || said.iter().any(|w| is(LIMIT, w) && !is("mas", w)) {
        return None;
    }
    let whole = rows.len() == options.len();
    let price = |i: usize| amounts(options[i].description.as_deref().unwrap_or_default()).into_iter().next();
    let priced: Vec<(usize, f64)> = rows.iter().filter_map(|i| Some((*i, price(*i)?))).collect();
    let mut clues: Vec<BTreeSet<usize>> = Vec::new();
    let mut rest = 0;
    for word in &said {
        let number = word.parse::<f64>().ok().filter(|n| *n >= 20.0);
        let near: BTreeSet<usize> = match number {
            Some(n) => {
                priced.iter().filter(|(_, p)| (p - n).abs() <= p.max(n) * ROUNDED).map(|(i, _)| *i).collect()
            }
            None => BTreeSet::new(),
        };
        let extreme = |least: bool| {
            let by = |a: &&(usize, f64), b: &&(usize, f64)| a.1.total_cmp(&b.1);
            let found = if least { priced.iter().min_by(by) } else { priced.iter().max_by(by) };
            found.filter(|_| whole && priced.len() == rows.len()).map(|(i, _)| BTreeSet::from([*i]))
        };
        if !near.is_empty() {
            clues.push(near);
        } else if let Some(n) = ordinal::ordinal(word) {
            clues.extend(rows.get(n).map(|i| BTreeSet::from([*i])));
        } else if is(LAST, word) {
            clues.extend(rows.last().map(|i| BTreeSet::from([*i])));
        } else if is(CHEAPEST, word) {
            clues.extend(extreme(true));
        } else if is(DEAREST, word) {
            clues.extend(extreme(false));
        } else if !filler::is(word) && !is(DEGREE, word) {
            rest += 1;
        }
    }
    if clues.is_empty() {
        return None;
    }
    if rest > 0 {
        let some: Vec<Offered> = rows.iter().map(|i| options[*i].clone()).collect();
        let place = |id: &str| rows.iter().copied().find(|i| options[*i].id == id);
        match named(&some, None, text, u) {
            Named::One { id, .. } => clues.extend(place(&id).map(|i| BTreeSet::from([i]))),
            Named::Several(left) => clues.push(left.iter().filter_map(|o| place(&o.id)).collect()),
            Named::Nothing if rest > 1 => return None,
            Named::Nothing => {}
        }
    }
    let agreed = clues.iter().skip(1).fold(clues[0].clone(), |all, c| all.intersection(c).copied().collect());
    match agreed.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => Some(options[*one].id.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::tests::option;

    fn shown() -> Vec<Offered> {
        [
            ("A", "boAt Airdopes 141", "₹1,572 (-65%) · boAt"),
            ("B", "OnePlus Buds 3", "₹4,524 · OnePlus"),
            ("C", "AirPods 4", "129,90 € · Apple"),
        ]
        .into_iter()
        .map(|(id, title, description)| {
            option(&format!("/StartFlow(product_details, sku={id})"), title, description)
        })
        .collect()
    }

    fn plain(text: &str) -> Understanding {
        crate::testing::understanding("inform", 0.4, &[("product", text)])
    }

    #[test]
    fn prices_places_and_superlatives_point_at_one() {
        let options = shown();
        let found = |text: &str| {
            let mut u = plain(text);
            u.entities.clear();
            referred(&options, text, &u).map(|id| id[id.len() - 2..id.len() - 1].to_owned())
        };
        for (text, id) in [
            ("wo 4500 wala", Some("B")),
            ("the cheapest one", Some("C")),
            ("sabse sasta wala", Some("C")),
            ("la más barata", Some("C")),
            ("la última", Some("C")),
            ("सबसे महंगा वाला", Some("B")),
            ("dusra wala, 4500 wala", Some("B")),
            ("pehla wala, 4500 wala", None),
            ("el de 130", Some("C")),
            ("4500 se kam", None),
            ("do you deliver to my house", None),
        ] {
            assert_eq!(found(text).as_deref(), id, "{text}");
        }
        assert_eq!(amounts("₹1,04,999 (-3%) · $12,999.00 · 1.299,00 €"), [104_999.0, 12_999.0, 1299.0]);
        assert!(pointing("wo 4500 wala") && pointing("the black one") && !pointing("3000 se kam wala"));
    }
}
