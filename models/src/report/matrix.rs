//! The confusion matrix as a drawing.

use super::{
    Input,
    labels::{length, percent},
    tables::Confusion,
};
use maud::{Markup, html};

/// The matrix, each row shared out to 100 %. Cells in which nothing lies are not drawn.
pub fn draw(input: &Input, confusion: &Confusion) -> Markup {
    let n = input.intents.len();
    let cell = if n <= 40 { 20.0 } else { 11.0 };
    let longest = input.intents.iter().map(|i| i.chars().count()).max().unwrap_or(0).min(40);
    let room = longest as f64 * if n <= 40 { 6.1 } else { 5.4 } + 12.0;
    let side = room + cell * n as f64 + 2.0;
    let at = |i: usize| room + cell * i as f64;
    html! {
        svg.matrix.small[n > 40] viewBox=(format!("0 0 {} {}", length(side), length(side))) width=(length(side))
            height=(length(side)) role="img" aria-label="Confusion matrix" {
            rect.field x=(length(room)) y=(length(room)) width=(length(cell * n as f64)) height=(length(cell * n as f64)) {}
            @for (i, name) in input.intents.iter().enumerate() {
                @if i.is_multiple_of(4) {
                    line.grid x1=(length(room)) x2=(length(side - 2.0)) y1=(length(at(i))) y2=(length(at(i))) {}
                    line.grid y1=(length(room)) y2=(length(side - 2.0)) x1=(length(at(i))) x2=(length(at(i))) {}
                }
                text.mark x=(length(room - 5.0)) y=(length(at(i) + cell * 0.68)) text-anchor="end" { (name) }
                text.mark transform=(format!("translate({} {}) rotate(-90)", length(at(i) + cell * 0.68), length(room - 5.0))) {
                    (name)
                }
            }
            @for (gold, line) in confusion.counts.iter().enumerate() {
                @let all = confusion.gold(gold);
                @for (found, &count) in line.iter().enumerate().filter(|(_, count)| **count > 0) {
                    @let share = count as f64 / all.max(1) as f64;
                    // The eye tells little shades apart better on the root.
                    rect class=(if gold == found { "hit" } else { "miss" }) x=(length(at(found) + 0.5))
                        y=(length(at(gold) + 0.5)) width=(length(cell - 1.0)) height=(length(cell - 1.0))
                        fill-opacity=(format!("{:.2}", 0.12 + 0.88 * share.sqrt())) {
                        title {
                            (input.intent(gold)) " read as " (input.intent(found)) ": " (count) " of " (all) " ("
                            (percent(share)) ")"
                        }
                    }
                }
            }
        }
    }
}
