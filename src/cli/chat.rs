//! `charla chat`: the demo in the terminal. The same parts as on the phone page: shop, simulator, engine.

use crate::{demo, run::Running, telemetry};
use charla_loadtest::sim::{From, Message, client::SimClient};
use clap::Args;
use std::{net::TcpListener, path::PathBuf, process::ExitCode, time::Duration};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Talks to the assistant in the terminal.
#[derive(Debug, Args)]
pub struct Chat {
    /// The customer, by WhatsApp id.
    #[arg(long = "as", default_value = "447700900001")]
    customer: String,
    /// Folder of the assistant.
    #[arg(long, default_value = "config")]
    assistant: PathBuf,
    /// Folder kept between chats; without it, every chat begins anew.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The n-gram model alone.
    #[arg(long)]
    no_encoder: bool,
}

/// Silence after which the answer counts as complete.
const SETTLED: Duration = Duration::from_millis(700);
/// Longest wait for the first message of an answer.
const PATIENCE: Duration = Duration::from_secs(15);

impl Chat {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::init_logs(telemetry::LogFormat::Text);
        let scratch = scratch()?;
        let folder = self.data.clone().unwrap_or_else(|| scratch.clone());
        let result = super::runtime()?.block_on(self.talk(&folder));
        // Only what this very process made.
        let _ = std::fs::remove_dir_all(&scratch);
        result?;
        Ok(ExitCode::SUCCESS)
    }

    async fn talk(&self, folder: &std::path::Path) -> anyhow::Result<()> {
        let listen = || super::serve::bind("127.0.0.1:0");
        let (engine, sim, shop) = (listen()?, listen()?, listen()?);
        let port = |l: &TcpListener| l.local_addr().map(|a| a.port());
        let ports = [port(&engine)?, port(&sim)?, port(&shop)?];
        let plan = demo::Plan::with_ports(folder, &self.assistant, ports, !self.no_encoder)?;
        let world = plan.start_world(sim, shop).await?;
        let running = Running::start(plan.settings()?, engine).await?;
        let client = SimClient::new(&format!("http://127.0.0.1:{}", ports[1]))?.customer(&self.customer);
        println!("Write as {} would; a number chooses a button or row, Ctrl-D ends.", self.customer);
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let mut seen = 0;
        let mut choices: Vec<(bool, String)> = Vec::new();
        while let Some(line) = lines.next_line().await? {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let chosen = line.parse::<usize>().ok().and_then(|n| choices.get(n.wrapping_sub(1)));
            match chosen {
                Some((true, id)) => client.choose(id).await?,
                Some((false, id)) => client.tap(id).await?,
                None => client.say(line).await?,
            };
            let mut wait = PATIENCE;
            loop {
                let new = client.thread(seen, wait).await?.messages;
                if new.is_empty() {
                    break;
                }
                for message in &new {
                    seen = message.n;
                    if message.from == From::Business {
                        wait = SETTLED;
                        show(message, &mut choices);
                    }
                }
            }
        }
        running.stop().await;
        world.stop().await;
        Ok(())
    }
}

fn show(message: &Message, choices: &mut Vec<(bool, String)>) {
    println!();
    for line in message.content.text.lines() {
        println!("  │ {line}");
    }
    if !message.content.buttons.is_empty() || !message.content.rows.is_empty() {
        choices.clear();
    }
    for button in &message.content.buttons {
        choices.push((false, button.id.clone()));
        println!("  │ [{}] {}", choices.len(), button.title);
    }
    for row in &message.content.rows {
        choices.push((true, row.id.clone()));
        let description = &row.description;
        println!("  │ [{}] {}  {description}", choices.len(), row.title);
    }
    println!();
}

/// A folder of this process's own.
fn scratch() -> anyhow::Result<PathBuf> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes)?;
    let folder = std::env::temp_dir().join(format!("charla-chat-{}", hex::encode(bytes)));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}
