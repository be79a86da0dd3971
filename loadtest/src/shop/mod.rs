//! The demo shop's backend: inventory, CRM, orders, ticketing and calendar over REST, on SQLite.
//!
//! It is what the product is connected to in the demonstration and in tests: a company's systems with their own
//! vocabulary, delays and outages.

mod api;
mod carrier;
mod catalog;
mod clock;
mod db;
mod error;
mod gate;
mod i18n;
mod naming;
mod openapi;
mod places;
mod search;
mod seed;
mod sizes;
mod stock;
mod text;
mod vocab;

pub use carrier::RAW_STATES;
pub use error::ShopError;
pub use i18n::{Country, LANGS};
pub use openapi::document as openapi_document;
pub use seed::{DEMO_CUSTOMERS, DemoCustomer, Guest};

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use catalog::Catalogue;
use clock::Clock;
use db::Db;
use gate::Gate;
use places::Places;
use search::Index;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

/// Largest request body, bytes: a ticket with a whole transcript fits.
const BODY_LIMIT: usize = 1 << 20;

/// How to start a shop.
#[derive(Debug)]
pub struct Options {
    /// Already bound, so that the caller knows the port.
    pub listener: TcpListener,
    /// SQLite file; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
    /// Bearer token that every backend asks for.
    pub token: String,
    /// Password of the user `crm`, accepted below `/crm` besides the token.
    pub crm_password: String,
    /// The day to which orders and calendar are relative; `None`: the machine's calendar.
    pub today: Option<jiff::civil::Date>,
    /// Decides stock and orders of a new database.
    pub seed: u64,
}

/// Everything a request handler needs.
pub(crate) struct State {
    catalogue: Catalogue,
    index: Index,
    /// What customers call things, for orders found by their items.
    vocabulary: vocab::Vocabulary,
    places: Places,
    db: Db,
    clock: Clock,
    gate: Gate,
    seed: u64,
    /// `http://127.0.0.1:8082`, for links to images and documents.
    base_url: String,
}

/// Starts shops.
#[derive(Debug)]
pub struct Shop;

/// A running shop; cheap to clone.
#[derive(Debug, Clone)]
pub struct ShopHandle {
    server: ServerHandle,
    addr: SocketAddr,
}

impl Shop {
    /// Reads the catalogue, opens or fills the database, and serves. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`ShopError`] if an embedded data file is wrong, the database cannot be used, or the listener cannot be served.
    pub async fn start(options: Options) -> Result<ShopHandle, ShopError> {
        Self::start_with(options, Vec::new()).await
    }

    /// As [`start`](Self::start), with further customers in a new database, each with orders as the others have.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(options: Options, guests: Vec<Guest>) -> Result<ShopHandle, ShopError> {
        let addr = options.listener.local_addr()?;
        let Options { listener, data, token, crm_password, today, seed } = options;
        let prepare = move || -> Result<State, ShopError> {
            let (catalogue, places, clock) = (Catalogue::load()?, Places::load()?, Clock::new(today));
            let db = Db::open(data.as_deref())?;
            seed::fill(&db, &catalogue, &places, &clock, &guests, seed).map_err(|source| {
                let place = data.as_ref().map_or_else(|| "in memory".to_owned(), |d| d.display().to_string());
                ShopError::Storage { place, source }
            })?;
            let index = Index::new(&catalogue);
            let vocabulary = vocab::Vocabulary::new(&catalogue);
            Ok(State {
                catalogue,
                index,
                vocabulary,
                places,
                db,
                clock,
                gate: Gate::new(token, crm_password),
                seed,
                base_url: format!("http://{addr}"),
            })
        };
        let prepared = tokio::task::spawn_blocking(prepare)
            .await
            .map_err(|e| ShopError::Listen(std::io::Error::other(e)))??;
        let state = web::Data::new(prepared);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(api::json_config())
                .app_data(api::query_config())
                .wrap(from_fn(gate::guard))
                .configure(api::routes)
        })
        .on_connect(gate::keep_socket)
        .workers(2)
        .shutdown_timeout(2)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(ShopHandle { server: handle, addr })
    }
}

impl ShopHandle {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:8082`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Finishes requests under way (up to two seconds) and closes the port.
    pub async fn stop(&self) {
        self.server.stop(true).await;
    }
}
