//! Latencies as histograms over a logarithmic axis of time.

use super::{
    axis::Axis,
    frame::Frame,
    labels::{digits, length, quantity},
};
use crate::load::record::Latency;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Bars in a decade.
const BARS: f64 = 12.0;
/// What is shorter is drawn as this, in milliseconds: one microsecond.
const LEAST: f64 = 0.001;

/// Shares of all by bar: bar `i` goes from 10^(i/[`BARS`]) to 10^((i+1)/[`BARS`]) milliseconds.
///
/// Only the buckets' upper bounds are known, and empty buckets are left out. So a bucket begins where the one before it
/// ends, but is not taken for wider than the buckets commonly are; what is in it is spread evenly over its logarithm.
pub fn bars(latency: &Latency) -> BTreeMap<i32, f64> {
    let mut out = BTreeMap::new();
    let all: u64 = latency.buckets.iter().map(|b| b.1).sum();
    if all == 0 {
        return out;
    }
    let bounds: Vec<f64> =
        latency.buckets.iter().map(|b| b.0).filter(|b| b.is_finite() && *b > 0.0).collect();
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let ratio = middle(bounds.windows(2).map(|w| w[1] / w[0]).collect()).unwrap_or(1.0).max(1.0);
    let gap = middle(bounds.windows(2).map(|w| w[1] - w[0]).collect()).unwrap_or(0.0).max(0.0);
    let mut before = 0.0f64;
    for &(bound, n) in &latency.buckets {
        let bound = if bound.is_finite() { bound } else { latency.max.max(before) }.max(LEAST);
        let common = (bound / ratio).min(bound - gap);
        let from = before.max(common).max(bound / 2.5).min(bound);
        before = bound;
        // Nothing is longer than the longest, whatever the bucket could hold.
        let to = if latency.max > from { bound.min(latency.max) } else { bound };
        let (low, high) = (from.log10() * BARS, to.log10() * BARS);
        let share = n as f64 / all as f64;
        let (first, last) = (low.floor() as i32, (high.ceil() as i32 - 1).max(low.floor() as i32));
        for bar in first..=last {
            let part = (high.min(f64::from(bar + 1)) - low.max(f64::from(bar))) / (high - low);
            *out.entry(bar).or_insert(0.0) += if first == last { share } else { share * part };
        }
    }
    out
}

fn edge(bar: i32) -> f64 {
    10f64.powf(f64::from(bar) / BARS)
}

/// The quantiles that get a mark.
pub fn quantiles(latency: &Latency) -> [(&'static str, f64); 5] {
    let l = latency;
    [("p50", l.p50), ("p90", l.p90), ("p99", l.p99), ("p99.9", l.p999), ("max", l.max)]
}

/// One distribution of a drawing: its colour's class and its data.
pub type Part<'a> = (&'static str, &'a Latency);

/// One or two distributions with their quantiles; `None` if there is nothing to draw.
pub fn draw(name: &str, parts: &[Part<'_>]) -> Option<Markup> {
    let parts: Vec<&Part<'_>> = parts.iter().filter(|p| p.1.count > 0).collect();
    let all: Vec<(&str, BTreeMap<i32, f64>)> = parts.iter().map(|p| (p.0, bars(p.1))).collect();
    let (low, high) = reach(&parts, &all)?;
    let tallest = all.iter().flat_map(|a| a.1.values()).copied().fold(0.0, f64::max);
    let rows = 14.0 * parts.len().max(2) as f64;
    let known = tallest > 0.0;
    let mut frame = Frame {
        x: Axis::milliseconds(low, high),
        y: Axis::from_zero(if known { tallest * 100.0 } else { 1.0 }),
        unit: if known { "% of all".into() } else { String::new() },
        above: 20.0 + rows,
    };
    if !known {
        // Quantiles alone have no height.
        frame.y.marks.clear();
    }
    let bottom = frame.ends().0;
    let alone = parts.len() == 1;
    let drawing = html! {
        @for (class, bars) in &all {
            g class=(format!("bars {class}")) {
                @for (bar, share) in bars {
                    @let (left, right) = (frame.x(edge(*bar)), frame.x(edge(*bar + 1)));
                    // A single message among millions is still seen.
                    @let top = frame.y(share * 100.0).min(bottom - 1.2);
                    rect x=(length(left + 0.3)) y=(length(top)) width=(length((right - left - 0.6).max(0.5)))
                        height=(length(bottom - top)) {
                        title {
                            (quantity(edge(*bar), "ms")) " to " (quantity(edge(*bar + 1), "ms")) ": "
                            (digits(share * 100.0, 2)) " %"
                        }
                    }
                }
            }
        }
        @for (i, (class, latency)) in parts.iter().enumerate() { (marks(&frame, latency, class, i, alone)) }
    };
    let spoken: Vec<String> = parts.iter().map(|p| told(p.1)).collect();
    Some(frame.draw(&format!("{name}: {}", spoken.join("; against ")), "histogram", html! {}, drawing))
}

/// The least and the greatest time to be shown.
fn reach(parts: &[&Part<'_>], all: &[(&str, BTreeMap<i32, f64>)]) -> Option<(f64, f64)> {
    let ends = all.iter().flat_map(|a| a.1.keys().flat_map(|bar| [edge(*bar), edge(*bar + 1)]));
    let marks = parts.iter().flat_map(|p| quantiles(p.1)).map(|q| q.1);
    let known: Vec<f64> = ends.chain(marks).filter(|v| v.is_finite() && *v > 0.0).collect();
    let (low, high) = known.iter().fold((f64::MAX, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
    (high > 0.0).then_some((low, high))
}

/// Lines at the quantiles. Alone, the labels take two rows so that near ones do not cover each other; of two
/// distributions each has its own row, and only median and p99 are marked.
fn marks(frame: &Frame, latency: &Latency, class: &str, row: usize, alone: bool) -> Markup {
    let shown: Vec<(&str, f64)> = quantiles(latency)
        .into_iter()
        .filter(|(name, v)| v.is_finite() && *v > 0.0 && (alone || matches!(*name, "p50" | "p99")))
        .collect();
    let (bottom, top) = frame.ends();
    let mut ends = [f64::MIN; 2];
    let mut placed = Vec::new();
    for (name, value) in shown {
        let x = frame.x(value);
        let wide = name.len() as f64 * 8.5 + 4.0;
        let row = match alone {
            true if x - wide / 2.0 >= ends[0] => 0,
            true if x - wide / 2.0 >= ends[1] => 1,
            true => continue,
            false => row,
        };
        ends[row.min(1)] = x + wide / 2.0;
        placed.push((name, value, x, top - 4.0 - 14.0 * row as f64));
    }
    html! {
        g class=(format!("marks {class}")) {
            @for (name, value, x, y) in placed {
                line x1=(length(x)) x2=(length(x)) y1=(length(y + 3.0)) y2=(length(bottom)) {}
                text x=(length(x)) y=(length(y)) text-anchor="middle" { (name) title { (quantity(value, "ms")) } }
            }
        }
    }
}

/// The quantiles in words.
pub fn told(latency: &Latency) -> String {
    let shown = quantiles(latency).into_iter().filter(|(_, v)| v.is_finite() && *v > 0.0);
    shown.map(|(name, v)| format!("{name} {}", quantity(v, "ms"))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(buckets: &[(f64, u64)]) -> Latency {
        let count = buckets.iter().map(|b| b.1).sum();
        let max = buckets.last().map_or(0.0, |b| b.0);
        Latency { count, p50: max, max, buckets: buckets.to_vec(), ..Latency::default() }
    }

    #[test]
    fn coarse_buckets_are_spread_and_fine_ones_stay_where_they_are() {
        // Between 10 and 100 ms lies one decade; Prometheus' buckets are this coarse.
        let coarse = bars(&of(&[(1.0, 0), (2.5, 100), (5.0, 100), (10.0, 100)]));
        assert!((coarse.values().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(coarse.len() >= 11, "{coarse:?}");
        // A straggler is not spread down to the dense part.
        let mut fine: Vec<(f64, u64)> = (0..200).map(|i| (10.0 + f64::from(i) * 0.01, 5)).collect();
        fine.push((900.0, 1));
        let fine = bars(&of(&fine));
        assert_eq!(fine.range(13..).count(), 1, "{fine:?}");
        assert_eq!(bars(&Latency::default()).len(), 0);
    }

    #[test]
    fn nothing_is_drawn_of_nothing_and_quantiles_alone_are() {
        assert!(draw("x", &[("c1", &Latency::default())]).is_none());
        let quantiles = Latency { count: 9, p50: 3.0, p99: 8.0, max: 9.0, ..Latency::default() };
        let drawing = draw("Turn", &[("c1", &quantiles)]).unwrap().into_string();
        assert!(
            drawing.contains(">p50<")
                && drawing.contains("aria-label=\"Turn: p50 3 ms, p99 8 ms, max 9 ms\"")
        );
        assert!(!drawing.contains("<rect"));
    }

    #[test]
    fn an_open_last_bucket_ends_at_the_longest() {
        let open = Latency { max: 3_000.0, ..of(&[(10.0, 3), (f64::INFINITY, 1)]) };
        let bars = bars(&open);
        assert!((edge(*bars.keys().last().unwrap() + 1) / 3_000.0) < 1.3, "{bars:?}");
    }

    proptest! {
        #[test]
        fn shares_sum_to_one(steps in prop::collection::vec((0f64..50.0, 0u64..1000), 1..80), max in 0f64..1e5) {
            let mut at = 0.0;
            let buckets: Vec<(f64, u64)> = steps.iter().map(|(step, n)| { at += step + 1e-4; (at, *n) }).collect();
            prop_assume!(buckets.iter().any(|b| b.1 > 0));
            let latency = Latency { max, ..of(&buckets) };
            let bars = bars(&latency);
            prop_assert!((bars.values().sum::<f64>() - 1.0).abs() < 1e-6, "{bars:?}");
            prop_assert!(bars.values().all(|s| *s >= 0.0));
            let drawing = draw("x", &[("c1", &latency)]).unwrap().into_string();
            prop_assert!(!drawing.contains("NaN") && !drawing.contains("inf"));
        }
    }
}
