//! From scores to probabilities that can be trusted, fitted on predictions for messages that the model had not seen.

pub mod metrics;
pub mod outside;
pub mod temperature;
pub mod tiers;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is fitted for one cascade (n-gram alone, or joint).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Temperature of each language.
    pub temperature: BTreeMap<String, f32>,
    /// Temperature of a message whose language is none of them.
    pub otherwise: f32,
    /// Out-of-scope detector; `None` where the training data has no out-of-scope messages.
    pub outside: Option<outside::Outside>,
    /// 1 − the mass that a conformal set must reach for 90 % coverage; see [`Calibration::candidates`].
    pub conformal: f32,
}

/// What the calibration sees of one message.
#[derive(Debug, Clone, Copy)]
pub struct Scores<'a> {
    /// Logits of the intents.
    pub logits: &'a [f32],
    /// Language posterior over the languages that have a temperature.
    pub languages: &'a [(String, f32)],
    /// Share of the features that training saw.
    pub familiarity: f32,
}

impl Calibration {
    /// Calibrated probabilities of the intents, blended over the language's posterior, and that of being out of scope.
    /// `outside` is the place of the out-of-scope intent.
    pub fn probabilities(&self, scores: Scores<'_>, outside: Option<usize>) -> (Vec<f32>, f32) {
        let mut p = vec![0f32; scores.logits.len()];
        let mut left = 1f32;
        for (language, weight) in scores.languages {
            if let Some(&t) = self.temperature.get(language) {
                temperature::add(scores.logits, t, *weight, &mut p);
                left -= weight;
            }
        }
        if left > 1e-3 {
            temperature::add(scores.logits, self.otherwise.max(0.05), left, &mut p);
        }
        let sum: f32 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum.max(f32::MIN_POSITIVE));
        let Some(place) = outside else { return (p, 0.0) };
        let Some(detector) = &self.outside else {
            let out = p[place];
            return (p, out);
        };
        let out = detector.probability(&p, place, scores);
        let inside = (1.0 - p[place]).max(1e-6);
        for (i, p) in p.iter_mut().enumerate() {
            *p = if i == place { out } else { *p * (1.0 - out) / inside };
        }
        (p, out)
    }

    /// The conformal set: the likeliest intents whose every member has at least the probability that the right one had in
    /// nine of ten held-out messages (split conformal prediction with score 1 − p, Vovk et al. 2005). Never empty.
    pub fn candidates(&self, ranked: &[(String, f32)]) -> Vec<String> {
        let kept = ranked.iter().enumerate().filter(|(i, (_, p))| *i == 0 || *p >= 1.0 - self.conformal);
        kept.map(|(_, (name, _))| name.clone()).collect()
    }
}

/// The conformal quantile of the probabilities that the right intents were given.
pub fn conformal(right: &[f32], coverage: f32) -> f32 {
    let mut scores: Vec<f32> = right.iter().map(|p| 1.0 - p).collect();
    scores.sort_by(f32::total_cmp);
    // ⌈(n+1)·coverage⌉-th smallest score guarantees the coverage for exchangeable messages.
    let rank = ((scores.len() + 1) as f32 * coverage).ceil() as usize;
    scores.get(rank.saturating_sub(1)).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn conformal_sets_cover_what_they_promise() {
        let mut random = Random::new(4);
        let mut draw = || random.unit().powf(0.3);
        let fit: Vec<f32> = (0..2000).map(|_| draw()).collect();
        let quantile = conformal(&fit, 0.9);
        let covered = (0..2000).filter(|_| draw() >= 1.0 - quantile).count();
        assert!((1740..1860).contains(&covered), "{covered}");
        let calibration = Calibration { conformal: quantile, ..Calibration::default() };
        let ranked = [("a".to_owned(), 0.01), ("b".to_owned(), 0.001)];
        assert_eq!(calibration.candidates(&ranked), ["a"]);
    }

    #[test]
    fn probabilities_blend_languages_and_sum_to_one() {
        let calibration = Calibration {
            temperature: BTreeMap::from([("en".into(), 0.5), ("hi-Latn".into(), 4.0)]),
            otherwise: 1.0,
            ..Calibration::default()
        };
        let of = |languages: &[(String, f32)]| {
            calibration
                .probabilities(Scores { logits: &[2.0, 0.0, 1.0], languages, familiarity: 1.0 }, Some(2))
                .0
        };
        let (sharp, flat) = (of(&[("en".into(), 1.0)]), of(&[("hi-Latn".into(), 1.0)]));
        let both = of(&[("en".into(), 0.5), ("hi-Latn".into(), 0.5)]);
        assert!((both.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!((both[0] - (sharp[0] + flat[0]) / 2.0).abs() < 1e-5 && sharp[0] > flat[0]);
    }
}
