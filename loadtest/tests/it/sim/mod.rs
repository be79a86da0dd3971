//! The simulator, with an engine that only listens.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod control;
mod graph;
mod webhooks;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use charla_loadtest::sim::{
    BusinessNumber, Faults, Limits, Options, Simulator, SimulatorHandle, Webhooks,
    client::{CustomerClient, SimClient},
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

pub const NUMBER: &str = "106540352242922";
pub const OTHER_NUMBER: &str = "106540352242923";
pub const SECRET: &str = "app-secret";
pub const TOKEN: &str = "access-token";
pub const EMMA: &str = "447700900001";
pub const SOON: Duration = Duration::from_secs(10);

/// What the engine was sent, and what it answers.
#[derive(Default)]
pub struct Engine {
    pub bodies: Mutex<Vec<(Option<String>, Vec<u8>)>>,
    /// Answers to come; 200 when there are none.
    pub answers: Mutex<VecDeque<u16>>,
    pub clock: Mutex<Vec<(Option<String>, Value)>>,
}

impl Engine {
    pub fn bodies(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }

    /// All `value`s of all bodies, in order of arrival.
    pub fn values(&self) -> Vec<Value> {
        let mut values = Vec::new();
        for body in self.bodies() {
            for entry in body["entry"].as_array().unwrap() {
                for change in entry["changes"].as_array().unwrap() {
                    values.push(change["value"].clone());
                }
            }
        }
        values
    }

    fn all(&self, list: &str) -> Vec<Value> {
        self.values().iter().flat_map(|value| value[list].as_array().cloned().unwrap_or_default()).collect()
    }

    pub fn messages(&self) -> Vec<Value> {
        self.all("messages")
    }

    pub fn statuses(&self) -> Vec<Value> {
        self.all("statuses")
    }
}

/// Simulator, engine, clients.
pub struct World {
    pub engine: Arc<Engine>,
    pub sim: SimClient,
    pub http: reqwest::Client,
    pub base: String,
    simulator: SimulatorHandle,
    server: ServerHandle,
}

async fn verify(request: HttpRequest) -> HttpResponse {
    type Pairs = std::collections::HashMap<String, String>;
    let query = web::Query::<Pairs>::from_query(request.query_string()).unwrap();
    if query.get("hub.verify_token").map(String::as_str) == Some("verify-token") {
        HttpResponse::Ok().body(query["hub.challenge"].clone())
    } else {
        HttpResponse::Forbidden().finish()
    }
}

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}

async fn hook(request: HttpRequest, body: web::Bytes, engine: web::Data<Engine>) -> HttpResponse {
    engine.bodies.lock().unwrap().push((header(&request, "x-hub-signature-256"), body.to_vec()));
    let status = engine.answers.lock().unwrap().pop_front().unwrap_or(200);
    HttpResponse::build(status.try_into().unwrap()).finish()
}

async fn clock(request: HttpRequest, body: web::Json<Value>, engine: web::Data<Engine>) -> HttpResponse {
    engine.clock.lock().unwrap().push((header(&request, "authorization"), body.into_inner()));
    let status = engine.answers.lock().unwrap().pop_front().unwrap_or(200);
    HttpResponse::build(status.try_into().unwrap()).finish()
}

/// No limits, quick statuses.
pub fn easy() -> Options {
    let number = |id: &str, display: &str| BusinessNumber {
        phone_number_id: id.into(),
        display_phone_number: display.into(),
        name: "Charla Store".into(),
        country: "IN".into(),
    };
    Options {
        app_secret: SECRET.into(),
        verify_token: "verify-token".into(),
        access_token: TOKEN.into(),
        numbers: vec![number(NUMBER, "15550783881"), number(OTHER_NUMBER, "15550783882")],
        limits: Limits { throughput: 0, pair_burst: 0, ..Limits::default() },
        faults: Faults {
            sent_after_ms: 0,
            delivered_after_ms: 5,
            read_after_ms: Some(10),
            ..Faults::default()
        },
        webhooks: Webhooks { first_backoff_ms: 5, max_backoff_ms: 20, ..Webhooks::default() },
        verify_on_start: false,
        ..Options::default()
    }
}

impl World {
    pub async fn start(options: Options) -> Self {
        let engine = web::Data::new(Engine::default());
        let shared = engine.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/webhooks/whatsapp", web::get().to(verify))
                .route("/webhooks/whatsapp", web::post().to(hook))
                .route("/demo/clock", web::post().to(clock))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        let simulator = Simulator::start(Options {
            engine_webhook_url: format!("http://{address}/webhooks/whatsapp"),
            engine_clock_url: Some(format!("http://{address}/demo/clock")),
            engine_clock_token: Some("clock-token".into()),
            ..options
        })
        .await
        .unwrap();
        let base = simulator.url();
        Self {
            engine: engine.into_inner(),
            sim: SimClient::new(&base).unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            base,
            simulator,
            server: handle,
        }
    }

    pub async fn stop(self) {
        self.simulator.stop().await;
        self.server.stop(false).await;
    }

    pub fn emma(&self) -> CustomerClient {
        self.sim.customer(EMMA)
    }

    /// A request to the messages endpoint with the right token: status and answer.
    pub async fn graph(&self, body: &Value) -> (u16, Value) {
        self.graph_with(TOKEN, NUMBER, body).await
    }

    pub async fn graph_with(&self, token: &str, number: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/v24.0/{number}/messages", self.base);
        let answer = self.http.post(url).bearer_auth(token).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Sends and gives the message's id.
    pub async fn send(&self, body: &Value) -> String {
        let (status, answer) = self.graph(body).await;
        assert_eq!(status, 200, "{answer}");
        answer["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The code with which a send is refused.
    pub async fn refused(&self, body: &Value) -> i64 {
        let (status, answer) = self.graph(body).await;
        assert!(status >= 400, "{answer}");
        assert!(
            answer["error"]["fbtrace_id"].is_string() && answer["error"]["message"].is_string(),
            "{answer}"
        );
        answer["error"]["code"].as_i64().unwrap()
    }

    /// Waits for something that other tasks bring about.
    pub async fn until(&self, what: &str, happened: impl Fn(&Engine) -> bool) {
        let waiting = async {
            while !happened(&self.engine) {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        let in_time = tokio::time::timeout(SOON, waiting).await.is_ok();
        assert!(in_time, "waited in vain for {what}");
    }
}

/// A text to Emma.
pub fn text(body: &str) -> Value {
    message("text", json!({"body": body}))
}

/// A message to Emma.
pub fn message(kind: &str, content: Value) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": EMMA, "type": kind, kind: content})
}
