//! How good and how honest predictions are.

use crate::random::Random;

/// Expected calibration error over bins of equal mass (Naeini et al., AAAI 2015; equal mass as in Nixon et al. 2019):
/// the mean distance of confidence and accuracy. 0 without predictions.
pub fn ece(predictions: &[(f32, bool)], bins: usize) -> f32 {
    if predictions.is_empty() {
        return 0.0;
    }
    let mut sorted = predictions.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let n = sorted.len();
    let bins = bins.clamp(1, n);
    (0..bins)
        .map(|bin| {
            let part = &sorted[bin * n / bins..(bin + 1) * n / bins];
            let confidence: f32 = part.iter().map(|p| p.0).sum();
            let right = part.iter().filter(|p| p.1).count() as f32;
            (confidence - right).abs() / n as f32
        })
        .sum()
}

/// Bootstrap interval (2.5th and 97.5th percentile of 1,000 resamples, fixed seed) of the error above.
pub fn ece_interval(predictions: &[(f32, bool)], bins: usize) -> (f32, f32) {
    let mut random = Random::new(2_206);
    let mut values: Vec<f32> = (0..1000)
        .map(|_| {
            let sample: Vec<(f32, bool)> =
                predictions.iter().map(|_| predictions[random.below(predictions.len())]).collect();
            ece(&sample, bins)
        })
        .collect();
    values.sort_by(f32::total_cmp);
    (values[25], values[974])
}

/// Area under the ROC curve of scores for positives against negatives (Mann–Whitney, ties half); `None` without both.
pub fn auroc(scores: &[(f32, bool)]) -> Option<f32> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = sorted.iter().filter(|s| s.1).count();
    let negatives = sorted.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (mut below, mut wins) = (0f64, 0f64);
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        let up = group.iter().filter(|s| s.1).count() as f64;
        let down = group.len() as f64 - up;
        wins += up * (below + down / 2.0);
        below += down;
    }
    Some((wins / (positives as f64 * negatives as f64)) as f32)
}

/// Counts of exact spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpanCounts {
    /// Found and right.
    pub right: usize,
    /// Found.
    pub found: usize,
    /// To be found.
    pub gold: usize,
}

impl SpanCounts {
    /// Adds one message; spans are (label, start, end) and count only if all three agree.
    pub fn add<T: PartialEq>(&mut self, found: &[(T, usize, usize)], gold: &[(T, usize, usize)]) {
        self.found += found.len();
        self.gold += gold.len();
        self.right += found.iter().filter(|f| gold.contains(f)).count();
    }
    /// Micro F1; 1 where there was nothing to find and nothing was found.
    pub fn f1(self) -> f32 {
        if self.found + self.gold == 0 {
            return 1.0;
        }
        2.0 * self.right as f32 / (self.found + self.gold) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_predictions_have_no_error_and_bold_ones_have() {
        let mut random = Random::new(6);
        let honest: Vec<(f32, bool)> = (0..20_000)
            .map(|_| {
                let p = 0.3 + 0.7 * random.unit();
                (p, random.unit() < p)
            })
            .collect();
        assert!(ece(&honest, 10) < 0.015);
        let bold: Vec<(f32, bool)> = honest.iter().map(|&(_, right)| (1.0, right)).collect();
        assert!((ece(&bold, 10) - 0.35).abs() < 0.02);
        let (low, high) = ece_interval(&honest[..500], 10);
        assert!(low < high && high < 0.12);
    }

    #[test]
    fn ranks_and_spans() {
        assert_eq!(auroc(&[(0.1, false), (0.9, true), (0.4, false)]), Some(1.0));
        assert_eq!(auroc(&[(0.5, false), (0.5, true)]), Some(0.5));
        assert_eq!(auroc(&[(0.5, true)]), None);
        let mut counts = SpanCounts::default();
        counts.add(&[("a", 0, 2), ("b", 3, 4)], &[("a", 0, 2), ("b", 3, 5)]);
        assert_eq!(counts.f1(), 0.5);
    }
}
