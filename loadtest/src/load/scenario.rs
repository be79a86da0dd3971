//! Scenario files: who writes how much, what goes wrong meanwhile, and what is to be reached. TOML, unknown keys are errors.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("CHARLA-E5401: {path}: cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("CHARLA-E5402: {path}: {message}; the keys are in docs/loadtest.md")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column, what is wrong.
        message: String,
    },
    /// A value makes no sense.
    #[error("CHARLA-E5403: {path}: {key} {message}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong and how to mend it.
        message: &'static str,
    },
}

/// Whom the customers talk to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assistant {
    /// The shop's assistant, `config/`.
    #[default]
    Shop,
    /// One that says every text back: what the engine costs without dialogue and backends.
    Echo,
}

/// What understands the texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Understanding {
    /// Encoder and n-gram model.
    #[default]
    Joint,
    /// The n-gram model alone.
    Ngram,
}

/// How the time between a person's messages is distributed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Memoryless.
    #[default]
    Exponential,
    /// Many short pauses and few long ones, as typing people have.
    Lognormal,
}

/// Time between a person's messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Think {
    /// Mean, seconds.
    pub mean_s: f64,
    /// Its form.
    pub distribution: Distribution,
    /// Standard deviation of the logarithm, for `lognormal`.
    pub sigma: f64,
}

impl Default for Think {
    fn default() -> Self {
        Self { mean_s: 20.0, distribution: Distribution::Exponential, sigma: 0.8 }
    }
}

/// A stretch of the measured time with another load.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Begins so many seconds after the warm-up.
    pub from_s: f64,
    /// Lasts so long.
    pub for_s: f64,
    /// Every session writes so many times as often.
    #[serde(default = "one")]
    pub rate: f64,
    /// Further sessions, there only in this phase: a crowd of new customers.
    #[serde(default)]
    pub sessions: u32,
}

fn one() -> f64 {
    1.0
}

/// What people do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Share of messages that are taps on buttons and rows, 0 to 1.
    pub taps: f64,
    /// Share of the typed messages that come from public sets of other fields, where they are there.
    pub free: f64,
    /// Share of messages followed by one or two more within seconds.
    pub bursts: f64,
    /// Share of sessions that end in the middle, without a closing word.
    pub abandoned: f64,
    /// Share of new sessions that are somebody who was there before.
    pub returns: f64,
    /// Messages of a session, in the mean.
    pub messages: f64,
    /// Share of persons with orders in the shop.
    pub known: f64,
    /// Shares of English, Spanish, Hindi, romanised Hindi.
    pub varieties: [f64; 4],
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            taps: 0.4,
            free: 0.02,
            bursts: 0.05,
            abandoned: 0.2,
            returns: 0.3,
            messages: 15.0,
            known: 0.5,
            varieties: [0.3, 0.25, 0.2, 0.25],
        }
    }
}

/// The business numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Numbers {
    /// How many.
    pub count: u32,
    /// Sends a second that the engine allows itself for each; Meta allows a number 80 to 1,000 a second, both ways together.
    pub messages_per_s: u32,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { count: 8, messages_per_s: 500 }
    }
}

/// Reports of what became of the engine's messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Statuses {
    /// For each message that the engine sends: sent, delivered, read; beyond three they are repeated, as Meta may.
    pub per_send: u32,
    /// Most in one body.
    pub per_body: u32,
    /// Milliseconds from the send to `sent`.
    pub sent_ms: u64,
    /// To `delivered`.
    pub delivered_ms: u64,
    /// To `read`.
    pub read_ms: u64,
}

impl Default for Statuses {
    fn default() -> Self {
        Self { per_send: 3, per_body: 1, sent_ms: 40, delivered_ms: 300, read_ms: 2_500 }
    }
}

/// How webhooks are handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Most customers' messages in one body; Meta puts up to 1,000 updates into one.
    pub messages_per_body: u32,
    /// Connections at a time.
    pub connections: u32,
    /// Wait before the first repetition of a refused body, milliseconds; doubled each time.
    pub first_retry_ms: u64,
    /// Longest wait between two, milliseconds.
    pub most_retry_ms: u64,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { messages_per_body: 1, connections: 256, first_retry_ms: 500, most_retry_ms: 20_000 }
    }
}

/// People at the agents' API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agents {
    /// Conversations that they answer at a time; 0: nobody is there.
    pub at_once: u32,
    /// From taking a conversation to handing it back, seconds.
    pub handle_s: f64,
    /// How often the queue is looked at, seconds.
    pub poll_s: f64,
}

impl Default for Agents {
    fn default() -> Self {
        Self { at_once: 200, handle_s: 6.0, poll_s: 1.0 }
    }
}

/// A backend that does not answer as it should for a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// `inventory`, `crm`, `orders`, `ticketing`, `calendar`.
    pub backend: String,
    /// `slow`, `error`, `down`.
    pub mode: String,
    /// With `slow`: how long each answer takes, milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// Begins so many seconds after the warm-up.
    pub from_s: f64,
    /// Lasts so long.
    pub for_s: f64,
}

/// Looks for the most that the engine sustains: the rate rises step by step until a step fails.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Each step adds so many messages a second to the first rate, sessions / think time.
    pub step: f64,
    /// Length of a step, seconds; its first half lets the last step fade.
    pub step_s: f64,
    /// Steps at most.
    pub steps: u32,
    /// A step fails when its reply p99 is longer, milliseconds, or a webhook was refused.
    pub reply_p99_ms: f64,
}

/// What is to be reached; what is left out is not asked for. Nothing wrong is always asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objectives {
    /// Meta's: median of acknowledgements, ms.
    pub ack_p50_ms: Option<f64>,
    /// Acknowledgement p99, ms.
    pub ack_p99_ms: Option<f64>,
    /// Meta's: share of acknowledgements over one second.
    pub ack_over_1s: Option<f64>,
    /// Reply p50, ms.
    pub reply_p50_ms: Option<f64>,
    /// Reply p99, ms.
    pub reply_p99_ms: Option<f64>,
    /// Reply p99.9, ms.
    pub reply_p999_ms: Option<f64>,
    /// Most resident memory of the engine, MiB.
    pub resident_mib: Option<f64>,
    /// Webhook tries refused with 503.
    pub refused: Option<u64>,
    /// Least answers a second (in `capacity`: of the last good step).
    pub replies_per_s: Option<f64>,
    /// Seconds after the last phase until a second's reply p99 is back below `reply_p99_ms`.
    pub recovered_s: Option<f64>,
    /// Median resident memory of the last third over that of the first.
    pub resident_growth: Option<f64>,
    /// Median of the seconds' reply p99 of the last third over that of the first.
    pub reply_p99_growth: Option<f64>,
    /// Least statuses a second that were acknowledged.
    pub statuses_per_s: Option<f64>,
}

impl Default for Objectives {
    fn default() -> Self {
        Self {
            ack_p50_ms: Some(250.0),
            ack_p99_ms: None,
            ack_over_1s: Some(0.01),
            reply_p50_ms: None,
            reply_p99_ms: None,
            reply_p999_ms: None,
            resident_mib: None,
            refused: None,
            replies_per_s: None,
            recovered_s: None,
            resident_growth: None,
            reply_p99_growth: None,
            statuses_per_s: None,
        }
    }
}

/// A scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Short name.
    pub name: String,
    /// A sentence.
    pub about: String,
    /// Whom they talk to.
    #[serde(default)]
    pub assistant: Assistant,
    /// What understands.
    #[serde(default)]
    pub understanding: Understanding,
    /// Decides everything that is drawn.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// Sessions at a time.
    pub sessions: u32,
    /// Warm-up, seconds: all sessions begin and agree to the terms in it; judged, not measured.
    pub warm_up_s: f64,
    /// Measured seconds after it.
    pub duration_s: f64,
    /// How long an answer may take before it counts as lost, seconds.
    #[serde(default = "patience")]
    pub patience_s: f64,
    /// See there.
    #[serde(default)]
    pub think: Think,
    /// See there.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// See there.
    #[serde(default)]
    pub mix: Mix,
    /// See there.
    #[serde(default)]
    pub numbers: Numbers,
    /// See there.
    #[serde(default)]
    pub statuses: Statuses,
    /// See there.
    #[serde(default)]
    pub webhooks: Webhooks,
    /// See there.
    #[serde(default)]
    pub agents: Agents,
    /// See there.
    #[serde(default)]
    pub troubles: Vec<Trouble>,
    /// See there.
    #[serde(default)]
    pub capacity: Option<Capacity>,
    /// Put into the engine's settings over what the run writes there, key by key.
    #[serde(default)]
    pub engine: serde_json::Map<String, serde_json::Value>,
    /// See there.
    #[serde(default)]
    pub objectives: Objectives,
}

fn first_seed() -> u64 {
    1
}

fn patience() -> f64 {
    30.0
}

impl Scenario {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ScenarioError`] with file, place and mend.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// As [`load`](Self::load), for a text that stands in `path`.
    ///
    /// # Errors
    /// [`ScenarioError`] with file, place and mend.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)
            .map_err(|error| ScenarioError::Parse { path: path.to_owned(), message: error.to_string() })?;
        scenario.check(path)?;
        Ok(scenario)
    }

    /// Messages a second when nothing special is going on.
    pub fn rate(&self) -> f64 {
        f64::from(self.sessions) / self.think.mean_s
    }

    /// Sessions at most, crowds included.
    pub fn most_sessions(&self) -> u32 {
        self.sessions + self.phases.iter().map(|phase| phase.sessions).sum::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_house_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let scenario = Scenario::load(&path).unwrap();
            assert_eq!(Some(scenario.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
            names.push(scenario.name);
        }
        for name in [
            "smoke-100",
            "steady-10k",
            "burst-30k",
            "webhook-storm",
            "slow-backends",
            "flash-crowd",
            "soak",
            "capacity",
            "trivial",
            "trivial-most",
        ] {
            assert!(names.iter().any(|found| found == name), "{name}");
        }
    }

    #[test]
    fn a_mistake_names_file_line_and_mend() {
        let text = "name = 'x'\nabout = 'y'\nsessions = 10\nwarm_up_s = 1\nduration_s = 1\nthinc = 3\n";
        let error = Scenario::parse(text, Path::new("a.toml")).unwrap_err().to_string();
        assert!(error.contains("a.toml") && error.contains("line 6") && error.contains("thinc"), "{error}");
        let error =
            Scenario::parse(&text.replace("thinc = 3", "seed = 4").replace("10", "0"), Path::new("a.toml"));
        assert!(error.unwrap_err().to_string().contains("sessions is 0; give at least 1"));
    }
}
