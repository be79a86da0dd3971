//! The details of a wish, read from the whole message: "200 litre se upar, 5 star", "noise cancelling", "good camera".

use super::traits::{Name, Traits, figure};
use crate::shop::i18n::Texts;
use crate::shop::text::words;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

mod cues;

use cues::{
    ARTICLES, BETWEEN, GOOD, LESS_BEFORE, LESS_BEHIND, MORE_BEFORE, MORE_BEHIND, NOT, NOT_BEHIND, NUMBERS,
    TAKE_BACK, TAKEN_BACK,
};

/// How a figure binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// That much.
    Exactly,
    /// That much or more.
    AtLeast,
    /// That much or less.
    AtMost,
}

/// A figure that is wished for.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Places of the figures that it may be of, the likeliest first.
    pub measures: Vec<usize>,
    /// How much.
    pub number: f64,
    /// The other end of "8 or 9 kg", "7 to 8 kg".
    pub other: Option<f64>,
    /// How it binds.
    pub bound: Bound,
}

/// What a message wishes in detail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    /// Figures.
    pub quantities: Vec<Quantity>,
    /// Figures of which much is wished, or little where that is better.
    pub good: BTreeSet<usize>,
    /// Properties.
    pub traits: BTreeSet<usize>,
    /// Figures that are named without a number.
    pub named: BTreeSet<usize>,
    /// Words that belong to any of these.
    pub used: BTreeSet<String>,
}

/// Numbers as a text's words have them: without accents, and "tres" without what looks like a plural.
static SPELT: LazyLock<HashMap<String, f64>> =
    LazyLock::new(|| NUMBERS.iter().flat_map(|(said, n)| words(said).into_iter().map(|w| (w, *n))).collect());

/// What joins two numbers that are both fine.
const OR: [&str; 9] = ["or", "to", "ya", "o", "u", "a", "या", "से", "se"];

fn is(list: &[&str], said: &str) -> bool {
    list.iter().any(|w| crate::shop::text::fold(w) == said)
}

/// Splits "8gb" and "200l" into number and unit.
fn split(said: Vec<String>) -> Vec<String> {
    let mut all = Vec::with_capacity(said.len());
    for word in said {
        let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
        let (number, unit) = word.split_at(digits);
        if number.is_empty() || unit.is_empty() {
            all.push(word);
        } else {
            all.extend([number.to_owned(), unit.to_owned()]);
        }
    }
    all
}

fn number(word: &str) -> Option<f64> {
    let digits =
        word.parse::<f64>().ok().filter(|n| n.is_finite() && word.starts_with(|c: char| c.is_ascii_digit()));
    digits.or_else(|| SPELT.get(word).copied())
}

/// Whether one of the phrases ends right before `at`, or begins there.
fn stands(said: &[String], at: usize, phrases: &[&str], before: bool) -> bool {
    phrases.iter().any(|phrase| {
        let phrase = words(phrase);
        let from = if before { at.checked_sub(phrase.len()) } else { Some(at) };
        from.is_some_and(|from| said.get(from..from + phrase.len()).is_some_and(|w| w == phrase.as_slice()))
    })
}

impl Traits {
    /// Reads a message.
    #[must_use]
    pub fn read(&self, text: &str) -> Wishes {
        let whole = words(text);
        let mut wishes = Wishes::default();
        // "5g", "4k" are written as one word; what is left is split into numbers and units.
        let mut rest: Vec<String> = Vec::new();
        let mut at = 0;
        while at < whole.len() {
            let one = self.phrase(&whole[at..]).filter(|(n, names)| {
                names.iter().all(|n| matches!(n, Name::Trait(_)))
                    && whole[at..at + n].iter().any(|w| w.bytes().any(|b| b.is_ascii_digit()))
            });
            match one {
                Some((n, names)) => {
                    self.take(&mut wishes, names, &whole, at, n);
                    at += n;
                }
                None => {
                    rest.push(whole[at].clone());
                    at += 1;
                }
            }
        }
        let said = split(rest);
        let (mut at, mut free) = (0, 0);
        while at < said.len() {
            let found = self.alternatives(&said, at).or_else(|| self.quantity(&said, (free, at)));
            if let Some((n, quantity)) = found {
                wishes.used.extend(said[at..at + n].iter().cloned());
                if taken_back(&said, at, n) {
                    let same = |q: &Quantity| q.measures == quantity.measures && q.number == quantity.number;
                    wishes.quantities.retain(|q| !same(q));
                } else {
                    // Who changes their mind means the later figure.
                    wishes
                        .quantities
                        .retain(|q| q.measures != quantity.measures || !same_side(q.bound, quantity.bound));
                    wishes.quantities.push(quantity);
                }
                at += n;
                free = at;
                continue;
            }
            match self.phrase(&said[at..]) {
                Some((n, names)) => {
                    self.take(&mut wishes, names, &said, at, n);
                    at += n;
                }
                None => at += 1,
            }
        }
        wishes
    }

    fn take(&self, wishes: &mut Wishes, names: &BTreeSet<Name>, said: &[String], at: usize, length: usize) {
        let before = |n: usize| at.checked_sub(n).map(|i| said[i].as_str());
        let denied = (1..=2).any(|n| {
            before(n).is_some_and(|w| is(&NOT, w)) && (n == 1 || before(1).is_some_and(|w| is(&BETWEEN, w)))
        }) || said.get(at + length).is_some_and(|w| is(&NOT_BEHIND, w));
        wishes.used.extend(said[at..at + length].iter().cloned());
        let good = self.praised(said, at, length);
        for name in names {
            match name {
                Name::Good(i) => {
                    wishes.good.insert(*i);
                }
                Name::Measure(i) => {
                    wishes.named.insert(*i);
                    if good {
                        wishes.good.insert(*i);
                    }
                }
                Name::Trait(i) if !denied => {
                    wishes.traits.insert(*i);
                }
                Name::Trait(_) => {}
            }
        }
    }

    /// Whether an adjective goes with the name: "good camera", "camera acha ho", "batería que dure".
    fn praised(&self, said: &[String], at: usize, length: usize) -> bool {
        let near = |place: Option<usize>| place.and_then(|p| said.get(p)).map(String::as_str);
        let (one, two) = (near(at.checked_sub(1)), near(at.checked_sub(2)));
        let (next, after) = (near(Some(at + length)), near(Some(at + length + 1)));
        let good = |w: Option<&str>| w.is_some_and(|w| is(&GOOD, w));
        let between = |w: Option<&str>| w.is_some_and(|w| is(&BETWEEN, w) || w == "que" || w == "muy");
        good(one) || (between(one) && good(two)) || good(next) || (between(next) && good(after))
    }

    /// Two numbers of one thing that are both fine, and the words that they take.
    fn alternatives(&self, said: &[String], at: usize) -> Option<(usize, Quantity)> {
        let digits = |i: usize| said.get(i).filter(|w| w.starts_with(|c: char| c.is_ascii_digit()));
        let first = number(digits(at)?)?;
        let unit = said.get(at + 1).and_then(|w| self.unit(w));
        let joiner = at + if unit.is_some() { 2 } else { 1 };
        let second = if said.get(joiner).is_some_and(|w| is(&OR, w)) { joiner + 1 } else { joiner };
        // "7-8 kg" is written without a word between.
        if second == joiner && unit.is_some() {
            return None;
        }
        digits(second)?;
        let (length, quantity) = self.quantity(said, (second, second))?;
        let alike = unit.is_none_or(|u| quantity.measures.iter().any(|m| u.contains(m)));
        let exactly = quantity.bound == Bound::Exactly;
        // "16 512 gb" are two figures, "8 10 kg" are two ends of one.
        let near = second > joiner || (first < quantity.number && first * 2.0 > quantity.number);
        (alike && exactly && near)
            .then(|| (second + length - at, Quantity { other: Some(first), ..quantity }))
    }

    /// A number with what it measures, and the words that it takes.
    /// `free`: from here on no quantity has taken a word.
    fn quantity(&self, said: &[String], (free, at): (usize, usize)) -> Option<(usize, Quantity)> {
        let n = number(&said[at])?;
        // "What do people say": not two of them.
        if said[at] == "do" && said.get(at + 1).is_some_and(|w| w == "people") {
            return None;
        }
        let next = |i: usize| said.get(at + i).map(String::as_str);
        let spoken = !said[at].starts_with(|c: char| c.is_ascii_digit());
        let unit = next(1).and_then(|w| self.unit(w));
        let length = if unit.is_some() { 2 } else { 1 };
        // "16 gb de ram", "16 de ram", "ram 16 gb", "16gb ki ram".
        let behind = (0..3).find_map(|skip| {
            let between = (0..skip).all(|i| next(length + i).is_some_and(|w| is(&BETWEEN, w)));
            let (words, names) = self.phrase(said.get(at + length + skip..)?).filter(|_| between)?;
            Some((length + skip + words, names))
        });
        // "RAM 16", "a family of 5".
        let ahead = (1..=2).find_map(|n| {
            let from = at.checked_sub(n).filter(|i| *i >= free)?;
            let (words, names) = self.phrase(&said[from..at])?;
            (words == n).then_some((length, names))
        });
        let of = |names: &BTreeSet<Name>| -> Vec<usize> {
            let named = names.iter().filter_map(|n| if let Name::Measure(i) = n { Some(*i) } else { None });
            named.filter(|i| unit.map_or(self.measures[*i].bare, |u| u.contains(i))).collect()
        };
        let named = [behind, ahead].into_iter().flatten().find_map(|(length, names)| {
            let measures = of(names);
            let told = unit.is_some() || !spoken;
            (told && !measures.is_empty()).then_some((length, measures))
        });
        let (length, measures) = named.or_else(|| {
            // What only a word tells comes last: "16 GB" of a laptop is its memory, if no disk is that small.
            let beside = |told: bool| {
                unit.into_iter().flatten().copied().filter(move |i| self.measures[*i].beside == told)
            };
            let plain: Vec<usize> = beside(false).collect();
            (!plain.is_empty()).then(|| (2, plain.into_iter().chain(beside(true)).collect()))
        })?;
        let number = if next(1).is_some_and(|w| w == "tb" || w == "टीबी") { n * 1024.0 } else { n };
        let end = at + if unit.is_some() { 2 } else { 1 };
        let bound = if stands(said, at, &MORE_BEFORE, true)
            || stands(said, end, &MORE_BEHIND, false)
            || stands(said, at + length, &MORE_BEHIND, false)
        {
            Bound::AtLeast
        } else if stands(said, at, &LESS_BEFORE, true)
            || stands(said, end, &LESS_BEHIND, false)
            || stands(said, at + length, &LESS_BEHIND, false)
        {
            Bound::AtMost
        } else {
            Bound::Exactly
        };
        Some((length, Quantity { measures, number, other: None, bound }))
    }

    /// A quantity in words, by variety.
    #[must_use]
    pub fn say(&self, quantity: &Quantity, measure: usize) -> Texts {
        const MORE: [&str; 4] = [" or more", " o más", " या ज़्यादा", " ya zyada"];
        const LESS: [&str; 4] = [" or less", " o menos", " या कम", " ya kam"];
        let (least, most) = quantity.ends();
        let mut said = self.measures[measure].say(most);
        if quantity.other.is_some() {
            said.0.iter_mut().for_each(|text| *text = format!("{}–{text}", figure(least)));
        }
        for (i, text) in said.0.iter_mut().enumerate() {
            text.push_str(match quantity.bound {
                Bound::Exactly => "",
                Bound::AtLeast => MORE[i],
                Bound::AtMost => LESS[i],
            });
        }
        said
    }
}

/// Whether the quantity of so many words is one that is wished no more: "forget the 5 people", "5 लोग वाली बात हटा दो".
fn taken_back(said: &[String], at: usize, length: usize) -> bool {
    let before = said[..at].iter().rev().take(3).position(|w| is(&TAKE_BACK, w));
    let plain = |n: &usize| said[at - n..at].iter().all(|w| is(&ARTICLES, w));
    let not = |n: &usize| at.checked_sub(n + 2).is_some_and(|i| is(&NOT, &said[i]) || said[i] == "dont");
    let behind = said[at + length..].iter().take(4).take_while(|w| number(w).is_none());
    before.is_some_and(|n| plain(&n) && !not(&n)) || behind.into_iter().any(|w| is(&TAKEN_BACK, w))
}

fn same_side(a: Bound, b: Bound) -> bool {
    a == b || a == Bound::Exactly || b == Bound::Exactly
}

impl Quantity {
    /// The least and the most that it names.
    fn ends(&self) -> (f64, f64) {
        let other = self.other.unwrap_or(self.number);
        (other.min(self.number), other.max(self.number))
    }

    /// Whether a figure satisfies it.
    #[must_use]
    pub fn is(&self, figure: f64) -> bool {
        match self.bound {
            Bound::Exactly if self.other.is_some() => {
                let (least, most) = self.ends();
                (least..=most).contains(&figure)
            }
            Bound::Exactly => (figure - self.number).abs() < 1e-9,
            Bound::AtLeast => figure >= self.number,
            Bound::AtMost => figure <= self.number,
        }
    }

    /// Whether a figure is as much as all that it names.
    #[must_use]
    pub fn is_reached_by(&self, figure: f64) -> bool {
        figure >= self.ends().1
    }

    /// Whether a size says the same number: "8" of "8 gig ram" is no shoe size.
    #[must_use]
    pub fn is_size(&self, size: &str) -> bool {
        let digits: String =
            crate::shop::text::fold(size).chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
        digits == figure(self.number)
            || self.other.is_some_and(|other| digits == figure(other))
            || (self.number >= 1024.0 && digits == figure(self.number / 1024.0))
    }
}

#[cfg(test)]
mod tests;
