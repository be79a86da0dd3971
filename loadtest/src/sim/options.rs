//! What a simulator is started with.

use super::{faults::Faults, observer::Observer, rate::Limits, templates::Template};
use serde::{Deserialize, Serialize};
use std::{net::TcpListener, sync::Arc};

/// A number that a business talks from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessNumber {
    /// Meta's id of the number; the path segment of `/{phone_number_id}/messages`.
    pub phone_number_id: String,
    /// The number itself, in digits.
    pub display_phone_number: String,
    /// The business's verified name, shown above the chat.
    pub name: String,
    /// ISO 3166-1 alpha-2 code of its country.
    pub country: String,
}

/// How webhooks are delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Requests under way at once. Default 64.
    pub concurrency: usize,
    /// Webhooks that may wait; beyond, customers get 503 and the engine 131016. Default 100,000.
    pub max_pending: usize,
    /// Tries before a webhook counts as lost. Default 40, with the waits below about 18 minutes.
    pub max_attempts: u32,
    /// Wait before the first repetition, doubled each time, in milliseconds. Default 250.
    pub first_backoff_ms: u64,
    /// Longest wait, in milliseconds. Default 30,000.
    pub max_backoff_ms: u64,
    /// Longest time for an answer, in milliseconds. Default 20,000.
    pub timeout_ms: u64,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            concurrency: 64,
            max_pending: 100_000,
            max_attempts: 40,
            first_backoff_ms: 250,
            max_backoff_ms: 30_000,
            timeout_ms: 20_000,
        }
    }
}

/// What a simulator is started with.
#[derive(Debug)]
pub struct Options {
    /// Where it listens; already bound, so that the address is known before the start.
    pub listener: TcpListener,
    /// Where webhooks go.
    pub engine_webhook_url: String,
    /// Signs webhooks (`X-Hub-Signature-256`).
    pub app_secret: String,
    /// Shown in the verification handshake.
    pub verify_token: String,
    /// The bearer token that Graph requests must carry.
    pub access_token: String,
    /// At least one; the first is the default of the control API.
    pub numbers: Vec<BusinessNumber>,
    /// Address of the engine, for links on the phone page.
    pub engine_url: Option<String>,
    /// `POST {"offset_ms":n}` there moves the engine's clock; without it only the simulator's moves.
    pub engine_clock_url: Option<String>,
    /// Bearer token for it.
    pub engine_clock_token: Option<String>,
    /// Address of the demo shop, for links and outages.
    pub shop_url: Option<String>,
    /// Bearer token for its `/admin/outage`, where it wants one.
    pub shop_token: Option<String>,
    /// Rates that Meta enforces.
    pub limits: Limits,
    /// Delivery delays and misfortunes; changed at run time with `POST /sim/faults`.
    pub faults: Faults,
    /// Approved templates beside `hello_world`.
    pub templates: Vec<Template>,
    /// How webhooks are delivered.
    pub webhooks: Webhooks,
    /// Whether to verify the webhook at the start, trying for a minute. Default true.
    pub verify_on_start: bool,
    /// Who looks on.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Options {
    /// Defaults on a bound listener.
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            engine_webhook_url: "http://127.0.0.1:8080/webhooks/whatsapp".into(),
            app_secret: String::new(),
            verify_token: String::new(),
            access_token: String::new(),
            numbers: Vec::new(),
            engine_url: None,
            engine_clock_url: None,
            engine_clock_token: None,
            shop_url: None,
            shop_token: None,
            limits: Limits::default(),
            faults: Faults::default(),
            templates: Vec::new(),
            webhooks: Webhooks::default(),
            verify_on_start: true,
            observer: None,
        }
    }
}

impl Default for Options {
    /// Defaults on a free port of the loopback interface.
    ///
    /// # Panics
    /// If the loopback interface has no port left; [`Options::new`] takes a listener instead.
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "documented; a default cannot fail otherwise")]
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        Self::new(listener)
    }
}
