//! What is told before anything has happened: counters at 0, and the limits of the settings.
//!
//! A counter that appears with its first value hides that value: Prometheus computes rates and increases from differences,
//! and the first sample has none. What alerts look at therefore begins at 0.

use super::names;
use crate::settings::Settings;
use charla_actors::{invariants::Invariant, metrics as runtime};
use charla_models::measures;
use metrics::{counter, gauge};

const PLAIN: &[&str] = &[
    names::WINDOW_REFUSALS,
    names::MESSAGES_KEPT,
    runtime::ACCEPTED,
    runtime::DUPLICATES,
    runtime::TURNS,
    runtime::SLOWED,
    runtime::PARKED,
    runtime::PANICS,
    runtime::TIMERS,
    runtime::SNAPSHOTS_WRITTEN,
    runtime::SNAPSHOTS_SKIPPED,
    runtime::SNAPSHOTS_UNREADABLE,
    runtime::SNAPSHOTS_REBUILT,
    runtime::SNAPSHOT_GENERATIONS,
    measures::REBUILT_TOTAL,
    measures::ENCODER_FAILED_TOTAL,
    measures::CACHED_TOTAL,
];

/// Name, label, its values.
const LABELLED: &[(&str, &str, &[&str])] = &[
    (names::WEBHOOK_REQUESTS, "status", &["200", "400", "401", "413", "503"]),
    (names::UNDERSTANDINGS, "outcome", &["ok", "full", "timeout", "worker"]),
    (names::CATALOGUE_FETCHES, "outcome", &["ok", "failed"]),
    (names::MATTERS, "outcome", &["opened", "resolved", "escalated", "abandoned"]),
    (names::WITHHELD, "reason", &["window_closed", "queued", "queued_courtesy"]),
    (names::CONSENTS, "outcome", &["asked", "given", "denied", "withdrawn", "outdated"]),
    (names::HANDOVERS, "reason", &["requested", "always_human", "low_confidence", "failed_attempts"]),
    (
        names::TROUBLES,
        "code",
        &[
            "CHARLA-E1101",
            "CHARLA-E1102",
            "CHARLA-E1103",
            "CHARLA-E1104",
            "CHARLA-E1105",
            "CHARLA-E1106",
            "CHARLA-E1107",
        ],
    ),
    (runtime::REFUSED, "reason", &["full", "stopping", "unreadable", "broken"]),
    (runtime::DISPATCHED, "outcome", &["settled", "failed", "retry", "unknown"]),
    // The reasons that somebody has to do something about.
    (
        runtime::RETRIES,
        "reason",
        &[
            "auth",
            "spam_limit",
            "messaging_limit",
            "account_blocked",
            "payment",
            "not_registered",
            "access_denied",
            "registration_limit",
            "unreachable",
            "backend",
        ],
    ),
    (measures::REFUSED_TOTAL, "reason", &["full", "timeout", "worker"]),
    (measures::SWAPS_TOTAL, "outcome", &["live", "refused", "reverted"]),
];

const BACKEND_OUTCOMES: &[&str] =
    &["ok", "timeout", "transport", "status", "malformed", "credentials", "breaker_open"];

/// Counters that alerts and dashboards look at, at 0; and what this program is.
pub(super) fn at_zero() {
    for name in PLAIN {
        counter!(*name).increment(0);
    }
    for (name, label, values) in LABELLED {
        for value in *values {
            counter!(*name, *label => *value).increment(0);
        }
    }
    for invariant in Invariant::ALL {
        counter!(runtime::VIOLATIONS, "word" => invariant.name()).increment(0);
    }
    gauge!(names::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// What the settings say: limits, and the backends' counters at 0. `understands`: whether the assistant understands texts;
/// one that does not has no use for an encoder.
pub fn configured(settings: &Settings, understands: bool) {
    let engine = &settings.engine;
    let limits = [
        ("credits", f64::from(engine.credits)),
        ("status_credits", f64::from(engine.status_credits)),
        ("held", f64::from(engine.held_limit)),
        ("outbox", f64::from(engine.outbox_limit)),
        ("resident", engine.resident_cap as f64),
        ("nlu_queue", settings.nlu.queue as f64),
    ];
    for (of, limit) in limits {
        gauge!(names::LIMIT, "of" => of).set(limit);
    }
    let encoder = understands && settings.nlu.encoder.is_some();
    gauge!(names::ENCODER_WANTED).set(f64::from(encoder));
    for backend in settings.backends.keys() {
        for outcome in BACKEND_OUTCOMES {
            let (backend, outcome) = (backend.clone(), *outcome);
            counter!(names::BACKEND_CALLS, "backend" => backend, "outcome" => outcome).increment(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use std::path::Path;

    #[test]
    fn the_encoder_is_wanted_where_texts_are_understood() {
        let text = "whatsapp: {app_secrets: [{env: S}], verify_token: {env: V}, access_token: {env: A}, numbers: [{phone_number_id: '1'}]}";
        for (more, understands, wanted) in
            [("", true, 1), ("", false, 0), ("\nnlu: {encoder: false}", true, 0)]
        {
            let settings = Settings::parse(&format!("{text}{more}"), Path::new("c.yml")).unwrap();
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            metrics::with_local_recorder(&recorder, || configured(&settings, understands));
            let line = format!("{} {wanted}\n", names::ENCODER_WANTED);
            assert!(handle.render().contains(&line), "{more} {understands}: {}", handle.render());
        }
    }
}
