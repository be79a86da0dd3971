//! Axes: where a value lies, and which marks help to read it.

use super::labels::{clock, number};

/// One axis of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The least and the greatest value shown; the former lies below the latter, and above 0 if `log`.
    pub range: (f64, f64),
    /// Logarithmic.
    pub log: bool,
    /// Values that get a mark, and what stands there.
    pub marks: Vec<(f64, String)>,
}

impl Axis {
    /// From 0 to at least `most`, with about five round marks.
    pub fn from_zero(most: f64) -> Self {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        let step = round_step(most / 5.0);
        let n = (most / step - 1e-9).ceil().max(1.0) as usize;
        let marks = (0..=n).map(|i| i as f64 * step).map(|v| (v, plain(v))).collect();
        Self { range: (0.0, n as f64 * step), log: false, marks }
    }

    /// Time since the beginning of a run that took so many seconds.
    pub fn time(end: f64) -> Self {
        const STEPS: [f64; 14] =
            [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0];
        let end = if end.is_finite() && end > 1.0 { end } else { 1.0 };
        let step = STEPS.into_iter().find(|s| end / s <= 6.5).unwrap_or_else(|| round_step(end / 6.0));
        let marks =
            (0..=(end / step + 1e-9) as usize).map(|i| i as f64 * step).map(|v| (v, clock(v))).collect();
        Self { range: (0.0, end), log: false, marks }
    }

    /// Milliseconds on a logarithmic scale that holds both values.
    pub fn milliseconds(least: f64, most: f64) -> Self {
        let good = |v: f64| v.is_finite() && v > 0.0;
        let most = if good(most) { most } else { 1_000.0 };
        let least = if good(least) { least.min(most) } else { most.min(1.0) };
        let (mut from, mut to) = (round_down(least), round_up(most));
        // At least a decade, or the marks say little.
        if to / from < 9.9 {
            from = round_down(from / 2.2);
            to = round_up(to * 2.2);
        }
        let decades = (to / from).log10();
        let within = |v: &f64| *v >= from * 0.999 && *v <= to * 1.001;
        let (low, high) = (from.log10().floor() as i32, to.log10().ceil() as i32);
        let heads: &[f64] = match decades {
            d if d <= 2.1 => &[1.0, 2.0, 5.0],
            d if d <= 3.5 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let stride = if decades > 6.0 { 2 } else { 1 };
        let marks = (low..=high)
            .filter(|e| stride == 1 || e.rem_euclid(stride) == 0)
            .flat_map(|e| heads.iter().map(move |h| h * 10f64.powi(e)))
            .filter(within)
            .map(|v| (v, milliseconds(v)))
            .collect();
        Self { range: (from, to), log: true, marks }
    }

    /// Where a value lies, from 0 to 1; what lies outside, or is none, lies at the edge.
    pub fn at(&self, value: f64) -> f64 {
        let (from, to) = self.range;
        let place = if self.log {
            (value.max(from) / from).ln() / (to / from).ln()
        } else {
            (value - from) / (to - from)
        };
        if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) }
    }
}

/// `0.5 ms`, `200 ms`, `2 s`.
pub fn milliseconds(value: f64) -> String {
    if value >= 999.5 { format!("{} s", plain(value / 1_000.0)) } else { format!("{} ms", plain(value)) }
}

/// Without zeros behind that say nothing.
fn plain(value: f64) -> String {
    let text = number(value);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The least of 1, 2, 5, 10, … (and their tenths) that is not below.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|h| h * power)
        .find(|s| *s >= least * 0.999_999)
        .unwrap_or(power * 10.0)
}

fn round_up(value: f64) -> f64 {
    round_step(value)
}

fn round_down(value: f64) -> f64 {
    let power = 10f64.powf((value * 1.000_001).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|h| h * power).find(|s| *s <= value * 1.000_001).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.marks.iter().map(|m| m.1.as_str()).collect()
    }

    #[test]
    fn marks_are_round() {
        assert_eq!(texts(&Axis::from_zero(10_000.0)), ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]);
        assert_eq!(texts(&Axis::from_zero(1.7)), ["0", "0.5", "1", "1.5", "2"]);
        assert_eq!(texts(&Axis::time(600.0)), ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]);
        assert_eq!(
            texts(&Axis::milliseconds(3.0, 4_000.0)),
            ["3 ms", "10 ms", "30 ms", "100 ms", "300 ms", "1 s", "3 s"]
        );
        assert_eq!(
            texts(&Axis::milliseconds(0.3, 7.0)),
            ["0.2 ms", "0.5 ms", "1 ms", "2 ms", "5 ms", "10 ms"]
        );
    }

    #[test]
    fn strange_values_lie_at_the_edge() {
        let axis = Axis::milliseconds(f64::NAN, f64::INFINITY);
        assert_eq!(
            (axis.at(f64::NAN), axis.at(0.0), axis.at(-1.0), axis.at(f64::INFINITY)),
            (0.0, 0.0, 0.0, 1.0)
        );
        let axis = Axis::from_zero(f64::NAN);
        assert_eq!((axis.at(f64::NAN), axis.at(-5.0), axis.at(9.0)), (0.0, 0.0, 1.0));
        assert!(Axis::time(0.0).at(0.5) > 0.0);
    }

    proptest! {
        #[test]
        fn logarithmic_axes_hold_what_they_must(least in 1e-3f64..1e5, factor in 1f64..1e5) {
            let axis = Axis::milliseconds(least, least * factor);
            prop_assert!(axis.range.0 <= least * 1.000_01 && axis.range.1 >= least * factor * 0.999_99, "{:?}", axis);
            prop_assert!((2..=9).contains(&axis.marks.len()), "{:?}", axis);
            prop_assert!(axis.at(least) <= axis.at(least * factor));
        }

        #[test]
        fn axes_from_zero_hold_what_they_must(most in 1e-6f64..1e12) {
            let axis = Axis::from_zero(most);
            prop_assert!(axis.range.1 >= most * 0.999_999 && axis.range.1 <= most * 2.6, "{:?}", axis);
            prop_assert!((2..=7).contains(&axis.marks.len()), "{:?}", axis);
        }

        #[test]
        fn time_has_few_marks(end in 0f64..1e6) {
            let axis = Axis::time(end);
            prop_assert!((1..=8).contains(&axis.marks.len()), "{:?}", axis);
        }
    }
}
