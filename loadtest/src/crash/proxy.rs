//! A proxy between simulator and engine that makes a good engine look like a broken one, once.

use super::Damage;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use anyhow::Context;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    net::{SocketAddr, TcpListener},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Sends and webhooks that pass unharmed before the damage is done.
const FIRST: u32 = 20;

/// Bound first, started when both sides are known.
#[derive(Debug)]
pub(super) struct Proxy {
    address: SocketAddr,
    listener: Option<TcpListener>,
    server: Option<ServerHandle>,
    damage: Option<Damage>,
}

#[derive(Debug)]
struct Inside {
    engine: String,
    simulator: String,
    http: reqwest::Client,
    damage: Option<Damage>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    passed: u32,
    done: bool,
    /// Who has been written to: somebody else must be one whom the business may write to.
    known: BTreeSet<String>,
    /// A send that waits for the next one of the same person to overtake it.
    held: Option<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    to: String,
    request: Passing,
}

/// A request as it goes on.
#[derive(Debug, Clone)]
struct Passing {
    path: String,
    token: Option<String>,
    signature: Option<String>,
    body: Vec<u8>,
}

/// What becomes of a send.
enum Fate {
    On,
    Twice,
    Changed(Value),
    /// Answered, and never or later passed on.
    Kept,
    /// After it, the one that was held.
    Then(Passing),
}

impl Proxy {
    /// Binds a free port.
    pub(super) fn bind(damage: Option<Damage>) -> anyhow::Result<Self> {
        let none = "CHARLA-E5305: no port of 127.0.0.1 is free";
        let listener = TcpListener::bind(("127.0.0.1", 0)).context(none)?;
        let address = listener.local_addr().context(none)?;
        Ok(Self { address, listener: Some(listener), server: None, damage })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Begins to pass on.
    pub(super) fn start(
        &mut self,
        engine: String,
        simulator: String,
        http: reqwest::Client,
    ) -> anyhow::Result<()> {
        let Some(listener) = self.listener.take() else { return Ok(()) };
        let state = Mutex::default();
        let inside = web::Data::new(Inside { engine, simulator, http, damage: self.damage, state });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(inside.clone())
                .app_data(web::PayloadConfig::new(3 * 1024 * 1024))
                .route("/webhooks/whatsapp", web::post().to(webhook))
                .default_service(web::post().to(graph))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .context("CHARLA-E5305: the proxy cannot start")?
        .run();
        self.server = Some(server.handle());
        tokio::spawn(server);
        Ok(())
    }

    pub(super) async fn stop(self) {
        if let Some(server) = self.server {
            server.stop(true).await;
        }
    }
}

impl Inside {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, base: &str, passing: &Passing) -> HttpResponse {
        let mut request = self
            .http
            .post(format!("{base}{}", passing.path))
            .header("content-type", "application/json")
            .body(passing.body.clone());
        if let Some(token) = &passing.token {
            request = request.header("authorization", token);
        }
        if let Some(signature) = &passing.signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let Ok(answer) = request.send().await else { return HttpResponse::BadGateway().finish() };
        let status = actix_web::http::StatusCode::from_u16(answer.status().as_u16()).unwrap_or_default();
        let body = answer.bytes().await.unwrap_or_default();
        HttpResponse::build(status).content_type("application/json").body(body)
    }
}

impl State {
    /// Whether the time for the damage has come; it is done once.
    fn is_due(&mut self) -> bool {
        self.passed += 1;
        let due = self.passed > FIRST && !self.done;
        self.done |= due;
        due
    }

    /// Decides over a send.
    fn fate(&mut self, damage: Option<Damage>, body: &Value, request: &Passing) -> Fate {
        let to = body["to"].as_str().unwrap_or_default();
        if self.held.as_ref().is_some_and(|held| held.to == to) {
            return self.held.take().map_or(Fate::On, |held| Fate::Then(held.request));
        }
        self.known.insert(to.to_owned());
        if damage == Some(Damage::AcknowledgeAlone) || !self.is_due() {
            return Fate::On;
        }
        let mut changed = body.clone();
        match damage {
            Some(Damage::SwallowSend) => Fate::Kept,
            Some(Damage::DoubleSend) => Fate::Twice,
            Some(Damage::SwapSends) => {
                self.held = Some(Held { to: to.to_owned(), request: request.clone() });
                Fate::Kept
            }
            Some(Damage::OtherPerson) => {
                changed["to"] = self.known.iter().find(|known| *known != to).cloned().into();
                Fate::Changed(changed)
            }
            Some(Damage::OtherText) => {
                changed["text"]["body"] = "something else".into();
                Fate::Changed(changed)
            }
            Some(Damage::AcknowledgeAlone) | None => Fate::On,
        }
    }
}

fn passing(request: &HttpRequest, body: &web::Bytes) -> Passing {
    let header = |name: &str| request.headers().get(name)?.to_str().ok().map(str::to_owned);
    Passing {
        path: request.path().to_owned(),
        token: header("authorization"),
        signature: header("x-hub-signature-256"),
        body: body.to_vec(),
    }
}

async fn webhook(inside: web::Data<Inside>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let alone = inside.damage == Some(Damage::AcknowledgeAlone)
        && String::from_utf8_lossy(&body).contains("\"messages\":")
        && inside.lock().is_due();
    if alone {
        return HttpResponse::Ok().finish();
    }
    inside.pass(&inside.engine, &passing(&request, &body)).await
}

async fn graph(inside: web::Data<Inside>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut on = passing(&request, &body);
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    // Read marks pass.
    let fate =
        if value["type"].is_string() { inside.lock().fate(inside.damage, &value, &on) } else { Fate::On };
    match fate {
        Fate::On => inside.pass(&inside.simulator, &on).await,
        Fate::Kept => HttpResponse::Ok().json(json!({
            "messaging_product": "whatsapp",
            "contacts": [],
            "messages": [{"id": "wamid.THAT.NEVER.WAS"}],
        })),
        Fate::Twice => {
            inside.pass(&inside.simulator, &on).await;
            inside.pass(&inside.simulator, &on).await
        }
        Fate::Changed(changed) => {
            on.body = changed.to_string().into_bytes();
            inside.pass(&inside.simulator, &on).await
        }
        Fate::Then(held) => {
            let answer = inside.pass(&inside.simulator, &on).await;
            inside.pass(&inside.simulator, &held).await;
            answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_lets_the_next_send_of_the_same_person_go_first() {
        let mut state = State { passed: FIRST, ..State::default() };
        let request = |body: &str| Passing {
            path: String::new(),
            token: None,
            signature: None,
            body: body.as_bytes().to_vec(),
        };
        let mut fate = |to: &str, body: &str| {
            let send = json!({"to": to, "type": "text"});
            state.fate(Some(Damage::SwapSends), &send, &request(body))
        };
        assert!(matches!(fate("1", "first"), Fate::Kept));
        assert!(matches!(fate("2", "of another"), Fate::On));
        assert!(matches!(fate("1", "second"), Fate::Then(held) if held.body == b"first"));
        assert!(matches!(fate("1", "third"), Fate::On));
    }
}
