//! Several nets that read the same messages, trained apart: each errs elsewhere, so that their mean errs less (Lakshminarayanan,
//! Pritzel, Blundell 2017). Their heads are linear in what their layers give, so that a mean of heads is one head over their
//! vectors beside each other; the sparse parts, of which all know the same features, become one.

use super::{Answer, CHUNK, Item, Net, means, pack};
use crate::{
    heads::{
        classifier::{Classifier, Dense},
        sparse::Sparse,
        tagger::{DenseTags, Tagger},
    },
    shared::{Top, forward},
    train::jobs,
};

/// Layers of one or more nets, and heads over all of them.
#[derive(Debug, Clone)]
pub struct Nets {
    /// The layers of each.
    pub tops: Vec<Top>,
    /// Intents, over the means of the pieces, those of all nets beside each other.
    pub intents: Classifier,
    /// Entities, over the means of the words' pieces, likewise.
    pub tagger: Tagger,
}

/// A matrix of so many columns, and what it counts.
pub(super) type Part<'m> = (&'m [f32], usize, f32);

/// Rows of matrices beside each other, each times what its matrix counts.
pub(super) fn beside(parts: &[Part<'_>], rows: usize) -> Vec<f32> {
    let row = |r: usize| {
        let of = move |(matrix, width, share): &Part<'_>| -> Vec<f32> {
            matrix[r * width..(r + 1) * width].iter().map(|w| w * share).collect()
        };
        parts.iter().flat_map(of)
    };
    (0..rows).flat_map(row).collect()
}

fn joined<'v>(parts: impl Iterator<Item = &'v Vec<f32>>) -> Vec<f32> {
    parts.flatten().copied().collect()
}

fn mean<'v>(vectors: impl Iterator<Item = &'v [f32]>, share: f32) -> Vec<f32> {
    let mut out: Vec<f32> = Vec::new();
    for vector in vectors {
        out.resize(vector.len(), 0.0);
        out.iter_mut().zip(vector).for_each(|(o, v)| *o += share * v);
    }
    out
}

impl Nets {
    /// Of nets trained on the same messages; `None` without any.
    pub fn of(mut nets: Vec<Net>) -> Option<Self> {
        if nets.len() < 2 {
            return nets.pop().map(|Net { top, intents, tagger }| Self { tops: vec![top], intents, tagger });
        }
        let share = 1.0 / nets.len() as f32;
        let first = nets.first()?;
        let dense: Vec<&Dense> = nets.iter().filter_map(|n| n.intents.dense.as_ref()).collect();
        let linear: Vec<Part<'_>> =
            dense.iter().map(|d| (d.linear.as_slice(), d.mean.len(), share)).collect();
        let intents = Classifier {
            classes: first.intents.classes,
            vocabulary: first.intents.vocabulary.clone(),
            sparse: Sparse::mean(&nets.iter().map(|n| &n.intents.sparse).collect::<Vec<_>>()),
            bias: mean(nets.iter().map(|n| n.intents.bias.as_slice()), share),
            dense: (dense.len() == nets.len()).then(|| {
                let scale = joined(dense.iter().map(|d| &d.scale));
                Dense::linear(
                    joined(dense.iter().map(|d| &d.mean)),
                    scale,
                    beside(&linear, first.intents.classes),
                )
            }),
        };
        let dense: Vec<&DenseTags> = nets.iter().filter_map(|n| n.tagger.dense.as_ref()).collect();
        let weights: Vec<Part<'_>> =
            dense.iter().map(|d| (d.weights.as_slice(), d.mean.len(), share)).collect();
        let mut chain = first.tagger.chain.clone();
        chain.set(mean(nets.iter().map(|n| n.tagger.chain.scores()), share))?;
        let tagger = Tagger {
            given: None,
            least: None,
            entities: first.tagger.entities,
            vocabulary: first.tagger.vocabulary.clone(),
            sparse: Sparse::mean(&nets.iter().map(|n| &n.tagger.sparse).collect::<Vec<_>>()),
            bias: mean(nets.iter().map(|n| n.tagger.bias.as_slice()), share),
            chain,
            dense: (dense.len() == nets.len()).then(|| DenseTags {
                mean: joined(dense.iter().map(|d| &d.mean)),
                scale: joined(dense.iter().map(|d| &d.scale)),
                weights: beside(&weights, first.tagger.bias.len()),
            }),
        };
        Some(Self { tops: nets.into_iter().map(|n| n.top).collect(), intents, tagger })
    }

    /// Reads messages, a few at a time side by side.
    pub fn read(&self, items: &[Item<'_>], threads: usize) -> Vec<Answer> {
        let chunks: Vec<&[Item<'_>]> = items.chunks(CHUNK).collect();
        jobs::run(chunks.len(), threads, |i| self.read_chunk(chunks[i])).into_iter().flatten().collect()
    }

    fn emissions(&self, item: &Item<'_>, words: &[Vec<f32>]) -> Vec<f32> {
        if self.tagger.entities == 0 {
            return Vec::new();
        }
        self.tagger.emissions(&self.tagger.rows(item.prepared.asked_words()), Some(words))
    }

    fn read_chunk(&self, items: &[Item<'_>]) -> Vec<Answer> {
        let mut texts = vec![Vec::new(); items.len()];
        let mut words: Vec<Vec<Vec<f32>>> =
            items.iter().map(|i| vec![Vec::new(); i.pieces.words.len()]).collect();
        for top in &self.tops {
            let (x, lengths) = pack(items, top.shape.hidden);
            let x = forward::layers(top, x, &lengths);
            let (of_texts, of_words) = means(&x, items, &lengths);
            texts.iter_mut().zip(of_texts.rows()).for_each(|(all, own)| all.extend(own.iter()));
            words.iter_mut().flatten().zip(of_words.rows()).for_each(|(all, own)| all.extend(own.iter()));
        }
        let one = |((item, text), words): ((&Item<'_>, Vec<f32>), Vec<Vec<f32>>)| Answer {
            logits: self.intents.logits(&item.prepared.asked_features(), Some(&text)),
            emissions: self.emissions(item, &words),
        };
        items.iter().zip(texts).zip(words).map(one).collect()
    }
}
