//! `POST /demo/clock`: moves the engine's clock, where the settings allow it. Windows, reminders and timers follow.

use super::Edge;
use actix_web::{HttpRequest, HttpResponse, web};
use charla_actors::clock::Clock;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;

#[derive(Deserialize)]
struct Move {
    /// Milliseconds between the machine's clock and the engine's.
    offset_ms: i64,
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route("/demo/clock", web::post().to(set));
}

async fn set(edge: web::Data<Edge>, request: HttpRequest, body: web::Json<Move>) -> HttpResponse {
    let Some(secret) = &edge.demo_clock else {
        return HttpResponse::NotFound().finish();
    };
    let given = super::agents::bearer(&request).unwrap_or_default();
    let allowed = secret.read().is_ok_and(|token| bool::from(token.as_bytes().ct_eq(given.as_bytes())));
    if !allowed {
        return HttpResponse::Unauthorized().finish();
    }
    edge.clock.set_offset(body.offset_ms);
    HttpResponse::Ok().json(json!({"offset_ms": body.offset_ms, "now_ms": edge.clock.now()}))
}
