//! The shop's vocabulary: which words mean which kind, category, brand or colour, in any of the four varieties.

use super::catalog::Catalogue;
use super::text::{slip, words};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a word can mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// A kind's id.
    Kind(String),
    /// A category's id.
    Category(String),
    /// A brand.
    Brand(String),
    /// A canonical colour.
    Color(String),
}

/// Longest phrase of the vocabulary, in words.
const PHRASE: usize = 4;

/// Lookup from phrases (words joined by a blank) to meanings.
#[derive(Debug)]
pub struct Vocabulary {
    phrases: HashMap<String, BTreeSet<Term>>,
    stop: HashSet<String>,
    models: HashMap<String, String>,
    /// Words of makers whose things the shop does not sell: no slips for those that it sells.
    strange: HashSet<String>,
}

impl Vocabulary {
    /// Collects all words of the catalogue.
    #[must_use]
    pub fn new(catalogue: &Catalogue) -> Vocabulary {
        let mut phrases: HashMap<String, BTreeSet<Term>> = HashMap::new();
        let mut add = |text: &str, term: Term| {
            phrases.entry(words(text).join(" ")).or_default().insert(term);
        };
        for kind in &catalogue.kinds {
            for text in kind.words.iter().chain(&kind.names.0).chain([&kind.id]) {
                add(text, Term::Kind(kind.id.clone()));
            }
        }
        for category in &catalogue.words.categories {
            for text in category.words.iter().chain(&category.names.0).chain([&category.id]) {
                add(text, Term::Category(category.id.clone()));
            }
        }
        for brand in &catalogue.words.brands {
            for text in brand.words.iter().chain([&brand.id]) {
                add(text, Term::Brand(brand.id.clone()));
            }
        }
        for color in &catalogue.words.colors {
            for text in color.words.iter().chain([&color.id]) {
                add(text, Term::Color(color.id.clone()));
            }
        }
        for product in &catalogue.products {
            add(&product.brand, Term::Brand(product.brand.clone()));
        }
        let models = catalogue.words.models.iter();
        Vocabulary {
            phrases,
            stop: catalogue.words.stop.iter().flat_map(|w| words(w)).collect(),
            models: models.flat_map(|m| m.words.iter().map(|w| (words(w).join(" "), m.id.clone()))).collect(),
            strange: catalogue.words.other_makers.iter().flat_map(|m| &m.words).cloned().collect(),
        }
    }

    /// Whether the word means nothing to the search.
    #[must_use]
    pub fn is_stop(&self, word: &str) -> bool {
        self.stop.contains(word)
    }

    /// Longest phrase that begins the words, with its length and meanings.
    #[must_use]
    pub fn phrase(&self, words: &[String]) -> Option<(usize, &BTreeSet<Term>)> {
        (1..=words.len().min(PHRASE))
            .rev()
            .find_map(|n| self.phrases.get(&words[..n].join(" ")).map(|terms| (n, terms)))
    }

    /// Longest phrase of several words that begins the words if slips of the finger are forgiven in each of them.
    #[must_use]
    pub fn near_phrase(&self, words: &[String]) -> Option<(usize, &BTreeSet<Term>)> {
        (2..=words.len().min(PHRASE)).rev().find_map(|n| {
            let near = |phrase: &str| {
                let mut parts = phrase.split(' ');
                words[..n].iter().all(|w| parts.next().is_some_and(|p| slip(w, p).is_some()))
                    && parts.next().is_none()
            };
            // The smallest of several, so that the answer does not hang on the map's order.
            self.phrases.iter().filter(|(p, _)| near(p)).min_by_key(|(p, _)| *p).map(|(_, terms)| (n, terms))
        })
    }

    /// The canonical model word that begins the words, with the number of words it replaces.
    #[must_use]
    pub fn model(&self, words: &[String]) -> Option<(usize, &str)> {
        (1..=words.len().min(2))
            .rev()
            .find_map(|n| self.models.get(&words[..n].join(" ")).map(|m| (n, m.as_str())))
    }

    /// Whether a word, as texts are split into them, is a line of models.
    #[must_use]
    pub fn is_model(&self, word: &str) -> bool {
        self.models.values().any(|id| words(id).iter().eq([word]))
    }

    /// The nearest one-word entry that a slip of the finger explains; all meanings at the smallest distance.
    #[must_use]
    pub fn nearest(&self, word: &str) -> Option<(usize, BTreeSet<Term>)> {
        let mut best: Option<(usize, BTreeSet<Term>)> = None;
        if self.strange.contains(word) {
            return best;
        }
        for (phrase, terms) in self.phrases.iter().filter(|(p, _)| !p.contains(' ')) {
            let Some(distance) = slip(word, phrase) else { continue };
            match &mut best {
                Some((least, found)) if *least == distance => found.extend(terms.iter().cloned()),
                Some((least, _)) if *least < distance => {}
                _ => best = Some((distance, terms.clone())),
            }
        }
        best
    }

    /// Meanings of a whole text as it stands.
    #[must_use]
    pub fn exact(&self, text: &str) -> Option<&BTreeSet<Term>> {
        self.phrases.get(&words(text).join(" "))
    }

    /// Meanings of a whole text such as a filter's value: exactly, or with a slip of the finger; empty if unknown.
    #[must_use]
    pub fn meanings(&self, text: &str) -> BTreeSet<Term> {
        let words = words(text);
        if let Some(terms) = self.phrases.get(&words.join(" ")) {
            return terms.clone();
        }
        let each = words.iter().filter(|w| !self.is_stop(w));
        each.flat_map(|w| {
            self.phrases.get(w).cloned().or_else(|| self.nearest(w).map(|(_, t)| t)).unwrap_or_default()
        })
        .collect()
    }
}
