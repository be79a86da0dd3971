//! Trains the classifier: cross-entropy with smoothed labels; AdaGrad on the sparse rows, AdamW on the dense blocks.

use crate::{
    features::vocabulary::Vocabulary,
    heads::{
        classifier::{Classifier, Dense, value},
        math::{Adam, adagrad, axpy, softmax, standardizer},
        sparse::Sparse,
    },
    random::Random,
};
use serde::{Deserialize, Serialize};

/// One message to learn from.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Features of the text.
    pub features: Vec<u64>,
    /// Features of dialogue contexts in which it may occur; one of them or none is taken in each epoch.
    pub contexts: Vec<Vec<u64>>,
    /// Its class.
    pub class: usize,
    /// The encoder's sentence vector.
    pub vector: Option<Vec<f32>>,
}

/// How the classifier is trained. The defaults were chosen by cross-validation on the training data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Passes over the data, at most; early stopping may choose fewer.
    pub epochs: usize,
    /// Step of the sparse part.
    pub sparse_rate: f32,
    /// Step of the dense part, falling to a tenth over the epochs.
    pub dense_rate: f32,
    /// Weight decay of the dense part.
    pub decay: f32,
    /// Units of the hidden layer.
    pub hidden: usize,
    /// Share of sparse features left out at random.
    pub drop_features: f32,
    /// Share of vector components set to zero at random.
    pub drop_inputs: f32,
    /// Share of hidden units set to zero at random.
    pub drop_hidden: f32,
    /// Probability mass spread over all classes.
    pub smoothing: f32,
    /// Messages a feature must occur in.
    pub least: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 24,
            sparse_rate: 0.12,
            dense_rate: 1.5e-3,
            decay: 0.02,
            hidden: 192,
            drop_features: 0.3,
            drop_inputs: 0.15,
            drop_hidden: 0.3,
            smoothing: 0.05,
            least: 2,
        }
    }
}

/// Messages between two steps of the dense part.
const BATCH: usize = 16;

/// The dense part with its gradient.
struct DenseTrainer {
    dense: Dense,
    gradient: [Vec<f32>; 4],
    adam: [Adam; 4],
}

impl DenseTrainer {
    fn new(samples: &[&Sample], width: usize, classes: usize, units: usize, random: &mut Random) -> Self {
        let rows = samples.iter().filter_map(|s| s.vector.as_deref());
        let (mean, scale) = standardizer(rows, width);
        let spread = (2.0 / width as f32).sqrt();
        let hidden: Vec<f32> = (0..units * width).map(|_| random.normal() * spread).collect();
        let spread = (1.0 / units.max(1) as f32).sqrt();
        let out: Vec<f32> = (0..classes * units).map(|_| random.normal() * spread * 0.5).collect();
        let sizes = [classes * width, units * width, units, classes * units];
        Self {
            dense: Dense {
                mean,
                scale,
                linear: vec![0.0; sizes[0]],
                hidden,
                hidden_bias: vec![0.0; units],
                out,
            },
            gradient: sizes.map(|n| vec![0.0; n]),
            adam: sizes.map(Adam::new),
        }
    }

    /// Adds to the gradient what an error at the logits asks for.
    fn back(&mut self, error: &[f32], x: &[f32], hidden: &[f32], kept: &[f32]) {
        let (width, units) = (x.len(), hidden.len());
        let mut at_hidden = vec![0f32; units];
        for (class, &e) in error.iter().enumerate().filter(|(_, e)| e.abs() > 1e-4) {
            axpy(e, x, &mut self.gradient[0][class * width..(class + 1) * width]);
            axpy(e, hidden, &mut self.gradient[3][class * units..(class + 1) * units]);
            axpy(e, &self.dense.out[class * units..(class + 1) * units], &mut at_hidden);
        }
        for unit in 0..units {
            // The rectifier lets the error through where the unit was on; dropout scales it as on the way out.
            if hidden[unit] > 0.0 {
                let e = at_hidden[unit] * kept[unit];
                axpy(e, x, &mut self.gradient[1][unit * width..(unit + 1) * width]);
                self.gradient[2][unit] += e;
            }
        }
    }

    fn step(&mut self, count: usize, rate: f32, decay: f32) {
        let k = 1.0 / count.max(1) as f32;
        self.gradient.iter_mut().flatten().for_each(|g| *g *= k);
        let [linear, hidden, hidden_bias, out] = &mut self.gradient;
        let [a, b, c, d] = &mut self.adam;
        a.step(&mut self.dense.linear, linear, rate, decay);
        b.step(&mut self.dense.hidden, hidden, rate, decay);
        c.step(&mut self.dense.hidden_bias, hidden_bias, rate, 0.0);
        d.step(&mut self.dense.out, out, rate, decay);
    }
}

/// Trains; `seen` is called after each epoch and ends training by returning false.
pub fn train(
    samples: &[&Sample],
    classes: usize,
    options: &Options,
    seed: u64,
    seen: &mut dyn FnMut(usize, &Classifier) -> bool,
) -> Classifier {
    let mut random = Random::new(seed);
    let lists =
        samples.iter().flat_map(|s| std::iter::once(&s.features).chain(&s.contexts)).map(Vec::as_slice);
    let vocabulary = Vocabulary::count(lists, options.least);
    let width = samples.iter().find_map(|s| s.vector.as_ref().map(Vec::len));
    let mut dense = width.map(|w| DenseTrainer::new(samples, w, classes, options.hidden, &mut random));
    let inputs: Vec<Option<Vec<f32>>> = samples
        .iter()
        .map(|s| dense.as_ref().and_then(|d| s.vector.as_ref().map(|v| d.dense.standardize(v))))
        .collect();
    let mut model = Classifier {
        classes,
        sparse: Sparse::zeros(vocabulary.len(), classes),
        bias: vec![0.0; classes],
        vocabulary,
        dense: None,
    };
    let known: Vec<(Vec<u32>, Vec<Vec<u32>>)> = samples
        .iter()
        .map(|s| (model.rows(&s.features), s.contexts.iter().map(|c| model.rows(c)).collect()))
        .collect();
    let mut squares = vec![1e-3f32; model.sparse.full().len()];
    let mut bias_squares = vec![1e-3f32; classes];
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let (mut logits, mut rows) = (vec![0f32; classes], Vec::new());
    for epoch in 0..options.epochs {
        random.shuffle(&mut order);
        let share = epoch as f32 / options.epochs.max(1) as f32;
        let rate = options.dense_rate * (1.0 - 0.9 * share);
        for (count, &i) in order.iter().enumerate() {
            let (base, contexts) = &known[i];
            rows.clear();
            rows.extend(base.iter().filter(|_| random.unit() >= options.drop_features));
            // Half of the time nothing is known of the dialogue, so that both ways are learnt.
            if !contexts.is_empty() && random.unit() < 0.5 {
                rows.extend(&contexts[random.below(contexts.len())]);
            }
            model.add_sparse(&rows, &mut logits);
            let forward = dense.as_ref().zip(inputs[i].as_ref()).map(|(d, x)| {
                let mut mask = |share: f32| if random.unit() < share { 0.0 } else { 1.0 / (1.0 - share) };
                let x: Vec<f32> = x.iter().map(|x| x * mask(options.drop_inputs)).collect();
                let mut hidden = d.dense.hidden(&x);
                let kept: Vec<f32> = hidden.iter().map(|_| mask(options.drop_hidden)).collect();
                hidden.iter_mut().zip(&kept).for_each(|(h, k)| *h = h.max(0.0) * k);
                d.dense.add(&x, &hidden, &mut logits);
                (x, hidden, kept)
            });
            softmax(&mut logits);
            let smooth = options.smoothing / classes as f32;
            for (class, p) in logits.iter_mut().enumerate() {
                *p -= smooth + if class == samples[i].class { 1.0 - options.smoothing } else { 0.0 };
            }
            let value = value(rows.len());
            for &row in &rows {
                let at = row as usize * classes;
                let weights =
                    model.sparse.full()[at..at + classes].iter_mut().zip(&mut squares[at..at + classes]);
                for ((w, s), e) in weights.zip(&logits) {
                    adagrad(w, s, e * value, options.sparse_rate);
                }
            }
            for ((w, s), e) in model.bias.iter_mut().zip(&mut bias_squares).zip(&logits) {
                adagrad(w, s, *e, options.sparse_rate * 0.1);
            }
            if let (Some(d), Some((x, hidden, kept))) = (&mut dense, &forward) {
                d.back(&logits, x, hidden, kept);
                if (count + 1) % BATCH == 0 || count + 1 == order.len() {
                    d.step(count % BATCH + 1, rate, options.decay);
                }
            }
        }
        model.dense = dense.as_ref().map(|d| d.dense.clone());
        if !seen(epoch, &model) {
            break;
        }
    }
    model.sparse.pack();
    model
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(features: &[u64], class: usize, vector: Option<Vec<f32>>) -> Sample {
        Sample { features: features.to_vec(), contexts: Vec::new(), class, vector }
    }

    #[test]
    fn learns_sparse_and_dense_and_repeats_itself() {
        let mut random = Random::new(1);
        // The class is the exclusive or of two components: no linear model learns it.
        let samples: Vec<Sample> = (0..400)
            .map(|_| {
                let (a, b) = (random.unit() < 0.5, random.unit() < 0.5);
                let x = vec![f32::from(u8::from(a)), f32::from(u8::from(b)), random.normal() * 0.1];
                sample(&[7, 8], usize::from(a ^ b), Some(x))
            })
            .collect();
        let samples: Vec<&Sample> = samples.iter().collect();
        let options = Options {
            epochs: 60,
            hidden: 16,
            dense_rate: 0.02,
            drop_hidden: 0.0,
            drop_inputs: 0.0,
            ..Options::default()
        };
        let run = || train(&samples, 2, &options, 5, &mut |_, _| true);
        let model = run();
        let right =
            samples.iter().filter(|s| model.best(&s.features, s.vector.as_deref()) == s.class).count();
        assert!(right > 390, "{right} of 400");
        assert_eq!(run().dense, model.dense);
    }

    #[test]
    fn gradient_of_the_dense_part_is_that_of_the_loss() {
        let mut random = Random::new(2);
        let owned = [sample(&[], 1, Some(vec![0.3, -1.2, 0.7])), sample(&[], 0, Some(vec![-0.4, 0.1, 0.9]))];
        let samples: Vec<&Sample> = owned.iter().collect();
        let mut trainer = DenseTrainer::new(&samples, 3, 3, 4, &mut random);
        trainer.dense.linear.iter_mut().for_each(|w| *w = random.normal() * 0.3);
        let x = trainer.dense.standardize(&[0.3, -1.2, 0.7]);
        let loss = |d: &Dense| {
            let hidden: Vec<f32> = d.hidden(&x).iter().map(|h| h.max(0.0)).collect();
            let mut logits = vec![0.0; 3];
            d.add(&x, &hidden, &mut logits);
            let gold = logits[1];
            (softmax(&mut logits) - gold, logits, hidden)
        };
        let (_, mut error, hidden) = loss(&trainer.dense);
        error[1] -= 1.0;
        trainer.back(&error, &x, &hidden, &[1.0; 4]);
        const STEP: f32 = 1e-2;
        for i in 0..12 {
            let mut moved = trainer.dense.clone();
            moved.hidden[i] += STEP;
            let up = loss(&moved).0;
            moved.hidden[i] -= 2.0 * STEP;
            let slope = (up - loss(&moved).0) / (2.0 * STEP);
            assert!((slope - trainer.gradient[1][i]).abs() < 2e-2, "{slope} {}", trainer.gradient[1][i]);
        }
    }
}
