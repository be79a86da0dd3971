//! What all handlers share.

use super::{
    clock::SimClock,
    error::SimError,
    events::Events,
    faults::{Dice, Faults},
    ids::Ids,
    observer::Observer,
    options::{BusinessNumber, Options, Webhooks},
    rate::Limits,
    stats::Stats,
    templates::Template,
    webhook::Queue,
    world::{ThreadKey, World},
};
use std::{
    net::TcpListener,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// The WhatsApp Business account that owns all numbers here.
pub(crate) const WABA_ID: &str = "102290129340398";

/// [`Options`] without what is used up at the start.
#[derive(Debug)]
pub(crate) struct Config {
    pub engine_webhook_url: String,
    pub app_secret: String,
    pub verify_token: String,
    pub access_token: String,
    pub engine_url: Option<String>,
    pub engine_clock_url: Option<String>,
    pub engine_clock_token: Option<String>,
    pub shop_url: Option<String>,
    pub shop_token: Option<String>,
    pub limits: Limits,
    pub webhooks: Webhooks,
    pub verify_on_start: bool,
    pub observer: Option<Arc<dyn Observer>>,
}

/// The simulator's inside.
#[derive(Debug)]
pub(crate) struct App {
    pub options: Config,
    pub numbers: Vec<Arc<BusinessNumber>>,
    pub clock: SimClock,
    pub ids: Ids,
    world: Mutex<World>,
    dice: Mutex<Dice>,
    pub webhooks: Queue,
    pub events: Events,
    pub stats: Stats,
    pub http: reqwest::Client,
    pub stop: watch::Receiver<bool>,
    verified: AtomicBool,
    /// Moves of the clock come one after the other.
    pub clock_moves: tokio::sync::Mutex<()>,
}

impl App {
    /// Takes the options apart; the listener is for the server.
    pub(crate) fn new(
        options: Options,
        webhooks: Queue,
        stop: watch::Receiver<bool>,
    ) -> Result<(Self, TcpListener), SimError> {
        if options.numbers.is_empty() {
            return Err(SimError::NoNumber);
        }
        // One provider a process; whoever came first has done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_millis(options.webhooks.timeout_ms))
            .pool_max_idle_per_host(options.webhooks.concurrency)
            // Everything here is on loopback or named by address; a proxy of the environment must not get in between.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("facebookexternalua")
            .build()
            .map_err(|error| SimError::Client(error.to_string()))?;
        let templates: Vec<Template> =
            std::iter::once(Template::hello_world()).chain(options.templates).collect();
        let app = Self {
            numbers: options.numbers.into_iter().map(Arc::new).collect(),
            clock: SimClock::default(),
            ids: Ids::default(),
            world: Mutex::new(World::with_templates(templates)),
            dice: Mutex::new(Dice::new(options.faults)),
            webhooks,
            events: Events::default(),
            stats: Stats::default(),
            http,
            stop,
            verified: AtomicBool::new(false),
            clock_moves: tokio::sync::Mutex::new(()),
            options: Config {
                engine_webhook_url: options.engine_webhook_url,
                app_secret: options.app_secret,
                verify_token: options.verify_token,
                access_token: options.access_token,
                engine_url: options.engine_url,
                engine_clock_url: options.engine_clock_url,
                engine_clock_token: options.engine_clock_token,
                shop_url: options.shop_url,
                shop_token: options.shop_token,
                limits: options.limits,
                webhooks: options.webhooks,
                verify_on_start: options.verify_on_start,
                observer: options.observer,
            },
        };
        Ok((app, options.listener))
    }

    /// Locks the world. Lock order: world, then dice.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks faults and random numbers.
    pub(crate) fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The faults of now.
    pub(crate) fn faults(&self) -> Faults {
        self.dice().faults.clone()
    }

    /// The business number with that id.
    pub(crate) fn number(&self, id: &str) -> Option<&Arc<BusinessNumber>> {
        self.numbers.iter().find(|number| number.phone_number_id == id)
    }

    /// The business number with that id, the first without one.
    pub(crate) fn number_or_first(&self, id: Option<&str>) -> Result<&Arc<BusinessNumber>, SimError> {
        match id.filter(|id| !id.is_empty()) {
            Some(id) => self.number(id).ok_or_else(|| SimError::Number(id.to_owned())),
            None => self.numbers.first().ok_or(SimError::NoNumber),
        }
    }

    /// Whether the engine has passed the verification handshake.
    pub(crate) fn verified(&self) -> bool {
        self.verified.load(Ordering::Relaxed)
    }

    pub(crate) fn set_verified(&self, verified: bool) {
        self.verified.store(verified, Ordering::Relaxed);
    }

    /// Moves a message's status and tells the pages.
    pub(crate) fn advance(&self, key: &ThreadKey, n: u64, status: super::message::Status) {
        let changed = self.world().advance(key, n, status);
        if let Some(message) = changed {
            self.events.status(key, n, message.status);
        }
    }
}
