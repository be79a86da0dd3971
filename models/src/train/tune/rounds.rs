//! Held-out predictions of layers and heads trained together, and the final net.

use super::{Answer, Item, Net, below, below::Opinion, train};
use crate::{
    encoder::{EncoderSource, Pieces},
    error::Result,
    progress::Progress,
    shared::Top,
    train::{
        Options, encodings, folds,
        folds::HeldOut,
        names,
        prepare::{Labels, Prepared},
    },
};

/// Messages from which on one part in five is held out once; below, each of three parts is.
const MANY: usize = 3000;

/// Parts of the data, and how many of them are held out in turn.
pub const fn plan(n: usize) -> (usize, usize) {
    if n >= MANY { (5, 1) } else { (3, 3) }
}

/// The intents' names as examples; see [`names`].
pub struct Names {
    prepared: Vec<Prepared>,
    pieces: Vec<Pieces>,
}

impl Names {
    /// Of these labels.
    ///
    /// # Errors
    /// The encoder's.
    pub fn of(
        labels: &Labels,
        source: (&dyn EncoderSource, usize),
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let prepared = names::examples(labels);
        let texts: Vec<_> = prepared.iter().map(|p| &p.text).collect();
        let mut pieces = encodings::pieces(source, &texts, options, progress)?;
        // A name's words are not tagged.
        pieces.iter_mut().for_each(|p| p.words.clear());
        Ok(Self { prepared, pieces })
    }
}

/// What the rounds leave for the final net.
#[derive(Default)]
pub struct Round {
    /// How much the opinion of the layers below counts.
    pub share: f32,
    /// The last net trained, which that opinion has joined.
    pub last: Option<Net>,
}

/// Everything that training starts from.
pub struct Start<'a> {
    /// Messages.
    pub prepared: &'a [Prepared],
    /// What the layers below gave for each.
    pub pieces: &'a [Pieces],
    /// Examples that are always trained on.
    pub names: &'a Names,
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

    /// The same, and the intents' names.
    fn lessons(&self, wanted: impl Fn(&Prepared) -> bool) -> Vec<Item<'_>> {
        let Names { prepared, pieces } = self.names;
        let names = prepared.iter().zip(pieces).map(|(prepared, pieces)| Item { prepared, pieces });
        self.items(wanted).into_iter().chain(names).collect()
    }

    fn opinion(&self, items: &[Item<'_>]) -> Opinion {
        Opinion::of(items, self.top.shape.hidden, self.labels.intents.len())
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

    /// Predictions for the parts held out, and what the final net needs of them; messages of other parts have no logits.
    pub fn held_out(&self, progress: &dyn Progress) -> (HeldOut, Round) {
        let n = self.prepared.len();
        let (_, rounds) = self.plan;
        let mut last = None;
        let mut second = vec![Vec::new(); n];
        let mut out = HeldOut {
            logits: vec![Vec::new(); n],
            familiarity: vec![0.0; n],
            spans: vec![Vec::new(); n],
            tag_confidence: vec![1.0; n],
            epochs: self.epochs(n),
        };
        for round in 0..rounds {
            let items = self.lessons(|p| p.fold != round);
            let passes = self.epochs(items.len()) as u64;
            let seed = self.options.seed.wrapping_mul(1000) + round as u64;
            let net = self.net(&items, seed, &mut |epoch| {
                progress.at("tuning", passes * round as u64 + epoch as u64 + 1);
            });
            let opinion = self.opinion(&items);
            let test = self.items(|p| p.fold == round);
            let members = (0..n).filter(|&i| self.prepared[i].fold == round);
            for (i, Answer { logits, tagging }) in members.zip(net.read(&test, self.options.threads)) {
                out.logits[i] = logits;
                second[i] = opinion.logits(&self.pieces[i]);
                out.familiarity[i] = net.intents.familiarity(&self.prepared[i].sentence.features);
                out.spans[i] = folds::places(&tagging, &self.prepared[i].text);
                out.tag_confidence[i] = tagging.confidence;
            }
            last = Some((net, opinion));
        }
        let heard: Vec<below::Heard<'_>> = (0..n)
            .filter(|&i| !second[i].is_empty())
            .map(|i| (out.logits[i].as_slice(), second[i].as_slice(), self.prepared[i].sentence.class))
            .collect();
        let share = below::share(&heard);
        for (first, second) in out.logits.iter_mut().zip(&second) {
            first.iter_mut().zip(second).for_each(|(a, b)| *a += share * b);
        }
        let last = last.map(|(mut net, opinion)| {
            opinion.join(share, &mut net.intents);
            net
        });
        (out, Round { share, last })
    }

    /// The net trained on everything, which the opinion of the layers below joins with its share.
    pub fn finish(&self, share: f32, progress: &dyn Progress) -> Net {
        let items = self.lessons(|_| true);
        let mut net =
            self.net(&items, self.options.seed, &mut |epoch| progress.at("tuning", epoch as u64 + 1));
        self.opinion(&items).join(share, &mut net.intents);
        net
    }

    /// Epochs of all rounds.
    pub fn total(&self) -> u64 {
        let n = self.prepared.len();
        let (folds, rounds) = self.plan;
        let n = self.options.dev_from.unwrap_or(n * (folds - 1) / folds);
        (self.epochs(n) * rounds) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{Dataset, Example},
        features::{self, gazetteer::Gazetteer},
        progress::Silent,
        random::Random,
        shared::{Layer, Shape, forward},
        train::{prepare, tune},
    };
    use ndarray::{Array2, Axis};

    const SHAPE: Shape = Shape { hidden: 8, inner: 16, heads: 2, epsilon: 1e-6 };

    fn top() -> Top {
        let mut random = Random::new(1);
        let mut layer = Layer::zero(SHAPE);
        layer.blocks.iter_mut().flatten().for_each(|w| *w = 0.3 * random.normal());
        Top { shape: SHAPE, layers: vec![layer] }
    }

    /// One piece a word, with a vector of its own.
    fn pieces(of: &Prepared) -> Pieces {
        let words = &of.text.words;
        let vector = |fold: &str| {
            let mut random = Random::new(features::name(9, fold));
            (0..SHAPE.hidden).map(|_| random.normal()).collect::<Vec<f32>>()
        };
        let vectors = words.iter().flat_map(|w| vector(&w.fold)).collect();
        Pieces { vectors, words: (0..words.len()).map(|i| i..i + 1).collect() }
    }

    #[test]
    fn the_net_that_is_kept_says_what_was_told_of_the_messages_held_out() {
        let example = |i: usize| {
            let (intent, about) =
                [("lost_card", "card gone"), ("top_up", "add money"), ("greet", "hi")][i % 3];
            Example {
                text: format!("{about} {}", ["please", "today", "now", "again"][i % 4]),
                lang: "en".into(),
                intent: intent.into(),
                entities: Vec::new(),
                file: 0,
                line: i + 1,
            }
        };
        let data = Dataset { examples: (0..48).map(example).collect(), ..Dataset::default() };
        let labels = Labels::of(&data);
        let mut prepared = prepare::prepare(&data, &labels, &Gazetteer::default(), 2);
        prepared.iter_mut().enumerate().for_each(|(i, p)| p.fold = usize::from(i < 36));
        let all: Vec<Pieces> = prepared.iter().map(pieces).collect();
        let named = names::examples(&labels);
        let names = Names {
            pieces: named.iter().map(|p| Pieces { words: Vec::new(), ..pieces(p) }).collect(),
            prepared: named,
        };
        let held_out = |threads: usize| {
            let options = Options { threads, dev_from: Some(36), ..Options::default() };
            let tune = tune::Options { epochs: 4, ..tune::Options::default() };
            let (prepared, pieces, names, top) = (&prepared, &all, &names, &top());
            let plan = (2, 1);
            Start { prepared, pieces, names, top, plan, labels: &labels, options: &options, tune: &tune }
                .held_out(&Silent)
        };
        let (told, Round { last, .. }) = held_out(1);
        let net = last.unwrap();
        assert!(told.logits[..36].iter().all(Vec::is_empty));
        for i in 36..48 {
            let rows = all[i].words.len();
            let below = Array2::from_shape_vec((rows, SHAPE.hidden), all[i].vectors.clone()).unwrap();
            let above = forward::layers(&net.top, below.clone(), &[rows]);
            let vector = [above, below].map(|x| x.mean_axis(Axis(0)).unwrap().to_vec()).concat();
            let said = net.intents.logits(&prepared[i].asked_features(), Some(&vector));
            assert!(said.iter().zip(&told.logits[i]).all(|(a, b)| (a - b).abs() < 1e-3), "{i}");
        }
        assert_eq!(held_out(3).0.logits, told.logits);
    }
}
