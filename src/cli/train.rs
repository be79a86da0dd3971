//! `charla train`.

use crate::understanding::Trainer;
use charla_models::{data::Dataset, data::problems, encoder::Kind, progress::Bars};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// Trains understanding from the shop's examples.
#[derive(Debug, Args)]
pub struct Train {
    /// Folder of the examples.
    #[arg(long, default_value = "config/nlu")]
    data: PathBuf,
    /// Cache folder. Default: `$CHARLA_CACHE`, else `charla` in the user's cache folder.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Trains the n-gram model alone.
    #[arg(long)]
    no_encoder: bool,
    /// The encoder: `multilingual`, or `english` for examples in English only. The engine takes such a model with
    /// `nlu.encoder: english` in its settings.
    #[arg(long, default_value_t, conflicts_with = "no_encoder")]
    encoder: Kind,
    /// Trains the encoder's last layers with the heads: takes many minutes, a little better where many intents are close.
    /// The engine takes such a model with `nlu.tune: true` in its settings.
    #[arg(long, conflicts_with = "no_encoder")]
    tune: bool,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Train {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let trainer = Trainer::new(self.data.clone(), self.cache).with(self.encoder).tuned(self.tune);
        let bars = Bars::default();
        let encoder = if self.no_encoder { None } else { trainer.encoder_or_warn(&bars) };
        let data = Dataset::read(&self.data)?;
        for problem in problems::check(&data) {
            eprintln!("note: {problem}");
        }
        if let Some(what) = self.encoder.misreads(&data).filter(|_| encoder.is_some()) {
            eprintln!("warning: {what}");
        }
        let made = trainer.make(encoder, &bars)?;
        match &made.report {
            Some(report) if self.json => println!("{}", serde_json::to_string_pretty(report)?),
            Some(report) => {
                println!(
                    "model {} from {} examples in {:.1} s",
                    report.model, report.examples, report.train_s
                );
                println!("held out:        language      n  intents  entities    ECE");
                for (tier, figures) in [("n-gram", Some(&report.ngram)), ("joint", report.joint.as_ref())] {
                    for (language, m) in figures.into_iter().flatten() {
                        println!(
                            "  {tier:<14} {language:<9} {:>5}    {:.3}     {:.3}  {:.3}",
                            m.n, m.intent_accuracy, m.entity_f1, m.ece
                        );
                    }
                }
            }
            None => println!("model {} is up to date", made.model.id()),
        }
        let place = match &made.page {
            Some(page) => format!("artefact in {}\nreport in {}", made.folder.display(), page.display()),
            None => format!(
                "artefact in {}, without a report; remove the folder and train again to get one",
                made.folder.display()
            ),
        };
        // What is read by a program holds the report alone.
        if self.json {
            eprintln!("{place}")
        } else {
            println!("{place}")
        }
        Ok(ExitCode::SUCCESS)
    }
}
