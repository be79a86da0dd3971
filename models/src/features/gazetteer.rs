//! Lookup tables and regular expressions of the training data, as features of words.

use super::name;
use crate::{
    data::{Lookup, Pattern},
    text::{Analysis, normalize::fold_word},
};
use regex::Regex;
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
    patterns: Vec<(u64, Regex)>,
}

impl Gazetteer {
    /// Prepares tables; patterns that do not compile are left out (reading has refused them already).
    pub fn new(tables: Tables) -> Self {
        let mut phrases: HashMap<String, Vec<u64>> = HashMap::new();
        for table in &tables.lookups {
            for phrase in &table.phrases {
                let key = key(&Analysis::new(phrase), 0, LONGEST);
                phrases.entry(key).or_default().push(name(LOOKUP, &table.name));
            }
        }
        let patterns = tables
            .patterns
            .iter()
            .filter_map(|p| Some((name(PATTERN, &p.name), Regex::new(&p.pattern).ok()?)))
            .collect();
        Self { tables, phrases, patterns }
    }

    /// The tables.
    pub const fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Features of each word: the tables that a phrase over it is in, the patterns that match over it.
    pub fn features(&self, text: &Analysis) -> Vec<Vec<u64>> {
        let mut out = vec![Vec::new(); text.words.len()];
        if !self.phrases.is_empty() {
            for start in 0..text.words.len() {
                for length in 1..=LONGEST.min(text.words.len() - start) {
                    for &feature in self.phrases.get(&key(text, start, length)).into_iter().flatten() {
                        out[start..start + length].iter_mut().for_each(|f| f.push(feature));
                    }
                }
            }
        }
        for (feature, pattern) in &self.patterns {
            for found in pattern.find_iter(&text.normal.text).filter(|m| !m.is_empty()) {
                for (word, features) in text.words.iter().zip(&mut out) {
                    if word.bytes.0 < found.end() && found.start() < word.bytes.1 {
                        features.push(*feature);
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

fn key(text: &Analysis, start: usize, length: usize) -> String {
    let words: Vec<&str> = text.words.iter().skip(start).take(length).map(|w| w.fold.as_str()).collect();
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
}
