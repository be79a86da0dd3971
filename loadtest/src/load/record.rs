//! What a run leaves behind, as it stands in `report.json`; the page and the comparison are made from it alone.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The scenario's name.
    pub scenario: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// Repeats who writes what and when.
    pub seed: u64,
    /// RFC 3339.
    pub started_at: String,
    /// Seconds at the beginning that count for correctness and not for latencies and rates.
    pub warm_up_s: f64,
    /// Seconds measured after it.
    pub measured_s: f64,
    /// The scenario file's settings as they were used.
    pub settings: serde_json::Value,
    /// Where it ran.
    pub machine: Machine,
    /// What was counted, after the warm-up unless the name says otherwise, e.g. `messages`, `replies`, `refused_503`.
    pub counts: BTreeMap<String, u64>,
    /// Latencies by stage: `ack` (webhook sent to 200, its 503s and repetitions included), `reply` (scheduled moment to
    /// the answer at the simulator); from the engine's own metrics where they can be read: `understand`, `turn`, `commit`.
    pub latencies: BTreeMap<String, Latency>,
    /// Once a second, from the beginning.
    pub series: Vec<Second>,
    /// What went wrong, by kind.
    pub violations: Vec<Wrong>,
    /// What was to be reached.
    pub objectives: Vec<Objective>,
    /// Availability as Prometheus computed it (share of webhooks that were not refused or failed), if one was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<f64>,
    /// The last line that was printed.
    pub verdict: String,
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Cores that the process may use.
    pub cores: usize,
    /// As the system names it.
    pub cpu: String,
    /// Main memory in MiB.
    pub memory_mib: u64,
    /// Kernel.
    pub system: String,
    /// `charla --version`, or the address of a server that was there already.
    pub engine: String,
}

/// A latency's distribution; all times in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Quantiles.
    pub p50: f64,
    /// See `p50`.
    pub p90: f64,
    /// See `p50`.
    pub p99: f64,
    /// See `p50`.
    pub p999: f64,
    /// The longest.
    pub max: f64,
    /// Upper bound of a bucket, how many are in it and not in the one before; in rising order, empty ones left out.
    pub buckets: Vec<(f64, u64)>,
}

/// A second of a run. What was not known then is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Seconds since the beginning, of the end of this one.
    pub at: f64,
    /// Sessions that are under way.
    pub sessions: u64,
    /// Customers' messages due in this second.
    pub due: u64,
    /// Messages answered in it.
    pub replied: u64,
    /// Webhook tries that got 503.
    pub refused: u64,
    /// Statuses acknowledged in it.
    #[serde(default)]
    pub statuses: u64,
    /// Messages that wait for their answer.
    pub waiting: u64,
    /// Quantiles of those that ended in this second, in milliseconds.
    pub ack_p50: Option<f64>,
    /// See `ack_p50`.
    pub ack_p99: Option<f64>,
    /// See `ack_p50`.
    pub reply_p50: Option<f64>,
    /// See `ack_p50`.
    pub reply_p99: Option<f64>,
    /// The engine's mean in this second, from its metrics, in milliseconds.
    pub understand_mean: Option<f64>,
    /// The same of a turn.
    pub turn_mean: Option<f64>,
    /// The engine's resident memory in MiB.
    pub resident_mib: Option<f64>,
    /// What of that its heap has in use, by its metrics, in MiB.
    #[serde(default)]
    pub heap_mib: Option<f64>,
    /// Its processor time in this second, in cores (2.0: both cores busy).
    pub engine_cores: Option<f64>,
    /// The load generator's, simulator and shop included.
    pub own_cores: Option<f64>,
}

/// A kind of mistake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wrong {
    /// `lost`, `doubled`, `misordered`, `wrong content`, …
    pub kind: String,
    /// How often.
    pub count: u64,
    /// The first few, in words.
    pub examples: Vec<String>,
}

/// Something to be reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// E.g. `reply p99`.
    pub name: String,
    /// What may not be exceeded (or undercut, if `at_least`).
    pub limit: f64,
    /// The other way round: a least value.
    #[serde(default)]
    pub at_least: bool,
    /// `ms`, `MiB`, `/s`, …; empty for a number.
    pub unit: String,
    /// What was measured; `None` where nothing could be.
    pub value: Option<f64>,
}

impl Objective {
    /// Whether it was reached; what could not be measured was not.
    pub fn met(&self) -> bool {
        self.value.is_some_and(|v| if self.at_least { v >= self.limit } else { v <= self.limit })
    }
}

impl Run {
    /// Whether all objectives were reached and nothing was wrong.
    pub fn passed(&self) -> bool {
        self.violations.iter().all(|w| w.count == 0) && self.objectives.iter().all(Objective::met)
    }
}
