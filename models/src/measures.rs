//! Names and units of this room's metrics. Labels are bounded; nothing here is personal.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Histogram, seconds, label `tier` (`ngram`, `joint`): from a free worker to the answer.
pub const PARSE_SECONDS: &str = "charla_nlu_parse_seconds";
/// Counter, label `reason` (`full`, `timeout`, `worker`): texts that were not understood.
pub const REFUSED_TOTAL: &str = "charla_nlu_refused_total";
/// Counter: workers rebuilt after a panic.
pub const REBUILT_TOTAL: &str = "charla_nlu_workers_rebuilt_total";
/// Counter: texts answered by the n-gram tier because the encoder failed.
pub const ENCODER_FAILED_TOTAL: &str = "charla_nlu_encoder_failed_total";
/// Counter: texts answered from memory.
pub const CACHED_TOTAL: &str = "charla_nlu_cached_total";
/// Counter, label `outcome` (`live`, `refused`, `reverted`): new models.
pub const SWAPS_TOTAL: &str = "charla_nlu_swaps_total";
/// Gauge: texts waiting or being read.
pub const WAITING: &str = "charla_nlu_waiting";

/// All names.
pub const ALL: &[&str] =
    &[PARSE_SECONDS, REFUSED_TOTAL, REBUILT_TOTAL, ENCODER_FAILED_TOTAL, CACHED_TOTAL, SWAPS_TOTAL, WAITING];

/// Tells the recorder what the names mean; once a process.
pub fn describe() {
    describe_histogram!(PARSE_SECONDS, Unit::Seconds, "Time to understand a text, waiting excluded");
    describe_counter!(REFUSED_TOTAL, "Texts that were not understood, by reason");
    describe_counter!(REBUILT_TOTAL, "Understanding workers rebuilt after a panic");
    describe_counter!(ENCODER_FAILED_TOTAL, "Texts answered without the encoder because it failed");
    describe_counter!(CACHED_TOTAL, "Texts answered from memory");
    describe_counter!(SWAPS_TOTAL, "New models by what became of them");
    describe_gauge!(WAITING, "Texts waiting for a worker or being read");
}
