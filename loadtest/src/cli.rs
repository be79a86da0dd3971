//! `charla-loadtest crash`.

mod compare;
mod run;
mod side;

pub(crate) use compare::Compare;
pub(crate) use run::Run;
pub(crate) use side::SideBySide;

use charla_loadtest::crash::{self, Plan};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// Kill an engine again and again, and judge whether it kept its promises.
#[derive(Debug, Args)]
pub(crate) struct Crash {
    /// Rounds; the points where it dies take turns.
    #[arg(long, default_value_t = 22)]
    rounds: u32,
    /// Decides everything that is drawn; by default another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// The engine; by default the `charla` beside this program.
    #[arg(long)]
    charla: Option<PathBuf>,
    /// Customers.
    #[arg(long, default_value_t = 250)]
    customers: u32,
    /// Messages a round.
    #[arg(long, default_value_t = 1_000)]
    messages: u32,
    /// Messages a second that the customers write.
    #[arg(long, default_value_t = 600)]
    rate: u32,
    /// Everything must be settled after every so many rounds.
    #[arg(long, default_value_t = 10)]
    settle_every: u32,
    /// A new or empty folder for data and log, which stays. Otherwise they stay only after a violation.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Tries the judge instead: behind a proxy that damages what passes, every kind of damage must be found.
    #[arg(long)]
    self_test: bool,
}

impl Crash {
    /// Runs it: the table and the verdict on standard output, failure if a promise was broken.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
        let kept = if self.self_test {
            let outcome = crash::self_test(self.charla, seed).await?;
            println!("{outcome}\n{}", outcome.verdict());
            outcome.passed()
        } else {
            let report = crash::run(&Plan {
                rounds: self.rounds,
                seed,
                charla: self.charla,
                customers: self.customers,
                messages: self.messages,
                rate: self.rate,
                settle_every: self.settle_every,
                keep: self.keep,
            })
            .await?;
            println!("{report}\n{}", report.verdict());
            report.kept()
        };
        Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
