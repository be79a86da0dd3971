//! Lookup tables and regular expressions of the training data, as features of words.

use super::name;
use crate::{
    data::{Lookup, Pattern},
    text::{Analysis, normalize::fold_word},
};
use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

const LOOKUP: u8 = 42;
const PATTERN: u8 = 43;
/// Phrases of more words than this are not looked up.
const LONGEST: usize = 6;

/// What was read, as kept in the artefact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    /// Lookup tables.
    pub lookups: Vec<Lookup>,
    /// Regular expressions.
    pub patterns: Vec<Pattern>,
    /// Variant (lower case) → canonical value.
    pub synonyms: BTreeMap<String, String>,
}

/// [`Tables`] ready for use.
#[derive(Debug, Default)]
pub struct Gazetteer {
    tables: Tables,
    phrases: HashMap<String, Vec<u64>>,
    /// Words of the longest phrase.
    longest: usize,
    patterns: Vec<Feature>,
}

/// A pattern ready for use.
#[derive(Debug)]
struct Feature {
    name: u64,
    exact: Regex,
    /// Matches wherever the pattern does, and is quicker: word boundaries of Unicode keep a search out of its automaton as soon as
    /// a text is not ASCII.
    loose: Option<Regex>,
    /// No text without a digit matches.
    digits: bool,
}

impl Feature {
    fn new(pattern: &Pattern) -> Option<Self> {
        let exact = Regex::new(&pattern.pattern).ok()?;
        let hir = regex_syntax::parse(&pattern.pattern).ok()?;
        let loose = Regex::new(&loosened(&hir).to_string()).ok();
        Some(Self { name: name(PATTERN, &pattern.name), exact, loose, digits: needs_digit(&hir) })
    }

    fn may_match(&self, text: &str, digits: bool) -> bool {
        (digits || !self.digits) && self.loose.as_ref().is_none_or(|loose| loose.is_match(text))
    }
}

impl Gazetteer {
    /// Prepares tables; patterns that do not compile are left out (reading has refused them already).
    pub fn new(tables: Tables) -> Self {
        let mut phrases: HashMap<String, Vec<u64>> = HashMap::new();
        for table in &tables.lookups {
            for phrase in &table.phrases {
                let key = key(&Analysis::new(phrase));
                phrases.entry(key).or_default().push(name(LOOKUP, &table.name));
            }
        }
        let longest = phrases.keys().map(|key| key.split(' ').count()).max().unwrap_or(0);
        let patterns = tables.patterns.iter().filter_map(Feature::new).collect();
        Self { tables, phrases, longest, patterns }
    }

    /// The tables.
    pub const fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Features of each word: the tables that a phrase over it is in, the patterns that match over it.
    pub fn features(&self, text: &Analysis) -> Vec<Vec<u64>> {
        let mut out = vec![Vec::new(); text.words.len()];
        if !self.phrases.is_empty() {
            let mut key = String::new();
            for start in 0..text.words.len() {
                key.clear();
                for length in 1..=self.longest.min(text.words.len() - start) {
                    if length > 1 {
                        key.push(' ');
                    }
                    key.push_str(&text.words[start + length - 1].fold);
                    for &feature in self.phrases.get(&key).into_iter().flatten() {
                        out[start..start + length].iter_mut().for_each(|f| f.push(feature));
                    }
                }
            }
        }
        let digits = text.normal.text.chars().any(char::is_numeric);
        for pattern in self.patterns.iter().filter(|p| p.may_match(&text.normal.text, digits)) {
            for found in pattern.exact.find_iter(&text.normal.text).filter(|m| !m.is_empty()) {
                for (word, features) in text.words.iter().zip(&mut out) {
                    if word.bytes.0 < found.end() && found.start() < word.bytes.1 {
                        features.push(pattern.name);
                    }
                }
            }
        }
        out
    }

    /// The canonical value of a span's text, if it is a synonym's variant.
    pub fn canonical(&self, text: &str) -> Option<&str> {
        let synonyms = &self.tables.synonyms;
        synonyms.get(&text.to_lowercase()).or_else(|| synonyms.get(&fold_word(text))).map(String::as_str)
    }
}

/// A pattern that matches wherever the one given does: without what it asks of the places around its characters.
fn loosened(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(it) => {
            let mut it = it.clone();
            it.sub = Box::new(loosened(&it.sub));
            Hir::repetition(it)
        }
        HirKind::Capture(it) => loosened(&it.sub),
        HirKind::Concat(all) => Hir::concat(all.iter().map(loosened).collect()),
        HirKind::Alternation(all) => Hir::alternation(all.iter().map(loosened).collect()),
    }
}

/// Whether all that a pattern matches has a digit, of whatever script.
fn needs_digit(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(it) => std::str::from_utf8(&it.0).is_ok_and(|text| text.contains(char::is_numeric)),
        HirKind::Class(Class::Unicode(it)) => it.iter().all(|r| (r.start()..=r.end()).all(char::is_numeric)),
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(it) => it.min > 0 && needs_digit(&it.sub),
        HirKind::Capture(it) => needs_digit(&it.sub),
        HirKind::Concat(all) => all.iter().any(needs_digit),
        HirKind::Alternation(all) => all.iter().all(needs_digit),
    }
}

fn key(phrase: &Analysis) -> String {
    let words: Vec<&str> = phrase.words.iter().take(LONGEST).map(|w| w.fold.as_str()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_patterns_and_synonyms() {
        let gazetteer = Gazetteer::new(Tables {
            lookups: vec![Lookup { name: "city".into(), phrases: vec!["Ciudad de México".into()] }],
            patterns: vec![Pattern { name: "pincode".into(), pattern: r"\b\d{6}\b".into() }],
            synonyms: BTreeMap::from([("kala".into(), "black".into())]),
        });
        let features = gazetteer.features(&Analysis::new("en CIUDAD de Mexico ११०००१"));
        assert_eq!(features.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 1, 1, 1]);
        assert_ne!(features[1], features[4]);
        assert_eq!(gazetteer.canonical("Kala"), Some("black"));
    }

    #[test]
    fn what_is_left_out_beforehand_matches_nothing() {
        let pattern = |(n, p): (usize, &&str)| Pattern { name: n.to_string(), pattern: (*p).into() };
        let patterns = [
            r"(?i)\bORD[-_ ]?\d{3,12}\b",
            r"(?i)\b\d{1,3} ?(?:gb|जीबी)\b",
            r"^(?:no|नहीं)\b",
            r"\b\d{5}\b$",
            r"#\s?\d+|\B₹\b",
        ];
        let tables =
            Tables { patterns: patterns.iter().enumerate().map(pattern).collect(), ..Tables::default() };
        let quick = Gazetteer::new(tables.clone());
        assert_eq!(
            quick.patterns.iter().map(|p| p.digits).collect::<Vec<_>>(),
            [true, true, false, true, false]
        );
        let mut all = Gazetteer::new(tables);
        all.patterns.iter_mut().for_each(|p| (p.loose, p.digits) = (None, false));
        for text in [
            "ord-1234 kahan hai",
            "मेरा ORD 1234 कहाँ है",
            "word1234",
            "128जीबी वाला",
            "8 gb or 128 GBs",
            "नहीं, #77",
            "say no",
            "pin 28013",
            "२८०१३",
            "₹500",
            "",
        ] {
            let text = Analysis::new(text);
            assert_eq!(quick.features(&text), all.features(&text), "{}", text.normal.text);
        }
    }
}
