//! The OpenAPI document.

use super::api::{admin, calendar, compare, crm, inventory, orders, tickets};
use super::i18n::MoneyWire;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Charla demo shop",
        version = "1",
        description = "The systems of a demonstration retailer. Every backend asks for the bearer token; `/crm` takes basic authentication of the user `crm` too. \
                       Changes honour `Idempotency-Key`: the same key gets the first answer again. Errors are `{\"error\": {\"code\", \"message\"}}`."
    ),
    paths(
        inventory::categories, inventory::products, inventory::product, inventory::stock, inventory::stores, compare::compare,
        crm::contact, crm::put_contact, crm::orders, crm::rate,
        orders::order, orders::cancel, orders::delivery, orders::document,
        tickets::open, tickets::list, tickets::ticket, tickets::update,
        calendar::slots, calendar::book, calendar::list, calendar::change, calendar::cancel,
        admin::outage, admin::stock, admin::state,
    ),
    components(schemas(MoneyWire)),
    modifiers(&Schemes),
    security(("bearer" = []), ("basic" = [])),
    tags(
        (name = "inventory", description = "Products, live stock, stores"),
        (name = "crm", description = "Contacts"),
        (name = "orders", description = "Orders with the carrier's raw states"),
        (name = "ticketing", description = "Tickets"),
        (name = "calendar", description = "Slots and appointments"),
        (name = "admin", description = "Switches for demonstrations, from the same machine only"),
    )
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    }
}

/// The OpenAPI document of the shop, with the carrier's raw states in the description of `orders`.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let states: Vec<String> =
        super::RAW_STATES.iter().map(|(state, meaning)| format!("{state}: {meaning}")).collect();
    if let Some(tag) = document.tags.iter_mut().flatten().find(|t| t.name == "orders") {
        tag.description = Some(format!("Orders. The carrier's raw states: {}.", states.join("; ")));
    }
    document
}
