//! Live systems of the shop over REST: authenticated, throttled, timed, retried, and left alone while they are down.

pub mod breaker;
mod client;

pub use client::{Backends, BackendsError};

use crate::secret::SecretSource;
use breaker::BreakerOptions;
use serde::Deserialize;

/// How to reach one backend.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendOptions {
    /// Without a trailing slash, for example `https://erp.example.com/api`.
    pub base_url: String,
    /// Credentials. Default none.
    #[serde(default)]
    pub auth: Auth,
    /// Longest time for one try, milliseconds. Default 1,500.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Tries after the first one, within the call's own budget. Default 1.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Calls a second at most; further ones wait within their budget. Default 200.
    #[serde(default = "default_rate")]
    pub rate_per_s: u32,
    /// Circuit breaker.
    #[serde(default)]
    pub breaker: BreakerOptions,
}

fn default_timeout_ms() -> u64 {
    1_500
}
fn default_retries() -> u32 {
    1
}
fn default_rate() -> u32 {
    200
}

/// Credentials of a backend.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// None.
    #[default]
    None,
    /// `Authorization: Bearer …`.
    Bearer {
        /// The token.
        token: SecretSource,
    },
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: SecretSource,
    },
}

impl Auth {
    /// What is secret of it.
    pub const fn secret(&self) -> Option<&SecretSource> {
        match self {
            Self::None => None,
            Self::Bearer { token: secret } | Self::Basic { password: secret, .. } => Some(secret),
        }
    }
}
