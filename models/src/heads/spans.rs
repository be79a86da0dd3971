//! Which spans to tell of: those that together are likeliest to be right one by one, instead of those of the likeliest sequence
//! of tags. A span is told from a probability on that makes F1 greatest (near half of the F1 that can be reached: Lipton,
//! Elkan, Narayanaswamy 2014), so that where much is unsure more is told than the likeliest sequence would.

use super::{
    lattice::{Chain, Lattice},
    tagger::Found,
    tags::{Tag, Tags},
};

/// Spans less likely than this are not looked at.
const LEAST: f32 = 0.05;

/// All spans of a message that are not unlikely, by their end.
pub fn candidates(chain: &Chain, lattice: &Lattice) -> Vec<Found> {
    let marginals = lattice.marginals();
    let tags = chain.tags;
    let n = marginals.len() / tags;
    let mut out = Vec::new();
    for first in 0..n {
        for entity in 0..tags / 4 {
            let unit = marginals[first * tags + Tags::index(Tag::Unit(entity))];
            if unit >= LEAST {
                out.push(Found { entity, first, last: first, confidence: unit.min(1.0) });
            }
            let begin = Tags::index(Tag::Begin(entity));
            if marginals[first * tags + begin] < LEAST {
                continue;
            }
            let mut path = vec![begin];
            for last in first + 1..n {
                path.push(Tags::index(Tag::Last(entity)));
                let confidence = lattice.segment(chain, first, &path);
                if confidence >= LEAST {
                    out.push(Found { entity, first, last, confidence });
                }
                let inside = Tags::index(Tag::Inside(entity));
                path[last - first] = inside;
                if marginals[last * tags + inside] < LEAST {
                    break;
                }
            }
        }
    }
    out.sort_by_key(|f| (f.last, f.first, f.entity));
    out
}

/// Of `candidates`, in the order of their ends, those that do not overlap and whose probabilities above `least` have the
/// greatest sum.
pub fn choose(candidates: &[Found], least: f32) -> Vec<Found> {
    let n = candidates.last().map_or(0, |f| f.last + 1);
    // The best sum over the words before each place, and the span that ends there.
    let mut best: Vec<(f32, Option<usize>)> = vec![(0.0, None); n + 1];
    let mut at = 0;
    for end in 1..=n {
        best[end] = (best[end - 1].0, None);
        while let Some(f) = candidates.get(at).filter(|f| f.last + 1 == end) {
            let sum = best[f.first].0 + f.confidence - least;
            if sum > best[end].0 {
                best[end] = (sum, Some(at));
            }
            at += 1;
        }
    }
    let (mut out, mut end) = (Vec::new(), n);
    while end > 0 {
        match best[end].1 {
            Some(of) => {
                out.push(candidates[of]);
                end = candidates[of].first;
            }
            None => end -= 1,
        }
    }
    out.reverse();
    out
}

/// Spans of words: entity, first, last.
pub type Span = (usize, usize, usize);

/// The probability from which on telling spans makes F1 greatest over `messages`: candidates, and what is right; and that F1.
pub fn fit(messages: &[(Vec<Found>, Vec<Span>)]) -> (f32, f32) {
    let at = |least: f32| -> f32 {
        let (mut right, mut told, mut gold) = (0usize, 0usize, 0usize);
        for (candidates, spans) in messages {
            let chosen = choose(candidates, least);
            right += chosen.iter().filter(|f| spans.contains(&(f.entity, f.first, f.last))).count();
            told += chosen.len();
            gold += spans.len();
        }
        2.0 * right as f32 / (told + gold).max(1) as f32
    };
    // The middle of the best three in a row: one step alone may be best by chance.
    let scores: Vec<f32> = (0..STEPS).map(|i| at(place(i))).collect();
    let near = |i: usize| scores[i - 1] + scores[i] + scores[i + 1];
    let best = (1..STEPS - 1).max_by(|a, b| near(*a).total_cmp(&near(*b)).then(b.cmp(a))).unwrap_or(1);
    (place(best), scores[best])
}

const STEPS: usize = 21;

/// From 0.2 to 0.6.
fn place(step: usize) -> f32 {
    0.2 + 0.02 * step as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entity: usize, first: usize, last: usize, confidence: f32) -> Found {
        Found { entity, first, last, confidence }
    }

    #[test]
    fn the_greatest_sum_wins_and_nothing_overlaps() {
        let candidates =
            [found(0, 0, 0, 0.45), found(1, 0, 1, 0.5), found(0, 1, 1, 0.4), found(2, 2, 3, 0.3)];
        let spans = |least| {
            choose(&candidates, least).iter().map(|f| (f.entity, f.first, f.last)).collect::<Vec<_>>()
        };
        assert_eq!(spans(0.25), [(0, 0, 0), (0, 1, 1), (2, 2, 3)]);
        assert_eq!(spans(0.37), [(1, 0, 1)]);
        assert_eq!(spans(0.6), []);
        assert!(choose(&[], 0.3).is_empty());
    }

    #[test]
    fn what_is_right_less_often_than_half_the_time_can_be_worth_telling() {
        // Spans of 0.4 that are right four times of ten, beside as many sure ones.
        let messages: Vec<_> = (0..100)
            .map(|i| {
                let right = if i % 10 < 4 { vec![(0, 0, 0), (0, 2, 2)] } else { vec![(0, 2, 2)] };
                (vec![found(0, 0, 0, 0.4), found(0, 2, 2, 0.95)], right)
            })
            .collect();
        let (least, f1) = fit(&messages);
        // Told: 140 right of 200 told, 140 to be told. Not told: 100 of 100.
        assert!(least >= 0.4 && (f1 - 200.0 / 240.0).abs() < 1e-6, "{least} {f1}");
        let unsure: Vec<_> = messages.iter().map(|(c, r)| (c[..1].to_vec(), r.clone())).collect();
        let unsure: Vec<_> = unsure.into_iter().map(|(c, r)| (c, r[..r.len() - 1].to_vec())).collect();
        assert!(fit(&unsure).0 < 0.4);
    }
}
