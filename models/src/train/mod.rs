//! Training: everything from a shop's examples to a calibrated model, deterministic for the same input.

pub mod classifier;
pub mod encodings;
pub mod folds;
pub mod jobs;
pub mod prepare;
pub mod tagger;

use crate::{
    artefact::{CODE, Manifest, TierManifest},
    calibrate::{self, metrics::SpanCounts},
    data::{Dataset, OUT_OF_SCOPE, problems},
    encoder::EncoderSource,
    error::{Error, Result},
    features::gazetteer::{Gazetteer, Tables},
    language::Languages,
    model::{Model, Tier},
    progress::{Progress, Unit},
};
use folds::HeldOut;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Instant};

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
    let folds = options.folds.max(2);
    let gazetteer = Arc::new(Gazetteer::new(Tables {
        lookups: data.lookups.clone(),
        patterns: data.patterns.clone(),
        synonyms: data.synonyms.clone(),
    }));
    let mut prepared = prepare::prepare(data, &labels, &gazetteer, folds);
    done("prepare", &mut seconds);
    if let Some(source) = &encoder {
        let texts: Vec<_> = prepared.iter().map(|p| &p.text).collect();
        let encodings = encodings::all(source.as_ref(), &texts, options, progress)?;
        prepare::attach(&mut prepared, &encodings);
        done("encode", &mut seconds);
    }
    let pairs: Vec<(&str, &str)> = data.examples.iter().map(|e| (e.lang.as_str(), e.text.as_str())).collect();
    let languages = Languages::train(&pairs, options.seed);
    done("languages", &mut seconds);

    progress.begin("cross-validation", folds as u64, Unit::Items);
    let held = folds::run(&prepared, &labels, options, encoder.is_some(), progress);
    progress.end("cross-validation");
    done("cross-validation", &mut seconds);

    let outside = labels.intents.iter().position(|i| i == OUT_OF_SCOPE);
    let posteriors: Vec<Vec<(String, f32)>> =
        prepared.iter().map(|p| served(&languages.posterior(&p.text), &p.lang)).collect();
    let first = folds::calibrate(&prepared, &held.ngram, &posteriors, outside);
    let second = held.joint.as_ref().map(|joint| folds::calibrate(&prepared, joint, &posteriors, outside));
    let ngram_metrics = figures(&prepared, &held.ngram, &first);
    let joint_metrics = second.as_ref().zip(held.joint.as_ref()).map(|(c, h)| figures(&prepared, h, c));
    let (threshold, share) = match (&second, &held.joint) {
        (Some(second), Some(joint)) => folds::first_tier(&prepared, (&held.ngram, &first), (joint, second)),
        _ => (0.0, 1.0),
    };
    done("calibrate", &mut seconds);

    progress.begin("final model", 1, Unit::Items);
    let (ngram, joint) = folds::finish(&prepared, &labels, options, &held, encoder.is_some());
    progress.end("final model");
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
        Tier { intents: ngram.0, tagger: ngram.1 },
        joint.map(|(intents, tagger)| Tier { intents, tagger }),
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
        for (i, p) in prepared.iter().enumerate().filter(|(_, p)| p.lang == language) {
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
