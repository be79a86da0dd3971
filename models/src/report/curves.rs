//! What the charts draw, as numbers.

/// Some messages that were given about the same probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Messages.
    pub n: usize,
    /// Right ones.
    pub right: usize,
    /// Mean probability.
    pub said: f64,
    /// 95 % interval of the share of right ones (Wilson 1927).
    pub range: (f64, f64),
}

impl Bin {
    /// Share of right ones.
    pub fn share(&self) -> f64 {
        self.right as f64 / self.n.max(1) as f64
    }
    /// Whether what was said lies outside what chance explains.
    pub fn off(&self) -> bool {
        self.said < self.range.0 || self.said > self.range.1
    }
}

/// Wilson's score interval for `right` of `n` at 95 %.
fn wilson(right: usize, n: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let (p, n) = (right as f64 / n.max(1) as f64, n.max(1) as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// Bins of equal mass by probability, at most `bins`, least probability first.
pub fn bins(told: &[(f32, bool)], bins: usize) -> Vec<Bin> {
    let mut sorted = told.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let n = sorted.len();
    let bins = bins.min(n);
    (0..bins)
        .map(|bin| {
            let part = &sorted[bin * n / bins..(bin + 1) * n / bins];
            let right = part.iter().filter(|t| t.1).count();
            let said = part.iter().map(|t| f64::from(t.0)).sum::<f64>() / part.len() as f64;
            Bin { n: part.len(), right, said, range: wilson(right, part.len()) }
        })
        .collect()
}

/// What happens if only messages with at least some probability are answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Risk {
    /// The least probability answered.
    pub threshold: f32,
    /// Share answered.
    pub coverage: f64,
    /// Share of wrong ones among them.
    pub risk: f64,
}

/// The risk–coverage curve (El-Yaniv and Wiener 2010): one point for each probability, falling; thinned to about 200.
pub fn risks(told: &[(f32, bool)]) -> Vec<Risk> {
    let mut sorted = told.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut wrong, mut seen, mut out) = (0usize, 0usize, Vec::new());
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        seen += group.len();
        wrong += group.iter().filter(|t| !t.1).count();
        out.push(Risk {
            threshold: group[0].0,
            coverage: seen as f64 / sorted.len() as f64,
            risk: wrong as f64 / seen as f64,
        });
    }
    thin(out, 200)
}

/// The point of that curve at a threshold; `None` where nothing reaches it.
pub fn risk_at(told: &[(f32, bool)], threshold: f32) -> Option<Risk> {
    let answered: Vec<_> = told.iter().filter(|t| t.0 >= threshold).collect();
    let n = answered.len();
    (n > 0).then(|| Risk {
        threshold,
        coverage: n as f64 / told.len() as f64,
        risk: answered.iter().filter(|t| !t.1).count() as f64 / n as f64,
    })
}

/// A receiver operating characteristic: (false alarms, detections) for every threshold, from (0, 0) to (1, 1), thinned;
/// `None` without both kinds.
pub fn roc(scores: &[(f32, bool)]) -> Option<Vec<(f64, f64)>> {
    let positives = scores.iter().filter(|s| s.1).count();
    let negatives = scores.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut hits, mut alarms, mut out) = (0usize, 0usize, vec![(0.0, 0.0)]);
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        hits += group.iter().filter(|s| s.1).count();
        alarms += group.iter().filter(|s| !s.1).count();
        out.push((alarms as f64 / negatives as f64, hits as f64 / positives as f64));
    }
    Some(thin(out, 200))
}

/// About `most` points, the first and the last among them.
fn thin<T: Copy>(points: Vec<T>, most: usize) -> Vec<T> {
    let step = points.len().div_ceil(most).max(1);
    let last = points.len().saturating_sub(1);
    points.iter().enumerate().filter(|(i, _)| i % step == 0 || *i == last).map(|(_, p)| *p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{calibrate::metrics::auroc, random::Random};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bins_share_out_everything(told in prop::collection::vec((0f32..=1.0, any::<bool>()), 0..90)) {
            let found = bins(&told, 10);
            prop_assert_eq!(found.len(), told.len().min(10));
            prop_assert_eq!(found.iter().map(|b| b.n).sum::<usize>(), told.len());
            prop_assert_eq!(found.iter().map(|b| b.right).sum::<usize>(), told.iter().filter(|t| t.1).count());
            prop_assert!(found.windows(2).all(|w| w[0].said <= w[1].said + 1e-9));
            for b in found {
                let (low, high) = b.range;
                prop_assert!(0.0 <= low && low <= b.share() + 1e-9 && b.share() <= high + 1e-9 && high <= 1.0);
            }
        }

        #[test]
        fn curves_run_one_way(told in prop::collection::vec((0f32..=1.0, any::<bool>()), 0..600)) {
            let risks = risks(&told);
            prop_assert!(risks.windows(2).all(|w| w[0].coverage < w[1].coverage && w[0].threshold > w[1].threshold));
            if let Some(last) = risks.last() {
                prop_assert_eq!(last.coverage, 1.0);
            }
            if let Some(points) = roc(&told) {
                prop_assert!(points.windows(2).all(|w| w[0].0 <= w[1].0 && w[0].1 <= w[1].1));
                prop_assert_eq!((points[0], points[points.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
            } else {
                prop_assert_eq!(auroc(&told), None);
            }
        }
    }

    #[test]
    fn the_area_under_the_drawn_curve_is_the_area_told() {
        let mut random = Random::new(9);
        let scores: Vec<(f32, bool)> = (0..150)
            .map(|i| ((random.unit() * 20.0).round() / 20.0 + if i % 3 == 0 { 0.3 } else { 0.0 }, i % 3 == 0))
            .collect();
        let points = roc(&scores).unwrap();
        let area: f64 = points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
        assert!((area - f64::from(auroc(&scores).unwrap())).abs() < 1e-6);
    }

    #[test]
    fn the_point_at_a_threshold_lies_on_the_curve() {
        let told = [(0.9, true), (0.8, false), (0.7, true), (0.2, false)];
        let at = risk_at(&told, 0.7).unwrap();
        assert_eq!((at.coverage, at.risk), (0.75, 1.0 / 3.0));
        assert!(risks(&told).iter().any(|r| (r.coverage, r.risk) == (at.coverage, at.risk)));
        assert_eq!(risk_at(&told, 0.95), None);
        assert_eq!(risk_at(&[], 0.7), None);
    }
}
