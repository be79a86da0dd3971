//! From examples to what the trainers see.

use super::{classifier, tagger};
use crate::{
    data::{Dataset, Example},
    encoder::Encoding,
    features::{
        context::{CONFIRM, Context},
        gazetteer::Gazetteer,
        sentence, token,
    },
    heads::tags::Tags,
    random::Random,
    text::Analysis,
};

/// Examples in a row that stay on one side of a split: neighbours in a file are often variants of one another.
const BLOCK: usize = 8;

/// Everything of one example.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// In words.
    pub text: Analysis,
    /// Language.
    pub lang: String,
    /// Which part of the data it is held out with.
    pub fold: usize,
    /// For the classifier.
    pub sentence: classifier::Sample,
    /// For the tagger.
    pub words: tagger::Sample,
    /// The spans as characters (entity, start, end).
    pub gold: Vec<(usize, usize, usize)>,
}

/// Names of the classes.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Intents, alphabetically.
    pub intents: Vec<String>,
    /// Entities, alphabetically.
    pub entities: Vec<String>,
}

impl Labels {
    /// Of a data set.
    pub fn of(data: &Dataset) -> Self {
        Self {
            intents: data.intents().into_iter().collect(),
            entities: data.entities().into_iter().collect(),
        }
    }
}

/// Prepares all examples; `folds` parts.
pub fn prepare(data: &Dataset, labels: &Labels, gazetteer: &Gazetteer, folds: usize) -> Vec<Prepared> {
    let mut counts = std::collections::HashMap::<(&str, &str), usize>::new();
    data.examples
        .iter()
        .enumerate()
        .map(|(index, example)| {
            let count = counts.entry((&example.lang, &example.intent)).or_default();
            let fold = (*count / BLOCK + shift(&example.intent)) % folds;
            *count += 1;
            one(example, index, fold, labels, gazetteer)
        })
        .collect()
}

/// Short intents must not all fall into the first part.
fn shift(intent: &str) -> usize {
    (crate::features::name(8, intent) % 64) as usize
}

fn one(example: &Example, index: usize, fold: usize, labels: &Labels, gazetteer: &Gazetteer) -> Prepared {
    let text = Analysis::new(&example.text);
    let spans = word_spans(example, &text, &labels.entities);
    let contexts = contexts(example, labels, &mut Random::new(0xC0FFEE ^ index as u64));
    let place = |list: &[String], name: &str| list.iter().position(|x| x == name).unwrap_or(0);
    let with = |context: &Context| token::features(&text, gazetteer, context);
    Prepared {
        sentence: classifier::Sample {
            features: sentence::features(&text.words),
            contexts: contexts
                .iter()
                .map(|c| {
                    let mut features = Vec::new();
                    c.features(&mut features);
                    features
                })
                .collect(),
            class: place(&labels.intents, &example.intent),
            vector: None,
        },
        words: tagger::Sample {
            features: std::iter::once(with(&Context::default())).chain(contexts.iter().map(with)).collect(),
            tags: Tags::encode(&spans, text.words.len()),
            vectors: None,
        },
        gold: example.entities.iter().map(|s| (place(&labels.entities, &s.entity), s.start, s.end)).collect(),
        lang: example.lang.clone(),
        fold,
        text,
    }
}

/// Spans widened to whole words; one that would overlap an earlier one is left out (both are reported as problems).
fn word_spans(example: &Example, text: &Analysis, entities: &[String]) -> Vec<(usize, usize, usize)> {
    let mut out: Vec<(usize, usize, usize)> = Vec::new();
    for span in &example.entities {
        let first = text.words.iter().position(|w| w.end > span.start);
        let last = text.words.iter().rposition(|w| w.start < span.end);
        let entity = entities.iter().position(|e| *e == span.entity);
        if let (Some(first), Some(last), Some(entity)) = (first, last, entity)
            && first <= last
            && out.last().is_none_or(|before| before.2 < first)
        {
            out.push((entity, first, last));
        }
    }
    out
}

/// Dialogue contexts that such a message may come in. The data has none, so they are made: a bare value answers the
/// question for it, yes and no answer a confirmation, and everything may come in the way of any question.
fn contexts(example: &Example, labels: &Labels, random: &mut Random) -> Vec<Context> {
    let asked = |asked: &str| Context { asked: Some(asked.to_owned()), flow: None };
    let any = |random: &mut Random| {
        let i = random.below(labels.entities.len() + 2);
        asked(
            labels
                .entities
                .get(i)
                .map_or(if i.is_multiple_of(2) { CONFIRM } else { "other" }, String::as_str),
        )
    };
    match example.intent.as_str() {
        "inform" => match example.entities.first() {
            Some(span) => vec![asked(&span.entity), asked(&span.entity), asked("other")],
            None => vec![asked("other")],
        },
        "affirm" | "deny" => vec![asked(CONFIRM), asked(CONFIRM), any(random)],
        _ => vec![any(random)],
    }
}

/// Gives the encoder's vectors to the examples.
pub fn attach(prepared: &mut [Prepared], encodings: &[Encoding]) {
    for (p, encoding) in prepared.iter_mut().zip(encodings) {
        p.sentence.vector = Some(encoding.sentence.clone());
        p.words.vectors = Some(encoding.words.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Span, slice};

    #[test]
    fn spans_widen_and_contexts_fit() {
        let example = |text: &str, intent: &str, spans: &[(usize, usize)]| Example {
            text: text.into(),
            lang: "en".into(),
            intent: intent.into(),
            entities: spans
                .iter()
                .map(|&(start, end)| Span {
                    entity: "product".into(),
                    start,
                    end,
                    value: slice(text, start, end),
                })
                .collect(),
            file: 0,
            line: 1,
        };
        let data = Dataset {
            examples: vec![
                example("red running shoes", "inform", &[(5, 17), (4, 8)]),
                example("yes", "affirm", &[]),
            ],
            ..Dataset::default()
        };
        let labels = Labels::of(&data);
        let prepared = prepare(&data, &labels, &Gazetteer::default(), 3);
        assert_eq!(Tags::decode(&prepared[0].words.tags), [(0, 1, 2)]);
        assert_eq!(prepared[0].words.features.len(), 4);
        assert_eq!(prepared[1].sentence.contexts[0], prepared[1].sentence.contexts[1]);
    }
}
