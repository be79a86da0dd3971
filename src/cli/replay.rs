//! `charla replay`.

use crate::{assistant, bot::Bot, settings::Settings};
use anyhow::Context;
use charla_actors::{
    inspect::Inspector,
    session::ConversationId,
    snapshot::sled::{Roll, SledSnapshots},
};
use clap::Args;
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

/// Shows how a conversation came to be what it is, and checks that its journal replays to the same state.
#[derive(Debug, Args)]
pub struct Replay {
    /// The conversation, `person@number`, as the agents' API names it.
    #[arg(required_unless_present_any = ["all", "list"])]
    id: Option<String>,
    /// All conversations, and their snapshots against the journal; prints totals and what differs.
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// Names of all conversations, one a line.
    #[arg(long, conflicts_with_all = ["id", "all"])]
    list: bool,
    /// Stops after this record.
    #[arg(long)]
    at: Option<u64>,
    /// Settings file; names the data folder and the assistant.
    #[arg(long, default_value = "config/charla.yml")]
    config: PathBuf,
    /// Data folder; overrides `data_dir`.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Prints the state alone, as JSON; what the check found goes to standard error.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = Settings::load(&self.config)?;
        let mut options = settings.engine.clone();
        options.data_dir = self.data.unwrap_or(settings.data_dir);
        let inspector = Inspector::<Bot>::open(&options)
            .context("the journal opens only while no engine runs on it; a running one answers /api/v1/conversations/{id}/journal")?;
        if self.list {
            for id in inspector.conversations(usize::MAX, None)? {
                println!("{id}");
            }
            return Ok(ExitCode::SUCCESS);
        }
        // With the assistant the stronger check: turns pinned to this very version are decided again and compared.
        let bot = assistant::load(&settings.assistant_dir).ok().map(|a| Bot::new(Arc::new(a)));
        if self.all {
            let total = inspector.replay_all(bot.as_ref())?;
            for (id, difference) in &total.differences {
                println!("{id}: record {}: {}", difference.seq, difference.what);
            }
            println!(
                "{} conversations, {} records, {} turns, {} decided again, {} differences",
                total.conversations,
                total.records,
                total.turns,
                total.decided,
                total.differences.len()
            );
            let snapshots = options.data_dir.join("snapshots");
            let mut equal = total.differences.is_empty();
            if snapshots.exists() {
                let store = SledSnapshots::open(&snapshots, Duration::ZERO, Roll::default())?;
                let found = inspector.compare(&store)?;
                for (id, difference) in &found.differences {
                    println!("{id}: its snapshot: {difference}");
                }
                println!(
                    "{} snapshots equal, {} older than the journal, {} unreadable, {} differences",
                    found.equal,
                    found.stale,
                    found.unreadable,
                    found.differences.len()
                );
                equal &= found.differences.is_empty();
            }
            return Ok(if equal { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let id: ConversationId = self.id.unwrap_or_default().parse()?;
        let last = self.at.unwrap_or(u64::MAX);
        let history = inspector.history(&id, 0, usize::MAX)?;
        if history.is_empty() {
            anyhow::bail!(
                "CHARLA-E2103: the journal has no conversation {id}; `charla replay --list` names them"
            );
        }
        for (seq, record) in history.iter().filter(|(seq, _)| *seq <= last && !self.json) {
            println!("{seq:>6}  {}", serde_json::to_string(record)?);
        }
        let replay = inspector.replay_until(&id, bot.as_ref(), last)?;
        let state = serde_json::to_string_pretty(&replay.state)?;
        let mut found = format!(
            "{} records, {} turns decided again, {} differences",
            replay.records,
            replay.decided,
            replay.differences.len()
        );
        for difference in &replay.differences {
            found.push_str(&format!("\n  record {}: {}", difference.seq, difference.what));
        }
        if self.json {
            println!("{state}");
            eprintln!("{found}");
        } else {
            println!(" state  {state}\n{found}");
        }
        Ok(if replay.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
