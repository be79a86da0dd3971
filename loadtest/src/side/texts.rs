//! What the customers write: the same conversation again and again, in four varieties, no two typed texts alike.

use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// The texts with their words, from this crate.
const BOOK: &str = include_str!("../../side-by-side/texts.yml");
/// Draws before a list of texts counts as used up.
const DRAWS: usize = 10_000;

/// A turn of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    /// Greeting, typed; Charla asks for consent.
    Greet,
    /// Consent, tapped.
    Consent,
    /// Product search, typed.
    Search,
    /// First product of the list, tapped.
    Row,
    /// "Check near me", tapped; Charla asks for the place.
    Near,
    /// The place, typed.
    Place,
    /// Stock of another product at a place, typed.
    Stock,
    /// A question about the shop's policies, typed.
    Faq,
    /// An order's whereabouts, typed.
    Order,
    /// Thanks, typed.
    Thank,
}

/// The conversation.
pub(super) const SCRIPT: [Step; 10] = [
    Step::Greet,
    Step::Consent,
    Step::Search,
    Step::Row,
    Step::Near,
    Step::Place,
    Step::Stock,
    Step::Faq,
    Step::Order,
    Step::Thank,
];

impl Step {
    /// Its list in the book; `None` for taps.
    pub(super) fn key(self) -> Option<&'static str> {
        Some(match self {
            Step::Greet => "greet",
            Step::Search => "search",
            Step::Place => "place",
            Step::Stock => "stock",
            Step::Order => "order",
            Step::Faq => "faq",
            Step::Thank => "thank",
            Step::Consent | Step::Row | Step::Near => return None,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    languages: BTreeMap<String, Language>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    number: String,
    words: BTreeMap<String, Vec<String>>,
    turns: BTreeMap<String, Vec<String>>,
}

/// Why there is nothing to write.
#[derive(Debug, thiserror::Error)]
pub(super) enum TextError {
    /// The embedded file is wrong.
    #[error("CHARLA-E5501: loadtest/side-by-side/texts.yml: {0}")]
    File(String),
    /// All texts of a turn have been written.
    #[error(
        "CHARLA-E5502: no unused text for `{turn}` ({language}) is left; make the rounds shorter, or add words to loadtest/side-by-side/texts.yml"
    )]
    UsedUp {
        /// The variety.
        language: String,
        /// The list.
        turn: &'static str,
    },
}

/// A customer's part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conversation {
    /// Counts from 0 within a round.
    pub n: u64,
    /// `en`, `es`, `hi` or `hi-Latn`.
    pub language: String,
    /// Meta's id of the business number that the customer writes to.
    pub number: String,
    /// What is typed, in [`SCRIPT`]'s order; `None` for a tap.
    pub texts: Vec<Option<String>>,
}

/// Writes conversations. The same seed writes the same ones.
#[derive(Debug)]
pub(super) struct Writer {
    languages: Vec<(String, Language)>,
    dice: fastrand::Rng,
    /// Hashes of what was written.
    used: HashSet<u64>,
    n: u64,
}

impl Writer {
    /// One for a round.
    ///
    /// # Errors
    /// If the embedded book is wrong.
    pub(super) fn new(seed: u64) -> Result<Self, TextError> {
        let file: File = serde_saphyr::from_str(BOOK).map_err(|error| TextError::File(error.to_string()))?;
        for (name, language) in &file.languages {
            for key in SCRIPT.iter().filter_map(|step| step.key()) {
                if language.turns.get(key).is_none_or(Vec::is_empty) {
                    return Err(TextError::File(format!("{name}: there are no texts for `{key}`")));
                }
            }
        }
        let languages = file.languages.into_iter().collect();
        Ok(Self { languages, dice: fastrand::Rng::with_seed(seed), used: HashSet::new(), n: 0 })
    }

    /// Business numbers that are written to, without doubles.
    pub(super) fn numbers(&self) -> Vec<String> {
        self.languages.iter().map(|(_, language)| language.number.clone()).collect()
    }

    /// The next conversation; varieties take turns.
    ///
    /// # Errors
    /// If no unused text is left.
    pub(super) fn next(&mut self) -> Result<Conversation, TextError> {
        let n = self.n;
        self.n += 1;
        let place = (n % self.languages.len() as u64) as usize;
        let (name, language) = &self.languages[place];
        let mut texts = Vec::with_capacity(SCRIPT.len());
        for step in SCRIPT {
            let Some(key) = step.key() else {
                texts.push(None);
                continue;
            };
            let drawn = (0..DRAWS)
                .map(|_| draw(&mut self.dice, language, key))
                .find(|text| self.used.insert(xxh3_64(text.as_bytes())));
            let used_up = || TextError::UsedUp { language: name.clone(), turn: key };
            texts.push(Some(drawn.ok_or_else(used_up)?));
        }
        Ok(Conversation { n, language: name.clone(), number: language.number.clone(), texts })
    }
}

fn draw(dice: &mut fastrand::Rng, language: &Language, key: &str) -> String {
    let pick = |dice: &mut fastrand::Rng, list: &[String]| list.get(dice.usize(..list.len().max(1))).cloned();
    let pattern = language.turns.get(key).and_then(|list| pick(dice, list)).unwrap_or_default();
    let mut text = String::with_capacity(pattern.len() + 24);
    let mut rest = pattern.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((word, behind)) = after.split_once('}') else { break };
        match word {
            // Prices below 1,000 are too cheap for half of the shop, and "under 40" means thousands.
            "price" if language.number.ends_with("923") => {
                text.push_str(&dice.u32(150..1_900).to_string());
            }
            "price" => text.push_str(&dice.u32(2_000..60_000).to_string()),
            // Above the numbers that the shop gives out.
            "number" => text.push_str(&dice.u32(700_000..999_999).to_string()),
            word => {
                let list = language.words.get(word).map(Vec::as_slice).unwrap_or_default();
                text.push_str(&pick(dice, list).unwrap_or_default());
            }
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_typed_texts_of_a_long_round_are_equal_and_nothing_is_left_unfilled() {
        let mut writer = Writer::new(7).unwrap();
        let mut seen = HashSet::new();
        for _ in 0..4_000 {
            for text in writer.next().unwrap().texts.into_iter().flatten() {
                assert!(!text.contains(['{', '}']) && !text.contains("  ") && text.len() > 5, "{text}");
                assert!(seen.insert(text.clone()), "{text}");
            }
        }
        assert_eq!(seen.len(), 4_000 * 7);
    }

    #[test]
    fn a_seed_writes_the_same_conversations_and_varieties_take_turns() {
        let round = |seed| {
            let mut writer = Writer::new(seed).unwrap();
            (0..8).map(|_| writer.next().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(round(1), round(1));
        assert_ne!(round(1), round(2));
        let languages: Vec<_> = round(1).into_iter().map(|c| c.language).collect();
        assert_eq!(languages[..4], ["en", "es", "hi", "hi-Latn"]);
        assert_eq!(languages[..4], languages[4..]);
    }

    #[test]
    fn every_word_of_the_book_is_known() {
        let file: File = serde_saphyr::from_str(BOOK).unwrap();
        for (name, language) in file.languages {
            for pattern in language.turns.values().flatten() {
                for word in pattern.split('{').skip(1).filter_map(|part| part.split('}').next()) {
                    let known = ["price", "number"].contains(&word) || language.words.contains_key(word);
                    assert!(known, "{name}: {pattern}");
                }
            }
        }
    }
}
