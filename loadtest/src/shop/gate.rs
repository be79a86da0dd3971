//! What every request passes: credentials, outage switches, counters.

use super::State;
use super::error::ApiError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::any::Any;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

/// The systems of the company that can fail on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// `/inventory`
    Inventory,
    /// `/crm`
    Crm,
    /// `/orders`
    Orders,
    /// `/tickets`
    Ticketing,
    /// `/calendar`
    Calendar,
}

impl Backend {
    /// All, in the order of the counters.
    pub const ALL: [Backend; 5] =
        [Backend::Inventory, Backend::Crm, Backend::Orders, Backend::Ticketing, Backend::Calendar];

    fn of(path: &str) -> Option<Backend> {
        match path.split('/').nth(1)? {
            "inventory" => Some(Backend::Inventory),
            "crm" => Some(Backend::Crm),
            "orders" => Some(Backend::Orders),
            "tickets" => Some(Backend::Ticketing),
            "calendar" => Some(Backend::Calendar),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        ["inventory", "crm", "orders", "ticketing", "calendar"][self as usize]
    }
}

/// How a backend behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Answers.
    #[default]
    Ok,
    /// Closes the connection without an answer, as a stopped process does.
    Down,
    /// Answers after `delay_ms`.
    Slow,
    /// Answers 500.
    Error,
}

#[derive(Debug, Default)]
struct Switch {
    mode: Mode,
    delay: Duration,
}

#[derive(Debug, Default)]
struct Counter {
    requests: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// Credentials, switches and counters.
#[derive(Debug)]
pub struct Gate {
    bearer: [u8; 32],
    basic: [u8; 32],
    switches: [Mutex<Switch>; 5],
    counters: [Counter; 5],
}

impl Gate {
    /// All backends answering.
    #[must_use]
    pub fn new(token: String, crm_password: String) -> Gate {
        Gate {
            bearer: digest(&token),
            basic: digest(&format!("crm:{crm_password}")),
            switches: Default::default(),
            counters: Default::default(),
        }
    }

    /// Sets how a backend behaves.
    pub fn switch(&self, backend: Backend, mode: Mode, delay: Duration) {
        *self.switches[backend as usize].lock().unwrap_or_else(PoisonError::into_inner) =
            Switch { mode, delay };
    }

    /// Modes and counts by backend.
    #[must_use]
    pub fn state(&self) -> Value {
        let mut state = serde_json::Map::new();
        for backend in Backend::ALL {
            let i = backend as usize;
            let switch = self.switches[i].lock().unwrap_or_else(PoisonError::into_inner);
            let counter = &self.counters[i];
            state.insert(
                backend.name().to_owned(),
                json!({
                    "mode": switch.mode,
                    "delay_ms": u64::try_from(switch.delay.as_millis()).unwrap_or(u64::MAX),
                    "requests": counter.requests.load(Relaxed),
                    "refused": counter.refused.load(Relaxed),
                    "failed": counter.failed.load(Relaxed),
                }),
            );
        }
        Value::Object(state)
    }

    fn allows(&self, request: &ServiceRequest, backend: Backend) -> bool {
        let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or("");
        let Some((scheme, credentials)) = given.split_once(' ') else { return false };
        // Digests have one length, so that the comparison says nothing about the secret's.
        if scheme.eq_ignore_ascii_case("bearer") {
            return digest(credentials.trim()).ct_eq(&self.bearer).into();
        }
        let basic = backend == Backend::Crm && scheme.eq_ignore_ascii_case("basic");
        basic
            && decode_base64(credentials.trim()).is_some_and(|plain| digest(&plain).ct_eq(&self.basic).into())
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn decode_base64(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// A second handle to the connection's socket, with which `down` closes it.
struct Socket(std::net::TcpStream);

/// Remembers the socket of each connection.
pub fn keep_socket(connection: &dyn Any, data: &mut Extensions) {
    let owned = connection.downcast_ref::<TcpStream>().and_then(|s| s.as_fd().try_clone_to_owned().ok());
    if let Some(fd) = owned {
        data.insert(Socket(fd.into()));
    }
}

/// The middleware.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Err(
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "state", "the shop is not set up").into()
        );
    };
    if request.path().starts_with("/admin/") {
        return admin(request, next).await;
    }
    let Some(backend) = Backend::of(request.path()) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let gate = &state.gate;
    let counter = &gate.counters[backend as usize];
    counter.requests.fetch_add(1, Relaxed);
    let (mode, delay) = {
        let switch = gate.switches[backend as usize].lock().unwrap_or_else(PoisonError::into_inner);
        (switch.mode, switch.delay)
    };
    if matches!(mode, Mode::Down | Mode::Error) {
        counter.failed.fetch_add(1, Relaxed);
    }
    match mode {
        Mode::Down => {
            if let Some(socket) = request.request().conn_data::<Socket>() {
                // The peer may have gone already; then there is nothing to close.
                let _ = socket.0.shutdown(Shutdown::Both);
            }
            return Ok(request.into_response(HttpResponse::ServiceUnavailable().finish()));
        }
        Mode::Error => {
            let error =
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "this backend fails on request");
            return Ok(request.error_response(error));
        }
        Mode::Slow => tokio::time::sleep(delay).await,
        Mode::Ok => {}
    }
    if !gate.allows(&request, backend) {
        counter.refused.fetch_add(1, Relaxed);
        let error = ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "missing or wrong credentials");
        return Ok(request.error_response(error));
    }
    let response = next.call(request).await?.map_into_boxed_body();
    if response.status().is_server_error() {
        counter.failed.fetch_add(1, Relaxed);
    } else if response.status().is_client_error() {
        counter.refused.fetch_add(1, Relaxed);
    }
    Ok(response)
}

/// The switches are for the same machine only; its browser pages may use them from another port.
async fn admin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let local_peer = request.peer_addr().is_some_and(|a| a.ip().is_loopback());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let local_origin = origin.as_ref().is_none_or(|o| o.to_str().is_ok_and(is_local));
    if !local_peer || !local_origin {
        let error =
            ApiError::new(StatusCode::FORBIDDEN, "not_local", "only from the machine the shop runs on");
        return Ok(request.error_response(error));
    }
    let preflight = request.method() == Method::OPTIONS;
    let mut response = if preflight {
        request.into_response(HttpResponse::NoContent().finish())
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, header::HeaderValue::from_static("Origin"));
        headers
            .insert(header::ACCESS_CONTROL_ALLOW_HEADERS, header::HeaderValue::from_static("content-type"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, header::HeaderValue::from_static("GET, POST"));
    }
    Ok(response)
}

fn is_local(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").and_then(|o| o.split([':', '/']).next());
    matches!(host, Some("localhost" | "127.0.0.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_by_host() {
        assert!(is_local("http://127.0.0.1:8081") && is_local("http://localhost:3000"));
        assert!(
            !is_local("http://localhost.evil.example")
                && !is_local("https://example.com")
                && !is_local("null")
        );
    }
}
