//! Trains the tagger: log-likelihood of the right tags; AdaGrad on sparse rows and chain, AdamW on the dense block.

use crate::{
    features::{token::TokenFeatures, vocabulary::Vocabulary},
    heads::{
        lattice::{Chain, Lattice},
        math::{Adam, adagrad, axpy, standardizer},
        sparse::Sparse,
        tagger::{DenseTags, Tagger},
        tags::Tags,
    },
    random::Random,
};
use serde::{Deserialize, Serialize};

/// One message to learn from.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Features of its words without a dialogue context, then with each of the contexts that may go with it.
    pub features: Vec<Vec<TokenFeatures>>,
    /// Right tags.
    pub tags: Vec<usize>,
    /// The encoder's word vectors.
    pub vectors: Option<Vec<Vec<f32>>>,
}

impl Sample {
    /// All sparse features of its words, each once.
    pub fn names(&self) -> Vec<u64> {
        let words = self.features.iter().flatten();
        let mut all: Vec<u64> = words.flat_map(|w| w.lexical.iter().chain(&w.around)).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// How the tagger is trained. The defaults were chosen by cross-validation on the training data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Passes over the data.
    pub epochs: usize,
    /// Step of sparse part and chain.
    pub sparse_rate: f32,
    /// Step of the dense part, falling to a tenth over the epochs.
    pub dense_rate: f32,
    /// Weight decay of the dense part.
    pub decay: f32,
    /// Share of words whose own form is hidden, so that the words around it are learnt from.
    pub hide_words: f32,
    /// Messages a feature must occur in.
    pub least: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { epochs: 8, sparse_rate: 0.15, dense_rate: 1e-3, decay: 0.01, hide_words: 0.15, least: 2 }
    }
}

const BATCH: usize = 8;

type Rows = Vec<(Vec<u32>, Vec<u32>)>;

/// Trains on messages of one word or more.
pub fn train(
    samples: &[&Sample],
    entities: usize,
    options: &Options,
    seed: u64,
    seen: &mut dyn FnMut(usize),
) -> Tagger {
    let tags = Tags::new(entities);
    let count = tags.len();
    let mut random = Random::new(seed);
    let lists: Vec<Vec<u64>> = samples.iter().map(|s| s.names()).collect();
    let vocabulary = Vocabulary::count(lists.iter().map(Vec::as_slice), options.least);
    drop(lists);
    let known = |list: &[u64]| list.iter().filter_map(|&f| vocabulary.row(f)).collect::<Vec<u32>>();
    let rows: Vec<Vec<Rows>> = samples
        .iter()
        .map(|s| {
            s.features
                .iter()
                .map(|v| v.iter().map(|w| (known(&w.lexical), known(&w.around))).collect())
                .collect()
        })
        .collect();
    let width = samples.iter().find_map(|s| s.vectors.as_ref().and_then(|v| v.first()).map(Vec::len));
    let dense = width.map(|width| {
        let all = samples.iter().filter_map(|s| s.vectors.as_ref()).flatten().map(Vec::as_slice);
        let (mean, scale) = standardizer(all, width);
        DenseTags { mean, scale, weights: vec![0.0; count * width] }
    });
    let mut adam = dense.as_ref().map(|d| Adam::new(d.weights.len()));
    let mut gradient = dense.as_ref().map_or_else(Vec::new, |d| vec![0f32; d.weights.len()]);
    let mut model = Tagger {
        given: None,
        least: None,
        entities,
        sparse: Sparse::zeros(vocabulary.len(), count),
        bias: vec![0.0; count],
        chain: Chain::new(&tags),
        dense,
        vocabulary,
    };
    let mut squares = vec![1e-2f32; model.sparse.full().len()];
    let mut bias_squares = vec![1e-2f32; count];
    let mut chain_squares = vec![1e-2f32; model.chain.pairs().len()];
    let mut pairs = vec![0f32; model.chain.pairs().len()];
    let pair_of: std::collections::HashMap<(usize, usize), usize> =
        model.chain.pairs().iter().enumerate().map(|(k, &pair)| (pair, k)).collect();
    let mut order: Vec<usize> = (0..samples.len()).filter(|&i| !samples[i].tags.is_empty()).collect();
    for epoch in 0..options.epochs {
        random.shuffle(&mut order);
        let dense_rate = options.dense_rate * (1.0 - 0.9 * epoch as f32 / options.epochs as f32);
        for (position, &i) in order.iter().enumerate() {
            let sample = samples[i];
            // As for the classifier: half of the time nothing is known of the dialogue.
            let variants = rows[i].len();
            let variant =
                if variants > 1 && random.unit() < 0.5 { 1 + random.below(variants - 1) } else { 0 };
            let active: Vec<Vec<u32>> = rows[i][variant]
                .iter()
                .map(|(lexical, around)| {
                    let hide = random.unit() < options.hide_words;
                    lexical.iter().filter(|_| !hide).chain(around).copied().collect()
                })
                .collect();
            let inputs: Option<Vec<Vec<f32>>> = model
                .dense
                .as_ref()
                .zip(sample.vectors.as_ref())
                .map(|(d, vectors)| vectors.iter().map(|v| d.standardize(v)).collect());
            let mut emissions = model.emissions(&active, None);
            if let (Some(dense), Some(inputs)) = (&model.dense, &inputs) {
                for (x, out) in inputs.iter().zip(emissions.chunks_exact_mut(count)) {
                    dense.add(x, out);
                }
            }
            let lattice = Lattice::new(&model.chain, &emissions);
            let mut errors = lattice.marginals();
            for (error, &tag) in errors.chunks_exact_mut(count).zip(&sample.tags) {
                error[tag] -= 1.0;
            }
            for (t, error) in errors.chunks_exact(count).enumerate() {
                // Most tags are impossible here and have next to no error: their weights need no look.
                let wrong: Vec<(usize, f32)> =
                    error.iter().copied().enumerate().filter(|(_, e)| e.abs() > 2e-3).collect();
                for &row in &active[t] {
                    let at = row as usize * count;
                    for &(tag, e) in &wrong {
                        adagrad(
                            &mut model.sparse.full()[at + tag],
                            &mut squares[at + tag],
                            e,
                            options.sparse_rate,
                        );
                    }
                }
                for &(tag, e) in &wrong {
                    adagrad(&mut model.bias[tag], &mut bias_squares[tag], e, options.sparse_rate);
                    if let Some(inputs) = &inputs {
                        let x = &inputs[t];
                        axpy(e, x, &mut gradient[tag * x.len()..(tag + 1) * x.len()]);
                    }
                }
            }
            pairs.fill(0.0);
            lattice.add_pairs(&model.chain, &mut pairs);
            for pair in sample.tags.windows(2) {
                if let Some(&k) = pair_of.get(&(pair[0], pair[1])) {
                    pairs[k] -= 1.0;
                }
            }
            for (k, &e) in pairs.iter().enumerate().filter(|(_, e)| e.abs() > 1e-4) {
                model.chain.change(k, |w| adagrad(w, &mut chain_squares[k], e, options.sparse_rate));
            }
            if let (Some(dense), Some(adam)) = (&mut model.dense, &mut adam)
                && ((position + 1) % BATCH == 0 || position + 1 == order.len())
            {
                adam.step(&mut dense.weights, &mut gradient, dense_rate, options.decay);
            }
        }
        seen(epoch);
    }
    model.sparse.pack();
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::lattice::best;

    /// Negative log-likelihood of `tags`.
    fn loss(chain: &Chain, emissions: &[f32], tags: &[usize]) -> f64 {
        let mut score: f64 =
            tags.iter().enumerate().map(|(t, &j)| f64::from(emissions[t * chain.tags + j])).sum();
        for pair in tags.windows(2) {
            let k = chain.pairs().iter().position(|&p| p == (pair[0], pair[1])).unwrap();
            score += f64::from(chain.scores()[k]);
        }
        Lattice::new(chain, emissions).log_z - score
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let mut random = Random::new(9);
        let mut chain = Chain::new(&Tags::new(2));
        chain.set(chain.scores().iter().map(|_| random.normal()).collect()).unwrap();
        let tags = Tags::encode(&[(0, 1, 2), (1, 3, 3)], 4);
        let emissions: Vec<f32> = (0..4 * chain.tags).map(|_| random.normal()).collect();
        let lattice = Lattice::new(&chain, &emissions);
        let marginals = lattice.marginals();
        const STEP: f32 = 1e-2;
        for i in 0..emissions.len() {
            let mut moved = emissions.clone();
            moved[i] += STEP;
            let up = loss(&chain, &moved, &tags);
            moved[i] -= 2.0 * STEP;
            let slope = (up - loss(&chain, &moved, &tags)) / f64::from(2.0 * STEP);
            let gold = f32::from(u8::from(tags[i / chain.tags] == i % chain.tags));
            assert!((slope - f64::from(marginals[i] - gold)).abs() < 1e-3);
        }
        let mut pairs = vec![0f32; chain.pairs().len()];
        lattice.add_pairs(&chain, &mut pairs);
        for (k, expected) in pairs.iter().enumerate() {
            let mut moved = chain.clone();
            moved.change(k, |s| *s += STEP);
            let up = loss(&moved, &emissions, &tags);
            moved.change(k, |s| *s -= 2.0 * STEP);
            let slope = (up - loss(&moved, &emissions, &tags)) / f64::from(2.0 * STEP);
            let gold = tags.windows(2).filter(|w| (w[0], w[1]) == chain.pairs()[k]).count() as f32;
            assert!((slope - f64::from(expected - gold)).abs() < 1e-3);
        }
    }

    #[test]
    fn learns_spans_from_the_words_around_and_from_vectors() {
        let word = |id: u64, around: u64| TokenFeatures { lexical: vec![id], around: vec![around] };
        let samples: Vec<Sample> = (0..60)
            .map(|i| Sample {
                features: vec![vec![word(1, 10), word(100 + i, 11), word(200 + i, 12), word(2, 13)]],
                tags: Tags::encode(&[(0, 1, 2)], 4),
                vectors: Some(vec![vec![0.0, 1.0], vec![1.0, 0.0], vec![1.0, 0.5], vec![0.0, 1.0]]),
            })
            .collect();
        let samples: Vec<&Sample> = samples.iter().collect();
        let model = train(&samples, 1, &Options::default(), 1, &mut |_| {});
        let features = vec![word(1, 10), word(999, 11), word(998, 12), word(2, 13)];
        let tagging = model.tag(&features, samples[0].vectors.as_deref(), None);
        assert_eq!(tagging.spans.len(), 1);
        assert_eq!((tagging.spans[0].first, tagging.spans[0].last), (1, 2));
        assert!(tagging.spans[0].confidence > 0.8 && tagging.confidence > 0.8);
        let emissions = model.emissions(&model.rows(&features), None);
        assert_eq!(best(&model.chain, &emissions).0.len(), 4);
    }
}
