//! What can go wrong in the simulator itself; what it answers as Meta is in [`super::graph`].

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

/// Errors of starting the simulator and of its control API.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// No business number was given.
    #[error("CHARLA-E5001: the simulator has no business number; name at least one in `numbers`")]
    NoNumber,
    /// The HTTP server did not start.
    #[error("CHARLA-E5002: the simulator's server cannot start: {0}; is the listener bound and free?")]
    Server(String),
    /// The HTTP client for webhooks could not be built.
    #[error("CHARLA-E5003: no HTTP client for webhooks could be built: {0}")]
    Client(String),
    /// A `wa_id` that is none.
    #[error(
        "CHARLA-E5004: `{0}` is not a WhatsApp id; write the phone number in digits with country code, 7 to 15 of them"
    )]
    WaId(String),
    /// A business number that is not there.
    #[error("CHARLA-E5005: `{0}` is not the id of a business number here; `GET /sim/config` lists them")]
    Number(String),
    /// A button or row that the thread does not show.
    #[error(
        "CHARLA-E5006: no {what} `{id}` is shown in this thread; `GET …/thread` lists what can be tapped"
    )]
    NothingToTap {
        /// `button` or `row`.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// A message that the thread does not hold.
    #[error("CHARLA-E5007: the thread holds no message `{0}`; name it by wamid or by number")]
    NoMessage(String),
    /// A request that cannot be understood.
    #[error("CHARLA-E5008: {0}")]
    Request(String),
    /// Too many webhooks wait for the engine.
    #[error("CHARLA-E5009: {0} webhooks wait for the engine, more are not taken; is the engine up?")]
    Full(usize),
    /// The engine's clock could not be moved; the simulator's has not been moved either.
    #[error(
        "CHARLA-E5010: the engine's clock could not be moved, so nothing was: {0}; is the engine up, and its clock movable?"
    )]
    EngineClock(String),
    /// The verification handshake failed.
    #[error(
        "CHARLA-E5011: the engine did not pass the webhook verification: {0}; compare `verify_token` on both sides"
    )]
    Verification(String),
    /// The shop did not take an outage.
    #[error(
        "CHARLA-E5012: the shop did not take the outage: {0}; is the shop up, and its address given to the simulator?"
    )]
    Shop(String),
}

impl ResponseError for SimError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::WaId(_) | Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Number(_) | Self::NothingToTap { .. } | Self::NoMessage(_) => StatusCode::NOT_FOUND,
            Self::Full(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::EngineClock(_) | Self::Verification(_) | Self::Shop(_) => StatusCode::BAD_GATEWAY,
            Self::NoNumber | Self::Server(_) | Self::Client(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let text = self.to_string();
        let (code, message) = text.split_once(": ").unwrap_or(("", &text));
        HttpResponse::build(self.status_code()).json(json!({"error": {"code": code, "message": message}}))
    }
}
