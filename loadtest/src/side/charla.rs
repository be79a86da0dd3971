//! Charla as it serves the demo: its assistant with full understanding, the shop behind it, journal on disk.

use super::{
    graph::{ACCESS_TOKEN, Desk, Graph},
    server::Server,
};
use crate::shop::{self, Shop, ShopHandle};
use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::process::Command;

/// Signs webhooks; nothing here is worth a secret of its own.
pub(super) const APP_SECRET: &str = "side-by-side-app-secret";
const SHOP_TOKEN: &str = "side-by-side-shop-token";
const CRM_PASSWORD: &str = "side-by-side-crm-password";
/// Messages a second that one business number may send: what Meta allows after an upgrade of the throughput level.
const NUMBER_RATE: u32 = 1_000;
const START: Duration = Duration::from_secs(120);

/// A running engine with its world.
#[derive(Debug)]
pub(super) struct Charla {
    pub server: Server,
    pub url: String,
    graph: Graph,
    shop: ShopHandle,
    /// Holds the journal; goes with the engine.
    _folder: tempfile::TempDir,
}

/// Trains the understanding if the cache does not have it; its progress is shown.
///
/// # Errors
/// If it cannot be trained.
pub(super) async fn prepare(charla: &Path, assistant: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(charla);
    command.arg("train").arg("--data").arg(assistant.join("nlu")).kill_on_drop(true);
    // What it says belongs to the progress, not to the result.
    let output = command.stdout(std::process::Stdio::piped()).spawn()?.wait_with_output().await?;
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    anyhow::ensure!(
        output.status.success(),
        "CHARLA-E5503: `charla train` failed; what it wrote stands above"
    );
    Ok(())
}

/// `charla --version`.
pub(super) async fn version(charla: &Path) -> anyhow::Result<String> {
    let output = Command::new(charla).arg("--version").output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Charla {
    /// Starts shop, Graph endpoint and engine in a new folder below `place`, and waits until the engine understands with its
    /// encoder; how long that took.
    ///
    /// # Errors
    /// If one of them does not start.
    pub(super) async fn start(
        charla: &Path,
        assistant: &Path,
        numbers: &[String],
        desk: Arc<Desk>,
        log: PathBuf,
        http: &reqwest::Client,
    ) -> anyhow::Result<(Self, Duration)> {
        let folder = tempfile::Builder::new().prefix("charla-side-").tempdir();
        let folder = folder.context("CHARLA-E5503: no temporary folder can be made; set TMPDIR")?;
        let listener = || TcpListener::bind(("127.0.0.1", 0));
        let shop = Shop::start(shop::Options {
            listener: listener()?,
            data: None,
            token: SHOP_TOKEN.into(),
            crm_password: CRM_PASSWORD.into(),
            today: None,
            seed: 1,
        })
        .await?;
        let graph = Graph::start(desk)?;
        // Given back at once: the engine takes it a moment later.
        let port = listener()?.local_addr()?.port();
        let settings = settings(assistant, numbers, port, &graph.url, &shop.url());
        let config = folder.path().join("charla.yml");
        for (name, text) in [
            ("charla.yml", format!("{settings:#}")),
            ("app_secret", APP_SECRET.into()),
            ("verify_token", "side-by-side".into()),
            ("access_token", ACCESS_TOKEN.into()),
            ("shop_token", SHOP_TOKEN.into()),
            ("crm_password", CRM_PASSWORD.into()),
        ] {
            fs::write(folder.path().join(name), text)
                .with_context(|| format!("CHARLA-E5503: {} cannot be written", folder.path().display()))?;
        }
        let mut command = Command::new(charla);
        command.arg("serve").arg("--config").arg(&config).env_remove("CHARLA_FAILPOINTS");
        let mut server = Server::start("charla", command, log)?;
        let url = format!("http://127.0.0.1:{port}");
        let understands = |body: &str| {
            serde_json::from_str::<Value>(body).is_ok_and(|health| health["understanding"] == "joint")
        };
        let took = server.ready(http, &format!("{url}/health/ready"), START, understands).await?;
        Ok((Self { server, url, graph, shop, _folder: folder }, took))
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        let stopped = self.server.stop().await;
        self.graph.stop().await;
        self.shop.stop().await;
        stopped
    }
}

/// The demo's settings; only limits of the outside world are wider: what a number may send, and how often a backend is called.
fn settings(assistant: &Path, numbers: &[String], port: u16, graph: &str, shop: &str) -> Value {
    let bearer = json!({"type": "bearer", "token": {"file": "shop_token"}});
    let basic = json!({"type": "basic", "user": "crm", "password": {"file": "crm_password"}});
    let backend = |auth: &Value| json!({"base_url": shop, "auth": auth, "rate_per_s": 100_000});
    let numbers: Vec<Value> =
        numbers.iter().map(|id| json!({"phone_number_id": id, "messages_per_s": NUMBER_RATE})).collect();
    // JSON is YAML.
    json!({
        "server": {"listen": format!("127.0.0.1:{port}"), "logs": "text", "drain_s": 5},
        "data_dir": "data",
        "assistant_dir": assistant,
        "whatsapp": {
            "graph_url": graph,
            "app_secrets": [{"file": "app_secret"}],
            "verify_token": {"file": "verify_token"},
            "access_token": {"file": "access_token"},
            "numbers": numbers,
        },
        "backends": {
            "inventory": backend(&bearer),
            "crm": backend(&basic),
            "orders": backend(&bearer),
            "ticketing": backend(&bearer),
            "calendar": backend(&bearer),
        },
        // A model trained beside the run must not change it.
        "nlu": {"watch_s": 0},
    })
}

/// What the engine counts of its understanding.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Understood {
    /// Typed texts that its cache knew.
    pub cached: u64,
    /// By the part of the model that answered: how many texts, and the mean time for one in milliseconds.
    pub tiers: BTreeMap<String, (u64, f64)>,
}

/// Reads it from `/metrics`; nothing if that cannot be read.
pub(super) async fn understood(http: &reqwest::Client, url: &str) -> Understood {
    let Ok(answer) = http.get(format!("{url}/metrics")).send().await else { return Understood::default() };
    parse(&answer.text().await.unwrap_or_default())
}

fn parse(page: &str) -> Understood {
    let of = |name: &str| -> Vec<(String, f64)> {
        let lines = page.lines().filter_map(|line| {
            let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
            let tier =
                rest.split("tier=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            Some((tier.to_owned(), rest.rsplit(' ').next()?.parse().ok()?))
        });
        lines.collect()
    };
    let seconds: BTreeMap<String, f64> = of("charla_nlu_parse_seconds_sum").into_iter().collect();
    let tiers = of("charla_nlu_parse_seconds_count").into_iter().filter(|(_, count)| *count > 0.0);
    Understood {
        cached: of("charla_nlu_cached_total").into_iter().map(|(_, count)| count as u64).sum(),
        tiers: tiers
            .map(|(tier, count)| {
                let mean = seconds.get(&tier).map_or(0.0, |seconds| seconds / count * 1_000.0);
                (tier, (count as u64, mean))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_mean_times_are_read_by_tier() {
        let page = "# TYPE charla_nlu_cached_total counter\ncharla_nlu_cached_total 7\n\
            charla_nlu_parse_seconds_sum{tier=\"joint\"} 0.5\ncharla_nlu_parse_seconds_count{tier=\"joint\"} 100\n\
            charla_nlu_parse_seconds_bucket{tier=\"joint\",le=\"1\"} 100\n\
            charla_nlu_parse_seconds_sum{tier=\"ngram\"} 0\ncharla_nlu_parse_seconds_count{tier=\"ngram\"} 0\n";
        let understood = parse(page);
        assert_eq!(understood.cached, 7);
        assert_eq!(understood.tiers, BTreeMap::from([("joint".to_owned(), (100, 5.0))]));
        assert_eq!(parse("nothing"), Understood::default());
    }

    #[test]
    fn all_numbers_are_in_the_settings() {
        let settings = settings(Path::new("/a"), &["1".into(), "2".into()], 9, "http://g", "http://s");
        assert_eq!(settings["whatsapp"]["numbers"].as_array().unwrap().len(), 2);
        assert!(settings["nlu"].get("encoder").is_none(), "the encoder is on by default");
    }
}
