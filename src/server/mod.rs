//! The HTTP edge.

mod agents;
mod clock;
mod health;
mod webhook;

use crate::{bot::Bot, secret::SecretSource, telemetry::scrape::Sources};
use actix_web::{App, HttpServer, dev::Server, web};
use charla_actors::{clock::SystemClock, engine::EngineHandle};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{collections::HashSet, net::TcpListener, sync::Arc};

/// What every handler may use.
pub struct Edge {
    /// The session runtime.
    pub engine: EngineHandle<Bot>,
    /// What readiness and metrics look up.
    pub sources: Sources,
    /// Secrets that may have signed a webhook; read at start, so that no request waits for a disk.
    pub app_secrets: Vec<String>,
    /// Token of the verification handshake.
    pub verify_token: String,
    /// Business numbers served here, by `phone_number_id`.
    pub numbers: HashSet<Arc<str>>,
    /// (name, token) of each agent.
    pub agents: Vec<(String, String)>,
    /// Renders the metrics.
    pub metrics: Option<PrometheusHandle>,
    /// The engine's time.
    pub clock: Arc<SystemClock>,
    /// Who knows this secret may move the clock.
    pub demo_clock: Option<SecretSource>,
    /// The tier that understands: `joint`, `ngram`, or `none` where the assistant understands no texts.
    pub tier: Box<dyn Fn() -> String + Send + Sync>,
}

/// Starts the server on a bound listener; the caller awaits or stops the returned [`Server`].
///
/// # Errors
/// If the listener cannot be used.
pub fn start(
    edge: Arc<Edge>,
    listener: TcpListener,
    workers: usize,
    max_body_bytes: usize,
) -> std::io::Result<Server> {
    let data = web::Data::from(edge);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::Data::new(webhook::BodyLimit(max_body_bytes)))
            .configure(webhook::routes)
            .configure(health::routes)
            .configure(agents::routes)
            .configure(clock::routes)
    })
    .workers(workers)
    .disable_signals()
    .shutdown_timeout(10)
    .listen(listener)?
    .run();
    Ok(server)
}
