//! What open phone pages are told: server-sent events.

use super::{
    app::App,
    customer::Customer,
    message::{Message, Status},
    world::ThreadKey,
};
use actix_web::{HttpResponse, web};
use futures_util::stream;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::{self, error::RecvError};

/// Events a slow page may be behind; one further behind is told to load everything again.
const BEHIND: usize = 1_024;
/// Proxies and browsers close silent connections.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The source of events.
#[derive(Debug)]
pub(crate) struct Events(broadcast::Sender<Arc<str>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl Events {
    fn send(&self, event: impl FnOnce() -> Value) {
        // Under load nobody looks on; building JSON for nobody is dear.
        if self.0.receiver_count() > 0 {
            let _ = self.0.send(event().to_string().into());
        }
    }

    /// A message is new, or has got another reaction.
    pub(crate) fn message(&self, key: &ThreadKey, message: &Message) {
        self.send(|| json!({"type": "message", "number": key.0, "wa_id": key.1, "message": message}));
    }

    pub(crate) fn status(&self, key: &ThreadKey, n: u64, status: Status) {
        self.send(|| json!({"type": "status", "number": key.0, "wa_id": key.1, "n": n, "status": status}));
    }

    pub(crate) fn typing(&self, key: &ThreadKey, ms: i64) {
        self.send(|| json!({"type": "typing", "number": key.0, "wa_id": key.1, "for_ms": ms}));
    }

    pub(crate) fn cleared(&self, key: &ThreadKey) {
        self.send(|| json!({"type": "cleared", "number": key.0, "wa_id": key.1}));
    }

    pub(crate) fn customer(&self, customer: &Customer) {
        self.send(|| json!({"type": "customer", "customer": customer}));
    }

    pub(crate) fn clock(&self, now: i64, offset: i64) {
        self.send(|| json!({"type": "clock", "now_ms": now, "offset_ms": offset}));
    }
}

/// `GET /sim/events`.
pub(crate) async fn stream(app: web::Data<Arc<App>>) -> HttpResponse {
    let events = app.events.0.subscribe();
    let stop = app.stop.clone();
    let hello = web::Bytes::from_static(b"retry: 1000\ndata: {\"type\":\"hello\"}\n\n");
    let body = stream::unfold((events, stop, Some(hello)), |(mut events, mut stop, hello)| async move {
        if let Some(hello) = hello {
            return Some((Ok::<_, actix_web::Error>(hello), (events, stop, None)));
        }
        let chunk = tokio::select! {
            event = events.recv() => match event {
                Ok(event) => format!("data: {event}\n\n"),
                Err(RecvError::Lagged(_)) => "data: {\"type\":\"hello\"}\n\n".to_owned(),
                Err(RecvError::Closed) => return None,
            },
            _ = stop.wait_for(|stopping| *stopping) => return None,
            () = tokio::time::sleep(HEARTBEAT) => ": still here\n\n".to_owned(),
        };
        Some((Ok(chunk.into()), (events, stop, None)))
    });
    HttpResponse::Ok()
        .insert_header(("content-type", "text/event-stream"))
        .insert_header(("cache-control", "no-store"))
        .streaming(body)
}
