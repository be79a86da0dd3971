//! Drawings: a frame with axes in percent, and the three curves that are drawn into it.

use super::{
    curves::{Bin, Risk},
    labels::{length, of_100, percent, round},
};
use maud::{Markup, html};

/// Languages that get a colour of their own.
pub const COLOURS: usize = 6;

/// A frame in which shares from 0 to `right` and from 0 to `top` are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Width and height, all included.
    pub size: (f64, f64),
    /// The greatest share on each axis; above 0.
    pub reach: (f64, f64),
    /// Distance of the marks on each axis.
    pub steps: (f64, f64),
    /// What the axes are called.
    pub titles: (&'static str, &'static str),
}

/// Room for the marks and titles of the axes.
const LEFT: f64 = 48.0;
const BELOW: f64 = 38.0;
const ABOVE: f64 = 10.0;
const BESIDE: f64 = 12.0;

impl Frame {
    /// Place of a share on the horizontal axis; what lies outside the frame is drawn at its edge.
    pub fn x(&self, share: f64) -> f64 {
        LEFT + inside(share / self.reach.0) * (self.size.0 - LEFT - BESIDE)
    }
    /// Place of a share on the vertical axis.
    pub fn y(&self, share: f64) -> f64 {
        let height = self.size.1 - ABOVE - BELOW;
        ABOVE + height - inside(share / self.reach.1) * height
    }
    /// A line through points.
    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut out = String::new();
        for (x, y) in points {
            let command = if out.is_empty() { 'M' } else { 'L' };
            out.push(command);
            out.push_str(&format!("{} {}", length(self.x(x)), length(self.y(y))));
        }
        out
    }
    /// Axes with their marks, around what is drawn; `name` tells what it is to those who do not see it.
    fn draw(&self, name: &str, drawing: Markup) -> Markup {
        let marks = |reach: f64, step: f64| {
            (0..=(reach / step + 1e-9) as usize).map(move |i| i as f64 * step).collect::<Vec<_>>()
        };
        let mark = |share: f64, step: f64| {
            if step < 0.0099 { format!("{:.1}", share * 100.0) } else { format!("{:.0}", share * 100.0) }
        };
        let (left, right) = (self.x(0.0), self.x(self.reach.0));
        let (bottom, top) = (self.y(0.0), self.y(self.reach.1));
        html! {
            svg viewBox=(format!("0 0 {} {}", self.size.0, self.size.1)) role="img" aria-label=(name)
                style=(format!("max-width:{}px", self.size.0 * 1.4)) {
                @for share in marks(self.reach.1, self.steps.1) {
                    @let y = length(self.y(share));
                    line.grid x1=(length(left)) x2=(length(right)) y1=(y) y2=(y) {}
                    text.mark x=(length(left - 6.0)) y=(length(self.y(share) + 3.5)) text-anchor="end" {
                        (mark(share, self.steps.1))
                    }
                }
                @for share in marks(self.reach.0, self.steps.0) {
                    @let x = length(self.x(share));
                    line.grid x1=(x) x2=(x) y1=(length(bottom)) y2=(length(bottom + 4.0)) {}
                    text.mark x=(x) y=(length(bottom + 15.0)) text-anchor="middle" { (mark(share, self.steps.0)) }
                }
                line.axis x1=(length(left)) x2=(length(right)) y1=(length(bottom)) y2=(length(bottom)) {}
                text.title x=(length((left + right) / 2.0)) y=(length(self.size.1 - 6.0)) text-anchor="middle" {
                    (self.titles.0)
                }
                text.title text-anchor="middle"
                    transform=(format!("translate(12 {}) rotate(-90)", length((top + bottom) / 2.0))) {
                    (self.titles.1)
                }
                (drawing)
            }
        }
    }
}

fn inside(share: f64) -> f64 {
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

/// Marks for an axis that must reach `most`: its reach and the distance of the marks.
pub fn scale(most: f64) -> (f64, f64) {
    let most = if most.is_finite() { most.clamp(0.001, 1.0) } else { 1.0 };
    let step = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]
        .into_iter()
        .find(|step| most / step <= 5.0)
        .unwrap_or(0.25);
    (((most / step - 1e-9).ceil() * step).min(1.0), step)
}

/// `of 100 messages that got 80 %, 79 were right`.
pub fn sentence(bin: &Bin) -> String {
    format!("Of 100 messages that got {}, {} were right", round(bin.said), of_100(bin.share()))
}

/// A reliability diagram: what was said against what came true, with the diagonal on which they agree.
pub fn reliability(name: &str, bins: &[Bin]) -> Markup {
    let frame = Frame {
        size: (260.0, 260.0),
        reach: (1.0, 1.0),
        steps: (0.25, 0.25),
        titles: ("it said, %", "were right, %"),
    };
    let line = frame.path(bins.iter().map(|b| (b.said, b.share())));
    frame.draw(
        &format!("Reliability diagram, {name}"),
        html! {
            path.even d=(frame.path([(0.0, 0.0), (1.0, 1.0)].into_iter())) {}
            path.thin d=(line) {}
            @for bin in bins {
                @let x = length(frame.x(bin.said));
                g.bin.off[bin.off()] {
                    line.whisker x1=(x) x2=(x) y1=(length(frame.y(bin.range.0))) y2=(length(frame.y(bin.range.1))) {}
                    circle cx=(x) cy=(length(frame.y(bin.share()))) r="4.5" {
                        title { (sentence(bin)) " (" (bin.right) " of " (bin.n) ")." }
                    }
                }
            }
        },
    )
}

/// One line of the risk–coverage chart.
#[derive(Debug, Clone)]
pub struct Line {
    /// For people.
    pub name: String,
    /// Its colour, 1 to [`COLOURS`]; 0: all messages.
    pub colour: usize,
    /// The curve.
    pub points: Vec<Risk>,
    /// Where the engine's threshold lies on it.
    pub at: Option<Risk>,
}

/// The risk–coverage curves: how many go wrong if so many are answered. The first points, made of a handful of messages,
/// are left out.
pub fn risk(lines: &[Line], least: f64) -> Markup {
    let shown =
        |line: &Line| -> Vec<Risk> { line.points.iter().filter(|p| p.coverage >= least).copied().collect() };
    let most = lines.iter().flat_map(shown).map(|p| p.risk).fold(0.0, f64::max);
    let (top, step) = scale(most);
    let frame = Frame {
        size: (460.0, 320.0),
        reach: (1.0, top),
        steps: (0.2, step),
        titles: ("answered without a person, %", "wrong among these, %"),
    };
    frame.draw(
        "Risk–coverage curve",
        html! {
            // The line of all messages lies on top.
            @for line in lines.iter().rev() {
                path class=(format!("curve c{}", line.colour))
                    d=(frame.path(shown(line).into_iter().map(|p| (p.coverage, p.risk)))) {
                    title { (line.name) }
                }
            }
            @for line in lines.iter().rev() {
                @if let Some(at) = line.at {
                    circle class=(format!("point c{}", line.colour)) cx=(length(frame.x(at.coverage)))
                        cy=(length(frame.y(at.risk))) r=(if line.colour == 0 { "6" } else { "4.5" }) {
                        title {
                            (line.name) ": at " (format!("{:.2}", at.threshold)) " it answers " (percent(at.coverage))
                            ", and " (percent(at.risk)) " of these are wrong."
                        }
                    }
                }
            }
            @if let Some(at) = lines.iter().find(|l| l.colour == 0).and_then(|l| l.at) {
                @let (x, y) = (frame.x(at.coverage), frame.y(at.risk));
                text.note x=(length(x - 10.0)) y=(length((y - 10.0).max(ABOVE + 10.0))) text-anchor="end" {
                    "threshold " (format!("{:.2}", at.threshold))
                }
            }
        },
    )
}

/// A ROC curve with the point at which the model works.
pub fn roc(points: &[(f64, f64)], works: (f64, f64)) -> Markup {
    let frame = Frame {
        size: (300.0, 300.0),
        reach: (1.0, 1.0),
        steps: (0.25, 0.25),
        titles: ("taken for strange by mistake, %", "strange ones noticed, %"),
    };
    frame.draw(
        "ROC curve of out-of-scope detection",
        html! {
            path.even d=(frame.path([(0.0, 0.0), (1.0, 1.0)].into_iter())) {}
            path.curve.c1 d=(frame.path(points.iter().copied())) {}
            circle.point.c1 cx=(length(frame.x(works.0))) cy=(length(frame.y(works.1))) r="5" {
                title { "It notices " (percent(works.1)) " and is mistaken about " (percent(works.0)) " of the others." }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::curves::{bins, risk_at, risks};
    use proptest::prelude::*;

    fn frame(reach: (f64, f64)) -> Frame {
        Frame { size: (300.0, 200.0), reach, steps: (0.25, 0.25), titles: ("", "") }
    }

    proptest! {
        #[test]
        fn axes_are_monotone_and_stay_inside(a in 0f64..1.0, b in 0f64..1.0, top in 0.001f64..1.0) {
            let f = frame((1.0, top));
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(f.x(low) <= f.x(high) && f.y(low) >= f.y(high));
            for (x, y) in [(f.x(a), f.y(a)), (f.x(b), f.y(b))] {
                prop_assert!((LEFT..=300.0 - BESIDE).contains(&x) && (ABOVE..=200.0 - BELOW).contains(&y));
            }
        }

        #[test]
        fn scales_reach_what_they_must(most in 0f64..=1.0) {
            let (reach, step) = scale(most);
            prop_assert!(reach >= most.max(0.001) - 1e-9 && reach <= 1.0 && reach / step <= 10.0 + 1e-6, "{reach} {step}");
        }

        #[test]
        fn drawings_hold_numbers_only(told in prop::collection::vec((0f32..=1.0, any::<bool>()), 0..60)) {
            let line = Line {
                name: "all".into(), colour: 0, points: risks(&told), at: risk_at(&told, 0.7),
            };
            for drawing in [reliability("x", &bins(&told, 10)), risk(&[line], 0.1)] {
                let drawing = drawing.into_string();
                prop_assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{}", drawing);
            }
        }
    }

    #[test]
    fn strange_numbers_are_drawn_at_the_edge() {
        let f = frame((1.0, 1.0));
        assert_eq!((f.x(f64::NAN), f.x(-3.0), f.x(f64::INFINITY)), (LEFT, LEFT, LEFT));
        assert_eq!(scale(f64::NAN).0, 1.0);
        assert!(risk(&[], 0.0).into_string().starts_with("<svg"));
        assert!(!roc(&[(0.0, 0.0), (1.0, 1.0)], (f64::NAN, 0.5)).into_string().contains("<circle cx=\"NaN"));
    }

    #[test]
    fn the_sentence_is_plain() {
        let bin = Bin { n: 100, right: 79, said: 0.8, range: (0.7, 0.86) };
        assert_eq!(sentence(&bin), "Of 100 messages that got 80 %, 79 were right");
        assert!(!bin.off() && Bin { said: 0.9, ..bin }.off());
    }
}
