//! Carries out [`BackendCall`]s.

use super::{Auth, BackendOptions, breaker::Breaker};
use crate::{body, secret::Recent, telemetry::names, whatsapp::client::is_here};
use charla_dialogue::{effect::BackendCall, event::Outcome};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Answers beyond this size are refused as malformed: no dialogue needs them, and memory is bounded.
const MAX_BODY_BYTES: usize = 1 << 20;
/// A credential that has been rotated is used after this long at most.
const SECRET: Duration = Duration::from_secs(1);

/// Why the backends cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum BackendsError {
    /// No HTTP client.
    #[error("CHARLA-E2020: the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    /// A rate of zero.
    #[error("CHARLA-E2021: backends.{0}.rate_per_s is 0; give at least 1")]
    Rate(String),
}

struct Backend {
    options: BackendOptions,
    /// Whether it runs on this machine.
    here: bool,
    /// Of its `auth`, where it has one.
    secret: Option<Recent>,
    breaker: Breaker,
    limiter: DefaultDirectRateLimiter,
}

/// All configured backends. Cheap to clone.
#[derive(Clone)]
pub struct Backends {
    http: reqwest::Client,
    /// For what runs on this machine: no proxy knows the way there.
    here: reqwest::Client,
    backends: Arc<BTreeMap<String, Backend>>,
    started: Instant,
}

enum Try {
    Answer(Outcome),
    /// Says something about the backend's health; may be tried again.
    Unhealthy {
        kind: &'static str,
        status: Option<u16>,
    },
    /// Says nothing about its health and trying again does not help.
    Final {
        kind: &'static str,
        status: Option<u16>,
    },
}

impl Backends {
    /// Sets them up; connects to nothing yet.
    ///
    /// # Errors
    /// If the HTTP client cannot be built or a rate is zero.
    pub fn new(options: BTreeMap<String, BackendOptions>) -> Result<Self, BackendsError> {
        let client = || {
            reqwest::Client::builder()
                .pool_max_idle_per_host(64)
                .connect_timeout(Duration::from_millis(1_000))
        };
        let (http, here) = (client().build()?, client().no_proxy().build()?);
        let backends = options
            .into_iter()
            .map(|(name, options)| {
                let rate =
                    NonZeroU32::new(options.rate_per_s).ok_or_else(|| BackendsError::Rate(name.clone()))?;
                let backend = Backend {
                    breaker: Breaker::new(options.breaker),
                    limiter: RateLimiter::direct(Quota::per_second(rate)),
                    here: reqwest::Url::parse(&options.base_url).is_ok_and(|url| is_here(&url)),
                    secret: options.auth.secret().map(|source| Recent::new(source.clone(), SECRET)),
                    options,
                };
                Ok((name, backend))
            })
            .collect::<Result<_, BackendsError>>()?;
        Ok(Self { http, here, backends: Arc::new(backends), started: Instant::now() })
    }

    /// Names and breaker states, for `/health/ready` and the metrics.
    pub fn states(&self) -> Vec<(String, super::breaker::State)> {
        let now = self.started.elapsed();
        self.backends.iter().map(|(name, b)| (name.clone(), b.breaker.state(now))).collect()
    }

    /// Carries a call out within its budget. Never fails: what went wrong is in the outcome, which is journalled.
    pub async fn call(&self, call: &BackendCall, idempotency_key: Option<&str>) -> Outcome {
        let Some(backend) = self.backends.get(&call.backend) else {
            return Outcome::Failed { kind: "unknown_backend".into(), status: None };
        };
        let begun = Instant::now();
        let budget = Duration::from_millis(call.budget_ms.max(1));
        // Whether the backend has a request of this call, so that a budget that ends says something about it.
        let trying = AtomicBool::new(false);
        let within = self.call_within(backend, call, idempotency_key, &trying);
        let outcome = match tokio::time::timeout(budget, within).await {
            Ok(outcome) => outcome,
            Err(_) => {
                if trying.load(Ordering::Relaxed) {
                    backend.breaker.timed_out(self.started.elapsed());
                }
                Outcome::Failed { kind: "timeout".into(), status: None }
            }
        };
        let kind = match &outcome {
            Outcome::Ok { .. } => "ok".to_owned(),
            Outcome::Failed { kind, .. } => kind.clone(),
        };
        metrics::histogram!(names::BACKEND_SECONDS, "backend" => call.backend.clone())
            .record(begun.elapsed().as_secs_f64());
        metrics::counter!(names::BACKEND_CALLS, "backend" => call.backend.clone(), "outcome" => kind)
            .increment(1);
        metrics::gauge!(names::BREAKER_STATE, "backend" => call.backend.clone())
            .set(backend.breaker.state(self.started.elapsed()).as_gauge());
        outcome
    }

    async fn call_within(
        &self,
        backend: &Backend,
        call: &BackendCall,
        idempotency_key: Option<&str>,
        trying: &AtomicBool,
    ) -> Outcome {
        let mut left = backend.options.retries;
        let mut pause = Duration::from_millis(50);
        loop {
            let Some(leave) = backend.breaker.admit(self.started.elapsed()) else {
                return Outcome::Failed { kind: "breaker_open".into(), status: None };
            };
            // Held back by our own throttle: no fault of the backend if the budget ends here.
            backend.limiter.until_ready().await;
            trying.store(true, Ordering::Relaxed);
            let tried = self.try_once(backend, call, idempotency_key).await;
            trying.store(false, Ordering::Relaxed);
            let (kind, status) = match tried {
                Try::Answer(outcome) => {
                    leave.succeeded();
                    return outcome;
                }
                Try::Final { kind, status } => {
                    leave.succeeded();
                    return Outcome::Failed { kind: kind.into(), status };
                }
                Try::Unhealthy { kind, status } => {
                    leave.failed(self.started.elapsed());
                    (kind, status)
                }
            };
            // Without a key a call that changes something must not run twice.
            let repeatable = call.method == "GET" || idempotency_key.is_some();
            if left == 0 || !repeatable {
                return Outcome::Failed { kind: kind.into(), status };
            }
            left -= 1;
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn try_once(&self, backend: &Backend, call: &BackendCall, key: Option<&str>) -> Try {
        let Ok(method) = reqwest::Method::from_bytes(call.method.as_bytes()) else {
            return Try::Final { kind: "malformed", status: None };
        };
        let url = format!("{}{}", backend.options.base_url.trim_end_matches('/'), call.path);
        let http = if backend.here { &self.here } else { &self.http };
        let mut request = http
            .request(method, url)
            .timeout(Duration::from_millis(backend.options.timeout_ms))
            .query(&call.query);
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let secret = match backend.secret.as_ref().map(Recent::read).transpose() {
            Ok(secret) => secret,
            Err(error) => return no_secret(&error),
        };
        request = match (&backend.options.auth, secret) {
            (Auth::Basic { user, .. }, password) => request.basic_auth(user, password),
            (_, Some(token)) => request.bearer_auth(token),
            (_, None) => request,
        };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => {
                return Try::Unhealthy { kind: "timeout", status: None };
            }
            Err(_) => return Try::Unhealthy { kind: "transport", status: None },
        };
        let status = response.status();
        let code = status.as_u16();
        if status.is_server_error() || code == 429 {
            return Try::Unhealthy { kind: "status", status: Some(code) };
        }
        if !status.is_success() && !call.answers.contains(&code) {
            return Try::Final { kind: "status", status: Some(code) };
        }
        match read_json(response).await {
            Some(body) => Try::Answer(Outcome::Ok { status: code, body }),
            None => Try::Unhealthy { kind: "malformed", status: Some(code) },
        }
    }
}

fn no_secret(error: &crate::secret::SecretError) -> Try {
    tracing::error!(%error, "backend credentials cannot be read");
    Try::Final { kind: "credentials", status: None }
}

/// `None`: too large, cut off, or not JSON. An empty body is `null`.
async fn read_json(response: reqwest::Response) -> Option<Value> {
    let bytes = body::read(response, MAX_BODY_BYTES).await?;
    if bytes.is_empty() {
        return Some(Value::Null);
    }
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::breaker::{BreakerOptions, State};

    fn call(budget_ms: u64) -> BackendCall {
        BackendCall {
            id: 1,
            action: "action_get_order".into(),
            backend: "orders".into(),
            method: "GET".into(),
            path: "/orders/1".into(),
            query: BTreeMap::new(),
            body: None,
            answers: vec![],
            budget_ms,
        }
    }

    /// A backend at this address that takes so many calls a second; its breaker opens after three failures.
    fn backend(base_url: String, rate_per_s: u32) -> Backends {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = BackendOptions {
            base_url,
            auth: Auth::None,
            timeout_ms: 60_000,
            retries: 0,
            rate_per_s,
            breaker: BreakerOptions { failures: 3, open_ms: 60_000 },
        };
        Backends::new(BTreeMap::from([("orders".to_owned(), options)])).unwrap()
    }

    fn state(backends: &Backends) -> State {
        backends.states()[0].1
    }

    #[tokio::test]
    async fn our_own_throttle_is_no_fault_of_the_backend() {
        // Nothing listens there.
        let backends = backend("http://127.0.0.1:1".into(), 1);
        let first = backends.call(&call(2_000), None).await;
        assert!(matches!(&first, Outcome::Failed { kind, .. } if kind == "transport"), "{first:?}");
        for _ in 0..10 {
            let throttled = backends.call(&call(5), None).await;
            assert!(matches!(&throttled, Outcome::Failed { kind, .. } if kind == "timeout"), "{throttled:?}");
        }
        assert_eq!(state(&backends), State::Closed, "one call reached it");
    }

    #[tokio::test]
    async fn a_backend_that_does_not_answer_within_the_budget_is_at_fault() {
        // It takes connections and never answers.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backends = backend(format!("http://{}", listener.local_addr().unwrap()), 1_000);
        for n in 1..=3 {
            assert_eq!(state(&backends), State::Closed, "before call {n}");
            backends.call(&call(30), None).await;
        }
        assert_eq!(state(&backends), State::Open);
    }
}
