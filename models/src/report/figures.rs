//! Headline figures with their uncertainty.

use super::{Input, Message, Reading};
use crate::{calibrate::metrics::SpanCounts, eval::THRESHOLD, random::Random};

/// Bins of the calibration error and of the reliability diagram.
pub const BINS: usize = 10;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 1000;

/// One message as one tier read it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// What was to be read.
    pub message: &'a Message,
    /// What was read.
    pub reading: &'a Reading,
}

impl Row<'_> {
    /// Whether the intent is right.
    pub fn right(&self) -> bool {
        self.reading.intent() == Some(self.message.intent)
    }
    /// Whether all spans are right, and no more were found.
    pub fn spans_right(&self) -> bool {
        self.reading.spans == self.message.spans
    }
    /// Probability of the likeliest intent, 0–1.
    pub fn probability(&self) -> f32 {
        let p = self.reading.probability();
        if p.is_finite() { p.clamp(0.0, 1.0) } else { 0.0 }
    }
    /// Probability and whether it was right.
    pub fn told(&self) -> (f32, bool) {
        (self.probability(), self.right())
    }
}

/// Readings of one way to answer: a tier alone, or both as they serve.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// `served`, `ngram`, `joint`.
    pub key: &'static str,
    /// For people.
    pub title: &'static str,
    /// All messages.
    pub rows: Vec<Row<'a>>,
}

/// Whether the n-gram model answers this message alone.
pub fn first_answers(input: &Input, ngram: &Reading) -> bool {
    ngram.probability().min(ngram.tag_confidence) >= input.first_tier
}

fn rows<'a>(input: &'a Input, readings: impl Iterator<Item = &'a Reading>) -> Vec<Row<'a>> {
    input.messages.iter().zip(readings).map(|(message, reading)| Row { message, reading }).collect()
}

/// The ways to answer; the one that serves comes first.
pub fn views(input: &Input) -> Vec<View<'_>> {
    let ngram = View { key: "ngram", title: "Quick tier alone", rows: rows(input, input.ngram.iter()) };
    let Some(joint) = &input.joint else { return vec![ngram] };
    let served = input.ngram.iter().zip(joint).map(|(n, j)| if first_answers(input, n) { n } else { j });
    vec![
        View { key: "served", title: "As it serves", rows: rows(input, served) },
        ngram,
        View { key: "joint", title: "Large tier alone", rows: rows(input, joint.iter()) },
    ]
}

/// The languages of the messages, alphabetically.
pub fn languages(input: &Input) -> Vec<&str> {
    let set: std::collections::BTreeSet<&str> = input.messages.iter().map(|m| m.lang.as_str()).collect();
    set.into_iter().collect()
}

/// A figure and its 95 % bootstrap interval (percentiles of 1,000 resamples, fixed seed).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// As measured.
    pub value: f64,
    /// 2.5th percentile.
    pub low: f64,
    /// 97.5th percentile.
    pub high: f64,
}

/// Figures of a group of messages. `None`: there is nothing that it could be counted from.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Messages.
    pub n: usize,
    /// Share of right intents.
    pub accuracy: Interval,
    /// Micro F1 of exact spans and labels.
    pub f1: Option<Interval>,
    /// Expected calibration error, [`BINS`] bins of equal mass.
    pub ece: Interval,
    /// Share of messages with a probability of at least [`THRESHOLD`].
    pub answered: Interval,
    /// Share of right intents among them.
    pub accuracy_answered: Option<Interval>,
}

/// What is resampled of one message.
struct Cell {
    p: f64,
    right: bool,
    spans: SpanCounts,
}

/// The five figures of a sample, in the order of [`Figures`].
type Five = [Option<f64>; 5];

/// A sample in which message `i` occurs `weights[i]` times; `cells` are sorted by probability, then right or wrong, as
/// [`crate::calibrate::metrics::ece`] sorts them.
fn five(cells: &[Cell], weights: &[u32], n: usize) -> Five {
    let bins = BINS.clamp(1, n.max(1));
    let (mut right, mut answered, mut answered_right, mut spans) = (0f64, 0f64, 0f64, SpanCounts::default());
    let (mut error, mut gap, mut seen, mut bin) = (0f64, 0f64, 0usize, 0usize);
    for (cell, &weight) in cells.iter().zip(weights) {
        let hit = f64::from(u8::from(cell.right));
        let times = f64::from(weight);
        right += times * hit;
        if cell.p >= f64::from(THRESHOLD) {
            answered += times;
            answered_right += times * hit;
        }
        spans.right += cell.spans.right * weight as usize;
        spans.found += cell.spans.found * weight as usize;
        spans.gold += cell.spans.gold * weight as usize;
        let mut left = weight as usize;
        while left > 0 {
            let end = (bin + 1) * n / bins;
            let part = left.min(end - seen);
            gap += part as f64 * (cell.p - hit);
            seen += part;
            left -= part;
            if seen == end {
                error += gap.abs();
                (gap, bin) = (0.0, bin + 1);
            }
        }
    }
    let n = n as f64;
    [
        (n > 0.0).then(|| right / n),
        (spans.found + spans.gold > 0).then(|| f64::from(spans.f1())),
        (n > 0.0).then(|| error / n),
        (n > 0.0).then(|| answered / n),
        (answered > 0.0).then(|| answered_right / answered),
    ]
}

/// The figures of a group of messages; `None` for an empty one.
pub fn figures(rows: &[Row<'_>]) -> Option<Figures> {
    let mut cells: Vec<Cell> = rows
        .iter()
        .map(|row| {
            let mut spans = SpanCounts::default();
            spans.add(&row.reading.spans, &row.message.spans);
            Cell { p: f64::from(row.probability()), right: row.right(), spans }
        })
        .collect();
    cells.sort_by(|a, b| a.p.total_cmp(&b.p).then(a.right.cmp(&b.right)));
    let n = cells.len();
    let mut weights = vec![1u32; n];
    let values = five(&cells, &weights, n);
    let mut random = Random::new(2_206);
    let samples: Vec<Five> = (0..RESAMPLES)
        .map(|_| {
            weights.fill(0);
            (0..n).for_each(|_| weights[random.below(n)] += 1);
            five(&cells, &weights, n)
        })
        .collect();
    let of = |place: usize| -> Option<Interval> {
        let value = values[place]?;
        let mut drawn: Vec<f64> = samples.iter().filter_map(|s| s[place]).collect();
        drawn.sort_by(f64::total_cmp);
        let at = |share: f64| drawn.get(((drawn.len() as f64) * share) as usize).copied().unwrap_or(value);
        // Resampling adds noise, which adds to a calibration error near 0: the interval is widened to hold the figure.
        Some(Interval { value, low: at(0.025).min(value), high: at(0.975).max(value) })
    };
    Some(Figures { n, accuracy: of(0)?, f1: of(1), ece: of(2)?, answered: of(3)?, accuracy_answered: of(4) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::metrics;

    #[test]
    fn agrees_with_the_metrics_and_the_intervals_hold_the_figures() {
        let mut random = Random::new(3);
        let messages: Vec<Message> =
            (0..503).map(|i| Message { spans: vec![(0, 0, 1 + i % 2)], ..Message::default() }).collect();
        let readings: Vec<Reading> = (0..503)
            .map(|_| {
                let p = 0.3 + 0.7 * random.unit();
                let found = usize::from(random.unit() > p - 0.05);
                Reading { ranking: vec![(found, p)], spans: vec![(0, 0, 1)], ..Reading::default() }
            })
            .collect();
        let rows: Vec<Row<'_>> =
            messages.iter().zip(&readings).map(|(message, reading)| Row { message, reading }).collect();
        let found = figures(&rows).unwrap();
        let told: Vec<(f32, bool)> = rows.iter().map(Row::told).collect();
        assert!((found.ece.value - f64::from(metrics::ece(&told, BINS))).abs() < 1e-5);
        let (low, high) = metrics::ece_interval(&told, BINS);
        assert!(
            (found.ece.low - f64::from(low)).abs() < 0.01 && (found.ece.high - f64::from(high)).abs() < 0.01
        );
        let f1 = found.f1.unwrap();
        assert!((f1.value - 252.0 / 503.0).abs() < 1e-6 && f1.low < f1.value && f1.value < f1.high);
        for i in [found.accuracy, found.answered, found.accuracy_answered.unwrap()] {
            assert!(0.0 <= i.low && i.low < i.value && i.value < i.high && i.high <= 1.0, "{i:?}");
        }
        assert!(found.accuracy_answered.unwrap().value > found.accuracy.value);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(figures(&[]), None);
        let message = Message::default();
        let reading = Reading::default();
        let one = figures(&[Row { message: &message, reading: &reading }]).unwrap();
        assert_eq!((one.n, one.accuracy.value, one.f1, one.accuracy_answered), (1, 0.0, None, None));
    }
}
