//! A whole town for a test: shop, simulator and engine on free ports of 127.0.0.1, in a folder of its own.

use charla::{demo, run::Running};
use charla_loadtest::world::World;
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest wait for one answer; generous, because two cores may run several towns at once.
pub const PATIENCE: Duration = Duration::from_secs(30);

enum Engine {
    /// In this process.
    Here(Box<Running>),
    /// A process of its own, which can be killed.
    Child(Child),
    Down,
}

pub struct Town {
    pub folder: TempDir,
    pub engine_url: String,
    pub sim_url: String,
    pub shop_url: String,
    pub http: reqwest::Client,
    plan: demo::Plan,
    world: Option<World>,
    engine: Engine,
    engine_port: u16,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Trained once for all tests of a build.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

impl Town {
    /// With the engine in this process.
    pub async fn here() -> Self {
        let (mut town, listener) = Self::without_engine(&root().join("config")).await;
        town.start_here(listener).await;
        town
    }

    /// With the engine as a child process.
    pub async fn with_child() -> Self {
        Self::with_child_and(&root().join("config")).await
    }

    /// With the engine as a child process, and an assistant of the test's own.
    pub async fn with_child_and(assistant: &Path) -> Self {
        let (mut town, listener) = Self::without_engine(assistant).await;
        // The port is free from here on; nothing else on this machine is handed it in the moment until the child binds it.
        drop(listener);
        town.start_child(&[]).await;
        town
    }

    async fn without_engine(assistant: &Path) -> (Self, TcpListener) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (engine, sim, shop) = (listener(), listener(), listener());
        let ports = [port(&engine), port(&sim), port(&shop)];
        let plan = demo::Plan::with_ports(folder.path(), assistant, ports, false).unwrap();
        let world = plan.start_world(sim, shop).await.unwrap();
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let town = Self {
            folder,
            engine_url: url(ports[0]),
            sim_url: url(ports[1]),
            shop_url: url(ports[2]),
            http: reqwest::Client::new(),
            plan,
            world: Some(world),
            engine: Engine::Down,
            engine_port: ports[0],
        };
        (town, engine)
    }

    async fn start_here(&mut self, listener: TcpListener) {
        let mut settings = self.plan.settings().unwrap();
        settings.nlu.cache_dir = Some(cache());
        let running = Running::start(settings, listener).await.unwrap();
        self.engine = Engine::Here(Box::new(running));
    }

    /// Starts the engine as a process; `env` adds variables (failpoints).
    pub async fn start_child(&mut self, env: &[(&str, &str)]) {
        let child = Command::new(env!("CARGO_BIN_EXE_charla"))
            .arg("serve")
            .arg("--config")
            .arg(self.folder.path().join("charla.yml"))
            .env("CHARLA_CACHE", cache())
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.folder.path().join("engine.log")).unwrap())
            .spawn()
            .unwrap();
        self.engine = Engine::Child(child);
        let begun = Instant::now();
        loop {
            let ready = self.http.get(format!("{}/health/ready", self.engine_url)).send().await;
            if ready.is_ok_and(|r| r.status().is_success()) {
                return;
            }
            // What was left to be delivered may meet an armed failpoint before anybody looks.
            let Engine::Child(child) = &mut self.engine else { unreachable!("just started") };
            if !env.is_empty() && child.try_wait().unwrap().is_some() {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "the engine on port {} was not ready:\n{}",
                self.engine_port,
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGKILL: no destructor, no drain.
    pub fn kill(&mut self) {
        let Engine::Child(child) = &mut self.engine else { panic!("no child") };
        child.kill().unwrap();
        child.wait().unwrap();
        self.engine = Engine::Down;
    }

    /// Waits until a failpoint has ended the engine.
    pub async fn wait_for_death(&mut self) {
        let Engine::Child(child) = &mut self.engine else { panic!("no child") };
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the failpoint was not met");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.engine = Engine::Down;
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        let Engine::Child(child) = &self.engine else { panic!("no child") };
        child.id()
    }

    /// SIGTERM; waits until it is obeyed.
    pub async fn end(&mut self) -> ExitStatus {
        let sent = Command::new("kill").arg("-TERM").arg(self.pid().to_string()).status().unwrap();
        assert!(sent.success());
        let Engine::Child(child) = &mut self.engine else { panic!("no child") };
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "SIGTERM was not obeyed");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        self.engine = Engine::Down;
        status
    }

    /// What a child has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("engine.log")).unwrap_or_default()
    }

    pub fn running(&self) -> &Running {
        let Engine::Here(running) = &self.engine else { panic!("the engine is not in this process") };
        running
    }

    pub async fn stop(mut self) {
        match std::mem::replace(&mut self.engine, Engine::Down) {
            Engine::Here(running) => running.stop().await,
            Engine::Child(mut child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Engine::Down => {}
        }
        if let Some(world) = self.world.take() {
            world.stop().await;
        }
    }

    pub fn customer(&self, wa_id: &str) -> Customer<'_> {
        Customer { town: self, wa_id: wa_id.to_owned(), number: None, seen: 0 }
    }

    pub fn agent_token(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("secrets/agent_token")).unwrap()
    }

    /// Calls the agents' API.
    pub async fn agent(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = method.parse().unwrap();
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.engine_url))
            .bearer_auth(self.agent_token());
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// Name and details of the conversation of whoever has this phone.
    pub async fn conversation_of(&self, phone: &str) -> (String, Value) {
        let (status, page) = self.agent("GET", "/conversations?limit=500", Value::Null).await;
        assert_eq!(status, 200);
        for id in page["conversations"].as_array().unwrap() {
            let id = id.as_str().unwrap();
            let (_, detail) = self.agent("GET", &format!("/conversations/{id}"), Value::Null).await;
            if detail["person"]["phone"] == phone {
                return (id.to_owned(), detail);
            }
        }
        panic!("no conversation of {phone}");
    }

    /// Waits until a conversation's details are so, and returns them.
    pub async fn wait_for(&self, id: &str, so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (_, detail) = self.agent("GET", &format!("/conversations/{id}"), Value::Null).await;
            if so(&detail) {
                return detail;
            }
            assert!(begun.elapsed() < PATIENCE, "{id} never came to that: {detail:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the journal has of a conversation, as JSON.
    pub async fn journal(&self, id: &str) -> Vec<Value> {
        let (status, body) =
            self.agent("GET", &format!("/conversations/{id}/journal?limit=500"), Value::Null).await;
        assert_eq!(status, 200);
        body["records"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until a change of this name is in a conversation's journal, and returns it.
    pub async fn wait_for_change(&self, id: &str, name: &str) -> Value {
        let begun = Instant::now();
        loop {
            let all = changes(&self.journal(id).await);
            if let Some(found) = all.iter().rev().find(|c| c["change"] == name) {
                return found.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "no {name} among {all:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A client of the simulator's control API.
    pub fn sim(&self) -> charla_loadtest::sim::client::SimClient {
        charla_loadtest::sim::client::SimClient::new(&self.sim_url).unwrap()
    }

    /// Switches one of the shop's backends: `ok`, `down`, `slow`, `error`.
    pub async fn outage(&self, backend: &str, mode: &str) {
        let token = std::fs::read_to_string(self.folder.path().join("secrets/shop_token")).unwrap();
        let response = self
            .http
            .post(format!("{}/admin/outage", self.shop_url))
            .bearer_auth(token)
            .json(&json!({"backend": backend, "mode": mode}))
            .send()
            .await
            .unwrap();
        assert!(response.status().is_success(), "{}", response.status());
    }

    pub async fn metrics(&self) -> String {
        self.http.get(format!("{}/metrics", self.engine_url)).send().await.unwrap().text().await.unwrap()
    }

    pub async fn ready(&self) -> Value {
        self.http.get(format!("{}/health/ready", self.engine_url)).send().await.unwrap().json().await.unwrap()
    }
}

/// The tracker events of journal records, in order.
pub fn changes(records: &[Value]) -> Vec<Value> {
    fn collect(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(map) if map.contains_key("change") => found.push(value.clone()),
            Value::Object(map) => map.values().for_each(|v| collect(v, found)),
            Value::Array(items) => items.iter().for_each(|v| collect(v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    records.iter().for_each(|record| collect(record, &mut found));
    found
}

impl Drop for Town {
    fn drop(&mut self) {
        if let Engine::Child(child) = &mut self.engine {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A customer with their phone.
pub struct Customer<'a> {
    town: &'a Town,
    pub wa_id: String,
    number: Option<String>,
    seen: u64,
}

/// One message of a thread.
#[derive(Debug, Clone)]
pub struct Bubble(pub Value);

impl Bubble {
    pub fn n(&self) -> u64 {
        self.0["n"].as_u64().unwrap()
    }
    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap_or_default()
    }
    pub fn is_from_business(&self) -> bool {
        self.0["from"] == "business"
    }
    /// Ids of buttons and rows.
    pub fn ids(&self) -> Vec<String> {
        ["buttons", "rows"]
            .iter()
            .flat_map(|key| self.0[*key].as_array().cloned().unwrap_or_default())
            .filter_map(|item| item["id"].as_str().map(str::to_owned))
            .collect()
    }
    pub fn offers(&self, prefix: &str) -> bool {
        self.ids().iter().any(|id| id.starts_with(prefix))
    }
    /// The first choice whose id begins so.
    pub fn first(&self, prefix: &str) -> String {
        let found = self.ids().into_iter().find(|id| id.starts_with(prefix));
        found.unwrap_or_else(|| panic!("no choice {prefix} in {:#}", self.0))
    }
    fn kind_of(&self, id: &str) -> &'static str {
        let has =
            |key: &str| self.0[key].as_array().is_some_and(|items| items.iter().any(|item| item["id"] == id));
        if has("rows") { "list" } else { "button" }
    }
}

impl Customer<'_> {
    /// Writes to another business number than the first.
    pub fn at(mut self, number: &str) -> Self {
        self.number = Some(number.to_owned());
        self
    }

    pub async fn send(&self, mut message: Value) -> String {
        if let Some(number) = &self.number {
            message["number"] = json!(number);
        }
        let url = format!("{}/sim/customers/{}/messages", self.town.sim_url, self.wa_id);
        let response = self.town.http.post(url).json(&message).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 202);
        let body: Value = response.json().await.unwrap();
        body["wamid"].as_str().unwrap().to_owned()
    }

    pub async fn thread(&self, after: u64, wait: Duration) -> Vec<Bubble> {
        let mut url = format!(
            "{}/sim/customers/{}/thread?after={after}&wait_ms={}",
            self.town.sim_url,
            self.wa_id,
            wait.as_millis()
        );
        if let Some(number) = &self.number {
            url.push_str(&format!("&number={number}"));
        }
        let body: Value = self.town.http.get(url).send().await.unwrap().json().await.unwrap();
        body["messages"].as_array().cloned().unwrap_or_default().into_iter().map(Bubble).collect()
    }

    /// Waits for the next message of the business that has not been looked at yet.
    pub async fn answer(&mut self) -> Bubble {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            for bubble in self.thread(self.seen, Duration::from_millis(2_000)).await {
                self.seen = bubble.n();
                if bubble.is_from_business() {
                    return bubble;
                }
            }
        }
        let all = self.thread(0, Duration::ZERO).await;
        let lines: Vec<String> =
            all.iter().map(|b| format!("{} {}: {}", b.n(), b.0["from"], b.text())).collect();
        panic!("{} got no answer; the thread:\n{}", self.wa_id, lines.join("\n"));
    }

    /// Waits for a message with a choice whose id begins so; those before it are passed over.
    pub async fn answer_offering(&mut self, prefix: &str) -> Bubble {
        loop {
            let bubble = self.answer().await;
            if bubble.offers(prefix) {
                return bubble;
            }
        }
    }

    /// Waits for a message that says so; those before it are passed over.
    pub async fn answer_saying(&mut self, part: &str) -> Bubble {
        loop {
            let bubble = self.answer().await;
            if bubble.text().contains(part) {
                return bubble;
            }
        }
    }

    /// Says something and waits for a message with such a choice.
    pub async fn say_for(&mut self, text: &str, prefix: &str) -> Bubble {
        self.send(json!({"type": "text", "text": text})).await;
        self.answer_offering(prefix).await
    }

    pub async fn say(&mut self, text: &str) -> Bubble {
        self.send(json!({"type": "text", "text": text})).await;
        self.answer().await
    }

    /// Taps a button or chooses a row of a message by its id.
    pub async fn choose(&mut self, bubble: &Bubble, id: &str) -> Bubble {
        assert!(bubble.ids().iter().any(|known| known == id), "no {id} in {:#}", bubble.0);
        self.send(json!({"type": bubble.kind_of(id), "id": id})).await;
        self.answer().await
    }
}
