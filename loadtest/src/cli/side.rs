//! `charla-loadtest side-by-side`.

use anyhow::Context;
use charla_loadtest::side::{self, Plan, Variant};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// Measure Charla and Rasa with the same conversation, in one run on this machine.
#[derive(Debug, Args)]
pub(crate) struct SideBySide {
    /// Rounds of every side; they take turns.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds measured in each round.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seconds before they are measured.
    #[arg(long, default_value_t = 5)]
    warm_up: u64,
    /// Conversations at the same time.
    #[arg(long, default_value_t = 64)]
    conversations: usize,
    /// Rasa's pipelines.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["default", "lean"])]
    variants: Vec<Variant>,
    /// Rasa's program, or the folder of its Python environment. By default what --install has made, else `rasa` on the path.
    #[arg(long, env = "RASA")]
    rasa: Option<PathBuf>,
    /// Installs Rasa with Python 3.10 and pip into the cache folder, where it is missing.
    #[arg(long)]
    install: bool,
    /// The engine; by default the `charla` beside this program.
    #[arg(long)]
    charla: Option<PathBuf>,
    /// Folder of the demo's assistant.
    #[arg(long, default_value = "config")]
    assistant: PathBuf,
    /// Folder of Rasa, its projects and models; by default `side-by-side` in Charla's cache folder.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Examples of each intent and language that Rasa is trained with.
    #[arg(long, default_value_t = 10)]
    examples: usize,
    /// Epochs of Rasa's training; more do not change how fast it serves.
    #[arg(long, default_value_t = 20)]
    epochs: u32,
    /// Decides who writes what.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl SideBySide {
    /// Runs it: the table and the ratios on standard output.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let report = side::run(&Plan {
            charla: self.charla,
            assistant: self.assistant,
            rasa: self.rasa,
            install: self.install,
            cache: self.cache,
            variants: self.variants,
            rounds: self.rounds,
            seconds: self.seconds,
            warm_up_s: self.warm_up,
            conversations: self.conversations,
            examples: self.examples,
            epochs: self.epochs,
            seed: self.seed,
        })
        .await?;
        if let Some(path) = self.json {
            std::fs::write(&path, serde_json::to_string_pretty(&report)?)
                .with_context(|| format!("CHARLA-E5507: {} cannot be written", path.display()))?;
        }
        println!("{report}\n{}", report.verdict());
        Ok(ExitCode::SUCCESS)
    }
}
