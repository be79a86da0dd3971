//! How the spans of trained nets are told: how much the intents count for them, and from which probability on they are told,
//! fitted on messages held out.

use super::{Answer, Item, Nets};
use crate::{
    heads::{
        given::Given,
        spans::{self, Span},
        tagger::{Found, Tagging, likely},
        tags::Tags,
    },
    train::jobs,
};

/// Shares of the intents that are tried.
const SHARES: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// What is held out of one message: with each of [`SHARES`], the spans that are not unlikely and how sure the sequence is.
pub(super) struct Heard(Vec<(Vec<Found>, f32)>);

/// What was fitted: how spans are told.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Telling {
    /// Place in [`SHARES`].
    share: usize,
    /// See [`crate::heads::tagger::Tagger::least`]; `None`: nothing was held out, or there are no entities.
    least: Option<f32>,
}

/// Which entities come with which intents in these messages.
pub(super) fn given(items: &[Item<'_>], classes: usize, entities: usize) -> Given {
    let lists: Vec<(usize, Vec<usize>)> = items
        .iter()
        .map(|item| {
            let spans = Tags::decode(&item.prepared.words.tags);
            (item.prepared.sentence.class, spans.into_iter().map(|(entity, _, _)| entity).collect())
        })
        .collect();
    Given::count(lists.iter().map(|(class, found)| (*class, found.as_slice())), classes, entities)
}

/// Hears out messages that were held out.
pub(super) fn hear(nets: &Nets, given: &Given, answers: &[Answer], threads: usize) -> Vec<Heard> {
    jobs::run(answers.len(), threads, |i| {
        let Answer { logits, emissions } = &answers[i];
        if emissions.is_empty() {
            return Heard(vec![(Vec::new(), 1.0); SHARES.len()]);
        }
        let likely = likely(logits);
        let with = |share: &f32| {
            let mut emissions = emissions.clone();
            nets.tagger.expect(&given.scores_with(*share, &likely), &mut emissions);
            let (_, lattice, sure) = nets.tagger.weigh(&emissions);
            (spans::candidates(&nets.tagger.chain, &lattice), sure)
        };
        Heard(SHARES.iter().map(with).collect())
    })
}

impl Telling {
    /// With the greatest F1 over messages that were held out, each with its spans (entity, first and last word).
    pub(super) fn fit(messages: &[(&Heard, Vec<Span>)]) -> Self {
        if messages.iter().all(|(_, right)| right.is_empty()) {
            return Self::default();
        }
        let fits = (0..SHARES.len()).map(|share| {
            let told: Vec<_> =
                messages.iter().map(|(heard, right)| (heard.0[share].0.clone(), right.clone())).collect();
            (share, spans::fit(&told))
        });
        let fitted = fits.reduce(|best, next| if next.1.1 > best.1.1 { next } else { best });
        fitted.map_or_else(Self::default, |(share, (least, _))| Self { share, least: Some(least) })
    }

    /// What is told of a message that was held out.
    pub(super) fn tagging(&self, heard: &Heard) -> Tagging {
        let (candidates, confidence) = &heard.0[self.share];
        let spans = self.least.map_or_else(Vec::new, |least| spans::choose(candidates, least));
        Tagging { spans, confidence: *confidence }
    }

    /// Has nets tell their spans so.
    pub(super) fn put(&self, mut given: Given, nets: &mut Nets) {
        given.share = SHARES[self.share];
        nets.tagger.given = (self.least.is_some() && self.share > 0).then_some(given);
        nets.tagger.least = self.least;
    }
}
