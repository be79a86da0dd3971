//! From examples to what the trainers see.

use super::{classifier, tagger};
use crate::{
    data::{Dataset, Example, turns::DialogueTurn},
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
    /// For a turn of a story: the place of its story in [`Dataset::stories`]. Its one context is the true one.
    pub story: Option<usize>,
    /// What the bot does next, in [`Labels::actions`]; `None` for examples outside of stories, and where it says nothing.
    pub next: Option<usize>,
}

impl Prepared {
    /// Sentence features as they are when the message comes: a story's turn in its context, others without one.
    pub fn asked_features(&self) -> std::borrow::Cow<'_, [u64]> {
        match self.sentence.contexts.first().filter(|_| self.story.is_some()) {
            Some(context) => [self.sentence.features.as_slice(), context].concat().into(),
            None => self.sentence.features.as_slice().into(),
        }
    }

    /// The same of the words.
    pub fn asked_words(&self) -> &[token::TokenFeatures] {
        let place = usize::from(self.story.is_some() && self.words.features.len() > 1);
        self.words.features.get(place).map_or(&[], Vec::as_slice)
    }
}

/// Names of the classes.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Intents, alphabetically.
    pub intents: Vec<String>,
    /// Entities, alphabetically.
    pub entities: Vec<String>,
    /// What the bot does right after a message in the stories that are trained on, alphabetically.
    pub actions: Vec<String>,
}

impl Labels {
    /// Of a data set.
    pub fn of(data: &Dataset) -> Self {
        Self {
            intents: data.intents().into_iter().collect(),
            entities: data.entities().into_iter().collect(),
            actions: data.next_actions().into_iter().collect(),
        }
    }
}

/// Prepares all examples, then the turns of the stories that are trained on; `folds` parts. A story is in one part as a
/// whole.
pub fn prepare(data: &Dataset, labels: &Labels, gazetteer: &Gazetteer, folds: usize) -> Vec<Prepared> {
    let mut totals = std::collections::HashMap::<(&str, &str), usize>::new();
    for example in &data.examples {
        *totals.entry((&example.lang, &example.intent)).or_default() += 1;
    }
    // A handful of examples is spread over all parts: none of them may lack an intent for the others' sake.
    let block = |of: &(&str, &str)| (totals.get(of).copied().unwrap_or(1) / (2 * folds)).clamp(1, BLOCK);
    let mut counts = std::collections::HashMap::<(&str, &str), usize>::new();
    let mut prepared: Vec<Prepared> = data
        .examples
        .iter()
        .enumerate()
        .map(|(index, example)| {
            let count = counts.entry((&example.lang, &example.intent)).or_default();
            let fold = (*count / block(&(&example.lang, &example.intent)) + shift(&example.intent)) % folds;
            *count += 1;
            let contexts = contexts(example, labels, &mut Random::new(0xC0FFEE ^ index as u64));
            one(example, &contexts, fold, labels, gazetteer)
        })
        .collect();
    let turns = data.story_turns();
    let places = story_folds(data, folds);
    prepared.extend(turns.iter().map(|turn| of_story(turn, places[turn.story], labels, gazetteer)));
    prepared
}

/// The part of each story: those of a language are dealt out in turn.
fn story_folds(data: &Dataset, folds: usize) -> Vec<usize> {
    let mut counts = std::collections::HashMap::<&str, usize>::new();
    let mut places = Vec::with_capacity(data.stories.len());
    for story in &data.stories {
        let count = counts.entry(&story.lang).or_default();
        places.push(*count % folds);
        *count += usize::from(!story.held_out);
    }
    places
}

fn of_story(turn: &DialogueTurn, fold: usize, labels: &Labels, gazetteer: &Gazetteer) -> Prepared {
    let context = turn.context(&labels.entities);
    Prepared {
        story: Some(turn.story),
        next: turn.next.as_ref().and_then(|next| labels.actions.binary_search(next).ok()),
        ..one(&turn.example, &[context], fold, labels, gazetteer)
    }
}

/// Short intents must not all fall into the first part.
fn shift(intent: &str) -> usize {
    (crate::features::name(8, intent) % 64) as usize
}

/// An example that stands in no file.
pub fn vary(example: &Example, fold: usize, labels: &Labels, gazetteer: &Gazetteer) -> Prepared {
    one(example, &[], fold, labels, gazetteer)
}

fn one(
    example: &Example,
    contexts: &[Context],
    fold: usize,
    labels: &Labels,
    gazetteer: &Gazetteer,
) -> Prepared {
    let text = Analysis::new(&example.text);
    let spans = word_spans(example, &text, &labels.entities);
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
        story: None,
        next: None,
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

/// Dialogue contexts that such a message may come in. Examples have none, so they are made: a bare value answers the
/// question for it, yes and no answer a confirmation, and everything may come in the way of any question.
fn contexts(example: &Example, labels: &Labels, random: &mut Random) -> Vec<Context> {
    let asked = |asked: &str| Context { asked: Some(asked.to_owned()), ..Context::default() };
    let any = |random: &mut Random| {
        let i = random.below(labels.entities.len() + 2);
        asked(
            labels
                .entities
                .get(i)
                .map_or(if i.is_multiple_of(2) { CONFIRM } else { "other" }, String::as_str),
        )
    };
    // Sets of single questions know no dialogue.
    if !labels.intents.iter().any(|i| i == "inform") {
        return Vec::new();
    }
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

    #[test]
    fn stories_come_after_the_examples_and_stay_together() {
        let nlu = "nlu:\n  - intent: inform\n    examples: |\n      - [pune](city)\n      - [9](size)\n  - intent: greet\n    examples: |\n      - hi\n";
        let mut talk = String::from("stories:\n");
        for (i, held) in [false, true, false, false, false].into_iter().enumerate() {
            let split = if held { "\n    metadata: {split: held_out}" } else { "" };
            talk += &format!(
                "  - story: s{i}{split}\n    steps:\n      - user: stock of shoe {i}\n        intent: check_stock\n      \
                 - action: flow_check_stock\n      - action: utter_ask_city\n      - user: nagpur {i}\n        intent: inform\n"
            );
        }
        let read = |text: &str| {
            let mut set = Dataset { files: vec!["s.yml".into()], ..Dataset::default() };
            crate::data::yaml::read(&mut set, std::path::Path::new("s.yml"), text, "en").unwrap();
            set
        };
        let data = read(&format!("{nlu}{talk}"));
        let labels = Labels::of(&data);
        assert_eq!(labels.intents, ["check_stock", "greet", "inform"]);
        assert_eq!(labels.actions, ["flow_check_stock"]);
        let prepared = prepare(&data, &labels, &Gazetteer::default(), 3);
        assert_eq!(prepared.len(), 3 + 4 * 2);
        let turns = &prepared[3..];
        let of: Vec<(Option<usize>, usize, Option<usize>)> =
            turns.iter().map(|p| (p.story, p.fold, p.next)).collect();
        let expected = [(0, 0), (2, 1), (3, 2), (4, 0)]
            .map(|(story, fold)| [(Some(story), fold, Some(0)), (Some(story), fold, None)]);
        assert_eq!(of, expected.concat());
        // The one context is the true one: the question for a city, after the question for stock.
        let mut asked = Vec::new();
        let earlier = crate::features::context::Turn {
            intent: "check_stock".into(),
            action: Some("flow_check_stock".into()),
        };
        Context::new(Some("city"), Some("check_stock"), &labels.entities)
            .after(&[earlier])
            .features(&mut asked);
        assert_eq!(turns[1].sentence.contexts, [asked]);
        assert_eq!(turns[0].sentence.contexts, [Vec::<u64>::new()]);
        assert_eq!(turns[1].words.features.len(), 2);
        assert_ne!(turns[1].words.features[0], turns[1].words.features[1]);

        // What is no story is prepared as if there were none.
        let without = read(nlu);
        let same_labels = Labels { actions: Vec::new(), ..labels.clone() };
        let alone = prepare(&without, &same_labels, &Gazetteer::default(), 3);
        assert_eq!(alone.len(), 3);
        for (a, b) in alone.iter().zip(&prepared) {
            assert_eq!((a.fold, a.story, a.next), (b.fold, None, None));
            assert_eq!(a.sentence.contexts, b.sentence.contexts);
            assert_eq!(a.words.features, b.words.features);
        }
    }
}
