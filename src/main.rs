//! The `charla` command.

use clap::Parser;
use std::process::ExitCode;

/// glibc's allocator costs the committer's thread a fifth of its time (docs/adr/0015-mimalloc.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match charla::cli::run(charla::cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
