//! What operators see: metrics for Prometheus and structured logs.

mod begin;
pub mod names;
mod panics;
pub mod scrape;

pub use begin::configured;
pub use panics::log_panics_without_words;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{sync::OnceLock, time::Duration};

/// How often values of histograms are put into their buckets where nobody asks for them.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Seconds: from 0.1 ms, where acknowledgements live, to 30 s, where something is badly wrong. 0.25, 1 and 2 are bounds of
/// the objectives in `ops/prometheus`, and must be among them.
const SECONDS_BUCKETS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0,
    30.0,
];
/// Counts per group or batch.
const SIZE_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the process-wide recorder on the first call and returns its handle; `None` if something else had been
/// installed before.
pub fn recorder() -> Option<PrometheusHandle> {
    RECORDER
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS_BUCKETS)
                .and_then(|b| b.set_buckets_for_metric(Matcher::Suffix("_size".into()), SIZE_BUCKETS));
            let handle = builder.ok()?.install_recorder().ok()?;
            describe();
            begin::at_zero();
            Some(handle)
        })
        .clone()
}

/// Puts what histograms were told into their buckets now and then. Without it every value stays in memory until somebody
/// asks for `/metrics`, which may be never.
pub async fn upkeep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        handle.run_upkeep();
    }
}

fn describe() {
    charla_actors::metrics::describe();
    charla_models::measures::describe();
    metrics_process::Collector::default().describe();
    for (name, kind, unit, help) in names::ALL {
        match kind {
            names::Kind::Counter => metrics::describe_counter!(*name, *unit, *help),
            names::Kind::Gauge => metrics::describe_gauge!(*name, *unit, *help),
            names::Kind::Histogram => metrics::describe_histogram!(*name, *unit, *help),
        }
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for collectors.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Starts logging to standard error; the filter comes from `CHARLA_LOG` (default `info`). Later calls do nothing.
pub fn init_logs(format: LogFormat) {
    init_logs_from(format, "info,actix_server=warn,ort=warn");
}

/// As [`init_logs`] with another default filter, for commands whose output is for reading.
pub fn init_logs_from(format: LogFormat, default: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("CHARLA_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second initialisation (tests start several engines in one process) keeps the first.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(colours).with_target(false).try_init()
        }
    };
}
