//! What is wrong with training data, with place and mend.

use super::Dataset;
use crate::text::{normalize::Normalized, tokens};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

/// Fewer examples than this in an intent and language are reported.
pub const FEW: usize = 10;

/// What kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The entity markup of an example is ill-formed; the example is not used.
    Markup,
    /// The same text under two intents.
    TwoIntents,
    /// The same text twice under one intent.
    Twice,
    /// An intent with few examples in a language.
    Few,
    /// Spans that overlap.
    Overlap,
    /// A span that begins or ends inside a word.
    InsideWord,
    /// One variant of two values.
    Synonym,
}

/// One problem. None of them stops training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind.
    pub kind: Kind,
    /// Where.
    pub file: PathBuf,
    /// 1-based.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {} – {}", self.file.display(), self.line, self.what, self.mend)
    }
}

/// Everything that is wrong with the data, reading problems included.
pub fn check(set: &Dataset) -> Vec<Problem> {
    let mut found = set.problems.clone();
    let place = |e: &super::Example| set.files.get(e.file).cloned().unwrap_or_default();
    let mut seen: HashMap<(&str, String), usize> = HashMap::new();
    let mut counts: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for (index, example) in set.examples.iter().enumerate() {
        let mut report = |kind, what: String, mend: &str| {
            found.push(Problem { kind, file: place(example), line: example.line, what, mend: mend.into() });
        };
        let normal = Normalized::new(&example.text);
        let key = normal.text.to_lowercase();
        if let Some(&first) = seen.get(&(example.lang.as_str(), key.clone())) {
            let first = &set.examples[first];
            let at = format!("{}:{}", place(first).display(), first.line);
            if first.intent == example.intent {
                report(Kind::Twice, format!("`{}` is also at {at}", example.text), "remove one");
            } else {
                report(
                    Kind::TwoIntents,
                    format!("`{}` is `{}` here and `{}` at {at}", example.text, example.intent, first.intent),
                    "keep it under one intent",
                );
            }
        } else {
            seen.insert((example.lang.as_str(), key), index);
        }
        let words = tokens::split(&normal);
        for pair in example.entities.windows(2) {
            if pair[1].start < pair[0].end {
                report(
                    Kind::Overlap,
                    format!("`{}` and `{}` overlap", pair[0].entity, pair[1].entity),
                    "mark one of them",
                );
            }
        }
        for span in &example.entities {
            let fits = words.iter().any(|w| w.start == span.start) && words.iter().any(|w| w.end == span.end);
            if !fits {
                report(
                    Kind::InsideWord,
                    format!(
                        "`{}` begins or ends inside a word",
                        super::slice(&example.text, span.start, span.end)
                    ),
                    "mark whole words; the span is widened to them",
                );
            }
        }
        let count = counts.entry((&example.lang, &example.intent)).or_insert((0, index));
        count.0 += 1;
    }
    for ((lang, intent), (count, first)) in counts {
        if count < FEW {
            let example = &set.examples[first];
            found.push(Problem {
                kind: Kind::Few,
                file: place(example),
                line: example.line,
                what: format!("`{intent}` has {count} examples in `{lang}`"),
                mend: format!("write at least {FEW}, better 40"),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Example, Span};

    #[test]
    fn each_kind_is_found_at_its_line() {
        let example = |text: &str, intent: &str, line, spans: &[(usize, usize)]| Example {
            text: text.into(),
            lang: "en".into(),
            intent: intent.into(),
            entities: spans
                .iter()
                .map(|&(start, end)| Span { entity: "product".into(), start, end, value: String::new() })
                .collect(),
            file: 0,
            line,
        };
        let set = Dataset {
            files: vec!["a.yml".into()],
            examples: vec![
                example("Hello there", "greet", 1, &[]),
                example("hello there", "thank", 2, &[]),
                example("HELLO THERE", "greet", 3, &[]),
                example("red shoes", "greet", 4, &[(0, 6), (4, 9)]),
                example("shoes now", "greet", 5, &[(0, 4)]),
            ],
            ..Dataset::default()
        };
        let found: Vec<(Kind, usize)> = check(&set).iter().map(|p| (p.kind, p.line)).collect();
        for expected in [
            (Kind::TwoIntents, 2),
            (Kind::Twice, 3),
            (Kind::Overlap, 4),
            (Kind::InsideWord, 4),
            (Kind::InsideWord, 5),
            (Kind::Few, 1),
        ] {
            assert!(found.contains(&expected), "{expected:?} in {found:?}");
        }
    }
}
