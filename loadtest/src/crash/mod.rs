//! The crash loop: kills a real engine in the middle of its work, again and again, and has the [oracle](crate::oracle) judge
//! whether anything accepted was lost, repeated, mixed up or handed to somebody else.
//!
//! One run is one folder of data, one simulator, and many starts of the `charla` binary on it. A round starts the engine with
//! one failpoint armed, lets customers talk, has it die there (or by SIGKILL at a random moment, where the point is not
//! reached in time), starts it again on the same data while the talk goes on, and ends that start too: half of the time in
//! peace. From time to time, and at the end, everything has to be settled.
//!
//! The seed decides who writes what and when, what befalls webhooks and sends, and where the engine dies; how far it has come
//! by then is the machine's.

pub(crate) mod folder;
mod points;
pub(crate) mod process;
mod proxy;
mod report;
mod round;
mod self_test;
pub(crate) mod stage;
mod talk;
mod watch;

pub use points::Deed;
pub(crate) use process::find as find_engine;
pub use report::Report;
pub use self_test::{Damage, SelfTest, self_test};

use crate::oracle::Kind;
use anyhow::Context;
use round::Rounds;
use stage::Stage;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Rounds, at least 1.
    pub rounds: u32,
    /// Decides everything that is drawn.
    pub seed: u64,
    /// The `charla` binary; beside this process's own by default.
    pub charla: Option<PathBuf>,
    /// Customers, the same ones in all rounds.
    pub customers: u32,
    /// Messages a round; at most 20 a customer, because WhatsApp lets a business send one person 45 at once, and what one
    /// round leaves undone comes on top of the next.
    pub messages: u32,
    /// Messages a second that are written.
    pub rate: u32,
    /// Everything has to be settled after every so many rounds, and at the end.
    pub settle_every: u32,
    /// Folder for data and log, new or empty, which stays; else a temporary one, which stays only after a violation.
    pub keep: Option<PathBuf>,
}

impl Plan {
    /// Messages of one customer in one round, at most.
    pub const PER_CUSTOMER: u32 = 20;

    fn check(&self) -> anyhow::Result<()> {
        let wrong = if self.rounds == 0 || self.messages == 0 || self.rate == 0 || self.settle_every == 0 {
            "rounds, messages, rate and settle-every must be at least 1"
        } else if self.customers == 0 || self.customers >= 100_000_000 {
            "customers must be 1 to 99,999,999"
        } else if self.messages.div_ceil(self.customers) > Self::PER_CUSTOMER {
            "more than 20 messages a customer and round; raise customers or lower messages"
        } else {
            return Ok(());
        };
        anyhow::bail!("CHARLA-E5304: {wrong}");
    }
}

/// How long everything may take to be settled once nobody writes any more.
const SETTLE: Duration = Duration::from_secs(30);

/// Runs all rounds; stops after the round in which a promise was broken, so that the data is as it was.
///
/// # Errors
/// If there is no engine to kill, the folder cannot be used, or the simulator does not start. Broken promises are no
/// error: they are in the report.
pub async fn run(plan: &Plan) -> anyhow::Result<Report> {
    plan.check()?;
    let begun = Instant::now();
    let charla = process::find(plan.charla.as_deref())?;
    eprintln!("crash loop: seed {}, {} rounds on {}", plan.seed, plan.rounds, charla.display());
    let stage = Stage::build(charla, plan.keep.as_deref(), None).await?;
    let mut report = Report::new(plan.seed);
    let outcome = all(plan, &stage, &mut report).await;
    report.took = begun.elapsed();
    stage.note(&mut report);
    let keep = outcome.is_err() || !report.violations.is_empty() || plan.keep.is_some();
    report.folder = stage.close(keep).await;
    outcome.map(|()| report).context("the crash loop itself failed; its folder is kept")
}

async fn all(plan: &Plan, stage: &Stage, report: &mut Report) -> anyhow::Result<()> {
    let mut rounds = Rounds::new(plan, stage);
    for n in 1..=plan.rounds {
        let last = n == plan.rounds;
        rounds.run(n, last || n.is_multiple_of(plan.settle_every), report).await?;
        report.rounds = n;
        if stage.watch.violations() > 0 {
            eprintln!("stopped after round {n}: a promise was broken");
            break;
        }
    }
    aftermath(stage, report).await
}

/// The data as the last start left it must tell the same story again.
async fn aftermath(stage: &Stage, report: &mut Report) -> anyhow::Result<()> {
    let config = stage.folder.config();
    let with_config = |words: &[&str]| {
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        all.extend(["--config".to_owned(), config.display().to_string()]);
        all
    };
    let (ok, said) = process::command(&stage.charla, &with_config(&["replay", "--all"])).await?;
    checked(stage, report, "replay --all", ok, &said);
    // Older engines have no such command; then there is nothing to ask.
    let help = ["journal", "verify", "--help"].map(str::to_owned);
    if process::command(&stage.charla, &help).await?.0 {
        let (ok, said) = process::command(&stage.charla, &with_config(&["journal", "verify"])).await?;
        checked(stage, report, "journal verify", ok, &said);
    }
    Ok(())
}

fn checked(stage: &Stage, report: &mut Report, what: &str, ok: bool, said: &str) {
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
    report.checks.push(format!("charla {what}: {last}"));
    if !ok {
        stage.watch.report(Kind::Engine, format!("`charla {what}` failed: {}", tail(said, 1_500)));
    }
}

/// The last so many bytes of a text, from a line's beginning where there is one.
pub(crate) fn tail(text: &str, most: usize) -> &str {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let cut = &text[from..];
    if from == 0 { cut } else { cut.split_once('\n').map_or(cut, |(_, rest)| rest) }
}

/// Where a path is, for people.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
