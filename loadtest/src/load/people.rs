//! The customers: each has a variety, a business number they write to, a telephone number that tells who they are, and a
//! first name that nobody else has, so that an answer meant for another is seen at once.

use super::scenario::Scenario;

/// What somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variety {
    /// English.
    En,
    /// Spanish.
    Es,
    /// Hindi in Devanagari.
    Hi,
    /// Hindi in Latin letters, mixed with English.
    HiLatn,
}

impl Variety {
    /// In the order of the scenario's shares.
    pub const ALL: [Self; 4] = [Self::En, Self::Es, Self::Hi, Self::HiLatn];

    /// The code that the assistant uses.
    pub fn code(self) -> &'static str {
        ["en", "es", "hi", "hi-Latn"][self as usize]
    }
}

/// A business number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Meta's id.
    pub id: String,
    /// As shown, digits.
    pub display: String,
}

/// The numbers of a run. The first three are those that the shop's settings place in India, Spain and Mexico; the others
/// are India's by default.
pub fn numbers(count: u32) -> Vec<Number> {
    let number = |i: u32| match i {
        0 => Number { id: "106540352242922".into(), display: "919810000000".into() },
        1 => Number { id: "106540352242923".into(), display: "34600000000".into() },
        2 => Number { id: "106540352242924".into(), display: "525500000000".into() },
        _ => Number { id: format!("1065403522430{i:02}"), display: format!("9198100009{i:02}") },
    };
    (0..count).map(number).collect()
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they write.
    pub variety: Variety,
    /// Index of the business number they write to.
    pub number: usize,
    /// First name, theirs alone.
    pub name: String,
    /// Telephone number in digits; ends with the person's index in eight digits.
    pub wa_id: String,
    /// Whether the shop has orders of theirs.
    pub known: bool,
    /// Country of the business number: `IN`, `ES`, `MX`.
    pub country: &'static str,
}

const SYLLABLES: [&str; 25] = [
    "ba", "de", "fi", "go", "ka", "la", "me", "ni", "po", "ra", "se", "ti", "vo", "ya", "zu", "bri", "cho",
    "dha", "gre", "jo", "kri", "mu", "pre", "sha", "vi",
];

/// A name that no other index has.
fn name(index: u32) -> String {
    let mut rest = index as usize;
    let mut name = String::from(["Ar", "El", "In", "Os"][rest % 4]);
    rest /= 4;
    for _ in 0..4 {
        name.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    name
}

impl Person {
    /// The person with that index; `base` is added to the index in the telephone number, so that two runs against the same
    /// engine have different people.
    pub fn new(scenario: &Scenario, base: u32, index: u32) -> Self {
        let mut dice = fastrand::Rng::with_seed(scenario.seed.rotate_left(32) ^ u64::from(index));
        let shares = scenario.mix.varieties;
        let mut place = dice.f64() * shares.iter().sum::<f64>();
        let mut variety = Variety::En;
        for (candidate, share) in Variety::ALL.into_iter().zip(shares) {
            variety = candidate;
            place -= share;
            if place < 0.0 {
                break;
            }
        }
        let count = scenario.numbers.count as usize;
        let number = match variety {
            Variety::Es if count > 2 => 1 + dice.usize(..2),
            // The second and third are those of Spain and Mexico.
            _ if count > 3 => match dice.usize(..count - 2) {
                0 => 0,
                other => other + 2,
            },
            _ => 0,
        };
        // None of these are numbers of the shop's own customers.
        let (prefix, country) = match number {
            1 => ("347", "ES"),
            2 => ("5256", "MX"),
            _ => ("9170", "IN"),
        };
        Self {
            variety,
            number,
            name: name(index),
            wa_id: format!("{prefix}{:08}", base + index),
            known: dice.f64() < scenario.mix.known,
            country,
        }
    }
}

/// The index of the person with that telephone number.
pub fn index(wa_id: &str, base: u32) -> Option<u32> {
    let digits = wa_id.len().checked_sub(8).and_then(|at| wa_id.get(at..))?;
    digits.parse::<u32>().ok()?.checked_sub(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::HashSet, path::Path};

    fn scenario() -> Scenario {
        let text = "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=1\n";
        Scenario::parse(text, Path::new("x.toml")).unwrap()
    }

    #[test]
    fn names_and_telephone_numbers_tell_who_it_is() {
        let scenario = scenario();
        let people: Vec<_> = (0..20_000).map(|i| Person::new(&scenario, 3_000_000, i)).collect();
        assert_eq!(people.iter().map(|p| &p.name).collect::<HashSet<_>>().len(), people.len());
        for (i, person) in people.iter().enumerate() {
            assert_eq!(index(&person.wa_id, 3_000_000), Some(i as u32));
            assert_eq!(person.variety == Variety::Es, matches!(person.number, 1 | 2));
        }
        assert_eq!(index("123", 0), None);
        assert_eq!(index("919800000005", 6), None);
    }

    #[test]
    fn all_numbers_are_used_and_the_shares_hold() {
        for (count, used) in [(1, 1), (2, 1), (3, 3), (4, 4), (8, 8), (20, 20)] {
            let mut scenario = scenario();
            scenario.numbers.count = count;
            let mut writers = vec![0.0_f64; count as usize];
            (0..8_000).for_each(|i| writers[Person::new(&scenario, 0, i).number] += 1.0);
            assert_eq!(writers.iter().filter(|n| **n > 0.0).count(), used, "{count}");
            // Those that are not Spanish-speaking are written to alike.
            if let Some((first, others)) = writers.split_first().filter(|_| count > 3) {
                assert!(others[2..].iter().all(|n| (n / first - 1.0).abs() < 0.25), "{writers:?}");
            }
        }
        let scenario = scenario();
        let people: Vec<_> = (0..8_000).map(|i| Person::new(&scenario, 0, i)).collect();
        let spanish = people.iter().filter(|p| p.variety == Variety::Es).count() as f64;
        assert!((spanish / 8_000.0 - 0.25).abs() < 0.03);
    }
}
