//! Out-of-scope detection: a logistic model over what the classifier thinks of the message and how strange it is.

use super::Scores;
use crate::heads::math::softmax;
use serde::{Deserialize, Serialize};

/// How many signals the detector sees.
const SIGNALS: usize = 4;

/// Weights of the signals; the last one is the constant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    weights: [f32; SIGNALS + 1],
}

/// Log-odds of the out-of-scope class, the greatest logit, the entropy, the share of unknown features.
fn signals(p: &[f32], place: usize, scores: Scores<'_>) -> [f32; SIGNALS + 1] {
    let out = p[place].clamp(1e-5, 1.0 - 1e-5);
    let most = scores
        .logits
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != place)
        .map(|(_, z)| *z)
        .fold(f32::MIN, f32::max);
    let entropy: f32 = p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    [(out / (1.0 - out)).ln(), most * 0.3, entropy, 1.0 - scores.familiarity, 1.0]
}

/// By how much out-of-scope messages are rarer in the data (share `seen`) than in traffic (share `expected`): the ratio of the
/// odds, at least 1.
pub fn rarer(expected: f32, seen: f32) -> f32 {
    let odds = |share: f32| share / (1.0 - share);
    (odds(expected.clamp(1e-4, 0.5)) / odds(seen.clamp(1e-4, 0.9999))).max(1.0)
}

impl Outside {
    /// Calibrated probability that the message is out of scope.
    pub fn probability(&self, p: &[f32], place: usize, scores: Scores<'_>) -> f32 {
        let x = signals(p, place, scores);
        let z: f32 = x.iter().zip(&self.weights).map(|(x, w)| x * w).sum();
        1.0 / (1.0 + (-z).exp())
    }

    /// Moves the odds from a share of `seen` out-of-scope messages in training to `expected` in traffic, both in (0, 1)
    /// (Saerens, Latinne, Decaestecker 2002). Nothing happens where training has seen more.
    #[must_use]
    pub fn expecting(mut self, expected: f32, seen: f32) -> Self {
        self.weights[SIGNALS] += rarer(expected, seen).ln();
        self
    }

    /// Fits on held-out messages: temperature-scaled probabilities, scores, whether it is out of scope. `None` with fewer
    /// than ten messages of either kind.
    pub fn fit(messages: &[(Vec<f32>, Scores<'_>, bool)], place: usize) -> Option<Self> {
        let outside = messages.iter().filter(|m| m.2).count();
        if outside < 10 || messages.len() - outside < 10 {
            return None;
        }
        let rows: Vec<([f32; SIGNALS + 1], f32)> = messages
            .iter()
            .map(|(p, scores, out)| (signals(p, place, *scores), f32::from(u8::from(*out))))
            .collect();
        // Newton's method on the convex loss; a little ridge keeps it solvable, towards "the class's own odds".
        const RIDGE: f64 = 1.0;
        let prior = [1.0, 0.0, 0.0, 0.0, 0.0];
        let loss = |w: &[f64; SIGNALS + 1]| -> f64 {
            let ridge: f64 = w.iter().zip(&prior).map(|(w, p)| 0.5 * RIDGE * (w - p).powi(2)).sum();
            let nll = rows.iter().map(|(x, y)| {
                let z: f64 = x.iter().zip(w).map(|(x, w)| f64::from(*x) * w).sum();
                // ln(1 + eᶻ) − y·z, without overflow.
                z.max(0.0) + (-z.abs()).exp().ln_1p() - f64::from(*y) * z
            });
            ridge + nll.sum::<f64>()
        };
        let mut w = prior;
        for _ in 0..30 {
            let mut gradient = [0f64; SIGNALS + 1];
            let mut hessian = [[0f64; SIGNALS + 1]; SIGNALS + 1];
            for i in 0..=SIGNALS {
                gradient[i] = RIDGE * (w[i] - prior[i]);
                hessian[i][i] = RIDGE;
            }
            for (x, y) in &rows {
                let z: f64 = x.iter().zip(&w).map(|(x, w)| f64::from(*x) * w).sum();
                let p = 1.0 / (1.0 + (-z).exp());
                for i in 0..=SIGNALS {
                    gradient[i] += (p - f64::from(*y)) * f64::from(x[i]);
                    for j in 0..=SIGNALS {
                        hessian[i][j] += p * (1.0 - p) * f64::from(x[i]) * f64::from(x[j]);
                    }
                }
            }
            let step = solve(hessian, gradient);
            // A whole step may overshoot where the two kinds are nearly apart: it is halved until the loss falls.
            let before = loss(&w);
            let mut share = 1.0;
            let mut next = w;
            while share > 1e-4 {
                next = std::array::from_fn(|i| w[i] - share * step[i]);
                if loss(&next) <= before {
                    break;
                }
                share *= 0.5;
            }
            w = next;
            if step.iter().all(|s| (s * share).abs() < 1e-7) {
                break;
            }
        }
        w.iter().all(|w| w.is_finite()).then(|| Self { weights: w.map(|w| w as f32) })
    }
}

/// Gaussian elimination with pivots; the matrix is positive definite.
fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> [f64; N] {
    for i in 0..N {
        let pivot = (i..N).max_by(|&x, &y| a[x][i].abs().total_cmp(&a[y][i].abs())).unwrap_or(i);
        a.swap(i, pivot);
        b.swap(i, pivot);
        for row in i + 1..N {
            let k = a[row][i] / a[i][i];
            let upper = a[i];
            for (cell, above) in a[row].iter_mut().zip(upper).skip(i) {
                *cell -= k * above;
            }
            b[row] -= k * b[i];
        }
    }
    for i in (0..N).rev() {
        let known: f64 = (i + 1..N).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    b
}

/// Probabilities at a temperature, for fitting.
pub fn scaled(logits: &[f32], t: f32) -> Vec<f32> {
    let mut p: Vec<f32> = logits.iter().map(|z| z / t).collect();
    softmax(&mut p);
    p
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn solves_and_learns_that_strange_messages_are_outside() {
        let x = solve([[2.0, 1.0], [1.0, 3.0]], [3.0, 5.0]);
        assert!((x[0] - 0.8).abs() < 1e-9 && (x[1] - 1.4).abs() < 1e-9);
        let mut random = Random::new(8);
        let raw: Vec<(Vec<f32>, f32, bool)> = (0..600)
            .map(|i| {
                let out = i % 4 == 0;
                (
                    vec![random.normal(), random.normal(), random.normal()],
                    if out { 0.3 } else { 0.9 } + random.normal() * 0.1,
                    out,
                )
            })
            .collect();
        let messages: Vec<_> = raw
            .iter()
            .map(|(z, f, out)| (scaled(z, 1.0), Scores { logits: z, languages: &[], familiarity: *f }, *out))
            .collect();
        let fitted = Outside::fit(&messages, 0).unwrap();
        let right =
            messages.iter().filter(|(p, s, out)| (fitted.probability(p, 0, *s) > 0.5) == *out).count();
        assert!(right > 560, "{right}");
        let mean: f32 = messages.iter().map(|(p, s, _)| fitted.probability(p, 0, *s)).sum::<f32>() / 600.0;
        assert!((mean - 0.25).abs() < 0.02, "the mean probability is the share: {mean}");
        assert!(Outside::fit(&messages[..9], 0).is_none());
        // Few and nearly apart, as in sets with many intents: whole Newton steps run away here.
        let rare: Vec<(Vec<f32>, f32, bool)> = (0..3000)
            .map(|i| {
                let out = i % 30 == 0;
                let most = if out { 0.5 } else { 14.0 } + random.normal();
                let mut z = vec![-3.0f32; 150];
                z[1 + i % 149] = most;
                (z, if out { 0.6 } else { 1.0 }, out)
            })
            .collect();
        let rare: Vec<_> = rare
            .iter()
            .map(|(z, f, out)| (scaled(z, 0.5), Scores { logits: z, languages: &[], familiarity: *f }, *out))
            .collect();
        let fitted = Outside::fit(&rare, 0).unwrap();
        let right = rare.iter().filter(|(p, s, out)| (fitted.probability(p, 0, *s) > 0.5) == *out).count();
        assert!(right > 2900, "{right} of 3000");
        let (p, s, _) = &messages[1];
        let before = fitted.probability(p, 0, *s);
        assert!(fitted.expecting(0.5, 0.25).probability(p, 0, *s) > before);
        assert_eq!(fitted.expecting(0.1, 0.25).probability(p, 0, *s), before);
    }
}
