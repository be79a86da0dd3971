//! Parts of pages that say how a run ended.

use super::{
    figures::{Figure, Group, figures},
    labels::{NONE, beside, count, digits, known, quantity},
};
use crate::load::record::{Objective, Run};
use maud::{Markup, html};

/// Whether it passed, and the last line that was printed.
pub fn verdict(run: &Run) -> Markup {
    let passed = run.passed();
    html! {
        div class=(if passed { "verdict good" } else { "verdict bad" }) {
            b { (if passed { "✓ Passed" } else { "✗ Failed" }) }
            p { (run.verdict) }
        }
    }
}

/// The main figures, large.
pub fn tiles(run: &Run) -> Markup {
    let all = figures(run);
    let of = |group: Group, name: &str| all.iter().find(|f: &&Figure| f.group == group && f.name == name);
    let reply = |name: &str| {
        let value = run.latencies.contains_key("reply").then(|| of(Group::Latencies, name)).flatten();
        known(value.and_then(|f| f.value), "ms")
    };
    let load = |name: &str| of(Group::Load, name).map_or_else(|| NONE.into(), |f| known(f.value, &f.unit));
    let wrong: u64 = run.violations.iter().map(|w| w.count).sum();
    let tiles = [
        ("reply p50", reply("reply p50")),
        ("reply p99", reply("reply p99")),
        ("reply p99.9", reply("reply p99.9")),
        ("answered, mean", load("messages answered, mean")),
        ("sessions, most", load("sessions, most")),
        ("engine memory, most", load("engine memory, most")),
        ("violations", count(wrong)),
    ];
    html! {
        div.tiles {
            @for (name, value) in tiles { div.tile { span { (name) } b { (value) } } }
        }
    }
}

/// Bar, measured, met.
pub fn objectives(run: &Run) -> Markup {
    if run.objectives.is_empty() {
        return html! { p.absent { "The scenario set no objectives; only violations decide." } };
    }
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Objective" } th.n scope="col" { "Bar" } th.n scope="col" { "Measured" }
                        th.n.spare scope="col" { "Of the bar" } th scope="col" { "Met" }
                    }
                }
                tbody {
                    @for objective in &run.objectives { (objective_row(objective)) }
                }
            }
        }
    }
}

fn objective_row(o: &Objective) -> Markup {
    let (sign, met) = (if o.at_least { "≥ " } else { "≤ " }, o.met());
    let share = o.value.filter(|_| o.limit > 0.0).map(|v| v / o.limit);
    html! {
        tr class=(if met { "good" } else { "bad" }) {
            th scope="row" { (o.name) }
            td.n { (sign) (quantity(o.limit, &o.unit)) }
            td.n.value { (o.value.map_or_else(|| NONE.into(), |v| beside(v, o.limit, &o.unit))) }
            td.n.spare { (share.map_or_else(|| NONE.into(), |s| format!("{} %", digits((s * 100.0).round(), 3)))) }
            td class=(if met { "good" } else { "bad" }) { (said(o)) }
        }
    }
}

/// Whether an objective was met, also for those who see no colours.
pub fn said(o: &Objective) -> &'static str {
    match o.value {
        _ if o.met() => "✓ met",
        Some(_) => "✗ missed",
        None => "✗ not measured",
    }
}

/// What went wrong, with examples.
pub fn violations(run: &Run) -> Markup {
    html! {
        @if run.violations.iter().all(|w| w.count == 0) {
            p { "None was found." }
        }
        @for wrong in run.violations.iter().filter(|w| w.count > 0) {
            h3 { b.bad { (count(wrong.count)) } " × " (wrong.kind) }
            @if wrong.examples.is_empty() {
                p.absent { "No example was kept." }
            } @else {
                ul.examples { @for example in &wrong.examples { li dir="auto" { (example) } } }
                @if (wrong.examples.len() as u64) < wrong.count {
                    p.note { "The first " (wrong.examples.len()) " of " (count(wrong.count)) "." }
                }
            }
        }
    }
}

/// Where it ran.
pub fn machine(run: &Run) -> Vec<(String, String)> {
    let m = &run.machine;
    [
        ("cores", m.cores.to_string()),
        ("processor", m.cpu.clone()),
        ("memory", format!("{} MiB", count(m.memory_mib))),
        ("system", m.system.clone()),
        ("engine", m.engine.clone()),
        ("seed", run.seed.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
