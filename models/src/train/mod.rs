//! Training: everything from a shop's examples to a calibrated model, deterministic for the same input.

pub mod classifier;
pub mod encodings;
pub mod folds;
pub mod jobs;
mod names;
pub mod prepare;
pub mod tagger;
pub mod tune;
mod varied;

use crate::{
    artefact::{CODE, Manifest, TierManifest},
    calibrate::{self, metrics::SpanCounts},
    data::{Dataset, is_out_of_scope, problems},
    encoder::EncoderSource,
    error::{Error, Result},
    features::gazetteer::{Gazetteer, Tables},
    language::Languages,
    model::{Model, Tier},
    progress::{Progress, Unit},
    report,
};
use folds::HeldOut;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Instant};

/// Standard errors of the first tier's cost that a tuned model's threshold allows for: one side of a 95 % interval.
const CERTAIN: f32 = 1.64;

/// How to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Start of all random numbers.
    pub seed: u64,
    /// Threads; the result does not depend on it.
    pub threads: usize,
    /// Parts of the data, each held out once for calibration and early stopping; at least 2.
    pub folds: usize,
    /// The n-gram classifier.
    pub ngram: classifier::Options,
    /// The joint classifier.
    pub joint: classifier::Options,
    /// Both taggers.
    pub tagger: tagger::Options,
    /// Trains the encoder's last layers with the joint tier's heads: better, and many times slower. `None` leaves the
    /// encoder as it is.
    pub tune: Option<tune::Options>,
    /// Layers of the encoder that are run where none of them is trained on, 1–12. Half of them give this data's heads what all
    /// of them give, in half the time (ADR 0018).
    pub layers: usize,
    /// Share of messages that no shop can answer to be reckoned with, (0, 0.5]; data usually hold fewer than traffic.
    pub outside: f32,
    /// Examples from here on are a development set: calibrated on, never trained on; stories are trained on. `None`: parts of the training set are
    /// held out in turn.
    #[serde(skip)]
    pub dev_from: Option<usize>,
    /// Where encoded texts are kept between trainings; `None` keeps none.
    #[serde(skip)]
    pub encodings: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            threads: 2,
            folds: 3,
            ngram: classifier::Options { epochs: 16, ..classifier::Options::default() },
            joint: classifier::Options::default(),
            tagger: tagger::Options::default(),
            tune: None,
            layers: 6,
            outside: 0.1,
            dev_from: None,
            encodings: None,
        }
    }
}

/// What training found out.
#[derive(Debug, Clone, Serialize)]
pub struct TrainReport {
    /// Examples used.
    pub examples: usize,
    /// The artefact's id.
    pub model: String,
    /// What is wrong with the data.
    pub problems: Vec<problems::Problem>,
    /// Held-out figures of the n-gram model by language.
    pub ngram: BTreeMap<String, LanguageMetrics>,
    /// Held-out figures of the joint model by language.
    pub joint: Option<BTreeMap<String, LanguageMetrics>>,
    /// Share of held-out messages that the first tier would answer.
    pub first_tier_share: f32,
    /// Seconds of each step.
    pub seconds: BTreeMap<String, f64>,
    /// Seconds in all.
    pub train_s: f64,
    /// The held-out messages and what the tiers made of them, for [`report::page`].
    #[serde(skip)]
    pub held_out: report::Input,
}

/// Held-out figures of one language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LanguageMetrics {
    /// Messages.
    pub n: usize,
    /// Share of right intents.
    pub intent_accuracy: f32,
    /// Micro F1 of exact spans and labels.
    pub entity_f1: f32,
    /// Expected calibration error, ten equal-mass bins.
    pub ece: f32,
}

/// Trains a model. With an encoder the n-gram and the joint model, without one the n-gram model alone.
///
/// # Errors
/// `CHARLA-E4012` with fewer than two intents or an example in none; the encoder's errors.
pub fn train(
    data: &Dataset,
    encoder: Option<Arc<dyn EncoderSource>>,
    options: &Options,
    progress: &dyn Progress,
) -> Result<(Model, TrainReport)> {
    let begun = Instant::now();
    let mut seconds = BTreeMap::new();
    let mut lap = Instant::now();
    let mut done = |step: &str, seconds: &mut BTreeMap<String, f64>| {
        seconds.insert(step.to_owned(), lap.elapsed().as_secs_f64());
        lap = Instant::now();
    };
    let labels = prepare::Labels::of(data);
    if labels.intents.len() < 2 {
        return Err(Error::TooLittle(format!("{} intents to tell apart", labels.intents.len())));
    }
    let encoder = encoder.map(|all| match &options.tune {
        None => all.first(options.layers).unwrap_or(all),
        Some(_) => all,
    });
    let tune = options.tune.as_ref().filter(|_| encoder.is_some());
    let (folds, rounds) = match tune {
        // Part 0 is the development set, part 1 all else.
        _ if options.dev_from.is_some() => (2, 1),
        Some(_) => tune::rounds::plan(data.examples.len()),
        None => (options.folds.max(2), options.folds.max(2)),
    };
    let options = &Options { folds, ..options.clone() };
    let gazetteer = Arc::new(Gazetteer::new(Tables {
        lookups: data.lookups.clone(),
        patterns: data.patterns.clone(),
        synonyms: data.synonyms.clone(),
    }));
    let mut prepared = prepare::prepare(data, &labels, &gazetteer, folds);
    if let Some(from) = options.dev_from {
        // Turns of stories come behind the examples, and none of them is of the development set.
        let learnt =
            |(i, p): (usize, &mut prepare::Prepared)| p.fold = usize::from(i < from || p.story.is_some());
        prepared.iter_mut().enumerate().for_each(learnt);
    }
    done("prepare", &mut seconds);
    let learnt = options.dev_from.unwrap_or(data.examples.len());
    let mut lower = None;
    if let Some(source) = &encoder {
        let texts: Vec<_> = prepared.iter().map(|p| &p.text).collect();
        if let Some(tune) = tune {
            let fit = || tune::layers(texts.len(), !labels.entities.is_empty());
            let wanted = if tune.layers == 0 { fit() } else { tune.layers };
            let top = source.top(wanted)?.ok_or_else(|| {
                Error::Encoder("its last layers cannot be trained on: leave them as they are".into())
            })?;
            let below = (source.as_ref(), top.layers.len());
            let pieces = encodings::pieces(below, &texts, options, progress)?;
            let varied = if tune.varied && learnt >= tune::MANY && !labels.entities.is_empty() {
                // What stands for a development set, behind the others, is not learnt from.
                varied::examples(data, &prepared[..learnt], &labels, &gazetteer, options.seed)
            } else {
                Vec::new()
            };
            lower = Some((pieces, tune::rounds::More::of(&labels, varied, below, options, progress)?, top));
        } else {
            let encodings = encodings::all(source.as_ref(), &texts, options, progress)?;
            prepare::attach(&mut prepared, &encodings);
        }
        done("encode", &mut seconds);
    }
    let start = tune.zip(lower.as_ref()).map(|(tune, (pieces, more, top))| tune::rounds::Start {
        prepared: &prepared,
        pieces,
        more,
        top,
        plan: (folds, rounds),
        labels: &labels,
        options,
        tune,
    });
    let frozen = encoder.is_some() && start.is_none();
    let trained = &data.examples[..learnt];
    let pairs: Vec<(&str, &str)> = trained.iter().map(|e| (e.lang.as_str(), e.text.as_str())).collect();
    let languages = Languages::train(&pairs, options.seed);
    done("languages", &mut seconds);

    progress.begin("cross-validation", folds as u64, Unit::Items);
    let mut held = folds::run(&prepared, &labels, options, frozen, rounds, progress);
    progress.end("cross-validation");
    done("cross-validation", &mut seconds);
    let mut tuned = tune::rounds::Round::default();
    if let Some(start) = &start {
        progress.begin("tuning", start.total(), Unit::Items);
        let (out, round) = start.held_out(progress);
        held.joint = Some(out);
        tuned = round;
        progress.end("tuning");
        done("tuning, held out", &mut seconds);
    }

    let outside = labels.intents.iter().position(|i| is_out_of_scope(i));
    let posteriors: Vec<Vec<(String, f32)>> =
        prepared.iter().map(|p| served(&languages.posterior(&p.text), &p.lang)).collect();
    let first = folds::calibrate(&prepared, &held.ngram, &posteriors, (outside, options.outside));
    let second = held
        .joint
        .as_ref()
        .map(|joint| folds::calibrate(&prepared, joint, &posteriors, (outside, options.outside)));
    let ngram_metrics = figures(&prepared, &held.ngram, &first);
    let joint_metrics = second.as_ref().zip(held.joint.as_ref()).map(|(c, h)| figures(&prepared, h, c));
    let read = |held: &HeldOut, c: &folds::Calibrated| report::readings(held, c, &posteriors, outside);
    let ngram_read = read(&held.ngram, &first);
    let joint_read = held.joint.as_ref().zip(second.as_ref()).map(|(held, c)| read(held, c));
    let (threshold, share) = match (&second, &held.joint) {
        (Some(second), Some(joint)) => {
            // Who trains the layers asks for the best answer, not for the quickest.
            let errors = if tune.is_some() { CERTAIN } else { 0.0 };
            let (first, second) = ((&held.ngram, &first), (joint, second));
            folds::first_tier(&prepared, first, second, (outside, options.outside), errors)
        }
        _ => (0.0, 1.0),
    };
    done("calibrate", &mut seconds);

    progress.begin("final model", 1, Unit::Items);
    let (ngram, joint) = folds::finish(&prepared, &labels, options, &held, frozen);
    progress.end("final model");
    let mut joint = joint.map(|(intents, tagger)| Tier { intents, tagger, top: None });
    if let Some(start) = &start {
        let passes = held.joint.as_ref().map_or(0, |h| (h.epochs * start.count()) as u64);
        progress.begin("tuning", passes, Unit::Items);
        // With a development set, what was trained for it is final.
        let last = tuned.last.take().filter(|_| options.dev_from.is_some());
        let net = last.unwrap_or_else(|| start.finish(&tuned, progress));
        joint = Some(Tier { intents: net.intents, tagger: net.tagger, top: Some(Arc::new(net.tops)) });
        progress.end("tuning");
    }
    done("final", &mut seconds);

    let tier = |calibration: &calibrate::Calibration, epochs, metrics: &BTreeMap<String, LanguageMetrics>| {
        TierManifest { epochs, calibration: calibration.clone(), held_out: metrics.clone() }
    };
    let mut manifest = Manifest {
        code: CODE.into(),
        data: data.hash(),
        encoder: encoder.as_ref().map(|e| e.id().to_owned()),
        options: options.clone(),
        intents: labels.intents,
        entities: labels.entities,
        languages: languages.labels.clone(),
        language_temperature: languages.temperature,
        tables: gazetteer.tables().clone(),
        ngram: tier(&first.calibration, held.ngram.epochs, &ngram_metrics),
        joint: second
            .as_ref()
            .zip(held.joint.as_ref())
            .zip(joint_metrics.as_ref())
            .map(|((c, h), m)| tier(&c.calibration, h.epochs, m)),
        first_tier: threshold,
        files: BTreeMap::new(),
        checks: Vec::new(),
    };
    // Threads and the place of the cache change nothing in the result and must not change its name.
    manifest.options.threads = 0;
    let mut model = Model::new(
        manifest,
        languages,
        Tier { intents: ngram.0, tagger: ngram.1, top: None },
        joint,
        encoder,
    );
    model.seal(&data.examples)?;
    done("seal", &mut seconds);
    let report = TrainReport {
        examples: data.examples.len(),
        model: model.id().to_owned(),
        problems: problems::check(data),
        ngram: ngram_metrics,
        joint: joint_metrics,
        first_tier_share: share,
        held_out: report::Input::of(&model, data, ngram_read, joint_read),
        train_s: begun.elapsed().as_secs_f64(),
        seconds,
    };
    Ok((model, report))
}

/// The posterior over languages as calibration uses it; a data set without languages has one, unnamed.
fn served(posterior: &[(String, f32)], lang: &str) -> Vec<(String, f32)> {
    if lang.is_empty() { vec![(String::new(), 1.0)] } else { posterior.to_vec() }
}

/// Held-out figures by language.
fn figures(
    prepared: &[prepare::Prepared],
    held: &HeldOut,
    calibrated: &folds::Calibrated,
) -> BTreeMap<String, LanguageMetrics> {
    let mut out = BTreeMap::new();
    let languages: std::collections::BTreeSet<&str> = prepared.iter().map(|p| p.lang.as_str()).collect();
    for language in languages {
        let (mut spans, mut top) = (SpanCounts::default(), Vec::new());
        // What was not held out says nothing.
        let of = |(i, p): &(usize, &prepare::Prepared)| p.lang == language && !held.logits[*i].is_empty();
        for (i, p) in prepared.iter().enumerate().filter(of) {
            spans.add(&held.spans[i], &p.gold);
            top.push((calibrated.confidence[i], calibrated.best[i] == p.sentence.class));
        }
        out.insert(
            language.to_owned(),
            LanguageMetrics {
                n: top.len(),
                intent_accuracy: top.iter().filter(|t| t.1).count() as f32 / top.len().max(1) as f32,
                entity_f1: spans.f1(),
                ece: calibrate::metrics::ece(&top, 10),
            },
        );
    }
    out
}
