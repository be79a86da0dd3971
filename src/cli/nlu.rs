//! `charla nlu …`: understanding on the command line.

use crate::understanding::Trainer;
use anyhow::Context;
use charla_models::{
    Model,
    data::{self, Dataset},
    encoder::Kind,
    eval::{self, BenchOptions},
    pool::ParseRequest,
    progress::Bars,
    train::tune,
    values,
};
use clap::{Args, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Understanding on the command line.
#[derive(Debug, Subcommand)]
pub enum Nlu {
    /// Shows what a text is understood as.
    Parse {
        /// The text.
        text: String,
        /// When it was written, in the shop's civil time (`2026-11-25T14:00`). Default: now, on this machine's clock.
        #[arg(long)]
        now: Option<jiff::civil::DateTime>,
        #[command(flatten)]
        which: Which,
    },
    /// Measures the shop's model on labelled messages.
    Eval {
        /// Labelled messages, one JSON object a line.
        #[arg(long)]
        data: PathBuf,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// Lists the messages that were not understood.
        #[arg(long)]
        misses: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Trains on one labelled set and tests on another.
    Bench {
        /// Training set (`.jsonl` or Rasa YAML).
        #[arg(long)]
        train: PathBuf,
        /// Development set: calibrated on instead of on a part of the training set, never trained on.
        #[arg(long)]
        dev: Option<PathBuf>,
        /// Test set.
        #[arg(long)]
        test: PathBuf,
        /// Leaves the encoder's last layers as they are, as `charla train` does: many times faster.
        #[arg(long)]
        frozen: bool,
        /// Only rows of this language.
        #[arg(long)]
        lang: Option<String>,
        /// So many training rows of each intent, and no stories.
        #[arg(long)]
        shots: Option<usize>,
        /// So many training rows in all, and no stories.
        #[arg(long)]
        limit: Option<usize>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Shows what two models answer differently on labelled or plain messages: intents and entities.
    Diff {
        /// Folder of a trained model.
        a: PathBuf,
        /// Folder of another.
        b: PathBuf,
        /// Messages, one JSON object with a `text` a line.
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        which: Which,
    },
}

/// Which model.
#[derive(Debug, Args)]
pub struct Which {
    /// Folder of the shop's examples.
    #[arg(long = "examples", default_value = "config/nlu")]
    examples: PathBuf,
    /// Cache folder. Default: `$CHARLA_CACHE`, else `charla` in the user's cache folder.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// The n-gram model alone.
    #[arg(long)]
    no_encoder: bool,
    /// The encoder: `multilingual`, or `english` for examples in English only.
    #[arg(long, default_value_t, conflicts_with = "no_encoder")]
    encoder: Kind,
}

impl Which {
    fn trainer(&self) -> Trainer {
        Trainer::new(self.examples.clone(), self.cache.clone()).with(self.encoder)
    }

    fn encoder(
        &self,
        trainer: &Trainer,
    ) -> Option<std::sync::Arc<dyn charla_models::encoder::EncoderSource>> {
        if self.no_encoder { None } else { trainer.encoder_or_warn(&Bars::default()) }
    }

    /// The model that fits, pulled and trained first if nothing does.
    fn model(&self) -> anyhow::Result<(Model, Option<f64>)> {
        let trainer = self.trainer();
        let made = trainer.make(self.encoder(&trainer), &Bars::default())?;
        Ok((made.model, made.report.map(|r| r.train_s)))
    }
}

impl Nlu {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Nlu::Parse { text, now, which } => {
                let (model, _) = which.model()?;
                let now = now.or_else(|| Some(jiff::Zoned::now().datetime()));
                let request = ParseRequest { text, now, ..ParseRequest::default() };
                let mut parse = eval::parse(&model, &request)?;
                values::settle(&mut parse, &request, None);
                println!("{}", serde_json::to_string_pretty(&parse)?);
            }
            Nlu::Eval { data, json, misses, which } => {
                let rows = Dataset::read(&data)?.examples;
                anyhow::ensure!(!rows.is_empty(), "CHARLA-E4013: {} holds no messages", data.display());
                let (model, train_s) = which.model()?;
                let (report, missed) = eval::evaluate(&model, &rows, train_s)?;
                print_report(&report, json)?;
                if misses {
                    for miss in missed {
                        eprintln!("{}", serde_json::to_string(&miss)?);
                    }
                }
            }
            Nlu::Bench { train, dev, test, frozen, lang, shots, limit, json, which } => {
                let trainer = which.trainer();
                let encoder = which.encoder(&trainer);
                let dev = dev.map(|dev| Dataset::read(&dev)).transpose()?;
                let bench = BenchOptions { lang, shots, limit };
                let mut options = trainer.options.clone();
                if !frozen {
                    options.tune = Some(tune::Options::default());
                }
                let (report, _) = eval::bench(
                    &Dataset::read(&train)?,
                    dev.as_ref(),
                    &Dataset::read(&test)?,
                    &bench,
                    encoder,
                    &options,
                    &Bars::default(),
                )?;
                print_report(&report, json)?;
            }
            Nlu::Diff { a, b, data, which } => diff(&a, &b, &data, &which)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print_report(report: &eval::EvalReport, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    println!("messages {}", report.n);
    println!(
        "intent accuracy {:.4}   entity F1 {:.4}   ECE {:.4}",
        report.intent_accuracy, report.entity_f1, report.ece
    );
    println!(
        "at {:.2}: answered {:.3}, right among them {:.3}",
        report.at_threshold.threshold, report.at_threshold.answered, report.at_threshold.accuracy_answered
    );
    println!("parse p50 {} µs, p99 {} µs", report.parse_us.p50, report.parse_us.p99);
    for (language, l) in &report.by_lang {
        println!(
            "  {language:<8} n {:>5}  intents {:.4}  entities {:.4}  ECE {:.4}",
            l.n, l.intent_accuracy, l.entity_f1, l.ece
        );
    }
    Ok(())
}

fn diff(
    a: &std::path::Path,
    b: &std::path::Path,
    messages: &std::path::Path,
    which: &Which,
) -> anyhow::Result<()> {
    let trainer = which.trainer();
    let load = |folder: &std::path::Path| {
        charla_models::artefact::load(folder, which.encoder(&trainer))
            .with_context(|| format!("the model in {}", folder.display()))
    };
    let (first, second) = (load(a)?, load(b)?);
    let texts = data::messages(messages)?;
    let mut different = 0usize;
    for text in &texts {
        let request = ParseRequest { text: text.clone(), ..ParseRequest::default() };
        let (x, y) = (eval::parse(&first, &request)?, eval::parse(&second, &request)?);
        let Some(difference) = eval::difference(&x, &y) else { continue };
        different += 1;
        let [x, y] = difference.intents;
        println!("{:<24} {:.2}  {:<24} {:.2}  {text}", x.0, x.1, y.0, y.1);
        if let Some([x, y]) = difference.entities {
            println!("    {}  |  {}", x.join(", "), y.join(", "));
        }
    }
    println!("{different} of {} answered differently", texts.len());
    Ok(())
}
