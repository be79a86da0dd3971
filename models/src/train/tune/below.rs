//! A second opinion of the intent: the discriminant of what the layers below those trained on give. By itself it is right less
//! often, but about other messages, and since those layers are run in any case it costs next to nothing.

use super::{Item, discriminant, nets::beside, standardize};
use crate::{
    calibrate::temperature,
    encoder::Pieces,
    heads::{
        classifier::{Classifier, Dense},
        math::{dot, standardizer},
    },
};
use ndarray::Array2;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Opinion {
    mean: Vec<f32>,
    scale: Vec<f32>,
    of: discriminant::Discriminant,
}

/// The mean of a text's pieces.
fn mean(pieces: &Pieces, width: usize) -> Vec<f32> {
    let mut sum = vec![0f32; width];
    for row in pieces.vectors.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
    }
    let count = (pieces.vectors.len() / width).max(1) as f32;
    sum.iter_mut().for_each(|s| *s /= count);
    sum
}

impl Opinion {
    /// Formed on messages.
    pub fn of(items: &[Item<'_>], width: usize, classes: usize) -> Self {
        let texts: Vec<Vec<f32>> = items.iter().map(|i| mean(i.pieces, width)).collect();
        let (mean, scale) = standardizer(texts.iter().map(Vec::as_slice), width);
        let mut x = Array2::zeros((texts.len(), width));
        x.iter_mut().zip(texts.iter().flatten()).for_each(|(x, t)| *x = *t);
        standardize(&mut x, &mean, &scale);
        let right: Vec<usize> = items.iter().map(|i| i.prepared.sentence.class).collect();
        Self { of: discriminant::fit(&x, &right, classes), mean, scale }
    }

    /// Of one message, a number for each class.
    pub fn logits(&self, pieces: &Pieces) -> Vec<f32> {
        let width = self.mean.len();
        let mut x = mean(pieces, width);
        x.iter_mut().zip(&self.mean).zip(&self.scale).for_each(|((x, m), s)| *x = (*x - m) * s);
        self.of.weights.chunks_exact(width).zip(&self.of.bias).map(|(w, b)| dot(w, &x) + b).collect()
    }

    /// Adds `share` of it to a classifier without hidden units, which from then on expects the mean of a text's lower pieces
    /// behind that of its pieces.
    pub fn join(&self, share: f32, intents: &mut Classifier) {
        let Some(dense) = &mut intents.dense else { return };
        let parts = [
            (dense.linear.as_slice(), dense.mean.len(), 1.0),
            (self.of.weights.as_slice(), self.mean.len(), share),
        ];
        let linear = beside(&parts, intents.classes);
        let (mean, scale) =
            ([&dense.mean[..], &self.mean].concat(), [&dense.scale[..], &self.scale].concat());
        *dense = Dense::linear(mean, scale, linear);
        intents.bias.iter_mut().zip(&self.of.bias).for_each(|(own, below)| *own += share * below);
    }
}

/// What two opinions say of a message, and its class.
pub(super) type Heard<'a> = (&'a [f32], &'a [f32], usize);

/// The share of the second opinion, in [0, [`MOST`]], under which the right classes are likeliest at the best temperature; 0
/// without messages.
pub(super) fn share(messages: &[Heard<'_>]) -> f32 {
    if messages.is_empty() {
        return 0.0;
    }
    let mixed = |share: f32| -> Vec<(Vec<f32>, usize)> {
        let one = |&(first, second, right): &Heard<'_>| {
            (first.iter().zip(second).map(|(a, b)| a + share * b).collect(), right)
        };
        messages.iter().map(one).collect()
    };
    let loss = |share: f32| -> f64 {
        let mixed = mixed(share);
        let messages = mixed.iter().map(|(z, right)| (z.as_slice(), *right));
        temperature::loss(messages.clone(), temperature::fit(messages))
    };
    // The loss is convex in both weights, so along their ratio it has one minimum.
    let best = temperature::least((0.0, f64::from(MOST)), STEPS, |share| loss(share as f32)) as f32;
    // An opinion that makes the right classes no likelier is not listened to.
    if loss(best) < loss(0.0) { best } else { 0.0 }
}

/// Greatest share of the second opinion, whose numbers for a message have a deviation of 1.
const MOST: f32 = 8.0;
/// Steps of the search; the last interval is a five-hundredth of [`MOST`].
const STEPS: usize = 13;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{features::vocabulary::Vocabulary, heads::sparse::Sparse, random::Random};

    fn pieces(rows: &[[f32; 2]]) -> Pieces {
        Pieces { vectors: rows.concat(), words: Vec::new() }
    }

    #[test]
    fn a_classifier_that_an_opinion_joined_adds_it() {
        let opinion = Opinion {
            mean: vec![1.0, 0.0],
            scale: vec![2.0, 1.0],
            of: discriminant::Discriminant { weights: vec![1.0, 0.5, -1.0, 0.25], bias: vec![0.5, -0.5] },
        };
        let dense = Dense {
            mean: vec![0.5],
            scale: vec![2.0],
            linear: vec![3.0, -3.0],
            hidden: Vec::new(),
            hidden_bias: Vec::new(),
            out: Vec::new(),
        };
        let mut intents = Classifier {
            classes: 2,
            vocabulary: Vocabulary::from_names(Vec::new()),
            sparse: Sparse::zeros(0, 2),
            bias: vec![0.1, 0.2],
            dense: Some(dense),
        };
        let own = intents.logits(&[], Some(&[0.75]));
        let said = opinion.logits(&pieces(&[[1.0, 2.0], [3.0, 0.0]]));
        opinion.join(0.5, &mut intents);
        let both = intents.logits(&[], Some(&[0.75, 2.0, 1.0]));
        for ((both, own), said) in both.iter().zip(own).zip(said) {
            assert!((both - own - 0.5 * said).abs() < 1e-5, "{both} {own} {said}");
        }
    }

    #[test]
    fn an_opinion_counts_by_what_it_knows() {
        let mut random = Random::new(5);
        let mut messages = |noise: f32| -> Vec<([f32; 2], [f32; 2], usize)> {
            (0..2000)
                .map(|i| {
                    let right = i % 2;
                    let mut say = |noise: f32| {
                        let mut z = [random.normal() * noise, random.normal() * noise];
                        z[right] += 1.0;
                        z
                    };
                    (say(1.0), say(noise), right)
                })
                .collect()
        };
        let mut of = |noise: f32| {
            let messages = messages(noise);
            share(&messages.iter().map(|(a, b, right)| (&a[..], &b[..], *right)).collect::<Vec<_>>())
        };
        // As good as the first it counts as much; the noisier, the less.
        let (same, worse) = (of(1.0), of(3.0));
        assert!((0.8..1.25).contains(&same) && worse < 0.25, "{same} {worse}");
        assert_eq!(share(&[]), 0.0);
        assert_eq!(share(&[(&[0.0, 1.0], &[1.0, 0.0], 1)]), 0.0);
    }
}
