//! Cells of tables.

use super::labels::count;
use maud::{Markup, html};

/// A cell with a number by which the table is sorted; a dash where there is none.
pub fn number(value: Option<f64>, text: impl Fn(f64) -> String) -> Markup {
    html! {
        @match value {
            Some(value) => td.n data-v=(format!("{value:.6}")) { (text(value)) },
            None => td.n data-v="-1" { "–" },
        }
    }
}

/// A count by which the table is sorted.
pub fn whole(n: usize) -> Markup {
    number(Some(n as f64), |_| count(n))
}

/// A column's head; `figures`: its cells are numbers.
pub fn head(title: &str, figures: bool) -> Markup {
    html! { th.n[figures] scope="col" { button type="button" { (title) } } }
}
