//! Clock, faults, templates, state, and what the phone page needs to know.

use crate::sim::{
    app::App,
    clock::{Millis, rfc3339},
    customer::Customer,
    error::SimError,
    faults::Faults,
    templates::Template,
    webhook,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The demo's people, offered on the phone page.
const DEMO_CUSTOMERS: [&str; 5] =
    ["447700900001", "34600000001", "919810000001", "919810000002", "525500000001"];
/// The shop's backends that can be switched off.
const BACKENDS: [&str; 5] = ["inventory", "crm", "orders", "ticketing", "calendar"];
/// Furthest move of the clock: ten years.
const MAX_OFFSET: Millis = 10 * 366 * 24 * 3_600_000;

/// `GET /sim/config`.
pub(super) async fn config(app: web::Data<Arc<App>>) -> HttpResponse {
    let people = DEMO_CUSTOMERS.map(|wa_id| {
        let country = match wa_id.get(..2) {
            Some("34") => "ES",
            Some("52") => "MX",
            _ => "IN",
        };
        let number = app.numbers.iter().find(|number| number.country == country);
        json!({
            "wa_id": wa_id,
            "name": Customer::new(wa_id).name,
            "number": number.or(app.numbers.first()).map(|number| &number.phone_number_id),
        })
    });
    let numbers: Vec<_> = app.numbers.iter().map(|number| number.as_ref().clone()).collect();
    HttpResponse::Ok().json(json!({
        "numbers": numbers,
        "demo_customers": people,
        "engine_url": app.options.engine_url,
        "shop_url": app.options.shop_url,
        "outage_url": app.options.shop_url.as_ref().map(|_| "/sim/outage"),
        "backends": BACKENDS,
        "clock_movable": true,
    }))
}

/// `GET /sim/state`.
pub(super) async fn state(app: web::Data<Arc<App>>) -> HttpResponse {
    let (customers, threads) = {
        let world = app.world();
        (world.customers.len(), world.threads.len())
    };
    HttpResponse::Ok().json(json!({
        "counts": app.stats.counts(app.webhooks.pending()),
        "customers": customers,
        "threads": threads,
        "verified": app.verified(),
        "offset_ms": app.clock.offset(),
    }))
}

fn clock_json(app: &App) -> Value {
    let now = app.clock.now();
    json!({"offset_ms": app.clock.offset(), "now_ms": now, "now": rfc3339(now)})
}

/// `GET /sim/clock`.
pub(super) async fn clock(app: web::Data<Arc<App>>) -> HttpResponse {
    HttpResponse::Ok().json(clock_json(&app))
}

/// One of both.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    offset_ms: Option<Millis>,
    advance_ms: Option<Millis>,
}

/// `POST /sim/clock`: the engine's clock first; if that fails, neither moves.
pub(super) async fn move_clock(
    app: web::Data<Arc<App>>,
    body: web::Json<Move>,
) -> Result<HttpResponse, SimError> {
    let _one_at_a_time = app.clock_moves.lock().await;
    let before = app.clock.offset();
    let offset = match (body.offset_ms, body.advance_ms) {
        (Some(offset), None) => offset,
        (None, Some(by)) => before.saturating_add(by),
        _ => return Err(SimError::Request("give either `offset_ms` or `advance_ms`".into())),
    };
    if offset.saturating_abs() > MAX_OFFSET {
        return Err(SimError::Request("the clock can be moved by ten years at most".into()));
    }
    if let Some(url) = &app.options.engine_clock_url {
        let request = app.http.post(url).json(&json!({"offset_ms": offset}));
        let request = match &app.options.engine_clock_token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => return Err(SimError::EngineClock(format!("it answered {}", answer.status()))),
            Err(error) => return Err(SimError::EngineClock(error.without_url().to_string())),
        }
    }
    app.clock.set_offset(offset);
    if offset < before {
        app.world().rates.forget();
    }
    app.events.clock(app.clock.now(), offset);
    Ok(HttpResponse::Ok().json(clock_json(&app)))
}

/// `GET /sim/faults`.
pub(super) async fn faults(app: web::Data<Arc<App>>) -> HttpResponse {
    HttpResponse::Ok().json(app.faults())
}

/// `POST /sim/faults`: what is not named stays as it is.
pub(super) async fn set_faults(
    app: web::Data<Arc<App>>,
    body: web::Json<serde_json::Map<String, Value>>,
) -> Result<HttpResponse, SimError> {
    let malformed = |error: serde_json::Error| SimError::Request(format!("these are no faults: {error}"));
    let mut dice = app.dice();
    let mut merged = serde_json::to_value(&dice.faults).map_err(malformed)?;
    for (name, value) in body.into_inner() {
        merged[name] = value;
    }
    let faults: Faults = serde_json::from_value(merged).map_err(malformed)?;
    let probabilities =
        [faults.skip_delivered, faults.duplicate, faults.reorder, faults.graph_error, faults.lose_answer];
    if probabilities.iter().any(|probability| !(0.0..=1.0).contains(probability)) {
        return Err(SimError::Request("probabilities are 0 to 1".into()));
    }
    dice.set(faults.clone());
    Ok(HttpResponse::Ok().json(faults))
}

/// `PUT /sim/templates`: approves templates, replacing those of the same name and language.
pub(super) async fn set_templates(app: web::Data<Arc<App>>, body: web::Json<Vec<Template>>) -> HttpResponse {
    let mut world = app.world();
    for template in body.into_inner() {
        world.templates.retain(|old| (&old.name, &old.language) != (&template.name, &template.language));
        world.templates.push(template);
    }
    HttpResponse::Ok().json(&world.templates)
}

/// `POST /sim/verify`: the verification handshake, now.
pub(super) async fn verify(app: web::Data<Arc<App>>) -> Result<HttpResponse, SimError> {
    webhook::handshake(&app).await?;
    Ok(HttpResponse::Ok().json(json!({"verified": true})))
}

/// `POST /sim/outage`: passed on to the shop's `/admin/outage`, so that the page needs no other origin.
pub(super) async fn outage(
    app: web::Data<Arc<App>>,
    body: web::Json<Value>,
) -> Result<HttpResponse, SimError> {
    let answer = shop(&app, reqwest::Method::POST, "/admin/outage", Some(body.into_inner())).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// `GET /sim/outage`: the shop's `/admin/state`, so that a page loaded anew shows what is down.
pub(super) async fn outages(app: web::Data<Arc<App>>) -> Result<HttpResponse, SimError> {
    let answer = shop(&app, reqwest::Method::GET, "/admin/state", None).await?;
    Ok(HttpResponse::Ok().json(answer))
}

async fn shop(
    app: &App,
    method: reqwest::Method,
    path: &str,
    body: Option<Value>,
) -> Result<Value, SimError> {
    let Some(shop) = &app.options.shop_url else {
        return Err(SimError::Shop("its address was not given".into()));
    };
    let mut request = app.http.request(method, format!("{}{path}", shop.trim_end_matches('/')));
    if let Some(body) = body {
        request = request.json(&body);
    }
    if let Some(token) = &app.options.shop_token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.map_err(|error| SimError::Shop(error.without_url().to_string()))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(SimError::Shop(format!("it answered {status}")));
    }
    Ok(answer.json().await.unwrap_or(Value::Null))
}
