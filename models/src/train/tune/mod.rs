//! Trains the encoder's last layers together with the heads above them: one network, one loss – cross-entropy of the intent
//! plus the negative log-likelihood of the tags.

mod batch;
mod below;
mod discriminant;
mod nets;
pub mod rounds;
mod telling;

pub use nets::Nets;

use super::{jobs, prepare::Prepared};
use crate::{
    encoder::Pieces,
    features::vocabulary::Vocabulary,
    heads::{
        classifier::{Classifier, Dense, value},
        lattice::Chain,
        math::{Adam, adagrad, standardizer},
        sparse::Sparse,
        tagger::{DenseTags, Tagger},
        tags::Tags,
    },
    random::Random,
    shared::{Top, forward},
};
use batch::Part;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// How layers and heads are trained together. The defaults were chosen on development splits of public sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Passes over the data; 0: as many as [`passes`] says for its size.
    pub epochs: usize,
    /// How many of the encoder's last layers, at most eight; 0: as many as [`layers`] says for the data's size.
    pub layers: usize,
    /// How many nets are trained apart, whose mean is taken; each takes as long as one. 0: as many as [`count`] says.
    pub nets: usize,
    /// Whether examples are learnt from once more with other values of their entities, where there are [`MANY`].
    pub varied: bool,
    /// Messages a step.
    pub batch: usize,
    /// Greatest step of the layers; it rises over a tenth of the steps and then falls along a cosine.
    pub rate: f32,
    /// The same of the heads' dense parts.
    pub head_rate: f32,
    /// Step of the sparse parts.
    pub sparse_rate: f32,
    /// Weight decay of layers and dense parts.
    pub decay: f32,
    /// Share of the layers' outputs set to zero at random.
    pub drop: f32,
    /// Share of the sentence vector's components set to zero at random.
    pub drop_vector: f32,
    /// Share of sparse features left out at random.
    pub drop_features: f32,
    /// Share of words whose own form is hidden from the sparse tagger.
    pub hide_words: f32,
    /// Probability mass spread over all classes.
    pub smoothing: f32,
    /// Weight of the tags' part of the loss.
    pub tags: f32,
    /// Messages a sparse feature must occur in.
    pub least: u32,
    /// Whether the intents start from their discriminant instead of from nothing.
    pub start: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 0,
            layers: 0,
            nets: 0,
            varied: true,
            batch: 32,
            rate: 1e-4,
            head_rate: 1e-3,
            sparse_rate: 0.1,
            decay: 0.01,
            drop: 0.1,
            drop_vector: 0.1,
            drop_features: 0.3,
            hide_words: 0.15,
            smoothing: 0.02,
            tags: 1.0,
            least: 2,
            start: false,
        }
    }
}

/// Passes over `n` messages: 20 for a few hundred, 4 for many thousands.
pub fn passes(n: usize) -> usize {
    ((20.0 * (770.0 / n.max(1) as f64).sqrt()).round() as usize).clamp(4, 20)
}

/// Layers for `n` messages, of which some are `tagged` or none is. Two for a few, with which four are worse (by 0.005 with 770
/// messages of BANKING77); four for more (better by 0.005 of the intents and 0.011 of the slots with 3,000 of MASSIVE); eight for
/// many with tags (the intents the same, the slots better by 0.008 with all of MASSIVE's Spanish and by 0.006 with 3,000 of it).
/// All measured on development rows.
pub const fn layers(n: usize, tagged: bool) -> usize {
    match n {
        ..1500 => 2,
        MANY.. if tagged => 8,
        _ => 4,
    }
}

/// Nets for `n` messages, of which some are `tagged` or none is: three for many with tags, where a mean of two was better than
/// one by 0.005 of the slots (all of MASSIVE's Spanish, its development rows); else one, beside which a second brought intents nothing.
pub const fn count(n: usize, tagged: bool) -> usize {
    if tagged && n >= MANY { 3 } else { 1 }
}

/// Tagged messages from which on eight layers, several nets and examples with other values were measured to be better.
pub const MANY: usize = 3000;

/// Texts that go through the layers side by side; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 16;
/// Greatest length of the layers' gradient; longer ones are shortened to it.
const LONGEST: f32 = 1.0;
/// Deviation of a message's logits where the intents start from their discriminant: decided, but not so sure that training
/// cannot change its mind.
const SPREAD: f32 = 2.0;
/// Messages from which means and deviations of vectors are taken.
const SAMPLE: usize = 2048;

/// One message to learn from or to read.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Features, class, tags.
    pub prepared: &'a Prepared,
    /// What the layers below gave.
    pub pieces: &'a Pieces,
}

/// Layers and heads.
#[derive(Debug, Clone)]
pub struct Net {
    /// The layers.
    pub top: Top,
    /// Intents, over the mean of the pieces.
    pub intents: Classifier,
    /// Entities, over the means of the words' pieces.
    pub tagger: Tagger,
}

/// A message's rows of the sparse parts, looked up once.
struct Known {
    sentence: Vec<u32>,
    contexts: Vec<Vec<u32>>,
    words: Vec<Vec<(Vec<u32>, Vec<u32>)>>,
}

/// What one message gives.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Of the intents.
    pub logits: Vec<f32>,
    /// Scores of the tags, words × tags; empty without entities.
    pub emissions: Vec<f32>,
}

/// Pieces of several texts below each other, and the lengths of the texts.
fn pack(items: &[Item<'_>], width: usize) -> (Array2<f32>, Vec<usize>) {
    let lengths: Vec<usize> = items.iter().map(|i| i.pieces.vectors.len() / width).collect();
    let mut all = Vec::with_capacity(lengths.iter().sum::<usize>() * width);
    items.iter().for_each(|i| all.extend_from_slice(&i.pieces.vectors));
    let rows = all.len() / width;
    let packed = Array2::from_shape_vec((rows, width), all).unwrap_or_else(|_| Array2::zeros((0, width)));
    (packed, lengths)
}

/// Means over each text's pieces, and over each word's; words of all texts below each other.
fn means(packed: &Array2<f32>, items: &[Item<'_>], lengths: &[usize]) -> (Array2<f32>, Array2<f32>) {
    let width = packed.ncols();
    let count = items.iter().map(|i| i.pieces.words.len()).sum();
    let (mut texts, mut words) = (Array2::zeros((items.len(), width)), Array2::zeros((count, width)));
    let mut at = 0;
    for (t, (item, rows)) in items.iter().zip(forward::ranges(lengths)).enumerate() {
        let add = |mut into: ndarray::ArrayViewMut1<'_, f32>, rows: std::ops::Range<usize>| {
            let share = 1.0 / rows.len().max(1) as f32;
            rows.for_each(|r| into.scaled_add(share, &packed.row(r)));
        };
        add(texts.row_mut(t), rows.clone());
        for word in &item.pieces.words {
            add(words.row_mut(at), rows.start + word.start..rows.start + word.end);
            at += 1;
        }
    }
    (texts, words)
}

fn standardize(x: &mut Array2<f32>, mean: &[f32], scale: &[f32]) {
    for mut row in x.rows_mut() {
        for ((x, m), s) in row.iter_mut().zip(mean).zip(scale) {
            *x = (*x - m) * s;
        }
    }
}

/// A block of weights as outputs × inputs.
fn view(weights: &[f32], width: usize) -> ArrayView2<'_, f32> {
    let rows = weights.len() / width.max(1);
    ArrayView2::from_shape((rows, width), weights).expect("whole rows")
}

impl Net {
    /// Untrained heads above the layers as they came.
    fn new(items: &[Item<'_>], top: &Top, classes: usize, entities: usize, options: &Options) -> Self {
        let width = top.shape.hidden;
        let sample: Vec<Item<'_>> = items.iter().copied().step_by((items.len() / SAMPLE).max(1)).collect();
        let (mut texts, mut words) = (Vec::new(), Vec::new());
        for chunk in sample.chunks(CHUNK) {
            let (x, lengths) = pack(chunk, width);
            let x = forward::layers(top, x, &lengths);
            let (t, w) = means(&x, chunk, &lengths);
            texts.extend(t.rows().into_iter().map(|r| r.to_vec()));
            words.extend(w.rows().into_iter().map(|r| r.to_vec()));
        }
        let (mean, scale) = standardizer(texts.iter().map(Vec::as_slice), width);
        let of: Vec<usize> = sample.iter().map(|i| i.prepared.sentence.class).collect();
        let mut start = Array2::zeros((texts.len(), width));
        start.rows_mut().into_iter().zip(&texts).for_each(|(mut row, t)| {
            row.iter_mut().zip(t).for_each(|(r, t)| *r = *t);
        });
        standardize(&mut start, &mean, &scale);
        let linear = if options.start {
            let weights = discriminant::fit(&start, &of, classes).weights;
            weights.into_iter().map(|w| w * SPREAD).collect()
        } else {
            vec![0.0; classes * width]
        };
        let dense = Dense::linear(mean, scale, linear);
        let lists: Vec<&[u64]> = items
            .iter()
            .flat_map(|i| {
                let s = &i.prepared.sentence;
                std::iter::once(s.features.as_slice()).chain(s.contexts.iter().map(Vec::as_slice))
            })
            .collect();
        let vocabulary = Vocabulary::count(lists.into_iter(), options.least);
        let intents = Classifier {
            classes,
            sparse: Sparse::zeros(vocabulary.len(), classes),
            bias: vec![0.0; classes],
            vocabulary,
            dense: Some(dense),
        };
        let (mean, scale) = standardizer(words.iter().map(Vec::as_slice), width);
        let tags = Tags::new(entities);
        let lists: Vec<Vec<u64>> =
            if entities == 0 { Vec::new() } else { items.iter().map(|i| i.prepared.words.names()).collect() };
        let vocabulary = Vocabulary::count(lists.iter().map(Vec::as_slice), options.least);
        let tagger = Tagger {
            given: None,
            least: None,
            entities,
            sparse: Sparse::zeros(vocabulary.len(), tags.len()),
            bias: vec![0.0; tags.len()],
            chain: Chain::new(&tags),
            dense: Some(DenseTags { mean, scale, weights: vec![0.0; tags.len() * width] }),
            vocabulary,
        };
        Self { top: top.clone(), intents, tagger }
    }

    fn known(&self, item: &Item<'_>) -> Known {
        let sentence = &item.prepared.sentence;
        let rows =
            |list: &[u64]| list.iter().filter_map(|&f| self.tagger.vocabulary.row(f)).collect::<Vec<u32>>();
        let words = item.prepared.words.features.iter();
        Known {
            sentence: self.intents.rows(&sentence.features),
            contexts: sentence.contexts.iter().map(|c| self.intents.rows(c)).collect(),
            words: words.map(|v| v.iter().map(|w| (rows(&w.lexical), rows(&w.around))).collect()).collect(),
        }
    }
}

/// Moments of everything that is trained.
struct Optimizer {
    layers: Vec<Vec<Adam>>,
    linear: Adam,
    tags: Adam,
    sparse: Vec<f32>,
    bias: Vec<f32>,
    words: Vec<f32>,
    tag_bias: Vec<f32>,
    chain: Vec<f32>,
}

impl Optimizer {
    fn new(net: &mut Net) -> Self {
        let dense = |n: usize| Adam::new(n);
        Self {
            layers: net
                .top
                .layers
                .iter()
                .map(|l| l.blocks.iter().map(|b| dense(b.len())).collect())
                .collect(),
            linear: dense(net.intents.dense.as_ref().map_or(0, |d| d.linear.len())),
            tags: dense(net.tagger.dense.as_ref().map_or(0, |d| d.weights.len())),
            sparse: vec![1e-3; net.intents.sparse.full().len()],
            bias: vec![1e-3; net.intents.bias.len()],
            words: vec![1e-2; net.tagger.sparse.full().len()],
            tag_bias: vec![1e-2; net.tagger.bias.len()],
            chain: vec![1e-2; net.tagger.chain.pairs().len()],
        }
    }

    fn step(&mut self, net: &mut Net, mut part: Part, options: &Options, share: f32) {
        let length = part
            .layers
            .iter()
            .flat_map(|l| l.blocks.iter().flatten())
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>();
        let shorten = (LONGEST / (length.sqrt() as f32).max(1e-12)).min(1.0);
        // Layers are independent: a thread each.
        std::thread::scope(|scope| {
            let layers = net.top.layers.iter_mut().zip(&mut part.layers).zip(&mut self.layers);
            for ((layer, gradient), adam) in layers {
                scope.spawn(move || {
                    for ((block, gradient), adam) in
                        layer.blocks.iter_mut().zip(&mut gradient.blocks).zip(adam)
                    {
                        gradient.iter_mut().for_each(|g| *g *= shorten);
                        adam.step(block, gradient, options.rate * share, options.decay);
                    }
                });
            }
        });
        if let Some(dense) = &mut net.intents.dense {
            self.linear.step(&mut dense.linear, &mut part.linear, options.head_rate * share, options.decay);
        }
        if let Some(dense) = &mut net.tagger.dense {
            self.tags.step(&mut dense.weights, &mut part.tags, options.head_rate * share, options.decay);
        }
        let rate = options.sparse_rate;
        let classes = net.intents.classes;
        let count = net.tagger.bias.len();
        for item in &part.items {
            let value = value(item.rows.len());
            for &row in &item.rows {
                let at = row as usize * classes;
                let weights = net.intents.sparse.full()[at..at + classes]
                    .iter_mut()
                    .zip(&mut self.sparse[at..at + classes]);
                for ((w, s), e) in weights.zip(&item.error) {
                    adagrad(w, s, e * value, rate);
                }
            }
            for ((w, s), e) in net.intents.bias.iter_mut().zip(&mut self.bias).zip(&item.error) {
                adagrad(w, s, *e, rate * 0.1);
            }
            for (rows, wrong) in &item.words {
                for &row in rows {
                    let at = row as usize * count;
                    for &(tag, e) in wrong {
                        adagrad(&mut net.tagger.sparse.full()[at + tag], &mut self.words[at + tag], e, rate);
                    }
                }
                for &(tag, e) in wrong {
                    adagrad(&mut net.tagger.bias[tag], &mut self.tag_bias[tag], e, rate);
                }
            }
        }
        for (pair, (s, e)) in self.chain.iter_mut().zip(&part.pairs).enumerate() {
            if e.abs() > 1e-4 {
                net.tagger.chain.change(pair, |w| adagrad(w, s, *e, rate));
            }
        }
    }
}

/// Trains; `seen` is called after each epoch and ends training by returning false.
pub fn train(
    items: &[Item<'_>],
    top: &Top,
    (classes, entities): (usize, usize),
    options: &Options,
    (seed, threads): (u64, usize),
    seen: &mut dyn FnMut(usize, &Net) -> bool,
) -> Net {
    let mut net = Net::new(items, top, classes, entities, options);
    let known: Vec<Known> = items.iter().map(|i| net.known(i)).collect();
    let mut optimizer = Optimizer::new(&mut net);
    let mut random = Random::new(seed);
    let mut order: Vec<usize> = (0..items.len()).collect();
    let epochs = if options.epochs == 0 { passes(items.len()) } else { options.epochs };
    let batch = options.batch.max(1);
    let steps = (items.len().div_ceil(batch) * epochs).max(1);
    let mut step = 0usize;
    for epoch in 0..epochs {
        random.shuffle(&mut order);
        for chosen in order.chunks(batch) {
            let chunks: Vec<&[usize]> = chosen.chunks(CHUNK).collect();
            let seeds: Vec<u64> = chunks.iter().map(|_| random.bits()).collect();
            let parts = jobs::run(chunks.len(), threads, |i| {
                let members: Vec<(Item<'_>, &Known)> =
                    chunks[i].iter().map(|&m| (items[m], &known[m])).collect();
                batch::gradient(&net, &members, options, chosen.len(), &mut Random::new(seeds[i]))
            });
            // Summed in the order of the chunks, whoever was ready first.
            let sum = parts.into_iter().reduce(|mut sum, part| {
                sum.add(part);
                sum
            });
            let Some(sum) = sum else { continue };
            step += 1;
            optimizer.step(&mut net, sum, options, schedule(step, steps));
        }
        if !seen(epoch, &net) {
            break;
        }
    }
    net.intents.sparse.pack();
    net.tagger.sparse.pack();
    net
}

/// Share of the greatest step: up over the first tenth, then down along a cosine to a fiftieth.
fn schedule(step: usize, steps: usize) -> f32 {
    let warm = (steps / 10).max(1);
    if step <= warm {
        return step as f32 / warm as f32;
    }
    let done = (step - warm) as f32 / (steps - warm).max(1) as f32;
    0.02 + 0.98 * 0.5 * (1.0 + (done * std::f32::consts::PI).cos())
}
