//! `/health/live`, `/health/ready`, `/metrics`.

use super::Edge;
use actix_web::{HttpResponse, web};
use charla_actors::clock::Clock;
use serde_json::json;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready))
        .route("/metrics", web::get().to(scrape));
}

/// The process answers.
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"live": true}))
}

/// Whether traffic should come here. A backend that is down does not make the engine unready: customers are told.
async fn ready(edge: web::Data<Edge>) -> HttpResponse {
    let stats = edge.engine.stats();
    let backends: serde_json::Map<_, _> = edge
        .sources
        .backends
        .states()
        .into_iter()
        .map(|(name, state)| (name, json!(format!("{state:?}").to_lowercase())))
        .collect();
    let ready = stats.broken.is_none();
    let body = json!({
        "ready": ready,
        "journal": if ready { "ok" } else { "broken" },
        "understanding": (edge.tier)(),
        "conversations_resident": stats.resident,
        "unhandled": stats.unhandled,
        "outbox": stats.outbox_depth,
        "breakers": backends,
    });
    if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

async fn scrape(edge: web::Data<Edge>) -> HttpResponse {
    let Some(metrics) = edge.metrics.clone() else {
        return HttpResponse::NotFound().finish();
    };
    // Reading the human queue and rendering take longer than a webhook may wait for this thread.
    let rendered = web::block(move || {
        edge.sources.refresh(edge.clock.now());
        metrics.render()
    });
    match rendered.await {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
