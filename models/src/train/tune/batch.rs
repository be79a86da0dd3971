//! The gradient of a few messages.

use super::{Item, Known, Net, Options, means, pack, standardize, view};
use crate::{
    heads::{lattice::Lattice, math::softmax},
    random::Random,
    shared::{Layer, backward, forward},
};
use ndarray::{Array2, Axis};

/// Errors of a message's sparse parts.
pub(super) struct ItemError {
    /// Rows of the intents' sparse part that were on.
    pub rows: Vec<u32>,
    /// Error at each logit.
    pub error: Vec<f32>,
    /// For each word the rows that were on and the tags that were wrong.
    pub words: Vec<WordError>,
}

/// Rows that were on, and tags with their errors.
type WordError = (Vec<u32>, Vec<(usize, f32)>);

/// Gradient of some messages of a step.
pub(super) struct Part {
    pub layers: Vec<Layer>,
    pub linear: Vec<f32>,
    pub tags: Vec<f32>,
    pub pairs: Vec<f32>,
    pub items: Vec<ItemError>,
}

impl Part {
    pub fn add(&mut self, other: Self) {
        let sum = |a: &mut [f32], b: &[f32]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        for (mine, theirs) in self.layers.iter_mut().zip(&other.layers) {
            mine.blocks.iter_mut().zip(&theirs.blocks).for_each(|(a, b)| sum(a, b));
        }
        sum(&mut self.linear, &other.linear);
        sum(&mut self.tags, &other.tags);
        sum(&mut self.pairs, &other.pairs);
        self.items.extend(other.items);
    }
}

/// A tag's error below this is not worth a step of its sparse weights: most tags are impossible where they stand.
const SMALL: f32 = 2e-3;

/// The gradient of `members`, as part of a step over `total` messages.
pub(super) fn gradient(
    net: &Net,
    members: &[(Item<'_>, &Known)],
    options: &Options,
    total: usize,
    random: &mut Random,
) -> Part {
    let shape = net.top.shape;
    let items: Vec<Item<'_>> = members.iter().map(|m| m.0).collect();
    let (mut x, lengths) = pack(&items, shape.hidden);
    let mut traces = Vec::with_capacity(net.top.layers.len());
    for layer in &net.top.layers {
        let drop = forward::Drop { random: &mut *random, share: options.drop };
        let (out, trace) = forward::layer(layer, shape, x, &lengths, Some(drop));
        traces.push(trace);
        x = out;
    }
    let (mut texts, mut words) = means(&x, &items, &lengths);
    let share = 1.0 / total as f32;
    let mut errors: Vec<ItemError> = Vec::with_capacity(items.len());
    let (mut at_texts, linear) = intents(net, members, &mut texts, options, random, &mut errors);
    at_texts *= share;
    let (mut at_words, tags, pairs) = entities(net, members, &mut words, options, random, &mut errors);
    at_words *= share * options.tags;

    let mut error = Array2::<f32>::zeros(x.raw_dim());
    let mut at = 0;
    for (t, (item, rows)) in items.iter().zip(forward::ranges(&lengths)).enumerate() {
        let part = 1.0 / rows.len().max(1) as f32;
        for r in rows.clone() {
            error.row_mut(r).scaled_add(part, &at_texts.row(t));
        }
        for word in &item.pieces.words {
            let part = 1.0 / word.len().max(1) as f32;
            for r in rows.start + word.start..rows.start + word.end {
                error.row_mut(r).scaled_add(part, &at_words.row(at));
            }
            at += 1;
        }
    }
    let mut layers: Vec<Layer> = net.top.layers.iter().map(|_| Layer::zero(shape)).collect();
    for (l, trace) in traces.iter().enumerate().rev() {
        let below =
            backward::layer(&net.top.layers[l], shape, trace, &lengths, &error, &mut layers[l], l > 0);
        if let Some(below) = below {
            error = below;
        }
    }
    let scaled = |m: Array2<f32>, k: f32| (m * k).into_raw_vec_and_offset().0;
    Part {
        layers,
        linear: scaled(linear, share),
        tags: scaled(tags, share * options.tags),
        pairs,
        items: errors,
    }
}

/// Errors at the texts' means, and the gradient of the linear part.
fn intents(
    net: &Net,
    members: &[(Item<'_>, &Known)],
    texts: &mut Array2<f32>,
    options: &Options,
    random: &mut Random,
    errors: &mut Vec<ItemError>,
) -> (Array2<f32>, Array2<f32>) {
    let classes = net.intents.classes;
    let Some(dense) = &net.intents.dense else {
        return (Array2::zeros(texts.raw_dim()), Array2::zeros((0, texts.ncols())));
    };
    standardize(texts, &dense.mean, &dense.scale);
    let keep = 1.0 / (1.0 - options.drop_vector);
    let kept = Array2::from_shape_simple_fn(texts.raw_dim(), || {
        if random.unit() < options.drop_vector { 0.0 } else { keep }
    });
    *texts *= &kept;
    let weights = view(&dense.linear, texts.ncols());
    let mut logits = texts.dot(&weights.t());
    for (mut row, (item, known)) in logits.axis_iter_mut(Axis(0)).zip(members) {
        let mut rows: Vec<u32> =
            known.sentence.iter().copied().filter(|_| random.unit() >= options.drop_features).collect();
        // Half of the time nothing is known of the dialogue, so that both ways are learnt.
        if !known.contexts.is_empty() && random.unit() < 0.5 {
            rows.extend(&known.contexts[random.below(known.contexts.len())]);
        }
        let mut error = vec![0f32; classes];
        net.intents.add_sparse(&rows, &mut error);
        error.iter_mut().zip(&row).for_each(|(e, z)| *e += z);
        softmax(&mut error);
        let class = item.prepared.sentence.class;
        for (c, p) in error.iter_mut().enumerate() {
            *p -= options.smoothing / classes as f32 + if c == class { 1.0 - options.smoothing } else { 0.0 };
        }
        row.iter_mut().zip(&error).for_each(|(z, e)| *z = *e);
        errors.push(ItemError { rows, error, words: Vec::new() });
    }
    let linear = logits.t().dot(texts);
    let mut at = logits.dot(&weights) * kept;
    for mut row in at.rows_mut() {
        row.iter_mut().zip(&dense.scale).for_each(|(e, s)| *e *= s);
    }
    (at, linear)
}

/// Errors at the words' means, the gradient of the linear part, that of the chain.
fn entities(
    net: &Net,
    members: &[(Item<'_>, &Known)],
    words: &mut Array2<f32>,
    options: &Options,
    random: &mut Random,
    errors: &mut [ItemError],
) -> (Array2<f32>, Array2<f32>, Vec<f32>) {
    let (count, width) = (net.tagger.bias.len(), words.ncols());
    let mut pairs = vec![0f32; net.tagger.chain.pairs().len()];
    let nothing = || Array2::zeros((net.tagger.dense.as_ref().map_or(0, |_| count), width));
    let Some(dense) = net.tagger.dense.as_ref().filter(|_| net.tagger.entities > 0) else {
        return (Array2::zeros(words.raw_dim()), nothing(), pairs);
    };
    standardize(words, &dense.mean, &dense.scale);
    let weights = view(&dense.weights, width);
    let mut scores = words.dot(&weights.t());
    let mut at = 0;
    for ((item, known), error) in members.iter().zip(errors) {
        let tags = &item.prepared.words.tags;
        let n = tags.len();
        let variants = known.words.len();
        if n == 0 || variants == 0 {
            at += n;
            continue;
        }
        let variant = if variants > 1 && random.unit() < 0.5 { 1 + random.below(variants - 1) } else { 0 };
        let active: Vec<Vec<u32>> = known.words[variant]
            .iter()
            .map(|(lexical, around)| {
                let hide = random.unit() < options.hide_words;
                lexical.iter().filter(|_| !hide).chain(around).copied().collect()
            })
            .collect();
        let mut emissions = net.tagger.emissions(&active, None);
        for (t, out) in emissions.chunks_exact_mut(count).enumerate() {
            out.iter_mut().zip(scores.row(at + t)).for_each(|(e, s)| *e += s);
        }
        let lattice = Lattice::new(&net.tagger.chain, &emissions);
        let mut wrong = lattice.marginals();
        for (wrong, &tag) in wrong.chunks_exact_mut(count).zip(tags) {
            wrong[tag] -= 1.0;
        }
        for ((t, wrong), rows) in wrong.chunks_exact(count).enumerate().zip(active) {
            let mut row = scores.row_mut(at + t);
            row.iter_mut().zip(wrong).for_each(|(s, e)| *s = *e);
            let worth = wrong.iter().copied().enumerate().filter(|(_, e)| e.abs() > SMALL).collect();
            error.words.push((rows, worth));
        }
        lattice.add_pairs(&net.tagger.chain, &mut pairs);
        for pair in tags.windows(2) {
            if let Some(k) = net.tagger.chain.pairs().iter().position(|&p| p == (pair[0], pair[1])) {
                pairs[k] -= 1.0;
            }
        }
        at += n;
    }
    let gradient = scores.t().dot(words);
    let mut at_words = scores.dot(&weights);
    for mut row in at_words.rows_mut() {
        row.iter_mut().zip(&dense.scale).for_each(|(e, s)| *e *= s);
    }
    (at_words, gradient, pairs)
}
