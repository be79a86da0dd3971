//! The page of one run.

use super::{
    charts,
    document::{Part, document, pairs},
    figures::{quantiles, stages},
    histogram,
    labels::{count, duration, known, quantity, stage, stage_about, words},
    parts, settings,
};
use crate::load::record::{Latency, Run};
use maud::{Markup, html};

/// The stages that are always spoken of, measured or not.
const EXPECTED: [&str; 4] = ["ack", "understand", "turn", "reply"];

/// The whole page.
pub fn page(run: &Run) -> Markup {
    let all: Vec<Part> = vec![
        ("objectives", "Objectives", parts::objectives(run)),
        ("latencies", "Latencies", latencies(run)),
        ("series", "Over time", series(run)),
        ("violations", "Violations", parts::violations(run)),
        ("counts", "Counts", counts(run)),
        ("settings", "Settings and machine", how(run)),
    ];
    document(&format!("{} – load run", run.scenario), head(run), all)
}

fn head(run: &Run) -> Markup {
    html! {
        h1 { "Load run: " (run.scenario) }
        p.lead { (run.about) }
        (parts::verdict(run))
        (parts::tiles(run))
        p.note style="margin-top:1rem" {
            "Measured for " (duration(run.measured_s)) " after " (duration(run.warm_up_s)) " of warm-up, started "
            (run.started_at) ", seed " (run.seed) ". Latencies and rates leave the warm-up out; mistakes count always.
            Every message counts from the moment it was due, however late it could be sent."
        }
    }
}

fn latencies(run: &Run) -> Markup {
    let missing = EXPECTED.iter().filter(|key| !run.latencies.contains_key(**key)).map(|key| (*key, None));
    let mut all: Vec<(&str, Option<&Latency>)> = EXPECTED
        .iter()
        .filter_map(|key| run.latencies.get_key_value(*key))
        .map(|(key, latency)| (key.as_str(), Some(latency)))
        .collect();
    all.extend(stages(run).into_iter().filter(|s| !EXPECTED.contains(&s.0)).map(|(key, l)| (key, Some(l))));
    all.extend(missing);
    html! {
        @if !run.latencies.is_empty() { (table(run)) }
        div.charts {
            @for (key, latency) in all {
                @let drawing = latency.and_then(|l| histogram::draw(&stage(key), &[("c1", l)]));
                @match drawing {
                    Some(drawing) => {
                        figure {
                            h3 { (stage(key)) }
                            (drawing)
                            figcaption { (caption(key, latency)) }
                        }
                    }
                    None => p.absent { b { (stage(key)) } " was not measured in this run." },
                }
            }
        }
    }
}

fn caption(key: &str, latency: Option<&Latency>) -> String {
    let latency = latency.cloned().unwrap_or_default();
    let counted = if latency.buckets.is_empty() { " Only quantiles are known." } else { "" };
    let about = stage_about(key);
    let end = if about.is_empty() { String::new() } else { format!(": {about}") };
    format!("{} measured{end}.{counted}", count(latency.count))
}

fn table(run: &Run) -> Markup {
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Stage" }
                        th.n scope="col" { "Count" }
                        @for (name, _) in quantiles(&Latency::default()) { th.n scope="col" { (name) } }
                    }
                }
                tbody {
                    @for (key, latency) in stages(run) {
                        tr {
                            th scope="row" { (stage(key)) }
                            td.n { (count(latency.count)) }
                            @for (_, value) in quantiles(latency) { td.n { (known(value, "ms")) } }
                        }
                    }
                }
            }
        }
    }
}

fn series(run: &Run) -> Markup {
    html! {
        @if run.series.is_empty() {
            p.absent { b { "The course of the run" } " was not recorded." }
        } @else {
            @if run.warm_up_s > 0.0 { p.note { "Time since the beginning; the warm-up is shaded." } }
            div.charts { @for chart in charts::of_run(run) { (chart.draw()) } }
        }
    }
}

fn counts(run: &Run) -> Markup {
    let lines: Vec<(String, String)> = run.counts.iter().map(|(key, n)| (words(key), count(*n))).collect();
    html! {
        @if lines.is_empty() { p.absent { b { "Nothing" } " was counted." } } @else { (pairs(&lines)) }
        @if let Some(availability) = run.availability {
            p { "Availability as Prometheus computed it, refused and failed webhooks counting against it: "
                b { (quantity(availability * 100.0, "%")) } "." }
        }
    }
}

fn how(run: &Run) -> Markup {
    let settings = settings::lines(run);
    html! {
        h3 { "Do it again" }
        pre { code { (settings::command(run)) } }
        h3 { "Where it ran" }
        (pairs(&parts::machine(run)))
        h3 { "Settings" }
        @if settings.is_empty() { p.absent { "No settings were recorded." } } @else { (pairs(&settings)) }
    }
}
