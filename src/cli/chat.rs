//! `charla chat`: the demo in the terminal. The same parts as on the phone page: shop, simulator, engine.

mod screen;

use crate::{demo, run::Running, telemetry};
use charla_loadtest::sim::{
    From,
    client::{ClientError, CustomerClient, SimClient},
};
use clap::Args;
use screen::Screen;
use std::{
    io::{IsTerminal, Write},
    net::TcpListener,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

/// Talks to the assistant in the terminal.
#[derive(Debug, Args)]
pub struct Chat {
    /// The customer, by WhatsApp id.
    #[arg(long = "as", value_name = "WA_ID", default_value = "447700900001")]
    customer: String,
    /// The business number written to, by its `phone_number_id`; without it the shop's of the customer's country.
    #[arg(long)]
    number: Option<String>,
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
/// Longest wait for the first message of an answer while the bot is typing.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest wait for it while it is not.
const NOT_TYPING: Duration = Duration::from_secs(3);
/// How long one request for unexpected messages (a reminder) waits at the simulator.
const POLL: Duration = Duration::from_secs(30);

impl Chat {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        // Between the lines of a chat only what is wrong is worth a line.
        telemetry::init_logs_from(telemetry::LogFormat::Text, "warn");
        let scratch = scratch()?;
        let folder = self.data.clone().unwrap_or_else(|| scratch.clone());
        let runtime = super::runtime()?;
        let result = runtime.block_on(self.talk(&folder));
        // A read of the terminal that nobody waits for any more would hold up an orderly shutdown.
        runtime.shutdown_background();
        // Only what this very process made.
        let _ = std::fs::remove_dir_all(&scratch);
        result?;
        Ok(ExitCode::SUCCESS)
    }

    /// The business number that this customer would write to.
    fn number(&self) -> &str {
        match &self.number {
            Some(number) => number,
            None if self.customer.starts_with("34") => demo::NUMBER_ES,
            None if self.customer.starts_with("52") => demo::NUMBER_MX,
            None => demo::NUMBER_IN,
        }
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
        let client = client.to_number(self.number());
        let terminal = console::Term::stdout();
        let mut phone = Phone {
            client,
            screen: Screen::new(usize::from(terminal.size().1), terminal.is_term()),
            lines: BufReader::new(tokio::io::stdin()).lines(),
            interactive: terminal.is_term() && std::io::stdin().is_terminal(),
            seen: 0,
        };
        println!("You are {} and write to {}.", self.customer, self.number());
        println!("A letter chooses a button or row; Ctrl-D ends.");
        let result = tokio::select! {
            result = phone.talk() => result.map_err(anyhow::Error::from),
            signalled = super::stop_signal() => signalled,
        };
        running.stop().await;
        world.stop().await;
        result
    }
}

/// The customer's phone.
struct Phone {
    client: CustomerClient,
    screen: Screen,
    lines: Lines<BufReader<Stdin>>,
    /// Somebody types; else the lines come from a file and are shown with their answers.
    interactive: bool,
    seen: u64,
}

#[derive(Debug, thiserror::Error)]
enum PhoneError {
    #[error(transparent)]
    Simulator(#[from] ClientError),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
}

impl Phone {
    async fn talk(&mut self) -> Result<(), PhoneError> {
        loop {
            self.prompt()?;
            let Some(line) = self.next_line().await? else {
                println!();
                return Ok(());
            };
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            if !self.interactive {
                println!("\n> {line}");
            }
            if self.write(line).await? {
                self.answer().await?;
            }
        }
    }

    fn prompt(&self) -> std::io::Result<()> {
        if self.interactive {
            print!("\n> ");
            std::io::stdout().flush()?;
        }
        Ok(())
    }

    /// The next line that the customer types; what the business writes meanwhile is shown.
    async fn next_line(&mut self) -> Result<Option<String>, PhoneError> {
        loop {
            let new = tokio::select! {
                line = self.lines.next_line() => return Ok(line?),
                view = self.client.thread(self.seen, POLL), if self.interactive => view?.messages,
            };
            if new.iter().any(|m| m.from == From::Business) {
                // Over the prompt; what has been typed so far is still in the terminal's line.
                print!("\r");
            }
            if self.show(&new) {
                self.prompt()?;
            }
        }
    }

    /// Sends a line; whether the simulator took it.
    async fn write(&mut self, line: &str) -> Result<bool, PhoneError> {
        let sent = match self.screen.chosen(line) {
            Some(choice) => {
                println!("  ({})", choice.title);
                match choice.row {
                    true => self.client.choose(&choice.id).await,
                    false => self.client.tap(&choice.id).await,
                }
            }
            None => self.client.say(line).await,
        };
        match sent {
            Ok(_) => {
                self.screen.wrote();
                Ok(true)
            }
            Err(ClientError::Refused { message, .. }) => {
                println!("  (not sent: {message})");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Shows the answer, until nothing more comes.
    async fn answer(&mut self) -> Result<(), PhoneError> {
        let begun = Instant::now();
        let mut answered = false;
        loop {
            let view = self.client.thread(self.seen, SETTLED).await?;
            let came = self.show(&view.messages);
            answered |= came;
            let patience = if view.typing { PATIENCE } else { NOT_TYPING };
            if answered && !came && view.messages.is_empty() {
                return Ok(());
            }
            if !answered && begun.elapsed() > patience {
                println!("\n  (no answer; who waits for a person or has one is answered by that person)");
                return Ok(());
            }
        }
    }

    /// Shows what the business wrote; whether it wrote at all.
    fn show(&mut self, messages: &[charla_loadtest::sim::Message]) -> bool {
        let mut wrote = false;
        for message in messages {
            self.seen = message.n;
            if message.from == From::Business {
                wrote = true;
                print!("{}", self.screen.show(message));
            }
        }
        wrote
    }
}

/// A folder of this process's own.
fn scratch() -> anyhow::Result<PathBuf> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes)?;
    let folder = std::env::temp_dir().join(format!("charla-chat-{}", hex::encode(bytes)));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}
