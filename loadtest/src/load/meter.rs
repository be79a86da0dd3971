//! What is measured: distributions of latency, counts, and both once a second.

use super::record::{Latency, Second};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// Microseconds.
pub type Micros = u64;

/// Longest latency that is told apart: ten minutes.
const LONGEST: Micros = 600_000_000;

/// A distribution of latencies in microseconds, three significant digits.
#[derive(Debug, Clone)]
pub struct Spread(Option<Histogram<u64>>);

impl Default for Spread {
    fn default() -> Self {
        // The bounds are constants that hdrhistogram takes.
        Self(Histogram::new_with_bounds(1, LONGEST, 3).ok())
    }
}

impl Spread {
    /// One more.
    pub fn add(&mut self, micros: Micros) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(micros.max(1));
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// A quantile in milliseconds; `None` without values.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(histogram.value_at_quantile(share) as f64 / 1_000.0)
    }

    /// Share of those longer than so many milliseconds; 0 without values.
    pub fn share_over_ms(&self, ms: u64) -> f64 {
        let Some(histogram) = self.0.as_ref().filter(|histogram| !histogram.is_empty()) else { return 0.0 };
        let below = histogram.count_between(0, ms * 1_000);
        1.0 - below as f64 / histogram.len() as f64
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        if let Some(histogram) = &mut self.0 {
            histogram.reset();
        }
    }

    /// For the report: about ten buckets a power of ten.
    pub fn latency(&self) -> Latency {
        let Some(histogram) = self.0.as_ref().filter(|histogram| !histogram.is_empty()) else {
            return Latency::default();
        };
        let ms = |share| histogram.value_at_quantile(share) as f64 / 1_000.0;
        let mut buckets: Vec<(f64, u64)> = Vec::new();
        for value in histogram.iter_recorded() {
            let micros = value.value_iterated_to() as f64;
            let bound = 10_f64.powf((micros.log10() * 10.0).ceil() / 10.0) / 1_000.0;
            match buckets.last_mut() {
                Some((last, count)) if (*last - bound).abs() < bound * 1e-6 => {
                    *count += value.count_since_last_iteration();
                }
                _ => buckets.push((bound, value.count_since_last_iteration())),
            }
        }
        Latency {
            count: histogram.len(),
            mean: histogram.mean() / 1_000.0,
            p50: ms(0.5),
            p90: ms(0.9),
            p99: ms(0.99),
            p999: ms(0.999),
            max: histogram.max() as f64 / 1_000.0,
            buckets,
        }
    }
}

/// Counts and distributions of a run.
#[derive(Debug, Default)]
pub struct Meter {
    /// Of the measured time, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// Webhook due to 200.
    pub ack: Spread,
    /// Message due to its answer.
    pub reply: Spread,
    /// Message due to the moment the generator got to it.
    pub late: Spread,
    /// This second's.
    now: Now,
    /// All seconds so far.
    pub series: Vec<Second>,
    /// Whether the warm-up is over.
    pub measuring: bool,
}

#[derive(Debug, Default)]
struct Now {
    ack: Spread,
    reply: Spread,
    due: u64,
    replied: u64,
    refused: u64,
    statuses: u64,
}

impl Meter {
    /// Counts, once the warm-up is over.
    pub fn count(&mut self, name: &'static str, more: u64) {
        if self.measuring {
            *self.counts.entry(name).or_default() += more;
        }
    }

    /// A webhook was acknowledged.
    pub fn acked(&mut self, micros: Micros, measured: bool) {
        self.now.ack.add(micros);
        if measured {
            self.ack.add(micros);
        }
    }

    /// A message was answered.
    pub fn replied(&mut self, micros: Micros, measured: bool) {
        self.now.reply.add(micros);
        self.now.replied += 1;
        if measured {
            self.reply.add(micros);
        }
    }

    /// A message is due, and the generator has come to it so much later.
    pub fn due(&mut self, late: Micros) {
        self.now.due += 1;
        if self.measuring {
            self.late.add(late);
        }
    }

    /// So many statuses were acknowledged.
    pub fn told(&mut self, statuses: u64) {
        self.now.statuses += statuses;
        self.count("statuses_acknowledged", statuses);
    }

    /// A webhook was refused with 503.
    pub fn refused(&mut self) {
        self.now.refused += 1;
        self.count("refused_503", 1);
    }

    /// Closes a second; what is known of it otherwise is filled in by the caller.
    pub fn second(&mut self, mut second: Second) -> &Second {
        let now = &mut self.now;
        second.due = std::mem::take(&mut now.due);
        second.replied = std::mem::take(&mut now.replied);
        second.refused = std::mem::take(&mut now.refused);
        second.statuses = std::mem::take(&mut now.statuses);
        second.ack_p50 = now.ack.quantile_ms(0.5);
        second.ack_p99 = now.ack.quantile_ms(0.99);
        second.reply_p50 = now.reply.quantile_ms(0.5);
        second.reply_p99 = now.reply.quantile_ms(0.99);
        now.ack.clear();
        now.reply.clear();
        self.series.push(second);
        &self.series[self.series.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_everything_once() {
        let mut spread = Spread::default();
        for n in 1..=10_000_u64 {
            spread.add(n * 37);
        }
        let latency = spread.latency();
        assert_eq!(latency.buckets.iter().map(|(_, n)| n).sum::<u64>(), 10_000);
        assert!(latency.buckets.is_sorted_by(|a, b| a.0 < b.0));
        assert!((latency.p50 - 185.0).abs() < 1.0 && (latency.p99 - 366.3).abs() < 1.0, "{latency:?}");
        assert!((spread.share_over_ms(185) - 0.5).abs() < 0.01);
    }

    #[test]
    fn the_warm_up_is_not_counted() {
        let mut meter = Meter::default();
        meter.count("messages", 1);
        meter.due(5);
        meter.measuring = true;
        meter.count("messages", 1);
        meter.refused();
        assert_eq!(meter.counts.get("messages"), Some(&1));
        let second = meter.second(Second::default());
        assert_eq!((second.due, second.refused), (1, 1));
        assert_eq!(meter.late.count(), 0);
    }
}
