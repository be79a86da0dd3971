//! From what was measured to what it means: the objectives with their values, the last line.

use super::{
    meter::Meter,
    record::{Objective, Run, Second},
    scenario::{Capacity, Scenario},
};

/// The generator was too late to be trusted when it came to so many milliseconds after the moment, p99.
pub(super) const LATE_MS: f64 = 50.0;

/// A reply p99 of the steady state, whatever a scenario allows in its worst minute.
const CALM_MS: f64 = 500.0;

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The median of the last third over that of the first.
fn growth(series: &[Second], value: impl Fn(&Second) -> Option<f64>) -> Option<f64> {
    let third = series.len() / 3;
    let first = median(series.get(..third)?.iter().filter_map(&value))?;
    let last = median(series.get(series.len() - third..)?.iter().filter_map(&value))?;
    (first > 0.0).then(|| last / first)
}

/// Seconds from the end of the last phase to the first of three seconds in a row with a reply p99 of at most `most`.
fn recovered(scenario: &Scenario, series: &[Second], most: f64) -> Option<f64> {
    let ends = scenario.phases.iter().map(|phase| scenario.warm_up_s + phase.from_s + phase.for_s);
    let end = ends.fold(0.0, f64::max);
    let after: Vec<&Second> = series.iter().filter(|second| second.at > end + 1.0).collect();
    // Silence is calm only where nobody waits.
    let calm = |second: &&Second| match second.reply_p99 {
        Some(p99) => p99 <= most,
        None => second.due == 0 && second.waiting == 0,
    };
    let at = after.windows(3).find(|three| three.iter().all(calm))?[0].at;
    Some((at - end - 1.0).max(0.0))
}

/// What a step of a search for the capacity sustained.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// Messages due a second.
    pub due: f64,
    /// Answers a second.
    pub replied: f64,
    /// Worst reply p99 of its seconds, milliseconds; infinite where messages were due and none was answered.
    pub p99: f64,
    /// 503s.
    pub refused: u64,
}

/// The second half of a step.
pub(super) fn step(series: &[Second], from_s: f64, length_s: f64) -> Option<Step> {
    let inside =
        |second: &&Second| (from_s + length_s / 2.0 + 0.5..from_s + length_s + 0.5).contains(&second.at);
    let seconds: Vec<&Second> = series.iter().filter(inside).collect();
    let n = seconds.len() as f64;
    let silent =
        seconds.iter().any(|second| second.due > 0) && seconds.iter().all(|second| second.replied == 0);
    let fastest = if silent { f64::INFINITY } else { 0.0 };
    (n > 0.0).then(|| Step {
        due: seconds.iter().map(|second| second.due as f64).sum::<f64>() / n,
        replied: seconds.iter().map(|second| second.replied as f64).sum::<f64>() / n,
        p99: seconds.iter().filter_map(|second| second.reply_p99).fold(fastest, f64::max),
        refused: seconds.iter().map(|second| second.refused).sum(),
    })
}

/// Judges the next step of a search for the capacity, says it, and puts it behind the others; whether it was sustained.
pub(super) fn sustains(
    series: &[Second],
    warm_up_s: f64,
    capacity: &Capacity,
    steps: &mut Vec<Step>,
) -> bool {
    let from = warm_up_s + steps.len() as f64 * capacity.step_s;
    let Some(found) = step(series, from, capacity.step_s) else { return false };
    let sustained = found.p99 <= capacity.reply_p99_ms && found.refused == 0;
    eprintln!(
        "step {}: {:.0} messages/s, {:.0} answers/s, reply p99 {:.0} ms, {} refused{}",
        steps.len() + 1,
        found.due,
        found.replied,
        found.p99,
        found.refused,
        if sustained { "" } else { ": too much" }
    );
    steps.push(found);
    sustained
}

/// How much a second in the `measured_s` seconds in which messages were due after the warm-up. What comes later belongs to an
/// engine that has fallen behind, not to what it sustains.
fn rate(series: &[Second], warm_up_s: f64, measured_s: f64, count: impl Fn(&Second) -> u64) -> Option<f64> {
    let due = series.iter().filter(|second| second.at > warm_up_s && second.at <= warm_up_s + measured_s);
    (measured_s > 0.0).then(|| due.map(count).sum::<u64>() as f64 / measured_s)
}

/// All objectives of a scenario with what was measured. `answered_per_s` overrides the rate of answers, where a search for
/// the capacity has found it. Of an engine that is elsewhere the memory is not known, and is not asked for.
pub(super) fn objectives(
    scenario: &Scenario,
    meter: &Meter,
    measured_s: f64,
    wrong: u64,
    answered_per_s: Option<f64>,
    is_here: bool,
) -> Vec<Objective> {
    let wanted = &scenario.objectives;
    let of_memory = |limit: Option<f64>| limit.filter(|_| is_here);
    let measured: Vec<Second> =
        meter.series.iter().filter(|second| second.at > scenario.warm_up_s).cloned().collect();
    let count = |name: &str| meter.counts.get(name).copied().unwrap_or(0) as f64;
    let mut all = Vec::new();
    let mut add = |name: &str, limit: Option<f64>, at_least: bool, unit: &str, value: Option<f64>| {
        if let Some(limit) = limit {
            all.push(Objective { name: name.to_owned(), limit, at_least, unit: unit.to_owned(), value });
        }
    };
    add("wrong, lost, doubled or misordered", Some(0.0), false, "", Some(wrong as f64));
    add("ack p50", wanted.ack_p50_ms, false, "ms", meter.ack.quantile_ms(0.5));
    add("ack p99", wanted.ack_p99_ms, false, "ms", meter.ack.quantile_ms(0.99));
    let over = (meter.ack.count() > 0).then(|| meter.ack.share_over_ms(1_000));
    add("acks over 1 s", wanted.ack_over_1s.map(|x| x * 100.0), false, "%", over.map(|x| x * 100.0));
    add("reply p50", wanted.reply_p50_ms, false, "ms", meter.reply.quantile_ms(0.5));
    add("reply p99", wanted.reply_p99_ms, false, "ms", meter.reply.quantile_ms(0.99));
    add("reply p99.9", wanted.reply_p999_ms, false, "ms", meter.reply.quantile_ms(0.999));
    let resident = meter.series.iter().filter_map(|second| second.resident_mib).reduce(f64::max);
    add("engine's memory", of_memory(wanted.resident_mib), false, "MiB", resident);
    add("webhooks refused", wanted.refused.map(|n| n as f64), false, "", Some(count("refused_503")));
    let answers = rate(&measured, scenario.warm_up_s, measured_s, |second| second.replied);
    add("answers", wanted.replies_per_s, true, "/s", answered_per_s.or(answers));
    let statuses = rate(&measured, scenario.warm_up_s, measured_s, |second| second.statuses);
    add("statuses", wanted.statuses_per_s, true, "/s", statuses);
    if let Some(limit) = wanted.recovered_s {
        add("back to a calm p99 after", Some(limit), false, "s", recovered(scenario, &measured, CALM_MS));
    }
    let memory = growth(&measured, |second| second.resident_mib);
    add("memory, last third / first", of_memory(wanted.resident_growth), false, "", memory);
    let p99 = growth(&measured, |second| second.reply_p99);
    add("reply p99, last third / first", wanted.reply_p99_growth, false, "", p99);
    all
}

/// The last line.
pub(super) fn line(run: &Run, late_p99_ms: f64) -> String {
    let ms = |name: &str, pick: fn(&super::record::Latency) -> f64| {
        run.latencies
            .get(name)
            .filter(|l| l.count > 0)
            .map_or_else(|| "–".to_owned(), |l| format!("{:.1}", pick(l)))
    };
    let wrong: u64 = run.violations.iter().map(|wrong| wrong.count).sum();
    let count = |name: &str| run.counts.get(name).copied().unwrap_or(0);
    let peak = run.series.iter().filter_map(|second| second.resident_mib).reduce(f64::max);
    let memory = peak.map_or_else(String::new, |mib| format!(", {mib:.0} MiB"));
    let rate = rate(&run.series, run.warm_up_s, run.measured_s, |second| second.replied).unwrap_or(0.0);
    let missed: Vec<&str> = run
        .objectives
        .iter()
        .filter(|objective| !objective.met())
        .map(|objective| objective.name.as_str())
        .collect();
    let verdict = if run.passed() { "passed".to_owned() } else { format!("FAILED ({})", missed.join(", ")) };
    let late = if late_p99_ms > LATE_MS {
        format!("; the generator itself was late (p99 {late_p99_ms:.0} ms), so latencies are too high")
    } else {
        String::new()
    };
    format!(
        "{}: {verdict}: {} messages in {:.0} s, {rate:.0} answers/s; reply p50 {} p99 {} p99.9 {} ms, ack p50 {} p99 {} ms; {wrong} wrong, {} refused with 503{memory}; seed {}{late}",
        run.scenario,
        count("messages"),
        run.measured_s,
        ms("reply", |l| l.p50),
        ms("reply", |l| l.p99),
        ms("reply", |l| l.p999),
        ms("ack", |l| l.p50),
        ms("ack", |l| l.p99),
        count("refused_503"),
        run.seed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(p99: impl Fn(f64) -> f64) -> Vec<Second> {
        (1..=60)
            .map(|n| {
                let at = f64::from(n);
                let calm =
                    Second { at, due: 10, replied: 10, resident_mib: Some(100.0 + at), ..Second::default() };
                Second { reply_p99: Some(p99(at)), ..calm }
            })
            .collect()
    }

    #[test]
    fn growth_compares_thirds_and_recovery_waits_for_three_calm_seconds() {
        let series = series(|at| if (20.0..35.0).contains(&at) || at == 37.0 { 900.0 } else { 50.0 });
        let grown = growth(&series, |second| second.resident_mib).unwrap();
        assert!((grown - 151.0 / 111.0).abs() < 0.01, "{grown}");
        let text =
            "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=60\n[[phases]]\nfrom_s=20\nfor_s=10\n";
        let scenario = Scenario::parse(text, std::path::Path::new("x.toml")).unwrap();
        assert_eq!(recovered(&scenario, &series, 500.0), Some(38.0 - 31.0));
        assert_eq!(recovered(&scenario, &series, 10.0), None);
    }

    #[test]
    fn answers_that_come_when_nothing_is_due_any_more_are_no_rate() {
        let mut series = series(|_| 50.0);
        series.truncate(20);
        let late = |n: u32| Second { at: f64::from(n), replied: 500, statuses: 900, ..Second::default() };
        series.extend((21..30).map(late));
        assert_eq!(rate(&series, 5.0, 15.0, |second| second.replied), Some(10.0));
        assert_eq!(rate(&series, 5.0, 15.0, |second| second.statuses), Some(0.0));
        assert_eq!(rate(&series, 5.0, 0.0, |second| second.replied), None);
    }

    #[test]
    fn the_memory_of_an_engine_elsewhere_is_not_asked_for() {
        let text = "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=60\n\
            [objectives]\nresident_mib=100\nresident_growth=1.1\n";
        let scenario = Scenario::parse(text, std::path::Path::new("x.toml")).unwrap();
        let names = |is_here| {
            let all = objectives(&scenario, &Meter::default(), 60.0, 0, None, is_here);
            all.iter().filter(|objective| objective.name.contains("memory")).count()
        };
        assert_eq!((names(true), names(false)), (2, 0));
    }

    #[test]
    fn silence_is_neither_calm_nor_sustained() {
        let mut series = series(|_| 50.0);
        for second in &mut series[35..40] {
            (second.reply_p99, second.replied, second.waiting) = (None, 0, 90);
        }
        let text =
            "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=60\n[[phases]]\nfrom_s=20\nfor_s=14\n";
        let scenario = Scenario::parse(text, std::path::Path::new("x.toml")).unwrap();
        assert_eq!(recovered(&scenario, &series, 500.0), Some(41.0 - 35.0));
        assert_eq!(step(&series, 30.0, 10.0).map(|step| step.p99), Some(f64::INFINITY));
        let capacity = Capacity { step: 5.0, step_s: 10.0, steps: 9, reply_p99_ms: 500.0 };
        let mut steps = Vec::new();
        let good: Vec<bool> = (0..4).map(|_| sustains(&series, 0.0, &capacity, &mut steps)).collect();
        assert_eq!(good, [true, true, true, false]);
    }

    #[test]
    fn a_step_is_judged_by_its_second_half() {
        let series = series(|at| if at < 16.0 { 5_000.0 } else { 40.0 });
        let found = step(&series, 10.0, 10.0).unwrap();
        assert_eq!((found.due, found.p99, found.refused), (10.0, 40.0, 0));
        assert_eq!(step(&series, 100.0, 10.0), None);
    }
}
