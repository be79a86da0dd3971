//! The Graph API client: sends messages, marks them as read.

use super::{
    errors::{Class, SendError},
    limits::RenderError,
    render::{render, render_read},
    token::{AccessToken, TokenSource},
};
use crate::body;
use charla_dialogue::effect::Send;
use reqwest::{
    StatusCode, Url,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Most bytes of an answer that are read; Graph's are about 300.
const MAX_ANSWER: usize = 64 * 1024;
/// Idle connections kept open to Graph: as many as there are sends at a time (`engine.dispatch_width`), or those beyond are closed
/// after each burst and opened for the next one.
const MAX_IDLE: usize = 256;
/// Shorter than Graph's own idle timeout, so that a connection is seldom lost in the middle of a send.
const IDLE_S: u64 = 45;

/// Where and how to reach the Graph API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Default `https://graph.facebook.com`; `http://` for the simulator.
    pub base_url: String,
    /// Default `v24.0`.
    pub api_version: String,
    /// Longest time for one request, connecting included, in milliseconds. Default 10,000.
    pub timeout_ms: u64,
    /// Longest time to connect, in milliseconds. Default 3,000.
    pub connect_timeout_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_url: "https://graph.facebook.com".into(),
            api_version: "v24.0".into(),
            timeout_ms: 10_000,
            connect_timeout_ms: 3_000,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one.
    #[error(
        "CHARLA-E2038: `{0}` is not the address of a Graph API; write it like https://graph.facebook.com"
    )]
    BaseUrl(String),
    /// The HTTP client could not be built.
    #[error("CHARLA-E2039: no HTTP client for the Graph API could be built: {0}")]
    Build(String),
}

/// Taken by WhatsApp; what becomes of it, status webhooks tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// WhatsApp's id of the message.
    pub wamid: String,
}

/// A client of the Graph API. Cheap to clone; clones share connections and token.
#[derive(Debug, Clone)]
pub struct GraphClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    /// With the version, without a slash at the end.
    base: String,
    token: TokenSource,
}

#[derive(Deserialize)]
struct Accepted {
    messages: Vec<AcceptedMessage>,
}

#[derive(Deserialize)]
struct AcceptedMessage {
    id: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    code: Option<i64>,
}

/// An answer of Graph, whole.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl GraphClient {
    /// A client. The process must have installed rustls's crypto provider before.
    ///
    /// # Errors
    /// [`ClientError`] if the address is malformed or there is no crypto provider.
    pub fn new(options: Options, token: TokenSource) -> Result<Self, ClientError> {
        let no_url = || ClientError::BaseUrl(options.base_url.clone());
        let url = Url::parse(&options.base_url).map_err(|_| no_url())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
            return Err(no_url());
        }
        if url.host_str().is_none() {
            return Err(no_url());
        }
        // reqwest would panic.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ClientError::Build("no rustls crypto provider is installed in this process".into()));
        }
        let mut builder = reqwest::Client::builder()
            .timeout(Duration::from_millis(options.timeout_ms))
            .connect_timeout(Duration::from_millis(options.connect_timeout_ms))
            .pool_max_idle_per_host(MAX_IDLE)
            .pool_idle_timeout(Duration::from_secs(IDLE_S))
            // A redirected send could be taken twice, and would carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("charla/", env!("CARGO_PKG_VERSION")))
            .http1_only();
        if is_here(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ClientError::Build(error.to_string()))?;
        let base =
            format!("{}/{}", options.base_url.trim_end_matches('/'), options.api_version.trim_matches('/'));
        Ok(Self(Arc::new(Inner { http, base, token })))
    }

    /// Sends a message from `number` (its `phone_number_id`); `callback_data` comes back in the status webhooks.
    ///
    /// A refused token is read again and, if there is another one, tried once more.
    ///
    /// # Errors
    /// [`SendError`], whose class says what to do.
    pub async fn send(&self, number: &str, send: &Send, callback_data: &str) -> Result<Sent, SendError> {
        let body = render(send, callback_data).map_err(|error| unrendered(&error))?;
        let answer = self.post(number, &body).await?;
        // Taken, but nobody can say under which id: the status webhooks will.
        let accepted: Accepted = serde_json::from_slice(&answer.body)
            .map_err(|_| SendError::unanswered(Class::Unknown, "answer_unreadable"))?;
        let first = accepted.messages.into_iter().next();
        first
            .map(|message| Sent { wamid: message.id })
            .ok_or_else(|| SendError::unanswered(Class::Unknown, "answer_unreadable"))
    }

    /// Marks a message, and those before it, as read; with `typing` shows the typing indicator until the answer, at most
    /// 25 s.
    ///
    /// # Errors
    /// [`SendError`]; nothing is lost by ignoring it.
    pub async fn mark_read(&self, number: &str, message_id: &str, typing: bool) -> Result<(), SendError> {
        self.post(number, &render_read(message_id, typing)).await.map(drop)
    }

    async fn post(&self, number: &str, body: &Value) -> Result<Answer, SendError> {
        // The id becomes part of the path; configured ids are digits.
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(SendError::unanswered(Class::Permanent, "bad_number"));
        }
        let token = self.0.token.current();
        match self.post_once(number, body, &token).await {
            // Meta said no: the message was certainly not taken, so trying again is safe.
            Err(error) if error.class == Class::Auth => {
                if self.0.token.reload(&token) {
                    self.post_once(number, body, &self.0.token.current()).await.inspect_err(alarm)
                } else {
                    alarm(&error);
                    Err(error)
                }
            }
            other => other,
        }
    }

    async fn post_once(&self, number: &str, body: &Value, token: &AccessToken) -> Result<Answer, SendError> {
        let url = format!("{}/{number}/messages", self.0.base);
        let response = self
            .0
            .http
            .post(url)
            .bearer_auth(token.expose())
            .json(body)
            .send()
            .await
            .map_err(|error| unanswered(&error))?;
        // A crash here hides the outcome of a send that WhatsApp has taken.
        charla_actors::failpoints::after_request_before_answer().await;
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let body = body::read(response, MAX_ANSWER).await;
        if status.is_success() {
            let body = body.ok_or(SendError::unanswered(Class::Unknown, "answer_lost"))?;
            return Ok(Answer { status, retry_after, body });
        }
        let answer = Answer { status, retry_after, body: body.unwrap_or_default() };
        let refusal: Option<Refusal> = serde_json::from_slice(&answer.body).ok();
        let code = refusal.and_then(|refusal| refusal.error.code);
        Err(SendError::answered(answer.status.as_u16(), code, answer.retry_after))
    }
}

/// Whether an address is this machine's own.
pub(crate) fn is_here(url: &reqwest::Url) -> bool {
    url.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127.") || host == "[::1]")
}

fn alarm(error: &SendError) {
    if error.class == Class::Auth {
        tracing::error!(
            code = error.code,
            http = error.http,
            "WhatsApp refuses the access token; put a valid one where `access_token` points: it is read without a restart"
        );
    }
}

fn unrendered(error: &RenderError) -> SendError {
    // Names places and lengths only.
    tracing::error!(%error, "a message cannot be sent as it is");
    SendError::unanswered(Class::Permanent, "unrenderable")
}

/// A request without an answer. Only before the connection stood is it certain that nothing arrived.
fn unanswered(error: &reqwest::Error) -> SendError {
    if error.is_connect() {
        SendError::unanswered(Class::Retry(super::errors::Backoff::Fault), "unreachable")
    } else if error.is_builder() {
        SendError::unanswered(Class::Permanent, "bad_request")
    } else if error.is_timeout() {
        SendError::unanswered(Class::Unknown, "timeout")
    } else {
        SendError::unanswered(Class::Unknown, "connection_lost")
    }
}

/// In seconds; the form with a date is not used by Graph.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
