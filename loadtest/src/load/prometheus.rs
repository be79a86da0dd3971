//! A real Prometheus beside a run: it scrapes the engine once a second and reckons the availability from what it saw.

use anyhow::Context;
use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Between scrapes, and longest time of one; an engine that takes longer to answer counts as down for that second.
const INTERVAL: Duration = Duration::from_secs(1);
/// Longest wait until Prometheus is there and has scraped every target.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Prometheus. When it is dropped the process is killed and its folder deleted.
pub struct Scraper {
    child: Child,
    folder: TempDir,
    url: String,
    http: reqwest::Client,
    begun: Instant,
}

impl Scraper {
    /// Starts the `prometheus` that the path has, on a free port of 127.0.0.1 and in a folder of its own, and waits until
    /// it has scraped every one of `targets` (their `/metrics`) once. `rules`: a file of rules that it evaluates as well.
    /// `None` where no `prometheus` is installed.
    ///
    /// # Errors
    /// If it is installed but does not start, with the end of what it logged.
    pub async fn start(targets: &[SocketAddr], rules: Option<&Path>) -> anyhow::Result<Option<Self>> {
        if !installed().await? {
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("charla-prometheus-").tempdir()?;
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, configuration(targets, rules)?)?;
        // Free now; nothing else is handed it in the moment until Prometheus binds it.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = std::fs::File::create(folder.path().join("log"))?;
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("prometheus does not start")?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let url = format!("http://127.0.0.1:{port}");
        let mut scraper = Self { child, folder, url, http, begun: Instant::now() };
        scraper.wait_for(targets.len()).await?;
        scraper.begun = Instant::now();
        Ok(Some(scraper))
    }

    /// As [`start`](Self::start) with the engine at `url`, and a word about where Prometheus answers or that none is installed.
    ///
    /// # Errors
    /// `CHARLA-E5412` if it does not start, or if `url` is no address.
    pub async fn beside(url: &str, rules: &Path) -> anyhow::Result<Option<Self>> {
        let address = url.trim_start_matches("http://");
        let target = address.to_socket_addrs().ok().and_then(|mut found| found.next());
        let target = target.with_context(|| format!("CHARLA-E5412: {address} is no address to scrape"))?;
        let started = Self::start(&[target], Some(rules)).await.context("CHARLA-E5412: no Prometheus")?;
        match &started {
            Some(scraper) => eprintln!("Prometheus scrapes {target} and answers at {}", scraper.url()),
            None => eprintln!("no `prometheus` is installed: the availability is not reckoned"),
        }
        Ok(started)
    }

    /// The [`availability`](Self::availability), and the end of this Prometheus; an error is told and makes it unknown.
    pub async fn last_word(self) -> Option<f64> {
        let found = self.availability().await;
        self.stop().await;
        found.unwrap_or_else(|error| {
            eprintln!("CHARLA-E5412: the availability is not known: {error:#}");
            None
        })
    }

    async fn wait_for(&mut self, targets: usize) -> anyhow::Result<()> {
        loop {
            // Refused as long as it does not listen, 503 as long as it reads its rules.
            let seen = self.query("count(up)").await.ok().flatten().unwrap_or(0.0);
            if seen >= targets as f64 {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("prometheus ended at once ({status}):\n{}", self.log());
            }
            if self.begun.elapsed() > PATIENCE {
                let waited = PATIENCE.as_secs();
                anyhow::bail!("prometheus saw {seen} of {targets} targets in {waited} s:\n{}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The end of what Prometheus logged.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// Where it answers, for whoever wants to ask more, e.g. `http://127.0.0.1:40613`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The availability since the start, 0 to 1: the share of webhook requests that were not answered 5xx, times the share
    /// of scrapes that were answered. Without any request it is the latter alone. `None`: nothing has been scraped yet.
    /// Waits for two more scrapes, so that the last requests are in it.
    ///
    /// # Errors
    /// If Prometheus does not answer.
    pub async fn availability(&self) -> anyhow::Result<Option<f64>> {
        tokio::time::sleep(2 * INTERVAL).await;
        self.query(&availability(self.begun.elapsed())).await
    }

    /// The value of an expression with one series; `None` if it has none.
    ///
    /// # Errors
    /// If Prometheus does not answer, or does not understand the expression.
    pub async fn query(&self, expression: &str) -> anyhow::Result<Option<f64>> {
        let url = format!("{}/api/v1/query", self.url);
        let response = self.http.get(url).query(&[("query", expression)]).send().await?;
        let body: serde_json::Value = response.json().await.context("prometheus answers no JSON")?;
        if body["status"] != "success" {
            anyhow::bail!("prometheus refuses {expression}: {}", body["error"]);
        }
        let value = body["data"]["result"][0]["value"][1].as_str();
        value.map(|value| value.parse().with_context(|| format!("prometheus answers {value}"))).transpose()
    }

    /// Ends Prometheus and deletes its folder.
    pub async fn stop(mut self) {
        // What it has collected is thrown away anyhow.
        let _ = self.child.kill().await;
    }
}

async fn installed() -> anyhow::Result<bool> {
    let asked = Command::new("prometheus")
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    match asked {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).context("prometheus cannot be run"),
    }
}

fn configuration(targets: &[SocketAddr], rules: Option<&Path>) -> anyhow::Result<String> {
    let seconds = INTERVAL.as_secs();
    let mut text = format!("global:\n  scrape_interval: {seconds}s\n  scrape_timeout: {seconds}s\n");
    text.push_str("  evaluation_interval: 5s\n");
    if let Some(rules) = rules {
        let path = std::fs::canonicalize(rules).with_context(|| format!("rules: {}", rules.display()))?;
        // Written as JSON, which YAML takes, whatever characters the path has.
        writeln!(text, "rule_files: [{}]", serde_json::to_string(&path)?)?;
    }
    let targets: Vec<_> = targets.iter().map(ToString::to_string).collect();
    let targets = serde_json::to_string(&targets)?;
    writeln!(text, "scrape_configs:\n  - job_name: charla\n    static_configs:\n      - targets: {targets}")?;
    Ok(text)
}

/// As `ops/prometheus/rules.yml` reckons it, over the whole run and all engines.
fn availability(since: Duration) -> String {
    let window = since.as_secs() + 1;
    let requests = "charla_webhook_requests_total{job=\"charla\"}";
    let refused = "charla_webhook_requests_total{job=\"charla\",status=~\"5..\"}";
    format!(
        "avg(avg_over_time(up{{job=\"charla\"}}[{window}s])) * (1 - (\
         (sum(increase({refused}[{window}s])) or vector(0)) / (sum(increase({requests}[{window}s])) > 0) \
         or vector(0)))"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{App, HttpResponse, HttpServer, web};
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    };

    /// Answers with counters that grow by nine and one a scrape; or with nothing but an error.
    struct Fake {
        addr: SocketAddr,
        scrapes: Arc<AtomicU64>,
        broken: Arc<AtomicBool>,
        server: actix_web::dev::ServerHandle,
    }

    fn fake(with_requests: bool) -> Fake {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let (scrapes, broken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let data = web::Data::new((scrapes.clone(), broken.clone()));
        let answer = move |data: web::Data<(Arc<AtomicU64>, Arc<AtomicBool>)>| async move {
            if data.1.load(Ordering::SeqCst) {
                return HttpResponse::InternalServerError().finish();
            }
            let n = data.0.fetch_add(1, Ordering::SeqCst);
            let name = "charla_webhook_requests_total";
            let mut text = format!("other_total {n}\n");
            if with_requests {
                write!(text, "{name}{{status=\"200\"}} {}\n{name}{{status=\"503\"}} {n}\n", 9 * n).unwrap();
            }
            HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text)
        };
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).route("/metrics", web::get().to(answer))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Fake { addr, scrapes, broken, server: handle }
    }

    async fn scraper(fake: &Fake) -> Option<Scraper> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/prometheus/rules.yml");
        let scraper = Scraper::start(&[fake.addr], Some(&rules)).await.unwrap();
        if scraper.is_none() {
            eprintln!("skipped: prometheus is not installed");
        }
        scraper
    }

    async fn scraped(fake: &Fake, times: u64) {
        let until = fake.scrapes.load(Ordering::SeqCst) + times;
        while fake.scrapes.load(Ordering::SeqCst) < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    #[tokio::test]
    async fn what_was_refused_counts_against() {
        let fake = fake(true);
        let Some(scraper) = scraper(&fake).await else { return };
        scraped(&fake, 4).await;
        let availability = scraper.availability().await.unwrap().unwrap();
        assert!((availability - 0.9).abs() < 1e-6, "{availability}");
        scraper.stop().await;
        fake.server.stop(false).await;
    }

    #[tokio::test]
    async fn so_does_an_engine_that_does_not_answer_even_without_requests() {
        let fake = fake(false);
        let Some(scraper) = scraper(&fake).await else { return };
        scraped(&fake, 3).await;
        assert_eq!(scraper.availability().await.unwrap(), Some(1.0));
        fake.broken.store(true, Ordering::SeqCst);
        let availability = scraper.availability().await.unwrap().unwrap();
        assert!(availability > 0.0 && availability < 1.0, "{availability}");
        let refused = scraper.query("no such thing").await.unwrap_err();
        assert!(refused.to_string().contains("prometheus refuses"), "{refused}");
        scraper.stop().await;
        fake.server.stop(false).await;
    }

    #[test]
    fn the_configuration_names_targets_and_rules() {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("my \"rules\".yml");
        std::fs::write(&rules, "groups: []").unwrap();
        let text = configuration(&["127.0.0.1:8080".parse().unwrap()], Some(&rules)).unwrap();
        assert!(text.contains("targets: [\"127.0.0.1:8080\"]"), "{text}");
        assert!(text.contains("my \\\"rules\\\".yml"), "{text}");
        assert!(configuration(&[], Some(Path::new("/nowhere/rules.yml"))).is_err());
    }
}
