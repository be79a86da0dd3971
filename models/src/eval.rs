//! How good a model is on labelled messages, as JSON.

use crate::{
    calibrate::metrics::{SpanCounts, auroc, ece, ece_interval},
    data::{Dataset, Example, is_out_of_scope},
    encoder::{Encode, EncoderSource},
    error::Result,
    model::Model,
    pool::{Parse, ParseRequest, ParsedEntity},
    progress::Progress,
    random::Random,
    train::{Options, TrainReport, train},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Instant};

/// The engine answers by itself from this probability on.
pub const THRESHOLD: f32 = 0.70;
/// Bins of the calibration error.
const BINS: usize = 10;

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvalReport {
    /// Messages.
    pub n: usize,
    /// Share of right intents.
    pub intent_accuracy: f32,
    /// The same of the messages that are in scope.
    pub in_scope_accuracy: f32,
    /// Micro F1 of exact spans and labels.
    pub entity_f1: f32,
    /// The same by language.
    pub by_lang: BTreeMap<String, LanguageReport>,
    /// Expected calibration error of the likeliest intent, ten equal-mass bins, all languages pooled.
    pub ece: f32,
    /// What the engine would answer by itself.
    pub at_threshold: AtThreshold,
    /// Out-of-scope detection; `None` where no message is out of scope.
    pub oos: Option<OutOfScope>,
    /// Seconds of training; `None` for a model that was loaded.
    pub train_s: Option<f64>,
    /// Microseconds a message, one thread.
    pub parse_us: Latency,
    /// Messages answered by each tier.
    pub tiers: BTreeMap<String, usize>,
}

/// One language's part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LanguageReport {
    /// Messages.
    pub n: usize,
    /// Share of right intents.
    pub intent_accuracy: f32,
    /// Micro F1 of exact spans and labels.
    pub entity_f1: f32,
    /// Expected calibration error.
    pub ece: f32,
    /// Its 95 % bootstrap interval.
    pub ece_ci: (f32, f32),
    /// Share of messages whose language was told right.
    pub language_accuracy: f32,
}

/// What is answered without a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtThreshold {
    /// Probability from which on the engine answers.
    pub threshold: f32,
    /// Share answered.
    pub answered: f32,
    /// Share of right intents among them.
    pub accuracy_answered: f32,
}

/// Out-of-scope detection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutOfScope {
    /// Share of out-of-scope messages whose likeliest intent is out of scope.
    pub recall: f32,
    /// Area under the ROC curve of the out-of-scope probability.
    pub auroc: f32,
}

/// Latency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Latency {
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
}

/// A wrong answer, for reading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Miss {
    /// Language.
    pub lang: String,
    /// The message.
    pub text: String,
    /// Right intent.
    pub gold: String,
    /// Intent found.
    pub found: String,
    /// Its probability.
    pub probability: f32,
    /// Spans to be found and spans found, where they differ.
    pub spans: Option<(Vec<String>, Vec<String>)>,
}

/// Reads one message with a model and, where it has one, an encoder.
///
/// # Errors
/// The encoder's.
pub fn parse(model: &Model, request: &ParseRequest) -> Result<Parse> {
    let mut encoder = model.encoder().map(|e| e.open()).transpose()?;
    model.parse(request, encoder.as_deref_mut())
}

/// Evaluates a model on labelled messages, each by itself, without dialogue context and language.
///
/// # Errors
/// The encoder's.
pub fn evaluate(model: &Model, rows: &[Example], train_s: Option<f64>) -> Result<(EvalReport, Vec<Miss>)> {
    let mut encoder = model.encoder().map(|e| e.open()).transpose()?;
    let encoder = encoder.as_deref_mut();
    evaluate_with(model, rows, train_s, encoder)
}

/// What two models answer differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The likeliest intent of each, with its probability, 0–1.
    pub intents: [(String, f32); 2],
    /// What each found, as `[text](entity) = value`; `None` where both found the same.
    pub entities: Option<[Vec<String>; 2]>,
}

/// Compares two models' answers to one message: the likeliest intent, and entities with their places and values. `None` where
/// these are the same; probabilities and the order of the other intents are not compared.
pub fn difference(a: &Parse, b: &Parse) -> Option<Difference> {
    let top = |parse: &Parse| parse.intents.first().cloned().unwrap_or_default();
    let found = |parse: &Parse| -> Vec<(usize, usize, String)> {
        let write = |e: &ParsedEntity| format!("[{}]({}) = {}", e.text, e.entity, e.value);
        parse.entities.iter().map(|e| (e.start, e.end, write(e))).collect()
    };
    let (intents, entities) = ([top(a), top(b)], [found(a), found(b)]);
    let others = entities[0] != entities[1];
    (others || intents[0].0 != intents[1].0).then(|| Difference {
        intents,
        entities: others.then(|| entities.map(|all| all.into_iter().map(|(.., text)| text).collect())),
    })
}

#[derive(Default)]
struct Tally {
    top: Vec<(f32, bool)>,
    spans: SpanCounts,
    language: usize,
}

fn evaluate_with(
    model: &Model,
    rows: &[Example],
    train_s: Option<f64>,
    mut encoder: Option<&mut (dyn Encode + 'static)>,
) -> Result<(EvalReport, Vec<Miss>)> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut all, mut outside, mut misses) = (Tally::default(), Vec::new(), Vec::new());
    let (mut times, mut tiers, mut refused) = (Vec::with_capacity(rows.len()), BTreeMap::new(), 0usize);
    for row in rows {
        let request = ParseRequest { text: row.text.clone(), ..ParseRequest::default() };
        let begun = Instant::now();
        let parse = model.parse(&request, encoder.as_deref_mut())?;
        times.push(begun.elapsed().as_micros() as u64);
        let (found, p) = parse.intents.first().cloned().unwrap_or_default();
        let right = found == row.intent;
        let spans: Vec<(&str, usize, usize)> =
            parse.entities.iter().map(|e| (e.entity.as_str(), e.start, e.end)).collect();
        let gold: Vec<(&str, usize, usize)> =
            row.entities.iter().map(|e| (e.entity.as_str(), e.start, e.end)).collect();
        let told = parse.languages.first().is_some_and(|l| l.0 == row.lang);
        for tally in [&mut all, tallies.entry(row.lang.clone()).or_default()] {
            tally.top.push((p, right));
            tally.spans.add(&spans, &gold);
            tally.language += usize::from(told);
        }
        let is_out = is_out_of_scope(&row.intent);
        outside.push((parse.out_of_scope, is_out));
        refused += usize::from(is_out && right);
        *tiers.entry(parse.tier.clone()).or_insert(0) += 1;
        if !right || spans != gold {
            let write = |list: &[(&str, usize, usize)]| {
                list.iter()
                    .map(|(e, s, t)| format!("[{}]({e})", crate::data::slice(&row.text, *s, *t)))
                    .collect()
            };
            misses.push(Miss {
                lang: row.lang.clone(),
                text: row.text.clone(),
                gold: row.intent.clone(),
                found,
                probability: p,
                spans: (spans != gold).then(|| (write(&gold), write(&spans))),
            });
        }
    }
    times.sort_unstable();
    let at = |share: f64| {
        times
            .get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    };
    let answered: Vec<&(f32, bool)> = all.top.iter().filter(|t| t.0 >= THRESHOLD).collect();
    let out = outside.iter().filter(|o| o.1).count();
    let report = EvalReport {
        n: rows.len(),
        intent_accuracy: accuracy(&all.top),
        in_scope_accuracy: {
            let inside = all.top.iter().zip(&outside).filter(|(_, o)| !o.1).map(|(t, _)| *t);
            accuracy(&inside.collect::<Vec<_>>())
        },
        entity_f1: all.spans.f1(),
        by_lang: tallies
            .into_iter()
            .map(|(lang, t)| {
                let report = LanguageReport {
                    n: t.top.len(),
                    intent_accuracy: accuracy(&t.top),
                    entity_f1: t.spans.f1(),
                    ece: ece(&t.top, BINS),
                    ece_ci: ece_interval(&t.top, BINS),
                    language_accuracy: t.language as f32 / t.top.len().max(1) as f32,
                };
                (lang, report)
            })
            .collect(),
        ece: ece(&all.top, BINS),
        at_threshold: AtThreshold {
            threshold: THRESHOLD,
            answered: answered.len() as f32 / rows.len().max(1) as f32,
            accuracy_answered: answered.iter().filter(|t| t.1).count() as f32 / answered.len().max(1) as f32,
        },
        oos: auroc(&outside).map(|auroc| OutOfScope { recall: refused as f32 / out.max(1) as f32, auroc }),
        train_s,
        parse_us: Latency { p50: at(0.5), p99: at(0.99) },
        tiers,
    };
    Ok((report, misses))
}

fn accuracy(top: &[(f32, bool)]) -> f32 {
    top.iter().filter(|t| t.1).count() as f32 / top.len().max(1) as f32
}

/// Which part of the training rows a benchmark uses. Stories of the training set are trained on too, where rows are not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BenchOptions {
    /// Only rows of this language, in training and test.
    pub lang: Option<String>,
    /// So many rows of each intent, the first ones, and no stories.
    pub shots: Option<usize>,
    /// So many rows in all, drawn at random, and no stories.
    pub limit: Option<usize>,
}

/// Trains on one labelled data set and tests on another; with a development set, calibrates on that.
///
/// # Errors
/// Those of [`train`] and of the encoder.
pub fn bench(
    data: &Dataset,
    dev: Option<&Dataset>,
    test: &Dataset,
    bench: &BenchOptions,
    encoder: Option<Arc<dyn EncoderSource>>,
    options: &Options,
    progress: &dyn Progress,
) -> Result<(EvalReport, TrainReport)> {
    let wanted = |e: &Example| bench.lang.as_ref().is_none_or(|l| *l == e.lang);
    let mut shots: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut kept = data.clone();
    kept.stories.retain(|s| bench.lang.as_ref().is_none_or(|l| *l == s.lang));
    if bench.shots.is_some() || bench.limit.is_some() {
        // So many rows are so many messages: a story's would come on top of them.
        kept.stories.clear();
    }
    kept.examples.retain(|e| {
        let count = shots.entry((e.lang.clone(), e.intent.clone())).or_default();
        *count += 1;
        wanted(e) && bench.shots.is_none_or(|s| *count <= s)
    });
    if let Some(limit) = bench.limit {
        // Drawn at random, since files are often sorted by intent; kept in their order.
        let mut order: Vec<usize> = (0..kept.examples.len()).collect();
        Random::new(options.seed).shuffle(&mut order);
        let chosen: std::collections::HashSet<usize> = order.into_iter().take(limit).collect();
        let mut place = 0..;
        kept.examples.retain(|_| place.next().is_some_and(|i| chosen.contains(&i)));
    }
    let mut options = options.clone();
    if let Some(dev) = dev {
        options.dev_from = Some(kept.examples.len());
        kept.examples.extend(dev.examples.iter().filter(|e| wanted(e)).cloned());
    }
    let (model, report) = train(&kept, encoder, &options, progress)?;
    let rows: Vec<Example> = test.examples.iter().filter(|e| wanted(e)).cloned().collect();
    Ok((evaluate(&model, &rows, Some(report.train_s))?.0, report))
}
