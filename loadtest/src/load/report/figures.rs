//! The numbers of a run, each with its name, its unit and which way is better.

use super::labels::{stage, words};
use crate::load::record::{Latency, Run, Second};

/// Stages in the order in which a message passes them; others follow by name.
const STAGES: [&str; 5] = ["ack", "understand", "turn", "commit", "reply"];

/// What a figure belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What was to be reached.
    Objectives,
    /// Quantiles.
    Latencies,
    /// Rates, memory and processors after the warm-up.
    Load,
    /// What was counted.
    Counts,
    /// What went wrong.
    Violations,
}

impl Group {
    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Objectives => "Objectives",
            Self::Latencies => "Latencies",
            Self::Load => "Rates, memory and processors, after the warm-up",
            Self::Counts => "Counts",
            Self::Violations => "Violations",
        }
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less of it.
    Less,
    /// More of it.
    More,
    /// It depends on what was asked for.
    Neither,
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it belongs to.
    pub group: Group,
    /// Its name in the group.
    pub name: String,
    /// As [`crate::load::record::Objective::unit`].
    pub unit: String,
    /// `None` where nothing was measured.
    pub value: Option<f64>,
    /// Which way is better.
    pub better: Better,
}

impl Figure {
    fn new(group: Group, name: impl Into<String>, unit: &str, value: Option<f64>, better: Better) -> Self {
        Self { group, name: name.into(), unit: unit.into(), value: value.filter(|v| v.is_finite()), better }
    }
}

/// All figures of a run, by group.
pub fn figures(run: &Run) -> Vec<Figure> {
    let mut out = Vec::new();
    for objective in &run.objectives {
        let better = if objective.at_least { Better::More } else { Better::Less };
        out.push(Figure::new(Group::Objectives, &objective.name, &objective.unit, objective.value, better));
    }
    for (key, latency) in stages(run) {
        for (name, value) in quantiles(latency) {
            let name = format!("{} {name}", stage(key).to_lowercase());
            out.push(Figure::new(Group::Latencies, name, "ms", value, Better::Less));
        }
    }
    out.extend(load(run));
    for (key, count) in &run.counts {
        out.push(Figure::new(Group::Counts, words(key), "", Some(*count as f64), counted(key)));
    }
    for wrong in &run.violations {
        out.push(Figure::new(Group::Violations, &wrong.kind, "", Some(wrong.count as f64), Better::Less));
    }
    out
}

/// Latencies in the order in which a message passes the stages.
pub fn stages(run: &Run) -> Vec<(&str, &Latency)> {
    let known = STAGES.iter().filter_map(|key| run.latencies.get_key_value(*key));
    let others = run.latencies.iter().filter(|(key, _)| !STAGES.contains(&key.as_str()));
    known.chain(others).map(|(key, latency)| (key.as_str(), latency)).collect()
}

/// Mean, quantiles and maximum; `None` where there is nothing. Engine metrics have no quantile of what never happened.
pub fn quantiles(latency: &Latency) -> [(&'static str, Option<f64>); 6] {
    let l = latency;
    [("mean", l.mean), ("p50", l.p50), ("p90", l.p90), ("p99", l.p99), ("p99.9", l.p999), ("max", l.max)]
        .map(|(name, value)| (name, (l.count > 0 && value.is_finite()).then_some(value)))
}

/// Seconds after the warm-up; all of them if it never ended.
pub fn measured(run: &Run) -> Vec<&Second> {
    let after: Vec<&Second> = run.series.iter().filter(|s| s.at > run.warm_up_s + 1e-6).collect();
    if after.is_empty() { run.series.iter().collect() } else { after }
}

fn load(run: &Run) -> Vec<Figure> {
    let seconds = measured(run);
    if seconds.is_empty() {
        return Vec::new();
    }
    let whole = |value: fn(&Second) -> u64| seconds.iter().map(|s| value(s) as f64).collect::<Vec<_>>();
    let some = |value: fn(&Second) -> Option<f64>| {
        seconds.iter().filter_map(|s| value(s)).filter(|v| v.is_finite()).collect::<Vec<_>>()
    };
    let memory = some(|s| s.resident_mib);
    let mut out = Vec::new();
    let mut add = |name: &str, unit: &str, value: Option<f64>, better: Better| {
        out.push(Figure::new(Group::Load, name, unit, value, better));
    };
    add("messages due, mean", "/s", mean(&whole(|s| s.due)), Better::Neither);
    add("messages answered, mean", "/s", mean(&whole(|s| s.replied)), Better::More);
    add("webhooks refused, mean", "/s", mean(&whole(|s| s.refused)), Better::Less);
    add("sessions, most", "", most(&whole(|s| s.sessions)), Better::Neither);
    add("messages waiting, median", "", median(&whole(|s| s.waiting)), Better::Less);
    add("messages waiting, most", "", most(&whole(|s| s.waiting)), Better::Less);
    add("engine memory, median", "MiB", median(&memory), Better::Less);
    add("engine memory, most", "MiB", most(&memory), Better::Less);
    add("engine processors, mean", "cores", mean(&some(|s| s.engine_cores)), Better::Less);
    add("generator processors, mean", "cores", mean(&some(|s| s.own_cores)), Better::Less);
    if let Some(availability) = run.availability {
        add("availability by Prometheus", "%", Some(availability * 100.0), Better::More);
    }
    out
}

/// Medians of the first and the last third of what was measured after the warm-up, if that is at least a minute.
pub fn drift(run: &Run, value: fn(&Second) -> Option<f64>) -> Option<(f64, f64)> {
    let seconds = measured(run);
    if seconds.len() < 60 {
        return None;
    }
    let third = seconds.len() / 3;
    let of = |part: &[&Second]| {
        median(&part.iter().filter_map(|s| value(s)).filter(|v| v.is_finite()).collect::<Vec<_>>())
    };
    Some((of(&seconds[..third])?, of(&seconds[seconds.len() - third..])?)).filter(|d| d.0 > 0.0)
}

/// Whether more or less of something counted is better, as far as its name tells.
fn counted(key: &str) -> Better {
    const BAD: [&str; 12] = [
        "refused",
        "error",
        "fail",
        "timeout",
        "timed_out",
        "lost",
        "_late",
        "retr",
        "reject",
        "dropped",
        "wrong",
        "unanswered",
    ];
    if BAD.iter().any(|bad| key.contains(bad)) { Better::Less } else { Better::Neither }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn most(values: &[f64]) -> Option<f64> {
    values.iter().copied().reduce(f64::max)
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => None,
        _ if n.is_multiple_of(2) => Some((sorted[n / 2 - 1] + sorted[n / 2]) / 2.0),
        _ => Some(sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::sample;

    fn value(run: &Run, name: &str) -> Option<f64> {
        figures(run).into_iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{name}")).value
    }

    #[test]
    fn the_warm_up_does_not_count() {
        let mut run = sample::steady();
        run.warm_up_s = 2.0;
        run.series = (1..=6)
            .map(|s| Second {
                at: f64::from(s),
                due: if s <= 2 { 9_000 } else { 100 },
                resident_mib: (s != 3).then_some(f64::from(s)),
                ..Second::default()
            })
            .collect();
        assert_eq!(value(&run, "messages due, mean"), Some(100.0));
        assert_eq!(
            (value(&run, "engine memory, median"), value(&run, "engine memory, most")),
            (Some(5.0), Some(6.0))
        );
        assert_eq!(value(&run, "engine processors, mean"), None);
        run.series.clear();
        assert!(figures(&run).iter().all(|f| f.group != Group::Load));
    }

    #[test]
    fn drift_compares_the_thirds() {
        let mut run = sample::steady();
        run.warm_up_s = 0.0;
        run.series = (1..=90)
            .map(|s| Second { at: f64::from(s), resident_mib: Some(f64::from(s)), ..Second::default() })
            .collect();
        assert_eq!(drift(&run, |s| s.resident_mib), Some((15.5, 75.5)));
        assert_eq!(drift(&run, |s| s.turn_mean), None);
        run.series.truncate(59);
        assert_eq!(drift(&run, |s| s.resident_mib), None);
    }

    #[test]
    fn names_tell_which_way_is_better() {
        for bad in ["refused_503", "send_errors", "retries", "generator_late", "timeouts"] {
            assert_eq!(counted(bad), Better::Less, "{bad}");
        }
        for neutral in ["messages", "replies", "templates", "statuses"] {
            assert_eq!(counted(neutral), Better::Neither, "{neutral}");
        }
    }

    #[test]
    fn stages_come_in_a_messages_order() {
        let mut run = sample::steady();
        run.latencies.insert("a_new_one".into(), Latency::default());
        let names: Vec<&str> = stages(&run).into_iter().map(|s| s.0).collect();
        assert_eq!(names, ["ack", "understand", "turn", "commit", "reply", "a_new_one"]);
        assert!(quantiles(&Latency::default()).iter().all(|q| q.1.is_none()));
    }
}
