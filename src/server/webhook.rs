//! `GET` and `POST /webhooks/whatsapp`.

use super::Edge;
use crate::{telemetry::names, webhook as wire};
use actix_web::{HttpRequest, HttpResponse, error::PayloadError, http::StatusCode, http::header, web};
use charla_actors::{accept::Refused, clock::Clock};
use futures_util::StreamExt;
use std::time::Instant;

const PATH: &str = "/webhooks/whatsapp";
/// Seconds after which Meta may try again; it has a schedule of its own, others may heed it.
const RETRY_AFTER_S: &str = "5";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(PATH).route(web::get().to(verify)).route(web::post().to(receive)));
}

async fn verify(edge: web::Data<Edge>, request: HttpRequest) -> HttpResponse {
    match wire::signature::verify_subscription(request.query_string(), &edge.verify_token) {
        Some(challenge) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(challenge),
        None => HttpResponse::Forbidden().finish(),
    }
}

async fn receive(
    edge: web::Data<Edge>,
    limit: web::Data<BodyLimit>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let begun = Instant::now();
    let status = handle(&edge, limit.0, &request, payload).await;
    metrics::counter!(names::WEBHOOK_REQUESTS, "status" => status_label(status)).increment(1);
    metrics::histogram!(names::WEBHOOK_SECONDS).record(begun.elapsed().as_secs_f64());
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
    }
    response.finish()
}

/// Largest body taken, in bytes.
pub(super) struct BodyLimit(pub usize);

fn status_label(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        400 => "400",
        401 => "401",
        413 => "413",
        503 => "503",
        _ => "other",
    }
}

async fn handle(edge: &Edge, limit: usize, request: &HttpRequest, payload: web::Payload) -> StatusCode {
    let body = match read(payload, limit).await {
        Ok(body) => body,
        Err(PayloadError::Overflow) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => return StatusCode::BAD_REQUEST,
    };
    let signature = request.headers().get("X-Hub-Signature-256").and_then(|value| value.to_str().ok());
    // Before anything else is done with the bytes.
    if wire::signature::verify(&edge.app_secrets, &body, signature).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let parsed = wire::parse(&body, &edge.numbers, edge.clock.now());
    for (kind, count) in &parsed.kinds {
        metrics::counter!(names::WEBHOOK_PARTS, "kind" => *kind).increment(*count);
    }
    if parsed.items.is_empty() {
        return StatusCode::OK;
    }
    match edge.engine.accept(parsed.items).await {
        Ok(_) => StatusCode::OK,
        // What cannot be read may be readable when Meta sends it again.
        Err(Refused::Full | Refused::Stopping | Refused::Broken(_) | Refused::Unreadable(_)) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn read(mut payload: web::Payload, limit: usize) -> Result<web::Bytes, PayloadError> {
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk?;
        if body.len() + chunk.len() > limit {
            return Err(PayloadError::Overflow);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
