//! Which charts a run has, and which two runs have together.

use super::{
    chart::{Chart, Line, Thin},
    figures::drift,
    labels::{quantity, ratio},
};
use crate::load::record::{Run, Second};

/// A value of a second.
type Of = fn(&Second) -> Option<f64>;

/// A line of a chart: name, class, how it is thinned, its value.
type Drawn = (&'static str, &'static str, Thin, Of);

fn chart(run: &Run, title: &str, unit: &'static str, log: bool, lines: &[Drawn]) -> Chart {
    let lines =
        lines.iter().map(|(name, class, thin, of)| Line::new(name, class, *thin, points(run, *of))).collect();
    Chart { title: title.into(), unit, log, lines, warm_up: run.warm_up_s, limits: Vec::new(), note: None }
}

fn points(run: &Run, of: Of) -> Vec<(f64, Option<f64>)> {
    run.series.iter().map(|s| (s.at, of(s))).collect()
}

/// The charts of one run.
pub fn of_run(run: &Run) -> Vec<Chart> {
    use Thin::{Greatest, Mean};
    let mut replies = chart(
        run,
        "Reply",
        "ms",
        true,
        &[("p50", "c1", Mean, |s| s.reply_p50), ("p99", "c3", Greatest, |s| s.reply_p99)],
    );
    replies.limits = limits(run, "reply", "ms");
    let mut acks = chart(
        run,
        "Acknowledgement",
        "ms",
        true,
        &[("p50", "c1", Mean, |s| s.ack_p50), ("p99", "c3", Greatest, |s| s.ack_p99)],
    );
    acks.limits = limits(run, "ack", "ms");
    let mut memory = chart(
        run,
        "Engine memory",
        "MiB",
        false,
        &[("resident", "c1", Greatest, |s| s.resident_mib), ("heap in use", "c2", Greatest, |s| s.heap_mib)],
    );
    memory.limits = limits(run, "memory", "MiB");
    memory.note = drift(run, |s| s.resident_mib).map(|(first, last)| {
        format!(
            "Median of the first third {}, of the last {} ({}).",
            quantity(first, "MiB"),
            quantity(last, "MiB"),
            ratio(last / first)
        )
    });
    let mut processors = chart(
        run,
        "Processors",
        "cores",
        false,
        &[
            ("engine", "c1", Mean, |s| s.engine_cores),
            ("generator, simulator and shop", "c2", Mean, |s| s.own_cores),
        ],
    );
    processors.note = Some(format!("The machine lends {} cores.", run.machine.cores));
    vec![
        chart(
            run,
            "Messages a second",
            "/s",
            false,
            &[
                ("due", "c0", Mean, |s| Some(s.due as f64)),
                ("answered", "c1", Mean, |s| Some(s.replied as f64)),
                ("webhooks refused", "c3", Mean, |s| Some(s.refused as f64)),
            ],
        ),
        chart(run, "Sessions under way", "", false, &[("sessions", "c1", Mean, |s| Some(s.sessions as f64))]),
        replies,
        acks,
        chart(
            run,
            "Understanding and turn, mean",
            "ms",
            false,
            &[("understanding", "c1", Mean, |s| s.understand_mean), ("turn", "c2", Mean, |s| s.turn_mean)],
        ),
        chart(
            run,
            "Messages waiting for their answer",
            "",
            false,
            &[("waiting", "c1", Greatest, |s| Some(s.waiting as f64))],
        ),
        memory,
        processors,
    ]
}

/// Objectives on a stage's quantiles, or on memory, that lines of the chart can be held against.
fn limits(run: &Run, about: &str, unit: &str) -> Vec<(String, f64)> {
    let quantile = |name: &str| match name.split_whitespace().last()? {
        "p50" | "median" => Some("p50 ≤ "),
        "p99" => Some("p99 ≤ "),
        _ => None,
    };
    (run.objectives.iter())
        .filter(|o| !o.at_least && o.unit == unit && o.limit.is_finite() && o.limit > 0.0)
        .filter_map(|o| {
            let name = o.name.to_lowercase();
            let before = match unit {
                "ms" => {
                    name.split_whitespace().next().filter(|n| *n == about).and_then(|_| quantile(&name))?
                }
                _ => name.contains(about).then_some("≤ ")?,
            };
            Some((format!("{before}{}", quantity(o.limit, unit)), o.limit))
        })
        .collect()
}

/// The charts of two runs together: one value each, A against B.
pub fn of_two(a: &Run, b: &Run) -> Vec<Chart> {
    use Thin::{Greatest, Mean};
    let all: [(&str, &'static str, bool, Thin, Of); 11] = [
        ("Reply p50", "ms", true, Mean, |s| s.reply_p50),
        ("Reply p99", "ms", true, Greatest, |s| s.reply_p99),
        ("Acknowledgement p50", "ms", true, Mean, |s| s.ack_p50),
        ("Acknowledgement p99", "ms", true, Greatest, |s| s.ack_p99),
        ("Understanding, mean", "ms", false, Mean, |s| s.understand_mean),
        ("Turn, mean", "ms", false, Mean, |s| s.turn_mean),
        ("Messages answered a second", "/s", false, Mean, |s| Some(s.replied as f64)),
        ("Messages waiting for their answer", "", false, Greatest, |s| Some(s.waiting as f64)),
        ("Engine memory", "MiB", false, Greatest, |s| s.resident_mib),
        ("Engine processors", "cores", false, Mean, |s| s.engine_cores),
        ("Generator processors", "cores", false, Mean, |s| s.own_cores),
    ];
    all.into_iter()
        .map(|(title, unit, log, thin, of)| Chart {
            title: title.into(),
            unit,
            log,
            lines: vec![Line::new("A", "a", thin, points(a, of)), Line::new("B", "b", thin, points(b, of))],
            warm_up: a.warm_up_s.max(b.warm_up_s),
            limits: Vec::new(),
            note: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{record::Objective, report::sample};

    #[test]
    fn objectives_are_drawn_where_they_belong() {
        let mut run = sample::steady();
        let objective = |name: &str, unit: &str, at_least| Objective {
            name: name.into(),
            limit: 500.0,
            at_least,
            unit: unit.into(),
            value: None,
        };
        run.objectives = vec![
            objective("reply p99", "ms", false),
            objective("reply p99.9", "ms", false),
            objective("ack median", "ms", false),
            objective("engine memory", "MiB", false),
            objective("replies", "/s", true),
        ];
        let told: Vec<(String, Vec<String>)> = of_run(&run)
            .into_iter()
            .filter(|c| !c.limits.is_empty())
            .map(|c| (c.title, c.limits.into_iter().map(|l| l.0).collect()))
            .collect();
        let one = |title: &str, limit: &str| (title.to_owned(), vec![limit.to_owned()]);
        assert_eq!(
            told,
            [
                one("Reply", "p99 ≤ 500 ms"),
                one("Acknowledgement", "p50 ≤ 500 ms"),
                one("Engine memory", "≤ 500 MiB")
            ]
        );
    }
}
