//! What the runtime takes at scale, with a trivial session and a provider that answers at once:
//! `cargo bench -p charla-actors --bench scale -- PART [FOLDER]`, PART one of `throughput`, `resident`, `restart`, `rest`,
//! `overwrite`. Figures are printed; a figure of memory is the whole process's (`VmRSS`). FOLDER is where the stores
//! go (default: a temporary folder, removed at the end); it decides what a sync costs.

use charla_actors::{
    Options,
    accept::{Address, Alias, Item, Refused},
    clock::SystemClock,
    engine::{Engine, EngineHandle},
    session::{ConversationId, Dispatch, IdempotencyKey, Performer},
    testing::{Counter, Deed, Note},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The product's allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Takes everything, and notes how long it took, where the text says when it was accepted.
#[derive(Default)]
struct Sink {
    latencies: Mutex<Vec<u64>>,
    begun: OnceLock<Instant>,
}

impl Sink {
    fn micros(&self) -> u64 {
        self.begun.get_or_init(Instant::now).elapsed().as_micros() as u64
    }
}

#[async_trait::async_trait]
impl Performer<Counter> for Sink {
    async fn perform(&self, _: &ConversationId, _: &Deed) -> Option<Note> {
        None
    }

    async fn dispatch(&self, key: &IdempotencyKey, effect: &Deed, _: u32) -> Dispatch<Note> {
        if let Deed::Say(text) = effect
            && let Some(since) = text.rsplit('@').next().and_then(|at| at.parse::<u64>().ok())
        {
            let took = self.micros().saturating_sub(since);
            if let Ok(mut latencies) = self.latencies.lock() {
                latencies.push(took);
            }
        }
        Dispatch::Settled { external_id: Some(key.to_string()), result: None }
    }
}

fn said(person: u64, text: String) -> Item<Counter> {
    let aliases = vec![Alias::Phone(format!("{:011}", 49_000_000_000 + person))];
    Item::Event {
        address: Address::Aliases { number: Arc::from("106540352242922"), aliases },
        dedup: None,
        event: Note::said(&text),
    }
}

async fn start(options: Options, sink: &Arc<Sink>) -> Result<EngineHandle<Counter>, Failure> {
    let clock = Arc::new(SystemClock::default());
    Ok(Engine::start(options, Arc::new(Counter::default()), sink.clone(), clock).await?)
}

/// Accepts a body, waiting where there is no room, as Meta would come again.
async fn accept(engine: &EngineHandle<Counter>, items: Vec<Item<Counter>>) -> Result<(), Failure> {
    loop {
        match engine.accept(items.clone()).await {
            Ok(_) => return Ok(()),
            Err(Refused::Full) => tokio::time::sleep(Duration::from_millis(2)).await,
            Err(other) => return Err(other.into()),
        }
    }
}

/// `rounds` messages for each of `persons`, in bodies of 100.
async fn fill(engine: &EngineHandle<Counter>, persons: u64, rounds: u64) -> Result<(), Failure> {
    for round in 0..rounds {
        for first in (0..persons).step_by(100) {
            let body = (first..persons.min(first + 100)).map(|person| said(person, format!("hello {round}")));
            accept(engine, body.collect()).await?;
        }
    }
    quiet(engine).await;
    Ok(())
}

async fn quiet(engine: &EngineHandle<Counter>) {
    loop {
        let stats = engine.stats();
        if stats.unhandled <= 0 && stats.outbox_depth <= 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn on_disk(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => on_disk(&entry.path()),
            // Blocks, not length: journal files are set to a length that they do not fill.
            Ok(meta) => std::os::unix::fs::MetadataExt::blocks(&meta) * 512,
            Err(_) => 0,
        })
        .sum()
}

/// Milliseconds.
fn at(sorted: &[u64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0) as f64 / 1000.0
}

/// As many messages as go through, one a body, 64 bodies at a time; then 1,000 a second, open loop.
async fn throughput(folder: &Path) -> Result<(), Failure> {
    let sink = Arc::new(Sink::default());
    sink.micros();
    let engine = start(Options::in_dir(folder), &sink).await?;
    fill(&engine, 5_000, 1).await?;
    let (total, begun) = (200_000u64, Instant::now());
    let next = Arc::new(AtomicU64::new(0));
    let clients = (0..64).map(|_| {
        let (engine, next) = (engine.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= total {
                    return Ok::<_, Failure>(());
                }
                accept(&engine, vec![said(n % 5_000, "hello".to_owned())]).await?;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    quiet(&engine).await;
    let rate = total as f64 / begun.elapsed().as_secs_f64();
    println!("throughput: {total} messages answered durably, {rate:.0} a second");

    let (seconds, per_second) = (10u64, 1_000u64);
    sink.latencies.lock().map_err(|_| "poisoned")?.clear();
    let mut acks = Vec::new();
    let begun = Instant::now();
    for n in 0..seconds * per_second {
        let due = Duration::from_micros(n * 1_000_000 / per_second);
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        let (engine, sink) = (engine.clone(), sink.clone());
        acks.push(tokio::spawn(async move {
            let since = sink.micros();
            accept(&engine, vec![said(n % 5_000, format!("hello @{since}"))]).await?;
            Ok::<_, Failure>(sink.micros() - since)
        }));
    }
    let mut took = Vec::new();
    for ack in acks {
        took.push(ack.await??);
    }
    quiet(&engine).await;
    took.sort_unstable();
    let mut replies = std::mem::take(&mut *sink.latencies.lock().map_err(|_| "poisoned")?);
    replies.sort_unstable();
    println!("at {per_second}/s: ack p50 {:.2} ms, p99 {:.2} ms", at(&took, 0.5), at(&took, 0.99));
    println!(
        "at {per_second}/s: reply p50 {:.2} ms, p99 {:.2} ms ({} replies)",
        at(&replies, 0.5),
        at(&replies, 0.99),
        replies.len()
    );
    engine.drain(Duration::from_secs(30)).await;
    Ok(())
}

/// Memory of 50,000 live conversations.
async fn resident(folder: &Path) -> Result<(), Failure> {
    let sink = Arc::new(Sink::default());
    let options = Options { resident_cap: 60_000, idle_passivation_secs: 3600, ..Options::in_dir(folder) };
    let engine = start(options, &sink).await?;
    let before = resident_mib();
    fill(&engine, 50_000, 1).await?;
    println!(
        "resident: {} live, {} MiB (engine alone {before} MiB)",
        engine.stats().resident,
        resident_mib()
    );
    engine.drain(Duration::from_secs(60)).await;
    Ok(())
}

/// A million conversations at rest, while 20,000 of them go on talking.
async fn rest(folder: &Path) -> Result<(), Failure> {
    let sink = Arc::new(Sink::default());
    let options = Options { resident_cap: 5_000, idle_passivation_secs: 5, ..Options::in_dir(folder) };
    let engine = start(options, &sink).await?;
    let begun = Instant::now();
    fill(&engine, 1_000_000, 1).await?;
    let took = begun.elapsed().as_secs_f64();
    println!("rest: 1,000,000 conversations begun in {took:.0} s, {} MiB", resident_mib());
    let begun = Instant::now();
    fill(&engine, 20_000, 3).await?;
    let rate = 60_000.0 / begun.elapsed().as_secs_f64();
    let live = engine.stats().resident;
    println!("rest: 60,000 messages more at {rate:.0} a second, {} MiB, {live} live", resident_mib());
    println!("rest: {} MB on disk", on_disk(folder) / 1_000_000);
    engine.drain(Duration::from_secs(120)).await;
    Ok(())
}

/// What one start of the process does for `restart`: fills and dies without a word, or opens.
async fn child(what: &str, folder: &Path) -> Result<(), Failure> {
    let sink = Arc::new(Sink::default());
    let begun = Instant::now();
    let engine = start(Options::in_dir(folder), &sink).await?;
    if what == "fill" {
        // Received and turn: five messages are ten records.
        fill(&engine, 100_000, 5).await?;
        std::process::abort();
    }
    let ready = begun.elapsed().as_secs_f64();
    accept(&engine, vec![said(7, "are you there".to_owned())]).await?;
    quiet(&engine).await;
    let answered = begun.elapsed().as_secs_f64();
    println!(
        "restart: ready in {ready:.2} s, a message answered after {answered:.2} s, {} MiB",
        resident_mib()
    );
    Ok(())
}

/// 100,000 conversations with 1,000,000 records, killed, started again.
fn restart(folder: &Path) -> Result<(), Failure> {
    for what in ["fill", "open"] {
        let folder = folder.display().to_string();
        let status = Command::new(std::env::current_exe()?).args([what, &folder]).status()?;
        if what == "open" && !status.success() {
            return Err("it does not start again".into());
        }
    }
    println!("restart: {} MB on disk", on_disk(folder) / 1_000_000);
    Ok(())
}

/// Ten snapshots over each of 100,000, two million records beside.
async fn overwrite(folder: &Path) -> Result<(), Failure> {
    let sink = Arc::new(Sink::default());
    let options = Options { snapshot_every_turns: 1, ..Options::in_dir(folder) };
    let engine = start(options.clone(), &sink).await?;
    let mb = |name: &str| on_disk(&folder.join(name)) / 1_000_000;
    for round in 1..=10 {
        fill(&engine, 100_000, 1).await?;
        println!("overwrite: round {round}: journal {} MB, snapshots {} MB", mb("journal"), mb("snapshots"));
    }
    engine.drain(Duration::from_secs(120)).await;
    drop(engine);
    let inspector = charla_actors::inspect::Inspector::<Counter>::open(&options)?;
    let live = inspector.backup(&folder.join("live.backup"), 0, &mut |_| ())?;
    println!("overwrite: live journal {} MB in {} rows", live.bytes / 1_000_000, live.rows);
    Ok(())
}

fn main() -> Result<(), Failure> {
    let given: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let part = given.first().map_or("throughput", String::as_str);
    let temporary = tempfile::tempdir()?;
    let folder = given.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match part {
        "throughput" => runtime.block_on(throughput(&folder)),
        "resident" => runtime.block_on(resident(&folder)),
        "restart" => restart(&folder),
        "rest" => runtime.block_on(rest(&folder)),
        "overwrite" => runtime.block_on(overwrite(&folder)),
        "fill" | "open" => runtime.block_on(child(part, &folder)),
        other => Err(format!("no part {other}: throughput, resident, restart, rest, overwrite").into()),
    }
}
