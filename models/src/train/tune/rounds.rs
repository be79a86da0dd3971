//! Held-out predictions of layers and heads trained together, and the final net.

use super::{Answer, Item, Net, train};
use crate::{
    encoder::Pieces,
    progress::Progress,
    shared::Top,
    train::{
        Options, folds,
        folds::HeldOut,
        prepare::{Labels, Prepared},
    },
};

/// Messages from which on one part in five is held out once; below, each of three parts is.
const MANY: usize = 3000;

/// Parts of the data, and how many of them are held out in turn.
pub const fn plan(n: usize) -> (usize, usize) {
    if n >= MANY { (5, 1) } else { (3, 3) }
}

/// Everything that training starts from.
pub struct Start<'a> {
    /// Messages.
    pub prepared: &'a [Prepared],
    /// What the layers below gave for each.
    pub pieces: &'a [Pieces],
    /// The layers as they came.
    pub top: &'a Top,
    /// Parts of the data, and how many of them are held out in turn; see [`plan`].
    pub plan: (usize, usize),
    /// Classes.
    pub labels: &'a Labels,
    /// How to train.
    pub options: &'a Options,
    /// How layers and heads are trained.
    pub tune: &'a super::Options,
}

impl Start<'_> {
    fn items(&self, wanted: impl Fn(&Prepared) -> bool) -> Vec<Item<'_>> {
        let pairs = self.prepared.iter().zip(self.pieces).filter(|(p, _)| wanted(p));
        pairs.map(|(prepared, pieces)| Item { prepared, pieces }).collect()
    }

    fn net(&self, items: &[Item<'_>], seed: u64, seen: &mut dyn FnMut(usize)) -> Net {
        let sizes = (self.labels.intents.len(), self.labels.entities.len());
        let how = (seed, self.options.threads);
        train(items, self.top, sizes, self.tune, how, &mut |epoch, _| {
            seen(epoch);
            true
        })
    }

    /// Epochs of a training on `n` messages.
    fn epochs(&self, n: usize) -> usize {
        if self.tune.epochs == 0 { super::passes(n) } else { self.tune.epochs }
    }

    /// Predictions for the parts held out, and the last net trained for them; messages of other parts have no logits.
    pub fn held_out(&self, progress: &dyn Progress) -> (HeldOut, Option<Net>) {
        let n = self.prepared.len();
        let (_, rounds) = self.plan;
        let mut last = None;
        let mut out = HeldOut {
            logits: vec![Vec::new(); n],
            familiarity: vec![0.0; n],
            spans: vec![Vec::new(); n],
            tag_confidence: vec![1.0; n],
            epochs: self.epochs(n),
        };
        for round in 0..rounds {
            let items = self.items(|p| p.fold != round);
            let passes = self.epochs(items.len()) as u64;
            let seed = self.options.seed.wrapping_mul(1000) + round as u64;
            let net = self.net(&items, seed, &mut |epoch| {
                progress.at("tuning", passes * round as u64 + epoch as u64 + 1);
            });
            let test = self.items(|p| p.fold == round);
            let members = (0..n).filter(|&i| self.prepared[i].fold == round);
            for (i, Answer { logits, tagging }) in members.zip(net.read(&test, self.options.threads)) {
                out.logits[i] = logits;
                out.familiarity[i] = net.intents.familiarity(&self.prepared[i].sentence.features);
                out.spans[i] = folds::places(&tagging, &self.prepared[i].text);
                out.tag_confidence[i] = tagging.confidence;
            }
            last = Some(net);
        }
        (out, last)
    }

    /// The net trained on everything.
    pub fn finish(&self, progress: &dyn Progress) -> Net {
        self.net(&self.items(|_| true), self.options.seed, &mut |epoch| {
            progress.at("tuning", epoch as u64 + 1)
        })
    }

    /// Epochs of all rounds.
    pub fn total(&self) -> u64 {
        let n = self.prepared.len();
        let (folds, rounds) = self.plan;
        let n = self.options.dev_from.unwrap_or(n * (folds - 1) / folds);
        (self.epochs(n) * rounds) as u64
    }
}
