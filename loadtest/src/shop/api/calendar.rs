//! Calendar: free slots and appointments.

use super::times::{self, Fitting};
use super::{ContactQuery, crm, filled};
use crate::shop::State;
use crate::shop::clock::{chance, plus};
use crate::shop::db::Reply;
use crate::shop::error::ApiError;
use crate::shop::i18n::Country;
use crate::shop::places::{Store, Wish, round_km};
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::{Date, Weekday};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Most slots in an answer: a WhatsApp list has ten rows, one is left for "another day".
const SLOTS: usize = 9;
/// Longest note that is kept, in characters.
const NOTE: usize = 500;
/// How far ahead appointments are made.
const DAYS_AHEAD: i64 = 14;
/// Slots offered on one day unless a day was asked for, so that several days show.
const PER_DAY: usize = 3;
const TIMES: [&str; 6] = ["10:00", "11:30", "13:00", "15:00", "16:30", "18:00"];
const KINDS: [&str; 4] = ["demo", "installation", "repair", "visit"];
/// Out of a hundred slots, how many are taken by customers who are not in the database.
const BUSY: u64 = 35;

/// Which slots.
#[derive(Debug, Deserialize, IntoParams)]
pub struct SlotsQuery {
    /// `demo`, `installation`, `repair`, `visit` (default).
    kind: Option<String>,
    /// `YYYY-MM-DD`, or two with a `/` between; any other text is taken as no wish. A day without free slots is answered with
    /// the days after it.
    date: Option<String>,
    /// `17:00`, `17:00/21:00` or `../12:00`; any other text is taken as no wish. Without such a slot the nearest are answered.
    time: Option<String>,
    /// A day on which nothing is wanted, `YYYY-MM-DD`; any other text is taken as no wish.
    not_on: Option<String>,
    /// A store, a postal code or a town, whichever it is.
    place: Option<String>,
    /// Degrees north.
    lat: Option<String>,
    /// Degrees east.
    lon: Option<String>,
    /// A store's name or id.
    store: Option<String>,
    /// Postal code, if no store is known: the nearest store.
    pincode: Option<String>,
    /// Town, likewise.
    city: Option<String>,
    /// `IN` (default), `ES`, `MX`.
    country: Option<String>,
}

struct Slot {
    id: String,
    date: Date,
    time: &'static str,
    store: String,
}

/// `visit.IN-DEL-CP.2026-11-25.1000`
fn slot_id(kind: &str, store: &Store, date: Date, time: &str) -> String {
    format!("{kind}.{}.{date}.{}", store.id, time.replace(':', ""))
}

/// The slot of an id, if it is one of the next two weeks when the store is open.
fn parse(state: &State, id: &str) -> Option<(String, Slot)> {
    let [kind, store, date, time] = id.split('.').collect::<Vec<_>>().try_into().ok()?;
    let store = state.places.store(store)?;
    let date: Date = date.parse().ok()?;
    let time = TIMES.into_iter().find(|t| t.replace(':', "") == time)?;
    let slot = Slot { id: slot_id(kind, store, date, time), date, time, store: store.id.clone() };
    let offered = offered(state, store, date) && receives(store, kind, time);
    (KINDS.contains(&kind) && offered && slot.id == id).then(|| (kind.to_owned(), slot))
}

/// Who comes to the store comes while it is open; technicians leave earlier.
fn receives(store: &Store, kind: &str, time: &str) -> bool {
    matches!(kind, "installation" | "repair") || store.open_at(time)
}

fn offered(state: &State, store: &Store, date: Date) -> bool {
    let today = state.clock.today_in(store.country);
    let closed = store.country == Country::ES && date.weekday() == Weekday::Sunday;
    date > today && date <= plus(today, DAYS_AHEAD) && !closed
}

fn free(state: &State, connection: &Connection, slot: &str) -> Result<bool, ApiError> {
    if chance(state.seed, &["busy", slot], 100) < BUSY {
        return Ok(false);
    }
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM appointments WHERE slot_id = ?1 AND status = 'booked'")?;
    Ok(statement.query_row([slot], |_| Ok(())).optional()?.is_none())
}

fn store_view(state: &State, id: &str) -> Value {
    state.places.store(id).map_or(
        Value::Null,
        |s| json!({"id": s.id, "name": s.name, "city": s.city, "address": s.address, "pincode": s.pincode}),
    )
}

/// Free slots of the next two weeks in one store.
#[utoipa::path(get, path = "/calendar/slots", tag = "calendar", params(SlotsQuery), responses((status = 200,
    description = "`{slots: [{id, date, time, store}], known, distance_km, day_free, time_free}`, at most nine slots: `known` tells whether the place was \
    found, `distance_km` how far the store is from it, the last two whether the wished day and time are among them")))]
pub async fn slots(state: Data<State>, query: Query<SlotsQuery>) -> Result<Json<Value>, ApiError> {
    let query = query.into_inner();
    let country = super::country(query.country.as_deref())?;
    let kind = filled(query.kind).unwrap_or_else(|| "visit".to_owned()).to_lowercase();
    if !KINDS.contains(&kind.as_str()) {
        return Err(ApiError::bad_request(format!("kind `{kind}` is none of {}", KINDS.join(", "))));
    }
    let place = filled(query.place);
    let wish = Wish {
        store: filled(query.store).or_else(|| place.clone()),
        pincode: filled(query.pincode).or_else(|| place.clone()),
        city: filled(query.city).or(place),
        lat: super::number("lat", query.lat.as_deref())?,
        lon: super::number("lon", query.lon.as_deref())?,
    };
    let day = query.date.as_deref().and_then(times::days);
    let time = query.time.as_deref().and_then(times::times);
    let not_on: Option<Date> = query.not_on.as_deref().and_then(|day| day.trim().parse().ok());
    let db = state.db.clone();
    let answer = db.read(move |connection| {
        let found = state.places.find(&wish, country);
        let near = state.places.nearest(found.map(|f| f.point), country);
        let named = found.and_then(|f| f.store);
        let Some(store) = named.or_else(|| near.first().map(|(s, _)| *s)) else {
            return Ok(json!({"slots": [], "known": false}));
        };
        let distance = found.map(|f| round_km(f.point.km_to(store.point())));
        let today = state.clock.today_in(store.country);
        let mut all = Vec::new();
        let wanted = |date: &Date| Some(*date) != not_on && offered(&state, store, *date);
        for date in (1..=DAYS_AHEAD).map(|d| plus(today, d)).filter(wanted) {
            for time in TIMES.into_iter().filter(|time| receives(store, &kind, time)) {
                if free(&state, connection, &slot_id(&kind, store, date, time))? {
                    all.push((date, time));
                }
            }
        }
        let Fitting { slots, day_free, time_free } = times::fitting(&all, |slot| *slot, day, time, (SLOTS, PER_DAY));
        let at = store_view(&state, &store.id);
        let slots: Vec<Value> = slots
            .into_iter()
            .map(|(date, time)| {
                json!({"id": slot_id(&kind, store, date, time), "date": date.to_string(), "time": time, "store": at})
            })
            .collect();
        Ok(json!({"slots": slots, "known": found.is_some(), "distance_km": distance, "day_free": day_free, "time_free": time_free}))
    });
    Ok(Json(answer.await?))
}

/// A new appointment.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Booking {
    slot_id: String,
    contact_id: String,
    /// As in the slot; may be left out.
    kind: Option<String>,
    name: Option<String>,
    /// Somebody comes to the customer; always so for an installation.
    at_home: Option<bool>,
    /// What the customer wants heeded, at most 500 characters of it.
    note: Option<String>,
}

fn taken() -> ApiError {
    ApiError::conflict("slot_taken", "this slot is no longer free")
}

fn wanted(state: &State, connection: &Connection, id: &str) -> Result<(String, Slot), ApiError> {
    let found = parse(state, id).ok_or_else(|| ApiError::invalid("no such slot"))?;
    if free(state, connection, &found.1.id)? { Ok(found) } else { Err(taken()) }
}

fn view(state: &State, row: &Row<'_>) -> rusqlite::Result<Value> {
    let kind = row.get::<_, String>(3)?;
    let at_home = row.get::<_, bool>(9)? || kind == "installation";
    Ok(json!({
        "appointment_id": row.get::<_, i64>(0)?.to_string(), "slot_id": row.get::<_, String>(1)?, "contact_id": row.get::<_, String>(2)?,
        "kind": kind, "at_home": at_home, "name": row.get::<_, Option<String>>(4)?, "date": row.get::<_, String>(5)?, "time": row.get::<_, String>(6)?,
        "store": store_view(state, &row.get::<_, String>(7)?), "status": row.get::<_, String>(8)?,
        "note": row.get::<_, Option<String>>(10)?,
    }))
}

const COLUMNS: &str = "id, slot_id, contact_id, kind, name, date, time, store, status, at_home, note";

fn one(state: &State, connection: &Connection, id: i64) -> Result<Value, ApiError> {
    let sql = format!("SELECT {COLUMNS} FROM appointments WHERE id = ?1 AND status = 'booked'");
    let found = connection.prepare_cached(&sql)?.query_row([id], |row| view(state, row)).optional()?;
    found.ok_or_else(|| ApiError::not_found("no such appointment"))
}

/// The unique index is the last word on who was first.
fn clash(error: rusqlite::Error) -> ApiError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => taken(),
        _ => error.into(),
    }
}

/// Books a slot.
#[utoipa::path(post, path = "/calendar/appointments", tag = "calendar", request_body = Booking,
    responses((status = 201, description = "Appointment"), (status = 409, description = "`slot_taken`"), (status = 422, description = "`invalid`")))]
pub async fn book(
    state: Data<State>,
    request: HttpRequest,
    body: Json<Booking>,
) -> Result<HttpResponse, ApiError> {
    let db = state.db.clone();
    db.change(&request, state.clock.now(), move |tx| {
        let Booking { slot_id, contact_id, kind, name, at_home, note } = body.into_inner();
        let note = filled(note).map(|note| note.chars().take(NOTE).collect::<String>());
        let (slot_kind, slot) = wanted(&state, tx, &slot_id)?;
        if filled(kind).is_some_and(|k| k != slot_kind) {
            return Err(ApiError::invalid(format!("this slot is for a {slot_kind}")));
        }
        let contact = crm::resolve(tx, &contact_id)?.unwrap_or(contact_id);
        tx.execute(
            "INSERT INTO appointments (slot_id, contact_id, kind, name, date, time, store, status, at_home, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'booked', ?8, ?9)",
            (&slot.id, contact, slot_kind, filled(name), slot.date.to_string(), slot.time, &slot.store, at_home.unwrap_or(false), note),
        )
        .map_err(clash)?;
        Ok(Reply::created(one(&state, tx, tx.last_insert_rowid())?))
    })
    .await
}

/// Appointments of a contact from today on, soonest first.
#[utoipa::path(get, path = "/calendar/appointments", tag = "calendar", params(ContactQuery), responses((status = 200, description = "`{appointments: [Appointment]}`")))]
pub async fn list(state: Data<State>, query: Query<ContactQuery>) -> Result<Json<Value>, ApiError> {
    let contact =
        filled(query.into_inner().contact).ok_or_else(|| ApiError::bad_request("`contact` is missing"))?;
    let db = state.db.clone();
    let appointments = db.read(move |connection| {
        let contact = crm::resolve(connection, &contact)?.unwrap_or(contact);
        let sql = format!("SELECT {COLUMNS} FROM appointments WHERE contact_id = ?1 AND status = 'booked' AND date >= ?2 ORDER BY date, time");
        let mut statement = connection.prepare_cached(&sql)?;
        // From the first country's today on; then each as its own store counts days.
        let today = |country| state.clock.today_in(country).to_string();
        let first = Country::ALL.map(today).into_iter().min();
        let rows = statement.query_map((contact, first), |row| view(&state, row))?;
        let is_past = |one: &Value| {
            let store = one["store"]["id"].as_str().and_then(|id| state.places.store(id));
            store.is_some_and(|store| one["date"].as_str() < Some(today(store.country).as_str()))
        };
        let rows = rows.filter(|row| !row.as_ref().is_ok_and(is_past));
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    Ok(Json(json!({"appointments": appointments.await?})))
}

/// Another slot.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Rebooking {
    slot_id: String,
}

fn number(id: &str) -> Result<i64, ApiError> {
    id.trim().parse().map_err(|_| ApiError::not_found("no such appointment"))
}

/// Moves an appointment.
#[utoipa::path(patch, path = "/calendar/appointments/{id}", tag = "calendar", params(("id" = String, Path, description = "Appointment id")), request_body = Rebooking,
    responses((status = 200, description = "Appointment"), (status = 404, description = "`not_found`"), (status = 409, description = "`slot_taken`")))]
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
    body: Json<Rebooking>,
) -> Result<HttpResponse, ApiError> {
    let db = state.db.clone();
    db.change(&request, state.clock.now(), move |tx| {
        let id = number(&id)?;
        one(&state, tx, id)?;
        let (kind, slot) = wanted(&state, tx, &body.slot_id)?;
        tx.execute(
            "UPDATE appointments SET slot_id = ?2, kind = ?3, date = ?4, time = ?5, store = ?6 WHERE id = ?1",
            (id, &slot.id, kind, slot.date.to_string(), slot.time, &slot.store),
        )
        .map_err(clash)?;
        Ok(Reply::ok(one(&state, tx, id)?))
    })
    .await
}

/// Drops an appointment.
#[utoipa::path(delete, path = "/calendar/appointments/{id}", tag = "calendar", params(("id" = String, Path, description = "Appointment id")),
    responses((status = 200, description = "`{appointment_id, status: cancelled}`"), (status = 404, description = "`not_found`")))]
pub async fn cancel(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let db = state.db.clone();
    db.change(&request, state.clock.now(), move |tx| {
        let id = number(&id)?;
        one(&state, tx, id)?;
        tx.execute("UPDATE appointments SET status = 'cancelled' WHERE id = ?1", [id])?;
        Ok(Reply::ok(json!({"appointment_id": id.to_string(), "status": "cancelled"})))
    })
    .await
}
