//! `charla journal`.

use crate::bot::Bot;
use anyhow::Context;
use charla_actors::inspect::Inspector;
use clap::{Args, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// What is done to a journal at rest.
#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Checks every record's checksum and that all tables agree with each other.
    Verify(Verify),
}

/// See [`Journal::Verify`].
#[derive(Debug, Args)]
pub struct Verify {
    /// Settings file; names the data folder.
    #[arg(long, default_value = "config/charla.yml")]
    config: PathBuf,
    /// Data folder; overrides `data_dir`.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Journal {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Verify(verify) = self;
        let options = super::backup::options(&verify.config, verify.data)?;
        let inspector = Inspector::<Bot>::open(&options).context(
            "the journal opens only while no engine runs on it; `charla backup` copies a running one's",
        )?;
        let found = inspector.verify()?;
        for finding in &found.findings {
            println!("{finding}");
        }
        println!("{} records, {} other rows, {} findings", found.records, found.rows, found.findings.len());
        Ok(if found.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
