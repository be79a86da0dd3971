//! What can go wrong: starting the shop, and answering one request.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use std::fmt;

/// Why the shop did not start.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// An embedded data file has a mistake.
    #[error("CHARLA-E5101: {file}: {reason}; mend the catalogue file and build again")]
    Data {
        /// The file, with the line where it is known.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The database file cannot be opened or written.
    #[error(
        "CHARLA-E5102: the shop's database {place}: {source}; check the path and its permissions, or remove the file"
    )]
    Storage {
        /// The file, or `in memory`.
        place: String,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The HTTP server cannot use the listener.
    #[error("CHARLA-E5103: the shop cannot listen: {0}; choose a free port")]
    Listen(#[from] std::io::Error),
}

impl ShopError {
    pub(crate) fn data(file: impl Into<String>, reason: impl fmt::Display) -> ShopError {
        ShopError::Data { file: file.into(), reason: reason.to_string() }
    }
}

/// A refusal in the contract's form: `{"error":{"code":"not_found","message":"…"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl ApiError {
    /// Any refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status, code, message: message.into() }
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 422.
    pub fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    /// 409 with a code of its own.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::CONFLICT, code, message)
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> serde_json::Value {
        json!({"error": {"code": self.code, "message": self.message}})
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(self.body())
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> ApiError {
        tracing::error!(%error, "shop storage failed");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "storage", "the shop's storage failed")
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> ApiError {
        tracing::error!(%error, "shop storage holds a value that is not JSON");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "storage",
            "the shop's storage holds a damaged value",
        )
    }
}
