//! The page of two runs.

use super::{
    charts,
    compare::{Change, Comparison, compare},
    document::{Part, document},
    figures::stages,
    histogram,
    labels::{NONE, known, ratio, stage},
    parts, settings,
};
use crate::load::record::{Latency, Run};
use maud::{Markup, html};

/// The whole page.
pub fn page(a: &Run, b: &Run) -> Markup {
    let told = compare(a, b);
    let all: Vec<Part> = vec![
        ("figures", "Figures", table(&told)),
        ("latencies", "Latencies", latencies(a, b)),
        ("series", "Over time", series(a, b)),
        ("settings", "Settings that differ", differences(a, b)),
        ("again", "Do it again", again(a, b)),
    ];
    let title = if a.scenario == b.scenario {
        format!("Two load runs: {}", a.scenario)
    } else {
        format!("Two load runs: {} and {}", a.scenario, b.scenario)
    };
    let head = html! {
        h1 { (title) }
        div.two { (run(a, "a", "A", &told.names[0])) (run(b, "b", "B", &told.names[1])) }
        p.lead { (told.sum()) "." }
        @if !told.warnings.is_empty() {
            ul.warn { @for warning in &told.warnings { li { (warning) } } }
        }
    };
    document(&title, head, all)
}

fn letter(class: &str, letter: &str) -> Markup {
    html! { span class=(format!("letter {class}")) { (letter) } }
}

fn run(run: &Run, class: &str, name: &str, about: &str) -> Markup {
    html! {
        div {
            p.note style="margin:1rem 0 -.6rem" { (letter(class, name)) " " (about) }
            (parts::verdict(run))
        }
    }
}

fn table(told: &Comparison) -> Markup {
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Figure" } th.n scope="col" { (letter("a", "A")) } th.n scope="col" { (letter("b", "B")) }
                        th.n scope="col" { "B/A" } th.spare scope="col" { "Change" }
                    }
                }
                @for group in told.changes.chunk_by(|x, y| x.group == y.group) {
                    tbody {
                        tr { th.group colspan="5" scope="rowgroup" { (group[0].group.title()) } }
                        @for change in group { (row(change)) }
                    }
                }
            }
        }
        p.note {
            "Worse and better: by more than 10 %. Two runs of the same thing differ too; run each more than once before you
            trust a small change."
        }
    }
}

fn row(change: &Change) -> Markup {
    let class = match change {
        c if c.worse() => "bad",
        c if c.better() => "good",
        _ => "",
    };
    let arrow = match change {
        c if c.worse() => "✗ ",
        c if c.better() => "✓ ",
        _ => "",
    };
    html! {
        tr {
            th scope="row" {
                (change.name)
                // On a phone the last column gives way to this.
                @if !class.is_empty() { span class=(format!("brief {class}")) aria-hidden="true" { (arrow) (change.mark()) } }
            }
            td.n { (known(change.a, &change.unit)) }
            td.n { (known(change.b, &change.unit)) }
            td.n { (change.ratio().map_or_else(|| NONE.into(), ratio)) }
            td class=(format!("spare {class}")) { (arrow) (change.mark()) }
        }
    }
}

fn latencies(a: &Run, b: &Run) -> Markup {
    let empty = Latency::default();
    let mut keys: Vec<&str> = stages(a).into_iter().map(|s| s.0).collect();
    keys.extend(stages(b).into_iter().map(|s| s.0).filter(|k| !a.latencies.contains_key(*k)));
    html! {
        @if keys.is_empty() { p.absent { b { "Latencies" } " were not measured in these runs." } }
        div.charts {
            @for key in keys {
                @let (of_a, of_b) = (a.latencies.get(key).unwrap_or(&empty), b.latencies.get(key).unwrap_or(&empty));
                @match histogram::draw(&stage(key), &[("a", of_a), ("b", of_b)]) {
                    Some(drawing) => {
                        figure {
                            h3 { (stage(key)) }
                            p.key { span { span class="dash a" {} "A" } span { span class="dash b" {} "B" } }
                            (drawing)
                            figcaption {
                                "A: " (or_nothing(histogram::told(of_a))) "." br; "B: " (or_nothing(histogram::told(of_b))) "."
                            }
                        }
                    }
                    None => p.absent { b { (stage(key)) } " was not measured in these runs." },
                }
            }
        }
    }
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "not measured".into() } else { text }
}

fn series(a: &Run, b: &Run) -> Markup {
    html! { div.charts { @for chart in charts::of_two(a, b) { (chart.draw()) } } }
}

fn differences(a: &Run, b: &Run) -> Markup {
    let all = settings::differences(a, b);
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| NONE.into());
    html! {
        @if all.is_empty() { p { "None: both ran with the same settings." } } @else {
            div.wide {
                table {
                    thead {
                        tr { th scope="col" { "Setting" } th scope="col" { (letter("a", "A")) } th scope="col" { (letter("b", "B")) } }
                    }
                    tbody {
                        @for (name, of_a, of_b) in &all { tr { th scope="row" { (name) } td { (value(of_a)) } td { (value(of_b)) } } }
                    }
                }
            }
        }
    }
}

fn again(a: &Run, b: &Run) -> Markup {
    html! {
        @for (class, name, run) in [("a", "A", a), ("b", "B", b)] {
            p { (letter(class, name)) " " (run.machine.engine) ", " (run.machine.cores) " cores (" (run.machine.cpu) "), "
                (run.machine.system) }
            pre { code { (settings::command(run)) } }
        }
    }
}
