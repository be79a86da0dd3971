//! What a run is played on: simulator, folder, oracle, and the next start of the engine.

use super::{
    folder::{ACCESS_TOKEN, APP_SECRET, Folder, NUMBER, VERIFY_TOKEN},
    process::{Ended, Engine, Start},
    proxy::Proxy,
    report::Report,
    tail,
    watch::{Watch, version_of},
};
use crate::{
    oracle::Kind,
    sim::{BusinessNumber, Limits, Observer, Options, Simulator, SimulatorHandle, Webhooks},
};
use anyhow::Context;
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Ports for the engine: below those that the system gives to outgoing connections, so that nobody takes it between two
/// starts.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

#[derive(Debug)]
pub(super) struct Stage {
    pub charla: PathBuf,
    pub folder: Folder,
    pub watch: Arc<Watch>,
    pub simulator: Arc<SimulatorHandle>,
    pub http: reqwest::Client,
    port: u16,
    graph_url: String,
}

/// A start of the engine with its number.
#[derive(Debug)]
pub(super) struct Life {
    pub engine: Engine,
    pub number: u32,
}

pub(crate) fn free_port() -> anyhow::Result<u16> {
    let tries = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(1_000);
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    tries.into_iter().find(free).context("CHARLA-E5305: no port of 127.0.0.1 is free")
}

impl Stage {
    /// Sets everything up; with a proxy, simulator and engine talk to each other over it.
    pub(super) async fn build(
        charla: PathBuf,
        keep: Option<&Path>,
        proxy: Option<&mut Proxy>,
    ) -> anyhow::Result<Self> {
        let folder = Folder::make(keep)?;
        let port = free_port()?;
        let engine = format!("http://127.0.0.1:{port}");
        let watch = Arc::new(Watch::default());
        let over = proxy.as_ref().map_or_else(|| engine.clone(), |proxy| proxy.url());
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).context("CHARLA-E5305: no port of 127.0.0.1 is free")?;
        let number = BusinessNumber {
            phone_number_id: NUMBER.into(),
            display_phone_number: "447700000000".into(),
            name: "Echo".into(),
            country: "GB".into(),
        };
        let observer: Arc<dyn Observer> = watch.clone();
        let simulator = Simulator::start(Options {
            engine_webhook_url: format!("{over}/webhooks/whatsapp"),
            app_secret: APP_SECRET.into(),
            verify_token: VERIFY_TOKEN.into(),
            access_token: ACCESS_TOKEN.into(),
            numbers: vec![number],
            limits: Limits { throughput: 0, pair_interval_ms: 0, pair_burst: 0 },
            // Repeated soon and without end, so that what a death has held up is soon over.
            webhooks: Webhooks {
                max_pending: 1_000_000,
                max_attempts: u32::MAX,
                first_backoff_ms: 40,
                max_backoff_ms: 400,
                ..Webhooks::default()
            },
            verify_on_start: false,
            observer: Some(observer),
            ..Options::new(listener)
        })
        .await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let graph_url = match proxy {
            None => simulator.url(),
            Some(proxy) => {
                proxy.start(engine, simulator.url(), http.clone())?;
                over
            }
        };
        Ok(Self { charla, folder, watch, simulator: Arc::new(simulator), http, port, graph_url })
    }

    pub(super) fn engine_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts the engine on the run's data.
    pub(super) fn start(&self, number: u32, failpoints: Option<(&str, u64)>) -> anyhow::Result<Life> {
        self.folder.configure(self.port, &self.graph_url, &version_of(number))?;
        let engine = Engine::start(&self.charla, &self.folder.config(), &self.folder.log(), failpoints)?;
        Ok(Life { engine, number })
    }

    /// Starts one that has nothing to die of, and waits for it. One that dies has broken a promise, and there is no going on.
    pub(super) async fn start_well(&self, number: u32, report: &mut Report) -> anyhow::Result<Life> {
        let mut life = self.start(number, None)?;
        match life.engine.ready(&self.http, &self.engine_url()).await? {
            Start::Ready(after) => report.starts.push(after),
            Start::Died => {
                let ended = life.engine.dies_within(Duration::from_secs(5)).await?;
                let words =
                    ended.as_ref().map(|ended| tail(&ended.said, 1_500).to_owned()).unwrap_or_default();
                anyhow::bail!("CHARLA-E5303: the engine does not start; its log:\n{words}");
            }
        }
        Ok(life)
    }

    /// Takes an end down; a panic is never right.
    pub(super) fn ended(&self, number: u32, ended: &Ended, in_peace: bool) {
        let finished = !ended.said.contains("not everything was finished in time");
        self.watch.died(number, in_peace && ended.succeeded() && finished);
        if let Some(line) = ended.said.lines().find(|line| line.contains("panicked at")) {
            self.watch.report(Kind::Engine, format!("start {number} panicked: {line}"));
        }
    }

    /// SIGTERM, which it must obey with success.
    pub(super) async fn stop(&self, mut life: Life) -> anyhow::Result<()> {
        let ended = life.engine.stop().await?;
        if !ended.succeeded() {
            let what =
                format!("start {} was asked to stop: {}: {}", life.number, ended.how(), ended.last_words());
            self.watch.report(Kind::Engine, what);
        }
        self.ended(life.number, &ended, true);
        Ok(())
    }

    /// SIGKILL.
    pub(super) async fn kill(&self, mut life: Life) -> anyhow::Result<()> {
        let ended = life.engine.kill().await?;
        self.ended(life.number, &ended, false);
        Ok(())
    }

    /// Waits until no more than so many messages are not yet both acknowledged and answered.
    pub(super) async fn work_off(&self, left: u64, most: Duration) {
        let begun = tokio::time::Instant::now();
        while self.watch.unsettled() > left && begun.elapsed() < most {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until all messages are acknowledged and answered, and has the oracle look for what is not.
    pub(super) async fn settle(&self, most: Duration) {
        self.work_off(0, most).await;
        self.watch.settle();
        self.simulator.forget_threads();
    }

    /// Puts into the report what was seen.
    pub(super) fn note(&self, report: &mut Report) {
        (report.totals, report.violations) = self.watch.findings();
        report.counts = self.simulator.counts();
    }

    /// Ends the world: the folder's path if it stays.
    pub(super) async fn close(self, keep: bool) -> Option<PathBuf> {
        if let Ok(simulator) = Arc::try_unwrap(self.simulator) {
            simulator.stop().await;
        }
        self.folder.close(keep)
    }
}
