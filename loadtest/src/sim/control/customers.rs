//! Customers and their threads.

use crate::sim::{
    app::App,
    clock::rfc3339,
    customer::{Customer, is_wa_id},
    error::SimError,
    message::{From, Message, Status},
    receipts::Receipt,
    webhook::{Kind, Update},
    world::ThreadKey,
};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Longest wait of a long poll.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// `?after=N&wait_ms=M&number=…`.
#[derive(Debug, Deserialize)]
pub(super) struct ThreadQuery {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait_ms: u64,
    number: Option<String>,
}

/// `?number=…`.
#[derive(Debug, Deserialize)]
pub(super) struct NumberQuery {
    number: Option<String>,
}

/// A customer as listed.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    customer: &'a Customer,
    threads: Vec<Value>,
}

/// `GET /sim/customers`.
pub(super) async fn list(app: web::Data<Arc<App>>) -> HttpResponse {
    let now = app.clock.now();
    let world = app.world();
    let customers: Vec<_> = world
        .customers
        .values()
        .map(|customer| {
            let threads = app.numbers.iter().filter_map(|number| {
                let key = (number.phone_number_id.clone(), customer.wa_id.clone());
                let thread = world.threads.get(&key)?;
                Some(json!({
                    "number": number.phone_number_id,
                    "messages": thread.messages.len(),
                    "window_open": thread.window_open(now),
                }))
            });
            Listed { customer, threads: threads.collect() }
        })
        .collect();
    HttpResponse::Ok().json(json!({"customers": customers}))
}

/// What can be changed of a customer; what is missing stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Change {
    name: Option<String>,
    username: Option<String>,
    hide_phone: Option<bool>,
    reachable: Option<bool>,
    marketing: Option<bool>,
    number: Option<String>,
}

/// `PUT /sim/customers/{wa_id}`.
pub(super) async fn put(
    app: web::Data<Arc<App>>,
    path: web::Path<String>,
    body: web::Json<Change>,
) -> Result<HttpResponse, SimError> {
    let (wa_id, change) = (path.into_inner(), body.into_inner());
    if !is_wa_id(&wa_id) {
        return Err(SimError::WaId(wa_id));
    }
    let number = Arc::clone(app.number_or_first(change.number.as_deref())?);
    let hidden = app.faults().user_id_only;
    let mut world = app.world();
    let customer = world.customer(&wa_id);
    if let Some(name) = change.name.filter(|name| !name.trim().is_empty()) {
        customer.name = name;
    }
    if let Some(username) = change.username {
        customer.username = (!username.is_empty()).then_some(username);
    }
    customer.hide_phone = change.hide_phone.unwrap_or(customer.hide_phone);
    customer.reachable = change.reachable.unwrap_or(customer.reachable);
    let marketing = change.marketing.unwrap_or(customer.marketing);
    let told = marketing != customer.marketing;
    customer.marketing = marketing;
    let customer = customer.clone();
    drop(world);
    app.events.customer(&customer);
    if told {
        // Meta tells of it in a field of its own.
        let value = if marketing { "resume" } else { "stop" };
        let mut preference = json!({
            "detail": format!("User requested to {value} marketing messages"),
            "category": "marketing_messages",
            "value": value,
            "timestamp": app.clock.now() / 1_000,
        });
        customer.address(hidden, "wa_id", "user_id", &mut preference);
        let kind = Kind::Field {
            field: "user_preferences",
            contact: customer.contact(hidden),
            value: json!([preference]),
        };
        let key = (number.phone_number_id.clone(), wa_id);
        app.webhooks.submit(&app, Update { number, key, n: 0, kind }, Duration::ZERO)?;
    }
    Ok(HttpResponse::Ok().json(customer))
}

fn key(app: &App, wa_id: String, number: Option<&str>) -> Result<ThreadKey, SimError> {
    if !is_wa_id(&wa_id) {
        return Err(SimError::WaId(wa_id));
    }
    Ok((app.number_or_first(number)?.phone_number_id.clone(), wa_id))
}

/// `GET /sim/customers/{wa_id}/thread`.
pub(super) async fn thread(
    app: web::Data<Arc<App>>,
    path: web::Path<String>,
    query: web::Query<ThreadQuery>,
) -> Result<HttpResponse, SimError> {
    let key = key(&app, path.into_inner(), query.number.as_deref())?;
    let deadline = Instant::now() + Duration::from_millis(query.wait_ms).min(MAX_WAIT);
    let mut newest = app.world().thread(&key).newest.subscribe();
    let mut stop = app.stop.clone();
    tokio::select! {
        _ = newest.wait_for(|newest| *newest > query.after) => {}
        () = tokio::time::sleep_until(deadline) => {}
        _ = stop.wait_for(|stopping| *stopping) => {}
    }
    let now = app.clock.now();
    let mut world = app.world();
    let thread = world.thread(&key);
    Ok(HttpResponse::Ok().json(json!({
        "messages": thread.after(query.after),
        "typing": thread.typing_until > now,
        "window_open": thread.window_open(now),
        "now": rfc3339(now),
    })))
}

/// `DELETE /sim/customers/{wa_id}/thread`: the phone forgets; the engine does not.
pub(super) async fn clear(
    app: web::Data<Arc<App>>,
    path: web::Path<String>,
    query: web::Query<NumberQuery>,
) -> Result<HttpResponse, SimError> {
    let key = key(&app, path.into_inner(), query.number.as_deref())?;
    let gone = app.world().clear(&key);
    app.events.cleared(&key);
    Ok(HttpResponse::Ok().json(json!({"deleted": gone})))
}

/// `POST /sim/customers/{wa_id}/read`: an open page shows the thread, so delivered messages are read.
pub(super) async fn read(
    app: web::Data<Arc<App>>,
    path: web::Path<String>,
    query: web::Query<NumberQuery>,
) -> Result<HttpResponse, SimError> {
    // Where messages are read by themselves, a second report would be one too many.
    if app.faults().read_after_ms.is_some() {
        return Ok(HttpResponse::Ok().json(json!({"read": 0})));
    }
    let key = key(&app, path.into_inner(), query.number.as_deref())?;
    let number = app.number_or_first(Some(&key.0))?;
    let (customer, unread) = {
        let mut world = app.world();
        let customer = world.customer(&key.1).clone();
        let shown = |message: &&mut Message| {
            message.from == From::Business && matches!(message.status, Status::Sent | Status::Delivered)
        };
        let mut unread = Vec::new();
        for message in world.thread(&key).messages.iter_mut().filter(shown) {
            // Here and now, so that a second request does not report it again.
            message.advance(Status::Read);
            unread.push((message.n, message.wamid.clone(), message.callback.clone()));
        }
        (customer, unread)
    };
    for (n, wamid, callback) in &unread {
        let receipt = Receipt {
            app: &app,
            number,
            customer: &customer,
            key: &key,
            n: *n,
            wamid,
            callback: callback.as_deref(),
            pricing: Value::Null,
        };
        receipt.read_now();
    }
    Ok(HttpResponse::Ok().json(json!({"read": unread.len()})))
}

/// `GET /sim/media/{id}`.
pub(super) async fn media(app: web::Data<Arc<App>>, path: web::Path<String>) -> HttpResponse {
    let file = app.world().media.get(path.as_str()).cloned();
    match file {
        Some(file) => HttpResponse::Ok()
            .insert_header(("content-type", file.mime_type))
            // Uploaded by anybody: never to be run as a page.
            .insert_header(("x-content-type-options", "nosniff"))
            .insert_header(("content-security-policy", "sandbox"))
            .body(file.bytes),
        None => HttpResponse::NotFound().finish(),
    }
}
