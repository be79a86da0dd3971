//! The `charla` command.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match charla::cli::run(charla::cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
