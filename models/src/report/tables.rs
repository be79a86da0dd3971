//! Counts by intent and by entity.

use super::{Span, figures::Row};

/// Precision, recall and their harmonic mean; `None` where there is nothing to divide by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    /// Messages or spans that are it.
    pub gold: usize,
    /// That were taken for it.
    pub found: usize,
    /// Both.
    pub right: usize,
}

impl Hits {
    /// Share of what was found that is right.
    pub fn precision(&self) -> Option<f64> {
        (self.found > 0).then(|| self.right as f64 / self.found as f64)
    }
    /// Share of what was to be found that was found.
    pub fn recall(&self) -> Option<f64> {
        (self.gold > 0).then(|| self.right as f64 / self.gold as f64)
    }
    /// F1.
    pub fn f1(&self) -> Option<f64> {
        (self.found + self.gold > 0).then(|| 2.0 * self.right as f64 / (self.found + self.gold) as f64)
    }
}

/// How often each intent was read as which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// Rows: the right intent; columns: the one read.
    pub counts: Vec<Vec<usize>>,
}

/// One intent read as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The right intent.
    pub gold: usize,
    /// The one read.
    pub found: usize,
    /// How often.
    pub n: usize,
}

impl Confusion {
    /// Of `intents` intents.
    pub fn of(rows: &[Row<'_>], intents: usize) -> Self {
        let mut counts = vec![vec![0; intents]; intents];
        for row in rows {
            let (gold, found) = (row.message.intent, row.reading.intent().unwrap_or(usize::MAX));
            if let Some(cell) = counts.get_mut(gold).and_then(|line: &mut Vec<usize>| line.get_mut(found)) {
                *cell += 1;
            }
        }
        Self { counts }
    }

    /// Messages of an intent.
    pub fn gold(&self, intent: usize) -> usize {
        self.counts[intent].iter().sum()
    }

    /// Hits of an intent.
    pub fn hits(&self, intent: usize) -> Hits {
        let found = self.counts.iter().map(|line| line[intent]).sum();
        Hits { gold: self.gold(intent), found, right: self.counts[intent][intent] }
    }

    /// What was read wrongly, most frequent first; equal ones by the share of their intent, then in order.
    pub fn pairs(&self) -> Vec<Pair> {
        let mut out: Vec<Pair> = Vec::new();
        for (gold, line) in self.counts.iter().enumerate() {
            let wrong = line.iter().enumerate().filter(|(found, n)| *found != gold && **n > 0);
            out.extend(wrong.map(|(found, &n)| Pair { gold, found, n }));
        }
        out.sort_by_key(|p| (std::cmp::Reverse(p.n), self.gold(p.gold)));
        out
    }
}

/// Counts of one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entity {
    /// Exact spans.
    pub hits: Hits,
    /// Spans to be found of which nothing was.
    pub missed: usize,
    /// Found with the right label and other ends.
    pub ends: usize,
    /// Found under another label.
    pub label: usize,
    /// Found where nothing is marked.
    pub invented: usize,
}

fn overlap(a: &Span, b: &Span) -> bool {
    a.1 < b.2 && b.1 < a.2
}

/// Counts of `entities` entities.
pub fn entities(rows: &[Row<'_>], entities: usize) -> Vec<Entity> {
    let mut out = vec![Entity::default(); entities];
    for row in rows {
        let (gold, found) = (&row.message.spans, &row.reading.spans);
        for span in gold {
            let Some(entity) = out.get_mut(span.0) else { continue };
            entity.hits.gold += 1;
            if found.contains(span) {
                entity.hits.right += 1;
            } else if found.iter().any(|f| f.0 == span.0 && overlap(f, span)) {
                entity.ends += 1;
            } else if found.iter().any(|f| overlap(f, span)) {
                entity.label += 1;
            } else {
                entity.missed += 1;
            }
        }
        for span in found {
            let Some(entity) = out.get_mut(span.0) else { continue };
            entity.hits.found += 1;
            entity.invented += usize::from(!gold.iter().any(|g| overlap(g, span)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Message, Reading};

    fn read(gold: usize, found: usize) -> (Message, Reading) {
        let reading = Reading { ranking: vec![(found, 0.9)], ..Reading::default() };
        (Message { intent: gold, ..Message::default() }, reading)
    }

    fn rows(made: &[(Message, Reading)]) -> Vec<Row<'_>> {
        made.iter().map(|(message, reading)| Row { message, reading }).collect()
    }

    #[test]
    fn intents_are_counted_from_both_sides() {
        let made = [read(0, 0), read(0, 1), read(0, 1), read(1, 1), read(2, 1), read(2, 0), read(1, 9)];
        let confusion = Confusion::of(&rows(&made), 3);
        assert_eq!(confusion.hits(1), Hits { gold: 1, found: 4, right: 1 });
        assert_eq!(confusion.hits(2).precision(), None);
        let pairs: Vec<_> = confusion.pairs().iter().map(|p| (p.gold, p.found, p.n)).collect();
        assert_eq!(pairs, [(0, 1, 2), (2, 0, 1), (2, 1, 1)]);
        assert_eq!(Confusion::of(&[], 2).hits(0).f1(), None);
    }

    #[test]
    fn each_span_that_went_wrong_has_one_reason() {
        let message =
            Message { spans: vec![(0, 0, 5), (0, 6, 9), (1, 10, 12), (1, 13, 15)], ..Message::default() };
        let reading =
            Reading { spans: vec![(0, 0, 5), (0, 6, 8), (0, 10, 12), (1, 20, 22)], ..Reading::default() };
        let found = entities(&[Row { message: &message, reading: &reading }], 2);
        assert_eq!(found[0].hits, Hits { gold: 2, found: 3, right: 1 });
        assert_eq!((found[0].ends, found[0].label, found[0].missed, found[0].invented), (1, 0, 0, 0));
        assert_eq!((found[1].ends, found[1].label, found[1].missed, found[1].invented), (0, 1, 1, 1));
    }
}
