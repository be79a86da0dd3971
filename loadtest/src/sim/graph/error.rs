//! Meta's errors: `{"error":{message,type,code,error_data,fbtrace_id}}`.

use actix_web::{HttpResponse, http::StatusCode};
use serde_json::json;

/// An error as the Graph API answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError {
    pub code: i64,
    pub title: String,
    pub details: Option<String>,
    pub subcode: Option<i64>,
}

impl GraphError {
    pub(crate) fn new(code: i64, title: &str) -> Self {
        Self { code, title: title.to_owned(), details: None, subcode: None }
    }

    pub(crate) fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// 100: malformed beyond what the WhatsApp codes are for.
    pub(crate) fn invalid(message: impl AsRef<str>) -> Self {
        Self::new(100, message.as_ref())
    }

    /// 131008: something is missing.
    pub(crate) fn missing(path: &str) -> Self {
        Self::new(131_008, "Required parameter is missing").details(format!("Parameter '{path}' is required"))
    }

    /// 131009: something is there and wrong.
    pub(crate) fn value(details: impl Into<String>) -> Self {
        Self::new(131_009, "Parameter value is not valid").details(details)
    }

    /// 190: no token, or another one.
    pub(crate) fn token() -> Self {
        Self::new(190, "Invalid OAuth access token - Cannot parse access token")
    }

    /// 100 with subcode 33: no such object.
    pub(crate) fn no_object(id: &str) -> Self {
        let mut error = Self::invalid(format!(
            "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation."
        ));
        error.subcode = Some(33);
        error
    }

    /// One that a fault asks for.
    pub(crate) fn injected(code: i64) -> Self {
        let title = match code {
            4 => "Application request limit reached",
            130_429 => "Rate limit hit",
            131_000 => "Something went wrong",
            131_016 => "Service unavailable",
            131_026 => "Message undeliverable",
            131_048 => "Spam rate limit hit",
            131_056 => "(Business Account, Consumer Account) pair rate limit hit",
            131_057 => "Account in maintenance mode",
            _ => "An error was asked for",
        };
        Self::new(code, title)
    }

    /// Meta's table of HTTP statuses is not public in full; clients go by the code.
    fn status(&self) -> StatusCode {
        match self.code {
            0 | 190 => StatusCode::UNAUTHORIZED,
            3 | 10 | 200..=299 => StatusCode::FORBIDDEN,
            4 | 80_007 | 130_429 | 131_048 | 131_056 => StatusCode::TOO_MANY_REQUESTS,
            131_000 => StatusCode::INTERNAL_SERVER_ERROR,
            131_016 | 131_057 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn response(&self, trace: &str) -> HttpResponse {
        let mut error = json!({
            "message": format!("(#{}) {}", self.code, self.title),
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": trace,
        });
        if let Some(details) = &self.details {
            error["error_data"] = json!({"messaging_product": "whatsapp", "details": details});
        }
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        HttpResponse::build(self.status()).json(json!({"error": error}))
    }

    /// As in `statuses[].errors`.
    pub(crate) fn in_status(&self) -> serde_json::Value {
        json!({
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details.as_deref().unwrap_or(&self.title)},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}
