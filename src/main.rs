//! The `charla` command.

use clap::Parser;
use std::process::ExitCode;

/// glibc's allocator costs the committer's thread a fifth of its time, mimalloc a hundred MiB (docs/adr/0019-jemalloc.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match charla::cli::run(charla::cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
