//! The REST endpoints, one file a backend.

pub mod admin;
pub mod calendar;
pub mod compare;
pub mod crm;
pub mod inventory;
pub mod orders;
pub mod public;
pub mod tickets;
mod times;

use super::BODY_LIMIT;
use super::error::ApiError;
use super::i18n::Country;
use actix_web::web::{self, JsonConfig, QueryConfig, ServiceConfig};
use serde::Deserialize;

/// JSON bodies: bounded, any content type, refusals in the contract's form.
pub fn json_config() -> JsonConfig {
    JsonConfig::default()
        .limit(BODY_LIMIT)
        .content_type_required(false)
        .content_type(|_| true)
        .error_handler(|e, _| ApiError::bad_request(format!("body: {e}")).into())
}

/// Queries: refusals in the contract's form.
pub fn query_config() -> QueryConfig {
    QueryConfig::default().error_handler(|e, _| ApiError::bad_request(format!("query: {e}")).into())
}

/// All routes.
pub fn routes(config: &mut ServiceConfig) {
    use web::{delete, get, patch, post, put};
    config
        .route("/inventory/categories", get().to(inventory::categories))
        .route("/inventory/products", get().to(inventory::products))
        .route("/inventory/compare", get().to(compare::compare))
        .route("/inventory/products/{sku}", get().to(inventory::product))
        .route("/inventory/products/{sku}/stock", get().to(inventory::stock))
        .route("/inventory/stores", get().to(inventory::stores))
        .route("/crm/contacts/{id}", get().to(crm::contact))
        .route("/crm/contacts/{id}", put().to(crm::put_contact))
        .route("/crm/contacts/{id}/orders", get().to(crm::orders))
        .route("/crm/contacts/{id}/ratings", post().to(crm::rate))
        .route("/orders/{id}", get().to(orders::order))
        .route("/orders/{id}/cancel", post().to(orders::cancel))
        .route("/orders/{id}/delivery", post().to(orders::delivery))
        .route("/orders/{id}/documents", post().to(orders::document))
        .route("/tickets", post().to(tickets::open))
        .route("/tickets", get().to(tickets::list))
        .route("/tickets/{id}", get().to(tickets::ticket))
        .route("/tickets/{id}", patch().to(tickets::update))
        .route("/calendar/slots", get().to(calendar::slots))
        .route("/calendar/appointments", post().to(calendar::book))
        .route("/calendar/appointments", get().to(calendar::list))
        .route("/calendar/appointments/{id}", patch().to(calendar::change))
        .route("/calendar/appointments/{id}", delete().to(calendar::cancel))
        .route("/admin/outage", post().to(admin::outage))
        .route("/admin/stock", post().to(admin::stock))
        .route("/admin/state", get().to(admin::state))
        .route("/", get().to(public::page))
        .route("/openapi.json", get().to(public::openapi))
        .route("/images/{file}", get().to(public::image))
        .route("/documents/{token}", get().to(public::document))
        .default_service(web::to(|| async { Err::<String, _>(ApiError::not_found("no such path")) }));
}

/// A country in a query; nothing or an empty string means India.
pub fn country(text: Option<&str>) -> Result<Country, ApiError> {
    match text.map(str::trim) {
        None | Some("") => Ok(Country::default()),
        Some(code) => Country::from_code(code)
            .ok_or_else(|| ApiError::bad_request(format!("country `{code}` is none of IN, ES, MX"))),
    }
}

/// A number in a query that may be absent or empty, as templates leave it.
pub fn number(name: &str, text: Option<&str>) -> Result<Option<f64>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
    number.map(Some).ok_or_else(|| ApiError::bad_request(format!("{name} `{text}` is not a number")))
}

/// Absent and blank are the same.
pub fn filled(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
}

/// Whose.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct ContactQuery {
    /// Phone digits or business-scoped id.
    pub contact: Option<String>,
}
