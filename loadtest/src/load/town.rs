//! The town of a run: the engine as a process of its own on a free port, the shop, a folder for both, all of which end with
//! the run, whatever happens.

use super::{
    people::{Number, Person},
    scenario::{Assistant, Scenario, Trouble, Understanding},
};
use crate::{
    crash::{
        process::{self, Engine, Start},
        stage::free_port,
        tail,
    },
    shop::{self, Guest, ShopHandle},
};
use anyhow::Context;
use serde_json::{Map, Value, json};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

/// Nothing in a folder that lives for a run is worth a secret of its own.
pub(super) const APP_SECRET: &str = "load-app-secret";
pub(super) const ACCESS_TOKEN: &str = "load-access-token";
pub(super) const AGENT_TOKEN: &str = "load-agent-token";
const SHOP_TOKEN: &str = "load-shop-token";
const CRM_PASSWORD: &str = "load-crm-password";

/// The assistant that says every text back, from this crate.
const ECHO: [(&str, &str); 5] = crate::assistant!["echo": "domain.yml", "settings.yml", "flows/echo.yml", "responses/en.yml", "tests/echo.yml"];

/// What it is made of.
#[derive(Debug)]
pub(super) struct Needs<'a> {
    pub scenario: &'a Scenario,
    pub charla: Option<&'a Path>,
    /// The shop's assistant.
    pub assistant: &'a Path,
    /// Cache of models; the engine's own by default.
    pub cache: Option<&'a Path>,
    pub graph_url: &'a str,
    pub numbers: &'a [Number],
    /// Those who have orders in the shop.
    pub guests: Vec<Person>,
    pub keep: Option<&'a Path>,
}

/// A running town.
#[derive(Debug)]
pub(super) struct Town {
    pub url: String,
    pub pid: Option<u32>,
    /// `charla --version`.
    pub version: String,
    /// From the start of the process to its first answer.
    pub ready_after: Duration,
    engine: Engine,
    shop: Option<ShopHandle>,
    shop_url: String,
    folder: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let bad = || format!("CHARLA-E5408: {} cannot be written; is the disk full?", path.display());
    path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text)).with_context(bad)
}

/// Puts one object over another, key by key.
fn merge(into: &mut Value, over: &Map<String, Value>) {
    for (key, value) in over {
        match (into.get_mut(key), value) {
            (Some(Value::Object(_)), Value::Object(inner)) => merge(&mut into[key], inner),
            _ => into[key] = value.clone(),
        }
    }
}

fn settings(needs: &Needs<'_>, port: u16, shop_url: &str, assistant: &Path) -> Value {
    let scenario = needs.scenario;
    let secret = |name: &str| json!({"file": format!("secrets/{name}")});
    let numbers: Vec<_> = needs
        .numbers
        .iter()
        .map(|number| {
            let rate = scenario.numbers.messages_per_s;
            json!({"phone_number_id": number.id, "display": number.display, "messages_per_s": rate})
        })
        .collect();
    let backend = |auth: Value| json!({"base_url": shop_url, "auth": auth, "rate_per_s": 5_000});
    let bearer = || json!({"type": "bearer", "token": secret("shop_token")});
    let mut all = json!({
        "server": {"listen": format!("127.0.0.1:{port}"), "logs": "text", "drain_s": 10},
        "data_dir": "engine",
        "assistant_dir": assistant,
        "whatsapp": {
            "graph_url": needs.graph_url,
            "app_secrets": [secret("app_secret")],
            "verify_token": secret("app_secret"),
            "access_token": secret("access_token"),
            "numbers": numbers,
        },
        "nlu": {"encoder": scenario.understanding == Understanding::Joint, "watch_s": 0, "catalogue": {"refresh_s": 300}},
        "agents": [{"name": "maya", "token": secret("agent_token")}],
    });
    if scenario.assistant == Assistant::Shop {
        all["backends"] = json!({
            "inventory": backend(bearer()), "orders": backend(bearer()), "ticketing": backend(bearer()),
            "calendar": backend(bearer()),
            "crm": backend(json!({"type": "basic", "user": "crm", "password": secret("crm_password")})),
        });
    }
    if let Some(cache) = needs.cache.filter(|_| scenario.assistant == Assistant::Shop) {
        all["nlu"]["cache_dir"] = json!(cache);
    }
    merge(&mut all, &scenario.engine);
    all
}

impl Town {
    /// Starts everything and waits until the engine answers.
    pub(super) async fn start(needs: Needs<'_>) -> anyhow::Result<Self> {
        let charla = process::find(needs.charla)?;
        let (folder, temporary) = place(needs.keep)?;
        for (name, text) in [
            ("app_secret", APP_SECRET),
            ("access_token", ACCESS_TOKEN),
            ("agent_token", AGENT_TOKEN),
            ("shop_token", SHOP_TOKEN),
            ("crm_password", CRM_PASSWORD),
        ] {
            write(&folder.join("secrets").join(name), text)?;
        }
        let (shop, assistant) = match needs.scenario.assistant {
            Assistant::Echo => {
                for (name, text) in ECHO {
                    write(&folder.join("assistant").join(name), text)?;
                }
                (None, folder.join("assistant"))
            }
            Assistant::Shop => {
                let listener = TcpListener::bind(("127.0.0.1", 0))
                    .context("CHARLA-E5305: no port of 127.0.0.1 is free")?;
                let assistant = needs.assistant.canonicalize().with_context(|| {
                    format!(
                        "CHARLA-E5409: there is no assistant at {}; start in the repository's root or name it with --assistant",
                        needs.assistant.display()
                    )
                })?;
                train(&charla, &assistant, &needs).await?;
                (Some(open_shop(listener, &needs.guests).await?), assistant)
            }
        };
        let shop_url = shop.as_ref().map(ShopHandle::url).unwrap_or_default();
        let port = free_port()?;
        write(&folder.join("charla.yml"), &format!("{:#}", settings(&needs, port, &shop_url, &assistant)))?;
        let (_, version) = process::command(&charla, &["--version".to_owned()]).await?;
        let log = folder.join("engine.log");
        let mut engine = Engine::start(&charla, &folder.join("charla.yml"), &log, None)?;
        let url = format!("http://127.0.0.1:{port}");
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let ready_after = match engine.ready(&http, &url).await? {
            Start::Ready(after) => after,
            Start::Died => {
                let said = fs::read_to_string(&log).unwrap_or_default();
                anyhow::bail!("CHARLA-E5303: the engine does not start; its log:\n{}", tail(&said, 2_000));
            }
        };
        let version = version.trim().to_owned();
        Ok(Self { url, pid: engine.id(), version, ready_after, engine, shop, shop_url, folder, temporary })
    }

    /// Whether the engine has ended of itself, and its last words.
    pub(super) async fn died(&mut self) -> Option<String> {
        let ended = self.engine.dies_within(Duration::ZERO).await.ok().flatten()?;
        Some(format!("{}: {}", ended.how(), ended.last_words()))
    }

    /// Has a backend behave otherwise for a while, or as it should again.
    ///
    /// # Errors
    /// In words, if the shop does not take it.
    pub(super) async fn trouble(
        &self,
        http: &reqwest::Client,
        trouble: &Trouble,
        on: bool,
    ) -> Result<(), String> {
        let mode = if on { trouble.mode.as_str() } else { "ok" };
        let body = json!({"backend": trouble.backend, "mode": mode, "delay_ms": trouble.delay_ms});
        let request =
            http.post(format!("{}/admin/outage", self.shop_url)).bearer_auth(SHOP_TOKEN).json(&body);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        answer.map(drop).map_err(|error| format!("{} was to be {mode}: {error}", trouble.backend))
    }

    /// Ends everything; what was wrong about the engine's end. Its folder stays after that, or to `keep` it.
    pub(super) async fn stop(mut self, keep: bool) -> Option<String> {
        let ended = self.engine.stop().await;
        if let Some(shop) = self.shop.take() {
            shop.stop().await;
        }
        let wrong = match &ended {
            Err(error) => Some(error.to_string()),
            Ok(ended) if !ended.succeeded() => Some(format!("{}: {}", ended.how(), ended.last_words())),
            Ok(ended) => ended.said.lines().find(|line| line.contains("panicked at")).map(str::to_owned),
        };
        if (keep || wrong.is_some())
            && let Some(temporary) = self.temporary.take()
        {
            eprintln!("the engine's folder is kept: {}", temporary.keep().display());
        }
        wrong
    }

    /// Where its data is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

fn place(keep: Option<&Path>) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    match keep {
        Some(path) => {
            let bad =
                || format!("CHARLA-E5408: {} cannot be used; name a new or empty folder", path.display());
            fs::create_dir_all(path).with_context(bad)?;
            anyhow::ensure!(fs::read_dir(path).with_context(bad)?.next().is_none(), bad());
            Ok((path.canonicalize().with_context(bad)?, None))
        }
        None => {
            let made = tempfile::Builder::new().prefix("charla-load-").tempdir();
            let made = made.context("CHARLA-E5408: no temporary folder can be made; name one with --keep")?;
            Ok((made.path().to_owned(), Some(made)))
        }
    }
}

/// Has the model trained that the engine will look for, so that no training goes on beside the load.
async fn train(charla: &Path, assistant: &Path, needs: &Needs<'_>) -> anyhow::Result<()> {
    let mut arguments =
        vec!["train".to_owned(), "--data".to_owned(), assistant.join("nlu").display().to_string()];
    if needs.scenario.understanding == Understanding::Ngram {
        arguments.push("--no-encoder".to_owned());
    }
    if let Some(cache) = needs.cache {
        arguments.extend(["--cache".to_owned(), cache.display().to_string()]);
    }
    eprintln!("understanding: {}", arguments.join(" "));
    let (ok, said) = process::command(charla, &arguments).await?;
    anyhow::ensure!(ok, "CHARLA-E5410: the model cannot be made: {}", tail(&said, 1_500));
    Ok(())
}

async fn open_shop(listener: TcpListener, guests: &[Person]) -> anyhow::Result<ShopHandle> {
    listener.set_nonblocking(true)?;
    let guests = guests
        .iter()
        .map(|person| Guest {
            id: person.wa_id.clone(),
            name: person.name.clone(),
            language: person.variety.code(),
            country: person.country,
        })
        .collect();
    let options = shop::Options {
        listener,
        data: None,
        token: SHOP_TOKEN.into(),
        crm_password: CRM_PASSWORD.into(),
        today: None,
        seed: 1,
    };
    Ok(shop::Shop::start_with(options, guests).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_scenario_go_over_the_runs_own() {
        let mut all = json!({"a": {"b": 1, "c": 2}, "d": 3});
        let Value::Object(over) = json!({"a": {"b": 5}, "e": 6}) else { panic!("no object") };
        merge(&mut all, &over);
        assert_eq!(all, json!({"a": {"b": 5, "c": 2}, "d": 3, "e": 6}));
    }
}
