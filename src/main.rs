//! The `charla` command.

use clap::Parser;
use std::process::ExitCode;

/// glibc's allocator costs the committer's thread a fifth of its time, mimalloc a hundred MiB (docs/adr/0019-jemalloc.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    end_with_reader();
    match charla::cli::run(charla::cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever reads the output may have had enough (`charla replay --list | head`): that ends the command and is no failure. Rust
/// ignores the signal for it and panics at the next line instead.
fn end_with_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<String>();
        if text.is_some_and(|text| text.starts_with("failed printing to stdout: Broken pipe")) {
            std::process::exit(0);
        }
        usual(panic);
    }));
}
