//! Lines over the time of a run.

use super::{
    axis::Axis,
    frame::Frame,
    labels::{clock, digits, length, quantity},
};
use maud::{Markup, html};

/// More points than this are drawn together: a page for an hour stays as small as one for ten minutes.
const POINTS: usize = 600;

/// How several seconds become one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thin {
    /// Their mean.
    Mean,
    /// Their greatest; for quantiles and what must not get out of sight.
    Greatest,
}

/// A line.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// The class of its colour and shape.
    pub class: &'static str,
    /// Moment and value.
    pub points: Vec<(f64, Option<f64>)>,
}

impl Line {
    /// From what was recorded.
    pub fn new(name: &str, class: &'static str, thin: Thin, points: Vec<(f64, Option<f64>)>) -> Self {
        Self { name: name.to_owned(), class, points: thinned(points, thin) }
    }
    fn known(&self) -> impl Iterator<Item = f64> {
        self.points.iter().filter_map(|p| p.1).filter(|v| v.is_finite())
    }
}

fn thinned(points: Vec<(f64, Option<f64>)>, thin: Thin) -> Vec<(f64, Option<f64>)> {
    let group = points.len().div_ceil(POINTS).max(1);
    if group == 1 {
        return points;
    }
    points
        .chunks(group)
        .map(|part| {
            let known: Vec<f64> = part.iter().filter_map(|p| p.1).filter(|v| v.is_finite()).collect();
            let value = match thin {
                Thin::Mean => known.iter().sum::<f64>() / known.len() as f64,
                Thin::Greatest => known.iter().copied().fold(f64::MIN, f64::max),
            };
            (part[part.len() - 1].0, (!known.is_empty()).then_some(value))
        })
        .collect()
}

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Its heading.
    pub title: String,
    /// What is counted, e.g. `ms`.
    pub unit: &'static str,
    /// Whether the vertical axis, which is then of milliseconds, is logarithmic.
    pub log: bool,
    /// What is drawn.
    pub lines: Vec<Line>,
    /// Seconds at the beginning that are shaded.
    pub warm_up: f64,
    /// What may not be exceeded, and what to call it.
    pub limits: Vec<(String, f64)>,
    /// A sentence below.
    pub note: Option<String>,
}

impl Chart {
    /// The figure; one line of text where nothing was measured.
    pub fn draw(&self) -> Markup {
        let missing: Vec<&str> =
            self.lines.iter().filter(|l| l.known().next().is_none()).map(|l| l.name.as_str()).collect();
        if missing.len() == self.lines.len() {
            return html! { p.absent { b { (self.title) } " was not measured in this run." } };
        }
        let lines: Vec<&Line> = self.lines.iter().filter(|l| l.known().next().is_some()).collect();
        html! {
            figure {
                h3 { (self.title) }
                p.key {
                    @for line in &lines {
                        span { span class=(format!("dash {}", line.class)) {} (line.name) }
                    }
                    @if !self.limits.is_empty() { span { span class="dash limit" {} "objective" } }
                }
                (self.drawing(&lines))
                p.read aria-hidden="true" {}
                figcaption {
                    @if let Some(note) = &self.note { (note) " " }
                    @for name in missing { (name) " was not measured in this run. " }
                }
            }
        }
    }

    fn drawing(&self, lines: &[&Line]) -> Markup {
        let values = || lines.iter().flat_map(|l| l.known());
        let limits = || self.limits.iter().map(|l| l.1);
        let most = values().chain(limits()).fold(0.0, f64::max);
        let y = if self.log {
            Axis::milliseconds(values().chain(limits()).filter(|v| *v > 0.0).fold(f64::MAX, f64::min), most)
        } else {
            Axis::from_zero(most)
        };
        let end = lines.iter().flat_map(|l| l.points.last()).map(|p| p.0).fold(0.0, f64::max);
        let unit = if self.log { "logarithmic" } else { self.unit };
        let frame = Frame { x: Axis::time(end), y, unit: unit.into(), above: 22.0 };
        let ((left, right), (bottom, top)) = (frame.sides(), frame.ends());
        let behind = html! {
            @if self.warm_up > 0.0 {
                @let to = frame.x(self.warm_up);
                rect.warm x=(length(left)) y=(length(top)) width=(length(to - left)) height=(length(bottom - top)) {
                    title { "Warm-up: up to " (clock(self.warm_up)) }
                }
                // A narrow one is named by the sentence above.
                @if to - left > 70.0 { text.warm x=(length(left + 4.0)) y=(length(top + 14.0)) { "warm-up" } }
            }
        };
        let drawing = html! {
            @for (name, limit) in &self.limits {
                @let y = length(frame.y(*limit));
                line.limit x1=(length(left)) x2=(length(right)) y1=(y) y2=(y) { title { (name) } }
                text.limit x=(length(right - 4.0)) y=(length(frame.y(*limit) - 4.0)) text-anchor="end" { (name) }
            }
            @for line in lines {
                path class=(format!("curve {}", line.class)) d=(frame.path(&line.points)) data-name=(line.name)
                    data-unit=(self.unit) data-t=(list(line.points.iter().map(|p| Some(p.0))))
                    data-v=(list(line.points.iter().map(|p| p.1))) {}
            }
            line.cross x1="0" x2="0" y1=(length(top)) y2=(length(bottom)) {}
        };
        let drawn = frame.draw(&self.spoken(lines), "series", behind, drawing);
        html! { div.plot data-left=(length(left)) data-right=(length(right)) data-end=(length(end)) { (drawn) } }
    }

    /// For those who do not see it: the range of each line.
    fn spoken(&self, lines: &[&Line]) -> String {
        let told = |line: &&Line| {
            let (low, high) = line.known().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
            format!("{} from {} to {}", line.name, quantity(low, self.unit), quantity(high, self.unit))
        };
        format!("{} over time: {}", self.title, lines.iter().map(told).collect::<Vec<_>>().join("; "))
    }
}

/// Numbers for the script: few digits, nothing where nothing is known.
fn list(values: impl Iterator<Item = Option<f64>>) -> String {
    let text = |v: Option<f64>| {
        v.filter(|v| v.is_finite())
            .map_or_else(String::new, |v| digits(v, 3).replace(',', "").replace('−', "-"))
    };
    values.map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, Option<f64>)>) -> Chart {
        Chart {
            title: "Memory".into(),
            unit: "MiB",
            log: false,
            lines: vec![Line::new("engine", "c1", Thin::Mean, points)],
            warm_up: 3.0,
            limits: vec![("700 MiB".into(), 700.0)],
            note: None,
        }
    }

    #[test]
    fn an_hour_is_drawn_with_few_points_and_keeps_its_peaks() {
        let hour: Vec<(f64, Option<f64>)> = (1..=3600)
            .map(|s| (f64::from(s), (s != 7).then_some(if s == 1800 { 99.0 } else { 1.0 })))
            .collect();
        let line = Line::new("x", "c1", Thin::Greatest, hour.clone());
        assert_eq!((line.points.len(), line.points.last().unwrap().0), (600, 3600.0));
        assert!(line.points.iter().any(|p| p.1 == Some(99.0)));
        let line = Line::new("x", "c1", Thin::Mean, hour);
        assert_eq!(line.points[1].1, Some(1.0), "what is not known does not count");
        assert!(thinned(vec![(1.0, None); 1300], Thin::Mean).iter().all(|p| p.1.is_none()));
    }

    #[test]
    fn nothing_measured_is_a_sentence() {
        for nothing in [vec![], vec![(1.0, None), (2.0, Some(f64::NAN))]] {
            let text = chart(nothing).draw().into_string();
            assert_eq!(text, "<p class=\"absent\"><b>Memory</b> was not measured in this run.</p>");
        }
    }

    #[test]
    fn a_chart_tells_its_range_and_its_limit() {
        let text = chart(vec![(1.0, Some(400.0)), (2.0, None), (10.0, Some(412.6))]).draw().into_string();
        assert!(text.contains("aria-label=\"Memory over time: engine from 400 MiB to 413 MiB\""), "{text}");
        assert!(
            text.contains("data-v=\"400,,413\"") && text.contains(">700 MiB<") && text.contains("warm-up")
        );
    }
}
