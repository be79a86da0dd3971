//! From what cross-validation keeps to what the page shows.

use super::Reading;
use crate::{
    calibrate::Scores,
    train::folds::{Calibrated, HeldOut},
};

/// How many intents of each message are kept.
const KEPT: usize = 3;

/// One tier's readings of all messages, in their order; `None` for what was not held out. `posteriors` are the messages' languages as calibration saw
/// them, `outside` is the place of the out-of-scope intent.
pub fn readings(
    held: &HeldOut,
    calibrated: &Calibrated,
    posteriors: &[Vec<(String, f32)>],
    outside: Option<usize>,
) -> Vec<Option<Reading>> {
    let one = |i: usize| {
        if held.logits[i].is_empty() {
            return None;
        }
        let scores =
            Scores { logits: &held.logits[i], languages: &posteriors[i], familiarity: held.familiarity[i] };
        let (p, outside) = calibrated.calibration.probabilities(scores, outside);
        let mut ranking: Vec<(usize, f32)> = p.into_iter().enumerate().collect();
        ranking.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranking.truncate(KEPT);
        Some(Reading {
            ranking,
            outside,
            spans: held.spans[i].clone(),
            tag_confidence: held.tag_confidence[i],
        })
    };
    (0..held.logits.len()).map(one).collect()
}
