//! What was wrong, counted by kind, with the first few in words.

use super::record::Wrong;
use std::collections::BTreeMap;

/// Examples kept of each kind.
const EXAMPLES: usize = 12;

/// Everything wrong so far.
#[derive(Debug, Default)]
pub struct Wrongs(BTreeMap<&'static str, (u64, Vec<String>)>);

impl Wrongs {
    /// One more; the words are made only where they are kept.
    pub fn add(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        let (count, examples) = self.0.entry(kind).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(what());
        }
    }

    /// How much of all kinds.
    pub fn total(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// For the report.
    pub fn list(&self) -> Vec<Wrong> {
        let kinds = self.0.iter();
        kinds
            .map(|(kind, (count, examples))| Wrong {
                kind: (*kind).to_owned(),
                count: *count,
                examples: examples.clone(),
            })
            .collect()
    }
}
