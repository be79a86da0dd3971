//! Switches for demonstrations and tests.

use crate::shop::State;
use crate::shop::error::ApiError;
use crate::shop::gate::{Backend, Mode};
use actix_web::web::{Data, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use utoipa::ToSchema;

/// Longest delay of a slow backend, milliseconds.
const LONGEST_DELAY_MS: u64 = 60_000;

/// How a backend shall behave.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Outage {
    backend: Backend,
    mode: Mode,
    /// For `slow`: 3000 unless told, at most 60000.
    delay_ms: Option<u64>,
}

/// Makes a backend fail, slow or whole again.
#[utoipa::path(post, path = "/admin/outage", tag = "admin", request_body = Outage, responses((status = 200, description = "Modes and counts by backend")), security(()))]
pub async fn outage(state: Data<State>, body: Json<Outage>) -> Json<Value> {
    let delay = if body.mode == Mode::Slow { body.delay_ms.unwrap_or(3000).min(LONGEST_DELAY_MS) } else { 0 };
    state.gate.switch(body.backend, body.mode, Duration::from_millis(delay));
    Json(json!({"backends": state.gate.state()}))
}

/// New quantities.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SetStock {
    sku: String,
    /// A store's id; all stores if left out.
    store: Option<String>,
    /// Pieces of each colour and size.
    quantity: u32,
}

/// Sells out or restocks a product.
#[utoipa::path(post, path = "/admin/stock", tag = "admin", request_body = SetStock,
    responses((status = 200, description = "`{changed}`: variants set"), (status = 404, description = "`not_found`")), security(()))]
pub async fn stock(state: Data<State>, body: Json<SetStock>) -> Result<Json<Value>, ApiError> {
    let SetStock { sku, store, quantity } = body.into_inner();
    let sku = state
        .catalogue
        .product(&sku)
        .ok_or_else(|| ApiError::not_found(format!("no product `{sku}`")))?
        .sku
        .clone();
    let store = match store {
        Some(id) => Some(
            state
                .places
                .store(&id)
                .ok_or_else(|| ApiError::not_found(format!("no store `{id}`")))?
                .id
                .clone(),
        ),
        None => None,
    };
    let changed = state
        .db
        .read(move |c| crate::shop::stock::set(c, &sku, store.as_deref(), i64::from(quantity)))
        .await?;
    Ok(Json(json!({"changed": changed})))
}

/// Modes and request counts by backend, and how much the database holds.
#[utoipa::path(get, path = "/admin/state", tag = "admin", responses((status = 200, description = "`{today, backends, counts}`")), security(()))]
pub async fn state(state: Data<State>) -> Result<Json<Value>, ApiError> {
    const TABLES: [&str; 9] = [
        "contacts",
        "orders",
        "refunds",
        "tickets",
        "appointments",
        "documents",
        "ratings",
        "idempotency",
        "stock",
    ];
    let mut counts = state
        .db
        .read(|connection| {
            let mut counts = serde_json::Map::new();
            for table in TABLES {
                let count: i64 = connection
                    .prepare_cached(&format!("SELECT count(*) FROM {table}"))?
                    .query_row([], |row| row.get(0))?;
                counts.insert(table.to_owned(), count.into());
            }
            Ok(counts)
        })
        .await?;
    counts.insert("products".to_owned(), state.catalogue.products.len().into());
    counts.insert("stores".to_owned(), state.places.stores.len().into());
    Ok(Json(
        json!({"today": state.clock.today().to_string(), "backends": state.gate.state(), "counts": counts}),
    ))
}
