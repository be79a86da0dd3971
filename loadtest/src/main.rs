//! The command line of the world: parts of it on their own.

mod cli;

use anyhow::Context;
use charla_loadtest::sim::{BusinessNumber, Limits, Options, Simulator};
use charla_loadtest::{signals, talk};
use clap::{Args, Parser, Subcommand};
use std::{net::TcpListener, process::ExitCode};

/// As the engine's: customers share the machine with what they measure.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
#[command(name = "charla-loadtest", version, about = "The world that Charla is played against")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the WhatsApp simulator with its phone page.
    Simulate(Simulate),
    /// Let many customers write at once, judge every answer, and measure.
    Run(Box<cli::Run>),
    /// Kill an engine again and again, and judge whether it kept its promises.
    Crash(cli::Crash),
    /// Put two load runs side by side: what got worse, what better.
    Compare(cli::Compare),
    /// Measure Charla and Rasa with the same conversation, in one run on this machine.
    SideBySide(cli::SideBySide),
    /// Let customers talk to a running engine, and print how long its answers took.
    Talk(Talk),
}

#[derive(Args)]
struct Talk {
    /// Address of the simulator.
    #[arg(long, default_value = "http://127.0.0.1:8081")]
    simulator: String,
    /// Conversations.
    #[arg(long, default_value_t = 1000)]
    customers: u32,
    /// Customers who talk at the same time.
    #[arg(long, default_value_t = 4)]
    at_once: usize,
    /// What each one writes after the consent; may be given several times.
    #[arg(long = "text", default_values = ["do you have Samsung phones under 30000", "is the iPhone 15 available at 110001?"])]
    texts: Vec<String>,
}

#[derive(Args)]
struct Simulate {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: String,
    /// Address of the engine.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    engine: String,
    /// Address of the demo shop.
    #[arg(long)]
    shop: Option<String>,
    /// Signs webhooks.
    #[arg(long, env = "CHARLA_APP_SECRET", default_value = "app-secret", hide_env_values = true)]
    app_secret: String,
    /// Shown in the verification handshake.
    #[arg(long, env = "CHARLA_VERIFY_TOKEN", default_value = "verify-token", hide_env_values = true)]
    verify_token: String,
    /// Bearer token of Graph requests.
    #[arg(long, env = "CHARLA_ACCESS_TOKEN", default_value = "access-token", hide_env_values = true)]
    access_token: String,
    /// A business number as `phone_number_id:display:country:name`; may be given several times.
    #[arg(long = "number", default_value = "106540352242922:919810000000:IN:Charla Store")]
    numbers: Vec<String>,
    /// Messages a second and number that Graph takes; 0 for any.
    #[arg(long, default_value_t = 80)]
    throughput: u32,
    /// Messages that a pair may have on credit; 0 for any.
    #[arg(long, default_value_t = 45)]
    pair_burst: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    match Cli::parse().command {
        Command::Simulate(arguments) => simulate(arguments).await?,
        Command::Run(arguments) => return arguments.run().await,
        Command::Crash(arguments) => return unless_interrupted(arguments.run()).await,
        Command::Compare(arguments) => return arguments.run(),
        Command::SideBySide(arguments) => return unless_interrupted(arguments.run()).await,
        Command::Talk(Talk { simulator, customers, at_once, texts }) => {
            let outcome = talk::run(&talk::Plan { simulator, customers, at_once, texts }).await?;
            println!(
                "{} replies, {} unanswered; milliseconds: p50 {:.1}, p99 {:.1}, longest {:.1}",
                outcome.replies_ms.len(),
                outcome.unanswered,
                outcome.quantile(0.5),
                outcome.quantile(0.99),
                outcome.quantile(1.0)
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something to its end, or leaves it where Ctrl-C or SIGTERM comes first: dropped, it takes its processes along.
async fn unless_interrupted(
    work: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    tokio::select! {
        done = work => done,
        () = signals::interrupted() => anyhow::bail!("interrupted"),
    }
}

async fn simulate(arguments: Simulate) -> anyhow::Result<()> {
    let listener = TcpListener::bind(&arguments.listen)
        .with_context(|| format!("CHARLA-E5016: {} cannot be listened on; is it taken?", arguments.listen))?;
    let numbers = arguments.numbers.iter().map(|text| number(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let engine = arguments.engine.trim_end_matches('/').to_owned();
    let simulator = Simulator::start(Options {
        engine_webhook_url: format!("{engine}/webhooks/whatsapp"),
        app_secret: arguments.app_secret,
        verify_token: arguments.verify_token,
        access_token: arguments.access_token,
        numbers,
        engine_url: Some(engine),
        shop_url: arguments.shop,
        limits: Limits {
            throughput: arguments.throughput,
            pair_burst: arguments.pair_burst,
            ..Limits::default()
        },
        ..Options::new(listener)
    })
    .await?;
    println!("phone page   {}", simulator.url());
    tokio::signal::ctrl_c().await?;
    simulator.stop().await;
    Ok(())
}

fn number(text: &str) -> anyhow::Result<BusinessNumber> {
    let mut parts = text.splitn(4, ':').map(str::to_owned);
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let (Some(phone_number_id), Some(display_phone_number), Some(country), Some(name)) =
        (part(), part(), part(), part())
    else {
        anyhow::bail!("CHARLA-E5017: `{text}` is not a number; write phone_number_id:display:country:name");
    };
    Ok(BusinessNumber { phone_number_id, display_phone_number, name, country })
}
