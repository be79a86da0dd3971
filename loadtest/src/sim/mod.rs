//! A WhatsApp Cloud API to develop and test against: the Graph endpoints that the engine calls, the signed webhooks that
//! it gets, customers with phones, a clock that can be moved, and misfortunes on demand.
//!
//! Everything it knows of Meta's behaviour is in its own words: it shares no code with the product, so that a mistake on
//! one side shows on the other.

mod app;
pub mod client;
mod clock;
mod control;
mod customer;
mod error;
mod events;
mod faults;
mod graph;
mod ids;

pub mod limits;
mod message;
mod observer;
mod options;
mod rate;
mod receipts;
mod stats;
mod templates;
mod webhook;
mod world;

pub use clock::Millis;
pub use control::{Act, Post, Posted};
pub use customer::Customer;
pub use error::SimError;
pub use faults::Faults;
pub(crate) use ids::user_id;
pub use message::{
    Button, Content, Failure, From, Header, Link, Location, Media, Message, Quote, Reaction, Row, Section,
    Status,
};
pub use observer::{Observer, Taken, Webhook};
pub use options::{BusinessNumber, Options, Webhooks};
pub use rate::Limits;
pub use stats::Counts;
pub use templates::Template;
pub(crate) use webhook::signature;

use actix_web::{App as WebApp, HttpServer, dev::ServerHandle, web};
use app::App;
use std::{net::SocketAddr, sync::Arc};
use tokio::{sync::watch, task::JoinHandle};

/// Starts simulators; several may run in one process.
#[derive(Debug)]
pub struct Simulator;

/// A running simulator. Dropping it leaves it running; [`stop`](Self::stop) ends it.
#[derive(Debug)]
pub struct SimulatorHandle {
    app: Arc<App>,
    address: SocketAddr,
    server: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Simulator {
    /// Starts one within the running tokio runtime.
    ///
    /// # Errors
    /// [`SimError`] if there is no business number, or server or client cannot be made.
    pub async fn start(options: Options) -> Result<SimulatorHandle, SimError> {
        let (stop, stopping) = watch::channel(false);
        let (queue, receiver) = webhook::Queue::new(options.webhooks.max_pending);
        let (app, listener) = App::new(options, queue, stopping)?;
        let app = Arc::new(app);
        let failed = |error: std::io::Error| SimError::Server(error.to_string());
        let address = listener.local_addr().map_err(failed)?;
        let shared = web::Data::new(Arc::clone(&app));
        let server = HttpServer::new(move || {
            WebApp::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(3 * 1024 * 1024))
                .configure(control::routes)
                .configure(crate::phone::routes)
                .configure(graph::routes)
        })
        .workers(2)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .map_err(failed)?
        .run();
        let handle = server.handle();
        let mut tasks = vec![
            tokio::spawn(async move {
                if let Err(error) = server.await {
                    tracing::error!(%error, "the simulator's server has ended");
                }
            }),
            tokio::spawn(webhook::run(Arc::clone(&app), receiver)),
        ];
        if app.options.verify_on_start {
            tasks.push(tokio::spawn(webhook::verify_in_background(Arc::clone(&app))));
        }
        Ok(SimulatorHandle { app, address, server: handle, tasks, stop })
    }
}

impl SimulatorHandle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `http://…` of it, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A customer writes to the first number; what `POST /sim/customers/{wa_id}/messages` does, without HTTP.
    ///
    /// # Errors
    /// [`SimError`] for a `wa_id` that is none, a text WhatsApp would not take, or a full queue.
    pub fn say(&self, wa_id: &str, text: &str) -> Result<Posted, SimError> {
        control::say(&self.app, wa_id, text)
    }

    /// Replaces delays and misfortunes, as `POST /sim/faults` does.
    pub fn set_faults(&self, faults: Faults) {
        self.app.dice().set(faults);
    }

    /// What has happened since the start.
    pub fn counts(&self) -> Counts {
        self.app.stats.counts(self.app.webhooks.pending())
    }

    /// Empties all threads, so that a long run does not fill the memory; windows stay open.
    pub fn forget_threads(&self) {
        self.app.world().clear_all();
    }

    /// Ends it: long polls and event streams are answered, webhooks that wait are dropped.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.server.stop(true).await;
        for task in self.tasks {
            let _ = task.await;
        }
    }
}
