//! Held-out predictions of layers and heads trained together, and the final net.

use super::{
    Item, Nets, below,
    below::Opinion,
    telling::{self, Telling},
    train,
};
use crate::{
    encoder::{EncoderSource, Pieces},
    error::Result,
    heads::{given::Given, tags::Tags},
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

/// Between the seeds of nets trained apart, beyond all seeds of rounds.
const APART: u64 = 1 << 32;

/// Parts of the data, and how many of them are held out in turn.
pub const fn plan(n: usize) -> (usize, usize) {
    if n >= MANY { (5, 1) } else { (3, 3) }
}

/// Examples that are learnt from and stand in no file: the intents' names (see [`names`]) and others with other values.
pub struct More {
    prepared: Vec<Prepared>,
    pieces: Vec<Pieces>,
}

impl More {
    /// The names of these labels, and `varied`.
    ///
    /// # Errors
    /// The encoder's.
    pub fn of(
        labels: &Labels,
        varied: Vec<Prepared>,
        source: (&dyn EncoderSource, usize),
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let mut prepared = names::examples(labels);
        let count = prepared.len();
        prepared.extend(varied);
        let texts: Vec<_> = prepared.iter().map(|p| &p.text).collect();
        let mut pieces = encodings::pieces(source, &texts, options, progress)?;
        // A name's words are not tagged.
        pieces[..count].iter_mut().for_each(|p| p.words.clear());
        Ok(Self { prepared, pieces })
    }
}

/// What the rounds leave for the final net.
#[derive(Default)]
pub struct Round {
    /// How much the opinion of the layers below counts.
    pub share: f32,
    /// How spans are told.
    pub telling: Telling,
    /// The last net trained, which that opinion has joined.
    pub last: Option<Nets>,
}

/// Everything that training starts from.
pub struct Start<'a> {
    /// Messages.
    pub prepared: &'a [Prepared],
    /// What the layers below gave for each.
    pub pieces: &'a [Pieces],
    /// Examples that are trained on as well.
    pub more: &'a More,
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

    /// The same, and what is learnt from as well.
    fn lessons(&self, wanted: impl Fn(&Prepared) -> bool) -> Vec<Item<'_>> {
        let More { prepared, pieces } = self.more;
        let more = prepared.iter().zip(pieces).filter(|(p, _)| wanted(p));
        let more = more.map(|(prepared, pieces)| Item { prepared, pieces });
        self.items(&wanted).into_iter().chain(more).collect()
    }

    fn given(&self, items: &[Item<'_>]) -> Given {
        telling::given(items, self.labels.intents.len(), self.labels.entities.len())
    }

    fn opinion(&self, items: &[Item<'_>]) -> Opinion {
        Opinion::of(items, self.top.shape.hidden, self.labels.intents.len())
    }

    /// Nets trained apart on the same messages; `seen` is called after each pass, which are counted through.
    fn nets(&self, items: &[Item<'_>], seed: u64, seen: &mut dyn FnMut(usize)) -> Nets {
        let sizes = (self.labels.intents.len(), self.labels.entities.len());
        let passes = self.epochs(items.len());
        let one = |n: usize| {
            // The first has the seed that it has alone.
            let how = (seed.wrapping_add(n as u64 * APART), self.options.threads);
            train(items, self.top, sizes, self.tune, how, &mut |epoch, _| {
                seen(n * passes + epoch);
                true
            })
        };
        Nets::of((0..self.count()).map(one).collect()).expect("at least one net")
    }

    /// How many nets.
    pub fn count(&self) -> usize {
        match self.tune.nets {
            0 => {
                // A development set is not learnt from.
                let n = self.options.dev_from.unwrap_or(self.prepared.len());
                super::count(n, !self.labels.entities.is_empty())
            }
            nets => nets,
        }
    }

    /// Epochs of a training on `n` messages.
    fn epochs(&self, n: usize) -> usize {
        if self.tune.epochs == 0 { super::passes(n) } else { self.tune.epochs }
    }

    /// Predictions for the parts held out, and what the final net needs of them; messages of other parts have no logits.
    pub fn held_out(&self, progress: &dyn Progress) -> (HeldOut, Round) {
        let n = self.prepared.len();
        let (_, rounds) = self.plan;
        let (mut last, mut tags) = (None, Vec::new());
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
            let passes = (self.epochs(items.len()) * self.count()) as u64;
            let seed = self.options.seed.wrapping_mul(1000) + round as u64;
            let net = self.nets(&items, seed, &mut |epoch| {
                progress.at("tuning", passes * round as u64 + epoch as u64 + 1);
            });
            let opinion = self.opinion(&items);
            let test = self.items(|p| p.fold == round);
            let members = (0..n).filter(|&i| self.prepared[i].fold == round);
            let given = self.given(&items);
            let answers = net.read(&test, self.options.threads);
            let spoken = telling::hear(&net, &given, &answers, self.options.threads);
            for ((i, answer), spoken) in members.zip(answers).zip(spoken) {
                out.logits[i] = answer.logits;
                second[i] = opinion.logits(&self.pieces[i]);
                out.familiarity[i] = net.intents.familiarity(&self.prepared[i].sentence.features);
                tags.push((i, spoken));
            }
            last = Some((net, opinion, given));
        }
        let right = |i: usize| Tags::decode(&self.prepared[i].words.tags);
        let telling = Telling::fit(&tags.iter().map(|(i, spoken)| (spoken, right(*i))).collect::<Vec<_>>());
        for (i, spoken) in &tags {
            let tagging = telling.tagging(spoken);
            out.spans[*i] = folds::places(&tagging, &self.prepared[*i].text);
            out.tag_confidence[*i] = tagging.confidence;
        }
        let heard: Vec<below::Heard<'_>> = (0..n)
            .filter(|&i| !second[i].is_empty())
            .map(|i| (out.logits[i].as_slice(), second[i].as_slice(), self.prepared[i].sentence.class))
            .collect();
        let share = below::share(&heard);
        for (first, second) in out.logits.iter_mut().zip(&second) {
            first.iter_mut().zip(second).for_each(|(a, b)| *a += share * b);
        }
        let last = last.map(|(mut net, opinion, given)| {
            opinion.join(share, &mut net.intents);
            telling.put(given, &mut net);
            net
        });
        (out, Round { share, telling, last })
    }

    /// The nets trained on everything, told of as the rounds found it best; the opinion of the layers below joins them.
    pub fn finish(&self, round: &Round, progress: &dyn Progress) -> Nets {
        let items = self.lessons(|_| true);
        let mut net =
            self.nets(&items, self.options.seed, &mut |epoch| progress.at("tuning", epoch as u64 + 1));
        self.opinion(&items).join(round.share, &mut net.intents);
        round.telling.put(self.given(&items), &mut net);
        net
    }

    /// Epochs of all rounds.
    pub fn total(&self) -> u64 {
        let n = self.prepared.len();
        let (folds, rounds) = self.plan;
        let n = self.options.dev_from.unwrap_or(n * (folds - 1) / folds);
        (self.epochs(n) * rounds * self.count()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{Dataset, Example, Span},
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
    fn the_nets_that_are_kept_say_what_was_told_of_the_messages_held_out() {
        let example = |i: usize| {
            let (intent, about) =
                [("lost_card", "card gone"), ("top_up", "add money"), ("greet", "hi")][i % 3];
            let last = ["please", "today", "now", "again"][i % 4];
            let text = format!("{about} {last}");
            let when =
                Span { entity: "when".into(), start: about.len() + 1, end: text.len(), value: last.into() };
            Example {
                entities: if i % 4 == 1 || i % 4 == 2 { vec![when] } else { Vec::new() },
                text,
                lang: "en".into(),
                intent: intent.into(),
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
        let more = More {
            pieces: named.iter().map(|p| Pieces { words: Vec::new(), ..pieces(p) }).collect(),
            prepared: named,
        };
        let held_out = |threads: usize| {
            let options = Options { threads, dev_from: Some(36), ..Options::default() };
            let tune = tune::Options { epochs: 12, nets: 2, ..tune::Options::default() };
            let (prepared, pieces, more, top) = (&prepared, &all, &more, &top());
            let plan = (2, 1);
            Start { prepared, pieces, more, top, plan, labels: &labels, options: &options, tune: &tune }
                .held_out(&Silent)
        };
        let (told, Round { last, .. }) = held_out(1);
        let net = last.unwrap();
        assert!(told.logits[..36].iter().all(Vec::is_empty));
        for i in 36..48 {
            let rows = all[i].words.len();
            let below = Array2::from_shape_vec((rows, SHAPE.hidden), all[i].vectors.clone()).unwrap();
            let above = |top: &Top| forward::layers(top, below.clone(), &[rows]);
            let (first, second) = (above(&net.tops[0]), above(&net.tops[1]));
            let words: Vec<Vec<f32>> =
                (0..rows).map(|w| [first.row(w).to_vec(), second.row(w).to_vec()].concat()).collect();
            let vector = [first, second, below].map(|x| x.mean_axis(Axis(0)).unwrap().to_vec()).concat();
            let said = net.intents.logits(&prepared[i].asked_features(), Some(&vector));
            assert!(said.iter().zip(&told.logits[i]).all(|(a, b)| (a - b).abs() < 1e-3), "{i}");
            let tagging = net.tagger.tag(prepared[i].asked_words(), Some(&words), Some(&said));
            assert_eq!(folds::places(&tagging, &prepared[i].text), told.spans[i], "{i}");
            assert_eq!(told.spans[i], prepared[i].gold, "{i}");
        }
        assert_ne!(net.tops[0], net.tops[1], "each has a seed of its own");
        assert!(net.tagger.least.is_some());
        assert_eq!(held_out(3).0.logits, told.logits);
    }
}
