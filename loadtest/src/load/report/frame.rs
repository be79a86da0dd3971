//! The frame of a drawing: two axes with their marks, and what lies between them.

use super::{axis::Axis, labels::length};
use maud::{Markup, html};

/// Width of every drawing; it scales with the page.
pub const WIDTH: f64 = 480.0;
/// Height of every drawing.
pub const HEIGHT: f64 = 230.0;
/// Room for the marks of the axes.
const LEFT: f64 = 54.0;
const BELOW: f64 = 24.0;
const RIGHT: f64 = 16.0;

/// A frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// What the vertical axis counts; stands above it.
    pub unit: String,
    /// Room above, for the unit and labels.
    pub above: f64,
}

impl Frame {
    /// Left and right edge of what is drawn.
    pub fn sides(&self) -> (f64, f64) {
        (LEFT, WIDTH - RIGHT)
    }
    /// Bottom and top edge of it.
    pub fn ends(&self) -> (f64, f64) {
        (HEIGHT - BELOW, self.above)
    }
    /// Place of a value on the horizontal axis.
    pub fn x(&self, value: f64) -> f64 {
        let (left, right) = self.sides();
        left + self.x.at(value) * (right - left)
    }
    /// Place of a value on the vertical axis.
    pub fn y(&self, value: f64) -> f64 {
        let (bottom, top) = self.ends();
        bottom - self.y.at(value) * (bottom - top)
    }

    /// A line through what is known; where nothing is, it has a gap.
    pub fn path(&self, points: &[(f64, Option<f64>)]) -> String {
        let (mut out, mut down) = (String::new(), false);
        for (i, (at, value)) in points.iter().enumerate() {
            let Some(value) = value.filter(|v| v.is_finite()) else {
                down = false;
                continue;
            };
            let (x, y) = (length(self.x(*at)), length(self.y(value)));
            out.push_str(&format!("{}{x} {y}", if down { 'L' } else { 'M' }));
            let alone = !down && points.get(i + 1).is_none_or(|next| next.1.is_none());
            if alone {
                // A line of no length has round ends: a dot.
                out.push_str("h0");
            }
            down = true;
        }
        out
    }

    /// The axes, with `behind` under their marks and `drawing` on top. `name` tells what it is to those who do not see it;
    /// `class` is for the script.
    pub fn draw(&self, name: &str, class: &str, behind: Markup, drawing: Markup) -> Markup {
        let ((left, right), (bottom, _)) = (self.sides(), self.ends());
        // Marks at the right edge would be cut off if they stood in the middle.
        let anchor = |x: f64| if x > right - 12.0 { "end" } else { "middle" };
        let shift = |x: f64| if x > right - 12.0 { x + RIGHT - 2.0 } else { x };
        html! {
            svg class=(class) viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(name) {
                (behind)
                @for (value, text) in &self.y.marks {
                    @let y = self.y(*value);
                    line.grid x1=(length(left)) x2=(length(right)) y1=(length(y)) y2=(length(y)) {}
                    text x=(length(left - 6.0)) y=(length(y + 3.5)) text-anchor="end" { (text) }
                }
                @for (value, text) in &self.x.marks {
                    @let x = self.x(*value);
                    line.axis x1=(length(x)) x2=(length(x)) y1=(length(bottom)) y2=(length(bottom + 4.0)) {}
                    text x=(length(shift(x))) y=(length(bottom + 17.0)) text-anchor=(anchor(x)) { (text) }
                }
                line.axis x1=(length(left)) x2=(length(right)) y1=(length(bottom)) y2=(length(bottom)) {}
                text.title x="2" y="12" { (self.unit) }
                (drawing)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame { x: Axis::time(10.0), y: Axis::from_zero(10.0), unit: "ms".into(), above: 20.0 }
    }

    #[test]
    fn lines_have_gaps_where_nothing_is_known() {
        let f = frame();
        let points: Vec<(f64, Option<f64>)> = vec![
            (0.0, Some(0.0)),
            (1.0, Some(10.0)),
            (2.0, None),
            (3.0, Some(5.0)),
            (4.0, None),
            (5.0, Some(f64::NAN)),
        ];
        assert_eq!(f.path(&points), "M54 206L95 20M177 113h0");
        assert_eq!(f.path(&[(0.0, None)]), "");
    }

    #[test]
    fn what_lies_outside_is_drawn_at_the_edge() {
        let f = frame();
        assert_eq!((f.x(-1.0), f.x(99.0)), f.sides());
        assert_eq!((f.y(-1.0), f.y(f64::INFINITY)), f.ends());
    }
}
