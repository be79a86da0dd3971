//! Ticketing.

use super::{ContactQuery, crm, filled};
use crate::shop::State;
use crate::shop::db::Reply;
use crate::shop::error::ApiError;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

const KINDS: [&str; 9] =
    ["complaint", "return", "handoff", "appointment", "bulk", "privacy", "payment", "document", "other"];
const STATUSES: [&str; 4] = ["open", "pending", "solved", "closed"];
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];
const COLUMNS: &str = "id, kind, subject, description, contact_id, order_id, language, priority, conversation, status, slots, transcript, created_at, updated_at";

/// One message of the conversation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TranscriptLine {
    /// `customer`, `bot` or `agent`.
    from: String,
    /// As written.
    text: String,
}

/// A new ticket.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewTicket {
    /// `complaint`, `return`, `handoff`, `appointment`, `bulk`, `privacy`, `payment`, `document`, `other`.
    kind: String,
    subject: Option<String>,
    description: Option<String>,
    contact_id: Option<String>,
    order_id: Option<String>,
    language: Option<String>,
    /// `low`, `normal` (default), `high`, `urgent`.
    priority: Option<String>,
    conversation: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    slots: Map<String, Value>,
    #[serde(default)]
    transcript: Vec<TranscriptLine>,
}

/// Opens a ticket.
#[utoipa::path(post, path = "/tickets", tag = "ticketing", request_body = NewTicket,
    responses((status = 201, description = "`{ticket_id, status}`"), (status = 422, description = "`invalid`")))]
pub async fn open(
    state: Data<State>,
    request: HttpRequest,
    body: Json<NewTicket>,
) -> Result<HttpResponse, ApiError> {
    let now = state.clock.now();
    let db = state.db.clone();
    db.change(&request, now.clone(), move |tx| {
        let ticket = body.into_inner();
        one_of("kind", &ticket.kind, &KINDS)?;
        let priority = filled(ticket.priority).unwrap_or_else(|| "normal".to_owned());
        one_of("priority", &priority, &PRIORITIES)?;
        let contact = match filled(ticket.contact_id) {
            Some(id) => Some(crm::resolve(tx, &id)?.unwrap_or(id)),
            None => None,
        };
        let subject = filled(ticket.subject).unwrap_or_else(|| ticket.kind.clone());
        tx.execute(
            "INSERT INTO tickets (kind, subject, description, contact_id, order_id, language, priority, conversation, status, slots, transcript, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9, ?10, ?11, ?11)",
            rusqlite::params![
                ticket.kind, subject, ticket.description.unwrap_or_default(), contact, filled(ticket.order_id), filled(ticket.language), priority,
                filled(ticket.conversation), serde_json::to_string(&ticket.slots)?, serde_json::to_string(&ticket.transcript)?, now
            ],
        )?;
        Ok(Reply::created(json!({"ticket_id": tx.last_insert_rowid().to_string(), "status": "open"})))
    })
    .await
}

fn one_of(field: &str, value: &str, allowed: &[&str]) -> Result<(), ApiError> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        Err(ApiError::invalid(format!("{field} `{value}` is none of {}", allowed.join(", "))))
    }
}

fn view(row: &Row<'_>) -> rusqlite::Result<Value> {
    let text = |i: usize| row.get::<_, Option<String>>(i);
    let json = |i: usize| {
        Ok::<_, rusqlite::Error>(serde_json::from_str::<Value>(&row.get::<_, String>(i)?).unwrap_or_default())
    };
    Ok(json!({
        "ticket_id": row.get::<_, i64>(0)?.to_string(), "kind": text(1)?, "subject": text(2)?, "description": text(3)?, "contact_id": text(4)?,
        "order_id": text(5)?, "language": text(6)?, "priority": text(7)?, "conversation": text(8)?, "status": text(9)?, "slots": json(10)?,
        "transcript": json(11)?, "created_at": text(12)?, "updated_at": text(13)?,
    }))
}

fn full(connection: &Connection, id: &str) -> Result<Value, ApiError> {
    let id: i64 =
        id.trim().trim_start_matches('#').parse().map_err(|_| ApiError::not_found("no such ticket"))?;
    let sql = format!("SELECT {COLUMNS} FROM tickets WHERE id = ?1");
    let mut ticket = connection
        .prepare_cached(&sql)?
        .query_row([id], view)
        .optional()?
        .ok_or_else(|| ApiError::not_found("no such ticket"))?;
    let mut statement =
        connection.prepare_cached("SELECT at, note FROM ticket_notes WHERE ticket_id = ?1 ORDER BY rowid")?;
    let notes = statement.query_map([id], |row| {
        Ok(json!({"at": row.get::<_, String>(0)?, "note": row.get::<_, String>(1)?}))
    })?;
    ticket["notes"] = Value::Array(notes.collect::<Result<_, _>>()?);
    Ok(ticket)
}

/// One ticket.
#[utoipa::path(get, path = "/tickets/{id}", tag = "ticketing", params(("id" = String, Path, description = "Ticket id")),
    responses((status = 200, description = "Ticket"), (status = 404, description = "`not_found`")))]
pub async fn ticket(state: Data<State>, id: Path<String>) -> Result<Json<Value>, ApiError> {
    let ticket = state.db.read(move |connection| full(connection, &id)).await?;
    Ok(Json(ticket))
}

/// Tickets of a contact, or of all, newest first, at most a hundred.
#[utoipa::path(get, path = "/tickets", tag = "ticketing", params(ContactQuery), responses((status = 200, description = "`{tickets: [Ticket]}`")))]
pub async fn list(state: Data<State>, query: Query<ContactQuery>) -> Result<Json<Value>, ApiError> {
    let contact = filled(query.into_inner().contact);
    let tickets = state.db.read(move |connection| {
        let contact = match contact {
            Some(id) => Some(crm::resolve(connection, &id)?.unwrap_or(id)),
            None => None,
        };
        // Not one condition for both: for a contact with few tickets it would walk through everybody's.
        let whose = if contact.is_some() { "contact_id = ?1" } else { "?1 IS NULL" };
        let sql = format!("SELECT {COLUMNS} FROM tickets WHERE {whose} ORDER BY id DESC LIMIT 100");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([contact], view)?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    Ok(Json(json!({"tickets": tickets.await?})))
}

/// A change of a ticket.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TicketChange {
    /// `open`, `pending`, `solved`, `closed`.
    status: Option<String>,
    /// Added to the ticket's notes.
    note: Option<String>,
}

/// Changes a ticket's state, adds a note.
#[utoipa::path(patch, path = "/tickets/{id}", tag = "ticketing", params(("id" = String, Path, description = "Ticket id")), request_body = TicketChange,
    responses((status = 200, description = "Ticket"), (status = 404, description = "`not_found`")))]
pub async fn update(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
    body: Json<TicketChange>,
) -> Result<HttpResponse, ApiError> {
    let now = state.clock.now();
    let db = state.db.clone();
    db.change(&request, now.clone(), move |tx| {
        let ticket = full(tx, &id)?;
        let TicketChange { status, note } = body.into_inner();
        if let Some(status) = &status {
            one_of("status", status, &STATUSES)?;
        }
        let id = ticket["ticket_id"].as_str().unwrap_or_default();
        tx.execute(
            "UPDATE tickets SET status = coalesce(?2, status), updated_at = ?3 WHERE id = ?1",
            (id, status, &now),
        )?;
        if let Some(note) = filled(note) {
            tx.execute(
                "INSERT INTO ticket_notes (ticket_id, at, note) VALUES (?1, ?2, ?3)",
                (id, &now, note),
            )?;
        }
        Ok(Reply::ok(full(tx, id)?))
    })
    .await
}
