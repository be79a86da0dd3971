//! What is wrong with training data, with place and mend.

use super::{Dataset, Example, stories::Story};
use crate::text::{normalize::Normalized, tokens};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
};

/// Fewer examples than this in an intent and language are reported.
pub const FEW: usize = 10;
/// A smaller share of a language's stories held out than this is reported.
pub const LEAST_HELD_OUT: f64 = 0.05;

/// What kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The entity markup of an example is ill-formed; the example is not used.
    Markup,
    /// A line or a block of examples is not of a form that is read; it is not used.
    Form,
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
    /// A story is ill-formed; it is not used.
    Story,
    /// Two stories of one language have one name.
    StoryName,
    /// A held-out story's message is also trained on.
    HeldOut,
    /// Hardly any of a language's stories are held out.
    FewHeldOut,
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
        spans(example, &normal, &mut report);
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
    stories(set, &mut found);
    found
}

/// Overlapping spans and spans that do not fit the words.
fn spans(example: &Example, normal: &Normalized, report: &mut dyn FnMut(Kind, String, &str)) {
    let words = tokens::split(normal);
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
}

/// What is wrong with stories beyond their form. The same words may have other intents in other contexts, so repetitions
/// among them are none of it.
fn stories(set: &Dataset, found: &mut Vec<Problem>) {
    let place = |file: usize| set.files.get(file).cloned().unwrap_or_default();
    let normal = |e: &Example| {
        let text = Normalized::new(&e.text).text.to_lowercase();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let trained: HashSet<String> = if set.stories.iter().any(|s| s.held_out) {
        set.trained().map(normal).collect()
    } else {
        HashSet::new()
    };
    let mut names: HashMap<(&str, &str), &Story> = HashMap::new();
    // Stories, those held out, and the first one of each language.
    let mut counts: BTreeMap<&str, (usize, usize, &Story)> = BTreeMap::new();
    for story in &set.stories {
        let mut add = |kind, line, what: String, mend: &str| {
            found.push(Problem { kind, file: place(story.file), line, what, mend: mend.into() });
        };
        if let Some(first) = names.insert((&story.lang, &story.name), story) {
            let at = format!("{}:{}", place(first.file).display(), first.line);
            add(Kind::StoryName, story.line, format!("story `{}` is also at {at}", story.name), "rename one");
        }
        for example in story.turns.iter().map(|t| &t.example) {
            spans(example, &Normalized::new(&example.text), &mut |kind, what, mend| {
                add(kind, example.line, what, mend);
            });
            if story.held_out && trained.contains(&normal(example)) {
                add(
                    Kind::HeldOut,
                    example.line,
                    format!("`{}` of a held-out story is also trained on", example.text),
                    "say it in other words: what was trained on measures nothing",
                );
            }
        }
        let count = counts.entry(&story.lang).or_insert((0, 0, story));
        count.0 += 1;
        count.1 += usize::from(story.held_out);
    }
    for (lang, (all, held_out, first)) in counts {
        if (held_out as f64) < all as f64 * LEAST_HELD_OUT {
            found.push(Problem {
                kind: Kind::FewHeldOut,
                file: place(first.file),
                line: first.line,
                what: format!("{held_out} of {all} stories in `{lang}` are held out"),
                mend: "give every fifth one `metadata: {split: held_out}`: without, nothing tells how good the next \
                       action is"
                    .into(),
            });
        }
    }
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

    #[test]
    fn stories_are_checked_as_a_whole() {
        use crate::data::stories::StoryTurn;
        let story = |name: &str, line, held_out, text: &str, spans: &[(usize, usize)]| Story {
            name: name.into(),
            lang: "en".into(),
            line,
            held_out,
            turns: vec![StoryTurn {
                example: Example {
                    text: text.into(),
                    lang: "en".into(),
                    intent: "inform".into(),
                    entities: spans
                        .iter()
                        .map(|&(start, end)| Span { entity: "size".into(), start, end, value: String::new() })
                        .collect(),
                    file: 0,
                    line: line + 2,
                },
                actions: Vec::new(),
            }],
            ..Story::default()
        };
        let mut set = Dataset {
            files: vec!["s.yml".into()],
            stories: vec![
                story("a", 10, false, "Size 9 please", &[(5, 6)]),
                story("a", 20, false, "seven", &[(0, 2)]),
                story("b", 30, true, "size 9  please", &[]),
                story("c", 40, true, "size ९ please ", &[]),
            ],
            ..Dataset::default()
        };
        let found =
            |set: &Dataset| -> Vec<(Kind, usize)> { check(set).iter().map(|p| (p.kind, p.line)).collect() };
        assert_eq!(
            found(&set),
            [(Kind::StoryName, 20), (Kind::InsideWord, 22), (Kind::HeldOut, 32), (Kind::HeldOut, 42)]
        );
        set.stories.truncate(2);
        assert_eq!(found(&set).last(), Some(&(Kind::FewHeldOut, 10)));
        set.stories.clear();
        assert!(check(&set).is_empty());
    }
}
