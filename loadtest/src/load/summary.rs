//! What a run leaves behind, put together from all that was seen.

use super::{
    record::{Machine, Run},
    run::Plan,
    scrape,
    stage::Stage,
    verdict,
    watch::Seen,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What is known of a run besides what was measured.
pub(super) struct Facts {
    pub started_at: jiff::Timestamp,
    pub machine: Machine,
    /// From the start of the engine to its first answer.
    pub ready: Option<Duration>,
    /// What went wrong with the run itself.
    pub troubles: Vec<String>,
    /// Of a search for the capacity.
    pub steps: Vec<verdict::Step>,
    pub availability: Option<f64>,
}

pub(super) fn report_of(plan: &Plan, stage: &Arc<Stage>, seen: &Seen, facts: Facts) -> Run {
    let mut crowd = stage.crowd();
    for why in facts.troubles.into_iter().chain(seen.broken()) {
        crowd.wrongs.add("engine", || why);
    }
    let scenario = &stage.scenario;
    let (meter, violations) = (&crowd.meter, crowd.wrongs.list());
    let last_due =
        meter.series.iter().filter(|second| second.due > 0).map(|second| second.at).fold(0.0, f64::max);
    let measured_s = (last_due - scenario.warm_up_s).clamp(0.0, f64::MAX);
    let wrong = violations.iter().map(|wrong| wrong.count).sum();
    let sustained = scenario.capacity.as_ref().map(|capacity| {
        let good = facts.steps.iter().filter(|step| step.p99 <= capacity.reply_p99_ms && step.refused == 0);
        good.map(|step| step.replied).fold(0.0, f64::max)
    });
    let mut latencies = BTreeMap::from([
        ("ack".to_owned(), meter.ack.latency()),
        ("reply".to_owned(), meter.reply.latency()),
        ("generator_late".to_owned(), meter.late.latency()),
    ]);
    for (stage, name) in [
        ("understand", "charla_understand_seconds"),
        ("parse", "charla_nlu_parse_seconds"),
        ("turn", "charla_turn_seconds"),
        ("commit", "charla_commit_seconds"),
        ("commit_queue", "charla_commit_queue_seconds"),
        ("send", "charla_whatsapp_send_seconds"),
        ("backend", "charla_backend_call_seconds"),
    ] {
        if let Some(latency) = seen.last.since(&seen.first, name).latency() {
            latencies.insert(stage.to_owned(), latency);
        }
    }
    let mut counts: BTreeMap<String, u64> =
        meter.counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    for (name, value) in seen.last.values() {
        let grown = value - seen.first.value(name);
        if name.starts_with("charla_") && name.ends_with("_total") && grown >= 1.0 {
            counts.insert(format!("engine: {name}"), grown as u64);
        }
    }
    counts.insert("typed_repeats_per_mille".into(), (crowd.repeats() * 1_000.0).round() as u64);
    counts.insert("taps_per_mille".into(), (crowd.taps() * 1_000.0).round() as u64);
    counts.insert("people".into(), crowd.chats.len() as u64);
    if let Some(ready) = facts.ready {
        counts.insert("engine_ready_ms".into(), ready.as_millis() as u64);
    }
    if let Some(sustained) = sustained {
        counts.insert("sustained_answers_per_s".into(), sustained as u64);
    }
    let late = meter.late.quantile_ms(0.99).unwrap_or(0.0);
    let mut settings = serde_json::to_value(scenario).unwrap_or_default();
    settings["replayed"] =
        serde_json::json!(plan.replay.as_ref().map(|(path, times)| (path.display().to_string(), times)));
    let mut run = Run {
        scenario: scenario.name.clone(),
        about: scenario.about.clone(),
        seed: scenario.seed,
        started_at: facts.started_at.to_string(),
        warm_up_s: scenario.warm_up_s,
        measured_s,
        settings,
        machine: facts.machine,
        counts,
        latencies,
        series: meter.series.clone(),
        violations,
        objectives: verdict::objectives(
            scenario,
            meter,
            measured_s,
            wrong,
            sustained,
            plan.against.is_none(),
        ),
        availability: facts.availability,
        verdict: String::new(),
    };
    run.verdict = verdict::line(&run, late);
    run
}

/// This machine; `version` is the engine's, `url` its address.
pub(super) fn machine(version: Option<String>, url: &str) -> Machine {
    let memory = scrape::line("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kib: u64 = memory.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0);
    Machine {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        cpu: scrape::line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()),
        memory_mib: kib / 1024,
        system: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        engine: version.unwrap_or_else(|| url.to_owned()),
    }
}
