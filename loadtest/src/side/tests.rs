//! The customers against stand-ins: an engine that follows the script, and Rasa itself where it is installed.

use super::{
    charla::APP_SECRET,
    graph::{ACCESS_TOKEN, Desk, Graph},
    project::{Project, Variant},
    rasa::Rasa,
    talk::{Load, Side, Tally, drive},
    texts::{SCRIPT, Writer},
};
use crate::sim::signature;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What it answers to the turns of the script; every answer has a second part.
fn answer(turn: usize) -> Value {
    let text = |body: &str| json!({"type": "text", "text": {"body": body}});
    let buttons = |id: &str| {
        let button = json!({"type": "reply", "reply": {"id": id, "title": "T"}});
        json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": [button]}}})
    };
    match turn {
        0 => buttons("/Consent(yes)"),
        2 => {
            let row = json!({"id": "/StartFlow(product_details, sku=\"A\")", "title": "A"});
            let action = json!({"button": "See", "sections": [{"rows": [row]}]});
            json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "!"}, "action": action}})
        }
        3 => buttons("/StartFlow(check_stock)"),
        7 => text("🚚"),
        8 => text("ORD-1?"),
        _ => text("📍"),
    }
}

struct Engine {
    http: reqwest::Client,
    graph: String,
    /// Turns and messages of each customer.
    seen: Mutex<HashMap<String, (usize, String)>>,
    /// Answers everything else, as a server does that has lost its mind.
    confused: bool,
}

async fn webhook(engine: web::Data<Engine>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let signed = request.headers().get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if signed != Some(signature(APP_SECRET, &body).as_str()) {
        return HttpResponse::Unauthorized().finish();
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let message = &body["entry"][0]["changes"][0]["value"]["messages"][0];
    let (from, id) =
        (message["from"].as_str().unwrap().to_owned(), message["id"].as_str().unwrap().to_owned());
    let turn = {
        let mut seen = engine.seen.lock().unwrap();
        let (turn, last) = seen.entry(from.clone()).or_default();
        // The fourth message is refused once.
        if *turn == 3 && *last != id {
            *last = id;
            return HttpResponse::ServiceUnavailable().finish();
        }
        *last = id;
        *turn += 1;
        *turn - 1
    };
    let is_tap = message["type"] == "interactive";
    assert_eq!(is_tap, SCRIPT[turn].key().is_none(), "{turn}: {message}");
    for part in 0..2 {
        let mut send = if engine.confused { answer(7) } else { answer(turn) };
        send["to"] = from.as_str().into();
        send["biz_opaque_callback_data"] = format!("1@2/{}/{part}", turn * 2 + 1).into();
        let url = format!("{}/v24.0/1/messages", engine.graph);
        let taken = engine.http.post(url).bearer_auth(ACCESS_TOKEN).json(&send).send().await.unwrap();
        assert!(taken.status().is_success());
    }
    HttpResponse::Ok().finish()
}

fn engine(graph: &str, confused: bool) -> (ServerHandle, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let data =
        web::Data::new(Engine { http: http(), graph: graph.to_owned(), seen: Mutex::default(), confused });
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).route("/webhooks/whatsapp", web::post().to(webhook))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    (handle, url)
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn load(seconds: u64) -> Load {
    Load { conversations: 3, warm_up: Duration::from_millis(200), measure: Duration::from_secs(seconds) }
}

async fn against(confused: bool) -> (Tally, Arc<Desk>) {
    let desk = Desk::new(3);
    let graph = Graph::start(desk.clone()).unwrap();
    let (server, url) = engine(&graph.url, confused);
    let side = Side::Charla { url, desk: desk.clone() };
    let tally = drive(side, http(), Writer::new(3).unwrap(), load(2), std::process::id()).await.unwrap();
    server.stop(true).await;
    graph.stop().await;
    (tally, desk)
}

#[tokio::test]
async fn the_whole_script_is_talked_and_further_parts_and_refusals_change_nothing() {
    let (tally, desk) = against(false).await;
    assert!(tally.turns > 100 && tally.unanswered == 0, "{tally:?}");
    assert_eq!((tally.misfits.len(), tally.fitting()), (0, 1.0), "{:?}", tally.examples);
    // One in ten is refused once; seven in ten are typed.
    assert!(tally.refused > 0 && tally.typed * 2 > tally.turns && tally.typed < tally.turns);
    assert!(desk.taken() >= tally.turns * 2);
}

#[tokio::test]
async fn answers_to_something_else_are_seen() {
    let (tally, _) = against(true).await;
    assert!(tally.turns > 0 && tally.fitting() < 0.01, "{tally:?}");
    assert!(tally.misfits.keys().all(|what| what.starts_with("Greet")), "{:?}", tally.misfits);
}

#[tokio::test]
async fn a_trained_rasa_answers_over_its_rest_channel() {
    let Some(named) = std::env::var_os("RASA") else {
        eprintln!("skipped: RASA names no Rasa");
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let rasa = Rasa::find(Some(Path::new(&named)), cache.path()).await.unwrap().unwrap();
    let assistant = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let project = Project::of(&assistant, Variant::Lean, 3, 1).unwrap();
    let (folder, took) = rasa.train(&project, Variant::Lean, cache.path()).await.unwrap();
    assert!(took.is_some());
    assert!(rasa.train(&project, Variant::Lean, cache.path()).await.unwrap().1.is_none(), "the cache has it");
    for variant in [Variant::Lean, Variant::LeanSql] {
        let log = cache.path().join("server.log");
        let (server, url, _) = rasa.serve(&folder, variant, log, &http()).await.unwrap();
        let writer = Writer::new(3).unwrap();
        let tally = drive(Side::Rasa { url }, http(), writer, load(5), server.pid()).await.unwrap();
        server.stop().await.unwrap();
        assert!(tally.turns > 5 && tally.unanswered == 0, "{tally:?}");
        assert!(tally.resident_mib > 100.0 && tally.cores.server > 0.0, "{tally:?}");
    }
}
