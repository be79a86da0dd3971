//! The shop's SQLite database: schema, access off the event loop, idempotent changes.

use super::error::{ApiError, ShopError};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const SCHEMA: &str = include_str!("schema.sql");

/// Columns that a file from before them does not have: where an appointment takes place, and what is to be heeded.
const ADDED: [(&str, &str, &str); 3] = [
    ("appointments", "at_home", "INTEGER NOT NULL DEFAULT 0"),
    ("appointments", "note", "TEXT"),
    ("orders", "wish_note", "TEXT"),
];

/// Header that makes a repeated change harmless.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Longest key that is kept, bytes.
const KEY_LIMIT: usize = 255;

/// A successful answer of a change.
#[derive(Debug, Clone)]
pub struct Reply {
    /// 200 or 201.
    pub status: StatusCode,
    /// JSON.
    pub body: Value,
}

impl Reply {
    /// 200.
    #[must_use]
    pub fn ok(body: Value) -> Reply {
        Reply { status: StatusCode::OK, body }
    }

    /// 201.
    #[must_use]
    pub fn created(body: Value) -> Reply {
        Reply { status: StatusCode::CREATED, body }
    }
}

/// One connection behind a mutex: SQLite has one writer anyway, and a query here takes microseconds.
#[derive(Clone)]
pub struct Db {
    connection: Arc<Mutex<Connection>>,
}

impl Db {
    /// Opens or creates the database and its tables.
    ///
    /// # Errors
    /// [`ShopError::Storage`] if SQLite cannot open the file or create the tables.
    pub fn open(file: Option<&Path>) -> Result<Db, ShopError> {
        let place = file.map_or_else(|| "in memory".to_owned(), |f| f.display().to_string());
        let open = || {
            let connection = match file {
                Some(file) => Connection::open(file)?,
                None => Connection::open_in_memory()?,
            };
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute_batch(SCHEMA)?;
            for (table, column, kind) in ADDED {
                let known = "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2";
                if connection.query_row(known, [table, column], |_| Ok(())).optional()?.is_none() {
                    connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"))?;
                }
            }
            connection.set_prepared_statement_cache_capacity(64);
            Ok(connection)
        };
        match open() {
            Ok(connection) => Ok(Db { connection: Arc::new(Mutex::new(connection)) }),
            Err(source) => Err(ShopError::Storage { place, source }),
        }
    }

    /// Runs on the calling thread; for start-up only.
    ///
    /// # Errors
    /// Whatever the closure returns.
    pub fn now<T>(&self, f: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        // A panic in an earlier request has rolled its transaction back: the connection itself is sound.
        f(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads on the blocking pool.
    ///
    /// # Errors
    /// The closure's refusal, or 500 if the pool has gone.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let connection = Arc::clone(&self.connection);
        web::block(move || f(&connection.lock().unwrap_or_else(PoisonError::into_inner)))
            .await
            .map_err(|_| stopped())?
    }

    /// Changes something in one transaction. If the request carries an `Idempotency-Key`, the answer – a refusal too –
    /// is kept in the same transaction, and a repetition gets it again without any effect. The mutex makes two
    /// simultaneous repetitions wait for each other.
    ///
    /// # Errors
    /// 422 if the key was used for another request; the closure's refusal.
    pub async fn change(
        &self,
        request: &HttpRequest,
        at: String,
        f: impl FnOnce(&Transaction<'_>) -> Result<Reply, ApiError> + Send + 'static,
    ) -> Result<HttpResponse, ApiError> {
        let key = request.headers().get(IDEMPOTENCY_KEY).and_then(|v| v.to_str().ok()).map(str::to_owned);
        if key.as_ref().is_some_and(|k| k.is_empty() || k.len() > KEY_LIMIT) {
            return Err(ApiError::bad_request("Idempotency-Key has 1 to 255 characters"));
        }
        let route = format!("{} {}", request.method(), request.path());
        let connection = Arc::clone(&self.connection);
        let (status, body, repeated) = web::block(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            once(&mut connection, key.as_deref(), &route, &at, f)
        })
        .await
        .map_err(|_| stopped())??;
        let mut response = HttpResponse::build(status);
        if repeated {
            response.insert_header(("Idempotent-Replayed", "true"));
        }
        Ok(response.json(body))
    }
}

fn stopped() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the shop is stopping")
}

fn once(
    connection: &mut Connection,
    key: Option<&str>,
    route: &str,
    at: &str,
    f: impl FnOnce(&Transaction<'_>) -> Result<Reply, ApiError>,
) -> Result<(StatusCode, Value, bool), ApiError> {
    let transaction = connection.transaction()?;
    if let Some(key) = key {
        let kept: Option<(String, u16, String)> = transaction
            .prepare_cached("SELECT route, status, body FROM idempotency WHERE key = ?1")?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        if let Some((kept_route, status, body)) = kept {
            if kept_route != route {
                return Err(ApiError::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "idempotency_key_reused",
                    format!("this key belongs to {kept_route}"),
                ));
            }
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            return Ok((status, serde_json::from_str(&body)?, true));
        }
    }
    // A refusal undoes what the closure has written, but is itself kept under the key.
    transaction.execute_batch("SAVEPOINT work")?;
    let (status, body) = match f(&transaction) {
        Ok(reply) => (reply.status, reply.body),
        // A failure of ours is not an answer: the repetition shall try again.
        Err(error) if error.status.is_server_error() => return Err(error),
        Err(error) => {
            transaction.execute_batch("ROLLBACK TO work")?;
            (error.status, error.body())
        }
    };
    if let Some(key) = key {
        transaction
            .prepare_cached(
                "INSERT INTO idempotency (key, route, status, body, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((key, route, status.as_u16(), body.to_string(), at))?;
    }
    transaction.commit()?;
    Ok((status, body, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_from_before_a_column_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.sqlite");
        for (table, column, _) in ADDED {
            let drop = format!("ALTER TABLE {table} DROP COLUMN {column}");
            Db::open(Some(&file)).unwrap().now(|connection| connection.execute_batch(&drop)).unwrap();
            let db = Db::open(Some(&file)).unwrap();
            db.now(|connection| connection.execute_batch(&format!("SELECT {column} FROM {table}"))).unwrap();
        }
    }

    #[test]
    fn no_query_walks_through_a_table_that_grows() {
        let db = Db::open(None).unwrap();
        for sql in [
            "SELECT at, note FROM ticket_notes WHERE ticket_id = ?1 ORDER BY rowid",
            "SELECT id FROM tickets WHERE contact_id = ?1 ORDER BY id DESC LIMIT 100",
            "SELECT id FROM appointments WHERE contact_id = ?1 AND status = 'booked' AND date >= ?2 ORDER BY date, time",
            "SELECT 1 FROM appointments WHERE slot_id = ?1 AND status = 'booked'",
            "SELECT token FROM documents WHERE order_id = ?1 AND type = ?2",
            "SELECT id FROM orders WHERE contact_id = ?1 ORDER BY placed_on DESC, id DESC",
            "SELECT name FROM order_items WHERE order_id = ?1 ORDER BY rowid",
            "SELECT at FROM carrier_events WHERE order_id = ?1 ORDER BY at",
            "SELECT status FROM refunds WHERE order_id = ?1",
            "SELECT route FROM idempotency WHERE key = ?1",
        ] {
            let plan: Vec<String> = db
                .now(|connection| {
                    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                    let nulls = vec![rusqlite::types::Null; statement.parameter_count()];
                    let steps = statement.query_map(rusqlite::params_from_iter(nulls), |row| row.get(3))?;
                    steps.collect()
                })
                .unwrap();
            assert!(plan.iter().all(|step| !step.starts_with("SCAN")), "{sql}: {plan:?}");
        }
    }
}
