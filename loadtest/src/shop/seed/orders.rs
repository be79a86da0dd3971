//! Orders in every state a customer can ask about, dated from the day of the start.

use crate::shop::carrier::{carriers, hub};
use crate::shop::catalog::{Catalogue, Product};
use crate::shop::clock::{chance, plus};
use crate::shop::i18n::Country;
use jiff::civil::Date;
use rusqlite::Connection;

use super::customers::DEMO_CUSTOMERS;

/// States in which an order is made up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Placed,
    Packed,
    Shipped,
    OutForDelivery,
    Delivered,
    Delayed,
    CancelledRefundPending,
    Returned,
}

use State::{CancelledRefundPending, Delayed, Delivered, OutForDelivery, Packed, Placed, Returned, Shipped};

const ALL: [State; 8] =
    [Placed, Packed, Shipped, OutForDelivery, Delivered, Delayed, CancelledRefundPending, Returned];

/// What each of the five fixed customers has, newest first.
const DEMO: [&[State]; 5] = [
    &[Placed, Shipped, OutForDelivery, Delivered, CancelledRefundPending, Returned],
    &[Packed, Delayed, Delivered, CancelledRefundPending, Returned],
    &[Placed, Shipped, Delayed, Delivered, CancelledRefundPending],
    &[Packed, OutForDelivery, Delayed, Delivered, Returned],
    &[Placed, Shipped, OutForDelivery, Delivered, CancelledRefundPending],
];

/// The state's word in the API.
fn word(state: State) -> &'static str {
    match state {
        Placed => "placed",
        Packed => "packed",
        Shipped => "shipped",
        OutForDelivery => "out_for_delivery",
        Delivered => "delivered",
        Delayed => "delayed",
        CancelledRefundPending => "cancelled",
        Returned => "returned",
    }
}

/// Days since the order was placed: base and spread. Bases ascend with the order of the demo lists, so that newest first
/// is also earliest state first.
fn age(state: State) -> (i64, u64) {
    match state {
        Placed => (0, 2),
        Packed => (2, 1),
        Shipped => (3, 1),
        OutForDelivery => (4, 1),
        Delayed => (6, 2),
        Delivered => (9, 3),
        CancelledRefundPending => (12, 3),
        Returned => (21, 12),
    }
}

struct Customer {
    id: String,
    country: Country,
    city: String,
    pincode: String,
}

pub(super) fn seed(
    connection: &Connection,
    catalogue: &Catalogue,
    today: Date,
    seed: u64,
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT id, country, city, pincode FROM contacts ORDER BY rowid")?;
    let customers = statement
        .query_map([], |row| {
            let country: String = row.get(1)?;
            Ok(Customer {
                id: row.get(0)?,
                country: Country::from_code(&country).unwrap_or_default(),
                city: row.get(2)?,
                pincode: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut number = 10_000;
    for customer in &customers {
        let demo = DEMO_CUSTOMERS.iter().position(|d| d.id == customer.id);
        let states: Vec<State> = match demo {
            Some(i) => DEMO[i].to_vec(),
            None => (0..2 + chance(seed, &["orders", &customer.id], 5))
                .map(|n| {
                    ALL[usize::try_from(chance(seed, &["state", &customer.id, &n.to_string()], 8))
                        .unwrap_or(0)]
                })
                .collect(),
        };
        for state in states {
            number += 1;
            order(connection, catalogue, customer, state, number, today, seed)?;
        }
    }
    Ok(())
}

fn order(
    connection: &Connection,
    catalogue: &Catalogue,
    customer: &Customer,
    state: State,
    number: u32,
    today: Date,
    seed: u64,
) -> rusqlite::Result<()> {
    let id = format!("ORD-{number}");
    let dice = |what: &str, bound: u64| chance(seed, &[what, &id], bound);
    let (base, spread) = age(state);
    let placed = plus(today, -base - i64::try_from(dice("age", spread)).unwrap_or(0));
    let delivered =
        matches!(state, Delivered | Returned).then(|| plus(placed, 4 + i64::from(dice("late", 2) == 1)));
    let expected = match state {
        Placed | Packed | Shipped => Some(plus(
            today,
            match state {
                Placed => 5,
                Packed => 3,
                _ => 2,
            },
        )),
        OutForDelivery => Some(today),
        Delayed => Some(plus(today, 2)),
        _ => None,
    };
    let country = customer.country;
    let carrier =
        (state != Placed).then(|| carriers(country)[usize::try_from(dice("carrier", 3)).unwrap_or(0)]);
    let tracking = carrier.map(|c| {
        format!(
            "{}{:010}",
            c.chars().filter(char::is_ascii_uppercase).take(2).collect::<String>(),
            dice("track", 9_999_999_999)
        )
    });
    let (method, paid_later) = payment(country, dice("pay", 10));
    let cancelled = state == CancelledRefundPending;
    let payment_status = match state {
        _ if paid_later && !cancelled && delivered.is_none() => "due",
        CancelledRefundPending => "refund_pending",
        Returned => "refunded",
        _ => "paid",
    };
    // What is to be refunded has been paid: no cash on delivery for it.
    let method = if cancelled && paid_later { payment(country, 0).0 } else { method };
    let items = items(catalogue, country, &id, seed);
    let total: i64 = items.iter().map(|(p, n)| n * p.price(country).map_or(0, |m| m.minor)).sum();
    connection
        .prepare_cached(
            "INSERT INTO orders (id, contact_id, placed_on, status, carrier, tracking_id, expected_on, delivered_on, country, total, payment_method,
             payment_status, city, address, pincode, returnable_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(rusqlite::params![
            id,
            customer.id,
            placed.to_string(),
            word(state),
            carrier,
            tracking,
            expected.map(|d| d.to_string()),
            delivered.map(|d| d.to_string()),
            country.code(),
            total,
            method,
            payment_status,
            customer.city,
            address(country, dice("house", 180) + 1),
            customer.pincode,
            delivered.map(|d| plus(d, country.return_days()).to_string()),
        ])?;
    let mut item = connection.prepare_cached("INSERT INTO order_items (order_id, sku, name, quantity, price, color, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (product, quantity) in &items {
        let price = product.price(country).map_or(0, |m| m.minor);
        item.execute((
            &id,
            &product.sku,
            &product.name,
            quantity,
            price,
            product.colors.first(),
            product.sizes(country).get(1),
        ))?;
    }
    events(connection, &id, state, customer, placed, today, delivered, seed)?;
    if cancelled || state == Returned {
        let (status, due) =
            if cancelled { ("pending", plus(today, 4)) } else { ("completed", plus(placed, 14)) };
        connection
            .prepare_cached(
                "INSERT INTO refunds (order_id, status, amount, expected_on) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((&id, status, total, due.to_string()))?;
    }
    Ok(())
}

/// How it is paid, and whether only at the door.
fn payment(country: Country, dice: u64) -> (&'static str, bool) {
    match (country, dice) {
        (Country::IN, 0..5) => ("upi", false),
        (Country::IN, 5..7) => ("cash_on_delivery", true),
        (Country::ES, 0..3) => ("bizum", false),
        (Country::MX, 0..3) => ("oxxo", false),
        _ => ("card", false),
    }
}

fn address(country: Country, house: u64) -> String {
    match country {
        Country::IN => format!("Flat {house}, Gandhi Road"),
        Country::ES => format!("Calle Mayor {house}"),
        Country::MX => format!("Avenida Juárez {house}"),
    }
}

/// One to three different products; small things sometimes twice.
fn items<'c>(catalogue: &'c Catalogue, country: Country, id: &str, seed: u64) -> Vec<(&'c Product, i64)> {
    let sold: Vec<&Product> = catalogue.products.iter().filter(|p| p.sold_in(country)).collect();
    let mut items: Vec<(&Product, i64)> = Vec::new();
    for n in 0..1 + chance(seed, &["items", id], 3) {
        let pick = chance(seed, &["item", id, &n.to_string()], sold.len() as u64);
        let product = sold[usize::try_from(pick).unwrap_or(0)];
        if items.iter().any(|(p, _)| p.sku == product.sku) {
            continue;
        }
        let small = matches!(product.category.as_str(), "clothing" | "shoes")
            && chance(seed, &["twice", id, &n.to_string()], 4) == 0;
        items.push((product, if small { 2 } else { 1 }));
    }
    items
}

#[allow(clippy::too_many_arguments)]
fn events(
    connection: &Connection,
    id: &str,
    state: State,
    customer: &Customer,
    placed: Date,
    today: Date,
    delivered: Option<Date>,
    seed: u64,
) -> rusqlite::Result<()> {
    let country = customer.country;
    let (origin_code, origin) = hub(country, "");
    let (code, near) = hub(country, &customer.city);
    let city = customer.city.as_str();
    let transit = format!("IN_TRANSIT_HUB_{origin_code}");
    let arrived = format!("ARRIVED_DC_{code}");
    let clip = |day: Date| day.min(today);
    let mut log: Vec<(String, String, &str)> = Vec::new();
    let mut add = |day: Date, time: &str, raw: &str, place| {
        log.push((format!("{}T{time}:00Z", clip(day)), raw.to_owned(), place))
    };
    if state != Placed {
        add(plus(placed, 1), "04:20", "MANIFESTED", origin);
    }
    let refused = state == CancelledRefundPending && chance(seed, &["refused", id], 3) == 0;
    if state == CancelledRefundPending && !refused {
        add(plus(placed, 2), "06:05", "CANCELLED", origin);
    }
    let left = refused || !matches!(state, Placed | Packed | CancelledRefundPending);
    if left {
        add(plus(placed, 2), "05:10", "PICKED_UP", origin);
    }
    if left {
        add(plus(placed, 2), "17:40", &transit, origin);
    }
    match state {
        OutForDelivery => {
            add(plus(today, -1), "22:15", &arrived, near);
            add(today, "03:30", "OFD", city);
        }
        Delayed => {
            let third = if country == Country::IN { "EXCEPTION_WEATHER" } else { "EXCEPTION_CUSTOMS" };
            let raw = ["EXCEPTION_ADDR", "UD_CUSTOMER_UNAVAILABLE", third];
            let pick = chance(seed, &["why", id], 3);
            add(plus(today, -2), "22:15", &arrived, near);
            add(plus(today, -1), "09:45", raw[usize::try_from(pick).unwrap_or(0)], city);
        }
        CancelledRefundPending if refused => {
            add(plus(placed, 4), "22:15", &arrived, near);
            add(plus(placed, 5), "09:45", "UD_CUSTOMER_UNAVAILABLE", city);
            add(plus(placed, 6), "11:00", "RTO_INIT", city);
        }
        Delivered | Returned => {
            let day = delivered.unwrap_or(today);
            add(plus(day, -1), "22:15", &arrived, near);
            add(day, "03:30", "OFD", city);
            add(day, "09:20", "DLVD", city);
            if state == Returned {
                add(plus(day, 2), "05:00", "RVP_SCHEDULED", city);
                add(plus(day, 4), "07:30", "RVP_PICKED", city);
                add(plus(day, 7), "10:00", "RTO_DLVD", origin);
            }
        }
        _ => {}
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO carrier_events (order_id, at, raw_status, place) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (at, raw, place) in log {
        insert.execute((id, at, raw, place))?;
    }
    Ok(())
}
