//! `charla-loadtest compare`.

use anyhow::Context;
use charla_loadtest::load::report;
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// Put two load runs side by side.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The first run's report.json, or its folder.
    #[arg(value_name = "A.json")]
    a: PathBuf,
    /// The second one's, to be judged against the first.
    #[arg(value_name = "B.json")]
    b: PathBuf,
    /// A folder for the page, compare.html.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

impl Compare {
    /// Prints the table, and writes the page if there is a folder for it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (a, b) = (report::read(&self.a)?, report::read(&self.b)?);
        println!("{}", report::compare(&a, &b));
        if let Some(dir) = self.report {
            let page = report::write_comparison(&a, &b, &dir).with_context(|| {
                format!(
                    "CHARLA-E5453: {} cannot be written; is it a folder that may be written to?",
                    dir.display()
                )
            })?;
            println!("page: {}", page.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}
