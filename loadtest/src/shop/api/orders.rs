//! Orders: state with the carrier's raw words, cancellation, delivery, documents.

use super::{crm, filled};
use crate::shop::State;
use crate::shop::clock::plus;
use crate::shop::db::Reply;
use crate::shop::error::ApiError;
use crate::shop::i18n::{Country, Money};
use crate::shop::naming::Named;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Latest day to which a delivery can be put off, counted from today.
const LATEST_DELIVERY_DAYS: i64 = 30;
/// Days in which a refund arrives.
const REFUND_DAYS: i64 = 5;

/// `ORD-10293` for `ord10293`, `#10293`, `10293`.
fn normal(id: &str) -> String {
    let id = id.trim().trim_start_matches('#').trim().to_uppercase();
    let number =
        id.strip_prefix("ORD").map_or(id.as_str(), |rest| rest.trim_start_matches(['-', ' ', '#', '_']));
    format!("ORD-{number}")
}

/// Who asks for an order.
#[derive(Debug, Deserialize, IntoParams)]
pub struct OrderQuery {
    /// Phone digits or business-scoped id of the customer.
    contact: Option<String>,
    /// Instead of the contact: the delivery's postal code, the account's e-mail, or the last four digits of its phone.
    fact: Option<String>,
    /// A customer's words, which may name an item.
    about: Option<String>,
}

/// Says of each item what people call it (`called`), and whether the customer's words name it best (`named`).
fn name_items(order: &mut Value, state: &State, about: Option<&Named>) {
    let Some(items) = order["items"].as_array_mut() else { return };
    let product = |item: &Value| item["sku"].as_str().and_then(|sku| state.catalogue.product(sku));
    let fits: Vec<u32> = items
        .iter()
        .map(|item| about.zip(product(item)).map_or(0, |(about, product)| about.fits(product)))
        .collect();
    let best = fits.iter().copied().max().unwrap_or(0);
    for (item, fits) in items.iter_mut().zip(fits) {
        let kind = product(item).and_then(|p| state.catalogue.kinds.iter().find(|k| k.id == p.kind));
        item["called"] = json!(kind.map(|k| &k.words));
        item["named"] = json!(best > 0 && fits == best);
    }
}

struct Order {
    id: String,
    contact: String,
    status: String,
    country: Country,
    total: i64,
    payment_method: String,
    payment_status: String,
}

fn find(connection: &Connection, id: &str) -> Result<Order, ApiError> {
    let mut statement =
        connection.prepare_cached("SELECT id, contact_id, status, country, total, payment_method, payment_status FROM orders WHERE id = ?1")?;
    let read = |row: &Row<'_>| {
        Ok(Order {
            id: row.get(0)?,
            contact: row.get(1)?,
            status: row.get(2)?,
            country: Country::from_code(&row.get::<_, String>(3)?).unwrap_or_default(),
            total: row.get(4)?,
            payment_method: row.get(5)?,
            payment_status: row.get(6)?,
        })
    };
    statement.query_row([normal(id)], read).optional()?.ok_or_else(|| ApiError::not_found("no such order"))
}

fn not_yours() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "not_yours", "this order belongs to another customer")
}

/// The order, if it belongs to the contact.
fn owned(connection: &Connection, id: &str, contact: &str) -> Result<Order, ApiError> {
    let order = find(connection, id)?;
    let owner = crm::resolve(connection, contact)?;
    if owner.as_deref() == Some(&order.contact) { Ok(order) } else { Err(not_yours()) }
}

/// The order, if the fact is one only its customer should know.
fn proven(connection: &Connection, id: &str, fact: &str) -> Result<Order, ApiError> {
    let order = find(connection, id)?;
    let mut statement =
        connection.prepare_cached("SELECT o.pincode, c.email, c.phone FROM orders o JOIN contacts c ON c.id = o.contact_id WHERE o.id = ?1")?;
    let (pincode, email, phone): (String, Option<String>, Option<String>) =
        statement.query_row([&order.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let fact = fact.trim();
    let right = fact.replace(' ', "") == pincode
        || email.is_some_and(|e| e.eq_ignore_ascii_case(fact))
        || phone.is_some_and(|p| fact.len() == 4 && p.ends_with(fact));
    if right { Ok(order) } else { Err(not_yours()) }
}

fn view(connection: &Connection, order: &Order, today: Date) -> Result<Value, ApiError> {
    let mut events = connection
        .prepare_cached("SELECT at, raw_status, place FROM carrier_events WHERE order_id = ?1 ORDER BY at")?;
    let events = events.query_map([&order.id], |row| {
        Ok(json!({"at": row.get::<_, String>(0)?, "raw_status": row.get::<_, String>(1)?, "place": row.get::<_, String>(2)?}))
    })?;
    let events: Vec<Value> = events.collect::<Result<_, _>>()?;
    let money = |minor| Money { minor, country: order.country };
    let refund = connection
        .prepare_cached("SELECT status, amount, expected_on FROM refunds WHERE order_id = ?1")?
        .query_row([&order.id], |row| {
            Ok(json!({"status": row.get::<_, String>(0)?, "amount": money(row.get(1)?), "expected_on": row.get::<_, Option<String>>(2)?}))
        })
        .optional()?;
    let items = crm::items(connection, &order.id)?;
    let mut statement = connection.prepare_cached(
        "SELECT placed_on, status, carrier, tracking_id, expected_on, delivered_on, payment_method, payment_status, city, returnable_until,
         wish_date, wish_address, wish_slot, wish_note, cancel_reason FROM orders WHERE id = ?1",
    )?;
    Ok(statement.query_row([&order.id], |row| {
        let text = |i: usize| row.get::<_, Option<String>>(i);
        let status = text(1)?;
        let last = events.last();
        let carrier = text(2)?.map(|name| {
            json!({"name": name, "raw_status": last.map(|e| &e["raw_status"]), "tracking_id": row.get::<_, Option<String>>(3).ok().flatten(),
                   "updated_at": last.map(|e| &e["at"]), "events": events})
        });
        let returnable_until = text(9)?;
        let returnable = status.as_deref() == Some("delivered") && returnable_until.as_deref().is_some_and(|day| day >= today.to_string().as_str());
        let (date, address, slot, note) = (text(10)?, text(11)?, text(12)?, text(13)?);
        let wished = [&date, &address, &slot, &note].into_iter().any(Option::is_some);
        let wish = wished.then(|| json!({"date": date, "address": address, "slot": slot, "note": note}));
        Ok(json!({
            "order_id": order.id, "contact_id": order.contact, "placed_on": text(0)?, "status": status, "carrier": carrier,
            "expected_on": text(4)?, "delivered_on": text(5)?, "items": items, "total": money(order.total),
            "payment": {"method": text(6)?, "status": text(7)?}, "address_city": text(8)?, "refund": refund,
            "returnable_until": returnable_until, "returnable": returnable,
            "cancellable": matches!(status.as_deref(), Some("placed" | "packed")), "delivery": wish, "cancel_reason": text(14)?,
        }))
    })?)
}

fn by_id(connection: &Connection, id: &str, today: Date) -> Result<Value, ApiError> {
    view(connection, &find(connection, id)?, today)
}

/// One order, for the customer it belongs to.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders", params(("id" = String, Path, description = "With or without `ORD-` or `#`"), OrderQuery),
    responses((status = 200, description = "Order"), (status = 403, description = "`not_yours`"), (status = 404, description = "`not_found`")))]
pub async fn order(
    state: Data<State>,
    id: Path<String>,
    query: Query<OrderQuery>,
) -> Result<Json<Value>, ApiError> {
    let OrderQuery { contact, fact, about } = query.into_inner();
    let about = filled(about).map(|text| Named::new(&state.vocabulary, &text));
    let db = state.db.clone();
    let order = db.read(move |connection| {
        let order = match (filled(contact), filled(fact)) {
            (Some(contact), _) => owned(connection, &id, &contact)?,
            (None, Some(fact)) => proven(connection, &id, &fact)?,
            (None, None) => {
                return Err(ApiError::bad_request("an order is shown for `contact` or `fact` only"));
            }
        };
        let mut order = view(connection, &order, state.clock.today_in(order.country))?;
        name_items(&mut order, &state, about.as_ref());
        Ok(order)
    });
    Ok(Json(order.await?))
}

/// A wish to cancel.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Cancel {
    contact: String,
    reason: Option<String>,
}

/// Cancels an order that has not left the shop; what was paid is refunded.
#[utoipa::path(post, path = "/orders/{id}/cancel", tag = "orders", params(("id" = String, Path, description = "Order id")), request_body = Cancel,
    responses((status = 200, description = "Order"), (status = 403, description = "`not_yours`"), (status = 409, description = "`not_cancellable`")))]
pub async fn cancel(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
    body: Json<Cancel>,
) -> Result<HttpResponse, ApiError> {
    let clock = state.clock;
    let now = clock.now();
    let db = state.db.clone();
    db.change(&request, now.clone(), move |tx| {
        let Cancel { contact, reason } = body.into_inner();
        let order = owned(tx, &id, &contact)?;
        let today = clock.today_in(order.country);
        if !matches!(order.status.as_str(), "placed" | "packed") {
            return Err(ApiError::conflict("not_cancellable", format!("an order that is {} cannot be cancelled", order.status)));
        }
        let paid = order.payment_status == "paid" && order.payment_method != "cash_on_delivery";
        tx.execute(
            "UPDATE orders SET status = 'cancelled', expected_on = NULL, cancel_reason = ?2, payment_status = ?3 WHERE id = ?1",
            (&order.id, filled(reason), if paid { "refund_pending" } else { "void" }),
        )?;
        if order.status == "packed" {
            tx.execute(
                "INSERT INTO carrier_events (order_id, at, raw_status, place) SELECT id, ?2, 'CANCELLED', city FROM orders WHERE id = ?1",
                (&order.id, &now),
            )?;
        }
        if paid {
            let due = plus(today, REFUND_DAYS).to_string();
            tx.execute("INSERT INTO refunds (order_id, status, amount, expected_on) VALUES (?1, 'pending', ?2, ?3)", (&order.id, order.total, due))?;
        }
        Ok(Reply::ok(by_id(tx, &order.id, today)?))
    })
    .await
}

/// Another day, address or time for a delivery, a word for the courier; absent fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Delivery {
    contact: String,
    /// `YYYY-MM-DD` between tomorrow and 30 days ahead; any other text is passed on to the carrier as it is.
    date: Option<String>,
    address: Option<String>,
    slot: Option<String>,
    /// What the courier has to heed.
    note: Option<String>,
}

/// Changes the delivery of an order that is not yet out for delivery.
#[utoipa::path(post, path = "/orders/{id}/delivery", tag = "orders", params(("id" = String, Path, description = "Order id")), request_body = Delivery,
    responses((status = 200, description = "Order"), (status = 409, description = "`not_changeable`"), (status = 422, description = "`invalid`")))]
pub async fn delivery(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
    body: Json<Delivery>,
) -> Result<HttpResponse, ApiError> {
    let clock = state.clock;
    let db = state.db.clone();
    db.change(&request, clock.now(), move |tx| {
        let body = body.into_inner();
        let (date, address, slot) = (filled(body.date), filled(body.address), filled(body.slot));
        let note = filled(body.note);
        if [&date, &address, &slot, &note].into_iter().all(Option::is_none) {
            return Err(ApiError::invalid("name a date, an address, a slot or a note"));
        }
        let order = owned(tx, &id, &body.contact)?;
        let today = clock.today_in(order.country);
        if !matches!(order.status.as_str(), "placed" | "packed" | "shipped" | "delayed") {
            return Err(ApiError::conflict("not_changeable", format!("the delivery of an order that is {} cannot be changed", order.status)));
        }
        let day = date.as_deref().and_then(|d| d.parse::<Date>().ok());
        if day.is_some_and(|d| d <= today || d > plus(today, LATEST_DELIVERY_DAYS)) {
            return Err(ApiError::invalid(format!("the date lies between tomorrow and {LATEST_DELIVERY_DAYS} days ahead")));
        }
        tx.execute(
            "UPDATE orders SET wish_date = coalesce(?2, wish_date), wish_address = coalesce(?3, wish_address), wish_slot = coalesce(?4, wish_slot),
             wish_note = coalesce(?5, wish_note), expected_on = coalesce(?6, expected_on) WHERE id = ?1",
            (&order.id, date, address, slot, note, day.map(|d| d.to_string())),
        )?;
        Ok(Reply::ok(by_id(tx, &order.id, today)?))
    })
    .await
}

/// A document asked for.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DocumentRequest {
    contact: String,
    /// `invoice` (default), `receipt`, `warranty_card`.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Makes a document and answers its link.
#[utoipa::path(post, path = "/orders/{id}/documents", tag = "orders", params(("id" = String, Path, description = "Order id")), request_body = DocumentRequest,
    responses((status = 201, description = "`{url, type}`"), (status = 403, description = "`not_yours`"), (status = 422, description = "`invalid`")))]
pub async fn document(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
    body: Json<DocumentRequest>,
) -> Result<HttpResponse, ApiError> {
    let now = state.clock.now();
    let db = state.db.clone();
    db.change(&request, now.clone(), move |tx| {
        let DocumentRequest { contact, kind } = body.into_inner();
        let kind = filled(kind).unwrap_or_else(|| "invoice".to_owned()).to_lowercase().replace([' ', '-'], "_");
        if !matches!(kind.as_str(), "invoice" | "receipt" | "warranty_card") {
            return Err(ApiError::invalid(format!("there is no document `{kind}` for an order: invoice, receipt, warranty_card")));
        }
        let order = owned(tx, &id, &contact)?;
        // The link is its own credential: 128 random bits; asking again gives the same one.
        let mut known = tx.prepare_cached("SELECT token FROM documents WHERE order_id = ?1 AND type = ?2")?;
        if known.query_row((&order.id, &kind), |_| Ok(())).optional()?.is_none() {
            let sql = "INSERT INTO documents (token, order_id, type, created_at) VALUES (lower(hex(randomblob(16))), ?1, ?2, ?3)";
            tx.execute(sql, (&order.id, &kind, now))?;
        }
        let token: String = known.query_row((&order.id, &kind), |row| row.get(0))?;
        Ok(Reply::created(json!({"url": format!("{}/documents/{token}", state.base_url), "type": kind})))
    })
    .await
}

#[cfg(test)]
mod tests {
    #[test]
    fn order_ids_in_any_dress() {
        for id in ["ORD-10293", "ord-10293", "#10293", " 10293", "ORD10293", "#ORD-10293", "ord 10293"] {
            assert_eq!(super::normal(id), "ORD-10293", "{id}");
        }
    }
}
