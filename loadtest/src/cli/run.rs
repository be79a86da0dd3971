//! `charla-loadtest run`.

use anyhow::Context;
use charla_loadtest::load::{self, Against, Plan, Scenario, report};
use clap::Args;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Let many customers write at once, judge every answer, and measure.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Scenario file, e.g. loadtest/scenarios/steady-10k.toml.
    scenario: PathBuf,
    /// Folder for report.html and report.json.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Another measured time than the scenario's: `90`, `60s`, `10m`, `1h`.
    #[arg(long, value_parser = seconds)]
    duration: Option<Duration>,
    /// Another number of sessions.
    #[arg(long)]
    sessions: Option<u32>,
    /// Another seed.
    #[arg(long)]
    seed: Option<u64>,
    /// The n-gram model alone.
    #[arg(long)]
    no_encoder: bool,
    /// The engine; by default the `charla` beside this program.
    #[arg(long)]
    charla: Option<PathBuf>,
    /// The shop's assistant.
    #[arg(long, default_value = "config")]
    assistant: PathBuf,
    /// Folder of public sets of texts, used where it is there.
    #[arg(long, default_value = "../shared/data")]
    data: PathBuf,
    /// Cache of encoder and models; by default the engine's own.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Writes down when each session writes.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Takes those moments from such a file.
    #[arg(long, conflicts_with_all = ["duration", "sessions"])]
    replay: Option<PathBuf>,
    /// With --replay: so many sessions for each one in the file.
    #[arg(long, default_value_t = 1, requires = "replay")]
    times: u32,
    /// A new or empty folder for the engine's data and log, which stays.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Starts a Prometheus (where one is installed) that scrapes the engine, and prints the availability it reckons.
    #[arg(long)]
    prometheus: bool,
    /// The rules that it evaluates.
    #[arg(long, default_value = "ops/prometheus/rules.yml")]
    rules: PathBuf,
    /// Tries the judge: every so many answers one is kept from it, and it has to find them.
    #[arg(long, default_value_t = 0, hide = true)]
    lose: u64,
    /// Address of an engine that is there already, `http://HOST:PORT`. Its settings must name the endpoint of --graph, the
    /// secrets below and the scenario's numbers.
    #[arg(long)]
    against: Option<String>,
    /// With --against: where the Graph endpoint listens.
    #[arg(long, default_value = "127.0.0.1:8081")]
    graph: String,
    /// With --against: signs webhooks.
    #[arg(long, env = "CHARLA_APP_SECRET", default_value = "app-secret", hide_env_values = true)]
    app_secret: String,
    /// With --against: the engine's token at Graph.
    #[arg(long, env = "CHARLA_ACCESS_TOKEN", default_value = "access-token", hide_env_values = true)]
    access_token: String,
    /// With --against: an agent's token.
    #[arg(long, env = "CHARLA_AGENT_TOKEN", default_value = "", hide_env_values = true)]
    agent_token: String,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err("write it like 90, 60s, 10m or 1h".into()),
    };
    let number: f64 = number.parse().map_err(|_| "write it like 90, 60s, 10m or 1h")?;
    Duration::try_from_secs_f64(number * factor).map_err(|error| error.to_string())
}

impl Run {
    /// The scenario as the command line has it.
    fn scenario(&self) -> anyhow::Result<Scenario> {
        let mut scenario = Scenario::load(&self.scenario)?;
        if let Some(duration) = self.duration {
            anyhow::ensure!(
                scenario.capacity.is_none(),
                "CHARLA-E5403: {}: capacity has a length of its own, steps × step_s; leave --duration out",
                self.scenario.display()
            );
            scenario.duration_s = duration.as_secs_f64();
        }
        scenario.sessions = self.sessions.unwrap_or(scenario.sessions);
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        scenario.check(&self.scenario)?;
        anyhow::ensure!(
            self.against.is_none() || scenario.troubles.is_empty(),
            "CHARLA-E5403: {}: troubles are of the run's own shop; leave them out for --against",
            self.scenario.display()
        );
        Ok(scenario)
    }

    /// Runs it: the table and the verdict on standard output, failure if anything was missed.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let scenario = self.scenario()?;
        let mut plan = Plan {
            against: self.against.map(|url| Against {
                url,
                app_secret: self.app_secret,
                access_token: self.access_token,
                agent_token: self.agent_token,
                graph: self.graph,
            }),
            report: self.report,
            charla: self.charla,
            assistant: self.assistant,
            cache: self.cache,
            data: self.data,
            record: self.record,
            replay: self.replay.map(|path| (path, self.times)),
            keep: self.keep,
            prometheus: self.prometheus.then_some(self.rules),
            lose: self.lose,
            ..Plan::of(scenario)
        };
        if self.no_encoder {
            plan = plan.without_encoder();
        }
        let run = load::run(plan).await.context("the run itself failed")?;
        println!("{}", report::text(&run));
        for wrong in &run.violations {
            println!("{} × {}", wrong.count, wrong.kind);
            for example in wrong.examples.iter().take(5) {
                println!("    {example}");
            }
        }
        if let Some(availability) = run.availability {
            println!("availability, as Prometheus saw it: {:.4} %", availability * 100.0);
        }
        println!("{}", run.verdict);
        Ok(if run.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_would_not_hold_are_refused() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            run: Run,
        }
        let house = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/");
        let scenario = |name: &str, more: &[&str]| {
            let path = format!("{house}{name}.toml");
            let all = ["run", path.as_str()].into_iter().chain(more.iter().copied());
            <Cli as clap::Parser>::parse_from(all).run.scenario().map_err(|error| error.to_string())
        };
        let error = |name: &str, more: &[&str]| scenario(name, more).unwrap_err();
        assert!(error("capacity", &["--duration", "30s"]).contains("leave --duration out"));
        assert!(error("slow-backends", &["--against", "http://x:1"]).contains("troubles"));
        assert!(error("smoke-100", &["--sessions", "0"]).contains("sessions is 0"));
        assert!(error("smoke-100", &["--duration", "1000h"]).contains("duration_s"));
        let fine = scenario("smoke-100", &["--duration", "20s", "--seed", "9"]).unwrap();
        assert_eq!((fine.duration_s, fine.seed), (20.0, 9));
    }

    #[test]
    fn durations_are_written_with_their_unit() {
        for (text, expected) in [("90", 90.0), ("60s", 60.0), ("1.5m", 90.0), ("1h", 3_600.0)] {
            assert_eq!(seconds(text).map(|d| d.as_secs_f64()), Ok(expected));
        }
        assert!(seconds("10x").is_err() && seconds("-1").is_err() && seconds("s").is_err());
    }
}
