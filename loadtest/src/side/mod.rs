//! Side by side: the same conversation, the same texts, the same number of customers at once, against Charla and against
//! Rasa, in one run on one machine; what comes out is a ratio.
//!
//! Sides take turns (A B C A B C …), each in a fresh start, so that none runs beside another or meets a cache that an earlier
//! round has filled, and a change of the machine's mood falls on all of them. What is compared and what is not stands in
//! `docs/performance.md`.

mod charla;
mod graph;
mod judge;
mod project;
mod rasa;
mod report;
mod server;
mod talk;
#[cfg(test)]
mod tests;
mod texts;
mod usage;

pub use charla::Understood;
pub use project::Variant;
pub use report::{Contender, Report, Round};

use crate::crash::find_engine;
use anyhow::Context;
use charla::Charla;
use graph::Desk;
use project::Project;
use rasa::Rasa;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use talk::{Load, Side};
use texts::Writer;

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The `charla` binary; beside this process's own by default.
    pub charla: Option<PathBuf>,
    /// The demo's assistant.
    pub assistant: PathBuf,
    /// Rasa's program or the folder of its environment; by default the one installed before, else the one on the path.
    pub rasa: Option<PathBuf>,
    /// Installs Rasa where it is not there.
    pub install: bool,
    /// Folder of installation, projects and models; by default `side-by-side` in Charla's cache folder.
    pub cache: Option<PathBuf>,
    /// Rasa's pipelines to measure.
    pub variants: Vec<Variant>,
    /// Rounds of every side, at least 1.
    pub rounds: u32,
    /// Seconds of a round that are measured, at least 1.
    pub seconds: u64,
    /// Seconds before them.
    pub warm_up_s: u64,
    /// Conversations at the same time, 1 to 10,000.
    pub conversations: usize,
    /// Examples of each intent and variety that Rasa is trained with.
    pub examples: usize,
    /// Epochs of Rasa's training.
    pub epochs: u32,
    /// Decides who writes what.
    pub seed: u64,
}

impl Plan {
    fn check(&self) -> anyhow::Result<()> {
        let wrong = if self.rounds == 0 || self.seconds == 0 {
            "rounds and seconds must be at least 1"
        } else if self.conversations == 0 || self.conversations > 10_000 {
            "conversations must be 1 to 10,000"
        } else if self.examples < 2 || self.epochs == 0 {
            "examples must be at least 2, epochs at least 1"
        } else {
            return Ok(());
        };
        anyhow::bail!("CHARLA-E5507: {wrong}");
    }

    fn load(&self) -> Load {
        Load {
            conversations: self.conversations,
            warm_up: Duration::from_secs(self.warm_up_s),
            measure: Duration::from_secs(self.seconds),
        }
    }
}

/// A side that is ready to be started, again and again.
enum Ready {
    Charla,
    Rasa { variant: Variant, project: PathBuf },
}

struct Table {
    charla: PathBuf,
    assistant: PathBuf,
    rasa: Option<Rasa>,
    http: reqwest::Client,
    logs: tempfile::TempDir,
}

/// Plays all rounds.
///
/// # Errors
/// If Charla, or a Rasa that is there, cannot be prepared, started or reached. A Rasa that is not installed is no error: the
/// report says how to install it.
pub async fn run(plan: &Plan) -> anyhow::Result<Report> {
    plan.check()?;
    let bad = || format!("CHARLA-E5507: {} is not there; name it with --assistant", plan.assistant.display());
    let assistant = plan.assistant.canonicalize().with_context(bad)?;
    let cache = plan.cache.clone().unwrap_or_else(rasa::default_cache);
    let rasa = match Rasa::find(plan.rasa.as_deref(), &cache).await? {
        Some(rasa) => Some(rasa),
        None if plan.install && !plan.variants.is_empty() => Some(Rasa::install(&cache).await?),
        None => None,
    };
    // Somebody else in this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let table = Table {
        charla: find_engine(plan.charla.as_deref())?,
        assistant,
        rasa,
        // Connections stay open, as those of Meta and of a web server in front of Rasa do.
        http: reqwest::Client::builder().no_proxy().pool_max_idle_per_host(plan.conversations).build()?,
        logs: tempfile::Builder::new().prefix("charla-side-logs-").tempdir()?,
    };
    let mut report = Report::new(plan, &charla::version(&table.charla).await?);
    let sides = prepare(plan, &table, &cache, &mut report).await?;
    for round in 1..=plan.rounds {
        for side in &sides {
            let load_before = usage::load_average();
            let played = play(plan, &table, side, round, load_before).await;
            let played = played.with_context(|| format!("{} in round {round}", name(side)))?;
            eprintln!("{played}");
            report.rounds.push(played);
        }
    }
    Ok(report)
}

async fn prepare(
    plan: &Plan,
    table: &Table,
    cache: &Path,
    report: &mut Report,
) -> anyhow::Result<Vec<Ready>> {
    charla::prepare(&table.charla, &table.assistant).await?;
    let mut sides = vec![Ready::Charla];
    let Some(rasa) = &table.rasa else {
        report.notes.push(rasa::advice());
        return Ok(sides);
    };
    report.rasa = Some(rasa.version.clone());
    for variant in plan.variants.iter().copied() {
        let project = Project::of(&table.assistant, variant, plan.examples, plan.epochs)?;
        let (folder, took) = rasa.train(&project, variant, cache).await?;
        let trained = took
            .map_or_else(|| "in an earlier run".to_owned(), |took| format!("in {:.0} s", took.as_secs_f64()));
        report.notes.push(format!(
            "Rasa {}: {} examples of {} intents, {} epochs, trained {trained}",
            variant.name(),
            project.examples,
            project.intents,
            plan.epochs
        ));
        sides.push(Ready::Rasa { variant, project: folder });
    }
    Ok(sides)
}

fn name(side: &Ready) -> Contender {
    match side {
        Ready::Charla => Contender::Charla,
        Ready::Rasa { variant, .. } => Contender::Rasa(*variant),
    }
}

async fn play(plan: &Plan, table: &Table, side: &Ready, n: u32, load_average: f64) -> anyhow::Result<Round> {
    // The same for all sides of a round, another one in every round.
    let writer = Writer::new(plan.seed.wrapping_add(u64::from(n)))?;
    let log = table.logs.path().join("server.log");
    let http = table.http.clone();
    match side {
        Ready::Charla => {
            let desk = Desk::new(plan.conversations);
            let numbers = writer.numbers();
            let (charla, started) =
                Charla::start(&table.charla, &table.assistant, &numbers, desk.clone(), log, &http).await?;
            let talked = Side::Charla { url: charla.url.clone(), desk: desk.clone() };
            let pid = charla.server.pid();
            let tally = talk::drive(talked, http.clone(), writer, plan.load(), pid).await;
            let understood = charla::understood(&http, &charla.url).await;
            charla.stop().await?;
            let mut round = Round::of(Contender::Charla, n, tally?, started, load_average);
            round.understood = Some(understood);
            round.messages_out = Some(desk.taken());
            round.strays = Some(desk.strays());
            Ok(round)
        }
        Ready::Rasa { variant, project } => {
            let rasa = table.rasa.as_ref().context("there is no Rasa")?;
            let (server, url, started) = rasa.serve(project, *variant, log, &http).await?;
            let pid = server.pid();
            let tally = talk::drive(Side::Rasa { url }, http, writer, plan.load(), pid).await;
            server.stop().await?;
            Ok(Round::of(Contender::Rasa(*variant), n, tally?, started, load_average))
        }
    }
}
