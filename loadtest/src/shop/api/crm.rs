//! CRM: contacts, their orders, their ratings.

use super::filled;
use crate::shop::State;
use crate::shop::db::Reply;
use crate::shop::error::ApiError;
use crate::shop::i18n::{Country, Money};
use crate::shop::naming::Named;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The contact's id behind a phone number, a business-scoped id or an alias.
pub fn resolve(connection: &Connection, id: &str) -> Result<Option<String>, ApiError> {
    let id = normal(id);
    let found = connection
        .prepare_cached("SELECT id FROM contacts WHERE id = ?1 UNION ALL SELECT contact_id FROM aliases WHERE alias = ?1 LIMIT 1")?
        .query_row([&id], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Phone numbers as digits, whatever they were written like; other ids as they are.
fn normal(id: &str) -> String {
    let id = id.trim();
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    let phone = !digits.is_empty()
        && id.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')'));
    if phone { digits } else { id.to_owned() }
}

fn known(connection: &Connection, id: &str) -> Result<String, ApiError> {
    resolve(connection, id)?.ok_or_else(|| ApiError::not_found("no such contact"))
}

fn view(connection: &Connection, id: &str) -> Result<Value, ApiError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, language, country, phone, user_id, email, city, pincode, consent_version, consent_at, marketing, source, created_at, updated_at
         FROM contacts WHERE id = ?1",
    )?;
    let text = |row: &rusqlite::Row<'_>, i| row.get::<_, Option<String>>(i);
    Ok(statement.query_row([id], |row| {
        let consent = text(row, 9)?.map(|version| json!({"version": version, "at": row.get::<_, Option<String>>(10).ok().flatten()}));
        Ok(json!({
            "id": text(row, 0)?, "name": text(row, 1)?, "language": text(row, 2)?, "country": text(row, 3)?, "phone": text(row, 4)?,
            "user_id": text(row, 5)?, "email": text(row, 6)?, "city": text(row, 7)?, "pincode": text(row, 8)?, "consent": consent,
            "marketing": row.get::<_, bool>(11)?, "source": text(row, 12)?, "created_at": text(row, 13)?, "updated_at": text(row, 14)?,
        }))
    })?)
}

/// One contact.
#[utoipa::path(get, path = "/crm/contacts/{id}", tag = "crm", params(("id" = String, Path, description = "Phone digits or business-scoped id")),
    responses((status = 200, description = "Contact"), (status = 404, description = "`not_found`")))]
pub async fn contact(state: Data<State>, id: Path<String>) -> Result<Json<Value>, ApiError> {
    let contact = state.db.read(move |connection| view(connection, &known(connection, &id)?)).await?;
    Ok(Json(contact))
}

/// Consent to processing.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Consent {
    /// Version of the text.
    version: Option<String>,
    /// When, RFC 3339.
    at: Option<String>,
}

/// What is known about a contact; absent fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PutContact {
    name: Option<String>,
    language: Option<String>,
    consent: Option<Consent>,
    /// Also found under this number from now on.
    phone: Option<String>,
    /// Business-scoped id; also found under it from now on.
    user_id: Option<String>,
    /// Where the conversation came from.
    source: Option<String>,
    /// Opt-in to marketing messages.
    marketing: Option<bool>,
    email: Option<String>,
    city: Option<String>,
    pincode: Option<String>,
}

/// Creates or updates a contact. One known under the body's phone or business-scoped id gets the new id as an alias.
#[utoipa::path(put, path = "/crm/contacts/{id}", tag = "crm", params(("id" = String, Path, description = "Phone digits or business-scoped id")),
    request_body = PutContact, responses((status = 200, description = "Updated contact"), (status = 201, description = "New contact")))]
pub async fn put_contact(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
    body: Json<PutContact>,
) -> Result<HttpResponse, ApiError> {
    let now = state.clock.now();
    let at = now.clone();
    let id = normal(&id);
    if id.is_empty() || id.len() > 128 {
        return Err(ApiError::bad_request("a contact's id has 1 to 128 characters"));
    }
    let db = state.db.clone();
    db.change(&request, at, move |tx| {
        let body = body.into_inner();
        let other_ids: Vec<String> = [&body.phone, &body.user_id].into_iter().flatten().map(|i| normal(i)).filter(|i| !i.is_empty()).collect();
        let mut found = None;
        for candidate in std::iter::once(&id).chain(&other_ids) {
            found = resolve(tx, candidate)?;
            if found.is_some() {
                break;
            }
        }
        let created = found.is_none();
        let contact = found.unwrap_or_else(|| id.clone());
        let phone = filled(body.phone).map(|p| normal(&p));
        if created {
            let digits = id.bytes().all(|b| b.is_ascii_digit()).then(|| id.clone());
            let phone = phone.clone().or(digits);
            let country = country_of(phone.as_deref().unwrap_or(""));
            tx.execute(
                "INSERT INTO contacts (id, country, phone, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
                (&contact, country.code(), phone, &now),
            )?;
        }
        for alias in std::iter::once(&id).chain(&other_ids).filter(|a| **a != contact) {
            tx.execute("INSERT OR IGNORE INTO aliases (alias, contact_id) VALUES (?1, ?2)", (alias, &contact))?;
        }
        let (version, consent_at) = body.consent.map_or((None, None), |c| (c.version, c.at.or_else(|| Some(now.clone()))));
        tx.execute(
            "UPDATE contacts SET name = coalesce(?2, name), language = coalesce(?3, language), consent_version = coalesce(?4, consent_version),
             consent_at = coalesce(?5, consent_at), phone = coalesce(?6, phone), user_id = coalesce(?7, user_id), source = coalesce(?8, source),
             marketing = coalesce(?9, marketing), email = coalesce(?10, email), city = coalesce(?11, city), pincode = coalesce(?12, pincode),
             updated_at = ?13 WHERE id = ?1",
            rusqlite::params![
                contact, filled(body.name), filled(body.language), version, consent_at, phone, filled(body.user_id), filled(body.source), body.marketing,
                filled(body.email), filled(body.city), filled(body.pincode), now
            ],
        )?;
        let contact = view(tx, &contact)?;
        Ok(if created { Reply::created(contact) } else { Reply::ok(contact) })
    })
    .await
}

/// The shop that serves a number, by its country code.
fn country_of(phone: &str) -> Country {
    match phone {
        p if p.starts_with("34") => Country::ES,
        p if p.starts_with("52") => Country::MX,
        _ => Country::IN,
    }
}

/// What the orders are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct OrdersQuery {
    /// A customer's words, which may name an item.
    about: Option<String>,
}

/// Orders of a contact, newest first.
#[utoipa::path(get, path = "/crm/contacts/{id}/orders", tag = "crm", params(("id" = String, Path, description = "Phone digits or business-scoped id"), OrdersQuery),
    responses((status = 200, description = "`{orders: [{order_id, placed_on, status, items, total, named}], product}`: `named` marks those with the item that \
    `about` names best, `product` tells whether it names any"), (status = 404, description = "`not_found`")))]
pub async fn orders(
    state: Data<State>,
    id: Path<String>,
    query: Query<OrdersQuery>,
) -> Result<Json<Value>, ApiError> {
    let about = filled(query.into_inner().about);
    let db = state.db.clone();
    let answer = db.read(move |connection| {
        let about = about.map(|text| Named::new(&state.vocabulary, &text));
        let contact = known(connection, &id)?;
        let mut statement = connection
            .prepare_cached("SELECT id, placed_on, status, total, country FROM orders WHERE contact_id = ?1 ORDER BY placed_on DESC, id DESC")?;
        let rows = statement.query_map([contact], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?, row.get::<_, String>(4)?))
        })?;
        let mut orders = Vec::new();
        let mut fits = Vec::new();
        let mut together = Vec::new();
        for row in rows {
            let (id, placed_on, status, minor, country) = row?;
            let total = Money { minor, country: Country::from_code(&country).unwrap_or_default() };
            let items = items(connection, &id)?;
            let named = |item: &Value| {
                let product = item["sku"].as_str().and_then(|sku| state.catalogue.product(sku));
                about.as_ref().zip(product).map_or(0, |(about, product)| about.fits(product))
            };
            fits.push(items.iter().map(named).max().unwrap_or(0));
            let products: Vec<_> =
                items.iter().filter_map(|i| state.catalogue.product(i["sku"].as_str()?)).collect();
            together.push(about.as_ref().is_some_and(|about| about.fits_together(&products)));
            orders.push(json!({"order_id": id, "placed_on": placed_on, "status": status, "items": items, "total": total}));
        }
        let best = fits.iter().copied().max().unwrap_or(0);
        for ((order, fits), together) in orders.iter_mut().zip(fits).zip(together) {
            order["named"] = json!(if best > 0 { fits == best } else { together });
        }
        let product = about.is_some_and(|about| about.any(&state.catalogue));
        Ok(json!({"orders": orders, "product": product}))
    });
    Ok(Json(answer.await?))
}

/// Items of an order.
pub fn items(connection: &Connection, order: &str) -> Result<Vec<Value>, ApiError> {
    let mut statement = connection.prepare_cached(
        "SELECT sku, name, quantity, color, size FROM order_items WHERE order_id = ?1 ORDER BY rowid",
    )?;
    let rows = statement.query_map([order], |row| {
        Ok(json!({
            "sku": row.get::<_, String>(0)?, "name": row.get::<_, String>(1)?, "quantity": row.get::<_, i64>(2)?,
            "color": row.get::<_, Option<String>>(3)?, "size": row.get::<_, Option<String>>(4)?,
        }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A customer's verdict.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Rating {
    /// 1 (bad) to 5 (very good).
    #[schema(minimum = 1, maximum = 5)]
    score: i64,
    /// What it was about, `track_order`.
    matter: Option<String>,
    /// The conversation's id.
    conversation: Option<String>,
}

/// Stores a rating; contacts need not be known.
#[utoipa::path(post, path = "/crm/contacts/{id}/ratings", tag = "crm", params(("id" = String, Path, description = "Phone digits or business-scoped id")),
    request_body = Rating, responses((status = 201, description = "`{rating_id, score}`"), (status = 422, description = "`invalid`")))]
pub async fn rate(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
    body: Json<Rating>,
) -> Result<HttpResponse, ApiError> {
    let now = state.clock.now();
    let db = state.db.clone();
    db.change(&request, now.clone(), move |tx| {
        let Rating { score, matter, conversation } = body.into_inner();
        if !(1..=5).contains(&score) {
            return Err(ApiError::invalid("score is 1 to 5"));
        }
        let contact = resolve(tx, &id)?.unwrap_or_else(|| normal(&id));
        tx.execute(
            "INSERT INTO ratings (contact_id, score, matter, conversation, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            (contact, score, matter, conversation, now),
        )?;
        Ok(Reply::created(json!({"rating_id": tx.last_insert_rowid().to_string(), "score": score})))
    })
    .await
}
