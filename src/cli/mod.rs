//! The command line.

mod backup;
mod chat;
mod check;
mod demo;
mod erase;
mod journal;
mod models;
mod nlu;
mod replay;
mod serve;
mod train;

use clap::{Parser, Subcommand};

/// Charla answers a company's customers on WhatsApp.
#[derive(Debug, Parser)]
#[command(name = "charla", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves one or more WhatsApp Business numbers.
    Serve(serve::Serve),
    /// Starts a shop, a WhatsApp simulator with a phone page, and the engine, on this machine alone.
    Demo(demo::Demo),
    /// Trains understanding from the shop's examples.
    Train(train::Train),
    /// The encoder and its runtime.
    #[command(subcommand)]
    Models(models::Models),
    /// Understanding on the command line.
    #[command(subcommand)]
    Nlu(nlu::Nlu),
    /// Lints the whole configuration and runs its conversation tests.
    Check(check::Check),
    /// Talks to the assistant in the terminal.
    Chat(chat::Chat),
    /// Shows how a conversation came to be what it is, and checks that its journal replays to the same state.
    Replay(replay::Replay),
    /// The journal at rest.
    #[command(subcommand)]
    Journal(journal::Journal),
    /// Writes all conversations into one file, as of one moment, while the engine serves or while it is stopped.
    Backup(backup::Backup),
    /// Makes a data folder from a backup.
    Restore(backup::Restore),
    /// Removes everything of one person: conversations at all numbers, names, snapshots; while the engine serves or while it is
    /// stopped.
    Erase(erase::Erase),
}

/// Runs the command; returns the process's exit status.
///
/// # Errors
/// With a message for people.
pub fn run(cli: Cli) -> anyhow::Result<std::process::ExitCode> {
    // The one TLS provider of the process; a second call (none here) would only say so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command {
        Command::Serve(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Train(command) => command.run(),
        Command::Models(command) => command.run(),
        Command::Nlu(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Chat(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Journal(command) => command.run(),
        Command::Backup(command) => command.run(),
        Command::Restore(command) => command.run(),
        Command::Erase(command) => command.run(),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Waits for Ctrl-C or SIGTERM.
async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
