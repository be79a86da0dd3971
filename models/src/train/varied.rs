//! Examples with other values: each marked span may become one of the same entity from another example of the same part of the
//! data, so that the words around a value are learnt apart from the value.

use super::prepare::{Labels, Prepared, vary};
use crate::{
    data::{Dataset, Example, Span, slice},
    features::gazetteer::Gazetteer,
    random::Random,
};
use std::collections::HashMap;

/// How often a span becomes another; one of an example always does.
const OFTEN: f32 = 0.6;

/// Values of an entity that a message may have instead: those of its language and its part of the data.
type Values<'d> = HashMap<(&'d str, &'d str, usize), Vec<(String, &'d Span)>>;

/// One for each of the examples `prepared` stands for that has an entity whose value can be another; held out with it.
pub(super) fn examples(
    data: &Dataset,
    prepared: &[Prepared],
    labels: &Labels,
    gazetteer: &Gazetteer,
    seed: u64,
) -> Vec<Prepared> {
    let mut values: Values<'_> = HashMap::new();
    let all = || data.examples.iter().zip(prepared);
    for (example, p) in all() {
        for span in &example.entities {
            let value = slice(&example.text, span.start, span.end);
            values.entry((&example.lang, &span.entity, p.fold)).or_default().push((value, span));
        }
    }
    let mut random = Random::new(seed);
    let other = |(example, p): (&Example, &Prepared)| {
        varied(example, p.fold, &values, &mut random).map(|e| vary(&e, p.fold, labels, gazetteer))
    };
    all().filter_map(other).collect()
}

fn varied(example: &Example, fold: usize, values: &Values<'_>, random: &mut Random) -> Option<Example> {
    let spans = &example.entities;
    // Spans that overlap have no text of their own.
    if spans.is_empty() || spans.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return None;
    }
    let certain = random.below(spans.len());
    let (mut text, mut entities) = (String::new(), Vec::with_capacity(spans.len()));
    let (mut at, mut changed) = (0, false);
    for (i, span) in spans.iter().enumerate() {
        text.push_str(&slice(&example.text, at, span.start));
        let own = slice(&example.text, span.start, span.end);
        let list = values.get(&(example.lang.as_str(), span.entity.as_str(), fold))?;
        let (value, of) = match i == certain || random.unit() < OFTEN {
            true => list[random.below(list.len())].clone(),
            false => (own.clone(), span),
        };
        changed |= value != own;
        let start = text.chars().count();
        text.push_str(&value);
        entities.push(Span { start, end: text.chars().count(), ..of.clone() });
        at = span.end;
    }
    text.push_str(&slice(&example.text, at, usize::MAX));
    changed.then(|| Example { text, entities, ..example.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::prepare;

    #[test]
    fn values_change_within_their_part_and_everything_else_stays() {
        type Given<'a> = (&'a str, &'a [(&'a str, &'a str)]);
        let example = |(i, (text, spans)): (usize, Given<'_>)| {
            let span = |(entity, value): &(&str, &str)| {
                let start = text.split(value).next().unwrap().chars().count();
                let (entity, value) = ((*entity).to_owned(), (*value).to_owned());
                Span { start, end: start + value.chars().count(), entity, value }
            };
            Example {
                text: text.into(),
                lang: "es".into(),
                intent: "set".into(),
                entities: spans.iter().map(span).collect(),
                file: 0,
                line: i,
            }
        };
        let texts: [Given<'_>; 5] = [
            ("avísame mañana a las tres", &[("day", "mañana"), ("time", "tres")]),
            ("el niño viene el próximo lunes", &[("day", "próximo lunes")]),
            ("ponlo a las diez y media", &[("time", "diez y media")]),
            ("quita la del martes", &[("day", "martes")]),
            ("hola", &[]),
        ];
        let data =
            Dataset { examples: texts.into_iter().enumerate().map(example).collect(), ..Dataset::default() };
        let labels = Labels::of(&data);
        let gazetteer = Gazetteer::default();
        let mut prepared = prepare::prepare(&data, &labels, &gazetteer, 2);
        // The fourth is held out, alone with its value: it has no other, and gives it to nobody.
        prepared.iter_mut().enumerate().for_each(|(i, p)| p.fold = usize::from(i == 3));
        let all: Vec<Prepared> =
            (0..40).flat_map(|seed| examples(&data, &prepared, &labels, &gazetteer, seed)).collect();
        assert!(all.len() > 60, "{}", all.len());
        for p in &all {
            assert_eq!(p.fold, 0);
            let text: String = p.text.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
            assert!(!text.contains("martes") && !texts.iter().any(|(own, _)| *own == text), "{text}");
            let values: Vec<String> = p
                .gold
                .iter()
                .map(|(_, start, end)| p.text.words.iter().filter(|w| w.start >= *start && w.end <= *end))
                .map(|words| words.map(|w| w.text.as_str()).collect::<Vec<_>>().join(" "))
                .collect();
            let known = ["mañana", "tres", "próximo lunes", "diez y media"];
            assert!(values.iter().all(|v| known.contains(&v.as_str())), "{text}: {values:?}");
        }
        assert!(all.iter().any(|p| p.gold.len() == 2));
    }
}
