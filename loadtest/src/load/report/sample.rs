//! Made-up runs for the tests, shaped as real ones are.

use crate::load::record::{Latency, Machine, Objective, Run, Second, Wrong};
use serde_json::json;
use std::collections::BTreeMap;

fn latency(seed: u64, median: f64, spread: f64, tail: f64, n: u64, bounds: &[f64]) -> Latency {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut all: Vec<f64> = (0..n)
        .map(|_| {
            let normal = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
            median * (normal * spread).exp() * if rng.f64() < 0.015 { tail } else { 1.0 }
        })
        .collect();
    all.sort_by(f64::total_cmp);
    let at = |share: f64| all[((all.len() - 1) as f64 * share).round() as usize];
    let mut buckets: BTreeMap<u64, (f64, u64)> = BTreeMap::new();
    for value in &all {
        let bound = bounds.iter().copied().find(|b| b >= value).unwrap_or_else(|| {
            // Like an HDR histogram of microseconds with two digits.
            let size = 10f64.powf(value.log10().floor() - 1.0);
            (value / size).ceil() * size
        });
        buckets.entry(bound.to_bits()).or_insert((bound, 0)).1 += 1;
    }
    Latency {
        count: n,
        mean: all.iter().sum::<f64>() / n as f64,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: at(1.0),
        buckets: buckets.into_values().collect(),
    }
}

/// A run of nothing.
pub(crate) fn nothing() -> Run {
    Run {
        scenario: "nothing".into(),
        about: String::new(),
        seed: 0,
        started_at: String::new(),
        warm_up_s: 0.0,
        measured_s: 0.0,
        settings: serde_json::Value::Null,
        machine: Machine {
            cores: 0,
            cpu: String::new(),
            memory_mib: 0,
            system: String::new(),
            engine: String::new(),
        },
        counts: BTreeMap::new(),
        latencies: BTreeMap::new(),
        series: Vec::new(),
        violations: Vec::new(),
        objectives: Vec::new(),
        availability: None,
        verdict: String::new(),
    }
}

fn objective(name: &str, limit: f64, unit: &str, value: Option<f64>) -> Objective {
    let value = value.map(super::thousandths);
    Objective { name: name.into(), limit, at_least: false, unit: unit.into(), value }
}

/// Ten minutes that went well.
pub(crate) fn steady() -> Run {
    made(11, 1.0)
}

/// Ten minutes with a tripled minute in the middle, in which some things went wrong.
pub(crate) fn burst() -> Run {
    let mut run = made(12, 3.0);
    run.seed = 8;
    run.violations = vec![
        Wrong {
            kind: "lost".into(),
            count: 3,
            examples: vec![
                "919810012345 wrote “</script><img src=x onerror=alert(1)>” at 5:12 and got no answer".into(),
                "919810054321 wrote “नमस्ते, मेरा ऑर्डर कहाँ है?” at 5:14 and got no answer".into(),
            ],
        },
        Wrong { kind: "wrong language".into(), count: 1, examples: vec![] },
        Wrong { kind: "doubled".into(), count: 0, examples: vec![] },
    ];
    run.verdict =
        "FAILED burst-30k: reply p50 61 ms, p99 2,310 ms, 3 lost, 1 wrong language; 2 of 7 objectives missed"
            .into();
    run
}

fn made(seed: u64, peak: f64) -> Run {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (warm, end) = (30u32, 630u32);
    let mut noise = |value: f64, share: f64| value * (1.0 + (rng.f64() - 0.5) * share);
    let mut series = Vec::new();
    for s in 1..=end {
        let ramp = (f64::from(s) / 25.0).min(1.0);
        let crowd = if (330..390).contains(&s) { peak } else { 1.0 };
        let strain = if (330..400).contains(&s) { peak * peak } else { 1.0 };
        let due = noise(500.0 * ramp * crowd, 0.12);
        // The metrics could not be read for a while.
        let scraped = !(200..212).contains(&s) && s != 215;
        let known = |v: f64| scraped.then_some(v);
        series.push(Second {
            at: f64::from(s),
            sessions: (10_000.0 * ramp) as u64,
            due: due as u64,
            replied: noise(due, 0.05) as u64,
            statuses: 0,
            refused: if strain > 1.0 { noise(40.0, 0.9) as u64 } else { 0 },
            waiting: noise(18.0 * strain * strain, 0.4) as u64,
            ack_p50: (s > 2).then(|| noise(3.1, 0.2)),
            ack_p99: (s > 2).then(|| noise(14.0 * strain, 0.6)),
            reply_p50: (s > 2).then(|| noise(31.0 * strain, 0.2)),
            reply_p99: (s > 2).then(|| noise(180.0 * strain, 0.7)),
            understand_mean: known(noise(2.2 * crowd, 0.15)),
            turn_mean: known(noise(7.9 * crowd, 0.2)),
            resident_mib: known(310.0 + f64::from(s) * 0.05 + 60.0 * (crowd - 1.0)),
            heap_mib: known(250.0 + f64::from(s) * 0.02 + 40.0 * (crowd - 1.0)),
            engine_cores: known(noise(0.84 * crowd.min(2.0), 0.2)),
            own_cores: Some(noise(0.31 * crowd.min(1.6), 0.2)),
        });
    }
    let seconds = [0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];
    let slow = 1.0 + (peak - 1.0) / 8.0;
    let latencies = BTreeMap::from([
        ("ack".to_owned(), latency(1, 3.1, 0.45, 6.0 * peak, 40_000, &[])),
        ("reply".to_owned(), latency(2, 32.0 * slow, 0.5, 9.0 * peak, 40_000, &[])),
        ("turn".to_owned(), latency(3, 7.0 * slow, 0.6, 8.0, 40_000, &seconds)),
        ("understand".to_owned(), latency(4, 2.1 * slow, 0.4, 5.0, 24_000, &seconds)),
        (
            "commit".to_owned(),
            Latency {
                count: 8_000,
                mean: 2.0,
                p50: 1.7,
                p90: 3.0,
                p99: 9.0,
                p999: 22.0,
                max: 41.0,
                buckets: vec![],
            },
        ),
    ]);
    let quantile = |key: &str, of: fn(&Latency) -> f64| latencies.get(key).map(of);
    let objectives = vec![
        objective("ack p50", 250.0, "ms", quantile("ack", |l| l.p50)),
        objective("ack over 1 s", 1.0, "%", Some(0.004)),
        objective("reply p50", 60.0, "ms", quantile("reply", |l| l.p50)),
        objective("reply p99", 500.0, "ms", quantile("reply", |l| l.p99)),
        objective("reply p99.9", 2_000.0, "ms", quantile("reply", |l| l.p999)),
        objective("engine memory", 700.0, "MiB", Some(341.0 + 60.0 * (peak - 1.0))),
        objective("violations", 0.0, "", Some(if peak > 1.0 { 4.0 } else { 0.0 })),
    ];
    super::speakable(&Run {
        scenario: "steady-10k".into(),
        about: "Ten thousand customers, each of whom writes every 20 seconds on average.".into(),
        seed: 7,
        started_at: "2026-11-21T14:02:11Z".into(),
        warm_up_s: f64::from(warm),
        measured_s: f64::from(end - warm),
        settings: json!({
            "command": "charla-loadtest run loadtest/scenarios/steady-10k.toml --report reports/steady",
            "sessions": 10_000, "numbers": 8, "taps": 0.4, "free_text": 0.1, "think": {"mean_s": 20.0, "distribution": "exponential"},
            "phases": [{"kind": "ramp-up", "seconds": 25}, {"kind": "steady", "seconds": 605}],
            "burst": {"share": 0.08, "messages": [2, 3], "within_s": 4.0}, "agents": 6, "statuses": 3, "abandon": 0.03, "peak": peak
        }),
        machine: Machine {
            cores: 2,
            cpu: "AMD EPYC 7B13".into(),
            memory_mib: 7_962,
            system: "Linux 6.1.0".into(),
            engine: "charla 0.1.0".into(),
        },
        counts: [
            ("messages", 300_412u64), ("taps", 120_233), ("typed", 180_179), ("replies", 418_730), ("statuses", 1_256_190),
            ("refused_503", if peak > 1.0 { 2_731 } else { 0 }), ("exact_repeats", 39_021), ("cache_hits", 61_377), ("escalated", 4_120),
        ]
        .into_iter()
        .map(|(key, n)| (key.to_owned(), n))
        .collect(),
        latencies,
        series,
        violations: vec![],
        objectives,
        availability: Some(0.999_987),
        verdict: "passed steady-10k: 500.7 messages/s for 600 s, reply p50 32 ms, p99 301 ms, p99.9 402 ms, 0 violations, engine 341 MiB".into(),
    })
}
