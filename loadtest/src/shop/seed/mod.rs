//! The first content of the database, and moving it along with the calendar.

mod customers;
mod orders;

pub use customers::{DEMO_CUSTOMERS, DemoCustomer, Guest};

use super::catalog::Catalogue;
use super::clock::{Clock, plus};
use super::db::Db;
use super::places::Places;
use super::stock;
use jiff::civil::{Date, Weekday};
use rusqlite::{Connection, OptionalExtension};

/// Columns that hold days or moments relative to the day of the start.
const MOVING: [(&str, &[&str]); 3] = [
    ("orders", &["placed_on", "expected_on", "delivered_on", "returnable_until", "wish_date"]),
    ("carrier_events", &["at"]),
    ("refunds", &["expected_on"]),
];

/// Fills a new database; an existing one is moved to today, so that an order that was out for delivery on the day of the
/// last start is so again.
///
/// # Errors
/// SQLite's.
pub fn fill(
    db: &Db,
    catalogue: &Catalogue,
    places: &Places,
    clock: &Clock,
    guests: &[Guest],
    seed: u64,
) -> rusqlite::Result<()> {
    db.now(|connection| {
        let transaction = connection.transaction()?;
        let day: Option<String> =
            transaction.query_row("SELECT value FROM meta WHERE key = 'day'", [], |r| r.get(0)).optional()?;
        let today = clock.today();
        match day.and_then(|d| d.parse::<Date>().ok()) {
            Some(day) => shift(&transaction, day, today)?,
            None => {
                stock::seed(&transaction, catalogue, places, seed)?;
                customers::seed(&transaction, clock, guests, seed)?;
                orders::seed(&transaction, catalogue, today, seed)?;
                appointments(&transaction, places, today)?;
                // The contract's first ticket is 4711.
                transaction
                    .execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('tickets', 4710)", [])?;
            }
        }
        transaction
            .execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('day', ?1)", [today.to_string()])?;
        transaction.commit()
    })
}

/// Each fixed customer has an appointment in the store of their town, so that there is one to move or to drop.
fn appointments(connection: &Connection, places: &Places, today: Date) -> rusqlite::Result<()> {
    let sql = "INSERT INTO appointments (slot_id, contact_id, kind, name, date, time, store, status) VALUES (?1, ?2, ?3, ?4, ?5, '11:30', ?6, 'booked')";
    for (customer, kind) in DEMO_CUSTOMERS.iter().zip(["demo", "repair", "visit", "installation", "demo"]) {
        let Some(store) = places.stores.iter().find(|s| s.city == customer.city) else { continue };
        let day = plus(today, 3);
        // Spanish stores are closed on Sundays.
        let day = if day.weekday() == Weekday::Sunday { plus(day, 1) } else { day };
        let slot = format!("{kind}.{}.{day}.1130", store.id);
        connection.execute(sql, (slot, customer.id, kind, customer.name, day.to_string(), &store.id))?;
    }
    Ok(())
}

fn shift(connection: &Connection, from: Date, to: Date) -> rusqlite::Result<()> {
    let days = from.until(to).map_or(0, |span| span.get_days());
    if days == 0 {
        return Ok(());
    }
    for (table, columns) in MOVING {
        for column in columns {
            // Moments keep their time of day: only the first ten characters are the day.
            let sql = format!(
                "UPDATE {table} SET {column} = date(substr({column}, 1, 10), ?1) || substr({column}, 11) WHERE {column} IS NOT NULL"
            );
            connection.execute(&sql, [format!("{days:+} days")])?;
        }
    }
    Ok(())
}
