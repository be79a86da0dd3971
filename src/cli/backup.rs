//! `charla backup` and `charla restore`.

use crate::{
    bot::Bot,
    control::{self, Answer, Request},
    settings::Settings,
};
use anyhow::Context;
use charla_actors::{
    backup::{self, Amount},
    clock::{Clock, SystemClock},
    inspect::Inspector,
};
use clap::Args;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// Writes all conversations into one file, as of one moment, while the engine serves or while it is stopped.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file; its folder must be there. It has personal data in it and can be read by its owner alone.
    file: PathBuf,
    /// Settings file; names the data folder.
    #[arg(long, default_value = "config/charla.yml")]
    config: PathBuf,
    /// Data folder; overrides `data_dir`.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// Makes a data folder from a backup.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    file: PathBuf,
    /// Settings file; names the data folder.
    #[arg(long, default_value = "config/charla.yml")]
    config: PathBuf,
    /// Data folder; overrides `data_dir`. Must have no journal.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// Options of the store in the folder that is meant.
pub(super) fn options(config: &Path, data: Option<PathBuf>) -> anyhow::Result<charla_actors::Options> {
    // With a folder named, no settings are needed: a restore on a bare machine comes before its configuration.
    if let Some(data) = data {
        return Ok(charla_actors::Options::in_dir(data));
    }
    let settings = Settings::load(config)?;
    let mut options = settings.engine;
    options.data_dir = settings.data_dir;
    Ok(options)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn amounts(amount: Amount) -> String {
    format!("{} rows, {}", HumanCount(amount.rows), HumanBytes(amount.bytes))
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let options = options(&self.config, self.data)?;
        let file = std::path::absolute(&self.file)?;
        let bar = bar();
        let told = |amount: Amount| bar.set_message(amounts(amount));
        // A socket that nobody listens on was left by an engine that was killed.
        let (amount, how) = match UnixStream::connect(control::place(&options.data_dir)) {
            Ok(stream) => (ask(stream, &file, &told)?, "the engine went on serving"),
            Err(_) => {
                let inspector = Inspector::<Bot>::open(&options).context(
                    "no engine answers on the data folder's control socket, and its journal does not open",
                )?;
                (
                    inspector.backup(&file, SystemClock::default().now(), &mut |it| told(it))?,
                    "no engine was running",
                )
            }
        };
        bar.finish_and_clear();
        println!("{}: {} ({how})", file.display(), amounts(amount));
        Ok(ExitCode::SUCCESS)
    }
}

/// Asks a running engine, and returns what it answers, one after the other.
pub(super) fn answers(
    mut stream: UnixStream,
    request: &Request,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Answer>>> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    Ok(BufReader::new(stream).lines().map(|line| Ok(serde_json::from_str(&line?)?)))
}

fn ask(stream: UnixStream, file: &Path, told: &dyn Fn(Amount)) -> anyhow::Result<Amount> {
    for answer in answers(stream, &Request::Backup(file.to_owned()))? {
        match answer? {
            Answer::Progress(amount) => told(amount),
            Answer::Done(amount) => return Ok(amount),
            Answer::Error(error) => anyhow::bail!("the engine could not write it: {error}"),
            Answer::Found(_) | Answer::Erased(..) => anyhow::bail!("the engine answered something else"),
        }
    }
    anyhow::bail!("the engine ended before the backup was written")
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let options = options(&self.config, self.data)?;
        let bar = bar();
        let now = SystemClock::default().now();
        let told = &mut |amount| bar.set_message(amounts(amount));
        let (header, amount) = backup::restore::<Bot>(&self.file, &options, now, told)?;
        bar.finish_and_clear();
        let created = jiff::Timestamp::from_millisecond(header.created_ms).unwrap_or_default();
        println!("{}: {} of {created}", options.data_dir.display(), amounts(amount));
        println!(
            "What customers wrote after that moment is not in it. `charla journal verify` and `charla replay --all` check it."
        );
        Ok(ExitCode::SUCCESS)
    }
}
