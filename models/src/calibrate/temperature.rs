//! Temperature scaling (Guo et al., ICML 2017): one number a language, by least negative log-likelihood.

use crate::heads::math::softmax;

/// Adds `weight · softmax(logits / t)` to `out`.
pub fn add(logits: &[f32], t: f32, weight: f32, out: &mut [f32]) {
    let mut p: Vec<f32> = logits.iter().map(|z| z / t).collect();
    softmax(&mut p);
    out.iter_mut().zip(&p).for_each(|(o, p)| *o += weight * p);
}

/// The temperature in [0.05, 20] under which the right classes are likeliest; 1 without messages.
pub fn fit<'a>(messages: impl Iterator<Item = (&'a [f32], usize)> + Clone) -> f32 {
    if messages.clone().next().is_none() {
        return 1.0;
    }
    // The loss is convex in 1/t, so it has one minimum.
    least((0.05f64.ln(), 20f64.ln()), 25, |log_t| loss(messages.clone(), log_t.exp() as f32)).exp() as f32
}

/// Negative log-likelihood of the right classes at a temperature, in nats, over all messages.
pub(crate) fn loss<'a>(messages: impl Iterator<Item = (&'a [f32], usize)>, t: f32) -> f64 {
    messages
        .map(|(logits, right)| {
            let mut p: Vec<f32> = logits.iter().map(|z| z / t).collect();
            let gold = p[right];
            f64::from(softmax(&mut p) - gold)
        })
        .sum()
}

/// Where a function with one minimum between two bounds has it, by golden-section search: each step leaves 0.618 of the
/// interval, whose middle it is in the end.
pub(crate) fn least((mut low, mut high): (f64, f64), steps: usize, loss: impl Fn(f64) -> f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_895;
    let (mut a, mut b) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    for _ in 0..steps {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - RATIO * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + RATIO * (high - low);
            at_b = loss(b);
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn finds_the_temperature_that_made_the_data() {
        let mut random = Random::new(11);
        for truth in [0.5f32, 1.0, 3.0] {
            let messages: Vec<(Vec<f32>, usize)> = (0..4000)
                .map(|_| {
                    let logits: Vec<f32> = (0..5).map(|_| random.normal() * 3.0).collect();
                    let mut p: Vec<f32> = logits.iter().map(|z| z / truth).collect();
                    softmax(&mut p);
                    let mut u = random.unit();
                    let right = p
                        .iter()
                        .position(|p| {
                            u -= p;
                            u < 0.0
                        })
                        .unwrap_or(4);
                    (logits, right)
                })
                .collect();
            let found = fit(messages.iter().map(|(z, y)| (z.as_slice(), *y)));
            assert!((found / truth - 1.0).abs() < 0.12, "{found} for {truth}");
        }
    }
}
