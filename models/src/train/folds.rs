//! Cross-validation: predictions for messages that the model had not seen, on which early stopping, calibration and the
//! first tier's threshold are fitted.

use super::{
    Options, classifier, jobs,
    prepare::{Labels, Prepared},
    tagger,
};
use crate::{
    calibrate::{Calibration, Scores, conformal, outside, temperature, tiers},
    heads::{
        classifier::Classifier,
        math::{argmax, softmax},
        tagger::Tagger,
    },
    progress::Progress,
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// Epochs without improvement after which a fold gives up.
const PATIENCE: usize = 5;

/// Held-out predictions of one model for all messages.
#[derive(Debug, Clone, Default)]
pub struct HeldOut {
    /// Epochs at which the classifier was best over all folds.
    pub epochs: usize,
    /// Logits of each message.
    pub logits: Vec<Vec<f32>>,
    /// Share of known features of each message.
    pub familiarity: Vec<f32>,
    /// Spans (entity, start, end) of each message.
    pub spans: Vec<Vec<(usize, usize, usize)>>,
    /// Probability of the tags of each message.
    pub tag_confidence: Vec<f32>,
}

/// Held-out predictions of both models.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Of the n-gram model.
    pub ngram: HeldOut,
    /// Of the joint model.
    pub joint: Option<HeldOut>,
}

/// Calibrated held-out predictions.
#[derive(Debug, Clone)]
pub struct Calibrated {
    /// What was fitted.
    pub calibration: Calibration,
    /// Likeliest intent of each message.
    pub best: Vec<usize>,
    /// Its probability.
    pub confidence: Vec<f32>,
}

/// One fold's classifier: for each epoch the logits of the held-out messages, and their familiarity.
struct FoldScores {
    epochs: Vec<Vec<Vec<f32>>>,
    familiarity: Vec<f32>,
}

/// Spans of one text as (label, first word, last word), with the confidence of the whole.
type Tagged = (Vec<(usize, usize, usize)>, f32);

enum Job {
    Classifier(FoldScores),
    Tagger(Vec<Tagged>),
}

/// Without its vectors, for the n-gram model.
fn sentences(prepared: &[&Prepared], joint: bool) -> Vec<classifier::Sample> {
    let strip = |p: &&Prepared| classifier::Sample {
        vector: p.sentence.vector.clone().filter(|_| joint),
        ..p.sentence.clone()
    };
    prepared.iter().map(strip).collect()
}

fn words(prepared: &[&Prepared], joint: bool) -> Vec<tagger::Sample> {
    let strip = |p: &&Prepared| tagger::Sample {
        vectors: p.words.vectors.clone().filter(|_| joint),
        ..p.words.clone()
    };
    prepared.iter().map(strip).collect()
}

fn loss(logits: &[Vec<f32>], right: &[usize]) -> f64 {
    let mut sum = 0.0;
    for (z, &y) in logits.iter().zip(right) {
        let wrong = argmax(z) != y;
        let mut p = z.clone();
        let nll = f64::from(softmax(&mut p) - z[y]);
        // Accuracy is what counts; the likelihood breaks ties and smooths.
        sum += f64::from(u8::from(wrong)) + 0.1 * nll;
    }
    sum
}

fn fold_classifier(
    train: &[&Prepared],
    test: &[&Prepared],
    classes: usize,
    options: &classifier::Options,
    joint: bool,
    seed: u64,
) -> FoldScores {
    let owned = sentences(train, joint);
    let samples: Vec<&classifier::Sample> = owned.iter().collect();
    let right: Vec<usize> = test.iter().map(|p| p.sentence.class).collect();
    let (mut epochs, mut best) = (Vec::new(), (f64::INFINITY, 0usize));
    let vector = |p: &Prepared| p.sentence.vector.clone().filter(|_| joint);
    let model = classifier::train(&samples, classes, options, seed, &mut |epoch, model| {
        let logits: Vec<Vec<f32>> =
            test.iter().map(|p| model.logits(&p.asked_features(), vector(p).as_deref())).collect();
        let loss = loss(&logits, &right);
        if loss < best.0 {
            best = (loss, epoch);
        }
        epochs.push(logits);
        epoch < best.1 + PATIENCE
    });
    let familiarity = test.iter().map(|p| model.familiarity(&p.sentence.features)).collect();
    FoldScores { epochs, familiarity }
}

/// Places of a tagging's spans in the original text.
pub fn places(
    tagging: &crate::heads::tagger::Tagging,
    text: &crate::text::Analysis,
) -> Vec<(usize, usize, usize)> {
    tagging.spans.iter().map(|s| (s.entity, text.words[s.first].start, text.words[s.last].end)).collect()
}

fn fold_tagger(
    train: &[&Prepared],
    test: &[&Prepared],
    entities: usize,
    options: &tagger::Options,
    joint: bool,
    seed: u64,
) -> Job {
    let owned = words(train, joint);
    let samples: Vec<&tagger::Sample> = owned.iter().collect();
    let model = tagger::train(&samples, entities, options, seed, &mut |_| {});
    let tag = |p: &&Prepared| {
        let vectors = p.words.vectors.as_deref().filter(|_| joint);
        let tagging = model.tag(p.asked_words(), vectors, None);
        (places(&tagging, &p.text), tagging.confidence)
    };
    Job::Tagger(test.iter().map(tag).collect())
}

/// Runs the first `folds` folds; messages of the others get no logits.
pub fn run(
    prepared: &[Prepared],
    labels: &Labels,
    options: &Options,
    with_joint: bool,
    folds: usize,
    progress: &dyn Progress,
) -> Held {
    let kinds: &[bool] = if with_joint { &[true, false] } else { &[false] };
    let total = folds * kinds.len() * 2;
    let done = AtomicU64::new(0);
    // Long jobs first: the joint ones, so that no thread idles at the end.
    let job = |i: usize| {
        let (joint, rest) = (kinds[i / (folds * 2)], i % (folds * 2));
        let (fold, tags) = (rest / 2, rest % 2 == 0);
        let train: Vec<&Prepared> = prepared.iter().filter(|p| p.fold != fold).collect();
        let test: Vec<&Prepared> = prepared.iter().filter(|p| p.fold == fold).collect();
        let seed = options.seed.wrapping_mul(1000) + i as u64;
        let result = if tags {
            fold_tagger(&train, &test, labels.entities.len(), &options.tagger, joint, seed)
        } else {
            let how = if joint { &options.joint } else { &options.ngram };
            Job::Classifier(fold_classifier(&train, &test, labels.intents.len(), how, joint, seed))
        };
        let finished = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress.at("cross-validation", finished * folds as u64 / total as u64);
        result
    };
    let mut results = jobs::run(total, options.threads, job).into_iter();
    let mut gather = || gather(prepared, folds, results.by_ref().take(folds * 2).collect());
    let first = gather();
    if with_joint { Held { joint: Some(first), ngram: gather() } } else { Held { ngram: first, joint: None } }
}

fn gather(prepared: &[Prepared], folds: usize, results: Vec<Job>) -> HeldOut {
    let n = prepared.len();
    let mut out = HeldOut {
        logits: vec![Vec::new(); n],
        familiarity: vec![0.0; n],
        spans: vec![Vec::new(); n],
        tag_confidence: vec![1.0; n],
        epochs: 0,
    };
    let members = |fold: usize| (0..n).filter(move |&i| prepared[i].fold == fold);
    let mut scores: Vec<FoldScores> = Vec::new();
    for (i, job) in results.into_iter().enumerate() {
        match job {
            Job::Classifier(fold) => scores.push(fold),
            Job::Tagger(tags) => {
                for (at, (spans, confidence)) in members(i / 2).zip(tags) {
                    out.spans[at] = spans;
                    out.tag_confidence[at] = confidence;
                }
            }
        }
    }
    let epochs = scores.iter().map(|s| s.epochs.len()).min().unwrap_or(0);
    let total = |epoch: usize| -> f64 {
        (0..folds)
            .zip(&scores)
            .map(|(fold, s)| {
                let right: Vec<usize> = members(fold).map(|i| prepared[i].sentence.class).collect();
                loss(&s.epochs[epoch], &right)
            })
            .sum()
    };
    let best = (0..epochs).map(|e| (e, total(e))).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(e, _)| e);
    out.epochs = best + 1;
    for (fold, mut s) in scores.into_iter().enumerate() {
        let logits = if s.epochs.is_empty() { Vec::new() } else { s.epochs.swap_remove(best) };
        for ((at, logits), familiarity) in members(fold).zip(logits).zip(s.familiarity) {
            out.logits[at] = logits;
            out.familiarity[at] = familiarity;
        }
    }
    out
}

/// Fits the calibration on held-out predictions.
pub fn calibrate(
    prepared: &[Prepared],
    held: &HeldOut,
    posteriors: &[Vec<(String, f32)>],
    (outside, expected): (Option<usize>, f32),
) -> Calibrated {
    let languages: std::collections::BTreeSet<&str> = prepared.iter().map(|p| p.lang.as_str()).collect();
    let of = |language: Option<&str>| {
        let chosen = prepared
            .iter()
            .zip(&held.logits)
            .filter(move |(p, z)| !z.is_empty() && language.is_none_or(|l| p.lang == l));
        temperature::fit(
            chosen.map(|(p, z)| (z.as_slice(), p.sentence.class)).collect::<Vec<_>>().into_iter(),
        )
    };
    let mut calibration = Calibration {
        temperature: languages.iter().map(|l| ((*l).to_owned(), of(Some(l)))).collect::<BTreeMap<_, _>>(),
        otherwise: of(None),
        ..Calibration::default()
    };
    let scores = |i: usize| Scores {
        logits: &held.logits[i],
        languages: &posteriors[i],
        familiarity: held.familiarity[i],
    };
    if let Some(place) = outside {
        let messages: Vec<_> = (0..prepared.len())
            .filter(|&i| !held.logits[i].is_empty())
            .map(|i| {
                (calibration.probabilities(scores(i), None).0, scores(i), prepared[i].sentence.class == place)
            })
            .collect();
        let seen = messages.iter().filter(|m| m.2).count() as f32 / messages.len().max(1) as f32;
        calibration.outside =
            outside::Outside::fit(&messages, place).map(|detector| detector.expecting(expected, seen));
    }
    // Nothing is said of messages that were not held out.
    let probabilities: Vec<Vec<f32>> = (0..prepared.len())
        .map(|i| {
            if held.logits[i].is_empty() {
                Vec::new()
            } else {
                calibration.probabilities(scores(i), outside).0
            }
        })
        .collect();
    let known = probabilities.iter().zip(prepared).filter(|(p, _)| !p.is_empty());
    let right: Vec<f32> = known.map(|(p, m)| p[m.sentence.class]).collect();
    calibration.conformal = conformal(&right, 0.9);
    let best: Vec<usize> = probabilities.iter().map(|p| argmax(p)).collect();
    let confidence =
        probabilities.iter().zip(&best).map(|(p, &b)| p.get(b).copied().unwrap_or(0.0)).collect();
    Calibrated { calibration, best, confidence }
}

/// The first tier's threshold and the share of held-out messages that reach it.
pub fn first_tier(
    prepared: &[Prepared],
    ngram: (&HeldOut, &Calibrated),
    joint: (&HeldOut, &Calibrated),
    (outside, expected): (Option<usize>, f32),
    errors: f32,
) -> (f32, f32) {
    let right = |(held, calibrated): (&HeldOut, &Calibrated), i: usize| {
        calibrated.best[i] == prepared[i].sentence.class && held.spans[i] == prepared[i].gold
    };
    let both = |i: &usize| !ngram.0.logits[*i].is_empty() && !joint.0.logits[*i].is_empty();
    let members: Vec<usize> = (0..prepared.len()).filter(both).collect();
    let is_outside = |i: usize| outside == Some(prepared[i].sentence.class);
    let seen = members.iter().filter(|i| is_outside(**i)).count() as f32 / members.len().max(1) as f32;
    let weight = outside::rarer(expected, seen);
    let outcomes: Vec<tiers::Outcome> = members
        .into_iter()
        .map(|i| tiers::Outcome {
            confidence: ngram.1.confidence[i].min(ngram.0.tag_confidence[i]),
            first: right(ngram, i),
            second: right(joint, i),
            weight: if is_outside(i) { weight } else { 1.0 },
        })
        .collect();
    let threshold = tiers::threshold(&outcomes, errors);
    let reached = outcomes.iter().filter(|o| o.confidence >= threshold).count();
    (threshold, reached as f32 / outcomes.len().max(1) as f32)
}

/// Trains on everything, with the epochs that cross-validation chose.
#[allow(clippy::type_complexity)]
pub fn finish(
    prepared: &[Prepared],
    labels: &Labels,
    options: &Options,
    held: &Held,
    with_joint: bool,
) -> ((Classifier, Tagger), Option<(Classifier, Tagger)>) {
    enum Done {
        Classifier(Classifier),
        Tagger(Tagger),
    }
    let trained = |p: &&Prepared| options.dev_from.is_none() || p.fold != 0;
    let all: Vec<&Prepared> = prepared.iter().filter(trained).collect();
    let job = |i: usize| {
        let joint = with_joint && i < 2;
        if i.is_multiple_of(2) {
            let owned = words(&all, joint);
            let samples: Vec<&tagger::Sample> = owned.iter().collect();
            return Done::Tagger(tagger::train(
                &samples,
                labels.entities.len(),
                &options.tagger,
                options.seed,
                &mut |_| {},
            ));
        }
        let owned = sentences(&all, joint);
        let samples: Vec<&classifier::Sample> = owned.iter().collect();
        let (how, held) = match (&held.joint, joint) {
            (Some(h), true) => (&options.joint, h),
            _ => (&options.ngram, &held.ngram),
        };
        let last = held.epochs;
        let classes = labels.intents.len();
        // The steps fall over `epochs`: ending early keeps the schedule that was cross-validated.
        Done::Classifier(classifier::train(&samples, classes, how, options.seed, &mut |epoch, _| {
            epoch + 1 < last
        }))
    };
    let mut results = jobs::run(if with_joint { 4 } else { 2 }, options.threads, job).into_iter();
    let mut pair = || match (results.next(), results.next()) {
        (Some(Done::Tagger(tagger)), Some(Done::Classifier(classifier))) => Some((classifier, tagger)),
        _ => None,
    };
    let first = pair();
    let second = if with_joint { pair() } else { None };
    match (first, second) {
        (Some(joint), Some(ngram)) => (ngram, Some(joint)),
        (Some(ngram), None) => (ngram, None),
        // Jobs always give a pair; a panic inside one has been passed on by the scope.
        _ => unreachable!("a training job gave nothing"),
    }
}
